"""Read a YAML file into plain values, with the place of each, and without YAML's surprises.

Only JSON's scalars are more than text: true, false, null, numbers without leading zeros. What some
YAML reader would take for something else than we do (`NO`, `007`, `12:30`) is refused instead of
guessed, as are duplicate keys, anchors, aliases and tags (YAML 1.1 and 1.2 differ on all of them).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any, Final

import yaml

from commsroom import files
from commsroom.errors import Problem
from commsroom.policy import characters
from commsroom.policy.sources import Path
from commsroom.policy.words import quoted

#: No policy file is that large; a roster has its own limits.
_LARGEST: Final = 4 * 2**20
_DEEPEST: Final = 24

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER: Final = re.compile("-?(0|[1-9][0-9]*)")
_FLOAT: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_DATE: Final = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
#: What YAML 1.2 or its predecessors read as a number, though JSON does not.
_NUMBERLIKE: Final = re.compile(
    r"[-+]?(0[0-9]+|0[oObBxX][0-9a-fA-F_]+|[0-9][0-9_]*_[0-9_]*|[0-9]+(:[0-5]?[0-9])+(\.[0-9]*)?|\.[0-9]+|[0-9]+\.|\.(inf|nan|Inf|NaN|INF|NAN)|\+[0-9]+)"
)
_TAG: Final = "tag:yaml.org,2002:"
_PLAIN: Final = frozenset(
    _TAG + name for name in ("bool", "float", "int", "merge", "null", "str", "timestamp", "value")
)


@dataclass(slots=True)
class Tree:
    """One file's values. `places` has the place of each value's key (or of a list's entry)."""

    file: str
    subject: str
    data: Any = None
    places: dict[Path, tuple[int, int]] = field(default_factory=dict)
    #: Where the value itself begins; differs from the key's place.
    values: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def names(self, *path: str) -> frozenset[str]:
        """Return the keys of the mapping at `path`, also when the file as a whole is faulty."""
        part = self.data
        for key in path:
            part = part.get(key) if isinstance(part, dict) else None
        return frozenset(part) if isinstance(part, dict) else frozenset()

    def clauses(self) -> dict[Path, str]:
        """Return the `clause` of each part that has one."""
        return {
            path[:-1]: clause
            for path in self.places
            if path[-1] == "clause" and isinstance(clause := _at(self.data, path[1:]), str)
        }


def read(
    file: FilePath, shown: str, subject: str, problems: list[Problem], *, may_be_empty: bool = False
) -> Tree:
    """Read `file`, known to the user as `shown`; what is wrong is added to `problems`.

    `data` of the result is None when nothing could be read. A file with nothing but comments is a
    problem too, or an empty mapping where that is allowed.
    """
    tree = Tree(shown, subject)
    text = _text(file, shown, problems)
    if text is None:
        return tree
    try:
        if too_deep := _too_deep(text, shown):
            problems.append(too_deep)
            return tree
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        problems.append(_not_yaml(error, shown, text))
        return tree
    before = len(problems)
    tree.data = None if node is None else _Reader(tree, problems).value(node, (subject,))
    if tree.data is None and may_be_empty:
        tree.data = {}
    elif tree.data is None and len(problems) == before:
        problems.append(Problem(shown, 1, 1, "the file is empty"))
    return tree


def decode(raw: bytes, shown: str, problems: list[Problem]) -> str | None:
    """Decode UTF-8 with or without a byte order mark; a bad byte is a problem with its place."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        problems.append(
            Problem(
                shown,
                before.count(b"\n") + 1,
                column,
                f"byte 0x{raw[error.start]:02x} is not UTF-8",
                "save the file as UTF-8",
            )
        )
        return None


def _text(file: FilePath, shown: str, problems: list[Problem]) -> str | None:
    try:
        raw = files.read(file, most=_LARGEST, what="a policy file")
    except FileNotFoundError:
        problems.append(
            Problem(shown, 0, 0, "the file is missing", "commsroom init DIR writes a complete set")
        )
        return None
    except files.FileUnusable as error:
        problems.append(Problem(shown, 0, 0, error.reason))
        return None
    text = decode(raw, shown, problems)
    if text is None:
        return None
    place = characters.hidden(text.replace("\r\n", "\n\n"))
    if place >= 0:
        line = text.count("\n", 0, place) + 1
        column = place - text.rfind("\n", 0, place)
        what = characters.describe(text[place])
        problems.append(Problem(shown, line, column, f"{what} may not be part of a policy"))
        return None
    return text


def _too_deep(text: str, shown: str) -> Problem | None:
    """Look for nesting no policy has; composing it would overrun libyaml's stack and end us."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                line = event.start_mark.line + 1 if event.start_mark else 0
                return Problem(shown, line, 0, "nested too deeply")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return None


def _not_yaml(error: yaml.YAMLError, shown: str, text: str) -> Problem:
    mark = getattr(error, "problem_mark", None)
    # libyaml's own words for a tab where an indentation should be are a riddle.
    if mark is not None and text.splitlines()[mark.line : mark.line + 1]:
        before, tab, _ = text.splitlines()[mark.line].partition("\t")
        if tab and not before.strip(" -"):
            return Problem(shown, mark.line + 1, len(before) + 1, "a tab", "indent with spaces")
    what = " ".join(str(getattr(error, "problem", None) or error).split())
    if mark is None:
        return Problem(shown, 0, 0, f"not valid YAML: {what}")
    return Problem(shown, mark.line + 1, mark.column + 1, f"not valid YAML: {what}")


class _Reader:
    """Turns nodes into values, once; an alias would make it meet a node twice."""

    def __init__(self, tree: Tree, problems: list[Problem]) -> None:
        self._tree = tree
        self._problems = problems
        self._met: set[int] = set()

    def value(self, node: yaml.Node, path: Path) -> Any:
        place = (node.start_mark.line + 1, node.start_mark.column + 1)
        self._tree.values[path] = place
        self._tree.places.setdefault(path, place)
        if id(node) in self._met:
            self._fault(node, "anchors and aliases are not used in policy", "write it out twice")
            return None
        self._met.add(id(node))
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if node.tag not in {_TAG + "map", _TAG + "seq"}:
            self._fault(node, f"the tag {node.tag} is not used in policy", "leave it out")
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        result: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node)
            if key is None:
                continue
            if key in result:
                self._fault(
                    key_node,
                    f"{quoted(key)} is here twice, first in line {lines[key]}",
                    "keep one; YAML would silently use the last",
                )
                continue
            lines[key] = key_node.start_mark.line + 1
            self._tree.places[*path, key] = (lines[key], key_node.start_mark.column + 1)
            result[key] = self.value(value_node, (*path, key))
        return result

    def _key(self, node: yaml.Node) -> str | None:
        if not isinstance(node, yaml.ScalarNode):
            self._fault(node, "a key must be a word")
            return None
        if node.value == "<<" and node.style is None:
            self._fault(node, "merge keys are not used in policy", "write it out")
            return None
        before = len(self._problems)
        value = self._scalar(node)
        if len(self._problems) > before:
            return None
        if not isinstance(value, str):
            self._fault(node, f"the key {quoted(value)} must be text", "write it in quotes")
            return None
        return value

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        text: str = node.value
        if node.tag not in _PLAIN:
            tag = node.tag.replace(_TAG, "!!")
            self._fault(node, f"the tag {tag} is not used in policy", "leave it out")
            return text
        if (hidden := characters.hidden(text)) >= 0:  # by an escape: the file was looked at
            what = characters.describe(text[hidden])
            self._fault(node, f"{what} may not be part of a policy")
            return ""
        if node.style:
            return text
        known, value = _json_scalar(text)
        if known:
            return value
        if _NUMBERLIKE.fullmatch(text) or self._is_surprise(node):
            self._fault(
                node,
                f"{text} without quotes is not the same to every YAML reader",
                f'write "{text}" for the text'
                + (", or true / false" if node.tag == _TAG + "bool" else ""),
            )
        return text

    @staticmethod
    def _is_surprise(node: yaml.ScalarNode) -> bool:
        if node.tag == _TAG + "timestamp":
            return _DATE.fullmatch(node.value) is None
        return node.tag != _TAG + "str"

    def _fault(self, node: yaml.Node, message: str, remedy: str = "") -> None:
        mark = node.start_mark
        self._problems.append(
            Problem(self._tree.file, mark.line + 1, mark.column + 1, message, remedy)
        )


def _json_scalar(text: str) -> tuple[bool, Any]:
    """Tell whether a text without quotes is one of JSON's scalars, and which value it is."""
    if text in {"true", "false"}:
        return True, text == "true"
    if text in {"", "null"}:
        return True, None
    if _INTEGER.fullmatch(text) and len(text) < 20:  # noqa: PLR2004 - no count is that long
        return True, int(text)
    if _FLOAT.fullmatch(text):
        return True, float(text)
    return False, None


def _at(data: Any, path: Path) -> Any:
    for key in path:
        data = data[key]
    return data
