"""Text and Markdown of the compliance report: each clause with the evidence behind it, in a language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from commsroom.reports import languages
from commsroom.reports.compliance import SIGNS, TITLE, TYPES, WORDS, Standing, State
from commsroom.reports.languages import N_
from commsroom.reports.lines import Line, Span, Style, fold, line, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from gettext import NullTranslations

    from commsroom.reports.compliance import Answer, Compliance, Row

_STYLES: Final[Mapping[Standing | State, Style]] = {
    Standing.MET: Style.GOOD,
    Standing.NOT_MET: Style.BAD,
    Standing.UNKNOWN: Style.DOUBT,
    Standing.MANUAL: Style.STRONG,
    Standing.MISSING: Style.QUIET,
    State.GOOD: Style.GOOD,
    State.BAD: Style.BAD,
    State.UNKNOWN: Style.DOUBT,
    State.MANUAL: Style.STRONG,
}
#: Said where a clause lacks something, and of what is simulated; in every form.
LACKS: Final = N_("lacks")
NOTHING: Final = N_("nothing serves this clause yet")
SIMULATED: Final = N_(
    "These are not real systems; what is said of them proves nothing about real ones."
)


def compliance_lines(report: Compliance, *, language: str = "en", width: int = 0) -> Iterator[Line]:
    """Yield the report; `width` in columns breaks lines at spaces, 0 does not."""
    for row in _lines(report, languages.load(language)):
        yield from fold(row, width) if width else (row,)


def compliance_sum(report: Compliance, *, language: str = "en") -> Line:
    """Return the last line: how many clauses stand how."""
    return _sum(report, languages.load(language))


def compliance_text(report: Compliance, *, language: str = "en") -> str:
    """Return the report as one string without colour."""
    return "".join(f"{plain(row)}\n" for row in compliance_lines(report, language=language))


def _lines(report: Compliance, words: NullTranslations) -> Iterator[Line]:
    yield line(Span(f"{words.gettext(TITLE)}: {report.title}", Style.STRONG), f"  {report.when}")
    if report.simulated:
        names = ", ".join(sorted(report.simulated))
        text = f"{words.gettext('Simulated')}: {names}. {words.gettext(SIMULATED)}"
        yield line(Span(text, Style.DOUBT))
    for answer in report.answers:
        yield line()
        yield from _answer(answer, words, simulated=bool(report.simulated))
    yield line()
    yield _sum(report, words)


def _answer(answer: Answer, words: NullTranslations, *, simulated: bool) -> Iterator[Line]:
    standing = answer.standing
    label = f" [{words.gettext('Simulated')}]" if simulated else ""
    verdict = Span(f"{SIGNS[standing]} {words.gettext(WORDS[standing])}", _STYLES[standing])
    yield line(Span(answer.clause, Style.STRONG), "  ", verdict, f"{label}  {answer.rule}")
    for row in answer.rows:
        yield line("    ", Span(sign(row), _STYLES[row.state]), f" {evidence(row, words)}")
        if row.remedy:
            yield line("      ", Span(row.remedy, Style.COMMAND))
    if lack := lacking(answer, words):
        yield line("    ", Span(f"{SIGNS[Standing.MISSING]} {lack}", Style.QUIET))
    if answer.provenance is not None and standing is not Standing.MET:
        yield line(
            "      ", Span(f"{answer.provenance.file}:{answer.provenance.line}", Style.QUIET)
        )


def sign(row: Row) -> str:
    """Return the sign of a piece of evidence."""
    return "?" if row.state is State.UNKNOWN else SIGNS[row.state]


def lacking(answer: Answer, words: NullTranslations) -> str:
    """Say what nothing serves of a clause; nothing where all of it is served."""
    if answer.lacks:
        return f"{words.gettext(LACKS)}: {answer.lacks}"
    return "" if answer.rows else words.gettext(NOTHING)


def evidence(row: Row, words: NullTranslations) -> str:
    """Say one piece of evidence in a line."""
    names = f" ({', '.join(row.named)})" if row.named else ""
    when = f" [{row.at}]" if row.at else ""
    return f"{words.gettext(TYPES[row.type])} {row.subject}: {row.reason.said(words)}{names}{when}"


def _sum(report: Compliance, words: NullTranslations) -> Line:
    counts = [(standing, number) for standing, number in report.summary.items() if number]
    parts: list[Span | str] = [f"{words.gettext(TITLE)}: "]
    for index, (standing, number) in enumerate(counts):
        parts += [
            ", " if index else "",
            Span(f"{number} {words.gettext(WORDS[standing])}", _STYLES[standing]),
        ]
    if report.simulated:
        parts.append(f" [{words.gettext('Simulated')}]")
    return line(*parts)
