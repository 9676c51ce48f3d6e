"""Prints the figures that the lines of `run` recorded as one table, and writes it as JSON.

table.py RESULTS --json FILE: RESULTS has a figure a line, {"figure", "reached", "reference", "ratio"}, with
the values of each run.
"""
import argparse
import json
import os
import platform
from dataclasses import dataclass
from pathlib import Path
from statistics import median


@dataclass
class Line:
    """What is known of a figure beside its values."""
    title: str
    reference: str = ""
    target: float | None = None
    # What the target is for, and on which side of it is good.
    of: str = "ratio"
    at_most: bool = False
    # Shown are values divided by it, in this unit.
    divisor: float = 1
    unit: str = ""

    def met(self, figure):
        if self.target is None or not figure[self.of]:
            return None
        value = median(figure[self.of])
        return value <= self.target if self.at_most else value >= self.target


RATE = {"divisor": 1e3, "unit": "k/s"}
MICROSECONDS = {"unit": "us"}
LINES = {
    "fold-kafka": Line("fold from Kafka", "bare consumer", 0.50, **RATE),
    "fold-kafka-processor": Line("its processor time an event", "bare consumer", **MICROSECONDS),
    "fold-live": Line("fold of a log written live", "bare consumer", 0.80, **RATE),
    "fold-live-processor": Line("its processor time an event", "bare consumer", **MICROSECONDS),
    "streams": Line("fold from Kafka", "Kafka Streams", 10, **RATE),
    "streams-processor": Line("its processor time an event", "Kafka Streams", **MICROSECONDS),
    "fold-embedded": Line("fold of the embedded log", "decoding alone", 0.70, **RATE),
    "fold-embedded-processor": Line("its processor time an event", "decoding alone", **MICROSECONDS),
    "growth": Line("fold of a history 20 times as long", "fold of the short one", 0.80, **RATE),
    "growth-processor": Line("its processor time an event", "fold of the short one", **MICROSECONDS),
    "size": Line("read models on disk", "log, zstd", 1.5, at_most=True, divisor=1 << 20, unit="MiB"),
    "memory": Line("memory high water", "", 1024, of="reached", at_most=True, unit="MiB"),
    "memory-customers": Line("memory high water, 200,000 customers", "", 1024, of="reached", at_most=True, unit="MiB"),
    "memory-long": Line("memory high water, 20 M events", "", 1024, of="reached", at_most=True, unit="MiB"),
    "reads-customers": Line("customer pages under load", "/healthz", 0.40, **RATE),
    "reads-invoices": Line("invoice pages under load", "/healthz", 0.40, **RATE),
    "reads-orders": Line("order pages under load", "/healthz", 0.40, **RATE),
    "reads-customers-steady-p99": Line("customer pages, p99 at 2,000/s", "", 5, of="reached", at_most=True, unit="ms"),
    "reads-customers-p99": Line("customer pages, p99 without a pause", "", 5, of="reached", at_most=True, unit="ms"),
    "reads-invoices-steady-p99": Line("invoice pages, p99 at 2,000/s", "", 5, of="reached", at_most=True, unit="ms"),
    "reads-invoices-p99": Line("invoice pages, p99 without a pause", "", 5, of="reached", at_most=True, unit="ms"),
    "reads-orders-steady-p99": Line("order pages, p99 at 2,000/s", "", 5, of="reached", at_most=True, unit="ms"),
    "reads-orders-p99": Line("order pages, p99 without a pause", "", 5, of="reached", at_most=True, unit="ms"),
    "freshness-kafka": Line("freshness p99, Kafka", "", 100, of="reached", at_most=True, unit="ms"),
    "freshness-embedded": Line("freshness p99, embedded log", "", 100, of="reached", at_most=True, unit="ms"),
    "publish-ndjson": Line("publish, NDJSON", "librdkafka", 0.60, **RATE),
    "publish-protobuf": Line("publish, protobuf", "librdkafka", 0.60, **RATE),
    "gateway-ndjson": Line("the gateway alone, NDJSON", "librdkafka", **RATE),
    "gateway-ndjson-processor": Line("its processor time an event", "librdkafka", **MICROSECONDS),
    "gateway-protobuf": Line("the gateway alone, protobuf", "librdkafka", **RATE),
    "gateway-protobuf-processor": Line("its processor time an event", "librdkafka", **MICROSECONDS),
    "exports-csv": Line("a million invoices as CSV", "", 4, of="reached", at_most=True, unit="s"),
    "exports-csv-memory": Line("its memory above idle", "", 32, of="reached", at_most=True, unit="MiB"),
    "exports-xlsx": Line("a million invoices as XLSX", "", 20, of="reached", at_most=True, unit="s"),
    "exports-xlsx-memory": Line("its memory above idle", "", 32, of="reached", at_most=True, unit="MiB"),
    "exports-given-up": Line("an export whose client went ends", "", 1000, of="reached", at_most=True, unit="ms"),
    "restart": Line("restart after kill -9", "", 2000, of="reached", at_most=True, unit="ms"),
    "restart-large": Line("restart after kill -9 with 10 GiB", "", 2000, of="reached", at_most=True, unit="ms"),
}


def line_of(name):
    if name in LINES:
        return LINES[name]
    if name.startswith("services-"):
        return Line(f"over projectors, p99: {name.removeprefix('services-')}", "one process", 2, at_most=True, unit="ms")
    if not name.startswith("ageing: "):
        raise SystemExit(f"table.py: no figure '{name}'")
    title = name.removeprefix("ageing: ")
    target = None
    if ", again" not in title:
        target = (2000 if "known" in title else 2 if title.startswith("ageing totals") else 20 if "by customer" in title
                  else 100 if title.startswith("credits over items") else None)
    return Line(title, "", target, of="reached", at_most=True, unit="ms")


def number(value):
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def spread(values, divisor=1, unit=""):
    if not values:
        return ""
    shown = [v / divisor for v in values]
    text = number(median(shown))
    if len(shown) > 1:
        text += f" [{number(min(shown))}..{number(max(shown))}]"
    return f"{text} {unit}".rstrip()


def cells(line, figure):
    met = line.met(figure)
    target = ""
    if line.target is not None:
        target = f"{'<=' if line.at_most else '>='} {number(line.target)}"
        target += f" {line.unit}" if line.of == "reached" else ""
    reference = spread(figure["reference"], line.divisor, line.unit)
    return [line.title, target, spread(figure["reached"], line.divisor, line.unit),
            f"{line.reference}: {reference}" if reference else "", spread(figure["ratio"]),
            "" if met is None else "yes" if met else "no"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("results", type=Path)
    parser.add_argument("--json", type=Path, required=True)
    options = parser.parse_args()
    figures = [json.loads(text) for text in options.results.read_text().splitlines()]
    rows = [["figure", "target", "reached", "reference", "ratio", "met"]]
    written = []
    for figure in figures:
        line = line_of(figure["figure"])
        rows.append(cells(line, figure))
        written.append({**figure, "title": line.title, "against": line.reference, "target": line.target,
                        "target_is_for": line.of, "at_most": line.at_most, "met": line.met(figure)})
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    print()
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    # Well above 2 on two processors, others took a share: rates are low then, and ratios uncertain.
    load = os.getloadavg()
    print(f"\nload of the machine over the last 1, 5, 15 minutes: {', '.join(f'{each:.1f}' for each in load)}")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    table = {"machine": platform.platform(), "processors": os.cpu_count(), "load": load, "figures": written}
    options.json.write_text(json.dumps(table, indent=2) + "\n")


if __name__ == "__main__":
    main()
