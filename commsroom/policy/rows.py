"""One row of the roster → a Person, or problems at its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from typing import Final

from commsroom.errors import Problem
from commsroom.policy import characters, table
from commsroom.policy.people import Person, PersonKind
from commsroom.policy.references import Names
from commsroom.policy.table import Add
from commsroom.policy.words import did_you_mean, quoted

COLUMNS: Final = (
    "id", "name", "login", "department", "position", "site", "kind", "start", "end", "manager",
    "language", "email",
)  # fmt: skip
REQUIRED: Final = ("id", "name", "department", "position", "site", "kind", "start", "end")

_ID: Final = re.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LOGIN: Final = re.compile("[a-z][a-z0-9]*([._-][a-z0-9]+)*")
_LANGUAGE: Final = re.compile("[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_LOCAL: Final = re.compile("[a-z0-9]+([._-][a-z0-9]+)*")
_LONGEST_NAME: Final = 100
_LONGEST_LOGIN: Final = 48
#: Members of a circle of managers that a message names.
_NAMED: Final = 6
_TOP: Final = "leave it empty for whoever has nobody above"


class Rows:
    """Collects people and what is wrong with them."""

    def __init__(
        self, file: str, names: Names, domains: AbstractSet[str], problems: list[Problem]
    ) -> None:
        """Keep what values may refer to; names of a file that could not be read are not checked."""
        #: Whether the roster was read to its end.
        self.ended = False
        self._unread = False
        self._file = file
        self._names = names
        self._domains = domains
        self._problems = problems
        self._people: list[Person] = []
        self._lines: dict[str, int] = {}
        self._logins: dict[str, int] = {}
        self._emails: dict[str, int] = {}
        self._folded: dict[str, str] = {}
        self._managers: list[tuple[str, str, int]] = []
        self._dates: dict[str, date | None] = {"": None}
        self._kinds = {str(kind): kind for kind in PersonKind}
        self._places: dict[str, int] = {}
        self._raw: Callable[[int], str] = lambda _: ""

    @property
    def complete(self) -> bool:
        """Tell whether every row was read, so that an id not met does not exist."""
        return self.ended and not self._unread

    def unread(self, key: object) -> None:
        """Note that a row could not be read: whose it is, when `key` is an id, else that it is there.

        What is wrong with it was said; that others name its person is no second fault.
        """
        if isinstance(key, str) and _ID.fullmatch(key):
            self._lines.setdefault(key, 0)
        else:
            self._unread = True

    @property
    def ids(self) -> AbstractSet[str]:
        """The ids of all rows so far, also of those with something wrong."""
        return self._lines.keys()

    def columns(self, header: Sequence[str], raw: Callable[[int], str]) -> Add:
        """Return the function that takes one row with these columns.

        `raw` gives the text of a line, to find the column of a faulty value.
        """
        width = len(header)
        self._places = {name: header.index(name) for name in COLUMNS if name in header}
        # A column that is not there reads as "" from one field past the end.
        order = [self._places.get(name, width) for name in COLUMNS]
        self._raw = raw
        straight = order == list(range(len(COLUMNS)))

        def add(row: Sequence[str], line: int) -> None:
            if len(row) != width:
                many, remedy = (
                    ("many", "put a value that holds a comma in quotes")
                    if len(row) > width
                    else ("few", "an empty value keeps its comma")
                )
                self._problem(
                    line, "", f"too {many} values: {len(row)} for {width} columns", remedy
                )
                place = self._places["id"]
                self.unread(row[place] if place < len(row) else "")
                return
            if straight:
                self._add(row, line)
            else:
                padded = (*row, "")
                self._add([padded[index] for index in order], line)

        return add

    def finish(self) -> tuple[Person, ...]:
        """Check managers, now that everybody is known, and return the people in their order."""
        above = {key: manager for key, manager, _ in self._managers if manager}
        for circle in _circles(above):
            self._circle(circle)
        for _, manager, line in self._managers:
            if manager and manager not in self._lines and self.complete:
                remedy = did_you_mean(manager, self._lines)
                self._problem(
                    line, "manager", f"there is no person {quoted(manager)} in the roster", remedy
                )
        return tuple(self._people)

    def _circle(self, circle: Sequence[str]) -> None:
        first = min(circle, key=lambda key: self._lines.get(key, 0))
        line = self._lines.get(first, 0)
        if len(circle) == 1:
            self._problem(line, "manager", f"{first} is their own manager", _TOP)
            return
        turn = circle.index(first)
        ordered = [*circle[turn:], *circle[:turn]]
        above = [*ordered[1:], first]
        led = [f"{key} by {manager}" for key, manager in zip(ordered, above, strict=True)]
        said = ", ".join([f"{ordered[0]} is led by {above[0]}", *led[1:_NAMED]])
        more = f", … and {led[-1]}" if len(led) > _NAMED else ""
        self._problem(line, "manager", f"managers in a circle: {said}{more}", _TOP)

    def _add(self, row: Sequence[str], line: int) -> None:
        before = len(self._problems)
        key, name, login, department, position, site, kind, start, end, manager, language, email = (
            row
        )
        begins, ends = self._date(start, line, "start"), self._date(end, line, "end")
        found = self._kinds.get(kind)
        if key in self._lines or not _ID.fullmatch(key):
            self._bad_id(key, line)
        else:
            self._lines[key] = line
            if self._folded.setdefault(key.lower(), key) != key:
                self._like_another(key, line)
        if (
            name.strip() != name
            or not name.strip(characters.JOINERS)
            or len(name) > _LONGEST_NAME
            or "\t" in name
        ):
            self._bad_name(name, line)
        if found is None:
            remedy = did_you_mean(kind, self._kinds)
            self._problem(line, "kind", f"{quoted(kind)} is no kind of person", remedy)
        elif begins is None and not start:
            self._problem(
                line, "start", "`start` is empty", "the first working day, as in 2026-11-24"
            )
        elif begins is not None and ends is not None and ends < begins:
            self._problem(line, "end", f"`end` {end} is before `start` {start}")
        if found is PersonKind.PARTNER and not end:
            self._problem(line, "end", "a partner needs an end date", "clause 1.2")
        self._belongs(department, position, site, line, optional=found is PersonKind.PARTNER)
        if login or email or language:
            self._extras(login, email, language, line)
        self._managers.append((key, manager, line))
        if len(self._problems) > before or found is None or begins is None:
            return
        self._people.append(
            Person(
                key,
                name,
                login,
                department,
                position,
                site,
                found,
                begins,
                ends,
                manager,
                language,
                email,
                line,
            )
        )

    def _date(self, text: str, line: int, column: str) -> date | None:
        try:
            return self._dates[text]
        except KeyError:
            pass
        day = table.day(text)
        if day is None:
            self._problem(line, column, *table.not_a_date(text))
            return None
        self._dates[text] = day
        return day

    def _bad_id(self, key: str, line: int) -> None:
        if key in self._lines:
            first = self._lines[key]
            self._problem(line, "id", f"two people have the id {quoted(key)}, the first in line {first}",
                          "an id belongs to one person for ever")  # fmt: skip
            return
        self._problem(line, "id", f"{quoted(key)} is not an id" if key else "`id` is empty",
                      "ASCII letters, digits, `.`, `_`, `-`")  # fmt: skip

    def _like_another(self, key: str, line: int) -> None:
        other = self._folded[key.lower()]
        self._problem(
            line, "id", f"the ids {key!r} and {other!r} differ only by case",
            f"the other is in line {self._lines[other]}; an id must not depend on how it is typed",
        )  # fmt: skip

    def _bad_name(self, name: str, line: int) -> None:
        if not name.strip(characters.JOINERS):
            self._problem(line, "name", "`name` is empty")
        elif found := characters.refused(name):
            self._problem(line, "name", f"{found} may not be part of a name")
        elif len(name) > _LONGEST_NAME:
            self._problem(
                line, "name", f"a name of {len(name)} characters, at most {_LONGEST_NAME}"
            )
        else:
            self._problem(line, "name", "the name begins or ends with a space", "take it out")

    def _belongs(
        self, department: str, position: str, site: str, line: int, *, optional: bool
    ) -> None:
        names = self._names
        for column, value, known, file in (
            ("department", department, names.departments, "company.yml"),
            ("position", position, names.positions, "positions.yml"),
            ("site", site, names.sites, "company.yml"),
        ):
            if known is None or value in known or (optional and not value and column != "site"):
                continue
            if not value:
                self._problem(line, column, f"`{column}` is empty", did_you_mean("", known))
            else:
                remedy = did_you_mean(value, known)
                self._problem(
                    line, column, f"there is no {column} {quoted(value)} in {file}", remedy
                )

    def _extras(self, login: str, email: str, language: str, line: int) -> None:
        if login:
            if not _LOGIN.fullmatch(login) or len(login) > _LONGEST_LOGIN:
                self._problem(
                    line, "login", f"{quoted(login)} is not a login", "small ASCII: wei.wang"
                )
            elif login in self._logins:
                first = self._logins[login]
                self._problem(
                    line,
                    "login",
                    f"the login {quoted(login)} is given twice, first in line {first}",
                )
            self._logins.setdefault(login, line)
        if email:
            local, _, domain = email.partition("@")
            if "+" in local:
                box = f"{local.partition('+')[0]}@{domain}"
                self._problem(
                    line, "email", f"{quoted(email)} is a subaddress of {box}: its mail goes there",
                    "take an address without `+`",
                )  # fmt: skip
            elif not _LOCAL.fullmatch(local) or (self._domains and domain not in self._domains):
                remedy = did_you_mean(domain, self._domains) or "small ASCII, as in wei.wang@…"
                self._problem(line, "email", f"{quoted(email)} is no address of ours", remedy)
            elif email in self._emails:
                first = self._emails[email]
                self._problem(
                    line, "email", f"{quoted(email)} is given twice, first in line {first}"
                )
            self._emails.setdefault(email, line)
        if language and not _LANGUAGE.fullmatch(language):
            self._problem(
                line,
                "language",
                f"{quoted(language)} is not a language tag",
                "write zh-Hant, vi, en",
            )

    def _problem(self, line: int, column: str, message: str, remedy: str = "") -> None:
        place = table.place_of(self._raw(line), self._places.get(column, 0)) if column else 1
        self._problems.append(Problem(self._file, line, place, message, remedy))


def _circles(above: Mapping[str, str]) -> Iterator[list[str]]:
    """Give each circle of a mapping from people to their managers, in its order."""
    seen: set[str] = set()
    for key in above:
        path: list[str] = []
        at = key
        while at in above and at not in seen:
            seen.add(at)
            path.append(at)
            at = above[at]
        if at in path:
            yield path[path.index(at) :]
