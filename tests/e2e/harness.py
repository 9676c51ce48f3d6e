"""Starts and asks the real programs: `daybook`, a Kafka broker, and a Kafka client in Java."""
import base64
import http.client
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from urllib.parse import urlencode, urlsplit

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "oracle"))

import generate  # noqa: E402,F401  histories of the oracle, for the tests
from daybook_oracle.partition import partition as partition_of  # noqa: E402,F401

DAYBOOK = os.environ.get("DAYBOOK_BIN", str(ROOT / "build/release/bin/daybook"))
PEER = os.environ.get("DAYBOOK_TEST_PEER", str(ROOT / "build/release/kafka-peer/peer"))
KAFKA_SH = str(ROOT / "deploy/kafka/kafka.sh")
BROKERS = os.environ.get("DAYBOOK_TEST_BROKERS", "")

FAMILIES = ("orders", "shipments", "invoices", "payments", "reference")
COUNTERS = ("accepted", "duplicates", "conflicts", "parked", "waiting")
TODAY = "2024-06-30"


def clean_environment(**variables):
    """Ours without the settings of daybook that somebody may have in theirs."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("DAYBOOK_")}
    env.update(variables)
    return env


def run(*arguments, stdin=None, timeout=120, **variables):
    """A command of daybook, to its end."""
    return subprocess.run([DAYBOOK, *map(str, arguments)], input=stdin, capture_output=True, text=True,
                          timeout=timeout, env=clean_environment(**variables))


def wait_until(condition, seconds=60, what="it"):
    """The first true answer of `condition`."""
    until = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > until:
            raise AssertionError(f"{what} did not come within {seconds} s")
        time.sleep(0.05)


def is_overloaded():
    """Whether this machine has much more to do than it can: how soon something is done says little then."""
    return os.getloadavg()[0] > 2 * os.cpu_count()


def loopback_ip6():
    """The loopback of IPv6, as part of an address; that of IPv4 where the machine has none."""
    try:
        with socket.socket(socket.AF_INET6) as tried:
            tried.bind(("::1", 0))
    except OSError:
        return "127.0.0.1"
    return "[::1]"


def ndjson(events):
    return "".join(json.dumps(e, ensure_ascii=False) + "\n" for e in events)


class Answer:
    """What came back over HTTP."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        return self.body.decode("utf-8")

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:600]!r}"


