"""Say in a policy author's words, and at its place, what a model refused."""

from __future__ import annotations

import json
import re
import types
from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any, Final, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError

from commsroom.errors import Problem
from commsroom.policy.scalars import MEANING
from commsroom.policy.sources import Path
from commsroom.policy.tree import Tree
from commsroom.policy.words import did_you_mean, quoted

M = TypeVar("M", bound=BaseModel)

_EXPECTED: Final = {
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "tuple_type": "a list: [first, second]",
    "dict_type": "a mapping of names to values",
    "mapping_type": "a mapping of names to values",
    "model_type": "a mapping of names to values",
    "model_attributes_type": "a mapping of names to values",
    "date_type": "a date: 2026-11-24",
    "date_from_datetime_parsing": "a date: 2026-11-24",
    "date_parsing": "a date: 2026-11-24",
}
#: What stands in for a faulty required value of a file, while the rest of it is checked.
_STAND_INS: Final[Mapping[str, Any]] = {
    "name": "-",
    "short_name": "-",
    "language": "en",
    "time_zone": "UTC",
    "emergency": ["000000000000000"],
    "domains": ["stand-in.example"],
    "message_size": "unlimited",
    "attachment_size": "0 B",
    "lead_days": 0,
    "retention": "0d",
    "quarantine": "0d",
}
#: Rounds of setting faulty parts aside; what is still faulty after these is not looked into.
_ROUNDS: Final = 5


def checked(model: type[M], tree: Tree, problems: list[Problem]) -> M | None:
    """Build the model from a file's values, adding every fault to `problems`.

    A file with faults yields a model of its sound parts where possible, so that references in it
    are checked in the same run; the caller must not use it further.
    """
    if tree.data is None:
        return None
    data = tree.data
    for attempt in range(_ROUNDS):
        try:
            return model.model_validate_json(json.dumps(data))
        except ValidationError as error:
            details = error.errors(include_url=False)
            if attempt == 0:
                causes = _without_followers(model, details)
                found = [_problem(model, tree, item) for item in causes]
                _add(problems, found)
                data = deepcopy(data)
            for detail in reversed(details):  # so that indexes of lists stay right
                _set_aside(data, detail)
    return None


