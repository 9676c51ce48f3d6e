"""Requests made from /openapi.json: for every operation, valid ones, those at the borders, and wrong ones."""
import dataclasses
import json
import re
import urllib.parse

FIRST, LAST, TODAY = "1900-01-01", "2199-12-31", "2024-06-30"

WRONG_DATES = ("", "1899-12-31", "2200-01-01", "2023-02-29", "2024-13-01", "2024-1-1", "20240101", " 2024-01-01",
               "2024-01-01 ", "2024-01-01T00:00:00", "today", "-2024-01-01", "２０２４-01-01", "2024-01-01\x00")
WRONG_INSTANTS = ("", "yesterday", "1899-12-31", "2024-06-30T18:00:00", "2024-06-30T24:00:00Z", "2024-02-30T00:00:00Z",
                  "2024-06-30 18:00:00Z", "2024-06-30T18:00Z", "1719770400")
ACCEPTS = ("*/*", "application/json", "text/csv", "text/html", "text/html,application/xhtml+xml,*/*;q=0.8", "text/plain",
           "application/x-protobuf", "", "text/csv;q=0.1, application/json", "a" * 3000, "\t", "text/csv; charset=utf-8")
# Of what the contract allows in ids, what paths, queries, headers and files might stumble over.
ODD = ("/", "%", "?", "#", "&", "=", "+", ";", "..", ".", "\\", '"', "'", "<b>", "客", "é", "e\u0301", "😀", "ß", "İ",
       "\u00a0", "\u0000", " ", "~", "*", "|", "\ufffd", "\u200d", "\U0010ffff", "|", "%2F", "%00", "unassigned")


@dataclasses.dataclass
class Request:
    operation: object
    target: str
    method: str = ""           # The operation's own.
    headers: dict = dataclasses.field(default_factory=dict)
    body: bytes | None = None
    wrong: tuple = ()          # Where not empty: 400, and violations name one of these.
    statuses: tuple = ()       # Where not empty: one of these.
    waits_s: float = 0         # Beside what a request may take.
    given: list = dataclasses.field(default_factory=list)  # [(parameter, value)]
    allowed: set = dataclasses.field(default_factory=set)  # Methods, where this one is none of them.
    publishes: list | None = None
    may_be_anything: bool = False  # A 400 need name no parameter: the body, or the request as a whole, is wrong.

    def as_curl(self, url):
        words = ["curl", "-s", "-i", "-X", self.method]
        for name, value in self.headers.items():
            words += ["-H", f"{name}: {value}"]
        if self.body is not None:
            words += ["--data-binary", f"<{len(self.body)} bytes: {self.body[:300]!r}>"]
        return " ".join(word if re.fullmatch(r"[\w./:=-]+", word) else "'" + word.replace("'", "'\\''") + "'"
                        for word in (*words, url + self.target))


def quoted(text):
    return urllib.parse.quote(text, safe="")


class Known:
    """What the server has been told, and what it has answered, as questions can use it."""

    def __init__(self):
        self.values = {}      # {parameter: [values]}
        self.tokens = []      # (operation, parameters, token)
        self.positions = []

    def add(self, name, value):
        values = self.values.get(name, [])
        if value and value not in values and len(values) < 400:
            self.values.setdefault(name, []).append(value)

    def learn(self, event):
        """From an event that was taken."""
        if not event["customer_id"].startswith(("target:", "fx:")):
            self.add("customer_id", event["customer_id"])
        payload = next((value for value in event.values() if isinstance(value, dict)), {})
        for name in ("invoice_id", "order_id", "payment_id", "region", "sales_rep", "channel", "warehouse", "grade"):
            self.add(name, payload.get(name))
        for line in payload.get("lines", ()):
            self.add("sku", line.get("sku"))

    def place(self, position):
        self.positions.append(position)
        del self.positions[:-500]

    def keep(self, operation, parameters, token):
        self.tokens.append((operation, parameters, token))
        del self.tokens[:-50]


