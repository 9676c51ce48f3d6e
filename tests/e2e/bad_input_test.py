"""Unfit input: each kind is told clearly, nothing is lost by it, and everything else goes on."""
import json
import re
import shutil
import socket
import subprocess

from harness import (BROKERS, DAYBOOK, FAMILIES, Case, KafkaCase, clean_environment, event_batch, main,
                     partition_of, summary, varint, wait_until)


def envelope(event_id="e1", customer="C1", **payload):
    return {"event_id": event_id, "customer_id": customer, "source": "erp",
            "occurred_at": "2024-05-01T08:00:00Z", **payload}


def invoice(event_id="e1", customer="C1", invoice_id="I1", **more):
    return envelope(event_id, customer, invoice_issued={
        "invoice_id": invoice_id, "currency": "CNY", "net_minor": "100000", "issue_date": "2024-05-01",
        **more})


def order(event_id="e1", customer="C1", order_id="O1", lines=None, **more):
    lines = lines or [{"line_id": "1", "sku": "s", "quantity": "1", "net_minor": "100"}]
    return envelope(event_id, customer, order_placed={
        "order_id": order_id, "currency": "CNY", "lines": lines, **more})


def huge_order():
    """Nothing wrong with it but its 1.5 MiB."""
    lines = [{"line_id": f"{i:064}", "sku": f"{i:064}", "quantity": "1", "net_minor": "1"}
             for i in range(10_000)]
    return order(lines=lines)


