"""policies/allocations.lock: which login and number each person was given, for ever.

Text, in Git, sorted, one line a person (and one for each number given back). Plan only proposes;
apply writes, under its lock. Two merged branches may have given one number twice: such a file is
refused, with both lines named.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Final

from commsroom import files
from commsroom.errors import CommsroomError, PolicyErrors, Problem
from commsroom.policy import tree
from commsroom.policy.allotted import FILE, Allocation, Allocations
from commsroom.policy.allotting import propose
from commsroom.policy.words import quoted

__all__ = ["FILE", "Allocation", "Allocations", "keep", "load", "propose", "read"]

_HEADER: Final = (
    "# Written by commsroom apply: a login and a number once given stay with their person.\n"
    "# Commit this file. Columns: id, login, number, site, allotted, released (- is none).\n"
)
_COLUMNS: Final = 6
#: A million lines fit.
_LARGEST: Final = 128 * 2**20
_BESIDE: Final = ".allocations-"
_NUMBER: Final = re.compile("[0-9]{2,8}")
_ID: Final = re.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LOGIN: Final = re.compile("[a-z][a-z0-9]*([._-][a-z0-9]+)*")
_SHOWN: Final = 20


def load(estate: Path) -> Allocations:
    """Read the estate's allocations; a missing file is none at all.

    Raises:
        PolicyErrors: lines that cannot be read, or one thing given twice, with their places.
    """
    problems: list[Problem] = []
    found = read(estate, problems)
    if problems:
        raise PolicyErrors(problems)
    return found


def read(estate: Path, problems: list[Problem]) -> Allocations:
    """Read like `load`, adding problems instead of raising."""
    try:
        raw = files.read(estate / FILE, most=_LARGEST, what="the allocations")
    except FileNotFoundError:
        return Allocations()
    except files.FileUnusable as error:
        problems.append(Problem(FILE, 0, 0, error.reason))
        return Allocations()
    text = tree.decode(raw, FILE, problems)
    if text is None:
        return Allocations()
    reading = _Reading()
    for number, line in enumerate(text.splitlines(), 1):
        if line and not line.startswith("#"):
            reading.line(line, number)
    shown = reading.problems[:_SHOWN]
    problems += shown
    if len(reading.problems) > len(shown):
        more = len(reading.problems) - len(shown)
        problems.append(Problem(FILE, shown[-1].line, 0, f"… and {more} more problems here"))
    return Allocations(reading.current, reading.history)


def keep(estate: Path, proposed: Allocations, people: Iterable[str]) -> Allocations:
    """Make the proposed allocations of `people` permanent, and what leavers gave back.

    Other people's proposals stay proposals. The file is replaced as a whole (written beside,
    synced, renamed), and only when something changed. Call it under the apply lock.

    Raises:
        PolicyErrors: the file on disk cannot be used.
        CommsroomError: it cannot be written.
    """
    held = load(estate)
    current, history = dict(held.current), dict(held.history)
    gone = {key for key in current if key not in proposed.current}
    for key in {*people, *gone}:
        entry = proposed.get(key)
        if entry is None:
            current.pop(key, None)
        else:
            current[key] = entry
    touched = {*people, *gone}
    history.update((key, item) for key, item in proposed.history.items() if key[0] in touched)
    kept = Allocations(current, history)
    if kept != held or not (estate / FILE).exists():
        _write(estate / FILE, render(kept))
    return kept


def render(allocations: Allocations) -> str:
    """Return the file's text."""
    entries = sorted(
        [*allocations.current.values(), *allocations.history.values()],
        key=lambda item: (item.id, item.released or date.max, item.number),
    )
    return _HEADER + "".join(
        f"{item.id:<8} {item.login:<24} {item.number or '-':<6} {item.site:<12} "
        f"{item.allotted.isoformat()} {item.released.isoformat() if item.released else '-'}\n"
        for item in entries
    )


