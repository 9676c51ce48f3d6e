"""Makes figures for the table of what `daybook_bench ageing` prints: ageing_figures.py ORDERS < OUTPUT."""
import json
import re
import sys

# "ageing totals, past date, ms         1.234 [1.000 .. 2.000]", and perhaps "   again 0.500 [0.400 .. 0.600]":
# the same question once more.
SPREAD = r"(?P<{0}median>[\d.]+) \[(?P<{0}least>[\d.]+) \.\. (?P<{0}most>[\d.]+)\]"
LINE = re.compile(rf"^(?P<title>\S.*?)\s{{2,}}{SPREAD.format('')}(\s+again {SPREAD.format('again_')})?")

orders = int(sys.argv[1])
for line in sys.stdin:
    found = LINE.match(line)
    if not found:
        continue
    title = found["title"].removesuffix(", ms")
    for prefix, words in (("", ""), ("again_", ", again")):
        if found[prefix + "median"] is None:
            continue
        name = f"ageing: {title}{words} ({orders:,} orders)"
        reached = [float(found[prefix + each]) for each in ("least", "median", "most")]
        print(json.dumps({"figure": name, "reached": reached, "reference": [], "ratio": []}))