def _without_followers(
    model: type[BaseModel], details: Iterable[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """Leave out what is only wrong because something else is.

    A list is "too short" when its entries are faulty themselves, and a key is missing where it is
    misspelt.
    """
    meant = {
        (location[:-1], _words(model, item, location)[1])
        for item in details
        if item["type"] == "extra_forbidden"
        for location in [tuple(part for part in item["loc"] if part != "[key]")]
    }
    return [
        item
        for item in details
        if not (item["type"] == "too_short" and item["input"])
        and not (
            item["type"] == "missing"
            and (item["loc"][:-1], did_you_mean(str(item["loc"][-1]), item["loc"][-1:])) in meant
        )
    ]


def _add(problems: list[Problem], found: list[Problem]) -> None:
    """Add what was found, save where the same place was complained about already."""
    known = {(item.file, item.line, item.column) for item in problems if item.line}
    problems += [item for item in found if (item.file, item.line, item.column) not in known]


def _problem(model: type[BaseModel], tree: Tree, detail: Mapping[str, Any]) -> Problem:
    location = tuple(part for part in detail["loc"] if part != "[key]")
    path = (tree.subject, *location)
    kind = detail["type"]
    message, remedy = _words(model, detail, location)
    at_key = kind == "extra_forbidden" or detail["loc"][-1:] == ("[key]",)
    line, column = _place(tree.places if at_key else tree.values, path)
    return Problem(tree.file, line, column, message, remedy)


def _words(model: type[BaseModel], detail: Mapping[str, Any], location: Path) -> tuple[str, str]:
    kind, given, context = detail["type"], detail["input"], detail.get("ctx", {})
    name = str(location[-1]) if location else "the file"
    if kind == "extra_forbidden":
        return f"unknown key {quoted(name)}", did_you_mean(name, _fields(model, location[:-1]))
    if kind == "missing":
        where = f"{_label(location[:-1])}: " if len(location) > 1 else ""
        return f"{where}{quoted(name)} is missing", ""
    label = _label(location) if location else name
    return _about_value(label, kind, given, context, detail["msg"])


def _label(location: Path) -> str:
    """Return what a place is called: its key, or its list's key and which entry."""
    last = location[-1]
    if len(location) > 1 and isinstance(last, int):
        return f"{_named(location[-2])}, entry {last + 1}"
    return _named(last)


def _named(key: str | int) -> str:
    """Return a key as it is, or quoted where it could not be shown: it may hold a tab, or be long."""
    shown = str(key)
    return shown if shown.isprintable() and len(shown) <= 60 else quoted(shown)  # noqa: PLR2004 - a readable line


def _about_value(
    label: str, kind: str, given: Any, context: Mapping[str, Any], message: str
) -> tuple[str, str]:
    if kind in _EXPECTED:
        return f"{label} must be {_EXPECTED[kind]}, not {_shown(given)}", _quoting(kind, given)
    if kind in {"literal_error", "enum"}:
        words = re.findall("'([^']+)'", str(context["expected"]))
        return f"{label}: {_shown(given)} is not valid", did_you_mean(str(given), words)
    if kind == "string_pattern_mismatch":
        meaning = MEANING.get(str(context["pattern"]), f"of the form {context['pattern']}")
        return f"{label}: {_shown(given)} is not {meaning}", ""
    if kind == "too_short":
        return f"{label} may not be empty", ""
    if kind == "value_error":
        return f"{label}: {context['error']}", ""
    return f"{label}: {message[0].lower()}{message[1:]}", ""


def _quoting(kind: str, given: Any) -> str:
    if kind == "string_type" and isinstance(given, (int, float)) and not isinstance(given, bool):
        return f'write "{given}" in quotes: numbers to dial and names are text'
    return ""


def _shown(given: Any) -> str:
    if given is None:
        return "nothing"
    if isinstance(given, dict):
        return "a mapping"
    if isinstance(given, list):
        return "a list"
    text = json.dumps(given, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "…"  # noqa: PLR2004 - a readable line


def _place(places: Mapping[Path, tuple[int, int]], path: Path) -> tuple[int, int]:
    for length in range(len(path), 0, -1):
        if path[:length] in places:
            return places[path[:length]]
    return (0, 0)


def _fields(model: Any, location: Path) -> list[str]:
    """Return the keys a model has at a place inside it, following annotations."""
    for step in location:
        model = _inside(model, step)
    model = _plain(model)
    if not _is_model(model):
        return []
    return [field.alias or name for name, field in model.model_fields.items()]


def _inside(annotation: Any, step: str | int) -> Any:
    annotation = _plain(annotation)
    if _is_model(annotation):
        found = annotation.model_fields.get(str(step))
        return found.annotation if found else None
    arguments = get_args(annotation)
    if not arguments:
        return None
    return arguments[1] if isinstance(step, str) and len(arguments) > 1 else arguments[0]


def _plain(annotation: Any) -> Any:
    if get_origin(annotation) is types.UnionType:
        return next(item for item in get_args(annotation) if item is not types.NoneType)
    return annotation


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _set_aside(data: Any, detail: Mapping[str, Any]) -> None:
    """Remove from `data` what the model refused: the key itself, or the part that lacks one."""
    location = [part for part in detail["loc"] if part != "[key]"]
    if not isinstance(data, dict) or not location:
        return
    if location[0] in _STAND_INS and len(location) == 1 and detail["type"] != "extra_forbidden":
        data[location[0]] = _STAND_INS[str(location[0])]
        return
    if detail["type"] == "missing":
        location.pop()
    if not location:
        return
    for step in location[:-1]:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return
    last = location[-1]
    if isinstance(data, dict):
        data.pop(last, None)
    elif isinstance(data, list) and isinstance(last, int) and last < len(data):
        del data[last]
