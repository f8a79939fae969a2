"""Commands about certificates of sanitization: what retired equipment leaves behind."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from commsroom.cli.options import By, LedgerUrl
from commsroom.cli.session import Session, command
from commsroom.errors import UsageError


def register(app: typer.Typer) -> None:
    """Add the group `certificate` to `app`."""
    group = typer.Typer(help="Certificates that nothing is left on retired equipment.")
    command(
        group,
        "verify",
        "commsroom certificate verify records/certificates/*.certificate.json",
        "commsroom certificate verify --no-ledger --signers approvers LH-P001-2026-11-26.certificate.json",
    )(verify)
    command(
        group,
        "withdraw",
        "commsroom certificate withdraw LH-P001-2026-11-26.certificate.json --by L001"
        ' --reason "the other telephone was wiped"',
        works=True,
    )(withdraw)
    app.add_typer(group, name="certificate")


def verify(
    session: Session,
    *,
    given: Annotated[list[Path], typer.Argument(metavar="FILE…", show_default=False)],
    no_ledger: Annotated[
        bool,
        typer.Option("--no-ledger", help="By form and signature alone; says what that cannot see."),
    ] = False,
    signers: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Whose signatures count.  [default: policies/approvers, as it stood at the time]",
            show_default=False,
        ),
    ] = None,
    ledger: LedgerUrl = None,
) -> int:
    """Check that certificates are what was signed, and what the ledger knows.

    Ends with 2 when one was changed, withdrawn or never recorded, with 1 when a file is no certificate. With
    --no-ledger and --signers no estate is needed.
    """
    from commsroom.app import certified, trust
    from commsroom.reports.text import certificates as text

    if no_ledger and ledger:
        raise UsageError("--ledger and --no-ledger exclude each other")
    if signers is not None and not signers.exists():
        raise UsageError(f"--signers: there is no file {signers}")
    if no_ledger and signers is not None:
        found = certified.verify(given, trust=trust.of_file(signers), ledger=None)
    else:
        with session.open(ledger=ledger, read_only=True) as estate:
            if signers is not None:
                trusted = trust.of_file(signers)
            else:
                trusted = trust.of_policy(estate) if no_ledger else trust.of_estate(estate)
            found = certified.verify(
                given, trust=trusted, ledger=None if no_ledger else estate.ledger
            )
    document = certified.as_document(found)
    session.out.lines(text.verified_lines(document))
    session.out.document(document)
    return found.exit_code


def withdraw(
    session: Session,
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", show_default=False)],
    by: By,
    reason: Annotated[
        str,
        typer.Option(metavar="TEXT", help="Why it does not count any more.", show_default=False),
    ],
) -> int:
    """Record that a certificate does not count any more; the file stays.

    Then whoever validates issues another by commsroom decommission, of the same request.
    """
    from commsroom.app import attesting, certified, ordering, registering, signing_off
    from commsroom.reports.text import certificates as text

    sha256 = certified.hash_in(file)
    with session.open() as estate:
        estate.require_ledger()
        ordering.require_here(estate.policy, by, registering.today(estate.policy))
        done = attesting.withdraw(estate, sha256, requester=by, reason=reason)
        request = signing_off.request_of(estate, done)
    session.out.lines(text.withdrawn_lines(done.stem, request))
    session.out.document({"withdrawn": done.stem, "sha256": done.sha256})
    return 0
