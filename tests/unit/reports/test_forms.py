"""Every form of the report: what it shows, what it escapes, and that it never shows a secret."""

import html.parser
import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from commsroom.errors import UsageError
from commsroom.estate.plan import Plan
from commsroom.estate.resource import Address
from commsroom.reports import documents, junit, languages, markdown, model, sarif, text
from commsroom.reports import html as page
from commsroom.reports.rules import RULES

SCHEMA = json.loads(
    (Path(__file__).parents[3] / "docs/reference/documents.schema.json").read_text("utf-8")
)
NASTY = 'x<script>alert(1)</script>"&|`\x1b[2J'


def conforms(document, name):
    """Check a document, as a consumer would get it, against the published contract."""
    schema = {**SCHEMA, "$ref": f"#/$defs/{name}"}
    given = json.loads(json.dumps(document))
    jsonschema.Draft202012Validator(schema).validate(given)
    return given


def test_the_plan_document_keeps_its_contract(plan):
    given = conforms(documents.plan_document(plan), "plan")
    update = given["changes"][2]
    assert list(given)[:4] == ["hash", "changes", "summary", "foreign"]
    assert update["fields"] == ["dialling_class", "secret:sip"]
    assert update["before"] == {"dialling_class": "international"}
    assert update["after"] == {"dialling_class": "national"}
    assert update["provenance"] == {"file": "policies/telephony.yml", "line": 12, "clause": "2.2.1"}


def test_the_other_documents_keep_their_contracts(plan, proofs, report):
    conforms(documents.prove_document(proofs, {"mail1": "down"}, frozenset()), "prove")
    conforms(documents.drift_document(report), "drift")
    conforms(
        documents.show_document([change.after for change in plan.changes if change.after]), "show"
    )
    conforms(documents.error_document(UsageError("no", remedy="yes")), "error")
    conforms(documents.apply_document(plan, [], plan, code=1, seconds=0.1, declined=True), "apply")


def test_a_contract_refuses_a_value_beside_a_secret(report):
    document = documents.drift_document(report)
    secret = next(
        found
        for item in document["findings"]
        for found in item["differences"]
        if "secret" in found["name"]
    )
    secret["actual"] = "hunter2"
    with pytest.raises(jsonschema.ValidationError):
        conforms(document, "drift")


#: What the first release gave: a consumer of then reads the documents of today.
FIRST = {
    "drift": "title estate when exit_code summary findings proofs timings simulated",
    "finding": "address system kind severity text differences provenance remedy since simulated",
    "proof": "address use expected got ok ms note simulated",
    "change": "address action fields provenance unsupported before after simulated",
}


@pytest.mark.parametrize("name", FIRST)
def test_a_contract_only_grows(name):
    assert set(FIRST[name].split()) <= set(SCHEMA["$defs"][name]["required"])


def test_an_exception_an_age_and_a_history_are_part_of_the_contract(rich_report):
    given = conforms(documents.drift_document(rich_report()), "drift")
    kept = [item["acknowledged"] for item in given["findings"] if item["acknowledged"]]
    assert kept[0]["owner"] == "li.na"
    assert len(given["checks"]) == 60
    assert given["history"]["flapping"][0] == {"address": "pbx1:extension/2107", "times": 4}


def test_proofs_are_ok_only_when_all_are_and_nothing_is_unknown(proofs):
    assert documents.prove_document(proofs[:2], {}, frozenset())["ok"] is True
    assert documents.prove_document(proofs[:3], {}, frozenset())["ok"] is False
    assert documents.prove_document(proofs[:2], {"mail1": "down"}, frozenset())["ok"] is False


class _Tags(html.parser.HTMLParser):
    """Collects tags in order, and every attribute that could fetch something."""

    void = frozenset({"meta", "br", "input"})

    def __init__(self):
        super().__init__()
        self.open, self.fetching, self.count = [], [], {}

    def handle_starttag(self, tag, attrs):
        self.count[tag] = self.count.get(tag, 0) + 1
        self.fetching += [pair for pair in attrs if pair[0] in {"src", "href", "action", "data"}]
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def _parsed(text):
    parser = _Tags()
    parser.feed(text)
    parser.close()
    assert parser.open == []
    return parser


def test_the_page_is_whole_and_fetches_nothing(report):
    text = page.render(report)
    parsed = _parsed(text)
    assert parsed.fetching == []
    assert "url(" not in text
    assert "@import" not in text
    assert (parsed.count["script"], parsed.count["style"]) == (1, 1)


def test_the_page_escapes_what_systems_say(report):
    nasty = Address("im1", "account", NASTY)
    found = model.from_plan(Plan(foreign=(nasty,), unknown={"pbx1": NASTY}), estate=NASTY)
    text = page.render(found)
    assert _parsed(text).count["script"] == 1
    assert "<script>alert" not in text
    assert "\x1b" not in text


