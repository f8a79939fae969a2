"""Our own login to a system whose password we renew ourselves: which of its generations to try, and in what order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from commsroom.estate.backend import Keys
from commsroom.estate.rotation import Phase, Place

if TYPE_CHECKING:
    from commsroom.app.estate import Estate
    from commsroom.estate.backend import Entrance
    from commsroom.estate.rotation import Rotation

#: A session tries no more: three refused in a row lock an administrator out of some switches.
MOST: Final = 2
_CERTAIN: Final = frozenset({Phase.REVOKED, Phase.ROLLED_BACK})


def keys(estate: Estate, door: Entrance) -> Keys:
    """Return what may open a door: the current generation, and while it is being changed what else may.

    Of a system that was never seen to have one there is only what a first apply may have left, if it died
    before it could write that down.
    """
    last = estate.ledger.recorded(door.address, door.slot)
    # It was read back, or a rotation's login proved it; else the outcome of its first write is not known.
    told = last is not None and (last.fingerprint is not None or last.generation > 1)
    if not told and (estate.read_only or not estate.ledger.first_told([door.address])):
        return Keys()  # the store, which may be a server of its own, is not asked for nothing
    current = estate.ledger.generation_of([door.path])[door.path]
    turn = estate.ledger.rotations([door.path]).get(door.path)
    there = last.generation if last else current
    numbers = _numbers(door, (there, current), turn)
    held = estate.secrets.get_many((door.path, number) for number in numbers)
    words = [held[door.path, number] for number in numbers if (door.path, number) in held]
    return Keys(tuple(words[:MOST]), told)


def _numbers(door: Entrance, usual: tuple[int, int], turn: Rotation | None) -> list[int]:
    """Put first what a login accepted, last what one refused; `usual` is what was written last, and the current one."""
    settled = list(dict.fromkeys(usual))
    if turn is None or turn.phase in _CERTAIN:
        return settled
    place = Place(door.address, door.slot)
    held = next((one for one in turn.holders if one.place == place), None)
    if held is None:
        return settled
    every = dict.fromkeys((*settled, *turn.known))
    return sorted(every, key=lambda one: (not held.lets_in(one), held.refuses(one)))
