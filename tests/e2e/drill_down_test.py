"""Random cells of all reports, opened down to their events: the rows add up to the cell, as it was when it was read,
and each event said again is a duplicate.

A form of CI's length by itself; DAYBOOK_TEST_CELLS=500 for a long one, DAYBOOK_TEST_SEED for the cells of an earlier run.
"""
import os
import random
import time
from collections import Counter
from decimal import Decimal
from urllib.parse import quote

from harness import Case, main, payload_name

CELLS = int(os.environ.get("DAYBOOK_TEST_CELLS", 60))
SEED = int(os.environ.get("DAYBOOK_TEST_SEED", random.SystemRandom().randrange(10 ** 6)))
STORY = ("generate", "--customers", 40, "--orders", 1500, "--from", "2023-07-01", "--to", "2024-06-30", "--seed", SEED)

# A column of the bridge by the type of its entries.
BRIDGE = ("invoices", "credit_notes", "cash", "reversals", "refunds", "write_offs", "recoveries", "voids", "transfers")
PAGES = {"order": "orders", "invoice": "invoices", "payment": "payments", "credit_note": "credit-notes"}
OF_KIND = {"INVOICE": "invoice", "DEBIT_NOTE": "invoice", "SURPLUS": "invoice", "PAYMENT": "payment", "CREDIT_NOTE": "credit_note"}


def days_in(month):
    """The first and the last day of "2024-02"."""
    year, number = map(int, month.split("-"))
    after = f"{year + number // 12}-{number % 12 + 1:02}-01"
    last = time.strftime("%Y-%m-%d", time.gmtime(time.mktime(time.strptime(after, "%Y-%m-%d")) - 43200))
    return f"{month}-01", last


def total(values):
    return sum((Decimal(value) for value in values), Decimal(0))


