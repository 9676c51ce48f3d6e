#!/usr/bin/env python3
"""Seeded histories as NDJSON: hostile small ones, realistic large ones.

    generate.py hostile   --seed 7 --events 500 [--invalid]
    generate.py realistic --seed 1 --events 100000

The same arguments give the same bytes.
"""
import argparse
import copy
import heapq
import json
import random
import sys
from datetime import date, datetime, timedelta

CURRENCIES = ("CNY", "JPY", "KWD", "EUR")
REGIONS = (None, "CN/South/Hunan", "CN/South", "CN/South/Guangdong/Shenzhen", "CN", "CNX",
           "中国/华南", "中国/华南/湖南", "EU/DE", "Süd/Köln ä/é/1/2/3")
REPS = (None, "r1", "r2", "Zoë")
CHANNELS = (None, "web", "门店")
SKUS = ("s1", "s2", "s3", "s-4/α")
WAREHOUSES = (None, "W1", "W2")
GRADES = (None, "A", "B")
CUSTOMERS = ("C1", "C2", "客户3", "C 4/ü%+")
LONG = "长" * 42 + "xy"                                       # 128 bytes
MANY = CUSTOMERS + (LONG,) + tuple("K%02d" % i for i in range(9))   # more than the ten largest debtors
RATES = ("1.5", "0.048", "23", "7.0333", "0.999999999999", "0.000001", "6.5")
AMOUNTS = (100, 200, 300, 300, 500, 500, 1000, 1000, 1234, 2500, 1, 3)
QUANTITIES = ("1", "2", "3", "2.5", "10", "0.000001", "7.25", "6")
# The whole allowed range, in some histories.
FAR_DATES = (date(1900, 1, 1), date(1900, 2, 28), date(1969, 12, 31), date(2100, 3, 1), date(2199, 12, 31))
FAR_AMOUNTS = (10 ** 15, 10 ** 15, 10 ** 15 - 1, 333333333333333, 1)
FAR_QUANTITIES = ("999999999999.999999", "0.000001", "999999999999", "123456.654321")
FAR_RATES = ("999999999999.999999999999", "0.000000000001", "7.123456789012")
TAILS = ("/长" * 31, "é" * 60, "\U0001d11e " * 24 + "x", "a" * 124, "%2F+&?#" * 17)     # at most 125 bytes