class Daybook:
    """`daybook up` on a folder. Started anew on the same folder it goes on there."""

    def __init__(self, data, *flags, brokers=None, prefix="", **variables):
        self.data = Path(data)
        self.flags = [str(f) for f in flags]
        if brokers:
            self.flags += ["--brokers", brokers, "--topic-prefix", prefix]
        self.prefix = prefix
        self.variables = {"DAYBOOK_TODAY": TODAY, "DAYBOOK_MEMORY_MIB": "128", **variables}
        self.process = None
        self.url = None
        self.words = Path(str(self.data) + ".stderr")

    # Of Daybook.
    binary = DAYBOOK

    def arguments(self):
        return ["up", "--data", str(self.data), "--listen", "127.0.0.1:0", *self.flags]

    def start(self, seconds=60):
        self.data.parent.mkdir(parents=True, exist_ok=True)
        with open(self.words, "ab") as words:
            self.process = subprocess.Popen([self.binary, *self.arguments()], stdout=subprocess.PIPE, stderr=words,
                                            env=clean_environment(**self.variables))
        # Not select(), which knows the first 1,024 files alone.
        output = select.poll()
        output.register(self.process.stdout, select.POLLIN)
        ready = output.poll(seconds * 1000)
        line = self.process.stdout.readline().decode() if ready else ""
        if not line.startswith("listening on http://"):
            self.kill()
            raise AssertionError(f"daybook up did not start: {line!r}, {self.said()}")
        self.url = line.split()[2]
        self.listens = line.split()[2:]
        return self

    def said(self):
        return self.words.read_text(errors="replace") if self.words.exists() else ""

    def end(self):
        """The exit code after SIGTERM."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.wait_end()
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError("daybook up does not end on SIGTERM: " + self.said())

    def stop(self, expect=0):
        if self.process is None:
            return
        code = self.end()
        if expect is not None and code != expect:
            raise AssertionError(f"daybook up ended with {code}: {self.said()}")

    def kill(self):
        """As a crash would."""
        if self.process is None:
            return
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process = None

    def wait_end(self, seconds=60):
        """The exit code of a process that ends by itself."""
        code = self.process.wait(seconds)
        self.process.stdout.close()
        self.process = None
        return code

    def request(self, method, path, parameters=None, body=None, headers=None, timeout=90):
        at = urlsplit(self.url)
        connection = http.client.HTTPConnection(at.hostname, at.port, timeout=timeout)
        try:
            target = path + ("?" + urlencode(parameters) if parameters else "")
            connection.request(method, target, body, headers or {})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def get(self, path, parameters=None, **headers):
        return self.request("GET", path, parameters, None,
                            {k.replace("_", "-"): v for k, v in headers.items()})

    def ask(self, path, **parameters):
        """The JSON of a view that must answer."""
        answer = self.get(path, parameters)
        if answer.status != 200:
            raise AssertionError(f"GET {path} {parameters}: {answer}")
        return answer.json

    def post(self, events, content_type="application/x-ndjson"):
        if isinstance(events, (list, tuple)):
            events = ndjson(events)
        if isinstance(events, str):
            events = events.encode()
        return self.request("POST", "/v1/events", None, events, {"Content-Type": content_type})

    def publish(self, events):
        """Events that must be taken; gives the list of their places."""
        results = []
        for at in range(0, len(events), 2000):
            answer = self.post(events[at:at + 2000])
            if answer.status != 200:
                raise AssertionError(f"POST /v1/events: {answer}")
            results += answer.json["results"]
        return results

    def status(self):
        return self.ask("/v1/status")

    def ready(self):
        return self.get("/readyz").status == 200

    def wait_ready(self, seconds=60):
        def look():
            if self.process.poll() is not None:
                raise AssertionError(f"daybook up ended with {self.process.returncode}: {self.said()}")
            return self.ready()
        wait_until(look, seconds, "readiness")
        return self

    def wait_folded(self, seconds=120):
        """The status, once all that the log holds is folded."""
        since = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() - 0.001)) + f".{int((time.time() - 0.001) % 1 * 1000):03}Z"
        def look():
            if self.process.poll() is not None:
                raise AssertionError(f"daybook up ended with {self.process.returncode}: {self.said()}")
            status = self.status()
            # Ends that were asked for before the call may lack what was published before it.
            if status["ends_seen_at"] is None or status["ends_seen_at"] < since:
                return None
            return status if all(p["lag"] == 0 for p in status["positions"]) else None
        return wait_until(look, seconds, "the end of the log")

    def metrics(self):
        """{name: {labels: value}} of /metrics."""
        found = {}
        for line in self.get("/metrics").text.splitlines():
            match = re.fullmatch(r"([a-z_]+)(?:\{(.*)\})? (\S+)", line)
            if match:
                found.setdefault(match[1], {})[match[2] or ""] = float(match[3])
        return found

    def resident(self, which="VmRSS"):
        """Bytes of memory now; the most so far is VmHWM."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith(which + ":"))

    def parked(self):
        rows, token = [], None
        while True:
            page = self.ask("/v1/parked", page_size=1000, **({"page_token": token} if token else {}))
            rows += page["parked"]
            token = page["next_page_token"]
            if token is None:
                return rows


class Service(Daybook):
    """daybook-gateway, daybook-projector or daybook-query, with these flags alone."""

    def __init__(self, program, words, *flags, **variables):
        super().__init__(words, *flags, **variables)
        self.program = program
        self.binary = str(Path(DAYBOOK).with_name(program))
        if program != "daybook-query":
            self.variables.pop("DAYBOOK_TODAY")

    def arguments(self):
        return self.flags


