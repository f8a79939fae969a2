"""Commands about training: who owes which course, and the record of those that were taken."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

import typer

from commsroom.cli.completion import courses, people
from commsroom.cli.options import AsOf, LedgerUrl, On, day, read_day, span
from commsroom.cli.session import Session, command

_HELP: Final = """Training: which courses people owe, and which they took.

\b
    commsroom training due --within 30d
    commsroom training done L007 L039 --course desk-phone --by "on site, Lin"

Courses are in positions.yml, and so is which post is to take them.
"""


def register(app: typer.Typer) -> None:
    """Add the group `training` to `app`."""
    group = typer.Typer(help=_HELP)
    command(group, "due", "commsroom training due --within 90d")(due)
    command(
        group,
        "done",
        'commsroom training done L007 L039 --course desk-phone --by "on site, Lin"',
        works=True,
    )(done)
    command(
        group,
        "withdraw",
        'commsroom training withdraw L039 --course desk-phone --on 2026-11-24 --reason "was ill"',
        works=True,
    )(withdraw)
    command(group, "taken", "commsroom training taken L007")(taken)
    app.add_typer(group, name="training")


def due(
    session: Session,
    *,
    within: Annotated[
        str, typer.Option(metavar="SPAN", help="Also what comes due within this span, e.g. 30d.")
    ] = "30d",
    ledger: LedgerUrl = None,
    as_of: AsOf = None,
) -> int:
    """List the courses that people owe, the overdue first; `inspect` fails for those."""
    from commsroom.app import training
    from commsroom.reports import training as report

    with session.open(ledger=ledger) as estate:
        found, on = training.due(estate, within=span("--within", within), as_of=day(as_of))
    session.out.lines(report.due_lines(found, on))
    session.out.document({"owed": [report.owed_document(item, on) for item in found]})
    return 0


def done(
    session: Session,
    *,
    person: Annotated[
        list[str],
        typer.Argument(
            metavar="ID", help="Ids of the roster.", autocompletion=people, show_default=False
        ),
    ],
    course: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="A course of positions.yml.",
            autocompletion=courses,
            show_default=False,
        ),
    ],
    by: Annotated[
        str,
        typer.Option(
            metavar="TEXT", help="Who taught it: class, on site, on line.", show_default=False
        ),
    ] = "",
    on: On = None,
) -> int:
    """Record that people took a course, all of them or none."""
    from commsroom.app import training
    from commsroom.reports import training as report

    with session.open(founding=True) as estate:
        found = training.done(estate, person, course=course, by=by, day=day(on))
    session.out.lines(report.taken_lines(found))
    session.out.document({"taken": [report.taken_document(item) for item in found]})
    return 0


def withdraw(
    session: Session,
    *,
    person: Annotated[
        list[str],
        typer.Argument(
            metavar="ID", help="Ids of the roster.", autocompletion=people, show_default=False
        ),
    ],
    course: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="The course that was recorded.",
            autocompletion=courses,
            show_default=False,
        ),
    ],
    on: Annotated[
        datetime,
        typer.Option(
            metavar="DATE",
            parser=read_day,
            help="The day that was recorded, YYYY-MM-DD.",
            show_default=False,
        ),
    ],
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="What was wrong.", show_default=False)
    ],
) -> int:
    """Take back the record that people took a course, all of them or none.

    The ledger keeps both: what was recorded, and who took it back and why.
    """
    from commsroom.app import training
    from commsroom.reports import training as report

    with session.open() as estate:
        estate.require_ledger()
        found = training.withdraw(estate, person, course=course, day=on.date(), reason=reason)
    session.out.lines(report.withdrawn_lines(found))
    session.out.document({"taken": [report.taken_document(item) for item in found]})
    return 0


def taken(
    session: Session,
    *,
    person: Annotated[
        str,
        typer.Argument(
            metavar="ID", help="Id of the roster.", autocompletion=people, show_default=False
        ),
    ] = "",
    ledger: LedgerUrl = None,
) -> int:
    """List the courses that were taken, by one person or all."""
    from commsroom.app import training
    from commsroom.reports import training as report

    with session.open(ledger=ledger) as estate:
        found = training.taken(estate, person)
    session.out.lines(report.taken_lines(found))
    session.out.document({"taken": [report.taken_document(item) for item in found]})
    return 0
