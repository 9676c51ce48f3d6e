"""JSON events: the schema of contract 1, validation with paths, one normal form.

The normal form of a payload has every field of the schema: strings that are
left out are "", numbers that are left out are None, enums have their default,
lists are lists.  Two payloads are equal exactly when their normal forms are.
"""
import json
import re
import unicodedata

from . import dates, money

TOPICS = {
    "orders": "daybook.orders.v1",
    "shipments": "daybook.shipments.v1",
    "invoices": "daybook.invoices.v1",
    "payments": "daybook.payments.v1",
    "reference": "daybook.reference.v1",
}

ENUMS = {  # name: (prefix, values, default)
    "OrderKind": ("ORDER_KIND_", ("STANDARD", "SAMPLE"), "STANDARD"),
    "DelayStage": ("DELAY_STAGE_", ("CONFIRM", "PRODUCE", "DISPATCH", "DELIVER", "INVOICE"), ""),
    "InvoiceKind": ("INVOICE_KIND_", ("INVOICE", "DEBIT_NOTE"), "INVOICE"),
    "DisputeOutcome": ("DISPUTE_OUTCOME_", ("UPHELD", "REJECTED", "WITHDRAWN"), ""),
    "WriteOffKind": ("WRITE_OFF_KIND_", ("BAD_DEBT", "SMALL_DIFFERENCE"), "BAD_DEBT"),
    "SalesMeasure": ("SALES_MEASURE_", ("ORDERED", "SHIPPED", "INVOICED", "COLLECTED"), ""),
}

# A field is (name, type); a "!" at the end of the name makes it required.
# money0 may be 0, money1 must be above 0.
_ORDER_LINE = (("line_id!", "id"), ("sku!", "id"), ("quantity!", "quantity"),
               ("net_minor!", "money0"), ("tax_minor", "money0"))
_SHIP_LINE = (("line_id!", "id"), ("quantity!", "quantity"))
_INSTALMENT = (("due_date!", "date"), ("amount_minor!", "money1"))
_ALLOCATION = (("invoice_id!", "id"), ("amount_minor!", "money1"))

