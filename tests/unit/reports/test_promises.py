"""What every form promises of every report: nothing lost, nothing twice, nothing escapes, no schema broken."""

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import lxml.etree
import lxml.html
import markdown_it
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commsroom.errors import Exit
from commsroom.estate.inspection import Check
from commsroom.estate.resource import Provenance
from commsroom.reports import documents, junit, markdown, sarif, text
from commsroom.reports import html as page
from commsroom.reports.lines import plain
from commsroom.reports.model import (
    Acknowledged,
    Difference,
    Finding,
    FindingKind,
    History,
    Point,
    Report,
    Severity,
    ordered,
)

pytestmark = pytest.mark.slow

SCHEMAS = Path(__file__).with_name("schemas")
JUNIT = lxml.etree.XMLSchema(lxml.etree.parse(SCHEMAS / "junit-10.xsd"))
SARIF = jsonschema.Draft4Validator(json.loads((SCHEMAS / "sarif-2.1.0-rtm.5.json").read_text()))
DOCUMENTS = json.loads(
    (Path(__file__).parents[3] / "docs/reference/documents.schema.json").read_text("utf-8")
)
DRIFT = jsonschema.Draft202012Validator({**DOCUMENTS, "$ref": "#/$defs/drift"})

#: A reader of Markdown who takes HTML for HTML, as GitHub and GitLab do.
MARKDOWN = markdown_it.MarkdownIt("commonmark", {"html": True}).enable("table")

# ── any report ──────────────────────────────────────────────────────────────────────────────

HOSTILE = st.lists(
    st.sampled_from([
        "<script>alert(1)</script>", "]]>", "<!--", "-->", "|", "`", "``", "\\", "\n", "\r", "\x00",
        "\x1b[31m", "\u202e", "\u200b", "\ufffe", "&amp;", '"', "'", "{{ 7 * 7 }}", "%s", "$(id)", "@all",
        "#1", "</details>", "<td>", "**", "[a](b)", " ", "王", "e\u0301", "x" * 10_000,
    ]),
    max_size=4,
).map("".join)  # fmt: skip
COUNT = st.integers(0, 99)
TIMES = st.sampled_from(["2026-11-24T02:00:00+00:00", "2026-11-12T23:30:00+00:00", ""])
PLACES = st.none() | st.builds(Provenance, HOSTILE, st.integers(0, 99), HOSTILE)
VALUES = st.none() | st.booleans() | COUNT | HOSTILE | st.tuples(HOSTILE, HOSTILE)
DIFFERENCES = st.builds(
    Difference, st.sampled_from(["class", "members", "secret:sip"]), VALUES, VALUES
)
ACKNOWLEDGED = st.none() | st.builds(Acknowledged, HOSTILE, HOSTILE, st.just("2026-12-31"))
FINDINGS = st.builds(
    Finding,
    kind=st.sampled_from(FindingKind),
    address=HOSTILE,
    system=HOSTILE,
    text=HOSTILE,
    differences=st.lists(DIFFERENCES, max_size=2).map(tuple),
    provenance=PLACES,
    remedy=HOSTILE | HOSTILE.map("commsroom apply --only {}".format),
    since=TIMES,
    weight=st.none() | st.sampled_from(Severity),
    acknowledged=ACKNOWLEDGED,
    fixable=st.booleans(),
    simulated=st.booleans(),
)
CHECKS = st.builds(
    Check, system=HOSTILE, name=HOSTILE, place=HOSTILE, expected=HOSTILE, got=HOSTILE,
    ok=st.sampled_from([True, False, None]), provenance=PLACES, remedy=HOSTILE, simulated=st.booleans(),
)  # fmt: skip
POINTS = st.lists(st.builds(Point, TIMES, COUNT, COUNT, COUNT), max_size=4).map(tuple)
FLAPPING = st.lists(st.tuples(HOSTILE, COUNT), max_size=2).map(tuple)
HISTORIES = st.builds(History, POINTS, COUNT, st.none() | st.floats(0, 1e7), FLAPPING)


def _named(findings, checks):
    """Give each a number of its own, so that it can be counted in every form."""
    found = [
        replace(
            item,
            address=f"{item.address}=f{number}=",
            acknowledged=item.acknowledged
            and replace(item.acknowledged, reason=f"{item.acknowledged.reason}=r{number}="),
        )
        for number, item in enumerate(findings)
    ]
    looked = [replace(item, place=f"{item.place}=c{number}=") for number, item in enumerate(checks)]
    return ordered(found), tuple(looked)


