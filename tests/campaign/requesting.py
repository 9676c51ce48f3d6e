"""Who ask what is made from the document, and who ask and leave."""
import csv
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

from described import Unmet
from scene import Actor

ANSWER_SECONDS = 10    # No answer takes longer,
HEALTH_SECONDS = 0.1   # and that it lives is said within: on a machine that others load, of which this is a share.
AFTER_LEAVING_SECONDS = 2  # A question is answered when those before it have all left.
LEAVING = 100


class Health(threading.Thread):
    """Looks 20 times a second whether the server says that it lives; the looking is another process's, which no work
    of this one delays."""

    def __init__(self, scene, url):
        super().__init__(daemon=True)
        self.scene, at = scene, urlsplit(url)
        self.seconds_max = HEALTH_SECONDS * max(1.0, os.getloadavg()[0] / os.cpu_count())
        self.process = subprocess.Popen([sys.executable, str(Path(__file__).with_name("pulse.py")), at.hostname, str(at.port), "0.05"],
                                        stdout=subprocess.PIPE, text=True)

    def run(self):
        for line in self.process.stdout:
            server, stand_in = map(float, line.split())
            if self.scene.calm() is None:
                continue
            if server < 0:
                self.scene.found("/healthz had no answer")
                continue
            self.scene.figure("seconds to answer /healthz", server)
            self.scene.figure("seconds of the stand-in beside it", max(stand_in, 0))
            if server - max(stand_in, 0) > self.seconds_max:
                self.scene.found(f"/healthz took {server:.3f} s, when a stand-in took {stand_in:.3f} s")

    def close(self):
        print(f"  {'seconds that /healthz may take':50} {self.seconds_max:.2f}")
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Client(Actor):
    """Asks what is made from the document, and holds each answer against it."""

    def __init__(self, scene, name, url, asking, published, share_of_exports):
        super().__init__(scene, name)
        self.url, self.asking, self.published = url, asking, published
        self.asking.rng = self.rng
        self.share_of_exports = share_of_exports

    def act(self):
        request = self.asking.export() if self.rng.random() < self.share_of_exports else self.asking.next()
        request.method = request.method or request.operation.method
        began = time.monotonic()
        try:
            status, headers, body = send(self.url, request)
        except (OSError, http.client.HTTPException) as failure:
            if self.scene.calm() is not None:
                self.blame(request, f"no answer: {failure!r}")
            return self.scene.pause(0.1)
        seconds = time.monotonic() - began
        self.scene.count("requests")
        self.scene.count(f"answers {status}")
        self.scene.figure("seconds to answer", max(seconds - request.waits_s, 0))
        if seconds > ANSWER_SECONDS + request.waits_s:
            self.blame(request, f"it took {seconds:.1f} s")
        try:
            self.judge(request, status, headers, body)
        except (Unmet, UnicodeDecodeError, json.JSONDecodeError, csv.Error, KeyError) as wrong:
            self.blame(request, f"{wrong if isinstance(wrong, Unmet) else repr(wrong)}; the answer: {status} {body[:300]!r}")

    def blame(self, request, words):
        self.scene.found(f"{words}\n    {request.as_curl(self.scene.server.url)}")
        self.scene.pause(0)

    def judge(self, request, status, headers, body):
        kind = headers.get("Content-Type", "")
        if request.statuses and status not in request.statuses:
            raise Unmet(f"status {status}, not one of {request.statuses}")
        if status == 405 and set(headers.get("Allow", "").split(", ")) - {"HEAD"} != request.allowed:
            raise Unmet(f"Allow says {headers.get('Allow')!r}, and the document {request.allowed}")
        if request.statuses in ((404,), (405,)):
            self.asking.document.check({"$ref": "#/components/schemas/Problem"}, json.loads(body), "problem")
            return
        request.operation.check(status, kind, body, request.given, bodyless=request.method == "HEAD")
        if request.method == "HEAD":
            return
        if request.wrong:
            self.judge_refusal(request, status, body)
        elif status == 400:
            self.judge_own_refusal(request, body)
        elif status == 503:
            if self.scene.calm() is not None:
                self.judge_unavailable(request, body)
        if status == 200:
            self.learn(request, kind, body)

    @staticmethod
    def judge_refusal(request, status, body):
        named = [v["field"] for v in json.loads(body).get("violations", ())] if status == 400 else []
        if not set(named) & set(request.wrong):
            raise Unmet(f"{request.wrong} is wrong, and what is named is {named}")

    @staticmethod
    def judge_own_refusal(request, body):
        """All is well by the document, but not together, or there is too much of it."""
        problem = json.loads(body)
        named = {v["field"] for v in problem.get("violations", ())}
        if problem["title"] == "Too much is asked" or request.may_be_anything:
            return
        if not named:
            raise Unmet("a 400 is for its parameters, and what is named is []")
        given = {name for name, _ in request.given}
        valid_alone = {"from", "to", "known_from", "level", "as_of", "page_token", "buckets", "date"}
        if request.operation.path == "/v1/receivables/ageing/trend":
            # A span may be too long for the grain, also for the one that counts where none is given.
            given.add("grain")
            valid_alone.add("grain")
        if not named <= given:
            raise Unmet(f"a 400 names {named}, and the request has {[name for name, _ in request.given]}")
        if ("credits", "fifo") in request.given:
            valid_alone |= {"region", "sales_rep", "group_by"}
        if not named <= valid_alone:
            raise Unmet(f"a 400 names {named}, which are as the document says")

    @staticmethod
    def judge_unavailable(request, body):
        title = json.loads(body)["title"]
        if title == "Not folded yet" and any(name == "min_position" for name, _ in request.given):
            return
        if title not in ("Too much is asked", "Too busy", "Not ready"):
            raise Unmet(f"a 503 {title!r}")

    def learn(self, request, kind, body):
        known = self.asking.known
        if request.publishes is not None:
            results = json.loads(body)["results"]
            if [r["event_id"] for r in results] != [e["event_id"] for e in request.publishes]:
                raise Unmet("what was published is answered in another order")
            self.published.add(request.publishes, results)
            for event in request.publishes:
                self.scene.count("events taken of " + next(name for name, value in event.items() if isinstance(value, dict)))
        elif kind.startswith("application/json") and request.method == "GET":
            token = json.loads(body).get("next_page_token")
            names = {name for name, _ in request.given}
            if token and not names & {"page_token", "min_position"} and request.target.partition("?")[2].strip("&"):
                known.keep(request.operation, request.target, token)


