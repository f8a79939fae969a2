"""secret move: carry all secrets into the store that policy names now.

The old store is only read, and stays as it is. The note of where secrets are is replaced last, in one step,
when every one of them has been read back from the new store: killed anywhere before, the estate goes on with
the old store, and the same command carries the rest.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from commsroom.app import settled
from commsroom.app.estate import actor
from commsroom.errors import CommsroomError, UsageError
from commsroom.estate.secret import SecretRef
from commsroom.secrets.stores import opening

if TYPE_CHECKING:
    from commsroom.app.estate import Estate
    from commsroom.estate.secret import Secret
    from commsroom.policy.stores import StorePlace
    from commsroom.secrets.store import Store


@dataclass(frozen=True, slots=True)
class Moved:
    """What was carried: how many secrets, from where, to where."""

    count: int
    old: str
    new: str


def move(estate: Estate) -> Moved:
    """Carry all secrets into the store that policy names; no other command writes meanwhile.

    Raises:
        UsageError: they are there already, or this is a simulation.
        LockHeld: an apply or a rotation is at work.
        CommsroomError: a store cannot be used, or the new one holds another value under a name of ours.
    """
    if estate.simulate is not None:
        raise UsageError("a simulation keeps its secrets beside it; there is nothing to move")
    custody = estate.custody
    wanted, there = estate.policy.security.store, custody.there
    if there is None:
        raise UsageError(
            "there are no secrets to move yet",
            remedy="commsroom apply makes them where policy says",
        )
    if there.where == wanted.where:
        raise UsageError(
            f"the secrets are where policy says: {there.where}",
            remedy="name another store in security.yml",
        )
    with estate.ledger.lock(actor(), command="secret move") as lease:
        with closing(_opened(estate, there, create=False)) as old:
            held = old.everything()
        with closing(_opened(estate, wanted, create=True)) as new:
            refs = [SecretRef(path, "", generation=number) for path, number in held]
            new.ensure(refs, lambda ref: held[ref.path, ref.generation])
        with closing(
            _opened(estate, wanted, create=False)
        ) as new:  # what lies there, not what we know
            _require_all(new, held, wanted)
        lease.check()  # nobody broke our lock and wrote to the old one meanwhile
        settled.note(estate.state, wanted)
        done = Moved(len(held), there.where, wanted.where)
        estate.ledger.record(
            "secrets moved", {"from": done.old, "to": done.new, "count": done.count}, actor=actor()
        )
    return done


def _opened(estate: Estate, place: StorePlace, *, create: bool) -> Store:
    custody = estate.custody
    return opening.opened(
        place,
        estate.path,
        custody.sealed,
        lambda: estate.key,
        others=custody.other_keys,
        create=create,
    )


def _require_all(store: Store, held: dict[tuple[str, int], Secret], place: StorePlace) -> None:
    found = store.get_many(held)
    for (path, generation), secret in held.items():
        there = found.get((path, generation))
        if there is None or there.reveal() != secret.reveal():
            raise CommsroomError(
                f"{place.where}: generation {generation} of {path} is there with another value",
                remedy="name an empty place; the secrets are still in the old one",
            )
