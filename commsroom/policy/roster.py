"""Read the roster: people.csv (first class), people.jsonl or people.yml, all with the same columns.

A hundred thousand rows are ordinary: one pass, light objects, the garbage collector paused.
"""

from __future__ import annotations

import csv
import gc
import json
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from commsroom import files
from commsroom.errors import Problem
from commsroom.policy import characters, tree
from commsroom.policy.people import Person
from commsroom.policy.references import Names
from commsroom.policy.rows import COLUMNS, REQUIRED, Add, Rows
from commsroom.policy.words import did_you_mean, quoted

FORMS: Final = ("people.csv", "people.jsonl", "people.yml")
_LARGEST: Final = 128 * 2**20
_LONGEST_LINE: Final = 16 * 2**10
#: More problems than this help nobody; the rest is counted.
_SHOWN: Final = 50


def find(policies: Path, problems: list[Problem]) -> Path:
    """Return the roster's file; none or several are a problem."""
    there = [policies / name for name in FORMS if (policies / name).exists()]
    if len(there) > 1:
        names = " and ".join(file.name for file in there)
        problems.append(
            Problem(f"policies/{there[1].name}", 0, 0, f"two rosters: {names}", "keep one")
        )
    if not there:
        problems.append(
            Problem("policies/people.csv", 0, 0, "the roster is missing",
                    "a CSV file with the columns " + ",".join(COLUMNS))
        )  # fmt: skip
        return policies / FORMS[0]
    return there[0]


def read(
    file: Path, names: Names, domains: Iterable[str], problems: list[Problem]
) -> tuple[tuple[Person, ...], AbstractSet[str] | None]:
    """Read the roster; at most 50 of its problems are added, and the rest counted.

    Returns the people of sound rows, and the ids of all rows (None when the file as a whole could
    not be read).
    """
    shown = f"policies/{file.name}"
    found: list[Problem] = []
    rows = Rows(shown, names, frozenset(domains), found)
    with _collector_paused():
        if file.suffix == ".csv":
            _from_csv(file, shown, rows, found)
        elif file.suffix == ".jsonl":
            _from_json_lines(file, shown, rows, found)
        else:
            _from_yaml(file, shown, rows, found)
        people = rows.finish()
    known = rows.ids if rows.complete else None
    found.sort(key=lambda problem: (problem.line, problem.column))
    problems += found[:_SHOWN]
    if len(found) > _SHOWN:
        last = found[_SHOWN - 1]
        problems.append(
            Problem(
                shown, last.line, last.column, f"… and {len(found) - _SHOWN} more problems here"
            )
        )
    return people, known


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Pause the garbage collector: nothing here is cyclic, and it would look at every row often."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def _text(file: Path, shown: str, problems: list[Problem]) -> str | None:
    if not file.exists():
        return None  # said by `find`
    try:
        raw = files.read(file, most=_LARGEST, what="a roster")
    except (FileNotFoundError, files.FileUnusable) as error:
        reason = error.reason if isinstance(error, files.FileUnusable) else "the file is missing"
        problems.append(Problem(shown, 0, 0, reason))
        return None
    text = tree.decode(raw, shown, problems)
    if text is None:
        return None
    text = text.replace("\r\n", "\n")
    if characters.hidden(text) >= 0:
        _hidden(text, shown, problems)
        return None
    return text


def _hidden(text: str, shown: str, problems: list[Problem]) -> None:
    for number, line in enumerate(text.split("\n"), 1):
        place = characters.hidden(line)
        if place >= 0:
            problems.append(
                Problem(shown, number, place + 1,
                        f"{characters.describe(line[place])} may not be part of the roster",
                        "take it out; it would not be seen")
            )  # fmt: skip


def _too_long(line: str, number: int, shown: str, problems: list[Problem]) -> bool:
    if len(line) <= _LONGEST_LINE:
        return False
    problems.append(
        Problem(shown, number, _LONGEST_LINE + 1,
                f"this line has {len(line):,} characters, a row never more than {_LONGEST_LINE:,}",
                "is a quote or a line break missing?")
    )  # fmt: skip
    return True


