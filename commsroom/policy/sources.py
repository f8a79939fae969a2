"""Where each part of the policy stands: kept beside the models, so that these stay plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

#: The file of devices; unlike the roster's it has one form.
DEVICES: Final = "policies/devices.csv"

#: Keys and indexes from a file's subject down: ("telephony", "hunt_groups", "sales").
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """A place in the policy and the clause it serves ("" for none). Lines and columns from 1."""

    file: str
    line: int
    column: int
    clause: str = ""


@dataclass(frozen=True, slots=True)
class Sources:
    """Looks up places by path; a path without a place of its own has its parent's."""

    places: Mapping[Path, tuple[int, int]]
    files: Mapping[str, str]
    clauses: Mapping[Path, str]
    roster: str = ""
    people: Mapping[str, int] = field(default_factory=dict)
    devices: Mapping[str, int] = field(default_factory=dict)

    def of(self, *path: str | int) -> Source:
        """Return the place of a path, or of its nearest parent that has one."""
        if path[0] == "people" and len(path) > 1:
            return Source(self.roster, self.people.get(str(path[1]), 0), 0)
        if path[0] == "devices" and len(path) > 1:
            return Source(DEVICES, self.devices.get(str(path[1]), 0), 0)
        file = self.files.get(str(path[0]), "")
        line, column = self._nearest(path)
        return Source(file, line, column, self.clause(*path))

    def clause(self, *path: str | int) -> str:
        """Return the clause a path serves: its own, or that of the nearest part above it."""
        for length in range(len(path), 0, -1):
            if found := self.clauses.get(path[:length]):
                return found
        return ""

    def _nearest(self, path: Path) -> tuple[int, int]:
        for length in range(len(path), 0, -1):
            if found := self.places.get(path[:length]):
                return found
        return (1, 1)
