"""Hand-computed cases that pin the oracle itself.  Run: python3 -m unittest"""
import itertools
import os
import random
import sys
import unittest
from decimal import Decimal
from fractions import Fraction

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import generate  # noqa: E402
from daybook_oracle import Config, Oracle, Record, events, money, views  # noqa: E402
from daybook_oracle.dates import show_millis  # noqa: E402
from daybook_oracle.match import diff, plain  # noqa: E402
from daybook_oracle.partition import murmur2, partition  # noqa: E402


class World:
    """Collects events and gives them positions; every topic has one log per partition."""

    def __init__(self, **config):
        self.config = Config(**config)
        self.records = []
        self.ends = {}
        self.count = 0
        self.clock = 1_700_000_000_000

    def raw(self, e, topic=None, key=None, part=None, recorded=None):
        name = next((k for k in e if k in events.SCHEMA), None)
        topic = topic or events.TOPIC_OF.get(name, "daybook.orders.v1")
        key = e.get("customer_id", "") if key is None else key
        part = partition(key, self.config.partitions) if part is None else part
        n = self.ends.get((topic, part), 0)
        self.ends[topic, part] = n + 1
        self.clock += 1
        r = Record(topic, part, n, self.clock if recorded is None else recorded, key, e)
        self.records.append(r)
        return r

    def put(self, name, /, at="2024-05-01T08:00:00Z", c="C", id=None, recorded=None, **p):
        self.count += 1
        if len(at) == 10:
            at += "T08:00:00Z"
        return self.raw({"event_id": id or "e%d" % self.count, "customer_id": c, "source": "t",
                         "occurred_at": at, name: p}, recorded=recorded)

    # Shorthands; amounts in minor units of CNY unless said otherwise.
    def invoice(self, id_, net, issue="2024-05-01", currency="CNY", **p):
        at = p.pop("at", issue)
        c = p.pop("c", "C")
        return self.put("invoice_issued", at, c, invoice_id=id_, currency=currency, net_minor=net,
                        issue_date=issue, **p)

    def pay(self, id_, n, day, to=(), currency="CNY", **p):
        at = p.pop("at", day)
        c = p.pop("c", "C")
        return self.put("payment_received", at, c, payment_id=id_, currency=currency,
                        amount_minor=n, value_date=day,
                        allocations=[{"invoice_id": i, "amount_minor": x} for i, x in to], **p)

    def allocate(self, id_, payment, day, to, credit_note=None, at=None):
        source = {"credit_note_id": credit_note} if credit_note else {"payment_id": payment}
        return self.put("payment_allocated", at or day, allocation_id=id_, date=day,
                        allocations=[{"invoice_id": i, "amount_minor": x} for i, x in to], **source)

    def credit(self, id_, n, day, invoice=None, currency="CNY"):
        p = {"invoice_id": invoice} if invoice else {}
        return self.put("credit_note_issued", day, credit_note_id=id_, currency=currency,
                        net_minor=n, issue_date=day, **p)

    def order(self, id_="O", at="2024-05-01", lines=(("1", "10", 1000),), currency="CNY", **p):
        return self.put("order_placed", at, order_id=id_, currency=currency,
                        lines=[{"line_id": i, "sku": "s" + i, "quantity": q, "net_minor": n}
                               for i, q, n in lines], **p)

    def change(self, at, lines, id_="O"):
        return self.put("order_changed", at, order_id=id_,
                        lines=[{"line_id": i, "sku": "s" + i, "quantity": q, "net_minor": n}
                               for i, q, n in lines])

    def ship(self, id_, at, lines, order="O", **p):
        return self.put("shipment_dispatched", at, shipment_id=id_, order_id=order,
                        lines=[{"line_id": i, "quantity": q} for i, q in lines], **p)

    def deliver(self, id_, at, order="O"):
        return self.put("shipment_delivered", at, shipment_id=id_, order_id=order)

    def give_back(self, id_, at, lines, shipment=None, order="O", **p):
        if shipment:
            p["shipment_id"] = shipment
        return self.put("shipment_returned", at, return_id=id_, order_id=order,
                        lines=[{"line_id": i, "quantity": q} for i, q in lines], **p)

    def oracle(self, known_at=None):
        return Oracle(self.records, self.config, known_at)

    def get(self, path, as_of="2024-12-31", **q):
        q = {k.rstrip("_"): v for k, v in q.items()}
        return plain(views.answer(self.oracle(), path, dict(q, as_of=as_of)))

    def ageing(self, as_of="2024-12-31", **q):
        return self.get("/v1/receivables/ageing", as_of, **q)

    def items(self, as_of="2024-12-31", **q):
        return self.get("/v1/receivables/items", as_of, **q)["items"]

    def kinds(self, as_of="2024-12-31", but=("invoice_not_received",)):
        return {(x["kind"], x["document_id"]) for x in self.get("/v1/anomalies", as_of)["anomalies"]
                if x["kind"] not in but}

    def cycle(self, as_of="2024-12-31", cycle="placed..delivered", **q):
        q = dict({"from_": "2020-01-01", "to": "2030-01-01", "grain": "year"}, **q)
        return self.get("/v1/order-cycle", as_of, cycle=cycle, **q)["rows"]

    def sales(self, as_of="2024-12-31", **q):
        q = dict({"from_": "2020-01-01", "to": "2030-01-01"}, **q)
        return self.get("/v1/sales", as_of, **q)

    def milestones(self, as_of="2024-12-31", id_="O"):
        return self.get("/v1/orders/" + id_, as_of)["milestones"]


class Pieces(unittest.TestCase):
    def test_money(self):
        self.assertEqual(money.amount(123450, "CNY"), "1234.50")
        self.assertEqual(money.amount(-5, "KWD"), "-0.005")
        self.assertEqual(money.amount(-5, "JPY"), "-5")
        self.assertEqual(money.show_quantity(money.quantity("12.50")), "12.5")
        self.assertEqual(money.show_quantity(money.quantity("0.000001")), "0.000001")
        self.assertEqual(money.fixed(money.Fraction(-1, 8), 2), "-0.13")
        self.assertEqual(money.fixed(money.Fraction(1, 200), 2), "0.01")

    def test_murmur2_as_in_the_java_client(self):
        # The values of the Java client's own test (Utils.murmur2).
        for text, want in (("21", -973932308), ("foobar", -790332482),
                           ("a-little-bit-long-string", -985981536),
                           ("a-little-bit-longer-string", -1486304829),
                           ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
                           ("abc", 479470107)):
            self.assertEqual(murmur2(text.encode()), want & 0xFFFFFFFF, text)

    def fault(self, name, **p):
        e = {"event_id": "e", "customer_id": p.pop("c", "C"), "source": "s",
             "occurred_at": p.pop("at", "2024-05-01T08:00:00Z"), name: p}
        return [f for f, _ in events.parse(e).faults]

    def test_faults(self):
        self.assertEqual(self.fault("order_ready", order_id="O"), [])
        self.assertEqual(self.fault("order_ready", orderId="O"), [])
        self.assertEqual(self.fault("order_ready"), ["order_ready.order_id"])
        self.assertEqual(self.fault("order_ready", order_id="O", at="2024-02-30T00:00:00Z"),
                         ["occurred_at"])
        self.assertEqual(self.fault("order_ready", order_id="O", x=1), ["order_ready.x"])
        base = dict(invoice_id="I", currency="CNY", net_minor="100", issue_date="2024-05-01")
        self.assertEqual(self.fault("invoice_issued", **base), [])
        self.assertEqual(self.fault("invoice_issued", **dict(base, net_minor=-1)),
                         ["invoice_issued.net_minor"])
        parts = [{"due_date": "2024-05-01", "amount_minor": 100},
                 {"due_date": "2024-05-01", "amount_minor": 0}]
        self.assertEqual(self.fault("invoice_issued", instalments=parts, **base),
                         ["invoice_issued.instalments[1].amount_minor"])
        self.assertEqual(self.fault("invoice_issued", instalments=parts[:1], due_date="2024-05-02",
                                    **base), ["invoice_issued.instalments"])
        self.assertEqual(self.fault("payment_allocated", allocation_id="P", payment_id="P",
                                    date="2024-05-01",
                                    allocations=[{"invoice_id": "I", "amount_minor": 1}]),
                         ["payment_allocated.payment_id"])
        self.assertEqual(self.fault("payment_allocated", allocation_id="P", credit_note_id="P",
                                    date="2024-05-01",
                                    allocations=[{"invoice_id": "I", "amount_minor": 1}]),
                         ["payment_allocated.credit_note_id"])
        self.assertEqual(self.fault("payment_unallocated", allocation_id="P", credit_note_id="P",
                                    date="2024-05-01"), [])
        self.assertEqual(self.fault("credit_note_voided", credit_note_id="N", date="2024-05-01",
                                    reason_code="twice"), [])
        self.assertEqual(self.fault("credit_note_voided"), ["credit_note_voided.credit_note_id",
                                                            "credit_note_voided.date"])
        self.assertEqual(self.fault("sales_target_set", c="target:EU", region="EU", period="2024-Q5",
                                    measure="ORDERED", currency="EUR", amount_minor=0),
                         ["sales_target_set.period"])
        self.assertEqual(self.fault("order_ready", c="fx:EUR", order_id="O"), ["customer_id"])

    def test_region_and_labels(self):
        self.assertIsNone(events.region_fault("中国/华南"))
        for bad in ("a//b", "/a", "a/", "a/ b", "a/b/c/d/e/f/g", "x" * 129, "/".join(["x" * 33] * 4)):
            self.assertIsNotNone(events.region_fault(bad), bad)
        self.assertIsNotNone(events.label_fault("a\u2066b"))
        self.assertIsNotNone(events.label_fault("\u00a0a"))
        self.assertIsNone(events.label_fault("é" * 64))
        self.assertIsNotNone(events.label_fault("é" * 64 + "x"))
        for c in "\u00ad\u200b\u2060\ufeff":
            self.assertIsNotNone(events.label_fault("a%sb" % c), ascii(c))
            self.assertIsNotNone(events.region_fault("a/b%sc" % c), ascii(c))
        self.assertIsNone(events.label_fault("a\u200cb"))
        self.assertEqual(self.fault("order_placed", order_id="O", currency="CNY", region="a/b\u200bc",
                                    lines=[{"line_id": "1", "sku": "\ufeffs", "quantity": "1",
                                            "net_minor": 1}]),
                         ["order_placed.region", "order_placed.lines[0].sku"])

    def test_keys_of_targets_may_be_longer(self):
        p = dict(period="2024", measure="ORDERED", currency="EUR", amount_minor=0)
        for rep in ("r" * 128, "é" * 64):
            self.assertEqual(self.fault("sales_target_set", c="target:" + rep, sales_rep=rep, **p), [])
        self.assertEqual(self.fault("order_ready", c="c" * 129, order_id="O"), ["customer_id"])
        self.assertEqual(self.fault("order_ready", c="c" * 128, order_id="o" * 128), [])

    def test_a_field_twice(self):
        def faults(text):
            text = text.replace("E", '"event_id":"e","customer_id":"C","source":"s",'
                                '"occurred_at":"2024-05-01T08:00:00Z"')
            return [f for f, _ in events.parse(events.load(text)).faults]
        self.assertEqual(faults('{E,"order_ready":{"order_id":"O"}}'), [])
        self.assertEqual(faults('{E,"order_ready":{"order_id":"O","order_id":"O"}}'),
                         ["order_ready.order_id"])
        self.assertEqual(faults('{E,"order_ready":{"order_id":"O","orderId":"O"}}'),
                         ["order_ready.order_id"])
        self.assertEqual(faults('{E,"order_ready":{"order_id":null,"orderId":"O","order_id":null}}'), [])
        self.assertEqual(faults('{E,"source":"s","order_ready":{"order_id":"O"}}'), ["source"])
        self.assertEqual(faults('{E,"order_ready":{"order_id":"O"},"orderReady":{"order_id":"O"}}'),
                         ["order_ready"])
        self.assertEqual(faults('{E,"order_cancelled":{"order_id":"O"},"order_ready":{"order_id":"O"}}'),
                         ["order_cancelled"])
        self.assertEqual(
            faults('{E,"shipment_dispatched":{"shipment_id":"S","order_id":"O","lines":'
                   '[{"line_id":"1","quantity":"1"},{"line_id":"2","quantity":"1","quantity":"1"}]}}'),
            ["shipment_dispatched.lines[1].quantity"])

    def test_booleans(self):
        p = dict(return_id="T", order_id="O", lines=[{"line_id": "1", "quantity": "1"}])
        for v in (True, False, None):
            self.assertEqual(self.fault("shipment_returned", to_be_resent=v, **p), [])
        for v in ("true", 1, 0, "yes", []):
            self.assertEqual(self.fault("shipment_returned", to_be_resent=v, **p),
                             ["shipment_returned.to_be_resent"])
        w = World()
        w.put("shipment_returned", id="a", to_be_resent=False, **p)
        w.put("shipment_returned", id="b", **p)                  # the default
        w.put("shipment_returned", id="c", to_be_resent=True, **p)
        s = w.get("/v1/status")
        self.assertEqual((s["accepted"], s["duplicates"], s["conflicts"]), (1, 1, 1))


class Repeats(unittest.TestCase):
    def counters(self, w):
        s = w.get("/v1/status")
        return s["accepted"], s["duplicates"], s["conflicts"], s["parked"], s["waiting"]

    def test_same_id_same_content(self):
        w = World()
        w.put("invoice_issued", id="x", invoice_id="I", currency="CNY", net_minor="100",
              issue_date="2024-05-01")
        w.put("invoice_delivered", id="y", invoice_id="I")
        w.put("invoice_issued", "2024-05-01T08:00:00.9Z", id="x", invoice_id="I", currency="CNY",
              net_minor=100, issue_date="2024-05-01", kind="INVOICE_KIND_INVOICE")
        self.assertEqual(self.counters(w), (2, 1, 0, 0, 0))

    def test_absent_and_zero_differ(self):
        w = World()
        for extra in ({}, {"tax_minor": 0}):
            w.put("invoice_issued", id="x", invoice_id="I", currency="CNY", net_minor=100,
                  issue_date="2024-05-01", **extra)
        self.assertEqual(self.counters(w), (1, 0, 1, 0, 0))
        self.assertEqual(w.kinds(), {("conflicting_repeat", "I")})

    def test_claims_compare_the_payload_alone(self):
        w = World()
        w.put("payment_reversed", id="a", payment_id="P", date="2024-05-01")
        w.put("payment_reversed", "2024-05-09", id="b", payment_id="P", date="2024-05-01")
        w.put("payment_reversed", id="c", payment_id="P", date="2024-05-02")
        w.put("payment_reversed", id="c", payment_id="P", date="2024-05-02")
        self.assertEqual(self.counters(w), (1, 1, 2, 0, 1))

    def test_what_became_of_each_record(self):
        w = World()
        for id_, day in (("a", "01"), ("a", "01"), ("b", "01"), ("a", "02"), ("b", "03")):
            w.put("invoice_voided", id=id_, invoice_id="I", date="2024-05-" + day)
        states = [w.get(f"/v1/events/daybook.invoices.v1/{r.partition}/{r.offset}")["state"] for r in w.records]
        self.assertEqual(states, ["accepted", "duplicate", "duplicate", "conflict", "conflict"])

    def test_a_conflict_holds_no_id(self):
        w = World()
        w.put("invoice_voided", id="a", invoice_id="I", date="2024-05-01")
        w.put("invoice_voided", id="b", invoice_id="I", date="2024-05-02")   # conflict
        w.put("invoice_delivered", id="b", invoice_id="I")                   # stands
        self.assertEqual(self.counters(w), (2, 0, 1, 0, 2))

    def test_ids_are_compared_within_one_document_and_topic(self):
        w = World()
        w.put("order_ready", id="a", order_id="O1")
        w.put("order_ready", id="a", order_id="O2")
        w.ship("S", "2024-05-01", [("1", "1")], order="O1").value["event_id"] = "a"
        self.assertEqual(self.counters(w), (3, 0, 0, 0, 3))

    def test_parked(self):
        w = World()
        good = {"event_id": "e", "customer_id": "C", "source": "s",
                "occurred_at": "2024-05-01T08:00:00Z", "order_ready": {"order_id": "O"}}
        w.raw(good, topic="daybook.invoices.v1")
        w.raw(good, key="D")
        w.raw(good, part=(partition("C", 4) + 1) % 4)
        w.raw(dict(good, order_ready={}))
        w.raw({k: v for k, v in good.items() if k != "order_ready"})
        w.raw(dict({k: v for k, v in good.items() if k != "order_ready"}, novelty={}))
        w.raw(good)
        self.assertEqual([x["reason"] for x in w.get("/v1/parked")["parked"]],
                         [r for _, r in sorted(((x.topic, x.partition, x.offset), r) for x, r in zip(
                             w.records, ["wrong_topic", "wrong_key", "wrong_partition", "invalid",
                                         "invalid", "unknown_event_type"]))])
        self.assertEqual(self.counters(w), (1, 0, 0, 6, 1))
        x = w.records[0]
        self.assertIn(("wrong_topic", "C", "daybook.invoices.v1:%d:0" % x.partition),
                      [(y["kind"], y["customer_id"], y["document_id"])
                       for y in w.get("/v1/anomalies", "1999-01-01")["anomalies"]])

    def test_outermost_reference_only_and_counts_once(self):
        w = World()
        w.allocate("A", "P", "2024-05-01", [("I1", 1), ("I2", 1)])
        self.assertEqual(w.kinds(), {("unknown_payment", "P")})
        w.pay("P", 10, "2024-05-01", [("I1", 1), ("I3", 1)])
        self.assertEqual(w.kinds(), {("unknown_invoice", "I1"), ("unknown_invoice", "I2"),
                                     ("unknown_invoice", "I3")})
        self.assertEqual(self.counters(w)[4], 2)
        w.put("dispute_resolved", dispute_id="D", invoice_id="I1", outcome="UPHELD")
        w.invoice("I1", 5)
        self.assertIn(("unknown_dispute", "D"), w.kinds())

    def test_expect_leaves_a_family_out(self):
        w = World(expect=("invoices", "payments"))
        w.invoice("I", 5, order_ids=["O"])
        self.assertEqual(self.counters(w)[4], 0)
        self.assertEqual(w.kinds(), set())


