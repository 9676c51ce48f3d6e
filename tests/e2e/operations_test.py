"""What an operator sees: metrics, alerts and log lines; a broker that goes away, hangs, refuses us, or whose topics
are changed while we run; parked records that are copied once."""
import contextlib
import json
import os
import re
import signal
import socket
import struct
import subprocess
import threading
import time

from harness import ROOT, Broker, Case, KafkaCase, is_overloaded, main, wait_until


def invoice(event="e1", customer="C1", document="I1", **more):
    return {"event_id": event, "customer_id": customer, "source": "erp", "occurred_at": "2024-05-01T08:00:00Z",
            "invoice_issued": {"invoice_id": document, "currency": "CNY", "net_minor": "100000",
                               "issue_date": "2024-05-01", **more}}


class Metrics(Case):
    def test_rules_and_page_name_what_is_there(self):
        server = self.daybook("data", "--partitions", 2).start().wait_ready()
        server.publish([invoice()])
        server.wait_folded()
        server.get("/v1/invoices/I1")
        server.get("/v1/nothing")
        # What is counted from time to time has come.
        there = wait_until(lambda: (m := server.metrics()).get("daybook_parked_unresolved") and m, what="the counts")
        rules = (ROOT / "deploy/prometheus/daybook.rules.yml").read_text()
        page = (ROOT / "docs/operations.md").read_text()
        named = set(re.findall(r"\b(?:daybook|process)_[a-z_]+[a-z]\b", "\n".join(
            re.findall(r"expr: (.*)", rules) + re.findall(r"`((?:daybook|process)_[a-z_,` ]+)", page))))
        self.assertGreater(len(named), 20)
        for name in named - {n for n in named if n.startswith("daybook_kafka") or n == "daybook_store"}:
            self.assertTrue(name in there or name + "_bucket" in there, f"{name} is not among /metrics")
        self.assertEqual(there["daybook_requests_total"]['route="/v1/invoices/{id}",status="200"'], 1)
        self.assertEqual(there["daybook_requests_total"]['route="other",status="404"'], 1)
        self.assertEqual(there["daybook_requests_total"]['route="/v1/events",status="200"'], 1)
        self.assertEqual(sum(there["daybook_committed_records_total"].values()), 1)
        self.assertEqual(sum(there["daybook_lag_records"].values()), 0)
        self.assertEqual(set(there["daybook_trouble"].values()), {0})
        self.assertEqual(there["daybook_ready"][""], 1)
        self.assertGreater(there["process_resident_memory_bytes"][""], 1e7)

    def test_lines_have_time_and_level(self):
        # A log for demonstration is told at the start.
        told = self.dir / "told"
        self.run_daybook("generate", "--recorded-as-told", "--customers", 2, "--orders", 2, "--data", told)
        server = self.daybook("told").start()
        server.stop()
        self.assertRegex(server.said(), r"(?m)^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z warning a log for demonstration")
        server.words.unlink()
        server.flags += ["--log-format", "json"]
        server.start().stop()
        line, = [json.loads(line) for line in server.said().splitlines()]
        self.assertEqual(set(line), {"time", "level", "message"})
        self.assertEqual(line["level"], "warning")
        self.assertIn("a log for demonstration", line["message"])


class Turned(Case):
    """A broker that is there, and does not let us in."""

    def serve(self, answer):
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)

        def work():
            while True:
                try:
                    peer, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=answer, args=(peer,), daemon=True).start()
        threading.Thread(target=work, daemon=True).start()
        return "127.0.0.1:%d" % listener.getsockname()[1]

    def test_a_wrong_password_is_said(self):
        def text(words):
            return struct.pack(">h", len(words)) + words

        def answer(peer):
            versions = struct.pack(">i", 4) + b"".join(
                struct.pack(">hhh", *each) for each in ((18, 0, 0), (17, 0, 1), (36, 0, 0), (3, 0, 2)))
            with peer, peer.makefile("rb") as requests:
                while len(head := requests.read(4)) == 4:
                    request = requests.read(struct.unpack(">i", head)[0])
                    api, version = struct.unpack(">hh", request[:4])
                    body = {18: struct.pack(">h", 0 if version == 0 else 35) + versions,
                            17: struct.pack(">hi", 0, 1) + text(b"PLAIN"),
                            36: struct.pack(">h", 58) + text(b"Invalid username or password") + struct.pack(">i", 0)}[api]
                    peer.sendall(struct.pack(">i", 4 + len(body)) + request[4:8] + body)
        brokers = self.serve(answer)
        self.run_daybook("topics", "check", "--brokers", brokers, "--kafka", "security.protocol=sasl_plaintext",
                         "--kafka", "sasl.mechanism=PLAIN", "--kafka", "sasl.username=u", "--kafka", "sasl.password=p",
                         code=1, says=("refuses us", "Invalid username or password"))

    def test_a_broker_without_tls_is_said(self):
        def answer(peer):
            with peer:
                peer.recv(100)
                peer.sendall(b"no TLS is spoken here")
        self.run_daybook("topics", "check", "--brokers", self.serve(answer), "--kafka", "security.protocol=ssl",
                         code=1, says=("refuses us", "(?i)ssl"))


