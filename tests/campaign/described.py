"""What /openapi.json says: its operations, and whether an answer is as it says."""
import csv
import datetime
import io
import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e"))
from workbook import rows_of  # noqa: E402

DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
INSTANT = re.compile(r"(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]\d{2}:\d{2})")
BUCKET = re.compile(r"\d+-\d+|\d+\+")  # A list of amounts has its labels as columns.


def is_date(text):
    if not DATE.fullmatch(text):
        return False
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def is_instant(text):
    match = INSTANT.fullmatch(text)
    return match is not None and is_date(match[1])


FORMATS = {"date": is_date, "date-time": is_instant}
TYPES = {"null": lambda v: v is None, "boolean": lambda v: isinstance(v, bool), "string": lambda v: isinstance(v, str),
         "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
         "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
         "array": lambda v: isinstance(v, list), "object": lambda v: isinstance(v, dict)}
KNOWN_WORDS = {"type", "format", "enum", "const", "minimum", "maximum", "minLength", "maxLength", "pattern", "minItems",
               "maxItems", "uniqueItems", "items", "properties", "required", "additionalProperties", "oneOf", "anyOf",
               "description", "default", "examples", "title", "contentMediaType", "$ref"}


class Unmet(Exception):
    """An answer that is not as described."""


class Operation:
    def __init__(self, document, path, method, described):
        self.document, self.path, self.method = document, path, method.upper()
        self.id = described.get("operationId")
        self.parameters = described.get("parameters", [])
        self.bodies = described.get("requestBody", {}).get("content", {})
        self.responses = described["responses"]

    def __str__(self):
        return f"{self.method} {self.path}"

    @property
    def query(self):
        return [p for p in self.parameters if p["in"] == "query"]

    def check(self, status, content_type, body, given=(), bodyless=False):
        """Whether this answer to these parameters is one that is described; raises Unmet."""
        response = self.responses.get(str(status))
        if response is None:
            raise Unmet(f"status {status} is not described for {self}")
        media = content_type.split(";")[0].strip()
        content = response.get("content", {})
        if media not in content:
            raise Unmet(f"content type {content_type!r} is not described for {status} of {self}, which has {list(content)}")
        if bodyless:
            return
        if media.endswith("spreadsheetml.sheet"):
            return self.check_workbook(body)
        text = body.decode("utf-8", "strict")
        if media.endswith("json"):
            value = json.loads(text)
            self.document.check(content[media]["schema"], value, media)
            if media == "application/problem+json" and value["status"] != status:
                raise Unmet(f"a problem of status {value['status']} comes with {status}")
        elif media == "text/csv":
            self.check_csv(text, dict(given))

    def check_workbook(self, body):
        header = [value for _, value in next(rows_of(body), [])]
        expected = self.document.columns(self)
        if not fits_columns(header, expected):
            raise Unmet(f"the workbook has the columns {header}, and its rows are described with {expected}")

    def check_csv(self, text, given):
        if text.startswith("\ufeff") != (given.get("bom") == "true"):
            raise Unmet("a byte order mark that was not asked for, or none")
        separator = given.get("separator", ",")
        lines = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True,
                           delimiter="\t" if separator == "tab" else separator)
        header = next(lines, None)
        if header is None:
            raise Unmet("a CSV without its header")
        expected = self.document.columns(self)
        if not fits_columns(header, expected):
            raise Unmet(f"the CSV has the columns {header}, and its rows are described with {expected}")
        for number, line in enumerate(lines, 2):
            if len(line) != len(header):
                raise Unmet(f"line {number} of the CSV has {len(line)} fields, and its header {len(header)}")


def fits_columns(header, expected):
    """`expected`: (name, kind) in order, with kind "given" of names that the question decides, "absent" of such that a
    question may leave out."""
    at = 0
    for name, kind in expected:
        if kind == "given":
            while at < len(header) and (header[at].startswith(name + ".") or header[at] == name):
                at += 1
        elif at < len(header) and header[at] == name:
            at += 1
        elif kind == "labels":
            while at < len(header) and BUCKET.fullmatch(header[at]):
                at += 1
        elif kind != "absent":
            return False
    return at == len(header)


