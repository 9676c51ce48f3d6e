#!/usr/bin/env python3
"""How sharp are the histories?  Plants one fault at a time in a copy of the oracle, lets
compare.py hold the faulty copy (behind serve.py) against the sound one, and says after how
many seeds the fault was found.  A fault that survives is a gap in generate.py or in the queries.

    planted.py [--seeds 1..30] [--only 3,17]
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))

FAULTS = [   # file of the package, what stands there, what is planted
    ('receivables.py',
     'never = d < it.start',
     'never = d <= it.start'),
    ('receivables.py',
     'never = never or s.end <= it.start',
     'never = never or s.end < it.start'),
    ('receivables.py',
     'never = never or inv.void_date <= it.start',
     'never = never or inv.void_date < it.start'),
    ('receivables.py',
     '0 if own and s.kind == "credit_note" else 1, rec.offset',
     '1, rec.offset'),
    ('receivables.py',
     'if x.start <= it.start < x.end',
     'if x.start <= it.start'),
    ('receivables.py',
     'y.counts = y.amount <= left',
     'y.counts = True'),
    ('receivables.py',
     'x.recoveries.sort(key=lambda y: (y.start, y.rec.offset))',
     'pass'),
    ('receivables.py',
     'it.start = max(day, s.start, inv.issue)',
     'it.start = max(day, s.start)'),
    ('receivables.py',
     'key=lambda i: (inv.instalments[i][0], i)',
     'key=lambda i: i'),
    ('receivables.py',
     'inv.last_due = max(d for d, _ in inv.instalments)',
     'inv.last_due = inv.instalments[-1][0]'),
    ('receivables.py',
     'inv.moves = sorted(inv.due_changes, key=lambda r: r.order)',
     'inv.moves = inv.due_changes'),
    ('receivables.py',
     'if r.bd <= day and (end is None or day < end.bd):',
     'if r.bd <= day and (end is None or day <= end.bd):'),
    ('receivables.py',
     'return min(n, open_)',
     'return n'),
    ('receivables.py',
     'y.start = max(parse_date(r.p["date"]), x.start)',
     'y.start = parse_date(r.p["date"])'),
    ('receivables.py',
     'x.start = max(parse_date(w.p["date"]), inv.issue)',
     'x.start = parse_date(w.p["date"])'),
    ('receivables.py',
     'inv.void_date = max(parse_date(inv.void.p["date"]), inv.issue)',
     'inv.void_date = parse_date(inv.void.p["date"])'),
    ('receivables.py',
     'if inv.currency != s.currency:',
     'if False:'),
    ('receivables.py',
     'due += f.p["payment_terms_days"]',
     'due += a.last_file().p["payment_terms_days"] or 0'),
    ('attributes.py',
     'region = region or o.rec.p["region"]',
     'region = region or self.order(o)[0]'),
    ('attributes.py',
     'region.startswith(wanted + "/")',
     'region.startswith(wanted)'),
    ('facts.py',
     'if first.ev.p == e.p:',
     'if first.ev.content()[1:] == e.content()[1:]:'),
    ('facts.py',
     'k = (doc, r.topic, e.event_id)',
     'k = (doc, e.event_id)'),
    ('facts.py',
     'k = (doc, r.topic, e.event_id)',
     'k = (doc[1], r.topic, e.event_id)'),
    ('facts.py',
     'own = s.kind == "payment" and id_ == s.id and s.rec.p["allocations"]',
     'own = s.kind == "payment" and id_ == s.id'),
    ('facts.py',
     'elif p["shipment_id"] and p["shipment_id"] not in o.dispatches:',
     'elif r.ev.type==\'shipment_delivered\' and p["shipment_id"] not in o.dispatches:'),
    ('cycle.py',
     'if d.at <= r.at:',
     'if d.at < r.at:'),
    ('cycle.py',
     's.terms.update(s.lines)',
     's.terms = s.lines'),
    ('cycle.py',
     'if at is None or at < kept or at > m[last]:',
     'if at is None or at < kept:'),
    ('cycle.py',
     'wanted = {x.line_id: x.remaining for x in s.lines.values() if x.remaining > 0}',
     'wanted = {x.line_id: x.quantity for x in s.lines.values() if x.remaining > 0}'),
    ('cycle.py',
     'elif not came_back_whole(d, s.returns):',
     'else:'),
    ('cycle.py',
     'if i.rec.p["kind"] == "INVOICE" and i.rec.bd <= day',
     'if i.rec.bd <= day'),
    ('cycle.py',
     'if w.small and w.start <= day:',
     'if w.start <= day:'),
    ('cycle.py',
     'add(max(it.rec.at, it.source.rec.at, inv.rec.at), it.amount)',
     'add(it.rec.at, it.amount)'),
    ('cycle.py',
     '            since = None\n        elif',
     '            pass\n        elif'),
    ('cycle.py',
     'for r in sorted(steps, key=lambda r: r.order):',
     'for r in steps:'),
    ('cycle.py',
     's.dispatches = sorted((r for r in o.dispatches.values() if r.bd <= day), key=lambda r: r.order)',
     's.dispatches = [r for r in o.dispatches.values() if r.bd <= day]'),
    ('cycle.py',
     'if day < o.rec.bd:',
     'if False:'),
    ('cycle.py',
     'out[id_] = min(ats)',
     'out[id_] = ats[0]'),
    ('sales.py',
     'value = t.net * after // t.quantity - t.net * before // t.quantity',
     'value = t.net * q // t.quantity'),
    ('sales.py',
     'if it.end <= day and it.ended_by in ("unallocated", "voided"):',
     'if it.end <= day:'),
    ('sales.py',
     'if it.end <= day and it.ended_by in ("unallocated", "voided"):',
     'if False:'),
    ('sales.py',
     'first = inv.orders[0].rec.p if inv.orders',
     'first = inv.orders[-1].rec.p if inv.orders'),
    ('sales.py',
     '(s.customer,) + attributes.source(s) + ("", "")\n            out',
     '(s.customer,\'\',\'\') + ("", "")\n            out'),
    ('anomalies.py',
     'elif cash[r.p["currency"]] < 0:',
     'else:'),
    ('anomalies.py',
     'if k not in out or r.pos < out[k].pos:',
     'if True:'),
    ('receivables_views.py',
     'if days <= 0:',
     'if days < 0:'),
    ('receivables_views.py',
     'if days <= x:',
     'if days < x:'),
    ('views.py',
     'if x > low and (b is None or x <= b)',
     'if x >= low and (b is None or x < b)'),
    ('views.py',
     'xs[-(-p * n // 100) - 1]',
     'xs[p * n // 100 - 1]'),
    ('views.py',
     'skus &= {q["sku"]}',
     'pass'),
    ('views.py',
     'if s.end <= day else None',
     'if s.end < day else None'),
    ('attributes.py',
     'region, rep = self._file_pair(o.customer, o.rec.bd)',
     'region, rep = self._file_pair(o.customer, 9**6)'),
    ('attributes.py',
     'return self._file_pair(s.customer, s.start)',
     'return self._file_pair(s.customer, s.rec.bd)'),
    ('attributes.py',
     'return self.on_file(o.customer, o.rec.bd, "grade")',
     'return self.on_file(o.customer, 9**6, "grade")'),
    ('dates.py',
     'y, w, _ = d.isocalendar()',
     'y, w = d.year, d.isocalendar()[1]'),
    ('facts.py',
     'key=lambda r: r.order)\n        self.targets',
     'key=lambda r: r.offset)\n        self.targets'),
    ('facts.py',
     'if first.ev.content() == e.content():',
     'if first.ev.p == e.p:'),
    ('receivables.py',
     'if r.p["currency"] == s.currency:\n                day',
     'if True:\n                day'),
    ('receivables.py',
     'n = s.amount if s.start <= day < s.end else 0',
     'n = s.amount if s.start <= day else 0'),
    ('cycle.py',
     's.requested = r.p["requested_date"] or s.requested',
     's.requested = r.p["requested_date"]'),
    ('cycle.py',
     'm["first_dispatched"] = s.dispatches[0].at',
     'm["first_dispatched"] = s.dispatches[-1].at'),
    ('sales.py',
     '{x.sku for x in s.lines.values()}))',
     '{x.sku for x in s.lines.values() if x.remaining}))'),
]


def plant(folder, fault):
    """A faulty copy of the oracle; returns a program that starts it."""
    name, old, new = fault
    copy = os.path.join(folder, "copy")
    shutil.rmtree(copy, ignore_errors=True)
    os.mkdir(copy)
    shutil.copy(os.path.join(HERE, "serve.py"), copy)
    shutil.copytree(os.path.join(HERE, "daybook_oracle"), os.path.join(copy, "daybook_oracle"),
                    ignore=shutil.ignore_patterns("__pycache__"))
    path = os.path.join(copy, "daybook_oracle", name)
    with open(path, encoding="utf-8") as f:
        text = f.read()
    if old not in text:
        raise SystemExit("%s no longer has: %s" % (name, old))
    with open(path, "w", encoding="utf-8") as f:
        f.write(text.replace(old, new, 1))
    return "%s %s" % (sys.executable, os.path.join(copy, "serve.py"))


def main():
    a = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    a.add_argument("--seeds", default="1..30")
    a.add_argument("--only", help="numbers of faults")
    args = a.parse_args()
    only = {int(x) for x in args.only.split(",")} if args.only else set(range(len(FAULTS)))
    survived = []
    for n, fault in enumerate(FAULTS):
        if n not in only:
            continue
        with tempfile.TemporaryDirectory(prefix="daybook-planted-") as folder:
            start = time.time()
            r = subprocess.run([sys.executable, os.path.join(HERE, "compare.py"), "--daybook",
                                plant(folder, fault), "--seeds", args.seeds],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        first = r.stdout.partition("\n")[0]
        if r.returncode != 1 or "requests differ" not in first:
            survived.append(n)
            first = "SURVIVED"
        print("%2d  %5.1f s  %s: %s\n    %s" % (n, time.time() - start, fault[0],
                                            " ".join(fault[2].split())[:80], first[:110]), flush=True)
    print("%d planted, %d survived%s" % (len(only), len(survived),
                                         ": " + ", ".join(map(str, survived)) if survived else ""))
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
