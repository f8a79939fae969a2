"""Lines of text with a meaning to each part; who shows them decides about colour."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection

    from commsroom.estate.resource import Provenance, Value


class Style(StrEnum):
    """What a piece of text means."""

    PLAIN = "plain"
    STRONG = "strong"
    QUIET = "quiet"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    ADOPT = "adopt"
    GOOD = "good"
    BAD = "bad"
    DOUBT = "doubt"


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a line with one meaning."""

    text: str
    style: Style = Style.PLAIN


Line = tuple[Span, ...]


def line(*parts: Span | str) -> Line:
    """Make a line of spans and plain strings; its text is made printable."""
    spans = (part if isinstance(part, Span) else Span(part) for part in parts)
    return tuple(Span(printable(span.text), span.style) for span in spans)


def plain(content: Line) -> str:
    """Return a line's text without its meaning."""
    return "".join(span.text for span in content)


#: Controls, formats (bidi overrides, zero-width), surrogates, line and paragraph separators: what
#: a system holds is not ours to trust, and must not drive the reader's terminal or eye.
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def printable(text: str) -> str:
    r"""Return `text` with every invisible or controlling character written out: `\x1b`."""
    if text.isprintable():
        return text
    return "".join(
        char.encode("unicode_escape").decode() if _hides(char) else char for char in text
    )


def _hides(char: str) -> bool:
    # U+xxFFFE and U+xxFFFF are no characters, and XML forbids two of them.
    return unicodedata.category(char) in _HIDDEN or ord(char) & 0xFFFE == 0xFFFE  # noqa: PLR2004


def value(content: Value) -> str:
    """Write an attribute's value; text, number, yes or no, and list look different."""
    match content:
        case None:
            return "nothing"
        case bool():
            return "yes" if content else "no"
        case int():
            return str(content)
        case str():
            return printable(json.dumps(content, ensure_ascii=False))
        case tuple():
            return "[" + ", ".join(printable(item) for item in content) + "]"


def count(number: int, noun: str, plural: str = "") -> str:
    """Count in words: `1 change`, `3 changes`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def seconds(amount: float) -> str:
    """Write a time the way people say it: `0.4 s`, `12 s`, `3 min 05 s`."""
    if amount < 10:  # noqa: PLR2004 - below ten seconds a tenth matters
        return f"{amount:.1f} s"
    minutes, rest = divmod(round(amount), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def because(place: Provenance | None) -> tuple[Span, ...]:
    """Name the line of policy behind something, in brackets; nothing where there is none."""
    if place is None:
        return ()
    at = f"{place.file}:{place.line}" if place.line else place.file
    clause = f", clause {place.clause}" if place.clause else ""
    return (Span(f"  ({at}{clause})", Style.QUIET),)


def label(system: str, simulated: Collection[str]) -> tuple[Span, ...]:
    """Mark what a fake said."""
    return (Span("  [simulated]", Style.QUIET),) if system in simulated else ()


def note(simulated: frozenset[str]) -> str:
    """Name the simulated systems at the end of a sum; nothing where all are real."""
    return f" [simulated: {', '.join(sorted(simulated))}]" if simulated else ""
