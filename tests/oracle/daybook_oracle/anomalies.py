"""Anomalies open at a date, as a function of the facts."""
from . import credit
from .cycle import came_back_whole

KINDS = ("unknown_invoice", "unknown_order", "unknown_payment", "unknown_credit_note",
         "unknown_shipment", "unknown_allocation", "unknown_write_off", "unknown_dispute",
         "unknown_promise", "over_applied", "allocation_exceeds_payment",
         "refund_exceeds_unapplied", "recovery_exceeds_write_off", "currency_mismatch",
         "conflicting_repeat", "payment_before_invoice", "invoiced_over_ordered",
         "shipped_over_ordered", "returned_over_dispatched", "delivered_not_invoiced",
         "shipped_without_proof_of_delivery", "invoice_not_received", "over_credit_limit",
         "milestones_out_of_order", "missing_rate",
         "not_parseable", "unknown_event_type", "wrong_topic", "wrong_key", "wrong_partition",
         "invalid")
CHAIN = ("placed", "confirmed", "ready", "first_dispatched", "dispatched", "delivered")


def named_customer(r):
    v = r.value
    if isinstance(v, dict):
        c = v.get("customer_id", v.get("customerId"))
        if isinstance(c, str):
            return c
    return ""


def open_at(oracle, day):
    """{(kind, customer, document): record at the lowest position}."""
    return oracle.cached(("anomalies", day), lambda: _open_at(oracle, day))


def _open_at(oracle, day):
    facts, rc = oracle.facts, oracle.receivables
    out = {}

    def add(kind, customer, document, r):
        k = (kind, customer, document)
        if k not in out or r.pos < out[k].pos:
            out[k] = r

    for r, kind, id_ in facts.missing:
        add("unknown_" + kind, r.ev.customer_id, id_, r)
    for r, doc in facts.conflicts:
        add("conflicting_repeat", r.ev.customer_id, doc[2], r)
    for r, reason in oracle.parked:
        add(reason, named_customer(r), "%s:%d:%d" % r.pos, r)
    for c, a in facts.accounts.items():
        for inv in a.invoices.values():
            if rc.invoice_value(inv, day) < 0:
                add("over_applied", c, inv.id, inv.rec)
            if rc.invoice_value(inv, day) > 0 and day - inv.issue > oracle.config.receipt_days \
                    and not any(r.bd <= day for r in inv.deliveries):
                add("invoice_not_received", c, inv.id, inv.rec)
            for w in inv.losses:
                for y in w.recoveries:
                    if not y.counts and y.start <= day:
                        add("recovery_exceeds_write_off", c, y.rec.p["recovery_id"], y.rec)
        for s in list(a.payments.values()) + list(a.credit_notes.values()):
            if rc.unapplied(s, day) < 0:
                add("refund_exceeds_unapplied", c, s.id, s.rec)
            for it in rc.items_of_source[s]:
                if it.start is None or it.start > day:
                    continue
                if it.state == "rejected":
                    add("allocation_exceeds_payment", c, it.alloc_id, it.rec)
                elif it.state == "counts" and s.kind == "payment" and it.date < it.invoice.issue:
                    add("payment_before_invoice", c, s.id, it.rec)
                elif it.state == "mismatch":
                    add("currency_mismatch", c, it.alloc_id, it.rec)
        cash = {}
        for s in a.payments.values():
            cash[s.currency] = cash.get(s.currency, 0) + rc.unapplied(s, day)
        stray = rc.stray_refunds(a, day)
        for r, s in stray:
            cash[r.p["currency"]] = cash.get(r.p["currency"], 0) - r.p["amount_minor"]
        for r, s in stray:
            named = r.p["payment_id"] or r.p["credit_note_id"]
            if s is not None:
                add("currency_mismatch", c, r.p["refund_id"], r)
                add("refund_exceeds_unapplied", c, s.id, s.rec)
            elif named:
                add("refund_exceeds_unapplied", c, named, r)
            elif cash[r.p["currency"]] < 0:
                add("refund_exceeds_unapplied", c, r.p["refund_id"], r)
        f = a.file(day)
        if f is not None and f.p["credit_currency"]:
            n, unconverted = credit.exposure(oracle, c, day, f.p["credit_currency"])
            limit = f.p["credit_limit_minor"]
            if limit is not None and n > limit:
                add("over_credit_limit", c, c, f)
            if unconverted:
                add("missing_rate", c, c, f)
    for o, s in credit.states(oracle, day).items():
        for kind in of_order(oracle, o, s, day):
            add(kind, o.customer, o.id, o.rec)
        for r in s.dispatches:
            if day - r.bd > oracle.config.proof_days and r.p["shipment_id"] not in s.proofs \
                    and not came_back_whole(r, s.returns):
                add("shipped_without_proof_of_delivery", o.customer, r.p["shipment_id"], r)
    return out


def of_order(oracle, o, s, day):
    """The kinds that are about an order as it stands."""
    if credit.shares(oracle, day, tax=False).get(o, 0) > credit.order_value(s, tax=False):
        yield "invoiced_over_ordered"
    left = {k: x.remaining for k, x in s.lines.items()}
    if any(q > left.get(k, 0) for k, q in credit.dispatched(s).items()):
        yield "shipped_over_ordered"
    gone = credit.by_line(s.dispatches)
    if any(q > gone.get(k, 0) for k, q in credit.by_line(s.returns).items()):
        yield "returned_over_dispatched"
    m = s.milestones
    if "delivered" in m and "invoiced" not in m and "invoices" in oracle.config.expect \
            and day - oracle.business_date(m["delivered"]) > oracle.config.invoice_days \
            and credit.order_value(s) > 0:
        yield "delivered_not_invoiced"
    times = [m[x] for x in CHAIN if x in m]
    if times != sorted(times) or m.get("invoiced", m["placed"]) < m["placed"]:
        yield "milestones_out_of_order"