class Hostile:
    """Few ids, clustered dates, everything out of order; every event is valid by itself."""

    def __init__(self, seed, events=500):
        self.r = random.Random("hostile-%d" % seed)
        r = self.r
        self.n = events
        self.customers = CUSTOMERS[:r.choice((2, 3, 3, 4))] if r.random() < 0.87 else MANY
        one = r.choice(CURRENCIES)
        self.main = {c: r.choice(CURRENCIES) if self.customers != MANY else one for c in self.customers}
        self.size = max(2, events // (28 * len(self.customers)))
        self.far = r.random() < 0.08            # dates, amounts and quantities of the whole range
        self.tail = r.choice(TAILS) if r.random() < 0.08 else ""     # ids of up to 128 bytes
        self.base = date(r.choice((2020, 2023, 2024, 2024)), r.choice((*range(1, 12), 12, 12, 12)),
                         r.randint(1, 28))
        self.span = r.choice((20, 45, 90, 240))
        pairs = [(a, b) for a in CURRENCIES for b in CURRENCIES if a != b]
        self.pairs = r.sample(pairs, r.choice((2, 4, 6)))       # currencies that have rates
        self.hot = [self.base + timedelta(days=r.randrange(self.span)) for _ in range(8)]
        if self.base.month == 12:       # days that lie in a week of the other year
            self.hot += [date(self.base.year, 12, 30), date(self.base.year + 1, 1, 1)]
        if r.random() < 0.1:            # a leap day and a 53rd week
            self.hot += [date(2024, 2, 29), date(2020, 12, 31)]
        self.count = 0
        self.made = {}
        self.out = []
        self.ordered, self.shipped, self.invoiced = [], [], []
        self.lost, self.allocated, self.disputed = [], [], []
        self.sources = []        # (customer, kind, id, currency, amount) of payments and credit notes
        self.moments = [self.instant() for _ in range(5)]    # several events on one second
        self.stories = 0
        self.seen = {}           # (customer, document) -> event ids

    # -- little things ---------------------------------------------------------

    def maybe(self, p):
        return self.r.random() < p

    def day(self):
        if self.far and self.maybe(0.06):
            return self.r.choice(FAR_DATES) if self.maybe(0.5) else \
                date(1900, 1, 1) + timedelta(days=self.r.randrange(109572))
        x = self.r.random()
        if x < 0.7:
            return self.r.choice(self.hot)
        if x < 0.97:
            return self.base + timedelta(days=self.r.randrange(-5, self.span + 5))
        return self.base + timedelta(days=self.r.randrange(-400, 400))

    def date(self):
        return self.day().isoformat()

    def instant(self):
        x = self.r.random()
        seconds = self.r.choice((0, 86399, 43200)) if x < 0.2 else \
            self.r.randrange(24) * 3600 if x < 0.5 else self.r.randrange(86400)
        t = datetime.combine(self.day(), datetime.min.time()) + timedelta(seconds=seconds)
        x = self.r.random()
        if x < 0.05 and t.year < 2199:
            return (t + timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M:%S+08:00")
        if x < 0.10:
            return t.strftime("%Y-%m-%dT%H:%M:%S.987Z")
        return t.strftime("%Y-%m-%dT%H:%M:%SZ")

    TURNS = ("order_placed", "order_confirmed", "order_ready", "shipment_dispatched",
             "shipment_delivered", "invoice_issued", "payment_received", "payment_allocated")

    def in_turn(self, name):
        """An instant in the part of the span where such an event belongs."""
        if name not in self.TURNS:
            return self.instant()
        k = self.TURNS.index(name)
        hours = self.span * 24 * (k + self.r.random() * 1.5) / len(self.TURNS)
        t = datetime.combine(self.base, datetime.min.time()) + timedelta(hours=int(hours))
        return t.strftime("%Y-%m-%dT%H:%M:%SZ")

    def late(self):
        """A date that is mostly in the later part of the span."""
        return max(self.date() for _ in range(self.r.choice((1, 2, 3))))

    def amount(self):
        if self.far and self.maybe(0.15):
            return self.r.choice(FAR_AMOUNTS)
        return self.r.choice(AMOUNTS) if not self.maybe(0.004) else 10 ** 15

    def money(self, n):
        return n if self.maybe(0.3) else str(n)

    def currency(self, c):
        return self.main[c] if self.maybe(0.85) else self.r.choice(CURRENCIES)

    def id(self, letter, few=None):
        n = few or self.size
        ghost = 1 if self.maybe(0.06) else 0
        return self.numbered(letter, self.r.randint(1, n) if not ghost else n + 1)

    def numbered(self, letter, i):
        return "%s%d%s" % (letter, i, self.tail)

    def new(self, c, letter, few=None):
        """Usually an id that is not taken yet."""
        taken = self.made.setdefault((c, letter), set())
        free = [i for i in range(1, (few or self.size) + 1) if i not in taken]
        if free and not self.maybe(0.06):
            i = self.r.choice(free)
        else:
            i = self.r.randint(1, few or self.size)
        taken.add(i)
        return self.numbered(letter, i)

    def put(self, d, name, value):
        if value is not None:
            d[name] = value

    def quantity(self):
        if self.far and self.maybe(0.1):
            return self.r.choice(FAR_QUANTITIES)
        return self.r.choice(QUANTITIES)

    def lines(self, ship=False):
        out = []
        for k in self.r.sample((1, 2, 3, 4), self.r.choice((1, 1, 2, 2, 3))):
            x = {"line_id": "L%d" % k, "quantity": self.quantity()}
            if not ship:
                x["sku"] = self.r.choice(SKUS)
                x["net_minor"] = self.money(self.r.choice(AMOUNTS + (0,)) if not self.far
                                            else self.amount())
                if self.maybe(0.5):
                    x["tax_minor"] = self.money(self.r.choice((0, 13, 60)))
            out.append(x)
        return out

    def allocations(self, limit=None, least=0):
        out = []
        for _ in range(self.r.choice((least, 1, 1, 2, 3))):
            n = self.r.choice(AMOUNTS)
            if limit is not None:
                n = min(n, limit)
                limit -= n
            if n:
                out.append({"invoice_id": self.id("I"), "amount_minor": self.money(n)})
        return out

    # -- payloads ------------------------------------------------------------------

    def order_placed(self, c):
        p = {"order_id": self.new(c, "O"), "currency": self.currency(c), "lines": self.lines()}
        self.ordered.append((c, p["order_id"], p["lines"]))
        if self.maybe(0.2):
            p["kind"] = self.r.choice(("SAMPLE", "ORDER_KIND_SAMPLE", "STANDARD"))
        self.put(p, "region", self.r.choice(REGIONS))
        self.put(p, "sales_rep", self.r.choice(REPS))
        self.put(p, "channel", self.r.choice(CHANNELS))
        if self.maybe(0.5):
            p["requested_date"] = self.date()
        return p

    def order_confirmed(self, c):
        p = {"order_id": self.id("O")}
        if self.maybe(0.6):
            p["promised_date"] = self.date()
        return p

    def order_changed(self, c):
        p = {"order_id": self.id("O"), "lines": self.lines()}
        self.ordered.append((c, p["order_id"], p["lines"]))
        if self.maybe(0.3):
            p["requested_date"] = self.date()
        return p

    def order_delayed(self, c):
        p = {"order_id": self.id("O"), "reason_code": self.r.choice(("stock", "天气")),
             "stage": self.r.choice(("CONFIRM", "PRODUCE", "DISPATCH", "DELIVER", "INVOICE"))}
        if self.maybe(0.5):
            p["promised_date"] = self.date()
        return p

    def order_ready(self, c):
        return {"order_id": self.id("O")}

    def order_cancelled(self, c):
        p = {"order_id": self.id("O")}
        if self.maybe(0.7):
            p["line_ids"] = ["L%d" % k for k in self.r.sample((1, 2, 3, 4), self.r.choice((1, 2)))]
        return p

    def shipment_dispatched(self, c):
        p = {"shipment_id": self.id("S"), "order_id": self.id("O"), "lines": self.lines(True)}
        known = [x for x in self.ordered if x[0] == c]
        if known and self.maybe(0.6):       # exactly what an order wants, or a part of it
            _, p["order_id"], lines = self.r.choice(known)
            lines = [{"line_id": x["line_id"], "quantity": x["quantity"]} for x in lines]
            p["lines"] = lines if self.maybe(0.7) else lines[:1]
        self.put(p, "warehouse", self.r.choice(WAREHOUSES))
        if self.maybe(0.4):
            p["freight_minor"] = self.money(self.r.choice((0, 15, 40)))
            p["currency"] = self.currency(c)
        self.shipped.append((c, p["shipment_id"], p["order_id"], p["lines"]))
        return p

    def a_shipment(self, c):
        known = [x for x in self.shipped if x[0] == c]
        if known and self.maybe(0.85):
            return self.r.choice(known)[1:]
        return self.id("S"), self.id("O"), self.lines(True)

    def shipment_delivered(self, c):
        s, o, _ = self.a_shipment(c)
        return {"shipment_id": s, "order_id": o}

    def shipment_returned(self, c):
        s, o, lines = self.a_shipment(c)
        p = {"return_id": self.new(c, "T"), "order_id": o,
             "lines": copy.deepcopy(lines) if self.maybe(0.5) else self.lines(True)}
        if self.maybe(0.7):
            p["shipment_id"] = s
        x = self.r.random()
        if x < 0.5:
            p["to_be_resent"] = True
        elif x < 0.6:
            p["to_be_resent"] = False
        return p

    def invoice_issued(self, c):
        p = {"invoice_id": self.new(c, "I"), "currency": self.currency(c),
             "issue_date": self.date()}
        net = self.amount() if not self.maybe(0.05) else 0
        tax = self.r.choice((None, None, 0, 13, 100)) if net else self.r.choice((None, 0))
        if self.far and net and self.maybe(0.1):
            tax = 10 ** 15
        p["net_minor"] = self.money(net)
        self.put(p, "tax_minor", tax)
        if self.maybe(0.15):
            p["kind"] = self.r.choice(("DEBIT_NOTE", "INVOICE", "INVOICE_KIND_DEBIT_NOTE"))
        if self.maybe(0.7):
            ids = list(dict.fromkeys(self.id("O") for _ in range(self.r.choice((1, 1, 2, 3)))))
            p["order_ids"] = ids
        if self.maybe(0.3):
            self.put(p, "region", self.r.choice(REGIONS))
            self.put(p, "sales_rep", self.r.choice(REPS))
        x = self.r.random()
        gross = net + (tax or 0)
        if x < 0.4 and 3 < gross <= 10 ** 15:
            parts = []
            for _ in range(self.r.choice((0, 1, 2))):
                n = self.r.randint(1, gross // 3)
                parts.append(n)
                gross -= n
            parts.append(gross)
            p["instalments"] = [{"due_date": self.date(), "amount_minor": self.money(n)}
                                for n in parts]
        elif x < 0.75:
            p["due_date"] = self.date()
        self.invoiced.append((c, p["invoice_id"], p["currency"], net + (tax or 0)))
        return p

    def invoice_delivered(self, c):
        return {"invoice_id": self.id("I")}

    def invoice_due_date_changed(self, c):
        return {"invoice_id": self.id("I"), "due_date": self.date()}

    def invoice_voided(self, c):
        return {"invoice_id": self.numbered("I", self.r.randint(1, 2)), "date": self.late()}

    def credit_note_voided(self, c):
        p = {"credit_note_id": self.id("N"), "date": self.late()}
        known = [x for x in self.sources if x[:2] == (c, "credit_note_id")]
        if known and self.maybe(0.6):
            p["credit_note_id"] = self.r.choice(known)[2]
        if self.maybe(0.2):
            p["reason_code"] = "twice"
        return p

    def credit_note_issued(self, c):
        n = self.amount()
        p = {"credit_note_id": self.new(c, "N"), "currency": self.currency(c),
             "net_minor": self.money(n), "issue_date": self.date()}
        if self.maybe(0.3):
            p["tax_minor"] = 13
            if self.maybe(0.2):
                p["net_minor"] = 0
        if self.maybe(0.6):
            p["invoice_id"] = self.id("I")
            known = [x for x in self.invoiced if x[0] == c]
            if known and self.maybe(0.5):
                _, p["invoice_id"], p["currency"], _ = self.r.choice(known)
        self.sources.append((c, "credit_note_id", p["credit_note_id"], p["currency"],
                             int(p["net_minor"]) + p.get("tax_minor", 0)))
        return p

    def invoice_disputed(self, c):
        p = {"dispute_id": self.id("D", 3), "invoice_id": self.id("I")}
        self.disputed.append((c, p["dispute_id"], p["invoice_id"]))
        if self.maybe(0.6):
            p["amount_minor"] = self.money(self.amount())
        return p

    def dispute_resolved(self, c):
        known = [x for x in self.disputed if x[0] == c]
        d, i = self.r.choice(known)[1:] if known and self.maybe(0.8) else \
            (self.id("D", 3), self.id("I"))
        return {"dispute_id": d, "invoice_id": i,
                "outcome": self.r.choice(("UPHELD", "REJECTED", "DISPUTE_OUTCOME_WITHDRAWN"))}

    def invoice_written_off(self, c):
        p = {"write_off_id": self.id("W", 2), "invoice_id": self.id("I"),
             "amount_minor": self.money(self.amount()), "date": self.date()}
        self.put(p, "kind", self.r.choice((None, "BAD_DEBT", "SMALL_DIFFERENCE",
                                           "SMALL_DIFFERENCE")))
        self.lost.append((c, p["write_off_id"], p["invoice_id"]))
        return p

    def write_off_recovered(self, c):
        known = [x for x in self.lost if x[0] == c]
        w, i = self.r.choice(known)[1:] if known and self.maybe(0.85) else \
            (self.id("W", 2), self.id("I"))
        return {"recovery_id": self.id("R"), "write_off_id": w, "invoice_id": i,
                "amount_minor": self.money(self.amount()), "date": self.date()}

    def payment_received(self, c):
        n = self.amount() * self.r.choice((1, 1, 2))
        n = min(n, 10 ** 15)
        known = [x for x in self.invoiced if x[0] == c and 0 < x[3] < 10 ** 14]
        if known and self.maybe(0.4):       # one invoice to the minor unit, or a little off
            _, invoice, cur, gross = self.r.choice(known)
            n = gross + self.r.choice((0, 0, 0, 1, 100))
            p = {"payment_id": self.new(c, "P"), "currency": cur, "amount_minor": str(n),
                 "value_date": self.date(),
                 "allocations": [{"invoice_id": invoice, "amount_minor": str(gross)}]}
            self.sources.append((c, "payment_id", p["payment_id"], cur, n))
            return p
        p = {"payment_id": self.new(c, "P"), "currency": self.currency(c),
             "amount_minor": self.money(n), "value_date": self.date()}
        if self.maybe(0.6):
            p["allocations"] = self.allocations(n)
        if self.maybe(0.1):
            p["counterparty_customer_id"] = self.r.choice(self.customers)
        self.sources.append((c, "payment_id", p["payment_id"], p["currency"], n))
        return p

    def source(self, p, payment=0.75):
        if self.maybe(payment):
            p["payment_id"] = self.id("P")
        else:
            p["credit_note_id"] = self.id("N")
        return p

    def payment_allocated(self, c):
        p = self.source({"allocation_id": self.id("A", 4), "date": self.date(),
                         "allocations": self.allocations(None, 1)})
        self.allocated.append((c, p))
        return p

    def payment_unallocated(self, c):
        known = [p for k, p in self.allocated if k == c]
        if known and self.maybe(0.6):
            k = self.r.choice(known)
            p = {f: k[f] for f in ("allocation_id", "payment_id", "credit_note_id") if f in k}
            p["date"] = self.late()
            return p
        p = self.source({"allocation_id": self.id("A", 4), "date": self.date()})
        if self.maybe(0.6):                 # its own first allocations, its own item
            p["allocation_id"] = p.get("payment_id") or p["credit_note_id"]
        return p

    def payment_reversed(self, c):
        return {"payment_id": self.numbered("P", self.r.randint(1, 2)), "date": self.late()}

    def refund_paid(self, c):
        p = {"refund_id": self.id("F", 3), "currency": self.currency(c),
             "amount_minor": self.money(self.r.choice(AMOUNTS)), "value_date": self.date()}
        known = [x for x in self.sources if x[0] == c and x[4] <= 10 ** 15]
        if known and self.maybe(0.6):       # what was received, a part, or more: settled or not
            _, kind, p[kind], p["currency"], n = self.r.choice(known)
            p["amount_minor"] = self.money(max(1, min(
                10 ** 15, self.r.choice((n, n, n // 2, n // 3, n - 1, n + 1, 2 * n)))))
            if self.maybe(0.6):
                p["value_date"] = self.late()
        elif self.maybe(0.75):
            self.source(p)
        return p

    def promise_made(self, c):
        p = {"promise_id": self.new(c, "M", 4), "currency": self.currency(c),
             "amount_minor": self.money(self.amount()), "promised_date": self.late()}
        known = [x for x in self.invoiced if x[0] == c]
        if known and self.maybe(0.4):
            _, invoice, p["currency"], gross = self.r.choice(known)
            p["invoice_ids"] = [invoice]
            if gross:
                p["amount_minor"] = self.money(min(gross, 10 ** 15))
        elif self.maybe(0.6):
            p["invoice_ids"] = list(dict.fromkeys(self.id("I") for _ in range(2)))
        return p

    def promise_withdrawn(self, c):
        return {"promise_id": self.id("M", 4)}

    def customer_profile_set(self, c):
        p = {}
        self.put(p, "name", self.r.choice((None, "名 name", "=1+1")))
        self.put(p, "region", self.r.choice(REGIONS))
        self.put(p, "sales_rep", self.r.choice(REPS))
        self.put(p, "grade", self.r.choice(GRADES))
        self.put(p, "parent_customer_id", self.r.choice((None, "C1", "C2", "group")))
        self.put(p, "payment_terms_days", self.r.choice((None, 0, 10, 30)))
        if self.maybe(0.7):
            p["credit_currency"] = self.main[c] if self.maybe(0.5) else self.r.choice(CURRENCIES)
            if self.maybe(0.7):
                p["credit_limit_minor"] = self.money(self.r.choice((0, 1000, 5000, 100000)))
        return p

    WEIGHTS = {
        "order_placed": 5, "order_confirmed": 3, "order_changed": 3, "order_delayed": 1,
        "order_ready": 3, "order_cancelled": 2, "shipment_dispatched": 7,
        "shipment_delivered": 6, "shipment_returned": 3, "invoice_issued": 6,
        "invoice_delivered": 2, "invoice_due_date_changed": 2, "invoice_voided": 0.6,
        "credit_note_issued": 4, "credit_note_voided": 1.5, "invoice_disputed": 2, "dispute_resolved": 2,
        "invoice_written_off": 3, "write_off_recovered": 3, "payment_received": 6,
        "payment_allocated": 7, "payment_unallocated": 3, "payment_reversed": 0.7,
        "refund_paid": 5, "promise_made": 2, "promise_withdrawn": 0.7, "customer_profile_set": 3,
        "sales_target_set": 4, "exchange_rate_published": 3,
    }

    def fresh(self):
        name = self.r.choices(list(self.WEIGHTS), list(self.WEIGHTS.values()))[0]
        e = {"event_id": self.event_id(), "source": self.r.choice(("erp", "wms")),
             "occurred_at": self.in_turn(name) if self.maybe(0.5) else self.instant()
             if self.maybe(0.75) else self.r.choice(self.moments)}
        if name == "sales_target_set":
            day = self.day()
            p = {"period": self.r.choice((str(day.year), "%d-Q%d" % (day.year, (day.month + 2) // 3),
                                          day.isoformat()[:7])),
                 "measure": self.r.choice(("ORDERED", "SHIPPED", "INVOICED", "COLLECTED")),
                 "currency": self.r.choice(sorted(self.main.values())),
                 "amount_minor": self.money(self.r.choice((0, 5000)))}
            by, whose = self.r.choice([("region", x) for x in REGIONS[1:]] + [("sales_rep", x) for x in REPS[1:]])
            p[by] = whose
            e["customer_id"] = "target:" + whose
        elif name == "exchange_rate_published":
            cur, base = self.r.choice(self.pairs)
            p = {"currency": cur, "base_currency": base, "date": self.date(),
                 "rate": self.r.choice(RATES if not self.far else RATES + FAR_RATES)}
            e["customer_id"] = "fx:" + cur
        else:
            e["customer_id"] = self.r.choice(self.customers)
            p = getattr(self, name)(e["customer_id"])
        if self.maybe(0.1):
            e["correlation_id"] = "x%d" % self.r.randrange(1000)
        e[name] = p
        self.remember(e, p)
        return e

    def remember(self, e, p):
        """Sometimes takes an event id that the same document has already seen."""
        id_ = next((p[k] for k in ("order_id", "payment_id", "credit_note_id", "invoice_id",
                                   "promise_id") if k in p), "")
        seen = self.seen.setdefault((e["customer_id"], id_), [])
        if seen and self.maybe(0.04):
            e["event_id"] = self.r.choice(seen)
        seen.append(e["event_id"])

    def event_id(self):
        self.count += 1
        return "e%d" % (self.count if not self.maybe(0.03) else self.r.randint(1, self.count))

    @staticmethod
    def name(e):
        return next(k for k in e if k not in ("event_id", "source", "occurred_at", "customer_id",
                                              "correlation_id"))

    def other_content(self, e):
        """The same event with something else in it that stays valid."""
        p = e[self.name(e)]
        if "amount_minor" in p and "allocations" not in p and self.maybe(0.6):
            n = int(p["amount_minor"])
            p["amount_minor"] = n + 1 if n < 10 ** 15 else n - 1
        elif "date" in p and self.maybe(0.5):
            p["date"] = self.date()
        elif self.maybe(0.5) and "order_id" in p and "lines" in p:
            p["lines"] = p["lines"][::-1] if len(p["lines"]) > 1 else p["lines"]
            p["lines"][0]["quantity"] = "9"
        else:
            e["source"] = "other"
            if "reason_code" not in p and self.name(e) in (
                    "invoice_voided", "payment_reversed", "invoice_disputed", "order_cancelled",
                    "credit_note_voided", "shipment_returned"):
                p["reason_code"] = "again"
        return e

    def repeat(self):
        e = copy.deepcopy(self.r.choice(self.out))
        x = self.r.random()
        if x < 0.35:                        # the same again, written differently
            e.pop("correlation_id", None)
            if self.maybe(0.5):
                e["correlation_id"] = "again"
            p = e[self.name(e)]
            for k in ("amount_minor", "net_minor"):
                if k in p:
                    p[k] = str(p[k]) if isinstance(p[k], int) else int(p[k])
            if self.name(e) == "order_placed":
                p.setdefault("kind", "ORDER_KIND_STANDARD")
            if e["occurred_at"].endswith("00Z"):
                e["occurred_at"] = e["occurred_at"][:-1] + ".5Z"
            return e
        if x < 0.6:                         # the same id, other content
            return self.other_content(e)
        e["event_id"] = self.event_id()
        if x < 0.8:                         # the same claim under another event id
            e["occurred_at"] = self.instant()
            return e
        return self.other_content(e)        # another claim on the same id

    def telling(self):
        """(customer, currency, number, events, add, today) of a story that is told in order."""
        r = self.r
        c = r.choice(self.customers)
        self.stories += 1
        day = [self.base + timedelta(days=r.randrange(self.span // 2))]
        out = []

        def add(name, **p):
            day[0] += timedelta(days=r.choice((0, 0, 1, 1, 2, 5)))
            for f in ("date", "value_date", "issue_date"):
                if p.get(f) == "today":
                    p[f] = day[0].isoformat()
            out.append({"event_id": self.event_id(), "customer_id": c, "source": "story",
                        "occurred_at": day[0].isoformat() + "T%02d:00:00Z" % r.choice((9, 9, 12)),
                        name: p})

        return c, self.main[c], "%d%s" % (self.stories, self.tail[:-6]), out, add, \
            lambda: day[0].isoformat()

    def paid_back(self):
        """Money that had settled something and is paid back, then applied anew; a credit note
        refunded, its own item unallocated, voided."""
        r = self.r
        c, cur, k, out, add, today = self.telling()
        o = "BO" + k
        lines = self.lines()
        add("order_placed", order_id=o, currency=cur, lines=lines, region="CN/South",
            channel=r.choice(("web", "门店")))
        gross = {}
        for x in "ab"[:r.choice((1, 2, 2))]:
            gross["BI" + k + x] = n = r.choice((1000, 1234, 300))
            more = {"region": r.choice(REGIONS[1:])} if self.maybe(0.6) else {}
            add("invoice_issued", invoice_id="BI" + k + x, currency=cur, net_minor=n,
                issue_date="today", order_ids=[o], **more)
            self.invoiced.append((c, "BI" + k + x, cur, n))
        if self.maybe(0.5):
            add("shipment_dispatched", shipment_id="S1", order_id=o, lines=[
                {"line_id": x["line_id"], "quantity": x["quantity"]} for x in lines])
        ids = list(gross)
        if self.maybe(0.6):
            source, id_, total = "payment_id", "BP" + k, sum(gross.values()) + r.choice((0, 0, 50))
            first = {i: gross[i] for i in ids if self.maybe(0.8)}
            add("payment_received", payment_id=id_, currency=cur, amount_minor=total,
                value_date="today",
                allocations=[{"invoice_id": i, "amount_minor": n} for i, n in first.items()])
            if first != gross:
                add("payment_allocated", allocation_id="BA" + k, payment_id=id_, date="today",
                    allocations=[{"invoice_id": i, "amount_minor": gross[i]} for i in ids
                                 if i not in first])
        else:
            source, id_, total = "credit_note_id", "BN" + k, r.choice((200, 300, 1000))
            add("credit_note_issued", credit_note_id=id_, currency=cur, net_minor=total,
                issue_date="today", **({"invoice_id": ids[0]} if self.maybe(0.7) else {}))
            if self.maybe(0.6):
                add("payment_unallocated", allocation_id=id_, credit_note_id=id_, date="today")
            if self.maybe(0.6):
                add("payment_allocated", allocation_id="BA" + k, credit_note_id=id_, date="today",
                    allocations=[{"invoice_id": ids[-1], "amount_minor": r.choice((total, total // 2))}])
        left = total
        for i in range(r.choice((1, 1, 2, 3))):
            n = r.choice((total, left, total // 2, total // 3, 1, total + 1))
            left = max(1, left - n)
            add("refund_paid", refund_id="BF%s%d" % (k[:-1] or k, i), currency=cur,
                amount_minor=max(1, n), value_date="today", **{source: id_})
            if self.maybe(0.5):
                add("payment_allocated", allocation_id="BR%s%d" % (k[:-1] or k, i), date="today",
                    allocations=[{"invoice_id": r.choice(ids), "amount_minor": r.choice((1, 100, n or 1))}],
                    **{source: id_})
        x = r.random()
        if x < 0.3:
            add("payment_unallocated", allocation_id=r.choice((id_, "BA" + k)), date="today",
                **{source: id_})
        if 0.2 < x < 0.45:
            add("invoice_voided", invoice_id=ids[0], date="today")
        if x > 0.6 and source == "credit_note_id":
            add("credit_note_voided", credit_note_id=id_, date="today")
        if x > 0.75 and source == "payment_id":
            add("payment_reversed", payment_id=id_, date="today")
            if self.maybe(0.5):     # one day, two ends
                add("invoice_voided", invoice_id=ids[0], date=today())
        if self.maybe(0.3):
            add("promise_made", promise_id="BM" + k, currency=cur, amount_minor=total,
                promised_date=self.late(), invoice_ids=ids)
        return out

    def partly_back(self):
        """A part of what settled an invoice is paid back; then one of two allocations is undone,
        and what that frees is applied anew."""
        r = self.r
        c, cur, k, out, add, _ = self.telling()
        ids, n, m = ["QI" + k, "QJ" + k], r.choice((300, 1000)), r.choice((200, 500))
        for i, x in zip(ids, (n, m)):
            add("invoice_issued", invoice_id=i, currency=cur, net_minor=x, issue_date="today",
                region=r.choice(REGIONS[1:]), sales_rep=r.choice(REPS[1:]))
        if self.maybe(0.35):        # of a credit note that names no invoice, and is voided
            add("credit_note_issued", credit_note_id="QN" + k, currency=cur, net_minor=m,
                issue_date="today")
            add("payment_allocated", allocation_id="QA" + k, credit_note_id="QN" + k, date="today",
                allocations=[{"invoice_id": ids[1], "amount_minor": m}])
            add("refund_paid", refund_id="QF" + k, currency=cur, amount_minor=m // 2,
                value_date="today", credit_note_id="QN" + k)
            if self.maybe(0.7):
                add("credit_note_voided", credit_note_id="QN" + k, date="today")
            return out
        add("payment_received", payment_id="QP" + k, currency=cur, amount_minor=n + m,
            value_date="today", allocations=[{"invoice_id": ids[0], "amount_minor": n}])
        add("payment_allocated", allocation_id="QA" + k, payment_id="QP" + k, date="today",
            allocations=[{"invoice_id": ids[1], "amount_minor": m}])
        back = r.choice((1, m // 2, m - 1))
        add("refund_paid", refund_id="QF" + k, currency=cur, amount_minor=back, value_date="today",
            payment_id="QP" + k)
        undone, free, other = r.choice((("QP" + k, n, ids[1]), ("QA" + k, m - back, ids[0])))
        add("payment_unallocated", allocation_id=undone, payment_id="QP" + k, date="today")
        add("payment_allocated", allocation_id="QB" + k, payment_id="QP" + k, date="today",
            allocations=[{"invoice_id": other, "amount_minor": free}])
        if self.maybe(0.3):
            add("refund_paid", refund_id="QG" + k, currency=cur, amount_minor=r.choice((back, n, m)),
                value_date="today", payment_id="QP" + k)
        return out

    def exchange(self):
        """Goods that come back, to be resent or not, before and after the order is complete."""
        r = self.r
        c, cur, k, out, add, today = self.telling()
        o = "XO" + k
        lines = self.lines()
        ship = [{"line_id": x["line_id"], "quantity": x["quantity"]} for x in lines]
        add("order_placed", order_id=o, currency=cur, lines=lines, requested_date=today())
        self.ordered.append((c, o, lines))
        if self.maybe(0.25):        # all back without proof; later ones arrive
            add("shipment_dispatched", shipment_id="S0", order_id=o, lines=ship)
            add("shipment_returned", return_id="T0", shipment_id="S0", order_id=o, lines=ship)
            for s in ("S1", "S2"):
                add("shipment_dispatched", shipment_id=s, order_id=o, lines=r.choice((ship, ship[:1])))
            for s in r.choice((("S1", "S2"), ("S2", "S1"), ("S2",))):
                add("shipment_delivered", shipment_id=s, order_id=o)
            return out
        parts = [ship] if self.maybe(0.5) else [ship[:1], ship[1:] or ship]
        sent = []
        for i in range(r.choice((2, 3, 4))):
            s = "S%d" % (i + 1)
            part = parts[i] if i < len(parts) else r.choice((ship, ship[:1]))
            add("shipment_dispatched", shipment_id=s, order_id=o, lines=part)
            sent.append((s, part))
            if self.maybe(0.6):
                add("shipment_delivered", shipment_id=s, order_id=o)
            if self.maybe(0.6):
                back, what = r.choice(sent)
                more = {"shipment_id": back} if self.maybe(0.8) else {}
                if self.maybe(0.7):
                    more["to_be_resent"] = True
                add("shipment_returned", return_id="T%d" % (i + 1), order_id=o,
                    lines=r.choice((what, what[:1], ship)), **more)
            if self.maybe(0.15):
                add("order_cancelled", order_id=o)
        for s, _ in sent:
            if self.maybe(0.5):
                add("shipment_delivered", shipment_id=s, order_id=o)
        return out

    def ahead(self):
        """Paid and invoiced before anything leaves; credit notes of it; goods follow."""
        r = self.r
        c, cur, k, out, add, _ = self.telling()
        o, i = "HO" + k, "HI" + k
        lines = self.lines()
        worth = sum(int(x["net_minor"]) + int(x.get("tax_minor", 0)) for x in lines)
        add("order_placed", order_id=o, currency=cur, lines=lines)
        pay = self.maybe(0.5)
        n = min(10 ** 15, max(1, worth + r.choice((0, 0, -100, 100))))
        if pay:
            add("payment_received", payment_id="HP" + k, currency=cur, amount_minor=n, value_date="today",
                **({"allocations": [{"invoice_id": i, "amount_minor": n}]} if self.maybe(0.4) else {}))
        add("invoice_issued", invoice_id=i, currency=cur, net_minor=n, issue_date="today",
            order_ids=[o] if self.maybe(0.7) else [o, self.id("O")])
        if pay:
            add("payment_allocated", allocation_id="HA" + k, payment_id="HP" + k, date="today",
                allocations=[{"invoice_id": i, "amount_minor": n}])
        if self.maybe(0.6):
            add("credit_note_issued", credit_note_id="HN" + k, invoice_id=i, issue_date="today",
                currency=cur if self.maybe(0.8) else r.choice(CURRENCIES),
                net_minor=max(1, r.choice((n, n // 2, n // 3, 100))))
            if self.maybe(0.4):
                add("credit_note_voided", credit_note_id="HN" + k, date="today")
        for s in ("S1", "S2")[:r.choice((0, 1, 1, 2))]:
            add("shipment_dispatched", shipment_id=s, order_id=o, lines=[
                {"line_id": x["line_id"], "quantity": x["quantity"]} for x in lines[:r.choice((1, 3))]])
            if self.maybe(0.3):
                add("shipment_returned", return_id="T" + s, shipment_id=s, order_id=o,
                    to_be_resent=self.maybe(0.5), lines=[
                        {"line_id": lines[0]["line_id"], "quantity": lines[0]["quantity"]}])
        if self.maybe(0.3):
            add("refund_paid", refund_id="HF" + k, currency=cur, amount_minor=n, value_date="today",
                payment_id="HP" + k)
        return out

    def story(self):
        """An order that really gets paid, with what can go wrong on the way; all at once
        or in pieces between other events."""
        r = self.r
        c, cur, k, out, add, today = self.telling()
        lines = self.lines()
        net, tax = r.choice((1000, 1300, 2000)), 0
        ordered = sum(int(x["net_minor"]) for x in lines)
        if 200 < ordered < 10 ** 14 and self.maybe(0.5):       # what was ordered, or a little off
            net = ordered + r.choice((0, 0, 1, -1))
            tax = sum(int(x.get("tax_minor", 0)) for x in lines)
        gross = net + tax
        o, i = "SO" + k, "SI" + k
        self.ordered.append((c, o, lines))
        add("order_placed", order_id=o, currency=cur, lines=lines)
        ship = [{"line_id": x["line_id"], "quantity": x["quantity"]} for x in lines]
        if self.maybe(0.5):
            add("order_confirmed", order_id=o)
        add("shipment_dispatched", shipment_id="S1", order_id=o, lines=ship[:1])
        if self.maybe(0.4):
            add("order_cancelled", order_id=o)
        else:
            add("shipment_dispatched", shipment_id="S2", order_id=o, lines=ship)
            if self.maybe(0.4):
                add("shipment_returned", return_id="T1", shipment_id="S2", order_id=o, lines=ship)
            if self.maybe(0.7):
                add("shipment_delivered", shipment_id="S2", order_id=o)
        add("shipment_delivered", shipment_id="S1", order_id=o)
        if self.maybe(0.3):                 # invoiced in two parts
            add("invoice_issued", invoice_id=i + "b", currency=cur, net_minor=r.choice((1, 500, 1000)),
                issue_date=today(), order_ids=["O1", o] if self.maybe(0.5) else [o])
        add("invoice_issued", invoice_id=i, currency=cur, net_minor=net, tax_minor=tax,
            issue_date=today(), order_ids=[o])
        if self.maybe(0.6):                 # kept, kept in part, broken
            p = {"invoice_ids": [i]} if self.maybe(0.7) else {}
            add("promise_made", promise_id="SM" + k, currency=cur, amount_minor=gross,
                promised_date=(date.fromisoformat(today()) + timedelta(
                    days=r.choice((0, 0, 3, 10)))).isoformat(), **p)
        self.invoiced.append((c, i, cur, gross))
        part = r.choice((100, 10))
        add("payment_received", payment_id="SP" + k, currency=cur, amount_minor=gross,
            value_date=today(), allocations=[{"invoice_id": i, "amount_minor": gross - part}])
        x = r.random()
        if x < 0.6:
            add("invoice_written_off", write_off_id="W1", invoice_id=i, amount_minor=part,
                date=today(), kind=r.choice(("SMALL_DIFFERENCE", "SMALL_DIFFERENCE", "BAD_DEBT")))
            if self.maybe(0.6):
                add("write_off_recovered", recovery_id="R1", write_off_id="W1", invoice_id=i,
                    amount_minor=part, date=today())
        if x > 0.3:
            add("payment_allocated", allocation_id="SA" + k, payment_id="SP" + k, date=today(),
                allocations=[{"invoice_id": i, "amount_minor": part}])
        if self.maybe(0.2):
            add("payment_unallocated", allocation_id="SP" + k, payment_id="SP" + k, date=today())
        if self.maybe(0.2):
            add("invoice_disputed", dispute_id="D1", invoice_id=i)
            add("dispute_resolved", dispute_id="D1", invoice_id=i, outcome="REJECTED")
        return out

    def events(self):
        pending = []
        while len(self.out) < self.n:
            if self.maybe(0.02):
                s = self.r.choice((self.story, self.paid_back, self.exchange, self.ahead,
                                   self.partly_back))()
                if self.maybe(0.3):
                    self.r.shuffle(s)
                pending += s
            if pending and self.maybe(0.5):
                self.out.append(pending.pop(0))
            else:
                self.out.append(self.repeat() if self.out and self.maybe(0.1) else self.fresh())
        return self.out


def hostile(seed, events=500):
    return Hostile(seed, events).events()


def spoil(r, e):
    """A copy of the event with one thing in it that contract 1 forbids."""
    e = copy.deepcopy(e)
    name = Hostile.name(e)
    p = e[name]
    choices = []

    def can(f):
        choices.append(f)
        return f

    can(lambda: e.pop(r.choice(("event_id", "customer_id", "source", "occurred_at"))))
    can(lambda: e.update(event_id=r.choice(("", " a", "a\u2028b", "x" * 129, "a\u202eb", "a\u00adb",
                                              "\ufeffa", "a\u200b", "é" * 64 + "x"))))
    can(lambda: e.update(occurred_at=r.choice(("2024-13-01T00:00:00Z", "1899-12-31T23:59:59Z",
                                               "yesterday", "2024-01-01"))))
    can(lambda: p.update(surprise=1))
    camel = [(k, k.split("_")[0] + "".join(w.capitalize() for w in k.split("_")[1:])) for k in p]
    camel = [x for x in camel if x[0] != x[1]]
    if camel:                       # a field in both spellings
        a, b = r.choice(camel)
        can(lambda: p.update({b: p[a]}))
    if name == "shipment_returned":
        can(lambda: p.update(to_be_resent=r.choice(("true", 1, "yes"))))
    if name == "payment_allocated":
        can(lambda: p.update(allocation_id=p.get("payment_id") or p["credit_note_id"]))
    can(lambda: e.pop(name))
    can(lambda: e.update({r.choice(("order_ready", "invoice_voided", "promise_withdrawn", "exchange_rate_published")): {}}))
    if name in ("sales_target_set", "exchange_rate_published"):
        can(lambda: e.update(customer_id=r.choice(("C", "target:no region", "fx:XXX"))))
    ids = [k for k in p if k.endswith("_id") and isinstance(p[k], str)]
    if ids and not name.startswith(("sales_", "exchange_")):
        can(lambda: p.update({r.choice(ids): r.choice(("\u0007", "a ", "b" * 129, "b\u2060"))}))
    for k in p:
        if k.endswith("_minor") and k != "tax_minor":
            can(lambda k=k: p.update({k: r.choice((-1, "1000000000000001", "1.5", True, "x"))}))
        if k.endswith("date"):
            can(lambda k=k: p.update({k: r.choice(("2023-02-29", "1899-12-31", "24-01-01"))}))
        if k == "currency" and name not in ("exchange_rate_published",):
            can(lambda k=k: p.update({k: r.choice(("XXZ", "cny"))}))
        if k == "lines":
            can(lambda: p["lines"].append(copy.deepcopy(p["lines"][0])))
            can(lambda: p["lines"][-1].update(quantity=r.choice(("0", "-1", "1e3", ".5", "1.1234567",
                                                                 "1234567890123"))))
            can(lambda: p.update(lines=[]))
        if k in ("line_ids", "order_ids", "invoice_ids"):
            can(lambda k=k: p[k].append(p[k][0]))
        if k == "instalments":
            can(lambda: p["instalments"][0].update(amount_minor=10 ** 14))
            can(lambda: p.update(due_date="2024-01-01"))
        if k == "allocations" and p[k] and name == "payment_received":
            can(lambda: p["allocations"][0].update(amount_minor=10 ** 15))
        if k == "region" and name != "sales_target_set":
            can(lambda: p.update(region=r.choice(("a//b", "/a", "a/ b", "a/b/c/d/e/f/g"))))
    r.choice(choices)()
    return e


def with_invalid(seed, events):
    """The events with invalid ones among them, as they may stand in a log."""
    r = random.Random("invalid-%d" % seed)
    out = []
    for e in events:
        out.append(e)
        if r.random() < 0.06:
            out.append(spoil(r, e))
    return out


def realistic(seed, events=100000, years=4):
    """Plausible order life cycles over years, in order of time."""
    r = random.Random("realistic-%d" % seed)
    customers = max(20, events // 400)
    orders = max(1, int(events / 8.3))
    start = datetime(2020, 1, 1)
    seconds = years * 365 * 86400
    heap = []
    tie = 0
    made = 0
    regions = ["CN/%s/%s" % (a, b) for a in ("East", "South", "North", "West")
               for b in ("P1", "P2", "P3")] + ["EU/DE", "EU/FR", "US"]

    def at(t):
        return t.strftime("%Y-%m-%dT%H:%M:%SZ")

    def push(t, c, name, p):
        nonlocal tie
        tie += 1
        heapq.heappush(heap, (t, tie, c, name, p))

    def pop():
        nonlocal made
        t, n, c, name, p = heapq.heappop(heap)
        made += 1
        return {"event_id": "r%d" % n, "customer_id": c, "source": "erp", "occurred_at": at(t),
                name: p}

    money_of = {}
    for i in range(customers):
        c = "K%05d" % i
        money_of[c] = r.choices(("CNY", "EUR", "JPY", "KWD"), (80, 10, 7, 3))[0]
        push(start, c, "customer_profile_set",
             {"name": "Customer %d" % i, "region": r.choice(regions),
              "sales_rep": "rep%02d" % r.randrange(30), "grade": r.choice("ABC"),
              "payment_terms_days": r.choice((0, 30, 30, 60, 90)),
              "credit_currency": r.choice(("CNY", "CNY", money_of[c])),
              "credit_limit_minor": str(r.choice((10 ** 6, 10 ** 7, 10 ** 9)))})
    for month in range(12 * years):
        day = start + timedelta(days=30 * month)
        for cur, about in (("EUR", 780), ("JPY", 5), ("KWD", 2350)):
            push(day, "fx:" + cur, "exchange_rate_published",
                 {"currency": cur, "base_currency": "CNY", "date": day.date().isoformat(),
                  "rate": "%d.%02d" % divmod(about + r.randrange(about // 20 + 1), 100)})
    names = list(money_of)
    unpaid = {}
    k = 0
    while made < events:
        if k < orders:
            t = start + timedelta(seconds=seconds * k // orders)
            while heap and heap[0][0] < t and made < events:
                yield pop()
            if made < events:
                life(r, push, r.choice(names), money_of, unpaid, "%07d" % k, t)
            k += 1
        elif heap:
            yield pop()
        else:
            orders += 100


def life(r, push, c, money_of, unpaid, n, t):
    """One order from placing to payment; `unpaid` has an invoice of each customer that nobody pays."""
    cur = money_of[c]
    lines = []
    for i in range(r.choice((1, 1, 2, 3))):
        net = r.randrange(1000, 500000)
        lines.append({"line_id": str(i + 1), "sku": "sku%03d" % r.randrange(200),
                      "quantity": str(r.randrange(1, 50)), "net_minor": str(net),
                      "tax_minor": str(net * 13 // 100)})
    o = {"order_id": "SO" + n, "currency": cur, "lines": lines, "channel": r.choice(("web", "field")),
         "requested_date": (t + timedelta(days=20)).date().isoformat()}
    sample = r.random() < 0.05
    if sample:
        o["kind"] = "SAMPLE"
    push(t, c, "order_placed", o)

    def later(t, mean_hours):
        return t + timedelta(seconds=int(r.expovariate(1 / (mean_hours * 3600))) + 60)

    t1 = later(t, 20)
    push(t1, c, "order_confirmed", {"order_id": o["order_id"],
                                    "promised_date": (t1 + timedelta(days=15)).date().isoformat()})
    if r.random() < 0.04:
        push(later(t1, 30), c, "order_cancelled", {"order_id": o["order_id"]})
        return
    if r.random() < 0.1:
        push(later(t1, 40), c, "order_delayed",
             {"order_id": o["order_id"], "stage": "PRODUCE", "reason_code": r.choice("xyz")})
    t2 = later(t1, 120)
    push(t2, c, "order_ready", {"order_id": o["order_id"]})
    t3 = t2
    batches = [lines] if len(lines) == 1 or r.random() < 0.7 else [lines[:1], lines[1:]]
    for i, part in enumerate(batches):
        t3 = later(t3, 30)
        s = "SH%s-%d" % (n, i)
        d = {"shipment_id": s, "order_id": o["order_id"], "warehouse": r.choice(("WH1", "WH2")),
             "lines": [{"line_id": x["line_id"], "quantity": x["quantity"]} for x in part]}
        if r.random() < 0.3:
            d["freight_minor"], d["currency"] = str(r.randrange(500, 5000)), cur
        push(t3, c, "shipment_dispatched", d)
        t4 = later(t3, 60)
        if r.random() < 0.97:
            push(t4, c, "shipment_delivered", {"shipment_id": s, "order_id": o["order_id"]})
        if r.random() < 0.02:
            back = {"return_id": "RT" + s, "shipment_id": s, "order_id": o["order_id"],
                    "lines": [{"line_id": part[0]["line_id"], "quantity": "1"}]}
            t7 = later(t4, 100)
            if r.random() < 0.3:
                back["to_be_resent"] = True
                t8 = later(t7, 50)
                push(t8, c, "shipment_dispatched",
                     {"shipment_id": s + "R", "order_id": o["order_id"], "lines": back["lines"]})
                push(later(t8, 60), c, "shipment_delivered",
                     {"shipment_id": s + "R", "order_id": o["order_id"]})
            push(t7, c, "shipment_returned", back)
    if sample:
        return
    net = sum(int(x["net_minor"]) for x in lines)
    tax = sum(int(x["tax_minor"]) for x in lines)
    t5 = later(t3, 24)
    issue = t5.date()
    inv = {"invoice_id": "IN" + n, "order_ids": [o["order_id"]], "currency": cur,
           "net_minor": str(net), "tax_minor": str(tax), "issue_date": issue.isoformat()}
    due = issue + timedelta(days=30)
    if r.random() < 0.1:
        half = (net + tax) // 2
        inv["instalments"] = [
            {"due_date": (issue + timedelta(days=30)).isoformat(), "amount_minor": str(half)},
            {"due_date": (issue + timedelta(days=60)).isoformat(),
             "amount_minor": str(net + tax - half)}]
    elif r.random() < 0.5:
        inv["due_date"] = due.isoformat()
    push(t5, c, "invoice_issued", inv)
    if r.random() < 0.5:
        push(later(t5, 60), c, "invoice_delivered", {"invoice_id": inv["invoice_id"]})
    gross = net + tax
    x = r.random()
    if x < 0.02:
        push(later(t5, 100), c, "invoice_voided",
             {"invoice_id": inv["invoice_id"], "date": (issue + timedelta(days=3)).isoformat()})
        return
    if x < 0.05:
        cut = r.randrange(1, gross // 2)
        t7 = later(t5, 200)
        push(t7, c, "credit_note_issued",
             {"credit_note_id": "CN" + n, "invoice_id": inv["invoice_id"], "currency": cur,
              "net_minor": str(cut), "issue_date": (issue + timedelta(days=10)).isoformat()})
        t8 = later(t7, 50)
        undone = max(t8.date(), issue + timedelta(days=11)).isoformat()
        y = r.random()
        if y < 0.2:  # By mistake.
            push(t8, c, "credit_note_voided",
                 {"credit_note_id": "CN" + n, "date": undone, "reason_code": "mistake"})
            if y < 0.1:
                push(later(t8, 20), c, "credit_note_issued",
                     {"credit_note_id": "CN" + n + "B", "invoice_id": inv["invoice_id"],
                      "currency": cur, "net_minor": str(cut), "issue_date": undone})
            else:
                cut = 0
        elif y < 0.4 and c in unpaid:  # On the wrong invoice.
            push(t8, c, "payment_unallocated",
                 {"allocation_id": "CN" + n, "credit_note_id": "CN" + n, "date": undone})
            other, its = unpaid.pop(c)
            push(t8 + timedelta(minutes=10), c, "payment_allocated",
                 {"allocation_id": "AC" + n, "credit_note_id": "CN" + n, "date": undone,
                  "allocations": [{"invoice_id": other, "amount_minor": str(min(cut, its))}]})
            cut = 0
        gross -= cut
    if x < 0.10:
        push(later(t5, 300), c, "invoice_disputed",
             {"dispute_id": "1", "invoice_id": inv["invoice_id"], "reason_code": "quality"})
        push(later(t5, 1500), c, "dispute_resolved",
             {"dispute_id": "1", "invoice_id": inv["invoice_id"], "outcome": "REJECTED"})
    if x > 0.94:
        unpaid[c] = inv["invoice_id"], gross
        return
    t6 = t5 + timedelta(days=max(1, int(r.gauss(38, 20))))
    pay = {"payment_id": "PY" + n, "currency": cur, "amount_minor": str(gross),
           "value_date": t6.date().isoformat()}
    if x < 0.6:
        pay["allocations"] = [{"invoice_id": inv["invoice_id"], "amount_minor": str(gross)}]
    push(t6, c, "payment_received", pay)
    if x >= 0.6:
        push(later(t6, 50), c, "payment_allocated",
             {"allocation_id": "AL" + n, "payment_id": pay["payment_id"],
              "date": (t6 + timedelta(days=1)).date().isoformat(),
              "allocations": [{"invoice_id": inv["invoice_id"], "amount_minor": str(gross)}]})
    if r.random() < 0.02:  # Credited once it was paid: the money goes back.
        t7 = t6 + timedelta(days=r.randrange(10, 40))
        cut, day = str(max(1, gross // 10)), t7.date().isoformat()
        push(t7, c, "credit_note_issued",
             {"credit_note_id": "CP" + n, "invoice_id": inv["invoice_id"], "currency": cur,
              "net_minor": cut, "issue_date": day})
        push(t7 + timedelta(hours=1), c, "refund_paid",
             {"refund_id": "RF" + n, "payment_id": pay["payment_id"], "currency": cur,
              "amount_minor": cut, "value_date": day})


def main():
    a = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    a.add_argument("kind", choices=("hostile", "realistic"))
    a.add_argument("--seed", type=int, default=1)
    a.add_argument("--events", type=int)
    a.add_argument("--invalid", action="store_true", help="hostile: put invalid events among them")
    args = a.parse_args()
    if args.kind == "hostile":
        out = hostile(args.seed, args.events or 500)
        if args.invalid:
            out = with_invalid(args.seed, out)
    else:
        out = realistic(args.seed, args.events or 100000)
    for e in out:
        sys.stdout.write(json.dumps(e, ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
