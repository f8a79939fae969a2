"""What of a plan two people must have signed before it is made: what is deleted for good, and what policy adds.

Deletions of what people wrote need it as soon as approvers stand; where nobody has approved any yet they
are asked of nobody, as ever. A run that must get on with the rest (`apply --due` at night,
`--without-purges`) leaves them out and says so; drift tells them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from commsroom.app import approving, registering, signers
from commsroom.errors import GuardRefused, UsageError
from commsroom.estate import guards
from commsroom.estate.approval import SIGNATURES, Request
from commsroom.reports.lines import count, printable, some

if TYPE_CHECKING:
    from collections.abc import Collection

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


@dataclass(frozen=True, slots=True)
class Needs:
    """Why two people must sign a plan: nothing of all this, and they need not.

    `purges` would be deleted for good. By policy: `beyond` says what goes over the limit of removals,
    `protected` names what is protected and touched.
    """

    purges: tuple[Address, ...] = ()
    beyond: tuple[str, ...] = ()
    protected: tuple[Address, ...] = ()

    def __bool__(self) -> bool:
        """Tell whether there is any reason."""
        return bool(self.purges or self.beyond or self.protected)

    def __str__(self) -> str:
        """Say it as the beginning of a sentence."""
        parts = []
        if self.purges:
            parts.append(f"{_named(self.purges)} would be deleted for good")
        if self.beyond:
            parts.append(f"{', '.join(self.beyond)} would be deleted or suspended")
        if self.protected:
            parts.append(f"{_named(self.protected)} is protected and would be changed")
        return "; ".join(parts)


def needs(estate: Estate, planned: Planned) -> Needs:
    """Return why a plan has to be signed: deletions for good only count once approvers stand."""
    plan, rules = planned.plan, estate.policy.security
    purges = plan.purges
    over = guards.excess(plan, rules.removal_limit) if "over-limit" in rules.approvals.plans else ()
    touched = guards.touched(plan, planned.known) if "protected" in rules.approvals.plans else ()
    return Needs(
        purges=purges if purges and signers.established(estate) is not None else (),
        beyond=tuple(text for text, _ in over),
        protected=tuple(change.address for change in touched),
    )


def ask(estate: Estate, planned: Planned, scope: Scope, requester: str) -> Request | None:
    """Ask for the approval of a plan that is about to be saved; None where it needs none.

    Raises:
        UsageError: it needs one, and nobody is named who asks, or nobody of that id is here.
    """
    found = needs(estate, planned)
    if not found:
        return None
    if not requester:
        raise UsageError(
            f"{found}, so two people must approve this plan, neither of them who asks",
            remedy="say who you are: --by ID",
        )
    return approving.ask(estate, _request(estate, planned, found, scope, requester))


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
        GuardRefused: there is something that it may not leave out; it says how that is approved.
    """
    found = needs(estate, planned)
    if leave:
        rest = replace(planned, plan=without(planned.plan, found.purges))
        left, found = found.purges, needs(estate, rest)
    else:
        left = ()
    if not found:
        return left
    if saved is None:
        also = "; or leave that out with --without-purges" if found.purges else ""
        raise GuardRefused(f"{found}, which two people must approve: {COMMANDS}{also}")
    if not saved.requester:
        raise GuardRefused(
            f"{found}, and this plan was saved before that needed approvals: {COMMANDS}"
        )
    approving.require_approved(
        estate, _request(estate, planned, found, saved.scope, saved.requester)
    )
    if told := signers.differing(estate, signers.established(estate)):
        progress.say(f"warning: {told}")
    return left


def use(estate: Estate, planned: Planned, saved: SavedPlan | None) -> None:
    """Record that an approved plan was made: it is not made a second time."""
    if saved is not None and saved.requester and (found := needs(estate, planned)):
        approving.use(estate, _request(estate, planned, found, saved.scope, saved.requester))


def objection(estate: Estate, planned: Planned) -> str:
    """Say that apply would refuse a plan that is not saved, and how it is approved; "" where it would not."""
    found = needs(estate, planned)
    return f"{found}, which two people must approve: {COMMANDS}" if found else ""


def without(plan: Plan, left: Collection[Address]) -> Plan:
    """Return a plan without the deletions that are left out."""
    if not left:
        return plan
    kept = (item for item in plan.changes if not (item.purges and item.address in left))
    return replace(plan, changes=tuple(kept))


def left_out(left: Collection[Address]) -> str:
    """Say what a run left out, and how it is done."""
    return (
        f"left out: {_named(left)} would be deleted for good, which needs"
        f" {count(SIGNATURES, 'approval')}: {COMMANDS}"
    )


def _request(
    estate: Estate, planned: Planned, found: Needs, scope: Scope, requester: str
) -> Request:
    """Return what is signed of a plan: its hash, for whom and when it was made, and why it needs that."""
    subject = {
        "plan": planned.plan.hash,
        "as_of": planned.compiled.as_of.isoformat(),
        "people": list(scope.people),
        "only": list(scope.only),
        "changes": planned.plan.summary,
        "purges": [str(address) for address in planned.plan.purges],
        "beyond the limit": list(found.beyond),
        "protected": [str(address) for address in found.protected],
    }
    day = registering.today(estate.policy)
    return Request(estate.ledger.estate_id, PURPOSE, subject, requester, day)


def _named(addresses: Collection[Address]) -> str:
    return some([printable(str(address)) for address in addresses])