class RecordsOnKafka(KafkaCase):
    """Upstreams that write to Kafka themselves."""

    def kinds(self):
        """{name: (reason, record)}; the reason of a good one is None."""
        good, = self.peer.encode(invoice())
        bare, = self.peer.encode(envelope())
        orders, = self.peer.encode(order())
        other = (partition_of("C1", self.partitions) + 1) % self.partitions
        at = self.topic("invoices")
        unknown = varint(999 << 3 | 2)

        def encoded(event):
            return self.peer.encode(event)[0]
        return {
            "cut off": ("not_parseable", (at, "C1", good[:-2])),
            "no protobuf": ("not_parseable", (at, "C1", b"\xff\xfe\xfd\xfc")),
            "JSON": ("not_parseable", (at, "C1", b'{"event_id": "e1"}')),
            "null value": ("not_parseable", (at, "C1", None)),
            "null value, null key": ("not_parseable", (at, None, None)),
            "frame cut off": ("not_parseable", (at, "C1", b"\0\0\0\0")),
            "frame with half an index": ("not_parseable", (at, "C1", b"\0\0\0\0\1\2")),
            "frame around nothing good": ("not_parseable", (at, "C1", b"\0\0\0\0\1\0" + good[:-2])),
            "no UTF-8": ("not_parseable", (at, "C1", good.replace(b"erp", b"e\xffp"))),
            "unknown payload": ("unknown_event_type", (at, "C1", bare + unknown + b"\3abc")),
            "wrong topic": ("wrong_topic", (self.topic("payments"), "C1", encoded(invoice("e2", "C1", "I2")))),
            "wrong topic and key": ("wrong_topic", (self.topic("payments"), "C9", good)),
            "wrong key": ("wrong_key", (at, "C2", good)),
            "no key": ("wrong_key", (at, None, good)),
            "empty value": ("wrong_key", (at, "C1", b"")),
            "empty value, empty key": ("invalid", (at, b"", b"", partition_of("", self.partitions))),
            "wrong partition": ("wrong_partition", (at, "C1", encoded(invoice("e3", "C1", "I3")), other)),
            "no payload": ("invalid", (at, "C1", bare)),
            "no such day": ("invalid", (at, "C1", encoded(invoice(issue_date="2023-02-29")))),
            "no such currency": ("invalid", (at, "C1", encoded(invoice(currency="XXZ")))),
            "unknown enum number": ("invalid", (self.topic("orders"), "C1",
                                                orders + varint(10 << 3 | 2) + b"\2" + b"\x10\x09")),
            "above 1 MiB": ("invalid", (at, "C1", good + unknown + varint(1_200_000) + b"x" * 1_200_000)),
            "good": (None, (at, "C1", good)),
            "framed": (None, (at, "C1", b"\0\0\0\0\1\0" + encoded(invoice("e4", "C1", "I4")))),
            "framed, index written out":
                (None, (at, "C1", b"\0\0\0\0\1\2\0" + encoded(invoice("e5", "C1", "I5")))),
            "unknown field beside the payload":
                (None, (at, "C1", encoded(invoice("e6", "C1", "I6")) + unknown + b"\3abc")),
        }

    def test_each_is_parked_with_its_reason_and_copied_and_the_rest_goes_on(self):
        server = self.on_kafka().start()
        kinds = self.kinds()
        places = self.peer.send([record for _, record in kinds.values()])
        at = {name: (p["topic"], p["partition"], p["offset"]) for name, p in zip(kinds, places)}
        expected = {at[name]: reason for name, (reason, _) in kinds.items() if reason}
        status = server.wait_folded()
        rows = server.parked()
        named = {place: name for name, place in at.items()}
        found = {(r["topic"], r["partition"], r["offset"]): r["reason"] for r in rows}
        self.assertEqual({named[p]: r for p, r in found.items()},
                         {named[p]: r for p, r in expected.items()})
        self.assertEqual((status["parked"], status["accepted"]), (len(expected), 4))
        self.assertEqual([(r["topic"], r["partition"], r["offset"]) for r in rows], sorted(expected))
        for row in rows:
            self.assertTrue(row["detail"] and row["recorded_at"].endswith("Z"), row)
        self.assertEqual(server.ask("/v1/receivables/ageing", group_by="none")["parked"], len(expected))

        self.dead_letters(kinds, at, rows)
        self.command_line(server, at, status)

    def dead_letters(self, kinds, at, rows):
        """Copied at least once, as they were, with where from and why."""
        letters = {}
        wait_until(lambda: len(self.peer.read(self.topic("dead-letter"))) >= len(rows), 60, "the letters")
        for letter in self.peer.read(self.topic("dead-letter")):
            head = letter["headers"]
            self.assertEqual(set(head), {"reason", "detail", "topic", "partition", "offset"})
            place = (head["topic"], int(head["partition"]), int(head["offset"]))
            letters[place] = (head["reason"], head["detail"], letter["key"], letter["value"])

        def as_bytes(given):
            return given.encode() if isinstance(given, str) else given
        names = {place: name for name, place in at.items()}
        wanted = {}
        for row in rows:
            place = (row["topic"], row["partition"], row["offset"])
            _, key, value = kinds[names[place]][1][:3]
            wanted[place] = (row["reason"], row["detail"], as_bytes(key), value)
        self.assertEqual(letters, wanted)

    def command_line(self, server, at, before):
        def position(name):
            return "%s:%d:%d" % at[name]
        here = ("--data", server.data, "--topic-prefix", self.prefix)
        to = ("--from", server.data, "--topic-prefix", self.prefix, "--brokers", BROKERS)
        listed = self.run_daybook("parked", "list", *here, says=f"{before['parked']} parked")
        self.assertEqual(len(listed.stdout.splitlines()), before["parked"])
        self.assertRegex(listed.stdout, re.escape(position("wrong key")) + r"  2\d\d\d-\S+  wrong_key  ")
        self.run_daybook("parked", "show", position("wrong topic"), *here,
                         says=("wrong_topic", "belongs to the topic of invoices", '"invoice_id":"I2"'))
        self.run_daybook("parked", "show", position("no protobuf"), *here, says=("not_parseable", "fffefdfc"))
        self.run_daybook("parked", "show", position("null value, null key"), *here,
                         says=(r"key\s+\(none\)", r"bytes\s+\(none\)"))
        self.run_daybook("parked", "show", self.topic("orders") + ":0:99", *here, code=1,
                         says="no record is parked at")

        # What is valid is published rightly and counts; the old one stays.
        self.run_daybook("parked", "retry", position("wrong topic"), *to,
                         says=("published again at " + re.escape(self.topic("invoices")), "1 of 1"))
        after = server.wait_folded()
        self.assertEqual(after["accepted"], before["accepted"] + 1)
        self.assertEqual(after["parked"], before["parked"])
        self.assertEqual(server.ask("/v1/invoices/I2")["gross"], "1000.00")
        self.run_daybook("parked", "retry", position("wrong partition"), *to, says="1 of 1")
        self.assertEqual(server.wait_folded()["accepted"], before["accepted"] + 2)
        self.run_daybook("parked", "retry", position("no such day"), *to, code=1,
                         says=("still unfit", "issue_date", "0 of 1"))
        self.run_daybook("parked", "retry", position("no protobuf"), *to, code=1, says="not an event")
        # Resolved by now, and left out; with every other record whose event was accepted.
        self.assertRegex(self.run_daybook("parked", "list", *here).stdout,
                         re.escape(position("wrong topic")) + r"  \S+  wrong_topic  \(resolved\)")
        listed = self.run_daybook("parked", "list", "--url", server.url)
        self.assertEqual(listed.stdout, self.run_daybook("parked", "list", *here).stdout)
        resolved = listed.stdout.count("  (resolved)  ")
        self.assertGreaterEqual(resolved, 2)
        self.run_daybook("parked", "retry", "all", *to, code=1,
                         says=(f"{resolved} left out", f"of {before['parked'] - resolved} published"))
        # Those that could be sent again are repeats by now.
        end = server.wait_folded()
        self.assertEqual((end["accepted"], end["parked"]), (before["accepted"] + 2, before["parked"]))
        server.stop()
        self.run_daybook("verify", *here, says="every figure follows")
        self.assertEqual(summary(server.start().wait_ready().status()), summary(end))

    def test_the_broker_refuses_what_is_above_its_bound(self):
        good, = self.peer.encode(invoice())
        with self.assertRaisesRegex(AssertionError, "TooLarge"):
            self.peer.send([(self.topic("invoices"), "C1", good + varint(999 << 3 | 2) +
                             varint(2 << 20) + b"x" * (2 << 20))])
        server = self.on_kafka().start()
        self.assertEqual(server.publish([invoice()])[0]["offset"], 0)

    def test_a_restart_does_not_copy_dead_letters_again(self):
        self.peer.send([(self.topic("orders"), "C1", b"\xff")])
        server = self.on_kafka().start()
        wait_until(lambda: server.status()["parked"] == 1)
        # Even where it ends before the record could be copied.
        server.stop()
        server.start().wait_ready()
        wait_until(lambda: len(self.peer.read(self.topic("dead-letter"))) == 1, 30, "the letter")
        server.stop()
        server.start().wait_ready()
        self.peer.send([(self.topic("orders"), "C1", b"\xfe")])
        wait_until(lambda: len(self.peer.read(self.topic("dead-letter"))) >= 2, 30, "the next")
        self.assertEqual(len(self.peer.read(self.topic("dead-letter"))), 2)


