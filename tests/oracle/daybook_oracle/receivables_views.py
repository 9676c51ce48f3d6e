"""The JSON answers of part A, from the oracle and the query parameters."""
from fractions import Fraction

from . import credit, promises, reconciliation
from .answers import (NotHere, as_of, attributes, by_bytes, common, kept, known_at, level, ref)
from .attributes import cut
from .dates import parse_date, period, show_date
from .match import Any, Bag, Blank, Either, Ids, Number, Optional, Sums
from .money import EXPONENT, amount, fixed


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


def laid_over(items_, day):
    """"lays what is on account, C = unapplied cash + open credits of an account in a currency, over
    its open instalments in order of due date, issue date, document, instalment, as far as it
    reaches"."""
    accounts = {}
    for x in items_:
        accounts.setdefault((x["customer"], x["currency"]), []).append(x)
    out = []
    for (customer, cur), xs in accounts.items():
        left = -sum(x["open"] for x in xs if x["due"] is None)
        for x in sorted((x for x in xs if x["due"] is not None), key=lambda x: (
                x["due"], x["issue"], x["document"].encode(), x["instalment"])):
            covered = min(max(left, 0), x["open"])
            left -= covered
            if x["open"] > covered:
                out.append(dict(x, open=x["open"] - covered,
                                disputed=min(x["disputed"], x["open"] - covered)))
        if left:
            out.append({"customer": customer, "document": "", "kind": "ON_ACCOUNT",
                        "instalment": None, "issue": day, "due": None, "currency": cur,
                        "amount": -left, "open": -left, "disputed": 0, "region": "",
                        "sales_rep": "", "surplus": False, "source": ""})
    return out


def items_at(o, q):
    day = as_of(o, q)
    which = (day, q.get("attributes"))
    separate = o.cached(("items",) + which, lambda: open_items(o, day, attributes(o, q)))
    if q.get("credits", "separate") == "separate":
        return separate
    return o.cached(("laid over",) + which, lambda: laid_over(separate, day))


class Entry:
    """A ledger entry, or one side of a transfer, under the attributes of its document."""
    __slots__ = ("day", "customer", "region", "sales_rep", "currency", "amount", "type",
                 "document", "item_document", "rec", "within")

    def __init__(self, day, customer, where, currency, amount, type_, document, rec):
        self.day, self.customer, self.currency, self.amount = day, customer, currency, amount
        self.region, self.sales_rep = where
        self.type, self.document, self.rec = type_, document, rec
        self.item_document = document      # the one under which items list it
        self.within = False                # a side of a transfer within one region and rep

    @property
    def key(self):
        return (self.day,) + self.rec.pos


COLUMNS = ("invoices", "credit_notes", "cash", "reversals", "refunds", "write_offs", "recoveries",
           "voids", "transfers")


def all_entries(o, q):
    """Every entry of every account, whatever its date, by date and position."""
    att = attributes(o, q)
    rc = o.receivables

    def make():
        out = []
        for a in o.facts.accounts.values():
            for d, cur, n, type_, document, rec in rc.ledger(a):
                if isinstance(document, tuple):
                    r, s = document
                    e = Entry(d, a.customer, att.refund(r, s, d), cur, n, type_,
                              r.p["payment_id"] or r.p["credit_note_id"] or r.p["refund_id"], rec)
                    if s is None or s.currency != cur:
                        e.item_document = r.p["refund_id"]
                elif hasattr(document, "gross"):
                    e = Entry(d, a.customer, att.invoice(document), cur, n, type_, document.id, rec)
                else:
                    e = Entry(d, a.customer, att.source(document), cur, n, type_, document.id, rec)
                out.append(e)
            for d, cur, n, it in rc.transfers(a):
                sides = (att.invoice(it.invoice), n), (att.source(it.source), -n)
                for where, x in sides:
                    e = Entry(d, a.customer, where, cur, x, "transfers", it.alloc_id, it.rec)
                    e.within = sides[0][0] == sides[1][0]
                    out.append(e)
        out.sort(key=lambda e: e.key)
        return out
    return o.cached(("entries", q.get("attributes")), make)


