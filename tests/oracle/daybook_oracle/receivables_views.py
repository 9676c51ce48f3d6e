"""The JSON answers of part A, from the oracle and the query parameters."""
from .answers import (NotHere, as_of, attributes, by_bytes, common, kept, level)
from .attributes import cut
from .dates import parse_date, show_date
from .match import Blank
from .money import amount


class Cell:
    def __init__(self, n):
        self.not_due = self.disputed = self.unapplied = self.credits = self.ledger = 0
        self.items = 0
        self.buckets = [0] * n

    def open(self):
        return self.not_due + sum(self.buckets)

    def balance(self):
        return self.open() - self.unapplied - self.credits

    def empty(self):
        return not (self.not_due or self.disputed or self.unapplied or self.credits or self.ledger
                    or self.items or any(self.buckets))

    def row(self, cur):
        def m(n):
            return amount(n, cur)
        return {"currency": cur, "not_due": m(self.not_due), "buckets": [m(n) for n in self.buckets],
                "gross_open": m(self.open()), "disputed": m(self.disputed),
                "gross_open_undisputed": m(self.open() - self.disputed),
                "unapplied_cash": m(self.unapplied), "open_credits": m(self.credits),
                "balance": m(self.balance()), "items": self.items,
                "proof": {"ledger_balance": m(self.ledger),
                          "difference": m(self.balance() - self.ledger)}}


def limits(q):
    return [int(x) for x in q.get("buckets", "30,60,90,120").split(",")]


def bucket_labels(ls):
    starts = [1] + [x + 1 for x in ls]
    return ["%d-%d" % (a, b) for a, b in zip(starts, ls)] + ["%d+" % starts[-1]]


def bucket_of(days, ls):
    """None is not due, else the number of the bucket."""
    if days <= 0:
        return None
    for i, x in enumerate(ls):
        if days <= x:
            return i
    return len(ls)


def open_items(o, day, att):
    """Every open item of every account at that date, as dictionaries."""
    rc = o.receivables
    out = []

    def put(a, document, kind, cur, n, open_, where, issue, number=None, due=None, disputed=0,
            source=""):
        out.append({"customer": a.customer, "document": document, "kind": kind,
                    "instalment": number, "issue": issue, "due": due, "currency": cur,
                    "amount": n, "open": open_, "disputed": disputed,
                    "region": where[0], "sales_rep": where[1], "surplus": kind == "SURPLUS",
                    "source": source})

    for a in o.facts.accounts.values():
        for inv in a.invoices.values():
            value = rc.invoice_value(inv, day)
            if value > 0:
                for number, due, n, open_, disputed in rc.open_instalments(inv, day):
                    if open_:
                        put(a, inv.id, inv.rec.p["kind"], inv.currency, n, open_,
                            att.invoice(inv), inv.issue, number, due, disputed)
            elif value < 0:
                put(a, inv.id, "SURPLUS", inv.currency, value, value, att.invoice(inv), inv.issue)
        for s in list(a.payments.values()) + list(a.credit_notes.values()):
            n = rc.unapplied(s, day)
            if n:
                put(a, s.id, s.kind.upper(), s.currency, -s.amount, -n, att.source(s), s.start)
        for r, s in rc.stray_refunds(a, day):
            d = parse_date(r.p["value_date"])
            n = r.p["amount_minor"]
            put(a, r.p["refund_id"], "REFUND", r.p["currency"], n, n, att.refund(r, s, d), d,
                source=r.p.get("payment_id") or r.p.get("credit_note_id") or "")
    return out


def items_at(o, q):
    day = as_of(o, q)
    key = ("items", day, q.get("attributes"))
    return o.cached(key, lambda: open_items(o, day, attributes(o, q)))


def ledger_at(o, q):
    """[(customer, region, rep, currency, amount)]: entries and both sides of transfers."""
    day = as_of(o, q)
    att = attributes(o, q)
    rc = o.receivables

    def make():
        out = []
        for a in o.facts.accounts.values():
            for d, cur, n, kind, document, rec in rc.ledger(a):
                if d > day:
                    continue
                if isinstance(document, tuple):
                    where = att.refund(document[0], document[1], d)
                elif hasattr(document, "gross"):
                    where = att.invoice(document)
                else:
                    where = att.source(document)
                out.append((a.customer,) + where + (cur, n))
            for d, cur, n, it in rc.transfers(a):
                if d <= day:
                    out.append((a.customer,) + att.invoice(it.invoice) + (cur, n))
                    out.append((a.customer,) + att.source(it.source) + (cur, -n))
        return out
    return o.cached(("ledger", day, q.get("attributes")), make)


