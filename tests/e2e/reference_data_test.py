"""Three public data sets, imported by the mappings of docs/examples, against the totals that somebody else counted in
them: their `reference.json`. The data of two states no licence, so it is not here:

    DAYBOOK_REFERENCE_DATA=FOLDER python3 tests/e2e/reference_data_test.py

FOLDER has northwind, classicmodels and ibm-late-payments, each with its CSV files and reference.json."""
import json
import os
import statistics
import unittest
from decimal import Decimal
from pathlib import Path

from harness import ROOT, Case, main

DATA = os.environ.get("DAYBOOK_REFERENCE_DATA", "")


def days(seconds):
    return Decimal(seconds) / 86400


def amounts(groups):
    return {name: Decimal(one["amount"]) for name, one in groups.items()}


@unittest.skipUnless(DATA, "DAYBOOK_REFERENCE_DATA names no folder")
class Imported(Case):
    name = ""
    files = "*.csv"
    today = ""
    expect = ""

    def setUp(self):
        super().setUp()
        folder = Path(DATA) / self.name
        self.reference = json.loads((folder / "reference.json").read_text())
        self.server = self.daybook("data", "--expect", self.expect, DAYBOOK_TODAY=self.today).start()
        self.run_daybook("import", "--mapping", ROOT / "docs/examples" / self.name / "mapping.toml",
                         *sorted(folder.glob(self.files)), "--to", self.server.url)
        self.server.wait_ready().wait_folded()

    def ask(self, path, **parameters):
        return self.server.ask(path, **parameters)

    def all_of(self, path, rows, **parameters):
        """The rows of all pages."""
        found = []
        while True:
            answer = self.ask(path, page_size=1000, **parameters)
            found += answer[rows]
            if not answer.get("next_page_token"):
                return found
            parameters["page_token"] = answer["next_page_token"]

    def order_to_ship(self, first, last):
        """Of every order that was sent, by order."""
        orders = self.all_of("/v1/order-cycle/orders", "orders", cycle="placed..dispatched", **{"from": first, "to": last})
        return {one["order_id"]: days(one["seconds"]) for one in orders}

    def check_days(self, lengths, should):
        self.assertEqual((len(lengths), statistics.median(lengths), min(lengths), max(lengths)),
                         (should["n"], Decimal(str(should["median"])), should["min"], should["max"]))
        self.assertEqual(round(sum(lengths) / len(lengths), 6), Decimal(str(should["mean"])))


class Northwind(Imported):
    name, today, expect = "northwind", "1998-06-30", "orders,shipments"
    whole = {"from": "1996-07-01", "to": "1998-06-30"}

    def close(self, shown, exact, lines):
        """A line's value is rounded to cents before it is added: each by half a cent at most."""
        self.assertLessEqual(abs(Decimal(shown) - Decimal(exact)), Decimal("0.005") * lines)

    def sales(self, **parameters):
        return self.ask("/v1/sales", page_size=1000, **{**self.whole, **parameters})

    def test_sales(self):
        should = self.reference
        total, = self.sales()["totals"]
        self.assertEqual(total["orders"], should["orders"])
        self.close(total["ordered"], should["net_sales"], should["lines"])
        self.close(Decimal(total["ordered"]) - Decimal(total["shipped"]), should["unshipped_net"], should["lines"])
        for grouping, name, label in (({"group_by": "region"}, "net_sales_by_employee_region", "ordered"),
                                      ({"grain": "year"}, "net_sales_by_year", "ordered"),
                                      ({"grain": "month", "from": "1997-01-01", "to": "1997-12-31"},
                                       "net_sales_by_shipped_month_1997", "shipped")):
            rows = {(row["group"] or {}).get("region") or row["period"]: row for row in self.sales(**grouping)["rows"]}
            self.assertEqual(set(rows), set(should[name]))
            for key, one in should[name].items():
                self.assertEqual(rows[key]["orders" if label == "ordered" else "shipments"], one["count"], (name, key))
                self.close(rows[key][label], one["amount"], should["lines"])

    def test_days_and_what_was_late(self):
        should = self.reference
        lengths = self.order_to_ship("1996-07-01", "1998-06-30")
        self.check_days(list(lengths.values()), should["days_order_to_ship"])
        orders = {one["order_id"]: one for one in self.all_of("/v1/orders", "orders")}
        self.assertEqual((len(orders), len(orders) - len(lengths)), (should["orders"], should["unshipped_orders"]))
        for region, median in should["days_order_to_ship_by_region_median"].items():
            self.assertEqual(statistics.median(lengths[id_] for id_, one in orders.items()
                                               if id_ in lengths and one["region"] == region), Decimal(str(median)))
        pages = {one["order_id"]: self.ask(f"/v1/orders/{one['order_id']}") for one in orders.values()}
        self.assertEqual(sum(page["milestones"].get("dispatched")[:10] > page["requested_date"] for page in pages.values()
                             if page["milestones"].get("dispatched")), should["shipped_after_required"])

    def test_what_had_not_left(self):
        should = self.reference["backlog_end_1997-06-30_open_orders"]
        waiting = [one for one in self.all_of("/v1/orders", "orders", as_of="1997-06-30")
                   if one["last_milestone"] in ("placed", "confirmed", "produced")]
        self.assertEqual(len(waiting), should["count"])
        self.close(sum(Decimal(one["ordered"]) for one in waiting), should["net"], self.reference["lines"])