class Ageing(unittest.TestCase):
    def golden(self):
        w = World()
        w.invoice("I1", 100000, "2024-04-01", due_date="2024-05-01")
        w.invoice("I2", 50000, "2024-06-01", due_date="2024-06-30")
        w.invoice("I3", 20000, "2024-06-01", due_date="2024-06-29")
        w.invoice("I4", 30000, "2024-05-01", due_date="2024-05-31")
        w.invoice("I5", 30000, "2024-05-01", due_date="2024-05-30")
        w.pay("P1", 40000, "2024-05-20", [("I1", 40000)])
        w.pay("P2", 25000, "2024-06-01")
        w.credit("N", 10000, "2024-06-01")
        return w

    def test_golden(self):
        w = self.golden()
        a = w.ageing("2024-06-30")
        r = a["rows"][0]
        self.assertEqual(a["buckets"], ["1-30", "31-60", "61-90", "91-120", "121+"])
        self.assertEqual((r["group"], r["not_due"], r["buckets"]),
                         ("C", "500.00", ["500.00", "900.00", "0.00", "0.00", "0.00"]))
        self.assertEqual((r["gross_open"], r["unapplied_cash"], r["open_credits"], r["balance"],
                          r["items"]), ("1900.00", "250.00", "100.00", "1550.00", 7))
        self.assertEqual(r["proof"], {"ledger_balance": "1550.00", "difference": "0.00"})
        self.assertEqual(a["totals"], [{k: v for k, v in r.items() if k not in ("group", "customer_name")}])

    def test_rows_have_the_name_of_their_customer(self):
        w = World()
        w.invoice("I", 100, "2024-05-01")
        w.put("customer_profile_set", "2024-01-01", name="Alpha")
        w.put("customer_profile_set", "2024-06-01", name="Beta")
        for day, name in (("2023-12-31", None), ("2024-05-31", "Alpha"), ("2024-06-01", "Beta")):
            self.assertEqual([x["customer_name"] for x in w.items(day)], [name] if day > "2024" else [])
            self.assertEqual([x["customer_name"] for x in w.ageing(day, attributes="as_now")["rows"]],
                             [name] if day > "2024" else [])
        self.assertNotIn("customer_name", w.ageing("2024-06-01", group_by="parent_customer")["rows"][0])
        self.assertNotIn("customer_name", w.get("/v1/customers")["customers"][0])
        theirs = w.get("/v1/receivables/reconciliation", date="2024-06-01", as_of="2024-06-01",
                       csv="customer_id,currency,amount\nX,CNY,1.00\n")["lines"]
        self.assertEqual([(x["customer_id"], x["customer_name"]) for x in theirs], [("X", None), ("C", "Beta")])

    def test_known_before_the_first_record_says_when_that_was(self):
        w = World()
        w.pay("P", 40, "2024-05-01", recorded=1_719_000_000_000)
        w.invoice("I", 100, "2024-05-01", recorded=1_718_000_000_000)
        for ms, first in ((1_717_999_999_999, "2024-06-10T06:13:20.000Z"), (1_718_000_000_000, None)):
            a = plain(views.ageing(w.oracle(ms), {"as_of": "2024-06-30"}))
            self.assertEqual(a.get("first_recorded_at"), first)
            self.assertEqual(bool(a["rows"]), first is None)
        self.assertNotIn("first_recorded_at", w.ageing())

    def test_golden_with_credits_laid_over(self):
        w = self.golden()
        r = w.ageing("2024-06-30", credits="fifo")["rows"][0]
        # 350 over what is left of I1, 600.
        self.assertEqual((r["not_due"], r["buckets"][:2], r["gross_open"], r["unapplied_cash"],
                          r["open_credits"], r["balance"], r["items"]),
                         ("500.00", ["500.00", "550.00"], "1550.00", "0.00", "0.00", "1550.00", 5))
        self.assertEqual(r["proof"], {"ledger_balance": "1550.00", "difference": "0.00"})
        w.put("invoice_disputed", "2024-06-02", dispute_id="D", invoice_id="I1")
        w.pay("P3", 170000, "2024-06-02")
        self.assertEqual([(x["document_id"], x["open"]) for x in w.items("2024-06-30", credits="fifo")],
                         [(None, "-150.00")])
        self.assertEqual(w.ageing("2024-06-30", credits="fifo")["rows"][0]["disputed"], "0.00")

    def test_an_answer_does_not_depend_on_what_was_asked_before(self):
        w = self.golden()
        for date, region in (("2000-01-01", "CN"), ("2024-06-20", "EU")):
            w.put("customer_profile_set", date, region=region)
        asked = [(view, {k: v for k, v in zip(("as_of", "attributes", "credits"), values) if v})
                 for view in ("ageing", "items", "worklist", "dunning")
                 for values in itertools.product(("2024-06-10", "2024-06-30"), (None, "as_now"), (None, "fifo"))]
        fresh = [plain(views.answer(w.oracle(), "/v1/receivables/" + view, q)) for view, q in asked]
        as_was, as_now = ({x["region"] for x in fresh[asked.index(("items", q))]["items"]} - {None}
                          for q in ({"as_of": "2024-06-10", "credits": "fifo"},
                                    {"as_of": "2024-06-10", "credits": "fifo", "attributes": "as_now"}))
        self.assertNotEqual(as_was, as_now)
        for order in (range(len(asked)), reversed(range(len(asked)))):
            one = w.oracle()
            for i in order:
                view, q = asked[i]
                self.assertEqual(plain(views.answer(one, "/v1/receivables/" + view, q)), fresh[i], asked[i])

    def test_a_list_does_not_go_over_all_records_for_each_row(self):
        class Counted(list):
            def __iter__(self):
                self.times = getattr(self, "times", 0) + 1
                return super().__iter__()
        w = self.golden()
        for n in range(50):
            w.pay("P-more-%d" % n, 100, "2024-06-02")
        one = w.oracle()
        one.everything = Counted(one.everything)
        self.assertGreater(len(views.answer(one, "/v1/payments", {"as_of": "2024-06-30"})["payments"]), 50)
        self.assertLess(one.everything.times, 10)

    def test_trend(self):
        w = self.golden()
        t = w.get("/v1/receivables/ageing/trend", "2024-06-15", from_="2024-04-20", to="2024-06-15")
        self.assertEqual([(x["period"], x["as_of"], x["not_due"], x["buckets"][0], x["unapplied_cash"])
                          for x in t["rows"]],
                         [("2024-04", "2024-04-30", "1000.00", "0.00", "0.00"),
                          ("2024-05", "2024-05-31", "300.00", "900.00", "0.00"),
                          ("2024-06", "2024-06-15", "700.00", "600.00", "250.00")])

    def test_golden_known_at(self):
        w = self.golden()
        for r in w.records:
            r.recorded_at = 1_718_000_000_000                    # 2024-06-10
        w.pay("P3", 7000, "2024-06-28", recorded=1_720_180_000_000)   # 2024-07-05

        def balance(known_at):
            return views.ageing(w.oracle(known_at), {"as_of": "2024-06-30"})["rows"][0]["balance"]
        self.assertEqual(balance(1_719_791_999_999), "1550.00")   # end of 06-30
        self.assertEqual(balance(1_722_470_399_999), "1480.00")   # end of 07-31

    def test_a_bare_date_known_at_is_its_end(self):
        for zone, want in (("UTC", 1_719_791_999_999), ("Asia/Shanghai", 1_719_763_199_999),
                           ("America/New_York", 1_719_806_399_999)):
            o = World(business_time_zone=zone).oracle()
            self.assertEqual(views.known_at(o, "2024-06-30"), want)
            self.assertEqual(views.known_at(o, "2024-06-30T00:00:00.5Z"), 1_719_705_600_500)

    def test_edges_of_buckets(self):
        w = World()
        for k, due in enumerate(("2024-06-30", "2024-06-29", "2024-05-31", "2024-05-30",
                                 "2024-03-02", "2024-03-01")):
            w.invoice("I%d" % k, 10 ** k, "2024-01-01", due_date=due, currency="JPY")
        r = w.ageing("2024-06-30")["rows"][0]        # L = 0, 1, 30, 31, 120, 121
        self.assertEqual((r["not_due"], r["buckets"]), ("1", ["110", "1000", "0", "10000", "100000"]))
        r = w.ageing("2024-06-30", buckets="30", aged_on="2024-06-29")["rows"][0]
        self.assertEqual((r["not_due"], r["buckets"]), ("11", ["1100", "110000"]))
        r = w.ageing("2024-06-30", basis="issue_date")["rows"][0]
        self.assertEqual(r["buckets"], ["0", "0", "0", "0", "111111"])

    def test_terms_of_the_file_on_the_issue_date(self):
        w = World()
        w.put("customer_profile_set", "2024-05-01T23:00:00Z", payment_terms_days=30)
        w.put("customer_profile_set", "2024-05-03", payment_terms_days=0)
        w.put("customer_profile_set", "2024-05-05", name="n")
        for d in (30, 1, 2, 3, 5):
            w.invoice("I%d" % d, 1, "2024-%s-%02d" % ("04" if d == 30 else "05", d))
        self.assertEqual({x["document_id"]: x["due_date"] for x in w.items()},
                         {"I30": "2024-04-30", "I1": "2024-05-31", "I2": "2024-06-01",
                          "I3": "2024-05-03", "I5": "2024-05-05"})

    def test_due_date_changes_do_not_add_up(self):
        w = World()
        w.invoice("I", 300, "2024-05-01", instalments=[
            {"due_date": "2024-06-30", "amount_minor": 100},
            {"due_date": "2024-05-31", "amount_minor": 200}])
        w.put("invoice_due_date_changed", "2024-05-10", invoice_id="I", due_date="2024-07-10")
        w.put("invoice_due_date_changed", "2024-05-09", invoice_id="I", due_date="2024-08-30")

        def due(day):
            return [(x["instalment"], x["due_date"]) for x in w.items(day)]
        self.assertEqual(due("2024-05-08"), [(2, "2024-05-31"), (1, "2024-06-30")])
        self.assertEqual(due("2024-05-09"), [(2, "2024-07-31"), (1, "2024-08-30")])
        self.assertEqual(due("2024-05-10"), [(2, "2024-06-10"), (1, "2024-07-10")])

    def test_instalments_are_settled_by_due_date_then_list(self):
        w = World()
        w.invoice("I", 600, instalments=[{"due_date": d, "amount_minor": n} for d, n in (
            ("2024-07-01", 100), ("2024-06-01", 200), ("2024-06-01", 300))])
        w.pay("P", 250, "2024-05-02", [("I", 250)])
        self.assertEqual([(x["instalment"], x["open"]) for x in w.items()],
                         [(3, "2.50"), (1, "1.00")])

    def test_dispute_is_laid_over_open_instalments(self):
        w = World()
        w.invoice("I", 600, instalments=[{"due_date": d, "amount_minor": n} for d, n in (
            ("2024-07-01", 100), ("2024-06-01", 200), ("2024-06-15", 300))])
        w.pay("P", 150, "2024-05-02", [("I", 150)])
        w.put("invoice_disputed", "2024-05-05", dispute_id="1", invoice_id="I", amount_minor=60)
        w.put("invoice_disputed", "2024-05-05", dispute_id="2", invoice_id="I", amount_minor=100)
        w.put("dispute_resolved", "2024-05-20", dispute_id="1", invoice_id="I", outcome="UPHELD")
        self.assertEqual([(x["instalment"], x["disputed"]) for x in w.items("2024-05-19")],
                         [(2, "0.50"), (3, "1.10"), (1, "0.00")])
        self.assertEqual(w.ageing("2024-05-04")["rows"][0]["disputed"], "0.00")
        r = w.ageing("2024-05-20")["rows"][0]
        self.assertEqual((r["disputed"], r["gross_open_undisputed"]), ("1.00", "3.50"))

    def test_dispute_of_all_is_never_more_than_open(self):
        w = World()
        w.invoice("I", 600)
        w.put("invoice_disputed", "2024-05-05", dispute_id="1", invoice_id="I")
        w.put("invoice_disputed", "2024-05-05", dispute_id="2", invoice_id="I", amount_minor=10)
        w.pay("P", 150, "2024-05-06", [("I", 150)])
        self.assertEqual(w.ageing()["rows"][0]["disputed"], "4.50")

    def test_before_and_after(self):
        w = World()
        w.invoice("I", 600, "2024-05-10")
        w.pay("P", 600, "2024-05-05", [("I", 600)])
        self.assertEqual(w.ageing("2024-05-04")["rows"], [])
        r = w.ageing("2024-05-05")["rows"][0]
        self.assertEqual((r["unapplied_cash"], r["gross_open"]), ("6.00", "0.00"))
        self.assertEqual(w.ageing("2024-05-10")["rows"], [])


