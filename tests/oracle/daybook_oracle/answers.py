"""What all answers share: errors, references, positions, filters, order."""
from .attributes import in_region
from .dates import parse_date, parse_instant, show_date, show_instant, show_millis
from .match import Absent, Bag, Instant


class NotFound(Exception):
    pass


class Several(Exception):
    """The id belongs to documents of several accounts."""


class NotHere(Exception):
    """A view or parameter of a later milestone."""


# ---------------------------------------------------------------- common parts

def instant(seconds):
    return Instant(seconds * 1000, show_instant(seconds))


def millis(ms):
    return Instant(ms, show_millis(ms))


def ref(r):
    e = r.ev
    return {"event_id": e.event_id, "type": e.type, "topic": r.topic, "partition": r.partition,
            "offset": r.offset, "recorded_at": millis(r.seen_at),
            "occurred_at": instant(e.occurred_at)}


REF_KEY = ("topic", "partition", "offset")


def told(o):
    """Of everything folded: the positions behind it, and when its first and last record were seen."""
    nexts = {}
    for r in o.everything:
        nexts[(r.topic, r.partition)] = max(nexts.get((r.topic, r.partition), 0), r.offset + 1)
    seen = [r.seen_at for r in o.everything]
    return nexts, min(seen, default=None), max(seen, default=None)


def common(o, q):
    """What every answer carries; positions are those of everything folded."""
    nexts, first, newest = o.cached("told", lambda: told(o))
    too_early = None not in (first, o.known_at) and o.known_at < first
    return {
        "as_of": show_date(as_of(o, q)),
        "known_at": None if o.known_at is None else millis(o.known_at),
        "positions": Bag([{"topic": t, "partition": p, "next_offset": n}
                          for (t, p), n in sorted(nexts.items())],
                         ("topic", "partition"), keep=lambda x: x.get("next_offset") != 0),
        "newest_recorded_at": None if newest is None else millis(newest),
        "first_recorded_at": millis(first) if too_early else Absent(),
        "waiting": o.facts.waiting,
        "parked": len(o.parked),
    }


def as_of(o, q):
    return parse_date(q["as_of"]) if "as_of" in q else o.today


def attributes(o, q):
    return o.attributes(q.get("attributes") == "as_now")


def kept(q, region, rep, customer, currency, **more):
    """Whether the filters of the query keep something with these attributes."""
    if "region" in q and not in_region(region, q["region"]):
        return False
    for name, value in (("sales_rep", rep), ("customer_id", customer), ("currency", currency),
                        *more.items()):
        if name in q and (value or "unassigned") != q[name]:
            return False
    return True


def level(q):
    return int(q["level"]) if "level" in q else None


def by_bytes(keys):
    """Keys (tuples of strings, or of tuples of strings) sorted byte by byte."""
    def enc(k):
        return tuple(enc(x) if isinstance(x, tuple) else x.encode("utf-8") for x in k)
    return sorted(keys, key=enc)


def by_bytes1(names):
    return sorted(names, key=lambda s: s.encode("utf-8"))


def known_at(o, text):
    """An instant in milliseconds; a bare date means its end in the business time zone."""
    ms = parse_instant(text, True)
    if ms is not None:
        return ms
    day = parse_date(text)
    low, high = (day - 719164) * 86400, (day - 719161) * 86400   # some second of the day is between
    while low < high:                 # the first second of a later business date
        middle = (low + high) // 2
        if o.business_date(middle) > day:
            high = middle
        else:
            low = middle + 1
    return low * 1000 - 1