class Classicmodels(Imported):
    name, today, expect = "classicmodels", "2005-06-30", "orders,shipments,invoices,payments"

    def receivable(self, as_of):
        """Without cancelled orders, for which there are no invoices."""
        found, = (one for one in self.reference["receivable"]
                  if one["as_of"] == as_of and one["excluded_statuses"] == ["Cancelled"])
        return found

    def test_balances_and_credits_laid_over(self):
        for as_of in ("2003-12-31", "2004-12-31", "2005-06-30"):
            should = self.receivable(as_of)
            rows = self.ask("/v1/receivables/ageing", as_of=as_of, page_size=1000)["rows"]
            balances = {row["group"]: Decimal(row["balance"]) for row in rows}
            self.assertEqual(sum(balances.values()), Decimal(should["balance_sum"]))
            self.assertEqual((sum(each > 0 for each in balances.values()), sum(each < 0 for each in balances.values())),
                             (should["customers_positive"], should["customers_negative"]))
            largest = sorted(balances.items(), key=lambda each: -each[1])
            owed = [(customer, Decimal(amount)) for customer, amount in should["top5"] if Decimal(amount) > 0]
            self.assertEqual(largest[:len(owed)], owed)
            # Theirs is by age since the order, ours by days past due; due at once is one and the same.
            items = [one for one in self.all_of("/v1/receivables/items", "items", as_of=as_of, credits="fifo")]
            on_account = -sum(Decimal(one["open"]) for one in items if one["kind"] == "ON_ACCOUNT")
            items = [one for one in items if one["kind"] != "ON_ACCOUNT"]
            self.assertEqual((len(items), sum(Decimal(one["open"]) for one in items), on_account),
                             (should["fifo_open_items"], Decimal(should["fifo_open_amount"]),
                              Decimal(should["fifo_unapplied_credit"])))
            ages = {name: [0, Decimal(0)] for name in should["fifo_age_from_order_date"]}
            for one in items:
                age = one["days_overdue"]
                label = "0-30" if age <= 30 else "31-60" if age <= 60 else "61-90" if age <= 90 else "91+"
                ages[label][0] += 1
                ages[label][1] += Decimal(one["open"])
            self.assertEqual(ages, {name: [one["count"], Decimal(one["amount"])]
                                    for name, one in should["fifo_age_from_order_date"].items()})

    def test_orders_payments_and_credit(self):
        should = self.reference
        self.check_days(list(self.order_to_ship("2003-01-01", "2005-12-31").values()), should["days_order_to_ship"])
        orders = self.all_of("/v1/orders", "orders")
        pages = [self.ask(f"/v1/orders/{one['order_id']}") for one in orders]
        self.assertEqual(len(orders), should["orders"])
        self.assertEqual(sum(not page["milestones"].get("dispatched") for page in pages), should["unshipped"])
        self.assertEqual(sum(bool(page["milestones"].get("dispatched")) and
                             page["milestones"].get("dispatched")[:10] > page["requested_date"] for page in pages),
                         should["shipped_after_required"])
        payments = self.all_of("/v1/payments", "payments")
        self.assertEqual((len(payments), sum(Decimal(one["amount"]) for one in payments)),
                         (should["payments"], Decimal(should["payment_total"])))
        invoices = self.all_of("/v1/invoices", "invoices")
        status = should["by_status"]
        self.assertEqual((len(invoices), sum(Decimal(one["gross"]) for one in invoices)),
                         (should["orders"] - status["Cancelled"]["count"],
                          Decimal(should["order_total"]) - Decimal(status["Cancelled"]["amount"])))
        disputed = [one for one in invoices if Decimal(one["disputed"])]
        self.assertEqual((len(disputed), sum(Decimal(one["gross"]) for one in disputed)),
                         (status["Disputed"]["count"], Decimal(status["Disputed"]["amount"])))
        over = []
        for one in self.all_of("/v1/customers", "customers"):
            credit = self.ask("/v1/customers/" + one["customer_id"])["credit"]
            balance = sum(Decimal(part["balance"]) for part in credit["parts"])
            if credit["credit_limit"] is not None and balance > Decimal(credit["credit_limit"]):
                over.append([one["customer_id"], str(balance), credit["credit_limit"]])
        self.assertEqual(over, should["over_credit_limit_at_end_excl_cancelled"])


