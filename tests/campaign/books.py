"""Whether the log holds what was acknowledged, and the read model what the log holds."""
import collections
import os
import shutil
import struct
from pathlib import Path

from harness import FAMILIES, Daybook, Peer, run, strip_frame, summary, undisturbed

SEGMENT_HEAD = 40
RECORD_HEAD = struct.Struct("<IIIIQB")  # docs/formats.md


def varint(data, at):
    number = shift = 0
    while True:
        number |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if data[at - 1] < 0x80:
            return number, at


def records_of(segment, base_offset):
    """(offset, value) of each."""
    data, at = segment.read_bytes(), SEGMENT_HEAD
    while at < len(data):
        _, length, relative, _, _, flags = RECORD_HEAD.unpack_from(data, at)
        inside = at + RECORD_HEAD.size
        key_size, value_size = 0, 0
        if flags & 1:
            key_size, inside = varint(data, inside)
        if flags & 2:
            value_size, inside = varint(data, inside)
        yield base_offset + relative, data[inside + key_size:inside + key_size + value_size]
        at += 8 + length


def embedded_log(data):
    """{topic: [{partition, offset, value}]}, as a Peer reads them."""
    topics = {f"daybook.{family}.v1": [] for family in FAMILIES}
    for segment in sorted((Path(data) / "log").glob("*.seg")):
        family, partition, base = segment.stem.rsplit("-", 2)
        if family not in FAMILIES:
            continue
        topics[f"daybook.{family}.v1"] += [{"partition": int(partition), "offset": offset, "value": value}
                                          for offset, value in records_of(segment, int(base))]
    return topics


def kafka_log(brokers):
    # It gives a topic as a whole.
    os.environ.setdefault("DAYBOOK_TEST_PEER_HEAP", "2g")
    peer = Peer(brokers)
    try:
        return {f"daybook.{family}.v1": peer.read(f"daybook.{family}.v1") for family in FAMILIES}
    finally:
        peer.close()


def event_id(value):
    """Field 1 of an event."""
    value = strip_frame(value)
    assert value[:1] == b"\x0a", value[:40]
    size, at = varint(value, 1)
    return value[at:at + size].decode()


class Books:
    def __init__(self, scene, published, folder, partitions, brokers=None):
        self.scene, self.published, self.folder = scene, published, folder
        self.partitions, self.brokers = partitions, brokers

    def check(self, status):
        """The server has ended; `status` is its last word, of all that the log holds."""
        topics = kafka_log(self.brokers) if self.brokers else embedded_log(self.scene.server.data)
        there = self.compare(topics, status)
        self.folded_once(there, status)

    def compare(self, topics, status):
        """What was acknowledged is in the log, and the read model what the log holds: also folded anew, and as told
        undisturbed. Gives {place: event_id} of the log."""
        there = {(topic, r["partition"], r["offset"]): event_id(r["value"]) for topic, records in topics.items() for r in records}
        self.acknowledged_is_there(there)
        done = run("verify", "--data", self.scene.server.data, timeout=300)
        if done.returncode != 0 or "digest " + status["digest"] not in done.stdout + done.stderr:
            self.scene.found(f"daybook verify: {done.stdout} {done.stderr}")
        for name, other in (("folded anew", self.folded_anew), ("told the same undisturbed", lambda: self.twin(topics))):
            if summary(other()) != summary(status):
                self.scene.found(f"{name}: {summary(other())}, not {summary(status)}")
        self.scene.say(f"{len(there)} records, of {len(self.published.at)} acknowledged events and what was sent again: "
                       f"digest {status['digest']} as folded anew, and as told undisturbed")
        return there

    def acknowledged_is_there(self, there):
        lost = {place: wanted for place, wanted in self.published.at.items() if there.get(place) != wanted}
        if lost:
            first = sorted(lost.items())[:5]
            self.scene.found(f"{len(lost)} acknowledged events are not where they were said to be: "
                             + ", ".join(f"{wanted} at {place}, where there is {there.get(place)}" for place, wanted in first))

    def folded_once(self, there, status):
        """Each event once, however often the log has it; nothing of what was refused."""
        counts = collections.Counter(there.values())
        expected = {"accepted": len(counts), "duplicates": len(there) - len(counts), "conflicts": 0, "parked": 0}
        got = {name: status[name] for name in expected}
        if got != expected:
            self.scene.found(f"the log has {expected}, the read model {got}")
        strangers = set(counts) - set(self.published.at.values())
        if strangers:
            self.scene.found(f"{len(strangers)} events in the log that nobody published, such as {sorted(strangers)[:5]}")

    def folded_anew(self):
        other = self.server("anew", self.brokers)
        if not self.brokers:
            shutil.copytree(self.scene.server.data / "log", other.data / "log")
        return self.folded(other.start())

    def twin(self, topics):
        other = self.server("twin", None)
        try:
            return undisturbed(other, topics)
        finally:
            other.stop()

    def server(self, name, brokers):
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        return Daybook(folder, *([] if brokers else ["--partitions", self.partitions]), brokers=brokers,
                       DAYBOOK_MEMORY_MIB="512")

    @staticmethod
    def folded(server):
        try:
            return server.wait_ready(120).wait_folded()
        finally:
            server.stop()
