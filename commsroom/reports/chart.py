"""The trend as bars: plain numbers for a page to draw, whatever their count and size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from commsroom.reports.lines import printable
from commsroom.reports.tally import day, trend

if TYPE_CHECKING:
    from collections.abc import Iterator

    from commsroom.reports.model import Point, Report

#: Units of the drawing: a run's share of the width, its bar in that, and the height of all.
STEP: Final = 10
BAR: Final = 7
HEIGHT: Final = 100
#: The least height of what is there at all: one error of a thousand is still seen, and so are the
#: stripes of one unknown.
_LEAST: Final = 3
_STRIPED: Final = 9


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a run's bar: what it counts, and where it stands."""

    kind: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One run: when it was, what it found, and the parts of its bar from the ground up."""

    when: str
    point: Point
    x: float
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """All runs, oldest first; `most` is what the full height stands for."""

    bars: tuple[Bar, ...]
    most: int

    @property
    def width(self) -> int:
        """Return the width of the drawing in its own units."""
        return STEP * len(self.bars)

    @property
    def incomplete(self) -> int:
        """Count the runs that could not see everything."""
        return sum(bar.point.unknown > 0 for bar in self.bars)


def chart(report: Report) -> Chart | None:
    """Return the trend to draw; None where there is none: one run has no direction."""
    points = trend(report)
    if len(points) < 2:  # noqa: PLR2004 - see above
        return None
    most = max(1, *(point.errors + point.warnings + point.unknown for point in points))
    bars = tuple(
        Bar(
            printable(_minute(point.when)),
            point,
            number * STEP + (STEP - BAR) / 2,
            tuple(_parts(point, most)),
        )
        for number, point in enumerate(points)
    )
    return Chart(bars, most)


def _parts(point: Point, most: int) -> Iterator[Part]:
    """Yield a bar's parts; a run that found nothing and saw all is a line on the ground."""
    counts = {"error": point.errors, "warning": point.warnings, "unknown": point.unknown}
    ground = float(HEIGHT)
    for kind, number in counts.items():
        if number:
            least = _STRIPED if kind == "unknown" else _LEAST
            height = max(number / most * (HEIGHT - _STRIPED - 2 * _LEAST), least)
            ground -= height
            yield Part(kind, round(ground, 2), round(height, 2))
    if not any(counts.values()):
        yield Part("good", HEIGHT - _LEAST, _LEAST)


def _minute(when: str) -> str:
    """Write a time to the minute, as people read it."""
    known = day(when)
    return f"{known} {when[11:16]}" if known != when else when