class Applications(unittest.TestCase):
    def test_void_unapplies(self):
        w = World()
        w.invoice("I", 600)
        w.pay("P", 600, "2024-05-05", [("I", 600)])
        w.put("invoice_voided", "2024-06-01", invoice_id="I", date="2024-05-20")
        self.assertEqual(w.ageing("2024-05-19")["rows"], [])
        r = w.ageing("2024-05-20")["rows"][0]
        self.assertEqual((r["gross_open"], r["unapplied_cash"], r["balance"]),
                         ("0.00", "6.00", "-6.00"))

    def test_reversal_ends_payment_and_allocations(self):
        w = World()
        w.invoice("I", 600)
        w.pay("P", 700, "2024-05-05", [("I", 600)])
        w.put("refund_paid", "2024-05-06", refund_id="F", payment_id="P", currency="CNY",
              amount_minor=40, value_date="2024-05-06")
        w.put("payment_reversed", "2024-05-10", payment_id="P", date="2024-05-01")   # not before 05-05
        for day, want in (("2024-05-04", ("6.00", "0.00")), ("2024-05-05", ("6.00", "0.00")),
                          ("2024-05-06", ("6.00", "-0.40"))):
            r = w.ageing(day)["rows"][0]
            self.assertEqual((r["gross_open"], r["unapplied_cash"]), want, day)
        self.assertEqual(w.kinds("2024-05-06"), {("refund_exceeds_unapplied", "P")})
        self.assertEqual(w.kinds("2024-05-05"), set())

    def test_unallocated_from_a_date_and_used_again(self):
        w = World()
        w.invoice("I", 600)
        w.invoice("J", 600)
        w.pay("P", 600, "2024-05-05", [("I", 600)])
        w.put("payment_unallocated", "2024-06-01", allocation_id="P", payment_id="P",
              date="2024-05-10")
        w.allocate("A", "P", "2024-05-09", [("J", 600)])     # still applied to I: does not fit
        w.allocate("B", "P", "2024-05-10", [("J", 600)])     # free from that day on
        self.assertEqual(w.kinds(), {("allocation_exceeds_payment", "A")})
        states = {x["allocation_id"]: x["state"]
                  for x in w.get("/v1/payments/P", "2024-05-10")["allocations"]}
        self.assertEqual(states, {"P": "ended", "A": "rejected", "B": "in_effect"})
        self.assertEqual([x["document_id"] for x in w.items("2024-05-10")], ["I"])

    def test_unallocated_before_it_took_effect_never_was(self):
        w = World()
        w.invoice("I", 600, "2024-05-20")
        w.invoice("J", 600, "2024-05-01")
        w.pay("P", 600, "2024-05-05", [("I", 600)])
        w.put("payment_unallocated", "2024-05-10", allocation_id="P", payment_id="P",
              date="2024-05-10")
        w.allocate("A", "P", "2024-05-25", [("J", 600)])
        self.assertEqual(w.kinds(), set())
        self.assertEqual([x["document_id"] for x in w.items()], ["I"])

    def test_items_are_tested_one_by_one_in_order(self):
        w = World()
        for i in "IJKL":
            w.invoice(i, 1000)
        w.pay("P", 500, "2024-05-05")
        w.allocate("A2", "P", "2024-05-07", [("I", 100), ("J", 450), ("K", 100)])
        w.allocate("A1", "P", "2024-05-06", [("L", 300)])      # earlier date goes first
        self.assertEqual({(x["document_id"], x["open"]) for x in w.items()},
                         {("I", "9.00"), ("J", "10.00"), ("K", "9.00"), ("L", "7.00")})
        self.assertEqual(w.kinds("2024-05-07"), {("allocation_exceeds_payment", "A2")})
        self.assertEqual(w.kinds("2024-05-06"), set())

    def test_refunds_stand_in_the_sequence(self):
        w = World()
        w.invoice("I", 1000)
        w.pay("P", 500, "2024-05-05")
        w.allocate("A", "P", "2024-05-07", [("I", 500)])
        w.put("refund_paid", "2024-05-08", refund_id="F", payment_id="P", currency="CNY",
              amount_minor=1, value_date="2024-05-06")
        self.assertEqual(w.kinds(), {("allocation_exceeds_payment", "A")})
        w.put("refund_paid", "2024-05-08", refund_id="G", payment_id="P", currency="CNY",
              amount_minor=500, value_date="2024-05-09")
        self.assertEqual(w.kinds("2024-05-09"), {("allocation_exceeds_payment", "A"),
                                                 ("refund_exceeds_unapplied", "P")})
        self.assertEqual(w.items()[-1]["open"], "0.01")

    def refund(self, w, id_, n, day, payment=None, credit_note=None, **p):
        source = {"payment_id": payment} if payment else {"credit_note_id": credit_note}
        w.put("refund_paid", day, refund_id=id_, currency="CNY", amount_minor=n, value_date=day,
              **source, **p)

    def open_of(self, w, day):
        return {x["document_id"]: x["open"] for x in w.items(day)}

    def test_a_refund_takes_back_the_last_first(self):
        w = World()
        for i in "IJK":
            w.invoice(i, 1000)
        w.pay("P", 1000, "2024-05-05", [("I", 300), ("J", 300)])
        w.allocate("A", "P", "2024-05-07", [("K", 300)])
        self.refund(w, "F", 500, "2024-05-10", "P")       # 100 unapplied, 300 of K, 100 of J
        self.assertEqual(self.open_of(w, "2024-05-09"),
                         {"I": "7.00", "J": "7.00", "K": "7.00", "P": "-1.00"})
        self.assertEqual(self.open_of(w, "2024-05-10"), {"I": "7.00", "J": "8.00", "K": "10.00"})
        self.assertEqual(w.kinds(), set())
        p = w.get("/v1/payments/P", "2024-05-10")
        self.assertEqual((p["refunded"], p["unapplied"]), ("5.00", "0.00"))
        self.assertEqual([(x["invoice_id"], x["amount"], x["taken_back"], x["from"], x["until"],
                           x["state"]) for x in p["allocations"]], [
            ("I", "3.00", "0.00", "2024-05-05", None, "in_effect"),
            ("J", "3.00", "1.00", "2024-05-05", None, "in_effect"),
            ("K", "3.00", "3.00", "2024-05-07", "2024-05-10", "ended")])
        p = w.get("/v1/payments/P", "2024-05-09")
        self.assertEqual([(x["taken_back"], x["state"]) for x in p["allocations"]],
                         [("0.00", "in_effect")] * 3)
        self.assertEqual(w.get("/v1/invoices/J", "2024-05-10")["applications"][0]["amount"], "2.00")
        self.assertEqual(w.get("/v1/invoices/K", "2024-05-10")["applications"], [])
        # What is taken back is free for nothing: not even a cent fits any more.
        w.allocate("B", "P", "2024-05-11", [("I", 1)])
        self.assertEqual(w.kinds(), {("allocation_exceeds_payment", "B")})
        # Of J only what is left comes back; K has ended by the refund and by nothing later.
        w.put("payment_unallocated", "2024-05-20", allocation_id="P", payment_id="P",
              date="2024-05-20")
        w.put("payment_unallocated", "2024-05-20", allocation_id="A", payment_id="P",
              date="2024-05-20")
        self.assertEqual(self.open_of(w, "2024-05-20"),
                         {"I": "10.00", "J": "10.00", "K": "10.00", "P": "-5.00"})
        w.allocate("D", "P", "2024-05-21", [("K", 500)])
        self.assertEqual(self.open_of(w, "2024-05-21"), {"I": "10.00", "J": "10.00", "K": "5.00"})

    def test_a_refund_of_more_than_all(self):
        w = World()
        w.invoice("I", 1000)
        w.pay("P", 500, "2024-05-05", [("I", 400)])
        self.refund(w, "F", 300, "2024-05-06", "P")
        self.refund(w, "G", 250, "2024-05-07", "P")
        self.assertEqual(self.open_of(w, "2024-05-06"), {"I": "8.00"})
        self.assertEqual(self.open_of(w, "2024-05-07"), {"I": "10.00", "P": "0.50"})
        self.assertEqual(w.kinds("2024-05-06"), set())
        self.assertEqual(w.kinds("2024-05-07"), {("refund_exceeds_unapplied", "P")})

    def test_refund_and_allocation_of_one_day_go_by_offset(self):
        for first in ("refund", "allocation"):
            w = World()
            w.invoice("I", 1000)
            w.pay("P", 500, "2024-05-05")
            for what in ("refund", "allocation") if first == "refund" else ("allocation", "refund"):
                if what == "refund":
                    self.refund(w, "F", 200, "2024-05-06", "P")
                else:
                    w.allocate("A", "P", "2024-05-06", [("I", 400)])
            if first == "refund":
                self.assertEqual(self.open_of(w, "2024-05-06"), {"I": "10.00", "P": "-3.00"})
                self.assertEqual(w.kinds(), {("allocation_exceeds_payment", "A")})
            else:
                self.assertEqual(self.open_of(w, "2024-05-06"), {"I": "7.00"})
                self.assertEqual(w.kinds(), set())

    def test_taken_back_whole_on_the_day_it_took_effect(self):
        w = World()
        w.put("customer_profile_set", "2024-01-01", region="EU")
        w.invoice("I", 1000, region="CN")
        w.pay("P", 500, "2024-05-05", [("I", 500)])
        self.refund(w, "F", 500, "2024-05-05", "P")
        self.assertEqual(self.open_of(w, "2024-05-05"), {"I": "10.00"})
        x, = w.get("/v1/payments/P", "2024-05-05")["allocations"]
        self.assertEqual((x["state"], x["from"], x["until"]), ("ended", "2024-05-05", "2024-05-05"))
        q = {"from": "2024-05-05", "to": "2024-05-05", "type": "transfers"}
        self.assertEqual(sorted((e["region"], e["amount"]) for e in plain(views.entries(
            w.oracle(), q))["entries"]), [("CN", "-5.00"), ("CN", "5.00"), ("EU", "-5.00"),
                                          ("EU", "5.00")])

    def test_a_refund_takes_back_of_a_credit_note(self):
        w = World()
        w.invoice("I", 1000)
        w.invoice("J", 1000)
        w.credit("N", 300, "2024-05-05", "I")
        self.refund(w, "F", 100, "2024-05-06", None, "N")
        self.assertEqual(self.open_of(w, "2024-05-06"), {"I": "8.00", "J": "10.00"})
        w.put("credit_note_voided", "2024-05-08", credit_note_id="N", date="2024-05-08")
        self.assertEqual(self.open_of(w, "2024-05-07"), {"I": "8.00", "J": "10.00"})
        self.assertEqual(self.open_of(w, "2024-05-08"), {"I": "10.00", "J": "10.00", "N": "1.00"})
        self.assertEqual(w.kinds("2024-05-07"), set())
        self.assertEqual(w.kinds("2024-05-08"), {("refund_exceeds_unapplied", "N")})

    def test_transfers_in_part(self):
        w = World()
        w.put("customer_profile_set", "2024-01-01", region="EU")
        w.invoice("I", 1000, region="CN")
        w.pay("P", 600, "2024-05-05", [("I", 600)])
        self.refund(w, "F", 200, "2024-05-10", "P")
        w.put("payment_unallocated", "2024-05-20", allocation_id="P", payment_id="P",
              date="2024-05-20")
        q = {"from": "2024-05-01", "to": "2024-05-31", "type": "transfers", "region": "CN"}
        self.assertEqual([(e["effective_date"], e["amount"], e["document_id"], e["event"]["type"])
                          for e in plain(views.entries(w.oracle(), q))["entries"]], [
            ("2024-05-05", "-6.00", "P", "payment_received"),
            ("2024-05-10", "2.00", "P", "payment_received"),
            ("2024-05-20", "4.00", "P", "payment_received")])
        for day, want in (("2024-05-09", {"CN": "4.00"}), ("2024-05-10", {"CN": "6.00"}),
                          ("2024-05-20", {"CN": "10.00", "EU": "-4.00"})):
            self.assertEqual({r["group"]: r["balance"] for r in w.ageing(day, group_by="region")["rows"]},
                             want, day)

    def test_a_credit_note_voided(self):
        w = World()
        w.put("credit_note_voided", "2024-05-03", credit_note_id="N", date="2024-05-03")
        self.assertEqual(w.kinds(), {("unknown_credit_note", "N")})
        self.assertEqual(w.get("/v1/status")["waiting"], 1)
        w.invoice("I", 1000)
        w.credit("N", 300, "2024-05-05", "I")                 # not before the issue date
        w.credit("M", 300, "2024-05-05")
        w.allocate("A", None, "2024-05-06", [("I", 200)], credit_note="M")
        w.put("credit_note_voided", "2024-05-08", credit_note_id="M", date="2024-05-10")
        w.put("credit_note_voided", "2024-05-09", credit_note_id="M", date="2024-05-09")   # conflict
        self.assertEqual(w.kinds(), {("conflicting_repeat", "M")})
        self.assertEqual(self.open_of(w, "2024-05-05"), {"I": "10.00", "M": "-3.00"})
        self.assertEqual(self.open_of(w, "2024-05-09"), {"I": "8.00", "M": "-1.00"})
        self.assertEqual(self.open_of(w, "2024-05-10"), {"I": "10.00"})
        a = plain(views.bridge(w.oracle(), {"from": "2024-05-05", "to": "2024-05-10"}))["totals"][0]
        self.assertEqual((a["credit_notes"], a["voids"], a["closing"]), ("-6.00", "6.00", "10.00"))
        r, = plain(views.ratios(w.oracle(), {"from": "2024-05-05", "to": "2024-05-09"}))["rows"]
        self.assertEqual(r["dso"]["sales"], "-3.00")

    def test_the_own_item_of_a_credit_note_unallocated(self):
        w = World()
        w.invoice("I", 1000)
        w.invoice("J", 1000)
        w.credit("N", 300, "2024-05-05", "I")
        w.credit("M", 300, "2024-05-05")
        for n in "NM":
            w.put("payment_unallocated", "2024-05-08", allocation_id=n, credit_note_id=n,
                  date="2024-05-08")
        self.assertEqual(w.kinds(), {("unknown_allocation", "M")})
        w.allocate("A", None, "2024-05-09", [("J", 300)], credit_note="N")
        self.assertEqual(self.open_of(w, "2024-05-07"), {"I": "7.00", "J": "10.00", "M": "-3.00"})
        self.assertEqual(self.open_of(w, "2024-05-08"),
                         {"I": "10.00", "J": "10.00", "M": "-3.00", "N": "-3.00"})
        self.assertEqual(self.open_of(w, "2024-05-09"), {"I": "10.00", "J": "7.00", "M": "-3.00"})

    def test_credit_notes_own_item_goes_first(self):
        w = World()
        w.invoice("I", 1000, "2024-05-05")
        w.invoice("J", 1000, "2024-05-05")
        w.credit("N", 300, "2024-05-01", "I")
        w.allocate("A", None, "2024-05-05", [("J", 1)], credit_note="N")
        self.assertEqual(w.kinds(), {("allocation_exceeds_payment", "A")})
        self.assertEqual({(x["document_id"], x["open"]) for x in w.items()},
                         {("I", "7.00"), ("J", "10.00")})

    def test_over_applied(self):
        w = World()
        w.invoice("I", 1000)
        w.pay("P", 1200, "2024-05-05", [("I", 700), ("I", 500)])
        x, = w.items()
        self.assertEqual((x["kind"], x["document_id"], x["open"], x["amount"], x["over_applied"]),
                         ("SURPLUS", "I", "-2.00", "-2.00", True))
        r, = w.ageing()["rows"]
        self.assertEqual((r["open_credits"], r["balance"], r["items"]), ("2.00", "-2.00", 1))
        self.assertEqual(w.kinds(), {("over_applied", "I")})
        self.assertEqual(w.kinds("2024-05-04"), set())

    def test_write_off_of_a_voided_invoice_stays_until_recovered(self):
        w = World()
        w.invoice("I", 1000)
        w.put("invoice_written_off", "2024-05-02", write_off_id="W", invoice_id="I",
              amount_minor=400, date="2024-05-02")
        w.put("invoice_voided", "2024-05-03", invoice_id="I", date="2024-05-03")
        w.put("write_off_recovered", "2024-05-04", recovery_id="R", write_off_id="W",
              invoice_id="I", amount_minor=400, date="2024-05-04")
        self.assertEqual(w.items("2024-05-02")[0]["open"], "6.00")
        self.assertEqual(w.items("2024-05-03")[0]["kind"], "SURPLUS")
        self.assertEqual(w.items("2024-05-03")[0]["open"], "-4.00")
        self.assertEqual(w.items("2024-05-04"), [])

    def test_recovery_of_more_than_is_left(self):
        w = World()
        w.invoice("I", 1000)
        w.put("invoice_written_off", "2024-05-02", write_off_id="W", invoice_id="I",
              amount_minor=400, date="2024-05-02")
        for i, n, day in (("R1", 300, "2024-05-06"), ("R2", 200, "2024-05-05"),
                          ("R3", 200, "2024-05-07")):
            w.put("write_off_recovered", day, recovery_id=i, write_off_id="W", invoice_id="I",
                  amount_minor=n, date=day)
        # R2 (200) counts, R1 (300) does not fit, R3 (200) does.
        self.assertEqual(w.kinds(), {("recovery_exceeds_write_off", "R1")})
        self.assertEqual(w.items()[0]["open"], "10.00")

    def test_currency_mismatch(self):
        w = World()
        w.invoice("I", 1000)
        w.pay("P", 500, "2024-05-05", [("I", 500)], currency="EUR")
        w.put("refund_paid", "2024-05-06", refund_id="F", payment_id="P", currency="CNY",
              amount_minor=70, value_date="2024-05-06")
        self.assertEqual(w.kinds(), {("currency_mismatch", "P"), ("currency_mismatch", "F"),
                                     ("refund_exceeds_unapplied", "P")})
        rows = {r["currency"]: r for r in w.ageing()["rows"]}
        self.assertEqual((rows["CNY"]["gross_open"], rows["CNY"]["unapplied_cash"]),
                         ("10.00", "-0.70"))
        self.assertEqual(rows["EUR"]["unapplied_cash"], "5.00")
        self.assertEqual([(x["kind"], x["open"]) for x in w.items(currency="CNY")],
                         [("INVOICE", "10.00"), ("REFUND", "0.70")])

    def test_refunds_of_nothing_in_particular(self):
        w = World()
        w.pay("P", 500, "2024-05-05")
        for i, n, day in (("F1", 400, "2024-05-06"), ("F2", 200, "2024-05-07")):
            w.put("refund_paid", day, refund_id=i, currency="CNY", amount_minor=n, value_date=day)
        self.assertEqual(w.kinds("2024-05-06"), set())
        self.assertEqual(w.kinds("2024-05-07"), {("refund_exceeds_unapplied", "F1"),
                                                 ("refund_exceeds_unapplied", "F2")})
        w.put("refund_paid", "2024-05-01", refund_id="F3", payment_id="later", currency="CNY",
              amount_minor=1, value_date="2024-05-01")
        self.assertEqual(w.kinds("2024-05-01"), {("refund_exceeds_unapplied", "later"),
                                                 ("unknown_payment", "later")})

    def test_transfers_between_regions(self):
        w = World()
        w.put("customer_profile_set", "2024-01-01", region="EU/DE", sales_rep="r")
        w.invoice("I", 1000, region="CN/South/Hunan")
        w.pay("P", 1500, "2024-05-05", [("I", 1000)])
        w.put("payment_unallocated", "2024-05-10", allocation_id="P", payment_id="P",
              date="2024-05-10")

        def rows(day, **q):
            return {r["group"]: (r["balance"], r["proof"]["ledger_balance"])
                    for r in w.ageing(day, group_by="region", **q)["rows"]}
        self.assertEqual(rows("2024-05-04"), {"CN/South/Hunan": ("10.00", "10.00")})
        self.assertEqual(rows("2024-05-05"), {"EU/DE": ("-5.00", "-5.00")})
        self.assertEqual(rows("2024-05-10", level="1"), {"CN": ("10.00", "10.00"),
                                                         "EU": ("-15.00", "-15.00")})
        self.assertEqual(rows("2024-05-10", region="CN/South"), {"CN/South/Hunan": ("10.00", "10.00")})
        self.assertEqual(rows("2024-05-10", region="CN/So"), {})

    def test_attributes_of_an_invoice(self):
        w = World()
        w.put("customer_profile_set", "2024-05-01", region="F1", sales_rep="f1")
        w.put("customer_profile_set", "2024-05-05", region="F2")
        w.order("O1", sales_rep="o1")
        w.order("O2", region="O2", sales_rep="o2")
        w.invoice("I", 1, "2024-05-02", order_ids=["O0", "O1", "O2"])
        w.invoice("J", 1, "2024-05-02", order_ids=["O1"])
        w.invoice("K", 1, "2024-05-06")
        w.invoice("L", 1, "2024-05-02", order_ids=["O2"], region="own")
        w.invoice("M", 1, "2024-04-30")
        self.assertEqual({x["document_id"]: (x["region"], x["sales_rep"]) for x in w.items()},
                         {"I": ("O2", "o1"), "J": ("F1", "o1"), "K": ("F2", None),
                          "L": ("own", "o2"), "M": (None, None)})
        self.assertEqual({x["document_id"]: x["region"] for x in w.items(attributes="as_now")},
                         {"I": "O2", "J": "F2", "K": "F2", "L": "own", "M": "F2"})
        self.assertEqual([r["group"] for r in w.ageing(group_by="region")["rows"]],
                         ["F1", "F2", "O2", "own", "unassigned"])


