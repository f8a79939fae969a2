"""A policy file with a row a thing, as CSV (RFC 4180): the roster, the equipment.

A hundred thousand rows are ordinary: one pass, light objects, the garbage collector paused. What a
row means is its reader's; here it is found, whole, with the line it stands in. Every fault is told
at its place, and none of them ends the reading of the others, save one that leaves no rows to read.
"""

from __future__ import annotations

import calendar
import csv
import gc
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime
from pathlib import Path
from typing import Final, Protocol

from commsroom import files
from commsroom.errors import Problem
from commsroom.policy import characters, tree
from commsroom.policy.words import did_you_mean, quoted

_LARGEST: Final = 128 * 2**20
_LONGEST_LINE: Final = 16 * 2**10
#: More problems than this help nobody; the rest is counted.
_SHOWN: Final = 50
_YEARS: Final = range(1900, 2200)
_ISO: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_MONTHS: Final = 12

#: Takes the values of one row and the line it stands in.
Add = Callable[[Sequence[str], int], None]


class Rows(Protocol):
    """Whoever makes something of the rows."""

    #: Set once the file was read to its end.
    ended: bool

    def columns(self, header: Sequence[str], raw: Callable[[int], str]) -> Add:
        """Return what takes one row with these columns; `raw` gives the text of a line."""

    def unread(self, key: object) -> None:
        """Note that a row could not be read: whose it is, when `key` is its key."""


def read(
    file: Path,
    shown: str,
    rows: Rows,
    columns: Sequence[str],
    required: Sequence[str],
    *,
    what: str,
    problems: list[Problem],
) -> None:
    """Hand every row of a CSV file to `rows`; whatever is wrong with its form goes to `problems`.

    Args:
        file: Where it is; one that is not there has no rows.
        shown: What messages call it.
        rows: Takes the rows.
        columns: Those there may be.
        required: Those there must be.
        what: The file's content in words: "the roster".
        problems: Takes the faults.
    """
    content = text(file, shown, problems, what=what)
    if content is None:
        return
    lines = content.split("\n")
    if len(content) > _LONGEST_LINE and any(
        too_long(line, number, shown, problems) for number, line in enumerate(lines, 1)
    ):
        return
    reader = csv.reader(lines, strict=True)
    before = 0
    try:
        header = next(reader, [])
        if not _header_is_good(header, shown, columns, required, problems):
            return
        before = reader.line_num
        add = rows.columns(header, lambda number: lines[number - 1])
        for row in reader:
            if reader.line_num > before + 1:
                problems.append(
                    Problem(shown, before + 1, 0, "a line break inside a quoted value",
                            "a value ends in its line; is a quote missing?")
                )  # fmt: skip
                rows.unread("")
            elif row:
                add(row, reader.line_num)
            before = reader.line_num
        rows.ended = True
    except csv.Error as error:
        # The record began on the line after the last whole one, however far the reader ran on.
        line = min(before + 1, len(lines))
        ended = "delimiter" not in str(error)
        told = "a quoted value does not end" if ended else "text behind a closing quote"
        remedy = 'write a quote inside a quoted value twice: "Ann ""Nan"" Lee"'
        problems.append(Problem(shown, line, lines[line - 1].find('"') + 1, told, remedy))


def report(found: list[Problem], shown: str, problems: list[Problem]) -> None:
    """Add what was found in a file to `problems`: the first 50 by place, and how many more."""
    found.sort(key=lambda problem: (problem.line, problem.column))
    problems += found[:_SHOWN]
    if len(found) > _SHOWN:
        last = found[_SHOWN - 1]
        more = f"… and {len(found) - _SHOWN} more problems here"
        problems.append(Problem(shown, last.line, last.column, more))


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the garbage collector: nothing here is cyclic, and it would look at every row often."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def text(file: Path, shown: str, problems: list[Problem], *, what: str) -> str | None:
    """Return a file's text with plain line feeds at the ends of lines; None where there is none to use."""
    if (
        not file.exists() and not file.is_symlink()
    ):  # a link that leads nowhere is no empty register
        return None
    try:
        raw = files.read(file, most=_LARGEST, what=what)
    except (FileNotFoundError, files.FileUnusable) as error:
        reason = error.reason if isinstance(error, files.FileUnusable) else "the file is missing"
        problems.append(Problem(shown, 0, 0, reason))
        return None
    content = tree.decode(raw, shown, problems)
    if content is None:
        return None
    content = content.replace("\r\n", "\n")
    if characters.hidden(content) >= 0:
        _hidden(content, shown, problems, what)
        return None
    return content


