"""Part A: ledger, applications, open amounts, ageing."""
from .dates import parse_date

INF = 10 ** 9


class Item:
    """One application of a source to an invoice."""
    __slots__ = ("source", "invoice", "invoice_id", "amount", "date", "start", "end",
                 "ended_by", "state", "alloc_id", "rec", "key", "own", "taken")
    # state: waiting, mismatch, never, counts, rejected
    # ended_by: unallocated, voided (invoice or credit note), reversed, refunded
    # taken: [(refund record, its value date, what it took back)]

    def in_effect(self, day):
        return self.state == "counts" and self.start <= day < self.end

    def taken_back(self, day):
        return sum(n for _, d, n in self.taken if d <= day)

    def applied(self, day):
        """What it settles at that date."""
        return self.amount - self.taken_back(day) if self.in_effect(day) else 0


class Recovery:
    __slots__ = ("rec", "write_off", "start", "amount", "counts")


class WriteOff:
    __slots__ = ("rec", "id", "start", "amount", "small", "recoveries")


class Receivables:
    """Everything with its dates, for all accounts, under the facts known."""

    def __init__(self, facts):
        self.facts = facts
        self.items_of_invoice = {}     # invoice -> [Item]
        self.items_of_source = {}      # source -> [Item]
        for a in facts.accounts.values():
            for inv in a.invoices.values():
                self._invoice(a, inv)
        for a in facts.accounts.values():
            for s in list(a.payments.values()) + list(a.credit_notes.values()):
                self._source(a, s)

    # -- dates of documents ------------------------------------------------

    def _invoice(self, a, inv):
        p = inv.rec.p
        inv.issue = parse_date(p["issue_date"])
        inv.void_date = None
        if inv.void is not None:
            inv.void_date = max(parse_date(inv.void.p["date"]), inv.issue)
        if p["instalments"]:
            inv.instalments = [(parse_date(x["due_date"]), x["amount_minor"])
                               for x in p["instalments"]]
        else:
            if p["due_date"]:
                due = parse_date(p["due_date"])
            else:
                due = inv.issue
                f = a.file(inv.issue)
                if f is not None and f.p["payment_terms_days"] is not None:
                    due += f.p["payment_terms_days"]
            inv.instalments = [(due, inv.gross)]
        inv.last_due = max(d for d, _ in inv.instalments)
        inv.moves = sorted(inv.due_changes, key=lambda r: r.order)
        inv.losses = []
        for w in inv.write_offs.values():
            x = WriteOff()
            x.rec, x.id, x.amount = w, w.p["write_off_id"], w.p["amount_minor"]
            x.start = max(parse_date(w.p["date"]), inv.issue)
            x.small = w.p["kind"] == "SMALL_DIFFERENCE"
            x.recoveries = []
            for r in inv.recoveries.get(x.id, ()):
                y = Recovery()
                y.rec, y.write_off, y.amount = r, x, r.p["amount_minor"]
                y.start = max(parse_date(r.p["date"]), x.start)
                x.recoveries.append(y)
            x.recoveries.sort(key=lambda y: (y.start, y.rec.offset))
            left = x.amount
            for y in x.recoveries:
                y.counts = y.amount <= left
                if y.counts:
                    left -= y.amount
            inv.losses.append(x)
        self.items_of_invoice[inv] = []

    def _source(self, a, s):
        p = s.rec.p
        s.start = parse_date(p["value_date" if s.kind == "payment" else "issue_date"])
        s.end = INF
        if s.reversal is not None:
            s.end = max(parse_date(s.reversal.p["date"]), s.start)
        items = []
        if s.kind == "payment":
            for i, x in enumerate(p["allocations"]):
                items.append(self._item(a, s, s.rec, s.id, x["invoice_id"], x["amount_minor"],
                                        s.start, i, True))
        elif p["invoice_id"]:
            items.append(self._item(a, s, s.rec, s.id, p["invoice_id"], s.amount, s.start, 0, True))
        for id_, r in s.allocs.items():
            day = parse_date(r.p["date"])
            for i, x in enumerate(r.p["allocations"]):
                items.append(self._item(a, s, r, id_, x["invoice_id"], x["amount_minor"],
                                        day, i, False))
        # Each is tested once, together with the source's refunds.
        line = [(it.key, it, None) for it in items if it.state == "counts"]
        for r in s.refunds:
            if r.p["currency"] == s.currency:
                day = parse_date(r.p["value_date"])
                line.append(((day, 1, r.offset, 0), None, r))
        line.sort(key=lambda x: x[0])
        refunded = 0
        counted = []
        for (day, *_), it, refund in line:
            used = sum(x.applied(day) for x in counted)
            if refund is not None:
                # Out of what is unapplied, then out of what was settled, the last first.
                n = refund.p["amount_minor"]
                left = n - max(0, s.amount - used - refunded)
                refunded += n
                for x in reversed(counted):
                    part = min(max(0, left), x.applied(day))
                    if part:
                        left -= part
                        x.taken.append((refund, day, part))
                        if not x.applied(day):
                            x.end, x.ended_by = day, "refunded"
                continue
            if it.amount <= s.amount - used - refunded:
                counted.append(it)
            else:
                it.state = "rejected"
        self.items_of_source[s] = items
        for it in items:
            if it.invoice is not None:
                self.items_of_invoice[it.invoice].append(it)

    def _item(self, a, s, rec, alloc_id, invoice_id, amount, day, place, own):
        it = Item()
        it.source, it.rec, it.alloc_id, it.amount, it.date = s, rec, alloc_id, amount, day
        it.invoice_id, it.own = invoice_id, own
        inv = it.invoice = a.invoices.get(invoice_id)
        it.start = it.end = None
        it.ended_by = None
        it.taken = []
        it.key = None
        if inv is None:
            it.state = "waiting"
            return it
        it.start = max(day, s.start, inv.issue)
        it.key = (it.start, 0 if own and s.kind == "credit_note" else 1, rec.offset, place)
        it.end = INF
        never = False
        un = s.unallocs.get(alloc_id)
        if un is not None:
            d = parse_date(un.p["date"])
            it.end, it.ended_by = d, "unallocated"
            never = d < it.start
        if inv.void_date is not None:
            never = never or inv.void_date <= it.start
            if inv.void_date < it.end:
                it.end, it.ended_by = inv.void_date, "voided"
        if s.end != INF:              # last: on one date the others go before it
            never = never or s.end <= it.start
            if s.end < it.end:
                it.end, it.ended_by = s.end, "reversed" if s.kind == "payment" else "voided"
        if inv.currency != s.currency:
            it.state = "mismatch"
        elif never:
            it.state = "never"
        else:
            it.state = "counts"
        return it

    # -- at a date -----------------------------------------------------------

    def shift(self, inv, day):
        """By how many days the due dates are moved at that date."""
        moved = None
        for r in inv.moves:
            if r.bd <= day:
                moved = r
        return parse_date(moved.p["due_date"]) - inv.last_due if moved is not None else 0

    def lost(self, inv, day, small_only=False):
        """Write-offs less recoveries in effect."""
        n = 0
        for w in inv.losses:
            if w.start <= day and (w.small or not small_only):
                n += w.amount - sum(y.amount for y in w.recoveries
                                    if y.counts and y.start <= day)
        return n

    def invoice_value(self, inv, day):
        """Gross less everything in effect; below zero is a surplus."""
        exists = inv.issue <= day and (inv.void_date is None or day < inv.void_date)
        n = inv.gross if exists else 0
        n -= sum(it.applied(day) for it in self.items_of_invoice[inv])
        return n - self.lost(inv, day)

    def disputed(self, inv, day, open_):
        n = 0
        for id_, r in inv.disputes.items():
            end = inv.resolutions.get(id_)
            if r.bd <= day and (end is None or day < end.bd):
                stated = r.p["amount_minor"]
                n += open_ if stated is None else stated
        return min(n, open_)

    def open_instalments(self, inv, day):
        """[(number, due, amount, open, disputed)] in the order of the list."""
        value = self.invoice_value(inv, day)
        open_ = max(0, value)
        exists = inv.issue <= day and (inv.void_date is None or day < inv.void_date)
        settled = inv.gross - open_ if exists else inv.gross
        disputed = self.disputed(inv, day, open_)
        moved = self.shift(inv, day)
        out = [None] * len(inv.instalments)
        for i in sorted(range(len(out)), key=lambda i: (inv.instalments[i][0], i)):
            due, amount = inv.instalments[i]
            paid = min(settled, amount)
            settled -= paid
            d = min(disputed, amount - paid)
            disputed -= d
            out[i] = (i + 1, due + moved, amount, amount - paid, d)
        return out

    def source_refunded(self, s, day):
        return sum(r.p["amount_minor"] for r in s.refunds
                   if r.p["currency"] == s.currency and parse_date(r.p["value_date"]) <= day)

    def unapplied(self, s, day):
        """What is left of a payment or credit note; below zero if over-refunded."""
        n = s.amount if s.start <= day < s.end else 0
        n -= sum(it.applied(day) for it in self.items_of_source[s])
        return n - self.source_refunded(s, day)

    def stray_refunds(self, a, day):
        """[(record, source)] refunds outside any source's sequence, in effect."""
        return [(r, s) for r, s in a.refunds
                if (s is None or s.currency != r.p["currency"])
                and parse_date(r.p["value_date"]) <= day]

    def ledger(self, a):
        """[(date, currency, signed amount, kind, document, record)]; documents are
        Invoice, Source or (refund record, Source or None)."""
        out = []
        for inv in a.invoices.values():
            out.append((inv.issue, inv.currency, inv.gross, "invoices", inv, inv.rec))
            if inv.void_date is not None:
                out.append((inv.void_date, inv.currency, -inv.gross, "voids", inv, inv.void))
            for w in inv.losses:
                out.append((w.start, inv.currency, -w.amount, "write_offs", inv, w.rec))
                for y in w.recoveries:
                    if y.counts:
                        out.append((y.start, inv.currency, y.amount, "recoveries", inv, y.rec))
        for s in a.credit_notes.values():
            out.append((s.start, s.currency, -s.amount, "credit_notes", s, s.rec))
            if s.end != INF:
                out.append((s.end, s.currency, s.amount, "voids", s, s.reversal))
        for s in a.payments.values():
            out.append((s.start, s.currency, -s.amount, "cash", s, s.rec))
            if s.end != INF:
                out.append((s.end, s.currency, s.amount, "reversals", s, s.reversal))
        for r, s in a.refunds:
            out.append((parse_date(r.p["value_date"]), r.p["currency"], r.p["amount_minor"],
                        "refunds", (r, s), r))
        return out

    def transfers(self, a):
        """[(date, currency, amount into the invoice's group (negative), Item)]."""
        out = []
        for s in list(a.payments.values()) + list(a.credit_notes.values()):
            for it in self.items_of_source[s]:
                if it.state == "counts":
                    out.append((it.start, s.currency, -it.amount, it))
                    for _, day, n in it.taken:
                        out.append((day, s.currency, n, it))
                    if it.end != INF and it.ended_by != "refunded":
                        out.append((it.end, s.currency, it.amount - it.taken_back(it.end), it))
        return out
