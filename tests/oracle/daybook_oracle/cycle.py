"""Part B: lines as they stand, milestones, cycles, statistics."""
from .dates import period
from .money import quantity

MILESTONES = ("placed", "confirmed", "ready", "first_dispatched", "dispatched", "delivered",
              "invoiced", "paid")
BORDERS = (3600, 14400, 43200, 86400, 172800, 259200, 432000, 604800, 864000, 1209600, 1814400,
           2592000, 3888000, 5184000, 7776000, 10368000, 15552000, 31536000, None)


class Line:
    """A line with its last terms; remaining is what cancellations have left."""
    __slots__ = ("line_id", "sku", "quantity", "text", "net", "tax", "remaining")

    def __init__(self, p):
        self.line_id, self.sku, self.text = p["line_id"], p["sku"], p["quantity"]
        self.quantity = self.remaining = quantity(p["quantity"])
        self.net, self.tax = p["net_minor"], p["tax_minor"] or 0


class OrderState:
    """An order at a date on or after its placed date."""
    __slots__ = ("order", "lines", "terms", "dispatches", "proofs", "returns", "milestones",
                 "requested", "promises")


def _lines(p):
    return {x["line_id"]: Line(x) for x in p["lines"]}


def first_proofs(o, day):
    out = {}
    for id_, rs in o.proofs.items():
        ats = [r.at for r in rs if r.bd <= day]
        if ats:
            out[id_] = min(ats)
    return out


def at_date(o, day, receivables):
    """The state of the order, None before its placed date."""
    if day < o.rec.bd:
        return None
    s = OrderState()
    s.order = o
    s.dispatches = sorted((r for r in o.dispatches.values() if r.bd <= day), key=lambda r: r.order)
    s.returns = [r for r in o.returns if r.bd <= day]
    s.proofs = first_proofs(o, day)
    steps = sorted((r for r in o.changes + o.cancels if r.bd <= day), key=lambda r: r.order)
    s.lines, s.terms, s.requested = lines_after(s, steps)
    promises = [r for r in o.confirms + o.delays if r.bd <= day and r.p["promised_date"]]
    s.promises = [r.p["promised_date"] for r in sorted(promises, key=lambda r: r.order)]
    s.milestones = _milestones(o, s, day, receivables)
    return s


def lines_after(s, steps):
    """(lines, the last terms of each, the date requested) after these changes and cancellations."""
    p = s.order.rec.p
    lines, requested = _lines(p), p["requested_date"]
    terms = dict(lines)
    for r in steps:
        if r.ev.type == "order_changed":
            lines = _lines(r.p)
            terms.update(lines)
            requested = r.p["requested_date"] or requested
            continue
        gone = dispatched_net(s, r.at)
        for id_ in r.p["line_ids"] or list(lines):
            line = lines.get(id_)
            if line is not None:
                line.remaining = min(line.remaining, max(0, gone.get(id_, 0)))
    return lines, terms, requested


def moved(s):
    """[(record, 1 or -1)]: what went out, and what came back to be resent, in order."""
    out = [(r, 1) for r in s.dispatches]
    out += [(r, -1) for r in s.returns if r.p["to_be_resent"]]
    return sorted(out, key=lambda x: x[0].order)


def dispatched_net(s, until=None):
    """{line: dispatched less what came back to be resent}, by that instant; may be below 0."""
    out = {}
    for r, sign in moved(s):
        if until is None or r.at <= until:
            for x in r.p["lines"]:
                out[x["line_id"]] = out.get(x["line_id"], 0) + sign * quantity(x["quantity"])
    return out


def _dispatched(s):
    """The dispatch from which on nothing is lacking, or None."""
    wanted = {x.line_id: x.remaining for x in s.lines.values() if x.remaining > 0}
    since = None
    for r, sign in moved(s) if wanted else ():
        for x in r.p["lines"]:
            if x["line_id"] in wanted:
                wanted[x["line_id"]] -= sign * quantity(x["quantity"])
        if any(n > 0 for n in wanted.values()):
            since = None
        elif since is None:
            since = r.at
    return since


def _delivered(s, complete):
    """The last proof of what left up to that instant."""
    proofs, later = [], []
    for d in s.dispatches:
        proof = s.proofs.get(d.p["shipment_id"])
        if d.at > complete:
            later += [proof] if proof is not None else []
        elif proof is not None:
            proofs.append(proof)
        elif not came_back_whole(d, s.returns):
            return None
    return max(proofs) if proofs else min(later, default=None)


