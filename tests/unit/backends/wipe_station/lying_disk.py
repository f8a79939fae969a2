"""A disk of one file under FUSE, honest or lying: `lying_disk.py FOLDER SIZE LIE`.

What it really holds is in FOLDER.kept, where a scanner of its own may look. `FOLDER/disk` is the disk, to be
attached to a loop device; what a command to erase does to it is written into `FOLDER/do`.

    honest      keeps what is written, erases when told
    drops       says that it wrote, and did not
    zeros       once told to erase, answers zeros to every read, and keeps all it had
    half        writes to its second half fail
    small       keeps what is written by single blocks, as markers are, and drops the rest
    cache       answers from a memory of the last blocks written, and drops them all in the end
    wraps       has half the blocks it says: its second half is its first
    some        told to erase it keeps two blocks, the 300th and the 301st
    deaf        told to erase it does nothing, and says that it did
"""

from __future__ import annotations

import errno
import stat
import sys
from pathlib import Path

import mfusepy

BLOCK = 4096
SOME = 300 * BLOCK
#: Blocks: more than there are markers on a disk of 8 MiB, fewer than it has.
REMEMBERED = 512


class LyingDisk(mfusepy.Operations):
    use_ns = True

    def __init__(self, kept: Path, size: int, lie: str) -> None:
        self.lie, self.size, self.erased = lie, size, False
        self.memory = {}
        self.store = kept.open("r+b", buffering=0)

    def getattr(self, path, fh=None):
        if path == "/":
            return {"st_mode": stat.S_IFDIR | 0o755, "st_nlink": 2}
        if path in {"/disk", "/do"}:
            size = self.size if path == "/disk" else 0
            return {"st_mode": stat.S_IFREG | 0o600, "st_nlink": 1, "st_size": size}
        raise mfusepy.FuseOSError(errno.ENOENT)

    def readdir(self, path, fh):
        return [".", "..", "disk", "do"]

    def read(self, path, size, offset, fh):
        if path != "/disk":
            return b""
        self.store.seek(self.place(offset))
        data = self.store.read(size)
        for at in range(0, len(data), BLOCK) if self.memory else ():
            held = self.memory.get(offset + at, data[at : at + BLOCK])
            data = data[:at] + held + data[at + BLOCK :]
        return bytes(len(data)) if self.lie == "zeros" and self.erased else data

    def place(self, offset):
        return offset % (self.size // 2) if self.lie == "wraps" else offset

    def remember(self, data, offset):
        for at in range(0, len(data), BLOCK):
            self.memory.pop(offset + at, None)
            self.memory[offset + at] = data[at : at + BLOCK]
        while len(self.memory) > REMEMBERED:
            del self.memory[next(iter(self.memory))]

    def write(self, path, data, offset, fh):
        if path == "/do":
            self.erase(data.decode().strip())
        elif self.lie == "half" and offset + len(data) > self.size // 2:
            raise mfusepy.FuseOSError(errno.EIO)
        elif self.lie == "cache":
            self.remember(data, offset)
        elif self.lie != "drops" and not (self.lie == "small" and len(data) > BLOCK):
            self.store.seek(self.place(offset))
            self.store.write(data)
        return len(data)

    def erase(self, command):
        assert command == "erase"
        self.erased = True
        if self.lie not in {"zeros", "deaf", "drops", "cache", "small", "wraps"}:
            self.store.seek(SOME)
            kept = self.store.read(2 * BLOCK) if self.lie == "some" else bytes(2 * BLOCK)
            self.store.seek(0)
            self.store.write(bytes(self.size))
            self.store.seek(SOME)
            self.store.write(kept)

    def truncate(self, path, length, fh=None):
        return 0

    def fsync(self, path, datasync, fh):
        return 0


if __name__ == "__main__":
    folder, size, lie = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    mfusepy.FUSE(
        LyingDisk(folder.with_suffix(".kept"), size, lie), str(folder), foreground=True, nothreads=True,
        direct_io=True, fsname="lying",
    )  # fmt: skip
