"""What each kind of event does to what we remember, as pure functions.

The tables `owned`, `protected` and `secrets` are nothing but the sum of the effects written into
the events: the same `Memory.take` that `verify` replays is what the tables must equal.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Self

from commsroom.estate.backend import Status
from commsroom.estate.resource import Action
from commsroom.ledger.model import NOTHING, Intent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from commsroom.estate.resource import Address, Change, Resource
    from commsroom.ledger.sightings import Told

PRESENT: Final = "present"
ABSENT: Final = "absent"
_IN_FIELDS: Final = "secret:"


class Hold(StrEnum):
    """Our claim to an address. *pending*: we may have made it; it counts as ours until read."""

    OWNED = "owned"
    PENDING = "pending"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Kept:
    """The last secret known to be in a slot; generation 0 and no fingerprint: none is known to be."""

    path: str
    generation: int
    fingerprint: str | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """What becomes of one address; None and empty leave things as they are."""

    hold: Hold | None = None
    person: str = ""
    protected: bool | None = None
    secrets: Mapping[str, Kept] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Write what the effect says, and nothing else."""
        said: dict[str, Any] = {}
        if self.hold is not None:
            said["hold"] = str(self.hold)
        if self.person:
            said["person"] = self.person
        if self.protected is not None:
            said["protected"] = self.protected
        if self.secrets:
            said["secrets"] = {
                slot: [kept.path, kept.generation, kept.fingerprint]
                for slot, kept in self.secrets.items()
            }
        return said

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Self:
        """Read back what `to_json` wrote."""
        return cls(
            hold=Hold(said["hold"]) if "hold" in said else None,
            person=said.get("person", ""),
            protected=said.get("protected"),
            secrets={slot: Kept(*kept) for slot, kept in said.get("secrets", {}).items()},
        )


@dataclass(slots=True)
class Memory:
    """All that the events add up to."""

    owned: dict[Address, tuple[str, str]] = field(default_factory=dict)
    protected: set[Address] = field(default_factory=set)
    secrets: dict[tuple[Address, str], Kept] = field(default_factory=dict)
    generations: dict[str, int] = field(default_factory=dict)
    open: set[int] = field(default_factory=set)
    estate: str = ""
    key_check: str = ""
    #: What each recorded drift run's event says, by the event's number.
    drift: dict[int, Told] = field(default_factory=dict)
    #: The digest of what each recipient of notifications was told last.
    told: dict[str, str] = field(default_factory=dict)
    #: Number and hash of the event that each checkpoint was made of, by the event that tells of it.
    checkpoints: dict[int, tuple[int, str]] = field(default_factory=dict)
    #: The last step of each device, and the event that says so.
    devices: dict[str, tuple[tuple[str, ...], int]] = field(default_factory=dict)
    #: The last step of each secret's rotation as written, and the event that says so.
    rotations: dict[str, tuple[str, int]] = field(default_factory=dict)
    _slots: dict[Address, set[str]] = field(default_factory=dict)

    def take(self, address: Address, effect: Effect) -> None:
        """Add one effect."""
        if effect.hold is Hold.GONE:
            self.owned.pop(address, None)
            self.protected.discard(address)
            for slot in self._slots.pop(address, ()):
                del self.secrets[address, slot]
            return
        if effect.hold is not None:
            self.owned[address] = (effect.hold.value, effect.person)
        if effect.protected is not None:
            (self.protected.add if effect.protected else self.protected.discard)(address)
        for slot, kept in effect.secrets.items():
            self.secrets[address, slot] = kept
            self._slots.setdefault(address, set()).add(slot)


def intent_of(change: Change) -> Intent:
    """Reduce a change to what the ledger keeps of it.

    Raises:
        ValueError: a secret to be written has no stated generation; it could never be told later
            which one the system holds.
    """
    resource = change.after or change.before
    written = {}
    for name in change.fields:
        if change.after is None or not name.startswith(_IN_FIELDS):
            continue
        slot = name.removeprefix(_IN_FIELDS)
        ref = change.after.secret(slot)
        if ref is None and slot in change.after.body.spare:
            written[slot] = NOTHING
            continue
        if ref is None or ref.generation < 1:
            raise ValueError(f"{change.address}: {name} has no stated generation")
        written[slot] = (ref.path, ref.generation)
    return Intent(
        address=change.address,
        action=change.action,
        fields=change.fields,
        before=_attributes(change.before),
        after=_attributes(change.after),
        secrets=written,
        person=resource.person if resource else "",
        protected=change.after.protected if change.after else False,
    )


def intent_to_json(intent: Intent, provenance: str = "") -> dict[str, Any]:
    """Write an intent as a row's data (address and action have columns of their own)."""
    return {
        "fields": intent.fields,
        "before": intent.before,
        "after": intent.after,
        "secrets": intent.secrets,
        "person": intent.person,
        "protected": intent.protected,
        "provenance": provenance,
    }


def intent_from_json(address: Address, action: str, data: Mapping[str, Any]) -> Intent:
    """Read back what `intent_to_json` wrote."""
    return Intent(
        address=address,
        action=Action(action),
        fields=tuple(data["fields"]),
        before=data["before"],
        after=data["after"],
        secrets={slot: (path, generation) for slot, (path, generation) in data["secrets"].items()},
        person=data["person"],
        protected=data["protected"],
    )


def of_outcome(
    intent: Intent, status: Status, verifiers: Mapping[str, str], previous: Mapping[str, Kept]
) -> Effect:
    """Say what a change's end means for us.

    Args:
        intent: What was to be done.
        status: How it ended.
        verifiers: Slot → fingerprint, read after the write.
        previous: Slot → what the ledger knew before; only needed when the change was not done.
    """
    if status is Status.DONE:
        if intent.action is Action.DELETE:
            return Effect(Hold.GONE)
        written = {
            slot: Kept(path, generation, verifiers.get(slot))
            for slot, (path, generation) in intent.secrets.items()
        }
        return _ours(intent, written)
    hold = Hold.PENDING if intent.action in (Action.CREATE, Action.ADOPT) else None
    return Effect(hold, intent.person if hold else "", None, doubted(intent, previous))


def of_finding(intent: Intent, found: str | None, previous: Mapping[str, Kept]) -> Effect:
    """Say what it means that a killed run's object was found present, absent, or not looked for."""
    if found is None:
        return of_outcome(intent, Status.UNKNOWN, {}, previous)
    if found == ABSENT and intent.action is not Action.UPDATE:
        return Effect(Hold.GONE)
    if found == PRESENT and intent.action in (Action.CREATE, Action.ADOPT):
        return _ours(intent, doubted(intent, previous))
    return Effect(secrets=doubted(intent, previous))


def of_resource(resource: Resource) -> Effect:
    """Say that an existing object is ours from now on; none of its secrets is known to be."""
    return Effect(Hold.OWNED, resource.person, True if resource.protected else None)


def doubted(intent: Intent, previous: Mapping[str, Kept]) -> dict[str, Kept]:
    """Record that the intent's secrets may or may not have been written.

    The generation stays below the intended one, so that the next plan writes it again even where
    the system shows no verifier to compare.
    """
    return {
        slot: Kept(
            path, max(0, min(previous[slot].generation if slot in previous else 0, generation - 1))
        )
        for slot, (path, generation) in intent.secrets.items()
    }


def _ours(intent: Intent, secrets: Mapping[str, Kept]) -> Effect:
    return Effect(Hold.OWNED, intent.person, True if intent.protected else None, secrets)


def _attributes(resource: Resource | None) -> dict[str, Any] | None:
    return None if resource is None else dict(resource.body.values())
