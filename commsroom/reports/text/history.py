"""Text about the past: the trend in one line, how fast repairs are, and what keeps coming back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from commsroom.reports.lines import Line, Span, Style, count, duration, line
from commsroom.reports.tally import day, trend

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from commsroom.reports.model import Point, Report

#: How many of the last runs the line draws: it must fit a narrow terminal.
DRAWN: Final = 24
#: How many addresses that keep coming back are named, unless asked for in full.
NAMED: Final = 5
_BARS: Final = "▁▂▃▄▅▆▇█"


def history_lines(report: Report, *, full: bool = False) -> Iterator[Line]:
    """Yield the trend, the mean time to repair, and what comes and goes; nothing without history."""
    if report.history is None:
        return
    points = trend(report)[-DRAWN:]
    if len(points) > 1:
        yield line("trend     ", spark(points), Span(f"  {_said(points)}", Style.QUIET))
    if report.history.seconds_to_repair is not None:
        mean = duration(report.history.seconds_to_repair)
        yield line(f"repaired  {report.history.repaired:,}, after {mean} on average")
    flapping = report.history.flapping
    shown = flapping if full else flapping[:NAMED]
    for number, (address, times) in enumerate(shown):
        head = "flapping  " if number == 0 else "          "
        yield line(head, Span(address, Style.DOUBT), f" came back {count(times, 'time')}")
    if len(flapping) > len(shown):
        hidden = f"          and {len(flapping) - len(shown):,} more; --full lists them"
        yield line(Span(hidden, Style.QUIET))


def spark(points: Sequence[Point]) -> str:
    """Draw errors as bars; a run that could not see everything is `?`, however few it found."""
    most = max((point.errors for point in points), default=0)
    return "".join(
        "?" if point.unknown else _BARS[-(-point.errors * (len(_BARS) - 1) // max(most, 1))]
        for point in points
    )


def _said(points: Sequence[Point]) -> str:
    most = max(point.errors for point in points)
    blind = sum(point.unknown > 0 for point in points)
    doubt = f", {count(blind, 'run')} incomplete (?)" if blind else ""
    span = f"{day(points[0].when)} to {day(points[-1].when)}"
    return (
        f"{count(len(points), 'run')}, {span}: {points[-1].errors:,} now, at most {most:,}{doubt}"
    )
