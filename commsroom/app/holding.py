"""A system as a rotation meets it: batches through its back end, each a constant number of round trips.

The same `apply` writes here that writes everything else, so what is true of it (the lock on the target,
the fence, foreign lines kept, read back afterwards) is true of a rotation.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from commsroom.app.renewal import takes_two
from commsroom.errors import CommsroomError, SystemUnknown, TargetMoved
from commsroom.estate.backend import Batch, Credential, Status
from commsroom.estate.resource import Action, Change
from commsroom.estate.rotation import Answer, Login, Traits, Written
from commsroom.estate.secret import SecretRef

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from commsroom.app.estate import Estate
    from commsroom.estate.backend import Applied, Outcome, Provider, Snapshot
    from commsroom.estate.resource import Address, Resource
    from commsroom.estate.rotation import Place, Valid
    from commsroom.estate.secret import Secret

_ANSWERS = {Status.DONE: Answer.DONE, Status.FAILED: Answer.REFUSED, Status.UNKNOWN: Answer.UNKNOWN}
_LOGINS = {True: Login.ACCEPTED, False: Login.REFUSED, None: Login.UNKNOWN}


@dataclass(slots=True)
class SystemHolder:
    """One system of the inventory; a `commsroom.estate.rotation.Holder`.

    `resources` are the objects that hold what is rotated, as policy wants them; `_seen` is what the system
    holds, read when it is first needed.
    """

    estate: Estate
    name: str
    resources: Mapping[Address, Resource]
    _seen: Snapshot | None = None
    _token: str = field(default="", init=False)

    def __post_init__(self) -> None:
        """Begin with what was read already, if it was."""
        self._token = self._seen.token if self._seen else ""

    def traits(self, place: Place) -> Traits:
        """Two at once where there is room; every back end refuses what was made on an older state."""
        limits = self.estate.deadlines
        two = takes_two(self.estate, self.resources[place.address])
        free = place.address.kind in self.estate.systems[self.name].backend.looked_up
        tries = sys.maxsize if free else self.estate.policy.security.rotation.failed_logins
        return Traits(two=two, late=limits.connect + limits.apply, fenced=True, tries=tries)

    def push(self, wanted: Sequence[Valid], *, fence: int) -> Mapping[Place, Written]:
        """Write all in one batch."""
        return self._write(wanted, fence)

    def revoke(self, wanted: Sequence[Valid], *, fence: int) -> Mapping[Place, Written]:
        """Write all in one batch, with nothing beside."""
        return self._write([replace(one, keep=None) for one in wanted], fence)

    def probe(self, logins: Sequence[Valid]) -> Mapping[Place, Login]:
        """Log in with each."""
        tried = [
            Credential(self.resources[one.place.address], one.place.slot, one.secret)
            for one in logins
        ]
        found = self._ask(lambda provider: provider.log_in(tried), self.estate.deadlines.prove)
        places = [one.place for one in logins]
        return {place: _LOGINS[let_in] for place, let_in in zip(places, found, strict=True)}

    # ── writing ────────────────────────────────────────────────────────────────────────────

    def _write(self, wanted: Sequence[Valid], fence: int) -> dict[Place, Written]:
        """Write; once more on top of what is there now, when that moved since it was read."""
        try:
            outcomes = self._apply(wanted, fence)
        except TargetMoved:
            self._seen = None
            outcomes = self._apply(wanted, fence)
        by_address = {one.address: one for one in outcomes}
        return {
            one.place: _written(one.place, by_address[one.place.address])
            for one in wanted
            if one.place.address in by_address
        }

    def _apply(self, wanted: Sequence[Valid], fence: int) -> Sequence[Outcome]:
        if self._seen is None:
            self._seen = self._ask(lambda provider: provider.read(), self.estate.deadlines.read)
            self._token = self._seen.token
        values: dict[SecretRef, Secret] = {}
        changes = [
            change
            for one in wanted
            if (change := self._change(one, self._seen, values)) is not None
        ]
        batch = Batch(
            changes=tuple(changes), token=self._token, secret=values.__getitem__,
            estate_id=self.estate.ledger.estate_id, fence=fence,
        )  # fmt: skip
        applied: Applied = self._ask(
            lambda provider: provider.apply(batch), self.estate.deadlines.apply
        )
        self._token = applied.token
        return applied.outcomes

    def _change(self, one: Valid, seen: Snapshot, values: dict[SecretRef, Secret]) -> Change | None:
        """Return the change that writes these secrets, and nothing else of the object; None if it is gone."""
        address, slot = one.place.address, one.place.slot
        before = seen.resources.get(address)
        if before is None:
            return None
        body = before.body  # nothing else of it is written, whatever policy may want of it
        refs = [SecretRef(str(one.place), slot, generation=2)]
        values[refs[0]] = one.secret
        for spare in body.spare:
            if one.keep is not None:
                refs.append(SecretRef(str(one.place), spare, generation=1))
                values[refs[-1]] = one.keep
        fields = tuple(f"secret:{name}" for name in (slot, *body.spare))
        after = replace(self.resources[address], body=body, secrets=tuple(refs))
        return Change(Action.UPDATE, address, before, after, fields)

    def _ask(self, work: Callable[[Any], Any], seconds: float) -> Any:
        def asked(_name: str, provider: Provider) -> Any:
            return work(provider)

        deadline = self.estate.deadlines.connect + seconds + 5
        found = self.estate.fleet.each(asked, on=[self.name], deadline=deadline)[self.name]
        if isinstance(found, SystemUnknown):
            self._seen = None  # it may have moved
            raise found
        if isinstance(found, CommsroomError):
            raise found
        return found


def _written(place: Place, outcome: Outcome) -> Written:
    return Written(_ANSWERS[outcome.status], outcome.message, outcome.verifiers.get(place.slot))
