"""approve, approvals: what two people sign before it is done."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commsroom.cli import forms
from commsroom.cli.options import AsOf, By, Key, LedgerUrl, day
from commsroom.cli.output import warn
from commsroom.cli.session import Session, command
from commsroom.errors import UsageError

if TYPE_CHECKING:
    from commsroom.app.approving import Asked
    from commsroom.app.estate import Estate


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    command(
        app,
        "approve",
        "commsroom approve monday.plan --by L001 --key ~/.ssh/id_ed25519",
        "commsroom approve 3f2a9c81d07e --by L002 --key ~/.ssh/id_ed25519.pub",
        "commsroom approve policies/approvers --by L001 --key ~/.ssh/id_ed25519",
        works=True,
    )(approve)
    command(
        app,
        "approvals",
        "commsroom approvals",
        "commsroom approvals --all",
        'commsroom approvals --withdraw 3f2a9c81d07e --by L003 --reason "kept after all"',
        works=("withdraw",),
    )(approvals)


def approve(
    session: Session,
    *,
    what: Annotated[
        str,
        typer.Argument(
            metavar="PLAN|NAME",
            help="A plan saved with plan --out, the name of a request or an order, or policies/approvers.",
            show_default=False,
        ),
    ],
    by: By,
    key: Key,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> int:
    """Sign what somebody asks for; two people together approve it.

    Shows first what is signed, and asks. Neither may be who asks, and both must be in policies/approvers as
    that was last approved: that file, given here, is itself approved by two of those who stood before. Ends
    with 3 where you may not sign, or not any more.
    """
    from commsroom.app import approving, ordering, signers
    from commsroom.reports import approvals as shown
    from commsroom.reports import orders

    forms.may_ask(session, yes=yes, verb="approve")

    def confirm(found: Asked) -> bool:
        session.out.lines(shown.to_sign(found))
        return yes or forms.confirmed(f"Sign this as {by}?")

    with session.open(named=True, founding=_is_approvers(session, what)) as estate:
        if not _is_approvers(session, what):
            estate.require_ledger()
        if note := signers.differing(estate, signers.established(estate)):
            warn(note)
        name = _name(estate, session, what)
        if not any(item.request.name == name for item in approving.listed(estate)) and (
            order := next((it for it in ordering.listed(estate) if it.order.name == name), None)
        ):
            session.out.lines(orders.order_lines([order]))
            if not yes and not forms.confirmed(f"Sign this as {by}?"):
                return _declined(session, {"order": name})
            signed = ordering.approve(estate, name, approver=by, key=key)
            session.out.lines(orders.order_lines([signed]))
            session.out.document(orders.order_document(signed))
            return 0
        done = approving.approve(estate, name, approver=by, key=key, confirm=confirm)
    if done is None:
        return _declined(session, {"request": name})
    session.out.lines(shown.signed_lines(done, what))
    session.out.document(shown.request_document(done))
    return 0


def _declined(session: Session, document: dict[str, str]) -> int:
    session.out.text("Nothing was signed.\n")
    session.out.document({**document, "declined": True})
    return 1


def _is_approvers(session: Session, what: str) -> bool:
    from commsroom.policy.approvers import FILE

    return what == FILE or Path(what).resolve() == (session.estate / FILE).resolve()


def _name(estate: Estate, session: Session, what: str) -> str:
    """Return the name of what is to be signed, asking for it where it is the approvers' own list.

    Raises:
        UsageError: it is a plan that needs no approval.
        CommsroomError: it is a plan of another estate, or was edited.
    """
    from commsroom.app import approving, saved

    if _is_approvers(session, what):
        return approving.ask_for_approvers(estate).name
    if not (file := Path(what)).exists():
        return what
    plan = saved.accepted(estate, file, saved.read(file))
    if not plan.request:
        raise UsageError(
            f"{what} needs no approval: nothing is deleted for good by it, or no approvers stand yet",
            remedy=f"commsroom apply {what}",
        )
    return plan.request


def approvals(
    session: Session,
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Also what is over: done, expired, withdrawn.")
    ] = False,
    withdraw: Annotated[
        str,
        typer.Option(metavar="NAME", help="This request is not to be done.", show_default=False),
    ] = "",
    by: By = "",
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="With --withdraw: why.", show_default=False)
    ] = "",
    ledger: LedgerUrl = None,
    as_of: AsOf = None,
) -> int:
    """List what is asked for and who has signed it.

    Each signature is checked anew, by who may sign today.
    """
    from commsroom.app import approving, signers
    from commsroom.reports import approvals as shown

    if bool(withdraw) != bool(by) or (reason and not withdraw):
        raise UsageError("--withdraw needs --by and --reason, and they need it")
    if withdraw and (ledger or as_of):
        raise UsageError("--withdraw writes to the estate's own ledger, today")
    with session.open(ledger=ledger, named=True) as estate:
        found: tuple[Asked, ...]
        if withdraw:
            estate.require_ledger()
            found = (approving.withdraw(estate, withdraw, by=by, reason=reason),)
        else:
            every = approving.listed(estate, as_of=day(as_of))
            found = tuple(item for item in every if everything or item.open)
        standing = signers.established(estate)
        note = signers.differing(estate, standing)
    session.out.lines(shown.request_lines(found))
    if note:
        warn(note)
    session.out.document(
        {
            "requests": [shown.request_document(item) for item in found],
            "approvers": None
            if standing is None
            else {"since": standing.since.isoformat(), "by": list(standing.by), "note": note},
        }
    )
    return 0