def counts(o, q, region, rep, customer, currency):
    """Whether the filters keep it; a group of companies is by the file that grouping by it goes by."""
    if "parent_customer" in q and attributes(o, q).parent(customer, as_of(o, q)) != q["parent_customer"]:
        return False
    return kept(q, region, rep, customer, currency)


def entries_kept(o, q):
    return [e for e in all_entries(o, q)
            if counts(o, q, e.region, e.sales_rep, e.customer, e.currency)]


def ledger_at(o, q):
    """[(customer, region, rep, currency, amount)]: entries and both sides of transfers."""
    day = as_of(o, q)
    return [(e.customer, e.region, e.sales_rep, e.currency, e.amount)
            for e in all_entries(o, q) if e.day <= day]


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


def aged(o, q):
    """{(group, currency): Cell}, {currency: Cell}"""
    ls = limits(q)
    aged_on = parse_date(q["aged_on"]) if "aged_on" in q else as_of(o, q)
    basis = q.get("basis", "due_date")
    group_of = grouping(o, q, q["group_by"])
    rows, totals = {}, {}

    def cells(c, region, rep, cur):
        g = group_of(c, region, rep, cur)
        yield rows.setdefault((g, cur), Cell(len(ls) + 1))
        yield totals.setdefault(cur, Cell(len(ls) + 1))

    for x in items_at(o, q):
        if not counts(o, q, x["region"], x["sales_rep"], x["customer"], x["currency"]):
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
            elif x["kind"] in ("PAYMENT", "REFUND", "ON_ACCOUNT"):
                cell.unapplied -= x["open"]
            else:
                cell.credits -= x["open"]
    for c, region, rep, cur, n in ledger_at(o, q):
        if counts(o, q, region, rep, c, cur):
            for cell in cells(c, region, rep, cur):
                cell.ledger += n
    return ({k: x for k, x in rows.items() if not x.empty()},
            {k: x for k, x in totals.items() if not x.empty()})


def ageing(o, q):
    q = dict(q, group_by=q.get("group_by", "customer"))
    ls = limits(q)
    rows, totals = aged(o, q)
    out = common(o, q)
    out.update({
        "aged_on": show_date(parse_date(q["aged_on"]) if "aged_on" in q else as_of(o, q)),
        "basis": q.get("basis", "due_date"), "group_by": q["group_by"], "buckets": bucket_labels(ls),
        "rows": [dict(group=g, **rows[g, cur].row(cur)) for g, cur in by_bytes(rows)],
        "totals": [totals[cur].row(cur) for cur in sorted(totals)]})
    if "base_currency" in q:
        out["base_totals"] = base_totals(o, q, totals, len(ls) + 1)
    return out


def base_totals(o, q, totals, n):
    """"each column of each currency converted at the last rate on or before `as_of`, rounded
    half away from zero, gross and balance summed from the converted columns"."""
    base = q["base_currency"]
    day = as_of(o, q)
    sum_, unconverted = Cell(n), []
    undisputed = every_item = 0
    for cur in sorted(totals):
        x = totals[cur]
        every_item += x.items
        if o.rates.rate(cur, base, day) is None:
            unconverted.append(cur)
            continue

        def to_base(k):
            return o.rates.convert(k, cur, base, day)
        sum_.not_due += to_base(x.not_due)
        sum_.buckets = [a + to_base(b) for a, b in zip(sum_.buckets, x.buckets)]
        sum_.disputed += to_base(x.disputed)
        sum_.unapplied += to_base(x.unapplied)
        sum_.credits += to_base(x.credits)
        sum_.items += x.items
        undisputed += to_base(x.open() - x.disputed)
    out = sum_.row(base)
    del out["proof"]
    out["gross_open_undisputed"] = Either(out["gross_open_undisputed"], amount(undisputed, base))
    out["items"] = Either(sum_.items, every_item)
    out["unconverted"] = Ids(unconverted, "currency")
    return out


