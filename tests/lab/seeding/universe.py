"""All changes there are: from the back ends' kinds and fields, and from what the roles manage."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from seeding import accounts, servers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from random import Random

    from seeding.disturbance import Disturbance
    from seeding.managed import Managed


@dataclass
class Universe:
    """Strata (a row and a way) with all their changes; what has no way, and what has a reason for that."""

    strata: dict[str, list[Disturbance]] = field(default_factory=dict)
    untestable: dict[str, str] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)

    def sorts(self) -> dict[str, list[Disturbance]]:
        """Return the strata, those of the roles without telling one role from another."""
        found: dict[str, list[Disturbance]] = {}
        for name, pile in self.strata.items():
            sort = f"role {name.partition(': ')[2]}" if name.startswith("role ") else name
            found.setdefault(sort, []).extend(pile)
        return found

    @property
    def size(self) -> int:
        """Count all changes."""
        return sum(map(len, self.strata.values()))

    def every(self) -> list[Disturbance]:
        """Return all changes."""
        return [item for pile in self.strata.values() for item in pile]

    def add(self, row: str, reason: str, items: Iterable[Disturbance]) -> None:
        """Take a row in: its changes by way, or why there are none."""
        before = self.size
        for item in items:
            self.strata.setdefault(f"{item.row} [{item.way}]", []).append(item)
        if reason:
            self.untestable[row] = reason
        elif self.size == before:
            self.forgotten.add(row)


def of(
    backends: Mapping[str, Any], resources: list[Any], things: Iterable[Managed], random: Random
) -> Universe:
    """Return the universe of an estate: `backends` maps its systems, `resources` are `show --json`'s."""
    found = Universe()
    for row in accounts.rows(backends):
        found.add(row.name, row.reason, accounts.disturbances(row, resources, random))
    for item in things:
        name = f"role {item.role}: {servers.sort(item)} {item.thing}".rstrip()
        found.add(name, servers.reason(item), servers.disturbances(item))
    return found
