"""Crashes while history is read in commits longer than memory (docs/decisions/0008): at random moments, and
where commits are made."""
import collections
import itertools
import os
import random
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

from harness import BROKERS, DAYBOOK, Case, KafkaCase, clean_environment, main, summary
from kill9_test import SEED

# Few accounts: one that was told more than its share of memory ends a commit, so that a replay has several.
HISTORY = ("--orders", "60000", "--customers", "24", "--seed", str(SEED))
REPEATS = 500
PARTITIONS = 2
SMALL, PLENTY = {"DAYBOOK_MEMORY_MIB": "64"}, {"DAYBOOK_MEMORY_MIB": "1024"}

# Where a replay is. What a first commit left halfway would be written once more, as it is; what a later one left
# would count twice.
IN_MEMORY, SET_ASIDE = "all in memory", "runs set aside"
ONE_PIECE, PIECES = "files in one piece", "files in several pieces"
LATER_PIECES = "files of a later commit in several pieces"
TAKING_IN = "files being taken in"
KILLS_EACH = {SET_ASIDE: 2, PIECES: 1, LATER_PIECES: 3, TAKING_IN: 1}  # At least.
KILLS_MIN, KILLS_MAX = 8, 30

# A commit in one piece has a file for each table, one in pieces for each kind of key.
TABLES = 3


def incoming(data):
    """The files that commits are making, by shard."""
    return {shard: list((shard / "incoming").glob("*.sst")) for shard in (data / "shards").iterdir()}


def holds(file, condition):
    """Of a file that may go meanwhile."""
    try:
        return condition(file)
    except FileNotFoundError:
        return False


def has_two_names(file):
    return file.stat().st_nlink > 1


def is_a_run(file):
    """Of what a process has open. Runs have no name: the process alone holds them."""
    return os.readlink(file).endswith("/set-aside (deleted)")


def runs_set_aside(server):
    return sum(holds(file, is_a_run) for file in Path(f"/proc/{server.process.pid}/fd").iterdir())


def phase(server):
    files = {shard: made for shard, made in incoming(server.data).items() if made}
    # The store links what it takes in to a name of its own, all of it before any of it counts.
    if any(holds(file, has_two_names) for file in itertools.chain(*files.values())):
        return TAKING_IN
    in_pieces = [shard for shard, made in files.items() if len(made) > TABLES]
    if in_pieces:
        return LATER_PIECES if any(list(shard.glob("*.sst")) for shard in in_pieces) else PIECES
    if files:
        return ONE_PIECE
    return SET_ASIDE if runs_set_aside(server) else IN_MEMORY


def stop_where_it_is(server):
    """Nothing moves from here on, so that what lies there can be looked at."""
    server.process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, server.process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)


def bytes_under(folder):
    return sum(file.stat().st_blocks * 512 for file in folder.rglob("*") if file.is_file())


class Replay:
    """Of one log, whose place the two cases below name."""

    def fill(self):
        self.run_daybook("generate", *HISTORY, *self.log)
        # The repeats stand as far as can be from what they repeat.
        generator = subprocess.Popen([DAYBOOK, "generate", *HISTORY], stdout=subprocess.PIPE, text=True,
                                     env=clean_environment())
        first = list(itertools.islice(generator.stdout, 20 * REPEATS))
        generator.kill()
        generator.communicate()
        lines = "".join(random.Random(SEED).sample(first, REPEATS))
        self.run_daybook("publish", "-", *self.log, stdin=lines)

    def forget(self, data):
        shutil.rmtree(data / "shards")
        (data / "manifest.json").unlink()

    def verified(self, data):
        """The digest of a folder, whose every figure must follow from its facts."""
        said = self.run_daybook("verify", "--data", data, says="every figure follows from the facts").stdout
        return re.search(r"digest (\w+)", said)[1]

    def kill_once(self, server, rng, goal, seconds):
        """Kills at a random moment; where there is a goal, once the replay is there. Gives where it was."""
        server.start()
        until = time.monotonic() + (rng.uniform(0, seconds) if goal is None else 2 * seconds)
        while time.monotonic() < until and (goal is None or phase(server) != goal):
            time.sleep(0.002)
        if goal not in (None, TAKING_IN):
            time.sleep(rng.uniform(0, seconds / 10))
        stop_where_it_is(server)
        found = phase(server)
        server.kill()
        return found

    def test_kills_while_history_is_folded(self):
        print(f"seed {SEED}")
        rng = random.Random(SEED)
        self.fill()
        # In one commit, in memory.
        calm = self.server(PLENTY)
        began = time.monotonic()
        expected = calm.start().wait_folded()
        seconds = 1.5 * (time.monotonic() - began)
        calm.stop()
        self.assertEqual(expected["duplicates"], REPEATS)
        self.assertEqual(self.verified(calm.data), expected["digest"])
        size = bytes_under(calm.data / "shards")
        self.forget(calm.data)

        server = self.server(SMALL)
        killed = collections.Counter()
        begun_anew = 0
        between = 0  # Kills after which some of the history was committed.
        found = None
        # The last kill leaves files behind.
        while (killed.total() < KILLS_MIN or found not in (PIECES, LATER_PIECES)
               or any(killed[at] < least for at, least in KILLS_EACH.items())):
            self.assertLess(killed.total(), KILLS_MAX, f"not all was met: {killed}")
            missing = [at for at, least in KILLS_EACH.items() if killed[at] < least]
            goal = rng.choice(missing or [LATER_PIECES]) if killed.total() % 2 else None
            found = self.kill_once(server, rng, goal, seconds)
            killed[found] += 1
            # What a crash left is whole.
            reached = self.verified(server.data)
            if reached == expected["digest"]:
                self.forget(server.data)
                begun_anew += 1
            elif int(reached, 16) != 0:
                between += 1
        print(f"killed with {dict(killed)}; {between} times between two commits, {begun_anew} times at the end")

        status = server.start().wait_ready().wait_folded()
        self.assertEqual(runs_set_aside(server), 0)
        server.stop()
        self.assertEqual(summary(status), summary(expected))
        self.assertEqual(self.verified(server.data), expected["digest"])
        self.assertFalse(any(incoming(server.data).values()), "files that were not taken in")
        self.assertEqual(list((server.data / "shards").rglob("set-aside")), [])
        self.assertLess(bytes_under(server.data / "shards"), 1.5 * size, "room that killed runs took")


class EmbeddedLog(Replay, Case):
    def setUp(self):
        super().setUp()
        self.log = ("--data", self.dir / "data", "--partitions", PARTITIONS)

    def server(self, memory):
        return self.daybook("data", **memory)


class Kafka(Replay, KafkaCase):
    partitions = PARTITIONS

    def setUp(self):
        super().setUp()
        self.log = ("--brokers", BROKERS, "--topic-prefix", self.prefix)

    def server(self, memory):
        return self.on_kafka(**memory)


if __name__ == "__main__":
    main()
