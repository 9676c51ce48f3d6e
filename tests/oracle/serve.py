#!/usr/bin/env python3
"""The oracle behind HTTP, for trying compare.py without the engine.

    serve.py [--port 0] [--partitions 4]

Answers the views with the oracle's own figures, in memory, one
client at a time, and refuses no parameters (compare.py --invalid 0).  It is a test double,
not a product.
"""
import argparse
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qsl, urlsplit

from daybook_oracle import Config, Oracle, Record, events, views
from daybook_oracle.dates import show_millis
from daybook_oracle.match import plain
from daybook_oracle.partition import partition


class Log:
    def __init__(self, config):
        self.config, self.records, self.ends, self.oracle = config, [], {}, None

    def append(self, e, j):
        topic, p = events.TOPIC_OF[j.event.type], partition(j.event.customer_id,
                                                            self.config.partitions)
        n = self.ends.get((topic, p), 0)
        self.ends[topic, p] = n + 1
        r = Record(topic, p, n, 1700000000000 + len(self.records), j.event.customer_id, e)
        self.records.append(r)
        self.oracle = None
        return {"event_id": j.event.event_id, "topic": topic, "partition": p, "offset": n,
                "recorded_at": show_millis(r.recorded_at)}

    def read(self):
        if self.oracle is None:
            self.oracle = Oracle(self.records, self.config)
        return self.oracle


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *a):
        pass

    def reply(self, status, body):
        data = json.dumps(body, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if not self.path.startswith("/v1/events"):
            return self.answer({"csv": text})
        lines = text.splitlines()
        es = [events.load(x) for x in lines if x]
        js = [events.parse(e) for e in es]
        bad = [{"index": i, "field": f, "message": m}
               for i, j in enumerate(js) for f, m in j.faults]
        if bad:
            return self.reply(400, {"status": 400, "violations": bad})
        self.reply(200, {"accepted": len(es),
                         "results": [self.server.log.append(e, j) for e, j in zip(es, js)]})

    def do_GET(self):
        self.answer({})

    def answer(self, more):
        u = urlsplit(self.path)
        q = dict(parse_qsl(u.query, keep_blank_values=True), **more)
        q.pop("min_position", None)
        q.pop("wait_ms", None)
        size = int(q.pop("page_size", 100))
        start = int(q.pop("page_token", 0))
        try:
            body = plain(views.answer(self.server.log.read(), u.path, q))
        except views.NotFound:
            return self.reply(404, {"status": 404})
        except views.Several as e:
            return self.reply(409, {"status": 409, "accounts": e.args[0]})
        except Exception as e:
            return self.reply(400, {"status": 400, "detail": repr(e)})
        for name in ("rows", "items", "entries", "customers", "anomalies", "parked"):
            if isinstance(body.get(name), list) and u.path in views.VIEWS:
                whole = body[name]
                body[name] = whole[start:start + size]
                if start + size < len(whole):
                    body["next_page_token"] = str(start + size)
        self.reply(200, body)


def main():
    a = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    a.add_argument("--port", type=int, default=0)
    a.add_argument("--partitions", type=int, default=8)
    args, _ = a.parse_known_args()
    config = Config(partitions=args.partitions, today=os.environ.get("DAYBOOK_TODAY", "2024-06-30"),
                    expect=tuple(os.environ.get(
                        "DAYBOOK_EXPECT", "orders,shipments,invoices,payments").split(",")),
                    business_time_zone=os.environ.get("DAYBOOK_BUSINESS_TIME_ZONE", "UTC"))
    server = HTTPServer(("127.0.0.1", args.port), Handler)
    server.log = Log(config)
    print("listening on http://127.0.0.1:%d" % server.server_address[1], flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
