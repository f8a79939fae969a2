"""Text of a whole report: what is wrong, what was proven, how long it took, and the verdict."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from commsroom.reports.lines import Line, Span, Style, line, note, plain, seconds
from commsroom.reports.model import FindingKind
from commsroom.reports.proofs import proof_lines, proof_sum
from commsroom.reports.text.findings import finding_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from commsroom.reports.model import Report

_COUNTED: Final[Mapping[FindingKind, str]] = {
    FindingKind.DRIFT: "different",
    FindingKind.EXTRA: "no longer in policy",
    FindingKind.UNOWNED: "not ours",
    FindingKind.SERVER: "on servers",
}


def report_lines(report: Report, *, full: bool = False) -> Iterator[Line]:
    """Yield a report: each finding with its repair, the proofs, the times, and the verdict last."""
    yield from finding_lines(report.findings, full=full)
    if report.findings:
        yield ()
    if report.proofs:
        yield from proof_lines(report.proofs, report.simulated, full=full)
        yield ()
    for timing in report.timings:
        yield line(f"{timing.name}  ", Span(seconds(timing.seconds), Style.QUIET))
    yield verdict(report)


def report_text(report: Report, *, full: bool = False) -> str:
    """Return a whole report as plain text, a line break after each line."""
    return "".join(f"{plain(content)}\n" for content in report_lines(report, full=full))


def verdict(report: Report) -> Line:
    """Return the last line of a report."""
    marked = note(report.simulated)
    kinds = Counter(item.kind for item in report.findings)
    if not report.findings and not report.proofs:
        return line(Span(f"{report.title}: none. The estate matches policy.{marked}", Style.GOOD))
    parts = [f"{kinds[kind]} {_COUNTED.get(kind, kind)}" for kind in FindingKind if kinds[kind]]
    wrong = sum(proof.ok is False for proof in report.proofs)
    doubtful = sum(proof.ok is None for proof in report.proofs)
    parts += [f"{wrong} not as expected"] if wrong else []
    parts += [f"{doubtful} undecided"] if doubtful else []
    if not parts:
        return proof_sum(report.proofs, report.simulated)
    style = Style.DOUBT if report.exit_code == 0 else Style.BAD
    return line(Span(f"{report.title}: {', '.join(parts)}.{marked}", style))
