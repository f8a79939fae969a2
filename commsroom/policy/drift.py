"""drift.yml: how much a difference matters, what may be repaired without asking, when, and what is kept.

The file may be left out: everything then weighs as its kind does, and nothing is repaired alone.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final, Literal

from pydantic import Field

from commsroom.policy.base import Section
from commsroom.policy.globs import named
from commsroom.policy.scalars import DayRange, Duration, FieldName, Glob, Minute

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from zoneinfo import ZoneInfo

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_AHEAD: Final = 8  # days; a window returns within a week

#: What rules may name: the kinds of a report's findings, and the checks of an inspection. What is
#: unknown is not among them: it always weighs as it does.
FindingKind = Literal[
    "drift", "missing", "extra", "unowned", "sealed", "foreign", "unsupported", "server",
    "overdue", "check",
]  # fmt: skip


class SeverityRule(Section):
    """What a difference weighs. The first rule that names it decides; a finding weighs as its heaviest field."""

    address: Glob = Field(default="*", description="Glob over addresses, e.g. pbx1:voicemail/*")
    kinds: tuple[FindingKind, ...] = Field(
        default=(), description="Only findings of these kinds; none named: of every kind"
    )
    fields: tuple[FieldName, ...] = Field(
        default=(), description="Only these fields; none named: every field, and what has none"
    )
    severity: Literal["error", "warning", "note"] = Field(
        description="An error makes the check end with 2; a warning is told; a note only listed"
    )

    def names(self, address: str, kind: str, field: str = "") -> bool:
        """Tell whether this rule is about a field (`""`: the object whole) of what was found."""
        return (
            (not self.kinds or kind in self.kinds)
            and (not self.fields or field in self.fields)
            and named(address, self.address)
        )


class FixRule(Section):
    """What `drift --fix` may repair alone: only objects of which every difference is named by a rule.

    Never anything protected, anything acknowledged by an exception, or the removal of what holds
    somebody's data; never what is not ours.
    """

    address: Glob = Field(description="Glob over addresses, e.g. im1:member/*")
    kinds: tuple[Literal["drift", "missing", "extra"], ...] = Field(
        default=("drift",),
        min_length=1,
        description="`drift` writes fields again, `missing` makes the object, `extra` takes away a right"
        " (a grant, a membership) that policy no longer gives",
    )
    fields: tuple[FieldName, ...] = Field(
        default=(), description="Only these fields of `drift`; none named: every field"
    )

    def names(self, address: str, kind: str, field: str = "") -> bool:
        """Tell whether this rule lets a field of what was found be repaired."""
        return (
            kind in self.kinds
            and (kind != "drift" or not self.fields or field in self.fields)
            and named(address, self.address)
        )


class Window(Section):
    """A span of every named day in which `--fix` may work, in the company's time zone.

    One that ends before it begins passes midnight and belongs to the day on which it opens.
    """

    days: tuple[DayRange, ...] = Field(
        default=("mon-sun",), min_length=1, description="Days or ranges: [mon-fri, sun]"
    )
    opens: Minute = Field(alias="from", description='Opens at, e.g. "22:00"')
    closes: Minute = Field(alias="to", description='Closes at, e.g. "05:00"; 24:00 is midnight')

    def spans(self, first: date, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
        """Yield the spans that open on `first` and the days after it, for a little over a week."""
        wanted = {day for name in self.days for day in _span(name)}
        for number in range(_AHEAD + 1):
            day = first + timedelta(days=number)
            if DAYS[day.weekday()] in wanted:
                over = self.closes <= self.opens
                yield _at(day, self.opens, zone), _at(day + timedelta(days=over), self.closes, zone)


class Keeping(Section):
    """How long runs are remembered; findings that still stand are never forgotten."""

    retention: Duration = Field(
        default=timedelta(days=400), description="Older runs and repaired findings are forgotten"
    )
    every_run: Duration = Field(
        default=timedelta(days=30), description="Of older days only the last run is kept"
    )


class Drift(Section):
    """drift.yml."""

    severity: tuple[SeverityRule, ...] = Field(
        default=(), description="In order: the first that names a difference decides"
    )
    fix: tuple[FixRule, ...] = Field(default=(), description="What `drift --fix` may repair alone")
    windows: tuple[Window, ...] = Field(
        default=(), description="When `drift --fix` may work; none: always"
    )
    history: Keeping = Keeping()


def is_open(windows: Iterable[Window], now: datetime, zone: ZoneInfo) -> bool:
    """Tell whether `now` lies in one of the windows; without any, always."""
    known = tuple(windows)
    yesterday = now.astimezone(zone).date() - timedelta(days=1)
    spans = (span for window in known for span in window.spans(yesterday, zone))
    return not known or any(opens <= now < closes for opens, closes in spans)


def next_opening(windows: Iterable[Window], now: datetime, zone: ZoneInfo) -> datetime:
    """Return when the next of the windows opens (UTC)."""
    today = now.astimezone(zone).date()
    spans = (span for window in windows for span in window.spans(today, zone))
    return min(opens for opens, closes in spans if opens > now and closes > opens)


def _span(name: str) -> Iterator[str]:
    first, last = name[:3], name[-3:]
    start = DAYS.index(first)
    length = (DAYS.index(last) - start) % len(DAYS) + 1
    return (DAYS[(start + number) % len(DAYS)] for number in range(length))


def _at(day: date, minute: str, zone: ZoneInfo) -> datetime:
    """Return a wall clock's time as an instant (UTC; one that is skipped that day: an hour on)."""
    late = minute == "24:00"
    clock = time() if late else time.fromisoformat(minute)
    return datetime.combine(day + timedelta(days=late), clock, zone).astimezone(UTC)
