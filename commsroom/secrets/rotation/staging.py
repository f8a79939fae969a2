"""Beginning rotations: each gets the number of its new generation, and nothing else happens yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from commsroom.errors import UsageError
from commsroom.estate.rotation import Held, Rotation, Terms
from commsroom.estate.secret import Shape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from commsroom.estate.rotation import Place
    from commsroom.secrets.rotation.driver import Means


_USUAL: Final = Terms()


@dataclass(frozen=True, slots=True)
class Wanted:
    """One credential to rotate: how it is made, and everywhere it is held, in the order to change."""

    shape: Shape
    places: Sequence[Place]
    terms: Terms = _USUAL


def stage(means: Means, wanted: Mapping[str, Wanted]) -> dict[str, Rotation]:
    """Begin rotations, by the secret's path, in one transaction; `drive` carries them out.

    Holders that let two generations in are changed before those that take one: while the latter
    change one by one, the former let in both.

    Raises:
        UsageError: one is being rotated already, is held nowhere, or was not made here.
        FenceRefused: our lock was taken over.
    """
    current = means.journal.generation_of(wanted)
    former = means.journal.rotations(wanted)
    stored = means.store.get_many(current.items())
    now = means.clock()
    turns = {}
    for path, item in wanted.items():
        last = former.get(path)
        _check(path, item, last)
        tried = (last.new, last.old) if last else ()
        old = current[path] if (path, current[path]) in stored else 0
        turns[path] = Rotation(
            path=path,
            shape=item.shape,
            old=old,
            new=max(means.store.latest(path), current[path], *tried) + 1,
            spare=tuple(one for one in tried if one not in {0, old}),
            holders=_holders(means, item, last),
            terms=item.terms,
            since=now,
        )
    if turns:
        means.journal.record_rotations(list(turns.values()), actor=means.actor, fence=means.fence)
    return turns


def _check(path: str, item: Wanted, last: Rotation | None) -> None:
    if last is not None and not last.ended:
        raise UsageError(
            f"{path} is being rotated already ({last.phase})", remedy="commsroom rotate goes on"
        )
    if item.shape is Shape.GIVEN:
        raise UsageError(
            f"{path} was made by somebody else, who alone can change it",
            remedy="commsroom secret enter takes the new one",
        )
    if not item.places:
        raise UsageError(f"{path} is held by no system")


def _holders(means: Means, item: Wanted, last: Rotation | None) -> tuple[Held, ...]:
    before = {held.place: held for held in last.holders} if last else {}
    holders = []
    for place in item.places:
        traits = means.holders[place.address.system].traits(place)
        there = before.get(place, Held(place))
        # What was sent last must be over, or be refused from our first write on; failed logins count on.
        rest = 0.0 if traits.fenced else there.quiet
        holders.append(Held(place, traits, rest=rest, failed=there.failed))
    return tuple(sorted(holders, key=lambda held: not held.traits.two))
