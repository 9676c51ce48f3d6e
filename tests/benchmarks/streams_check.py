"""Compares what the Kafka Streams application says with what Daybook says on the same topics.

streams_check.py STREAMS.json DAYBOOK.json URL: fails if any figure differs; prints and records the rates, those
of Daybook's fold from DAYBOOK.json.
"""
import json
import os
import sys
from collections import defaultdict
from datetime import date
from decimal import Decimal
from urllib.parse import urlencode
from urllib.request import urlopen

AS_OF = date(2024, 12, 31)
WHOLE = {"from": "2000-01-01", "to": "2099-12-31", "as_of": AS_OF.isoformat()}
EXPONENTS = {"JPY": 0}
MEASURES = ("ordered", "shipped", "invoiced", "collected")
CYCLES = ("placed..dispatched", "placed..delivered", "placed..invoiced", "placed..paid")
BUCKETS = (("not_due", 0), ("1-30", 30), ("31-60", 60), ("61-90", 90), ("91-120", 120), ("121+", 10**6))


def ask(url, path, **parameters):
    """All pages of a view's rows, and its last answer."""
    rows, token = [], None
    while True:
        query = {**parameters, "page_size": 1000, **({"page_token": token} if token else {})}
        with urlopen(f"{url}/v1/{path}?{urlencode(query)}") as response:
            answer = json.load(response)
        rows += answer["rows"]
        token = answer.get("next_page_token")
        if not token:
            return rows, answer


def minor(text, currency):
    return int(Decimal(text).scaleb(EXPONENTS.get(currency, 2)))


def daybook_figures(url):
    figures = {}
    _, ageing = ask(url, "receivables/ageing", as_of=AS_OF.isoformat(), group_by="none")
    for total in ageing["totals"]:
        currency = total["currency"]
        figures["open", currency] = minor(total["gross_open"], currency)
        figures["unapplied", currency] = minor(total["unapplied_cash"], currency)
        figures["open_credits", currency] = minor(total["open_credits"], currency)
        for (name, _), amount in zip(BUCKETS, [total["not_due"], *total["buckets"]]):
            figures["age " + name, currency] = minor(amount, currency)
    rows, _ = ask(url, "sales", group_by="region", grain="month", **WHOLE)
    for row in rows:
        currency = row["currency"]
        for measure in MEASURES:
            amount = minor(row[measure], currency)
            figures[measure, row["group"]["region"], row["period"], currency] = amount
            figures[measure, currency] = figures.get((measure, currency), 0) + amount
        for count in ("orders", "invoices"):
            figures[count, currency] = figures.get((count, currency), 0) + row[count]
    for cycle in CYCLES:
        rows, _ = ask(url, "order-cycle", cycle=cycle, grain="year", **WHOLE)
        for member in ("n", "out_of_order"):
            figures[cycle, member] = sum(row[member] for row in rows)
        figures[cycle, "seconds"] = sum(row["total_seconds"] for row in rows)
        for bucket in zip(*(row["histogram"] for row in rows)):
            figures[cycle, "up to", bucket[0]["le_seconds"]] = sum(each["count"] for each in bucket)
    return figures


def streams_figures(answer, borders):
    figures = defaultdict(int)
    for key, amount in answer["totals"].items():
        figures[tuple(key.split("|"))] = amount
    for key, amount in answer["ageing"].items():
        currency, due = key.split("|")
        days = AS_OF.toordinal() - date(1970, 1, 1).toordinal() - int(due)
        figures["age " + next(name for name, most in BUCKETS if days <= most), currency] += amount
    for key, amount in answer["sales"].items():
        region, month, currency, measure = key.split("|")
        figures[measure, currency] += amount
        if measure in MEASURES:
            figures[measure, region, month, currency] += amount
    for key, of_month in answer["cycles"].items():
        cycle = key.split("|")[0]
        for member in ("n", "out_of_order", "seconds"):
            figures[cycle, member] += of_month[member]
        for border, count in zip(borders, of_month["histogram"]):
            figures[cycle, "up to", border] += count
    return dict(figures)


def record(figure, reached, reference, ratio):
    path = os.environ.get("DAYBOOK_BENCH_RESULTS")
    if path:
        with open(path, "a", encoding="utf-8") as results:
            results.write(json.dumps({"figure": figure, "reached": reached, "reference": [reference],
                                      "ratio": ratio}) + "\n")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        answer = json.load(file)
    with open(sys.argv[2], encoding="utf-8") as file:
        fold = json.load(file)
    daybook = daybook_figures(sys.argv[3])
    borders = [key[2] for key in daybook if key[0] == CYCLES[0] and key[1] == "up to"]
    streams = streams_figures(answer, borders)
    differences = [(key, daybook.get(key, 0), streams.get(key, 0)) for key in sorted({*daybook, *streams}, key=str)
                   if daybook.get(key, 0) != streams.get(key, 0)]
    for key, ours, theirs in differences[:20]:
        print(f"DIFFERS {' '.join(map(str, key))}: Daybook {ours}, Kafka Streams {theirs}")
    compared = sum(1 for amount in daybook.values() if amount != 0)
    whole, warm = answer["whole"], answer["warm"]
    print(f"events                        {answer['events']}")
    print(f"orders placed, delivered      {sum(v for k, v in daybook.items() if k[0] == 'orders')}, "
          f"{daybook['placed..delivered', 'n']}")
    print(f"figures compared              {compared}, of which {len(differences)} differ")
    print(f"Kafka Streams, events/s       {whole['rate']}; its second half {warm['rate']}")
    print(f"  processor us an event       {whole['processor_us']}; its second half {warm['processor_us']}")
    print(f"Daybook, events/s             {', '.join(map(str, fold['rates']))}")
    print(f"  processor us an event       {', '.join(map(str, fold['processor_us']))}")
    # The better of the peer's two: how long its virtual machine takes to be warm is not what is asked.
    rate = max(whole["rate"], warm["rate"])
    processor = min(whole["processor_us"], warm["processor_us"])
    ratios = [each / rate for each in fold["rates"]]
    print(f"Daybook / Kafka Streams       {', '.join(f'{ratio:.2f}' for ratio in ratios)}")
    if differences:
        raise SystemExit("streams_check.py: the totals are not equal")
    print("totals                        equal")
    record("streams", fold["rates"], rate, ratios)
    record("streams-processor", fold["processor_us"], processor, [each / processor for each in fold["processor_us"]])


if __name__ == "__main__":
    main()