class RequestsToPublish(Case):
    def setUp(self):
        super().setUp()
        self.server = self.daybook().start()

    def refused(self, body, status, field=None, message="", index=0, content_type="application/json"):
        answer = self.server.post(body, content_type)
        with self.subTest(body=str(body)[:80]):
            self.assertEqual(answer.status, status, answer)
            self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
            self.assertEqual(answer.json["status"], status)
            if field is not None:
                faults = [(v["index"], v["field"]) for v in answer.json["violations"]]
                self.assertIn((index, field), faults, answer)
                words = [v["message"] for v in answer.json["violations"]
                         if (v["index"], v["field"]) == (index, field)]
                self.assertIn(message, words[0])

    def test_nothing_of_a_bad_request_is_published(self):
        good = json.dumps(invoice())

        def spoilt(old, new):
            self.assertIn(old, good)
            return good.replace(old, new)
        self.refused(good[:-5], 400, "")
        self.refused("", 400, "")
        self.refused("nonsense", 400, "")
        self.refused(good.encode().replace(b"erp", b"e\xffp"), 400, "")
        self.refused(spoilt('"currency"', '"curency"'), 400, "invoice_issued.curency")
        self.refused(spoilt('"source"', '"sauce": "x", "source"'), 400, "sauce")
        self.refused(spoilt('"currency"', '"kind": "BILL", "currency"'), 400, "invoice_issued.kind")
        self.refused(spoilt('"currency"', '"kind": 1, "currency"'), 400, "invoice_issued.kind")
        self.refused(spoilt('"currency"', '"kind": "INVOICE_KIND_UNSPECIFIED", "currency"'), 400,
                     "invoice_issued.kind")
        self.refused(spoilt("2024-05-01\"", "2024-02-30\""), 400, "invoice_issued.issue_date")
        self.refused(spoilt("2024-05-01T08", "2024-02-30T08"), 400, "occurred_at")
        self.refused(spoilt('"CNY"', '"XXZ"'), 400, "invoice_issued.currency")
        self.refused(spoilt('"100000"', '"-1"'), 400, "invoice_issued.net_minor")
        self.refused(spoilt('"100000"', "1.5"), 400, "invoice_issued.net_minor")
        self.refused(json.dumps(envelope()), 400, "payload")
        self.refused(json.dumps(invoice(instalments=[
            {"due_date": "2024-06-01", "amount_minor": "50000"},
            {"due_date": "2024-07-01", "amount_minor": "50001"}])), 400, "invoice_issued.instalments")
        # In a batch: the good ones too are kept back, and the index tells which.
        self.refused([invoice(), invoice(issue_date="2023-02-29"), invoice()], 400,
                     "invoice_issued.issue_date", index=1, content_type="application/x-ndjson")
        self.refused(good + "\n" + good[:-3] + "\n", 400, "", index=1, content_type="application/x-ndjson")
        # Size.
        self.refused(json.dumps(envelope(customer_profile_set={"name": "n" * (2 << 20)})), 400,
                     "customer_profile_set.name", "512")
        self.refused(json.dumps(huge_order()), 400, "", "bytes")
        self.refused(b"[" + b" " * (17 << 20) + b"]", 413)
        self.refused([invoice()] * 10_001, 413, content_type="application/x-ndjson")
        # Form.
        self.refused(good, 415, content_type="text/plain")
        self.refused(b"\xff\xff", 400, "", content_type="application/x-protobuf")
        self.refused(event_batch([b"\x0a\x02e1"])[:-1], 400, "", content_type="application/x-protobuf")
        self.refused(event_batch([b"\x0a\x02e1"]), 400, "payload", content_type="application/x-protobuf")

        status = self.server.status()
        self.assertEqual({p["end_offset"] for p in status["positions"]}, {0})
        self.server.publish([invoice()])
        self.assertEqual(self.server.wait_folded()["accepted"], 1)

    def test_the_command_line_names_the_line(self):
        words = json.dumps(invoice()) + "\n\n" + json.dumps(invoice(currency="XXZ")) + "\n"
        self.run_daybook("publish", "-", "--to", self.server.url, stdin=words, code=1,
                         says=("line 3: invoice_issued.currency: ", "published 0 events"))
        self.run_daybook("publish", "-", "--to", self.server.url, stdin="{\n", code=1, says="line 1: ")
        self.run_daybook("publish", self.dir / "none", "--to", self.server.url, code=1,
                         says=re.escape(str(self.dir / "none")))
        self.run_daybook("publish", "-", stdin="", code=2, says="--to URL, --brokers")
        self.assertEqual(self.server.wait_folded()["accepted"], 0)


