"""What an apply puts right in its ledger before it touches a system: what is ours, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commsroom.app.estate import actor
from commsroom.reports.lines import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from commsroom.app.estate import Estate
    from commsroom.app.planning import Planned
    from commsroom.app.progress import Progress
    from commsroom.estate.guards import Allow
    from commsroom.estate.resource import Address

#: How many of what is forgotten are named.
_NAMED = 3


def write_off(estate: Estate, allow: Allow, progress: Progress) -> None:
    """Forget what we had on systems that left the inventory, where that is allowed by name."""
    lost = [
        address
        for address in estate.ledger.known().owned
        if address.system not in estate.systems and f"{address.system}:*" in allow.removals
    ]
    if lost:
        _forget(estate, lost, "their system left the inventory", progress)


def settle(estate: Estate, planned: Planned) -> bool:
    """Close the books on batches that were begun and never finished, by what is there now."""
    settled = False
    for batch in estate.ledger.open_batches():
        snapshot = planned.reading.snapshots.get(batch.system)
        if snapshot is None:
            continue  # still unknown: stays open
        found = {
            intent.address: "present" if intent.address in snapshot.resources else "absent"
            for intent in batch.intents
        }
        estate.ledger.settle(batch.id, found, actor=actor())
        settled = True
    return settled


def _forget(estate: Estate, gone: Sequence[Address], why: str, progress: Progress) -> None:
    """Call things ours no longer, and say so: nothing else of it is to be seen."""
    estate.ledger.forget(gone, actor=actor())
    names = ", ".join(printable(str(address)) for address in sorted(gone)[:_NAMED])
    more = f" and {len(gone) - _NAMED} more" if len(gone) > _NAMED else ""
    progress.say(f"forgotten, for {why}: {names}{more}")


def tidy(estate: Estate, planned: Planned, progress: Progress) -> None:
    """Bring marks of ours in line with policy and reality where no system needs touching.

    What is gone and no longer asked for is forgotten, lest a stranger's namesake count as ours.
    """
    read = planned.reading.snapshots
    desired = {item.address for item in planned.compiled.desired}
    gone = [
        address
        for address in planned.known.owned - desired
        if address.system in read and address not in read[address.system].resources
    ]
    if gone:
        _forget(estate, gone, "they are gone there and policy asks for them no longer", progress)
    estate.ledger.adopt(planned.plan.passed_on, actor=actor())
    estate.ledger.protect(
        [item for item in planned.compiled.desired if item.protected], actor=actor()
    )
