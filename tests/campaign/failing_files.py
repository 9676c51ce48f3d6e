"""Tells failing_files.cc, which a server was started with, what is to fail."""
import errno
import mmap
import os
import struct

SHIM = os.environ.get("DAYBOOK_TEST_FAILING_FILES", "")
PARTS = {"everything": 0, "log": 1, "shards": 2, "first partitions": 4}
HANGS = 255
COUNTED_AT = 8  # Behind the orders, of a byte each.


class FailingFiles:
    """The disk of one data folder."""

    def __init__(self, data, orders):
        orders.write_bytes(bytes(24))
        self.file = open(orders, "r+b")
        self.bytes = mmap.mmap(self.file.fileno(), 24)
        self.variables = {"LD_PRELOAD": SHIM, "FAILING_FILES_UNDER": str(data), "FAILING_FILES_ORDERS": str(orders)}

    def fail(self, part="everything", writes=0, syncs=0, reads=0, opens=0, one_in=0, half=False, pause_seconds=0):
        self.bytes[COUNTED_AT:] = bytes(16)
        self.bytes[4:8] = bytes((PARTS[part], one_in, half, round(pause_seconds * 100)))
        self.bytes[:4] = bytes((writes, syncs, reads, opens))

    def full(self, part="everything", **more):
        self.fail(part, writes=errno.ENOSPC, **more)

    def hang(self, part="everything"):
        """Syncs and writes do not return until heal()."""
        self.fail(part, pause_seconds=HANGS / 100)

    def heal(self):
        """What failed stays counted."""
        self.bytes[:8] = bytes(8)

    def struck(self):
        """How many calls failed, and when the first did, in time.monotonic()'s seconds (None: none did)."""
        failed, first = struct.unpack("<QQ", self.bytes[COUNTED_AT:])
        return failed, first / 1e9 if first else None
