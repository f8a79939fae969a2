"""What somebody wrote, as a message shows it, and the nearest valid word to it."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

#: More words than this are not listed; a reader would not look through them.
_LISTED: Final = 12
_LONGEST: Final = 60
#: Among more words than this looking for a near one would take seconds.
_SEARCHED: Final = 2000


def quoted(value: object) -> str:
    """Return a value as a message shows it: quoted, in one line, and never a long one."""
    text = repr(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def did_you_mean(word: str, valid: Iterable[str]) -> str:
    """Return `did you mean 'sales'?`, else `one of …` when that is short, else ""."""
    words = sorted(set(valid))
    if len(words) > _SEARCHED:
        return ""
    close = get_close_matches(word, words, n=1, cutoff=0.6) or [
        other for other in words if other.casefold() == word.casefold()
    ]
    if close:
        return f"did you mean {close[0]!r}?"
    return "one of " + ", ".join(words) if 0 < len(words) <= _LISTED else ""
