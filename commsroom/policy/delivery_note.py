"""A delivery note as CSV: what came for which order, a line a device.

It says at least which asset tag came for which order. What is not yet a row of devices.csv becomes one,
from what the note and the order say; what is one already is compared with it.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from commsroom.errors import Problem
from commsroom.policy import table
from commsroom.policy.table import Add

#: `replaces` is the device on the order that is replaced, or its place, where that matters.
COLUMNS: Final = (
    "asset_tag", "serial", "mac", "order", "replaces", "kind", "vendor", "model", "site", "purchased",
    "warranty_end", "price",
)  # fmt: skip
REQUIRED: Final = ("asset_tag", "order")


@dataclass(frozen=True, slots=True)
class Line:
    """What one line says, by column; "" is "not said"."""

    number: int
    values: Mapping[str, str]


class Note:
    """The lines of a delivery note; how they came about is `table.read`'s."""

    def __init__(self, shown: str, problems: list[Problem]) -> None:
        """Begin with no lines; faults go to `problems`."""
        self.ended = False
        self.shown = shown
        self.header: Sequence[str] = ()
        self.raw: Callable[[int], str] = lambda _: ""
        self.lines: list[Line] = []
        self._problems = problems

    def columns(self, header: Sequence[str], raw: Callable[[int], str]) -> Add:
        """Return the function that takes one row with these columns."""
        self.header, self.raw = header, raw

        def add(row: Sequence[str], line: int) -> None:
            if wrong := table.misfit(row, len(header)):
                self._problems.append(Problem(self.shown, line, 1, *wrong))
                return
            said = dict.fromkeys(COLUMNS, "") | dict(zip(header, row, strict=True))
            self.lines.append(Line(line, said))

        return add

    def unread(self, key: object) -> None:
        """Nothing refers to a line of a note."""

    def problem(self, line: Line, column: str, message: str, remedy: str = "") -> None:
        """Add what is wrong with a value of a line."""
        place = 1
        if column in self.header:
            place = table.place_of(self.raw(line.number), self.header.index(column))
        self._problems.append(Problem(self.shown, line.number, place, message, remedy))

    def __iter__(self) -> Iterator[Line]:
        """Yield the lines that could be read."""
        return iter(self.lines)


def read(file: Path, problems: list[Problem]) -> Note:
    """Read a delivery note; all that is wrong with its form goes to `problems`."""
    shown = str(file)
    note = Note(shown, problems)
    remedy = "name the delivery note, a CSV file"
    if file == Path():
        problems.append(Problem("--from", 0, 0, "no file is named", remedy))
        return note
    try:
        mode = file.stat().st_mode
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", "") or "no file can have that name"
        gone = isinstance(error, FileNotFoundError)
        message = "there is no such file" if gone else f"cannot be read: {why}"
        problems.append(Problem(shown, 0, 0, message, "" if gone else remedy))
        return note
    if not stat.S_ISREG(mode):
        problems.append(Problem(shown, 0, 0, "is no regular file", remedy))
        return note
    table.read(file, shown, note, COLUMNS, REQUIRED, what="a delivery note", problems=problems)
    if not note.lines and not problems:
        problems.append(Problem(shown, 2, 0, "nothing came: there is no line below the first"))
    return note