class OwnBroker(Case):
    """A broker that is stopped, killed and started again."""

    def setUp(self):
        super().setUp()
        self.broker = Broker(self.dir / "broker")
        self.addCleanup(self.broker, "kill")
        self.brokers = self.broker("start")
        self.run_daybook("topics", "create", "--brokers", self.brokers, "--partitions", 2, "--replicas", 1)
        self.server = self.daybook("data", brokers=self.brokers).start().wait_ready()
        self.server.publish([invoice()])
        self.server.wait_folded()

    def timed(self, request):
        begin = time.monotonic()
        return request(), time.monotonic() - begin

    def goes_and_comes_back(self, go, come, times):
        server = self.server
        gone = time.monotonic()
        go()
        slowest = 0
        publishing = {}
        publisher = threading.Thread(target=lambda: publishing.update(
            zip(("answer", "seconds"), self.timed(lambda: server.post([invoice("e2", "C2", "I2")])))))
        publisher.start()
        while server.get("/readyz").status == 200:
            self.assertLess(time.monotonic() - gone, 10)
            _, seconds = self.timed(server.status)
            slowest = max(slowest, seconds)
            time.sleep(0.05)
        self.assertIn("the log is away", server.get("/readyz").text)
        self.assertLess(slowest, 1)
        publisher.join()
        self.assertEqual(publishing["answer"].status, 503, publishing["answer"])
        self.assertLess(publishing["seconds"], 10)
        status = server.status()
        self.assertIn("the log is away", status["trouble"])
        self.assertIsNotNone(status["ends_seen_at"])
        self.assertEqual(server.metrics()["daybook_trouble"]['kind="log_away"'], 1)
        self.assertEqual(server.ask("/v1/invoices/I1")["gross"], "1000.00")
        come()
        server.wait_ready(90)
        wait_until(lambda: server.post([invoice("e2", "C2", "I2")]).status == 200, 60, "a publishing request")
        wait_until(lambda: server.status()["trouble"] is None, 30, "the end of the trouble")
        self.assertEqual(server.wait_folded()["accepted"], 2)
        said = server.said()
        self.assertEqual(len(re.findall(r" error trouble ", said)), times, said)
        self.assertEqual(len(re.findall(r" error trouble \(log_away\)", said)), times, said)
        wait_until(lambda: len(re.findall(r"info trouble is over \(log_away\)", server.said())) == times, 10)

    def test_a_broker_that_hangs_and_one_that_is_killed(self):
        pid = self.broker.pid()
        self.goes_and_comes_back(lambda: os.kill(pid, signal.SIGSTOP), lambda: os.kill(pid, signal.SIGCONT), 1)
        self.goes_and_comes_back(lambda: self.broker("kill"), lambda: self.broker("start"), 2)

    def test_it_ends_cleanly_whatever_waits_for_a_broker_that_hangs(self):
        """Events on their way, the question where the log ends (at any moment of it), dead letters."""
        server, stop = self.server, threading.Event()

        def publish(number):
            while not stop.is_set():
                with contextlib.suppress(OSError):
                    server.post([invoice(f"p{number}-{time.monotonic_ns()}", f"C{number}", f"J{time.monotonic_ns()}")])
        for wait in (0.05, 0.5, 1.3, 2.4):
            stop.clear()
            publishers = [threading.Thread(target=publish, args=(number,)) for number in range(3)]
            for publisher in publishers:
                publisher.start()
            time.sleep(1)
            pid = self.broker.pid()
            os.kill(pid, signal.SIGSTOP)
            try:
                time.sleep(wait)
                code, seconds = self.timed(server.end)
            finally:
                os.kill(pid, signal.SIGCONT)
                stop.set()
                for publisher in publishers:
                    publisher.join()
            # Where waiting for the broker has an end of its own, it is not cut off.
            if not is_overloaded():
                self.assertEqual(code, 0, server.said())
                self.assertLess(seconds, 4.6)
            self.assertLess(seconds, 5)
            server.start().wait_ready(60)
        self.assertEqual(server.ask("/v1/invoices/I1")["gross"], "1000.00")

    def test_it_starts_beside_a_broker_that_leads_nothing_yet(self):
        """It hung until the controller gave it up: what it led has no leader until it is taken back."""
        self.server.stop()
        pid = self.broker.pid()
        os.kill(pid, signal.SIGSTOP)
        time.sleep(12)
        os.kill(pid, signal.SIGCONT)
        self.server.start().wait_ready(60)
        self.assertEqual(self.server.wait_folded()["accepted"], 1)


