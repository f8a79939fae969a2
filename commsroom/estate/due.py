"""What the calendar alone made due: the same policy, compiled for two days, differs there.

An edited policy differs from reality too, and so does what somebody changed by hand; neither is due.
So only what differs between the days moves: of an object that is there on both, those fields, and of a
list of names those entries. All else of it is left as it is found.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from commsroom.estate.backend import Snapshot
    from commsroom.estate.plan import Known
    from commsroom.estate.resource import Address, Kind, Resource, Value


@dataclass(frozen=True, slots=True)
class Due:
    """What is due since a day: `then` and `now` hold its state on both days, where there is one.

    `purged` are objects of people gone from the roster whose retention passed between the days.
    """

    since: date
    then: Mapping[Address, Resource]
    now: Mapping[Address, Resource]
    purged: frozenset[Address] = frozenset()

    @property
    def addresses(self) -> tuple[Address, ...]:
        """Return what is due, sorted."""
        return tuple(sorted({*self.then, *self.now, *self.purged}))

    @property
    def systems(self) -> tuple[str, ...]:
        """Return the systems that hold something of it, sorted; no other needs to be asked."""
        return tuple(sorted({address.system for address in self.addresses}))

    def narrow(
        self, wanted: Iterable[Resource], snapshots: Mapping[str, Snapshot], known: Known
    ) -> tuple[list[Resource], Known]:
        """Return of what is wanted and ours only what is due, and of that only what is due in it.

        What should have been there before and is not is left to people, and so is what needs it: the
        calendar did not take it away.
        """
        found: dict[Address, Resource] = {}
        for item in wanted:
            if item.address not in self.now:
                continue
            snapshot = snapshots.get(item.address.system)
            actual = snapshot.resources.get(item.address) if snapshot else None
            then = self.then.get(item.address)
            if then is None:
                found[item.address] = item
            elif actual is not None:
                missing = self._missing(item, then, snapshots)
                found[item.address] = _moved(
                    then, self.now[item.address], item, actual.body, missing
                )
        kept = self._standing(found, snapshots)
        ours = known.owned & (kept.keys() | (self.then.keys() - self.now.keys()) | self.purged)
        return list(kept.values()), replace(known, owned=ours)

    def _missing(
        self, item: Resource, then: Resource, snapshots: Mapping[str, Snapshot]
    ) -> frozenset[str]:
        """Return the names that come in and whose object is not there, nor due."""
        return frozenset(
            need.key
            for need in item.needs - then.needs
            if _gone(need, snapshots) and (need in self.then or need not in self.now)
        )

    def _standing(
        self, found: Mapping[Address, Resource], snapshots: Mapping[str, Snapshot]
    ) -> dict[Address, Resource]:
        """Leave out what is new and needs something that is neither there nor coming."""
        kept = dict(found)
        while lame := [
            address
            for address, item in kept.items()
            if address not in self.then
            and any(need not in kept and _gone(need, snapshots) for need in item.needs)
        ]:
            for address in lame:
                del kept[address]
        return kept


def between(
    then: Iterable[Resource],
    now: Iterable[Resource],
    *,
    since: date,
    purged: Iterable[Address] = (),
) -> Due:
    """Compare what policy asks for on two days."""
    before = {item.address: item for item in then}
    after = {item.address: item for item in now}
    due = {
        address
        for address in before.keys() | after.keys()
        if address not in before or address not in after or before[address] != after[address]
    }
    # What an object needs follows its state; of itself it changes nothing on any system.
    due -= {
        address
        for address in due & before.keys() & after.keys()
        if (before[address].body, before[address].secrets)
        == (after[address].body, after[address].secrets)
    }
    return Due(
        since,
        {address: item for address, item in before.items() if address in due},
        {address: item for address, item in after.items() if address in due},
        frozenset(purged),
    )


def arranged(pattern: tuple[str, ...], entries: Iterable[str]) -> tuple[str, ...]:
    """Put entries into the order of a pattern: sorted where it is; what it lacks comes last."""
    if list(pattern) == sorted(pattern):
        return tuple(sorted(entries))
    place = {entry: index for index, entry in enumerate(pattern)}
    return tuple(sorted(entries, key=lambda entry: place.get(entry, len(place))))


def _gone(need: Address, snapshots: Mapping[str, Snapshot]) -> bool:
    """Tell whether something is known not to be there; of a system not read nothing is known."""
    return need.system in snapshots and need not in snapshots[need.system].resources


def _moved(
    then: Resource, now: Resource, wanted: Resource, actual: Kind, missing: frozenset[str]
) -> Resource:
    """Return what is there with only that moved which differs between the days.

    `wanted` is `now` as far as it was asked for, with secrets pinned.
    """
    changes: dict[str, Value] = {}
    for name in now.body.names():
        old, new = getattr(then.body, name), getattr(now.body, name)
        if old == new or new is None:
            continue
        value = getattr(wanted.body, name)
        if isinstance(new, tuple):
            coming = (set(new) - set(old or ())) & set(value or ()) - missing
            going = set(old or ()) - set(new) - set(value or ())
            held = getattr(actual, name) or ()
            value = arranged(new, (set(held) | coming) - going)
            if set(value) == set(held):
                value = held
        changes[name] = value
    secrets = {(ref.slot, ref.path) for ref in then.secrets}
    fresh = tuple(ref for ref in wanted.secrets if (ref.slot, ref.path) not in secrets)
    return replace(wanted, body=replace(actual, **changes), secrets=fresh)
