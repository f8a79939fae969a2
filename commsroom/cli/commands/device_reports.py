"""Commands that look at equipment: list, show, due, procurement, repairs, renewals."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

import typer

from commsroom.cli.completion import device_kinds, device_states, holders, tags
from commsroom.cli.options import AsOf, LedgerUrl, day, read_day, span
from commsroom.cli.session import Session, command

#: What `repairs` gives totals for, unless told.
_REPAIRS_BY: Final = ("model", "vendor", "site", "month")


def register(group: typer.Typer) -> None:
    """Add the commands to the group `device`."""
    command(
        group,
        "list",
        "commsroom device list --holder L007",
        "commsroom device list --kind phone --state stock --site kaohsiung",
    )(listed)
    command(group, "show", "commsroom device show LH-P007")(show)
    command(group, "due", "commsroom device due --within 90d")(due)
    command(
        group,
        "procurement",
        "commsroom device procurement",
        "commsroom device procurement --ahead 1y --json",
    )(procurement)
    command(
        group,
        "repairs",
        "commsroom device repairs",
        "commsroom device repairs --since 2026-01-01 --until 2026-12-31 --by vendor --by month",
    )(repairs)
    command(group, "renewals", "commsroom device renewals --as-of 2027-06-30")(renewals)


def listed(
    session: Session,
    *,
    tag: Annotated[
        str,
        typer.Option(metavar="GLOB", help="Asset tags.", autocompletion=tags, show_default=False),
    ] = "",
    kind: Annotated[
        str,
        typer.Option(
            metavar="KIND",
            help="Only this kind, as phone or computer.",
            autocompletion=device_kinds,
            show_default=False,
        ),
    ] = "",
    state: Annotated[
        str,
        typer.Option(
            metavar="STATE",
            help="Only this state: stock, issued, repair or retired.",
            autocompletion=device_states,
            show_default=False,
        ),
    ] = "",
    holder: Annotated[
        str,
        typer.Option(
            metavar="GLOB",
            help="Only what this person or place holds.",
            autocompletion=holders,
            show_default=False,
        ),
    ] = "",
    site: Annotated[
        str, typer.Option(metavar="SITE", help="Only at this site.", show_default=False)
    ] = "",
    ledger: LedgerUrl = None,
) -> int:
    """List devices as they stand, and count them by state."""
    from commsroom.app import equipping
    from commsroom.reports import equipment

    chosen = equipping.Chosen(kind=kind, state=state, site=site, holder=holder, tag=tag)
    with session.open(ledger=ledger, named=True) as estate:
        found = equipping.listed(estate, chosen)
    session.out.lines(equipment.list_lines(found))
    session.out.document({"devices": [equipment.device_document(item) for item in found]})
    return 0


def show(
    session: Session,
    *,
    tag: Annotated[
        str,
        typer.Argument(metavar="TAG", help="Asset tag.", autocompletion=tags, show_default=False),
    ],
    ledger: LedgerUrl = None,
    as_of: AsOf = None,
) -> int:
    """Show a device's maintenance file: what it is, its whole history, and what is due."""
    from commsroom.app import equipping, registering
    from commsroom.reports import equipment

    with session.open(ledger=ledger, named=True) as estate:
        found = equipping.show(estate, tag)
        on = day(as_of) or registering.today(estate.policy)
        currency = estate.policy.equipment.currency or ""
    session.out.lines(equipment.file_lines(found, on, currency))
    session.out.document(equipment.file_document(found, on))
    return 0


def due(
    session: Session,
    *,
    within: Annotated[
        str,
        typer.Option(
            metavar="SPAN",
            help="Also what comes due within this span, e.g. 30d.",
        ),
    ] = "30d",
    ledger: LedgerUrl = None,
    as_of: AsOf = None,
) -> int:
    """List the maintenance that is due, the overdue first, and what it uses up.

    Plans are `maintenance` in policies/equipment.yml. `inspect` fails for what is overdue; `done`
    records that a task was done.
    """
    from commsroom.app import equipping
    from commsroom.reports import equipment

    with session.open(ledger=ledger, named=True) as estate:
        found, on = equipping.due(estate, within=span("--within", within), as_of=day(as_of))
    session.out.lines(equipment.due_lines(found, on))
    session.out.document({"tasks": [equipment.task_document(item, on) for item in found]})
    return 0


def procurement(
    session: Session,
    *,
    ahead: Annotated[
        str,
        typer.Option(
            metavar="SPAN",
            help="With those who join within this span, e.g. 90d.",
        ),
    ] = "90d",
    ledger: LedgerUrl = None,
    as_of: AsOf = None,
) -> int:
    """Set what posts entitle to against what there is: what to issue, what to buy and for whom.

    Head-count comes from the roster, entitlements from positions.yml and places of equipment.yml. The
    cost is that of the newest device that fits.
    """
    from commsroom.app import equipping
    from commsroom.reports import equipment

    with session.open(ledger=ledger, named=True) as estate:
        found, until = equipping.procurement(estate, ahead=span("--ahead", ahead), as_of=day(as_of))
        currency = estate.policy.equipment.currency or ""
    session.out.lines(equipment.procurement_lines(found, until, currency))
    session.out.document(
        {
            "until": until.isoformat(),
            "currency": currency or None,
            "needs": [equipment.need_document(item) for item in found],
        }
    )
    return 0


def repairs(
    session: Session,
    *,
    by: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WHAT",
            help="What totals are for: model, vendor, kind, site, repairer, month or year; repeatable."
            "  [default: model, vendor, site, month]",
            show_default=False,
        ),
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            metavar="DATE",
            parser=read_day,
            help="The first day, YYYY-MM-DD.  [default: a year before the last]",
            show_default=False,
        ),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(
            metavar="DATE",
            parser=read_day,
            help="The last day, YYYY-MM-DD.  [default: today]",
            show_default=False,
        ),
    ] = None,
    ledger: LedgerUrl = None,
) -> int:
    """Say what repairs cost and how long devices were away.

    A fault counts on its day, a repair and its cost on the day it ended, and each day between as one
    away, so what months say adds up to what the year says. A site is that of the day it broke.
    """
    from commsroom.app import equipping
    from commsroom.reports import repairs as report

    with session.open(ledger=ledger, named=True) as estate:
        found = equipping.repairs(estate, by or _REPAIRS_BY, since=day(since), until=day(until))
        currency = estate.policy.equipment.currency or ""
    session.out.lines(report.repair_lines(found, currency))
    session.out.document(report.repairs_document(found, currency))
    return 0


def renewals(session: Session, *, ledger: LedgerUrl = None, as_of: AsOf = None) -> int:
    """List the devices that policy proposes for renewal: by age, faults, and what repairs cost.

    Rules are `renewal` in policies/equipment.yml. A proposal: `order` asks for it, and
    two people `approve` it.
    """
    from commsroom.app import equipping
    from commsroom.reports import equipment

    with session.open(ledger=ledger, named=True) as estate:
        found, renewing = equipping.proposed(estate, as_of=day(as_of))
        currency = estate.policy.equipment.currency or ""
    session.out.lines(equipment.renewal_lines(found, renewing, currency))
    session.out.document(
        {
            "currency": currency or None,
            "renewals": [equipment.aging_document(item) for item in found],
            "on_order": [equipment.renewing_document(item) for item in renewing],
        }
    )
    return 0
