"""What cannot be read from the systems: ownership, intents, outcomes, events.

`Ledger` is loaded on first touch, because SQLAlchemy comes with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from commsroom.ledger.journal import Journal
from commsroom.ledger.model import Event, Holder, Intent, LedgerMissing, OpenBatch, Row
from commsroom.ledger.sightings import DriftRun, Keep, Past, Sighting

if TYPE_CHECKING:
    from commsroom.ledger.ledger import Ledger
    from commsroom.ledger.lock import Lease

__all__ = [
    "DriftRun",
    "Event",
    "Holder",
    "Intent",
    "Journal",
    "Keep",
    "Lease",
    "Ledger",
    "LedgerMissing",
    "OpenBatch",
    "Past",
    "Row",
    "Sighting",
]


def __getattr__(name: str) -> object:
    if name == "Ledger":
        from commsroom.ledger.ledger import Ledger

        return Ledger
    if name == "Lease":
        from commsroom.ledger.lock import Lease

        return Lease
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
