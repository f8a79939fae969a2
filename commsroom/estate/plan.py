"""The plan: the difference between what policy asks for and what the systems hold, as a value.

`build` is pure. Whether a plan may be applied is `estate.guards`; in which order, `estate.order`.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from commsroom.estate.memory import uncollected
from commsroom.estate.resource import (
    Action,
    Address,
    Change,
    Recorded,
    Resource,
    differing_fields,
    stale_secrets,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from commsroom.estate.backend import Backend, Snapshot


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger remembers and no system can tell.

    `owned` are the addresses we made or adopted (or were about to make when a run was killed);
    `protected` were marked so when last applied; `secrets` are the last ones written; `persons`
    tells for whom an owned object was made, where it serves one person.
    """

    owned: frozenset[Address] = frozenset()
    protected: frozenset[Address] = frozenset()
    secrets: Mapping[Address, Mapping[str, Recorded]] = field(default_factory=dict)
    persons: Mapping[Address, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """Changes over all systems, sorted by address, with everything that was *not* planned and why.

    `unknown` maps a system to the reason its state is unknown: nothing is planned for it.
    `foreign` exist, are not ours and not in policy. `sealed` are asked for by policy but exist in a
    place that is not ours to write. `unsupported` maps an address to what its system cannot hold.
    `waiting` maps an address to why it is not yet asked for as policy wants it, `remarks` to what is as
    policy says on its system and has not reached who uses it. `handovers` keep what is one person's and
    would become another's, with holder and heir. `passed_on` keep nothing of anybody's (a telephone's
    profile, a port), differ in nothing and are another person's now. `owned` counts what we own by
    (system, kind), the measure for the guards.
    """

    changes: tuple[Change, ...] = ()
    foreign: tuple[Address, ...] = ()
    sealed: tuple[Address, ...] = ()
    handovers: Mapping[Address, tuple[str, str]] = field(default_factory=dict)
    passed_on: tuple[Resource, ...] = ()
    unsupported: Mapping[Address, str] = field(default_factory=dict)
    waiting: Mapping[Address, str] = field(default_factory=dict)
    remarks: Mapping[Address, str] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)
    owned: Mapping[tuple[str, str], int] = field(default_factory=dict)
    tokens: Mapping[str, str] = field(default_factory=dict)
    simulated: frozenset[str] = frozenset()
    #: It is about a part of the estate only: other systems may not even have been asked.
    narrowed: bool = False

    @property
    def hash(self) -> str:
        """Return the SHA-256 (hex) of what the plan would do: equal plans, equal hashes."""
        content = [_change_key(change) for change in self.changes]
        unknown = sorted(self.unknown)
        text = json.dumps(
            [content, unknown], ensure_ascii=True, separators=(",", ":"), sort_keys=True
        )
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def summary(self) -> dict[str, int]:
        """Count changes by action (all four keys always present)."""
        counted = Counter(change.action.value for change in self.changes)
        return {action.value: counted.get(action.value, 0) for action in Action}

    @property
    def purges(self) -> tuple[Address, ...]:
        """Return what it deletes for good with all that people wrote in it."""
        return tuple(change.address for change in self.changes if change.purges)

    @property
    def empty(self) -> bool:
        """Tell whether nothing differs (unknown systems are not *nothing*: see `unknown`)."""
        return not self.changes and not self.sealed and not self.handovers

    @property
    def idle(self) -> bool:
        """Tell whether there is nothing to say of it at all: nothing to do, and nothing unknown."""
        return self.empty and not self.unknown


def _change_key(change: Change) -> list[Any]:
    return [
        str(change.action),
        str(change.address),
        list(change.fields),
        _state(change.before),
        _state(change.after),
    ]


def _state(resource: Resource | None) -> Any:
    if resource is None:
        return None
    secrets = [[ref.slot, ref.path, ref.generation] for ref in resource.secrets]
    return [resource.body.values(), secrets]


def build(
    desired: Iterable[Resource],
    snapshots: Mapping[str, Snapshot],
    known: Known,
    backends: Mapping[str, Backend],
    unknown: Mapping[str, str] | None = None,
    *,
    prune: bool = True,
) -> Plan:
    """Compare desired and actual state and return the plan.

    Args:
        desired: What policy asks for, over all systems; systems without a snapshot are skipped.
        snapshots: What each readable system holds.
        known: What the ledger remembers.
        backends: The back end of each system, by system name.
        unknown: Systems that could not be read, with the reason.
        prune: Whether owned objects that policy no longer asks for are deleted; False when only
            a part of the estate was selected (the caller then passes that part and its owned).

    Returns:
        The plan; applying it and building again gives an empty one.
    """
    with uncollected():
        return _built(desired, snapshots, known, backends, unknown or {}, prune=prune)


