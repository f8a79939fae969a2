"""A report as the ledger remembers it, and a span of time as people write it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from commsroom.app import remembering
from commsroom.errors import UsageError
from commsroom.estate.inspection import Check
from commsroom.reports.difference import Difference
from commsroom.reports.model import Acknowledged, Finding, FindingKind, Report

AT = "2026-11-25T18:00:00.000000Z"
BOTH = frozenset({"accounts", "servers"})


def finding(kind, address, system, *fields, **more):
    differences = tuple(Difference(name) for name in fields)
    named = {"kind": FindingKind(kind), "address": address, "system": system}
    return Finding(**named, differences=differences, **more)


def as_run(*findings, parts=BOTH, checks=()):
    report = Report(title="x", estate="x", when="", findings=findings, checks=checks)
    return remembering.as_run(report, frozenset(parts), AT)


def test_each_field_is_remembered_by_itself_and_never_its_values():
    secret = Difference("secret:password", "expected-canary", "actual-canary")
    item = Finding(
        kind=FindingKind.DRIFT,
        address="im1:account/a",
        system="im1",
        differences=(secret, Difference("suspended", "canary", "canary")),
    )
    run = as_run(item)
    assert [found.aspect for found in run.seen] == ["secret:password", "suspended"]
    assert "canary" not in repr(run)


def test_what_is_acknowledged_is_remembered_as_a_note():
    item = finding("drift", "a:b/c", "a", "x", acknowledged=Acknowledged("L1", "why", "2026-12-31"))
    assert as_run(item).counts() == {"errors": 0, "warnings": 0, "unknown": 0}


def test_a_system_that_could_not_be_read_hides_all_parts_of_it():
    run = as_run(finding("unknown", "pbx1", "pbx1"))
    assert run.unknown == {("accounts", "pbx1"), ("servers", "pbx1")}
    assert [item.part for item in run.seen] == ["accounts"]


def test_a_task_that_failed_hides_only_what_is_on_that_server():
    run = as_run(finding("unknown", "pbx1: Install", "pbx1"))
    assert run.unknown == {("servers", "pbx1")}
    assert [item.part for item in run.seen] == ["servers"]


def test_a_play_that_ended_early_hides_all_servers():
    run = as_run(finding("unknown", "site.yml", "site.yml"))
    assert run.unknown == {("servers", "")}


def test_an_inspection_speaks_of_checks_only():
    def check(ok, place):
        return Check(system="m", name="disk", place=place, expected="", got="", ok=ok)

    checks = (check(False, "/"), check(None, "/var"), check(True, "/tmp"))
    run = as_run(finding("unknown", "pbx1", "pbx1"), parts={"inspection"}, checks=checks)
    assert [(item.part, item.address) for item in run.seen] == [
        ("inspection", "pbx1"),
        ("inspection", "m:disk//"),
    ]
    assert run.undecided == {("inspection", "m:disk//var")}


def test_exceptions_have_dates_of_their_own():
    assert as_run(finding("exception", "pbx1:*", "pbx1")).seen == ()


NOW = datetime(2026, 11, 25, 18, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7d", "2026-11-18T18:00:00.000000Z"),
        ("12h", "2026-11-25T06:00:00.000000Z"),
        ("2026-11-24", "2026-11-23T16:00:00.000000Z"),  # midnight in Taipei
        ("2026-11-27", None),
        ("2026-11-31", None),
        ("yesterday", None),
        ("99999999y", None),
        ("", None),
    ],
)
def test_a_span_is_a_date_at_the_company_or_so_long_ago(text, expected):
    if expected is None:
        with pytest.raises(UsageError, match="--since"):
            remembering.moment(text, "Asia/Taipei", NOW)
    else:
        assert remembering.moment(text, "Asia/Taipei", NOW) == expected


def test_only_what_is_new_is_left_and_what_is_unknown_in_any_case():
    old, new = "2026-11-17T00:00:00+00:00", "2026-11-19T00:00:00+00:00"
    report = Report(
        title="x", estate="x", when="",
        findings=(
            finding("drift", "a:b/old", "a", since=old),
            finding("drift", "a:b/new", "a", since=new),
            finding("drift", "a:b/never", "a"),
            finding("unknown", "p", "p", since=old),
        ),
    )  # fmt: skip
    left = remembering.newer(report, "2026-11-18T00:00:00.000000Z")
    assert [item.address for item in left.findings] == ["a:b/new", "a:b/never", "p"]
    assert left.exit_code == 4
