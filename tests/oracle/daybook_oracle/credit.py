"""What orders are worth, what of them is invoiced, and the credit that an account uses."""
from .cycle import dispatched_net
from .money import quantity


def value(line, q, tax=True):
    """Of a quantity of a line, at its terms before cancellation."""
    return (line.net + (line.tax if tax else 0)) * q // line.quantity


def by_line(records):
    out = {}
    for r in records:
        for x in r.p["lines"]:
            out[x["line_id"]] = out.get(x["line_id"], 0) + quantity(x["quantity"])
    return out


def order_value(s, tax=True):
    return sum(value(x, x.remaining, tax) for x in s.lines.values())


def dispatched(s):
    """{line: max(0, dispatched - returned)}"""
    back = by_line(s.returns)
    return {k: max(0, q - back.get(k, 0)) for k, q in by_line(s.dispatches).items()}


def dispatched_value(s):
    """Last terms if the line is dropped, 0 if it has none."""
    return sum(value(s.terms[k], q) for k, q in dispatched(s).items() if k in s.terms)


def not_dispatched_value(s, share):
    """"value of remaining - value of min(remaining, dispatched net)"; share: what is invoiced,
    less credit notes: what of it is above the value of dispatched was invoiced ahead."""
    gone = dispatched_net(s)
    n = sum(value(x, x.remaining) - value(x, min(x.remaining, max(0, gone.get(k, 0))))
            for k, x in s.lines.items())
    return max(0, n - max(0, share - dispatched_value(s)))


def credited(a, inv, day):
    """The credit notes in its currency that name the invoice and exist then."""
    return sum(s.amount for s in a.credit_notes.values()
               if s.rec.p["invoice_id"] == inv.id and s.currency == inv.currency
               and s.start <= day < s.end)


def states(o, day):
    return o.cached(("states", day), lambda: {s.order: s for s in o.order_states(day)})


def shares(o, day, tax=True, less_credited=False):
    """{order: its part of the invoices that name it}; gross, or net without tax."""
    def make():
        placed = states(o, day)
        out = {}
        for a in o.facts.accounts.values():
            for inv in a.invoices.values():
                exists = inv.issue <= day and (inv.void_date is None or day < inv.void_date)
                orders = [x for x in inv.orders if x.rec.p["currency"] == inv.currency]
                if not exists or inv.rec.p["kind"] != "INVOICE" or not orders:
                    continue
                whole = inv.gross if tax else inv.net
                if less_credited:
                    whole = max(0, whole - credited(a, inv, day))
                values = [order_value(placed[x], tax) if x in placed else 0 for x in orders]
                total = sum(values)
                rest = whole
                for x, v in list(zip(orders, values))[:-1]:
                    part = whole * v // total if total else 0
                    out[x] = out.get(x, 0) + part
                    rest -= part
                out[orders[-1]] = out.get(orders[-1], 0) + rest
        return out
    return o.cached(("shares", day, tax, less_credited), make)


class Part:
    """Of the exposure, in one currency."""
    def __init__(self):
        self.balance = self.not_invoiced = self.open_orders = 0

    def sum(self):
        return self.balance + self.not_invoiced + self.open_orders


def parts(o, day):
    """{customer: {currency: Part}}"""
    def make():
        out = {c: {} for c in o.facts.accounts}
        for c, a in o.facts.accounts.items():
            for d, cur, n, *_ in o.receivables.ledger(a):
                if d <= day:
                    out[c].setdefault(cur, Part()).balance += n
        share = shares(o, day)
        ahead = shares(o, day, less_credited=True)
        for x, s in states(o, day).items():
            part = out[x.customer].setdefault(x.rec.p["currency"], Part())
            part.not_invoiced += max(0, dispatched_value(s) - share.get(x, 0))
            part.open_orders += not_dispatched_value(s, ahead.get(x, 0))
        return out
    return o.cached(("parts", day), make)


def exposure(o, customer, day, base):
    """(minor units of the base, currencies without a rate)"""
    total, unconverted = 0, []
    for cur, part in sorted(parts(o, day)[customer].items()):
        n = o.rates.convert(part.sum(), cur, base, day)
        if n is not None:
            total += n
        elif part.sum():
            unconverted.append(cur)
    return total, unconverted


def state(exposure_, limit, oldest):
    """The first that fits; oldest: the largest L among open items, or None."""
    if limit is not None and exposure_ > limit:
        return "over_limit"
    if oldest is not None and oldest >= 31:
        return "overdue"
    return "no_limit" if limit is None else "ok"
