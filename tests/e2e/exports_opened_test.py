"""Workbooks opened by others, openpyxl and LibreOffice, against the JSON of the same question: each report under many
filters, to the last digit of each amount, with texts that want to be something else.

Needs Debian's python3-openpyxl. LibreOffice, which is large, is asked where DAYBOOK_TEST_OFFICE names its program:
deploy/dev/office.sh installs it and does so.
"""
import copy
import csv
import io
import json
import os
import random
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote

import openpyxl

from harness import Case, Daybook, generate, main
from workbook import unescaped

OFFICE = os.environ.get("DAYBOOK_TEST_OFFICE")
COMBINATIONS = 260
SEED = 11
MARK = "FFF2CC"

# What ids and labels look like: {} is what tells them apart.
LABELS = ("=1+1+{}", "+{}", "-12-{}", "@SUM({})", "=HYPERLINK(\"http://x.invalid\",\"{}\")", "<b>{}</b>&amp;<!--", "\"{}\",';|\\",
          "'{}", "\u05e9\u05dc\u05d5\u05dd {}", "\u0645\u0631\u062d\u0628\u0627-{}", "00{}", "1E5{}", "2024-01-01 {}", "TRUE{}", "_x0041_{}",
          "\uff1d1+{}", "{}%2F+&?#", "{{={}}}", "]]>{}", "{}" + "\u957f" * 99)
REGIONS = ("={}", "+{}", "-{}", "@{}", "<i>{}", "\"{}\"", "\u05d0{}", "{}&lt;")
FREE = "{}<script>alert('1')</script>\n=1+1\t\"\u05e9\u05dc\u05d5\u05dd\" \u202d12"


class Disguise:
    """Events with other ids, labels and free texts, the same wherever they are named."""
    LABELLED = re.compile(r"(.*_id|sales_rep|channel|sku|grade|warehouse|reason_code|carrier|source)")
    FREE = {"name", "note", "signed_by", "reference"}

    def __init__(self):
        self.labels = {}
        self.parts = {}

    def label(self, text):
        if text not in self.labels:
            pattern = LABELS[len(self.labels) % len(LABELS)]
            label = pattern.format(text)
            while len(label.encode()) > 128:
                label = label[:-1]
            self.labels[text] = label
        return self.labels[text]

    def region(self, path):
        return "/".join(self.parts.setdefault(part, REGIONS[len(self.parts) % len(REGIONS)].format(part)) for part in path.split("/"))

    def event(self, event):
        event = copy.deepcopy(event)
        account = event["customer_id"]
        self.within(event)
        target = event.get("sales_target_set")
        if account.startswith("fx:"):
            event["customer_id"] = account
        elif target:
            event["customer_id"] = "target:" + (target.get("region") or target["sales_rep"])
        return event

    def within(self, fields):
        for name, value in fields.items():
            if isinstance(value, dict):
                self.within(value)
            elif isinstance(value, list):
                fields[name] = [self.label(each) if isinstance(each, str) else each for each in value]
                for each in value:
                    if isinstance(each, dict):
                        self.within(each)
            elif not isinstance(value, str):
                continue
            elif name == "region":
                fields[name] = self.region(value)
            elif name in self.FREE:
                fields[name] = FREE.format(value)
            elif self.LABELLED.fullmatch(name):
                fields[name] = self.label(value)


def large_amounts():
    """Numbers of more digits than a spreadsheet keeps, and of as many; dates that it does not know."""
    for number, (currency, amount, issued) in enumerate((
            ("JPY", 10 ** 15, "1900-01-01"), ("KWD", 10 ** 15 - 1, "1900-02-28"), ("CNY", 999_999_999_999_999, "1900-03-01"),
            ("JPY", 999_999_999_999_999, "2199-12-31"), ("CNY", 123_456_789_012_345, "2024-02-29"), ("KWD", 1, "2024-01-01"),
            ("EUR", 10 ** 15, "2024-01-01"), ("EUR", 10 ** 15, "2024-01-02"))):
        yield {"event_id": f"large{number}", "customer_id": "L\u0644", "source": "test", "occurred_at": "2024-01-01T00:00:00Z",
               "invoice_issued": {"invoice_id": f"=L{number}", "kind": "INVOICE", "currency": currency, "net_minor": str(amount),
                                  "tax_minor": "0", "issue_date": issued, "due_date": issued}}


