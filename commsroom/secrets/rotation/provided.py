"""A back end's provider as a holder: what it writes in plans and tries in proofs, a rotation uses as it is.

A push is an update of the object with the slot's secret and, where its kind has a spare slot, the one kept
in it; a revocation empties that slot. So the back end's own lock, fence, reading back and fingerprints serve
here too, and nothing is written that a plan could not have written.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from commsroom.estate.backend import Batch, Credential, Status
from commsroom.estate.resource import Action, Change
from commsroom.estate.rotation import Answer, Login, Traits, Written
from commsroom.estate.secret import SecretRef

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from commsroom.estate.backend import LogsIn, Outcome, Provider
    from commsroom.estate.resource import Address, Resource
    from commsroom.estate.rotation import Place, Valid
    from commsroom.estate.secret import Secret

_LOGINS: Final = {True: Login.ACCEPTED, False: Login.REFUSED, None: Login.UNKNOWN}
_ANSWERS: Final = {
    Status.DONE: Answer.DONE,
    Status.FAILED: Answer.REFUSED,
    Status.UNKNOWN: Answer.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Provided:
    """A `Holder` on one system.

    Attributes:
        provider: Connected to the system.
        logins: The same, if it can try credentials by themselves.
        desired: What policy wants at each place's address: only secrets are changed.
        estate_id: For the batch, as in an apply.
        usual: What the system can; how many credentials an object takes, its kind says.
    """

    provider: Provider
    logins: LogsIn
    desired: Mapping[Address, Resource]
    estate_id: str
    usual: Traits = field(default=Traits())

    def traits(self, place: Place) -> Traits:
        """Say whether the object has a slot for a second one, so that two are let in."""
        second = self.desired[place.address].beside(place.slot)
        return replace(self.usual, two=bool(second), beside=second)

    def push(self, wanted: Sequence[Valid], *, fence: int) -> Mapping[Place, Written]:
        """Update every object in one batch; three round trips at most."""
        there = self.provider.read()
        values: dict[SecretRef, Secret] = {}
        after = {  # nothing else of an object is written, whatever policy may want of it
            address: replace(self.desired[address], body=there.resources[address].body)
            for address in {valid.place.address for valid in wanted}
            if address in there.resources
        }
        fields: dict[Address, list[str]] = {}
        for valid in wanted:
            address = valid.place.address
            if address in after:
                slots = self._slots(valid)
                values.update({ref: secret for ref, secret in slots.values() if ref and secret})
                after[address] = _holding(after[address], slots)
                fields.setdefault(address, []).extend(f"secret:{slot}" for slot in slots)
        changes = [
            Change(Action.UPDATE, address, there.resources[address], after[address], tuple(names))
            for address, names in fields.items()
        ]
        if not changes:
            return {valid.place: Written(Answer.REFUSED, "it is not there") for valid in wanted}
        batch = Batch(changes, there.token, values.__getitem__, self.estate_id, fence)
        ends = {one.address: one for one in self.provider.apply(batch).outcomes}
        return dict(self._told(wanted, ends, frozenset(fields)))

    def probe(self, logins: Sequence[Valid]) -> Mapping[Place, Login]:
        """Try every login once."""
        tried = [
            Credential(self.desired[one.place.address], one.place.slot, one.secret)
            for one in logins
        ]
        found = self.logins.log_in(tried)
        return {one.place: _LOGINS[end] for one, end in zip(logins, found, strict=True)}

    def shown(self, places: Collection[Place]) -> Mapping[Place, str]:
        """Read once, as plan does."""
        there = self.provider.read().verifiers
        return {
            place: shown
            for place in places
            if (shown := there.get(place.address, {}).get(place.slot)) is not None
        }

    def revoke(self, wanted: Sequence[Valid], *, fence: int) -> Mapping[Place, Written]:
        """Write the one that stays, and empty the slot beside it."""
        return self.push(wanted, fence=fence)

    def _slots(self, valid: Valid) -> dict[str, tuple[SecretRef | None, Secret | None]]:
        """Say what is to be in each slot that this credential has at its place."""
        path, slot = str(valid.place), valid.place.slot
        found: dict[str, tuple[SecretRef | None, Secret | None]] = {
            slot: (_ref(path, slot), valid.secret)
        }
        resource = self.desired[valid.place.address]
        beside = resource.beside(slot)
        for (
            spare
        ) in resource.body.spare:  # what somebody put in one that is not ours to fill goes too
            keep = valid.keep if spare == beside else None
            found[spare] = (_ref(path, spare), keep) if keep else (None, None)
        return found

    def _told(
        self, wanted: Iterable[Valid], ends: Mapping[Address, Outcome], sent: frozenset[Address]
    ) -> Iterable[tuple[Place, Written]]:
        for valid in wanted:
            place = valid.place
            end = ends.get(place.address)
            if place.address not in sent:
                yield place, Written(Answer.REFUSED, "it is not there")
            elif end is not None:
                shown, beside = end.verifiers, self.traits(place).beside
                answer = _ANSWERS[end.status]
                yield place, Written(answer, end.message, shown.get(place.slot), shown.get(beside))


def _ref(path: str, slot: str) -> SecretRef:
    """Name a value within one batch; it leaves this module no more than the value does."""
    return SecretRef(path, slot, generation=1)


def _holding(
    resource: Resource, slots: Mapping[str, tuple[SecretRef | None, Secret | None]]
) -> Resource:
    others = tuple(ref for ref in resource.secrets if ref.slot not in slots)
    return replace(resource, secrets=(*others, *(ref for ref, _ in slots.values() if ref)))
