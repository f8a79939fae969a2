"""Read the roster: people.csv (first class), people.jsonl or people.yml, all with the same columns.

A hundred thousand rows are ordinary: one pass, light objects, the garbage collector paused.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any, Final

from commsroom.errors import Problem
from commsroom.policy import characters, table, tree
from commsroom.policy.people import Person
from commsroom.policy.references import Names
from commsroom.policy.rows import COLUMNS, REQUIRED, Rows
from commsroom.policy.table import Add
from commsroom.policy.words import did_you_mean, quoted

FORMS: Final = ("people.csv", "people.jsonl", "people.yml")
#: What messages call the file.
_WHAT: Final = "the roster"


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
    with table.collector_paused():
        if file.suffix == ".csv":
            table.read(file, shown, rows, COLUMNS, REQUIRED, what=_WHAT, problems=found)
        elif file.suffix == ".jsonl":
            _from_json_lines(file, shown, rows, found)
        else:
            _from_yaml(file, shown, rows, found)
        people = rows.finish()
    known = rows.ids if rows.complete else None
    table.report(found, shown, problems)
    return people, known


def _from_json_lines(file: Path, shown: str, rows: Rows, problems: list[Problem]) -> None:
    text = table.text(file, shown, problems, what=_WHAT)
    if text is None:
        return
    add = rows.columns(list(COLUMNS), lambda _: "")
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        if table.too_long(line, number, shown, problems):
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