class DrillDown(Case):
    def setUp(self):
        super().setUp()
        self.random = random.Random(SEED)
        self.run_daybook(*STORY, "--data", self.dir / "data")
        self.server = self.daybook("data").start().wait_ready()
        self.server.wait_folded()
        self.contents = {}   # By place in the log.
        self.opened = Counter()
        self.told = 0

    # --- asking

    def rows(self, path, name, **parameters):
        """All of a list's rows, page by page."""
        rows, token = [], None
        while True:
            page = self.server.ask(path, **parameters, page_size=self.random.choice((7, 100, 1000)),
                                   **({"page_token": token} if token else {}))
            rows += page[name]
            token = page["next_page_token"]
            if token is None:
                return rows, page

    def cell(self, path, **parameters):
        """A report's answer; all that is opened of it is asked as of the same knowledge."""
        answer = self.server.ask(path, **parameters, page_size=1000)
        self.known = {"known_at": answer["newest_recorded_at"]}
        self.positions = answer["positions"]
        # What comes now is no part of it.
        time.sleep(0.002)
        self.tell_more()
        return answer

    def tell_more(self):
        """Further events of customers that there are, so that a figure of now would be another."""
        self.told += 1
        events = []
        for customer in ("C-00001", "C-00002", "C-00007"):
            of = {"source": "test", "customer_id": customer, "occurred_at": "2024-06-01T08:00:00Z"}
            n = f"{customer}-{self.told}"
            events += [
                {**of, "event_id": f"more-i-{n}", "invoice_issued": {
                    "invoice_id": f"MORE-{n}", "currency": "CNY", "net_minor": "777", "issue_date": "2024-01-15", "due_date": "2024-02-01"}},
                {**of, "event_id": f"more-p-{n}", "payment_received": {
                    "payment_id": f"MORE-{n}", "currency": "CNY", "amount_minor": "333", "value_date": "2024-03-15"}}]
        self.server.publish(events)
        # Some were recorded in one millisecond, which is known as a whole: so is what an answer has read.
        self.server.wait_folded()

    # --- down to events

    def take(self, ref):
        """The record behind a reference of an event, which must be the one that it says."""
        place = (ref["topic"], ref["partition"], ref["offset"])
        record = self.server.ask("/v1/events/%s/%s/%s" % place)
        self.assertEqual(record["event"], {key: ref[key] for key in record["event"]})
        self.assertIn(record["state"], ("accepted", "conflict"))
        self.assertEqual(record["content"]["event_id"], ref["event_id"])
        self.assertEqual(payload_name(record["content"]), ref["type"])
        if record["state"] == "accepted":
            self.contents[place] = record["content"]

    def take_page(self, kind, customer, document):
        """The events of a document's page, with what they say."""
        page = self.server.ask(f"/v1/{PAGES[kind]}/{quote(document, safe='')}", customer_id=customer, expand="events", **self.known)
        self.assertGreater(len(page["events"]), 0)
        for ref in page["events"]:
            content = ref.pop("content")
            self.assertEqual(content["event_id"], ref["event_id"])
            self.contents[ref["topic"], ref["partition"], ref["offset"]] = content
        return page

    def some(self, rows, most=3):
        return self.random.sample(rows, min(most, len(rows)))

    def take_items(self, items):
        for item in self.some([item for item in items if item["kind"] in OF_KIND]):
            page = self.take_page(OF_KIND[item["kind"]], item["customer_id"], item["document_id"])
            self.assertEqual(page["customer_id"], item["customer_id"])

    # --- cells

    def month(self):
        return self.random.choice([f"2023-{m:02}" for m in range(8, 13)] + [f"2024-{m:02}" for m in range(1, 7)])

    def row_of(self, rows, group=lambda row: row["group"]):
        """Any row but of a region that has others below it: a filter takes them all."""
        paths = {group(row) for row in rows if isinstance(group(row), str)}
        return self.random.choice([row for row in rows if not any(path.startswith(f"{group(row)}/") for path in paths)])

    def filter_of(self, by, group):
        return {} if by == "none" else {{"customer": "customer_id"}.get(by, by): group}

    def ageing_column(self, answer, row, filters, **at):
        """A column of an ageing's row against the open items behind it."""
        column = self.random.choice(("not_due", "unapplied_cash", "open_credits", "gross_open", "disputed", "balance",
                                     *answer["buckets"]))
        bucketed = column == "not_due" or column in answer["buckets"]
        wanted = {"bucket": column} if bucketed else {}
        items, _ = self.rows("/v1/receivables/items", "items", **{**filters, "currency": row["currency"]}, **at, **wanted, **self.known)
        kinds = {"unapplied_cash": ("PAYMENT", "REFUND"), "open_credits": ("CREDIT_NOTE", "SURPLUS"),
                 "gross_open": ("INVOICE", "DEBIT_NOTE"), "disputed": ("INVOICE", "DEBIT_NOTE")}.get(column)
        items = [item for item in items if kinds is None or item["kind"] in kinds]
        found = total(item["disputed" if column == "disputed" else "open"] for item in items)
        if column in ("unapplied_cash", "open_credits"):
            found = -found
        said = row["buckets"][answer["buckets"].index(column)] if column in answer["buckets"] else row[column]
        self.assertEqual(found, Decimal(said), (column, row, filters, at))
        self.take_items(items)

    def ageing(self):
        by = self.random.choice(("customer", "region", "sales_rep", "currency", "none"))
        at = {"as_of": days_in(self.month())[1], "basis": self.random.choice(("due_date", "issue_date"))}
        answer = self.cell("/v1/receivables/ageing", group_by=by, **at)
        row = self.row_of(answer["rows"])
        self.ageing_column(answer, row, self.filter_of(by, row["group"]), **at)

    def trend(self):
        answer = self.cell("/v1/receivables/ageing/trend", **{"from": "2023-08-01", "to": "2024-06-30"}, group_by="region")
        row = self.row_of(answer["rows"])
        self.ageing_column(answer, row, self.filter_of("region", row["group"]), as_of=row["as_of"])

    def bridge(self):
        by = self.random.choice(("customer", "region", "sales_rep", "currency", "none"))
        first, last = days_in(self.month())
        span = {"from": first, "to": last}
        row = self.row_of(self.cell("/v1/receivables/bridge", group_by=by, **span)["rows"])
        column = self.random.choice([column for column in BRIDGE if Decimal(row[column])] or BRIDGE)
        entries, _ = self.rows("/v1/receivables/entries", "entries", **span, type=column,
                               **{**self.filter_of(by, row["group"]), "currency": row["currency"]}, **self.known)
        self.assertEqual(total(e["amount"] for e in entries), Decimal(row[column]), (column, row))
        for entry in self.some(entries):
            self.assertEqual(entry["type"], column)
            self.take(entry["event"])

    def statement(self):
        customers, _ = self.rows("/v1/customers", "customers")
        customer = self.random.choice(customers)["customer_id"]
        first, last = days_in(self.month())
        answer = self.cell(f"/v1/customers/{customer}/statement", **{"from": first, "to": last})
        for part in answer["currencies"]:
            entries, _ = self.rows("/v1/receivables/entries", "entries", **{"from": first, "to": last}, customer_id=customer,
                                   currency=part["currency"], **self.known)
            moved = total(e["amount"] for e in entries if e["type"] != "transfers")
            self.assertEqual(Decimal(part["brought_forward"]) + moved, Decimal(part["carried_forward"]))
            items, _ = self.rows("/v1/receivables/items", "items", as_of=last, customer_id=customer, currency=part["currency"],
                                 **self.known)
            self.assertEqual([(i["document_id"], i["instalment"], i["due_date"], i["open"]) for i in items],
                             [(i["document_id"], i["instalment"], i["due_date"], i["open"]) for i in part["items"]])
            self.assertEqual(total(i["open"] for i in part["items"]), Decimal(part["carried_forward"]))
            for entry in self.some(part["entries"]):
                self.take(entry["event"])

    def worklist(self):
        day = days_in(self.month())[1]
        row = self.random.choice(self.cell("/v1/receivables/worklist", as_of=day)["rows"])
        items, _ = self.rows("/v1/receivables/items", "items", as_of=day, customer_id=row["customer_id"], currency=row["currency"],
                             **self.known)
        items = [item for item in items if (item["days_overdue"] or 0) >= 1]
        self.assertEqual(total(item["open"] for item in items), Decimal(row["overdue"]))
        self.assertEqual(total(item["disputed"] for item in items), Decimal(row["disputed_overdue"]))
        self.assertEqual(total(item["days_overdue"] * (Decimal(item["open"]) - Decimal(item["disputed"])) for item in items),
                         Decimal(row["score"]))
        self.take_items(items)

    def dunning(self):
        day = days_in(self.month())[1]
        row = self.random.choice(self.cell("/v1/receivables/dunning", as_of=day)["rows"])
        self.assertEqual(total(item["amount"] for item in row["items"]), Decimal(row["amount"]))
        for item in self.some(row["items"]):
            page = self.take_page("invoice", row["customer_id"], item["document_id"])
            self.assertIn(item["document_id"], page["invoice_id"])

    def ratios(self):
        first, last = days_in(self.month())
        span = {"from": first, "to": last}
        row = self.random.choice(self.cell("/v1/receivables/ratios", group_by="customer", **span)["rows"])
        of = {"customer_id": row["group"], "currency": row["currency"]}
        entries, _ = self.rows("/v1/receivables/entries", "entries", **span, **of, **self.known)
        sales = [e for e in entries if e["type"] in ("invoices", "credit_notes", "voids")]
        cash = [e for e in entries if e["type"] in ("cash", "reversals", "refunds")]
        self.assertEqual(total(e["amount"] for e in sales), Decimal(row["dso"]["sales"]))
        self.assertEqual(-total(e["amount"] for e in cash), Decimal(row["collection_rate"]["collected"]))
        for entry in self.some(sales + cash):
            self.take(entry["event"])

    def sales(self):
        by = self.random.choice(("region", "sales_rep", "customer", "sku", "channel", "kind", "none"))
        first, last = days_in(self.month())
        span = {"from": first, "to": last}
        answer = self.cell("/v1/sales", group_by=by, **span)
        row = self.row_of(answer["rows"], lambda row: row["group"].get(by, ""))
        measures = [m for m in ("ordered", "shipped", "invoiced", "collected", "freight", "orders", "shipments", "invoices")
                    if Decimal(row[m])]
        if not measures:
            return
        measure = self.random.choice(measures)
        filters = self.filter_of(by, row["group"][by]) if by != "none" else {}
        postings, page = self.rows("/v1/sales/postings", "postings", **span, **filters, measure=measure, currency=row["currency"],
                                   **self.known)
        counts = measure in ("orders", "shipments", "invoices")
        found = total(posting["quantity" if counts else "amount"] for posting in postings)
        self.assertEqual(found, Decimal(row[measure]), (measure, row))
        self.assertEqual([Decimal(t["quantity" if counts else "amount"]) for t in page["totals"]], [found])
        for posting in self.some(postings):
            self.take(posting["event"])

    def order_cycle(self):
        by = self.random.choice(("region", "sales_rep", "customer", "channel", "kind", "none"))
        cycle = self.random.choice(("placed..delivered", "placed..paid", "dispatched..delivered", "placed..dispatched"))
        span = {"from": "2023-08-01", "to": "2024-06-30"}
        answer = self.cell("/v1/order-cycle", group_by=by, cycle=cycle, **span)
        row = self.row_of(answer["rows"])
        orders, page = self.rows("/v1/order-cycle/orders", "orders", **span, cycle=cycle, period=row["period"],
                                 **self.filter_of(by, row["group"]), **self.known)
        in_order = [order for order in orders if not order["out_of_order"]]
        self.assertEqual((len(in_order), sum(order["seconds"] for order in in_order), len(orders) - len(in_order)),
                         (row["n"], row["total_seconds"], row["out_of_order"]))
        self.assertEqual(page["totals"], {"n": row["n"], "total_seconds": row["total_seconds"], "out_of_order": row["out_of_order"]})
        first, last = cycle.split("..")
        for order in self.some(orders):
            shown = self.take_page("order", order["customer_id"], order["order_id"])
            self.assertEqual((shown["milestones"][first], shown["milestones"][last]), (order["from_instant"], order["to_instant"]))

    def restatement(self):
        day = days_in(self.month())[1]
        before = self.server.ask("/v1/receivables/ageing", group_by="currency", as_of=day)["newest_recorded_at"]
        time.sleep(0.002)
        self.tell_more()
        answer = self.cell("/v1/receivables/restatement", as_of=day, known_from=before, known_to="2100-01-01")
        rows, _ = self.rows("/v1/receivables/restatement", "rows", as_of=day, known_from=before, known_to=self.known["known_at"])
        sums = Counter()
        for row in rows:
            sums[row["currency"]] += Decimal(row["amount"])
        for of in answer["totals"]:
            self.assertEqual(sums[of["currency"]], Decimal(of["change"]))
        for row in self.some(rows):
            self.take(row["event"])

    def anomalies(self):
        answer = self.cell("/v1/anomalies")
        for row in self.some([row for row in answer["anomalies"] if row["event"]["event_id"]]):
            self.take(row["event"])

    # --- all of it

    def say_again(self):
        """Each event that was opened, once more: all are duplicates, and change nothing."""
        contents = list(self.contents.values())
        before = self.server.wait_folded()
        places = self.server.publish(contents)
        after = self.server.wait_folded()
        self.assertEqual(after["duplicates"] - before["duplicates"], len(contents))
        self.assertEqual((after["accepted"], after["conflicts"], after["parked"], after["digest"]),
                         (before["accepted"], before["conflicts"], before["parked"], before["digest"]))
        for place in self.some(places, 20):
            record = self.server.ask("/v1/events/{topic}/{partition}/{offset}".format(**place))
            self.assertEqual(record["state"], "duplicate", record)

    def test_random_cells_add_up_and_lead_to_events(self):
        print(f"seed {SEED}, {CELLS} cells", flush=True)
        reports = (self.ageing, self.trend, self.bridge, self.statement, self.worklist, self.dunning, self.ratios, self.sales,
                   self.order_cycle, self.restatement, self.anomalies)
        for n in range(CELLS):
            report = reports[n] if n < len(reports) else self.random.choice(reports)
            with self.subTest(cell=n, report=report.__name__, seed=SEED):
                report()
                self.opened[report.__name__] += 1
        self.say_again()
        self.assertEqual(len(self.opened), min(len(reports), CELLS))
        self.assertGreater(len(self.contents), CELLS // 2)
        print(f"{len(self.contents)} events behind {dict(self.opened)}", flush=True)
        self.server.stop()


if __name__ == "__main__":
    main()
