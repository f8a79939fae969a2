"""Text about checks: summed up by system and name, and each that is not as policy says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commsroom.reports.lines import Line, Span, Style, because, label, line, plain
from commsroom.reports.tally import Standing, checked, is_command, tallies
from commsroom.reports.text.findings import acknowledged_text, since_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from commsroom.estate.inspection import Check
    from commsroom.reports.tally import Tally


def check_lines(checks: Sequence[Check], *, full: bool = False, when: str = "") -> Iterator[Line]:
    """Yield a line per system and name; what is not as policy says in full, with `full` all."""
    simulated = {check.system for check in checks if check.simulated}
    sums = tallies(checks)
    place = max((len(item.system) for item in sums), default=0)
    width = max((len(item.name) for item in sums), default=0)
    for item in sums:
        yield line(
            f"{item.system:<{place}}  {item.name:<{width}}  ",
            Span(tally_text(item), _mood(item)),
            *label(item.system, simulated),
        )
    for check in checks:
        if full or check.ok is not True:
            yield from _each(check, when)


def tally_text(item: Tally) -> str:
    """Say how many are as policy says, and how many could not be told."""
    unknown = f", {item.unknown:,} unknown" if item.unknown else ""
    return f"{item.good:,} of {item.total:,} as policy says{unknown}"


def check_text(check: Check, *, when: str = "") -> str:
    """Return one check as plain text; with the report's `when` its age is said too."""
    return "\n".join(plain(content).strip() for content in _each(check, when))


def _mood(item: Tally) -> Style:
    if item.whole:
        return Style.GOOD
    return Style.BAD if item.good + item.unknown < item.total else Style.DOUBT


def _each(check: Check, when: str) -> Iterator[Line]:
    mark, style = {
        Standing.GOOD: ("✓", Style.GOOD),
        Standing.ERROR: ("✗", Style.BAD),
    }.get(checked(check), ("?", Style.DOUBT))
    told = {True: f"is {check.got}", None: f"unknown: {check.got}; should be {check.expected}"}.get(
        check.ok, f"is {check.got}, should be {check.expected}"
    )
    simulation = label(check.system, {check.system} if check.simulated else ())
    yield line(
        "  ",
        Span(mark, style),
        f" {check.address}  {told}",
        *because(check.provenance),
        *simulation,
    )
    if check.since and check.ok is not True:
        yield line("      ", since_text(check.since, when))
    if check.acknowledged is not None and check.ok is not True:
        said = acknowledged_text(check.acknowledged)
        yield line("      ", Span("exception: ", Style.QUIET), said)
    if check.remedy and check.ok is not True:
        style = Style.COMMAND if is_command(check.remedy) else Style.PLAIN
        yield line("      ", Span("repair: ", Style.QUIET), Span(check.remedy, style))
