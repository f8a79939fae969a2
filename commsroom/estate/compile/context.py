"""What every compiler needs to know: who is due on the day, what they may have, which system holds it."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from commsroom.estate.resource import Address, Kind, Provenance, Resource
from commsroom.estate.secret import Custody, SecretRef, Shape
from commsroom.policy.calendar import State, state_of

if TYPE_CHECKING:
    from commsroom.policy import Entitlement, Person, Policy
    from commsroom.policy.allocations import Allocations
    from commsroom.policy.security import SecretRule


@dataclass(frozen=True, slots=True)
class SystemInfo:
    """A system as compile sees it: its name, the kinds it holds, the sites it serves (none: all)."""

    name: str
    kinds: frozenset[str]
    sites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody whose accounts exist on the day. `active` is false before the first and after the last."""

    person: Person
    login: str
    number: str
    active: bool
    right: Entitlement

    @property
    def id(self) -> str:
        """The person's id in the roster."""
        return self.person.id


@dataclass(frozen=True, slots=True)
class Context:
    """The input of all compilers, with the people resolved once."""

    policy: Policy
    day: date
    systems: Sequence[SystemInfo]
    holders: dict[str, Holder]
    _protected: re.Pattern[str]
    _places: dict[tuple[str, ...], Provenance] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        policy: Policy,
        allocations: Allocations,
        day: date,
        systems: Sequence[SystemInfo],
        at_sites: Mapping[str, date],
    ) -> Context:
        """Resolve who is due; `at_sites` is the date where it is not `day` (another time zone)."""
        globs = "|".join(fnmatch.translate(glob) for glob in policy.security.protected)
        holders = dict(_holders(policy, allocations, day, at_sites))
        return cls(policy, day, systems, holders, re.compile(globs or "(?!)"))

    def hosts(self, kind: str, site: str = "") -> Iterator[str]:
        """Yield the systems that hold a kind for a site; for no particular site, all that hold it."""
        for system in self.systems:
            if kind in system.kinds and (not site or not system.sites or site in system.sites):
                yield system.name

    def active(self) -> Iterator[Holder]:
        """Yield those who are at work on the day, in the order of the roster."""
        return (holder for holder in self.holders.values() if holder.active)

    def place(self, *path: str) -> Provenance:
        """Return where policy says it: file, line and clause."""
        found = self._places.get(path)
        if found is None:
            source = self.policy.sources.of(*path)
            found = self._places[path] = Provenance(source.file, source.line, source.clause)
        return found

    def mail_address(self, holder: Holder) -> str:
        """Return somebody's mail address: the roster's own, else login@primary domain."""
        return holder.person.email or f"{holder.login}@{self.policy.mail.domain}"

    def make(
        self,
        system: str,
        key: str,
        body: Kind,
        place: Provenance,
        *,
        holder: Holder | None = None,
        secrets: tuple[SecretRef, ...] = (),
        needs: frozenset[Address] = frozenset(),
    ) -> Resource:
        """Build a resource at its address; policy's globs decide whether it is protected."""
        address = Address(system, body.kind, key)
        return Resource(
            address=address,
            body=body,
            secrets=secrets,
            needs=needs,
            provenance=place,
            person=holder.id if holder else "",
            protected=self._protected.match(str(address)) is not None,
        )


def secret(
    path: str, slot: str, shape: Shape, rule: SecretRule, person: Person | None = None
) -> SecretRef:
    """Refer to a secret under the custody that policy rules for it; a person's own is never renewed by date."""
    custody = Custody(rule.custody_of(person))
    mine = custody is Custody.MANAGED and rule.rotate is not None
    every = int(rule.rotate.total_seconds()) if mine and rule.rotate else 0
    return SecretRef(path, slot, shape, custody, every=every, length=rule.length)


def _holders(
    policy: Policy, allocations: Allocations, day: date, at_sites: Mapping[str, date]
) -> Iterator[tuple[str, Holder]]:
    for person in policy.people:
        today = at_sites.get(person.site, day)
        state = state_of(person, policy.security, today)
        entry = allocations.get(person.id)
        if state in {State.ABSENT, State.PURGED} or entry is None:
            continue
        right = policy.entitlement(person, today)
        yield person.id, Holder(person, entry.login, entry.number, state is State.ACTIVE, right)