class Topics(KafkaCase):
    def test_partitions_that_are_added_while_it_runs(self):
        server = self.on_kafka().start().wait_ready()
        self.peer.ask("add_partitions", topic=self.topic("invoices"), count=self.partitions + 2)
        places = self.peer.publish(self.prefix, [invoice(f"e{i}", f"C{i}", f"I{i}") for i in range(200)])
        unread = sum(p["partition"] >= self.partitions for p in places)
        self.assertGreater(unread, 0)
        wait_until(lambda: server.get("/readyz").status == 503, 90, "unreadiness")
        self.assertIn("partitions were added", server.get("/readyz").text)

        def lag():
            status = server.status()
            return sum(p["lag"] for p in status["positions"]) == unread and status
        status = wait_until(lag, 10, "the lag")
        self.assertIn("new topics", status["trouble"])
        there = server.metrics()
        self.assertEqual(sum(there["daybook_lag_records"].values()), unread)
        self.assertEqual(there["daybook_trouble"]['kind="log_unfit"'], 1)
        wait_until(lambda: "trouble (log_unfit)" in server.said(), 10, "the line that tells it")
        self.assertEqual(server.said().count("trouble (log_unfit)"), 1)
        self.assertTrue(any(name.startswith("daybook_kafka_") for name in there))

    def test_what_an_open_transaction_holds_back_is_lag(self):
        server = self.on_kafka().start().wait_ready()
        record = (self.topic("invoices"), "C1", *self.peer.encode(invoice()))
        self.peer.send([record], transaction="open")
        time.sleep(1)
        self.assertEqual(sum(p["lag"] for p in server.status()["positions"]), 1)
        self.assertEqual(server.status()["accepted"], 0)


class DeadLetters(KafkaCase):
    def letters(self):
        return len(self.peer.read(self.topic("dead-letter")))

    def park(self, count):
        self.peer.send([(self.topic("orders"), f"C{i}", b"no event", i % self.partitions) for i in range(count)])

    def test_are_sent_once_whoever_folds_and_however_often(self):
        self.park(8)
        first = self.on_kafka("first").start().wait_ready()
        wait_until(lambda: self.letters() == 8, 60, "the letters")
        second = self.on_kafka("second").start().wait_ready()
        self.park(4)
        for server in (first, second):
            wait_until(lambda: server.status()["parked"] == 12, 30, "the records")
        wait_until(lambda: self.letters() >= 12, 60, "the letters")
        first.stop()
        time.sleep(2)
        self.assertEqual(self.letters(), 12)
        # The other takes over; a folder folded anew sends none of them.
        self.park(4)
        wait_until(lambda: self.letters() >= 16, 60, "the letters")
        second.stop()
        third = self.on_kafka("third").start().wait_ready()
        self.assertEqual(third.wait_folded()["parked"], 16)
        self.park(1)
        wait_until(lambda: self.letters() >= 17, 60, "the letters")
        time.sleep(1)
        self.assertEqual(self.letters(), 17)


if __name__ == "__main__":
    main()
