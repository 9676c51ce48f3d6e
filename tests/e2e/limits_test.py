"""What one client can do to a server: hostile bodies, bodies and connections held open, other sites."""
import http.client
import json
import resource
import socket
import threading
import time
import unittest
from urllib.parse import urlsplit

from harness import Case, main, wait_until

MIB = 1 << 20


def envelope(event_id, **payload):
    return {"event_id": event_id, "customer_id": "C1", "source": "erp", "occurred_at": "2024-05-01T08:00:00Z",
            **payload}


class Limits(Case):
    def setUp(self):
        super().setUp()
        self.server = self.daybook("data", "--partitions", 2).start().wait_ready()
        at = urlsplit(self.server.url)
        self.address = (at.hostname, at.port)

    def raw(self, request, timeout=60):
        """The status line that these bytes are answered with."""
        with socket.create_connection(self.address, timeout) as peer:
            peer.sendall(request)
            return peer.recv(4096).split(b"\r\n")[0].decode()

    def reconcile(self, text, **headers):
        return self.server.request("POST", "/v1/receivables/reconciliation", {"date": "2024-06-30"}, text,
                                   {k.replace("_", "-"): v for k, v in headers.items()})

    def ends_soon(self):
        began = time.monotonic()
        self.server.stop()
        self.assertLess(time.monotonic() - began, 5)


