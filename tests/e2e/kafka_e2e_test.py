"""One history on real Kafka, published by three kinds of client, folds as on an undisturbed log."""
import collections
import random
import unittest

from harness import (BROKERS, FAMILIES, KafkaCase, counters, digest, generate, main, ndjson,
                     partition_of, summary, undisturbed)

SEED = 20240607


class OneHistory(KafkaCase):
    def setUp(self):
        super().setUp()
        self.history = generate.hostile(SEED, 3000)

    def unfit_records(self):
        """(topic, key, value, partition) that must be parked, and why."""
        rng = random.Random(SEED)
        good = [e for e in self.history if "order_placed" in e]
        made = []
        while len(made) < 60:
            event = rng.choice(good)
            value, = self.peer.encode(event)
            key = event["customer_id"]
            made += [
                ((self.topic("orders"), key, value[:-3], rng.randrange(4)), "not_parseable"),
                ((self.topic("orders"), key, None), "not_parseable"),
                ((self.topic("orders"), key, b"\0\0\0\0"), "not_parseable"),
                ((self.topic("shipments"), key, value), "wrong_topic"),
                ((self.topic("orders"), "somebody", value), "wrong_key"),
                ((self.topic("orders"), None, value), "wrong_key"),
            ]
            invalid = dict(event, order_placed=dict(event["order_placed"], currency="XXZ"))
            made.append(((self.topic("orders"), key, *self.peer.encode(invalid)), "invalid"))
            for partition in range(self.partitions):
                made.append(((self.topic("orders"), key, value, partition), "wrong_partition"))
        return made

    def test_three_publishers_and_an_undisturbed_run(self):
        live = self.on_kafka().start()
        unfit = self.unfit_records()
        reasons = collections.Counter()
        rng = random.Random(SEED)
        # The thirds take turns, and what is unfit stands among them.
        size = 100
        for turn, at in enumerate(range(0, len(self.history), size)):
            part = self.history[at:at + size]
            if turn % 3 == 0:
                live.publish(part)
            elif turn % 3 == 1:
                self.run_daybook("publish", "-", "--brokers", BROKERS, "--topic-prefix", self.prefix,
                                 stdin=ndjson(part), says=f"published {len(part)} events")
            else:
                places = self.peer.publish(self.prefix, part)
                self.assertEqual(len(places), len(part))
            for record, reason in rng.sample(unfit, 3):
                place, = self.peer.send([record])
                # Sent to each partition, one of these is right: a repeat of a good event.
                right = reason == "wrong_partition" and \
                    place["partition"] == partition_of(record[1], self.partitions)
                reasons["right" if right else reason] += 1
        right = reasons.pop("right", 0)
        status = live.wait_ready().wait_folded()

        parked = live.parked()
        self.assertEqual(collections.Counter(p["reason"] for p in parked), reasons)
        self.assertEqual(status["parked"], sum(reasons.values()))
        self.assertEqual(status["accepted"] + status["duplicates"] + status["conflicts"],
                         len(self.history) + right)
        for kind in ("accepted", "duplicates", "conflicts", "waiting"):
            self.assertGreater(status[kind], 0, kind)

        # The records that are fit, in their order, on an embedded log.
        topics = {self.topic(f): self.peer.read(self.topic(f)) for f in FAMILIES}
        calm = self.daybook("calm", "--partitions", self.partitions)
        expected = undisturbed(calm, topics, parked)
        self.assertEqual(expected["parked"], 0)
        self.assertEqual({**counters(status), "parked": 0}, counters(expected))

        # Parked records are part of the digest: theirs alone is the difference.
        alone = self.new_prefix()
        at = {(p["topic"], p["partition"], p["offset"]) for p in parked}
        self.peer.send([(name.replace(self.prefix, alone), r["key"], r["value"], r["partition"])
                        for name, records in topics.items() for r in records
                        if (name, r["partition"], r["offset"]) in at])
        aside = self.on_kafka("aside", prefix=alone).start()
        parked_alone = aside.wait_ready().wait_folded()
        self.assertEqual(parked_alone["parked"], len(parked))
        self.assertEqual((digest(expected) + digest(parked_alone)) % 2 ** 128, digest(status))

        self.same_views(live, calm)
        self.same_after_restarts(live, status)

    def same_views(self, live, calm):
        for path, parameters in (
                ("/v1/receivables/ageing", {"group_by": "region"}),
                ("/v1/receivables/items", {"page_size": 1000}),
                ("/v1/order-cycle", {"from": "2022-01-01", "to": "2026-12-31"}),
                ("/v1/sales", {"from": "2022-01-01", "to": "2026-12-31", "group_by": "region,sku"}),
                ("/v1/customers", {})):
            here, there = live.ask(path, **parameters), calm.ask(path, **parameters)
            for moment in ("positions", "newest_recorded_at", "parked"):
                here.pop(moment), there.pop(moment)
            self.assertEqual(here, there, path)

    def same_after_restarts(self, live, status):
        for how in ("stop", "kill", "stop"):
            getattr(live, how)()
            live.start().wait_ready()
            self.assertEqual(summary(live.wait_folded()), summary(status), how)
            self.assertEqual(live.status()["rates"]["records_since_start"], 0)
        live.stop()
        self.run_daybook("verify", "--data", live.data,
                         says=("digest " + status["digest"], "every figure follows from the facts"))


class JavaPartitioner(KafkaCase):
    def test_agrees_on_keys_of_every_kind(self):
        rng = random.Random(SEED)
        alphabet = "abcXYZ019-_/ äß客户№é🙂"
        events = []
        for i in range(500):
            key = "x" + "".join(rng.choice(alphabet) for _ in range(rng.randrange(12))) + str(i)
            events.append({"event_id": f"e{i}", "customer_id": key, "source": "java",
                           "occurred_at": "2024-05-01T08:00:00Z",
                           "invoice_issued": {"invoice_id": "I1", "currency": "CNY", "net_minor": "100",
                                              "issue_date": "2024-05-01"}})
        places = self.peer.publish(self.prefix, events)
        live = self.on_kafka().start()
        again = live.publish(events)
        self.assertEqual([p["partition"] for p in places], [p["partition"] for p in again])
        status = live.wait_folded()
        self.assertEqual((status["accepted"], status["duplicates"], status["parked"]), (500, 500, 0))


class Transactions(KafkaCase):
    """An upstream that publishes in transactions leaves marks in the log that are no records."""

    def test_ends_of_transactions_are_passed_over(self):
        def record(i):
            event = {"event_id": f"e{i}", "customer_id": f"C{i}", "source": "java",
                     "occurred_at": "2024-05-01T08:00:00Z",
                     "invoice_issued": {"invoice_id": "I1", "currency": "CNY", "net_minor": "100",
                                        "issue_date": "2024-05-01"}}
            return (self.topic("invoices"), f"C{i}", *self.peer.encode(event))
        self.peer.send([record(i) for i in range(20)], transaction="commit")
        self.peer.send([record(i) for i in range(20, 40)], transaction="abort")
        live = self.on_kafka().start()
        status = live.wait_ready(20).wait_folded(20)
        self.assertEqual((status["accepted"], status["parked"]), (20, 0))
        self.peer.send([record(i) for i in range(40, 50)], transaction="commit")
        status = live.wait_folded(20)
        live.stop()
        self.assertEqual(live.start().wait_ready(20).wait_folded(20)["accepted"], 30)


if __name__ == "__main__":
    main()