class Settings(Case):
    """Exit code 2, with the key, the value and what is allowed."""

    WRONG = (("partitions", "0", "1 to 1024"), ("partitions", "eight", "1 to 1024"),
             ("business_time_zone", "Mars/Base", "IANA"), ("expect", "orders,bills", "payments"),
             ("today", "2024-02-30", "YYYY-MM-DD"), ("threads", "0", "1 to 256"),
             ("memory_mib", "1", "64 to"), ("listen", "8080", "HOST:PORT"),
             ("listen", "127.0.0.1:99999", "HOST:PORT"), ("data", "", "folder"))

    def up(self, *arguments, says, **variables):
        done = subprocess.run([DAYBOOK, "up", *arguments], capture_output=True, text=True, timeout=60,
                              env=clean_environment(**variables), cwd=self.dir)
        self.check_end(done.returncode, done.stdout + done.stderr, 2, says, (arguments, variables))

    def test_flags_variables_and_file(self):
        for key, value, allowed in self.WRONG:
            with self.subTest(key=key, value=value):
                says = (re.escape(f"{key} = '{value}'"), allowed)
                flag = "--" + key.replace("_", "-")
                self.up(flag, value, says=(*says, flag))
                variable = "DAYBOOK_" + key.upper()
                self.up(says=(*says, variable), **{variable: value})
                file = self.dir / "daybook.toml"
                file.write_text(f'{key} = "{value}"\n')
                self.up("--config", str(file), says=(*says, "daybook.toml"))

    def test_other_faults_of_the_file(self):
        file = self.dir / "daybook.toml"
        for text, says in (("partitons = 8\n", "'partitons' is not a setting"),
                           ("partitions = \n", r"daybook.toml:1: "),
                           ("[kafka]\nlinger = [1]\n", "kafka.linger"),
                           ("[partitions]\nx = 1\n", "partitions")):
            with self.subTest(text=text):
                file.write_text(text)
                self.up("--config", str(file), says=says)
        self.up("--config", str(self.dir / "none.toml"), says="none.toml")
        self.up("--no-such-flag", says="no-such-flag")
        self.up("--listen", "0.0.0.0:0", says=r"listen = '0.0.0.0:0': allowed is a loopback address.*--unprotected")
        self.up("--unprotected=maybe", says="unprotected = 'maybe' .*allowed is true or false")
        self.up("--listen", "nowhere:0", says="nowhere")

    def test_properties_of_kafka(self):
        for given, says in (("no.such.property=1", "no.such.property"), ("linger.ms=soon", "linger.ms"),
                            ("enable.idempotence=false", "enable.idempotence"), ("linger.ms", "PROPERTY=VALUE")):
            with self.subTest(given=given):
                self.up("--brokers", "127.0.0.1:1", "--kafka", given, says=says)