class AroundReceivables(unittest.TestCase):
    """Entries, bridge, restatement, ratios, statement, base currency."""

    def mixed(self):
        w = World()
        w.put("customer_profile_set", "2024-01-01", region="EU")
        w.invoice("I", 1000, "2024-05-01", region="CN")
        w.invoice("J", 400, "2024-05-02")
        w.pay("P", 1500, "2024-05-05", [("I", 1000)])
        w.credit("N", 100, "2024-05-06")
        w.put("invoice_written_off", "2024-05-10", write_off_id="W", invoice_id="J",
              amount_minor=50, date="2024-05-10")
        w.put("write_off_recovered", "2024-05-12", recovery_id="R", write_off_id="W", invoice_id="J",
              amount_minor=20, date="2024-05-12")
        w.put("refund_paid", "2024-05-13", refund_id="F", payment_id="P", currency="CNY",
              amount_minor=200, value_date="2024-05-13")
        w.put("invoice_voided", "2024-05-20", invoice_id="J", date="2024-05-20")
        w.put("payment_reversed", "2024-05-25", payment_id="P", date="2024-05-25")
        return w

    def ask(self, w, view, first, last, **q):
        q = dict({k.rstrip("_"): v for k, v in q.items()}, **{"from": first, "to": last})
        return plain(views.answer(w.oracle(), "/v1/receivables/" + view, q))

    def test_bridge(self):
        w = self.mixed()
        a = self.ask(w, "bridge", "2024-05-02", "2024-05-31")
        row = {"currency": "CNY", "opening": "10.00", "invoices": "4.00", "credit_notes": "-1.00",
               "cash": "-15.00", "reversals": "15.00", "refunds": "2.00", "write_offs": "-0.50",
               "recoveries": "0.20", "voids": "-4.00", "transfers": "0.00", "closing": "10.70"}
        self.assertEqual(a["totals"], [row])
        self.assertEqual(a["rows"], [dict(row, group="")])
        self.assertEqual(a["as_of"], "2024-05-31")

        def by_region(last):
            return [(r["group"], r["opening"], r["transfers"], r["closing"]) for r in self.ask(
                w, "bridge", "2024-05-02", last, group_by="region")["rows"]]
        self.assertEqual(by_region("2024-05-20"), [("CN", "10.00", "-10.00", "0.00"),
                                                   ("EU", "0.00", "10.00", "-4.30")])
        self.assertEqual(by_region("2024-05-31"), [("CN", "10.00", "0.00", "10.00"),
                                                   ("EU", "0.00", "0.00", "0.70")])

    def test_entries(self):
        w = self.mixed()
        got = [(e["type"], e["document_id"], e["effective_date"], e["amount"], e["region"],
                e["event"]["type"]) for e in self.ask(w, "entries", "2024-05-05", "2024-05-25",
                                                      region="EU")["entries"]]
        self.assertEqual(got, [
            ("cash", "P", "2024-05-05", "-15.00", "EU", "payment_received"),
            ("transfers", "P", "2024-05-05", "10.00", "EU", "payment_received"),
            ("credit_notes", "N", "2024-05-06", "-1.00", "EU", "credit_note_issued"),
            ("write_offs", "J", "2024-05-10", "-0.50", "EU", "invoice_written_off"),
            ("recoveries", "J", "2024-05-12", "0.20", "EU", "write_off_recovered"),
            ("refunds", "P", "2024-05-13", "2.00", "EU", "refund_paid"),
            ("voids", "J", "2024-05-20", "-4.00", "EU", "invoice_voided"),
            ("transfers", "P", "2024-05-25", "-10.00", "EU", "payment_received"),
            ("reversals", "P", "2024-05-25", "15.00", "EU", "payment_reversed")])
        got = [(e["region"], e["amount"]) for e in self.ask(
            w, "entries", "2024-05-01", "2024-05-06", type="transfers")["entries"]]
        self.assertEqual(got, [("CN", "-10.00"), ("EU", "10.00")])

    def test_restatement(self):
        w = World()
        early, late = 1_718_000_000_000, 1_720_180_000_000

        def at(when, r):
            r.recorded_at = when
        at(early, w.invoice("I", 1000, "2024-05-01"))
        at(early + 1, w.put("invoice_written_off", "2024-05-02", write_off_id="W", invoice_id="I",
                            amount_minor=300, date="2024-05-02"))
        at(early + 2, w.put("write_off_recovered", "2024-05-10", recovery_id="R1", write_off_id="W",
                            invoice_id="I", amount_minor=200, date="2024-05-10"))
        at(early + 3, w.put("invoice_voided", "2024-05-20", invoice_id="J", date="2024-05-20"))
        at(late, w.invoice("J", 400, "2024-05-11"))
        at(late + 1, w.pay("P", 70, "2024-05-05"))
        at(late + 2, w.put("write_off_recovered", "2024-05-10", recovery_id="R2", write_off_id="W",
                           invoice_id="I", amount_minor=150, date="2024-05-05"))
        at(late + 3, w.pay("Q", 70, "2024-06-05"))
        a = w.get("/v1/receivables/restatement", "2024-05-31", known_from="2024-06-30",
                  known_to="2024-07-31")
        self.assertEqual([(r["document_id"], r["effective_date"], r["amount"], r["event"]["type"])
                          for r in a["rows"]], [
            ("I", "2024-05-10", "-2.00", "write_off_recovered"),      # R2 came before it
            ("J", "2024-05-20", "-4.00", "invoice_voided"),           # its invoice arrived
            ("J", "2024-05-11", "4.00", "invoice_issued"),
            ("P", "2024-05-05", "-0.70", "payment_received"),
            ("I", "2024-05-05", "1.50", "write_off_recovered")])
        self.assertEqual(a["totals"], [{"currency": "CNY", "balance_from": "9.00",
                                        "balance_to": "7.80", "change": "-1.20"}])

    def test_ratios(self):
        w = World()
        w.invoice("A", 100000, "2024-03-15", due_date="2024-03-31")
        w.invoice("B", 200000, "2024-05-10", due_date="2024-07-09")
        w.invoice("C", 90000, "2024-06-05", due_date="2024-06-20")
        w.credit("N", 10000, "2024-06-10", "C")
        w.pay("P", 60000, "2024-06-15", [("A", 60000)])
        w.pay("Q", 30000, "2024-06-20", [("C", 30000)])
        r, = self.ask(w, "ratios", "2024-06-01", "2024-06-30")["rows"]
        # Closing 2,900, opening 3,000, sales 900 - 100, not due 2,000, over 90 days 400.
        self.assertEqual(r["dso"], {"value": "108.75", "closing_balance": "2900.00",
                                    "sales": "800.00", "days": 30})
        self.assertEqual(r["best_possible_dso"]["value"], "75.00")
        self.assertEqual(r["average_days_delinquent"], {
            "value": "33.75", "overdue": "900.00", "sales": "800.00", "days": 30})
        # June 30 days, May 31, April 30 without sales, then 100 of March's 1,000: 3.1 days.
        self.assertEqual(r["countback_dso"], {"value": "94.10", "more_than": False,
                                              "closing_balance": "2900.00"})
        self.assertEqual(r["collection_effectiveness"], {
            "value": "50.00", "opening": "3000.00", "sales": "800.00", "closing": "2900.00",
            "closing_not_due": "2000.00"})
        self.assertEqual(r["collection_rate"], {"value": "112.50", "collected": "900.00",
                                                "sales": "800.00"})
        # 600 after 92 days, 300 after 15.
        self.assertEqual(r["days_to_pay"], {"value": "66.33", "settled": "900.00"})
        self.assertEqual(r["share_over_90"], {"value": "13.79", "over_90": "400.00",
                                              "gross_open": "2900.00"})
        self.assertEqual(r["share_top_10"]["value"], "100.00")

    def test_days_to_pay_and_delinquent(self):
        w = World()
        w.invoice("A", 1000, "2024-06-11", due_date="2024-06-20")
        w.invoice("B", 500, "2024-06-01", due_date="2024-06-20")
        w.pay("P", 700, "2024-06-01")
        w.pay("Q", 400, "2024-06-05", [("B", 400)])
        w.pay("R", 300, "2024-06-21")
        w.allocate("X", "P", "2024-06-25", [("A", 600)])        # before the issue date: 0 days
        w.allocate("Y", "R", "2024-06-28", [("A", 300)])        # our own delay does not count: 10
        w.put("refund_paid", "2024-06-29", refund_id="F", payment_id="Q", currency="CNY",
              amount_minor=100, value_date="2024-06-29")        # 300 after 4 days are left
        r, = self.ask(w, "ratios", "2024-06-01", "2024-06-30")["rows"]
        self.assertEqual(r["days_to_pay"], {"value": "3.50", "settled": "12.00"})
        # Open 100 and 200, all overdue, of sales of 1,500; 100 unapplied make nobody look early.
        self.assertEqual(r["average_days_delinquent"],
                         {"value": "6.00", "overdue": "3.00", "sales": "15.00", "days": 30})

    def test_countback_ends_with_the_first_invoice(self):
        w = World()
        w.invoice("A", 10000, "2024-05-20")
        w.put("refund_paid", "2024-06-11", refund_id="F", currency="CNY", amount_minor=50000,
              value_date="2024-06-11")
        w.invoice("B", 1, "2024-06-10", currency="JPY")
        w.pay("P", 1, "2024-06-12", currency="JPY")
        w.invoice("B2", 100, "2024-06-10", currency="EUR")
        w.credit("N", 100, "2024-06-10", currency="EUR")
        rows = {r["currency"]: r for r in self.ask(w, "ratios", "2024-06-01", "2024-06-10")["rows"]}
        self.assertEqual(rows["CNY"]["countback_dso"]["value"], "41.00")     # 10 days and all of May
        rows = {r["currency"]: r for r in self.ask(w, "ratios", "2024-06-01", "2024-06-12")["rows"]}
        self.assertEqual(rows["CNY"]["countback_dso"], {"value": "43.00", "more_than": True,
                                                        "closing_balance": "600.00"})
        self.assertEqual((rows["CNY"]["dso"]["value"], rows["CNY"]["collection_rate"]["collected"]),
                         (None, "-500.00"))
        self.assertEqual((rows["JPY"]["countback_dso"]["value"], rows["JPY"]["dso"]["value"]),
                         ("0.00", "0.00"))
        self.assertEqual(rows["EUR"]["dso"]["value"], None)

    def test_share_of_the_ten_largest(self):
        w = World()
        for i in range(12):
            w.invoice("I", 100 + i, c="K%02d" % i)
        r, = self.ask(w, "ratios", "2024-06-01", "2024-06-12")["rows"]
        self.assertEqual(r["share_top_10"], {"value": "84.12", "top_10": "10.65", "gross_open": "12.66"})

    def test_statement(self):
        w = self.mixed()
        w.invoice("E", 5, "2024-05-07", currency="EUR")
        a = plain(views.answer(w.oracle(), "/v1/customers/C/statement",
                               {"from": "2024-05-05", "to": "2024-05-10"}))
        eur, cny = a["currencies"][1], a["currencies"][0]
        self.assertEqual((cny["brought_forward"], cny["carried_forward"]), ("14.00", "-2.50"))
        self.assertEqual([(e["date"], e["type"], e["document_id"], e["amount"], e["running_balance"])
                          for e in cny["entries"]], [
            ("2024-05-05", "payment_received", "P", "-15.00", "-1.00"),
            ("2024-05-06", "credit_note_issued", "N", "-1.00", "-2.00"),
            ("2024-05-10", "invoice_written_off", "J", "-0.50", "-2.50")])
        self.assertEqual((cny["ageing"]["gross_open"], cny["ageing"]["unapplied_cash"],
                          cny["ageing"]["balance"]), ("3.50", "5.00", "-2.50"))
        self.assertEqual((eur["currency"], eur["brought_forward"], eur["ageing"]["buckets"][0]),
                         ("EUR", "0.00", "0.05"))
        # An invoice without a due date is due on its issue date; what is open stands by due date, a credit by its own.
        self.assertEqual([(e["document_id"], e["due_date"]) for e in eur["entries"]], [("E", "2024-05-07")])
        self.assertEqual([e["due_date"] for e in cny["entries"]], [None, None, None])
        self.assertEqual([(i["document_id"], i["kind"], i["due_date"], i["days_overdue"], i["open"])
                          for i in cny["items"]], [
            ("J", "INVOICE", "2024-05-02", 8, "3.50"), ("P", "PAYMENT", None, None, "-5.00"),
            ("N", "CREDIT_NOTE", None, None, "-1.00")])
        for part in a["currencies"]:
            self.assertEqual(sum(Decimal(i["open"]) for i in part["items"]), Decimal(part["carried_forward"]))

    def rate(self, w, cur, base, day, rate, at=None):
        w.put("exchange_rate_published", at or day, c="fx:" + cur, currency=cur, base_currency=base,
              date=day, rate=rate)

    def test_base_currency(self):
        w = World()
        self.rate(w, "JPY", "CNY", "2024-05-01", "0.07", at="2024-06-03")
        self.rate(w, "JPY", "CNY", "2024-05-01", "0.048", at="2024-06-04")      # supersedes
        self.rate(w, "JPY", "CNY", "2024-05-01", "0.06", at="2024-06-02")
        self.rate(w, "JPY", "CNY", "2024-06-01", "0.005")
        self.rate(w, "CNY", "KWD", "2024-05-01", "0.04")                        # no inverse
        w.invoice("I", 1010, "2024-05-01", currency="JPY", due_date="2024-06-30")
        w.invoice("J", 1, "2024-05-01", currency="JPY", due_date="2024-05-30")
        w.pay("P", 3, "2024-05-01", currency="JPY")
        w.invoice("K", 250, "2024-05-01", due_date="2024-06-30")
        w.invoice("L", 5, "2024-05-01", currency="KWD")
        b = w.ageing("2024-05-31", base_currency="CNY", buckets="30")["base_totals"]
        # 1,010 JPY = 48.48, 1 = 0.048, 3 = 0.144; gross is the sum of the rounded columns
        self.assertEqual(b, {"currency": "CNY", "not_due": "50.98", "buckets": ["0.05", "0.00"],
                             "gross_open": "51.03", "disputed": "0.00",
                             "gross_open_undisputed": "51.03", "unapplied_cash": "0.14",
                             "open_credits": "0.00", "balance": "50.89", "items": 4,
                             "unconverted": ["KWD"]})
        b = w.ageing("2024-06-01", base_currency="CNY", buckets="30", currency="JPY")["base_totals"]
        self.assertEqual((b["not_due"], b["buckets"], b["unapplied_cash"], b["unconverted"]),
                         ("5.05", ["0.01", "0.00"], "0.02", []))
        b = w.ageing("2024-05-31", base_currency="KWD")["base_totals"]
        self.assertEqual((b["not_due"], b["unconverted"]), ("0.100", ["JPY"]))


