"""Dates have an end; policy read for the last of them, with the longest times, is still policy."""

from datetime import date, timedelta

import pytest

from commsroom import policy
from commsroom.policy import allocations
from commsroom.policy.calendar import later
from commsroom.policy.scalars import duration

LAST = date(9999, 12, 31)


def test_the_last_day_has_none_after_it():
    assert later(date(2026, 1, 31), timedelta(days=1)) == date(2026, 2, 1)
    assert later(LAST, timedelta(0)) == LAST
    assert later(LAST, duration("200y")) == LAST


@pytest.mark.parametrize("day", [LAST, date(1, 1, 1), date(9800, 1, 1)])
def test_the_longest_times_overflow_on_no_day(sample, day):
    text = sample.file("security.yml").read_text("utf-8")
    lines = [
        "retention: 200y" if line.startswith("retention:") else line for line in text.split("\n")
    ]
    lines = ["quarantine: 200y" if line.startswith("quarantine:") else line for line in lines]
    sample.file("security.yml").write_text("\n".join(lines), "utf-8")
    sample.change("people.csv", "2022-05-16,,", "2022-05-16,2199-12-31,")
    with sample.file("allocations.lock").open("a", encoding="utf-8") as lock:
        lock.write("Y900 gone.one 2150 taipei 2026-01-01 -\n")
        lock.write("Y901 gone.two 2151 taipei 2026-01-01 9999-12-31\n")
    assert policy.validate(sample.path, day).problems == ()
    loaded = sample.load()
    allocations.propose(loaded.people, allocations.load(sample.path), loaded, day)


@pytest.mark.parametrize("text", ["200y", "73000d", "00000000000000000000200y"])
def test_the_longest_time_is_two_hundred_years(text):
    assert duration(text) == timedelta(days=73000)


@pytest.mark.parametrize("text", ["201y", "73001d", "9" * 10_000 + "s"])
def test_longer_is_too_long(text):
    with pytest.raises(ValueError, match="too long: at most 200y"):
        duration(text)
