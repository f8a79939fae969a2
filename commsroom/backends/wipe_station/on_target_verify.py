"""The verifier: what can be read of a disk before and after, and what may be said from it.

It believes no device and no tool. Before anything is erased it writes markers and reads them back past the
caches: a disk that drops writes, or answers from somewhere else, is found out there. Afterwards it reads
what is addressable and, where a device erased itself, has it keep new blocks once more: one that gives back
zeros whatever is on it cannot.

What no host can read (remapped sectors, spare areas of flash) is named and never claimed.
Runs on the wipe station: standard library of Python 3.9 only.
"""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from commsroom.backends.wipe_station.on_target_blocks import BLOCK, CHUNK, keyed, spots, uniform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from commsroom.backends.wipe_station.on_target_blocks import Blocks

    Told = Callable[[str, int], None]

#: At most how many blocks are marked, and how many old ones are remembered by their digest: of a small disk
#: no more than one in so many, for what is marked is overwritten.
_SPOTS: Final = 2048
_ONE_IN: Final = 16
#: Blocks read where not all can be: residue of 0.1 % is found with 95 % (0.999 ** 2995 < 0.05).
SAMPLE: Final = 2995
_NAMED: Final = 5
#: What keeps part of a disk from the host: of ATA the first two, of NVMe the last.
_BY: Final = "from the host (HPA, DCO, or capacity of no namespace)"
#: What deflate leaves of a block that is random; anything readable leaves less.
_RANDOM: Final = 0.98
#: Without header and checksum, 2**12 bytes of window (zlib's manual, deflateInit2).
_WINDOW: Final = -12
#: The least that a disk, and so what encrypts it, writes at a time.
_SECTOR: Final = 512


@dataclass(frozen=True)
class Verdict:
    """PASS, FAIL or UNKNOWN, why, and what was looked at."""

    result: str
    reason: str
    evidence: str = ""

    def to_json(self) -> dict[str, str]:
        """Return it as it travels."""
        return {"result": self.result, "reason": self.reason, "evidence": self.evidence}


class Stopped(Exception):
    """A job that cannot go on, and what is to be said of it."""

    def __init__(self, result: str, reason: str, evidence: str = "") -> None:
        """Keep the verdict."""
        super().__init__(reason)
        self.verdict = Verdict(result, reason, evidence)


@dataclass
class Before:
    """What was on the disk before: where the markers are, and digests of blocks that were there."""

    seed: bytes
    markers: list[int]
    old: dict[bytes, int] = field(default_factory=dict)

    def marker(self, offset: int) -> bytes:
        """Return the marker of a place."""
        return keyed(self.seed + b"marker")(offset, BLOCK)


def prepare(blocks: Blocks, seed: bytes) -> Before:
    """Remember what is there, place markers, and see that the disk keeps them.

    Raises:
        Stopped: FAIL, it does not give back what was written a moment ago.
    """
    before = Before(seed, _spots(blocks, seed))
    for offset in _spots(blocks, seed + b"old"):
        block = _read(blocks, offset, BLOCK)
        if block.count(block[:1]) < BLOCK:
            before.old[hashlib.sha256(block).digest()] = offset
    for offset in before.markers:
        _write(blocks, offset, before.marker(offset))
    settle(blocks)
    lost = [
        offset for offset in before.markers if _read(blocks, offset, BLOCK) != before.marker(offset)
    ]
    if lost:
        raise Stopped(
            "FAIL",
            f"{len(lost)} of {len(before.markers)} markers are not there a moment after they were"
            f" written (first at byte {lost[0]}): the device does not keep what is written to it",
        )
    return before


def fill(blocks: Blocks, pattern: Callable[[int, int], bytes], tell: Told) -> None:
    """Write a pattern over everything and have the disk keep it; raises Stopped, FAIL, where it cannot."""
    for offset, length in blocks.chunks():
        _write(blocks, offset, pattern(offset, length))
        tell("overwriting", offset + length)
    settle(blocks)


