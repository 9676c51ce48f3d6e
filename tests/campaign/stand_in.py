"""Stands between the campaign and the server, and answers wrongly in one way: what the campaign must find."""
import codecs
import http.client
import http.server
import json
import threading
import time
from urllib.parse import urlsplit


def number_for_amount(path, status, kind, body):
    """An amount as a number."""
    if status == 200 and kind.startswith("application/json") and b'"balance":"' in body:
        head, tail = body.split(b'"balance":"', 1)
        amount, tail = tail.split(b'"', 1)
        body = head + b'"balance":' + amount + tail
    return status, kind, body


def field_that_is_not_described(path, status, kind, body):
    if status == 200 and path.startswith("/v1/receivables/") and kind.startswith("application/json"):
        body = json.dumps({**json.loads(body), "debug": 1}).encode()
    return status, kind, body


def field_left_out(path, status, kind, body):
    if status == 200 and path.startswith("/v1/") and kind.startswith("application/json"):
        body = json.dumps({name: value for name, value in json.loads(body).items() if name != "waiting"}).encode()
    return status, kind, body


def column_left_out(path, status, kind, body):
    if status == 200 and kind.startswith("text/csv"):
        mark = codecs.BOM_UTF8 if body.startswith(codecs.BOM_UTF8) else b""
        body = mark + b"\n".join(line.partition(b",")[2] for line in body.removeprefix(mark).split(b"\n"))
    return status, kind, body


def nobody_named(path, status, kind, body):
    if status == 400 and b'"violations"' in body:
        body = json.dumps({**json.loads(body), "violations": []}).encode()
    return status, kind, body


def bad_is_taken(path, status, kind, body):
    """A wrong parameter is passed over."""
    return (200, "application/json", b"{}") if status == 400 else (status, kind, body)


def server_error(path, status, kind, body):
    if status == 404:
        return 500, "application/problem+json", json.dumps({**json.loads(body), "status": 500}).encode()
    return status, kind, body


def slow_health(path, status, kind, body):
    if path == "/healthz":
        time.sleep(3)
    return status, kind, body


# With the words of what is to be found.
WRONG = {number_for_amount: "described as ['string'", field_that_is_not_described: ".debug is not described",
         field_left_out: "lacks ['waiting']", column_left_out: "the CSV has the columns", nobody_named: "what is named is []",
         bad_is_taken: "answer: 200 b'{}'", server_error: "status 500", slow_health: "/healthz took"}


class StandIn:
    """Serves what the server at `url` says, spoiled by `wrong`."""

    def __init__(self, url, wrong):
        at = urlsplit(url)

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def pass_on(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                upstream = http.client.HTTPConnection(at.hostname, at.port, timeout=60)
                headers = {name: value for name, value in self.headers.items() if name not in ("Host", "Connection")}
                upstream.putrequest(self.command, self.path, skip_accept_encoding=True)
                for name, value in headers.items():
                    upstream.putheader(name, value)
                upstream.endheaders(body or None)
                answer = upstream.getresponse()
                kind = answer.headers.get("Content-Type", "")
                status, kind, body = answer.status, kind, answer.read()
                if self.command != "HEAD":
                    status, kind, body = wrong(self.path.split("?")[0], status, kind, body)
                self.send_response(status)
                for name, value in (("Content-Type", kind), ("Content-Length", len(body)), ("Allow", answer.headers.get("Allow"))):
                    if value is not None:
                        self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
                upstream.close()

            do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = pass_on

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 128

            def handle_error(self, *_):
                pass  # Who asked has left.

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
