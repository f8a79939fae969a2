"""Giving a report in the form asked for, and asking the operator."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from commsroom.cli.options import ComplianceFormat, Format, RecordFormat
from commsroom.cli.output import columns, write_file
from commsroom.cli.pasting import as_given
from commsroom.errors import UsageError

if TYPE_CHECKING:
    from commsroom.cli.session import Session
    from commsroom.estate.loss import Record
    from commsroom.estate.plan import Plan
    from commsroom.reports.compliance import Compliance
    from commsroom.reports.documents import Document
    from commsroom.reports.model import Report


@dataclass(frozen=True, slots=True)
class Wanted:
    """The form asked for, and where it goes: to `out`, else to standard output.

    `also` are other forms of the same report, each with its file.
    """

    form: Format
    out: Path | None
    full: bool
    language: str
    also: tuple[tuple[Format, Path], ...] = ()


def also(given: list[str] | None, out: Path | None = None) -> tuple[tuple[Format, Path], ...]:
    """Read `FORM=FILE`; raises UsageError before anything is asked of any system.

    No two reports may go to one file; `out` is the first one's.
    """
    found = []
    for text in given or ():
        form, _, file = text.partition("=")
        if form not in list(Format) or not file:
            raise UsageError(
                f"--also: {text!r} is no FORM=FILE",
                remedy=f"as in junit=drift.xml; forms are {', '.join(Format)}",
            )
        if file == "-" or Path(file).is_dir() or not Path(file).parent.is_dir():
            raise UsageError(f"--also: {file} cannot be written", remedy="name a file")
        found.append((Format(form), Path(file)))
    places = [file.resolve() for _, file in found] + ([out.resolve()] if out else [])
    for place in places:
        if places.count(place) > 1:
            raise UsageError(
                f"two reports would go to {place}", remedy="give each a file of its own"
            )
    return tuple(found)


def give(session: Session, report: Report, wanted: Wanted, document: Document) -> None:
    """Write the report; with `--out` into a file, and its verdict to standard output.

    `document` is its JSON. Without a file, `--json` beats `--format`.
    """
    from commsroom.reports import text

    for form, file in wanted.also:
        write_file(file, _render(report, replace(wanted, form=form), document))
    if wanted.out is not None:
        write_file(wanted.out, _render(report, wanted, document))
        session.out.lines([text.verdict(report)])
        session.out.text(f"Report: {wanted.out}\n")
    elif wanted.form is Format.TEXT:
        session.out.lines(text.report_lines(report, full=wanted.full, width=columns()))
    else:
        session.out.text(_render(report, wanted, document))
    session.out.document(document)


def pasteable(session: Session, report: Report) -> Report:
    """Return the report with repairs that reach what it looked at: the twins, where they stood in."""
    if session.simulate is None:
        return report

    def mended(remedy: str) -> str:
        return as_given(remedy, session.simulate)

    return replace(
        report,
        findings=tuple(replace(item, remedy=mended(item.remedy)) for item in report.findings),
        checks=tuple(replace(item, remedy=mended(item.remedy)) for item in report.checks),
    )


def _render(report: Report, wanted: Wanted, document: Document) -> str:
    """Return the report as one string in its form."""
    from commsroom.reports import html, junit, markdown, sarif, text

    match wanted.form:
        case Format.TEXT:
            return text.report_text(report, full=wanted.full)
        case Format.JSON:
            return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
        case Format.MARKDOWN:
            return markdown.render(report)
        case Format.HTML:
            return html.render(report, language=wanted.language)
        case Format.JUNIT:
            return junit.render(report)
        case Format.SARIF:
            return sarif.render(report)


def may_write(
    form: ComplianceFormat | RecordFormat, out: Path | None, name: str = "compliance"
) -> None:
    """Make sure that a PDF has a file to go to; raises UsageError before anything is asked."""
    if form == "pdf" and out is None:
        raise UsageError("a PDF is no text for a terminal", remedy=f"add --out {name}.pdf")


def give_compliance(
    session: Session, report: Compliance, form: ComplianceFormat, out: Path | None, language: str
) -> None:
    """Write the compliance report as `give` does any other."""
    from commsroom.reports import compliance_forms
    from commsroom.reports.text import compliance as text

    document = compliance_forms.document(report)
    if out is not None:
        write_file(out, _compliance(report, form, language, document))
        session.out.lines([text.compliance_sum(report, language=language)])
        session.out.text(f"Report: {out}\n")
    elif form is ComplianceFormat.TEXT:
        session.out.lines(text.compliance_lines(report, language=language, width=columns()))
    elif not session.json:
        content = _compliance(report, form, language, document)
        session.out.text(content if isinstance(content, str) else "")
    session.out.document(document)


def _compliance(
    report: Compliance, form: ComplianceFormat, language: str, document: Document
) -> str | bytes:
    from commsroom.reports import compliance_forms
    from commsroom.reports.text import compliance as text

    match form:
        case ComplianceFormat.TEXT:
            return text.compliance_text(report, language=language)
        case ComplianceFormat.JSON:
            return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
        case ComplianceFormat.MARKDOWN:
            return compliance_forms.markdown(report, language=language)
        case ComplianceFormat.HTML:
            return compliance_forms.page(report, language=language)
        case ComplianceFormat.PDF:
            return compliance_forms.pdf(report, language=language)


def give_record(
    session: Session, record: Record, form: RecordFormat, out: Path | None, language: str
) -> None:
    """Write the record of an incident as `give` does any other report."""
    from commsroom.reports import incident

    if out is not None:
        write_file(out, _record(record, form, language))
        session.out.text(f"Report: {out}\n")
    elif form is RecordFormat.TEXT:
        session.out.lines(incident.lines(record, language=language))
    else:
        content = _record(record, form, language)
        session.out.text(content if isinstance(content, str) else "")
    session.out.document(incident.document(record))


def _record(record: Record, form: RecordFormat, language: str) -> str | bytes:
    from commsroom.reports import incident
    from commsroom.reports.lines import plain

    match form:
        case RecordFormat.TEXT:
            return "".join(f"{plain(one)}\n" for one in incident.lines(record, language=language))
        case RecordFormat.JSON:
            return json.dumps(incident.document(record), ensure_ascii=False, indent=2) + "\n"
        case RecordFormat.HTML:
            return incident.page(record, language=language)
        case RecordFormat.PDF:
            return incident.pdf(record, language=language)


def may_ask(session: Session, *, yes: bool, verb: str = "apply") -> None:
    """Make sure that a question can be asked; raises UsageError before anything is touched."""
    if yes:
        return
    if session.json:
        raise UsageError("--json asks no questions", remedy="add --yes")
    if sys.stdin is None or not sys.stdin.isatty():
        raise UsageError(
            f"{verb} asks before it changes anything, and there is no terminal to ask on",
            remedy="add --yes",
        )


def agreed(plan: Plan) -> bool:
    """Ask whether a plan is to be made."""
    from commsroom.reports.lines import count

    systems = sorted({change.address.system for change in plan.changes})
    named = ", ".join(f"{name} (simulated)" if name in plan.simulated else name for name in systems)
    return confirmed(f"Make {count(len(plan.changes), 'change')} on {named}?")


def confirmed(question: str) -> bool:
    """Ask on the terminal; only a whole `yes` counts."""
    try:
        sys.stderr.write(f"\n{question} Type yes: ")
        sys.stderr.flush()
        return sys.stdin.readline().strip().lower() == "yes"
    except OSError:
        return False


def password() -> str:
    """Ask for a password without showing it, or take the first line of standard input."""
    if sys.stdin is None:
        raise UsageError("there is no standard input to read a password from")
    if sys.stdin.isatty():
        from getpass import getpass

        return getpass("Password: ")
    return sys.stdin.readline().rstrip("\r\n")