class Asking:
    """One client's requests, by its generator."""

    def __init__(self, document, rng, known, partitions):
        self.document, self.rng, self.known, self.partitions = document, rng, known, partitions
        self.number = 0

    def next(self):
        rng = self.rng
        operation = rng.choice(self.document.operations)
        if not operation.path.startswith("/v1/") and rng.random() < 0.8:
            operation = rng.choice(self.document.operations)
        turn = rng.random()
        if turn < 0.03:
            return self.wrong_method(operation)
        if turn < 0.05:
            return self.no_such_path(operation)
        if operation.path == "/v1/events":
            return self.publishing(operation)
        return self.question(operation)

    # Questions.

    def question(self, operation):
        rng = self.rng
        if self.known.tokens and rng.random() < 0.1:
            return self.next_page()
        wild = rng.random() < 0.5
        given = self.parameters(operation, wild)
        request = Request(operation, "", operation.method)
        if not wild:
            self.make_wrong(operation, given, request)
        request.target = self.target(operation, given)
        self.add_headers(operation, request)
        if wild:
            request.waits_s = self.wait_of(given)
        if operation.bodies:
            self.add_file(operation, request)
        request.given = given
        return request

    def parameters(self, operation, wild):
        """[(name, value)] that are all valid, each for itself; those that are not wild fit each other, too."""
        rng, given = self.rng, []
        for parameter in operation.query:
            name = parameter["name"]
            if not parameter["required"] and rng.random() > (0.35 if wild else 0.15):
                continue
            if not wild and name in ("level", "min_position", "wait_ms", "page_token", "as_of"):
                continue
            given.append((name, self.valid(parameter, wild)))
        if not wild:
            given = self.tamed(given)
        elif rng.random() < 0.25 and {"from", "to"} <= {name for name, _ in given}:
            given = [(name, {"from": FIRST, "to": LAST}.get(name, value)) for name, value in given]
        rng.shuffle(given)
        return given

    @staticmethod
    def tamed(given):
        """No `from` after `to`."""
        values = dict(given)
        for first, last in (("from", "to"), ("known_from", "known_to")):
            if first in values and last in values:
                values[first], values[last] = "2024-01-01", "2024-06-30"
        return list(values.items())

    def valid(self, parameter, wild=True):
        name, schema = parameter["name"], self.document.resolve(parameter["schema"])
        rng = self.rng
        if name == "page_token":
            return rng.choice([token for *_, token in self.known.tokens] or ["00" * 20])
        if name == "min_position":
            return self.position()
        if name == "wait_ms":
            return str(rng.choice((0, 1, 10, 200, 1000)))
        if "examples" in parameter and rng.random() < 0.2:
            return self.written(rng.choice(list(parameter["examples"].values()))["value"])
        return self.of_schema(name, schema)

    @staticmethod
    def written(value):
        return ",".join(str(one) for one in value) if isinstance(value, list) else str(value)

    def of_schema(self, name, schema):
        rng = self.rng
        for word in ("oneOf", "anyOf"):
            if word in schema:
                return self.of_schema(name, rng.choice(schema[word]))
        if "const" in schema:
            return str(schema["const"])
        if "enum" in schema:
            return str(rng.choice(schema["enum"]))
        if schema["type"] == "array":
            return self.list_of(name, schema)
        if schema["type"] == "integer":
            return str(rng.choice((schema["minimum"], schema["maximum"], rng.randint(schema["minimum"], schema["maximum"]))))
        if schema.get("format") == "date":
            return rng.choice((FIRST, LAST, TODAY, "2024-02-29", "2000-02-29", "2024-12-31", "2023-01-01",
                               f"20{rng.randrange(22, 26)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}"))
        if schema.get("format") == "date-time":
            return rng.choice(("2024-06-30T18:00:00Z", "1900-01-01T00:00:00Z", "2199-12-31T23:59:59.999Z",
                               "2026-01-01T00:00:00.5+08:00", "2024-06-30T18:00:00-11:30"))
        if "pattern" in schema:
            return rng.choice(schema["examples"])
        known = self.known.values.get(name, [])
        if known and rng.random() < 0.7:
            return rng.choice(known)
        return self.any_id()

    def list_of(self, name, schema):
        rng, items = self.rng, schema["items"]
        if "enum" in items:
            return ",".join(rng.sample(items["enum"], rng.randint(1, len(items["enum"]))))
        count = rng.choice((1, 2, 4, schema.get("maxItems", 10)))
        low, high = items["minimum"], items["maximum"]
        span = rng.choice((200, high))
        return ",".join(map(str, sorted(rng.sample(range(low, min(high, low + span) + 1), count))))

    def position(self):
        rng = self.rng
        if self.known.positions and rng.random() < 0.7:
            return ",".join(rng.sample(self.known.positions, min(len(self.known.positions), rng.choice((1, 1, 2, 20)))))
        return f"daybook.orders.v1:{rng.randrange(self.partitions)}:{rng.choice((0, 10 ** 9, 10 ** 17))}"

    def any_id(self):
        """1 to 128 bytes that an id may have."""
        rng = self.rng
        size, text = rng.choice((1, 5, 20, 128)), ""
        while True:
            more = text + rng.choice((*ODD, "A", "-", "7"))
            if len(more.encode()) > size:
                break
            text = more
        return text.replace("\u0000", "").strip() or "x"

    @staticmethod
    def wait_of(given):
        values = dict(given)
        return int(values.get("wait_ms", 5000)) / 1000 if "min_position" in values else 0

    # Wrong ones.

    def make_wrong(self, operation, given, request):
        """Half of the time nothing is."""
        rng = self.rng
        turn = rng.random()
        declared = {parameter["name"] for parameter in operation.query}
        if turn < 0.30 and declared:
            parameter = rng.choice(operation.query)
            value = self.invalid(parameter)
            if value is not None:
                given[:] = [(name, old) for name, old in given if name != parameter["name"]] + [(parameter["name"], value)]
                request.wrong = (parameter["name"],)
        elif turn < 0.38:
            required = [parameter["name"] for parameter in operation.query if parameter["required"]]
            if required:
                name = rng.choice(required)
                given[:] = [(other, value) for other, value in given if other != name]
                request.wrong = (name,)
        elif turn < 0.46:
            others = {p["name"] for other in self.document.operations for p in other.query} - declared
            name = rng.choice((*others, "no_such", "", "As_of", "as_of ", "客", "a" * 2000, "format[]", "<script>"))
            if name not in declared and name != "as_of ":
                given.append((name, "x"))
                request.wrong = (name,)
        elif turn < 0.52 and given:
            name, value = rng.choice(given)
            given.append((name, value))
            request.wrong = (name,)
        rng.shuffle(given)

    def invalid(self, parameter):
        """A value that the schema does not allow; None where it allows all."""
        name, schema = parameter["name"], self.document.resolve(parameter["schema"])
        rng = self.rng
        if name == "min_position":
            return rng.choice(("", "x", "daybook.orders.v1", "daybook.orders.v1:0", "daybook.orders.v1:0:-1", "nothing:0:0",
                               f"daybook.orders.v1:{self.partitions}:0", "daybook.orders.v1:0:0,", "::", ":0:0",
                               "daybook.orders.v1:0:99999999999999999999", "daybook.dead-letter.v1:0:0"))
        if name == "page_token":
            return rng.choice(("", "x", "0", "00", "zz" * 20, "00" * 500, "客", "0" * 33))
        return self.invalid_of(schema)

    def invalid_of(self, schema):
        rng = self.rng
        forms = [schema] + [one for word in ("oneOf", "anyOf") for one in schema.get(word, ())]
        formats = {form.get("format") for form in forms}
        if "date-time" in formats:
            return rng.choice(WRONG_INSTANTS)
        if "date" in formats:
            return rng.choice(WRONG_DATES)
        kinds = {form.get("type") for form in forms}
        if "array" in kinds:
            return self.invalid_list(next(form for form in forms if form.get("type") == "array"))
        if "integer" in kinds:
            least, most = schema["minimum"], schema["maximum"]
            return rng.choice((str(least - 1), str(most + 1), "", "x", "1.5", "1e3", " 1", "+1", "0x1", "9" * 30, "-", "１"))
        if "enum" in schema:
            one = rng.choice(schema["enum"])
            return rng.choice(("", "no-such", one.upper() + "_", one + " ", " " + one, one + "," + one, "\u0000"))
        if "pattern" in schema:
            return rng.choice(("", "no such", "-1", "1.2.3", "A..", "..", "é", "99999999999999999999"))
        return None

    def invalid_list(self, schema):
        rng, items = self.rng, schema["items"]
        if "enum" in items:
            one = rng.choice(items["enum"])
            return rng.choice(("", ",", one + ",", one + "," + one, "none," + one, "no-such", one + ";region", one.upper()))
        return rng.choice(("", ",", "0", "-1", "3,2", "3,3", "1,", "x", "1;2", str(items["maximum"] + 1), "1.5",
                           ",".join(map(str, range(1, schema["maxItems"] + 2)))))

    # What else a request has.

    def target(self, operation, given):
        path = re.sub(r"\{(\w+)\}", lambda match: quoted(self.subject(match[1])), operation.path)
        query = "&".join(f"{quoted(name)}={quoted(value)}" for name, value in given)
        return path + ("?" + query if query else self.rng.choice(("", "", "?", "?&&")))

    def subject(self, name):
        # Of a record: mostly one of those there are.
        if name == "topic" and self.rng.random() < 0.8:
            return f"daybook.{self.rng.choice(('invoices', 'orders', 'payments', 'reference', 'shipments'))}.v1"
        if name in ("partition", "offset"):
            return str(self.rng.choice((0, 1, 2, 3, 7, 20, 2 ** 31, 2 ** 63 - 1)))
        known = self.known.values.get(name, [])
        return self.rng.choice(known) if known and self.rng.random() < 0.7 else self.any_id()

    def add_headers(self, operation, request):
        rng = self.rng
        if rng.random() < 0.3:
            request.headers["Accept"] = rng.choice(ACCEPTS)
        if operation.method == "GET" and rng.random() < 0.03:
            request.method = "HEAD"

    def next_page(self):
        """The page that an answer has said is next; or, with another request, a token that is not its own."""
        rng = self.rng
        operation, target, token = rng.choice(self.known.tokens)
        request = Request(operation, target, operation.method)
        joint = "&" if "?" in target else "?"
        if rng.random() < 0.7:
            request.statuses = (200, 503)
        else:
            token, request.wrong = token[:-2] + "zz", ("page_token",)
        request.target += f"{joint}page_token={token}"
        request.given = [("page_token", token)]
        return request

    def wrong_method(self, operation):
        allowed = self.document.methods[operation.path] | {"HEAD"}
        method = self.rng.choice([m for m in ("PUT", "DELETE", "PATCH", "POST", "GET", "OPTIONS") if m not in allowed])
        request = Request(operation, self.target(operation, []), method, statuses=(405,))
        request.allowed = self.document.methods[operation.path]
        return request

    def no_such_path(self, operation):
        path = self.target(operation, [])
        path = self.rng.choice((path.split("?")[0] + "/none", "/v1", "/v2" + operation.path, "/v1//sales", "/v1/../v1/sales/x",
                                "/v1/%73ales%2F", "/" + quoted(self.any_id()) + "/x"))
        request = Request(operation, path, "GET", statuses=(404,))
        return request

    # Bodies.

    def add_file(self, operation, request):
        """A file to reconcile with."""
        rng = self.rng
        good = ["customer_id,document_id,currency,amount", "customer_id,currency,amount"]
        rows = [good[0]]
        for _ in range(rng.choice((0, 1, 20, 2000))):
            rows.append(f"{rng.choice(self.known.values.get('customer_id', ['C']))},"
                        f"{rng.choice(self.known.values.get('invoice_id', ['I']))},CNY,{rng.randrange(10 ** 6)}.{rng.randrange(100):02}")
        text = "\n".join(rows)
        request.headers["Content-Type"] = "text/csv"
        turn = rng.random()
        if turn < 0.2:
            text = rng.choice(("", "\n", "\x00" * 100, "a,b,c\n1,2,3", good[1], text + '\n"open', good[0] + "\nC,I,XXX,1",
                               good[0] + "\nC,I,CNY,x", "\ufeff" + text, "," * 100_000, good[0] + "\n" + "C," * 50_000))
        elif turn < 0.25 and not request.wrong:
            request.headers["Content-Type"] = rng.choice(("application/json", "text/plain", "", "text/csv2", "multipart/form-data"))
            request.statuses = (415, 400)
        request.body = text.encode()
        request.may_be_anything = True

    def publishing(self, operation):
        rng = self.rng
        kind = rng.choice(sorted(operation.bodies) + ["text/plain", "", "application/xml"])
        request = Request(operation, "/v1/events", "POST", {"Content-Type": kind})
        request.may_be_anything = True
        bare = rng.random() < 0.5
        events = [self.event(operation, bare) for _ in range(rng.choice((0, 1, 1, 3, 30) if bare else (1, 1, 2)))]
        broken = rng.random() < 0.4
        if broken and events:
            self.spoil(operation, rng.choice(events))
        if kind == "application/json":
            one = len(events) == 1 and rng.random() < 0.5
            request.body = json.dumps(events[0] if one else events, ensure_ascii=rng.random() < 0.5).encode()
        elif kind == "application/x-protobuf":
            request.body = rng.choice((b"", b"\x0a\x00", b"\x00" * 40, b"\x0a\xff\xff\xff\xff\x0f", rng.randbytes(rng.choice((1, 100, 5000)))))
        else:
            request.body = "".join(json.dumps(event) + "\n" for event in events).encode()
        if rng.random() < 0.15:
            request.body = rng.choice((request.body[:-3], b"[" * 10_000, b"null", b'"x"', b"\xff\xfe", request.body + b"}", b"[1,2]",
                                       b'{"event_id":' * 300, b" " * 100_000, b"1e999999999"))
        elif kind in ("application/json", "application/x-ndjson"):
            if events and not broken:
                # Between fields that may be there or not there are rules that no schema tells.
                request.statuses, request.publishes = (200, 429, 503) if bare else (200, 400, 429, 503), events
            elif events:
                request.statuses = (400, 429, 503)
        if kind not in operation.bodies:
            request.statuses = (415,)
        return request

    def event(self, operation, bare):
        """The envelope, and a payload: of the fields that it must have, or of some others, too."""
        self.number += 1
        number = f"{self.rng.getrandbits(60):x}-{self.number}"
        schema = self.document.resolve(operation.bodies["application/json"]["schema"]["oneOf"][0])
        return made_event(self, schema, number, bare)

    def spoil(self, operation, event):
        rng = self.rng
        name = next(name for name, value in event.items() if isinstance(value, dict))
        fields = self.fields_of(operation, name)
        turn = rng.randrange(6)
        if turn == 0:
            event["no_such_field"] = 1
        elif turn == 1:
            event[name]["no_such_field"] = {"a": [1]}
        elif turn == 2:
            del event[rng.choice(("event_id", "customer_id", "source", "occurred_at"))]
        elif turn == 3:
            event["occurred_at"] = rng.choice(("", "yesterday", 5, "2024-06-30", "0001-01-01T00:00:00Z", None, "2200-01-01T00:00:00Z"))
        elif turn == 4:
            field = rng.choice(sorted(event[name]) or ["no_such_field"])
            event[name][field] = rng.choice(({"x": 1}, [[]], True if "boolean" not in str(fields.get(field)) else 7))
        else:
            event["event_id"] = rng.choice(("", "a" * 129, "a\u0000b", " a", "a\u200b", 7, ["a"]))

    def fields_of(self, operation, payload):
        schema = self.document.resolve(operation.bodies["application/json"]["schema"]["oneOf"][0])
        return self.document.resolve(schema["properties"][payload])["properties"]

    # What asks for as much as there is.

    def export(self):
        operation = self.rng.choice([o for o in self.document.operations
                                     if "text/csv" in o.responses["200"]["content"] and "{" not in o.path and not o.bodies])
        given = []
        for parameter in operation.query:
            name, schema = parameter["name"], self.document.resolve(parameter["schema"])
            choices = schema.get("enum", ())
            lists = [one["items"]["enum"] for one in schema.get("oneOf", ()) if one.get("type") == "array" and "enum" in one["items"]]
            widest = {"from": FIRST, "to": LAST, "known_from": FIRST, "known_to": LAST, "grain": "day", "format": "csv", "state": "all"}
            if name in widest and (name != "state" or "all" in choices):
                given.append((name, widest[name]))
            elif lists:
                given.append((name, ",".join(lists[0])))
            elif name == "group_by" and "customer" in choices:
                given.append((name, "customer"))
            elif parameter["required"]:
                given.append((name, self.valid(parameter)))
        request = Request(operation, self.target(operation, given), operation.method)
        request.given = given
        return request


