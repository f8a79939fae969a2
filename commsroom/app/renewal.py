"""Which secrets can be renewed, which are due, and why others are not."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from commsroom.estate.rotation import Phase, Place
from commsroom.estate.secret import Custody, Shape
from commsroom.policy.globs import named

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from commsroom.app.estate import Estate
    from commsroom.estate.resource import Address, Resource
    from commsroom.estate.rotation import Rotation
    from commsroom.estate.secret import SecretRef

#: A secret was renewed when its last rotation came here.
RENEWED: Final = frozenset({Phase.PROMOTED, Phase.GRACE, Phase.REVOKING, Phase.REVOKED})


@dataclass(slots=True)
class Renewable:
    """One secret and everywhere it is held.

    `barred` says why it cannot be renewed now, `unseen` that it could be and no login would show it; "" where
    that is not so.
    """

    ref: SecretRef
    places: list[Place] = field(default_factory=list)
    people: set[str] = field(default_factory=set)
    #: Logins of those who keep a shared mailbox, whose password it is.
    custodians: set[str] = field(default_factory=set)
    barred: str = ""
    unseen: str = ""
    #: Whether one of its places takes the old one beside the new.
    takes_two: bool = False

    @property
    def path(self) -> str:
        """Return the secret's path."""
        return self.ref.path

    @property
    def why_not(self) -> str:
        """Say why it cannot be rotated, "" when it can."""
        return self.barred or self.unseen

    @property
    def blind(self) -> bool:
        """Tell whether it can be renewed, and only not be shown to be."""
        return bool(self.unseen) and not self.barred

    @property
    def systems(self) -> frozenset[str]:
        """Return the systems that hold it."""
        return frozenset(place.address.system for place in self.places)

    def known_to(self, person: str, login: str) -> bool:
        """Tell whether it is somebody's to know: as their own, or as a custodian."""
        return person in self.people or bool(login and login in self.custodians)


def renewables(
    estate: Estate, desired: Iterable[Resource], owned: Container[Address]
) -> dict[str, Renewable]:
    """Return every secret of `desired` that is somewhere among what we own, by its path."""
    found: dict[str, Renewable] = {}
    for item in desired:
        for ref in item.secrets:
            if item.address not in owned or ref.slot in item.body.spare:
                continue
            one = found.setdefault(ref.path, Renewable(ref))
            one.places.append(Place(item.address, ref.slot))
            one.people.add(item.person)
            one.custodians.add(getattr(item.body, "custodian", None) or "")
            one.barred = one.barred or _barred(estate, item, ref)
            one.unseen = one.unseen or _unseen(estate, item, ref)
            one.takes_two = one.takes_two or bool(beside(estate, item, ref.slot))
    return found


def beside(estate: Estate, item: Resource, slot: str) -> str:
    """Return the slot in which an object, and its back end, can hold a second one; "" for none."""
    system, second = estate.systems.get(item.address.system), item.beside(slot)
    held = system.backend.slots.get(item.address.kind, frozenset()) if system else frozenset()
    return second if second in held else ""


def _barred(estate: Estate, item: Resource, ref: SecretRef) -> str:
    if ref.shape is Shape.GIVEN:
        return "somebody else made it: commsroom secret enter takes the new one"
    if item.address.system not in estate.systems:
        return f"{item.address.system} is not in the inventory"
    return ""


def _unseen(estate: Estate, item: Resource, ref: SecretRef) -> str:
    if getattr(item.body, "suspended", None) is True:
        return "it is closed, and nobody can log in to prove a new one"
    system = estate.systems.get(item.address.system)
    if system and ref.slot not in system.backend.logins.get(item.address.kind, frozenset()):
        return (
            f"no login shows whether {system.backend.name} took a new {ref.slot} of {item.address}"
        )
    return ""


def since(estate: Estate, found: Mapping[str, Renewable]) -> dict[str, datetime]:
    """Return when each secret was made, or last renewed."""
    turns = estate.ledger.rotations(found)
    first = estate.ledger.first_told(
        {place.address for one in found.values() for place in one.places}
    )
    return {
        path: moment
        for path, one in found.items()
        if (moment := _since(one, turns.get(path), first))
    }


def _since(one: Renewable, turn: Rotation | None, first: Mapping[Address, str]) -> datetime | None:
    if turn is not None and turn.phase in RENEWED:
        return datetime.fromtimestamp(turn.since, UTC)
    told = [first[place.address] for place in one.places if place.address in first]
    return datetime.fromisoformat(min(told)) if told else None


def due(one: Renewable, made: datetime, jitter: float) -> datetime | None:
    """Return when a secret is to be renewed; None for never.

    By up to `jitter` of its interval early, by a part that its path alone decides, so that what was made on
    one day is not due on one day.
    """
    if not one.ref.every or one.ref.custody is Custody.PERSONAL:
        return None
    digest = hashlib.sha256(one.path.encode()).digest()
    part = int.from_bytes(digest[:4], "big") / 2**32
    return made + timedelta(seconds=one.ref.every * (1 - jitter * part))


def excluded(one: Renewable, globs: Iterable[str]) -> bool:
    """Tell whether policy leaves a secret out of the calendar."""
    return any(named(str(place.address), glob) for glob in globs for place in one.places)


def overdue(
    estate: Estate, desired: Iterable[Resource], owned: Container[Address], now: datetime
) -> dict[Address, tuple[str, timedelta]]:
    """Return by the first address that holds it each secret that is past its date, with by how much."""
    rules = estate.policy.security.rotation
    dated = {
        path: one
        for path, one in renewables(estate, desired, owned).items()
        if one.ref.every and not one.why_not and not excluded(one, rules.exclude)
    }
    late = {}
    for path, made in since(estate, dated).items():
        when = due(dated[path], made, 0.0)
        if when is not None and when < now:
            first = min(dated[path].places)
            late[first.address] = (first.slot, now - when)
    return late