def test_the_page_allows_exactly_its_own_style_and_script(report):
    import base64
    import hashlib
    import re

    text = page.render(report)
    for tag in ("style", "script"):
        content = re.search(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in text.replace("&#39;", "'")


def test_the_page_names_findings_repairs_proofs_and_times(report):
    text = page.render(report)
    for part in (
        "pbx1:extension/2108",
        "commsroom apply --only pbx1:extension/2107",
        "policies/telephony.yml:12",
        "never accepted before",
        "1 min 07 s",
        "mail1: connect: no answer within 10 s",
    ):
        assert part in text


def test_the_page_says_simulated_where_it_is(report):
    assert "not real systems" not in page.render(report)
    assert "not real systems" in page.render(replace(report, simulated=frozenset({"pbx1"})))


def test_a_clean_page_says_so():
    text = page.render(model.from_plan(Plan(), estate="lianhe"))
    assert "The estate matches policy." in text


@pytest.mark.parametrize("form", [page, markdown, junit, sarif], ids=lambda form: form.__name__)
def test_no_form_writes_control_characters(form, report):
    nasty = Address("im1", "account", NASTY)
    text = form.render(model.from_plan(Plan(foreign=(nasty,)), estate="x", title=NASTY))
    assert not [char for char in text if char < " " and char != "\n"]


def test_markdown_keeps_a_finding_in_one_row(report):
    nasty = Address("im1", "account", "a|b\nc`d`")
    text = markdown.render(model.from_plan(Plan(foreign=(nasty,)), estate="x"))
    rows = [line for line in text.splitlines() if "account" in line]
    assert len(rows) == 1
    assert rows[0].count("|") == 7
    assert "&#124;" in rows[0]


def test_junit_counts_what_fails_what_is_unknown_and_what_is_only_told(report):
    root = ET.fromstring(junit.render(report))
    cases = root.findall(".//testcase")
    assert len(cases) == int(root.get("tests")) == len(report.findings) + len(report.proofs)
    failed = [case.get("name") for case in cases if case.find("failure") is not None]
    unknown = [case.get("name") for case in cases if case.find("error") is not None]
    assert "pbx1:extension/2107 call 2102" in failed
    assert unknown == ["im1:account/bob login", "mail1"]
    assert (int(root.get("failures")), int(root.get("errors"))) == (len(failed), len(unknown))


def test_junit_of_a_clean_estate_is_one_passing_test():
    root = ET.fromstring(junit.render(model.from_plan(Plan(), estate="x")))
    assert (root.get("tests"), root.get("failures")) == ("1", "0")


def test_sarif_points_at_the_line_of_policy(report):
    document = json.loads(sarif.render(report))
    run = document["runs"][0]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    drifted = next(item for item in run["results"] if item["ruleId"] == "drift")
    place = drifted["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "policies/telephony.yml"
    assert place["region"] == {"startLine": 12}
    assert all(rules[item["ruleIndex"]] == item["ruleId"] for item in run["results"])
    assert {item["level"] for item in run["results"]} <= {"error", "warning", "note"}


@pytest.mark.parametrize("kind", model.FindingKind)
def test_every_kind_of_finding_has_its_words_in_every_form(kind):
    assert text.TITLE[kind]
    assert RULES[kind].advice
    found = model.Finding(kind=kind, address="pbx1:extension/1", system="pbx1")
    shown = page.render(model.Report(title="", estate="", when="", findings=(found,)))
    assert f'data-kind="{kind}"' in shown


def test_an_unknown_language_is_refused_with_the_known_ones():
    with pytest.raises(UsageError, match="one of en"):
        languages.load("tlh")


def _marked():
    """Every text that the page may show and that is marked for the catalogues."""
    from babel.messages.extract import extract

    package = Path(page.__file__).parent
    sources = [
        *(("jinja2.ext:babel_extract", file) for file in package.rglob("*.j2")),
        ("python", package / "html.py"),
        ("python", package / "model.py"),
        ("python", package / "incident.py"),
        ("python", package / "notice.py"),
        ("python", package / "handover.py"),
        ("python", package / "certificate.py"),
        ("python", package / "checkpoints.py"),
        ("python", package / "compliance.py"),
        ("python", package / "compliance_forms.py"),
        ("python", package / "text/compliance.py"),
        ("python", package.parent / "app/clauses.py"),
        ("python", package.parent / "app/judging.py"),
        ("python", package.parent / "app/notifying.py"),
    ]
    for method, source in sources:
        with source.open("rb") as file:
            for _, text, _, _ in extract(
                method, file, keywords={"N_": None, "_": None, "gettext": None}
            ):
                yield text


@pytest.mark.parametrize("language", [name for name in languages.available() if name != "en"])
def test_a_catalogue_translates_every_marked_text_and_nothing_else(language):
    from babel.messages.pofile import read_po

    with (Path(languages.__file__).parent / f"locale/{language}.po").open("rb") as file:
        catalogue = {item.id: item.string for item in read_po(file) if item.id}
    assert set(_marked()) == set(catalogue)
    assert all(catalogue.values())


@pytest.mark.parametrize("language", ["zh_Hant", "zh-Hant", "zh-hant"])
def test_the_page_speaks_chinese_when_asked(report, language):
    text = page.render(report, language=language)
    assert '<html lang="zh-Hant">' in text
    assert "部分系統狀況不明。" in text
    assert "現況差異" in text
    assert "Should be" not in text
    _parsed(text)


@pytest.mark.parametrize(
    ("tags", "language"),
    [
        (("zh-Hant",), "zh_Hant"),
        (("zh-TW", "en"), "zh_Hant"),
        (("zh-HK",), "zh_Hant"),
        (("en-GB", "zh-Hant"), "en"),
        (("", "zh-Hant"), "zh_Hant"),
        (("fr", "zh-Hant"), "zh_Hant"),
        (("fr", ""), "en"),
    ],
)
def test_a_letter_is_in_the_first_language_there_is_a_catalogue_for(tags, language):
    assert languages.first(*tags) == language
