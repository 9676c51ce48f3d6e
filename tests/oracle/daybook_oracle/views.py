"""The JSON answers of contract 3, from the oracle and the query parameters.

Every view is a function of (oracle, parameters).  Lists are whole: whoever
compares puts the pages of a server together first.
"""
from decimal import Decimal
from fractions import Fraction
from urllib.parse import unquote

from . import anomalies, cycle, sales
from .answers import (NotFound, NotHere, REF_KEY, Several, as_of, attributes, by_bytes, by_bytes1,
                      common, instant, kept, known_at, level, millis, ref)
from .attributes import cut, in_region
from .dates import labelled, parse_date, period, show_date
from .match import Absent, Any, Approx, Bag, Blank, Either, Ids, Optional, plain
from .money import EXPONENT, amount, fixed, round_half_away, show_quantity
from .receivables import INF
from .receivables_views import (ageing, ageing_trend, bridge, dunning, entries, item_key, items,
                                items_at, ledger_at, nothing, ratios, reconciled, restatement, show_credit, show_item,
                                show_promises, statement, worklist)


# ------------------------------------------------------------------ order cycle

def order_group(o, q, by):
    att = attributes(o, q)
    n = level(q)
    return {
        "none": lambda s: "",
        "region": lambda s: cut(att.order(s.order)[0], n) or "unassigned",
        "sales_rep": lambda s: att.order(s.order)[1] or "unassigned",
        "grade": lambda s: att.grade(s.order) or "unassigned",
        "warehouse": lambda s: warehouse(s) or "unassigned",
        "customer": lambda s: s.order.customer,
        "kind": lambda s: s.order.rec.p["kind"],
        "channel": lambda s: s.order.rec.p["channel"] or "unassigned",
    }[by]


def warehouse(s):
    return s.dispatches[0].p["warehouse"] if s.dispatches else ""


def orders_kept(o, q):
    att = attributes(o, q)
    out = []
    for s in o.order_states(as_of(o, q)):
        p = s.order.rec.p
        region, rep = att.order(s.order)
        more = {"kind": p["kind"], "channel": p["channel"]}
        if "warehouse" in q:
            more["warehouse"] = warehouse(s)
        if "grade" in q:
            more["grade"] = att.grade(s.order)
        if kept(q, region, rep, s.order.customer, p["currency"], **more):
            out.append(s)
    return out


def decimal3(x):
    return None if x is None else Decimal(fixed(x, 3))


