"""The HTTP interface as its users meet it: parameters, pages, CSV, positions."""
import csv
import datetime
import fcntl
import gzip
import io
import json
import os
import pty
import re
import struct
import subprocess
import termios
import time
from urllib.parse import quote

from harness import DAYBOOK, Case, ToldOnce, clean_environment, main, wait_until
from workbook import rows_of, sheets_of

CUSTOMERS = ("C1", "C2", "=cmd|' /C calc'!A0", "+49", "-1", "@home", 'say "hi", twice', "客户/3 ä%", "C 9")
CURRENCIES = ("CNY", "JPY", "KWD")


def event(event_id, customer, **payload):
    return {"event_id": event_id, "customer_id": customer, "source": "erp",
            "occurred_at": "2024-05-01T08:00:00Z", **payload}


def history():
    events = []
    for i, customer in enumerate(CUSTOMERS):
        events.append(event(f"f{i}", customer, customer_profile_set={"name": customer, "region": f"CN/R{i % 3}"}))
        for k in range(4):
            currency = CURRENCIES[(i + k) % 3]
            events.append(event(f"o{i}-{k}", customer, order_placed={
                "order_id": f"O{i}-{k}", "currency": currency,
                "lines": [{"line_id": "1", "sku": f"s{k}", "quantity": "2.5", "net_minor": "1000"}]}))
            events.append(event(f"i{i}-{k}", customer, invoice_issued={
                "invoice_id": f"I{k}", "currency": currency, "net_minor": str(123456 + i),
                "issue_date": "2024-01-15", "due_date": f"2024-0{2 + k}-01", "order_ids": [f"O{i}-{k}"]}))
        events.append(event(f"p{i}", customer, payment_received={
            "payment_id": f"P{i}", "currency": "CNY", "amount_minor": "5000", "value_date": "2024-04-01"}))
        # Said again with another amount: an anomaly.
        events.append(event(f"p{i}", customer, payment_received={
            "payment_id": f"P{i}", "currency": "CNY", "amount_minor": "5001", "value_date": "2024-04-01"}))
    return events


class Interface(ToldOnce):
    # None of them changes anything but the two that publish aside.
    history = staticmethod(history)

    def csv_rows(self, path, **parameters):
        answer = self.server.get(path, {**parameters, "format": "csv"})
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.headers["Content-Type"], "text/csv; charset=utf-8")
        self.assertFalse(answer.body.startswith(b"\xef\xbb\xbf"))
        self.assertTrue(answer.body.endswith(b"\r\n"))
        return list(csv.reader(io.StringIO(answer.text, newline=""), strict=True))


