"""Makes figures for the table of what `daybook_bench ageing` prints: ageing_figures.py ORDERS < OUTPUT."""
import json
import re
import sys

# "ageing totals, past date, ms         1.234 [1.000 .. 2.000]"
LINE = re.compile(r"^(?P<title>\S.*?)\s{2,}(?P<median>[\d.]+) \[(?P<least>[\d.]+) \.\. (?P<most>[\d.]+)\]")

orders = int(sys.argv[1])
for line in sys.stdin:
    found = LINE.match(line)
    if not found:
        continue
    name = f"ageing: {found['title']} ({orders:,} orders)"
    reached = [float(found[each]) for each in ("least", "median", "most")]
    print(json.dumps({"figure": name, "reached": reached, "reference": [], "ratio": []}))
