"""Reading and writing a block device past every cache, and the patterns that are written.

Runs on the wipe station: standard library of Python 3.9 only.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import mmap
import os
import stat
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Final

from commsroom.backends.on_target import TargetError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Bytes moved at a time.
CHUNK: Final = 1 << 20
#: Bytes of a block that is looked at by itself: no residue smaller than that is counted apart.
BLOCK: Final = 4096
#: ioctl(2) request of linux/fs.h: write and drop the device's buffers.
_BLKFLSBUF: Final = 0x1261
_BLKDISCARD: Final = 0x1277


class Blocks:
    """A whole block device, held so that nothing else can mount or take it meanwhile.

    `direct` tells whether the kernel's cache is passed over (O_DIRECT); where that cannot be, it is dropped
    before anything is read back.
    """

    def __init__(self, path: str, *, size: int) -> None:
        """Open it; raises TargetError `failed` when it is in use or cannot be opened."""
        self.path, self.size = path, size
        self.direct = True
        self._buffer = mmap.mmap(-1, CHUNK)
        self._handle = -1
        self.open()

    def open(self) -> None:
        """Hold it; raises TargetError as above."""
        flags = os.O_RDWR | os.O_EXCL | os.O_CLOEXEC
        try:
            try:
                self._handle = os.open(self.path, flags | os.O_DIRECT)
            except OSError as error:
                if error.errno != errno.EINVAL:
                    raise
                self.direct = False
                self._handle = os.open(self.path, flags)
        except OSError as error:
            raise TargetError("failed", _why(self.path, error)) from None
        if not stat.S_ISBLK(os.fstat(self._handle).st_mode):
            self.close()
            raise TargetError("failed", f"{self.path} is no block device")

    def close(self) -> None:
        """Let go of it; safe to call twice."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def read(self, offset: int, length: int) -> bytes:
        """Return so many bytes, at most CHUNK, as the device has them; raises OSError."""
        view = memoryview(self._buffer)[:length]
        done = 0
        try:
            while done < length:
                count = os.preadv(self._handle, [view[done:]], offset + done)
                if not count:
                    raise OSError(errno.EIO, "the device ends early", self.path)
                done += count
            return bytes(view)
        finally:
            view.release()

    def write(self, offset: int, data: bytes) -> None:
        """Write bytes, at most CHUNK and a multiple of the device's blocks; raises OSError."""
        view = memoryview(self._buffer)[: len(data)]
        try:
            view[:] = data
            done = 0
            while done < len(data):
                done += os.pwritev(self._handle, [view[done:]], offset + done)
        finally:
            view.release()

    def settle(self) -> None:
        """Have the device keep what was written, and forget what is cached of it.

        Raises:
            OSError: the device did not keep it.
            TargetError: `failed`, what is cached cannot be dropped, and would be read instead of the device.
        """
        os.fsync(self._handle)
        try:
            fcntl.ioctl(self._handle, _BLKFLSBUF)
        except OSError as error:
            if not self.direct:
                why = f"what is cached of {self.path} cannot be dropped: {error.strerror}"
                raise TargetError("failed", why) from None
        with contextlib.suppress(OSError):
            os.posix_fadvise(self._handle, 0, 0, os.POSIX_FADV_DONTNEED)
        # A loop device reads through the cache of its file's own file system.
        name = os.path.basename(os.path.realpath(self.path))  # noqa: PTH119
        with contextlib.suppress(OSError):
            backing = (
                Path(f"/sys/class/block/{name}/loop/backing_file").read_text("utf-8").rstrip("\n")
            )
            with open(backing, "rb") as file:  # noqa: PTH123
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

    def discard(self) -> str:
        """Tell the device that nothing of it is needed any more; raises OSError where it has no such command."""
        fcntl.ioctl(self._handle, _BLKDISCARD, struct.pack("=QQ", 0, self.size))
        self.settle()
        return "the whole device was discarded"

    def chunks(self) -> Iterator[tuple[int, int]]:
        """Yield offset and length of all there is, from the beginning."""
        for offset in range(0, self.size, CHUNK):
            yield offset, min(CHUNK, self.size - offset)


def _why(path: str, error: OSError) -> str:
    if error.errno == errno.EBUSY:
        return f"{path} is in use"
    return f"{path} cannot be opened: {error.strerror}"


def uniform(value: int) -> Callable[[int, int], bytes]:
    """Return the pattern that is one byte throughout."""
    whole = bytes([value]) * CHUNK
    return lambda _offset, length: whole if length == CHUNK else whole[:length]


def keyed(seed: bytes) -> Callable[[int, int], bytes]:
    """Return a pattern that only the holder of the seed can tell, and that is different everywhere.

    A device that drops writes, keeps fewer blocks than it says, or finds equal blocks equal cannot give it
    back.
    """

    def pattern(offset: int, length: int) -> bytes:
        return hashlib.shake_128(seed + offset.to_bytes(8, "big")).digest(length)

    return pattern


def complement(pattern: Callable[[int, int], bytes]) -> Callable[[int, int], bytes]:
    """Return the pattern with every bit the other way."""
    other = bytes(255 - value for value in range(256))
    return lambda offset, length: pattern(offset, length).translate(other)


def spots(size: int, count: int, seed: bytes) -> list[int]:
    """Return offsets of BLOCKs, one in each of `count` equal parts, and the first and the last of all."""
    blocks = size // BLOCK
    if blocks <= count:
        return [number * BLOCK for number in range(blocks)]
    found = {0, (blocks - 1) * BLOCK}
    for part in range(count):
        low, high = part * blocks // count, (part + 1) * blocks // count
        chance = hashlib.sha256(seed + part.to_bytes(8, "big")).digest()
        found.add((low + int.from_bytes(chance[:8], "big") % (high - low)) * BLOCK)
    return sorted(found)