class Workbooks(Interface):
    TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    VIEWS = (("/v1/receivables/ageing", {}), ("/v1/receivables/ageing", {"group_by": "currency", "base_currency": "CNY"}),
             ("/v1/receivables/items", {}), ("/v1/receivables/entries", {"from": "2024-01-01", "to": "2024-12-31"}),
             ("/v1/receivables/bridge", {"from": "2024-01-01", "to": "2024-12-31", "group_by": "customer"}),
             ("/v1/receivables/ratios", {"from": "2024-01-01", "to": "2024-12-31"}),
             ("/v1/receivables/dunning", {}), ("/v1/receivables/worklist", {}), ("/v1/customers", {}), ("/v1/invoices", {}),
             ("/v1/orders", {}), ("/v1/anomalies", {}), ("/v1/customers/C1/statement", {"from": "2024-01-01", "to": "2024-12-31"}),
             ("/v1/sales", {"from": "2024-01-01", "to": "2024-12-31", "group_by": "region,sku", "grain": "month"}))

    def workbook(self, server, path, **parameters):
        answer = server.get(path, {**parameters, "format": "xlsx"})
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.headers["Content-Type"], self.TYPE)
        return answer.body

    def expect_same(self, sheet, rows):
        """A sheet has what the CSV has: texts as they are, numbers as numbers, dates as days since 1899-12-30."""
        self.assertEqual([[value for _, value in sheet[0]]], rows[:1])
        self.assertEqual(len(sheet), len(rows))
        for cells, fields in zip(sheet[1:], rows[1:]):
            cells = cells + [("", "")] * (len(fields) - len(cells))
            for (kind, value), field, column in zip(cells, fields, rows[0]):
                with self.subTest(column=column, field=field):
                    if kind == "n" and re.fullmatch(r"\d{4}-\d\d-\d\d", field):
                        day = datetime.date(1899, 12, 30) + datetime.timedelta(days=int(value))
                        self.assertEqual(day.isoformat(), field)
                    elif kind == "n":
                        self.assertEqual(float(value), float(field), "the same number, which a sheet keeps in binary")
                        self.assertLessEqual(len(re.sub(r"\D", "", field).lstrip("0")), 15)
                    elif kind == "b":
                        self.assertEqual({"1": "true", "0": "false"}[value], field)
                    else:
                        self.assertIn(kind, ("s", ""))
                        self.assertEqual(value, field[1:] if field[:1] == "'" else field)

    def test_rows_are_those_of_csv(self):
        for path, parameters in self.VIEWS:
            with self.subTest(path=path, parameters=parameters):
                body = self.workbook(self.server, path, **parameters)
                self.expect_same(list(rows_of(body)), self.csv_rows(path, **parameters))
                self.assertEqual(body, self.workbook(self.server, path, **parameters), "the same again")

    def test_the_cover_says_what_was_asked(self):
        body = self.workbook(self.server, "/v1/receivables/ageing", as_of="2024-06-30", currency="CNY", buckets="30,60")
        self.assertEqual(sheets_of(body), 2)
        cover = [[value for _, value in row] for row in rows_of(body, 1)]
        said = {row[0]: row[1] for row in cover if len(row) == 2}
        self.assertEqual(cover[0], ["ageing"])
        self.assertEqual(said["as_of"], str((datetime.date(2024, 6, 30) - datetime.date(1899, 12, 30)).days))
        self.assertEqual((said["asked: currency"], said["asked: buckets"]), ("CNY", "30,60"))
        self.assertEqual(int(said["rows"]), len(list(rows_of(body))) - 1)
        totals = cover.index(["totals"])
        self.assertEqual(cover[totals + 1][:4], ["currency", "not_due", "1-30", "31-60"])
        self.assertIn("proof.difference", cover[totals + 1])
        self.assertIn(["positions"], cover)
        sales = self.workbook(self.server, "/v1/sales", **{"from": "2024-01-01", "to": "2024-12-31"}, measure="ordered")
        cover = [[value for _, value in row] for row in rows_of(sales, 1)]
        proof = cover.index(["proof"])
        self.assertEqual(cover[proof + 1], ["currency", "kept.ordered", "difference.ordered"])
        self.assertEqual([float(row[2]) for row in cover[proof + 2:proof + 2 + len(CURRENCIES)]], [0, 0, 0])

    def test_all_rows_but_where_a_page_is_asked_for(self):
        asked = {"from": "2024-01-01", "to": "2024-12-31"}
        whole = list(rows_of(self.workbook(self.server, "/v1/sales/postings", **asked)))
        page = list(rows_of(self.workbook(self.server, "/v1/sales/postings", **asked, page_size=2)))
        self.assertGreater(len(whole), 100)
        self.assertEqual(page, whole[:3])

    def test_asked_for_by_the_header(self):
        answer = self.server.request("GET", "/v1/receivables/items", headers={"Accept": self.TYPE})
        self.assertEqual(answer.headers["Content-Type"], self.TYPE)
        self.assertTrue(answer.body.startswith(b"PK"))

    def test_where_there_are_no_rows(self):
        self.assertEqual(self.server.get("/v1/invoices/I1", {"customer_id": "C1", "format": "xlsx"}).status, 406)

    def test_what_a_spreadsheet_would_change_is_text(self):
        server = self.daybook("extremes").start()
        ids = ("=1+1", "+4", "-12", "@x", "00367", "1E5", "_x0041_", "a" * 128, "9" * 19, "\u62ec\uff1d")
        events = []
        for number, (customer, amount, issued) in enumerate(zip(ids, (
                "1000000000000000", "999999999999999", "1", "100000000000000", "123456789012345", "5", "7", "9", "11", "13"), (
                "1900-01-01", "1900-02-28", "1900-03-01", "2199-12-31", "2024-02-29", "1999-12-31", "2000-01-01", "2024-01-01",
                "2024-01-02", "2024-01-03"))):
            events.append(event(f"x{number}", customer, invoice_issued={
                "invoice_id": customer, "currency": ("JPY", "KWD", "CNY")[number % 3], "net_minor": amount,
                "issue_date": issued, "due_date": "2199-12-31"}))
        server.publish(events)
        server.wait_ready().wait_folded()
        asked = {"as_of": "2199-12-31"}
        body = self.workbook(server, "/v1/receivables/items", **asked)
        text = server.get("/v1/receivables/items", {**asked, "format": "csv"}).text
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
        sheet = list(rows_of(body))
        self.expect_same(sheet, rows)
        at = {name: column for column, name in enumerate(rows[0])}
        kinds = {row[0][1]: (row[at["issue_date"]][0], row[at["amount"]][0]) for row in sheet[1:]}
        self.assertEqual(kinds["=1+1"], ("s", "s"))   # 16 digits, and a date before March 1900.
        self.assertEqual(kinds["+4"], ("s", "n"))
        self.assertEqual(kinds["-12"], ("n", "n"))
        self.assertTrue(all(row[0][0] == "s" for row in sheet[1:]))
        server.stop()


