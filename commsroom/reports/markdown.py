"""Markdown: a report for a merge request, an issue or a chat room."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from commsroom.reports.lines import duration, plain, printable, seconds, value
from commsroom.reports.model import uses
from commsroom.reports.tally import day, is_command, standing, tallies, trend
from commsroom.reports.text.checks import tally_text
from commsroom.reports.text.findings import acknowledged_text, since_text
from commsroom.reports.text.history import DRAWN, spark
from commsroom.reports.text.report import verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from commsroom.estate.inspection import Check
    from commsroom.reports.difference import Difference
    from commsroom.reports.model import Finding, Report

#: Everything that Markdown, GitHub or GitLab give a meaning to: markup, mentions, autolinks, mathematics.
_MARKUP: Final = re.compile(r"([\\`*_{}\[\]<>()#+!~&@:$-])")


def render(report: Report) -> str:
    """Return the report as GitHub-flavoured Markdown, everything from outside escaped.

    What is not as policy says is open; what is, is folded away.
    """
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield f"# {escape(report.title)}: {escape(report.estate)}"
    yield from ("", f"**{escape(plain(verdict(report)))}**")
    yield from ("", f"As of {escape(report.when)}.")
    if report.findings:
        head = ("Weight", "Where", "What", "Since", "Asked for by", "Repair")
        rows = (_finding(item, report.when) for item in report.findings)
        yield from ("", "## Findings", "", *_table(head, rows))
    if report.checks:
        yield from ("", "## Checks", "", *_checks(report.checks))
    if report.proofs:
        yield from ("", "## Proof by use", "", *_proofs(report))
    if report.history is not None:
        yield from _history(report)
    if report.timings:
        times = ((escape(item.name), seconds(item.seconds)) for item in report.timings)
        yield from ("", "## Times", "", *_table(("Step", "Time"), times))


def _finding(item: Finding, when: str) -> tuple[str, ...]:
    what = [str(item.kind), *([escape(item.text)] if item.text else [])]
    what += [f"{escape(found.name)} {_moved(found)}" for found in item.differences]
    if item.acknowledged is not None:
        what.append(f"**exception:** {escape(acknowledged_text(item.acknowledged))}")
    mark = " (simulated)" if item.simulated else ""
    repair = _repair(item.remedy)
    if item.fixable and item.acknowledged is None:
        repair += "<br>`commsroom drift --fix` may do it"
    return (
        str(standing(item)),
        _code(item.address) + mark,
        "<br>".join(what),
        escape(since_text(item.since, when).removeprefix("since ")) if item.since else "",
        escape(str(item.provenance)) if item.provenance else "",
        repair,
    )


def _moved(found: Difference) -> str:
    if found.unasked:
        return "is taken too, and policy does not ask for it"
    if found.secret:
        return "is not the one we wrote"
    return f"is {_code(value(found.actual))}, should be {_code(value(found.expected))}"


def _repair(remedy: str) -> str:
    return _code(remedy) if is_command(remedy) else escape(remedy)


def _checks(checks: Sequence[Check]) -> Iterator[str]:
    wrong = [check for check in checks if check.ok is not True]
    right = [check for check in checks if check.ok is True]
    if wrong:
        head = ("", "Where", "Is", "Should be", "Asked for by", "Repair")
        yield from _table(head, map(_check, wrong))
        yield ""
    sums = ((escape(item.system), escape(item.name), tally_text(item)) for item in tallies(checks))
    yield from _table(("System", "Check", ""), sums)
    if right:
        yield from ("", f"<details><summary>{len(right):,} as policy says</summary>", "")
        yield from _table(
            ("Where", "Is", "Should be", "Asked for by"), (_check(c)[1:5] for c in right)
        )
        yield from ("", "</details>")


def _check(item: Check) -> tuple[str, ...]:
    return (
        "**unknown**" if item.ok is None else "wrong",
        _code(item.address) + (" (simulated)" if item.simulated else ""),
        escape(item.got),
        escape(item.expected),
        escape(str(item.provenance)) if item.provenance else "",
        _repair(item.remedy),
    )


def _proofs(report: Report) -> Iterator[str]:
    rows = (
        (escape(item.system), escape(item.name), f"{item.good} / {item.total}", f"{item.ms:.0f} ms")
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


def _history(report: Report) -> Iterator[str]:
    history, points = report.history, trend(report)[-DRAWN:]
    if history is None or len(points) < 2:  # noqa: PLR2004 - one point is no trend
        return
    yield from ("", "## History", "")
    days = f"{day(points[0].when)} to {day(points[-1].when)}"
    yield f"`{spark(points)}` {len(points)} runs, {escape(days)}; a run that is `?` was incomplete"
    if history.seconds_to_repair is not None:
        mean = duration(history.seconds_to_repair)
        yield from ("", f"{history.repaired:,} repaired, after {mean} on average")
    if history.flapping:
        rows = ((_code(address), str(times)) for address, times in history.flapping)
        yield from ("", *_table(("Keeps coming back", "Times"), rows))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def escape(text: str) -> str:
    """Return text that Markdown shows as it is. A bar is an entity: in a table no escape is sure."""
    return _MARKUP.sub(r"\\\1", printable(text)).replace("|", "&#124;")


def _code(text: str) -> str:
    """Return a code span: backticks need a longer fence, and a bar needs the HTML tag."""
    shown = printable(text)
    if "|" in shown or not shown.strip():
        return f"<code>{escape(text)}</code>"
    fence = "`" * (max((len(run) for run in re.findall("`+", shown)), default=0) + 1)
    pad = " " if shown[0] in " `" or shown[-1] in " `" else ""
    return f"{fence}{pad}{shown}{pad}{fence}"
