"""inspect on the command line, over simulated systems: everything looked at is told, and how it ends."""

import json
import threading

import jsonschema
import pytest

from commsroom.backends.prosody.fake import FakeClient
from commsroom.errors import SystemUnknown

pytestmark = pytest.mark.slow

DAY = ("--as-of", "2026-03-02")


@pytest.fixture
def inspect(estate):
    """Run it, and read its document."""

    def call(*words):
        done = estate("inspect", "--json", *DAY, *words)
        assert "Traceback" not in done.err
        return done.code, done.document

    return call


def meddle(estate, system, **facts):
    """Let a simulated system be seen otherwise."""
    file = estate.path / f"{system}.inspection.json"
    file.write_text(json.dumps(facts), "utf-8")


def wrong(document):
    return {check["address"] for check in document["checks"] if check["ok"] is not True}


def test_a_sound_estate_passes_and_what_passed_is_evidence(inspect):
    code, document = inspect("--no-use")
    assert (code, document["exit_code"], document["proofs"]) == (0, 0, [])
    checks = {check["address"]: check for check in document["checks"]}
    assert checks["mail1:certificate/imaps 993"]["ok"] is True
    assert checks["pbx1:server/asterisk"]["simulated"] is True
    assert all(check["provenance"] for check in document["checks"])


def test_probe_accounts_are_used_in_the_same_report(inspect):
    code, document = inspect("--only", "im1:*", "--only", "mail1:mailbox/*")
    assert code == 0
    assert {proof["use"] for proof in document["proofs"]} >= {
        "login",
        "imap login",
        "wrong password",
    }


def test_the_document_keeps_its_published_contract(inspect, pytestconfig):
    _, document = inspect()
    schema = json.loads(
        (pytestconfig.rootpath / "docs/reference/documents.schema.json").read_text("utf-8")
    )
    jsonschema.Draft202012Validator({**schema, "$ref": "#/$defs/inspect"}).validate(document)


def test_a_fault_is_named_and_ends_with_2(inspect, estate):
    meddle(estate, "mail1", own={"queue": {"length": 400, "oldest": 90000.0}})
    code, document = inspect("--no-use")
    assert (code, wrong(document)) == (2, {"mail1:queue/length", "mail1:queue/age"})


def test_what_could_not_be_told_beats_a_fault(inspect, estate):
    meddle(estate, "mail1", own={"queue": {"length": 400}}, host={"clock": "garbage"})
    code, document = inspect("--no-use")
    assert code == 4
    assert wrong(document) == {"mail1:queue/length", "mail1:clock/offset"}


def test_policy_sets_the_limit_and_is_named_with_its_line(inspect, estate):
    file = estate.path / "policies/inspection.yml"
    file.write_text("---\nthresholds:\n  queue_length: 500\n  disk_free: 80 %\n", "utf-8")
    meddle(estate, "mail1", own={"queue": {"length": 400}})
    code, document = inspect("--no-use", "--only", "mail1:*")
    (found,) = [check for check in document["checks"] if not check["ok"]]
    assert (code, found["address"]) == (2, "mail1:disk//")
    assert found["provenance"] == {"file": "policies/inspection.yml", "line": 4, "clause": ""}


def test_a_glob_narrows_checks_and_systems(inspect):
    code, document = inspect("--no-use", "--only", "im1:certificate/*")
    assert code == 0
    assert {check["name"] for check in document["checks"]} == {"certificate"}
    assert {check["system"] for check in document["checks"]} == {"im1"}


def test_a_glob_that_names_no_system_is_an_error(estate):
    done = estate("inspect", "--only", "mail9:*", *DAY)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("error: no system of the inventory is named")


def test_without_the_security_check_its_findings_are_left_out(inspect, estate):
    meddle(estate, "pbx1", own={"pins": {"weak": ["2101"]}}, host={"accounts": {"empty": ["x"]}})
    assert inspect("--no-use", "--no-security")[0] == 0
    code, document = inspect("--no-use")
    assert (code, wrong(document)) == (2, {"pbx1:password/voicemail", "pbx1:password/x"})


