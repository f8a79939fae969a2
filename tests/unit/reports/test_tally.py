"""What every form counts the same way, and the past it tells of."""

from dataclasses import replace

import pytest

from commsroom.estate.inspection import Check
from commsroom.reports import tally, text
from commsroom.reports.chart import HEIGHT, chart
from commsroom.reports.lines import duration
from commsroom.reports.model import Acknowledged, Finding, FindingKind, History, Point, Report
from commsroom.reports.tally import Standing, Tally
from commsroom.reports.text.findings import since_text
from commsroom.reports.text.history import spark

WHEN = "2026-11-24T02:00:00+00:00"


def check(ok, name="disk"):
    return Check(system="mail1", name=name, place="/var", expected="80 %", got="95 %", ok=ok)


def test_checks_are_summed_up_by_system_and_name():
    seen = (check(True), check(None), check(False), check(True, "clock"))
    assert tally.tallies(seen) == (
        Tally("mail1", "clock", 1, 0, 1),
        Tally("mail1", "disk", 1, 1, 3),
    )


def test_everything_counts_in_exactly_one_way(rich_report):
    report = rich_report(100, 80)
    counted = tally.counted(report)
    assert sum(counted.values()) == 180
    assert all(counted[kind] for kind in Standing)


@pytest.mark.parametrize(
    ("since", "said"),
    [
        (WHEN, "since 2026-11-24, new"),
        ("2026-11-24T01:00:00+00:00", "since 2026-11-24, today"),
        ("2026-11-23T23:00:00+00:00", "since 2026-11-23, 1 day"),
        ("2026-11-12T08:00:00+08:00", "since 2026-11-12, 12 days"),
        ("2026-11-12", "since 2026-11-12, 12 days"),
        ("long ago", "since long ago"),
    ],
)
def test_an_age_is_said_in_days_of_utc(since, said):
    assert since_text(since, WHEN) == said


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        (4, "4.0 s"),
        (90, "2 min"),
        (22_320, "6 h 12 min"),
        (86_400, "1 day"),
        (273_600, "3 days 4 h"),
    ],
)
def test_a_long_time_is_said_in_its_two_largest_units(amount, said):
    assert duration(amount) == said


def test_this_run_is_the_last_of_the_trend_once():
    earlier = Point("2026-11-23T02:00:00+00:00", 3, 0, 0)
    report = Report(title="Drift", estate="x", when=WHEN, checks=(check(False), check(None)))
    present = Point(WHEN, 1, 0, 1)
    for known in ((earlier,), (earlier, present)):
        shown = tally.trend(replace(report, history=History(known)))
        assert shown == (earlier, present)


def test_an_incomplete_run_is_never_drawn_as_a_good_one():
    points = (Point("", 0, 0, 0), Point("", 0, 0, 1), Point("", 7, 0, 0))
    assert spark(points) == "▁?█"
    drawn = chart(Report(title="", estate="", when="", history=History(points)))
    assert [[part.kind for part in bar.parts] for bar in drawn.bars[:3]] == [
        ["good"],
        ["unknown"],
        ["error"],
    ]


def test_a_bar_stands_on_the_ground_and_never_leaves_the_drawing():
    points = tuple(Point("", 1000 * n, n % 3, n % 2) for n in range(9))
    for bar in chart(Report(title="", estate="", when="", history=History(points))).bars:
        ground = HEIGHT
        for part in bar.parts:
            assert part.y + part.height == pytest.approx(ground, abs=0.02)
            assert part.y >= 0
            ground = part.y


def test_one_run_has_no_trend():
    assert chart(Report(title="", estate="", when="", history=History())) is None
    assert chart(Report(title="", estate="", when="")) is None


def test_the_past_is_told_in_three_lines(rich_report):
    shown = text.report_text(rich_report())
    assert "trend     ▄▃??▅▃▁▃" in shown
    assert "24 runs, 2026-11-01 to 2026-11-24: 27 now, at most 27, 3 runs incomplete (?)" in shown
    assert "repaired  14, after 6 h 12 min on average" in shown
    assert "flapping  pbx1:extension/2107 came back 4 times" in shown


def test_what_fix_may_repair_is_told_but_not_of_exceptions():
    kept = Acknowledged("li.na", "ordered", "2026-12-31")
    phone = Finding(kind=FindingKind.DRIFT, address="pbx1:extension/1", system="pbx1", fixable=True)
    found = (phone, replace(phone, address="pbx1:extension/2", acknowledged=kept))
    report = Report(title="Drift", estate="x", when=WHEN, findings=found)
    shown = text.report_text(report)
    assert shown.count("commsroom drift --fix may repair it") == 1
    assert shown.endswith("Drift: 1 different (1 exception aside); drift --fix may repair 1.\n")