class Broker:
    """A broker of one's own, to be stopped, killed and started again."""

    def __init__(self, folder):
        self.folder = Path(folder)

    def __call__(self, command):
        done = subprocess.run([KAFKA_SH, command, str(self.folder)], capture_output=True, text=True, timeout=240)
        if done.returncode != 0:
            raise AssertionError(f"kafka.sh {command}: {done.stderr}")
        return done.stdout.strip()

    def pid(self):
        return int((self.folder / "pid").read_text())


class Peer:
    """The client in Java; see java/Peer.java."""

    def __init__(self, brokers):
        self.process = subprocess.Popen([PEER, brokers], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL)

    def ask(self, op, **request):
        self.process.stdin.write(json.dumps({"op": op, **request}).encode() + b"\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError("the Java client ended")
        answer = json.loads(line)
        if "error" in answer:
            raise AssertionError(f"the Java client, {op}: {answer['error']}")
        return answer

    def publish(self, prefix, events):
        """Default partitioner, keyed by customer_id, bytes by protobuf-java."""
        return self.ask("publish", prefix=prefix, events=[full_enum_names(e) for e in events])["places"]

    def encode(self, *events):
        return [base64.b64decode(v)
                for v in self.ask("encode", events=[full_enum_names(e) for e in events])["values"]]

    def send(self, records, transaction=""):
        """(topic, key, value[, partition]) as they are; None is no key or no value."""
        requests = []
        for topic, key, value, *partition in records:
            request = {"topic": topic}
            for name, given in (("key", key), ("value", value)):
                given = given.encode() if isinstance(given, str) else given
                request[name] = None if given is None else base64.b64encode(given).decode()
            if partition:
                request["partition"] = partition[0]
            requests.append(request)
        return self.ask("send", records=requests, transaction=transaction)["places"]

    def read(self, topic):
        """All records of a topic, in the order of each partition."""
        records = self.ask("read", topic=topic)["records"]
        for record in records:
            for name in ("key", "value"):
                record[name] = None if record[name] is None else base64.b64decode(record[name])
        return records

    def create(self, topic, partitions, **settings):
        book = {"cleanup.policy": "delete", "message.timestamp.type": "LogAppendTime", "retention.ms": "-1",
                "max.message.bytes": "2097152", "segment.ms": "3153600000000"}
        book.update({k.replace("_", "."): v for k, v in settings.items()})
        self.ask("create", topic=topic, partitions=partitions, settings=book)

    def delete(self, topic):
        self.ask("delete", topic=topic)

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


ENUM_PREFIXES = {"stage": "DELAY_STAGE_", "outcome": "DISPUTE_OUTCOME_", "measure": "SALES_MEASURE_"}
KIND_PREFIXES = {"order_placed": "ORDER_KIND_", "invoice_issued": "INVOICE_KIND_",
                 "invoice_written_off": "WRITE_OFF_KIND_"}


def payload_name(event):
    return next((k for k in event if k not in
                 ("event_id", "source", "occurred_at", "customer_id", "correlation_id")), None)


def full_enum_names(event):
    """protobuf's own JSON knows the full names of enums alone."""
    name = payload_name(event)
    if name is None:
        return event
    payload = dict(event[name])
    prefixes = dict(ENUM_PREFIXES)
    if name in KIND_PREFIXES:
        prefixes["kind"] = KIND_PREFIXES[name]
    for field, prefix in prefixes.items():
        if field in payload and not payload[field].startswith(prefix):
            payload[field] = prefix + payload[field]
    return {**event, name: payload}


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def event_batch(values):
    """An EventBatch of events that are encoded already."""
    return b"".join(b"\x0a" + varint(len(v)) + v for v in values)


def strip_frame(value):
    """Without the Confluent framing that this project's tests write: a lone 0 as message index."""
    return value[6:] if value[:1] == b"\0" else value


def counters(status):
    return {k: status[k] for k in COUNTERS}


def digest(status):
    return int(status["digest"], 16)


def summary(status):
    return {**counters(status), "digest": status["digest"]}


class Case(unittest.TestCase):
    """A folder of its own, and servers that end with the test."""

    maxDiff = None

    def setUp(self):
        self.dir = Path(tempfile.mkdtemp(prefix="daybook-e2e-"))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)

    def daybook(self, name="data", *flags, **more):
        server = Daybook(self.dir / name, *flags, **more)
        self.addCleanup(server.kill)
        return server

    def run_daybook(self, *arguments, code=0, says=(), **more):
        """Runs a command; its exit code and what stands in its words must be as given."""
        done = run(*arguments, **more)
        self.check_end(done.returncode, done.stdout + done.stderr, code, says, arguments)
        return done

    def refuses_to_start(self, server, code, *says):
        """`daybook up` must end by itself, with this code and these words."""
        try:
            done = subprocess.run(
                [DAYBOOK, "up", "--data", str(server.data), "--listen", "127.0.0.1:0", *server.flags],
                capture_output=True, text=True, timeout=60, env=clean_environment(**server.variables))
        except subprocess.TimeoutExpired as running:
            self.fail(f"it did not end: {running.stdout} {running.stderr}")
        self.check_end(done.returncode, done.stdout + done.stderr, code, says, server.flags)
        return done.stderr

    def refuses_later(self, server, says):
        """As above, but it may have begun to listen when it finds out."""
        try:
            server.start()
        except AssertionError:
            pass
        else:
            self.assertEqual(server.wait_end(), 1, server.said())
        self.assertIn(says, server.said())

    def check_end(self, got, words, code, says, what):
        self.assertEqual(got, code, f"{what}: {words}")
        for part in (says,) if isinstance(says, str) else says:
            self.assertRegex(words, re.compile(part, re.DOTALL), f"{what}")


