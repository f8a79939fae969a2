"""Markdown: a report for a merge request, an issue or a chat room."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from commsroom.reports.lines import plain, printable, seconds, value
from commsroom.reports.model import uses
from commsroom.reports.text import verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from commsroom.reports.model import Finding, Report

_MARKUP: Final = re.compile(r"([\\`*_{}\[\]<>()#+!|~&-])")


def render(report: Report) -> str:
    """Return the report as GitHub-flavoured Markdown, everything from outside escaped."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield f"# {escape(report.title)}: {escape(report.estate)}"
    yield ""
    yield f"**{escape(plain(verdict(report)))}**"
    yield ""
    yield f"As of {report.when}."
    if report.findings:
        yield ""
        yield from _table(
            ("Weight", "Where", "What", "Asked for by", "Repair"), map(_row, report.findings)
        )
    if report.proofs:
        yield from ("", "## Proof by use", "")
        rows = (
            (
                escape(item.system),
                escape(item.name),
                f"{item.good} / {item.total}",
                f"{item.ms:.0f} ms",
            )
            for item in uses(report.proofs)
        )
        yield from _table(("System", "Use", "As expected", "Median time"), rows)
        undone = [proof for proof in report.proofs if proof.ok is not True]
        if undone:
            yield ""
        for proof in undone:
            what = "undecided" if proof.ok is None else "not as expected"
            why = f": expected {escape(proof.expected)}, got {escape(proof.got)}"
            yield f"- {_code(str(proof.address))} {escape(proof.use)}, {what}{why}"
    if report.timings:
        yield from ("", "## Times", "")
        times = ((escape(item.name), seconds(item.seconds)) for item in report.timings)
        yield from _table(("Step", "Time"), times)


def _row(item: Finding) -> tuple[str, ...]:
    what = [str(item.kind), *([escape(item.text)] if item.text else [])]
    for found in item.differences:
        moved = (
            "is not the one we wrote"
            if found.secret
            else f"is {_code(value(found.actual))}, should be {_code(value(found.expected))}"
        )
        what.append(f"{escape(found.name)} {moved}")
    mark = " (simulated)" if item.simulated else ""
    repair = _code(item.remedy) if item.is_command else escape(item.remedy)
    place = escape(str(item.provenance)) if item.provenance else ""
    return str(item.severity), _code(item.address) + mark, "<br>".join(what), place, repair


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def escape(text: str) -> str:
    """Return text that Markdown shows as it is."""
    return _MARKUP.sub(r"\\\1", printable(text))


def _code(text: str) -> str:
    """Return a code span: a bar is escaped for tables, backticks need a longer fence."""
    shown = printable(text).replace("|", "\\|")
    fence = "`" * (max((len(run) for run in re.findall("`+", shown)), default=0) + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{pad}{shown}{pad}{fence}"