def expect(
    blocks: Blocks, pattern: Callable[[int, int], bytes], tell: Told, sample: bytes | None = None
) -> str:
    """Read everything, or a sample by a seed, and see that it is a pattern; returns what was read, in words.

    Raises:
        Stopped: FAIL, other content is there; UNKNOWN, it cannot be read.
    """
    wrong, first = 0, -1
    for offset, length in _extent(blocks, sample):
        found, wanted = _read(blocks, offset, length), _part(pattern, offset, length)
        tell("reading back", offset + length)
        if found == wanted:
            continue
        for at in range(0, length, BLOCK):
            if found[at : at + BLOCK] != wanted[at : at + BLOCK]:
                wrong += 1
                first = offset + at if first < 0 else first
    if wrong:
        raise Stopped(
            "FAIL",
            f"{wrong} blocks of {BLOCK} bytes hold something else than was written (first at byte {first})",
        )
    return _extent_told(blocks, sample)


def gone(
    blocks: Blocks,
    before: Before,
    tell: Told,
    sample: bytes | None = None,
    *,
    overwritten: bool = False,
) -> str:
    """Read after a device erased itself; return what was read, in words.

    What looks random may be ciphertext, or anything compressed, of before: it can only be compared with the blocks
    that were remembered, and that is said. `overwritten`: by one value, so that nothing may look random.

    Raises:
        Stopped: FAIL, a marker or a block of before is there; UNKNOWN, something readable is, or it cannot
            be read.
    """
    for offset in before.markers:
        if _read(blocks, offset, BLOCK) == before.marker(offset):
            raise Stopped("FAIL", f"the marker at byte {offset} is still there: nothing was erased")
    readable, random, first = 0, 0, -1
    for offset, block in _not_uniform(blocks, tell, sample):
        if hashlib.sha256(block).digest() in before.old:
            raise Stopped("FAIL", f"what was at byte {offset} before is still on it")
        if not overwritten and _is_random(block):
            random += 1
        else:
            readable += 1
            first = offset if first < 0 else first
    if readable:
        what = "not uniform" if overwritten else "neither uniform nor random"
        raise Stopped(
            "UNKNOWN",
            f"{readable} blocks are {what} (first at byte {first}): it may be old content",
        )
    told = _extent_told(blocks, sample)
    if random:
        told += (
            f"; {random} blocks look random, and could be compared only with {len(before.old)} blocks"
            " remembered from before"
        )
    return told


def _not_uniform(blocks: Blocks, tell: Told, sample: bytes | None) -> Iterator[tuple[int, bytes]]:
    """Read everything, or a sample, and yield each block that is not one byte throughout, with its place."""
    for offset, length in _extent(blocks, sample):
        chunk = _read(blocks, offset, length)
        tell("reading back", offset + length)
        if chunk.count(chunk[:1]) == length:
            continue
        for at in range(0, length, BLOCK):
            block = chunk[at : at + BLOCK]
            if block.count(block[:1]) < len(block):
                yield offset + at, block


def ciphertext(blocks: Blocks, tell: Told, sample: bytes | None = None, *, begin: int = 0) -> str:
    """See that a volume holds nothing but what looks random, and sectors that nobody wrote; return what was read.

    Its data begin at the byte `begin`. A disk that held data before it was made a volume has them still, wherever nothing was written since.

    Raises:
        Stopped: UNKNOWN, something else is there, or it cannot be read.
    """
    plain, first = 0, -1
    for offset, block in _not_uniform(blocks, tell, sample):
        data = block[max(0, begin - offset) :]
        if not (_is_random(data) or all(map(_is_unwritten_or_random, _sectors(data)))):
            plain += 1
            first = offset if first < 0 else first
    if plain:
        raise Stopped(
            "UNKNOWN",
            f"{plain} blocks are no ciphertext (first at byte {first}): not all that was written to it was"
            " encrypted",
        )
    return f"{_extent_told(blocks, sample)}: ciphertext, or never written"


def _is_random(data: bytes) -> bool:
    # A window of no more than a block: of a larger one, making it ready would take longer than the block.
    deflate = zlib.compressobj(1, zlib.DEFLATED, _WINDOW)
    return len(deflate.compress(data)) + len(deflate.flush()) >= _RANDOM * len(data)


def _sectors(block: bytes) -> Iterator[bytes]:
    for at in range(0, len(block), _SECTOR):
        yield block[at : at + _SECTOR]


def _is_unwritten_or_random(sector: bytes) -> bool:
    return sector.count(sector[:1]) == len(sector) or _is_random(sector)


