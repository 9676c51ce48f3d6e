"""Crashes at random moments: of the engine and of the broker. Nothing is lost, nothing counts twice."""
import itertools
import os
import random
import shutil
import subprocess
import threading
import time

from harness import (BROKERS, DAYBOOK, Broker, Case, KafkaCase, clean_environment, counters, generate, main, ndjson,
                     summary, wait_until)

SEED = int(os.environ.get("DAYBOOK_TEST_SEED", random.SystemRandom().randrange(10 ** 6)))
EVENTS = 30_000


def history(events=EVENTS, seed=SEED):
    return list(itertools.islice(generate.realistic(seed, events), events))


class SlowPublisher(threading.Thread):
    """`daybook publish - --brokers …`, fed over some seconds."""

    def __init__(self, events, brokers, prefix, seconds):
        super().__init__()
        self.events, self.seconds = events, seconds
        self.process = subprocess.Popen(
            [DAYBOOK, "publish", "-", "--brokers", brokers, "--topic-prefix", prefix],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=clean_environment())
        self.words = b""

    def run(self):
        parts = 200
        size = -(-len(self.events) // parts)
        try:
            for at in range(0, len(self.events), size):
                self.process.stdin.write(ndjson(self.events[at:at + size]).encode())
                self.process.stdin.flush()
                time.sleep(self.seconds / parts)
        except BrokenPipeError:
            pass  # It ended early; its words and exit code say why.
        self.words, _ = self.process.communicate()

    def check(self, case):
        self.join()
        case.assertEqual(self.process.returncode, 0, self.words)
        case.assertIn(b"published %d events" % len(self.events), self.words)


class Undisturbed:
    """What a calm run over an embedded log makes of a history."""

    def undisturbed(self, events):
        calm = self.daybook("calm", "--partitions", 4).start()
        for at in range(0, len(events), 5000):
            self.assertEqual(calm.post(events[at:at + 5000]).status, 200)
        status = calm.wait_folded()
        calm.stop()
        return status

    def proven(self, server):
        """Totals that were there from the last start on are those that its indexes then read from pages."""
        wait_until(lambda: "\ndaybook_indexes_ready 4\n" in server.get("/metrics").text, 60, "indexes")
        # The proof account by account, which counts what differed, begins at once.
        time.sleep(1)
        metrics = server.get("/metrics").text
        self.assertIn("\ndaybook_proof_faults 0\n", metrics)
        self.assertIn("\ndaybook_ready 1\n", metrics)

    def verified(self, data, status):
        self.run_daybook("verify", "--data", data,
                         says=("digest " + status["digest"], "every figure follows from the facts"))


class EngineOnKafka(KafkaCase, Undisturbed):
    def test_twenty_kills_while_it_folds(self):
        print(f"seed {SEED}")
        rng = random.Random(SEED)
        events = history()
        # The first repeats stand far from what they repeat.
        events += rng.sample(events, 500)
        server = self.on_kafka().start()
        publisher = SlowPublisher(events, BROKERS, self.prefix, 25)
        publisher.start()
        behind = 0
        for kill in range(20):
            time.sleep(rng.uniform(0.02, 1.5))
            server.kill()
            server.start()
            behind += not server.ready()
        publisher.check(self)
        self.assertGreater(behind, 0, "every start found all folded: the kills hit nothing")
        status = server.wait_ready().wait_folded()
        expected = self.undisturbed(events)
        self.assertEqual(summary(status), summary(expected))
        self.assertEqual(status["duplicates"], 500)
        self.proven(server)
        self.verified(server.data, status)
        # And from nothing.
        server.stop()
        rebuilt = self.on_kafka("rebuilt").start().wait_ready()
        self.assertEqual(summary(rebuilt.wait_folded()), summary(expected))


class OwnBroker(Case, Undisturbed):
    """With a broker of its own, as others need theirs alive."""

    def setUp(self):
        super().setUp()
        self.broker = Broker(self.dir / "broker")
        self.addCleanup(self.broker, "stop")
        self.brokers = self.broker("start")
        self.run_daybook("topics", "create", "--brokers", self.brokers, "--partitions", 4, "--replicas", 1)

    def test_reads_go_on_without_the_broker_and_the_fold_resumes(self):
        print(f"seed {SEED}")
        events = history()
        server = self.daybook("data", brokers=self.brokers).start()
        publisher = SlowPublisher(events, self.brokers, "", 12)
        publisher.start()
        wait_until(lambda: server.status()["accepted"] > 5000)
        self.broker("kill")
        for _ in range(3):
            began = time.monotonic()
            self.assertTrue(server.ask("/v1/receivables/ageing", group_by="none")["totals"])
            self.assertLess(time.monotonic() - began, 2)
        wait_until(lambda: server.status()["trouble"], 20, "word of the broker that is away")
        began = time.monotonic()
        away = server.status()
        self.assertLess(time.monotonic() - began, 2, "the status waits for a broker that is away")
        # Ends as last known, and since when.
        self.assertTrue(all(p["end_offset"] is not None for p in away["positions"]))
        self.assertIsNotNone(away["ends_seen_at"])
        self.assertEqual(server.get("/healthz").status, 200)
        # A restart while it is away serves what is there.
        server.stop()
        server.start()
        self.assertEqual(counters(server.status()), counters(away))
        self.assertEqual(server.get("/readyz").status, 503)
        self.assertEqual(server.post(events[:1]).status, 503)
        self.assertTrue(server.ask("/v1/receivables/ageing", group_by="none")["totals"])
        self.broker("start")
        publisher.check(self)
        status = server.wait_ready().wait_folded()
        self.assertIsNone(status["trouble"])
        self.assertEqual(summary(status), summary(self.undisturbed(events)))
        self.assertEqual(server.post(events[:1]).status, 200)
        # And once more without a restart.
        self.broker("kill")
        wait_until(lambda: server.status()["trouble"], 20, "word of the broker that is away")
        self.broker("start")
        wait_until(lambda: server.status()["trouble"] is None, 30, "the broker that is back")
        more = dict(events[-1], event_id="after the broker", customer_id="somebody new")
        place, = server.publish([more])
        server.ask("/v1/receivables/ageing", wait_ms=20000,
                   min_position=f"{place['topic']}:{place['partition']}:{place['offset']}")
        after = server.wait_folded()
        self.assertEqual(after["accepted"], status["accepted"] + 1)
        server.stop()
        self.verified(server.data, after)


class EmbeddedLog(Case, Undisturbed):
    def test_ten_kills_while_publishing_over_http(self):
        print(f"seed {SEED}")
        rng = random.Random(SEED)
        events = history(20_000)
        server = self.daybook("data", "--partitions", 4).start()
        chunks = [events[at:at + 100] for at in range(0, len(events), 100)]
        acknowledged, repeats = {}, 0
        state = {"next": 0}
        enough = threading.Event()

        def publish():
            # In order, each until it is acknowledged.
            nonlocal repeats
            while state["next"] < len(chunks):
                chunk = chunks[state["next"]]
                try:
                    answer = server.post(chunk)
                except OSError:
                    repeats += 1
                    time.sleep(0.02)
                    continue
                except Exception:  # a half answer
                    repeats += 1
                    continue
                if answer.status != 200:
                    raise AssertionError(answer)
                for sent, place in zip(chunk, answer.json["results"]):
                    at = (place["topic"], place["partition"], place["offset"])
                    assert at not in acknowledged, f"{at} was given twice"
                    acknowledged[at] = sent["event_id"]
                state["next"] += 1
            enough.set()

        publisher = threading.Thread(target=publish, daemon=True)
        publisher.start()
        for kill in range(10):
            # At a moment of its own in each tenth of the history.
            goal = int(len(chunks) * (kill + rng.random()) / 10)
            wait_until(lambda: state["next"] >= min(goal, len(chunks) - 1), 60, "publishing")
            time.sleep(rng.uniform(0, 0.02))
            server.kill()
            server.start()
        self.assertTrue(enough.wait(120), "publishing did not end")
        status = server.wait_ready().wait_folded()

        self.assertEqual(len(acknowledged), len(events))
        ends = {(p["topic"], p["partition"]): p["end_offset"] for p in status["positions"]}
        for topic, partition, offset in acknowledged:
            self.assertLess(offset, ends[topic, partition])
        expected = self.undisturbed(events)
        self.assertEqual({**summary(status), "duplicates": 0}, summary(expected))
        self.assertGreater(repeats, 0, "no kill met a request")
        self.assertLessEqual(status["duplicates"], repeats * 100)
        self.proven(server)
        server.stop()
        self.verified(server.data, status)
        # The log alone makes it again.
        shutil.rmtree(server.data / "shards")
        (server.data / "manifest.json").unlink()
        server.start().wait_ready()
        self.assertEqual(summary(server.wait_folded()), summary(status))
        self.events_are_there(server, rng.sample([e for e in events if "invoice_issued" in e], 100))

    def events_are_there(self, server, events):
        """Invoices name the events that were acknowledged."""
        for event in events:
            page = server.ask("/v1/invoices/" + event["invoice_issued"]["invoice_id"],
                              customer_id=event["customer_id"])
            self.assertIn(event["event_id"], [ref["event_id"] for ref in page["events"]])


if __name__ == "__main__":
    main()