def _built(
    desired: Iterable[Resource],
    snapshots: Mapping[str, Snapshot],
    known: Known,
    backends: Mapping[str, Backend],
    unknown: Mapping[str, str],
    *,
    prune: bool,
) -> Plan:
    wanted = {item.address: item for item in desired if item.address.system in snapshots}
    wanted, waiting = _staged(wanted, snapshots, backends)
    refused = _refusals(wanted, backends)
    unsupported: dict[Address, str] = dict(refused)
    changes: list[Change] = []
    for address, resource in wanted.items():
        if address in refused:
            continue
        backend, snapshot = backends[address.system], snapshots[address.system]
        lacking = _unsupported(resource, backend)
        if lacking:
            unsupported[address] = ", ".join(lacking)
        if address.kind in backend.supports:
            supported = backend.supports[address.kind]
            changes += _compare(resource, snapshot, known, supported, lacking)
    extra = [
        (address, actual)
        for snapshot in snapshots.values()
        for address, actual in snapshot.resources.items()
        if address not in wanted
    ]
    if prune:
        changes += [
            Change(Action.DELETE, address, actual, None)
            for address, actual in extra
            if address in known.owned
        ]
    sealed = {
        item.address
        for item in changes
        if item.action is Action.ADOPT and item.address in snapshots[item.address.system].sealed
    }
    kept = [change for change in changes if change.address not in sealed]
    heirs = _heirs(wanted, snapshots, known)
    changing = {change.address for change in changes}
    return Plan(
        changes=tuple(sorted(kept, key=lambda change: change.address)),
        foreign=tuple(sorted(address for address, _ in extra if address not in known.owned)),
        sealed=tuple(sorted(sealed)),
        handovers={
            item.address: (known.persons[item.address], item.person)
            for item in heirs
            if item.body.retained
        },
        passed_on=tuple(
            item for item in heirs if not item.body.retained and item.address not in changing
        ),
        unsupported=unsupported,
        waiting=waiting,
        remarks={
            address: text
            for snapshot in snapshots.values()
            for address, text in snapshot.remarks.items()
            if address in wanted
        },
        unknown=dict(unknown),
        owned=count(known.owned),
        tokens={system: snapshot.token for system, snapshot in snapshots.items()},
    )


def _staged(
    wanted: Mapping[Address, Resource],
    snapshots: Mapping[str, Snapshot],
    backends: Mapping[str, Backend],
) -> tuple[dict[Address, Resource], dict[Address, str]]:
    """Let each back end that goes by stages say what may be asked for now."""
    found, waiting = dict(wanted), dict[Address, str]()
    for system, snapshot in snapshots.items():
        stage = backends[system].staged if system in backends else None
        if stage is not None:
            mine = [item for item in wanted.values() if item.address.system == system]
            now, held_back = stage(mine, snapshot.resources)
            found |= {item.address: item for item in now}
            waiting |= held_back
    return found, waiting


def _heirs(
    wanted: Mapping[Address, Resource], snapshots: Mapping[str, Snapshot], known: Known
) -> list[Resource]:
    """Find what would be another person's, even where nothing about the object itself differs."""
    return [
        item
        for address, item in wanted.items()
        if item.person
        and known.persons.get(address, item.person) not in {"", item.person}
        and address in snapshots[address.system].resources
    ]


def _refusals(
    wanted: Mapping[Address, Resource], backends: Mapping[str, Backend]
) -> dict[Address, str]:
    by_system: dict[str, list[Resource]] = {}
    for address, resource in wanted.items():
        by_system.setdefault(address.system, []).append(resource)
    found: dict[Address, str] = {}
    for system, resources in by_system.items():
        found.update(backends[system].refusals(resources))
    for address, resource in wanted.items():
        lost = sorted(resource.needs & found.keys()) if resource.body.is_right else ()
        if lost and address not in found:  # a right to, or of, what cannot be there
            found[address] = f"it needs {lost[0]}, which cannot be there"
    return found


def _unsupported(resource: Resource, backend: Backend) -> tuple[str, ...]:
    kind = resource.address.kind
    if kind not in backend.supports:
        return (f"kind {kind}",)
    lacking = [name for name in resource.body.values() if name not in backend.supports[kind]]
    held = backend.slots.get(kind, frozenset())
    lacking += [f"secret:{ref.slot}" for ref in resource.secrets if ref.slot not in held]
    return tuple(lacking)


def _compare(
    desired: Resource,
    snapshot: Snapshot,
    known: Known,
    supported: frozenset[str],
    lacking: Sequence[str],
) -> Iterator[Change]:
    """Yield the one change that `desired` needs, or nothing."""
    address = desired.address
    actual = snapshot.resources.get(address)
    slots = tuple(f"secret:{ref.slot}" for ref in desired.secrets)
    if actual is None:
        spoken = tuple(name for name in desired.body.values() if name in supported)
        fields = spoken + tuple(slot for slot in slots if slot not in lacking)
        yield Change(Action.CREATE, address, None, desired, fields, tuple(lacking))
        return
    verifiers = snapshot.verifiers.get(address, {})
    stale = stale_secrets(desired, known.secrets.get(address, {}), verifiers)
    fields = differing_fields(desired.body, actual.body, supported)
    fields += tuple(slot for slot in stale if slot not in lacking)
    if address not in known.owned:
        yield Change(Action.ADOPT, address, actual, desired, fields, tuple(lacking))
    elif fields:
        yield Change(Action.UPDATE, address, actual, desired, fields, tuple(lacking))


def count(owned: Iterable[Address]) -> Mapping[tuple[str, str], int]:
    """Count addresses by (system, kind): the measure the guards divide by."""
    return Counter((item.system, item.kind) for item in owned)
