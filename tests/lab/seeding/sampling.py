"""Which changes a run makes: some of each sort, in batches in which none gets into another's way."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING, Final

from seeding.disturbance import Disturbance, clash

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from random import Random

Batches = list[list[Disturbance]]
#: Of so many that are drawn for a sort, the one that fits into the earliest batch is taken.
_CHOICE: Final = 12


def drawn(
    universe: Mapping[str, Sequence[Disturbance]], count: int, random: Random
) -> list[tuple[Disturbance, ...]]:
    """Draw at least `count` changes, every sort among them before any is there twice, as batches.

    `universe` maps a sort (a kind, a field and a way; what a task does and a way) to all of it. What is
    in the roles comes first, what there is least choice of before all: a look at the servers takes
    long, so those go into few batches.
    """
    piles = {sort: random.sample(list(pile), len(pile)) for sort, pile in sorted(universe.items())}
    order = sorted(piles, key=lambda sort: (not sort.startswith("role "), len(piles[sort])))
    found: Batches = []
    made, before = 0, -1
    for number, sort in enumerate(cycle(order)):
        if number % len(order) == 0:
            if made >= count or made == before:
                break
            before = made
        if piles[sort] and (made < count or number < len(order)):
            choice = piles[sort][:_CHOICE]
            item = min(choice, key=lambda one: _place(one, found))
            piles[sort].remove(item)
            _put(item, found)
            made += 1
    return [tuple(batch) for batch in found]


def batches(items: Iterable[Disturbance]) -> list[tuple[Disturbance, ...]]:
    """Put each into the first batch into which it fits."""
    found: Batches = []
    for item in items:
        _put(item, found)
    return [tuple(batch) for batch in found]


def _put(item: Disturbance, found: Batches) -> None:
    place = _place(item, found)
    if place == len(found):
        found.append([])
    found[place].append(item)


def _place(item: Disturbance, found: Batches) -> int:
    fitting = (n for n, batch in enumerate(found) if all(_goes(item, one) for one in batch))
    return next(fitting, len(found))


def _goes(item: Disturbance, other: Disturbance) -> bool:
    if item.host != other.host:
        return True
    if clash(item, other):
        return False
    # While a system cannot be read, no account of it can be told.
    return not ((item.blind and not is_server(other)) or (other.blind and not is_server(item)))


def is_server(item: Disturbance) -> bool:
    """Tell whether a change is to the server itself, and not to what it holds."""
    return item.row.startswith("role ")
