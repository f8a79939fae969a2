"""comply on the command line, over simulated systems: what was recorded is evidence, and nothing else."""

import json

import jsonschema
import pytest

pytestmark = pytest.mark.slow

REGULATION = """\
---
title: Rules
clauses:
  "2":
    rule: Everybody gets what fits the post.
    evidence: [{policy: [clause]}, {proof: [account login]}]
  "3": {rule: Inspected., evidence: [{inspection: [disk, queue]}]}
  "4": {rule: Nothing yet.}
"""


@pytest.fixture
def ruled(estate):
    """An estate with such a regulation."""
    (estate.path / "policies/regulation.yml").write_text(REGULATION, "utf-8")
    return estate


@pytest.fixture
def in_use(ruled):
    """The same, with everything applied."""
    assert ruled("apply", "--yes").code == 0
    return ruled


def standings(done):
    return {item["clause"]: item["standing"] for item in done.document["clauses"]}


def test_nothing_is_met_before_anything_was_looked_at(ruled):
    done = ruled("comply", "--json")
    assert (done.code, standings(done)) == (4, {"2": "unknown", "3": "unknown", "4": "missing"})


def test_what_runs_recorded_is_evidence_and_reading_it_asks_nobody(in_use, monkeypatch):
    for verb in ("drift", "prove", "inspect"):
        assert in_use(verb, "--json").code == 0, verb
    monkeypatch.setattr("commsroom.backends.prosody.fake.FakeClient.__init__", None)
    done = in_use("comply", "--json")
    assert (done.code, standings(done)) == (0, {"2": "met", "3": "met", "4": "missing"})
    assert in_use("comply", "--strict", "--json").code == 2
    before = in_use("ledger", "show", "--json").document["events"]
    in_use("comply")
    assert in_use("ledger", "show", "--json").document["events"] == before


def test_fresh_looks_first_and_a_failing_check_flips_its_clause(in_use, pytestconfig):
    file = in_use.path / "mail1.inspection.json"
    file.write_text(json.dumps({"own": {"queue": {"length": 400, "oldest": 90000.0}}}), "utf-8")
    done = in_use("comply", "--fresh", "--json")
    assert (done.code, standings(done)) == (2, {"2": "met", "3": "not met", "4": "missing"})
    row = done.document["clauses"][1]["evidence"][0]
    assert row["named"] == ["mail1:queue/age", "mail1:queue/length"]
    assert done.document["simulated"] == ["im1", "mail1", "pbx1"]
    schema = json.loads(
        (pytestconfig.rootpath / "docs/reference/documents.schema.json").read_text("utf-8")
    )
    jsonschema.Draft202012Validator({**schema, "$ref": "#/$defs/comply"}).validate(done.document)


def test_a_narrowed_run_shows_nothing(in_use):
    in_use("prove", "--only", "im1:*", "--json")
    in_use("inspect", "--only", "mail1:disk/*", "--json")
    assert standings(in_use("comply", "--json"))["3"] == "unknown"


def test_clauses_are_chosen_by_glob_and_a_wrong_one_is_refused(ruled):
    assert standings(ruled("comply", "--clause", "4", "--json")) == {"4": "missing"}
    done = ruled("comply", "--clause", "9*")
    assert done.code == 1
    assert "regulation.yml has no clause '9*'" in done.err


def test_a_pdf_needs_a_file_and_a_day_that_is_over_cannot_be_judged(ruled):
    assert "add --out" in ruled("comply", "--format", "pdf").err
    assert "is over" in ruled("comply", "--as-of", "2026-03-02").err
    file = ruled.path / "report.pdf"
    assert ruled("comply", "--format", "pdf", "--out", file).code == 4
    assert file.read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("disk, queue", "disc, queue", "7:52: no inspection checks 'disc' (did you mean 'disk'?)"),
        ("account login", "acount login", "names no kind of object (did you mean 'account'?)"),
        ("[clause]", "['*:extention/*']", "names no kind of object (did you mean 'extension'?)"),
        ("{proof: [account login]}", "{ledger: [aplied]}", '"aplied" is not valid'),
        ("{policy: [clause]}", "{policy: [clause], proof: [account *]}", "exactly one of"),
        ("{policy: [clause]}", "{manual: {owner: nobody, confirmed: 2026-01-01, until: 2026-02-01}}",
         "there is no person 'nobody'"),
    ],
    ids=["check", "kind", "address", "event", "two", "person"],
)  # fmt: skip
def test_evidence_that_can_never_be_there_is_refused_at_its_place(ruled, old, new, said):
    ruled.policy("regulation.yml", old, new)
    done = ruled("validate")
    assert done.code == 1
    assert said in done.err
    assert done.err.startswith("policies/regulation.yml:")


def test_an_old_file_that_says_met_is_warned_about_and_reads_missing(ruled):
    ruled.policy("regulation.yml", "{rule: Nothing yet.}", "{rule: Nothing yet., control: met}")
    assert "`control: met` says nothing now" in ruled("validate").out
    assert standings(ruled("comply", "--json"))["4"] == "missing"
