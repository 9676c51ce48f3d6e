"""Part C: postings per day, measure and dimension, and their sums."""
from datetime import date
from functools import lru_cache

from . import cycle
from .dates import parse_date, period
from .money import quantity
from .receivables import INF

MEASURES = ("ordered", "shipped", "invoiced", "collected")
AMOUNTS = MEASURES + ("freight",)
COUNTS = ("orders", "shipments", "invoices")
QUANTITIES = ("ordered_quantity", "shipped_quantity")


class Posting:
    """An amount, count or quantity of one day under its dimensions ("" is none).
    sku is a set: a count stands once under each."""
    __slots__ = ("day", "currency", "measure", "value", "region", "sales_rep", "customer",
                 "sku", "channel", "kind")

    def __init__(self, day, currency, measure, value, where, skus=("",)):
        self.day, self.currency, self.measure, self.value = day, currency, measure, value
        self.customer, self.region, self.sales_rep, self.channel, self.kind = where
        self.sku = frozenset(skus)


def of_order(s, attributes):
    """Postings of an order's state."""
    o = s.order
    p = o.rec.p
    region, rep = attributes.order(o)
    where = (o.customer, region, rep, p["channel"], p["kind"])
    cur = p["currency"]
    out = []
    for x in s.lines.values():
        out.append(Posting(o.rec.bd, cur, "ordered", x.net * x.remaining // x.quantity, where,
                           (x.sku,)))
        out.append(Posting(o.rec.bd, cur, "ordered_quantity", x.remaining, where, (x.sku,)))
    out.append(Posting(o.rec.bd, cur, "orders", 1, where, {x.sku for x in s.lines.values()}))

    def chain(recs, sign):
        total = {}
        for r in recs:
            for x in r.p["lines"]:
                t = s.terms.get(x["line_id"])
                q = quantity(x["quantity"])
                if t is None:
                    out.append(Posting(r.bd, cur, "shipped_quantity", sign * q, where))
                    continue
                before = total.get(x["line_id"], 0)
                after = total[x["line_id"]] = before + q
                value = t.net * after // t.quantity - t.net * before // t.quantity
                out.append(Posting(r.bd, cur, "shipped", sign * value, where, (t.sku,)))
                out.append(Posting(r.bd, cur, "shipped_quantity", sign * q, where, (t.sku,)))

    chain(s.dispatches, 1)
    chain(sorted(s.returns, key=lambda r: r.order), -1)
    for r in s.dispatches:
        skus = {s.terms[x["line_id"]].sku if x["line_id"] in s.terms else ""
                for x in r.p["lines"]}
        out.append(Posting(r.bd, cur, "shipments", 1, where, skus))
        if r.p["freight_minor"]:
            out.append(Posting(r.bd, r.p["currency"], "freight", r.p["freight_minor"], where))
    return out


def of_account(a, day, rc, attributes):
    """Postings of an account's invoices and money at that date."""
    out = []

    def of_invoice(inv):
        region, rep = attributes.invoice(inv)
        first = inv.orders[0].rec.p if inv.orders else {"channel": "", "kind": ""}
        return (inv.customer, region, rep, first["channel"], first["kind"])

    for inv in a.invoices.values():
        where = of_invoice(inv)
        if inv.issue <= day:
            out.append(Posting(inv.issue, inv.currency, "invoiced", inv.net, where))
            out.append(Posting(inv.issue, inv.currency, "invoices", 1, where))
        if inv.void_date is not None and inv.void_date <= day:
            out.append(Posting(inv.void_date, inv.currency, "invoiced", -inv.net, where))
    def of_source(s):
        """A credit note has the channel and kind of the invoice it names."""
        named = a.invoices.get(s.rec.p["invoice_id"]) if s.kind == "credit_note" else None
        return of_invoice(named) if named is not None else \
            (s.customer,) + attributes.source(s) + ("", "")

    for s in a.credit_notes.values():
        net = s.rec.p["net_minor"]
        if s.start <= day:
            out.append(Posting(s.start, s.currency, "invoiced", -net, of_source(s)))
        if s.end <= day:
            out.append(Posting(s.end, s.currency, "invoiced", net, of_source(s)))

    def stands(it):
        """Whether the item is part of the split at that date."""
        return it.state == "counts" and it.start <= day and not (
            it.end <= day and it.ended_by in ("unallocated", "voided"))
    for s in a.payments.values():
        if s.start > day:
            continue
        parts = []
        rest = s.amount
        for it in rc.items_of_source[s]:
            if stands(it):
                parts.append((it.amount, of_invoice(it.invoice)))
                rest -= it.amount
        parts.append((rest, of_source(s)))
        for n, where in parts:
            out.append(Posting(s.start, s.currency, "collected", n, where))
            if s.end != INF and s.end <= day:
                out.append(Posting(s.end, s.currency, "collected", -n, where))
    for r, s in a.refunds:
        d = parse_date(r.p["value_date"])
        if d > day:
            continue
        rest = r.p["amount_minor"]
        for it in rc.items_of_source[s] if s is not None else ():
            for refund, _, n in it.taken:
                if refund is r and stands(it):
                    out.append(Posting(d, s.currency, "collected", -n, of_invoice(it.invoice)))
                    rest -= n
        where = of_source(s) if s is not None else \
            (a.customer,) + attributes.refund(r, s, d) + ("", "")
        out.append(Posting(d, r.p["currency"], "collected", -rest, where))
    return out


