"""Files of all rows: whole, in little memory, and seen to be cut where they are."""
import csv
import io
import json
import shutil
import socket
import socketserver
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from harness import Case, DAYBOOK, Daybook, TODAY, clean_environment, main, run
from workbook import rows_of

MIB = 1 << 20
PERIOD = {"from": "2020-01-01", "to": "2024-12-31"}
# Every list that may be long, and what its rows are called.
LISTS = (("/v1/invoices", "invoices", {}), ("/v1/payments", "payments", {}), ("/v1/credit-notes", "credit_notes", {}),
         ("/v1/orders", "orders", {}), ("/v1/shipments", "shipments", {}), ("/v1/customers", "customers", {}),
         ("/v1/receivables/items", "items", {}), ("/v1/receivables/entries", "entries", PERIOD),
         ("/v1/sales/postings", "postings", PERIOD), ("/v1/order-cycle/orders", "orders", PERIOD),
         ("/v1/order-cycle/open", "orders", {}), ("/v1/anomalies", "anomalies", {}),
         ("/v1/receivables/worklist", "rows", {}), ("/v1/receivables/dunning", "rows", {}))
ORDERS = 15_000


def flat(row, prefix=""):
    """A row of JSON as CSV has it, by column."""
    cells = {}
    for name, value in row.items():
        if isinstance(value, dict):
            cells.update(flat(value, f"{prefix}{name}."))
        elif isinstance(value, list):
            cells[prefix + name] = json.loads(json.dumps(value))
        elif isinstance(value, bool):
            cells[prefix + name] = "true" if value else "false"
        else:
            cells[prefix + name] = "" if value is None else str(value)
    return cells