def test_a_host_that_hangs_is_unknown_in_time_and_the_others_are_complete(
    inspect, monkeypatch, estate
):
    hang = threading.Event()
    monkeypatch.setattr(FakeClient, "inspect", lambda _self, _wanted: hang.wait(60))
    monkeypatch.setattr("commsroom.app.inspecting._OUTSIDE_SECONDS", 0.5)
    monkeypatch.setattr("commsroom.app.inspecting._limit", lambda _limits: 0.5)
    code, document = inspect("--no-use")
    hang.set()
    assert code == 4
    (finding,) = document["findings"]
    assert (finding["kind"], finding["system"]) == ("unknown", "im1")
    assert "no answer within" in finding["text"]
    assert {check["system"] for check in document["checks"]} == {"mail1", "pbx1"}


@pytest.mark.parametrize("answer", [None, [], {"host": 1}, "garbage"])
def test_a_host_that_answers_nonsense_is_unknown_and_the_others_are_complete(
    inspect, monkeypatch, answer
):
    monkeypatch.setattr(FakeClient, "inspect", lambda _self, _wanted: answer)
    code, document = inspect("--no-use")
    assert code == 4
    assert [finding["system"] for finding in document["findings"]] == ["im1"]
    assert {check["system"] for check in document["checks"]} == {"mail1", "pbx1"}


def test_a_host_that_is_down_is_unknown_with_its_reason(inspect, monkeypatch):
    def down(_self, _wanted):
        raise SystemUnknown("im1", "connect", "connection refused")

    monkeypatch.setattr(FakeClient, "inspect", down)
    code, document = inspect("--no-use")
    assert code == 4
    assert document["findings"][0]["text"] == "im1: connect: connection refused"


def test_where_nobody_has_an_account_yet_that_is_said(fresh):
    done = fresh("inspect", "--json", *DAY)
    assert done.code == 4
    assert [finding["address"] for finding in done.document["findings"]] == ["probes"]


def test_the_probe_accounts_are_those_policy_names(inspect, estate):
    file = estate.path / "policies/inspection.yml"
    file.write_text("---\nprobes:\n  people: [P2]\n", "utf-8")
    people = (estate.path / "policies/people.csv").read_text("utf-8")
    assert "\nP2," in people
    _, document = inspect("--only", "im1:account/*")
    assert len({proof["address"] for proof in document["proofs"]}) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("thresholds: {disk_fre: 10 %}", "disk_fre"),
        ("thresholds: {disk_free: 10}", "share"),
        ("thresholds: {queue_age: soon}", "duration"),
        ("probes: {people: [NOBODY]}", "NOBODY"),
        ("security: {ports: {mail1: [{port: 70000, why: x}]}}", "65535"),
        ("security: {ports: {mail1: [{port: 90, last: 80, why: x}]}}", "range ends"),
        ("security: {secret_files: {/etc/x: {mode: 640}}}", "mode"),
        ("firewall: {management: [198.18.7.1/24]}", "198.18.7.1/24"),
        ("lifetimes: [{product: x, release: '1', until: soon, source: y}]", "date"),
    ],
)  # fmt: skip
def test_a_fault_in_the_policy_is_one_line_with_its_place(estate, text, message):
    (estate.path / "policies/inspection.yml").write_text(f"---\n{text}\n", "utf-8")
    done = estate("inspect", *DAY)
    assert (done.code, done.out) == (1, "")
    (line,) = done.err.splitlines()
    assert line.startswith("policies/inspection.yml:2:")
    assert message in line


def test_no_secret_is_in_any_form_of_it(estate):
    secrets = set()
    held = json.loads((estate.path / "pbx1.json").read_text("utf-8"))
    for objects in held["objects"].values():
        for item in objects.values():
            secrets |= set(item.get("secret", {}).values())
    assert secrets
    for form in ("text", "json", "markdown", "html", "junit", "sarif"):
        out = estate.path / f"report.{form}"
        assert estate("inspect", "--format", form, "--out", out, *DAY).code in {0, 4}
        text = out.read_text("utf-8")
        assert not [secret for secret in secrets if secret in text]


def test_a_fault_is_remembered_and_an_exception_excuses_it(estate):
    meddle(estate, "im1", host={"reboot": {"required": True}})
    whole = ("inspect", "--json", "--no-use")
    first, second = estate(*whole), estate(*whole)
    assert (first.code, second.code) == (2, 2)
    assert len(second.document["history"]["points"]) == 1
    (estate.path / "policies/exceptions.yml").write_text(
        "---\nexceptions:\n  - address: im1:reboot/system\n    owner: P1\n    reason: on Sunday\n"
        "    until: 2100-01-01\n",
        "utf-8",
    )
    assert estate(*whole).code == 0
