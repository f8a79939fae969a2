"""Inspections: what is looked at beside the objects policy asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from commsroom.cli import forms
from commsroom.cli.options import AsOf, Format, FormatOption, Full, Language, Out, day
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