class Told(Posting):
    """What one record adds to a measure on a day. by_sku: a count that stands under one sku, and is
    taken where skus are told apart, in place of those that stand once."""
    __slots__ = ("rec", "document", "by_sku")

    def __init__(self, rec, document, day, currency, measure, value, where, sku="", by_sku=None):
        super().__init__(day, currency, measure, value, where, (sku,))
        self.rec, self.document, self.by_sku = rec, document, by_sku


def told_of_order(s, day, attributes):
    """What each record adds of an order in its state at that date: the placing, dispatches and returns what they come to at the
    terms of the end of their day, and a change what it makes of all that was there before its day."""
    o = s.order
    p, placed = o.rec.p, o.rec.bd
    region, rep = attributes.order(o)
    where, cur = (o.customer, region, rep, p["channel"], p["kind"]), p["currency"]
    steps = [o.rec] + sorted((r for r in o.changes + o.cancels if r.bd <= day), key=lambda r: r.order)
    # Lines, terms and value as each of them leaves them.
    stages = [cycle.lines_after(s, steps[1:k + 1]) for k in range(len(steps))]
    out = []

    def put(rec, at, measure, value, sku="", by_sku=None):
        if value:
            out.append(Told(rec, o.id, at, cur, measure, value, where, sku, by_sku))

    put(o.rec, placed, "orders", 1, by_sku=False)
    for k, rec in enumerate(steps):
        for lines, sign in ((stages[k][0], 1), (stages[k - 1][0] if k else {}, -1)):
            for x in lines.values():
                put(rec, placed, "ordered", sign * (x.net * x.remaining // x.quantity), x.sku)
                put(rec, placed, "ordered_quantity", sign * x.remaining, x.sku)
            for sku in {x.sku for x in lines.values()}:
                put(rec, placed, "orders", sign, sku, True)

    def parts(chain, i, terms):
        """[(sku, amount, quantity)] of one of the chain at these terms."""
        before = {}
        for r in chain[:i]:
            for x in r.p["lines"]:
                before[x["line_id"]] = before.get(x["line_id"], 0) + quantity(x["quantity"])
        for x in chain[i].p["lines"]:
            n, q, t = before.get(x["line_id"], 0), quantity(x["quantity"]), terms.get(x["line_id"])
            if t is None:
                yield "", 0, q
            else:
                yield t.sku, t.net * (n + q) // t.quantity - t.net * n // t.quantity, q

    for chain, way in ((s.dispatches, 1), (sorted(s.returns, key=lambda r: r.order), -1)):
        for i, r in enumerate(chain):
            first = max(k for k, x in enumerate(steps) if max(x.bd, placed) <= max(r.bd, placed) or not k)
            for k in range(first, len(steps)):
                rec = r if k == first else steps[k]
                for terms, sign in ((stages[k][1], 1), (stages[k - 1][1] if k > first else None, -1)):
                    if terms is None:
                        continue
                    found = list(parts(chain, i, terms))
                    for sku, n, q in found:
                        put(rec, r.bd, "shipped", way * sign * n, sku)
                        put(rec, r.bd, "shipped_quantity", way * sign * q, sku)
                    for sku in {x[0] for x in found} if way > 0 else ():
                        put(rec, r.bd, "shipments", sign, sku, True)
    for r in s.dispatches:
        put(r, r.bd, "shipments", 1, by_sku=False)
        if r.p["freight_minor"]:
            out.append(Told(r, o.id, r.bd, r.p["currency"], "freight", r.p["freight_minor"], where))
    return out


def told_of_account(a, day, rc, attributes):
    """What each record of an account's invoices and money adds. Where cash stands with an invoice the
    record that holds the allocation moves it there."""
    out = []

    def of_invoice(inv):
        first = inv.orders[0].rec.p if inv.orders else {"channel": "", "kind": ""}
        return (inv.customer,) + attributes.invoice(inv) + (first["channel"], first["kind"])

    def of_source(s):
        named = a.invoices.get(s.rec.p["invoice_id"]) if s.kind == "credit_note" else None
        return of_invoice(named) if named is not None else \
            (s.customer,) + attributes.source(s) + ("", "")

    def put(rec, document, at, currency, measure, value, where):
        if at <= day:
            out.append(Told(rec, document, at, currency, measure, value, where))

    for inv in a.invoices.values():
        put(inv.rec, inv.id, inv.issue, inv.currency, "invoiced", inv.net, of_invoice(inv))
        put(inv.rec, inv.id, inv.issue, inv.currency, "invoices", 1, of_invoice(inv))
        if inv.void is not None:
            put(inv.void, inv.id, inv.void_date, inv.currency, "invoiced", -inv.net, of_invoice(inv))
    for s in a.credit_notes.values():
        net = s.rec.p["net_minor"]
        put(s.rec, s.id, s.start, s.currency, "invoiced", -net, of_source(s))
        if s.reversal is not None:
            put(s.reversal, s.id, s.end, s.currency, "invoiced", net, of_source(s))
    for s in a.payments.values():
        put(s.rec, s.id, s.start, s.currency, "collected", s.amount, of_source(s))
        if s.reversal is not None:
            put(s.reversal, s.id, s.end, s.currency, "collected", -s.amount, of_source(s))
    for r, s in a.refunds:
        at = parse_date(r.p["value_date"])
        where = of_source(s) if s is not None else \
            (a.customer,) + attributes.refund(r, s, at) + ("", "")
        document = r.p["payment_id"] or r.p["credit_note_id"] or r.p["refund_id"]
        put(r, document, at, r.p["currency"], "collected", -r.p["amount_minor"], where)
    for s in list(a.payments.values()) + list(a.credit_notes.values()):
        for it in rc.items_of_source[s]:
            if it.state != "counts" or it.start > day or (
                    it.end <= day and it.ended_by in ("unallocated", "voided")):
                continue
            moves = [(at, -n) for _, at, n in it.taken]
            if s.kind == "payment":
                moves += [(s.start, it.amount), (s.end, -it.amount)]
            for at, n in moves:
                put(it.rec, it.alloc_id, at, s.currency, "collected", n, of_invoice(it.invoice))
                put(it.rec, it.alloc_id, at, s.currency, "collected", -n, of_source(s))
    return out


def label(day, grain, whole):
    return period(day, grain) if grain else whole


def grain_of(label):
    """The grain of a target's period."""
    return "year" if len(label) == 4 else "quarter" if "Q" in label else "month"


@lru_cache(maxsize=None)
def days_of(label, grain):
    """The days of the period of that name: none where the calendar has no such period."""
    year = int(label[:4])
    around = range(date(year, 1, 1).toordinal() - 7, date(year + 1, 1, 1).toordinal() + 7)
    return [d for d in around if period(d, grain) == label]


def compared(label, grain, with_what, start, end):
    """(first day, last day, label) of the whole period that a row's is compared with, or None."""
    if not grain:
        if with_what == "previous_period":
            first, last = start - (end - start) - 1, start - 1
        else:
            first, last = (days_of("%04d%s" % (int(x[:4]) - 1, x[4:]), "day")
                           for x in label.split("/"))
            if not first or not last:
                return None
            first, last = first[0], last[0]
        return first, last, "/".join(date.fromordinal(d).isoformat() for d in (first, last))
    if with_what == "previous_period":
        name = period(days_of(label, grain)[0] - 1, grain)
    else:
        name = "%04d%s" % (int(label[:4]) - 1, label[4:])
    days = days_of(name, grain)
    return (days[0], days[-1], name) if days else None