class Schemas:
    """What /openapi.json says that fields are."""

    def __init__(self, document):
        self.document = document

    def resolved(self, schema):
        while "$ref" in schema:
            schema = self.document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        return schema

    def of(self, schema, name):
        schema = self.resolved(schema)
        found = schema.get("properties", {}).get(name) or schema.get("additionalProperties") or {}
        return self.resolved(found)

    @staticmethod
    def kind(schema):
        types = schema.get("type", "string")
        types = [types] if isinstance(types, str) else types
        kind = next(each for each in types if each != "null")
        if kind in ("integer", "number") or re.match("Decimal |To 2 decimals|A share", schema.get("description", "")):
            return "number"
        return schema.get("format", "text") if kind == "string" else kind


class Expected:
    """The columns of a row of JSON: (name, kind, value), None where a cell is empty."""

    def __init__(self, schemas, labels):
        self.schemas = schemas
        self.labels = labels

    def columns(self, row, schema, prefix=""):
        for name, value in row.items():
            of = self.schemas.of(schema, name)
            if name == "buckets" and self.labels:
                yield from ((prefix + label, "number", amount) for label, amount in zip(self.labels, value, strict=True))
            elif isinstance(value, dict):
                yield from self.columns(value, of, f"{prefix}{name}.")
            elif isinstance(value, list):
                yield prefix + name, "list", value
            else:
                yield prefix + name, self.schemas.kind(of), value


def digits(number):
    return len(re.sub(r"\D", "", number).lstrip("0")) or 1


