"""Giving a report in the form asked for, and asking the operator."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from commsroom.cli.options import Format
from commsroom.cli.output import warn, write_file
from commsroom.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from commsroom.cli.session import Session
    from commsroom.reports.documents import Document
    from commsroom.reports.model import Report


def give(
    session: Session,
    report: Report,
    form: Format,
    out: Path | None,
    *,
    full: bool,
    document: Document,
) -> None:
    """Write the report to standard output or to a file; then its verdict is said in text."""
    from commsroom.reports import text

    if session.json and out is None:
        session.out.document(document)
    elif out is not None:
        chosen = Format.JSON if session.json else form
        write_file(out, render(report, chosen, document, full=full))
        session.out.lines([text.verdict(report)])
        session.out.text(f"Report: {out}\n")
        session.out.document(document)
    elif form is Format.TEXT:
        session.out.lines(text.report_lines(report, full=full))
    else:
        session.out.text(render(report, form, document, full=full))


def render(report: Report, form: Format, document: Document, *, full: bool) -> str:
    """Return the report as one string in a form."""
    from commsroom.reports import text

    match form:
        case Format.TEXT:
            return text.report_text(report, full=full)
        case Format.JSON:
            return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
        case Format.MARKDOWN:
            from commsroom.reports import markdown

            return markdown.render(report)
        case Format.HTML:
            from commsroom.reports import html

            return html.render(report)
        case Format.JUNIT:
            from commsroom.reports import junit

            return junit.render(report)
        case Format.SARIF:
            from commsroom.reports import sarif

            return sarif.render(report)


def may_ask(session: Session, *, yes: bool) -> None:
    """Make sure that a question can be asked; raises UsageError before anything is touched."""
    if yes:
        return
    if session.json:
        raise UsageError("--json asks no questions", remedy="add --yes")
    if sys.stdin is None or not sys.stdin.isatty():
        raise UsageError(
            "apply asks before it changes anything, and there is no terminal to ask on",
            remedy="add --yes",
        )


def agreed(changes: int) -> bool:
    """Ask on the terminal; only a whole `yes` counts."""
    from commsroom.reports.lines import count

    warn("")
    try:
        sys.stderr.write(f"Make {count(changes, 'change')} on the real systems? Type yes: ")
        sys.stderr.flush()
        return sys.stdin.readline().strip().lower() == "yes"
    except OSError:
        return False