class ToldOnce(Case):
    """One server for all tests of a class, which has read what its `history` says."""

    history = staticmethod(list)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.shared = Case("setUp")
        cls.shared.setUp()
        cls.server = cls.shared.daybook("data", "--partitions", 4).start()
        cls.server.publish(cls.history())
        cls.server.wait_ready().wait_folded()

    @classmethod
    def tearDownClass(cls):
        try:
            cls.server.stop()
        finally:
            cls.shared.doCleanups()
            super().tearDownClass()


class KafkaCase(Case):
    """With topics of its own on the broker of the tests."""

    partitions = 4

    def setUp(self):
        super().setUp()
        if not BROKERS:
            self.fail("DAYBOOK_TEST_BROKERS is not set: run it with ctest, or give a broker")
        self.prefix = self.new_prefix()

    def new_prefix(self, create=True):
        prefix = f"{type(self).__name__}.{os.getpid()}.{time.monotonic_ns()}."
        if create:
            self.run_daybook("topics", "create", "--brokers", BROKERS, "--topic-prefix", prefix,
                             "--partitions", self.partitions, "--replicas", 1)
        return prefix

    def topic(self, family, prefix=None):
        return f"{self.prefix if prefix is None else prefix}daybook.{family}.v1"

    def on_kafka(self, name="data", *flags, prefix=None, **more):
        return self.daybook(name, *flags, brokers=BROKERS,
                            prefix=self.prefix if prefix is None else prefix, **more)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.peer = Peer(BROKERS) if BROKERS else None

    @classmethod
    def tearDownClass(cls):
        if cls.peer:
            cls.peer.close()
        super().tearDownClass()


def undisturbed(server, topics, parked=()):
    """Fills `server`, an empty one on the embedded log, with the same records in the same order of
    each topic and partition, those at `parked` left out; gives its status. `topics`: {name: records}."""
    unfit = {(p["topic"], p["partition"], p["offset"]) for p in parked}
    server.start()
    for name, records in topics.items():
        values = [strip_frame(r["value"]) for r in records
                  if (name, r["partition"], r["offset"]) not in unfit]
        for at in range(0, len(values), 2000):
            answer = server.post(event_batch(values[at:at + 2000]), "application/x-protobuf")
            if answer.status != 200:
                raise AssertionError(f"POST /v1/events: {answer}")
    return server.wait_folded()


def main():
    # Line by line even into a file: a test that hangs has told where.
    sys.stdout.reconfigure(line_buffering=True)
    unittest.main(verbosity=2)