class CreditAndCollections(unittest.TestCase):
    def profile(self, w, at="2024-01-01", **p):
        w.put("customer_profile_set", at, **p)

    def rate(self, w, cur, base, day, rate):
        w.put("exchange_rate_published", day, c="fx:" + cur, currency=cur, base_currency=base,
              date=day, rate=rate)

    def credit(self, w, day, c="C"):
        return next(x["credit"] for x in w.get("/v1/customers", day)["customers"]
                    if x["customer_id"] == c)

    def part(self, w, day):
        return [(x["currency"], x["balance"], x["dispatched_not_invoiced"], x["open_orders"])
                for x in self.credit(w, day)["parts"]]

    def test_values_of_an_order(self):
        w = World()
        w.put("order_placed", "2024-05-01", order_id="O", currency="CNY", lines=[
            {"line_id": "1", "sku": "a", "quantity": "3", "net_minor": 100, "tax_minor": 13},
            {"line_id": "2", "sku": "b", "quantity": "2.5", "net_minor": 50}])
        w.ship("S1", "2024-05-02", [("1", "2"), ("2", "1"), ("9", "1")])
        w.invoice("I", 60, "2024-05-03", order_ids=["O"])
        w.give_back("T", "2024-05-04", [("1", "1")])
        w.put("order_cancelled", "2024-05-05", order_id="O")
        w.ship("S2", "2024-05-06", [("1", "2")])
        self.assertEqual(self.part(w, "2024-05-01"), [("CNY", "0.00", "0.00", "1.63")])
        # Dispatched 113 * 2 / 3 = 75 and 50 * 1 / 2.5 = 20; open 113 - 75 and 50 - 20.
        self.assertEqual(self.part(w, "2024-05-02"), [("CNY", "0.00", "0.95", "0.68")])
        self.assertEqual(self.part(w, "2024-05-03"), [("CNY", "0.60", "0.35", "0.68")])
        # One came back: 37 + 20 dispatched is 3 less than the 60 invoiced; not open again.
        self.assertEqual(self.part(w, "2024-05-04"), [("CNY", "0.60", "0.00", "0.65")])
        self.assertEqual(self.part(w, "2024-05-05"), [("CNY", "0.60", "0.00", "0.00")])
        # 3 dispatched net of the return: 113 + 20 - 60.
        self.assertEqual(self.part(w, "2024-05-06"), [("CNY", "0.60", "0.73", "0.00")])

    def test_invoiced_share(self):
        w = World()
        w.order("O1", lines=(("1", "1", 100),))
        w.order("O2", lines=(("1", "1", 200),))
        w.order("O3", lines=(("1", "1", 700),), currency="EUR")
        for o in ("O1", "O2"):
            w.ship("S", "2024-05-02", [("1", "1")], order=o)
        w.invoice("I", 101, "2024-05-03", order_ids=["O1", "O2", "O3", "O4"])
        w.invoice("D", 50, "2024-05-03", order_ids=["O1"], kind="DEBIT_NOTE")
        # 33 of O1's 100 and the rest, 68, of O2's 200: (100 - 33) + (200 - 68).
        self.assertEqual(self.part(w, "2024-05-03"), [("CNY", "1.51", "1.99", "0.00"),
                                                      ("EUR", "0.00", "0.00", "7.00")])
        w.put("order_cancelled", "2024-05-01", order_id="O1")
        w.put("order_cancelled", "2024-05-01", order_id="O2")
        # Nothing had gone out by then: both are worth 0 and the last one takes all.
        self.assertEqual(self.part(w, "2024-05-03")[0], ("CNY", "1.51", "1.99", "0.00"))
        w.put("invoice_voided", "2024-05-04", invoice_id="I", date="2024-05-04")
        self.assertEqual(self.part(w, "2024-05-04")[0], ("CNY", "0.50", "3.00", "0.00"))

    def test_invoiced_ahead_of_dispatch(self):
        w = World()
        w.order("O1", lines=(("1", "10", 1000),))
        w.order("O2", lines=(("1", "10", 3000),))
        w.ship("S", "2024-05-02", [("1", "2")], order="O1")
        w.invoice("I", 2000, "2024-05-03", order_ids=["O1", "O2"])
        # Shares 500 and 1,500; 200 of O1 are out, so 300 and 1,500 are in the balance already.
        self.assertEqual(self.part(w, "2024-05-02"), [("CNY", "0.00", "2.00", "38.00")])
        self.assertEqual(self.part(w, "2024-05-03"), [("CNY", "20.00", "0.00", "20.00")])
        w.credit("N", 800, "2024-05-04", "I")           # 1,200 left: 300 and 900
        w.credit("E", 800, "2024-05-04", "I", currency="EUR")
        w.credit("M", 800, "2024-05-04")
        self.assertEqual(self.part(w, "2024-05-04")[0], ("CNY", "4.00", "0.00", "28.00"))
        w.credit("N2", 5000, "2024-05-05", "I")         # not below 0
        self.assertEqual(self.part(w, "2024-05-05")[0], ("CNY", "-46.00", "0.00", "38.00"))
        w.put("credit_note_voided", "2024-05-06", credit_note_id="N2", date="2024-05-06")
        self.assertEqual(self.part(w, "2024-05-06")[0], ("CNY", "4.00", "0.00", "28.00"))
        w.invoice("J", 9000, "2024-05-07", order_ids=["O2"])    # more than is lacking
        self.assertEqual(self.part(w, "2024-05-07")[0], ("CNY", "94.00", "0.00", "7.00"))

    def test_goods_to_be_resent_are_not_dispatched(self):
        w = World()
        w.order()
        w.ship("S1", "2024-05-02", [("1", "10")])
        w.give_back("T1", "2024-05-03", [("1", "2")])
        w.give_back("T2", "2024-05-04", [("1", "3")], to_be_resent=True)
        w.give_back("T3", "2024-05-05", [("1", "20")], to_be_resent=True)
        self.assertEqual(self.part(w, "2024-05-03"), [("CNY", "0.00", "8.00", "0.00")])
        self.assertEqual(self.part(w, "2024-05-04"), [("CNY", "0.00", "5.00", "3.00")])
        self.assertEqual(self.part(w, "2024-05-05"), [("CNY", "0.00", "0.00", "10.00")])

    def test_exposure_and_state(self):
        w = World()
        self.profile(w, "2024-01-01", name="n")
        self.profile(w, "2024-05-02", credit_currency="EUR", credit_limit_minor=65)
        self.profile(w, "2024-05-04", credit_currency="EUR")
        self.rate(w, "CNY", "EUR", "2024-05-01", "0.13")
        self.rate(w, "CNY", "EUR", "2024-05-03", "0.129")
        self.rate(w, "EUR", "JPY", "2024-05-01", "160")
        w.invoice("I", 500, "2024-05-01", due_date="2024-05-03")
        w.order("O", "2024-05-01", currency="EUR", lines=(("1", "1", 1),))
        w.pay("P", 3, "2024-05-02", currency="JPY")
        c = self.credit(w, "2024-05-01")
        self.assertEqual((c["credit_currency"], c["credit_limit"], c["exposure"], c["state"]),
                         (None, None, None, "no_limit"))
        c = self.credit(w, "2024-05-02")                # 5.00 * 0.13 = 0.65, and 0.01
        self.assertEqual((c["credit_currency"], c["credit_limit"], c["exposure"], c["unconverted"],
                          c["state"]), ("EUR", "0.65", "0.66", ["JPY"], "over_limit"))
        c = self.credit(w, "2024-05-03")                # 5.00 * 0.129 = 0.645: away from zero
        self.assertEqual((c["exposure"], c["state"]), ("0.66", "over_limit"))
        w.pay("Q", 1, "2024-05-03", currency="EUR")
        c = self.credit(w, "2024-05-03")                # at the limit is not above it
        self.assertEqual((c["exposure"], c["state"]), ("0.65", "ok"))
        self.assertEqual(self.credit(w, "2024-06-02")["state"], "no_limit")     # L = 30
        self.assertEqual(self.credit(w, "2024-06-03")["state"], "overdue")      # L = 31
        self.assertEqual(w.get("/v1/customers/C", "2024-05-02")["credit"], self.credit(w, "2024-05-02"))
        self.assertEqual({k for k in w.kinds("2024-05-02") if k[1] == "C"},
                         {("over_credit_limit", "C"), ("missing_rate", "C")})
        self.assertEqual({k for k in w.kinds("2024-05-03") if k[1] == "C"}, {("missing_rate", "C")})

    def promises(self, w, day):
        return {x["promise_id"]: (x["fulfilled"], x["state"])
                for x in w.get("/v1/customers/C", day)["promises"]}

    def test_promises(self):
        w = World()
        w.invoice("I", 5000)
        w.invoice("J", 5000)
        for id_, at, n, named in (("M", "2024-05-10", 500, ["I", "X"]), ("N", "2024-05-10", 600, []),
                                  ("Z", "2024-05-10", 1, ["J"])):
            w.put("promise_made", at, promise_id=id_, invoice_ids=named, currency="CNY",
                  amount_minor=n, promised_date="2024-05-20")
        w.pay("P0", 200, "2024-05-09", [("I", 200)])
        w.pay("P1", 200, "2024-05-10", [("I", 150)])
        w.pay("P2", 250, "2024-05-23", [("I", 250)])
        w.pay("P3", 900, "2024-05-12", currency="EUR")
        w.pay("P4", 100, "2024-05-22")
        w.allocate("A", "P4", "2024-05-23", [("I", 100)])
        w.allocate("B", "P0", "2024-05-30", [("I", 100)])
        w.put("payment_reversed", "2024-06-01", payment_id="P2", date="2024-06-01")
        w.put("promise_withdrawn", "2024-05-25", promise_id="Z")
        self.assertEqual(self.promises(w, "2024-05-09"), {})
        self.assertEqual(self.promises(w, "2024-05-10"),
                         {"M": ("1.50", "open"), "N": ("2.00", "open"), "Z": ("0.00", "open")})
        self.assertEqual(self.promises(w, "2024-05-23"),
                         {"M": ("5.00", "kept"), "N": ("5.50", "open"), "Z": ("0.00", "open")})
        self.assertEqual(self.promises(w, "2024-05-24"),
                         {"M": ("5.00", "kept"), "N": ("5.50", "partly_kept"), "Z": ("0.00", "broken")})
        self.assertEqual(self.promises(w, "2024-06-01"),
                         {"M": ("2.50", "partly_kept"), "N": ("3.00", "partly_kept"),
                          "Z": ("0.00", "withdrawn")})

    def test_promises_and_what_a_refund_took_back(self):
        w = World()
        w.invoice("I", 5000)
        for id_, named in (("M", ["I"]), ("N", [])):
            w.put("promise_made", "2024-05-10", promise_id=id_, invoice_ids=named, currency="CNY",
                  amount_minor=500, promised_date="2024-05-20")
        w.pay("P", 500, "2024-05-12", [("I", 500)])
        w.put("refund_paid", "2024-05-14", refund_id="F", payment_id="P", currency="CNY",
              amount_minor=200, value_date="2024-05-14")
        self.assertEqual(self.promises(w, "2024-05-13"), {"M": ("5.00", "kept"), "N": ("5.00", "kept")})
        self.assertEqual(self.promises(w, "2024-05-14"), {"M": ("3.00", "open"), "N": ("5.00", "kept")})
        self.assertEqual(self.promises(w, "2024-05-24")["M"], ("3.00", "partly_kept"))

    def test_minimum(self):
        w = self.collections()          # open less disputed: C 600, 300, 0; D 200; JPY 7; KWD 75
        for least, want in (("0", {("A", "KWD"), ("C", "CNY"), ("D", "CNY"), ("D", "JPY")}),
                            ("0.076", {("C", "CNY"), ("D", "CNY"), ("D", "JPY")}),
                            ("2", {("C", "CNY"), ("D", "CNY"), ("D", "JPY")}),
                            ("2.000001", {("C", "CNY"), ("D", "JPY")}), ("7.1", set())):
            for view in ("worklist", "dunning"):
                rows = w.get("/v1/receivables/" + view, "2024-05-11", minimum=least)["rows"]
                self.assertEqual({(r["customer_id"], r["currency"]) for r in rows}, want, (view, least))
        r = w.get("/v1/receivables/worklist", "2024-05-11", minimum="3.01", currency="CNY")["rows"][0]
        self.assertEqual((r["score"], r["overdue"], r["disputed_overdue"], r["oldest_days_overdue"]),
                         ("60.00", "10.00", "4.00", 10))
        r = w.get("/v1/receivables/dunning", "2024-05-11", minimum="3.01", currency="CNY")["rows"][0]
        self.assertEqual((r["amount"], [x["document_id"] for x in r["items"]]), ("6.00", ["I"]))

    def collections(self):
        w = World()
        w.invoice("I", 1000, "2024-04-01", due_date="2024-05-01")
        w.put("invoice_disputed", "2024-05-02", dispute_id="d", invoice_id="I", amount_minor=400)
        w.invoice("J", 300, "2024-04-01", due_date="2024-05-06")
        w.invoice("K", 300, "2024-04-01", due_date="2024-05-11")
        w.invoice("L", 50, "2024-04-01", due_date="2024-04-01")
        w.put("invoice_disputed", "2024-05-02", dispute_id="d", invoice_id="L")
        w.pay("P", 5000, "2024-05-01")
        w.invoice("I", 200, "2024-04-01", due_date="2024-04-02", c="D")
        w.invoice("I2", 7, "2024-04-01", due_date="2024-05-08", c="D", currency="JPY")
        w.invoice("I", 75, "2024-04-01", due_date="2024-05-01", c="A", currency="KWD")
        w.put("promise_made", "2024-05-02", c="D", promise_id="M", currency="JPY", amount_minor=7,
              promised_date="2024-05-09")
        return w

    def test_worklist(self):
        w = self.collections()
        rows = w.get("/v1/receivables/worklist", "2024-05-11")["rows"]
        # C: (1,000 - 400) * 10 + 300 * 5; D: 200 * 39, and 7 JPY * 3; A: 0.075 KWD * 10
        self.assertEqual([(r["rank"], r["customer_id"], r["currency"], r["score"], r["overdue"],
                           r["disputed_overdue"], r["oldest_days_overdue"]) for r in rows], [
            (1, "D", "CNY", "78.00", "2.00", "0.00", 39),
            (2, "C", "CNY", "75.00", "13.50", "4.50", 40),
            (1, "D", "JPY", "21", "7", "0", 3),
            (1, "A", "KWD", "0.750", "0.075", "0.000", 10)])
        self.assertEqual(rows[2]["promises"], [{
            "promise_id": "M", "currency": "JPY", "amount": "7", "promised_date": "2024-05-09",
            "fulfilled": "0", "state": "open"}])
        r = w.get("/v1/receivables/worklist", "2024-05-11", grace_days="1", currency="JPY")["rows"]
        self.assertEqual(r[0]["promises"][0]["state"], "broken")
        r = w.get("/v1/receivables/worklist", "2024-05-11", aged_on="2024-04-03")["rows"]
        self.assertEqual([(x["customer_id"], x["score"]) for x in r], [("D", "2.00")])

    def test_notes_for_who_calls(self):
        w = self.collections()
        w.pay("Q", 900, "2024-05-08")
        w.pay("R", 30, "2024-05-08", currency="JPY")
        w.pay("S", 100, "2024-05-09")
        w.put("payment_reversed", "2024-05-10", payment_id="S", date="2024-05-10")
        w.pay("T", 200, "2024-05-12")
        w.put("invoice_disputed", "2024-05-03", dispute_id="e", invoice_id="J", amount_minor=700, reason_code="PRICE")
        w.put("invoice_disputed", "2024-05-03", dispute_id="f", invoice_id="J", amount_minor=1)
        w.put("dispute_resolved", "2024-05-11", dispute_id="f", invoice_id="J", outcome="REJECTED")
        for view in ("worklist", "dunning"):
            rows = w.get("/v1/receivables/" + view, "2024-05-11", details="true")["rows"]
            notes = {(r["customer_id"], r["currency"]): (r["last_payment"], r["disputes"]) for r in rows}
            self.assertEqual(notes["D", "CNY"], (None, []))
            last, disputes = notes["C", "CNY"]
            self.assertEqual(last, {"date": "2024-05-08", "amount": "9.00"})
            self.assertEqual([(d["invoice_id"], d["dispute_id"], d["reason_code"], d["from"], d["amount"]) for d in disputes], [
                ("I", "d", None, "2024-05-02", "4.00"), ("J", "e", "PRICE", "2024-05-03", "3.00"),
                ("L", "d", None, "2024-05-02", "0.50")])
            rows = w.get("/v1/receivables/" + view, "2024-05-09", details="true")["rows"]
            self.assertEqual([r["last_payment"] for r in rows if (r["customer_id"], r["currency"]) == ("C", "CNY")],
                             [{"date": "2024-05-09", "amount": "1.00"}])
            self.assertNotIn("disputes", w.get("/v1/receivables/" + view, "2024-05-11")["rows"][0])

    def test_worklist_in_a_base_currency(self):
        w = self.collections()
        self.rate(w, "CNY", "EUR", "2024-05-01", "0.13")
        self.rate(w, "JPY", "EUR", "2024-05-01", "0.6")
        rows = w.get("/v1/receivables/worklist", "2024-05-11", base_currency="EUR")["rows"]
        self.assertEqual([(r["rank"], r["customer_id"], r["currency"], r["score"]) for r in rows], [
            (1, "D", "JPY", "12.60"), (2, "D", "CNY", "10.14"), (3, "C", "CNY", "9.75"),
            (None, "A", "KWD", None)])

    def test_dunning(self):
        w = self.collections()
        rows = w.get("/v1/receivables/dunning", "2024-05-11")["rows"]
        self.assertEqual([(r["customer_id"], r["currency"], r["level"], r["amount"],
                           r["oldest_days_overdue"]) for r in rows], [
            ("A", "KWD", 1, "0.075", 10), ("C", "CNY", 1, "9.00", 10), ("D", "CNY", 3, "2.00", 39),
            ("D", "JPY", 1, "7", 3)])
        self.assertEqual([(x["document_id"], x["instalment"], x["due_date"], x["days_overdue"],
                           x["amount"]) for x in rows[1]["items"]],
                         [("I", 1, "2024-05-01", 10, "6.00"), ("J", 1, "2024-05-06", 5, "3.00")])
        rows = w.get("/v1/receivables/dunning", "2024-05-11", levels="10,39,40")["rows"]
        self.assertEqual([(r["customer_id"], r["level"]) for r in rows], [("A", 1), ("C", 1), ("D", 2)])


class Anomalies(unittest.TestCase):
    def about(self, w, kind, day="2024-12-31"):
        return [(x["document_id"], x["event"]["type"], x["event"]["offset"])
                for x in w.get("/v1/anomalies", day)["anomalies"] if x["kind"] == kind]

    def test_payment_before_invoice(self):
        w = World()
        w.invoice("I", 100, "2024-05-10")
        w.pay("P", 100, "2024-05-09")
        w.pay("Q", 10, "2024-05-10", [("I", 10)])
        w.allocate("A", "P", "2024-05-01", [("I", 50)])
        w.credit("N", 10, "2024-05-01", "I")
        w.pay("R", 10, "2024-05-01")                          # a prepayment, allocated in time
        w.allocate("B", "R", "2024-05-10", [("I", 10)])
        self.assertEqual(self.about(w, "payment_before_invoice", "2024-05-09"), [])
        self.assertEqual(self.about(w, "payment_before_invoice", "2024-05-10"),
                         [("P", "payment_allocated", 2)])

    def test_invoiced_over_ordered(self):
        w = World()
        w.order(lines=(("1", "4", 1000),))
        w.invoice("I", 1000, "2024-05-03", order_ids=["O"], tax_minor=130)     # the net is compared
        w.invoice("J", 500, "2024-05-04", order_ids=["O"], currency="EUR")
        w.put("order_cancelled", "2024-05-05", order_id="O")
        w.put("invoice_voided", "2024-05-06", invoice_id="I", date="2024-05-06")
        for day, want in (("2024-05-04", []), ("2024-05-05", [("O", "order_placed", 0)]),
                          ("2024-05-06", [])):
            self.assertEqual(self.about(w, "invoiced_over_ordered", day), want, day)

    def test_shipped_and_returned(self):
        w = World()
        w.order(lines=(("1", "4", 1000),))
        w.ship("S1", "2024-05-02", [("1", "4")])
        w.ship("S2", "2024-05-03", [("1", "1")])
        w.give_back("T1", "2024-05-04", [("1", "1")])
        w.give_back("T2", "2024-05-05", [("1", "5")])
        w.ship("S3", "2024-05-06", [("2", "1")])
        for day, shipped, returned in (("02", 0, 0), ("03", 1, 0), ("04", 0, 0), ("05", 0, 1),
                                       ("06", 1, 1)):
            self.assertEqual((len(self.about(w, "shipped_over_ordered", "2024-05-" + day)),
                              len(self.about(w, "returned_over_dispatched", "2024-05-" + day))),
                             (shipped, returned), day)

    def test_delivered_not_invoiced(self):
        w = World()
        w.order()
        w.order("O2", lines=(("1", "1", 0),))
        for o in ("O", "O2"):
            w.ship("S", "2024-05-02", [("1", "10")], order=o)
            w.deliver("S", "2024-05-03", order=o)
        self.assertEqual(self.about(w, "delivered_not_invoiced", "2024-05-10"), [])
        self.assertEqual(self.about(w, "delivered_not_invoiced", "2024-05-11"),
                         [("O", "order_placed", 0)])
        w.invoice("I", 1, "2024-05-11", order_ids=["O"])
        self.assertEqual(self.about(w, "delivered_not_invoiced", "2024-05-11"), [])
        w.config.expect = ("orders", "shipments", "payments")
        w.records.pop()
        self.assertEqual(self.about(w, "delivered_not_invoiced", "2024-05-11"), [])

    def test_shipped_without_proof(self):
        w = World()
        for o in ("O1", "O2", "O3"):
            w.order(o)
        w.ship("S", "2024-05-02", [("1", "9")], order="O1")
        w.ship("S", "2024-05-03", [("1", "9")], order="O2")
        w.ship("R", "2024-05-03", [("1", "9")], order="O3")
        w.give_back("T", "2024-05-17", [("1", "9")], shipment="R", order="O3")
        w.deliver("S", "2024-05-18", order="O1")
        for day, want in (("2024-05-16", []), ("2024-05-17", [("S", "shipment_dispatched", 0)]),
                          ("2024-05-18", [("S", "shipment_dispatched", 1)])):
            self.assertEqual(self.about(w, "shipped_without_proof_of_delivery", day), want, day)

    def test_invoice_not_received(self):
        w = World()
        w.invoice("I", 100, "2024-05-01")
        w.invoice("J", 100, "2024-05-01")
        w.put("invoice_delivered", "2024-05-20", invoice_id="I")
        w.put("invoice_voided", "2024-05-21", invoice_id="J", date="2024-05-21")
        for day, want in (("15", []), ("16", ["I", "J"]), ("20", ["J"]), ("21", [])):
            self.assertEqual([x[0] for x in self.about(w, "invoice_not_received", "2024-05-" + day)],
                             want, day)

    def test_milestones_out_of_order(self):
        w = World()
        w.order(at="2024-05-02")
        w.put("order_ready", "2024-05-03", order_id="O")
        w.put("order_confirmed", "2024-05-04", order_id="O")
        w.order("O2", at="2024-05-05")
        w.invoice("I", 1, "2024-05-06", order_ids=["O2"], at="2024-05-04")
        for day, want in (("03", []), ("04", ["O"]), ("05", ["O", "O2"])):
            self.assertEqual([x[0] for x in self.about(w, "milestones_out_of_order", "2024-05-" + day)],
                             want, day)


