"""What packaging asks of a program or shared library in ELF (64 bits, little-endian): the libraries and
the versions of symbols that it needs, and the folders in which the loader looks for them."""

import re
import struct
from pathlib import Path

LOAD, DYNAMIC = 1, 2
NEEDED, STRINGS, RPATH, RUNPATH = 1, 5, 15, 29
VERSIONS, VERSION_COUNT = 0x6FFFFFFE, 0x6FFFFFFF


class ELF:
    """A file that is read whole; `data` has what was changed."""

    def __init__(self, path):
        self.path = Path(path)
        self.data = bytearray(self.path.read_bytes())
        if self.data[:6] != b"\x7fELF\x02\x01":
            raise SystemExit(f"package: {path} is no 64-bit little-endian ELF file")
        (table,) = struct.unpack_from("<Q", self.data, 32)
        size, count = struct.unpack_from("<HH", self.data, 54)
        headers = [struct.unpack_from("<IIQQQQ", self.data, table + size * i) for i in range(count)]
        self.loads = [(at, address, length) for kind, _, at, address, _, length in headers if kind == LOAD]
        self.dynamic = []
        for kind, _, at, _, _, length in headers:
            if kind == DYNAMIC:
                self.dynamic = [struct.unpack_from("<qQ", self.data, at + i) for i in range(0, length, 16)]
        self.tags = dict(self.dynamic)

    def offset(self, address):
        """Where in the file lies what is at this address in memory."""
        return next(at + address - low for at, low, size in self.loads if low <= address < low + size)

    def text(self, index):
        start = self.offset(self.tags[STRINGS]) + index
        return self.data[start : self.data.index(0, start)].decode()

    @property
    def needed(self):
        """The names of the libraries that it is linked with."""
        return [self.text(value) for tag, value in self.dynamic if tag == NEEDED]

    @property
    def run_path(self):
        """Where the loader looks for them before it looks in the system's folders; "" for nowhere."""
        return self.text(self.tags[RUNPATH]) if RUNPATH in self.tags else ""

    @run_path.setter
    def run_path(self, new):
        if RPATH in self.tags:
            raise SystemExit(f"package: {self.path} has the old DT_RPATH; link it with --enable-new-dtags")
        old = self.run_path
        if len(new) > len(old):
            raise SystemExit(f"package: {self.path} has the run path '{old}', too short for '{new}'")
        if RUNPATH in self.tags:
            # Within the table of strings, where nothing else can end in it: no name is a path's end.
            start = self.offset(self.tags[STRINGS]) + self.tags[RUNPATH]
            self.data[start : start + len(old)] = new.encode().ljust(len(old), b"\0")

    @property
    def versions(self):
        """The newest version that it needs of each set of symbols, such as {"GLIBC": (2, 34)}."""
        newest = {}
        if VERSIONS not in self.tags:
            return newest
        at = self.offset(self.tags[VERSIONS])
        for _ in range(self.tags[VERSION_COUNT]):
            _, count, _, first, following = struct.unpack_from("<HHIII", self.data, at)
            entry = at + first
            for _ in range(count):
                _, _, _, name, next_entry = struct.unpack_from("<IHHII", self.data, entry)
                found = re.fullmatch(r"([A-Z]+)_(\d+(?:\.\d+)*)", self.text(name))
                if found:
                    number = tuple(map(int, found[2].split(".")))
                    newest[found[1]] = max(newest.get(found[1], (0,)), number)
                entry += next_entry
            at += following
        return newest


def newest_versions(files):
    """What all of `files` need together, as `ELF.versions`."""
    together = {}
    for file in files:
        for name, number in file.versions.items():
            together[name] = max(together.get(name, (0,)), number)
    return together
