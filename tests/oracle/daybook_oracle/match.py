"""Expected values that are not compared by plain equality, and the comparison."""
from decimal import Decimal, InvalidOperation

from .dates import parse_instant


class Any:
    """The key must be there; its value is not fixed by the contracts."""
    def plain(self):
        return None


class Absent:
    """The key must not be there."""


class Optional:
    """Compared only if the other side has the key."""
    def __init__(self, value):
        self.value = value

    def plain(self):
        return plain(self.value)


class Blank:
    """A label that may be none: null, "" and "unassigned" are the same."""
    def __init__(self, value):
        self.value = value

    def plain(self):
        return self.value or None


class Either:
    """One of several values that the contracts leave open; the first is shown."""
    def __init__(self, *values):
        self.values = values

    def plain(self):
        return plain(self.values[0])


class Sums:
    """References to as few entries as ours, of those near, that add up to the difference."""
    def __init__(self, near, refs, difference):
        self.near, self.refs, self.difference = near, refs, difference

    def plain(self):
        return plain(self.refs)


class Number:
    """A decimal string whose number of decimals the contracts leave open."""
    def __init__(self, text):
        self.text = text

    def plain(self):
        return self.text


class Approx:
    """An integer that may be off by 1 % (percentiles, minimum, maximum)."""
    def __init__(self, value):
        self.value = value

    def plain(self):
        return self.value


class Instant:
    def __init__(self, ms, text):
        self.ms, self.text = ms, text

    def plain(self):
        return self.text


class Bag:
    """A list whose order the contracts leave open.  key: fields that identify a
    row; only (values): drop the others of the answer before comparing;
    subset: the answer may have more rows."""
    def __init__(self, rows, key, subset=False, keep=None):
        self.rows, self.key, self.subset, self.keep = rows, key, subset, keep

    def plain(self):
        return [plain(r) for r in self.rows]


class Ids:
    """A list of ids, or of objects that have the id under one of the names."""
    def __init__(self, ids, *names):
        self.ids, self.names = ids, names

    def plain(self):
        return list(self.ids)


def plain(x):
    """The expected answer as a server would write it."""
    if isinstance(x, dict):
        return {k: plain(v) for k, v in x.items() if not isinstance(v, Absent)}
    if isinstance(x, (list, tuple)):
        return [plain(v) for v in x]
    if hasattr(x, "plain"):
        return x.plain()
    if isinstance(x, Decimal):
        return int(x) if x == int(x) else float(x)   # for display only
    return x


def _show(x):
    return plain(x)


