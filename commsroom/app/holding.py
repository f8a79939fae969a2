"""A system as a rotation meets it: its back end's provider, asked within its deadlines.

The same `apply` writes here that writes everything else, so what is true of it (the lock on the target,
the fence, foreign lines kept, read back afterwards) is true of a rotation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from commsroom.app.renewal import beside
from commsroom.errors import CommsroomError
from commsroom.estate.rotation import Evidence, Place, Traits
from commsroom.secrets.rotation import Provided

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from commsroom.app.estate import Estate
    from commsroom.estate.resource import Address, Resource
    from commsroom.estate.rotation import Login, Valid, Written

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SystemHolder:
    """One system of the inventory; a `commsroom.estate.rotation.Holder`.

    `resources` are the objects that hold what is rotated, as policy wants them.
    """

    estate: Estate
    name: str
    resources: Mapping[Address, Resource]

    def traits(self, place: Place) -> Traits:
        """Two at once where there is room; every back end refuses what was made on an older state.

        What we log in with ourselves is changed by login: the session takes what the last login said works.
        """
        resource, limits = self.resources[place.address], self.estate.deadlines
        system = self.estate.systems[self.name]
        backend, failing = system.backend, self.estate.policy.security.rotation.failed_logins
        shown = backend.evidence.get(place.address.kind, {})
        door = backend.entrance(system.target)
        second = beside(self.estate, resource, place.slot)
        return Traits(
            two=bool(second),
            beside=second,
            by_login=door is not None and place == Place(door.address, door.slot),
            late=limits.connect + limits.apply,
            fenced=True,
            evidence=shown.get(place.slot, Evidence.LOGIN),
            tries=min(failing, backend.tries),
        )

    def push(self, wanted: Sequence[Valid], *, fence: int) -> Mapping[Place, Written]:
        """Write all in one batch."""
        limits = self.estate.deadlines
        return self._ask(lambda one: one.push(wanted, fence=fence), limits.read + limits.apply)

    def revoke(self, wanted: Sequence[Valid], *, fence: int) -> Mapping[Place, Written]:
        """Write all in one batch, with nothing beside."""
        return self.push([replace(one, keep=None) for one in wanted], fence=fence)

    def probe(self, logins: Sequence[Valid]) -> Mapping[Place, Login]:
        """Log in with each."""
        return self._ask(lambda one: one.probe(logins), self.estate.deadlines.prove)

    def shown(self, places: Collection[Place]) -> Mapping[Place, str]:
        """Read the verifiers of some places."""
        return self._ask(lambda one: one.shown(places), self.estate.deadlines.read)

    def _ask(self, work: Callable[[Provided], T], seconds: float) -> T:
        def asked(_name: str, provider: object) -> T:
            lent = Provided(provider, provider, self.resources, self.estate.ledger.estate_id)  # type: ignore[arg-type] # what rotates can log in: renewal has looked
            return work(lent)

        deadline = self.estate.deadlines.connect + seconds + 5
        found = self.estate.fleet.each(asked, on=[self.name], deadline=deadline)[self.name]
        if isinstance(found, CommsroomError):
            raise found
        return found  # type: ignore[no-any-return] # what `work` gave
