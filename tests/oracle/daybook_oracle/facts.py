"""From accepted records to documents: repeats, claims, references, waiting."""
from bisect import bisect_right

CLAIMS = {   # claimed once per document: the part's id ("" where it is the document's own)
    "order_placed": lambda p: "",
    "shipment_dispatched": lambda p: p["shipment_id"],
    "shipment_returned": lambda p: p["return_id"],
    "invoice_issued": lambda p: "",
    "credit_note_issued": lambda p: "",
    "invoice_disputed": lambda p: p["dispute_id"],
    "invoice_written_off": lambda p: p["write_off_id"],
    "write_off_recovered": lambda p: p["recovery_id"],
    "payment_received": lambda p: "",
    "payment_allocated": lambda p: p["allocation_id"],
    "refund_paid": lambda p: p["refund_id"],
    "promise_made": lambda p: "",
    # happen once
    "invoice_voided": lambda p: "",
    "credit_note_voided": lambda p: "",
    "payment_reversed": lambda p: "",
    "payment_unallocated": lambda p: p["allocation_id"],
    "dispute_resolved": lambda p: p["dispute_id"],
    "promise_withdrawn": lambda p: "",
}

FAMILY = {   # what is missing -> the family of events that would bring it
    "order": "orders", "shipment": "shipments",
    "invoice": "invoices", "credit_note": "invoices", "write_off": "invoices",
    "dispute": "invoices",
    "payment": "payments", "allocation": "payments", "promise": "payments",
}


def document_of(e):
    """(kind, customer, id) of the document the event belongs to."""
    t, p = e.type, e.p
    c = e.customer_id
    if t in ("customer_profile_set", "sales_target_set", "exchange_rate_published"):
        return ("key", c, c)
    if t in ("credit_note_issued", "credit_note_voided"):
        return ("credit_note", c, p["credit_note_id"])
    if "order_id" in p:
        return ("order", c, p["order_id"])
    if t in ("promise_made", "promise_withdrawn"):
        return ("promise", c, p["promise_id"])
    if p.get("payment_id"):
        return ("payment", c, p["payment_id"])
    if p.get("credit_note_id"):
        return ("credit_note", c, p["credit_note_id"])
    if t == "refund_paid":
        return ("refund", c, p["refund_id"])
    return ("invoice", c, p["invoice_id"])


class Order:
    def __init__(self, rec):
        self.rec = rec
        self.id = rec.p["order_id"]
        self.customer = rec.ev.customer_id
        self.changes, self.cancels, self.confirms, self.readies, self.delays = [], [], [], [], []
        self.dispatches = {}      # shipment_id -> record
        self.proofs = {}          # shipment_id -> [record]
        self.returns = []
        self.invoices = []        # Invoice documents that name it


class Invoice:
    def __init__(self, rec):
        self.rec = rec
        p = rec.p
        self.id = p["invoice_id"]
        self.customer = rec.ev.customer_id
        self.currency = p["currency"]
        self.net = p["net_minor"]
        self.tax = p["tax_minor"] or 0
        self.gross = self.net + self.tax
        self.due_changes, self.deliveries = [], []
        self.void = None
        self.disputes, self.resolutions = {}, {}
        self.write_offs = {}      # id -> record
        self.recoveries = {}      # write_off_id -> [record]
        self.orders = []          # known orders it names, in its order


class Source:
    """A payment or a credit note."""

    def __init__(self, rec, kind):
        self.rec = rec
        self.kind = kind
        p = rec.p
        self.customer = rec.ev.customer_id
        self.currency = p["currency"]
        if kind == "payment":
            self.id = p["payment_id"]
            self.amount = p["amount_minor"]
        else:
            self.id = p["credit_note_id"]
            self.amount = p["net_minor"] + (p["tax_minor"] or 0)
        self.allocs = {}          # allocation_id -> record
        self.unallocs = {}        # allocation_id -> record
        self.reversal = None      # of a credit note: its void
        self.refunds = []         # all that name it, any currency