def diff(ours, theirs, path="$", out=None, limit=10):
    """[(json path, ours, theirs)], at most limit."""
    out = [] if out is None else out
    if len(out) >= limit:
        return out
    if isinstance(ours, Any):
        return out
    if isinstance(ours, Optional):
        return diff(ours.value, theirs, path, out, limit)
    if isinstance(ours, Blank):
        if (ours.value or "") != ("" if theirs in (None, "", "unassigned") else theirs):
            out.append((path, ours.value or None, theirs))
        return out
    if isinstance(ours, Either):
        if all(diff(v, theirs) for v in ours.values):
            diff(ours.values[0], theirs, path, out, limit)
        return out
    if isinstance(ours, Sums):
        left, total = list(ours.near), 0
        ok = isinstance(theirs, list) and len(theirs) == len(ours.refs)
        for x in theirs if ok else ():
            same = next((e for e in left if not diff(e[0], x)), None)
            if same is None:
                ok = False
                break
            left.remove(same)
            total += same[1]
        if not ok or (theirs and total != ours.difference):
            out.append((path, plain(ours.refs), theirs))
        return out
    if isinstance(ours, Number):
        try:
            same = isinstance(theirs, str) and Decimal(theirs) == Decimal(ours.text)
        except InvalidOperation:
            same = False
        if not same:
            out.append((path, ours.text, theirs))
        return out
    if isinstance(ours, Approx):
        ok = isinstance(theirs, (int, Decimal)) and not isinstance(theirs, bool) \
            and abs(Decimal(ours.value) - theirs) * 100 <= abs(ours.value)
        if not ok:
            out.append((path, ours.value, theirs))
        return out
    if isinstance(ours, Instant):
        t = parse_instant(theirs, True) if isinstance(theirs, str) else None
        if t != ours.ms or not theirs.endswith("Z"):
            out.append((path, ours.text, theirs))
        return out
    if isinstance(ours, Ids):
        if not isinstance(theirs, list):
            out.append((path, ours.ids, theirs))
            return out
        got = []
        for x in theirs:
            if isinstance(x, dict):
                x = next((x[n] for n in ours.names if n in x), None)
            got.append(x)
        if sorted(map(str, got)) != sorted(ours.ids):
            out.append((path, sorted(ours.ids), got))
        return out
    if isinstance(ours, Bag):
        return _diff_bag(ours, theirs, path, out, limit)
    if isinstance(ours, dict):
        if not isinstance(theirs, dict):
            out.append((path, _show(ours), theirs))
            return out
        for k, v in ours.items():
            if isinstance(v, Absent):
                if k in theirs:
                    out.append((path + "." + k, "(absent)", theirs[k]))
            elif k not in theirs:
                if not isinstance(v, Optional) and not (isinstance(v, Blank) and not v.value):
                    out.append((path + "." + k, _show(v), "(missing)"))
            else:
                diff(v, theirs[k], path + "." + k, out, limit)
        return out
    if isinstance(ours, (list, tuple)):
        if not isinstance(theirs, list):
            out.append((path, _show(ours), theirs))
            return out
        if len(ours) != len(theirs):
            out.append((path + ".length", len(ours), len(theirs)))
            if len(ours) * len(theirs) < 40000:
                return _unmatched(ours, theirs, path, out, limit)
        for i, (a, b) in enumerate(zip(ours, theirs)):
            diff(a, b, "%s[%d]" % (path, i), out, limit)
        for i in range(len(theirs), len(ours)):
            if len(out) < limit:
                out.append(("%s[%d]" % (path, i), _show(ours[i]), "(missing)"))
        for i in range(len(ours), len(theirs)):
            if len(out) < limit:
                out.append(("%s[%d]" % (path, i), "(none)", theirs[i]))
        return out
    if isinstance(ours, Decimal):
        try:
            same = not isinstance(theirs, (str, bool)) and theirs is not None \
                and Decimal(theirs) == ours
        except (InvalidOperation, TypeError, ValueError):
            same = False
        if not same:
            out.append((path, ours, theirs))
        return out
    if isinstance(ours, bool) or isinstance(theirs, bool):
        if ours is not theirs:
            out.append((path, ours, theirs))
        return out
    if isinstance(ours, int) and isinstance(theirs, Decimal):
        if theirs != ours:
            out.append((path, ours, theirs))
        return out
    if type(ours) is not type(theirs) or ours != theirs:
        out.append((path, ours, theirs))
    return out


def _unmatched(ours, theirs, path, out, limit):
    """Lists of unequal length: the elements that the other side does not have."""
    left = list(theirs)
    for i, a in enumerate(ours):
        same = next((k for k, b in enumerate(left) if not diff(a, b)), None)
        if same is not None:
            del left[same]
        elif len(out) < limit:
            out.append(("%s[%d]" % (path, i), _show(a), "(no such element)"))
    out += [(path + "[]", "(no such element)", b) for b in left[:max(0, limit - len(out))]]
    return out


def _key(row, fields):
    r = plain(row)
    return tuple("" if r.get(f) is None else str(r.get(f)) for f in fields)


def _diff_bag(ours, theirs, path, out, limit):
    if not isinstance(theirs, list):
        out.append((path, plain(ours), theirs))
        return out
    if ours.keep is not None:
        theirs = [r for r in theirs if ours.keep(r)]
    rows = ours.rows if ours.keep is None else [r for r in ours.rows if ours.keep(plain(r))]
    left = {}
    for r in theirs:
        left.setdefault(_key(r, ours.key) if isinstance(r, dict) else (str(r),), []).append(r)
    for r in rows:
        k = _key(r, ours.key)
        at = "%s{%s}" % (path, ",".join(k))
        same = left.get(k)
        if not same:
            out.append((at, plain(r), "(missing)"))
            continue
        best = next((x for x in same if not diff(r, x)), same[0])
        same.remove(best)
        diff(r, best, at, out, limit)
        if len(out) >= limit:
            return out
    if not ours.subset:
        for k, rs in left.items():
            for r in rs:
                if len(out) < limit:
                    out.append(("%s{%s}" % (path, ",".join(k)), "(none)", r))
    return out
