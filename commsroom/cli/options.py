"""Options and arguments that several commands take, each said once."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from commsroom.cli.completion import addresses, languages, people
from commsroom.errors import UsageError

if TYPE_CHECKING:
    from commsroom.app.scope import Scope


#: As in policy's tables: what lies beyond cannot be counted on from, or back.
_YEARS: Final = range(1900, 2200)


class Format(StrEnum):
    """The forms of a report."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"
    JUNIT = "junit"
    SARIF = "sarif"


def read_day(text: str) -> datetime:
    """Read a day; typer says what is wrong with another."""
    try:
        found: datetime | None = datetime.strptime(text, "%Y-%m-%d")  # noqa: DTZ007 - a day, no moment
    except ValueError:
        found = None
    if found is not None and text == found.date().isoformat():
        if found.year in _YEARS:
            return found
        raise typer.BadParameter(f"{text} is out of reach: the years 1900 to 2199 are known here")
    raise typer.BadParameter(f"{text!r} is no day; write YYYY-MM-DD, as 2026-11-24")


def writable(file: Path | None) -> Path | None:
    """Refuse a place nothing can be written to before any server is asked."""
    from commsroom.cli.output import require_writable

    if file is not None:
        require_writable(file)
    return file


def _read_language(text: str) -> str:
    """Refuse a language nobody wrote before an hour of work is done for it."""
    from commsroom.reports import languages

    return languages.canonical(text)


class PlanFormat(StrEnum):
    """The forms of a plan."""

    TEXT = "text"
    MARKDOWN = "markdown"


class RecordFormat(StrEnum):
    """The forms of an incident's record."""

    TEXT = "text"
    JSON = "json"
    HTML = "html"
    PDF = "pdf"


class ComplianceFormat(StrEnum):
    """The forms of the compliance report."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"
    PDF = "pdf"


Person = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ID",
        help="Only what exists for this person (id or login of the roster), and what that needs;"
        " repeatable.",
        autocompletion=people,
        show_default=False,
    ),
]
Only = Annotated[
    list[str] | None,
    typer.Option(
        metavar="GLOB",
        help="Only the addresses a shell-style glob names, as in 'pbx1:extension/21*'; repeatable.",
        autocompletion=addresses,
        show_default=False,
    ),
]
AsOf = Annotated[
    datetime | None,
    typer.Option(
        metavar="DATE",
        parser=read_day,
        help="Read policy as it will stand on this day, YYYY-MM-DD.  [default: today]",
        show_default=False,
    ),
]
On = Annotated[
    datetime | None,
    typer.Option(
        metavar="DATE",
        parser=read_day,
        help="The day it happened, YYYY-MM-DD.  [default: today]",
        show_default=False,
    ),
]
By = Annotated[
    str,
    typer.Option(
        metavar="ID",
        help="Who you are: your id in the roster.",
        autocompletion=people,
        show_default=False,
    ),
]
Requester = Annotated[
    str,
    typer.Option(
        metavar="ID",
        help="Who you are: with --out, who asks for approval where it needs one.",
        autocompletion=people,
        show_default=False,
    ),
]
Witness = Annotated[
    str,
    typer.Option(metavar="ID", help="Who watched.", autocompletion=people, show_default=False),
]
_KEY: Final = typer.Option(
    metavar="FILE",
    help="Your SSH key, or the public half of one that an agent holds.",
    show_default=False,
)
Key = Annotated[Path, _KEY]
#: Where only a part of a command signs.
MayKey = Annotated[Path | None, _KEY]
SignedUntil = Annotated[
    datetime | None,
    typer.Option(
        metavar="DATE",
        parser=read_day,
        help="The last day on which signatures count, YYYY-MM-DD.  [default: in a week]",
        show_default=False,
    ),
]
Due = Annotated[
    bool,
    typer.Option(
        "--due",
        help="Only what the calendar made due since the last apply of the whole estate: joiners,"
        " leavers, purges. Repairs nothing, and makes no edited policy so.",
    ),
]
Full = Annotated[bool, typer.Option("--full", help="List everything, however long.")]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="FILE",
        help="Write the report to FILE instead.",
        callback=writable,
        show_default=False,
    ),
]
Also = Annotated[
    list[str] | None,
    typer.Option(
        "--also",
        metavar="FORM=FILE",
        help="Write the same report in this form, too, as junit=drift.xml; repeatable.",
        show_default=False,
    ),
]
FormatOption = Annotated[Format, typer.Option("--format", help="The form of the report.")]
Language = Annotated[
    str,
    typer.Option(
        metavar="LANGUAGE",
        help="The language of HTML, of compliance reports and incidents: en or zh-Hant.",
        callback=_read_language,
        autocompletion=languages,
    ),
]
LedgerUrl = Annotated[
    str | None,
    typer.Option(
        "--ledger",
        metavar="URL",
        help="The ledger, where it is not in .commsroom/ (also: COMMSROOM_LEDGER).",
        show_default=False,
    ),
]
BaselineFile = Annotated[
    Path | None,
    typer.Option(
        "--baseline",
        metavar="FILE",
        help="Instead of the ledger, its export, signed by a key that policies/baseline-signers names.",
        show_default=False,
    ),
]


def remembered_by(ledger: str | None, baseline: Path | None) -> dict[str, Any]:
    """Return how to open the estate by one of the two; raises UsageError when both are given."""
    if ledger and baseline:
        raise UsageError(
            "--ledger and --baseline are both given", remedy="a baseline stands for the ledger"
        )
    return {"ledger": ledger, "baseline": baseline}


def scope(person: list[str] | None, only: list[str] | None, as_of: datetime | None) -> Scope:
    """Build what a verb is about from its options."""
    from commsroom.app.scope import Scope

    return Scope(tuple(person or ()), tuple(only or ()), day(as_of))


def day(as_of: datetime | None) -> date | None:
    """Return the day given with --as-of; None is today."""
    return as_of.date() if as_of else None


def span(option: str, text: str) -> timedelta:
    """Read a span of time; raises UsageError."""
    from commsroom.policy.scalars import duration

    try:
        return duration(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from error
