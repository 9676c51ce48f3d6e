"""The first table of README.md, what the independent program says, what the views say and what run.sh shows: one table."""
import json
import re
import subprocess
import sys
from decimal import ROUND_HALF_UP, Decimal

from harness import DAYBOOK, ROOT, Case, main

EXAMPLE = ROOT / "docs/examples/northwind"
YEAR = {"from": "1997-01-01", "to": "1997-12-31"}
COLUMNS = ("orders", "ordered", "shipped", "freight", "days_mean", "days_half", "days_nine_in_ten")


def expected():
    return json.loads((EXAMPLE / "expected.json").read_text())


def table(rows):
    return {region: [str(row[column]) for column in COLUMNS] for region, row in rows.items()}


def days(seconds):
    return Decimal(str(seconds)) / 86400


class Northwind(Case):
    def setUp(self):
        super().setUp()
        self.server = self.daybook("data", "--config", EXAMPLE / "daybook.toml", DAYBOOK_TODAY="1998-06-30").start()
        self.run_daybook("import", "--mapping", EXAMPLE / "mapping.toml", *sorted(EXAMPLE.glob("*.csv")),
                         "--to", self.server.url)
        self.server.wait_ready().wait_folded()

    def sales(self, **parameters):
        answer = self.server.ask("/v1/sales", page_size=1000, **parameters)
        self.assertEqual({row["currency"] for row in answer["rows"]}, {"USD"})
        return answer

    def cycle(self, **parameters):
        return self.server.ask("/v1/order-cycle", cycle="placed..dispatched", page_size=1000, **parameters)["rows"]

    def test_the_readme_has_what_the_independent_program_says(self):
        lines = (ROOT / "README.md").read_text().splitlines()
        start = next(i for i, line in enumerate(lines) if line.startswith("| region |"))
        shown = {}
        for line in lines[start + 2:]:
            if not line.startswith("|"):
                break
            name, *cells = [cell.strip().replace(",", "") for cell in line.strip("|").split("|")]
            shown[name] = cells
        self.assertEqual(sum(map(len, shown.values())), 35)
        self.assertEqual(shown, table(expected()["readme_1997"]))

    def test_the_independent_program_says_it_still(self):
        said = subprocess.run([sys.executable, str(EXAMPLE / "expected.py")], capture_output=True, text=True, check=True)
        self.assertEqual(json.loads(said.stdout), expected())

    def test_the_views_say_the_same(self):
        sales = self.sales(**YEAR, group_by="region")
        rows = {row["group"]["region"]: row for row in sales["rows"]}
        rows["all"], = sales["totals"]
        cycle = {row["group"]: row for row in self.cycle(**YEAR, grain="year", group_by="region")}
        cycle["all"], = self.cycle(**YEAR, grain="year")
        shown = {}
        for region, row in rows.items():
            times = cycle[region]
            shown[region] = {
                **{name: row[name] for name in ("orders", "ordered", "shipped", "freight")},
                "days_mean": (days(times["total_seconds"]) / times["n"]).quantize(Decimal("0.1"), ROUND_HALF_UP),
                "days_half": f"{days(times['p50_seconds']):f}".removesuffix(".0"),
                "days_nine_in_ten": f"{days(times['p90_seconds']):f}".removesuffix(".0")}
        self.assertEqual(table(shown), table(expected()["readme_1997"]))

    def test_and_the_rest_of_what_must_come_out(self):
        should = expected()
        whole = {"from": "1996-07-01", "to": "1998-06-30"}
        total, = self.sales(**whole)["totals"]
        self.assertEqual((total["ordered"], total["orders"]),
                         (should["ordered"]["amount"], should["ordered"]["count"]))
        self.assertEqual((total["shipped"], total["shipments"]),
                         (should["shipped"]["amount"], should["shipped"]["count"]))
        self.assertEqual(total["freight"], should["freight_shipped"])
        for grouping, name in (({"group_by": "region"}, "ordered_by_region"), ({"grain": "year"}, "ordered_by_year")):
            rows = self.sales(**whole, **grouping)["rows"]
            shown = {(row["group"] or {}).get("region") or row["period"]: (row["ordered"], row["orders"]) for row in rows}
            self.assertEqual(shown, {key: (one["amount"], one["count"]) for key, one in should[name].items()})
        months = self.sales(**YEAR, grain="month")["rows"]
        self.assertEqual({row["period"]: (row["shipped"], row["shipments"]) for row in months},
                         {key: (one["amount"], one["count"]) for key, one in should["shipped_by_month_1997"].items()})
        years = self.cycle(**whole, grain="year")
        times = should["order_to_ship_days"]
        self.assertEqual(sum(row["n"] for row in years), times["n"])
        self.assertEqual(sum(row["total_seconds"] for row in years), times["total"] * 86400)
        self.assertEqual(min(row["min_seconds"] for row in years), times["min"] * 86400)
        self.assertEqual(max(row["max_seconds"] for row in years), times["max"] * 86400)

    def test_the_first_command_shows_the_same(self):
        self.run_daybook("generate", "--orders", "400", "--from", "2024-01-01", "--to", "2024-12-31",
                         "--data", self.dir / "company", "--recorded-as-told")
        company = self.daybook("company", DAYBOOK_TODAY="2024-12-31").start().wait_ready()
        company.wait_folded()
        shown = subprocess.run(["deploy/dev/answers.sh", DAYBOOK, self.server.url, company.url],
                               cwd=ROOT, capture_output=True, text=True, check=True).stdout
        self.assertLessEqual(max(map(len, shown.splitlines())), 100)
        for question in ("Who owes us what", "How long do orders take", "What did each region sell"):
            self.assertIn(f"\n{question}", shown)
        rows = [re.split(r"\s{2,}", line.strip()) for line in shown.replace(",", "").splitlines()]
        for region, cells in table(expected()["readme_1997"]).items():
            if region == "all":
                continue
            cells = dict(zip(COLUMNS, cells))
            self.assertIn([region, *(cells[name] for name in ("orders", "ordered", "shipped", "freight"))], rows)
            times, = (row for row in rows if row[:2] == ["1997", region])
            self.assertEqual(times[3:6], [cells["days_mean"], f"{float(cells['days_half']):.1f}",
                                          f"{float(cells['days_nine_in_ten']):.1f}"])


if __name__ == "__main__":
    main()
