"""What policy makes of findings: weights by field, exceptions for exactly what they name, repairs alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import pytest

from commsroom.app import judging
from commsroom.errors import Exit
from commsroom.estate.inspection import Check
from commsroom.estate.kinds import Account, Extension, Member
from commsroom.estate.plan import Known
from commsroom.estate.resource import Action, Address, Change, Resource
from commsroom.policy.drift import Drift
from commsroom.policy.exceptions import Exceptions
from commsroom.policy.sources import Sources
from commsroom.reports.difference import Difference
from commsroom.reports.model import Finding, FindingKind, Report, Severity

TODAY = date(2026, 11, 25)
WHOLE = frozenset({judging.ACCOUNTS})
PHONE = "pbx1:extension/2107"


def policy(*exceptions, severity=(), fix=()):
    places = {("exceptions", "exceptions", index): (index + 3, 5) for index in range(9)}
    held = [{"owner": "L1", "reason": "why", "until": "2026-12-31", **item} for item in exceptions]
    return SimpleNamespace(
        drift=Drift.model_validate_json(_json({"severity": severity, "fix": fix})),
        exceptions=Exceptions.model_validate_json(_json({"exceptions": held})),
        sources=Sources(places, {"exceptions": "policies/exceptions.yml"}, {}),
    )


def _json(content):
    import json

    return json.dumps(content)


def finding(address=PHONE, *fields, kind=FindingKind.DRIFT):
    differences = tuple(Difference(name, "a", "b") for name in fields)
    return Finding(
        kind=kind, address=address, system=address.partition(":")[0], differences=differences
    )


def judged(rules, *findings, checks=(), looked_at=WHOLE, day=TODAY):
    report = Report(title="Drift", estate="x", when="", findings=findings, checks=checks)
    return judging.judge(report, rules, day, looked_at=looked_at)


def told(report):
    return [
        (str(item.severity), item.address, tuple(found.name for found in item.differences))
        for item in report.findings
    ]


# ── weight ──────────────────────────────────────────────────────────────────────────────────


def test_without_rules_everything_weighs_as_its_kind_does():
    found = judged(
        policy(), finding(PHONE, "title"), finding("im1:room/x", kind=FindingKind.FOREIGN)
    )
    assert [severity for severity, *_ in told(found)] == ["error", "warning"]


def test_the_first_rule_that_names_a_difference_decides():
    rules = policy(
        severity=[
            {"address": "pbx1:*", "fields": ["title"], "severity": "note"},
            {"address": "pbx1:*", "severity": "warning"},
        ]
    )
    assert told(judged(rules, finding(PHONE, "title")))[0][0] == "note"
    assert told(judged(rules, finding(PHONE, "number")))[0][0] == "warning"
    assert told(judged(rules, finding("im1:account/x", "title")))[0][0] == "error"


def test_a_finding_weighs_as_its_heaviest_field():
    rules = policy(severity=[{"fields": ["title"], "severity": "note"}])
    found = judged(rules, finding(PHONE, "title", "dialling_class"))
    assert told(found) == [("error", PHONE, ("title", "dialling_class"))]


def test_a_rule_about_fields_says_nothing_about_the_object_whole():
    rules = policy(severity=[{"fields": ["title"], "severity": "note"}])
    assert told(judged(rules, finding(PHONE, kind=FindingKind.MISSING)))[0][0] == "error"


def test_what_is_foreign_may_be_made_an_error():
    rules = policy(severity=[{"kinds": ["foreign"], "severity": "error"}])
    assert judged(rules, finding("im1:account/x", kind=FindingKind.FOREIGN)).exit_code == 2


def test_what_is_unknown_weighs_as_it_does_whatever_policy_says():
    rules = policy({"address": "*"}, severity=[{"severity": "note"}])
    found = judged(rules, finding("pbx1", kind=FindingKind.UNKNOWN))
    assert (found.findings[0].severity, found.findings[0].acknowledged) == (Severity.ERROR, None)
    assert found.exit_code is Exit.INCOMPLETE


# ── exceptions ──────────────────────────────────────────────────────────────────────────────


def test_an_exception_acknowledges_exactly_its_fields():
    rules = policy({"address": PHONE, "fields": ["dialling_class"]})
    found = judged(rules, finding(PHONE, "dialling_class", "display_name"))
    assert told(found) == [
        ("error", PHONE, ("display_name",)),
        ("note", PHONE, ("dialling_class",)),
    ]
    assert found.findings[1].acknowledged.owner == "L1"
    assert found.exit_code == 2


def test_beside_what_an_exception_covers_stands_no_command_that_would_undo_the_decision():
    rules = policy({"address": PHONE, "fields": ["dialling_class"]})
    whole = replace(finding(PHONE, "dialling_class", "display_name"), remedy="commsroom apply x")
    left, covered = judged(rules, whole).findings
    assert (left.remedy, covered.remedy) == ("commsroom apply x", "")


def test_what_is_covered_is_no_difference():
    rules = policy({"address": "pbx1:extension/*"})
    found = judged(rules, finding(PHONE, "title"), finding(PHONE, kind=FindingKind.MISSING))
    assert {item.severity for item in found.findings} == {Severity.NOTE}
    assert found.exit_code == 0


def test_an_exception_about_fields_does_not_cover_the_object_whole():
    rules = policy({"address": PHONE, "fields": ["title"]})
    assert judged(rules, finding(PHONE, kind=FindingKind.MISSING)).exit_code == 2


@pytest.mark.parametrize(
    ("day", "code"), [("2026-11-30", 2), ("2026-12-01", 0), ("2026-12-31", 0), ("2027-01-01", 2)]
)
def test_an_exception_holds_from_its_first_day_to_its_last(day, code):
    rules = policy({"address": PHONE, "since": "2026-12-01"})
    found = judged(rules, finding(PHONE, "title"), day=date.fromisoformat(day))
    assert found.exit_code == code


def test_an_expired_exception_reappears_and_is_named_with_its_line():
    found = judged(policy({"address": PHONE, "until": "2026-11-24"}), finding(PHONE, "title"))
    assert [(item.severity, item.kind) for item in found.findings] == [
        (Severity.ERROR, FindingKind.DRIFT),
        (Severity.WARNING, FindingKind.EXCEPTION),
    ]
    assert str(found.findings[1].provenance) == "policies/exceptions.yml:3"


def test_an_address_written_out_names_itself_brackets_and_all():
    odd = "mail1:list/[all]@x"
    assert judged(policy({"address": odd}), finding(odd, "members")).exit_code == 0


def idle(report):
    return [item.address for item in report.findings if item.kind is FindingKind.EXCEPTION]


@pytest.mark.parametrize(
    ("glob", "looked_at", "told_of"),
    [
        (PHONE, {"accounts"}, True),
        (PHONE, {"inspection"}, False),
        ("mail1:certificate/*", {"accounts", "servers"}, False),
        ("mail1:certificate/*", {"inspection"}, True),
        ("mail1: Install the packages", {"accounts"}, False),
        ("mail1: Install the packages", {"accounts", "servers"}, True),
        ("mail1:*", {"accounts", "servers"}, False),
        ("*:[me]*/x", {"accounts", "servers", "inspection"}, True),
        (PHONE, None, False),
    ],
)
def test_an_exception_nothing_needs_is_a_note_where_that_can_be_told(glob, looked_at, told_of):
    looked = None if looked_at is None else frozenset(looked_at)
    found = judged(policy({"address": glob}), looked_at=looked)
    assert idle(found) == ([glob] if told_of else [])
    assert found.exit_code == 0


@pytest.mark.parametrize("glob", [PHONE, "*:extension/2107", "p*:extension/1", "*"])
def test_an_exception_about_a_system_that_is_unknown_is_not_called_idle(glob):
    found = judged(policy({"address": glob}), finding("pbx1", kind=FindingKind.UNKNOWN))
    assert idle(found) == []


def test_a_failed_check_goes_by_the_same_rules():
    rules = policy(
        {"address": "mail1:queue/*"},
        severity=[{"address": "*:disk/*", "kinds": ["check"], "severity": "warning"}],
    )

    def check(name, ok):
        return Check(system="mail1", name=name, place="x", expected="a", got="b", ok=ok)

    checks = [check("queue", False), check("disk", False), check("queue", True)]
    found = judged(rules, checks=tuple(checks), looked_at=frozenset({"inspection"}))
    weights = [item.severity for item in found.checks]
    assert weights == [Severity.NOTE, Severity.WARNING, Severity.NOTE]
    assert found.exit_code == 0
    worse = judged(rules, checks=(*checks, check("certificate", False)))
    assert worse.exit_code == 2
    assert judged(rules, checks=(check("queue", None),)).exit_code == 4


# ── repair ──────────────────────────────────────────────────────────────────────────────────

HERE = Resource(Address.parse(PHONE), Extension(display_name="a", dialling_class="national"))
MEMBER = Resource(Address.parse("im1:member/all/ann"), Member(affiliation="member"))
ACCOUNT = Resource(Address.parse("im1:account/ann"), Account(display_name="Ann"))


def update(*fields, before=HERE):
    return Change(Action.UPDATE, before.address, before, before, fields)


ALL = [{"address": "*", "kinds": ["drift", "missing", "extra"]}]


def may(change, rules, known=None):
    return judging.may_fix(change, rules, known or Known(), TODAY)


def test_nothing_is_repaired_alone_unless_policy_says_so():
    assert not may(update("dialling_class"), policy())


def test_a_change_is_made_only_when_rules_name_every_field_of_it():
    rules = policy(fix=[{"address": "pbx1:*", "fields": ["dialling_class"]}])
    assert may(update("dialling_class"), rules)
    assert not may(update("dialling_class", "display_name"), rules)


def test_what_an_exception_covers_is_left_alone_with_its_whole_object():
    rules = policy({"address": PHONE, "fields": ["display_name"]}, fix=ALL)
    assert may(update("dialling_class"), rules)
    assert not may(update("dialling_class", "display_name"), rules)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (Change(Action.CREATE, HERE.address, None, HERE), True),
        (Change(Action.DELETE, MEMBER.address, MEMBER, None), True),
        (Change(Action.DELETE, ACCOUNT.address, ACCOUNT, None), False),
        (Change(Action.DELETE, HERE.address, HERE, None), False),
        (Change(Action.ADOPT, HERE.address, HERE, HERE), False),
        (update("title", before=replace(HERE, protected=True)), False),
    ],
    ids=["make", "take a right", "delete account", "delete phone", "adopt", "protected"],
)
def test_policy_cannot_allow_what_is_never_repaired_alone(change, expected):
    assert may(change, policy(fix=ALL)) is expected


def test_what_was_once_protected_is_never_repaired_alone():
    known = Known(protected=frozenset({HERE.address}))
    assert not may(update("title"), policy(fix=ALL), known)


def test_only_what_is_to_be_repaired_is_marked():
    report = Report(
        title="x", estate="x", when="", findings=(finding(PHONE, "a"), finding("pbx1:list/x", "a"))
    )
    found = judging.judge(report, policy(), TODAY, fixable=frozenset({PHONE}))
    assert {item.address: item.fixable for item in found.findings} == {
        PHONE: True, "pbx1:list/x": False,
    }  # fmt: skip