SCHEMA = {
    "order_placed": ("orders", (
        ("order_id!", "id"), ("kind", "OrderKind"), ("region", "region"), ("sales_rep", "id"),
        ("channel", "id"), ("currency!", "currency"), ("requested_date", "date"),
        ("lines!", _ORDER_LINE))),
    "order_confirmed": ("orders", (("order_id!", "id"), ("promised_date", "date"))),
    "order_changed": ("orders", (
        ("order_id!", "id"), ("lines!", _ORDER_LINE), ("requested_date", "date"))),
    "order_delayed": ("orders", (
        ("order_id!", "id"), ("stage", "DelayStage"), ("reason_code!", "id"),
        ("promised_date", "date"), ("note", "text"))),
    "order_ready": ("orders", (("order_id!", "id"),)),
    "order_cancelled": ("orders", (
        ("order_id!", "id"), ("line_ids", "ids"), ("reason_code", "id"))),
    "shipment_dispatched": ("shipments", (
        ("shipment_id!", "id"), ("order_id!", "id"), ("warehouse", "id"), ("carrier", "id"),
        ("lines!", _SHIP_LINE), ("freight_minor", "money0"), ("currency", "currency"))),
    "shipment_delivered": ("shipments", (
        ("shipment_id!", "id"), ("order_id!", "id"), ("signed_by", "text"))),
    "shipment_returned": ("shipments", (
        ("return_id!", "id"), ("shipment_id", "id"), ("order_id!", "id"),
        ("lines!", _SHIP_LINE), ("reason_code", "id"), ("to_be_resent", "bool"))),
    "invoice_issued": ("invoices", (
        ("invoice_id!", "id"), ("kind", "InvoiceKind"), ("order_ids", "ids"),
        ("region", "region"), ("sales_rep", "id"), ("currency!", "currency"),
        ("net_minor!", "money0"), ("tax_minor", "money0"), ("issue_date!", "date"),
        ("due_date", "date"), ("instalments", _INSTALMENT))),
    "invoice_delivered": ("invoices", (("invoice_id!", "id"),)),
    "invoice_due_date_changed": ("invoices", (
        ("invoice_id!", "id"), ("due_date!", "date"), ("reason_code", "id"))),
    "invoice_voided": ("invoices", (
        ("invoice_id!", "id"), ("date!", "date"), ("reason_code", "id"))),
    "credit_note_issued": ("invoices", (
        ("credit_note_id!", "id"), ("invoice_id", "id"), ("currency!", "currency"),
        ("net_minor!", "money0"), ("tax_minor", "money0"), ("issue_date!", "date"),
        ("reason_code", "id"))),
    "credit_note_voided": ("invoices", (
        ("credit_note_id!", "id"), ("date!", "date"), ("reason_code", "id"))),
    "invoice_disputed": ("invoices", (
        ("dispute_id!", "id"), ("invoice_id!", "id"), ("amount_minor", "money1"),
        ("reason_code", "id"))),
    "dispute_resolved": ("invoices", (
        ("dispute_id!", "id"), ("invoice_id!", "id"), ("outcome!", "DisputeOutcome"))),
    "invoice_written_off": ("invoices", (
        ("write_off_id!", "id"), ("invoice_id!", "id"), ("amount_minor!", "money1"),
        ("date!", "date"), ("kind", "WriteOffKind"), ("reason_code", "id"))),
    "write_off_recovered": ("invoices", (
        ("recovery_id!", "id"), ("write_off_id!", "id"), ("invoice_id!", "id"),
        ("amount_minor!", "money1"), ("date!", "date"))),
    "payment_received": ("payments", (
        ("payment_id!", "id"), ("currency!", "currency"), ("amount_minor!", "money1"),
        ("value_date!", "date"), ("method", "id"), ("reference", "text"),
        ("counterparty_customer_id", "id"), ("allocations", _ALLOCATION))),
    "payment_allocated": ("payments", (
        ("allocation_id!", "id"), ("payment_id", "id"), ("credit_note_id", "id"),
        ("date!", "date"), ("allocations!", _ALLOCATION))),
    "payment_unallocated": ("payments", (
        ("allocation_id!", "id"), ("payment_id", "id"), ("credit_note_id", "id"),
        ("date!", "date"))),
    "payment_reversed": ("payments", (
        ("payment_id!", "id"), ("date!", "date"), ("reason_code", "id"))),
    "refund_paid": ("payments", (
        ("refund_id!", "id"), ("payment_id", "id"), ("credit_note_id", "id"),
        ("currency!", "currency"), ("amount_minor!", "money1"), ("value_date!", "date"),
        ("counterparty_customer_id", "id"))),
    "promise_made": ("payments", (
        ("promise_id!", "id"), ("invoice_ids", "ids"), ("currency!", "currency"),
        ("amount_minor!", "money1"), ("promised_date!", "date"))),
    "promise_withdrawn": ("payments", (("promise_id!", "id"),)),
    "customer_profile_set": ("reference", (
        ("name", "text"), ("region", "region"), ("sales_rep", "id"), ("grade", "id"),
        ("parent_customer_id", "id"), ("credit_currency", "currency"),
        ("credit_limit_minor", "money0"), ("payment_terms_days", "terms"))),
    "sales_target_set": ("reference", (
        ("region", "region"), ("sales_rep", "id"), ("period!", "period"),
        ("measure!", "SalesMeasure"), ("currency!", "currency"), ("amount_minor!", "money0"))),
    "exchange_rate_published": ("reference", (
        ("currency!", "currency"), ("base_currency!", "currency"), ("date!", "date"),
        ("rate!", "rate"))),
}

TOPIC_OF = {t: TOPICS[family] for t, (family, _) in SCHEMA.items()}
ENVELOPE = ("event_id", "customer_id", "source", "occurred_at", "correlation_id")

_DECIMAL = re.compile(r"^([0-9]+)(?:\.([0-9]+))?\Z")
_PERIOD = re.compile(r"^[0-9]{4}(-Q[1-4]|-(0[1-9]|1[0-2]))?\Z")
_INTEGER = re.compile(r"^-?(0|[1-9][0-9]*)\Z")
_REFUSED = set(range(0x202A, 0x202F)) | set(range(0x2066, 0x206A)) | {0xAD, 0x200B, 0x2060, 0xFEFF}
LABEL_BYTES = 128
KEY_BYTES = 160          # of the customer_id of targets and rates


