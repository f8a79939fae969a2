"""What a drift run saw, as values: the ledger keeps from when to when each thing was so."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self

from commsroom.ledger.chain import canonical

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

#: The kind of a sighting that says "could not be read": itself always known.
UNKNOWN: Final = "unknown"
#: Stands for every system, where a whole part could not be looked at.
EVERY: Final = ""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One thing that was not as policy says, in one part of what a run looks at.

    `part` is `accounts`, `servers` or `inspection`. `aspect` is the field that differs, "" for the
    object whole. Values are not kept: what differs since Monday differs since Monday, whoever changed
    it again on Tuesday.
    """

    part: str
    system: str
    address: str
    kind: str
    aspect: str = ""
    severity: str = "error"

    @property
    def fingerprint(self) -> str:
        """Return what tells this from everything else, whatever it weighs (SHA-256, hex)."""
        return fingerprint(self.part, self.address, self.kind, self.aspect)


def fingerprint(part: str, address: str, kind: str, aspect: str) -> str:
    """Return the SHA-256 (hex) of what a sighting is about."""
    return hashlib.sha256(canonical([part, address, kind, aspect]).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftRun:
    """One run over the whole estate.

    `at` is when it began to read (UTC, as the ledger writes times). `parts` are those it looked at:
    of others it says nothing. `unknown` holds (part, system) it could not read, `undecided` (part,
    address): what was seen there before is neither gone nor new. `evidence` is JSON of a bounded size
    that its event carries besides, by part: what was looked at and found good, so that it can count as shown.
    """

    at: str
    parts: frozenset[str]
    seen: tuple[Sighting, ...] = ()
    unknown: frozenset[tuple[str, str]] = frozenset()
    undecided: frozenset[tuple[str, str]] = frozenset()
    evidence: Mapping[str, Any] = field(default_factory=dict)

    def narrowed(self, parts: frozenset[str]) -> DriftRun:
        """Return the same run as if it had looked at these parts only."""
        return DriftRun(
            at=self.at,
            parts=parts,
            seen=tuple(item for item in self.seen if item.part in parts),
            unknown=frozenset(item for item in self.unknown if item[0] in parts),
            undecided=frozenset(item for item in self.undecided if item[0] in parts),
            evidence={name: told for name, told in self.evidence.items() if name in parts},
        )

    def silent_about(self, part: str, system: str, address: str, kind: str) -> bool:
        """Tell whether this run cannot say that something is gone."""
        if part not in self.parts:
            return True
        if kind == UNKNOWN:
            return False
        unread = self.unknown & {(part, system), (part, EVERY)}
        return bool(unread) or (part, address) in self.undecided

    def counts(self) -> Mapping[str, int]:
        """Count what was seen, an object once: `errors`, `warnings`, `unknown`."""
        sorts: dict[tuple[str, str, str], set[str]] = {}
        for item in self.seen:
            sorts.setdefault((item.part, item.address, item.kind), set()).add(item.severity)
        unknown = sum(kind == UNKNOWN for _, _, kind in sorts) + len(self.undecided)
        others = [weights for (_, _, kind), weights in sorts.items() if kind != UNKNOWN]
        errors = sum("error" in weights for weights in others)
        warnings = sum("error" not in weights and "warning" in weights for weights in others)
        return {"errors": errors, "warnings": warnings, "unknown": unknown}


@dataclass(frozen=True, slots=True)
class Keep:
    """How long runs are kept: all of them for `every_run`, then the last of each day, till `retention`."""

    retention: timedelta
    every_run: timedelta


@dataclass(frozen=True, slots=True)
class Told:
    """What a run's event says, as far as runs and intervals can be checked against it."""

    at: str
    parts: str
    errors: int
    warnings: int
    unknown: int
    digest: str
    forgotten_before: str
    thinned_before: str

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read an event's data; raises KeyError or ValueError for what no run has written."""
        numbers = {name: int(data[name]) for name in ("errors", "warnings", "unknown")}
        texts = {name: str(data[name]) for name in cls.__slots__ if name not in numbers}
        return cls(**texts, **numbers)  # type: ignore[arg-type] # by name, each of its own type


@dataclass(frozen=True, slots=True)
class PastRun:
    """One recorded run, with what it counted."""

    at: str
    errors: int
    warnings: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Past:
    """What the ledger remembers of a span of time.

    `repairs` holds (first seen, first not seen) of what went away in it; `returns` how often an
    address came back in the last days.
    """

    runs: tuple[PastRun, ...] = ()
    repairs: tuple[tuple[str, str], ...] = ()
    returns: Mapping[str, int] = field(default_factory=dict)