class Parameters(Interface):
    PERIOD = {"from": "2024-01-01", "to": "2024-12-31"}
    EVERY = (("as_of", "2024-02-30"), ("as_of", ""), ("as_of", "2024-6-1"), ("as_of", "1899-12-31"),
             ("attributes", "maybe"), ("format", "pdf"), ("format", "html"),
             ("known_at", "yesterday"), ("known_at", "2024-02-30"), ("known_at", "2024-06-30T25:00:00Z"), ("wait_ms", "-1"), ("wait_ms", "60001"),
             ("min_position", "x"), ("min_position", "daybook.orders.v1:0"),
             ("min_position", "daybook.orders.v1:4:0"), ("min_position", "daybook.orders.v1:0:-1"),
             ("min_position", "daybook.dead-letter.v1:0:0"), ("min_position", "other.orders.v1:0:0"),
             ("nonsense", "1"), ("As_of", "2024-01-01"))
    ROWS = (("page_size", "0"), ("page_size", "1001"), ("page_size", "many"), ("page_token", "zz"),
            ("page_token", "00112233445566778899"), ("page_token", ""))

    def refused(self, path, given, name):
        answer = self.server.get(path, given)
        with self.subTest(path=path, given=given):
            self.assertEqual(answer.status, 400, answer)
            self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
            self.assertEqual([v["field"] for v in answer.json["violations"]], [name], answer)
            self.assertTrue(answer.json["detail"].startswith(name + ": "), answer)

    def test_what_every_view_refuses(self):
        views = {"/v1/receivables/ageing": {}, "/v1/receivables/items": {}, "/v1/order-cycle": self.PERIOD,
                 "/v1/order-cycle/on-time": self.PERIOD, "/v1/order-cycle/open": {},
                 "/v1/order-cycle/factors": {"period": "2024-05", "baseline": "2024-04"},
                 "/v1/order-cycle/orders": self.PERIOD,
                 "/v1/receivables/entries": self.PERIOD, "/v1/receivables/bridge": self.PERIOD,
                 "/v1/receivables/ratios": self.PERIOD, "/v1/receivables/worklist": {},
                 "/v1/receivables/dunning": {},
                 "/v1/receivables/restatement": {"known_from": "2024-01-01", "known_to": "2024-02-01"},
                 "/v1/sales": self.PERIOD, "/v1/sales/postings": self.PERIOD, "/v1/customers": {}, "/v1/anomalies": {}, "/v1/parked": {}}
        for path, needed in views.items():
            self.assertEqual(self.server.get(path, needed).status, 200)
            for name, value in self.EVERY + self.ROWS:
                self.refused(path, {**needed, name: value}, name)
        for path in ("/v1/customers/C1", "/v1/invoices/I1", "/v1/payments/P1", "/v1/orders/O1-1"):
            for name, value in self.EVERY:
                self.refused(path, {"customer_id": "C2", name: value}
                             if "customers" not in path else {name: value}, name)
        self.refused("/v1/status", {"as_of": "2024-01-01"}, "as_of")

    def test_what_each_refuses(self):
        year = self.PERIOD
        for path, given, name in (
                ("receivables/ageing", {"aged_on": "2023-02-29"}, "aged_on"),
                ("receivables/ageing", {"basis": "whim"}, "basis"),
                ("receivables/ageing", {"buckets": "30,30"}, "buckets"),
                ("receivables/ageing", {"buckets": "60,30"}, "buckets"),
                ("receivables/ageing", {"buckets": "0,30"}, "buckets"),
                ("receivables/ageing", {"buckets": "30,x"}, "buckets"),
                ("receivables/ageing", {"buckets": ""}, "buckets"),
                ("receivables/ageing", {"buckets": "30,"}, "buckets"),
                ("receivables/ageing", {"group_by": "moon"}, "group_by"),
                ("receivables/ageing", {"level": "1"}, "level"),
                ("receivables/ageing", {"level": "1", "group_by": "customer"}, "level"),
                ("receivables/ageing", {"level": "0", "group_by": "region"}, "level"),
                ("receivables/ageing", {"level": "7", "group_by": "region"}, "level"),
                ("receivables/ageing", {"currency": "XXZ"}, "currency"),
                ("receivables/ageing", {"currency": "cny"}, "currency"),
                ("receivables/ageing", {"bucket": "not_due"}, "bucket"),
                ("receivables/ageing", {"base_currency": "euro"}, "base_currency"),
                ("receivables/entries", {}, "from"),
                ("receivables/entries", {**year, "type": "gifts"}, "type"),
                ("receivables/entries", {**year, "as_of": "2024-12-30"}, "as_of"),
                ("receivables/entries", {**year, "group_by": "region"}, "group_by"),
                ("receivables/bridge", {"from": "2024-01-01"}, "to"),
                ("receivables/bridge", {"from": "2024-12-31", "to": "2024-01-01"}, "from"),
                ("receivables/bridge", {**year, "as_of": "2024-01-01"}, "as_of"),
                ("receivables/bridge", {**year, "group_by": "sku"}, "group_by"),
                ("receivables/bridge", {**year, "aged_on": "2024-01-01"}, "aged_on"),
                ("receivables/ratios", {**year, "as_of": "2025-01-01"}, "as_of"),
                ("receivables/ratios", {**year, "level": "2"}, "level"),
                ("receivables/restatement", {"known_to": "2024-01-01"}, "known_from"),
                ("receivables/restatement", {"known_from": "2024-01-01"}, "known_to"),
                ("receivables/restatement", {"known_from": "2024-01-02", "known_to": "2024-01-01"}, "known_from"),
                ("receivables/worklist", {"grace_days": "-1"}, "grace_days"),
                ("receivables/worklist", {"base_currency": "XXZ"}, "base_currency"),
                ("receivables/dunning", {"levels": "15,15"}, "levels"),
                ("receivables/dunning", {"levels": "0"}, "levels"),
                ("customers/C1/statement", {"from": "2024-01-01"}, "to"),
                ("customers/C1/statement", {**year, "as_of": "2024-01-01"}, "as_of"),
                ("customers/C1/statement", {**year, "lang": "fr"}, "lang"),
                ("receivables/items", {"bucket": "31"}, "bucket"),
                ("receivables/items", {"bucket": "60-31"}, "bucket"),
                ("receivables/items", {"bucket": "soon"}, "bucket"),
                ("receivables/items", {"bucket": "0-30"}, "bucket"),
                ("receivables/items", {"group_by": "region"}, "group_by"),
                ("receivables/worklist", {"grace_days": "-1"}, "grace_days"),
                ("receivables/worklist", {"base_currency": "XXZ"}, "base_currency"),
                ("receivables/worklist", {"levels": "1"}, "levels"),
                ("receivables/dunning", {"levels": "1,1"}, "levels"),
                ("receivables/dunning", {"levels": ""}, "levels"),
                ("receivables/dunning", {"base_currency": "CNY"}, "base_currency"),
                ("order-cycle", {}, "from"),
                ("order-cycle", {"from": "2024-01-01"}, "to"),
                ("order-cycle", {"from": "2024-12-31", "to": "2024-01-01"}, "from"),
                ("order-cycle", {**year, "to": "2024-11-31"}, "to"),
                ("order-cycle", {**year, "grain": "fortnight"}, "grain"),
                ("order-cycle", {**year, "cycle": "delivered..placed"}, "cycle"),
                ("order-cycle", {**year, "cycle": "placed"}, "cycle"),
                ("order-cycle", {**year, "cycle": "placed..lost"}, "cycle"),
                ("order-cycle", {**year, "level": "1"}, "level"),
                ("order-cycle", {**year, "group_by": "sku"}, "group_by"),
                ("order-cycle", {**year, "kind": "GIFT"}, "kind"),
                ("order-cycle/on-time", {**year, "promise": "kept"}, "promise"),
                ("order-cycle/on-time", {**year, "grain": "fortnight"}, "grain"),
                ("order-cycle/on-time", {"from": "2024-01-01"}, "to"),
                ("order-cycle/open", {"group_by": "region"}, "group_by"),
                ("order-cycle/factors", {"period": "2024-13", "baseline": "2024-04"}, "period"),
                ("order-cycle/factors", {"period": "2024-04", "baseline": "2024-W54"}, "baseline"),
                ("order-cycle/factors", {"period": "2024-04"}, "baseline"),
                ("order-cycle/orders", {**year, "period": "May"}, "period"),
                ("sales/postings", {**year, "measure": "profit"}, "measure"),
                ("sales/postings", {**year, "period": "May"}, "period"),
                ("sales/postings", {**year, "level": "2"}, "level"),
                ("sales", {"to": "2024-01-01"}, "from"),
                ("sales", {"from": "2024-12-31", "to": "2024-01-01"}, "from"),
                ("sales", {**year, "group_by": "region,region"}, "group_by"),
                ("sales", {**year, "group_by": "region,"}, "group_by"),
                ("sales", {**year, "level": "2", "group_by": "sku"}, "level"),
                ("sales", {**year, "measure": "profit"}, "measure"),
                ("anomalies", {"state": "perhaps"}, "state"),
                ("anomalies", {"kind": "moon"}, "kind")):
            self.refused("/v1/" + path, given, name)

    def test_a_parameter_that_what_is_no_view_does_not_have(self):
        body = json.dumps(event("x", "C1", invoice_delivered={"invoice_id": "I1"}))
        for method, path in (("POST", "/v1/events"), ("GET", "/v1/status"), ("GET", "/v1/changes")):
            answer = self.server.request(method, path + "?surprise=1", None, body, {"Content-Type": "application/json"})
            self.assertEqual((answer.status, answer.json["violations"][0]["field"]), (400, "surprise"), path)

    def test_a_parameter_given_twice(self):
        answer = self.server.get("/v1/customers?as_of=2024-01-01&as_of=2024-01-02")
        self.assertEqual((answer.status, answer.json["violations"][0]["field"]), (400, "as_of"))

    def test_paths_and_methods(self):
        for path in ("/v1", "/v1/", "/v1/nothing", "/nothing", "/v1/receivables", "/v1/receivables/moon",
                     "/v1/customers/C1/moon", "/v1/customers/nobody", "/v1/customers/C1/statement/moon", "/v1/invoices/none", "/v1/invoices/",
                     "/v2/customers", "/v1/../etc/passwd"):
            with self.subTest(path=path):
                answer = self.server.get(path)
                self.assertEqual((answer.status, answer.json["status"]), (404, 404), answer)
                self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
        for method, path, allowed in (("POST", "/v1/receivables/ageing", "GET, HEAD"),
                                      ("DELETE", "/v1/customers/C1", "GET, HEAD"),
                                      ("PUT", "/v1/status", "GET, HEAD"),
                                      ("POST", "/v1/customers/C1/statement", "GET, HEAD"),
                                      ("GET", "/v1/receivables/reconciliation", "POST"),
                                      ("GET", "/v1/events", "POST"), ("DELETE", "/v1/events", "POST"),
                                      ("PUT", "/v1/events", "POST")):
            with self.subTest(method=method, path=path):
                body = json.dumps(event("x", "C1", invoice_delivered={"invoice_id": "I1"}))
                answer = self.server.request(method, path, None, body, {"Content-Type": "application/json"})
                self.assertEqual((answer.status, answer.headers["Allow"]), (405, allowed), answer)
        head = self.server.request("HEAD", "/v1/customers")
        self.assertEqual((head.status, head.body), (200, b""))


