"""The compliance report as Markdown, as one self-contained page, as PDF, and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from commsroom.errors import Exit
from commsroom.reports import html, languages, paper
from commsroom.reports.compliance import SIGNS, TITLE, TYPES, WORDS, Standing, State
from commsroom.reports.languages import N_
from commsroom.reports.lines import plain, printable
from commsroom.reports.markdown import escape
from commsroom.reports.text.compliance import (
    SIMULATED,
    compliance_sum,
    evidence,
    lacking,
    sign,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from commsroom.reports.compliance import Compliance

_VERDICTS: Final[Mapping[Exit, tuple[str, str, str]]] = {
    Exit.DONE: ("good", "✓", N_("No clause is broken, as far as there is evidence.")),
    Exit.DIFFERENCE: ("bad", "!", N_("Something is not as the regulation asks.")),
    Exit.INCOMPLETE: ("doubt", "?", N_("Incomplete: evidence is too old, or not there yet.")),
}
#: The colours of the page, by how a clause or a piece of evidence stands.
_MOODS: Final[Mapping[Standing | State, str]] = {
    Standing.NOT_MET: "error",
    Standing.UNKNOWN: "unknown",
    Standing.MISSING: "warning",
    Standing.MANUAL: "note",
    Standing.MET: "good",
    State.BAD: "error",
    State.UNKNOWN: "unknown",
    State.MANUAL: "note",
    State.GOOD: "good",
}
_COLUMNS: Final = (N_("Clause"), N_("Standing"), N_("Rule"), N_("Evidence"))


def markdown(report: Compliance, *, language: str = "en") -> str:
    """Return a table for a merge request or a wiki, everything from outside escaped."""
    words = languages.load(language)

    def cell(text: str) -> str:
        return escape(printable(text))

    rows = [f"# {cell(words.gettext(TITLE))}: {cell(report.title)}", ""]
    rows += [cell(plain(compliance_sum(report, language=language)))]
    if report.simulated:
        rows += ["", f"**{words.gettext('Simulated')}**: {words.gettext(SIMULATED)}"]
    rows += ["", f"| {' | '.join(map(words.gettext, _COLUMNS))} |", "|---|---|---|---|"]
    for answer in report.answers:
        told = [f"{sign(row)} {evidence(row, words)}" for row in answer.rows]
        told += [lack] if (lack := lacking(answer, words)) else []
        standing = f"{SIGNS[answer.standing]} {words.gettext(WORDS[answer.standing])}"
        cells = (answer.clause, standing, answer.rule)
        rows.append(f"| {' | '.join(map(cell, cells))} | {'<br>'.join(map(cell, told))} |")
    return "\n".join(rows) + "\n"


def page(report: Compliance, *, language: str = "en") -> str:
    """Return the whole HTML page; nothing is fetched, no script runs."""
    made = html.environment(language)
    words = languages.load(language)
    style = html.source(made, "report.css") + html.source(made, "compliance.css")
    mood, mark, verdict = _VERDICTS[report.exit_code]
    return made.get_template("compliance.html.j2").render(
        report=report,
        title=TITLE,
        language=language.replace("_", "-"),
        mood=mood,
        sign=mark,
        verdict=verdict,
        counts=report.summary,
        words=WORDS,
        types=TYPES,
        moods=_MOODS,
        signs=SIGNS,
        mark=sign,
        lacking=lambda answer: lacking(answer, words),
        said=lambda row: row.reason.said(words),
        style=style,
        policy=f"default-src 'none'; style-src '{html.digest(style)}'",
    )


def pdf(report: Compliance, *, language: str = "en") -> bytes:
    """Return the page on A4 paper, its fonts inside. Reads no file and no network.

    Raises:
        CommsroomError: WeasyPrint or the Pango it draws with is not installed.
    """
    return paper.pdf(page(report, language=language))


def document(report: Compliance) -> dict[str, Any]:
    """Return what `comply --json` gives."""
    return {
        "title": report.title,
        "estate": report.estate,
        "when": report.when,
        "exit_code": int(report.exit_code),
        "strict": report.strict,
        "summary": {str(standing): count for standing, count in report.summary.items()},
        "clauses": [
            {
                "clause": answer.clause,
                "rule": answer.rule,
                "by": answer.by,
                "lacks": answer.lacks,
                "standing": str(answer.standing),
                "provenance": {
                    "file": answer.provenance.file,
                    "line": answer.provenance.line,
                    "clause": answer.provenance.clause,
                }
                if answer.provenance
                else None,
                "evidence": [
                    {
                        "type": row.type,
                        "subject": row.subject,
                        "state": str(row.state),
                        "reason": str(row.reason),
                        "named": list(row.named),
                        "at": row.at,
                        "remedy": row.remedy,
                    }
                    for row in answer.rows
                ],
            }
            for answer in report.answers
        ],
        "simulated": sorted(report.simulated),
    }