class Event:
    __slots__ = ("event_id", "customer_id", "source", "occurred_at", "type", "p")

    def content(self):
        """What is compared between two events with one event_id."""
        return (self.event_id, self.customer_id, self.source, self.occurred_at, self.type, self.p)


class Judgement:
    """faults: [(path, message)]; reason: None or that of a parked record."""
    __slots__ = ("event", "faults", "reason")

    def __init__(self, event, faults, reason=None):
        self.event, self.faults, self.reason = event, faults, reason


def camel(name):
    head, *rest = name.split("_")
    return head + "".join(w[:1].upper() + w[1:] for w in rest)


class Object(dict):
    """A JSON object that has a field twice, which a dict cannot show."""
    twice = ()


def load(text):
    """JSON text to events; what stands twice in one object is kept for parse()."""
    def make(pairs):
        out, twice = {}, []
        for k, v in pairs:
            if v is None:               # null is left out
                out.setdefault(k, None)
                continue
            if out.get(k) is not None:
                twice.append(k)
            out[k] = v
        if twice:
            out = Object(out)
            out.twice = twice
        return out
    return json.loads(text, object_pairs_hook=make)


_CAMEL = {}


def _by_either_name(obj, names, path, faults):
    """Fields of a JSON object under their original names; others are faults."""
    key = tuple(names)
    table = _CAMEL.get(key)
    if table is None:
        table = {n: n for n in names}
        table.update({camel(n): n for n in names})
        _CAMEL[key] = table
    out = {}
    for k, v in obj.items():
        n = table.get(k)
        if n is None:
            faults.append((path + k, "unknown field"))
        elif v is None:
            continue
        elif n in out or k in getattr(obj, "twice", ()):
            faults.append((path + n, "given twice"))
            out[n] = v
        else:
            out[n] = v
    return out


def label_fault(s, limit=LABEL_BYTES):
    try:
        b = s.encode("utf-8")
    except UnicodeEncodeError:
        return "not valid UTF-8"
    if not b:
        return "empty"
    if len(b) > limit:
        return "longer than %d bytes" % limit
    if s.isascii():
        if not s.isprintable():
            return "has a control character"
    else:
        for c in s:
            if ord(c) in _REFUSED or unicodedata.category(c) in ("Cc", "Zl", "Zp"):
                return "has a character that is not allowed"
    if s[0].isspace() or s[-1].isspace():
        return "white space at an end"
    return None


def region_fault(s):
    try:
        if len(s.encode("utf-8")) > 128:
            return "longer than 128 bytes"
    except UnicodeEncodeError:
        return "not valid UTF-8"
    parts = s.split("/")
    if len(parts) > 6:
        return "more than 6 levels"
    for p in parts:
        f = label_fault(p)
        if f:
            return f
    return None


def text_fault(s):
    try:
        return "longer than 512 bytes" if len(s.encode("utf-8")) > 512 else None
    except UnicodeEncodeError:
        return "not valid UTF-8"


def decimal_fault(s, fraction):
    m = _DECIMAL.match(s)
    if not m:
        return "not a decimal"
    if len(m.group(1)) > 12 or len(m.group(2) or "") > fraction:
        return "too many digits"
    if not int(m.group(1) + (m.group(2) or "")):
        return "not above 0"
    return None


def _integer(v):
    """int64 of proto3 JSON, or None."""
    if isinstance(v, bool):
        return None
    if isinstance(v, str):
        if not _INTEGER.match(v):
            return None
        v = int(v)
    if not isinstance(v, int) or not -2 ** 63 <= v < 2 ** 63:
        return None
    return v


def _empty(kind):
    if isinstance(kind, tuple) or kind == "ids":
        return []
    if kind in ENUMS:
        return ENUMS[kind][2]
    if kind in ("money0", "money1", "terms"):
        return None
    return False if kind == "bool" else ""