class FrontPage(Interface):
    """What a browser gets that is given the address alone."""

    def test_it_is_the_dashboard_and_loads_nothing_from_elsewhere(self):
        answer = self.server.get("/")
        self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, "text/html; charset=utf-8"))
        self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
        policy = answer.headers["Content-Security-Policy"]
        self.assertIn("default-src 'none'", policy)
        self.assertNotIn("unsafe", policy)
        self.assertIn('<html lang="en">', answer.text)
        for sign in ("<script>", "<style", "style=", "http://", "https://"):
            self.assertNotIn(sign, answer.text)
        files = re.findall(r'(?:src|href)="(/assets/[^"]*)"', answer.text)
        self.assertEqual(len(files), 3, answer.text)
        for path in files:
            with self.subTest(path=path):
                self.assertEqual(self.server.get(path).status, 200)
        self.assertEqual(self.server.get("/assets/other.js").status, 404)
        self.assertEqual(self.server.get("/receivables/ageing").status, 404)

    def test_who_has_it_is_told_so(self):
        for path in ("/", "/assets/icon.svg"):
            for coding in ("gzip", "identity", "gzip;q=0", "br, gzip;q=0.5"):
                with self.subTest(path=path, coding=coding):
                    asked = {"Accept-Encoding": coding}
                    first = self.server.request("GET", path, headers=asked)
                    packed = first.headers.get("Content-Encoding") == "gzip"
                    self.assertEqual(packed, coding in ("gzip", "br, gzip;q=0.5"))
                    body = gzip.decompress(first.body) if packed else first.body
                    self.assertIn(b"svg" if path.endswith("svg") else b"<!doctype html>", body)
                    again = self.server.request("GET", path, headers={**asked, "If-None-Match": '"x", W/' + first.headers["ETag"]})
                    self.assertEqual((again.status, again.body), (304, b""))
                    self.assertNotIn("Content-Length", again.headers)
                    other = self.server.request("GET", path, headers={**asked, "If-None-Match": '"x"'})
                    self.assertEqual((other.status, other.body), (200, first.body))

    def test_it_is_asked_like_the_rest(self):
        for path in ("/", "/assets/icon.svg"):
            head = self.server.request("HEAD", path)
            self.assertEqual((head.status, head.body), (200, b""))
            posted = self.server.request("POST", path, None, "x", {"Content-Type": "text/plain"})
            self.assertEqual((posted.status, posted.headers["Allow"]), (405, "GET, HEAD"))
            self.assertEqual(self.server.get(path, {"lang": "en"}).status, 400)


