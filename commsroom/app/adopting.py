"""adopt: take over objects that exist already, so that the next plan may change them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commsroom.app import planning
from commsroom.app.estate import actor
from commsroom.app.scope import Scope
from commsroom.errors import UsageError
from commsroom.estate.resource import Action

if TYPE_CHECKING:
    from datetime import date

    from commsroom.app.estate import Estate
    from commsroom.app.progress import Progress
    from commsroom.estate.resource import Address


def adopt(
    estate: Estate, globs: tuple[str, ...], progress: Progress, *, as_of: date | None = None
) -> tuple[Address, ...]:
    """Record ownership of what exists, is in policy and was not ours; changes nothing on any system.

    Raises:
        UsageError: a glob names nothing that could be adopted, with the reason.
        LockHeld: an apply is running.
    """
    with estate.ledger.lock(actor(), command="adopt"):
        planned = planning.prepare(estate, Scope(as_of=as_of), progress)
        candidates = {
            item.address: item for item in planned.plan.changes if item.action is Action.ADOPT
        }
        chosen = {}
        for glob in globs:
            found = [address for address in candidates if address.matches(glob)]
            if not found:
                raise UsageError(f"nothing to adopt at {glob!r}: {_why(planned, glob)}")
            chosen.update(dict.fromkeys(found))
        resources = [
            after for address in chosen if (after := candidates[address].after) is not None
        ]
        estate.ledger.adopt(resources, actor=actor())
    return tuple(chosen)


def _why(planned: planning.Planned, glob: str) -> str:
    if any(address.matches(glob) for address in planned.known.owned):
        return "it is ours already"
    if any(address.matches(glob) for address in planned.plan.sealed):
        return "it lives in a file that is not ours to write"
    if any(address.matches(glob) for address in planned.plan.foreign):
        return "policy does not ask for it"
    if any(item.address.matches(glob) for item in planned.compiled.desired):
        return "it does not exist yet; apply creates it"
    return "no such object"