class Document:
    def __init__(self, text):
        self.all = json.loads(text)
        self.operations = [Operation(self, path, method, described)
                           for path, item in self.all["paths"].items() for method, described in item.items()
                           if "text/event-stream" not in described["responses"]["200"]["content"]]  # Those never end.
        ids = [operation.id for operation in self.operations]
        if None in ids or len(set(ids)) != len(ids):
            raise Unmet(f"operationIds are missing, or given twice: {ids}")
        self.methods = {}
        for operation in self.operations:
            self.methods.setdefault(operation.path, set()).add(operation.method)

    def resolve(self, schema):
        while "$ref" in schema:
            value = self.all
            for part in schema["$ref"].removeprefix("#/").split("/"):
                value = value[part]
            schema = value
        return schema

    def columns(self, operation):
        """(name, kind) of the CSV of an operation: the fields of its rows."""
        found = []
        rows = self.resolve(operation.responses["200"]["content"]["text/csv"]["schema"])
        self.add_columns("", self.resolve(rows["items"]), found, True)
        return found

    def add_columns(self, prefix, schema, found, always):
        required = schema.get("required", ())
        for name, field in schema["properties"].items():
            field = self.resolve(field)
            kept = always and name in required
            if "properties" in field:
                self.add_columns(f"{prefix}{name}.", field, found, kept)
            elif field["type"] in ("object", ["object", "null"]):
                found.append((prefix + name, "given"))
            elif field["type"] == "array" and self.resolve(field["items"]).get("description"):
                found.append((prefix + name, "labels"))  # Amounts: one by one, each under its label.
            else:
                found.append((prefix + name, "kept" if kept else "absent"))

    def check(self, schema, value, at):
        schema = self.resolve(schema)
        strange = set(schema) - KNOWN_WORDS
        if strange:
            raise Unmet(f"{at}: the schema has {strange}, which this campaign does not check")
        self.check_kind(schema, value, at)
        if isinstance(value, str):
            self.check_text(schema, value, at)
        elif isinstance(value, list):
            self.check_list(schema, value, at)
        elif isinstance(value, dict):
            self.check_object(schema, value, at)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            if not schema.get("minimum", value) <= value <= schema.get("maximum", value):
                raise Unmet(f"{at} is {value}, out of the described range")
        for word in ("oneOf", "anyOf"):
            if word in schema:
                fits = sum(self.fits(one, value, at) for one in schema[word])
                if fits == 0 or (word == "oneOf" and fits > 1):
                    raise Unmet(f"{at} is {fits} of its {word}: {str(value)[:200]}")

    def fits(self, schema, value, at):
        try:
            self.check(schema, value, at)
            return True
        except Unmet:
            return False

    @staticmethod
    def check_kind(schema, value, at):
        kinds = schema.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if kinds and not any(TYPES[kind](value) for kind in kinds):
            raise Unmet(f"{at} is {str(value)[:100]!r}, and described as {kinds}")
        if "enum" in schema and value not in schema["enum"]:
            raise Unmet(f"{at} is {value!r}, which is none of its enum")
        if "const" in schema and value != schema["const"]:
            raise Unmet(f"{at} is {value!r}, not {schema['const']!r}")

    @staticmethod
    def check_text(schema, value, at):
        if not FORMATS.get(schema.get("format"), lambda text: True)(value):
            raise Unmet(f"{at} is {value!r}, which is no {schema['format']}")
        if "pattern" in schema and not re.search(schema["pattern"], value):
            raise Unmet(f"{at} is {value!r}, which does not match {schema['pattern']}")
        if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
            raise Unmet(f"{at} has {len(value)} characters")

    def check_list(self, schema, value, at):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            raise Unmet(f"{at} has {len(value)} entries")
        for number, item in enumerate(value):
            self.check(schema.get("items", {}), item, f"{at}[{number}]")

    def check_object(self, schema, value, at):
        fields = schema.get("properties", {})
        missing = [name for name in schema.get("required", ()) if name not in value]
        if missing:
            raise Unmet(f"{at} lacks {missing}")
        others = schema.get("additionalProperties", True)
        for name, member in value.items():
            if name in fields:
                self.check(fields[name], member, f"{at}.{name}")
            elif isinstance(others, dict):
                self.check(others, member, f"{at}.{name}")
            elif others is False:
                raise Unmet(f"{at}.{name} is not described")