class Reconciliation(unittest.TestCase):
    def lines(self, w, rows, day="2024-05-31", **more):
        text = "customer_id,document_id,currency,amount\r\n" + "".join(r + "\r\n" for r in rows)
        a = plain(views.answer(w.oracle(), "/v1/receivables/reconciliation",
                               dict(more, date=day, csv=text)))
        return [(x["customer_id"], x["document_id"], x["theirs"], x["ours"], x["difference"],
                 x["state"], [r["event_id"] for r in x["explained_by"]]) for x in a["lines"]]

    def test_accounts(self):
        w = World()
        w.invoice("I", 1000, "2024-04-29", id="i")              # 32 days before
        w.invoice("J", 300, "2024-04-30", id="j")
        w.invoice("K", 200, "2024-05-25", id="k")
        w.pay("P", 400, "2024-05-26", [("K", 200)], id="p", at="2024-05-26")
        w.invoice("L", 50, "2024-05-27", id="l")
        w.invoice("M", 100, "2024-06-01", id="m")               # not yet
        for theirs, state, difference, explained in (
                ("11.50", "agrees", "0.00", []), ("9.50", "differs", "2.00", ["k"]),
                ("6.50", "differs", "5.00", ["j", "k"]), ("10.5", "differs", "1.00", ["j", "k", "p"]),
                ("1.50", "differs", "10.00", []), ("10.00", "differs", "1.50", []),
                ("15.00", "differs", "-3.50", ["l", "p"]), ("12.50", "differs", "-1.00", ["j", "p"])):
            (_, _, _, ours, diff_, state_, refs), = self.lines(w, ["C,,CNY," + theirs])
            self.assertEqual((ours, state_, diff_, sorted(refs)),
                             ("11.50", state, difference, explained), theirs)
        self.assertEqual(self.lines(w, ["C,,KWD,0.005", "D,,CNY,-1", "C,,JPY,0"]), [
            ("C", None, "0.005", "0.000", "-0.005", "differs", []),
            ("D", None, "-1.00", "0.00", "1.00", "missing_here", []),
            ("C", None, "0", "0", "0", "agrees", []),
            ("C", None, None, "11.50", "11.50", "missing_there", [])])
        self.assertEqual(self.lines(w, ["C,,JPY,0"], partial="true"), [("C", None, "0", "0", "0", "agrees", [])])
        self.assertEqual([x[5] for x in self.lines(w, ["C,,JPY,0"], only="differences")], ["missing_there"])

    def test_documents(self):
        w = World()
        w.invoice("I", 100, "2024-05-01", id="i")
        w.pay("R", 40, "2024-05-02", [("I", 40)])
        w.pay("S", 30, "2024-05-03", id="s")
        w.invoice("J", 70, "2024-05-04", id="j")
        w.put("invoice_written_off", "2024-05-05", id="w", write_off_id="W", invoice_id="J",
              amount_minor=20, date="2024-05-05")
        w.invoice("K", 70, "2024-06-04")
        w.invoice("I", 100, "2024-05-01", c="D")
        self.assertEqual(self.lines(w, ["C,I,CNY,1.00", "C,J,CNY,0.70", "C,K,CNY,0.70", "C,X,CNY,0.10",
                                        "D,,CNY,1"]), [
            ("C", "I", "1.00", "0.60", "-0.40", "differs", []),     # an allocation is no entry
            ("C", "J", "0.70", "0.50", "-0.20", "differs", ["w"]),
            ("C", "K", "0.70", "0.00", "-0.70", "missing_here", []),
            ("C", "X", "0.10", "0.00", "-0.10", "missing_here", []),
            ("D", None, "1.00", "1.00", "0.00", "agrees", []),
            ("C", "S", None, "-0.30", "-0.30", "missing_there", ["s"])])


