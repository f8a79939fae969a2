"""Deleting for good what people wrote: once approvers stand, only by a saved plan that two of them signed.

Where nobody has approved `policies/approvers` yet nothing is asked for, as ever. A run that must get on with
the rest (`apply --due` at night, `--without-purges`) leaves such deletions out and says so; drift tells them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from commsroom.app import approving, registering, signers
from commsroom.errors import GuardRefused, UsageError
from commsroom.estate.approval import SIGNATURES, Request
from commsroom.reports.lines import count, printable, some

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from commsroom.app.estate import Estate
    from commsroom.app.planning import Planned
    from commsroom.app.progress import Progress
    from commsroom.app.saved import SavedPlan
    from commsroom.app.scope import Scope
    from commsroom.estate.plan import Plan
    from commsroom.estate.resource import Address

#: What a request about a saved plan is for.
PURPOSE: Final = "plan"
COMMANDS: Final = (
    "commsroom plan --out PLAN --by ID, then commsroom approve PLAN --by ID --key FILE"
)


def needing(estate: Estate, plan: Plan) -> tuple[Address, ...]:
    """Return what a plan deletes for good and two people have to approve; nothing while no approvers stand."""
    purges = plan.purges
    return purges if purges and signers.established(estate) is not None else ()


def ask(estate: Estate, planned: Planned, scope: Scope, requester: str) -> Request | None:
    """Ask for the approval of a plan that is about to be saved; None where it needs none.

    Raises:
        UsageError: it needs one, and nobody is named who asks, or nobody of that id is here.
    """
    purges = needing(estate, planned.plan)
    if not purges:
        return None
    if not requester:
        raise UsageError(
            f"{_words(purges)}, so two people must approve this plan, neither of them who asks",
            remedy="say who you are: --by ID",
        )
    as_of = planned.compiled.as_of
    return approving.ask(estate, request(estate, planned.plan, scope, as_of, requester))


def request(estate: Estate, plan: Plan, scope: Scope, as_of: date, requester: str) -> Request:
    """Return what is signed of a plan: its hash, for whom and when it was made, and what it deletes for good."""
    subject = {
        "plan": plan.hash,
        "as_of": as_of.isoformat(),
        "people": list(scope.people),
        "only": list(scope.only),
        "changes": plan.summary,
        "purges": [str(address) for address in plan.purges],
    }
    day = registering.today(estate.policy)
    return Request(estate.ledger.estate_id, PURPOSE, subject, requester, day)


def held_back(
    estate: Estate,
    planned: Planned,
    saved: SavedPlan | None,
    progress: Progress,
    *,
    leave: bool,
) -> tuple[Address, ...]:
    """Return what a run that may `leave` something leaves out: deletions for good that nobody approved.

    Raises:
        GuardRefused: it may leave nothing out; it says how they are approved.
    """
    purges = needing(estate, planned.plan)
    if not purges:
        return ()
    if saved is not None:
        if not saved.requester:
            raise GuardRefused(
                f"{_words(purges)}, and this plan was saved before that needed approvals: {COMMANDS}"
            )
        as_of = planned.compiled.as_of
        approving.require_approved(
            estate, request(estate, planned.plan, saved.scope, as_of, saved.requester)
        )
        if told := signers.differing(estate, signers.established(estate)):
            progress.say(f"warning: {told}")
        return ()
    if leave:
        return purges
    raise GuardRefused(
        f"{_words(purges)}, which two people must approve: {COMMANDS};"
        " or leave that out with --without-purges"
    )


def use(estate: Estate, planned: Planned, saved: SavedPlan | None) -> None:
    """Record that an approved plan was made: it is not made a second time."""
    if saved is not None and needing(estate, planned.plan):
        as_of = planned.compiled.as_of
        approving.use(estate, request(estate, planned.plan, saved.scope, as_of, saved.requester))


def objection(estate: Estate, plan: Plan) -> str:
    """Say that apply would refuse a plan that is not saved, and how it is approved; "" where it would not."""
    purges = needing(estate, plan)
    return f"{_words(purges)}, which two people must approve: {COMMANDS}" if purges else ""


def without(plan: Plan, left: Collection[Address]) -> Plan:
    """Return a plan without the deletions that are left out."""
    if not left:
        return plan
    kept = (item for item in plan.changes if not (item.purges and item.address in left))
    return replace(plan, changes=tuple(kept))


def left_out(left: Collection[Address]) -> str:
    """Say what a run left out, and how it is done."""
    return f"left out: {_words(left)}, which needs {count(SIGNATURES, 'approval')}: {COMMANDS}"


def _words(purges: Collection[Address]) -> str:
    return f"{some([printable(str(address)) for address in purges])} would be deleted for good"