def _from_csv(file: Path, shown: str, rows: Rows, problems: list[Problem]) -> None:
    text = _text(file, shown, problems)
    if text is None:
        return
    lines = text.split("\n")
    if len(text) > _LONGEST_LINE and any(
        _too_long(line, number, shown, problems) for number, line in enumerate(lines, 1)
    ):
        return
    reader = csv.reader(lines, strict=True)
    before = 0
    try:
        header = next(reader, [])
        if not _header_is_good(header, shown, problems):
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
        what = "a quoted value does not end" if ended else "text behind a closing quote"
        remedy = 'write a quote inside a quoted value twice: "Ann ""Nan"" Lee"'
        problems.append(Problem(shown, line, lines[line - 1].find('"') + 1, what, remedy))


def _header_is_good(header: list[str], shown: str, problems: list[Problem]) -> bool:
    before = len(problems)
    for separator, told in ((";", ";"), ("\t", "tabs")):
        if len(header) == 1 and separator in header[0]:
            place = header[0].index(separator) + 1
            message = f"the values are separated by {told}"
            problems.append(Problem(shown, 1, place, message, "save it with commas"))
            return False
    column = 1
    for index, name in enumerate(header):
        if name not in COLUMNS:
            problems.append(
                Problem(
                    shown, 1, column, f"unknown column {quoted(name)}", did_you_mean(name, COLUMNS)
                )
            )
        elif name in header[:index]:
            problems.append(
                Problem(shown, 1, column, f"the column {quoted(name)} is here twice", "keep one")
            )
        column += len(name) + 1
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        problems.append(
            Problem(shown, 1, 1, f"missing column{'s' * (len(missing) > 1)}: {', '.join(missing)}",
                    "the first line names the columns: " + ",".join(COLUMNS))
        )  # fmt: skip
    return len(problems) == before


def _from_json_lines(file: Path, shown: str, rows: Rows, problems: list[Problem]) -> None:
    text = _text(file, shown, problems)
    if text is None:
        return
    add = rows.columns(list(COLUMNS), lambda _: "")
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        if _too_long(line, number, shown, problems):
            rows.unread("")
            continue
        try:
            record = json.loads(line, object_pairs_hook=_once)
        except ValueError as error:
            column = getattr(error, "colno", 1)
            what = getattr(error, "msg", str(error))
            problems.append(Problem(shown, number, column, f"not a JSON object: {what}"))
            rows.unread("")
            continue
        _record(record, number, rows, add, shown=shown, problems=problems)
    rows.ended = True


def _from_yaml(file: Path, shown: str, rows: Rows, problems: list[Problem]) -> None:
    if not file.exists():
        return
    read_tree = tree.read(file, shown, "people", problems)
    if read_tree.data is None:
        return
    if not isinstance(read_tree.data, list):
        problems.append(Problem(shown, 1, 1, "the roster is a list of people: - id: L001"))
        return
    add = rows.columns(list(COLUMNS), lambda _: "")
    for index, record in enumerate(read_tree.data):
        _record(
            record, read_tree.values["people", index][0], rows, add, shown=shown, problems=problems
        )
    rows.ended = True


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        message = f"{twice!r} is here twice"
        raise ValueError(message)
    return record


def _record(
    record: Any, number: int, rows: Rows, add: Add, *, shown: str, problems: list[Problem]
) -> None:
    if not isinstance(record, Mapping):
        rows.unread("")
        problems.append(Problem(shown, number, 1, "not a JSON object: a person is {…}"))
        return
    before = len(problems)
    for name, value in record.items():
        if name not in COLUMNS:
            problems.append(
                Problem(
                    shown, number, 1, f"unknown field {quoted(name)}", did_you_mean(name, COLUMNS)
                )
            )
        elif value is not None and not isinstance(value, str):
            problems.append(
                Problem(
                    shown,
                    number,
                    1,
                    f"{name} must be text, not {quoted(value)}",
                    "write it in quotes",
                )
            )
        elif value and (found := characters.refused(value)):
            message = f"{name}: {found} may not be part of the roster"
            problems.append(Problem(shown, number, 1, message))
    if len(problems) == before:
        add([record.get(name) or "" for name in COLUMNS], number)
    else:
        rows.unread(record.get("id"))