@st.composite
def reports(draw):
    findings, checks = _named(
        draw(st.lists(FINDINGS, max_size=4)), draw(st.lists(CHECKS, max_size=4))
    )
    return Report(
        title=draw(HOSTILE),
        estate=draw(HOSTILE),
        when="2026-11-24T02:00:00+00:00",
        findings=findings,
        checks=checks,
        history=draw(st.none() | HISTORIES),
        simulated=frozenset(draw(st.lists(HOSTILE, max_size=1))),
    )


# Reports are large and drawing them is most of the work; the time is the machine's.
ANY = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
NUMBER = re.compile(r"=([frc]\d+)=")


def numbers(report):
    """Return the number of every finding, check and exception, each once."""
    return Counter(
        [
            *(NUMBER.search(item.address)[1] for item in (*report.findings, *report.checks)),
            *(
                NUMBER.search(item.acknowledged.reason)[1]
                for item in report.findings
                if item.acknowledged
            ),
        ]
    )


# ── nothing lost, nothing twice; no schema broken ───────────────────────────────────────────


@ANY
@given(reports())
def test_json_carries_everything_once_and_keeps_its_contract(report):
    document = json.loads(json.dumps(documents.drift_document(report)))
    DRIFT.validate(document)
    told = [item["address"] for item in (*document["findings"], *document["checks"])]
    told += [
        item["acknowledged"]["reason"] for item in document["findings"] if item["acknowledged"]
    ]
    assert Counter(NUMBER.findall(" ".join(told))) == numbers(report)


@ANY
@given(reports())
def test_junit_carries_everything_once_and_keeps_its_schema(report):
    written = junit.render(report)
    JUNIT.assertValid(lxml.etree.fromstring(written.encode()))
    cases = ET.fromstring(written).findall(".//testcase")
    told = [case.get("name") for case in cases]
    told += [skip.get("message") for case in cases for skip in case]
    assert Counter(NUMBER.findall(" ".join(told))) == numbers(report)


@ANY
@given(reports())
def test_sarif_carries_everything_once_and_keeps_its_schema(report):
    document = json.loads(sarif.render(report))
    SARIF.validate(document)
    run = document["runs"][0]
    told = [item["locations"][0]["logicalLocations"] for item in run["results"]]
    told += [item["address"] for item in run["properties"]["passed"]]
    kept = [
        item.acknowledged.reason
        for item in report.findings
        if item.acknowledged and item.kind is FindingKind.UNKNOWN
    ]
    told += [item.get("suppressions", []) for item in run["results"]] + kept
    assert Counter(NUMBER.findall(json.dumps(told))) == numbers(report)


@ANY
@given(reports())
def test_the_page_carries_everything_once_and_holds_no_markup_but_its_own(report):
    written = page.render(report)
    root = lxml.html.document_fromstring(written)
    told = [item.text_content() for item in root.xpath("//h3/code | //li/code | //dd")]
    assert Counter(NUMBER.findall(" ".join(told))) == numbers(report)
    assert len(root.xpath("//script")) == len(root.xpath("//style")) == 1
    assert root.xpath("//td/td | //main//main | //@onerror | //img") == []
    assert "{{" not in written.replace("{{ 7 * 7 }}", "")


#: What our Markdown is made of, once a renderer has read it.
OURS = set("h1 h2 p strong code br table thead tbody tr th td details summary ul li".split())  # noqa: SIM905


@ANY
@given(reports())
def test_markdown_carries_everything_once_and_renders_no_markup_but_its_own(report):
    written = markdown.render(report)
    assert Counter(NUMBER.findall(re.sub(r"\\(.)", r"\1", written))) == numbers(report)
    root = lxml.html.fragment_fromstring(MARKDOWN.render(written), create_parent="main")
    assert {item.tag for item in root.iterdescendants()} <= OURS
    told = [item.text_content() for item in root.xpath(".//tbody/tr")]
    assert Counter(NUMBER.findall(" ".join(told))) == numbers(report)
    for table in root.iter("table"):
        assert len({len(row) for row in table.iter("tr")}) == 1


@ANY
@given(reports())
def test_text_carries_everything_once_and_drives_no_terminal(report):
    written = text.report_text(report, full=True)
    told = NUMBER.findall(written)
    assert {name: 1 for name in told if name[0] != "r"} == {
        name: 1 for name in numbers(report) if name[0] != "r"
    }
    assert len([name for name in told if name[0] != "r"]) == len(report.findings + report.checks)
    assert written.replace("\n", "").isprintable()


