"""Which part of the estate a verb is about: everything, one person, or the addresses of a glob."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from commsroom.estate.due import arranged
from commsroom.estate.plan import Known

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from commsroom.estate.backend import Snapshot
    from commsroom.estate.resource import Address, Kind, Resource, Value


@dataclass(frozen=True, slots=True)
class Scope:
    """A selection. `people` are ids or logins of the roster; `only` are address globs; both narrow.

    `as_of` is the date policy is read for; None is today at the company's own time zone.
    """

    people: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    as_of: date | None = None

    @property
    def whole(self) -> bool:
        """Tell whether nothing was narrowed."""
        return not self.people and not self.only

    @property
    def words(self) -> str:
        """Give the selection as it was asked for, to be named in a message."""
        parts = (*(repr(glob) for glob in self.only), *(f"person {who!r}" for who in self.people))
        return ", ".join(parts)

    def narrow(
        self, desired: Iterable[Resource], snapshots: Mapping[str, Snapshot], known: Known
    ) -> tuple[list[Resource], Known]:
        """Return the part of `desired` and of what we own that the scope names.

        For people that is what exists for them, what that needs, and their place in lists and
        groups: of those, only *their* entry moves, whatever else may be pending in it.
        """
        wanted = list(desired)
        owned = known.owned
        if self.people:
            wanted, owned = _people(frozenset(self.people), wanted, snapshots, known)
        if self.only:
            wanted = [item for item in wanted if self._names(item.address)]
            owned = frozenset(address for address in owned if self._names(address))
        return wanted, replace(known, owned=owned)

    def reaches(self, system: str) -> bool:
        """Tell whether the scope may name anything on a system: what it cannot, need not be asked."""
        return not self.only or any(_may_match(glob, f"{system}:") for glob in self.only)

    def holds(self, item: Resource) -> bool:
        """Tell whether a resource of policy belongs to the scope (people given as ids)."""
        return (not self.people or item.person in self.people) and (
            not self.only or self._names(item.address)
        )

    def names(self, address: Address) -> bool:
        """Tell whether the scope's globs name an address; without any they name all."""
        return not self.only or self._names(address)

    def _names(self, address: Address) -> bool:
        return any(address.matches(glob) for glob in self.only)


def _may_match(glob: str, start: str) -> bool:
    literal = re.split(r"[*?[]", glob, maxsplit=1)[0]
    return literal.startswith(start) or start.startswith(literal)


def _people(
    people: frozenset[str], desired: list[Resource], snapshots: Mapping[str, Snapshot], known: Known
) -> tuple[list[Resource], frozenset[Address]]:
    own = {item.address for item in desired if item.person in people}
    by_address = {item.address: item for item in desired}
    once = {
        address
        for address in known.owned
        if known.persons.get(address) in people and not _passed_on(by_address.get(address), people)
    }
    keys = {address.key for address in own | once}
    chosen = {address: by_address[address] for address in own}
    for need in _closure(own, by_address):
        present = need.system in snapshots and need in snapshots[need.system].resources
        if not present:
            chosen.setdefault(need, by_address[need])
    for item in desired:
        if item.address in chosen or item.person:  # another's own things are never touched
            continue
        snapshot = snapshots.get(item.address.system)
        actual = snapshot.resources.get(item.address) if snapshot else None
        entered = _only_entries(item, actual.body if actual else None, keys)
        if entered is not None:
            chosen[item.address] = entered
    return list(chosen.values()), frozenset(once | (known.owned & set(chosen)))


def _passed_on(item: Resource | None, people: frozenset[str]) -> bool:
    """Tell of what was theirs whether it is another's now: a telephone's profile, a port, no mailbox."""
    return item is not None and not item.body.retained and item.person not in people | {""}


def _closure(start: set[Address], among: Mapping[Address, Resource]) -> list[Address]:
    found: dict[Address, None] = {}
    waiting = sorted(start)
    while waiting:
        for need in sorted(among[waiting.pop()].needs):
            if need in among and need not in found and need not in start:
                found[need] = None
                waiting.append(need)
    return list(found)


def _only_entries(desired: Resource, actual: Kind | None, keys: set[str]) -> Resource | None:
    """Return the resource with only the entries in `keys` moved, or None when none is concerned.

    A single name counts as an entry too: a custodian, the box a group falls back to.
    """
    changes: dict[str, Value] = {}
    for name, want in desired.body.values().items():
        if isinstance(want, str):
            held = getattr(actual, name, None)
            if want != held and (want in keys or held in keys):
                changes[name] = want
        if not isinstance(want, tuple):
            continue
        have = getattr(actual, name, None) or ()
        if keys.isdisjoint(want) and keys.isdisjoint(have):
            continue
        others = [entry for entry in have if entry not in keys or entry in want]
        mine = [entry for entry in want if entry in keys and entry not in have]
        changes[name] = arranged(want, others + mine)
    if not changes:
        return None
    # What else policy wants of something that exists (a title, a time) is not this person's affair.
    body = replace(actual if actual is not None else desired.body, **changes)
    return replace(desired, body=body)
