"""Our ledger against a file of finance's own, line by line."""
import csv
import io
from itertools import combinations

from .money import EXPONENT

WINDOW = 31        # days before the date in which a difference is looked for
KEY = ("customer_id", "document_id", "currency")
STATES = ("agrees", "differs", "missing_here", "missing_there")


def read(text):
    """{(customer, document or "", currency): minor units}, in the order of the file."""
    out = {}
    for row in csv.DictReader(io.StringIO(text, newline="")):
        k = tuple(row.get(name) or "" for name in KEY)
        whole, _, part = row["amount"].lstrip("-").partition(".")
        n = int(whole + part.ljust(EXPONENT[k[2]], "0"))
        out[k] = -n if row["amount"].startswith("-") else n
    return out


def fewest(entries, difference):
    """The first of the smallest sets, up to three, whose amounts add up to the difference."""
    entries = [e for e in entries if e.amount]
    if difference:
        for k in (1, 2):
            for some in combinations(entries, k):
                if sum(e.amount for e in some) == difference:
                    return some
        last = {e.amount: e for e in entries}
        for a, b in combinations(entries, 2):
            c = last.get(difference - a.amount - b.amount)
            if c is not None and c is not a and c is not b:
                return (a, b, c)
            if c is not None:       # another entry of that amount
                for x in entries:
                    if x.amount == c.amount and x is not a and x is not b:
                        return (a, b, x)
    return ()


def lines(theirs, balances, open_documents, entries, day, accounts, partial):
    """[(key, theirs, ours, state, the entries a difference may be found in)]; theirs or ours is
    None where it is missing.  entries: those of the ledger up to the day, without transfers."""
    of_account, of_document = {}, {}
    for e in entries:
        of_account.setdefault((e.customer, e.currency), []).append(e)
        of_document.setdefault((e.customer, e.item_document, e.currency), []).append(e)
    named = {(e.customer, e.document, e.currency) for e in entries}
    out = []
    for k, n in theirs.items():
        customer, document, currency = k
        if document:
            here = k in of_document or k in named
            ours, near = open_documents.get(k, 0), of_document.get(k, [])
        else:
            here = customer in accounts
            ours, near = balances.get((customer, currency), 0), of_account.get((customer, currency), [])
        if not here:
            out.append((k, n, None, "missing_here", []))
        else:
            near = [e for e in near if e.day >= day - WINDOW]
            out.append((k, n, ours, "agrees" if n == ours else "differs", near))
    by_documents = {k[0] for k in theirs if k[1]}
    for k, ours in open_documents.items():
        if k[0] in by_documents and k not in theirs and ours:
            near = [e for e in of_document.get(k, []) if e.day >= day - WINDOW]
            out.append((k, None, ours, "missing_there", near))
    for (customer, currency), ours in () if partial else balances.items():
        k = (customer, "", currency)
        if ours and customer not in by_documents and k not in theirs:
            near = [e for e in of_account[customer, currency] if e.day >= day - WINDOW]
            out.append((k, None, ours, "missing_there", near))
    return out