class Starting(Case):
    """Exit code 1: what stands in the way is said, and nothing is changed."""

    def setUp(self):
        super().setUp()
        self.server = self.daybook("data", "--partitions", 4)

    def filled(self):
        self.server.start().publish([invoice(f"e{i}", f"C{i}") for i in range(40)])
        status = self.server.wait_ready().wait_folded()
        self.server.stop()
        return status

    def test_a_file_in_the_way(self):
        (self.dir / "file").write_text("")
        self.refuses_to_start(self.daybook("file/data"), 1, "cannot make the folder .*/file: ")
        self.refuses_to_start(self.daybook("file"), 1, "cannot make the folder .*/file: ")

    def test_a_folder_in_use(self):
        self.server.start().publish([invoice()])
        self.refuses_to_start(self.server, 1, "open in another process")
        self.run_daybook("publish", "-", "--data", self.server.data, stdin="", code=1,
                         says="open in another process")
        self.assertEqual(self.server.wait_folded()["accepted"], 1)

    def test_a_port_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = "127.0.0.1:%d" % taken.getsockname()[1]
            done = subprocess.run([DAYBOOK, "up", "--data", str(self.dir / "data"), "--listen", address],
                                  capture_output=True, text=True, timeout=60, env=clean_environment())
            self.check_end(done.returncode, done.stderr, 1,
                           ("cannot listen", address.split(":")[1], "in use"), address)

    def test_other_settings_than_the_store_was_folded_with(self):
        status = self.filled()
        for flags, says in ((("--business-time-zone", "Asia/Shanghai"), ("business_time_zone", "UTC", "fold anew")),
                            (("--expect", "invoices,payments"), ("expect", "orders", "fold anew")),
                            (("--partitions", "5"), ("partitions", "4", "5"))):
            with self.subTest(flags=flags):
                self.refuses_to_start(self.daybook("data", *flags), 1, *says)
        self.assertEqual(summary(self.daybook("data").start().wait_ready().status()), summary(status))

    def test_a_store_ahead_of_its_log(self):
        self.filled()
        shutil.move(self.server.data / "log", self.dir / "log")
        for flags in ((), ("--partitions", 4)):
            self.refuses_to_start(self.daybook("data", *flags), 1, "ahead of its log", "restore the log")
        shutil.rmtree(self.server.data / "log")
        shutil.move(self.dir / "log", self.server.data / "log")
        self.assertEqual(self.daybook("data").start().wait_ready().status()["accepted"], 40)

    def test_another_log_with_more_records(self):
        self.filled()
        other = self.daybook("other", "--partitions", 4).start()
        other.publish([invoice(f"f{i}", f"C{i % 40}", f"J{i}") for i in range(400)])
        other.stop()
        shutil.rmtree(self.server.data / "log")
        shutil.move(other.data / "log", self.server.data / "log")
        self.refuses_later(self.server, "is not the one that was folded")

    def test_a_damaged_manifest(self):
        self.filled()
        (self.server.data / "manifest.json").write_text("{")
        self.refuses_to_start(self.server, 1, "manifest")