class ExportsOpened(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = Path(tempfile.mkdtemp(prefix="daybook-e2e-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.server = Daybook(cls.folder / "data", "--partitions", 3).start()
        cls.addClassCleanup(lambda: cls.server.kill())
        disguise = Disguise()
        cls.disguise = disguise
        # Of those whose own ids are short.
        seeds = [seed for seed in range(40) if not generate.Hostile(seed).tail][:4]
        for seed in seeds:
            cls.server.publish([disguise.event(event) for event in generate.hostile(seed, 400)])
        cls.server.publish(list(large_amounts()))
        cls.server.wait_ready().wait_folded()
        cls.document = cls.server.ask("/openapi.json")
        cls.schemas = Schemas(cls.document)

    # --- what is asked

    def values(self, parameter):
        """Some that a parameter may have."""
        schema = parameter["schema"]
        if parameter["name"] == "region":
            return [self.disguise.region(region) for region in ("CN/South", "CN", "\u4e2d\u56fd")] + ["unassigned"]
        named = {"customer_id": ["C1", "C2", "\u5ba2\u62373"], "sales_rep": ["r1", "r2"], "sku": ["s1", "s2"], "channel": ["web"],
                 "warehouse": ["W1"], "grade": ["A", "B"]}
        if parameter["name"] in named:
            return [self.disguise.label(value) for value in named[parameter["name"]]]
        given = {"currency": ["CNY", "JPY"], "base_currency": ["EUR"], "as_of": ["2024-01-31", "2199-12-31"],
                 "known_at": ["2199-12-31", self.middle], "aged_on": ["2024-02-29", "2199-12-31"], "buckets": ["10,20", "1"],
                 "minimum": ["2.5"], "grace_days": ["0"], "levels": ["1,90"], "bucket": ["not_due", "1-30"], "period": ["2024-01"]}
        if parameter["name"] in given:
            return given[parameter["name"]]
        if parameter["name"] in ("group_by", "state", "type", "kind", "credits", "basis", "details", "grain", "attributes", "measure", "promise",
                                 "compare"):
            return schema.get("enum") or schema.get("items", {}).get("enum") or parameter.get("examples", [])
        return []

    NEEDED = {"from": "2000-01-01", "to": "2024-12-31", "known_from": "2000-01-01", "known_to": "2199-12-31", "period": "2024-03",
              "baseline": "2024-02", "q": "="}

    def combinations(self):
        """(path, parameters) of every report with rows: plain, under each filter, and under several."""
        choose = random.Random(SEED)
        plain, single, several = [], [], []
        for path, operations in sorted(self.document["paths"].items()):
            described = operations.get("get")
            if described is None or not any("spreadsheetml" in media for media in described["responses"]["200"].get("content", {})):
                continue
            parameters = described["parameters"]
            base = {p["name"]: self.NEEDED[p["name"]] for p in parameters if p.get("required") and p["in"] == "query"}
            for part in re.findall(r"\{(\w+)\}", path):
                path = path.replace("{%s}" % part, quote(self.disguise.label("C1"), safe=""))
            plain.append((path, base))
            filters = [(p["name"], value) for p in parameters if p["in"] == "query" for value in self.values(p)]
            single += [(path, {**base, name: value}) for name, value in filters]
            several += [(path, {**base, **dict(choose.sample(filters, min(3, len(filters))))}) for _ in range(3 if filters else 0)]
        choose.shuffle(single)
        return plain + single[:COMBINATIONS - len(plain) - len(several)] + several

    def whole(self, path, parameters):
        """All pages as one; nothing where it is refused."""
        answer, token, name = None, None, self.rows_name(path)
        while True:
            pages = {} if name is None else {"page_size": 1000}
            page = self.server.get(path, {**parameters, **pages, **({"page_token": token} if token else {})})
            if page.status != 200:
                self.assertEqual(page.status, 400, page)
                return None
            page = json.loads(page.text, parse_float=Decimal)
            if answer is None:
                answer = page
            elif name:
                answer[name] += page[name]
            token = page.get("next_page_token")
            # A search is its first results.
            if token is None or path == "/v1/search":
                return answer

    def operation(self, path):
        found = next(described for described in self.document["paths"]
                     if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", described), path))
        (described,) = self.document["paths"][found].values()
        return described["responses"]["200"]["content"]["application/json"]["schema"]

    def rows_name(self, path):
        return {"/v1/customers": "customers", "/v1/search": "results"}.get(path) or next(
            (name for name, value in self.operation(path)["properties"].items()
             if value.get("type") == "array" and "$ref" in value["items"] and value["items"]["$ref"].endswith(".row")), None)

    # --- what is found

    def check_cell(self, cell, kind, value, where):
        if cell is None or cell.value is None:
            self.assertIn(value, (None, ""), where)
            return
        self.assertIsNotNone(value, (where, cell.value))
        self.seen[kind] += 1
        if kind == "number":
            self.check_number(cell, str(value), where)
        elif kind == "boolean":
            # LibreOffice writes those that it read as functions of none.
            as_read = {"=TRUE()": True, "=FALSE()": False}.get(cell.value, cell.value)
            self.assertEqual(as_read, value, where)
        elif kind == "date" and value >= "1900-03-01":
            self.assertTrue(cell.is_date, where)
            self.assertEqual((cell.value.date().isoformat(), cell.number_format.replace("\\", "")), (value, "yyyy-mm-dd"), where)
        elif kind == "list":
            self.assertEqual(cell.data_type, "s", where)
            self.assertIn(value, [json.loads(text, parse_float=Decimal) for text in self.texts_of(cell)], where)
        else:
            self.assertEqual(cell.data_type, "s", where)
            self.assertIn(value, self.texts_of(cell), where)
            self.texts.add(value)

    @staticmethod
    def texts_of(cell):
        """As it stands and as it is meant: openpyxl and LibreOffice read _x0041_ as a character here and not there."""
        return cell.value, unescaped(cell.value)

    def check_number(self, cell, text, where):
        if digits(text) > 15:
            self.seen["marked"] += 1
            self.assertEqual((cell.data_type, cell.value, cell.number_format), ("s", text, "@"), where)
            self.assertEqual(cell.fill.fgColor.rgb[-6:], MARK, where)
            return
        decimals = len(text.partition(".")[2])
        self.assertEqual(cell.data_type, "n", where)
        self.assertEqual(Decimal(repr(cell.value)), Decimal(text), where)
        self.assertEqual(cell.number_format, "#,##0" + "." * (decimals > 0) + "0" * decimals, where)

    def check_rows(self, sheet, rows, expected, schema, where):
        lines = list(sheet.iter_rows())
        header = [unescaped(cell.value) for cell in lines[0]] if lines else []
        self.assertEqual(len(lines) - 1, len(rows), where)
        for line, row in zip(lines[1:], rows):
            cells = dict(zip(header, line))
            columns = {name: (kind, value) for name, kind, value in expected.columns(row, schema)}
            for name, cell in cells.items():
                # Of an object that is null each column is empty.
                self.check_cell(cell, *columns.get(name, ("", None)), (*where, name))
            # An object that is null has no column of its own.
            missing = {name for name, (_, value) in columns.items() if value is not None} - cells.keys()
            self.assertEqual(missing, set(), where)

    def check_cover(self, sheet, answer, count, expected, where):
        lines = [[cell for cell in row] for row in sheet.iter_rows()]
        facts = {line[0].value: line[1] for line in lines if line and line[0].value is not None and len(line) > 1}
        self.assertEqual(facts["rows"].value, count, where)
        self.assertEqual(facts["as_of"].value.date().isoformat(), answer["as_of"], where)
        totals = answer.get("totals")
        if not isinstance(totals, list):
            return
        at = next(number for number, line in enumerate(lines) if line[0].value == "totals" and line[0].font.b)
        if not totals:
            return
        header = [cell.value for cell in lines[at + 1] if cell.value is not None]
        schema = self.schemas.resolved(self.operation(where[0])["properties"]["totals"]["items"])
        for number, row in enumerate(totals):
            columns = {name: (kind, value) for name, kind, value in expected.columns(row, schema)}
            self.assertEqual(len(header), len(columns), (*where, header))
            for name, cell in zip(header, lines[at + 2 + number]):
                self.check_cell(cell, *columns[name], (*where, "totals", name))

    def statement_lines(self, answer, schema):
        """A statement has its balances and its open items as lines too."""
        of = self.schemas.of(schema, "currencies")["items"]
        fields = [self.schemas.resolved(self.schemas.of(of, name)["items"])["properties"] for name in ("items", "entries")]
        lines = []
        for one in answer["currencies"]:
            currency = {"currency": one["currency"]}
            lines.append({**currency, "date": answer["from"], "type": "brought_forward", "running_balance": one["brought_forward"]})
            lines += [{**currency, **entry} for entry in one["entries"]]
            lines.append({**currency, "date": answer["to"], "type": "carried_forward", "running_balance": one["carried_forward"]})
            for item in one["items"]:
                shown = ("document_id", "due_date", "kind", "instalment", "days_overdue", "open", "disputed")
                lines.append({**currency, "date": item["issue_date"], "type": "open_item", **{name: item[name] for name in shown}})
        return {"properties": {**fields[0], **fields[1]}}, lines

    def check(self, file, path, parameters, answer):
        where = (path, parameters)
        book = openpyxl.load_workbook(file)
        name = self.rows_name(path)
        expected = Expected(self.schemas, answer.get("buckets"))
        if name is None:
            schema, rows = self.statement_lines(answer, self.operation(path))
        else:
            schema, rows = self.schemas.resolved(self.operation(path)["properties"][name]["items"]), answer[name]
        self.assertEqual(len(book.worksheets), 2, where)
        self.check_rows(book.worksheets[1], rows, expected, schema, where)
        ours = isinstance(file, io.BytesIO)
        if ours:   # Without a window another writes none.
            self.assertEqual((book.worksheets[1].freeze_panes, book.worksheets[1].auto_filter.ref is None), ("A2", False), where)
        self.check_cover(book.worksheets[0], answer, len(rows), expected, where)
        for sheet in book.worksheets:
            formulas = [cell.coordinate for row in sheet.iter_rows() for cell in row
                        if cell.data_type == "f" and (ours or cell.value not in ("=TRUE()", "=FALSE()"))]
            self.assertEqual(formulas, [], where)

    def test_workbooks_have_what_the_answers_have(self):
        self.seen, self.texts = Counter(), set()
        self.middle = self.server.ask("/v1/receivables/entries", **{"from": "2024-01-01", "to": "2024-12-31"}, page_size=1)[
            "entries"][0]["event"]["recorded_at"]
        asked = []
        for path, parameters in self.combinations():
            answer = self.whole(path, parameters)
            file = self.server.get(path, {**parameters, "format": "xlsx"})
            if answer is None:
                self.assertEqual(file.status, 400, file)
                continue
            self.assertEqual(file.status, 200, (path, parameters, file))
            self.check(io.BytesIO(file.body), path, parameters, answer)
            asked.append((path, parameters, answer, file.body))
        asked += self.reconciled()
        self.assertGreaterEqual(len(asked), 200)
        self.assertGreaterEqual(len({path for path, *_ in asked}), 22)
        for kind, least in (("number", 5000), ("date", 1000), ("boolean", 100), ("list", 50), ("text", 5000), ("date-time", 1000), ("marked", 20)):
            self.assertGreater(self.seen[kind], least, (kind, self.seen))
        labels = list(self.disguise.labels.values())
        for number, pattern in enumerate(LABELS):
            self.assertTrue(self.texts & set(labels[number::len(LABELS)]), pattern)
        parts = {part for text in self.texts for part in text.split("/")}
        self.assertLessEqual(set(self.disguise.parts.values()), parts)
        self.assertTrue(any("<script>" in text for text in self.texts))
        self.assertEqual(max(len(text.encode()) for text in self.texts & set(labels)), 128)
        if OFFICE:
            self.check_in_office(asked)

    def reconciled(self):
        """Another's ledger against ours: (path, parameters, answer, workbook)."""
        path = "/v1/receivables/reconciliation"
        ledger = io.StringIO()
        lines = csv.writer(ledger)
        lines.writerow(("customer_id", "currency", "amount"))
        for customer in self.whole("/v1/customers", {})["customers"]:
            lines.writerows((customer["customer_id"], each["currency"], "1000000000000") for each in customer["balances"])
        for parameters in ({"date": "2024-02-29"}, {"date": "2199-12-31", "only": "differences"}):
            answers = [self.server.request("POST", path, {**parameters, "format": form}, ledger.getvalue().encode(), {"Content-Type": "text/csv"})
                       for form in ("json", "xlsx")]
            self.assertEqual([answer.status for answer in answers], [200, 200], answers)
            answer = json.loads(answers[0].text, parse_float=Decimal)
            self.check(io.BytesIO(answers[1].body), path, parameters, answer)
            yield path, parameters, answer, answers[1].body

    def check_in_office(self, asked):
        """The same of what LibreOffice writes of what it read; of CSV that nothing becomes a formula."""
        came, made = self.folder / "came", self.folder / "made"
        came.mkdir()
        for number, (path, parameters, _, body) in enumerate(asked):
            (came / f"{number:03}.xlsx").write_bytes(body)
            if number % 8 == 0:
                text = self.server.get(path, {**parameters, "format": "csv", "bom": "true"})
                (came / f"{number:03}-text.csv").write_bytes(text.body)
        program = OFFICE
        files = sorted(came.iterdir())
        while files:   # Of more than some 250 it leaves some out, without a word.
            some, files = files[:100], files[100:]
            done = subprocess.run([program, f"-env:UserInstallation=file://{self.folder}/office", "--headless", "--convert-to", "xlsx",
                                   "--outdir", made, *some], capture_output=True, text=True, timeout=900)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual([file.name for file in some if not (made / f"{file.stem}.xlsx").exists()], [], done.stderr)
        self.seen = Counter()
        for number, (path, parameters, answer, _) in enumerate(asked):
            self.check(made / f"{number:03}.xlsx", path, parameters, answer)
        self.assertGreater(self.seen["marked"], 20)
        texts = list(made.glob("*-text.xlsx"))
        self.assertGreaterEqual(len(texts), 20)
        for file in texts:
            formulas = [cell.value for row in openpyxl.load_workbook(file).active.iter_rows() for cell in row if cell.data_type == "f"]
            self.assertEqual(formulas, [], file)


if __name__ == "__main__":
    main()
