"""drift.yml and exceptions.yml: what they mean by default, when a window is open, how faults are told."""

from datetime import UTC, date, datetime, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commsroom import policy
from commsroom.policy import drift
from commsroom.policy.drift import DAYS, Drift, Window, is_open, next_opening

TAIPEI = ZoneInfo("Asia/Taipei")
BERLIN = ZoneInfo("Europe/Berlin")


def window(opens, closes, *days):
    return Window.model_validate({"days": days or ("mon-sun",), "from": opens, "to": closes})


def local(text, zone=TAIPEI):
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def test_an_estate_without_the_files_has_the_defaults(sample):
    for name in ("drift.yml", "exceptions.yml"):
        sample.file(name).unlink()
    found = sample.load()
    assert found.drift == Drift()
    assert found.exceptions.exceptions == ()
    assert policy.validate(sample.path).problems == ()


def test_a_file_with_nothing_but_comments_has_the_defaults_too(sample):
    for name in ("drift.yml", "exceptions.yml"):
        sample.file(name).write_text("---\n# nothing yet\n", "utf-8")
    assert sample.load().drift == Drift()
    sample.file("security.yml").write_text("---\n# nothing yet\n", "utf-8")
    assert sample.problems == ["policies/security.yml:1:1: the file is empty"]


def test_rules_may_name_every_kind_that_a_report_knows():
    from commsroom.reports.model import FindingKind

    named = set(get_args(drift.FindingKind))
    assert named - {"check"} == set(FindingKind) - {"unknown", "exception"}


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-27T19:59", False),  # a Friday
        ("2026-11-27T20:00", True),
        ("2026-11-28T05:59", True),  # Saturday morning still belongs to Friday's
        ("2026-11-28T06:00", False),
        ("2026-11-28T22:00", False),
        ("2026-11-30T05:00", False),  # Sunday opens none
    ],
)
def test_a_window_that_passes_midnight_belongs_to_the_day_it_opens(moment, expected):
    assert is_open([window("20:00", "06:00", "mon-fri")], local(moment), TAIPEI) is expected


def test_without_windows_it_is_always_open():
    assert is_open([], datetime.now(UTC), TAIPEI)


def test_days_may_be_a_range_round_the_end_of_the_week():
    weekend = window("00:00", "24:00", "sat-mon")
    open_on = [
        day
        for number, day in enumerate(DAYS)
        if is_open([weekend], local(f"2026-11-{23 + number}T12:00"), TAIPEI)
    ]
    assert open_on == ["mon", "sat", "sun"]


def test_the_next_opening_is_told_at_the_companys_own_time():
    found = next_opening([window("20:00", "06:00", "mon-fri")], local("2026-11-28T12:00"), TAIPEI)
    assert found == local("2026-11-30T20:00")


def test_the_night_the_clocks_are_set_back_is_an_hour_longer():
    night = [window("22:00", "05:00", "sat")]
    before, after = local("2026-10-25T01:30", BERLIN), local("2026-10-25T04:59", BERLIN)
    assert after - before == timedelta(hours=4, minutes=29)
    assert is_open(night, before, BERLIN)
    assert is_open(night, after, BERLIN)
    assert not is_open(night, after + timedelta(minutes=1), BERLIN)


@given(
    minutes=st.lists(
        st.tuples(st.integers(0, 1439), st.integers(0, 1439), st.sampled_from(DAYS)).filter(
            lambda item: item[0] != item[1]
        ),
        min_size=1,
        max_size=3,
    ),
    minute=st.integers(0, 365 * 24 * 60),
)
def test_whenever_none_is_open_the_next_opening_is_the_first_open_minute(minutes, minute):
    windows = [
        window(f"{a // 60:02}:{a % 60:02}", f"{b // 60:02}:{b % 60:02}", day)
        for a, b, day in minutes
    ]
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    opens = next_opening(windows, now, TAIPEI)
    assert now < opens <= now + timedelta(days=7)
    assert is_open(windows, opens, TAIPEI)
    if not is_open(windows, now, TAIPEI):
        between = (opens - now) * 0.5
        assert not is_open(windows, now + between, TAIPEI)


FAULTS = {
    "unknown key": (
        "drift.yml", "severity: note}", "severty: note}",
        ["policies/drift.yml:11:47: unknown key 'severty' (did you mean 'severity'?)"],
    ),
    "a window's own words": (
        "drift.yml", 'from: "20:00"', 'form: "20:00"',
        ["policies/drift.yml:24:23: unknown key 'form' (did you mean 'from'?)"],
    ),
    "no time of day": (
        "drift.yml", 'from: "20:00"', 'from: "8 pm"',
        ['policies/drift.yml:24:29: from: "8 pm" is not a time of day such as "22:00"'],
    ),
    "a window of no length": (
        "drift.yml", 'to: "06:00"', 'to: "20:00"',
        ["policies/drift.yml:24:29: the window never opens"],
    ),
    "a kind that is none": (
        "drift.yml", "kinds: [foreign]", "kinds: [forein]",
        ['policies/drift.yml:11:37: kinds, entry 1: "forein" is not valid (did you mean \'foreign\'?)'],
    ),
    "a duration": (
        "drift.yml", "retention: 400d", "retention: 400",
        ["policies/drift.yml:30:14: retention: 400 is not a duration: write 30d, 12h, 15m, 20s, 2w or 7y"],
    ),
    "fields of what is missing": (
        "drift.yml", "fields: [dialling_class]", "kinds: [missing], fields: [dialling_class]",
        ["policies/drift.yml:19:61: `fields` is about `drift` only (add it to `kinds`)"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FAULTS.values(), ids=FAULTS)
def test_a_fault_in_the_drift_policy_is_told_at_its_place(sample, case):
    file, old, new, expected = case
    sample.change(file, old, new)
    assert sample.problems == expected


ENTRY = """exceptions:
  - address: "pbx1:extension/2107"
    owner: {owner}
    reason: Osaka
    since: 2026-11-25
    until: {until}
"""


def test_an_exceptions_owner_is_somebody_of_the_roster(sample):
    sample.change(
        "exceptions.yml", "exceptions: []", ENTRY.format(owner="L999", until="2026-12-31")
    )
    assert len(sample.problems) == 1
    assert sample.problems[0].startswith(
        "policies/exceptions.yml:15:12: there is no person 'L999' in the roster"
    )


def test_an_exception_ends_after_it_began_on_a_date_that_exists(sample):
    entry = ENTRY.format(owner="L001", until="2026-11-24")
    sample.change("exceptions.yml", "exceptions: []", entry)
    assert sample.problems == [
        "policies/exceptions.yml:18:12: it ends before it begins, 2026-11-25"
    ]
    sample.change("exceptions.yml", "until: 2026-11-24", "until: 2026-11-31")
    assert sample.problems[0].startswith(
        "policies/exceptions.yml:18:12: until must be a date: 2026-11-24"
    )


def test_validate_warns_of_an_exception_that_is_over(sample):
    sample.change(
        "exceptions.yml", "exceptions: []", ENTRY.format(owner="L001", until="2026-12-31")
    )
    before, after = (
        [str(item) for item in policy.validate(sample.path, day).warnings]
        for day in (date(2026, 12, 31), date(2027, 1, 1))
    )
    assert not [line for line in before if "exceptions.yml" in line]
    assert [line for line in after if "exceptions.yml" in line] == [
        "policies/exceptions.yml:14:5: the exception for pbx1:extension/2107 ended on 2026-12-31"
    ]
