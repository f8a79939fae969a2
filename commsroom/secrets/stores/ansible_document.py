"""The YAML inside an Ansible Vault file of ours, readable as an Ansible variable and by people.

Read strictly, for somebody may have edited it: a value is text in quotes, so that no PIN loses its zeros;
no key is there twice; nothing but our one mapping is in it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import yaml

from commsroom.errors import CommsroomError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Values by path and generation.
Content = dict[str, dict[int, str]]

VARIABLE: Final = "commsroom_secrets"
_TEXT: Final = "tag:yaml.org,2002:str"
_NUMBER: Final = "tag:yaml.org,2002:int"
_PLAIN_NUMBER: Final = re.compile("[1-9][0-9]*", re.ASCII)


class _Writer(yaml.CSafeDumper):
    """Puts every text in quotes, on one line."""


_Writer.add_representer(str, lambda writer, text: writer.represent_scalar(_TEXT, text, style='"'))


def written(content: Content) -> bytes:
    """Return the document, in a steady order."""
    ordered = {path: dict(sorted(held.items())) for path, held in sorted(content.items())}
    return yaml.dump(
        {VARIABLE: ordered}, Dumper=_Writer, allow_unicode=True, encoding="utf-8", sort_keys=False,
        width=2**31 - 1,
    )  # fmt: skip


def read(raw: bytes, place: Path) -> Content:
    """Return what the document says; `place` is what messages call it. No value is ever in those.

    Raises:
        CommsroomError: it is not what commsroom writes; the message has the line inside of the document.
    """
    try:
        root = yaml.compose(raw, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", 0) + 1
        raise CommsroomError(
            f"{place}: line {line} of what it holds is no YAML", remedy="ansible-vault edit"
        ) from None  # PyYAML quotes the line: it may be a secret
    found: Content = {}
    for variable, paths in _entries(root, place, _TEXT):
        if variable != VARIABLE:
            raise CommsroomError(
                f"{place} holds something else than {VARIABLE}",
                remedy="give commsroom a file of its own",
            )
        for path, generations in _entries(paths, place, _TEXT):
            found[path] = {
                int(number): _text(value, place)
                for number, value in _entries(generations, place, _NUMBER)
            }
    return found


def _entries(node: Any, place: Path, tag: str) -> Iterator[tuple[str, Any]]:
    if not isinstance(node, yaml.MappingNode):
        raise _strange(node, place, "a mapping is expected")
    seen = set()
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode) or key.tag != tag:
            raise _strange(key, place, "a path is text, a generation a number")
        if tag == _NUMBER and not _PLAIN_NUMBER.fullmatch(key.value):
            raise _strange(key, place, "a generation is a plain number")
        if key.value in seen:
            raise _strange(key, place, "it is there twice")
        seen.add(key.value)
        yield key.value, value


def _text(node: Any, place: Path) -> str:
    if not isinstance(node, yaml.ScalarNode) or node.tag != _TEXT:
        raise _strange(node, place, "a secret is text, in quotes")
    return str(node.value)


def _strange(node: Any, place: Path, why: str) -> CommsroomError:
    line = node.start_mark.line + 1 if node is not None else 1
    return CommsroomError(
        f"{place}: line {line} of what it holds: {why}", remedy="ansible-vault edit"
    )