def _scalar(kind, v, path, faults):
    """One value in normal form; a fault leaves the empty value."""
    def bad(message):
        faults.append((path, message))
        return _empty(kind)

    if kind in ("money0", "money1"):
        n = _integer(v)
        if n is None:
            return bad("not a 64-bit integer")
        if n < 0 or n > money.MAX_MONEY or (kind == "money1" and n == 0):
            return bad("out of range")
        return n
    if kind == "terms":
        n = _integer(v)
        if n is None:
            return bad("not an integer")
        return n if 0 <= n <= 3650 else bad("out of range")
    if kind == "bool":
        return v if isinstance(v, bool) else bad("neither true nor false")
    if not isinstance(v, str):
        return bad("not a string")
    if kind in ENUMS:
        prefix, values, _ = ENUMS[kind]
        short = v[len(prefix):] if v.startswith(prefix) else v
        return short if short in values else bad("not one of " + ", ".join(values))
    if v == "":
        return ""
    fault = None
    if kind == "id":
        fault = label_fault(v)
    elif kind == "region":
        fault = region_fault(v)
    elif kind == "text":
        fault = text_fault(v)
    elif kind == "date":
        fault = None if dates.parse_date(v) is not None else "not a date"
    elif kind == "currency":
        fault = None if v in money.EXPONENT else "unknown currency"
    elif kind == "quantity":
        fault = decimal_fault(v, 6)
    elif kind == "rate":
        fault = decimal_fault(v, 12)
    elif kind == "period":
        ok = _PERIOD.match(v) and 1900 <= int(v[:4]) <= 2199
        fault = None if ok else "not a period"
    return bad(fault) if fault else v


_PLAIN = {}


def _fields(fields):
    got = _PLAIN.get(fields)
    if got is None:
        got = _PLAIN[fields] = [(n.rstrip("!"), k, n.endswith("!")) for n, k in fields]
    return got


def _message(obj, fields, path, faults):
    plain = _fields(fields)
    given = _by_either_name(obj, [n for n, _, _ in plain], path, faults)
    out = {}
    for name, kind, required in plain:
        here = path + name
        v = given.get(name)
        if isinstance(kind, tuple) or kind == "ids":
            out[name] = []
            if v is None:
                v = []
            if not isinstance(v, list):
                faults.append((here, "not a list"))
                continue
            if required and not v:
                faults.append((here, "required"))
            if len(v) > 10000:
                faults.append((here, "more than 10,000"))
                continue
            for i, x in enumerate(v):
                at = "%s[%d]" % (here, i)
                if kind == "ids":
                    if x == "":
                        faults.append((at, "empty"))
                    out[name].append(_scalar("id", x, at, faults) if x is not None else "")
                elif not isinstance(x, dict):
                    faults.append((at, "not an object"))
                else:
                    out[name].append(_message(x, kind, at + ".", faults))
            continue
        if v is None:
            out[name] = _empty(kind)
            if required:
                faults.append((here, "required"))
            continue
        before = len(faults)
        out[name] = _scalar(kind, v, here, faults)
        if required and out[name] == "" and len(faults) == before:
            faults.append((here, "required"))
    return out


def _twice(values):
    seen = set()
    for v in values:
        if v in seen:
            return True
        seen.add(v)
    return False