class Exports(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = Path(tempfile.mkdtemp(prefix="daybook-e2e-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        done = run("generate", "--orders", ORDERS, "--customers", ORDERS // 50, "--seed", 7, "--from", "2023-01-01", "--to", TODAY,
                   "--data", cls.folder / "data", "--partitions", 4, timeout=300)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        cls.server = Daybook(cls.folder / "data", "--partitions", 4).start().wait_ready(300)
        cls.addClassCleanup(lambda: cls.server.kill())

    def setUp(self):
        super().setUp()
        if self.server.process is None:
            self.server.start().wait_ready()
        at = urlsplit(self.server.url)
        self.address = (at.hostname, at.port)

    def rows(self, path, parameters):
        answer = self.server.get(path, {**parameters, "format": "csv"})
        self.assertEqual(answer.status, 200, answer)
        return answer, list(csv.DictReader(io.StringIO(answer.text, newline=""), strict=True))

    def paged(self, path, name, parameters):
        token = {}
        while True:
            page = self.server.ask(path, page_size=1000, **parameters, **token)
            yield from page[name]
            if page["next_page_token"] is None:
                return
            token = {"page_token": page["next_page_token"]}

    def request(self, target, version="1.1", method="GET"):
        peer = socket.socket()
        self.addCleanup(peer.close)
        # So that little of an answer waits on the way.
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
        peer.settimeout(60)
        peer.connect(self.address)
        peer.sendall(f"{method} {target} HTTP/{version}\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        return peer

    def test_files_are_the_pages_one_behind_the_other(self):
        chunked = 0
        for path, name, parameters in LISTS:
            with self.subTest(path):
                answer, rows = self.rows(path, parameters)
                chunked += answer.headers["Transfer-Encoding"] == "chunked"
                pages = list(self.paged(path, name, parameters))
                self.assertEqual(len(rows), len(pages))
                for row, page in zip(rows, pages):
                    for column, value in flat(page).items():
                        if isinstance(value, list):
                            self.assertEqual(json.loads(row[column]) if row[column] else [], value)
                        else:
                            # Of an object that is null every column is empty.
                            self.assertEqual(row.get(column, ""), value, (column, row))
        self.assertGreaterEqual(chunked, 6, "long enough to come in pieces")

    def test_of_a_workbook_the_rows_are_those_of_csv(self):
        for path, _, parameters in LISTS[:2]:
            text = self.rows(path, parameters)[0].text
            answer = self.server.get(path, {**parameters, "format": "xlsx"})
            self.assertEqual(answer.status, 200, answer)
            for ours, theirs in zip(rows_of(answer.body), csv.reader(io.StringIO(text, newline="")), strict=True):
                self.assertEqual(sum(1 for kind, _ in ours if kind), sum(1 for cell in theirs if cell))

    def test_a_file_takes_little_memory_and_a_slow_reader_holds_up_nobody(self):
        asked = "/v1/receivables/entries?" + urlencode({**PERIOD, "format": "csv"})
        whole = self.server.get("/v1/receivables/entries", {**PERIOD, "format": "csv"})
        self.assertGreater(len(whole.body), 4 * MIB)
        idle = self.server.resident()
        with open(f"/proc/{self.server.process.pid}/clear_refs", "w", encoding="ascii") as clear:
            clear.write("5")
        peers = [self.request(asked) for _ in range(3)]
        first = [peer.recv(1024) for peer in peers]
        self.assertTrue(all(b"Transfer-Encoding: chunked" in head for head in first))
        # As many as workers, and all are free for others.
        for _ in range(3):
            began = time.monotonic()
            self.assertEqual(self.server.get("/v1/receivables/ageing").status, 200)
            self.assertLess(time.monotonic() - began, 20)
            time.sleep(0.5)
        received = []
        for peer, head in zip(peers, first):
            pieces = [head]
            while piece := peer.recv(1 << 16):
                pieces.append(piece)
            received.append(b"".join(pieces))
        for answer in received:
            self.assertTrue(answer.endswith(b"\r\n0\r\n\r\n"))
            self.assertGreater(len(answer), len(whole.body))
        self.assertLess(self.server.resident("VmHWM") - idle, 3 * 32 * MIB)
        with open(f"/proc/{self.server.process.pid}/clear_refs", "w", encoding="ascii") as clear:
            clear.write("5")
        idle = self.server.resident()
        self.assertEqual(self.server.get("/v1/receivables/entries", {**PERIOD, "format": "csv"}).body, whole.body)
        self.assertLess(self.server.resident("VmHWM") - idle, 32 * MIB)

    def test_who_goes_is_not_waited_for_and_old_clients_are_served(self):
        asked = "/v1/receivables/entries?" + urlencode({**PERIOD, "format": "csv"})
        for _ in range(20):
            peer = self.request(asked)
            peer.recv(100)
            peer.close()
        whole = self.server.get("/v1/receivables/entries", {**PERIOD, "format": "csv"}).body
        old = self.request(asked, "1.0")
        pieces = []
        while piece := old.recv(1 << 16):
            pieces.append(piece)
        head, _, body = b"".join(pieces).partition(b"\r\n\r\n")
        self.assertNotIn(b"chunked", head)
        self.assertEqual(body, whole)
        head = self.request(asked, method="HEAD").recv(1 << 16)
        self.assertTrue(head.startswith(b"HTTP/1.1 200") and head.endswith(b"\r\n\r\n"), head)

    def test_a_server_that_ends_cuts_its_files(self):
        peer = self.request("/v1/receivables/entries?" + urlencode({**PERIOD, "format": "csv"}))
        first = peer.recv(100)
        self.server.stop()
        rest = [first]
        try:
            while piece := peer.recv(1 << 16):
                rest.append(piece)
        except ConnectionResetError:
            pass
        self.assertFalse(b"".join(rest).endswith(b"\r\n0\r\n\r\n"))

    def test_the_command_line_writes_files_as_they_come(self):
        asked = ("entries", "--from", PERIOD["from"], "--to", PERIOD["to"], "--output", "csv")
        whole = self.server.get("/v1/receivables/entries", {**PERIOD, "format": "csv"}).text
        online = run("query", *asked, "--url", self.server.url)
        self.assertEqual((online.returncode, online.stderr), (0, ""))
        self.assertEqual(online.stdout.replace("\r\n", "\n"), whole.replace("\r\n", "\n"))
        self.server.stop()
        offline = run("query", *asked, "--data", self.server.data, DAYBOOK_TODAY=TODAY)
        self.assertEqual((offline.returncode, offline.stderr), (0, ""))
        self.assertEqual(offline.stdout, online.stdout)


class Texts(Case):
    """Whatever a text is, a workbook that holds it can be opened, and shows it."""

    def test_characters_that_a_sheet_has_no_place_for(self):
        server = self.daybook().start()
        ids = ("A\uffff", "B\ufffe", "C_x0041_", "D_x005F_x0041_", "E_x00", "F\U0001ffff", "=G")
        names = ("\x01\x0b\x1f", "a\0b", "_x0000_", "\t\n", "<&>\"'", "\x7f\x85\u2028\u202e", "=1")
        server.publish([
            {"event_id": f"e{i}", "customer_id": customer, "source": "erp", "occurred_at": "2024-05-01T08:00:00Z",
             "customer_profile_set": {"name": name}} for i, (customer, name) in enumerate(zip(ids, names))])
        server.wait_folded()
        answer = server.get("/v1/customers", {"format": "xlsx"})
        self.assertEqual(answer.status, 200, answer)
        heads, *rows = rows_of(answer.body)
        at = [[value for _, value in heads].index(column) for column in ("customer_id", "name")]
        self.assertEqual({tuple(row[i][1] for i in at) for row in rows}, set(zip(ids, names)))


class CutAnswers(Case):
    def asked(self, url, output):
        """How it ended, and what it wrote."""
        done = subprocess.run([DAYBOOK, "query", "items", "--url", url, "--output", output], capture_output=True, timeout=60,
                              env=clean_environment(), check=False)
        return done.returncode, done.stderr.decode(), done.stdout

    def test_the_command_line_says_that_a_file_is_not_whole(self):
        answers = []

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                while self.rfile.readline().strip():
                    pass
                self.wfile.write(answers[0])

        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.addCleanup(server.server_close)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.shutdown)
        url = f"http://127.0.0.1:{server.server_address[1]}"
        for output, media in (("csv", "text/csv; charset=utf-8"),
                              ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")):
            head = f"HTTP/1.1 200 OK\r\nContent-Type: {media}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
            for cut in (b"", b"5\r\na,b\r\n\r\n", b"5\r\na,b\r\n\r\n5\r\n1,"):
                answers[:] = [head + cut]
                code, words, written = self.asked(url, output)
                self.assertEqual(code, 1, (output, cut, words))
                self.assertIn("is not whole", words)
                self.assertTrue(b"a,b\r\n1,".startswith(written), written)
            answers[:] = [head + b"5\r\na,b\r\n\r\n0\r\n\r\n"]
            self.assertEqual(self.asked(url, output), (0, "", b"a,b\r\n"))


if __name__ == "__main__":
    main()
