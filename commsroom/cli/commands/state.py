"""Commands about what we keep: secrets and the ledger."""

from __future__ import annotations

from typing import Annotated

import typer

from commsroom.cli.completion import addresses
from commsroom.cli.options import AsOf, LedgerUrl, day
from commsroom.cli.session import Session, command


def register(app: typer.Typer) -> None:
    """Add the groups `secret` and `ledger` to `app`."""
    secret = typer.Typer(help="The secrets commsroom keeps for managed accounts.")
    command(secret, "show", "commsroom secret show pbx1:extension/2107")(secret_show)
    app.add_typer(secret, name="secret")
    ledger = typer.Typer(help="What was done and by whom, and that nobody rewrote it.")
    command(ledger, "show", "commsroom ledger show", "commsroom ledger show pbx1:extension/2107")(
        ledger_show
    )
    command(ledger, "verify", "commsroom ledger verify")(ledger_verify)
    command(ledger, "unlock", "commsroom ledger unlock wei@ops1", works=True)(ledger_unlock)
    app.add_typer(ledger, name="ledger")


def secret_show(
    session: Session,
    *,
    address: Annotated[
        str, typer.Argument(metavar="ADDRESS", show_default=False, autocompletion=addresses)
    ],
    as_of: AsOf = None,
) -> int:
    """Show secrets, to hand them to their owner.

    The ledger remembers who was shown what.
    """
    from commsroom.app import secrets
    from commsroom.reports.lines import printable

    with session.open() as estate:
        found = secrets.reveal(estate, address, as_of=day(as_of))
    # The one place of the package where secrets are shown: it is what was asked for.
    session.out.text(
        "".join(
            f"{printable(str(item))}  {slot}  {secret.reveal()}\n" for item, slot, secret in found
        )
    )
    session.out.document(
        {
            "secrets": [
                {"address": str(item), "slot": slot, "value": secret.reveal()}
                for item, slot, secret in found
            ]
        }
    )
    return 0


def ledger_show(
    session: Session,
    *,
    address: Annotated[
        str | None,
        typer.Argument(metavar="ADDRESS", show_default=False, autocompletion=addresses),
    ] = None,
    limit: Annotated[
        int, typer.Option(min=1, metavar="N", help="At most this many events, the newest.")
    ] = 50,
    ledger: LedgerUrl = None,
) -> int:
    """Show what was done and by whom, oldest first."""
    from commsroom.app import ledgers
    from commsroom.estate.resource import Address
    from commsroom.reports import documents, objects

    at = Address.parse(address) if address else None
    with session.open(ledger=ledger, read_only=True) as estate:
        found = sorted(ledgers.events(estate, address=at, limit=limit), key=lambda item: item.seq)
    session.out.lines(objects.event_lines(found, at=address or ""))
    session.out.document({"events": [documents.event_document(item) for item in found]})
    return 0


def ledger_verify(session: Session, *, ledger: LedgerUrl = None) -> int:
    """Check that no event was changed, removed, inserted or moved."""
    from commsroom.app import ledgers
    from commsroom.errors import Exit

    with session.open(ledger=ledger, read_only=True) as estate:
        faults = ledgers.verify(estate)
    session.out.text("".join(f"{fault}\n" for fault in faults) or "The ledger is whole.\n")
    session.out.document({"ok": not faults, "faults": list(faults)})
    return Exit.ERROR if faults else Exit.DONE


def ledger_unlock(
    session: Session,
    *,
    holder: Annotated[str, typer.Argument(metavar="HOLDER", show_default=False)],
) -> int:
    """Break the lock of a holder whose apply hangs.

    The next write of that apply is refused on every system.
    """
    from commsroom.app import ledgers
    from commsroom.reports.lines import printable

    with session.open() as estate:
        ledgers.unlock(estate, holder)
    session.out.text(f"The lock of {printable(holder)} is broken.\n")
    session.out.document({"unlocked": holder})
    return 0
