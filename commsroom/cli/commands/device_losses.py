"""Commands about lost devices: shut out at once, found again, and the incident's record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from commsroom.cli import forms
from commsroom.cli.completion import tags
from commsroom.cli.options import By, Language, Out, RecordFormat, Witness
from commsroom.cli.session import Session, command
from commsroom.errors import UsageError

if TYPE_CHECKING:
    from commsroom.app.losing import Losing

Tag = Annotated[
    str,
    typer.Argument(metavar="TAG", help="Asset tag.", autocompletion=tags, show_default=False),
]


def register(group: typer.Typer) -> None:
    """Add `lost`, `found` and `incident` to the group `device`."""
    command(
        group,
        "lost",
        'commsroom device lost LH-M003 --reason "left in a taxi, 21:30" --by L007',
        "commsroom device lost LH-M003",
        'commsroom device lost LH-M003 --ticked carrier --by L007 --note "blocked, call 8831"',
        works=True,
    )(lost)
    command(
        group,
        "found",
        "commsroom device found LH-M003 --by L007",
        "commsroom device found LH-M003 --by L007 --wiped --witness L002",
        works=True,
    )(found)
    command(
        group,
        "incident",
        "commsroom device incident LH-M003",
        "commsroom device incident LH-M003 --format pdf --language zh-Hant --out LH-M003.pdf",
    )(incident)


def lost(
    session: Session,
    *,
    tag: Tag,
    reason: Annotated[
        str,
        typer.Option(
            metavar="TEXT", help="How it was lost, when it is reported.", show_default=False
        ),
    ] = "",
    by: By = "",
    ticked: Annotated[
        str,
        typer.Option(
            metavar="DUTY",
            help="You did what only people can do: carrier, police, insurer, authority, holder.",
            show_default=False,
        ),
    ] = "",
    note: Annotated[
        str,
        typer.Option(
            metavar="TEXT",
            help="With --ticked: the number of the report, or why it is not needed.",
            show_default=False,
        ),
    ] = "",
) -> int:
    """Shut a lost device out at once, and say what people have to do.

    Its MDM server locks and erases it, or removes the work profile of a person's own, as soon as it
    comes by; what lived on it is withdrawn; every secret it knew is renewed without grace. Each is
    done whatever becomes of the others. Killed anywhere or incomplete, it is simply run again. Ends
    with 4 while something is not known, as a mobile that has not answered yet, with 2 when one refused.
    """
    from commsroom.app import losing

    if ticked and reason:
        raise UsageError("--reason is for the report, --note for what was done since")
    if note and not ticked:
        raise UsageError("--note is about what was done", remedy="--ticked DUTY")
    with session.open(founding=True, named=True) as estate:
        done = (
            losing.tick(estate, tag, ticked, by=by, note=note)
            if ticked
            else losing.lose(estate, tag, session.progress, reason=reason, by=by)
        )
    _give(session, done)
    return 0 if ticked else int(done.exit_code)


def found(
    session: Session,
    *,
    tag: Tag,
    by: By = "",
    wiped: Annotated[
        bool, typer.Option("--wiped", help="It was wiped, by --by before --witness.")
    ] = False,
    witness: Witness = "",
    unwiped: Annotated[
        str,
        typer.Option(
            metavar="REASON",
            help="It may be issued as it is, and you answer for it.",
            show_default=False,
        ),
    ] = "",
) -> int:
    """Take a lost device back into stock.

    It is issued again only once it was wiped before a witness, has said itself that it erased itself,
    or somebody says why neither is needed; now or by running this once more. What was renewed stays
    renewed, and commands that wait for it at its MDM server stay.
    """
    from commsroom.app import losing

    with session.open(founding=True, named=True) as estate:
        done = losing.find(estate, tag, by=by, witness=witness, wiped=wiped, unwiped=unwiped)
    _give(session, done)
    return 0


def incident(
    session: Session,
    *,
    tag: Tag,
    form: Annotated[
        RecordFormat, typer.Option("--format", help="The form of the record.")
    ] = RecordFormat.TEXT,
    out: Out = None,
    language: Language = "en",
) -> int:
    """Show the record of a lost device: what was done, by whom, when, and how long after the report.

    For an auditor as a page or on paper. What people wrote stays in their words in every language.
    """
    from commsroom.app import losses

    forms.may_write(form, out, "incident")
    with session.open(founding=False) as estate:
        estate.require_ledger()
        record = losses.record_of(estate, tag)
    forms.give_record(session, record, form, out, language)
    return 0


def _give(session: Session, done: Losing) -> None:
    from commsroom.reports import loss as shown

    session.out.lines(shown.lines(done))
    session.out.document(shown.document(done))
