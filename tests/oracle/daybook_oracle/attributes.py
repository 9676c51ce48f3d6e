"""Region, sales representative and other attributes of documents.  "" is none."""


class Attributes:
    def __init__(self, facts, as_now=False):
        self.facts = facts
        self.as_now = as_now
        self._seen = {}

    def file(self, customer, day):
        a = self.facts.accounts[customer]
        r = a.last_file() if self.as_now else a.file(day)
        return r.p if r is not None else None

    def on_file(self, customer, day, field):
        f = self.file(customer, day)
        return f[field] if f is not None else ""

    def _file_pair(self, customer, day):
        return (self.on_file(customer, day, "region"), self.on_file(customer, day, "sales_rep"))

    def _remember(self, key, make):
        got = self._seen.get(key)
        if got is None:
            got = self._seen[key] = make()
        return got

    def order(self, o):
        return self._remember(("o", o.customer, o.id), lambda: self._order(o))

    def _order(self, o):
        region, rep = self._file_pair(o.customer, o.rec.bd)
        return (o.rec.p["region"] or region, o.rec.p["sales_rep"] or rep)

    def grade(self, o):
        return self.on_file(o.customer, o.rec.bd, "grade")

    def invoice(self, inv):
        return self._remember(("i", inv.customer, inv.id), lambda: self._invoice(inv))

    def _invoice(self, inv):
        region, rep = inv.rec.p["region"], inv.rec.p["sales_rep"]
        for o in inv.orders:
            region = region or o.rec.p["region"]
            rep = rep or o.rec.p["sales_rep"]
        f = self._file_pair(inv.customer, inv.issue)
        return (region or f[0], rep or f[1])

    def source(self, s):
        return self._remember((s.kind, s.customer, s.id), lambda: self._source(s))

    def _source(self, s):
        if s.kind == "credit_note" and s.rec.p["invoice_id"]:
            inv = self.facts.accounts[s.customer].invoices.get(s.rec.p["invoice_id"])
            if inv is not None:
                return self.invoice(inv)
        return self._file_pair(s.customer, s.start)

    def refund(self, r, source, day):
        if source is not None:
            return self.source(source)
        return self._file_pair(r.ev.customer_id, day)

    def parent(self, customer, day):
        return self.on_file(customer, day, "parent_customer_id") or customer


def in_region(region, wanted):
    """Whether the region filter keeps the document."""
    if wanted == "unassigned":
        return region == ""
    return region == wanted or region.startswith(wanted + "/")


def cut(region, level):
    if level is None or not region:
        return region
    return "/".join(region.split("/")[:level])