def challenge(blocks: Blocks, seed: bytes) -> str:
    """See that an erased disk still keeps what is written: one that answers zeros to everything does not.

    Raises:
        Stopped: FAIL, new blocks do not come back.
    """
    pattern, zeros = keyed(seed + b"challenge"), uniform(0)
    places = _spots(blocks, seed + b"challenge")
    for offset in places:
        _write(blocks, offset, pattern(offset, BLOCK))
    settle(blocks)
    lost = sum(_read(blocks, offset, BLOCK) != pattern(offset, BLOCK) for offset in places)
    if lost:
        raise Stopped(
            "FAIL",
            f"{lost} of {len(places)} blocks written after it was erased do not come back: what it shows is"
            " not what it holds",
        )
    for offset in places:
        _write(blocks, offset, zeros(offset, BLOCK))
    settle(blocks)
    return f"{len(places)} new blocks kept and given back"


def doubts(found: dict[str, Any]) -> str:
    """Return why an overwrite through the host cannot have reached all of a disk, "" where it can."""
    hidden = found.get("hidden_bytes")
    if hidden is None:
        return "the disk does not say whether an HPA or DCO hides part of it (is hdparm installed?)"
    if hidden:
        return f"{hidden} bytes are hidden {_BY}, and were not overwritten"
    return ""


def unseen(found: dict[str, Any]) -> str:
    """Return why nobody could verify that a disk erased all of itself, "" where that can be.

    What hides a part of it is to be taken off first (SP 800-88r1, Appendix A), whether or not the command reaches it.
    """
    hidden = found.get("hidden_bytes")
    return f"{hidden} bytes are hidden {_BY}: take that off first" if hidden else ""


def notes(found: dict[str, Any]) -> list[str]:
    """Return what the host cannot reach and is not claimed."""
    told = []
    if doubt := unseen(found):
        told.append(doubt.partition(":")[0] + ", and cannot be read")
    elif found.get("hidden_bytes") is None:
        told.append("whether an HPA or DCO hides part of it is not known")
    remapped = found.get("remapped")
    if remapped is None:
        told.append("how many sectors the device has replaced by itself is not known")
    elif remapped:
        told.append(f"{remapped} sectors the device has replaced by itself cannot be read")
    return told


def _extent(blocks: Blocks, sample: bytes | None) -> Iterator[tuple[int, int]]:
    if sample is None:
        yield from blocks.chunks()
        return
    for offset in spots(blocks.size, SAMPLE, sample + b"sample"):
        yield offset, BLOCK


def _spots(blocks: Blocks, seed: bytes) -> list[int]:
    return spots(blocks.size, min(_SPOTS, max(1, blocks.size // BLOCK // _ONE_IN)), seed)


def _part(pattern: Callable[[int, int], bytes], offset: int, length: int) -> bytes:
    """Return a pattern's bytes anywhere: it is made by CHUNKs."""
    start = offset // CHUNK * CHUNK
    if start == offset:
        return pattern(offset, length)
    return pattern(start, CHUNK)[offset - start : offset - start + length]


def _extent_told(blocks: Blocks, sample: bytes | None) -> str:
    past = "past the cache" if blocks.direct else "caches dropped"
    if sample is None:
        return f"all {blocks.size} bytes read, {past}"
    return (
        f"{SAMPLE} of {blocks.size // BLOCK} blocks read, {past}: residue of 0.1 % or more would be found"
        " with 95 %"
    )


def _read(blocks: Blocks, offset: int, length: int) -> bytes:
    try:
        return blocks.read(offset, length)
    except OSError as error:
        raise Stopped("UNKNOWN", f"byte {offset} cannot be read: {error.strerror}") from None


def _write(blocks: Blocks, offset: int, data: bytes) -> None:
    try:
        blocks.write(offset, data)
    except OSError as error:
        raise Stopped("FAIL", f"byte {offset} cannot be written: {error.strerror}") from None


def settle(blocks: Blocks) -> None:
    """Have the disk keep what was written, and nothing of it be cached; raises Stopped, FAIL, where it does not."""
    try:
        blocks.settle()
    except OSError as error:
        raise Stopped(
            "FAIL", f"the device did not keep what was written: {error.strerror}"
        ) from None
