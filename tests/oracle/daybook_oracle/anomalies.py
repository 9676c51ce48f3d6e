"""Anomalies open at a date, as a function of the facts."""
# The kinds computed here; the others of contract 2 come with later milestones.
KINDS = ("unknown_invoice", "unknown_order", "unknown_payment", "unknown_credit_note",
         "unknown_shipment", "unknown_allocation", "unknown_write_off", "unknown_dispute",
         "unknown_promise", "over_applied", "allocation_exceeds_payment",
         "refund_exceeds_unapplied", "recovery_exceeds_write_off", "currency_mismatch",
         "conflicting_repeat",
         "not_parseable", "unknown_event_type", "wrong_topic", "wrong_key", "wrong_partition",
         "invalid")


def named_customer(r):
    v = r.value
    if isinstance(v, dict):
        c = v.get("customer_id", v.get("customerId"))
        if isinstance(c, str):
            return c
    return ""


def open_at(oracle, day):
    """{(kind, customer, document): record at the lowest position}."""
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
    return out
