"""Inspections, and what all checks together show: how each clause of the regulation stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from commsroom.cli import forms
from commsroom.cli.options import (
    AsOf,
    ComplianceFormat,
    Format,
    FormatOption,
    Full,
    Language,
    LedgerUrl,
    Out,
    day,
)
from commsroom.cli.session import Session, command

if TYPE_CHECKING:
    from commsroom.reports.model import Report


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    command(
        app,
        "inspect",
        "commsroom inspect",
        "commsroom inspect --only 'mail1:certificate/*' --no-use",
        "commsroom inspect --format html --out inspection.html",
    )(inspect)
    command(
        app,
        "comply",
        "commsroom comply",
        "commsroom comply --clause '4.*'",
        "commsroom comply --fresh --format pdf --language zh_Hant --out compliance.pdf",
    )(comply)


def inspect(
    session: Session,
    *,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GLOB",
            help="Only the checks and objects a shell-style glob names, as in 'mail1:disk/*';"
            " repeatable.",
            show_default=False,
        ),
    ] = None,
    use: Annotated[
        bool,
        typer.Option(
            "--use/--no-use", help="Also call, log in and write with the probe accounts of policy."
        ),
    ] = True,
    security: Annotated[
        bool,
        typer.Option(
            "--security/--no-security",
            help="Also check TLS, ports, passwords, file modes and pending updates.",
        ),
    ] = True,
    form: FormatOption = Format.TEXT,
    out: Out = None,
    language: Language = "en",
    full: Full = False,
    as_of: AsOf = None,
) -> int:
    """Look at the servers themselves, and use them.

    Disk, clock, queues, certificates, versions; TLS, ports, passwords, file modes, updates; then real
    calls, logins and deliveries. Limits are in policies/inspection.yml. Ends with 2 when something
    is not as policy asks, 4 when something could not be told.
    """
    from commsroom.app import inspecting
    from commsroom.reports import documents

    wish = inspecting.Wish(tuple(only or ()), security=security, use=use, as_of=day(as_of))
    with session.open() as estate:
        report: Report = inspecting.inspect(estate, wish, session.progress)
    wanted = forms.Wanted(form, out, full=full, language=language)
    forms.give(session, report, wanted, documents.drift_document(report))
    return report.exit_code


def comply(
    session: Session,
    *,
    clause: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GLOB",
            help="Only the clauses a shell-style glob names, as in '4.*'; repeatable.",
            show_default=False,
        ),
    ] = None,
    fresh: Annotated[
        bool,
        typer.Option(
            "--fresh", help="Run drift, prove and inspect first, and record what they show."
        ),
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="End with 2 for clauses that are missing, too.")
    ] = False,
    form: Annotated[
        ComplianceFormat, typer.Option("--format", help="The form of the report.")
    ] = ComplianceFormat.TEXT,
    out: Out = None,
    language: Language = "en",
    ledger: LedgerUrl = None,
    as_of: AsOf = None,
) -> int:
    """Tell how each clause of the regulation stands.

    With the evidence behind it, judged from policies/regulation.yml and what drift, prove and
    inspect recorded; no system is asked unless --fresh is given. Met: all evidence is a machine's,
    fresh and good. Manual: people have confirmed it. Missing: nothing serves it, or not the whole
    of it. Ends with 2 when a clause is not met, 4 when one is unknown: evidence too old, incomplete
    or not there yet.
    """
    from commsroom.app import complying

    forms.may_write(form, out)
    with session.open(ledger=ledger, read_only=not fresh) as estate:
        report = complying.comply(
            estate,
            session.progress,
            clauses=clause or (),
            as_of=day(as_of),
            strict=strict,
            fresh=fresh,
        )
    forms.give_compliance(session, report, form, out, language)
    return report.exit_code
