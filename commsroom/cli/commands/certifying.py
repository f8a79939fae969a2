"""Commands about the certificates of the estate's own authority."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from commsroom.cli import forms
from commsroom.cli.completion import systems
from commsroom.cli.session import Session, command
from commsroom.errors import UsageError

_HELP: Final = """The certificates of our own authority (.commsroom/ca).

\b
    commsroom tls show
    commsroom tls renew                what is due, or lacks a name
    commsroom tls renew pbx1           of one server, whose key somebody may know
    commsroom tls renew --root         the authority itself, with overlap, a step a run

A new certificate lies with the estate until site.yml puts it on its server; inspect looks at what is shown.
"""


def register(app: typer.Typer) -> None:
    """Add the group `tls` to `app`."""
    group = typer.Typer(help=_HELP)
    command(group, "show", "commsroom tls show --json")(show)
    command(group, "renew", "commsroom tls renew", "commsroom tls renew --root", works=True)(renew)
    app.add_typer(group, name="tls")


def show(session: Session) -> int:
    """Show the root and every server's certificate: until when, for whom, of which root."""
    from commsroom.app import certifying
    from commsroom.reports.text import authority as text

    with session.open() as estate:
        found, now = certifying.standing(estate), certifying.now()
    session.out.lines(text.standing_lines(found, now))
    session.out.document(text.standing_document(found, now))
    return 0


def renew(
    session: Session,
    *,
    system: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SYSTEM]…",
            help="New ones for these, whatever they have.  [default: for all that is due]",
            show_default=False,
            autocompletion=systems,
        ),
    ] = None,
    root: Annotated[
        bool,
        typer.Option("--root", help="The next step of renewing the root; the last one asks first."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> int:
    """Renew certificates before they end, and the root with overlap.

    The root takes three runs: a new one is trusted beside the old one; the new one signs, and every
    server gets a certificate of it; the old one is let go, once every server was seen to show its
    new certificate. Ends with 2 when one still shows an old one, with 4 when one did not answer.
    """
    from commsroom.app import certifying
    from commsroom.reports.text import authority as text

    if root and system:
        raise UsageError("--root concerns every server: name none")
    if root:
        forms.may_ask(session, yes=yes, verb="tls renew --root")
    with session.open() as estate:
        estate.require_ledger()
        if root and not yes and not forms.confirmed(_QUESTIONS[certifying.standing(estate).step]):
            session.out.text("Nothing was changed.\n")
            return 0
        done = certifying.renew_root(estate) if root else certifying.renew(estate, system or ())
    session.out.lines(text.renewed_lines(done))
    session.out.document(text.renewed_document(done))
    return done.exit_code


_QUESTIONS: Final = {
    "settled": "Make a new root, and have ca.crt trust both?",
    "introduced": "Does everything that trusts the old root have the new ca.crt? Then the new one signs.",
    "moved": "Look at every server, and let the old root go?",
}