def grouping(o, q, by):
    """(customer, region, rep, currency) -> the group's name."""
    att = attributes(o, q)
    day = as_of(o, q)
    n = level(q)
    if by == "none":
        return lambda c, region, rep, cur: ""
    if by == "customer":
        return lambda c, region, rep, cur: c
    if by == "parent_customer":
        return lambda c, region, rep, cur: att.parent(c, day)
    if by == "region":
        return lambda c, region, rep, cur: cut(region, n) or "unassigned"
    if by == "sales_rep":
        return lambda c, region, rep, cur: rep or "unassigned"
    if by == "currency":
        return lambda c, region, rep, cur: cur
    raise NotHere(by)


def ageing(o, q):
    if "base_currency" in q:
        raise NotHere("base_currency")
    by = q.get("group_by", "customer")
    ls = limits(q)
    aged_on = parse_date(q["aged_on"]) if "aged_on" in q else as_of(o, q)
    basis = q.get("basis", "due_date")
    group_of = grouping(o, q, by)
    rows, totals = {}, {}

    def cells(c, region, rep, cur):
        g = group_of(c, region, rep, cur)
        yield rows.setdefault((g, cur), Cell(len(ls) + 1))
        yield totals.setdefault(cur, Cell(len(ls) + 1))

    for x in items_at(o, q):
        if not kept(q, x["region"], x["sales_rep"], x["customer"], x["currency"]):
            continue
        for cell in cells(x["customer"], x["region"], x["sales_rep"], x["currency"]):
            cell.items += 1
            if x["kind"] in ("INVOICE", "DEBIT_NOTE"):
                b = bucket_of(aged_on - (x["due"] if basis == "due_date" else x["issue"]), ls)
                if b is None:
                    cell.not_due += x["open"]
                else:
                    cell.buckets[b] += x["open"]
                cell.disputed += x["disputed"]
            elif x["kind"] in ("PAYMENT", "REFUND"):
                cell.unapplied -= x["open"]
            else:
                cell.credits -= x["open"]
    for c, region, rep, cur, n in ledger_at(o, q):
        if kept(q, region, rep, c, cur):
            for cell in cells(c, region, rep, cur):
                cell.ledger += n
    out = common(o, q)
    out.update({
        "aged_on": show_date(aged_on), "basis": basis, "group_by": by, "buckets": bucket_labels(ls),
        "rows": [dict(group=g, **rows[g, cur].row(cur)) for g, cur in by_bytes(rows)
                 if not rows[g, cur].empty()],
        "totals": [totals[cur].row(cur) for cur in sorted(totals) if not totals[cur].empty()]})
    return out


def show_item(x, aged_on):
    due = x["due"]
    return {"customer_id": x["customer"], "document_id": x["document"], "kind": x["kind"],
            "instalment": x["instalment"], "issue_date": show_date(x["issue"]),
            "due_date": show_date(due), "days_overdue": None if due is None else aged_on - due,
            "currency": x["currency"], "amount": amount(x["amount"], x["currency"]),
            "open": amount(x["open"], x["currency"]),
            "disputed": amount(x["disputed"], x["currency"]),
            "region": Blank(x["region"]), "sales_rep": Blank(x["sales_rep"]),
            "over_applied": x["surplus"]}


def item_key(x):
    return (x["customer"].encode(), x["currency"], x["due"] if x["due"] is not None else x["issue"],
            x["kind"], x["document"].encode(), x["instalment"] or 0, x["source"].encode())


def items(o, q):
    ls = limits(q)
    aged_on = parse_date(q["aged_on"]) if "aged_on" in q else as_of(o, q)
    basis = q.get("basis", "due_date")
    labels = bucket_labels(ls)
    out = []
    for x in sorted(items_at(o, q), key=item_key):
        if not kept(q, x["region"], x["sales_rep"], x["customer"], x["currency"]):
            continue
        if "bucket" in q:
            if x["due"] is None:
                continue
            b = bucket_of(aged_on - (x["due"] if basis == "due_date" else x["issue"]), ls)
            if ("not_due" if b is None else labels[b]) != q["bucket"]:
                continue
        out.append(show_item(x, aged_on))
    return dict(common(o, q), items=out)
