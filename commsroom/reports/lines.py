"""Lines of text with a meaning to each part; who shows them decides about colour."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from decimal import Decimal

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
    COMMAND = "command"  #: to copy and run: never broken over lines


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


def fold(content: Line, width: int) -> Iterator[Line]:
    """Break a line at spaces so that it fits `width` columns; what follows is indented further.

    A word (an address, a path) is never split, and a command stays whole: both must be copied. What
    is longer than `width` gets a line of its own, and the terminal wraps it.
    """
    if columns(plain(content)) <= width:
        yield content
        return
    start = len(plain(content)) - len(plain(content).lstrip())
    margin = " " * min(start + 4, width // 4)
    row: list[Span] = []
    used = 0
    for word, style in _words(content):
        if row and used + columns(word.rstrip()) > width and used > len(margin):
            yield _trimmed(row)
            row, used = [Span(margin)], len(margin)
            word = word.lstrip()  # noqa: PLW2901 - a break takes the place of the space
        row.append(Span(word, style))
        used += columns(word)
    yield _trimmed(row)


def _words(content: Line) -> Iterator[tuple[str, Style]]:
    """Yield words, each with the spaces before it; a command is one word."""
    for span in content:
        if span.style is Style.COMMAND:
            yield span.text, span.style
        else:
            yield from ((word, span.style) for word in re.findall(r" *[^ ]+| +$", span.text))


def _trimmed(row: list[Span]) -> Line:
    *rest, last = row
    return (*rest, Span(last.text.rstrip(), last.style))


def columns(text: str) -> int:
    """Count a terminal's columns: Han characters take two, combining ones none."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


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


def some(names: Sequence[str], most: int = 8) -> str:
    """Name the first of many, and how many more there are: `L001, L002 and 40 more`."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def money(amount: Decimal | None, currency: str) -> str:
    """Write an amount with its currency, where one is named; what nobody knows is `?`."""
    return "?" if amount is None else f"{amount:,} {currency}".rstrip()


def table(heads: Sequence[str], rows: Sequence[Sequence[Span | str]]) -> Iterator[Line]:
    """Yield rows in columns as wide as they need to be, under their heads."""
    cells = [[cell if isinstance(cell, Span) else Span(cell) for cell in row] for row in rows]
    titles = [Span(head, Style.QUIET) for head in heads]
    widths = [
        max(columns(row[index].text) for row in (titles, *cells)) for index in range(len(heads))
    ]
    for row in (titles, *cells):
        parts: list[Span | str] = []
        for cell, width in zip(row, widths, strict=True):
            parts += [cell, " " * (width - columns(cell.text) + 2)]
        yield line(*parts[:-1])


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


def duration(amount: float) -> str:
    """Write a long time in its two largest units: `45 min`, `6 h 12 min`, `3 days 4 h`."""
    minutes = round(amount / 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return count(days, "day") + (f" {hours} h" if hours else "")
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min" if minutes else seconds(amount)
