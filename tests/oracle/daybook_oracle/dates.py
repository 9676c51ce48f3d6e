"""Business dates (as ordinals), instants (as whole seconds) and period labels."""
import re
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache

EPOCH = date(1970, 1, 1).toordinal()
_DATE = re.compile(r"^([0-9]{4})-([0-9]{2})-([0-9]{2})\Z")
_INSTANT = re.compile(
    r"^([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})"
    r"(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})\Z")


@lru_cache(maxsize=100000)
def parse_date(text):
    """YYYY-MM-DD to an ordinal, or None if it is not a real date of 1900..2199."""
    m = _DATE.match(text)
    if not m:
        return None
    y, mo, d = map(int, m.groups())
    if not 1900 <= y <= 2199:
        return None
    try:
        return date(y, mo, d).toordinal()
    except ValueError:
        return None


@lru_cache(maxsize=100000)
def show_date(o):
    return None if o is None else date.fromordinal(o).isoformat()


def parse_instant(text, milliseconds=False):
    """RFC 3339 to whole seconds (or milliseconds) since 1970, or None."""
    m = _INSTANT.match(text)
    if not m:
        return None
    y, mo, d, h, mi, s = (int(g) for g in m.groups()[:6])
    if h > 23 or mi > 59 or s > 59:
        return None
    try:
        days = date(y, mo, d).toordinal() - EPOCH
    except ValueError:
        return None
    zone = m.group(8)
    shift = 0
    if zone not in "Zz":
        zh, zm = int(zone[1:3]), int(zone[4:6])
        if zh > 23 or zm > 59:
            return None
        shift = (zh * 60 + zm) * 60
        if zone[0] == "-":
            shift = -shift
    seconds = days * 86400 + h * 3600 + mi * 60 + s - shift
    if not milliseconds:
        return seconds
    return seconds * 1000 + int(((m.group(7) or ".")[1:] + "000")[:3])


FIRST_INSTANT = parse_instant("1900-01-01T00:00:00Z")
LAST_INSTANT = parse_instant("2199-12-31T23:59:59Z")


def show_instant(seconds):
    t = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=seconds)
    return t.strftime("%Y-%m-%dT%H:%M:%SZ")


def show_millis(ms):
    return show_instant(ms // 1000)[:-1] + ".%03dZ" % (ms % 1000)


class Zone:
    """Turns instants into business dates of one IANA zone."""

    def __init__(self, name="UTC"):
        self.name = name
        self.zone = None
        if name != "UTC":
            from zoneinfo import ZoneInfo
            self.zone = ZoneInfo(name)
        self._seen = {}

    def business_date(self, seconds):
        if self.zone is None:
            return EPOCH + seconds // 86400
        d = self._seen.get(seconds)
        if d is None:
            t = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=seconds)
            d = self._seen[seconds] = t.astimezone(self.zone).date().toordinal()
        return d


GRAINS = ("day", "week", "month", "quarter", "year")


@lru_cache(maxsize=100000)
def period(o, grain):
    """The label of the period of that grain in which the date lies."""
    d = date.fromordinal(o)
    if grain == "day":
        return d.isoformat()
    if grain == "week":
        y, w, _ = d.isocalendar()
        return "%04d-W%02d" % (y, w)
    if grain == "month":
        return "%04d-%02d" % (d.year, d.month)
    if grain == "quarter":
        return "%04d-Q%d" % (d.year, (d.month + 2) // 3)
    if grain == "year":
        return "%04d" % d.year
    if grain == "none":
        return ""
    raise ValueError(grain)


@lru_cache(maxsize=100000)
def labelled(label):
    """(first, last) day of the period of that label; None if there is none from 1900 to 2199."""
    if not re.match(r"[0-9]{4}(-[0-9]{2}-[0-9]{2}|-W[0-9]{2}|-[0-9]{2}|-Q[1-4])?\Z", label):
        return None
    grain = {10: "day", 8: "week", 4: "year"}.get(len(label)) or ("quarter" if "Q" in label else "month")
    year = int(label[:4])
    if not 1900 <= year <= 2200:
        return None
    near = date(year, 1, 1).toordinal()
    days = [d for d in range(near - 7, near + 373) if period(d, grain) == label]
    if not days or days[-1] < parse_date("1900-01-01") or days[0] > parse_date("2199-12-31"):
        return None
    return days[0], days[-1]
