"""Who send what no server should get, or go in the middle. Nothing of it may become an event, cost more memory than
bodies have, or be answered with a fault of ours."""
import gzip
import json
import socket
import struct
import time
from urllib.parse import urlsplit

from scene import Actor

MIB = 1 << 20
BODY = 16 * MIB
TIMEOUT = 20  # Above what the server gives the slow.


def envelope(**payload):
    return {"event_id": "hostile", "customer_id": "C1", "source": "x", "occurred_at": "2024-05-01T08:00:00Z", **payload}


def of_event(fields):
    return json.dumps(envelope(**fields)).encode()


def repeated(piece, size):
    return piece * (size // len(piece))


def bodies():
    """{name: (content type, body)}: each is to be refused. Made when they are sent: none is kept."""
    text, lines, protobuf = "application/json", "application/x-ndjson", "application/x-protobuf"
    invoice = {"invoice_id": "I", "currency": "CNY", "net_minor": "1", "issue_date": "2024-05-01"}
    good = of_event({"invoice_issued": invoice})
    return {
        "wrong lines, all that fits": lambda: (lines, repeated(b'{"event_id":"e","lines":[{"q":1},{"q":2}]}\n', BODY)),
        "lines that are no JSON": lambda: (lines, repeated(b"x\n", BODY)),
        "empty lines": lambda: (lines, b"\n" * (BODY - 1) + b"x"),
        "one line that never ends": lambda: (lines, b'{"event_id":"' + b"a" * (BODY - 100)),
        "a field 9,999 times": lambda: (text, b"{" + b'"event_id":"e",' * 9999 + b'"customer_id":"c"}'),
        "lines of an order without end": lambda: (text, b'{"order_placed":{"lines":[' + repeated(b'{"q":1},', BODY - 100)
                                                  + b'{"q":1}]}}'),
        "deep nesting": lambda: (text, b"[" * (8 * MIB)),
        "deep objects": lambda: (text, repeated(b'{"a":', 8 * MIB)),
        "a huge number": lambda: (text, good.replace(b'"1"', b"9" * (4 * MIB))),
        "a number of 400 digits": lambda: (text, good.replace(b'"1"', b'"' + b"9" * 400 + b'"')),
        "an exponent": lambda: (text, good.replace(b'"1"', b"1e999999999")),
        "no UTF-8": lambda: (text, good.replace(b'"x"', b'"\xff\xfe\xed\xa0\x80"')),
        "a zero byte": lambda: (text, good.replace(b'"x"', b'"\0"')),
        "marks of gzip": lambda: (text, gzip.compress(b"[" + b" " * (64 * MIB) + b"]", 1)),
        "too many events": lambda: (lines, (good + b"\n") * 10_001),
        "an event above 1 MiB": lambda: (text, of_event({"customer_profile_set": {"name": "n" * (2 * MIB)}})),
        "a batch cut off": lambda: (protobuf, b"\x0a\xff\xff\xff\x7f" + b"x" * MIB),
        "events of no bytes": lambda: (protobuf, repeated(b"\x0a\x00", 4 * MIB)),
        "a varint without end": lambda: (protobuf, b"\xff" * MIB),
        "above 16 MiB": lambda: (text, b"[" + b" " * (17 * MIB) + b"]"),
        "a wrong one among good ones": lambda: (lines, (good + b"\n") * 5000 + b"{}\n"),
        "another content type": lambda: ("text/plain", good),
    }


def ledgers():
    head = b"customer_id,document_id,currency,amount\n"
    return {
        "a ledger of one column": lambda: head + b"x\n" * (7 * MIB),
        "a ledger of commas": lambda: head + b"," * (15 * MIB),
        "a ledger without end of quotes": lambda: head + b'"' + b"x" * (10 * MIB),
        "a ledger of too many lines": lambda: head + b"C1,,CNY,1\n" * MIB,
        "a ledger of huge amounts": lambda: head + (b"C1,,CNY," + b"9" * 5000 + b"\n") * 1000,
        "a ledger of nothing": lambda: b"",
    }


class Hostile(Actor):
    """One hostile peer after the other. Those that hold many connections or bodies do it in turn with the others."""

    def __init__(self, scene, name, pause):
        super().__init__(scene, name)
        self.bodies, self.ledgers, self.pause_between = bodies(), ledgers(), pause
        self.acts = ([(self.send_body, name) for name in self.bodies] + [(self.send_ledger, name) for name in self.ledgers]
                     + [(act, act.__name__.replace("_", " ")) for act in (
                         self.header_without_end, self.header_too_long, self.header_byte_by_byte, self.no_http,
                         self.length_that_is_wrong, self.lengths_that_differ, self.chunks_that_stop,
                         self.chunk_with_a_huge_size, self.chunk_with_a_long_extension, self.body_that_stops,
                         self.body_byte_by_byte, self.body_that_trickles, self.bodies_held_open, self.gone_in_the_middle,
                         self.gone_before_the_answer, self.reset_in_the_answer, self.answers_nobody_reads,
                         self.half_closed, self.pipelined, self.idle_connections, self.many_at_once,
                         self.strange_questions)])

    def act(self):
        what, name = self.rng.choice(self.acts)
        self.scene.count("hostile: " + name)
        try:
            what(name) if what in (self.send_body, self.send_ledger) else what()
        except OSError:
            pass  # It was sent away, or the server is not there.
        self.scene.pause(self.rng.expovariate(1 / self.pause_between))

    def connect(self, timeout=TIMEOUT):
        at = urlsplit(self.scene.server.url)
        peer = socket.create_connection((at.hostname, at.port), timeout)
        return peer

    def judge(self, answer, allowed=(400, 413, 415, 408, 429), what=""):
        """The first bytes of an answer: of ours is no fault but 503."""
        if not answer:
            return
        line = answer.split(b"\r\n", 1)[0].decode(errors="replace")
        status = int(line.split()[1]) if line.startswith("HTTP/1.1 ") else 0
        self.scene.count(f"hostile requests answered {status}")
        if status not in (*allowed, 503):
            self.scene.found(f"{what}: {answer[:400]!r}")
        if status >= 400 and b"application/problem+json" not in answer:
            self.scene.found(f"{what}, without problem details: {answer[:400]!r}")

    @staticmethod
    def post(path, content_type, length, more=""):
        return (f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\n"
                f"Content-Length: {length}\r\n{more}\r\n").encode()

    def exchange(self, request, allowed=(400, 413, 415, 408, 429), what=""):
        with self.connect() as peer:
            try:
                peer.sendall(request)
            except (BrokenPipeError, ConnectionResetError):
                pass  # The answer may be there all the same.
            self.judge(peer.recv(4096), allowed, what)

    def send_body(self, name):
        content_type, body = self.bodies[name]()
        self.exchange(self.post("/v1/events", content_type, len(body)) + body, what=name)

    def send_ledger(self, name):
        body = self.ledgers[name]()
        self.exchange(self.post("/v1/receivables/reconciliation?date=2024-06-30", "text/csv", len(body)) + body, what=name)

    def header_without_end(self):
        with self.connect() as peer:
            peer.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n")
            for i in range(self.rng.randrange(5, 100)):
                peer.sendall(b"X-%d: y\r\n" % i)
                self.scene.pause(0.05)

    def header_too_long(self):
        self.exchange(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 40_000 + b"\r\n\r\n", (431,), "a long header")

    def header_byte_by_byte(self):
        with self.connect() as peer:
            for byte in b"GET /v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n":
                peer.sendall(bytes((byte,)))
                self.scene.pause(0.01)
            self.judge(peer.recv(4096), (200, 408), "a header byte by byte")

    def no_http(self):
        self.exchange(self.rng.choice((b"\x16\x03\x01\x02\x00" + self.rng.randbytes(500), b"\r\n" * 100 + b"HELO x\r\n\r\n",
                                       b"GET / HTTP/9.9\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")), (400, 431), "no HTTP")

    def length_that_is_wrong(self):
        length = self.rng.choice(("-1", "x", "99999999999999999999999", "0x10", "1 2"))
        self.exchange(self.post("/v1/events", "application/json", length) + b"[]", (400, 413), "a length of " + length)

    def lengths_that_differ(self):
        more = self.rng.choice(("Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"))
        self.exchange(self.post("/v1/events", "application/json", 2, more) + b"[]", (400,), "two lengths")

    def chunked(self, peer):
        peer.sendall(b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                     b"Transfer-Encoding: chunked\r\n\r\n")

    def chunks_that_stop(self):
        with self.connect() as peer:
            self.chunked(peer)
            for _ in range(self.rng.randrange(1, 15)):
                peer.sendall(b"100000\r\n" + b" " * MIB + b"\r\n")
            if self.rng.random() < 0.5:
                self.judge(peer.recv(4096), what="chunks that stop")

    def chunk_with_a_huge_size(self):
        with self.connect() as peer:
            self.chunked(peer)
            peer.sendall(self.rng.choice((b"ffffffffffffffff", b"7fffffffffffffff", b"1" * 300, b"-5")) + b"\r\nxx")
            self.judge(peer.recv(4096), (400, 413), "a chunk of a huge size")

    def chunk_with_a_long_extension(self):
        with self.connect() as peer:
            self.chunked(peer)
            peer.sendall(b"1;" + b"x" * (2 * MIB))
            self.judge(peer.recv(4096), (400, 413), "a chunk with a long extension")

    def body_that_stops(self):
        with self.connect() as peer:
            peer.sendall(self.post("/v1/events", "application/json", BODY) + b" " * self.rng.randrange(BODY))
            self.judge(peer.recv(4096), (408, 429), "a body that stops")

    def body_byte_by_byte(self):
        with self.connect() as peer:
            peer.sendall(self.post("/v1/events", "application/json", 1000))
            for _ in range(200):
                peer.sendall(b" ")
                self.scene.pause(0.05)

    def body_that_trickles(self):
        """Just fast enough to be let on."""
        with self.connect() as peer:
            peer.sendall(self.post("/v1/events", "application/json", BODY) + b" " * (8 * MIB))
            for _ in range(20):
                peer.sendall(b" " * (40 * 1024))
                self.scene.pause(1)

    def bodies_held_open(self):
        held = []
        try:
            for _ in range(40):
                peer = self.connect(1)
                held.append(peer)
                try:
                    peer.sendall(self.post("/v1/events", "application/json", 4 * MIB) + b" " * (3 * MIB))
                except OSError:
                    pass  # Refused, which is right.
            self.scene.pause(self.rng.uniform(0, 10))
        finally:
            for peer in held:
                peer.close()

    def gone_in_the_middle(self):
        for _ in range(10):
            with self.connect() as peer:
                if self.rng.random() < 0.5:  # By a reset.
                    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                request = self.post("/v1/events", "application/json", 2 * MIB) + b" " * (2 * MIB - 1)
                peer.sendall(request[:self.rng.randrange(len(request))])

    def gone_before_the_answer(self):
        """What was asked is much work, which nobody wants any more."""
        body = b"customer_id,currency,amount\n" + b"".join(b"C-%05d,CNY,1\n" % i for i in range(50_000))
        for _ in range(3):
            with self.connect() as peer:
                peer.sendall(self.post("/v1/receivables/reconciliation?date=2024-06-30", "text/csv", len(body)) + body)
                self.scene.pause(self.rng.uniform(0, 0.3))

    def reset_in_the_answer(self):
        with self.connect() as peer:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            peer.sendall(b"GET /v1/receivables/items?page_size=1000 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            peer.recv(100)

    def answers_nobody_reads(self):
        held = []
        try:
            for _ in range(60):
                peer = socket.socket()
                held.append(peer)
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                peer.settimeout(5)
                at = urlsplit(self.scene.server.url)
                peer.connect((at.hostname, at.port))
                path = self.rng.choice(("/v1/receivables/items?page_size=1000", "/v1/customers?page_size=1000", "/openapi.json",
                                        "/v1/receivables/items?format=csv", "/metrics", "/v1/changes"))
                peer.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            self.scene.pause(self.rng.uniform(1, 8))
        finally:
            for peer in held:
                peer.close()

    def half_closed(self):
        with self.connect() as peer:
            peer.sendall(b"GET /v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n")
            peer.shutdown(socket.SHUT_WR)
            self.judge(peer.recv(4096), (200,), "half closed")

    def pipelined(self):
        with self.connect() as peer:
            peer.sendall(b"GET /v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n" * 500)
            self.scene.pause(self.rng.uniform(0, 1))
            peer.recv(1000)

    def idle_connections(self):
        held = []
        try:
            for _ in range(self.rng.choice((200, 1000, 4300))):
                held.append(self.connect(2))
            self.scene.pause(self.rng.uniform(1, 5))
        finally:
            for peer in held:
                peer.close()

    def many_at_once(self):
        held = []
        try:
            for _ in range(300):
                peer = self.connect(2)
                held.append(peer)
                peer.sendall(b"GET /v1/receivables/ageing?group_by=customer HTTP/1.1\r\nHost: localhost\r\n\r\n")
        finally:
            for peer in held:
                peer.close()

    def strange_questions(self):
        long = "x" * 7000
        for target in ("/v1/receivables/ageing?as_of=" + long, "/v1/receivables/items?page_token=" + long,
                       "/v1/sales?from=0000-00-00&to=9999-99-99", "/v1/receivables/ageing?buckets=" + ",".join("1" * 3000),
                       "/v1/customers/%00%ff/../..", "/v1/search?q=" + "%25" * 2000, "/v1/order-cycle?from=2023-01-01",
                       "/v1/events/x/-1/99999999999999999999"):
            self.exchange(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(), (200, 400, 404, 414), target[:60])


class Rest:
    """What is left of hostile peers once they have gone: nothing."""

    GONE_SECONDS = 15    # After which no body has a share of the memory for bodies any more.
    SETTLE_SECONDS = 4   # After which memory that was given back is the system's again.
    GROWTH_BYTES = 24 * MIB

    def __init__(self, scene, bodies_bytes):
        self.scene, self.bodies_bytes = scene, bodies_bytes
        self.peer = Hostile(scene, "who comes last", 1)

    def check(self):
        after_first = self.after_a_round()
        growth = self.after_a_round() - after_first
        self.scene.figure("MiB that a second round of bodies left behind", growth / MIB)
        if growth > self.GROWTH_BYTES:
            self.scene.found(f"bodies that were refused left {growth >> 20} MiB of memory behind")
        began = time.monotonic()
        while not self.has_room():
            if time.monotonic() - began > self.GONE_SECONDS:
                self.scene.found(f"{self.GONE_SECONDS} s after all have gone there is no room for the bodies that fit")
                return
            self.scene.pause(0.5)
        self.scene.figure("seconds until all memory of bodies is free", time.monotonic() - began)

    def has_room(self):
        """As many of the largest as fit, but for their last bytes, are all read."""
        held = [self.peer.connect() for _ in range((self.bodies_bytes - MIB) // BODY)]
        try:
            for peer in held:
                peer.sendall(Hostile.post("/v1/events", "application/json", BODY - MIB) + b" " * (BODY - 2 * MIB))
            self.scene.pause(0.5)
            for peer in held:
                peer.setblocking(False)
                try:
                    peer.recv(1)
                    return False  # An answer before the end: it is refused.
                except BlockingIOError:
                    pass
            return True
        except OSError:
            return False
        finally:
            for peer in held:
                peer.close()

    def after_a_round(self):
        """What the server takes after every kind of body, and many that are refused before they have come."""
        for _ in range(2):
            for name in self.peer.bodies:
                self.peer.send_body(name)
        for _ in range(60):
            self.peer.exchange(Hostile.post("/v1/events", "application/json", BODY + 1), (413,), "a body that is announced")
            self.peer.chunk_with_a_huge_size()
        self.peer.gone_in_the_middle()
        self.scene.pause(self.SETTLE_SECONDS)
        return self.scene.server.resident()