def too_long(line: str, number: int, shown: str, problems: list[Problem]) -> bool:
    """Tell of a line no row can be."""
    if len(line) <= _LONGEST_LINE:
        return False
    problems.append(
        Problem(shown, number, _LONGEST_LINE + 1,
                f"this line has {len(line):,} characters, a row never more than {_LONGEST_LINE:,}",
                "is a quote or a line break missing?")
    )  # fmt: skip
    return True


def misfit(row: Sequence[str], width: int) -> tuple[str, str] | None:
    """Say what is wrong with a row of more or fewer values than columns, and what to do; None if it fits."""
    if len(row) == width:
        return None
    more = len(row) > width
    remedy = (
        "put a value that holds a comma in quotes" if more else "an empty value keeps its comma"
    )
    return f"too {'many' if more else 'few'} values: {len(row)} for {width} columns", remedy


def place_of(raw: str, index: int) -> int:
    """Return where the value number `index` of a CSV line begins, counted from 1."""
    inside = False
    for place, character in enumerate(raw):
        if index == 0:
            return place + 1
        if character == '"':
            inside = not inside
        elif character == "," and not inside:
            index -= 1
    return len(raw) + 1


def day(written: str) -> date | None:
    """Read a date as ISO 8601 writes it, 2026-11-24; None for anything else."""
    with suppress(ValueError):
        found = date.fromisoformat(written)
        if written == found.isoformat() and found.year in _YEARS:  # Python reads 2026-W48-2 too
            return found
    return None


def iso(written: str) -> str:
    """Return a day written as in 14.12.2026 or 2026/12/14 in our form, else an example of that.

    With slashes day and month may stand either way round, so those are never guessed at.
    """
    for form in ("%d.%m.%Y", "%Y/%m/%d", "%Y.%m.%d"):
        with suppress(ValueError):
            return datetime.strptime(written, form).date().isoformat()  # noqa: DTZ007 - a day, no moment
    return "2026-11-24"


def no_day(written: str) -> tuple[str, str]:
    """Say what is wrong with what is no `day`, and what to write."""
    with suppress(ValueError):
        if date.fromisoformat(written).isoformat() == written:
            years = f"{_YEARS.start} to {_YEARS.stop - 1}"
            return f"{written} is out of reach", f"a year from {years}; empty where nobody knows"
    return not_a_date(written)


def not_a_date(written: str) -> tuple[str, str]:
    """Say that it is no date, or that its month has no such day, and what would be one."""
    if found := _ISO.fullmatch(written):
        year, month = int(found[1]), int(found[2])
        if year and 1 <= month <= _MONTHS:
            _, days = calendar.monthrange(year, month)
            if not 1 <= int(found[3]) <= days:
                return f"there is no day {quoted(written)}", f"{written[:7]} has {days} days"
        elif year:
            return f"there is no day {quoted(written)}", f"a year has {_MONTHS} months"
    return f"{quoted(written)} is not a date", f"write {iso(written)}"


def _hidden(content: str, shown: str, problems: list[Problem], what: str) -> None:
    for number, line in enumerate(content.split("\n"), 1):
        place = characters.hidden(line)
        if place >= 0:
            problems.append(
                Problem(shown, number, place + 1,
                        f"{characters.describe(line[place])} may not be part of {what}",
                        "take it out; it would not be seen")
            )  # fmt: skip


def _header_is_good(
    header: list[str],
    shown: str,
    columns: Sequence[str],
    required: Sequence[str],
    problems: list[Problem],
) -> bool:
    before = len(problems)
    for separator, told in ((";", ";"), ("\t", "tabs")):
        if len(header) == 1 and separator in header[0]:
            place = header[0].index(separator) + 1
            message = f"the values are separated by {told}"
            problems.append(Problem(shown, 1, place, message, "save it with commas"))
            return False
    column = 1
    for index, name in enumerate(header):
        if name not in columns:
            problems.append(
                Problem(
                    shown, 1, column, f"unknown column {quoted(name)}", did_you_mean(name, columns)
                )
            )
        elif name in header[:index]:
            problems.append(
                Problem(shown, 1, column, f"the column {quoted(name)} is here twice", "keep one")
            )
        column += len(name) + 1
    missing = [name for name in required if name not in header]
    if missing:
        problems.append(
            Problem(shown, 1, 1, f"missing column{'s' * (len(missing) > 1)}: {', '.join(missing)}",
                    "the first line names the columns: " + ",".join(columns))
        )  # fmt: skip
    return len(problems) == before
