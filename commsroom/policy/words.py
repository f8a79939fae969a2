"""The nearest valid word to what somebody wrote."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

#: More words than this are not listed; a reader would not look through them.
_LISTED: Final = 12
#: Among more words than this looking for a near one would take seconds.
_SEARCHED: Final = 2000


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
