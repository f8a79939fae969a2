"""Text of a whole report: what is wrong, what was proven, how long it took, and the verdict."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from commsroom.errors import Exit
from commsroom.reports.lines import Line, Span, Style, count, fold, line, note, plain, seconds
from commsroom.reports.model import FindingKind
from commsroom.reports.proofs import proof_lines, proof_sum
from commsroom.reports.tally import Standing, checked, fixable, standing
from commsroom.reports.text.checks import check_lines
from commsroom.reports.text.findings import finding_lines
from commsroom.reports.text.history import history_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from commsroom.reports.model import Report

_COUNTED: Final[Mapping[FindingKind, str]] = {
    FindingKind.DRIFT: "different",
    FindingKind.EXTRA: "no longer in policy",
    FindingKind.UNOWNED: "not ours",
    FindingKind.SERVER: "on servers",
    FindingKind.OVERDUE: "overdue",
}


def report_lines(report: Report, *, full: bool = False, width: int = 0) -> Iterator[Line]:
    """Yield a report: findings with repairs, checks, proofs, history, times, the verdict last.

    With a `width` no line is longer where it can be broken: at spaces, never inside an address or
    a command.
    """
    for content in _lines(report, full=full):
        yield from fold(content, width) if width else (content,)


def report_text(report: Report, *, full: bool = False) -> str:
    """Return a whole report as plain text, a line break after each line."""
    return "".join(f"{plain(content)}\n" for content in report_lines(report, full=full))


def _lines(report: Report, *, full: bool) -> Iterator[Line]:
    parts = (
        finding_lines(report.findings, full=full, when=report.when),
        check_lines(report.checks, full=full, when=report.when),
        proof_lines(report.proofs, report.simulated, full=full),
        history_lines(report, full=full),
    )
    for part in parts:
        content = list(part)
        yield from content
        if content:
            yield ()
    for timing in report.timings:
        yield line(f"{timing.name}  ", Span(seconds(timing.seconds), Style.QUIET))
    yield verdict(report)


def verdict(report: Report) -> Line:
    """Return the last line of a report: what is wrong, counted. Exceptions are counted apart."""
    marked = note(report.simulated)
    aside = _aside(report) + (f"; {report.older:,} older not shown" if report.older else "")
    parts = [*_findings(report), *_checks(report), *_proofs(report)]
    if parts:
        style = Style.DOUBT if report.exit_code is Exit.DONE else Style.BAD
        return line(Span(f"{report.title}: {', '.join(parts)}{aside}.{marked}", style))
    if report.older:
        return line(Span(f"{report.title}: nothing new{aside}.{marked}", Style.DOUBT))
    if report.proofs and not report.checks and not aside:
        return proof_sum(report.proofs, report.simulated)
    looked = f"; {count(len(report.checks), 'check')} as policy says" if report.checks else ""
    proven = f"; {count(len(report.proofs), 'use')} proven" if report.proofs else ""
    what = "What was asked for" if report.narrowed else "The estate"
    clean = f"{report.title}: none{aside}. {what} matches policy{looked}{proven}.{marked}"
    return line(Span(clean, Style.GOOD))


def _findings(report: Report) -> Iterator[str]:
    counted = Counter(
        item.kind for item in report.findings if standing(item) is not Standing.ACKNOWLEDGED
    )
    for kind in FindingKind:
        if counted[kind]:
            yield f"{counted[kind]} {_COUNTED.get(kind, kind)}"


def _checks(report: Report) -> Iterator[str]:
    counted = Counter(map(checked, report.checks))
    if counted[Standing.ERROR]:
        yield f"{count(counted[Standing.ERROR], 'check')} not as policy says"
    if counted[Standing.UNKNOWN]:
        yield f"{count(counted[Standing.UNKNOWN], 'check')} unknown"


def _proofs(report: Report) -> Iterator[str]:
    counted = Counter(proof.ok for proof in report.proofs)
    if counted[False]:
        yield f"{counted[False]} not as expected"
    if counted[None]:
        yield f"{counted[None]} undecided"


def _aside(report: Report) -> str:
    """Say what does not count, and what repairs itself."""
    accepted = sum(standing(item) is Standing.ACKNOWLEDGED for item in report.findings)
    repairs = fixable(report)
    told = f" ({count(accepted, 'exception')} aside)" if accepted else ""
    return told + (f"; drift --fix may repair {repairs:,}" if repairs else "")