def ageing_trend(o, q):
    """"the ageing at the end of each period (the last at `to`): rows as in ageing with `period` and
    `as_of` in front, `group_by` default `none`; `base_totals` a list, one a period"."""
    first, last = parse_date(q["from"]), parse_date(q["to"])
    ends = {}
    for day in range(first, last + 1):
        ends[period(day, q.get("grain", "month"))] = day
    rows, totals, base = [], [], []
    for label, end in ends.items():
        one = ageing(o, dict(q, as_of=show_date(end), group_by=q.get("group_by", "none")))
        front = {"period": label, "as_of": show_date(end)}
        rows += [dict(front, **x) for x in one["rows"]]
        totals += [dict(front, **x) for x in one["totals"]]
        if "base_totals" in one:
            base.append(dict(front, **one["base_totals"]))
    out = dict(common(o, at_end(q)), rows=rows, totals=totals)
    if "base_currency" in q:
        out["base_totals"] = base
    return out


def show_item(x, aged_on):
    due = x["due"]
    return {"customer_id": x["customer"], "document_id": x["document"] or None, "kind": x["kind"],
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
        if not counts(o, q, x["region"], x["sales_rep"], x["customer"], x["currency"]):
            continue
        if "bucket" in q:
            if x["due"] is None:
                continue
            b = bucket_of(aged_on - (x["due"] if basis == "due_date" else x["issue"]), ls)
            if ("not_due" if b is None else labels[b]) != q["bucket"]:
                continue
        out.append(show_item(x, aged_on))
    return dict(common(o, q), items=out)


# ------------------------------------------------- entries, bridge, restatement

def at_end(q):
    """"in bridge, entries, statement and ratios `as_of` is `to`"."""
    return dict(q, as_of=q["to"])


class Within(dict):
    """A shown entry of a transfer within one region and rep."""


def show_entry(e):
    # Contract 1: a refund belongs to the payment or credit note it names.
    document = e.document if e.type != "refunds" else Either(e.document, e.rec.p["refund_id"])
    make = Within if e.within else dict
    return make({"customer_id": e.customer, "currency": e.currency, "document_id": document,
                 "type": e.type, "effective_date": show_date(e.day),
                 "amount": amount(e.amount, e.currency), "region": Blank(e.region),
                 "sales_rep": Blank(e.sales_rep), "event": ref(e.rec)})


def entries(o, q):
    q = at_end(q)
    first, last = parse_date(q["from"]), parse_date(q["to"])
    return dict(common(o, q), entries=[
        show_entry(e) for e in entries_kept(o, q)
        if first <= e.day <= last and e.type == q.get("type", e.type)])


def bridge_cells(o, q):
    """{(group, currency): {column: amount}}, {currency: {column: amount}}"""
    first, last = parse_date(q["from"]), parse_date(q["to"])
    group_of = grouping(o, q, q.get("group_by", "none"))
    rows, totals = {}, {}
    for e in entries_kept(o, q):
        if e.day > last:
            continue
        group = group_of(e.customer, e.region, e.sales_rep, e.currency)
        for cell in (rows.setdefault((group, e.currency), dict.fromkeys(BRIDGE, 0)),
                     totals.setdefault(e.currency, dict.fromkeys(BRIDGE, 0))):
            cell["opening" if e.day < first else e.type] += e.amount
            cell["closing"] += e.amount
    return rows, totals


BRIDGE = ("opening",) + COLUMNS + ("closing",)


def bridge(o, q):
    q = at_end(q)
    rows, totals = bridge_cells(o, q)

    def show(cell, cur):
        return {c: amount(cell[c], cur) for c in BRIDGE}
    return dict(common(o, q),
                rows=[dict(group=g, currency=cur, **show(rows[g, cur], cur))
                      for g, cur in by_bytes(rows) if any(rows[g, cur].values())],
                totals=[dict(currency=cur, **show(totals[cur], cur))
                        for cur in sorted(totals) if any(totals[cur].values())])


def restatement(o, q):
    """"ledger entries that count at the later and not at the earlier, or the other way round
    (negative), one row an event"."""
    day = as_of(o, q)
    found, balances = {}, {}
    for k, sign in (("known_from", -1), ("known_to", 1)):
        for e in entries_kept(o.known(known_at(o, q[k])), q):
            if e.type == "transfers" or e.day > day:
                continue
            row = found.setdefault(e.rec.pos, [e, 0])
            row[1] += sign * e.amount
            both = balances.setdefault(e.currency, {"known_from": 0, "known_to": 0})
            both[k] += e.amount
    rows = sorted((x for x in found.values() if x[1]),
                  key=lambda x: (x[0].rec.seen_at,) + x[0].rec.pos)
    out = []
    for e, n in rows:
        row = show_entry(e)
        row["amount"] = amount(n, e.currency)
        out.append({k: row[k] for k in ("customer_id", "currency", "document_id", "effective_date",
                                        "amount", "event")})
    return dict(common(o, q), rows=out, totals=[
        {"currency": cur, "balance_from": amount(x["known_from"], cur),
         "balance_to": amount(x["known_to"], cur),
         "change": amount(x["known_to"] - x["known_from"], cur)}
        for cur, x in sorted(balances.items()) if any(x.values())])


# ---------------------------------------------------------------------- ratios

def two(x):
    """A ratio rounded half away from zero to 2 decimals."""
    return None if x is None else fixed(x, 2)


def divide(a, b, by=1):
    """Null where the denominator is not above 0."""
    return Fraction(a * by, b) if b > 0 else None


def month_start(day):
    return parse_date(show_date(day)[:7] + "-01")


def countback(balance, sales_by_month, last, first_invoice):
    """(days, more than): months ending at `last`, back to that of the group's first invoice."""
    days = Fraction(0)
    if balance <= 0:
        return days, False
    end = last
    while first_invoice is not None and end >= month_start(first_invoice):
        start = month_start(end)
        n = end - start + 1
        sales = max(0, sales_by_month.get(period(end, "month"), 0))
        if sales >= balance:
            return days + Fraction(balance * n, sales), False
        balance -= sales
        days += n
        end = start - 1
    return days, True


def ratios(o, q):
    q = at_end({k: v for k, v in q.items() if k not in ("buckets", "basis")})
    q.setdefault("group_by", "none")
    first, last = parse_date(q["from"]), parse_date(q["to"])
    group_of = grouping(o, q, q["group_by"])
    cells, _ = aged(o, q)
    bridges, _ = bridge_cells(o, q)
    monthly, first_invoice, settled, debtors = {}, {}, {}, {}
    for e in entries_kept(o, q):
        if e.day > last:
            continue
        k = (group_of(e.customer, e.region, e.sales_rep, e.currency), e.currency)
        if e.type in ("invoices", "credit_notes", "voids"):
            months, m = monthly.setdefault(k, {}), period(e.day, "month")
            months[m] = months.get(m, 0) + e.amount
        if e.type == "invoices":
            first_invoice[k] = min(first_invoice.get(k, e.day), e.day)
    att = attributes(o, q)
    for a in o.facts.accounts.values():
        for s in a.payments.values():
            for it in o.receivables.items_of_source[s]:
                if not it.in_effect(last) or it.start < first:
                    continue
                where = att.invoice(it.invoice)
                if counts(o, q, *where, a.customer, s.currency):
                    k = (group_of(a.customer, *where, s.currency), s.currency)
                    n, weighted = settled.get(k, (0, 0))
                    x, issue = it.applied(last), it.invoice.issue
                    settled[k] = (n + x, weighted + x * (max(s.start, issue) - issue))
    for x in items_at(o, q):
        if x["kind"] in ("INVOICE", "DEBIT_NOTE") and \
                counts(o, q, x["region"], x["sales_rep"], x["customer"], x["currency"]):
            k = (group_of(x["customer"], x["region"], x["sales_rep"], x["currency"]), x["currency"])
            of = debtors.setdefault(k, {})
            of[x["customer"]] = of.get(x["customer"], 0) + x["open"]

    out = []
    days = last - first + 1
    for k in by_bytes(set(cells) | set(bridges) | set(settled)):
        group, cur = k
        b = bridges.get(k, dict.fromkeys(BRIDGE, 0))
        cell = cells.get(k) or Cell(5)
        sales = b["invoices"] + b["credit_notes"] + b["voids"]
        collected = -(b["cash"] + b["reversals"] + b["refunds"])
        opening, closing, not_due, gross = b["opening"], b["closing"], cell.not_due, cell.open()
        over_90 = sum(cell.buckets[3:])
        top = sum(sorted(debtors.get(k, {}).values(), reverse=True)[:10])
        paid, weighted = settled.get(k, (0, 0))
        if not any((sales, collected, opening, closing, not_due, gross, paid)):
            continue
        back, more = countback(closing, monthly.get(k, {}), last, first_invoice.get(k))
        dso, best = divide(closing, sales, days), divide(not_due, sales, days)

        def m(n):
            return amount(n, cur)
        out.append({
            "group": group, "currency": cur,
            "dso": {"value": two(dso), "closing_balance": m(closing), "sales": m(sales), "days": days},
            "countback_dso": {"value": two(back), "more_than": more, "closing_balance": m(closing)},
            "best_possible_dso": {"value": two(best), "not_due": m(not_due), "sales": m(sales),
                                  "days": days},
            "average_days_delinquent": {
                "value": two(divide(gross - not_due, sales, days)), "overdue": m(gross - not_due),
                "sales": m(sales), "days": days},
            "collection_effectiveness": {
                "value": two(divide(opening + sales - closing, opening + sales - not_due, 100)),
                "opening": m(opening), "sales": m(sales), "closing": m(closing),
                "closing_not_due": m(not_due)},
            "collection_rate": {"value": two(divide(collected, sales, 100)),
                                "collected": m(collected), "sales": m(sales)},
            "days_to_pay": {"value": two(divide(weighted, paid)), "settled": m(paid)},
            "share_over_90": {"value": two(divide(over_90, gross, 100)), "over_90": m(over_90),
                              "gross_open": m(gross)},
            "share_top_10": {"value": two(divide(top, gross, 100)), "top_10": m(top),
                             "gross_open": m(gross)}})
    return dict(common(o, q), rows=out)


# ------------------------------------------------------------------- statement

# What a statement's items have of those of the account.
STATEMENT_ITEM = ("document_id", "kind", "instalment", "issue_date", "due_date", "days_overdue", "amount", "open",
                  "disputed")


def due_of_entry(o, e, day):
    """Of an invoice's entry: the latest due date, as on its page."""
    if e.type != "invoices":
        return None
    inv = o.facts.accounts[e.customer].invoices[e.document]
    return inv.last_due + o.receivables.shift(inv, day)


def statement(o, q, customer):
    q = dict(at_end(q), customer_id=customer, group_by="none")
    first, last = parse_date(q["from"]), parse_date(q["to"])
    _, totals = aged(o, q)
    currencies = {}
    for e in entries_kept(o, q):
        if e.type != "transfers" and e.day <= last:
            currencies.setdefault(e.currency, []).append(e)
    out = []
    for cur in sorted(set(currencies) | set(totals)):
        own = currencies.get(cur, [])
        running = brought = sum(e.amount for e in own if e.day < first)
        rows = []
        for e in own:
            if e.day < first:
                continue
            running += e.amount
            rows.append({"date": show_date(e.day), "type": e.rec.ev.type,
                         "document_id": show_entry(e)["document_id"],
                         "amount": amount(e.amount, cur), "running_balance": amount(running, cur),
                         "event": ref(e.rec), "due_date": show_date(due_of_entry(o, e, last))})
        cell = totals.get(cur)
        if not rows and not brought and not running and cell is None:
            continue
        ageing_ = (cell or Cell(len(limits(q)) + 1)).row(cur)
        ageing_.update({k: Optional(ageing_[k]) for k in ("currency", "items", "proof")})
        out.append({"currency": cur, "brought_forward": amount(brought, cur), "entries": rows,
                    "carried_forward": amount(running, cur),
                    "ageing": ageing_ if cell else Either(ageing_, None),
                    "items": [{k: shown[k] for k in STATEMENT_ITEM} for shown in (
                        show_item(x, last) for x in sorted(items_at(o, q), key=item_key)
                        if x["customer"] == customer and x["currency"] == cur)]})
    return dict(common(o, q), currencies=out)


# ------------------------------------------------- credit, promises, collections

def show_promises(o, customer, day, grace=promises.GRACE_DAYS, currency=None):
    rows = []
    for r, cash, state in promises.judged(o, customer, day, grace):
        cur = r.p["currency"]
        rows.append({"promise_id": r.p["promise_id"], "currency": cur,
                     "amount": amount(r.p["amount_minor"], cur),
                     "promised_date": r.p["promised_date"], "fulfilled": amount(cash, cur),
                     "state": state})
    return Bag(rows, ("promise_id",),
               keep=lambda x: currency is None or x.get("currency") == currency)


def show_credit(o, q, customer):
    day = as_of(o, q)
    f = attributes(o, q).file(customer, day)
    base = f["credit_currency"] if f is not None else ""
    limit = f["credit_limit_minor"] if f is not None else None
    n, unconverted = credit.exposure(o, customer, day, base) if base else (0, [])
    due = o.cached(("first due", day), lambda: first_due(items_at(o, q))).get(customer)
    parts = [{"currency": cur, "balance": amount(x.balance, cur),
              "dispatched_not_invoiced": amount(x.not_invoiced, cur),
              "open_orders": amount(x.open_orders, cur)}
             for cur, x in sorted(credit.parts(o, day)[customer].items())]
    return {"credit_currency": Blank(base),
            "credit_limit": None if limit is None else amount(limit, base),
            "exposure": amount(n, base) if base else None,
            "parts": Bag(parts, ("currency",), keep=lambda x: not nothing(x)),
            "unconverted": Ids(unconverted, "currency") if base else Any(),
            "state": credit.state(n, limit, None if due is None else day - due)}


def first_due(items_):
    """{customer: the earliest due date of an open item}"""
    out = {}
    for x in items_:
        if x["due"] is not None:
            out[x["customer"]] = min(x["due"], out.get(x["customer"], x["due"]))
    return out


def nothing(row):
    """Whether all amounts of a shown row are zero."""
    return all(set(str(v)) <= set("0.") for k, v in row.items() if k != "currency")


def overdue_items(o, q):
    """{(customer, currency): [(L, item)]} of the open items with L >= 1 that are not below
    the minimum."""
    least = Fraction(q.get("minimum", "0"))
    aged_on = parse_date(q["aged_on"]) if "aged_on" in q else as_of(o, q)
    out = {}
    for x in sorted(items_at(o, q), key=item_key):
        if x["due"] is not None and x["due"] < aged_on and \
                Fraction(x["open"] - x["disputed"], 10 ** EXPONENT[x["currency"]]) >= least and \
                counts(o, q, x["region"], x["sales_rep"], x["customer"], x["currency"]):
            out.setdefault((x["customer"], x["currency"]), []).append((aged_on - x["due"], x))
    return out


def caller_notes(o, q, customer, cur):
    """What rows have with details=true."""
    if q.get("details", "false") != "true":
        return {}
    day, rc, account = as_of(o, q), o.receivables, o.facts.accounts[customer]
    last = max((s for s in account.payments.values() if s.currency == cur and s.start <= day < s.end),
               key=lambda s: (s.start, s.rec.pos), default=None)
    disputes = []
    for id_, inv in sorted(account.invoices.items(), key=lambda x: x[0].encode()):
        open_ = max(0, rc.invoice_value(inv, day)) if inv.currency == cur and inv.issue <= day else 0
        for dispute, r in sorted(inv.disputes.items(), key=lambda x: x[0].encode()):
            end = inv.resolutions.get(dispute)
            if not open_ or r.bd > day or (end is not None and end.bd <= day):
                continue
            stated = r.p["amount_minor"]
            disputes.append({"dispute_id": dispute, "invoice_id": id_, "reason_code": r.p["reason_code"] or None,
                             "from": show_date(r.bd),
                             "amount": amount(open_ if stated is None else min(stated, open_), cur)})
    return {"last_payment": None if last is None else {"date": show_date(last.start), "amount": amount(last.amount, cur)},
            "disputes": disputes}


def worklist(o, q):
    day = as_of(o, q)
    base = q.get("base_currency")
    grace = int(q.get("grace_days", promises.GRACE_DAYS))
    ranked, without = [], []
    for (c, cur), xs in overdue_items(o, q).items():
        score = sum((x["open"] - x["disputed"]) * late for late, x in xs)
        if score <= 0:
            continue
        shown = o.rates.convert(score, cur, base, day) if base else score
        row = {"customer_id": c, "currency": cur,
               "overdue": amount(sum(x["open"] for _, x in xs), cur),
               "disputed_overdue": amount(sum(x["disputed"] for _, x in xs), cur),
               "oldest_days_overdue": max(late for late, _ in xs),
               "promises": show_promises(o, c, day, grace, cur), **caller_notes(o, q, c, cur)}
        if shown is None:
            without.append((c.encode(), cur, dict(row, rank=None, score=None)))
        else:
            row["score"] = Number(amount(shown, base or cur))
            ranked.append(("" if base else cur, -shown, c.encode(), cur, row))
    rows, rank, last = [], 0, None
    for within, *_, row in sorted(ranked, key=lambda x: x[:4]):
        rank = rank + 1 if within == last else 1
        last = within
        rows.append(dict(row, rank=rank))
    return dict(common(o, q), rows=rows + [x[2] for x in sorted(without, key=lambda x: x[:2])])


def dunning(o, q):
    levels = [int(x) for x in q.get("levels", "1,15,30,60").split(",")]
    rows = []
    overdue = overdue_items(o, q)
    for c, cur in by_bytes(overdue):
        xs = [(late, x) for late, x in overdue[c, cur] if x["open"] > x["disputed"]]
        oldest = max((late for late, _ in xs), default=0)
        level_ = sum(1 for n in levels if n <= oldest)
        if not level_ or not xs:
            continue
        rows.append({
            "customer_id": c, "currency": cur, "level": level_,
            "amount": amount(sum(x["open"] - x["disputed"] for _, x in xs), cur),
            "oldest_days_overdue": oldest,
            "items": [{"document_id": x["document"], "instalment": x["instalment"],
                       "due_date": show_date(x["due"]), "days_overdue": late,
                       "amount": amount(x["open"] - x["disputed"], cur)} for late, x in xs],
            **caller_notes(o, q, c, cur)})
    return dict(common(o, q), rows=rows)


# -------------------------------------------------------------- reconciliation

def reconciled(o, q):
    """q["csv"] is the body of the request."""
    q = dict(q, as_of=q["date"])
    day = as_of(o, q)
    ledger_ = [e for e in all_entries(o, q) if e.type != "transfers" and e.day <= day]
    balances, documents = {}, {}
    for e in ledger_:
        balances[e.customer, e.currency] = balances.get((e.customer, e.currency), 0) + e.amount
    for x in items_at(o, q):
        k = (x["customer"], x["document"], x["currency"])
        documents[k] = documents.get(k, 0) + x["open"]
    out, totals = [], {}
    for k, theirs, ours, state, near in reconciliation.lines(
            reconciliation.read(q["csv"]), balances, documents, ledger_, day, o.facts.accounts,
            q.get("partial") == "true"):
        customer, document, cur = k
        difference = (ours or 0) - (theirs or 0)
        total = totals.setdefault(cur, dict.fromkeys(("theirs", "ours", *reconciliation.STATES), 0))
        total["theirs"] += theirs or 0
        total["ours"] += ours or 0
        total[state] += 1
        if q.get("only") == "differences" and state == "agrees":
            continue
        found = reconciliation.fewest(near, difference)
        zero = amount(0, cur)
        row = {"customer_id": customer, "document_id": Blank(document), "currency": cur,
               "theirs": Either(None, zero) if theirs is None else amount(theirs, cur),
               "ours": Either(zero, None) if ours is None else amount(ours, cur),
               "difference": amount(difference, cur), "state": state,
               "explained_by": Sums([(explaining(e), e.amount) for e in near],
                                    [explaining(e) for e in found], difference)}
        if state == "missing_there":
            row["explained_by"] = Either(row["explained_by"], [])
        out.append(row)
    return dict(common(o, q), lines=Bag(out, reconciliation.KEY), totals=[
        {"currency": cur, "theirs": amount(x["theirs"], cur), "ours": amount(x["ours"], cur),
         "difference": amount(x["ours"] - x["theirs"], cur),
         **{state: x[state] for state in reconciliation.STATES}} for cur, x in sorted(totals.items())])


def explaining(e):
    """An entry that explains a difference: its event, and what it posted."""
    document = e.document if e.type != "refunds" else Either(e.document, e.rec.p["refund_id"])
    return dict(ref(e.rec), document_id=document, entry_type=e.type,
                effective_date=show_date(e.day), amount=amount(e.amount, e.currency))