class IbmLatePayments(Imported):
    name, today, expect = "ibm-late-payments", "2014-01-31", "invoices,payments"
    files = "WA_Fn-UseC_-Accounts-Receivable.csv"

    def ageing(self, **parameters):
        return self.ask("/v1/receivables/ageing", buckets="30,60,90", page_size=1000, **parameters)["rows"]

    def check(self, row, should):
        self.assertEqual((Decimal(row["gross_open"]), row["items"]), (Decimal(should["amount"]), should["count"]))
        shown = [row["not_due"], *row["buckets"]]
        self.assertEqual([Decimal(each) for each in shown],
                         [Decimal(should["buckets"][name]["amount"]) for name in ("not_due", "1-30", "31-60", "61-90", "91+")])

    def test_ageing(self):
        for should in self.reference["ageing"]:
            row, = self.ageing(as_of=should["as_of"], group_by="none")
            self.check(row, should)
        rows = {row["group"]: row for row in self.ageing(as_of="2013-06-30", group_by="region")}
        should = self.reference["ageing_by_country_2013-06-30"]
        self.assertEqual(set(rows), set(should))
        for country, one in should.items():
            self.check(rows[country], one)

    def test_invoices_and_what_was_paid(self):
        should = self.reference
        invoices = self.all_of("/v1/invoices", "invoices")
        self.assertEqual((len(invoices), sum(Decimal(one["gross"]) for one in invoices)),
                         (should["rows"], Decimal(should["sum_amount"])))
        by_customer = {}
        for one in invoices:
            by_customer.setdefault(one["customer_id"], []).append(Decimal(one["gross"]))
        self.assertEqual(len(by_customer), should["customers"])
        for one in should["top5_customers"]:
            theirs = by_customer[one["customer"]]
            self.assertEqual((len(theirs), sum(theirs)), (one["count"], Decimal(one["amount"])))
        rows = self.ask("/v1/sales", **{"from": "2012-01-01", "to": "2014-01-31"}, group_by="region")["rows"]
        self.assertEqual({row["group"]["region"]: Decimal(row["invoiced"]) for row in rows}, amounts(should["by_country"]))
        total, = self.ask("/v1/sales", **{"from": "2013-01-01", "to": "2013-03-31"})["totals"]
        self.assertEqual(Decimal(total["collected"]), Decimal(should["collected_in_2013Q1"]["amount"]))


if __name__ == "__main__":
    main()
