"""What the ledger remembers that can be evidence: the last runs, their findings, what happened when."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from commsroom.app.judging import ACCOUNTS, INSPECTION

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from commsroom.app.estate import Estate
    from commsroom.ledger import Event
    from commsroom.ledger.sightings import Sighting

#: So many runs of a kind are looked back at; what is older is too old for any evidence.
_RUNS: Final = 500


@dataclass(frozen=True, slots=True)
class Run:
    """A recorded run: when it began (UTC, ISO 8601), and by name what it tells of all it looked at."""

    at: str
    told: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Proofs:
    """The last whole proof; `later` failures were seen by narrower ones since. Both name `ADDRESS USE`."""

    at: str
    uses: Mapping[str, tuple[int, int, int]]
    failed: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    later: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Memory:
    """All of it. `events` holds the time of the last event of each kind that was asked for."""

    drift: Run | None = None
    inspection: Run | None = None
    proofs: Proofs | None = None
    findings: tuple[Sighting, ...] = ()
    events: Mapping[str, str] = field(default_factory=dict)

    def unread(self, part: str) -> frozenset[str]:
        """Return the systems that the last run of a part could not read."""
        return frozenset(
            item.system
            for item in self.findings
            if item.part == part and item.kind == "unknown" and item.address == item.system
        )


def recall(estate: Estate, kinds: Iterable[str]) -> Memory:
    """Read it from the ledger; `kinds` are the events whose last time is wanted."""
    ledger = estate.ledger
    runs = tuple(ledger.events(kind="drift", limit=_RUNS))
    last = {
        kind: event.at for kind in sorted(set(kinds)) for event in ledger.events(kind=kind, limit=1)
    }
    return Memory(
        drift=_last(runs, ACCOUNTS),
        inspection=_last(runs, INSPECTION),
        proofs=proofs(tuple(ledger.events(kind="proof", limit=_RUNS))),
        findings=tuple(item for item, _ in ledger.findings()),
        events=last,
    )


def _last(events: Iterable[Event], part: str) -> Run | None:
    """Return the run of a part that began last; one that told nothing of what was good counts too."""
    found = [event.data for event in events if part in json.loads(event.data["parts"])]
    if not found:
        return None
    data = max(found, key=lambda data: str(data["at"]))
    return Run(str(data["at"]), data.get("evidence", {}).get(part, {}))


def proofs(events: tuple[Event, ...]) -> Proofs | None:
    """Return the last whole proof, and what narrower ones saw to fail since; events oldest first."""
    later: dict[str, int] = {}
    for event in reversed(events):
        data = event.data
        uses = {name: (int(a), int(b), int(c)) for name, (a, b, c) in data.get("uses", {}).items()}
        if data.get("whole"):
            return Proofs(event.at, uses, tuple(data["failed"]), tuple(data["unknown"]), later)
        for name, (_, failed, _undecided) in uses.items():
            later[name] = later.get(name, 0) + failed
    return None