class Bodies(Limits):
    def test_wrong_events_are_read_in_no_time_and_little_memory(self):
        order = {"order_id": "O", "currency": "CNY", "lines": [{"q": 1}] * 9999}
        before = self.server.resident("VmHWM")
        began = time.monotonic()
        answer = self.server.post(json.dumps(envelope("e1", order_placed=order)), "application/json")
        self.assertEqual(answer.status, 400)
        self.assertEqual((len(answer.json["violations"]), answer.json["violation_count"]), (100, 49_995))
        # As much as a body may hold: lines of one event, events that are none.
        piece = b'{"q":1},'
        many = b'{"order_placed":{"lines":[' + piece * (15 * MIB // len(piece)) + b'{"q":1}]}}'
        self.assertEqual(self.server.post(many, "application/json").status, 400)
        wrong = b'{"event_id":"e","customer_id":"C","lines":[' + piece * 180 + b'{"q":1}]}\n'
        answer = self.server.post(wrong * 9999, "application/x-ndjson")
        self.assertEqual(answer.status, 400)
        self.assertGreater(answer.json["violation_count"], 9999)
        self.assertLess(time.monotonic() - began, 20)
        self.assertLess(self.server.resident("VmHWM") - before, 110 * MIB)
        self.assertEqual(self.server.status()["accepted"], 0)

    def test_wrong_ledgers_are_read_in_no_time(self):
        began = time.monotonic()
        head = "customer_id,document_id,currency,amount\n"
        for text, status in ((head + "x\n" * (7 * MIB), 400), (head + ",,,\n" * 200_000, 400),
                             (head + "C1,,CNY,1\n" * MIB, 413), ("x," * (7 * MIB), 400), (head + "," * (15 * MIB), 400)):
            answer = self.reconcile(text, Content_Type="text/csv")
            self.assertEqual(answer.status, status, answer)
            self.assertLessEqual(len(answer.json.get("violations", [])), 100)
            self.assertLess(len(answer.body), 64 * 1024)
        self.assertLess(time.monotonic() - began, 30)

    def test_a_server_that_ends_waits_for_no_ledger(self):
        # With room for both.
        self.server = self.daybook("roomy", "--partitions", 2, DAYBOOK_MEMORY_MIB="2048").start().wait_ready()
        ledger = "customer_id,currency,amount\n" + "".join(f"C{i},CNY,1\n" for i in range(200_000))
        statuses = []

        def ask():
            try:
                statuses.append(self.reconcile(ledger, Content_Type="text/csv").status)
            except OSError:
                statuses.append("closed")
            except http.client.HTTPException:
                statuses.append("closed")
        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        time.sleep(1)
        self.ends_soon()
        for thread in threads:
            thread.join()
        self.assertEqual(len(statuses), 2)

    def hold(self, count, mib):
        """So many bodies, of which the last bytes never come; those that were refused are told so."""
        held = [socket.create_connection(self.address, 30) for _ in range(count)]
        self.addCleanup(lambda: [peer.close() for peer in held])
        head = (f"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                f"Content-Length: {(mib + 1) * MIB}\r\n\r\n").encode()
        block = b" " * MIB
        refused = []

        def send(peer):
            try:
                peer.sendall(head)
                for _ in range(mib):
                    peer.sendall(block)
                peer.settimeout(3)
                answer = peer.recv(4096)
            except socket.timeout:
                return
            except OSError:
                answer = b""
            refused.append(answer.split(b"\r\n")[0])
        threads = [threading.Thread(target=send, args=(peer,)) for peer in held]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return refused

    def test_a_hundred_bodies_held_open_stay_within_their_memory(self):
        before = self.server.resident()
        refused = self.hold(100, 15)
        # With 128 MiB in all, bodies have 32.
        self.assertGreaterEqual(len(refused), 97)
        self.assertIn(b"HTTP/1.1 429 Too Many Requests", refused)
        self.assertLess(self.server.resident() - before, 80 * MIB)
        self.assertEqual(self.server.get("/healthz").status, 200)
        self.ends_soon()

    def test_what_was_refused_for_want_of_memory_is_taken_later(self):
        self.hold(6, 15)
        event = envelope("e1", invoice_issued={"invoice_id": "I1", "currency": "CNY", "net_minor": "1",
                                               "issue_date": "2024-05-01"})
        # The held ones are dropped when nothing comes for nine seconds.
        wait_until(lambda: self.server.post([event]).status == 200, 30, "room for a body")


class Connections(Limits):
    def test_idle_ones_shut_nobody_out(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard != resource.RLIM_INFINITY and hard < 5000:
            raise unittest.SkipTest("too few file handles")
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard if hard != resource.RLIM_INFINITY else 65536, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        idle = [socket.create_connection(self.address, 30) for _ in range(4300)]
        self.addCleanup(lambda: [peer.close() for peer in idle])
        for _ in range(50):
            self.assertEqual(self.server.get("/healthz").status, 200)

    def test_a_header_has_its_bound(self):
        fields = b"".join(b"X-%d: some value\r\n" % i for i in range(1200))
        self.assertGreater(len(fields), 20_000)
        self.assertIn(" 431 ", self.raw(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + fields + b"\r\n"))


class OtherSites(Limits):
    """What a browser may be made to send by a page of another site."""

    def asked_as(self, host, server=None):
        at = urlsplit((server or self.server).url)
        connection = http.client.HTTPConnection(at.hostname, at.port, timeout=30)
        try:
            connection.request("GET", "/v1/status", None, {"Host": host})
            return connection.getresponse().status
        finally:
            connection.close()

    def test_another_name(self):
        port = self.address[1]
        for host in ("localhost", f"localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}"):
            self.assertEqual(self.asked_as(host), 200, host)
        for host in ("attacker.example", f"attacker.example:{port}", "books.example"):
            self.assertEqual(self.asked_as(host), 421, host)
        named = self.daybook("named", "--served-names", "books.example,192.0.2.7").start()
        self.assertEqual(self.asked_as("books.example", named), 200)
        self.assertEqual(self.asked_as("192.0.2.7:80", named), 200)
        self.assertEqual(self.asked_as("attacker.example", named), 421)

    def test_another_origin(self):
        own = "http://%s:%d" % self.address
        ledger = "customer_id,currency,amount\n"
        self.assertEqual(self.reconcile(ledger, Content_Type="text/csv", Origin=own).status, 200)
        for origin in ("http://attacker.example", "null", "http://127.0.0.1:1"):
            self.assertEqual(self.reconcile(ledger, Content_Type="text/csv", Origin=origin).status, 403, origin)
            answer = self.server.request("POST", "/v1/events", None, "[]",
                                         {"Content-Type": "application/json", "Origin": origin})
            self.assertEqual(answer.status, 403, origin)

    def test_forms_that_a_page_may_send_without_asking(self):
        ledger = "customer_id,currency,amount\n"
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/csvx"):
            self.assertEqual(self.reconcile(ledger, Content_Type=kind).status, 415, kind)
        self.assertEqual(self.reconcile(ledger, Content_Type="Text/CSV; charset=utf-8").status, 200)
        self.assertIn(" 415 ", self.raw(b"POST /v1/receivables/reconciliation?date=2024-06-30 HTTP/1.1\r\n"
                                        b"Host: localhost\r\nContent-Length: 0\r\n\r\n"))

    def test_pages_and_answers_are_what_they_say(self):
        self.server.publish([envelope("e1", invoice_issued={"invoice_id": "I1", "currency": "CNY", "net_minor": "1",
                                                            "issue_date": "2024-05-01"})])
        self.server.wait_folded()
        period = {"from": "2024-01-01", "to": "2024-12-31"}
        for path, parameters in (("/", None), ("/v1/customers/C1/statement", {**period, "format": "html"})):
            page = self.server.get(path, parameters)
            self.assertEqual(page.headers["Content-Type"], "text/html; charset=utf-8")
            self.assertIn("default-src 'none'", page.headers["Content-Security-Policy"])
            self.assertIn("frame-ancestors 'none'", page.headers["Content-Security-Policy"])
            # What runs in the dashboard is this server's own, and in its text nothing does.
            scripts = [part for part in page.headers["Content-Security-Policy"].split("; ") if part.startswith("script")]
            self.assertEqual(scripts, ["script-src 'self'"] if path == "/" else [])
        for path in ("/", "/v1/status", "/v1/nothing", "/openapi.json"):
            self.assertEqual(self.server.get(path).headers["X-Content-Type-Options"], "nosniff", path)


if __name__ == "__main__":
    main()
