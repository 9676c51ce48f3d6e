"""Who use the server as it is meant: they publish what is right, and ask."""
import collections
import http.client
import json
import subprocess
import threading
import time

from scene import Actor, Over
from harness import DAYBOOK, clean_environment

# While nothing is done to the server, and whoever else sends it whatever:
ANSWER_SECONDS = 5     # an honest question is answered within,
PUBLISH_SECONDS = 15   # and an honest batch, however often it has to be sent again.

ORDERS = 50_000_000  # More than any campaign publishes.
CUSTOMERS = 400


class Feed:
    """Events of one history, in batches."""

    def __init__(self, scene):
        self.process = subprocess.Popen(
            [DAYBOOK, "generate", "--orders", str(ORDERS), "--customers", str(CUSTOMERS), "--seed", str(scene.seed)],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=clean_environment())
        self.rng = scene.random_of("feed")
        self.lock = threading.Lock()

    def batch(self):
        with self.lock:
            size = self.rng.choice((1, 5, 20, 50, 200))
            return [self.process.stdout.readline() for _ in range(size)]

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Published:
    """The events that were acknowledged, by their places."""

    def __init__(self):
        self.lock = threading.Lock()
        self.at = {}
        self.invoices = collections.deque(maxlen=500)  # (event, customer, invoice, position) of the last ones.

    def add(self, events, results):
        with self.lock:
            for event, result in zip(events, results):
                place = (result["topic"], result["partition"], result["offset"])
                if place in self.at:
                    raise AssertionError(f"{place} was given to {self.at[place]} and to {event['event_id']}")
                self.at[place] = event["event_id"]
                if "invoice_issued" in event:
                    self.invoices.append((event["event_id"], event["customer_id"], event["invoice_issued"]["invoice_id"],
                                          "%s:%d:%d" % place))

    def any_invoice(self, rng):
        with self.lock:
            return rng.choice(self.invoices) if self.invoices else None


class Publisher(Actor):
    """Sends each batch until it is acknowledged."""

    def __init__(self, scene, name, feed, published, events_per_second):
        super().__init__(scene, name)
        self.feed, self.published, self.rate = feed, published, events_per_second

    def act(self):
        lines = self.feed.batch()
        events = [json.loads(line) for line in lines]
        began = time.monotonic()
        calm, calm_from = self.scene.calm(), began
        while True:
            tried = time.monotonic()
            before = self.scene.calm()
            if before != calm:
                calm, calm_from = before, tried
            words = self.attempt(lines, events)
            if words is None:
                break
            undisturbed = calm is not None and self.scene.calm() == calm
            if undisturbed and not words.startswith("429"):
                self.scene.found(f"an honest batch met this while nothing was done to the server: {words}")
                raise Over
            if undisturbed and time.monotonic() - calm_from > PUBLISH_SECONDS:
                self.scene.found(f"an honest batch was not taken for {PUBLISH_SECONDS} s: {words}")
                raise Over
            self.scene.count("batches sent again")
            self.scene.pause(0.2)
        if calm is not None and self.scene.calm() == calm:
            self.scene.figure("seconds to publish a batch", time.monotonic() - calm_from)
        self.scene.pause(max(0.0, len(lines) / self.rate - (time.monotonic() - began)))

    def attempt(self, lines, events):
        """None when it was taken, else the words why not."""
        try:
            answer = self.scene.server.request("POST", "/v1/events", None, b"".join(lines),
                                               {"Content-Type": "application/x-ndjson"}, timeout=30)
        except (OSError, http.client.HTTPException) as failure:
            return f"no answer: {failure!r}"
        if answer.status in (429, 503):
            check_problem(answer)
            return f"{answer.status}: {answer.json['detail']}"
        if answer.status != 200:
            raise AssertionError(f"a good batch was answered {answer}")
        results = answer.json["results"]
        assert [r["event_id"] for r in results] == [e["event_id"] for e in events], "answers in another order"
        self.published.add(events, results)
        self.scene.count("events acknowledged", len(events))
        return None


def check_problem(answer):
    assert answer.headers["Content-Type"] == "application/problem+json", answer
    assert answer.json["status"] == answer.status and answer.json["title"] and answer.json["detail"], answer


class Reader(Actor):
    """Asks views, and what it published itself; answers have their shape."""

    def __init__(self, scene, name, published):
        super().__init__(scene, name)
        self.published = published

    def act(self):
        path, parameters, check = self.question()
        calm, began = self.scene.calm(), time.monotonic()
        try:
            answer = self.scene.server.request("GET", path, parameters, timeout=30)
            words = f"{answer.status}: {answer.body[:300]!r}"
        except (OSError, http.client.HTTPException) as failure:
            answer, words = None, f"no answer: {failure!r}"
        seconds = time.monotonic() - began
        self.scene.count("questions")
        undisturbed = calm is not None and self.scene.calm() == calm
        if answer is not None and answer.status == 200:
            check(answer)
        elif answer is not None and answer.status == 503:
            check_problem(answer)
        elif answer is not None:
            self.scene.found(f"GET {path} {parameters}: {words}")
            raise Over
        if undisturbed:
            if words[:3] != "200":
                self.scene.found(f"GET {path} {parameters}, while nothing was done to the server: {words}")
                raise Over
            if seconds > ANSWER_SECONDS:
                self.scene.found(f"GET {path} {parameters} took {seconds:.1f} s while nothing was done to the server")
                raise Over
            self.scene.figure("seconds to answer " + ("/healthz" if path == "/healthz" else "a view"), seconds)
        self.scene.pause(self.rng.uniform(0.02, 0.2))

    def question(self):
        def view(*fields):
            def check(answer):
                missing = [f for f in ("as_of", "positions", "waiting", "parked", *fields) if f not in answer.json]
                assert not missing, f"an answer without {missing}: {answer}"
            return check

        def healthy(answer):
            assert answer.text == "ok\n", answer
        period = {"from": "2023-01-01", "to": "2024-06-30"}
        kinds = [
            lambda: ("/healthz", None, healthy),
            lambda: ("/v1/status", None, self.status),
            lambda: ("/v1/receivables/ageing", {"group_by": "region"}, view("rows", "totals")),
            lambda: ("/v1/receivables/items", {"page_size": self.rng.choice((10, 1000))}, view("items", "next_page_token")),
            lambda: ("/v1/receivables/bridge", period, view("rows", "totals")),
            lambda: ("/v1/sales", {**period, "group_by": "region", "grain": "month"}, view("rows", "totals")),
            lambda: ("/v1/order-cycle", {**period, "grain": "month"}, view("rows")),
            lambda: ("/v1/receivables/entries", {**period, "page_size": 100}, view("entries")),
            lambda: ("/v1/receivables/worklist", {"base_currency": "CNY"}, view("rows")),
            lambda: ("/v1/anomalies", None, view("anomalies")),
            lambda: ("/v1/customers", {"page_size": 100}, view("customers")),
        ]
        invoice = self.published.any_invoice(self.rng)
        if invoice:
            kinds += [lambda: self.own_write(*invoice)] * 3
        return self.rng.choice(kinds)()

    def status(self, answer):
        assert answer.json["conflicts"] == 0 and answer.json["parked"] == 0, answer

    @staticmethod
    def own_write(event_id, customer, invoice, position):
        """What was acknowledged is seen by who asks for its position."""
        def check(answer):
            there = [ref["event_id"] for ref in answer.json["events"]]
            assert event_id in there, f"{event_id} was acknowledged at {position}, and the page of {invoice} has {there}"
        return f"/v1/invoices/{invoice}", {"customer_id": customer, "min_position": position, "wait_ms": 5000}, check
