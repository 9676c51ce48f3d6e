#!/usr/bin/env python3
"""Some columns of an answer in CSV, as a table for a terminal of 100 columns.

  columns.py [--first N | --last N] COLUMN[=HEADING] …

A column of seconds (its name ends in _seconds) is shown in days, a moment (_at) to the minute.
"""
import csv
import re
import sys
from decimal import ROUND_HALF_UP, Decimal

WIDTH_MAX = 100


def shown(column, text):
    if column.endswith("_seconds") and text:
        return f"{(Decimal(text) / 86400).quantize(Decimal('0.1'), ROUND_HALF_UP)}"
    if column.endswith("_at"):
        return text[:16].replace("T", " ")
    if column != "period" and re.fullmatch(r"-?\d+(\.\d+)?", text):
        whole, dot, fraction = text.partition(".")
        return f"{int(whole):,}{dot}{fraction}" if not whole.startswith("-0") else text
    return text


def main():
    arguments = sys.argv[1:]
    wanted = slice(None)
    if arguments[:1] in (["--first"], ["--last"]):
        count = int(arguments[1])
        wanted = slice(count) if arguments[0] == "--first" else slice(-count, None)
        arguments = arguments[2:]
    columns = [argument.partition("=")[0] for argument in arguments]
    headings = [argument.partition("=")[2] or argument for argument in arguments]
    rows = list(csv.DictReader(sys.stdin))
    if rows and (missing := [column for column in columns if column not in rows[0]]):
        sys.exit(f"columns.py: the answer has no column {', '.join(missing)}")
    table = [headings] + [[shown(column, row[column]) for column in columns] for row in rows[wanted]]
    widths = [max(map(len, column)) for column in zip(*table)]
    right = [all(re.fullmatch(r"[-\d.,]*", cell) for cell in column[1:]) for column in zip(*table)]
    for line in table:
        cells = [cell.rjust(width) if number else cell.ljust(width) for cell, width, number in zip(line, widths, right)]
        text = "  ".join(cells).rstrip()
        if len(text) > WIDTH_MAX:
            sys.exit(f"columns.py: {len(text)} columns, more than {WIDTH_MAX}")
        print("  " + text if len(text) + 2 <= WIDTH_MAX else text)


if __name__ == "__main__":
    main()
