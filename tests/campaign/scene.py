"""What all who act in a campaign share: the server, whether anything is done to it just now, and what was found."""
import collections
import random
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e"))


MEMORY_SLACK = 1.1  # What the server takes, of its setting.


class Over(Exception):
    """The campaign has ended."""


class Scene:
    def __init__(self, server, seed, awaits=""):
        """What is found ends the campaign where it has the words that it awaits."""
        self.server, self.seed, self.awaits = server, seed, awaits
        self.began = time.monotonic()
        self.over = threading.Event()
        self.findings = []
        self.steps = collections.deque(maxlen=12)
        self.figures = collections.defaultdict(list)  # {name: [numbers]}
        self.counts = collections.Counter()
        self.lock = threading.Lock()
        self.calm_since = None  # Guarded; None while something is done to the server.
        self.turn = 0           # Guarded: how often that changed.

    def random_of(self, name):
        """A generator that is the same in each run of a seed, whatever others draw."""
        return random.Random(f"{self.seed} {name}")

    def say(self, words):
        print(f"[{time.monotonic() - self.began:7.1f} s] {words}", flush=True)

    def step(self, words):
        self.steps.append(f"[{time.monotonic() - self.began:7.1f} s] {words}")
        self.say(words)

    def found(self, words):
        """Something that must not be."""
        with self.lock:
            self.findings.append(words)
        self.say(f"FOUND: {words}")
        if self.awaits in words:
            self.over.set()

    def figure(self, name, number):
        with self.lock:
            self.figures[name].append(number)

    def count(self, name, by=1):
        with self.lock:
            self.counts[name] += by

    def disturb(self):
        with self.lock:
            self.calm_since, self.turn = None, self.turn + 1

    def settle(self):
        with self.lock:
            self.calm_since, self.turn = time.monotonic(), self.turn + 1

    def calm(self):
        """A token of this calm, and since when; None while something is done to the server."""
        with self.lock:
            return (self.turn, self.calm_since) if self.calm_since is not None else None

    def pause(self, seconds):
        if self.over.wait(seconds):
            raise Over


class Actor(threading.Thread):
    """Does its act again and again until the campaign is over. What it does not expect is a finding."""

    def __init__(self, scene, name):
        super().__init__(name=name, daemon=True)
        self.scene, self.rng = scene, scene.random_of(name)
        self.ended = threading.Event()

    def run(self):
        try:
            while not (self.scene.over.is_set() or self.ended.is_set()):
                self.act()
        except Over:
            pass
        except Exception as failure:  # Of the campaign itself, or an answer that is none.
            self.scene.found(f"{self.name}: {failure!r}")

    def act(self):
        raise NotImplementedError


class Memory(threading.Thread):
    """Looks at what the server takes."""

    def __init__(self, scene, mib):
        super().__init__(daemon=True)
        self.scene, self.bound = scene, mib << 20
        self.most = 0

    def run(self):
        while not self.scene.over.wait(0.05):
            process = self.scene.server.process
            if process is None or process.poll() is not None:
                continue
            try:
                now = self.scene.server.resident("VmHWM")
            except (OSError, StopIteration, AttributeError):
                continue  # It has just ended.
            self.most = max(self.most, now)
            if now > self.bound * MEMORY_SLACK:
                self.scene.found(f"the server takes {now >> 20} MiB of memory, and its setting is {self.bound >> 20}")
                return
