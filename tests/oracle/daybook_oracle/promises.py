"""Promises to pay and what became of them."""
from .dates import parse_date

GRACE_DAYS = 3


def judged(o, customer, day, grace=GRACE_DAYS):
    """[(record, cash, state)] of the promises made by that date.  Each is judged alone."""
    a = o.facts.accounts[customer]
    out = []
    for id_, r in a.promises.items():
        if r.bd > day:
            continue
        end = parse_date(r.p["promised_date"]) + grace
        cash = paid(o, a, r, end, day)
        gone = a.withdrawals.get(id_)
        if gone is not None and gone.bd <= day:
            state = "withdrawn"
        elif cash >= r.p["amount_minor"]:
            state = "kept"
        elif day <= end:
            state = "open"
        else:
            state = "partly_kept" if cash > 0 else "broken"
        out.append((r, cash, state))
    return out


def paid(o, a, r, end, day):
    """Cash from the business date of the promise to its end."""
    n = 0
    for s in a.payments.values():
        if s.currency != r.p["currency"]:
            continue
        if not r.p["invoice_ids"]:
            if r.bd <= s.start <= min(end, day) and day < s.end:
                n += s.amount
            continue
        n += sum(it.applied(day) for it in o.receivables.items_of_source[s]
                 if it.invoice_id in r.p["invoice_ids"] and it.in_effect(day)
                 and r.bd <= it.start <= end)
    return n
