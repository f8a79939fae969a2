"""A zone's rule is what its clocks do, and comes back whole out of every vendor's words."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from commsroom.backends.phone import clocks, vendors
from commsroom.backends.phone.clocks import Clock, SummerTime, Turn, posix
from commsroom.backends.phone.writers import CannotWrite

NORTH = SummerTime(60, 120, Turn(3, 5, 0, 2 * 3600), Turn(10, 5, 0, 3 * 3600))
SOUTH = SummerTime(60, 660, Turn(10, 1, 0, 2 * 3600), Turn(4, 1, 0, 3 * 3600))


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("CST-8", Clock(480)),
        ("<+0545>-5:45", Clock(345)),
        ("CET-1CEST,M3.5.0,M10.5.0/3", Clock(60, NORTH)),
        ("AEST-10AEDT,M10.1.0,M4.1.0/3", Clock(600, SOUTH)),
        (
            "NST3:30NDT,M3.2.0,M11.1.0",
            Clock(-210, SummerTime(60, -150, Turn(3, 2, 0, 7200), Turn(11, 1, 0, 7200))),
        ),
        (
            "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
            Clock(-120, SummerTime(60, -60, Turn(3, 5, 0, -3600), Turn(10, 5, 0, 0))),
        ),
        ("EST5EDT", None),
        ("EST5EDT,J60,J300", None),
        ("", None),
    ],
)
def test_a_rule_is_read_as_posix_has_it(text, means):
    assert posix(text) == means


def test_a_zone_that_calls_its_winter_the_exception_is_like_its_neighbour():
    assert posix("IST-1GMT0,M10.5.0,M3.5.0/1") == posix("GMT0BST,M3.5.0/1,M10.5.0")


@pytest.mark.parametrize(
    "zone",
    ["Europe/Berlin", "Europe/Dublin", "America/St_Johns", "Australia/Lord_Howe", "America/Santiago",
     "Pacific/Chatham", "Asia/Jerusalem", "America/Nuuk"],
)  # fmt: skip
def test_clocks_turn_at_the_very_minute(zone):
    clock, there = clocks.clock(zone), ZoneInfo(zone)
    for year in (2026, 2031):
        begins = clock.summer.begins.of(year) - timedelta(minutes=clock.offset)
        ends = clock.summer.ends.of(year) - timedelta(minutes=clock.summer.offset)
        for moment in (begins, ends):
            for tried in (moment - timedelta(minutes=1), moment):
                real = tried.astimezone(there).utcoffset()
                assert real == timedelta(minutes=clock.minutes(tried))
        assert clock.minutes(begins) == clock.summer.offset
        assert clock.minutes(ends) == clock.offset


@pytest.mark.parametrize(
    "zone", ["Africa/Casablanca", "Africa/El_Aaiun"], ids=["Casablanca", "El Aaiun"]
)
def test_a_month_that_no_rule_says_is_refused(zone):
    with pytest.raises(CannotWrite, match=f"{zone} change by no rule"):
        clocks.clock(zone)


@pytest.mark.parametrize(
    "content", [b"", b"TZif", b"TZif1" + bytes(40), b"<html>\n\n", b"TZif2" + bytes(40)]
)
def test_a_file_without_a_rule_is_refused_by_name(content, tmp_path, monkeypatch):
    (tmp_path / "Europe").mkdir()
    (tmp_path / "Europe/Oslo").write_bytes(content)
    there = ZoneInfo("Europe/Oslo")
    monkeypatch.setattr(clocks.zoneinfo, "TZPATH", (str(tmp_path),))
    monkeypatch.setattr(clocks.zoneinfo, "ZoneInfo", lambda _: there)
    with pytest.raises(CannotWrite, match="Europe/Oslo change by no rule"):
        clocks.clock.__wrapped__("Europe/Oslo")


def turns(seconds):
    return st.builds(
        Turn, st.integers(1, 12), st.integers(1, clocks.LAST), st.integers(0, 6), seconds
    )


def rules(seconds):
    """Return rules of north and south, all with an hour: what every vendor can say."""
    return st.builds(
        lambda offset, begins, ends: SummerTime(60, offset, begins, ends),
        st.integers(-11 * 2, 14 * 2).map(lambda halves: halves * 30),
        turns(seconds),
        turns(seconds),
    )


@pytest.mark.parametrize("name", ["cisco", "grandstream", "poly", "snom", "yealink"])
@given(rule=rules(st.integers(0, 23).map(lambda hour: hour * 3600)))
@example(rule=NORTH)
@example(rule=SOUTH)
def test_a_rule_comes_back_whole_out_of_the_vendor_s_words(name, rule):
    words = vendors.vendor(name).summer(rule)
    assert READ[name](words, rule) == rule


@given(turn=turns(st.integers(-48, 72).map(lambda hour: hour * 3600)), year=st.integers(2026, 2060))
@example(turn=Turn(9, 1, 6, 24 * 3600), year=2026)
@example(turn=Turn(3, 4, 4, 26 * 3600), year=2027)
@example(turn=Turn(3, 5, 0, -3600), year=2028)
def test_cisco_is_told_the_same_moment_by_another_day_or_nothing(turn, year):
    try:
        rule = vendors.vendor("cisco").summer(SummerTime(60, 0, turn, turn))["rule"]
    except CannotWrite:
        return
    month, day, weekday, time = rule.removeprefix("start=").partition(";")[0].split("/")
    assert cisco_moment(year, int(month), int(day), int(weekday), time) == turn.of(year)


def cisco_moment(year, month, day, weekday, time):
    """Return the weekday on or after a day, as Cisco's guide has it; the last of the month for -1."""
    hours, minutes, seconds = (int(part) for part in time.split(":"))
    if day == -1:
        found = date(year + month // 12, month % 12 + 1, 1) - timedelta(1)
        while found.isoweekday() != weekday:
            found -= timedelta(1)
    else:
        found = date(year, month, day)
        while found.isoweekday() != weekday:
            found += timedelta(1)
    start = datetime(found.year, found.month, found.day, tzinfo=UTC)
    return start + timedelta(hours=hours, minutes=minutes, seconds=seconds)


def from_yealink(words, rule):
    def turn(text):
        month, week, weekday, hour = (int(part) for part in text.split("/"))
        return Turn(month, week, weekday % 7, hour * 3600)

    return SummerTime(int(words["offset"]), rule.offset, turn(words["start"]), turn(words["end"]))


def from_poly(words, rule):
    def turn(name):
        said = {key.removeprefix(f"{name}."): int(value) for key, value in words.items()}
        week = clocks.LAST if said["dayOfWeek.lastInMonth"] else said["date"] // 7 + 1
        return Turn(said["month"], week, said["dayOfWeek"] - 1, said["time"] * 3600)

    return SummerTime(60, rule.offset, turn("start"), turn("stop"))


def from_cisco(words, rule):
    def turn(text):
        month, day, weekday, time = text.split("/")
        hour, minute, second = (int(part) for part in time.split(":"))
        week = clocks.LAST if day == "-1" else int(day) // 7 + 1
        return Turn(int(month), week, int(weekday) % 7, hour * 3600 + minute * 60 + second)

    said = dict(part.split("=") for part in words["rule"].split(";"))
    hours, minutes, _ = (int(part) for part in said["save"].split(":"))
    saved = hours * 60 + minutes
    return SummerTime(saved, rule.offset, turn(said["start"]), turn(said["end"]))


def from_grandstream(words, rule):
    hours, minutes = divmod(abs(rule.offset - 60), 60)
    sign = "-" if rule.offset >= 60 else "+"
    return posix(f"LTZ{sign}{hours}:{minutes:02}{words['rule']}").summer


def from_snom(words, rule):
    numbers = [int(part) for part in re.split("[ .:]", words["rule"])]

    def turn(part):
        month, week, weekday, hour, minute, second = part
        return Turn(month, week, weekday % 7, hour * 3600 + minute * 60 + second)

    return SummerTime(numbers[0] // 60, rule.offset, turn(numbers[1:7]), turn(numbers[7:]))


READ = {
    "cisco": from_cisco,
    "grandstream": from_grandstream,
    "poly": from_poly,
    "snom": from_snom,
    "yealink": from_yealink,
}