def _cross(t, p, customer_id, faults):
    """The rules between fields."""
    def bad(field, message):
        path = t + "." + field
        if not any(f == path or f.startswith(path + "[") for f, _ in faults):
            faults.append((path, message))

    if "lines" in p and _twice(x["line_id"] for x in p["lines"] if x["line_id"]):
        bad("lines", "a line_id twice")
    for f in ("order_ids", "line_ids", "invoice_ids"):
        if f in p and _twice(x for x in p[f] if x):
            bad(f, "an id twice")
    if t == "shipment_dispatched" and p["freight_minor"] is not None and not p["currency"]:
        bad("currency", "needed with freight")
    if t == "invoice_issued":
        if p["due_date"] and p["instalments"]:
            bad("instalments", "both due_date and instalments")
        elif p["instalments"] and not any(f in (t + ".net_minor", t + ".tax_minor")
                                          for f, _ in faults):
            total = sum(x["amount_minor"] or 0 for x in p["instalments"])
            if total != (p["net_minor"] or 0) + (p["tax_minor"] or 0):
                bad("instalments", "do not add up to gross")
    if t == "credit_note_issued" and p["net_minor"] is not None:
        if p["net_minor"] + (p["tax_minor"] or 0) <= 0:
            bad("tax_minor", "gross is not above 0")
    if t in ("payment_allocated", "payment_unallocated"):
        if p["payment_id"] and p["credit_note_id"]:
            bad("credit_note_id", "both payment_id and credit_note_id")
        elif not p["payment_id"] and not p["credit_note_id"] \
                and not any(f == t + ".payment_id" for f, _ in faults):
            bad("credit_note_id", "one of payment_id and credit_note_id is required")
    if t == "refund_paid" and p["payment_id"] and p["credit_note_id"]:
        bad("credit_note_id", "both payment_id and credit_note_id")
    if t == "payment_allocated" and p["allocation_id"]:
        for f in ("payment_id", "credit_note_id"):
            if p["allocation_id"] == p[f]:
                bad(f, "is the allocation_id")
    if t == "payment_received" and p["amount_minor"] is not None:
        if sum(x["amount_minor"] or 0 for x in p["allocations"]) > p["amount_minor"]:
            bad("allocations", "more than the payment")
    if t == "customer_profile_set":
        if p["credit_limit_minor"] is not None and not p["credit_currency"]:
            bad("credit_limit_minor", "needs credit_currency")
    if t == "sales_target_set":
        if p["region"] and p["sales_rep"]:
            bad("sales_rep", "both region and sales_rep")
        elif not p["region"] and not p["sales_rep"]:
            bad("sales_rep", "one of region and sales_rep is required")
        elif customer_id and customer_id != "target:" + (p["region"] or p["sales_rep"]):
            bad("region" if p["region"] else "sales_rep", "customer_id is not target: and this")
    if t == "exchange_rate_published":
        if p["currency"] and p["currency"] == p["base_currency"]:
            bad("base_currency", "is the currency")
        if p["currency"] and customer_id and customer_id != "fx:" + p["currency"]:
            bad("currency", "customer_id is not fx: and this")


def parse(obj, strict=True):
    """A JSON event to a Judgement.  strict: unknown fields are faults (gateway)."""
    if not isinstance(obj, dict):
        return Judgement(None, [("", "not an object")], "not_parseable")
    faults = []
    unknown = []
    given = _by_either_name(obj, ENVELOPE + tuple(SCHEMA), "", unknown)
    payloads = [n for n in given if n in SCHEMA]
    if strict:
        faults += unknown
    e = Event()
    e.type = payloads[0] if len(payloads) == 1 else None
    wide = e.type in ("sales_target_set", "exchange_rate_published")
    for name in ("event_id", "customer_id", "source", "correlation_id"):
        v = given.get(name)
        if v is None or v == "":
            if name != "correlation_id":
                faults.append((name, "required"))
            v = ""
        elif not isinstance(v, str):
            faults.append((name, "not a string"))
            v = ""
        else:
            f = label_fault(v, KEY_BYTES if wide and name == "customer_id" else LABEL_BYTES)
            if f:
                faults.append((name, f))
        if name != "correlation_id":
            setattr(e, name, v)
    e.occurred_at = None
    v = given.get("occurred_at")
    if v is None:
        faults.append(("occurred_at", "required"))
    else:
        e.occurred_at = dates.parse_instant(v) if isinstance(v, str) else None
        if e.occurred_at is None or not dates.FIRST_INSTANT <= e.occurred_at <= dates.LAST_INSTANT:
            faults.append(("occurred_at", "not an instant of 1900 to 2199"))
    if len(payloads) != 1:
        faults.append((max(payloads, key=list(SCHEMA).index), "beside another") if payloads else ("payload", "required"))
        reason = "unknown_event_type" if not payloads and unknown else "invalid"
        return Judgement(e, faults, reason)
    body = given[e.type]
    if not isinstance(body, dict):
        faults.append((e.type, "not an object"))
        return Judgement(e, faults, "invalid")
    here = []
    e.p = _message(body, SCHEMA[e.type][1], e.type + ".", here)
    if not strict:
        here = [f for f in here if f[1] != "unknown field"]
    faults += here
    if not wide and e.customer_id.startswith(("target:", "fx:")):
        faults.append(("customer_id", "reserved"))
    _cross(e.type, e.p, e.customer_id, faults)
    return Judgement(e, faults, "invalid" if faults else None)
