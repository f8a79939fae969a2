"""show and explain: what policy asks for at an address, why, and what is really there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from commsroom.app import naming, planning
from commsroom.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from commsroom.app.estate import Estate
    from commsroom.app.progress import Progress
    from commsroom.app.scope import Scope
    from commsroom.estate.resource import Address, Change, Resource
    from commsroom.ledger import Event


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything known about one address.

    `desired` is None when policy does not ask for it, `actual` when it does not exist;
    `unknown` says why `actual` could not be read. `history` is what we did there, newest first.
    """

    address: Address
    desired: Resource | None
    actual: Resource | None
    change: Change | None
    owned: bool
    unknown: str
    unsupported: str
    history: Sequence[Event]


def show(estate: Estate, scope: Scope) -> tuple[Resource, ...]:
    """Return what policy asks for, compiled, without asking any system.

    Raises:
        UsageError: a glob names nothing.
    """
    desired = planning.compile_policy(estate, scope).desired
    narrow = planning.resolved(estate, scope)
    found = tuple(item for item in desired if narrow.holds(item))
    if not found and not scope.whole:
        names = ", ".join((*scope.only, *scope.people))
        raise UsageError(
            f"nothing in policy matches {names}", remedy=naming.remedy(scope.only, estate.systems)
        )
    return found


def explain(estate: Estate, glob: str, scope: Scope, progress: Progress) -> tuple[Explanation, ...]:
    """Explain every address a glob names, in policy or on the systems; raises UsageError for none."""
    planned = planning.prepare(estate, replace(scope, people=(), only=()), progress)
    desired = {item.address: item for item in planned.compiled.desired}
    there = {
        address: item
        for snapshot in planned.reading.snapshots.values()
        for address, item in snapshot.resources.items()
    }
    changes = {change.address: change for change in planned.plan.changes}
    found = sorted(address for address in {*desired, *there} if address.matches(glob))
    if not found:
        raise UsageError(
            f"nothing is at {glob!r}, neither in policy nor on a system",
            remedy=naming.remedy([glob], estate.systems),
        )
    return tuple(
        Explanation(
            address=address,
            desired=desired.get(address),
            actual=there.get(address),
            change=changes.get(address),
            owned=address in planned.known.owned,
            unknown=planned.reading.unknown.get(address.system, ""),
            unsupported=planned.plan.unsupported.get(address, ""),
            history=tuple(estate.ledger.events(address=address, limit=20)),
        )
        for address in found
    )