class Terminal(Interface):
    """Tables as `daybook query` prints them."""
    PERIOD = ("--from", "1999-01-01", "--to", "1999-12-31")

    def said(self, *arguments):
        return self.run_daybook("query", *arguments, "--url", self.server.url).stdout

    def test_an_answer_without_rows_says_what_there_is_nothing_of(self):
        old = ("--as-of", "1999-12-31")
        first = self.server.ask("/v1/anomalies", known_at="2001-01-01")["first_recorded_at"]
        for arguments, words in (
                (("ageing", *old), "nothing open as of 1999-12-31"),
                (("ageing", *old, "--group-by", "region"), "nothing open as of 1999-12-31"),
                (("items", *old), "nothing open as of 1999-12-31"),
                (("items", "--known-at", "2001-01-01T00:00:00Z"),
                 "nothing open as of 2024-06-30, known at 2001-01-01T00:00:00.000Z: nothing was recorded before " + first),
                (("worklist", *old), "nothing overdue as of 1999-12-31"),
                (("dunning", *old), "nothing overdue as of 1999-12-31"),
                (("entries", *self.PERIOD), "nothing in 1999-01-01 to 1999-12-31 as of 1999-12-31"),
                (("bridge", *self.PERIOD), "nothing in 1999-01-01 to 1999-12-31 as of 1999-12-31"),
                (("order-cycle", *self.PERIOD), "nothing in 1999-01-01 to 1999-12-31 as of 2024-06-30"),
                (("sales", *self.PERIOD), "nothing in 1999-01-01 to 1999-12-31 as of 2024-06-30"),
                (("anomalies", "--kind", "unknown_order"), "nothing in anomalies as of 2024-06-30"),
                (("parked",), "nothing in parked as of 2024-06-30")):
            with self.subTest(arguments=arguments):
                self.assertEqual(self.said(*arguments), words + "\n")

    def test_an_answer_with_rows_is_a_table(self):
        lines = self.said("ageing", "--group-by", "currency").splitlines()
        self.assertEqual(lines[0].split()[:2], ["group", "currency"])
        self.assertIn("totals", lines)

    def test_the_most_of_a_column_are_those_of_all_pages(self):
        """Whatever page they are on."""
        rows = self.server.ask("/v1/receivables/ageing", page_size=1000)["rows"]
        most = sorted((row for row in rows if row["currency"] == "CNY"), key=lambda row: -float(row["gross_open"]))[0]
        lines = self.said("ageing", "--currency", "CNY", "--page-size", "1", "--sort=-gross_open", "--top", "1").splitlines()
        self.assertIn(most["gross_open"], lines[1].replace(",", ""))
        self.assertEqual(lines[2], "")

    def test_dates_may_be_periods(self):
        for period in ("2024-Q1", "last-quarter"):  # Today is in June.
            said = self.said("sales", "--from", period, "--to", period)
            self.assertIn("2024-01-01/2024-03-31", said)
        told = self.run_daybook("query", "sales", "--from", "2024-13", "--to", "2024-Q1", "--url", self.server.url, code=2)
        self.assertIn("from", told.stderr)

    def test_a_table_has_all_that_is_asked_for(self):
        self.assertIn("proof.difference", self.said("ageing", "--all"))
        self.assertNotIn("proof.difference", self.said("ageing"))
        for wrong in (("--sort", "colour"), ("--top", "0"), ("--top", "1", "--output", "csv")):
            self.run_daybook("query", "ageing", *wrong, "--url", self.server.url, code=2)
        self.run_daybook("query", "customers/C1", "--top", "1", "--url", self.server.url, code=2)

    def test_on_a_screen_a_wide_table_comes_in_parts(self):
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        arguments = ("query", "ageing", "--group-by", "customer", "--all", "--url", self.server.url)
        asked = subprocess.Popen([DAYBOOK, *arguments], stdout=theirs, env=clean_environment())
        os.close(theirs)
        said = b""
        while True:
            try:
                said += os.read(ours, 65536)
            except OSError:  # How Linux says that the other end is closed.
                break
        self.assertEqual(asked.wait(60), 0)
        lines = said.decode().replace("\r\n", "\n").splitlines()
        self.assertLessEqual(max(map(len, lines)), 100)
        heads = [line.split() for line in lines if line.startswith("group")]
        self.assertGreater(len(heads), 1)
        # A name stands in the first of them alone.
        heads[0].remove("customer_name")
        for head in heads:
            self.assertEqual(head[:2], ["group", "currency"])
        whole = self.said(*arguments[1:5]).splitlines()
        of_rows = heads[:next(i for i, head in enumerate(heads) if "proof.difference" in head) + 1]
        self.assertEqual(["group", "customer_name", "currency"] + [name for head in of_rows for name in head[2:]],
                         whole[0].split())


