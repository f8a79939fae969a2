"""Which changes a run makes: some of each row, and batches in which none gets into another's way."""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING

from seeding.disturbance import Disturbance, clash

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from random import Random


def drawn(
    universe: Mapping[str, Sequence[Disturbance]], count: int, random: Random
) -> list[Disturbance]:
    """Draw a sample in rounds over the strata, so that each is in it before any is there twice.

    `universe` maps a stratum (a kind and a field, a sort of change to a task) to all of it. One round
    is always made whole: a sample is never smaller than the number of strata.
    """
    piles = [random.sample(list(pile), len(pile)) for _, pile in sorted(universe.items())]
    rounds = (list(islice(chain.from_iterable(pile[n : n + 1] for pile in piles), None)) for n in range(max(map(len, piles), default=0)))  # fmt: skip
    sample: list[Disturbance] = []
    for number, each in enumerate(rounds):
        random.shuffle(each)
        sample += each if number == 0 else each[: max(0, count - len(sample))]
        if len(sample) >= count:
            break
    return sample


def batches(sample: Iterable[Disturbance]) -> list[tuple[Disturbance, ...]]:
    """Put each into the first batch where nothing of it clashes and the server can be read."""
    found: list[list[Disturbance]] = []
    for item in sample:
        place = next((batch for batch in found if all(_goes(item, one) for one in batch)), None)
        if place is None:
            found.append([item])
        else:
            place.append(item)
    return [tuple(batch) for batch in found]


def _goes(item: Disturbance, other: Disturbance) -> bool:
    if clash(item, other):
        return False
    if item.host != other.host:
        return True
    # While a server cannot be read, no account of it can be told.
    accounts = {one for one in (item, other) if not one.blind and ":" in one.place.split("/")[0]}
    return not ((item.blind or other.blind) and accounts)