class _Reading:
    def __init__(self) -> None:
        self.current: dict[str, Allocation] = {}
        self.history: dict[tuple[str, str], Allocation] = {}
        self.problems: list[Problem] = []
        self._lines: dict[tuple[str, str], int] = {}
        self._owners: dict[str, tuple[str, int]] = {}
        self._logins: dict[str, tuple[str, int]] = {}
        self._dates: dict[str, date] = {}

    def line(self, text: str, number: int) -> None:
        if text.startswith(("<<<<<<<", "=======", ">>>>>>>", "|||||||")):
            self._fault(number, "a merge conflict is not resolved", "keep each person's line once")
            return
        words = text.split()
        entry = self._entry(words, number)
        if entry is None:
            return
        self._check_login(entry, number)
        if entry.released is not None:
            key = (entry.id, entry.number)
            self._once("history", f"{entry.id} {entry.number}", number, f"{entry.id} gave back "
                       f"{entry.number or 'its login'}")  # fmt: skip
            self.history[key] = entry
            return
        self._once("id", entry.id, number, f"the id {entry.id}")
        if entry.number:
            self._once("number", entry.number, number, f"the number {entry.number}")
        self.current.setdefault(entry.id, entry)

    def _entry(self, words: list[str], number: int) -> Allocation | None:
        if len(words) != _COLUMNS:
            self._fault(number, f"{len(words)} columns instead of {_COLUMNS}")
            return None
        key, login, extension, site, allotted, released = words
        if not _ID.fullmatch(key) or not _ID.fullmatch(site):
            self._fault(number, f"{quoted(key)} at {quoted(site)}: not an id and a site")
            return None
        if extension != "-" and not _NUMBER.fullmatch(extension):
            self._fault(
                number, f"{quoted(extension)} is not a number inside the company", "digits, or -"
            )
            return None
        if not _LOGIN.fullmatch(login):
            self._fault(number, f"{quoted(login)} is not a login", "small ASCII: wei.wang")
            return None
        try:
            since = self._date(allotted)
            until = None if released == "-" else self._date(released)
        except ValueError:
            self._fault(
                number,
                f"{quoted(allotted)} {quoted(released)}: not dates",
                "write 2026-11-24, or -",
            )
            return None
        extension = "" if extension == "-" else extension
        return Allocation(key, login, extension, site, since, until, number)

    def _date(self, text: str) -> date:
        found = self._dates.get(text)
        if found is None:
            found = self._dates[text] = date.fromisoformat(text)
        return found

    def _check_login(self, entry: Allocation, number: int) -> None:
        owner, line = self._owners.setdefault(entry.login, (entry.id, number))
        if owner != entry.id:
            self._fault(
                number, f"the login {entry.login} is {owner}'s in line {line}",
                "two branches were merged? give the newer person another",
            )  # fmt: skip
        login, line = self._logins.setdefault(entry.id, (entry.login, number))
        if login != entry.login:
            self._fault(number, f"{entry.id} has the login {login} in line {line}", "keep one")

    def _once(self, sort: str, value: str, number: int, what: str) -> None:
        first = self._lines.setdefault((sort, value), number)
        if first != number:
            self._fault(
                number, f"{what} is here twice, first in line {first}",
                "two branches were merged? remove the newer line; apply gives a new number",
            )  # fmt: skip

    def _fault(self, line: int, message: str, remedy: str = "") -> None:
        self.problems.append(Problem(FILE, line, 1, message, remedy))


def _write(file: Path, text: str) -> None:
    try:
        for leftover in file.parent.glob(f"{_BESIDE}*"):  # of an apply that was killed here
            leftover.unlink(missing_ok=True)
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=_BESIDE)
    except OSError as error:
        raise CommsroomError(f"{file}: cannot be written: {error.strerror}") from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fchmod(stream.fileno(), 0o644)
            os.fsync(stream.fileno())
        Path(name).replace(file)
        files.keep_names(file.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            Path(name).unlink(missing_ok=True)
        raise CommsroomError(f"{file}: cannot be written: {error.strerror}") from error