def order_cycle(o, q):
    first, last = q.get("cycle", "placed..delivered").split("..")
    i, j = cycle.MILESTONES.index(first), cycle.MILESTONES.index(last)
    rows = cycle.rows(orders_kept(o, q), o.zone, first, last, parse_date(q["from"]),
                      parse_date(q["to"]), q.get("grain", "month"),
                      order_group(o, q, q.get("group_by", "none")))
    out = []
    for label, group in by_bytes(rows):
        r = rows[label, group]
        xs = sorted(r.lengths)
        n = len(xs)
        row = {"period": label, "group": group, "n": n, "total_seconds": sum(xs),
               "mean_seconds": decimal3(Fraction(sum(xs), n) if n else None),
               "min_seconds": Approx(xs[0]) if n else None,
               "max_seconds": Approx(xs[-1]) if n else None}
        for p in (50, 90, 95, 99):
            row["p%d_seconds" % p] = Approx(xs[-(-p * n // 100) - 1]) if n else None
        row["out_of_order"] = r.out_of_order
        row["stages"] = []
        for k in range(i + 1, j + 1):
            stage = (cycle.MILESTONES[k - 1], cycle.MILESTONES[k])
            t = r.stages.get(stage, 0)
            row["stages"].append({"from": stage[0], "to": stage[1], "total_seconds": t,
                                  "mean_seconds": decimal3(Fraction(t, n) if n else None)})
        row["histogram"] = []
        low = -1
        for b in cycle.BORDERS:
            row["histogram"].append({"le_seconds": b, "count": sum(
                1 for x in xs if x > low and (b is None or x <= b))})
            low = b
        out.append(row)
    return dict(common(o, q), rows=out)


ON_TIME = ("due", "early", "on_day", "late", "open_late", "pending", "no_date", "in_full", "otif")


def on_time(o, q):
    day, first, last = as_of(o, q), parse_date(q["from"]), parse_date(q["to"])
    promise, grain = q.get("promise", "requested"), q.get("grain", "month")
    group_of = order_group(o, q, q.get("group_by", "none"))
    cells = {}
    for s in orders_kept(o, q):
        if not any(x.remaining for x in s.lines.values()):
            continue
        given = s.requested if promise == "requested" else \
            s.promises[0 if promise == "first" else -1] if s.promises else ""
        due = parse_date(given) if given else s.order.rec.bd
        if not first <= due <= last:
            continue
        cell = cells.setdefault((period(due, grain), group_of(s)), dict.fromkeys(ON_TIME, 0))
        if not given:
            cell["no_date"] += 1
            continue
        if "delivered" in s.milestones:
            done = o.business_date(s.milestones["delivered"])
            state = "early" if done < due else "on_day" if done == due else "late"
        elif due < day:
            state = "late"
            cell["open_late"] += 1
        else:
            cell["pending"] += 1
            continue
        cell["due"] += 1
        cell[state] += 1
        if cycle.in_full(s):
            cell["in_full"] += 1
            cell["otif"] += state != "late"

    def rate(n, of):
        return fixed(Fraction(n, of), 4) if of else None
    return dict(common(o, q), promise=promise, rows=[dict(
        x, period=p, group=g, on_time_rate=rate(x["early"] + x["on_day"], x["due"]),
        in_full_rate=rate(x["in_full"], x["due"]), otif_rate=rate(x["otif"], x["due"]))
        for (p, g), x in ((k, cells[k]) for k in by_bytes(cells)) if any(x.values())])


def open_orders(o, q):
    day = as_of(o, q)
    att = attributes(o, q)
    out = []
    for s in orders_kept(o, q):
        if not cycle.is_open(s):
            continue
        last, next_ = cycle.waits(s)
        promised = s.promises[-1] if s.promises else s.requested
        out.append({
            "customer_id": s.order.customer, "order_id": s.order.id, "kind": s.order.rec.p["kind"],
            "region": Blank(att.order(s.order)[0]), "last_milestone": last, "waiting_for": next_,
            "waiting_since": instant(s.milestones[last]),
            "days_waiting": day - o.business_date(s.milestones[last]),
            "promised_date": promised or None,
            "late": bool(promised) and parse_date(promised) < day,
            "stage_p90_seconds": stage_p90(o, day, last, next_)})
    out.sort(key=lambda x: (x["customer_id"].encode(), x["order_id"].encode()))
    return dict(common(o, q), orders=out)


def stage_p90(o, day, first, last):
    """Over all orders, whatever the filters."""
    xs = o.cached(("stage", day, last), lambda: cycle.stage_lengths(
        o.order_states(day), o.zone, first, last, day - 364, day))
    return Approx(xs[-(-90 * len(xs) // 100) - 1]) if xs else None


STAGES = ("CONFIRM", "PRODUCE", "DISPATCH", "DELIVER", "INVOICE")


def thousandths(x):
    return int(Decimal(fixed(x, 3)) * 1000)


def parts_of(whole, parts):
    """{key: Fraction} in thousandths that add up to the whole (in thousandths): each rounded half away
    from zero, then those moved farthest one way give back what is too much, the first of equals first."""
    shown = {k: thousandths(x) for k, x in parts.items()}
    over = sum(shown.values()) - whole
    sign = 1 if over > 0 else -1
    for k in sorted(parts, key=lambda k: -sign * (shown[k] - parts[k] * 1000))[:abs(over)]:
        shown[k] -= sign
    return shown


def factors(o, q):
    first, last = q.get("cycle", "placed..delivered").split("..")
    i, j = cycle.MILESTONES.index(first), cycle.MILESTONES.index(last)
    group_of = order_group(o, q, q.get("group_by", "none"))
    states = orders_kept(o, q)
    both = []
    for name in ("period", "baseline"):
        start, end = labelled(q[name])
        rows = cycle.rows(states, o.zone, first, last, start, end, "none", group_of)
        both.append({g: r for (_, g), r in rows.items() if r.lengths})
    now, then = both

    def mean(rs, seconds):
        n = sum(len(r.lengths) for r in rs)
        return Fraction(sum(map(seconds, rs)), n) if n else None
    names = by_bytes1(set(now) | set(then))
    rows = []
    for g in names:
        m = [[x[g]] if g in x else [] for x in both]
        m1, m0 = (mean(x, lambda r: sum(r.lengths)) for x in m)
        row = {"group": g, "n": sum(len(r.lengths) for r in m[0]),
               "baseline_n": sum(len(r.lengths) for r in m[1]), "mean_seconds": decimal3(m1),
               "baseline_mean_seconds": decimal3(m0), "change_seconds": None, "stages": []}
        changes = {}
        for k in range(i + 1, j + 1):
            stage = (cycle.MILESTONES[k - 1], cycle.MILESTONES[k])
            t1, t0 = (mean(x, lambda r: r.stages.get(stage, 0)) for x in m)
            row["stages"].append({"from": stage[0], "to": stage[1], "mean_seconds": decimal3(t1),
                                  "baseline_mean_seconds": decimal3(t0), "change_seconds": None})
            if m[0] and m[1]:
                changes[k - i - 1] = t1 - t0
        if m[0] and m[1]:
            whole = thousandths(m1 - m0)
            row["change_seconds"] = Decimal(whole) / 1000
            for k, x in parts_of(whole, changes).items():
                row["stages"][k]["change_seconds"] = Decimal(x) / 1000
        rows.append(row)
    return dict(common(o, q), rows=rows, mix=mix(now, then, names), reasons=reasons(o, q, states, first, last))


def mix(now, then, names):
    if not now or not then:
        return {"within_seconds": None, "mix_seconds": None, "groups": []}
    n1, n0 = (sum(len(r.lengths) for r in x.values()) for x in (now, then))
    t1, t0 = (sum(sum(r.lengths) for r in x.values()) for x in (now, then))
    m1, m0 = Fraction(t1, n1), Fraction(t0, n0)
    own, other = {}, {}
    for g in names:
        xs, ys = now[g].lengths if g in now else [], then[g].lengths if g in then else []
        was = Fraction(sum(ys), len(ys)) if ys else m0
        s1, s0 = Fraction(len(xs), n1), Fraction(len(ys), n0)
        own[g] = s1 * (Fraction(sum(xs), len(xs)) - was) if xs else Fraction(0)
        other[g] = (s1 - s0) * was
    assert sum(own.values()) + sum(other.values()) == m1 - m0
    whole = parts_of(thousandths(m1 - m0), {"own": sum(own.values()), "mix": sum(other.values())})
    own, other = parts_of(whole["own"], own), parts_of(whole["mix"], other)
    return {"within_seconds": Decimal(whole["own"]) / 1000, "mix_seconds": Decimal(whole["mix"]) / 1000,
            "groups": [{"group": g, "within_seconds": Decimal(own[g]) / 1000,
                        "mix_seconds": Decimal(other[g]) / 1000} for g in names]}


def reasons(o, q, states, first, last):
    """Delays of the orders whose later milestone lies in the period, in whatever order both came."""
    start, end = labelled(q["period"])
    told = {}
    for s in states:
        if first in s.milestones and last in s.milestones \
                and start <= o.business_date(s.milestones[last]) <= end:
            for r in s.order.delays:
                if r.bd <= as_of(o, q):
                    told.setdefault((r.p["stage"] or "", r.p["reason_code"]), []).append(s.order)
    return [{"stage": stage or None, "reason_code": code, "events": len(xs), "orders": len(set(xs))}
            for (stage, code), xs in sorted(told.items(), key=lambda x: (
                STAGES.index(x[0][0]) + 1 if x[0][0] else 0, x[0][1].encode()))]


def cycle_orders(o, q):
    first, last = q.get("cycle", "placed..delivered").split("..")
    start, end = parse_date(q["from"]), parse_date(q["to"])
    if "period" in q:
        start, end = max(start, labelled(q["period"])[0]), min(end, labelled(q["period"])[1])
    att = attributes(o, q)
    out = []
    for s in orders_kept(o, q):
        m = s.milestones
        if first in m and last in m and start <= o.business_date(m[last]) <= end:
            out.append({"customer_id": s.order.customer, "order_id": s.order.id,
                        "region": Blank(att.order(s.order)[0]), "from_instant": instant(m[first]),
                        "to_instant": instant(m[last]), "seconds": m[last] - m[first],
                        "out_of_order": m[last] < m[first]})
    out.sort(key=lambda x: (x["customer_id"].encode(), x["order_id"].encode()))
    straight = [x["seconds"] for x in out if not x["out_of_order"]]
    return dict(common(o, q), orders=out, totals={
        "n": len(straight), "total_seconds": sum(straight), "out_of_order": len(out) - len(straight)})


# ------------------------------------------------------------------------ sales

def postings(o, q):
    day = as_of(o, q)
    att = attributes(o, q)

    def make():
        out = []
        for s in o.order_states(day):
            out += sales.of_order(s, att)
        for a in o.facts.accounts.values():
            out += sales.of_account(a, day, o.receivables, att)
        return out
    return o.cached(("postings", day, q.get("attributes")), make)


def sales_sums(o, q, start, end, whole):
    """({(label, group, currency): {measure: value}}, {currency: {measure: value}}, the amounts without a
    rate); exact, in the base currency where one is asked for."""
    by = [] if q.get("group_by", "none") == "none" else q["group_by"].split(",")
    n = level(q)
    one, base = q.get("measure"), q.get("base_currency")
    rows, totals, unconverted = {}, {}, {}

    def add(to, k, measure, value):
        cell = to.setdefault(k, {})
        cell[measure] = cell.get(measure, 0) + value

    for x in postings(o, q):
        if not start <= x.day <= end or not x.value or (one and x.measure != one):
            continue
        if not kept(q, x.region, x.sales_rep, x.customer, x.currency, channel=x.channel,
                    kind=x.kind):
            continue
        skus = {k or "unassigned" for k in x.sku}
        if "sku" in q:
            skus &= {q["sku"]}
            if not skus:
                continue
        currency, value = x.currency, x.value
        if base:
            currency = base
            if x.measure in sales.AMOUNTS:
                rate = o.rates.rate(x.currency, base, x.day)
                if rate is None:
                    add(unconverted, x.currency, x.measure, value)
                    continue
                value = Fraction(value) * rate * 10 ** EXPONENT[base] / 10 ** EXPONENT[x.currency]
        parts = {"region": cut(x.region, n), "sales_rep": x.sales_rep, "customer": x.customer,
                 "channel": x.channel, "kind": x.kind}
        for sku in skus if "sku" in by else ("",):
            parts["sku"] = sku
            group = tuple(parts[g] or "unassigned" for g in by)
            add(rows, (sales.label(x.day, q.get("grain"), whole), group, currency), x.measure, value)
        add(totals, currency, x.measure, value)
    for cell in list(rows.values()) + list(totals.values()):
        for m in cell:
            if m in sales.AMOUNTS:
                cell[m] = round_half_away(cell[m])
    return rows, totals, unconverted


def sales_proof(o, q, start, end, names):
    """What all rows come to, by currency of posting: each posting once, whatever rows there are."""
    ungrouped = {k: v for k, v in q.items() if k not in ("group_by", "level", "base_currency")}
    if "sku" in q:      # An order or a shipment counts under each of its skus.
        names = [m for m in names if m not in ("orders", "shipments")]
    names = [m for m in names if m not in sales.QUANTITIES]
    out = []
    for cur, cell in sorted(sales_sums(o, ungrouped, start, end, "")[1].items()):
        if any(cell.get(m) for m in names):
            def shown(value):
                return {m: value(m) if m in sales.COUNTS else amount(value(m), cur) for m in names}
            out.append(dict(currency=cur, kept=shown(lambda m: cell.get(m, 0)), difference=shown(lambda m: 0)))
    return out


def sales_targets(o, q, start, end):
    """{(label, group, currency): amount} of what is asked: of regions or of reps."""
    by, one, grain = q.get("group_by"), q.get("measure"), q.get("grain")
    n = level(q)
    if by not in ("region", "sales_rep") or one not in sales.MEASURES:
        return {}
    # A target is for all that its region or rep sells: what leaves a part of that has none.
    if {"customer_id", "sku", "channel", "kind", "sales_rep" if by == "region" else "region"} & set(q):
        return {}
    holds = {}
    for r in o.facts.targets:
        p = r.p
        name = p[by]
        if not name or p["measure"].lower() != one or sales.grain_of(p["period"]) != grain:
            continue
        if not sales.label(start, grain, "") <= p["period"] <= sales.label(end, grain, ""):
            continue
        if cut(name, n) != name if by == "region" else False:
            continue
        if "region" in q and not in_region(name, q["region"]) or q.get("sales_rep", name) != name:
            continue
        if q.get("currency", p["currency"]) != p["currency"] or \
                q.get("base_currency", p["currency"]) != p["currency"]:
            continue
        k = (p["period"], (name,), p["currency"])
        if k not in holds or r.order > holds[k].order:
            holds[k] = r
    return {k: r.p["amount_minor"] for k, r in holds.items()}


def sales_view(o, q):
    by = [] if q.get("group_by", "none") == "none" else q["group_by"].split(",")
    start, end = parse_date(q["from"]), parse_date(q["to"])
    whole = "%s/%s" % (q["from"], q["to"])
    grain = q.get("grain")
    one = q.get("measure")
    rows, totals, unconverted = sales_sums(o, q, start, end, whole)
    names = (one,) if one else sales.AMOUNTS + sales.COUNTS + \
        (sales.QUANTITIES if "sku" in by else ())

    def columns(cell, cur, total=False):
        out = {}
        for m in names:
            v = cell.get(m, 0)
            out[m] = v if m in sales.COUNTS else amount(v, cur) if m in sales.AMOUNTS else \
                Optional(show_quantity(v)) if total else show_quantity(v)
        return out

    def nonzero(cell):
        return any(cell.get(m) for m in names)

    rows = {k: cell for k, cell in rows.items() if nonzero(cell)}
    targets = sales_targets(o, q, start, end)
    actual = {k: cell.get(one, 0) for k, cell in rows.items()}
    for p, g, cur in targets:
        within = [k for k in actual if k[0] == p and k[2] == cur and k[1][0].startswith(g[0] + "/")]
        if by == ["sales_rep"] or not within:
            rows.setdefault((p, g, cur), {})

    with_what = q.get("compare")
    before = {}     # label -> (first day, last day, label) or None
    compared = {}
    if with_what:
        for p, _, _ in rows:
            before[p] = sales.compared(p, grain, with_what, start, end)
        spans = [x for x in before.values() if x]
        if spans:
            compared = sales_sums(o, q, min(x[0] for x in spans), max(x[1] for x in spans),
                                  spans[0][2])[0]

    def row(k):
        p, g, cur = k
        out = dict(period=p, group=dict(zip(by, g)), currency=cur, **columns(rows[k], cur))
        if one:
            target = targets.get(k)
            out["target"] = None if target is None else amount(target, cur)
            out["attainment"] = fixed(Fraction(actual.get(k, 0), target), 4) if target else None
        if with_what:
            out["compare"] = None if before[p] is None else dict(
                period=before[p][2], **columns(compared.get((before[p][2], g, cur), {}), cur))
        return out

    return dict(common(o, q), rows=[row(k) for k in by_bytes(rows)],
                totals=[dict(currency=cur, **columns(totals[cur], cur, True))
                        for cur in sorted(totals) if nonzero(totals[cur])],
                unconverted=[dict(currency=cur, measure=m, amount=amount(cell[m], cur))
                             for cur, cell in sorted(unconverted.items())
                             for m in sales.AMOUNTS if cell.get(m)],
                proof=sales_proof(o, q, start, end, names))


def told(o, q):
    """What each record adds to the sales."""
    day = as_of(o, q)
    att = attributes(o, q)

    def make():
        out = []
        for s in o.order_states(day):
            out += sales.told_of_order(s, day, att)
        for a in o.facts.accounts.values():
            out += sales.told_of_account(a, day, o.receivables, att)
        return out
    return o.cached(("told", day, q.get("attributes")), make)


def measured(measure, currency, values):
    """The fields of a measure: an amount with or without a quantity, or a count."""
    one = values.get(measure, 0)
    if measure in sales.COUNTS:
        return {"measure": measure, "currency": currency, "amount": None, "quantity": str(one)}
    quantity = measure + "_quantity"
    return {"measure": measure, "currency": currency, "amount": amount(one, currency),
            "quantity": show_quantity(values.get(quantity, 0)) if quantity in sales.QUANTITIES else None}


def sales_postings(o, q):
    start, end = parse_date(q["from"]), parse_date(q["to"])
    if "period" in q:
        start, end = max(start, labelled(q["period"])[0]), min(end, labelled(q["period"])[1])
    n = level(q)
    names = (q["measure"],) if "measure" in q else sales.AMOUNTS + sales.COUNTS

    def keeps(x):
        if not start <= x.day <= end or not x.value:
            return False
        if n and (cut(x.region, n) or "unassigned") != q["region"]:
            return False
        if "sku" in q and q["sku"] not in {k or "unassigned" for k in x.sku}:
            return False
        return kept(q, x.region, x.sales_rep, x.customer, x.currency, channel=x.channel, kind=x.kind)

    found = {}
    for x in told(o, q):
        if keeps(x) and x.by_sku in (None, "sku" in q):
            k = (x.day, x.rec.topic, x.rec.partition, x.rec.offset, x.currency, *x.sku, x.region, x.sales_rep)
            rec, document, customer, values = found.setdefault(k, (x.rec, x.document, x.customer, {}))
            values[x.measure] = values.get(x.measure, 0) + x.value
    out = []
    for k, (rec, document, customer, values) in found.items():
        for i, m in enumerate(names):
            if values.get(m) or values.get(m + "_quantity"):
                place = k[:4] + (i,) + tuple(text.encode() for text in k[4:])
                out.append((place, {
                    "date": show_date(k[0]), **measured(m, k[4], values), "customer_id": customer,
                    "document_id": document, "sku": Blank(k[5]), "region": Blank(k[6]),
                    "sales_rep": Blank(k[7]), "event": ref(rec)}))
    out.sort(key=lambda x: x[0])
    sums = {}
    for x in postings(o, q):
        if keeps(x):
            values = sums.setdefault(x.currency, {})
            values[x.measure] = values.get(x.measure, 0) + x.value
    totals = [measured(m, currency, sums[currency]) for m in names for currency in sorted(sums)
              if sums[currency].get(m) or sums[currency].get(m + "_quantity")]
    return dict(common(o, q), postings=[row for _, row in out], totals=totals)


# -------------------------------------------------------------------- documents

def real_customers(o):
    """Accounts with an accepted event (targets and rates are no customers)."""
    return by_bytes1({r.ev.customer_id for r in o.facts.accepted
                      if not r.ev.customer_id.startswith(("target:", "fx:"))})


def profile(p):
    if p is None:
        return {}
    out = {f: Blank(p[f]) for f in ("name", "region", "sales_rep", "grade", "parent_customer_id",
                                    "credit_currency")}
    out["payment_terms_days"] = Blank(p["payment_terms_days"]) \
        if p["payment_terms_days"] is None else p["payment_terms_days"]
    return out


def customers(o, q):
    day = as_of(o, q)
    att = attributes(o, q)
    sums = {}
    for c, region, rep, cur, n in ledger_at(o, q):
        sums[c, cur] = sums.get((c, cur), 0) + n
    out = []
    for c in real_customers(o):
        f = att.file(c, day) if c in o.facts.accounts else None
        f = f or {}
        if not kept(q, f.get("region", ""), f.get("sales_rep", ""), c, None):
            continue
        row = {"customer_id": c}
        for name in ("name", "region", "sales_rep", "grade", "parent_customer_id"):
            row[name] = Blank(f.get(name, ""))
        row["balances"] = Bag([{"currency": cur, "balance": amount(n, cur)}
                               for (k, cur), n in sorted(sums.items()) if k == c and n],
                              ("currency",), keep=lambda r: not nothing(r))
        row["credit"] = show_credit(o, q, c)
        out.append(row)
    return dict(common(o, q), customers=out)


def customer(o, q, id_):
    if id_ not in real_customers(o):
        raise NotFound(id_)
    day = as_of(o, q)
    a = o.facts.accounts[id_]
    q1 = dict(q, customer_id=id_, group_by="currency")
    balances = [{k: r[k] for k in ("currency", "gross_open", "disputed", "unapplied_cash",
                                   "open_credits", "balance")} for r in ageing(o, q1)["rows"]]
    history = {}
    for r in a.profiles:
        if r.bd <= day:
            history[r.bd] = {"from": show_date(r.bd), "profile": profile(r.p)}
    f = attributes(o, q).file(id_, day)
    return dict(common(o, q), customer_id=id_,
                profile=profile(f) if f is not None else Optional(Any()),
                history=Bag([history[d] for d in sorted(history)], ("from",),
                            keep=lambda r: r.get("from", "") <= show_date(day)),
                balances=Bag(balances, ("currency",), keep=lambda r: not nothing(r)),
                credit=show_credit(o, q, id_), promises=show_promises(o, id_, day),
                items=[show_item(x, day) for x in sorted(items_at(o, q), key=item_key)
                       if x["customer"] == id_])


def find(o, q, family, id_):
    found = [a for a in o.facts.accounts.values() if id_ in getattr(a, family)
             and q.get("customer_id", a.customer) == a.customer]
    if not found:
        raise NotFound(id_)
    if len(found) > 1:
        raise Several(by_bytes1(a.customer for a in found))
    return found[0], getattr(found[0], family)[id_]


def document_events(o, kind, customer_id, id_):
    return Bag([ref(r) for r in o.facts.by_document[kind, customer_id, id_]], REF_KEY, subset=True)


def until(end):
    return None if end == INF else show_date(end)


def invoice(o, q, id_):
    a, inv = find(o, q, "invoices", id_)
    day = as_of(o, q)
    rc = o.receivables
    cur = inv.currency
    where = attributes(o, q).invoice(inv)
    value = rc.invoice_value(inv, day)
    moved = rc.shift(inv, day)
    parts = rc.open_instalments(inv, day)
    applied = []
    for it in rc.items_of_invoice[inv]:
        if it.in_effect(day):
            t = "payment" if it.source.kind == "payment" else \
                "credit_note" if it.own else "credit_allocation"
            applied.append((t, it.alloc_id, it.source.id, it.applied(day), it.start, it.end))
    for w in inv.losses:
        if w.start <= day:
            applied.append(("write_off", w.id, None, w.amount, w.start, INF))
            applied += [("recovery", y.rec.p["recovery_id"], None, -y.amount, y.start, INF)
                        for y in w.recoveries if y.counts and y.start <= day]
    past = []
    for it in rc.items_of_invoice[inv]:
        if it.state == "counts" and it.end <= day:
            # Both on one day: the split of its cash goes by the void, the page says the reversal.
            by = "reversed" if it.ended_by == "voided" and it.source.kind == "payment" and \
                it.source.end == it.end else it.ended_by
            t = "payment" if it.source.kind == "payment" else \
                "credit_note" if it.own else "credit_allocation"
            past.append({"type": t, "id": it.alloc_id, "source_id": it.source.id,
                         "amount": amount(it.amount - it.taken_back(it.end - 1), cur),
                         "from": show_date(it.start), "until": show_date(it.end),
                         "ended_by": by})
    voided = inv.void_date is not None and inv.void_date <= day
    return dict(
        common(o, q), customer_id=inv.customer, customer_name=name_of(o, inv.customer, day),
        invoice_id=inv.id, kind=inv.rec.p["kind"],
        currency=cur, net=amount(inv.net, cur), tax=amount(inv.tax, cur),
        gross=amount(inv.gross, cur), issue_date=show_date(inv.issue),
        due_date=show_date(inv.last_due + moved),
        void_date=show_date(inv.void_date) if voided else None,
        open=amount(max(0, value), cur),
        disputed=amount(rc.disputed(inv, day, max(0, value)), cur),
        over_applied=value < 0, order_ids=list(inv.rec.p["order_ids"]),
        region=Blank(where[0]), sales_rep=Blank(where[1]),
        instalments=[{"number": n, "due_date": show_date(due), "amount": amount(x, cur),
                      "open": amount(open_, cur)}
                     for n, due, x, open_, _ in parts] if inv.gross else Any(),
        applications=Bag([{"type": t, "id": i, "source_id": source, "amount": amount(x, cur),
                           "from": show_date(start), "until": until(end)}
                          for t, i, source, x, start, end in applied],
                         ("type", "id", "source_id", "amount")),
        past_applications=Bag(past, ("type", "id", "source_id", "amount")),
        events=document_events(o, "invoice", inv.customer, inv.id))


def name_of(o, customer, day):
    """By the file in force on the day; null without one, and of what is no account."""
    a = o.facts.accounts.get(customer)
    r = a.file(day) if a is not None else None
    return (r.p["name"] if r is not None else "") or None


def named(o, value, day, by_customer):
    """Every row in `value` with the name of its customer: beside a `customer_id`, and beside a group
    where rows are grouped by customer."""
    if isinstance(value, Bag):
        value = value.rows
    if isinstance(value, dict):
        value = list(value.values())
    for x in value if isinstance(value, (list, tuple)) else ():
        if isinstance(x, dict) and "customer_id" in x:
            x["customer_name"] = name_of(o, plain(x["customer_id"]), day)
        elif isinstance(x, dict) and "group" in x:
            group = x["group"]
            x["customer_name"] = Absent() if not by_customer else name_of(
                o, group["customer"] if isinstance(group, dict) else group, parse_date(x["as_of"]) if "as_of" in x else day)
        named(o, x, day, by_customer)


def allocations_of(o, s, day):
    rows = []
    for it in o.receivables.items_of_source[s]:
        row = {"allocation_id": it.alloc_id, "invoice_id": it.invoice_id,
               "amount": amount(it.amount, s.currency),
               "taken_back": amount(it.taken_back(day), s.currency), "from": Any(), "until": Any()}
        if it.state == "waiting":
            state = "waiting"
        elif it.start > day:
            state = "future"
        elif it.state in ("mismatch", "rejected"):
            state = "rejected"
        elif it.state == "never" or it.end <= day:
            state = "ended"
        else:
            state = "in_effect"
        if it.state == "counts":
            row["from"], row["until"] = show_date(it.start), until(it.end)
        row["state"] = state
        rows.append(row)
    return Bag(rows, ("allocation_id", "invoice_id", "amount", "taken_back", "state"))


def payment(o, q, id_):
    a, s = find(o, q, "payments", id_)
    day = as_of(o, q)
    rc = o.receivables
    cur = s.currency
    return dict(
        common(o, q), customer_id=s.customer, customer_name=name_of(o, s.customer, day),
        payment_id=s.id, currency=cur, amount=amount(s.amount, cur), value_date=show_date(s.start),
        reversed_on=show_date(s.end) if s.end <= day else None,
        refunded=amount(rc.source_refunded(s, day), cur),
        unapplied=amount(rc.unapplied(s, day), cur), allocations=allocations_of(o, s, day),
        events=document_events(o, "payment", s.customer, s.id))


def credit_note(o, q, id_):
    a, s = find(o, q, "credit_notes", id_)
    day = as_of(o, q)
    rc = o.receivables
    cur = s.currency
    p = s.rec.p
    where = attributes(o, q).source(s)
    return dict(
        common(o, q), customer_id=s.customer, customer_name=name_of(o, s.customer, day),
        credit_note_id=s.id, invoice_id=p["invoice_id"] or None, currency=cur,
        net=amount(p["net_minor"], cur), tax=amount(p["tax_minor"] or 0, cur),
        amount=amount(s.amount, cur), issue_date=show_date(s.start),
        void_date=show_date(s.end) if s.end <= day else None, reason_code=p["reason_code"] or None,
        refunded=amount(rc.source_refunded(s, day), cur), open=amount(rc.unapplied(s, day), cur),
        region=Blank(where[0]), sales_rep=Blank(where[1]), allocations=allocations_of(o, s, day),
        events=document_events(o, "credit_note", s.customer, s.id))


def last_terms(order_, day):
    """{line: sku} by the terms told last; nothing changes an order before its placed date."""
    skus = {x["line_id"]: x["sku"] for x in order_.rec.p["lines"]}
    changes = [r for r in order_.changes if max(r.bd, order_.rec.bd) <= day]
    for r in sorted(changes, key=lambda r: r.order):
        skus.update((x["line_id"], x["sku"]) for x in r.p["lines"])
    return skus


def shipment(o, q, id_):
    day = as_of(o, q)
    found = {}
    for a in o.facts.accounts.values():
        orders = [d for d in a.orders.values() if id_ in d.dispatches]
        if orders and q.get("customer_id", a.customer) == a.customer:
            found[a.customer] = orders
    if not found:
        raise NotFound(id_)
    if len(found) > 1:
        raise Several(by_bytes1(found))
    (customer_id, orders), = found.items()
    parts, events = [], []
    for d in orders:
        r = d.dispatches[id_]
        proofs = d.proofs.get(id_, [])
        first = min((x for x in proofs if max(x.bd, d.rec.bd) <= day), key=lambda x: x.order, default=None)
        back = [x for x in d.returns if x.p["shipment_id"] == id_]
        events += [r] + proofs + back
        skus = last_terms(d, day)
        returned = {}
        for x in back:
            if max(x.bd, d.rec.bd) <= day:
                for line in x.p["lines"]:
                    n = sales.quantity(line["quantity"])
                    returned[line["line_id"]] = returned.get(line["line_id"], 0) + n
        freight, cur = r.p["freight_minor"], r.p["currency"]
        parts.append({
            "order_id": d.id, "warehouse": r.p["warehouse"] or None, "carrier": r.p["carrier"] or None,
            "dispatched_at": instant(r.at), "delivered_at": instant(first.at) if first else None,
            "signed_by": (first.p["signed_by"] or None) if first else None,
            "freight": amount(freight, cur) if freight is not None else None, "currency": cur or None,
            "lines": [{"line_id": x["line_id"], "sku": skus.get(x["line_id"]),
                       "quantity": show_quantity(sales.quantity(x["quantity"])),
                       "returned": show_quantity(returned.get(x["line_id"], 0))} for x in r.p["lines"]]})
    return dict(
        common(o, q), customer_id=customer_id, customer_name=name_of(o, customer_id, day),
        shipment_id=id_, orders=Bag(parts, ("order_id",)),
        events=Bag([ref(r) for r in events], REF_KEY, subset=True))


def order(o, q, id_):
    a, doc = find(o, q, "orders", id_)
    day = as_of(o, q)
    s = cycle.at_date(doc, day, o.receivables)
    if s is None:
        raise NotHere("an order before its placed date")
    p = doc.rec.p
    cur = p["currency"]
    where = attributes(o, q).order(doc)
    gone, back, proven, kept_ = {}, {}, {}, cycle.delivered_quantities(s)
    for r in s.dispatches:
        for x in r.p["lines"]:
            n = sales.quantity(x["quantity"])
            gone[x["line_id"]] = gone.get(x["line_id"], 0) + n
            if r.p["shipment_id"] in s.proofs:
                proven[x["line_id"]] = proven.get(x["line_id"], 0) + n
    for r in s.returns:
        for x in r.p["lines"]:
            back[x["line_id"]] = back.get(x["line_id"], 0) + sales.quantity(x["quantity"])
    lines = [{"line_id": x.line_id, "sku": x.sku, "quantity": show_quantity(x.quantity),
              "remaining_quantity": show_quantity(x.remaining),
              "dispatched": show_quantity(gone.get(x.line_id, 0)),
              "returned": show_quantity(back.get(x.line_id, 0)),
              "delivered": Either(show_quantity(proven.get(x.line_id, 0)),
                                  show_quantity(kept_.get(x.line_id, 0)),
                                  show_quantity(max(0, kept_.get(x.line_id, 0)))),
              "net": amount(x.net, cur), "tax": amount(x.tax, cur)} for x in s.lines.values()]
    return dict(
        common(o, q), customer_id=Optional(doc.customer), order_id=Optional(doc.id),
        customer_name=name_of(o, doc.customer, day),
        kind=p["kind"], currency=cur, region=Blank(where[0]), sales_rep=Blank(where[1]),
        channel=Blank(p["channel"]), requested_date=Blank(s.requested),
        first_promise=Blank(s.promises[0] if s.promises else ""),
        last_promise=Blank(s.promises[-1] if s.promises else ""),
        lines=Bag(lines, ("line_id",)),
        milestones={m: instant(t) for m, t in s.milestones.items()},
        delays=[{"stage": r.p["stage"] or None, "reason_code": r.p["reason_code"],
                 "promised_date": r.p["promised_date"] or None, "note": r.p["note"] or None,
                 "event": ref(r)}
                for r in sorted((r for r in doc.delays if r.bd <= day), key=lambda r: r.order)],
        shipments=Ids([r.p["shipment_id"] for r in s.dispatches], "shipment_id", "id"),
        invoices=Ids(by_bytes1(i.id for i in doc.invoices if i.issue <= day), "invoice_id", "id"),
        events=document_events(o, "order", doc.customer, doc.id))


# ---------------------------------------------------------------- lists and search

LISTS = ("instalments", "applications", "past_applications", "allocations", "order_ids", "lines",
         "milestones", "delays", "shipments", "invoices", "orders", "events")


def own_fields(o, q, page, customer, id_):
    """What a page has but for its lists and what all answers have."""
    whole = page(o, dict(q, customer_id=customer), id_)
    shared = common(o, q)
    return {k: v for k, v in whole.items() if k not in LISTS and k not in shared}


def spans(q, day):
    return ("from" not in q or parse_date(q["from"]) <= day) and \
        ("to" not in q or day <= parse_date(q["to"]))


def listed(o, q, name, found):
    """found: (customer, id, row), of which those in the state asked for stay."""
    rows = [row for c, i, row in sorted(found, key=lambda x: (x[0].encode(), x[1].encode()))
            if q.get("state", row["state"]) == row["state"]]
    return dict(common(o, q), **{name: rows})


def invoices(o, q):
    day = as_of(o, q)
    rc = o.receivables
    found = []
    for a in o.facts.accounts.values():
        for inv in a.invoices.values():
            where = attributes(o, q).invoice(inv)
            if inv.issue > day or not spans(q, inv.issue) \
                    or not kept(q, where[0], where[1], inv.customer, inv.currency, kind=inv.rec.p["kind"]):
                continue
            row = own_fields(o, q, invoice, inv.customer, inv.id)
            ages = [day - due for _, due, _, open_, _ in rc.open_instalments(inv, day) if open_ > 0]
            row["days_overdue"] = max(ages) if ages else None
            row["state"] = "void" if row["void_date"] else "settled" if not ages else \
                "overdue" if max(ages) >= 1 else "open"
            found.append((inv.customer, inv.id, row))
    return listed(o, q, "invoices", found)


def sources(o, q, family, page, states):
    day = as_of(o, q)
    ended, rest, nothing_left = states
    found = []
    for a in o.facts.accounts.values():
        for s in getattr(a, family).values():
            where = attributes(o, q).source(s)
            if s.start > day or not spans(q, s.start) \
                    or not kept(q, where[0], where[1], s.customer, s.currency):
                continue
            row = own_fields(o, q, page, s.customer, s.id)
            row["state"] = ended if s.end <= day else \
                rest if o.receivables.unapplied(s, day) != 0 else nothing_left
            found.append((s.customer, s.id, row))
    return listed(o, q, family, found)


def payments(o, q):
    return sources(o, q, "payments", payment, ("reversed", "unapplied", "applied"))


def credit_notes(o, q):
    return sources(o, q, "credit_notes", credit_note, ("void", "open", "applied"))


def has_sku(q, skus):
    """Whether one of the lines' skus is the one asked for, "" being that of a line without."""
    return "sku" not in q or any((sku or "unassigned") == q["sku"] for sku in skus)


def orders(o, q):
    day = as_of(o, q)
    found = []
    for s in orders_kept(o, q):
        doc = s.order
        if not spans(q, doc.rec.bd) or not has_sku(q, [x.sku for x in s.lines.values()]):
            continue
        row = own_fields(o, q, order, doc.customer, doc.id)
        promised = s.promises[-1] if s.promises else s.requested
        late = bool(promised) and parse_date(promised) < day
        row["state"] = "complete" if "delivered" in s.milestones else \
            "cancelled" if not any(x.remaining > 0 for x in s.lines.values()) else \
            "late" if late else "open"
        row["late"] = row["state"] == "late"
        row["placed_at"] = instant(doc.rec.at)
        way = ("delivered", "dispatched", "first_dispatched", "ready", "confirmed", "placed")
        row["last_milestone"] = next(m for m in way if m in s.milestones)
        row["ordered"] = amount(sum(x.net * x.remaining // x.quantity for x in s.lines.values()),
                                doc.rec.p["currency"])
        found.append((doc.customer, doc.id, row))
    return listed(o, q, "orders", found)


def shipments(o, q):
    day = as_of(o, q)
    found = {}
    for a in o.facts.accounts.values():
        if q.get("customer_id", a.customer) != a.customer:
            continue
        for d in a.orders.values():
            s = cycle.at_date(d, day, o.receivables)
            for r in s.dispatches if s is not None else ():
                found.setdefault((a.customer, r.p["shipment_id"]), []).append((r, s))
    rows = []
    for (c, id_), parts in found.items():
        first = min(parts, key=lambda x: x[0].at)[0]
        if not spans(q, first.bd):
            continue
        if not any(q.get("warehouse", r.p["warehouse"] or "unassigned") == (r.p["warehouse"] or "unassigned")
                   and q.get("currency", r.p["currency"]) == r.p["currency"]
                   and has_sku(q, [last_terms(s.order, day).get(x["line_id"], "") for x in r.p["lines"]])
                   for r, s in parts):
            continue
        back = [cycle.came_back_whole(r, s.returns) for r, s in parts]
        there = [id_ in s.proofs for _, s in parts]
        state = "returned" if all(back) else \
            "delivered" if all(x or y for x, y in zip(back, there)) else "on_the_way"
        rows.append((c, id_, {
            "customer_id": c, "shipment_id": id_, "state": state,
            "dispatched_at": instant(first.at), "order_ids": by_bytes1(s.order.id for _, s in parts)}))
    return listed(o, q, "shipments", rows)


def folded(text):
    """Without case, character by character."""
    def one(c):
        f = c.casefold()
        if len(f) != 1:
            f = c.lower()
        return f if len(f) == 1 else c
    return "".join(map(one, text))


def is_han(c):
    return "\u3400" <= c <= "\u4dbf" or "\u4e00" <= c <= "\u9fff" or "\uf900" <= c <= "\ufaff" \
        or "\U00020000" <= c <= "\U000323af"


def words_of(name):
    text = "".join(c if c.isalnum() else " " for c in folded(name))
    return " ".join(text.split())


def begins_word(name, text):
    words = words_of(name)
    return any(words.startswith(text, i) for i in range(len(words))
               if words[i] != " " and (i == 0 or words[i - 1] == " " or is_han(words[i])
                                       or is_han(words[i - 1])))


def search(o, q):
    day = as_of(o, q)
    ids, words = folded(q["q"]), words_of(q["q"])
    found = []
    for c in real_customers(o):
        if q.get("customer_id", c) != c:
            continue
        a = o.facts.accounts[c]
        name = name_of(o, c, day)
        if folded(c).startswith(ids) or (words and begins_word(name or "", words)):
            found.append((("0", c.encode()), "customer", c, None))
        for place, kind, some in (
                ("1", "order", a.orders), ("2", "invoice", a.invoices),
                ("3", "shipment", {x for d in a.orders.values() for x in d.dispatches}),
                ("4", "payment", a.payments), ("5", "credit_note", a.credit_notes)):
            found += [((place, folded(i).encode(), i.encode(), c.encode()), kind, c, i)
                      for i in some if folded(i).startswith(ids)]
    return dict(common(o, q), results=[
        {"kind": kind, "customer_id": c, "document_id": i}
        for _, kind, c, i in sorted(found, key=lambda x: x[0])])


# ------------------------------------------------- anomalies, parked and status

def anomalies_view(o, q):
    found = anomalies.open_at(o, as_of(o, q))
    out = []
    for k in by_bytes(found):
        kind, c, document = k
        r = found[k]
        if q.get("kind", kind) != kind or q.get("customer_id", c) != c:
            continue
        event = ref(r) if r.ev is not None else \
            {"topic": r.topic, "partition": r.partition, "offset": r.offset,
             "recorded_at": millis(r.seen_at)}
        out.append({"kind": kind, "state": "open", "customer_id": c, "document_id": document,
                    "detail": Any(), "event": event})
    return dict(common(o, q), anomalies=out)


def parked_view(o, q):
    # The list takes the place of the count that every other answer has under this name.
    return dict(common(o, q), parked=[
        {"topic": r.topic, "partition": r.partition, "offset": r.offset,
         "recorded_at": millis(r.seen_at), "reason": reason, "detail": Any(), "resolved": Any(), "bytes": Any()}
        for r, reason in o.parked])


def event(o, q, place):
    """What became of a record, and what it says of itself."""
    topic, partition, offset = place.rsplit("/", 2)
    pos = topic, int(partition), int(offset)
    r = next((r for r in o.records if r.pos == pos), None)
    if r is None:
        raise NotFound(place)
    reason = next((reason for parked, reason in o.parked if parked is r), None)
    named = ref(r) if reason is None else \
        {"event_id": Any(), "type": Any(), "topic": r.topic, "partition": r.partition, "offset": r.offset,
         "recorded_at": millis(r.seen_at), "occurred_at": Any()}
    return dict(common(o, q), event=named, customer_id=Any() if reason else r.ev.customer_id,
                state="parked" if reason else o.facts.became[pos], detail=Any(), content=Any(), bytes=Any())


def status(o, q):
    c = common(o, q)
    return {"positions": c["positions"], "newest_recorded_at": c["newest_recorded_at"],
            "accepted": len(o.facts.accepted), "duplicates": o.facts.duplicates,
            "conflicts": len(o.facts.conflicts), "parked": len(o.parked),
            "waiting": o.facts.waiting, "business_time_zone": o.config.business_time_zone,
            "today": o.config.today, "partitions": o.config.partitions}


VIEWS = {
    "/v1/receivables/ageing": ageing,
    "/v1/receivables/ageing/trend": ageing_trend,
    "/v1/receivables/items": items,
    "/v1/receivables/entries": entries,
    "/v1/receivables/bridge": bridge,
    "/v1/receivables/restatement": restatement,
    "/v1/receivables/ratios": ratios,
    "/v1/receivables/worklist": worklist,
    "/v1/receivables/dunning": dunning,
    "/v1/receivables/reconciliation": reconciled,
    "/v1/order-cycle": order_cycle,
    "/v1/order-cycle/on-time": on_time,
    "/v1/order-cycle/open": open_orders,
    "/v1/order-cycle/factors": factors,
    "/v1/order-cycle/orders": cycle_orders,
    "/v1/sales": sales_view,
    "/v1/sales/postings": sales_postings,
    "/v1/customers": customers,
    "/v1/invoices": invoices,
    "/v1/payments": payments,
    "/v1/credit-notes": credit_notes,
    "/v1/orders": orders,
    "/v1/shipments": shipments,
    "/v1/search": search,
    "/v1/anomalies": anomalies_view,
    "/v1/parked": parked_view,
    "/v1/status": status,
}
DOCUMENTS = {"/v1/customers/": customer, "/v1/invoices/": invoice, "/v1/payments/": payment,
             "/v1/orders/": order, "/v1/credit-notes/": credit_note, "/v1/shipments/": shipment, "/v1/events/": event}


def answer(o, path, q):
    """The expected answer of GET path with the parameters q (a dict of strings); of POST,
    where the body stands in q under "csv"."""
    if "known_at" in q:
        o = o.known(known_at(o, q["known_at"]))
    out = answer_of(o, path, q)
    if path not in ("/v1/customers", "/v1/status"):
        by = q.get("group_by", "customer" if path == "/v1/receivables/ageing" else "none")
        named(o, list(out.values()), parse_date(out["as_of"]), "customer" in by.split(","))
    return out


def answer_of(o, path, q):
    view = VIEWS.get(path)
    if view is not None:
        return view(o, q)
    if path.startswith("/v1/customers/") and path.endswith("/statement"):
        id_ = unquote(path[len("/v1/customers/"):-len("/statement")])
        if id_ not in real_customers(o):
            raise NotFound(id_)
        return statement(o, q, id_)
    for prefix, page in DOCUMENTS.items():
        if path.startswith(prefix):
            return page(o, q, unquote(path[len(prefix):]))
    raise NotHere(path)
