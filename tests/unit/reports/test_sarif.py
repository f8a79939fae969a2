"""What a code-scanning view gets: places, rules, and results that stay themselves from run to run."""

import json
from dataclasses import replace

import pytest

from commsroom.estate.inspection import Check
from commsroom.estate.resource import Provenance
from commsroom.reports import sarif
from commsroom.reports.difference import Difference
from commsroom.reports.model import Finding, FindingKind, Report
from commsroom.reports.rules import RULES

WHEN = "2026-11-24T02:00:00+00:00"
PHONE = Finding(
    kind=FindingKind.DRIFT,
    address="pbx1:extension/2107",
    system="pbx1",
    differences=(Difference("dialling_class", "national", "international"),),
    provenance=Provenance("policies/telephony.yml", 12, "2.2.1"),
    since="2026-11-20T02:00:00+00:00",
)


def run_of(*findings, **fields):
    report = Report(title="Drift", estate="lianhe", when=WHEN, findings=findings, **fields)
    return json.loads(sarif.render(report))["runs"][0]


def test_every_rule_says_what_it_means_what_to_do_and_how_much_it_matters(rich_report):
    rules = json.loads(sarif.render(rich_report()))["runs"][0]["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(RULES)
    assert {kind.value for kind in FindingKind} <= set(RULES)
    for rule in rules:
        assert all(rule[part]["text"] for part in ("shortDescription", "fullDescription", "help"))
        assert rule["defaultConfiguration"]["level"] in {"error", "warning", "note"}


def test_a_result_without_a_line_of_policy_points_at_the_inventory():
    result = run_of(replace(PHONE, provenance=None))["results"][0]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "inventory/hosts.yml", "uriBaseId": "%SRCROOT%"}


@pytest.mark.parametrize(
    "later",
    [
        {"differences": (Difference("dialling_class", "national", "local"),)},
        {"provenance": Provenance("policies/telephony.yml", 40)},
        {"since": WHEN, "remedy": "another", "text": "other words"},
    ],
    ids=["another value", "policy moved", "told otherwise"],
)
def test_a_result_keeps_its_fingerprint_from_run_to_run(later):
    before, after = run_of(PHONE)["results"][0], run_of(replace(PHONE, **later))["results"][0]
    assert before["partialFingerprints"] == after["partialFingerprints"]


def test_no_two_results_share_a_fingerprint(rich_report):
    results = json.loads(sarif.render(rich_report(200, 100)))["runs"][0]["results"]
    prints = [json.dumps(item["partialFingerprints"]) for item in results]
    assert len(set(prints)) == len(prints) > 200


@pytest.mark.parametrize(
    ("since", "state"), [(WHEN, "new"), (PHONE.since, "unchanged"), ("", None)]
)
def test_what_is_remembered_is_told_from_what_is_new(since, state):
    assert run_of(replace(PHONE, since=since))["results"][0].get("baselineState") == state


def test_a_run_that_saw_everything_was_successful():
    told = run_of(PHONE)["invocations"][0]
    assert told["executionSuccessful"] is True
    assert told["exitCode"] == 2
    assert "toolExecutionNotifications" not in told


def test_a_check_that_passed_is_evidence_and_no_result():
    good = Check(system="mail1", name="disk", place="/", expected="80 %", got="41 %", ok=True)
    run = run_of(checks=(good,))
    assert run["results"] == []
    assert run["properties"]["passed"] == [
        {"address": "mail1:disk//", "expected": "80 %", "got": "41 %"}
    ]
