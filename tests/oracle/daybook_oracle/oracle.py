"""The oracle: a list of records in, facts out; views are computed on demand."""
from dataclasses import dataclass, field

from . import attributes, cycle, dates, events, facts, rates, receivables
from .partition import partition


@dataclass
class Config:
    business_time_zone: str = "UTC"
    expect: tuple = ("orders", "shipments", "invoices", "payments")
    partitions: int = 4
    today: str = "2024-06-30"
    invoice_days: int = 7           # delivered_not_invoiced
    proof_days: int = 14            # shipped_without_proof_of_delivery
    receipt_days: int = 14          # invoice_not_received


@dataclass
class Record:
    """One record of the log.  value: a JSON event (dict), or None for bytes that
    do not parse (then customer is unknown)."""
    topic: str
    partition: int
    offset: int
    recorded_at: int          # milliseconds
    key: str
    value: object
    raw: bytes = b""
    # filled by the oracle
    ev: object = field(default=None, repr=False)
    bd: int = 0               # business date of occurred_at
    seen_at: int = 0          # recorded_at, never going back within the partition

    @property
    def pos(self):
        return (self.topic, self.partition, self.offset)

    @property
    def p(self):
        return self.ev.p

    @property
    def at(self):
        return self.ev.occurred_at

    @property
    def order(self):
        """Order of occurred_at, then offset (within one topic)."""
        return (self.ev.occurred_at, self.offset)


class Oracle:
    def __init__(self, records, config=None, known_at=None):
        """known_at: milliseconds; only records recorded by then are read."""
        self.config = config or Config()
        self.zone = dates.Zone(self.config.business_time_zone)
        self.everything = sorted(records, key=lambda r: r.pos)
        self.known_at = known_at
        highest = {}
        self.records = []
        for r in self.everything:
            at = (r.topic, r.partition)
            r.seen_at = highest[at] = max(highest.get(at, r.recorded_at), r.recorded_at)
            if known_at is None or r.seen_at <= known_at:
                self.records.append(r)
        self.parked = []       # (record, reason)
        good = []
        for r in self.records:
            reason = self.judge(r)
            if reason:
                self.parked.append((r, reason))
            else:
                r.bd = self.zone.business_date(r.ev.occurred_at)
                good.append(r)
        self.facts = facts.Facts(good, self.config)
        self.receivables = receivables.Receivables(self.facts)
        self.rates = rates.Rates(self.facts)
        self._cache = {}

    def known(self, known_at):
        """The oracle of somebody who has read only what was recorded by then."""
        return self.cached(("known", known_at),
                           lambda: Oracle(self.everything, self.config, known_at))

    def judge(self, r):
        """None, or the first reason that fits for parking the record."""
        if r.value is None:
            return "not_parseable"
        if r.ev is not None:       # judged before, under another known_at
            return None
        j = events.parse(r.value, strict=False)
        if j.reason in ("not_parseable", "unknown_event_type"):
            return j.reason
        e = j.event
        if e.type is not None and events.TOPIC_OF[e.type] != r.topic:
            return "wrong_topic"
        if r.key is None or r.key != e.customer_id:
            return "wrong_key"
        if partition(r.key, self.config.partitions) != r.partition:
            return "wrong_partition"
        if j.reason:
            return j.reason
        r.ev = e
        return None

    def cached(self, key, make):
        got = self._cache.get(key)
        if got is None:
            got = self._cache[key] = make()
        return got

    def attributes(self, as_now=False):
        return self.cached(("attributes", as_now),
                           lambda: attributes.Attributes(self.facts, as_now))

    def order_states(self, day):
        """All orders that are placed by that date, as they stand at it."""
        def make():
            out = [cycle.at_date(o, day, self.receivables)
                   for a in self.facts.accounts.values() for o in a.orders.values()]
            return [s for s in out if s is not None]
        return self.cached(("orders", day), make)

    def business_date(self, seconds):
        return self.zone.business_date(seconds)

    @property
    def today(self):
        return dates.parse_date(self.config.today)
