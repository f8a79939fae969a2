"""What was allotted: one login and at most one number a person, and the numbers given back."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

FILE: Final = "policies/allocations.lock"


@dataclass(frozen=True, slots=True)
class Allocation:
    """A person's login and number ("" for none), since when; `released` when it was given back.

    `line` is where the file says so, 0 for a proposal.
    """

    id: str
    login: str
    number: str
    site: str
    allotted: date
    released: date | None = None
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Allocations:
    """All allocations: `current` by person, `history` of what was given back by (person, number)."""

    current: Mapping[str, Allocation] = field(default_factory=dict)
    history: Mapping[tuple[str, str], Allocation] = field(default_factory=dict)

    def of(self, person: str) -> Allocation:
        """Return a person's current allocation; raises KeyError for none."""
        return self.current[person]

    def get(self, person: str) -> Allocation | None:
        """Return a person's current allocation, or None."""
        return self.current.get(person)

    def login(self, person: str) -> str:
        """Return a person's login; raises KeyError for none."""
        return self.current[person].login

    def number(self, person: str) -> str:
        """Return a person's number, "" for none; raises KeyError when there is no allocation."""
        return self.current[person].number

    def departed(self, day: date, roster: Container[str]) -> frozenset[str]:
        """Return who is gone from the roster and gives everything back only after `day`."""
        return frozenset(
            entry.id
            for entry in self.history.values()
            if entry.released is not None and entry.released > day and entry.id not in roster
        )

    def __iter__(self) -> Iterator[Allocation]:
        """Give the current allocations."""
        return iter(self.current.values())

    def __len__(self) -> int:
        """Count the current allocations."""
        return len(self.current)
