"""Gateway, projectors and query service as programs of their own, on real Kafka: together they say what one process says."""
import itertools
import random
import threading
import time
import unittest
from urllib.parse import quote

from harness import BROKERS, KafkaCase, Service, digest, generate, loopback_ip6, main, summary, wait_until

SEED = 20241129


def questions(rng, count, customers):
    """(path, parameters) at random: every view, format, grouping and date, pages included."""
    dates = ("2024-01-31", "2024-03-31", "2024-05-15", "2024-06-30", "2025-01-01")
    groups = ("none", "customer", "parent_customer", "region", "sales_rep", "currency")

    def span():
        first, last = sorted(rng.sample(dates, 2))
        return {"from": first, "to": last}

    def one():
        kind = rng.randrange(12)
        more = {}
        if rng.random() < 0.2:
            more["known_at"] = rng.choice(("2024-06-30", "2099-01-01T00:00:00Z"))
        if rng.random() < 0.2:
            more["customer_id"] = rng.choice(customers)
        if kind < 3:
            more["as_of"] = rng.choice(dates)
            more["group_by"] = rng.choice(groups)
            if rng.random() < 0.3:
                more["base_currency"] = "CNY"
            return "/v1/receivables/ageing", more
        if kind == 3:
            return "/v1/receivables/items", {"as_of": rng.choice(dates), "page_size": rng.choice((1, 7, 1000)), **more}
        if kind == 4:
            return f"/v1/receivables/{rng.choice(('bridge', 'ratios'))}", {**span(), "group_by": rng.choice(groups), **more}
        if kind == 5:
            return "/v1/receivables/entries", {**span(), "page_size": rng.choice((3, 1000)), **more}
        if kind == 6:
            return f"/v1/receivables/{rng.choice(('worklist', 'dunning'))}", {"as_of": rng.choice(dates), **more}
        if kind == 7:
            more.pop("known_at", None)
            return "/v1/receivables/restatement", {"as_of": rng.choice(dates), "known_from": "2024-01-01",
                                                   "known_to": "2099-01-01", "page_size": 5, **more}
        if kind == 8:
            return "/v1/order-cycle", {**span(), "group_by": rng.choice(("none", "region", "warehouse", "customer")), **more}
        if kind == 9:
            return "/v1/sales", {**span(), "grain": rng.choice(("day", "month", "quarter")),
                                 "group_by": rng.choice(("none", "region", "sku,channel", "customer")), **more}
        if kind == 10:
            more.pop("customer_id", None)
            return rng.choice(("/v1/customers", "/v1/anomalies", "/v1/parked")), {"page_size": rng.choice((2, 500)), **more}
        more.pop("customer_id", None)
        customer = quote(rng.choice(customers), safe="")
        return rng.choice(((f"/v1/customers/{customer}", more), (f"/v1/customers/{customer}/statement", {**span(), **more})))

    for _ in range(count):
        path, parameters = one()
        if rng.random() < 0.25 and path.count("/") < 4:
            parameters = {**parameters, "format": "csv"}
        yield path, parameters


