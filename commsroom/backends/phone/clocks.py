"""What a telephone's clock must know of a time zone: its offset, and the rule of its summer time.

Policy names a zone, telephones know none. The rule that is good from now on is the last line of the
zone's file (RFC 8536 §3.3), as POSIX has it in `TZ`; each maker's telephones take it in words of their own.
"""

from __future__ import annotations

import re
import zoneinfo
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from commsroom.backends.phone.writers import CannotWrite

#: A rule is held against these years of the zone: what is rendered must not change with the calendar.
_YEARS: Final = range(2026, 2036)
_DAY: Final = 24 * 3600
LAST: Final = 5
_NAME: Final = "(?:[A-Za-z]{3,}|<[A-Za-z0-9+-]{3,}>)"
_TIME: Final = r"[+-]?[0-9]{1,3}(?::[0-9]{2}){0,2}"
_TURN: Final = rf"M[0-9]{{1,2}}\.[1-5]\.[0-6](?:/{_TIME})?"
_TZ: Final = re.compile(rf"{_NAME}({_TIME})(?:{_NAME}({_TIME})?,({_TURN}),({_TURN}))?")


@dataclass(frozen=True, slots=True)
class Turn:
    """When clocks are turned, by the clock that shows until then.

    On the `week`-th `weekday` of a month (5 is the last, 0 a Sunday), `seconds` after its midnight:
    before it and beyond the day in some zones (Santiago's Saturday at 24:00).
    """

    month: int
    week: int
    weekday: int
    seconds: int

    def of(self, year: int) -> datetime:
        """Return the moment in a year, by that clock."""
        first = date(year, self.month, 1)
        # A weekday of the calendar counts from Monday, one of POSIX from Sunday.
        day = first + timedelta((self.weekday - first.isoweekday()) % 7, weeks=self.week - 1)
        if day.month != self.month:
            day -= timedelta(weeks=1)
        return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=self.seconds)

    @property
    def hour(self) -> int:
        """The hour of the day; raises CannotWrite where it is none of 0 to 23, or not a full one."""
        hour, rest = divmod(self.seconds, 3600)
        if rest or not 0 <= self.seconds < _DAY:
            raise CannotWrite(f"can be told full hours of the day only, not {_clock(self)}")
        return hour

    @property
    def time(self) -> tuple[int, int, int]:
        """Hour, minute and second of the day; raises CannotWrite where it is not within the day."""
        if not 0 <= self.seconds < _DAY:
            raise CannotWrite(f"can be told times of the day only, not {_clock(self)}")
        return self.seconds // 3600, self.seconds // 60 % 60, self.seconds % 60

    @property
    def from_monday(self) -> int:
        """The weekday from 1, a Monday, to 7."""
        return self.weekday or 7


@dataclass(frozen=True, slots=True)
class SummerTime:
    """A part of the year by clocks `saved` minutes ahead, `offset` from UTC; over New Year in the south."""

    saved: int
    offset: int
    begins: Turn
    ends: Turn


@dataclass(frozen=True, slots=True)
class Clock:
    """A zone's clocks: minutes from UTC, east positive and without summer time, and its rule if it has one."""

    offset: int
    summer: SummerTime | None = None

    def minutes(self, moment: datetime) -> int:
        """Return how far these clocks are from UTC at a moment."""
        if self.summer is None:
            return self.offset
        begins = self.summer.begins.of(moment.year) - timedelta(minutes=self.offset)
        ends = self.summer.ends.of(moment.year) - timedelta(minutes=self.summer.offset)
        northern = begins <= moment < ends
        southern = begins > ends and not ends <= moment < begins
        return self.summer.offset if northern or southern else self.offset


@cache
def clock(zone: str) -> Clock:
    """Return what a zone's clocks do.

    Raises CannotWrite: they change by no rule that is the same every year. Every day of ten years is
    looked at: Casablanca's are set for the month of Ramadan, which its rule does not say.
    """
    there = zoneinfo.ZoneInfo(zone)
    found = posix(_rule(zone))
    first = datetime(_YEARS[0], 1, 1, 12, tzinfo=UTC)
    for number in range((date(_YEARS[-1] + 1, 1, 1) - first.date()).days):
        moment = first + timedelta(number)
        real = moment.astimezone(there).utcoffset()
        if found is None or real != timedelta(minutes=found.minutes(moment)):
            raise CannotWrite(
                f"the clocks of {zone} change by no rule that is the same every year, "
                "and no telephone can be told of another"
            )
    assert found is not None  # noqa: S101 - for the type checker, the loop looked
    return found


def posix(text: str) -> Clock | None:
    """Read a rule as POSIX has it in `TZ`; None where it is none, or of a form no zone uses any more.

    Zones that call their winter the exception (Dublin) come out like all others: `offset` is winter's.
    """
    match = _TZ.fullmatch(text)
    if match is None:
        return None
    # POSIX counts the hours that are missing to UTC: west is positive.
    usual = -_seconds(match[1]) // 60
    if match[3] is None:
        return Clock(usual)
    other = -_seconds(match[2]) // 60 if match[2] else usual + 60
    there, back = _turn(match[3]), _turn(match[4])
    if other < usual:
        return Clock(other, SummerTime(usual - other, usual, begins=back, ends=there))
    return Clock(usual, SummerTime(other - usual, other, begins=there, ends=back))


def _turn(text: str) -> Turn:
    day, _, time = text.partition("/")
    month, week, weekday = (int(part) for part in day.removeprefix("M").split("."))
    return Turn(month, week, weekday, _seconds(time or "2"))


def _seconds(text: str) -> int:
    hours, minutes, seconds, *_ = [*(int(part) for part in text.lstrip("+-").split(":")), 0, 0]
    total = hours * 3600 + minutes * 60 + seconds
    return -total if text.startswith("-") else total


def _rule(zone: str) -> str:
    """Return the last line of a zone's file, from where Python itself looks for it; "" of one without."""
    for folder in zoneinfo.TZPATH:
        path = Path(folder, zone)
        if path.is_file():
            return _footer(path.read_bytes())
    try:
        return _footer(files("tzdata").joinpath("zoneinfo", zone).read_bytes())
    except (ModuleNotFoundError, OSError):
        return ""


def _footer(content: bytes) -> str:
    if not content.startswith(b"TZif") or content[4:5] < b"2" or not content.endswith(b"\n"):
        return ""
    return content.rsplit(b"\n", 2)[-2].decode("ascii", "replace")


def _clock(turn: Turn) -> str:
    sign, total = "-" if turn.seconds < 0 else "", abs(turn.seconds) // 60
    return f"{sign}{total // 60}:{total % 60:02}"
