#!/usr/bin/env python3
"""What the views must show for Northwind, worked out from the CSV files alone.

    python3 expected.py > expected.json

Python's standard library only, and nothing of Daybook's: a second opinion. The value of a line is
UnitPrice x Quantity x (1 - Discount), rounded to cents, halves up; sums are of rounded lines.
"exact" is the same sum without any rounding, as other programs report it.
"""
import csv
import json
from collections import defaultdict
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from statistics import mean, median

HERE = Path(__file__).parent


def rows(name):
    with open(HERE / name, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def day(text):
    return datetime.strptime(text, "%m/%d/%Y").date() if text else None


class Sum:
    def __init__(self):
        self.count, self.amount, self.exact = 0, Decimal(0), Decimal(0)

    def add(self, order):
        self.count += 1
        self.amount += order["net"]
        self.exact += order["exact"]

    def show(self):
        return {"count": self.count, "amount": f"{self.amount:.2f}", "exact": f"{self.exact:.4f}"}


def read_orders():
    regions = {r["RegionID"]: r["RegionDescription"].strip() for r in rows("Region.csv")}
    territories = {r["TerritoryID"]: regions[r["RegionID"]] for r in rows("Territories.csv")}
    region_of = {r["EmployeeID"]: territories[r["TerritoryID"]] for r in rows("EmployeeTerritories.csv")}
    orders = {}
    for r in rows("Orders.csv"):
        orders[r["OrderID"]] = {
            "region": region_of[r["EmployeeID"]], "placed": day(r["OrderDate"]),
            "shipped": day(r["ShippedDate"]), "freight": Decimal(r["Freight"]),
            "net": Decimal(0), "exact": Decimal(0), "lines": 0}
    for r in rows("OrderDetails.csv"):
        exact = Decimal(r["UnitPrice"]) * Decimal(r["Quantity"]) * (1 - Decimal(r["Discount"]))
        order = orders[r["OrderID"]]
        order["exact"] += exact
        order["net"] += exact.quantize(Decimal("0.01"), ROUND_HALF_UP)
        order["lines"] += 1
    return list(orders.values())


def grouped(orders, key):
    groups = defaultdict(Sum)
    for order in orders:
        groups[key(order)].add(order)
    return {name: groups[name].show() for name in sorted(groups)}


def total(orders):
    whole = Sum()
    for order in orders:
        whole.add(order)
    return whole.show()


def at_rank(days, percent):
    """The smallest value that `percent` of them do not exceed."""
    return sorted(days)[-(-len(days) * percent // 100) - 1]


def readme_row(placed, shipped):
    """A row of the table that the README begins with."""
    days = [(o["shipped"] - o["placed"]).days for o in shipped]
    return {
        "orders": len(placed),
        "ordered": f"{sum(o['net'] for o in placed):.2f}",
        "shipped": f"{sum(o['net'] for o in shipped):.2f}",
        "freight": f"{sum(o['freight'] for o in shipped):.2f}",
        "days_mean": f"{(Decimal(sum(days)) / len(days)).quantize(Decimal('0.1'), ROUND_HALF_UP)}",
        "days_half": at_rank(days, 50),
        "days_nine_in_ten": at_rank(days, 90)}


def readme_table(orders, year):
    """By the year of ordering what was ordered, by the year of dispatch the rest."""
    placed = [o for o in orders if o["placed"].year == year]
    shipped = [o for o in orders if o["shipped"] and o["shipped"].year == year]
    table = {}
    for region in sorted({o["region"] for o in orders}):
        table[region] = readme_row([o for o in placed if o["region"] == region],
                                   [o for o in shipped if o["region"] == region])
    table["all"] = readme_row(placed, shipped)
    return table


def main():
    orders = read_orders()
    shipped = [o for o in orders if o["shipped"]]
    in_1997 = [o for o in shipped if o["shipped"].year == 1997]
    days = [(o["shipped"] - o["placed"]).days for o in shipped]
    end = datetime(1997, 6, 30).date()
    backlog = [o for o in orders if o["placed"] <= end and not (o["shipped"] and o["shipped"] <= end)]
    print(json.dumps({
        "currency": "USD",
        "readme_1997": readme_table(orders, 1997),
        "lines": sum(o["lines"] for o in orders),
        "ordered": total(orders),
        "ordered_by_region": grouped(orders, lambda o: o["region"]),
        "ordered_by_year": grouped(orders, lambda o: str(o["placed"].year)),
        "shipped": total(shipped),
        "shipped_by_month_1997": grouped(in_1997, lambda o: o["shipped"].strftime("%Y-%m")),
        "freight_shipped": str(sum(o["freight"] for o in shipped)),
        "freight_all_orders": str(sum(o["freight"] for o in orders)),
        "unshipped": total([o for o in orders if not o["shipped"]]),
        "backlog_1997-06-30": total(backlog),
        "order_to_ship_days": {
            "n": len(days), "total": sum(days), "mean": f"{mean(days):.6f}", "median": median(days),
            "min": min(days), "max": max(days)},
    }, indent=1))


if __name__ == "__main__":
    main()
