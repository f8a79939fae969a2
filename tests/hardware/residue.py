"""What is left on a disk's file: a scanner that knows the tests' text, and nothing of the verifier.

It reads the file from this side of the machine, where no device, driver or cache of the machine has a say. The
text is one numbered line after another, so that what is left can be counted wherever it lies, however it is cut.
"""

from __future__ import annotations

from dataclasses import dataclass

#: One every 128 bytes.
LINE = "PAYROLL %08d %s: wei.wang, account 012-345678-9, 98,000 TWD a month, paid on the fifth; tax 11,760"
WIDTH = 128
#: A line that was cut shows by one of them: no more than 40 bytes apart.
_PIECES = (b"PAYROLL", b"wei.wang", b"98,000 TWD", b"on the fifth")
#: On-disk magic of LUKS headers (cryptsetup's LUKS2 On-Disk Format Specification, 2.1).
_HEADERS = (b"LUKS\xba\xbe", b"SKUL\xba\xbe")


@dataclass(frozen=True)
class Residue:
    """How often each piece of a line is there, and how many LUKS headers; the one byte it consists of, if it does."""

    pieces: int
    headers: int
    only: int | None

    @property
    def nothing(self):
        return not (self.pieces or self.headers)


def filled(file, label, size):
    """Fill a file with the text; `label` is the disk's name."""
    lines = ((LINE % (number, label)).ljust(WIDTH - 1) + "\n" for number in range(size // WIDTH))
    file.write_bytes("".join(lines).encode("ascii"))


def search(file):
    """Look through all of a file."""
    held = file.read_bytes()
    return Residue(
        pieces=sum(held.count(piece) for piece in _PIECES),
        headers=sum(held.count(magic) for magic in _HEADERS),
        only=held[0] if held.count(held[:1]) == len(held) else None,
    )