def _milestones(o, s, day, receivables):
    m = {"placed": o.rec.at}
    for name, rs in (("confirmed", o.confirms), ("ready", o.readies)):
        ats = [r.at for r in rs if r.bd <= day]
        if ats:
            m[name] = min(ats)
    if s.dispatches:
        m["first_dispatched"] = s.dispatches[0].at
    complete = _dispatched(s)
    if complete is not None:
        m["dispatched"] = complete
        delivered = _delivered(s, complete)
        if delivered is not None:
            m["delivered"] = delivered
    invoices = [i for i in o.invoices
                if i.rec.p["kind"] == "INVOICE" and i.rec.bd <= day
                and (i.void_date is None or day < i.void_date)]
    if invoices:
        m["invoiced"] = min(i.rec.at for i in invoices)
        if "dispatched" in m:
            settled = [settlement(i, day, receivables) for i in invoices]
            if None not in settled:
                m["paid"] = max(settled)
    return m


def delivered_quantities(s):
    """{line: what has proof, less what came back to be resent from it or from no named shipment}"""
    out = {}
    delivered = [r for r in s.dispatches if r.p["shipment_id"] in s.proofs]
    for r in delivered:
        for x in r.p["lines"]:
            out[x["line_id"]] = out.get(x["line_id"], 0) + quantity(x["quantity"])
    known = {"", *(r.p["shipment_id"] for r in delivered)}
    for r in s.returns:
        if r.p["to_be_resent"] and r.p["shipment_id"] in known:
            for x in r.p["lines"]:
                out[x["line_id"]] = out.get(x["line_id"], 0) - quantity(x["quantity"])
    return out


def in_full(s):
    """Against the quantity before any cancellation of a part, for every line not gone."""
    got = delivered_quantities(s)
    return all(got.get(k, 0) >= x.quantity for k, x in s.lines.items() if x.remaining > 0)


def is_open(s):
    """Not delivered, and a line remains."""
    return "delivered" not in s.milestones and any(x.remaining for x in s.lines.values())


def waits(s):
    """(the last milestone on the way to delivery, the next)"""
    last = [i for i in range(MILESTONES.index("delivered")) if MILESTONES[i] in s.milestones][-1]
    return MILESTONES[last], MILESTONES[last + 1]


def stage_lengths(states, zone, first, last, start, end):
    """Seconds of all orders that have both milestones in their order, the later from start to end."""
    return sorted(s.milestones[last] - s.milestones[first] for s in states
                  if first in s.milestones and s.milestones[first] <= s.milestones.get(last, -10 ** 18)
                  and start <= zone.business_date(s.milestones[last]) <= end)


def came_back_whole(dispatch, returns):
    back = {}
    for r in returns:
        if r.p["shipment_id"] == dispatch.p["shipment_id"]:
            for x in r.p["lines"]:
                back[x["line_id"]] = back.get(x["line_id"], 0) + quantity(x["quantity"])
    return all(back.get(x["line_id"], 0) >= quantity(x["quantity"]) for x in dispatch.p["lines"])


def settlement(inv, day, receivables):
    """The instant from which on the invoice is settled, or None."""
    steps = {inv.rec.at: 0}

    def add(at, n):
        steps[at] = steps.get(at, 0) + n

    for it in receivables.items_of_invoice[inv]:
        if it.in_effect(day):
            add(max(it.rec.at, it.source.rec.at, inv.rec.at), it.applied(day))
    for w in inv.losses:
        if w.small and w.start <= day:
            at = max(w.rec.at, inv.rec.at)
            add(at, w.amount)
            for y in w.recoveries:
                if y.counts and y.start <= day:
                    add(max(y.rec.at, at), -y.amount)
    total = 0
    since = None
    for at in sorted(steps):
        total += steps[at]
        if total < inv.gross:
            since = None
        elif since is None:
            since = at
    return since


def stage_times(m, first, last):
    """{(from, to): seconds} over the stages of the cycle that the order has."""
    i, j = MILESTONES.index(first), MILESTONES.index(last)
    kept = m[first]
    out = {}
    for k in range(i + 1, j + 1):
        at = m.get(MILESTONES[k])
        if at is None or at < kept or at > m[last]:
            continue
        out[(MILESTONES[k - 1], MILESTONES[k])] = at - kept
        kept = at
    return out


class Row:
    def __init__(self):
        self.lengths = []
        self.out_of_order = 0
        self.stages = {}


def rows(states, zone, first, last, start, end, grain, group_of):
    """{(period, group): Row} over the order states given."""
    out = {}
    for s in states:
        m = s.milestones
        if first not in m or last not in m:
            continue
        day = zone.business_date(m[last])
        if not start <= day <= end:
            continue
        row = out.setdefault((period(day, grain), group_of(s)), Row())
        n = m[last] - m[first]
        if n < 0:
            row.out_of_order += 1
            continue
        row.lengths.append(n)
        for stage, t in stage_times(m, first, last).items():
            row.stages[stage] = row.stages.get(stage, 0) + t
    return out
