"""What is done to the server, its disk and its broker, one after the other; and how each must be told, and be gone."""
import errno
import os
import re
import shutil
import signal
import subprocess
import time

from scene import Over

TOLD_SECONDS = 10      # From the first call that failed.
HANG_TOLD_SECONDS = 7  # A disk is given some seconds to answer.
CLEAR_SECONDS = 15     # From when the disk takes everything again.
BROKER_SECONDS = 30    # From when the broker serves again.
READY_SECONDS = 30     # From a start, with what was published before it folded.
END_SECONDS = 5        # From SIGTERM.

# What kinds of trouble say in lines of the log: when they come, and when they have gone.
LINES = {"append": (r"trouble \(append\)", r"trouble is over \(append\)"),
         "store": (r"shard \d+: ", r"its store is well again"),
         "disk": (r"trouble \(disk\)", r"trouble is over \(disk\)"),
         "fold": (r"trouble \(fold\)", r"trouble is over \(fold\)"),
         "log_away": (r"trouble \(log_away\)", r"trouble is over \(log_away\)")}


class Faults:
    def __init__(self, scene, files, broker=None):
        self.scene, self.files, self.broker = scene, files, broker
        self.rng = scene.random_of("faults")
        self.hold = (1.0, 6.0)
        disk = [self.disk_full, self.log_full, self.writes_fail, self.syncs_fail, self.reads_fail, self.log_reads_fail,
                self.one_partition_fails, self.writes_cut_short, self.opens_fail, self.some_calls_fail, self.slow_disk,
                self.disk_hangs, self.stop_on_a_failing_disk, self.stop_on_a_hanging_disk, self.start_on_a_full_disk]
        process = [self.kill, self.terminate, self.stall, self.damage]
        self.kinds = process * 2 + disk
        if broker:
            # The log is the broker's, and its disk is not ours.
            for kind in (self.log_full, self.log_reads_fail, self.one_partition_fails):
                self.kinds.remove(kind)
            self.kinds += [self.broker_stalls, self.broker_is_killed, self.broker_stops, self.stop_while_the_broker_stalls,
                           self.start_without_the_broker] * 2
        self.deck = []

    def next(self):
        """All of them come before any comes again."""
        if not self.deck:
            self.deck = self.rng.sample(self.kinds, len(self.kinds))
        kind = self.deck.pop()
        self.scene.disturb()
        self.scene.count("step: " + kind.__name__.replace("_", " "))
        kind()
        # What damage() did is mended and cleared away by now; an error that passes is no damage.
        if set_aside := sorted((self.scene.server.data / "shards").glob("*.damaged")):
            self.scene.found(f"set aside as damaged, which nobody did: {set_aside}")
            raise Over
        self.scene.settle()

    def seconds(self):
        return self.rng.uniform(*self.hold)

    # What is told.

    def look(self):
        """{channel: whether it tells of trouble}, and the words; None where the server is not asked in vain."""
        server = self.scene.server
        try:
            ready, status, metrics = server.get("/readyz"), server.status(), server.metrics()
        except (OSError, AssertionError) as failure:
            raise AssertionError(f"the server does not say how it is: {failure!r}") from failure
        return {"readyz": ready.status != 200, "status": status["trouble"] is not None,
                "metrics": any(metrics["daybook_trouble"].values()) and not metrics["daybook_ready"][""]}, status["trouble"]

    def told(self, name, kinds, mark, since, hold):
        """Waits until all channels tell of it, for as long as it must be there; whether they did. `since()`: when it first
        did harm."""
        asked = time.monotonic()
        seen = {}
        while True:
            now = self.look()[0]
            words = self.scene.server.said()[mark:]
            now["log"] = any(re.search(LINES[kind][0], words) for kind in kinds)
            at = time.monotonic()
            first = since()
            for channel, tells in now.items():
                if tells and channel not in seen:
                    seen[channel] = max(0.0, at - (first or asked))
                    self.scene.figure(f"seconds to tell ({channel})", seen[channel])
            if len(seen) == len(now) and at - asked >= hold:
                return True
            if first is None and at - asked >= hold:
                self.scene.count("faults that did no harm")
                self.scene.say(f"  {name}: nothing that fails was called")
                return False
            if first is not None and at - first > TOLD_SECONDS and len(seen) < len(now):
                self.scene.found(f"{name}: not told within {TOLD_SECONDS} s by {sorted(set(now) - set(seen))}")
                raise Over
            self.scene.pause(0.05)

    def clear(self, name, within, mark, kinds=()):
        """Waits until no channel tells of trouble any more, and each kind that has its line has its other line."""
        began = time.monotonic()
        while True:
            now, words = self.look()
            said = self.scene.server.said()[mark:]
            now["log"] = any(re.search(LINES[kind][0], said) and not self.is_over(kind, said) for kind in kinds)
            seconds = time.monotonic() - began
            if not any(now.values()):
                self.scene.figure("seconds to clear", seconds)
                return seconds
            if seconds > within:
                self.scene.found(f"{name}: {within} s after its cause has gone, trouble is told by "
                                 f"{[channel for channel, tells in now.items() if tells]}: {words}; "
                                 f"{self.scene.server.get('/readyz')}")
                raise Over
            self.scene.pause(0.05)

    @staticmethod
    def is_over(kind, said):
        """As many shards are well again as were in trouble; of other kinds the last word is that it is over."""
        if kind == "store":
            return set(re.findall(r"shard (\d+): (?!its store is well)", said)) <= set(
                re.findall(r"shard (\d+): its store is well again", said))
        comes, goes = LINES[kind]
        last = max(said.rfind(m) for m in re.findall(comes, said))
        return any(m.start() > last for m in re.finditer(goes, said))

    def mark(self):
        return len(self.scene.server.said())

    def on_disk(self, name, kinds, must_be_told=True, **orders):
        hold, mark = self.seconds(), self.mark()
        self.scene.step(f"{name}, for {hold:.1f} s")
        self.files.fail(**orders)
        if must_be_told:
            self.told(name, kinds, mark, lambda: self.files.struck()[1], hold)
        else:
            self.scene.pause(hold)
        self.files.heal()
        self.scene.count("calls on files that failed", self.files.struck()[0])
        seconds = self.clear(name, CLEAR_SECONDS, mark, kinds)
        self.scene.say(f"  {self.files.struck()[0]} calls failed; all is well {seconds:.1f} s after")

    # The disk.

    def disk_full(self):
        self.on_disk("the disk is full", ("append", "store"), writes=errno.ENOSPC)

    def log_full(self):
        self.on_disk("the log's disk is full", ("append",), part="log", writes=errno.ENOSPC)

    def writes_fail(self):
        self.on_disk("writes fail", ("append", "store"), part=self.any_part(), writes=errno.EIO)

    def syncs_fail(self):
        self.on_disk("syncs fail", ("append", "store"), must_be_told=False, part=self.any_part(), syncs=errno.EIO)

    def reads_fail(self):
        # What is in memory is not read: it starts with nothing there.
        self.scene.server.kill()
        self.starts("kill -9")
        self.on_disk("reads of stores fail", ("store",), part="shards", reads=errno.EIO)

    def log_reads_fail(self):
        self.on_disk("reads of the log fail", ("fold",), part="log", reads=errno.EIO)

    def one_partition_fails(self):
        self.on_disk("reads of one partition of the log fail", ("fold",), part="first partitions", reads=errno.EIO)

    def disk_hangs(self):
        part, mark = self.any_part(), self.mark()
        hold = HANG_TOLD_SECONDS + self.seconds()
        self.scene.step(f"the disk hangs ({part}), for {hold:.1f} s")
        self.files.hang(part)
        try:
            self.told("a disk that hangs", ("append", "disk"), mark, lambda: self.files.struck()[1], hold)
        finally:
            self.files.heal()
        self.clear("a disk that hangs", CLEAR_SECONDS, mark, ("append", "disk"))

    def opens_fail(self):
        self.on_disk("no file can be opened", ("append", "store"), must_be_told=False, part=self.any_part(),
                     opens=self.rng.choice((errno.EMFILE, errno.EIO)))

    def writes_cut_short(self):
        self.on_disk("writes end halfway", ("append", "store"), part=self.any_part(), writes=errno.ENOSPC, half=True)

    def some_calls_fail(self):
        self.on_disk("some calls fail", ("append", "store", "fold"), must_be_told=False, part=self.any_part(),
                     writes=errno.EIO, syncs=errno.EIO, reads=errno.EIO, one_in=self.rng.choice((3, 20, 200)))

    def slow_disk(self):
        self.on_disk("syncs take their time", (), must_be_told=False, pause_seconds=self.rng.choice((0.05, 0.3, 1.0)))

    def any_part(self):
        return "shards" if self.broker else self.rng.choice(("everything", "log", "shards"))

    # The process.

    def ends(self, name, codes=(0,)):
        """Of SIGTERM."""
        server = self.scene.server
        began = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        try:
            code = server.process.wait(30)
        except subprocess.TimeoutExpired:
            self.scene.found(f"{name}: it has not ended 30 s after SIGTERM")
            raise Over from None
        seconds = time.monotonic() - began
        self.scene.figure("seconds from SIGTERM to the end", seconds)
        server.process.stdout.close()
        server.process = None
        if seconds > END_SECONDS:
            self.scene.found(f"{name}: it ended {seconds:.1f} s after SIGTERM")
        if code not in codes:
            self.scene.found(f"{name}: it ended with {code}")

    def starts(self, name, ready=True):
        server = self.scene.server
        began = time.monotonic()
        server.start()
        self.scene.figure("seconds from a start to listening", time.monotonic() - began)
        if ready:
            mark = self.mark()
            self.clear(name, READY_SECONDS, mark)
            self.scene.figure("seconds from a start to ready", time.monotonic() - began)

    def kill(self):
        times = self.rng.choice((1, 1, 3))
        self.scene.step(f"kill -9 of the server, {times} times")
        for _ in range(times):
            self.scene.server.kill()
            self.scene.server.start()
            self.scene.pause(self.rng.uniform(0, 0.5))
        self.scene.server.kill()
        self.starts("kill -9")

    def terminate(self):
        self.scene.step("SIGTERM")
        self.ends("SIGTERM")
        self.starts("a start after SIGTERM")

    def stall(self):
        hold = self.seconds()
        self.scene.step(f"the server is stopped for {hold:.1f} s")
        self.scene.server.process.send_signal(signal.SIGSTOP)
        try:
            self.scene.pause(hold)
        finally:
            self.scene.server.process.send_signal(signal.SIGCONT)
        self.clear("a server that was stopped", CLEAR_SECONDS, self.mark())

    def stop_on_a_failing_disk(self):
        self.scene.step("SIGTERM while the disk is full and slow")
        self.files.full(self.any_part(), syncs=errno.EIO, pause_seconds=self.rng.choice((0, 0.1)))
        self.scene.pause(self.seconds())
        self.ends("SIGTERM on a full disk")
        self.files.heal()
        self.starts("a start after SIGTERM on a full disk")

    def stop_on_a_hanging_disk(self):
        part = self.any_part()
        self.scene.step(f"SIGTERM while the disk hangs ({part})")
        self.files.hang(part)
        try:
            self.scene.pause(self.seconds())
            # What hangs is not waited for, and that is told.
            self.ends("SIGTERM on a disk that hangs", codes=(0, 1))
        finally:
            self.files.heal()
        self.starts("a start after SIGTERM on a disk that hung")

    def start_on_a_full_disk(self):
        name = "a start on a full disk"
        self.scene.step("kill -9, and " + name)
        self.scene.server.kill()
        mark, hold = self.mark(), self.seconds()
        self.files.full()
        self.starts(name, ready=False)
        self.told(name, ("append", "store"), mark, lambda: self.files.struck()[1], hold)
        self.files.heal()
        self.clear(name, CLEAR_SECONDS, mark, ("append", "store"))

    def damage(self):
        """What no crash leaves: it is found at the next start, told, and folded anew."""
        shards = sorted((self.scene.server.data / "shards").glob("[0-9][0-9][0-9][0-9]"))
        shard = self.rng.choice(shards)
        self.scene.server.kill()
        tables = sorted(shard.glob("*.sst"))
        current = shard / (shard / "CURRENT").read_text().strip()
        ways = [("its list of files is no such thing", lambda: current.write_bytes(b"x" * 100)),
                ("CURRENT names nothing", lambda: (shard / "CURRENT").write_text("MANIFEST-999999\n"))]
        if tables:
            ways.append(("CURRENT is gone", (shard / "CURRENT").unlink))
            table = self.rng.choice(tables)
            ways += [("a file is gone", table.unlink), ("a file is cut short", lambda: os.truncate(table, table.stat().st_size // 2)),
                     ("a file has another end", lambda: self.overwrite_end(table))]
        words, harm = self.rng.choice(ways)
        self.scene.step(f"kill -9, and shard {shard.name} is damaged: {words}")
        mark = self.mark()
        harm()
        self.scene.server.start()
        self.clear("a damaged shard", READY_SECONDS, mark, ("store",))
        said = self.scene.server.said()[mark:]
        if not re.search(rf"shard {int(shard.name)}: .*damaged", said):
            self.scene.found(f"a damaged shard ({words}) was not told: {said}")
            raise Over
        shutil.rmtree(shard.with_name(shard.name + ".damaged"))

    @staticmethod
    def overwrite_end(file):
        with open(file, "r+b") as opened:
            opened.seek(-64, os.SEEK_END)
            opened.write(b"\xa5" * 64)

    # The broker.

    def log_goes(self, name, go, come):
        hold, mark = self.seconds(), self.mark()
        self.scene.step(f"{name}, for {hold:.1f} s")
        gone = time.monotonic()
        go()
        self.told(name, ("log_away",), mark, lambda: gone, hold)
        come()
        seconds = self.clear(name, BROKER_SECONDS, mark, ("log_away",))
        self.scene.say(f"  all is well {seconds:.1f} s after")

    def broker_stalls(self):
        pid = self.broker.pid()
        self.log_goes("the broker hangs", lambda: os.kill(pid, signal.SIGSTOP), lambda: os.kill(pid, signal.SIGCONT))

    def broker_is_killed(self):
        self.log_goes("the broker is killed", lambda: self.broker("kill"), lambda: self.broker("start"))

    def broker_stops(self):
        self.log_goes("the broker ends", lambda: self.broker("stop"), lambda: self.broker("start"))

    def stop_while_the_broker_stalls(self):
        self.scene.step("SIGTERM while the broker hangs")
        pid = self.broker.pid()
        os.kill(pid, signal.SIGSTOP)
        try:
            self.scene.pause(self.seconds())
            self.ends("SIGTERM while the broker hangs")
        finally:
            os.kill(pid, signal.SIGCONT)
        self.starts("a start after the broker hung")

    def start_without_the_broker(self):
        name = "a start without the broker"
        self.scene.step("kill -9 of server and broker, and " + name)
        self.scene.server.kill()
        self.broker("kill")
        mark, hold, gone = self.mark(), self.seconds(), time.monotonic()
        self.starts(name, ready=False)
        self.told(name, ("log_away",), mark, lambda: gone, hold)
        self.broker("start")
        self.clear(name, BROKER_SECONDS, mark, ("log_away",))