class Leaver(Actor):
    """Asks for exports, and leaves before the answer is there; now and then with a hundred at once, and then another
    asks."""

    def __init__(self, scene, name, url, asking):
        super().__init__(scene, name)
        self.url, self.asking = url, asking
        self.asking.rng = self.rng

    def act(self):
        try:
            peers = [self.ask() for _ in range(LEAVING if self.rng.random() < 0.1 else 3)]
        except OSError:
            if self.scene.calm() is not None:
                raise
            return  # The server ends.
        self.scene.pause(self.rng.choice((0, 0.05, 0.3)))
        for peer in peers:
            peer.close()
        self.scene.count("exports left", len(peers))
        if len(peers) == LEAVING:
            self.ask_after_them()
        self.scene.pause(self.rng.uniform(0.5, 2))

    def ask(self):
        at, request = urlsplit(self.url), self.asking.export()
        peer = socket.create_connection((at.hostname, at.port), timeout=20)
        peer.sendall(f"GET {request.target} HTTP/1.1\r\nHost: {at.netloc}\r\n\r\n".encode())
        return peer

    def ask_after_them(self):
        began = time.monotonic()
        try:
            answer = self.scene.server.request("GET", "/v1/customers", {"page_size": 1}, timeout=30)
        except (OSError, http.client.HTTPException) as failure:
            if self.scene.calm() is not None:
                self.scene.found(f"after {LEAVING} exports were left a question had no answer: {failure!r}")
            return
        seconds = time.monotonic() - began
        self.scene.figure("seconds to answer after all have left", seconds)
        if answer.status not in (200, 503) or seconds > AFTER_LEAVING_SECONDS:
            self.scene.found(f"after {LEAVING} exports were left a question took {seconds:.1f} s: {answer.status}")


def send(url, request):
    at = urlsplit(url)
    connection = http.client.HTTPConnection(at.hostname, at.port, timeout=120)
    try:
        connection.putrequest(request.method, request.target, skip_accept_encoding=True)
        for name, value in request.headers.items():
            connection.putheader(name, value)
        if request.body is not None:
            connection.putheader("Content-Length", str(len(request.body)))
        connection.endheaders(request.body)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()