def made_event(asking, schema, number, bare):
    rng = asking.rng
    name = rng.choice(schema["oneOf"])["required"][0]
    payload = made(asking, asking.document.resolve(schema["properties"][name]), number, bare)
    account = rng.choice(asking.known.values.get("customer_id", ["C"]))
    # Of these two what they are of is in the account.
    if name == "sales_target_set":
        account = "target:" + payload.get("region", payload.get("sales_rep", ""))
    elif name == "exchange_rate_published":
        payload["base_currency"], account = "EUR", "fx:" + payload["currency"]
    return {"event_id": f"asked-{number}", "source": "campaign", "customer_id": account,
            "occurred_at": f"2024-0{rng.randrange(1, 7)}-1{rng.randrange(10)}T08:00:00Z", name: payload}


def made(asking, schema, number, bare):
    """An object of the fields it must have, and some of the others."""
    rng, found = asking.rng, {}
    alternatives = [alternative["required"][0] for alternative in schema.get("oneOf", ())]
    needed = {*schema.get("required", ()), *([rng.choice(alternatives)] if alternatives else ())}
    for name, field in schema["properties"].items():
        if name in needed or (not bare and name not in alternatives and rng.random() < 0.3):
            found[name] = made_value(asking, name, asking.document.resolve(field), number, bare)
    return found


def made_value(asking, name, schema, number, bare):
    rng = asking.rng
    if "enum" in schema:
        return rng.choice(schema["enum"])
    kind = schema["type"]
    # Whole numbers of 64 bits may stand as texts, as answers have them.
    as_text = isinstance(kind, list) and rng.random() < 0.3
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "array":
        items = asking.document.resolve(schema["items"])
        numbers = [f"{number}-{i}" for i in range(rng.choice((1, 2, 5)))]
        if "properties" in items:
            return [made(asking, items, each, bare) for each in numbers]
        return [f"{name}-{each}" for each in numbers]
    if kind == "integer":
        least, most = schema["minimum"], schema["maximum"]
        value = rng.choice((max(least, 1), most, rng.randint(max(least, 1), min(most, 10 ** 6))))
        return str(value) if as_text else value
    if kind == "boolean":
        return rng.random() < 0.5
    if schema.get("format") == "date":
        return rng.choice(("2024-01-31", "2024-06-30", FIRST, LAST))
    if "pattern" in schema:
        return rng.choice(schema["examples"])
    return f"{name}-{number}" if name == "region" or rng.random() < 0.5 else f"{asking.any_id()[:20]}{number}"