class Account:
    def __init__(self, customer):
        self.customer = customer
        self.orders, self.invoices, self.payments, self.credit_notes = {}, {}, {}, {}
        self.refunds = []         # (record, Source or None)
        self.promises = {}
        self.withdrawals = {}
        self.profiles = []        # records by (occurred_at, offset)
        self._profile_dates = None

    def file(self, day):
        """The record of the customer file in force on that date, or None."""
        if self._profile_dates is None:
            self._profile_dates = [r.bd for r in self.profiles]
        i = bisect_right(self._profile_dates, day)
        return self.profiles[i - 1] if i else None

    def last_file(self):
        return self.profiles[-1] if self.profiles else None


class Facts:
    def __init__(self, records, config):
        self.config = config
        self.accounts = {}
        self.targets, self.rates = [], []
        self.accepted = []
        self.duplicates = 0
        self.conflicts = []       # (record, document)
        self.became = {}          # position -> what became of the record
        self.by_document = {}     # document -> [accepted records]
        self.missing = []         # (record, kind of thing, id): references not resolved
        self._repeats(records)
        self._link()
        self.waiting = len({m[0].pos for m in self.missing})

    def account(self, customer):
        a = self.accounts.get(customer)
        if a is None:
            a = self.accounts[customer] = Account(customer)
        return a

    def _repeats(self, records):
        ids, claims = {}, {}
        for r in records:          # by topic, partition, offset
            e = r.ev
            doc = document_of(e)
            k = (doc, r.topic, e.event_id)
            first = ids.get(k)
            if first is not None:
                self._repeated(r, doc, first.ev.content() == e.content())
                continue
            if e.type in CLAIMS:
                ck = (doc, e.type, CLAIMS[e.type](e.p))
                first = claims.get(ck)
                if first is not None:
                    self._repeated(r, doc, first.ev.p == e.p)
                    continue
                claims[ck] = r
            ids[k] = r
            self.accepted.append(r)
            self.became[r.pos] = "accepted"
            self.by_document.setdefault(doc, []).append(r)

    def _repeated(self, r, doc, is_same):
        if is_same:
            self.duplicates += 1
        else:
            self.conflicts.append((r, doc))
        self.became[r.pos] = "duplicate" if is_same else "conflict"

    def _lacks(self, r, kind, id_):
        if FAMILY[kind] in self.config.expect:
            self.missing.append((r, kind, id_))

    def _link(self):
        kinds = {}
        for r in self.accepted:
            kinds.setdefault(r.ev.type, []).append(r)

        def each(*types):
            for t in types:
                for r in kinds.get(t, ()):
                    c = r.ev.customer_id
                    yield r, r.p, (None if c.startswith(("target:", "fx:")) else self.account(c))

        # Documents of their own.
        for r, p, a in each("customer_profile_set"):
            a.profiles.append(r)
        for a in self.accounts.values():
            a.profiles.sort(key=lambda r: r.order)
        self.targets = kinds.get("sales_target_set", [])
        self.rates = kinds.get("exchange_rate_published", [])
        for r, p, a in each("order_placed"):
            a.orders[p["order_id"]] = Order(r)
        for r, p, a in each("invoice_issued"):
            a.invoices[p["invoice_id"]] = Invoice(r)
        for r, p, a in each("credit_note_issued"):
            a.credit_notes[p["credit_note_id"]] = Source(r, "credit_note")
        for r, p, a in each("payment_received"):
            a.payments[p["payment_id"]] = Source(r, "payment")
        for r, p, a in each("promise_made"):
            a.promises[p["promise_id"]] = r

        # What merely changes another thing.
        for r, p, a in each("order_confirmed", "order_changed", "order_delayed", "order_ready",
                            "order_cancelled", "shipment_dispatched"):
            o = a.orders.get(p["order_id"])
            if o is None:
                self._lacks(r, "order", p["order_id"])
                continue
            t = r.ev.type
            if t == "shipment_dispatched":
                o.dispatches[p["shipment_id"]] = r
            else:
                {"order_confirmed": o.confirms, "order_changed": o.changes,
                 "order_delayed": o.delays, "order_ready": o.readies,
                 "order_cancelled": o.cancels}[t].append(r)
        for r, p, a in each("shipment_delivered", "shipment_returned"):
            o = a.orders.get(p["order_id"])
            if o is None:
                self._lacks(r, "order", p["order_id"])
            elif p["shipment_id"] and p["shipment_id"] not in o.dispatches:
                self._lacks(r, "shipment", p["shipment_id"])
            elif r.ev.type == "shipment_delivered":
                o.proofs.setdefault(p["shipment_id"], []).append(r)
            else:
                o.returns.append(r)
        for r, p, a in each("invoice_issued"):
            for id_ in p["order_ids"]:
                o = a.orders.get(id_)
                if o is None:
                    self._lacks(r, "order", id_)
                else:
                    inv = a.invoices[p["invoice_id"]]
                    inv.orders.append(o)
                    o.invoices.append(inv)
        for r, p, a in each("invoice_delivered", "invoice_due_date_changed", "invoice_voided",
                            "invoice_disputed", "invoice_written_off"):
            inv = a.invoices.get(p["invoice_id"])
            t = r.ev.type
            if inv is None:
                self._lacks(r, "invoice", p["invoice_id"])
            elif t == "invoice_delivered":
                inv.deliveries.append(r)
            elif t == "invoice_due_date_changed":
                inv.due_changes.append(r)
            elif t == "invoice_voided":
                inv.void = r
            elif t == "invoice_disputed":
                inv.disputes[p["dispute_id"]] = r
            else:
                inv.write_offs[p["write_off_id"]] = r
        for r, p, a in each("dispute_resolved", "write_off_recovered"):
            inv = a.invoices.get(p["invoice_id"])
            if inv is None:
                self._lacks(r, "invoice", p["invoice_id"])
            elif r.ev.type == "dispute_resolved":
                if p["dispute_id"] in inv.disputes:
                    inv.resolutions[p["dispute_id"]] = r
                else:
                    self._lacks(r, "dispute", p["dispute_id"])
            elif p["write_off_id"] in inv.write_offs:
                inv.recoveries.setdefault(p["write_off_id"], []).append(r)
            else:
                self._lacks(r, "write_off", p["write_off_id"])
        for r, p, a in each("credit_note_issued"):
            if p["invoice_id"] and p["invoice_id"] not in a.invoices:
                self._lacks(r, "invoice", p["invoice_id"])
        for r, p, a in each("payment_received"):
            self._invoices_lacking(r, a, (x["invoice_id"] for x in p["allocations"]))
        for r, p, a in each("payment_allocated"):
            s = self._source(r, p, a)
            if s is not None:
                s.allocs[p["allocation_id"]] = r
                self._invoices_lacking(r, a, (x["invoice_id"] for x in p["allocations"]))
        for r, p, a in each("payment_unallocated"):
            s = self._source(r, p, a)
            if s is None:
                continue
            id_ = p["allocation_id"]
            own = id_ == s.id and s.rec.p["allocations" if s.kind == "payment" else "invoice_id"]
            if own or id_ in s.allocs:
                s.unallocs[id_] = r
            else:
                self._lacks(r, "allocation", id_)
        for r, p, a in each("payment_reversed", "credit_note_voided"):
            s = self._source(r, p, a)
            if s is not None:
                s.reversal = r
        for r, p, a in each("refund_paid"):
            s = None
            if p["payment_id"] or p["credit_note_id"]:
                s = self._source(r, p, a)
                if s is not None:
                    s.refunds.append(r)
            a.refunds.append((r, s))
        for r, p, a in each("promise_made"):
            self._invoices_lacking(r, a, p["invoice_ids"])
        for r, p, a in each("promise_withdrawn"):
            if p["promise_id"] in a.promises:
                a.withdrawals[p["promise_id"]] = r
            else:
                self._lacks(r, "promise", p["promise_id"])
        for a in self.accounts.values():
            for o in a.orders.values():
                for part in (o.changes, o.cancels, o.delays, o.confirms, o.returns):
                    part.sort(key=lambda r: r.order)

    def _source(self, r, p, a):
        if p.get("payment_id"):
            s = a.payments.get(p["payment_id"])
            if s is None:
                self._lacks(r, "payment", p["payment_id"])
        else:
            s = a.credit_notes.get(p["credit_note_id"])
            if s is None:
                self._lacks(r, "credit_note", p["credit_note_id"])
        return s

    def _invoices_lacking(self, r, a, ids):
        for id_ in dict.fromkeys(ids):
            if id_ not in a.invoices:
                self._lacks(r, "invoice", id_)
