"""Commands that turn what is to be renewed or bought into an order: order and what follows."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from commsroom.cli.completion import device_kinds, tags
from commsroom.cli.options import AsOf, By, Key, LedgerUrl, On, day, read_day, span
from commsroom.cli.session import Session, command
from commsroom.errors import UsageError


def register(group: typer.Typer) -> None:
    """Add the commands to the group `device`."""
    command(
        group,
        "order",
        "commsroom device order --by L003",
        "commsroom device order LH-P005 LH-P008 --by L003 --valid 14d",
        "commsroom device order --procurement --ahead 90d --site kaohsiung --by L003",
        works=True,
    )(order)
    command(
        group,
        "approve",
        "commsroom device approve 3f2a9c81d07e --by L001 --key ~/.ssh/id_ed25519",
        works=True,
    )(approve)
    command(group, "orders", "commsroom device orders")(listed)
    command(
        group,
        "promise",
        'commsroom device promise 3f2a9c81d07e 2026-12-20 --note "their mail of Monday"',
        works=True,
    )(promise)
    command(
        group,
        "cancel",
        'commsroom device cancel 3f2a9c81d07e --by L003 --reason "no longer made"',
        works=True,
    )(cancel)
    command(
        group,
        "deliver",
        "commsroom device deliver 3f2a9c81d07e LH-P005=LH-P061 LH-P008=LH-P062",
        "commsroom device deliver 8c1d77e02b9a LH-P063 LH-P064",
        "commsroom device deliver --from delivery-2026-12-18.csv",
        works=True,
    )(deliver)


def order(
    session: Session,
    *,
    tag: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TAG",
            help="Devices to be renewed; none means all that are proposed.",
            autocompletion=tags,
            show_default=False,
        ),
    ] = None,
    procurement: Annotated[
        bool,
        typer.Option(
            "--procurement", help="Order what `procurement` says is to be bought, no renewal."
        ),
    ] = False,
    ahead: Annotated[
        str | None,
        typer.Option(
            metavar="SPAN",
            help="Of the procurement: with those who join within this span.  [default: 90d]",
            show_default=False,
        ),
    ] = None,
    kind: Annotated[
        str,
        typer.Option(
            metavar="KIND",
            help="Of the procurement: only this kind, as phone or computer.",
            autocompletion=device_kinds,
            show_default=False,
        ),
    ] = "",
    site: Annotated[
        str,
        typer.Option(
            metavar="SITE", help="Of the procurement: only for this site.", show_default=False
        ),
    ] = "",
    by: By,
    valid: Annotated[
        str, typer.Option(metavar="SPAN", help="How long it may be approved.")
    ] = "30d",
) -> int:
    """Propose an order of what `renewals` lists, or with --procurement of what that says is to be bought.

    It becomes one when two people sign it, neither of them who asks: `approve`. What stands on an
    order is on no second one, until that has expired; what is on order is not to be bought again.
    """
    from commsroom.app import proposing
    from commsroom.reports import orders

    _require_one_sort(tag, procurement=procurement, only=(ahead, kind, site))
    lasting = span("--valid", valid)
    with session.open(founding=True, named=True) as estate:
        if procurement:
            found = proposing.procurement(
                estate,
                requester=by,
                valid=lasting,
                ahead=span("--ahead", ahead or "90d"),
                kind=kind,
                site=site,
            )
        else:
            found = proposing.renewal(estate, tag or (), requester=by, valid=lasting)
    session.out.lines(orders.order_lines([found]))
    session.out.document(orders.order_document(found))
    return 0


def approve(
    session: Session,
    *,
    name: Annotated[str, typer.Argument(metavar="ORDER", show_default=False)],
    by: By,
    key: Key,
) -> int:
    """Sign an order with your SSH key; with the second person's signature it is approved.

    Who may is in policies/approvers, in the form of ALLOWED SIGNERS of ssh-keygen(1), with ids of the
    roster. Ends with 3 where policy does not let you.
    """
    from commsroom.app import ordering
    from commsroom.reports import orders

    with session.open(named=True) as estate:
        estate.require_ledger()
        found = ordering.approve(estate, name, approver=by, key=key)
    session.out.lines(orders.order_lines([found]))
    session.out.document(orders.order_document(found))
    return 0


def listed(session: Session, *, ledger: LedgerUrl = None, as_of: AsOf = None) -> int:
    """List orders, with the signatures that count.

    What two people have signed stays approved until it is cancelled. Until then each signature is checked
    again: one of a key that policies/approvers names no more does not count.
    """
    from commsroom.app import ordering
    from commsroom.reports import orders

    with session.open(ledger=ledger, named=True) as estate:
        found = ordering.listed(estate, as_of=day(as_of))
    session.out.lines(orders.order_lines(found))
    session.out.document({"orders": [orders.order_document(item) for item in found]})
    return 0


def promise(
    session: Session,
    *,
    name: Annotated[str, typer.Argument(metavar="ORDER", show_default=False)],
    until: Annotated[
        datetime,
        typer.Argument(
            metavar="DATE",
            parser=read_day,
            help="Until when it is to be here, YYYY-MM-DD.",
            show_default=False,
        ),
    ],
    note: Annotated[
        str, typer.Option(metavar="TEXT", help="Who promised it, and how.", show_default=False)
    ] = "",
) -> int:
    """Record until when an approved order was promised; the last word counts, all are kept.

    `inspect` fails for an order that is late: past that day, or without one past `deliver_within` of
    equipment.yml after its approval.
    """
    from commsroom.app import ordering
    from commsroom.reports import orders

    with session.open(named=True) as estate:
        estate.require_ledger()
        found = ordering.promise(estate, name, until=until.date(), note=note)
    session.out.lines(orders.order_lines([found]))
    session.out.document(orders.order_document(found))
    return 0


def cancel(
    session: Session,
    *,
    name: Annotated[str, typer.Argument(metavar="ORDER", show_default=False)],
    by: By,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why.", show_default=False)],
) -> int:
    """Record that what is left of an order is not to come; it may be ordered anew.

    This tells no supplier. What has come of it stays as it is.
    """
    from commsroom.app import ordering
    from commsroom.reports import orders

    with session.open(named=True) as estate:
        estate.require_ledger()
        found = ordering.cancel(estate, name, requester=by, reason=reason)
    session.out.lines(orders.order_lines([found]))
    session.out.document(orders.order_document(found))
    return 0


def deliver(
    session: Session,
    *,
    name: Annotated[
        str | None, typer.Argument(metavar="ORDER", help="The order's name.", show_default=False)
    ] = None,
    pairs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[OLD=]NEW",
            help="A device that came, and the one on the order that it replaces; asset tags.",
            show_default=False,
        ),
    ] = None,
    note: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="A delivery note instead: CSV with asset_tag, order, and serial, mac, vendor, model, …",
            show_default=False,
        ),
    ] = None,
    on: On = None,
) -> int:
    """Record what an approved order brought, all of it or none; the rest may come later.

    What arrived is a row of devices.csv first, in stock. A device named alone comes for what it suits
    best: the same model, the same site. Ends with 3 while two people have not signed the order.

    A delivery note has a line a device, of one order or several, and writes the rows itself. Every bad
    line is told at once; docs/howto/devices.md has its columns.
    """
    from commsroom.app import delivering, receiving
    from commsroom.reports import equipment

    if note is not None and (name or pairs):
        raise UsageError("--from names orders and devices itself", remedy="leave out the arguments")
    if note is None and not name:
        raise UsageError("no order is named", remedy="commsroom device orders, or --from FILE")
    with session.open(founding=True, named=True) as estate:
        found = (
            delivering.deliver(estate, name or "", pairs or (), day=day(on))
            if note is None
            else receiving.deliver(estate, note, day=day(on))
        )
    session.out.lines(equipment.recorded_lines(found.entries, found.notes))
    session.out.document(equipment.recorded_document(found.entries, found.notes))
    return 0


def _require_one_sort(
    tags: list[str] | None, *, procurement: bool, only: tuple[str | None, ...]
) -> None:
    """Refuse a renewal and a procurement in one: their orders are told apart by what they bring."""
    if procurement and tags:
        raise UsageError(
            "--procurement orders for people and places, and names no device",
            remedy="leave out the tags, or --procurement",
        )
    if not procurement and any(only):
        raise UsageError("--ahead, --kind and --site are of --procurement", remedy="add it")
