"""Asterisk's configuration files: sections and entries replaced, everything else kept byte for byte.

Values go through `value`, the only escape that format has (`;`, main/config.c). Sent over SSH as source;
standard library of Python 3.9 only.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_SECTION: Final = re.compile(r"^\s*\[([^\]]*)\]")
_ENTRY: Final = re.compile(
    r"^\s*(?:(?P<word>exten)\s*=>?\s*(?P<exten>[^,\s]+)\s*,|(?P<key>[^\s=]+)\s*=>)"
)
_SAME: Final = re.compile(r"^\s*same\s*=")
#: Written to the dialplan as they are; everything else is percent-encoded there, so that nothing that could
#: be a variable, a function, an expression or a separator ever stands where it would be evaluated.
_PLAIN: Final = re.compile(r"[A-Za-z0-9 ._-]|[^\W_]")


class BadValue(ValueError):
    """A value this format cannot hold."""


def value(text: str) -> str:
    """Escape text for the right side of `name = value`."""
    if any(character in text for character in "\r\n\0"):
        raise BadValue("a line break cannot be written to Asterisk's files")
    return text.replace(";", "\\;")


def section(name: str, pairs: Sequence[tuple[str, str]], template: str = "") -> list[str]:
    """Write a section: its head and a line for each pair."""
    for word in (name, template):
        if re.search(r"[\[\](),;\s]", word):
            raise BadValue(f"{word!r} cannot name a section")
    head = f"[{name}]({template})" if template else f"[{name}]"
    return [head, *(f"{option}={value(text)}" for option, text in pairs)]


def encoded(text: str) -> str:
    """Percent-encode text (RFC 3986) for an argument in the dialplan; letters of any script stay."""
    return "".join(
        character
        if _PLAIN.fullmatch(character)
        else "".join(f"%{byte:02X}" for byte in character.encode())
        for character in text
    )


def decoded(text: str) -> str:
    """Undo `encoded`."""
    pieces = re.split(r"((?:%[0-9A-F]{2})+)", text)
    return "".join(
        bytes.fromhex(piece.replace("%", "")).decode("utf-8", "replace") if index % 2 else piece
        for index, piece in enumerate(pieces)
    )


def sections(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield every section's name and its lines, head included; what stands before the first is named ""."""
    name = ""
    lines: list[str] = []
    for line in _lines(text):
        found = _SECTION.match(line)
        if found:
            if name or lines:
                yield name, lines
            name, lines = found[1], []
        lines.append(line)
    if name or lines:
        yield name, lines


def with_sections(text: str, edits: Mapping[str, Sequence[str] | None]) -> str:
    """Replace all sections of each name in `edits` by the given lines, or drop them (None).

    New ones go to the end, by name. Sections not named keep their bytes and their order.
    """
    kept: list[str] = []
    done: set[str] = set()
    for name, lines in sections(text):
        if name not in edits:
            kept += lines
        elif name not in done:
            done.add(name)
            kept += edits[name] or ()
    for name in sorted(set(edits) - done):
        kept += edits[name] or ()
    return _joined(kept)


def entries(text: str, inside: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the entries (`exten => KEY,…` with its `same =>`, `KEY => …`) of the sections called `inside`."""
    for name, lines in sections(text):
        if name == inside:
            yield from ((key, body) for key, body in _split(lines) if key)


def with_entries(text: str, inside: str, edits: Mapping[str, Sequence[str] | None]) -> str:
    """Replace entries of section `inside`, drop them (None), or add them at its end, by key."""
    if not edits:
        return text
    kept: list[str] = []
    done: set[str] = set()
    end: int | None = None
    for name, lines in sections(text):
        if name != inside:
            kept += lines
            continue
        for key, body in _split(lines):
            if key not in edits:
                kept += body
            elif key not in done:
                done.add(key)
                kept += edits[key] or ()
        end = len(kept)
    new = [line for key in sorted(set(edits) - done) for line in edits[key] or ()]
    if end is None:
        kept += [f"[{inside}]", *new] if new else []
    else:
        kept[end:end] = new
    return _joined(kept)


def _split(lines: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Cut a section into runs of lines with one key each; lines that are no entry have the key ""."""
    key = ""
    run: list[str] = []
    for line in lines:
        found = _ENTRY.match(line)
        mine = (found["exten"] or found["key"]) if found else key if _SAME.match(line) else ""
        if found and found["key"] == "same":
            mine = key
        if mine != key and run:
            yield key, run
            run = []
        key = mine
        run.append(line)
    if run:
        yield key, run


def _lines(text: str) -> list[str]:
    # Not splitlines(): a name may hold what Unicode calls a line separator, and Asterisk does not.
    lines = text.split("\n")
    return lines if lines[-1] else lines[:-1]


def _joined(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
