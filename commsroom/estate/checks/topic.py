"""A topic: one fact, and how it is judged; without the fact, what would have been asked is unknown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from commsroom.estate.inspection import unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from commsroom.estate.inspection import Check, Facts, Standard
    from commsroom.estate.resource import Provenance

#: What looking into an answer that is no answer raises.
_NONSENSE: Final = (AttributeError, IndexError, KeyError, TypeError, ValueError, OverflowError)
NO_SENSE: Final = "the answer made no sense"


@dataclass(frozen=True, slots=True)
class Topic:
    """`judge` turns the fact of this name into checks; the rest says what to call them without it."""

    fact: str
    name: str
    place: str
    expected: str
    because: Callable[[Standard], Provenance]
    judge: Callable[[Any, Standard], Iterable[Check]]


def judged(topic: Topic, facts: Facts, standard: Standard) -> Iterator[Check]:
    """Yield the checks of a topic; a single one that could not be told when there is no sound fact."""
    whole = facts.get("unknown")
    fact = facts if isinstance(whole, str) else facts.get(topic.fact)
    reason = unknown(fact)
    if not reason:
        try:
            yield from list(topic.judge(fact, standard))
        except _NONSENSE:
            reason = NO_SENSE
        else:
            return
    yield standard.check(
        topic.name,
        topic.place,
        expected=topic.expected,
        got=reason,
        ok=None,
        because=topic.because(standard),
    )


def names(found: Iterable[str], more: int = 0) -> str:
    """List names for people, with how many more there are."""
    listed = ", ".join(found)
    return f"{listed} and {more} more" if more else listed