class Cycle(unittest.TestCase):
    def test_dispatched_in_parts(self):
        w = World()
        w.order(lines=(("1", "10", 1000), ("2", "5", 500)))
        w.ship("S1", "2024-05-03", [("1", "10")])
        w.ship("S2", "2024-05-05", [("2", "2.5"), ("9", "7")])
        w.ship("S3", "2024-05-06", [("2", "2.5")])
        m = w.milestones("2024-05-05")
        self.assertEqual(m, {"placed": "2024-05-01T08:00:00Z", "first_dispatched": "2024-05-03T08:00:00Z"})
        self.assertEqual(w.milestones()["dispatched"], "2024-05-06T08:00:00Z")
        w.give_back("T", "2024-05-06", [("1", "10")])
        self.assertEqual(w.milestones()["dispatched"], "2024-05-06T08:00:00Z")

    def test_cancelling_the_rest_makes_it_dispatched_earlier(self):
        w = World()
        w.order(lines=(("1", "10", 1000), ("2", "5", 500)))
        w.ship("S1", "2024-05-03", [("1", "4")])
        w.put("order_cancelled", "2024-05-04", order_id="O")
        w.ship("S2", "2024-05-05", [("1", "6")])
        p = w.get("/v1/orders/O")
        self.assertEqual([(x["line_id"], x["quantity"], x["remaining_quantity"], x["dispatched"])
                          for x in p["lines"]], [("1", "10", "4", "10"), ("2", "5", "0", "0")])
        self.assertEqual(p["milestones"]["dispatched"], "2024-05-03T08:00:00Z")
        self.assertNotIn("dispatched", w.milestones("2024-05-03"))

    def test_wholly_cancelled_is_never_dispatched(self):
        w = World()
        w.order()
        w.put("order_cancelled", "2024-05-02", order_id="O", line_ids=["1"])
        w.ship("S1", "2024-05-03", [("1", "10")])
        w.deliver("S1", "2024-05-04")
        self.assertEqual(set(w.milestones()), {"placed", "first_dispatched"})

    def test_a_change_after_a_cancellation_sets_lines_anew(self):
        w = World()
        w.order()
        w.change("2024-05-03", (("2", "3", 300),))
        w.put("order_cancelled", "2024-05-02", order_id="O")
        self.assertEqual([x["remaining_quantity"] for x in w.get("/v1/orders/O", "2024-05-02")["lines"]],
                         ["0"])
        self.assertEqual([(x["line_id"], x["remaining_quantity"])
                          for x in w.get("/v1/orders/O")["lines"]], [("2", "3")])

    def test_delivered_needs_every_proof(self):
        w = World()
        w.order()
        w.ship("S1", "2024-05-03", [("1", "4")])
        w.ship("S2", "2024-05-04", [("1", "6")])
        w.deliver("S2", "2024-05-06")
        self.assertNotIn("delivered", w.milestones())
        w.deliver("S1", "2024-05-09")
        w.deliver("S1", "2024-05-08")        # the earliest is the proof
        self.assertEqual(w.milestones()["delivered"], "2024-05-08T08:00:00Z")

    def test_a_shipment_that_came_back_whole_is_left_out(self):
        w = World()
        w.order()
        w.ship("S1", "2024-05-03", [("1", "4")])
        w.ship("S2", "2024-05-04", [("1", "6")])
        w.deliver("S2", "2024-05-06")
        w.give_back("T1", "2024-05-07", [("1", "3")], "S1")
        self.assertNotIn("delivered", w.milestones())
        w.give_back("T2", "2024-05-08", [("1", "1")], "S1")
        self.assertEqual(w.milestones()["delivered"], "2024-05-06T08:00:00Z")

    def test_nothing_before_the_placed_date_but_instants_stay(self):
        w = World()
        w.order(at="2024-05-10")
        w.ship("S1", "2024-05-03", [("1", "10")])
        w.deliver("S1", "2024-05-04")
        self.assertEqual(w.cycle("2024-05-09", "first_dispatched..delivered"), [])
        self.assertEqual(w.sales("2024-05-09")["rows"], [])
        r, = w.cycle("2024-05-10", "first_dispatched..delivered")
        self.assertEqual((r["n"], r["total_seconds"]), (1, 86400))
        r, = w.cycle("2024-05-10")
        self.assertEqual((r["n"], r["out_of_order"], r["mean_seconds"]), (0, 1, None))
        self.assertEqual(w.sales(grain="day")["rows"][0]["period"], "2024-05-03")

    def test_paid(self):
        w = World()
        w.order()
        w.ship("S", "2024-05-02", [("1", "10")])
        w.invoice("I", 1000, "2024-05-03", order_ids=["O"], at="2024-05-04")
        w.invoice("D", 50, "2024-05-03", order_ids=["O"], kind="DEBIT_NOTE")
        w.pay("P", 990, "2024-05-10", [("I", 990)], at="2024-05-12")
        self.assertNotIn("paid", w.milestones())
        w.put("invoice_written_off", "2024-05-11", write_off_id="W", invoice_id="I",
              amount_minor=10, date="2024-05-20", kind="SMALL_DIFFERENCE")
        self.assertEqual(w.milestones("2024-05-20")["paid"], "2024-05-12T08:00:00Z")
        self.assertNotIn("paid", w.milestones("2024-05-19"))
        self.assertEqual(w.milestones()["invoiced"], "2024-05-04T08:00:00Z")
        w.put("write_off_recovered", "2024-05-25", recovery_id="R", write_off_id="W",
              invoice_id="I", amount_minor=10, date="2024-05-25")
        self.assertNotIn("paid", w.milestones())
        w.pay("Q", 20, "2024-05-26", [("I", 20)])
        self.assertEqual(w.milestones()["paid"], "2024-05-26T08:00:00Z")

    def test_a_bad_debt_is_not_paid(self):
        w = World()
        w.order()
        w.ship("S", "2024-05-02", [("1", "10")])
        w.invoice("I", 1000, "2024-05-03", order_ids=["O"])
        w.put("invoice_written_off", "2024-05-11", write_off_id="W", invoice_id="I",
              amount_minor=1000, date="2024-05-11")
        self.assertNotIn("paid", w.milestones())

    def test_statistics_and_stages(self):
        w = World()
        for i, hours in enumerate((10, 20, 40)):
            id_ = "O%d" % i
            w.order(id_)
            w.ship("S", "2024-05-01T10:00:00Z", [("1", "10")], order=id_)
            w.deliver("S", "2024-05-%02dT%02d:00:00Z" % (1 + (8 + hours) // 24, (8 + hours) % 24),
                      order=id_)
        w.put("order_confirmed", "2024-05-01T09:00:00Z", order_id="O0")
        w.put("order_confirmed", "2024-05-09T09:00:00Z", order_id="O1")     # after its end
        r, = w.cycle()
        self.assertEqual((r["n"], r["total_seconds"], r["mean_seconds"], r["min_seconds"],
                          r["p50_seconds"], r["p90_seconds"], r["max_seconds"]),
                         (3, 252000, 84000, 36000, 72000, 144000, 144000))
        self.assertEqual([(s["from"], s["to"], s["total_seconds"]) for s in r["stages"]],
                         [("placed", "confirmed", 3600), ("confirmed", "ready", 0),
                          ("ready", "first_dispatched", 3600 + 7200 + 7200),
                          ("first_dispatched", "dispatched", 0),
                          ("dispatched", "delivered", 252000 - 3600 - 18000)])
        self.assertEqual([(h["le_seconds"], h["count"]) for h in r["histogram"] if h["count"]],
                         [(43200, 1), (86400, 1), (172800, 1)])
        self.assertEqual([(x["period"], x["n"]) for x in w.cycle(grain="day")],
                         [("2024-05-01", 1), ("2024-05-02", 1), ("2024-05-03", 1)])

    def test_goods_to_be_resent_are_lacking_again(self):
        w = World()
        w.order()
        w.ship("S1", "2024-05-03", [("1", "10")])
        w.deliver("S1", "2024-05-04")
        w.give_back("T1", "2024-05-06", [("1", "2")], "S1", to_be_resent=True)
        self.assertEqual(w.milestones("2024-05-05")["delivered"], "2024-05-04T08:00:00Z")
        self.assertEqual(set(w.milestones("2024-05-06")), {"placed", "first_dispatched"})
        w.ship("S2", "2024-05-08", [("1", "2")])
        m = w.milestones("2024-05-08")
        self.assertEqual(m["dispatched"], "2024-05-08T08:00:00Z")
        self.assertNotIn("delivered", m)
        w.deliver("S2", "2024-05-09")
        self.assertEqual(w.milestones()["delivered"], "2024-05-09T08:00:00Z")
        w.give_back("T2", "2024-05-10", [("1", "3")], "S1")              # not wanted any more
        self.assertEqual(w.milestones()["delivered"], "2024-05-09T08:00:00Z")

    def test_resent_before_the_order_was_complete(self):
        w = World()
        w.order(lines=(("1", "10", 1000), ("2", "1", 10)))
        w.ship("S1", "2024-05-03", [("1", "10")])
        w.give_back("T1", "2024-05-04", [("1", "1")], to_be_resent=True)
        w.ship("S2", "2024-05-05", [("2", "1")])
        self.assertNotIn("dispatched", w.milestones())
        w.put("order_cancelled", "2024-05-06", order_id="O", line_ids=["1"])    # 9 went out net
        p = w.get("/v1/orders/O")
        self.assertEqual([x["remaining_quantity"] for x in p["lines"]], ["9", "1"])
        # After the 4th nine of line 1 were out; line 2 on the 5th.
        self.assertEqual(p["milestones"]["dispatched"], "2024-05-05T08:00:00Z")

    def test_more_back_than_out_is_not_below_zero_in_a_cancellation(self):
        w = World()
        w.order()
        w.ship("S1", "2024-05-03", [("1", "2")])
        w.give_back("T1", "2024-05-04", [("1", "5")], to_be_resent=True)
        w.put("order_cancelled", "2024-05-05", order_id="O")
        self.assertEqual(w.get("/v1/orders/O")["lines"][0]["remaining_quantity"], "0")

    def test_what_leaves_after_completion_does_not_reopen(self):
        w = World()
        w.order()
        w.ship("S1", "2024-05-03", [("1", "10")])
        w.give_back("T1", "2024-05-05", [("1", "2")], "S1")
        w.ship("S2", "2024-05-06", [("1", "2")])                 # a replacement
        self.assertNotIn("delivered", w.milestones())
        w.deliver("S1", "2024-05-07")
        self.assertEqual(w.milestones()["delivered"], "2024-05-07T08:00:00Z")
        w.deliver("S2", "2024-05-09")
        self.assertEqual(w.milestones()["delivered"], "2024-05-07T08:00:00Z")

    def test_all_came_back_whole_then_the_first_proof_of_a_later_one(self):
        w = World()
        w.order()
        w.ship("S1", "2024-05-03", [("1", "10")])
        w.give_back("T1", "2024-05-05", [("1", "10")], "S1")
        self.assertNotIn("delivered", w.milestones())
        w.ship("S2", "2024-05-06", [("1", "10")])
        w.ship("S3", "2024-05-07", [("1", "1")])
        w.deliver("S3", "2024-05-08")
        w.deliver("S2", "2024-05-09")
        self.assertEqual(w.milestones()["delivered"], "2024-05-08T08:00:00Z")

    def on_time(self, w, as_of="2024-12-31", **q):
        q = dict({"from_": "2020-01-01", "to": "2030-01-01", "grain": "year"}, **q)
        r, = w.get("/v1/order-cycle/on-time", as_of, **q)["rows"]
        return {k: r[k] for k in views.ON_TIME if r[k]}, r["otif_rate"]

    def test_on_time_in_full(self):
        w = World()
        for id_ in ("O1", "O2", "O3", "O4", "O5"):
            w.order(id_, requested_date="2024-05-10")
        w.order("O6")
        w.ship("S", "2024-05-09", [("1", "10")], order="O1")
        w.deliver("S", "2024-05-10", order="O1")
        w.ship("S", "2024-05-02", [("1", "4")], order="O2")          # the rest is cancelled
        w.deliver("S", "2024-05-03", order="O2")
        w.put("order_cancelled", "2024-05-04", order_id="O2")
        w.put("order_cancelled", "2024-05-04", order_id="O3")
        w.ship("S1", "2024-05-02", [("1", "10")], order="O4")        # an exchange
        w.deliver("S1", "2024-05-03", order="O4")
        w.give_back("T1", "2024-05-05", [("1", "2")], "S1", order="O4", to_be_resent=True)
        w.ship("S2", "2024-05-06", [("1", "2")], order="O4")
        self.assertEqual(self.on_time(w, "2024-05-10"), (
            {"due": 2, "early": 1, "on_day": 1, "pending": 2, "no_date": 1, "in_full": 1, "otif": 1},
            "0.5000"))
        self.assertEqual(self.on_time(w, "2024-05-11"), (
            {"due": 4, "early": 1, "on_day": 1, "late": 2, "open_late": 2, "no_date": 1, "in_full": 1,
             "otif": 1}, "0.2500"))
        w.deliver("S2", "2024-05-12", order="O4")
        self.assertEqual(self.on_time(w), (
            {"due": 4, "early": 1, "on_day": 1, "late": 2, "open_late": 1, "no_date": 1, "in_full": 2,
             "otif": 1}, "0.2500"))
        # Returned of a shipment without proof: nothing that was delivered.
        w.ship("S3", "2024-05-13", [("1", "1")], order="O4")
        w.give_back("T2", "2024-05-14", [("1", "1")], "S3", order="O4", to_be_resent=True)
        self.assertEqual(self.on_time(w)[0]["in_full"], 2)
        w.give_back("T3", "2024-05-15", [("1", "1")], order="O4", to_be_resent=True)
        self.assertEqual(self.on_time(w)[0].get("in_full"), 1)

    def test_what_is_not_proven_was_not_delivered_and_cannot_come_back(self):
        w = World()
        w.order(lines=(("1", "12", 1000),), requested_date="2024-05-10")
        w.ship("S1", "2024-05-02", [("1", "8")])
        w.ship("S2", "2024-05-02", [("1", "6")])
        w.give_back("T1", "2024-05-03", [("1", "4")], "S1", to_be_resent=True)
        w.put("order_cancelled", "2024-05-04", order_id="O")
        w.deliver("S2", "2024-05-05")
        self.assertEqual(self.on_time(w, "2024-05-05")[0], {"pending": 1})
        w.deliver("S1", "2024-05-06")
        self.assertEqual(self.on_time(w), ({"due": 1, "early": 1}, "0.0000"))
        w.ship("S3", "2024-05-07", [("1", "2")])
        w.deliver("S3", "2024-05-08")
        self.assertEqual(self.on_time(w), ({"due": 1, "early": 1, "in_full": 1, "otif": 1}, "1.0000"))

    def test_no_date_is_placed_when_it_was(self):
        w = World()
        w.order("O1", "2023-05-01", requested_date="2024-05-10")
        self.assertEqual(self.on_time(w, promise="last", grain="day", to="2023-12-31"), ({"no_date": 1}, None))
        w.put("order_confirmed", "2023-05-02", order_id="O1", promised_date="2024-06-10")
        w.put("order_delayed", "2023-05-04", order_id="O1", stage="PRODUCE", reason_code="r",
              promised_date="2024-08-10")
        for promise, day in (("requested", "2024-05-10"), ("first", "2024-06-10"), ("last", "2024-08-10")):
            r, = w.get("/v1/order-cycle/on-time", "2024-12-31", from_="2020-01-01", to="2030-01-01",
                       grain="day", promise=promise)["rows"]
            self.assertEqual((r["period"], r["open_late"]), (day, 1))

    def factors(self, w, as_of="2024-12-31", **q):
        q = dict({"period": "2024-05", "baseline": "2024-04", "cycle": "placed..confirmed"}, **q)
        return w.get("/v1/order-cycle/factors", as_of, **q)

    def confirmed(self, w, id_, day, seconds, **p):
        w.order(id_, "%sT00:00:00Z" % day, **p)
        w.put("order_confirmed", "%sT%02d:%02d:%02dZ" % (day, seconds // 3600, seconds // 60 % 60, seconds % 60),
              order_id=id_)

    def test_factors_split_the_change(self):
        w = World()
        self.confirmed(w, "A1", "2024-04-01", 1000, region="N")
        for id_ in ("A2", "A3", "A4"):
            self.confirmed(w, id_, "2024-04-01", 200, region="S")
        for id_ in ("B1", "B2", "B3"):
            self.confirmed(w, id_, "2024-05-01", 900, region="N")
        self.confirmed(w, "B4", "2024-05-01", 100, region="S")
        whole = self.factors(w)
        r, = whole["rows"]
        self.assertEqual((r["n"], r["baseline_n"], r["mean_seconds"], r["baseline_mean_seconds"], r["change_seconds"]),
                         (4, 4, 700, 400, 300))
        self.assertEqual(whole["mix"], {"within_seconds": 300, "mix_seconds": 0, "groups": [
            {"group": "", "within_seconds": 300, "mix_seconds": 0}]})
        parts = self.factors(w, group_by="region")
        self.assertEqual([(r["group"], r["change_seconds"]) for r in parts["rows"]], [("N", -100), ("S", -100)])
        self.assertEqual(parts["mix"], {"within_seconds": -100, "mix_seconds": 400, "groups": [
            {"group": "N", "within_seconds": -75, "mix_seconds": 500},
            {"group": "S", "within_seconds": -25, "mix_seconds": -100}]})

    def test_factors_of_a_group_without_baseline(self):
        w = World()
        self.confirmed(w, "A1", "2024-04-01", 200, channel="a")
        self.confirmed(w, "B1", "2024-05-01", 200, channel="a")
        self.confirmed(w, "B2", "2024-05-01", 600, channel="b")
        got = self.factors(w, group_by="channel")
        self.assertEqual([(r["group"], r["baseline_mean_seconds"], r["change_seconds"]) for r in got["rows"]],
                         [("a", 200, 0), ("b", None, None)])
        self.assertEqual(got["mix"], {"within_seconds": 200, "mix_seconds": 0, "groups": [
            {"group": "a", "within_seconds": 0, "mix_seconds": -100},
            {"group": "b", "within_seconds": 200, "mix_seconds": 100}]})
        self.assertEqual(self.factors(w, baseline="2023")["mix"],
                         {"within_seconds": None, "mix_seconds": None, "groups": []})

    def test_parts_add_up_as_shown(self):
        third, sixth = Fraction(1, 3000), Fraction(1, 6000)
        for whole, parts, shown in ((1, (third, third, third), (1, 0, 0)),
                                    (2, (2 * third, 2 * third, 2 * third), (0, 1, 1)),
                                    (-1, (-third, -third, -third), (-1, 0, 0)),
                                    (0, (third, -third), (0, 0)), (1, (sixth, 5 * sixth), (0, 1)),
                                    (1, (Fraction(1, 2000), Fraction(1, 2000)), (0, 1))):
            self.assertEqual(tuple(views.parts_of(whole, dict(enumerate(parts))).values()), shown)

    def test_reasons_are_those_of_the_periods_orders(self):
        w = World()
        self.confirmed(w, "A", "2024-04-01", 9)
        self.confirmed(w, "B", "2024-05-01", 9)
        for at, order, stage, code in (("2024-04-01", "A", "DELIVER", "x"), ("2024-05-01", "B", "DELIVER", "x"),
                                       ("2024-05-02", "B", "DELIVER", "x"), ("2024-06-09", "B", "CONFIRM", "y")):
            w.put("order_delayed", at, order_id=order, stage=stage, reason_code=code)
        self.assertEqual(self.factors(w)["reasons"], [
            {"stage": "CONFIRM", "reason_code": "y", "events": 1, "orders": 1},
            {"stage": "DELIVER", "reason_code": "x", "events": 2, "orders": 1}])
        self.assertEqual(self.factors(w, "2024-06-08")["reasons"], [
            {"stage": "DELIVER", "reason_code": "x", "events": 2, "orders": 1}])

    def test_orders_of_a_figure_add_up_to_it(self):
        w = World()
        self.confirmed(w, "A", "2024-05-01", 9)
        w.order("B", "2024-05-05")
        w.put("order_confirmed", "2024-05-04", order_id="B")
        self.confirmed(w, "C", "2024-06-01", 5)
        q = {"from_": "2024-01-01", "to": "2024-12-31", "cycle": "placed..confirmed"}
        got = w.get("/v1/order-cycle/orders", **q, period="2024-05")
        self.assertEqual([(x["order_id"], x["seconds"], x["out_of_order"]) for x in got["orders"]],
                         [("A", 9, False), ("B", -86400, True)])
        self.assertEqual(got["totals"], {"n": 1, "total_seconds": 9, "out_of_order": 1})
        self.assertEqual(w.get("/v1/order-cycle/orders", **q)["totals"]["total_seconds"], 14)

    def open(self, w, as_of="2024-12-31", **q):
        return [(x["order_id"], x["last_milestone"], x["waiting_for"], x["days_waiting"], x["promised_date"],
                 x["late"], x["stage_p90_seconds"])
                for x in plain(w.get("/v1/order-cycle/open", as_of, **q))["orders"]]

    def test_open_orders(self):
        w = World()
        w.order("O1", "2024-05-01", requested_date="2024-05-10")
        w.order("O2", "2024-05-02")
        w.put("order_ready", "2024-05-04", order_id="O2")
        w.invoice("I", 1000, "2024-05-05", order_ids=["O2"])
        w.order("O3", "2024-05-02")
        w.put("order_cancelled", "2024-05-04", order_id="O3")
        w.order("O4", "2024-05-02")
        w.ship("S4", "2024-05-05", [("1", "10")], order="O4")
        self.assertEqual(self.open(w, "2024-05-10"), [
            ("O1", "placed", "confirmed", 9, "2024-05-10", False, None),
            ("O2", "ready", "first_dispatched", 6, None, False, None),
            ("O4", "dispatched", "delivered", 5, None, False, None)])
        w.deliver("S4", "2024-05-07", order="O4")
        self.assertEqual(self.open(w, "2024-05-11"), [
            ("O1", "placed", "confirmed", 10, "2024-05-10", True, None),
            ("O2", "ready", "first_dispatched", 7, None, False, None)])

    def test_the_stage_of_an_open_order(self):
        w = World()
        for n in range(1, 12):
            w.order("A%d" % n, "2024-05-01T00:00:00Z", c="D")
            w.put("order_confirmed", "2024-05-%02dT00:00:00Z" % (1 + n), "D", order_id="A%d" % n)
        w.order("B", "2024-05-01T00:00:00Z")
        def p90(day):
            return self.open(w, day, customer_id="C")[0][-1]
        self.assertEqual(p90("2024-05-11"), 9 * 86400)       # ten orders
        self.assertEqual(p90("2024-05-12"), 10 * 86400)      # eleven
        self.assertEqual(p90("2025-05-11"), 11 * 86400)      # the last alone
        self.assertIsNone(p90("2025-05-12"))

    def test_paid_less_what_a_refund_took_back(self):
        w = World()
        w.order()
        w.ship("S", "2024-05-02", [("1", "10")])
        w.invoice("I", 1000, "2024-05-03", order_ids=["O"])
        w.pay("P", 1000, "2024-05-05", [("I", 1000)])
        w.put("refund_paid", "2024-05-12", refund_id="F", payment_id="P", currency="CNY",
              amount_minor=100, value_date="2024-05-10")
        self.assertEqual(w.milestones("2024-05-09")["paid"], "2024-05-05T08:00:00Z")
        self.assertNotIn("paid", w.milestones("2024-05-10"))
        w.pay("Q", 100, "2024-05-11", [("I", 100)])
        self.assertEqual(w.milestones()["paid"], "2024-05-11T08:00:00Z")

    def test_groups(self):
        w = World()
        w.put("customer_profile_set", "2024-04-01", grade="A", region="X/Y")
        w.put("customer_profile_set", "2024-05-02", grade="B", region="Z")
        w.order(kind="SAMPLE", channel="web")
        w.ship("S2", "2024-05-04", [("1", "5")], warehouse="W2")
        w.ship("S1", "2024-05-03", [("1", "5")], warehouse="W1")
        for by, want in (("grade", "A"), ("region", "X/Y"), ("warehouse", "W1"), ("kind", "SAMPLE"),
                         ("channel", "web"), ("customer", "C"), ("sales_rep", "unassigned"),
                         ("none", "")):
            r, = w.cycle(cycle="placed..dispatched", group_by=by)
            self.assertEqual(r["group"], want)
        self.assertEqual(w.cycle(cycle="placed..dispatched", kind="STANDARD"), [])

    def test_business_time_zone(self):
        w = World(business_time_zone="Asia/Shanghai")
        w.order(at="2024-05-31T16:00:00Z")
        self.assertEqual(w.sales("2024-06-01", grain="month")["rows"][0]["period"], "2024-06")
        self.assertEqual(w.sales("2024-05-31")["rows"], [])


class Sales(unittest.TestCase):
    def test_shipped_parts_add_up(self):
        w = World()
        w.order(lines=(("1", "3", 100),))
        for i, d in enumerate(("2024-05-03", "2024-05-02", "2024-05-04", "2024-05-05")):
            w.ship("S%d" % i, d, [("1", "1")])
        w.give_back("T1", "2024-05-06", [("1", "1")])
        w.give_back("T2", "2024-05-07", [("1", "1")])
        got = [(r["period"], r["shipped"]) for r in w.sales(grain="day")["rows"]]
        self.assertEqual(got, [("2024-05-01", "0.00"), ("2024-05-02", "0.33"), ("2024-05-03", "0.33"),
                               ("2024-05-04", "0.34"), ("2024-05-05", "0.33"),
                               ("2024-05-06", "-0.33"), ("2024-05-07", "-0.33")])

    def test_ordered_is_restated(self):
        w = World()
        w.order(lines=(("1", "3", 100), ("2", "1", 50)))
        w.ship("S", "2024-05-02", [("1", "2")])
        w.put("order_cancelled", "2024-05-03", order_id="O")
        self.assertEqual(w.sales("2024-05-02")["totals"][0]["ordered"], "1.50")
        r, = w.sales("2024-05-03", grain="day", to="2024-05-01")["rows"]
        self.assertEqual((r["ordered"], r["orders"]), ("0.66", 1))
        w.change("2024-05-04", (("3", "1", 7),))
        by = {r["group"]["sku"]: r for r in w.sales(group_by="sku")["rows"]}
        self.assertEqual((by["s3"]["ordered"], by["s3"]["orders"], by["s1"]["shipped"]),
                         ("0.07", 1, "0.66"))

    def test_skus_and_counts(self):
        w = World()
        w.order(lines=(("1", "3", 100), ("2", "1", 50)))
        w.ship("S", "2024-05-02", [("1", "2"), ("2", "1"), ("9", "4")], freight_minor=30,
               currency="CNY")
        a = w.sales(group_by="sku")
        self.assertEqual([(r["group"]["sku"], r["orders"], r["shipments"], r["shipped_quantity"],
                           r["freight"]) for r in a["rows"]],
                         [("s1", 1, 1, "2", "0.00"), ("s2", 1, 1, "1", "0.00"),
                          ("unassigned", 0, 1, "4", "0.30")])
        t, = a["totals"]
        self.assertEqual((t["orders"], t["shipments"], t["freight"], t["shipped"]),
                         (1, 1, "0.30", "1.16"))

    def test_invoiced(self):
        w = World()
        w.order(channel="web", kind="SAMPLE")
        w.invoice("I", 1000, "2024-05-02", tax_minor=130, order_ids=["O"])
        w.invoice("D", 5, "2024-05-02", kind="DEBIT_NOTE")
        w.credit("N", 100, "2024-05-03", "I")
        w.put("invoice_voided", "2024-05-09", invoice_id="I", date="2024-05-04")
        got = [(r["period"], r["group"], r["invoiced"], r["invoices"])
               for r in w.sales(grain="day", group_by="channel,kind", from_="2024-05-02")["rows"]]
        web, none = {"channel": "web", "kind": "SAMPLE"}, {"channel": "unassigned",
                                                           "kind": "unassigned"}
        self.assertEqual(got, [("2024-05-02", none, "0.05", 1), ("2024-05-02", web, "10.00", 1),
                               ("2024-05-03", web, "-1.00", 0), ("2024-05-04", web, "-10.00", 0)])

    def test_collected_is_split_by_applications(self):
        w = World()
        w.put("customer_profile_set", "2024-01-01", region="EU")
        w.invoice("I", 1000, region="CN")
        w.pay("P", 1500, "2024-05-05")
        w.allocate("A", "P", "2024-06-02", [("I", 1000)])

        def by(day, **q):
            return [(r["period"], r["group"]["region"], r["collected"]) for r in
                    w.sales(day, group_by="region", grain="month", measure="collected", **q)["rows"]]
        self.assertEqual(by("2024-06-01"), [("2024-05", "EU", "15.00")])
        self.assertEqual(by("2024-06-02"), [("2024-05", "CN", "10.00"), ("2024-05", "EU", "5.00")])
        w.put("payment_reversed", "2024-07-01", payment_id="P", date="2024-07-01")
        self.assertEqual(by("2024-07-01")[2:], [("2024-07", "CN", "-10.00"), ("2024-07", "EU", "-5.00")])
        w.put("payment_unallocated", "2024-06-20", payment_id="P", allocation_id="A",
              date="2024-06-20")
        self.assertEqual(by("2024-07-01"), [("2024-05", "EU", "15.00"), ("2024-07", "EU", "-15.00")])

    def test_a_refund_stands_with_what_it_took_back(self):
        w = World()
        w.put("customer_profile_set", "2024-01-01", region="EU")
        w.order(channel="web", region="CN")
        w.invoice("I", 1000, order_ids=["O"])
        w.pay("P", 1200, "2024-05-05", [("I", 1000)])
        w.put("refund_paid", "2024-06-10", refund_id="F", payment_id="P", currency="CNY",
              amount_minor=500, value_date="2024-06-10")
        w.put("payment_unallocated", "2024-07-01", payment_id="P", allocation_id="P",
              date="2024-07-01")

        def by(day):
            return [(r["period"], r["group"]["region"], r["group"]["channel"], r["collected"])
                    for r in w.sales(day, group_by="region,channel", grain="month",
                                     measure="collected")["rows"]]
        first = [("2024-05", "CN", "web", "10.00"), ("2024-05", "EU", "unassigned", "2.00")]
        self.assertEqual(by("2024-06-09"), first)
        # 200 were unapplied, 300 are taken back from I, whose own part stays.
        self.assertEqual(by("2024-06-30"), first + [("2024-06", "CN", "web", "-3.00"),
                                                    ("2024-06", "EU", "unassigned", "-2.00")])
        self.assertEqual(by("2024-07-01"), [("2024-05", "EU", "unassigned", "12.00"),
                                            ("2024-06", "EU", "unassigned", "-5.00")])

    def test_taken_back_whole_stays_with_its_invoice(self):
        w = World()
        w.put("customer_profile_set", "2024-01-01", region="EU")
        w.invoice("I", 1000, region="CN")
        w.pay("P", 1000, "2024-05-05", [("I", 1000)])
        w.put("refund_paid", "2024-06-10", refund_id="F", payment_id="P", currency="CNY",
              amount_minor=1000, value_date="2024-06-10")
        w.put("payment_unallocated", "2024-07-01", payment_id="P", allocation_id="P",
              date="2024-07-01")
        w.put("payment_reversed", "2024-08-01", payment_id="P", date="2024-08-01")
        rows = w.sales(group_by="region", grain="month", measure="collected")["rows"]
        self.assertEqual([(r["period"], r["group"]["region"], r["collected"]) for r in rows],
                         [("2024-05", "CN", "10.00"), ("2024-06", "CN", "-10.00"),
                          ("2024-08", "CN", "-10.00")])

    def test_credit_notes_their_void_and_their_refund(self):
        w = World()
        w.put("customer_profile_set", "2024-01-01", region="EU")
        w.order(channel="web", kind="SAMPLE")
        w.invoice("I", 1000, "2024-05-02", order_ids=["O"], region="CN")
        w.put("credit_note_issued", "2024-05-03", credit_note_id="N", invoice_id="I", currency="CNY",
              net_minor=100, tax_minor=13, issue_date="2024-05-03")
        w.put("payment_unallocated", "2024-05-04", credit_note_id="N", allocation_id="N",
              date="2024-05-04")
        w.put("refund_paid", "2024-05-05", refund_id="F", credit_note_id="N", currency="CNY",
              amount_minor=50, value_date="2024-05-05")
        w.put("credit_note_voided", "2024-05-06", credit_note_id="N", date="2024-05-06")
        got = [(r["period"], *r["group"].values(), r["invoiced"], r["collected"])
               for r in w.sales(grain="day", group_by="region,channel,kind", from_="2024-05-02")["rows"]]
        here = ("CN", "web", "SAMPLE")
        self.assertEqual(got, [("2024-05-02", *here, "10.00", "0.00"),
                               ("2024-05-03", *here, "-1.00", "0.00"),
                               ("2024-05-05", *here, "0.00", "-0.50"),
                               ("2024-05-06", *here, "1.00", "0.00")])

    def test_ungrouped_rows(self):
        w = World()
        w.order()
        self.assertEqual(w.sales()["rows"][0]["group"], {})

    def test_voided_and_reversed_on_one_date(self):
        w = World()
        w.put("customer_profile_set", "2024-01-01", region="EU")
        w.invoice("I", 1000, region="CN")
        w.pay("P", 1000, "2024-05-05", [("I", 1000)])
        w.put("payment_reversed", "2024-05-20", payment_id="P", date="2024-05-20")
        w.put("invoice_voided", "2024-05-20", invoice_id="I", date="2024-05-20")
        rows = w.sales("2024-05-20", group_by="region", grain="day", measure="collected")["rows"]
        self.assertEqual([(r["period"], r["group"]["region"], r["collected"]) for r in rows],
                         [("2024-05-05", "EU", "10.00"), ("2024-05-20", "EU", "-10.00")])

    def test_region_levels(self):
        w = World()
        w.order("O1", region="CN/South/Hunan")
        w.order("O2", region="CN")
        w.order("O3", region="CN/South")
        w.order("O4")

        def rows(**q):
            return [(r["group"]["region"], r["ordered"])
                    for r in w.sales(group_by="region", **q)["rows"]]
        self.assertEqual(rows(level="1"), [("CN", "30.00"), ("unassigned", "10.00")])
        self.assertEqual(rows(level="2"), [("CN", "10.00"), ("CN/South", "20.00"),
                                           ("unassigned", "10.00")])
        self.assertEqual(rows(region="CN/South"), [("CN/South", "10.00"), ("CN/South/Hunan", "10.00")])
        self.assertEqual(rows(region="unassigned"), [("unassigned", "10.00")])

    def test_periods(self):
        w = World()
        w.order(at="2024-12-30")
        for grain, want in (("day", "2024-12-30"), ("week", "2025-W01"), ("month", "2024-12"),
                            ("quarter", "2024-Q4"), ("year", "2024")):
            self.assertEqual(w.sales(grain=grain)["rows"][0]["period"], want)
        self.assertEqual(w.sales()["rows"][0]["period"], "2020-01-01/2030-01-01")

    def test_targets(self):
        w = World()
        w.order("O1", region="CN/South", at="2024-05-01")
        for region, period, n in (("CN", "2024-05", 2000), ("CN/South", "2024-05", 4000),
                                  ("EU", "2024-05", 500), ("EU", "2024", 7)):
            w.put("sales_target_set", "2024-01-01", c="target:" + region, region=region, period=period,
                  measure="ORDERED", currency="CNY", amount_minor=n)

        def rows(**q):
            return [(r["group"]["region"], r["ordered"], r["target"], r["attainment"]) for r in w.sales(
                group_by="region", grain="month", measure="ordered", from_="2024-05-01", to="2024-05-31",
                **q)["rows"]]
        self.assertEqual(rows(), [("CN/South", "10.00", "40.00", "0.2500"), ("EU", "0.00", "5.00", "0.0000")])
        self.assertEqual(rows(level="1"), [("CN", "10.00", "20.00", "0.5000"), ("EU", "0.00", "5.00", "0.0000")])
        self.assertEqual(rows(channel="unassigned"), [("CN/South", "10.00", None, None)])

    def test_compared(self):
        w = World()
        w.order("O1", at="2020-02-28")
        w.order("O2", at="2020-02-29")
        w.order("O3", at="2021-02-28")

        def rows(with_what, **q):
            return [(r["period"], r["compare"] and (r["compare"]["period"], r["compare"]["ordered"]))
                    for r in w.sales("2024-01-01", compare=with_what, **q)["rows"]]
        self.assertEqual(rows("previous_year", grain="day", from_="2020-02-29", to="2021-02-28"),
                         [("2020-02-29", None), ("2021-02-28", ("2020-02-28", "10.00"))])
        self.assertEqual(rows("previous_year", grain="month", from_="2021-02-05", to="2021-02-28"),
                         [("2021-02", ("2020-02", "20.00"))])
        self.assertEqual(rows("previous_period", from_="2020-02-29", to="2020-02-29"),
                         [("2020-02-29/2020-02-29", ("2020-02-28/2020-02-28", "10.00"))])

    def test_in_one_currency(self):
        w = World()
        w.put("exchange_rate_published", "2024-05-02", c="fx:CNY", currency="CNY", base_currency="EUR",
              date="2024-05-02", rate="0.0005")
        w.order("O1", at="2024-05-01")
        w.order("O2", at="2024-05-02")
        a = w.sales(base_currency="EUR", grain="day", measure="ordered")
        self.assertEqual([(r["period"], r["ordered"]) for r in a["rows"]], [("2024-05-02", "0.01")])
        self.assertEqual(a["unconverted"], [{"currency": "CNY", "measure": "ordered", "amount": "10.00"}])
        self.assertEqual(a["proof"], [{"currency": "CNY", "kept": {"ordered": "20.00"}, "difference": {"ordered": "0.00"}}])

    def test_proof_counts_once_what_stands_in_several_rows(self):
        w = World()
        w.order("O1", at="2024-05-01")
        a = w.sales(group_by="sku")
        self.assertEqual([(p["kept"]["orders"], p["difference"]["orders"]) for p in a["proof"]], [(1, 0)])
        sku = a["rows"][0]["group"]["sku"]
        self.assertEqual([set(p["kept"]) for p in w.sales(sku=sku)["proof"]],
                         [{"ordered", "shipped", "invoiced", "collected", "freight", "invoices"}])


class Pages(unittest.TestCase):
    def test_invoice(self):
        w = World()
        w.invoice("I", 1000, tax_minor=130)
        w.pay("P", 500, "2024-05-05", [("I", 500)])
        w.credit("N", 100, "2024-05-06", "I")
        w.put("payment_unallocated", "2024-05-20", allocation_id="P", payment_id="P",
              date="2024-05-20")
        p = w.get("/v1/invoices/I", "2024-05-10")
        self.assertEqual((p["gross"], p["open"], p["over_applied"], p["void_date"]),
                         ("11.30", "5.30", False, None))
        self.assertEqual(sorted(p["applications"], key=lambda x: x["id"]), [
            {"type": "credit_note", "id": "N", "source_id": "N", "amount": "1.00",
             "from": "2024-05-06", "until": None},
            {"type": "payment", "id": "P", "source_id": "P", "amount": "5.00",
             "from": "2024-05-05", "until": "2024-05-20"}])

    def test_an_application_that_ended_twice_on_a_day(self):
        for undo, ended_by in (((), "voided"), (("P",), "reversed"), (("P", "I"), "unallocated")):
            w = World()
            w.invoice("I", 1000)
            w.pay("P", 500, "2024-05-05", [("I", 500)])
            w.put("invoice_voided", "2024-05-20", invoice_id="I", date="2024-05-20")
            if "P" in undo:
                w.put("payment_reversed", "2024-05-20", payment_id="P", date="2024-05-20")
            if "I" in undo:
                w.put("payment_unallocated", "2024-05-20", allocation_id="P", payment_id="P",
                      date="2024-05-20")
            p = w.get("/v1/invoices/I", "2024-05-20")
            self.assertEqual([x["ended_by"] for x in p["past_applications"]], [ended_by])

    def test_a_recovery_is_negative_among_applications(self):
        w = World()
        w.invoice("I", 1000)
        w.put("invoice_written_off", "2024-05-02", write_off_id="W", invoice_id="I",
              amount_minor=400, date="2024-05-02")
        w.put("write_off_recovered", "2024-05-03", recovery_id="R", write_off_id="W",
              invoice_id="I", amount_minor=150, date="2024-05-03")
        w.credit("N", 100, "2024-05-04")
        w.allocate("A", None, "2024-05-04", [("I", 100)], credit_note="N")
        p = w.get("/v1/invoices/I")
        self.assertEqual([(x["type"], x["id"], x["source_id"], x["amount"]) for x in p["applications"]],
                         [("credit_allocation", "A", "N", "1.00"), ("write_off", "W", None, "4.00"),
                          ("recovery", "R", None, "-1.50")])
        self.assertEqual(sum(money.Fraction(x["amount"]) for x in p["applications"]),
                         money.Fraction(p["gross"]) - money.Fraction(p["open"]))

    def test_one_account_is_one_world(self):
        w = World()
        w.invoice("I", 1000)
        w.invoice("I", 2000, c="D")
        w.pay("P", 1000, "2024-05-05", [("I", 1000)], c="D")
        self.assertEqual([(x["customer_id"], x["open"]) for x in w.items()],
                         [("C", "10.00"), ("D", "10.00")])
        with self.assertRaises(views.Several):
            w.get("/v1/invoices/I")
        self.assertEqual(w.get("/v1/invoices/I", customer_id="D")["gross"], "20.00")
        with self.assertRaises(views.NotFound):
            w.get("/v1/invoices/X")

    def test_customers(self):
        w = World()
        w.put("customer_profile_set", "2024-05-01T10:00:00Z", name="n", grade="A")
        w.put("customer_profile_set", "2024-05-01T09:00:00Z", name="m", region="EU")
        w.put("order_ready", c="D", order_id="O")
        w.put("exchange_rate_published", c="fx:EUR", currency="EUR", base_currency="CNY",
              date="2024-05-01", rate="7.8")
        w.invoice("I", 5)
        a = w.get("/v1/customers")["customers"]
        self.assertEqual([(x["customer_id"], x["name"], x["region"], x["balances"]) for x in a],
                         [("C", "n", None, [{"currency": "CNY", "balance": "0.05"}]),
                          ("D", None, None, [])])
        self.assertEqual(len(w.get("/v1/customers/C")["history"]), 1)


def show(w, count):
    """The instant by which so many records are known."""
    return show_millis(w.records[count - 1].recorded_at if count else w.records[0].recorded_at - 1)


class Properties(unittest.TestCase):
    """Things that must hold of any history, over generated ones."""

    def records(self, history, partitions=4):
        w = World(partitions=partitions)
        for e in history:
            w.raw(e)
        return w

    def test_generated_histories(self):
        seen = set()
        for seed in range(12):
            w = self.records(generate.hostile(seed, 300))
            o = w.oracle()
            self.assertEqual(o.parked, [])
            self.assertEqual(len(o.facts.accepted) + o.facts.duplicates + len(o.facts.conflicts), 300)
            for day in ("%04d-%02d-11" % (y, m) for y in (2023, 2024) for m in range(1, 13, 2)):
                self.proof(o, day)
                self.sales_agree(o, day)
                self.bridge_closes(o, day)
                seen |= {k[0] for k in views.anomalies.open_at(o, views.parse_date(day))}
        missing = set(views.anomalies.KINDS) - seen - {
            "not_parseable", "unknown_event_type", "wrong_topic", "wrong_key", "wrong_partition",
            "invalid"}
        self.assertEqual(missing, set())

    def proof(self, o, day):
        totals = None
        for by in ("customer", "region", "sales_rep", "currency", "none", "parent_customer"):
            a = views.ageing(o, {"as_of": day, "group_by": by})
            for r in a["rows"] + a["totals"]:
                self.assertEqual(set(r["proof"]["difference"]) - set("0."), set(), (by, r))
            totals = totals or a["totals"]
            self.assertEqual(a["totals"], totals)

    def bridge_closes(self, o, day):
        """Opening and columns make the closing, which is the ageing's balance; entries make the
        columns; within customers there are no transfers."""
        def cents(r, names):
            return sum(money.Fraction(r[n]) for n in names)
        first = day[:4] + "-01-01"
        columns = views.bridge(o, {"from": first, "to": day})["totals"]
        for by in ("customer", "region", "sales_rep", "currency", "none", "parent_customer"):
            q = {"from": first, "to": day, "group_by": by}
            a = plain(views.bridge(o, q))
            self.assertEqual(a["totals"], columns, by)
            names = ("opening", "invoices", "credit_notes", "cash", "reversals", "refunds",
                     "write_offs", "recoveries", "voids", "transfers")
            for r in a["rows"]:
                self.assertEqual(cents(r, names), money.Fraction(r["closing"]), (by, r))
                if by not in ("region", "sales_rep"):
                    self.assertEqual(cents(r, ["transfers"]), 0, (by, r))
            closing = {(r["group"], r["currency"]): r["closing"] for r in a["rows"]}
            for r in plain(views.ageing(o, {"as_of": day, "group_by": by}))["rows"]:
                got = closing.get((r["group"], r["currency"]), "0")
                self.assertEqual(money.Fraction(got), money.Fraction(r["balance"]), (by, r))
        q = {"from": first, "to": day, "region": "unassigned"}
        one = plain(views.bridge(o, dict(q)))["rows"]
        entries = plain(views.entries(o, dict(q)))["entries"]
        for r in one:
            for n in names[1:]:
                self.assertEqual(sum(money.Fraction(e["amount"]) for e in entries if e["type"] == n
                                     and e["currency"] == r["currency"]), money.Fraction(r[n]))

    def test_restatements_add_up(self):
        for seed in range(6):
            w = self.records(generate.hostile(seed, 300))
            o = w.oracle()
            for first, last in ((40, 200), (0, 300), (150, 151)):
                q = {"as_of": "2024-06-30", "known_from": show(w, first), "known_to": show(w, last)}
                a = plain(views.restatement(o, q))
                for t in a["totals"]:
                    rows = sum(money.Fraction(r["amount"]) for r in a["rows"]
                               if r["currency"] == t["currency"])
                    self.assertEqual(rows, money.Fraction(t["change"]))
                    self.assertEqual(money.Fraction(t["balance_to"]) - money.Fraction(t["balance_from"]),
                                     rows)

    def sales_agree(self, o, day):
        totals = None
        for by in ("none", "region", "sku,kind", "sales_rep,channel,customer"):
            q = {"as_of": day, "from": "2020-01-01", "to": "2030-01-01", "group_by": by}
            a = plain(views.sales_view(o, q))
            t = [{k: v for k, v in r.items() if "quantity" not in k} for r in a["totals"]]
            totals = totals or t
            self.assertEqual(t, totals, by)
            for cur in t:
                for m in ("ordered", "shipped", "invoiced", "collected", "freight"):
                    rows = [money.Fraction(r[m]) for r in a["rows"] if r["currency"] == cur["currency"]]
                    self.assertEqual(sum(rows), money.Fraction(cur[m]))

    def test_postings_of_sales_add_up(self):
        for seed in range(4):
            o = self.records(generate.hostile(seed, 300)).oracle()
            for day in ("2024-05-10", "2026-01-01"):
                for more in ({}, {"sku": "S1"}, {"region": "CN", "level": "2"}, {"attributes": "as_now"}):
                    q = dict({"as_of": day, "from": "2020-01-01", "to": "2030-01-01"}, **more)
                    a = plain(views.sales_postings(o, q))
                    sums = {}
                    for r in a["postings"]:
                        at = sums.setdefault((r["measure"], r["currency"]), [0, 0])
                        at[0] += money.Fraction(r["amount"] or 0)
                        at[1] += money.Fraction(r["quantity"] or 0)
                    totals = {(r["measure"], r["currency"]):
                              [money.Fraction(r["amount"] or 0), money.Fraction(r["quantity"] or 0)]
                              for r in a["totals"]}
                    self.assertEqual({k: v for k, v in sums.items() if any(v)}, totals, (seed, q))

    def test_stages_add_up(self):
        for seed in range(8):
            o = self.records(generate.hostile(seed, 300)).oracle()
            for c in ("placed..delivered", "confirmed..paid", "first_dispatched..invoiced"):
                q = {"as_of": "2026-01-01", "from": "2020-01-01", "to": "2030-01-01", "cycle": c}
                for r in plain(views.order_cycle(o, q))["rows"]:
                    self.assertEqual(sum(s["total_seconds"] for s in r["stages"]), r["total_seconds"])
                    self.assertEqual(sum(h["count"] for h in r["histogram"]), r["n"])

    def test_interleaving_of_topics_does_not_matter(self):
        history = generate.hostile(3, 300)
        by_topic = {}
        for e in history:
            t = events.TOPIC_OF[generate.Hostile.name(e)]
            by_topic.setdefault(t, []).append(e)
        q = {"as_of": "2024-12-31", "group_by": "region"}

        def answer(order):
            w = self.records(order)
            for r in w.records:
                r.recorded_at = 0
            return [plain(views.answer(w.oracle(), v, q)) for v in
                    ("/v1/receivables/ageing", "/v1/receivables/items", "/v1/anomalies",
                     "/v1/receivables/worklist", "/v1/receivables/dunning", "/v1/customers")]
        want = answer(history)
        rng = random.Random(1)
        for _ in range(3):
            queues = {t: list(es) for t, es in by_topic.items()}
            order = []
            while queues:
                t = rng.choice(list(queues))
                order.append(queues[t].pop(0))
                if not queues[t]:
                    del queues[t]
            self.assertEqual(answer(order), want)

    def test_invalid_events_are_seen(self):
        rng = random.Random(5)
        history = generate.hostile(5, 200)
        refused = sum(1 for _ in range(200)
                      if events.parse(generate.spoil(rng, rng.choice(history))).faults)
        self.assertGreater(refused, 190)

    def test_realistic_events_are_valid(self):
        for e in generate.realistic(2, 3000):
            self.assertEqual(events.parse(e).faults, [])

    def test_planted_faults_can_still_be_planted(self):
        import planted
        here = os.path.join(planted.HERE, "daybook_oracle")
        for name, old, new in planted.FAULTS:
            with open(os.path.join(here, name), encoding="utf-8") as f:
                self.assertIn(old, f.read())

    def test_diff_finds_what_differs(self):
        self.assertEqual(diff({"a": 1}, {"a": 1, "b": 2}), [])
        self.assertEqual(diff({"a": "1"}, {}), [("$.a", "1", "(missing)")])
        self.assertEqual(len(diff([1, 2], [1, 3, 4])), 4)    # the length, and what is without a match


if __name__ == "__main__":
    unittest.main()