class Rows(Interface):
    def test_csv_is_quoted_and_has_no_formulas(self):
        rows = self.csv_rows("/v1/receivables/ageing")
        self.assertEqual(rows[0], [
            "group", "currency", "not_due", "1-30", "31-60", "61-90", "91-120", "121+", "gross_open",
            "disputed", "gross_open_undisputed", "unapplied_cash", "open_credits", "balance", "items",
            "proof.ledger_balance", "proof.difference", "customer_name"])
        groups = {r[0] for r in rows[1:]}
        self.assertEqual(groups, {("'" if c[0] in "=+-@" else "") + c for c in CUSTOMERS})
        shown = self.server.ask("/v1/receivables/ageing", page_size=1000)["rows"]
        self.assertEqual(len(rows) - 1, len(shown))
        for line, row in zip(rows[1:], shown):
            self.assertEqual(line[3:8], row["buckets"])
            self.assertEqual(line[16], row["proof"]["difference"])
        # Buckets of one's own stand under their own labels.
        self.assertEqual(self.csv_rows("/v1/receivables/ageing", buckets="10")[0][3:5], ["1-10", "11+"])
        # Numbers keep their sign, and what is null is empty.
        items = self.csv_rows("/v1/receivables/items", customer_id="-1")
        column = {name: i for i, name in enumerate(items[0])}
        payment = next(r for r in items if r[column["kind"]] == "PAYMENT")
        self.assertEqual(payment[column["open"]], "-50.00")
        self.assertEqual(payment[column["customer_id"]], "'-1")
        self.assertEqual(payment[column["due_date"]], "")
        sales = self.csv_rows("/v1/sales", **{"from": "2024-01-01", "to": "2024-12-31", "group_by": "region"})
        self.assertIn("group.region", sales[0])

    def test_metrics_count_open_anomalies_by_kind(self):
        deadline = time.monotonic() + 40
        while 'daybook_anomalies_open{kind="conflicting_repeat"}' not in self.server.get("/metrics").text:
            self.assertLess(time.monotonic(), deadline, "anomalies are counted once all is read")
            time.sleep(0.1)

    def test_metrics_say_what_takes_memory(self):
        def taken(part):
            found = re.search(rf'^daybook_memory_bytes{{part="{part}"}} (\d+)$', self.server.get("/metrics").text, re.M)
            return int(found.group(1))
        self.assertGreater(taken("fold"), 0)
        self.assertGreaterEqual(taken("write_buffers"), 0)
        self.assertGreaterEqual(taken("block_cache"), 0)
        wait_until(lambda: taken("indexes") > 0, 60, "indexes")

    def test_csv_by_accept_and_all_rows_unless_paged(self):
        answer = self.server.get("/v1/receivables/items", Accept="text/csv")
        self.assertEqual(answer.headers["Content-Type"], "text/csv; charset=utf-8")
        for accept, kind in (("application/json;q=0.1, text/csv;q=0.2", "text/csv; charset=utf-8"),
                             ("text/csv;q=0, */*", "application/json"), ("text/csv;q=0", "application/json")):
            self.assertEqual(self.server.get("/v1/receivables/items", Accept=accept).headers["Content-Type"], kind, accept)
        everything = len(answer.text.splitlines()) - 1
        self.assertEqual(everything, len(CUSTOMERS) * 5)
        self.assertEqual(len(self.csv_rows("/v1/receivables/items", page_size=7)), 8)

    def test_pages_walk_every_row_once(self):
        period = {"from": "2024-01-01", "to": "2024-12-31"}
        for path, name, parameters in (
                ("/v1/receivables/ageing", "rows", {}),
                ("/v1/receivables/ageing", "rows", {"group_by": "region", "as_of": "2024-03-15"}),
                ("/v1/receivables/items", "items", {}),
                ("/v1/receivables/entries", "entries", {**period}),
                ("/v1/receivables/entries", "entries", {**period, "type": "invoices", "customer_id": "C2"}),
                ("/v1/receivables/bridge", "rows", {**period, "group_by": "customer"}),
                ("/v1/receivables/ratios", "rows", {**period, "group_by": "customer"}),
                ("/v1/receivables/worklist", "rows", {}),
                ("/v1/receivables/worklist", "rows", {"base_currency": "CNY"}),
                ("/v1/receivables/dunning", "rows", {"levels": "30,60"}),
                ("/v1/customers", "customers", {}),
                ("/v1/anomalies", "anomalies", {}),
                ("/v1/sales", "rows", {**period, "group_by": "customer,sku"})):
            whole = self.server.ask(path, page_size=1000, **parameters)
            self.assertIsNone(whole["next_page_token"])
            self.assertGreaterEqual(len(whole[name]), 3, path)
            for size in (1, 2, 3, len(whole[name]) - 1, len(whole[name]), len(whole[name]) + 1):
                with self.subTest(path=path, parameters=parameters, size=size):
                    rows, token, pages = [], None, 0
                    while True:
                        more = {"page_token": token} if token else {}
                        page = self.server.ask(path, page_size=size, **parameters, **more)
                        self.assertLessEqual(len(page[name]), size)
                        self.assertEqual(page.get("totals"), whole.get("totals"))
                        rows += page[name]
                        pages += 1
                        token = page["next_page_token"]
                        if token is None:
                            break
                    self.assertEqual(rows, whole[name])
                    self.assertLessEqual(pages, -(-len(rows) // size) + 1)

    def test_a_token_belongs_to_its_request(self):
        token = self.server.ask("/v1/receivables/items", page_size=2)["next_page_token"]
        for path, other in (("/v1/receivables/items", {"as_of": "2024-03-01"}),
                            ("/v1/receivables/items", {"currency": "CNY"}),
                            ("/v1/receivables/ageing", {}), ("/v1/customers", {})):
            answer = self.server.get(path, {"page_token": token, **other})
            with self.subTest(path=path, other=other):
                self.assertEqual(answer.status, 400)
                self.assertEqual(answer.json["violations"][0]["field"], "page_token")


class Month(Interface):
    """What closes a month: statements, the bridge, reconciliation."""
    PERIOD = {"from": "2024-01-01", "to": "2024-12-31"}

    def test_the_bridge_is_made_of_the_entries(self):
        bridge = self.server.ask("/v1/receivables/bridge", **self.PERIOD)
        for row in bridge["rows"]:
            self.assertEqual(float(row["proof"]["difference"]), 0)
            for column in ("invoices", "cash"):
                entries = self.server.ask("/v1/receivables/entries", **self.PERIOD, type=column,
                                          currency=row["currency"], page_size=1000)["entries"]
                self.assertEqual(round(sum(float(e["amount"]) for e in entries), 3), float(row[column]))
                for entry in entries:
                    self.assertEqual(entry["event"]["type"],
                                     {"invoices": "invoice_issued", "cash": "payment_received"}[column])

    def test_entries_as_csv_have_their_event_in_columns(self):
        rows = self.csv_rows("/v1/receivables/entries", **self.PERIOD)
        self.assertEqual(rows[0], [
            "customer_id", "currency", "document_id", "type", "effective_date", "amount", "region", "sales_rep",
            "event.event_id", "event.type", "event.topic", "event.partition", "event.offset",
            "event.recorded_at", "event.occurred_at", "customer_name"])
        self.assertEqual(len(rows) - 1, len(CUSTOMERS) * 5)

    def test_a_statement_in_every_form(self):
        path = "/v1/customers/" + quote(CUSTOMERS[6], safe="") + "/statement"
        statement = self.server.ask(path, **self.PERIOD)
        for currency in statement["currencies"]:
            balance = float(currency["brought_forward"])
            for entry in currency["entries"]:
                balance += float(entry["amount"])
                self.assertEqual(round(balance, 3), float(entry["running_balance"]))
            self.assertEqual(round(balance, 3), float(currency["carried_forward"]))
            self.assertEqual(currency["ageing"]["balance"], currency["carried_forward"])
        rows = self.csv_rows(path, **self.PERIOD)
        types = [row[rows[0].index("type")] for row in rows[1:]]
        for currency in statement["currencies"]:
            self.assertEqual([currency["ageing"]["balance"]] * 2, [
                f"{sum(float(item['open']) for item in currency['items']):.{len(currency['carried_forward'].partition('.')[2])}f}",
                currency["carried_forward"]])
        self.assertEqual([types.count(one) for one in ("brought_forward", "carried_forward", "open_item")],
                         [len(statement["currencies"])] * 2 + [sum(len(c["items"]) for c in statement["currencies"])])
        self.assertEqual(len(rows) - 1, sum(len(c["entries"]) + len(c["items"]) + 2 for c in statement["currencies"]))
        for given, words in ((self.PERIOD, "Statement of account"), ({**self.PERIOD, "lang": "zh"}, "对账单")):
            for page in (self.server.get(path, {**given, "format": "html"}),
                         self.server.get(path, given, Accept="text/html,application/xhtml+xml")):
                self.assertEqual((page.status, page.headers["Content-Type"]), (200, "text/html; charset=utf-8"))
                self.assertIn(words, page.text)
                self.assertIn("say &quot;hi&quot;, twice", page.text)
        # What has no such page is what it was for a browser too.
        self.assertEqual(self.server.get("/v1/customers", Accept="text/html").headers["Content-Type"],
                         "application/json")

    def reconcile(self, text, date="2024-06-30", content_type="text/csv", **parameters):
        return self.server.request("POST", "/v1/receivables/reconciliation", {"date": date, **parameters}, text,
                                   {"Content-Type": content_type})

    def test_finance_compares_its_own_ledger(self):
        # C1 was invoiced 1,234.56 CNY twice, 123,456 JPY and 123.456 KWD, and has paid 50.00 CNY.
        answer = self.reconcile("customer_id,document_id,currency,amount\r\n"
                                "C1,,CNY,2419.12\r\n"
                                "C1,P0,CNY,-50.00\r\n"
                                "C1,,JPY,0\r\n"
                                "C1,none,CNY,1\r\n"
                                "nobody,,CNY,5\r\n", partial="true")
        self.assertEqual(answer.status, 200, answer)
        lines = {(line["customer_id"], line["document_id"], line["currency"]): line for line in answer.json["lines"]}
        self.assertEqual(lines["C1", None, "CNY"]["state"], "agrees", lines)
        self.assertEqual(lines["C1", "P0", "CNY"]["state"], "agrees")
        self.assertEqual((lines["C1", None, "JPY"]["ours"], lines["C1", None, "JPY"]["state"]), ("123456", "differs"))
        self.assertEqual((lines["C1", "none", "CNY"]["state"], lines["C1", "none", "CNY"]["ours"]),
                         ("missing_here", None))
        self.assertEqual(lines["nobody", None, "CNY"]["state"], "missing_here")
        there = [line for line in answer.json["lines"] if line["state"] == "missing_there"]
        self.assertEqual(sorted(line["document_id"] for line in there), ["I0", "I1", "I2", "I3"])
        # A difference is explained by an entry of the days before.
        answer = self.reconcile("customer_id,currency,amount\nC1,JPY,0\n", date="2024-02-01").json["lines"]
        self.assertEqual([e["type"] for e in answer[0]["explained_by"]], ["invoice_issued"])
        as_csv = self.reconcile("customer_id,currency,amount\nC1,JPY,0\n", format="csv")
        self.assertEqual(as_csv.text.splitlines()[0],
                         "customer_id,document_id,currency,theirs,ours,difference,state,explained_by,customer_name")

    def test_files_that_cannot_be_compared(self):
        head = "customer_id,document_id,currency,amount\n"
        for text, field, index in (("a,b\n1,2\n", "a", 0), ("customer_id,currency\nC1,CNY\n", "amount", 0),
                                   (head + "C1,,CNY,1\n,,CNY,1\n", "customer_id", 1),
                                   (head + "C1,,XXZ,1\n", "currency", 0), (head + "C1,,CNY,1.005\n", "amount", 0),
                                   (head + "C1,,JPY,1.0\n", "amount", 0), (head + "C1,,CNY,much\n", "amount", 0),
                                   (head + "C1,,CNY,1\nC1,,CNY,2\n", "customer_id", 1)):
            answer = self.reconcile(text)
            with self.subTest(text=text):
                self.assertEqual(answer.status, 400, answer)
                self.assertEqual((answer.json["violations"][0]["field"], answer.json["violations"][0]["index"]),
                                 (field, index))
        self.assertEqual(self.reconcile(head, date="2024-02-30").json["violations"][0]["field"], "date")
        self.assertEqual(self.reconcile("{}", content_type="application/json").status, 415)

    def test_the_command_line_says_the_same(self):
        path = self.dir / "ledger.csv"
        with open(path, "w", encoding="utf-8") as file:
            file.write("customer_id,currency,amount\nC1,JPY,0\n")
        said = self.run_daybook("reconcile", path, "--date", "2024-06-30", "--url", self.server.url, "--output", "csv")
        same = self.reconcile("customer_id,currency,amount\nC1,JPY,0\n", format="csv").text
        self.assertEqual(said.stdout.splitlines(), same.splitlines())
        bridge = self.run_daybook("query", "bridge", "--from", "2024-01-01", "--to", "2024-12-31", "--url",
                                  self.server.url, "--output", "csv")
        same = self.server.get("/v1/receivables/bridge", {**self.PERIOD, "format": "csv"}).text
        self.assertEqual(bridge.stdout.splitlines(), same.splitlines())
        page = self.run_daybook("query", "customers/C1/statement", "--from", "2024-01-01", "--to", "2024-12-31",
                                "--url", self.server.url, "--output", "html")
        self.assertIn("Statement of account", page.stdout)


class Documents(Interface):
    def test_ids_of_several_accounts(self):
        answer = self.server.get("/v1/invoices/I1")
        self.assertEqual(answer.status, 409)
        self.assertEqual(answer.json["accounts"], sorted(CUSTOMERS, key=str.encode))
        for customer in CUSTOMERS:
            page = self.server.ask("/v1/invoices/I1", customer_id=customer)
            self.assertEqual(page["customer_id"], customer)
        self.assertEqual(self.server.get("/v1/invoices/I1", {"customer_id": "nobody"}).status, 404)

    def test_ids_in_paths_are_percent_encoded(self):
        for customer in CUSTOMERS:
            page = self.server.ask("/v1/customers/" + quote(customer, safe=""))
            self.assertEqual(page["customer_id"], customer)


class Positions(Case):
    def test_a_caller_reads_its_own_writes(self):
        server = self.daybook("data", "--partitions", 4).start()
        for i in range(50):
            place, = server.publish([event(f"e{i}", "C1", invoice_issued={
                "invoice_id": f"I{i}", "currency": "CNY", "net_minor": "100", "issue_date": "2024-05-01"})])
            position = f"{place['topic']}:{place['partition']}:{place['offset']}"
            page = server.ask("/v1/receivables/ageing", min_position=position)
            self.assertEqual(page["totals"][0]["gross_open"], f"{i + 1}.00")
            folded = {(p["topic"], p["partition"]): p["next_offset"] for p in page["positions"]}
            self.assertGreater(folded[place["topic"], place["partition"]], place["offset"])
        ahead = f"{place['topic']}:{place['partition']}:{place['offset'] + 1}"
        answer = server.get("/v1/receivables/ageing", {"min_position": ahead, "wait_ms": 200})
        self.assertEqual(answer.status, 503)
        self.assertIn(ahead, answer.json["detail"])
        both = server.get("/v1/receivables/ageing", {"min_position": f"{position},{ahead}", "wait_ms": 0})
        self.assertEqual(both.status, 503)


if __name__ == "__main__":
    main()