class Services(KafkaCase):
    partitions = 4

    def service(self, name, program, *flags, **more):
        server = Service(program, self.dir / name, *flags, **more)
        self.addCleanup(server.kill)
        return server

    def on_log(self):
        return ["--brokers", BROKERS, "--topic-prefix", self.prefix]

    def gateway(self):
        return self.service("gateway", "daybook-gateway", *self.on_log(), "--listen", "127.0.0.1:0")

    def projector(self, shards, name=None, grpc="127.0.0.1:0", *flags):
        name = name or f"projector-{shards}"
        return self.service(name, "daybook-projector", *self.on_log(), "--data", self.dir / name / "data", "--shards", shards,
                            "--listen", grpc, "--metrics-listen", "127.0.0.1:0", *flags)

    def query(self, projectors, name="query"):
        return self.service(name, "daybook-query", "--projectors", ",".join(self.grpc_of(p) for p in projectors),
                            "--listen", "127.0.0.1:0")

    @staticmethod
    def grpc_of(projector):
        return projector.listens[1].removeprefix("grpc://")

    def all_of_it(self):
        gateway = self.gateway().start().wait_ready()
        projectors = [self.projector(s).start() for s in ("0-1", "2-3")]
        query = self.query(projectors).start()
        return gateway, projectors, query

    def test_they_say_what_one_process_says(self):
        gateway, projectors, query = self.all_of_it()
        history = generate.hostile(SEED, 1500)
        gateway.publish(history)
        placed = next(e for e in history if "order_placed" in e)
        parked = {**placed, "event_id": "never", "order_placed": {**placed["order_placed"], "currency": "XXZ"}}
        self.peer.send([(self.topic("orders"), placed["customer_id"], *self.peer.encode(parked))])
        query.wait_ready()
        together = query.wait_folded()
        alone = self.on_kafka("alone").start().wait_ready()
        self.assertEqual(summary(alone.wait_folded()), summary(together))
        self.assertEqual(sum(digest(p.status()) for p in projectors) % 2 ** 128, digest(together))

        def counted(server):
            metrics = server.metrics()
            return [metrics.get(name) for name in ("daybook_anomalies_open", "daybook_parked_unresolved")]
        wait_until(lambda: None not in counted(query) and counted(query) == counted(alone), 120, "what one process counts")
        anomalies, unresolved = counted(query)
        self.assertGreater(sum(anomalies.values()), 0)
        self.assertEqual(unresolved, {"": 1})

        customers = sorted({e["customer_id"] for e in history if not e["customer_id"].startswith(("fx:", "target:"))})
        rng = random.Random(SEED)
        asked = 0
        for path, parameters in questions(rng, 600, customers):
            for _ in range(40):
                here, there = alone.get(path, parameters), query.get(path, parameters)
                self.assertEqual((here.status, here.text), (there.status, there.text), f"{path} {parameters}")
                self.assertLess(here.status, 500, f"{path} {parameters}: {here}")
                asked += 1
                token = here.status == 200 and "page_size" in parameters and here.headers["Content-Type"] == "application/json" \
                    and here.json.get("next_page_token")
                if not token:
                    break
                parameters = {**parameters, "page_token": token}
        self.assertGreater(asked, 1000)

    def test_who_publishes_reads_what_he_wrote(self):
        gateway, _, query = self.all_of_it()
        query.wait_ready()
        for event in generate.hostile(SEED, 60):
            place, = gateway.publish([event])
            at = f"{place['topic']}:{place['partition']}:{place['offset']}"
            answer = query.get("/v1/customers", {"min_position": at, "wait_ms": 20000})
            self.assertEqual(answer.status, 200, answer)
            positions = {(p["topic"], p["partition"]): p["next_offset"] for p in answer.json["positions"]}
            self.assertGreater(positions[place["topic"], place["partition"]], place["offset"])

    def test_without_a_shard_nothing_is_said(self):
        gateway, projectors, query = self.all_of_it()
        gateway.publish(generate.hostile(SEED, 200))
        query.wait_ready()
        query.wait_folded()
        views = [("/v1/receivables/ageing", {}), ("/v1/receivables/items", {"page_size": 5}), ("/v1/customers", {}),
                 ("/v1/sales", {"from": "2024-01-01", "to": "2024-06-30"}),
                 ("/v1/order-cycle", {"from": "2024-01-01", "to": "2024-06-30"}), ("/v1/anomalies", {}), ("/v1/parked", {}),
                 ("/v1/receivables/ratios", {"from": "2024-01-01", "to": "2024-06-30"})]
        for gone, shards in ((0, (0, 1)), (1, (2, 3))):
            projectors[gone].kill()
            for (path, parameters), form in itertools.product(views, ("json", "csv")):
                answer = query.get(path, {**parameters, "format": form})
                self.assertEqual(answer.status, 503, f"{path} {form}: {answer}")
                self.assertRegex(answer.json["detail"], f"shard [{shards[0]}{shards[1]}]")
            self.assertEqual(query.get("/readyz").status, 503)
            self.assertIn(f"shard {shards[0]}-{shards[1]}", query.get("/readyz").json["detail"])
            status = query.status()
            self.assertIsNone(status["accepted"], "a part would look like the whole")
            self.assertIn("nobody can be asked about shard", status["trouble"])
            projectors[gone].flags[projectors[gone].flags.index("--listen") + 1] = self.grpc_of(projectors[gone])
            projectors[gone].start()
            query.wait_ready()
            self.assertEqual(query.get("/v1/receivables/ageing").status, 200)

    def test_of_two_that_hold_a_shard_one_is_enough(self):
        gateway, projectors, _ = self.all_of_it()
        second = self.projector("0-3", "second", f"{loopback_ip6()}:0").start().wait_ready()
        query = self.query([*projectors, second], "query-of-three").start()
        gateway.publish(generate.hostile(SEED, 300))
        query.wait_ready()
        query.wait_folded()
        failures = []
        stop = threading.Event()

        def ask():
            while not stop.is_set():
                answer = query.get("/v1/receivables/ageing")
                if answer.status != 200:
                    failures.append(answer)
        asker = threading.Thread(target=ask)
        asker.start()
        for projector in (projectors[0], projectors[1]):
            time.sleep(0.5)
            projector.kill()
        time.sleep(1)
        stop.set()
        asker.join()
        self.assertEqual(failures, [])
        self.assertEqual(query.get("/readyz").status, 200, "all shards can be asked about")
        self.assertIn("cannot be asked", query.status()["trouble"])
        gateway.publish(generate.hostile(SEED + 1, 300))
        self.assertEqual(summary(query.wait_folded()), summary(second.status()))

    def test_killed_and_started_again_while_events_come_in(self):
        gateway, projectors, query = self.all_of_it()
        query.wait_ready()
        history = generate.hostile(SEED, 3000)
        for server in (*projectors, gateway, query):
            for flag in ("--listen", "--metrics-listen"):
                if flag in server.flags:
                    listens = {l.split("://")[0]: l.split("://")[1] for l in server.listens}
                    grpc = flag == "--listen" and "grpc" in listens
                    server.flags[server.flags.index(flag) + 1] = listens["grpc" if grpc else "http"]
        acknowledged, answers, stop = [], [], threading.Event()

        def publish():
            for at in range(0, len(history), 50):
                part = history[at:at + 50]
                while not stop.is_set():
                    try:
                        if gateway.post(part).status == 200:
                            acknowledged.extend(part)
                            break
                    except OSError:
                        pass
                    time.sleep(0.05)

        def ask():
            while not stop.is_set():
                try:
                    answer = query.get("/v1/receivables/ageing", {"group_by": "none"})
                except OSError:
                    continue
                if answer.status == 200:
                    answers.append(answer.json)
                else:
                    self.assertEqual(answer.status, 503, answer)
        threads = [threading.Thread(target=publish), threading.Thread(target=ask)]
        for thread in threads:
            thread.start()
        rng = random.Random(SEED)
        for server in rng.sample([*projectors, gateway, query] * 2, 8):
            time.sleep(0.4)
            server.kill()
            server.start()
        threads[0].join(120)
        stop.set()
        for thread in threads:
            thread.join()
        self.assertEqual(len(acknowledged), len(history))
        query.wait_ready()
        together = query.wait_folded()
        alone = self.on_kafka("alone").start().wait_ready()
        self.assertEqual(summary(alone.wait_folded()), summary(together))
        # Not one is of some shards alone: each says how far it is, and later ones are of no less.
        self.assertGreater(len(answers), 10)
        for answer in answers:
            self.assertEqual(len(answer["positions"]), 5 * self.partitions)
            self.assertTrue(all(row["proof"]["difference"].strip("0.-") == "" for row in answer["rows"]), answer)

    def test_strangers_are_named(self):
        gateway, projectors, _ = self.all_of_it()
        gateway.publish(generate.hostile(SEED, 50))
        other = self.projector("0-3", "other", "127.0.0.1:0", "--business-time-zone", "Asia/Shanghai").start().wait_ready()
        query = self.query([*projectors, other], "query-of-strangers").start().wait_ready()
        self.assertRegex(query.status()["trouble"], "cannot be asked: it has the rules .*Shanghai.*|cannot be asked: it has the rules UTC")
        nobody = self.service("lost", "daybook-query", "--projectors", "no.such.name.invalid:1,127.0.0.1:9",
                              "--listen", "127.0.0.1:0").start()
        trouble = wait_until(lambda: (lambda t: t if "no.such.name.invalid" in t and "127.0.0.1:9" in t else None)(
            nobody.status()["trouble"]), 20, "both names")
        self.assertIn("no projector has answered yet", trouble)
        answer = nobody.get("/v1/receivables/ageing")
        self.assertEqual(answer.status, 503, answer)
        self.assertEqual(nobody.get("/healthz").status, 200)

    def test_each_serves_its_own_and_names_who_serves_the_rest(self):
        gateway, projectors, query = self.all_of_it()
        query.wait_ready()
        for server, path, who in ((gateway, "/v1/receivables/ageing", "daybook-query"),
                                  (projectors[0], "/v1/receivables/ageing", "daybook-query"),
                                  (gateway, "/", "daybook-query")):
            answer = server.get(path)
            self.assertEqual(answer.status, 404, answer)
            self.assertIn(who, answer.json["detail"])
        answer = query.post([])
        self.assertEqual(answer.status, 404, answer)
        self.assertIn("daybook-gateway", answer.json["detail"])
        for server in (gateway, query, *projectors):
            for path in ("/healthz", "/readyz", "/metrics", "/v1/status"):
                self.assertEqual(server.get(path).status, 200, f"{server.program} {path}")
            self.assertEqual(server.status()["log"], "kafka")
            begin = time.monotonic()
            server.stop()
            self.assertLess(time.monotonic() - begin, 5)


if __name__ == "__main__":
    main()