@ANY
@given(reports(), st.integers(40, 120))
def test_a_narrow_terminal_loses_no_word(report, width):
    wide = " ".join(plain(line) for line in text.report_lines(report)).split()
    narrow = " ".join(plain(line) for line in text.report_lines(report, width=width)).split()
    assert narrow == wide


# ── exceptions do not count; unknown is never clean ─────────────────────────────────────────

FORMS = {
    "text": text.report_text,
    "markdown": markdown.render,
    "html": page.render,
    "junit": junit.render,
    "sarif": sarif.render,
}
EXCEPTION = Acknowledged("li.na", "the new telephone is ordered", "2026-12-31")


def report_of(*findings, checks=()):
    return Report(
        title="Drift",
        estate="lianhe",
        when="2026-11-24T02:00:00+00:00",
        findings=findings,
        checks=checks,
    )


def finding(kind=FindingKind.DRIFT, **fields):
    return Finding(kind=kind, address="pbx1:extension/2107", system="pbx1", **fields)


def check(ok):
    return Check(system="mail1", name="disk", place="/var", expected="80 %", got="95 %", ok=ok)


def test_an_acknowledged_exception_is_no_difference_in_any_form():
    report = report_of(finding(acknowledged=EXCEPTION))
    assert report.exit_code is Exit.DONE
    shown = {name: form(report) for name, form in FORMS.items()}
    assert all("the new telephone is ordered" in content for content in shown.values())
    assert all("2026-12-31" in content.replace("\\", "") for content in shown.values())
    assert "Drift: none (1 exception aside). The estate matches policy." in shown["text"]
    assert 'failures="0" errors="0" skipped="1"' in shown["junit"]
    result = json.loads(shown["sarif"])["runs"][0]["results"][0]
    assert (result["level"], result["suppressions"][0]["status"]) == ("note", "accepted")
    assert 'class="verdict good"' in shown["html"]
    assert "| acknowledged |" in shown["markdown"]


@pytest.mark.parametrize(
    "report",
    [
        report_of(finding(FindingKind.UNKNOWN)),
        report_of(finding(FindingKind.UNKNOWN, acknowledged=EXCEPTION)),
        report_of(finding(FindingKind.UNKNOWN, weight=Severity.NOTE)),
        report_of(checks=(check(None),)),
    ],
    ids=["system", "acknowledged", "weighed lightly", "check"],
)
def test_what_is_unknown_is_drawn_clean_in_no_form(report):
    assert report.exit_code is Exit.INCOMPLETE
    shown = {name: form(report) for name, form in FORMS.items()}
    assert not [name for name, content in shown.items() if "matches policy" in content]
    assert "1 unknown" in shown["text"] or "1 check unknown" in shown["text"]
    assert "unknown" in shown["markdown"].split("As of")[1]
    assert 'class="verdict doubt"' in shown["html"]
    assert 'errors="1"' in shown["junit"]
    run = json.loads(shown["sarif"])["runs"][0]
    assert run["invocations"][0]["executionSuccessful"] is False
    assert len(run["invocations"][0]["toolExecutionNotifications"]) == 1
    assert run["results"][0]["level"] == "error"
    assert "suppressions" not in run["results"][0]


def test_a_check_that_failed_is_a_difference_in_every_form():
    report = report_of(checks=(check(False), check(True)))
    assert "1 check not as policy says" in text.report_text(report)
    assert "mail1  disk  1 of 2 as policy says" in text.report_text(report)
    assert 'tests="2" failures="1" errors="0"' in junit.render(report)
    assert len(json.loads(sarif.render(report))["runs"][0]["results"]) == 1
    assert 'class="verdict bad"' in page.render(report)
    assert "1 as policy says</summary>" in markdown.render(report)


def test_a_failed_check_says_since_when_and_who_answers_for_it():
    failed = replace(check(False), since="2026-11-20T01:00:00+00:00", acknowledged=EXCEPTION)
    report = report_of(checks=[failed])
    said = text.report_text(report)
    assert "since 2026-11-20, 4 days" in said
    assert "exception: li.na answers for it until 2026-12-31" in said
    (told,) = documents.drift_document(report)["checks"]
    assert (told["since"], told["severity"]) == (failed.since, "note")
    assert told["acknowledged"]["owner"] == "li.na"