class StartingOnKafka(KafkaCase):
    def closed_port(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            return "127.0.0.1:%d" % server.getsockname()[1]

    def test_without_a_broker(self):
        self.refuses_to_start(self.daybook("new", brokers=self.closed_port()), 1, "no Kafka broker answers at")
        # A store that is there serves, unready.
        server = self.on_kafka().start()
        server.publish([invoice()])
        server.wait_ready().wait_folded()
        server.stop()
        alone = self.daybook("data", brokers=self.closed_port(), prefix=self.prefix).start()
        self.assertEqual(alone.get("/readyz").status, 503)
        self.assertIn("the log is away", alone.get("/readyz").text)
        self.assertEqual(alone.get("/healthz").status, 200)
        self.assertEqual(alone.ask("/v1/invoices/I1")["gross"], "1000.00")
        self.assertEqual(alone.post([invoice()]).status, 503)
        self.assertEqual(alone.status()["accepted"], 1)
        alone.stop()

    def test_topics_that_are_missing(self):
        prefix = self.new_prefix(create=False)
        self.refuses_to_start(self.on_kafka("new", prefix=prefix), 1, "daybook topics create",
                              re.escape(self.topic("orders", prefix)))
        for family in (*FAMILIES[:4], "dead-letter"):
            self.peer.create(self.topic(family, prefix), 4)
        words = self.refuses_to_start(self.on_kafka("new", prefix=prefix), 1, "daybook topics create")
        self.assertIn(self.topic("reference", prefix), words)
        self.assertNotIn(self.topic("orders", prefix), words)
        self.run_daybook("topics", "check", "--brokers", BROKERS, "--topic-prefix", prefix, code=1,
                         says="reference.v1 is missing")
        self.run_daybook("topics", "create", "--brokers", BROKERS, "--topic-prefix", prefix, "--partitions", 4,
                         "--replicas", 1, says="1 of 3 replicas")
        server = self.on_kafka("new", prefix=prefix).start().wait_ready()
        self.assertIn("1 of 3 replicas", server.said())
        server.stop()

    def test_topics_that_are_unfit(self):
        def topics(partitions=4, **settings):
            prefix = self.new_prefix(create=False)
            for family in (*FAMILIES[1:], "dead-letter"):
                self.peer.create(self.topic(family, prefix), 4)
            self.peer.create(self.topic("orders", prefix), partitions, **settings)
            return prefix
        for given, says in ((dict(partitions=3), ("partitions", "orders.v1 3")),
                            (dict(message_timestamp_type="CreateTime"), ("message.timestamp.type", "LogAppendTime")),
                            (dict(retention_ms="1000"), ("retention.ms", "-1")),
                            (dict(retention_bytes="1000"), ("retention.bytes", "-1")),
                            (dict(unclean_leader_election_enable="true"), ("unclean", "false")),
                            (dict(cleanup_policy="compact"), ("cleanup.policy", "delete"))):
            with self.subTest(given=given):
                prefix = topics(**given)
                self.refuses_to_start(self.on_kafka("new", prefix=prefix), 1, *says)
                self.run_daybook("topics", "check", "--brokers", BROKERS, "--topic-prefix", prefix, code=1,
                                 says=says)
        self.refuses_to_start(self.on_kafka("new", "--partitions", 5), 1, "partitions", "4", "5")

    def test_a_folder_in_use(self):
        self.on_kafka().start()
        self.refuses_to_start(self.on_kafka(), 1, "the store .*/data/shards/0000 is open in another process")

    def filled(self, count=40):
        server = self.on_kafka().start()
        server.publish([invoice(f"e{i}", f"C{i % 40}", f"I{i}") for i in range(count)])
        server.wait_ready().wait_folded()
        return server

    def test_a_topic_made_anew_with_more_records(self):
        server = self.filled()
        server.stop()
        self.peer.delete(self.topic("invoices"))
        self.peer.create(self.topic("invoices"), self.partitions)
        self.peer.publish(self.prefix, [invoice(f"f{i}", f"C{i % 40}", f"J{i}") for i in range(400)])
        self.refuses_later(server, "is not the one that was folded")

    def test_a_topic_made_anew_with_fewer_records(self):
        server = self.filled()
        server.stop()
        self.peer.delete(self.topic("invoices"))
        self.peer.create(self.topic("invoices"), self.partitions)
        self.refuses_to_start(server, 1, "ahead of its log", "invoices")

    def test_a_topic_deleted_under_way(self):
        server = self.filled()
        self.peer.delete(self.topic("invoices"))
        self.assertEqual(server.wait_end(90), 1)
        self.assertRegex(server.said(), "deleted while it was read.*invoices")


if __name__ == "__main__":
    main()
