"""Commands that turn proposed renewals into an order: order, approve, orders."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from commsroom.cli.completion import people, tags
from commsroom.cli.options import AsOf, LedgerUrl, On, day, span
from commsroom.cli.session import Session, command


def register(group: typer.Typer) -> None:
    """Add the commands to the group `device`."""
    command(
        group,
        "order",
        "commsroom device order --by L003",
        "commsroom device order LH-P005 LH-P008 --by L003 --valid 14d",
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
        "deliver",
        "commsroom device deliver 3f2a9c81d07e LH-P005=LH-P061 LH-P008=LH-P062",
        works=True,
    )(deliver)


By = Annotated[
    str,
    typer.Option(
        metavar="ID",
        help="Who you are: your id in the roster.",
        autocompletion=people,
        show_default=False,
    ),
]


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
    by: By,
    valid: Annotated[
        str, typer.Option(metavar="SPAN", help="How long it may be approved.")
    ] = "30d",
) -> int:
    """Propose an order of what `renewals` lists.

    It becomes one when two people sign it, neither of them who asks: `approve`. What stands on an
    order is on no second one, until that has expired.
    """
    from commsroom.app import ordering
    from commsroom.reports import orders

    with session.open(founding=True) as estate:
        found = ordering.propose(estate, tag or (), requester=by, valid=span("--valid", valid))
    session.out.lines(orders.order_lines([found]))
    session.out.document(orders.order_document(found))
    return 0


def approve(
    session: Session,
    *,
    name: Annotated[str, typer.Argument(metavar="ORDER", show_default=False)],
    by: By,
    key: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help="Your SSH key, or the public half of one that an agent holds.",
            show_default=False,
        ),
    ],
) -> int:
    """Sign an order with your SSH key; with the second person's signature it is approved.

    Who may is in policies/approvers, in the form of ALLOWED SIGNERS of ssh-keygen(1), with ids of the
    roster. Ends with 3 where policy does not let you.
    """
    from commsroom.app import ordering
    from commsroom.reports import orders

    with session.open() as estate:
        estate.require_ledger()
        found = ordering.approve(estate, name, approver=by, key=key)
    session.out.lines(orders.order_lines([found]))
    session.out.document(orders.order_document(found))
    return 0


def listed(session: Session, *, ledger: LedgerUrl = None, as_of: AsOf = None) -> int:
    """List orders, with the signatures that hold now.

    Each signature is checked again: one of a key that policies/approvers names no more does not count.
    """
    from commsroom.app import ordering
    from commsroom.reports import orders

    with session.open(ledger=ledger) as estate:
        found = ordering.listed(estate, as_of=day(as_of))
    session.out.lines(orders.order_lines(found))
    session.out.document({"orders": [orders.order_document(item) for item in found]})
    return 0


def deliver(
    session: Session,
    *,
    name: Annotated[str, typer.Argument(metavar="ORDER", show_default=False)],
    pairs: Annotated[
        list[str],
        typer.Argument(
            metavar="OLD=NEW",
            help="The device on the order, and the one that replaces it; asset tags.",
            show_default=False,
        ),
    ],
    on: On = None,
) -> int:
    """Record what an approved order brought, all of it or none; the rest may come later.

    What arrived is a row of devices.csv first, in stock. Ends with 3 while two people have not signed
    the order.
    """
    from commsroom.app import delivering
    from commsroom.reports import equipment

    with session.open(founding=True) as estate:
        found = delivering.deliver(estate, name, pairs, day=day(on))
    session.out.lines(equipment.recorded_lines(found.entries, found.notes))
    session.out.document(equipment.recorded_document(found.entries, found.notes))
    return 0
