"""The whole loop on the command line, over simulated systems: what is shown, and how it ends."""

import contextlib
import json
import os
import re
import shutil
import sqlite3
from pathlib import Path

import jsonschema
import pytest

from commsroom.runs.nornir import Fleet

HERE = Path(__file__).parent
SCHEMA = json.loads((HERE.parents[1] / "docs/reference/documents.schema.json").read_text("utf-8"))
DAY = ("--as-of", "2026-03-02")
RETAINED = {"extension", "voicemail", "mailbox", "account"}


def conforms(document, name):
    """Check what a command gave against the published contract."""
    schema = {**SCHEMA, "$ref": f"#/$defs/{name.replace(' ', '%20')}"}
    jsonschema.Draft202012Validator(schema).validate(document)
    return document


@pytest.fixture
def golden(request):
    """Compare a text with tests/cli/goldens; `--update` writes it anew."""

    def compare(name, text):
        text = re.sub(r"\b\d+(\.\d)? (s|ms)\b", "N \\2", text)
        text = re.sub(r"--simulate \S+", "--simulate DIR", text)
        file = HERE / "goldens" / f"{name}.txt"
        if request.config.getoption("--update"):
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, "utf-8")
        assert text == file.read_text("utf-8")

    return compare


# ── plan and apply ──────────────────────────────────────────────────────────────────────────


def test_a_first_plan_shows_everything_with_the_line_that_asks_for_it(fresh, golden):
    done = fresh("plan", *DAY)
    assert done.code == 0
    golden("plan-first", done.out)


def test_planning_touches_nothing(fresh):
    files = {path: path.read_bytes() for path in (fresh.path / "policies").iterdir()}
    fresh("plan", *DAY)
    assert {path: path.read_bytes() for path in (fresh.path / "policies").iterdir()} == files
    assert not (fresh.path / "im1.json").exists()


def test_a_plan_straight_after_apply_is_empty(estate):
    done = estate("plan", "--detailed-exitcode", *DAY)
    assert (done.code, done.out) == (
        0,
        "No changes. The estate matches policy. [simulated: im1, mail1, pbx1]\n",
    )


def test_a_detailed_exit_code_tells_that_there_are_changes(estate):
    estate.policy("messaging.yml", "title: Everyone", "title: All of us")
    assert estate("plan", *DAY).code == 0
    done = estate("plan", "--detailed-exitcode", *DAY)
    assert done.code == 2
    assert 'title  "Everyone" → "All of us"' in done.out


def test_the_plans_document_keeps_its_contract(fresh):
    done = fresh("plan", "--json", *DAY)
    document = conforms(done.document, "plan")
    assert done.err == ""
    assert document["summary"]["create"] == len(document["changes"])
    assert document["simulated"] == ["im1", "mail1", "pbx1"]


def test_an_apply_says_what_it_did_and_that_it_looked_again(fresh, golden):
    done = fresh("apply", "--yes", *DAY)
    assert done.code == 0
    golden("apply-first", done.out)


def test_the_applys_document_keeps_its_contract(fresh):
    document = conforms(fresh("apply", "--yes", "--json", *DAY).document, "apply")
    assert document["ok"] is True
    assert {item["status"] for item in document["outcomes"]} == {"done"}
    assert document["remaining"]["changes"] == []


def test_a_saved_plan_is_applied_as_it_was_reviewed(fresh, tmp_path):
    assert fresh("plan", "--out", tmp_path / "monday.plan", *DAY).code == 0
    assert fresh("apply", tmp_path / "monday.plan", "--yes").code == 0


def test_a_saved_plan_is_refused_when_policy_moved_since(fresh, tmp_path):
    fresh("plan", "--out", tmp_path / "monday.plan", *DAY)
    fresh.policy("messaging.yml", "title: Everyone", "title: All of us")
    done = fresh("apply", tmp_path / "monday.plan", "--yes")
    assert done.code == 3
    assert "plan again" in done.err
    assert not (fresh.path / "im1.json").exists()


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"format": 1}', "\x00"])
def test_a_file_that_is_no_plan_is_one_line(fresh, tmp_path, content):
    (tmp_path / "x.plan").write_text(content)
    done = fresh("apply", tmp_path / "x.plan", "--yes")
    assert done.code == 1
    assert done.err.count("\n") == 1
    assert "x.plan" in done.err


@pytest.mark.parametrize(
    ("people", "numbers"),
    [(["P4", "P5", "P6"], "3 of 6 account"), (["P1", "P2", "P3", "P4", "P5", "P6"], "of all")],
    ids=["half", "everybody"],
)
def test_removing_too_many_is_refused_with_the_numbers(estate, people, numbers):
    estate.leave(*people)
    if "P1" in people:
        estate.policy("company.yml", ", manager: P1", "")
        estate.policy("messaging.yml", "    owners: {people: [P1]}\n", "")
    before = estate.held()
    done = estate("apply", "--yes", *DAY)
    assert done.code == 3
    assert numbers in done.err
    assert "--allow-removal" in done.err
    assert estate.held() == before


def test_a_plan_says_that_a_guard_will_refuse_it(estate):
    estate.leave("P4", "P5", "P6")
    done = estate("plan", *DAY)
    assert done.code == 0
    assert "apply will refuse this: the plan deletes or suspends 3 of 6 account on im1" in done.out


def test_what_is_allowed_by_name_goes_through(estate):
    estate.leave("P4", "P5", "P6")
    refused = estate("apply", "--yes", *DAY)
    words = re.search(r"allow exactly this with (.*)\)", refused.err)[1].split()
    assert {"im1:account", "mail1:mailbox", "pbx1:extension", "total"} <= set(words)
    assert estate("apply", "--yes", *words, *DAY).code == 0
    assert estate("plan", "--detailed-exitcode", *DAY).code == 0


def test_a_system_that_left_the_inventory_is_unknown_and_never_forgotten_silently(estate):
    file = estate.path / "inventory/hosts.yml"
    content = file.read_text("utf-8")
    file.write_text(content.replace("mail1:", "mail2:"), "utf-8")
    for verb in ("plan", "drift", "prove"):
        done = estate(verb, *DAY)
        assert done.code in {2, 4}
        assert re.search(r"mail1: inventory: \d+ of our objects are there", done.out)
        assert "matches policy" not in done.out
    assert "mail1" not in estate("plan", "--only", "im1:*", *DAY).out
    leaver = estate("plan", "--person", "P1", *DAY)
    assert (leaver.code, "mail1: inventory" in leaver.out) == (4, True)

    file.write_text(content, "utf-8")
    assert estate("plan", "--detailed-exitcode", *DAY).code == 0

    file.write_text(content.replace("mail1:", "mail2:"), "utf-8")
    assert estate("apply", "--yes", "--allow-removal", "mail1:*", *DAY).code == 0
    assert estate("plan", "--detailed-exitcode", *DAY).code == 0


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("5", "5 is not a list of sites"),
        ("[5]", "[5] is not a list of sites"),
        ("nowhere", "there is no site 'nowhere'"),
    ],
)
def test_sites_of_a_system_are_checked(estate, given, said):
    file = estate.path / "inventory/hosts.yml"
    content = file.read_text("utf-8")
    changed = re.sub(
        r"( +)commsroom_backend: asterisk", rf"\g<0>\n\1commsroom_sites: {given}", content
    )
    assert changed != content
    file.write_text(changed, "utf-8")
    done = estate("plan", *DAY)
    assert done.code == 1
    assert said in done.err


@pytest.mark.parametrize("name", ["folder", "pipe"])
def test_a_plan_is_saved_in_a_file_and_replaces_nothing_else(estate, tmp_path, name):
    place = tmp_path / name
    os.mkfifo(place) if name == "pipe" else place.mkdir()
    done = estate("plan", "--out", place, *DAY)
    assert done.code == 1
    assert f"{place}: is not a file" in done.err
    assert ("but a folder" in done.err) is (name == "folder")
    assert not place.is_file()


@pytest.mark.parametrize("verb", ["plan", "drift", "prove", "inspect", "comply"])
def test_a_place_no_report_can_go_to_is_told_before_any_server_is_asked(estate, monkeypatch, verb):
    monkeypatch.setattr(Fleet, "each", lambda *_args, **_more: pytest.fail("a server was asked"))
    done = estate(verb, "--out", "/nonexist/d.xml", *DAY)
    assert (done.code, done.out) == (1, "")
    assert "/nonexist/d.xml: cannot be written: there is no folder /nonexist" in done.err


@pytest.mark.parametrize("verb", ["plan", "drift"])
def test_a_baseline_that_cannot_be_is_told_before_any_server_is_asked(estate, monkeypatch, verb):
    asked = []
    monkeypatch.setattr(Fleet, "each", lambda *_args, **_more: asked.append(verb) or {})
    for file in ("/nonexist/b.json", estate.path):
        done = estate(verb, "--baseline", file, *DAY)
        assert (done.code, asked) == (1, [])
        assert f"{file}: " in done.err


@pytest.mark.parametrize("content", ["[" * 100_000, '{"people": "ann"}', "7"])
def test_what_is_not_a_saved_plan_is_refused_in_one_line(estate, tmp_path, content):
    saved = tmp_path / "monday.plan"
    saved.write_text(content, "utf-8")
    done = estate("apply", "--yes", saved)
    assert done.code == 1
    assert done.err.startswith(f"error: {saved}: is not a saved plan")
    assert done.err.count("\n") == 1


def _less(content):
    content["plan"]["changes"].pop()


def _another_day(content):
    content["as_of"] = "2026-03-03"


def _for_one(content):
    content["people"] = ["ann"]


@pytest.mark.parametrize("edit", [_less, _another_day, _for_one, lambda held: held.pop("seal")])
def test_a_saved_plan_that_was_edited_is_refused(fresh, tmp_path, edit):
    saved = tmp_path / "monday.plan"
    assert fresh("plan", "--out", saved, *DAY).code == 0
    content = json.loads(saved.read_text("utf-8"))
    edit(content)
    saved.write_text(json.dumps(content), "utf-8")
    done = fresh("apply", "--yes", saved)
    assert done.code == 1
    assert f"{saved}: was edited after it was saved" in done.err
    assert not (fresh.path / "im1.json").exists()


def test_a_key_twice_cannot_show_a_reader_another_plan(fresh, tmp_path):
    saved = tmp_path / "monday.plan"
    assert fresh("plan", "--out", saved, *DAY).code == 0
    saved.write_text(saved.read_text("utf-8").replace("{", '{"plan": {"changes": []},', 1), "utf-8")
    done = fresh("apply", "--yes", saved)
    assert (done.code, "is not a saved plan" in done.err) == (1, True)


def test_a_saved_plan_may_be_laid_out_anew(fresh, tmp_path):
    saved = tmp_path / "monday.plan"
    assert fresh("plan", "--out", saved, *DAY).code == 0
    content = json.loads(saved.read_text("utf-8"))
    saved.write_text(json.dumps(content, sort_keys=True, indent=8), "utf-8")
    assert fresh("apply", "--yes", saved).code == 0


def test_a_plan_saved_before_plans_were_sealed_has_to_be_made_again(estate, tmp_path):
    saved = tmp_path / "monday.plan"
    assert estate("plan", "--out", saved, *DAY).code == 0
    content = json.loads(saved.read_text("utf-8"))
    del content["seal"]
    saved.write_text(json.dumps({**content, "format": 1}), "utf-8")
    done = estate("apply", "--yes", saved)
    assert done.code == 1
    assert "was saved by another version of commsroom (plan again)" in done.err


def test_a_protected_room_is_only_changed_by_name(estate):
    estate.policy("messaging.yml", "title: Everyone", "title: All of us")
    done = estate("apply", "--yes", *DAY)
    assert done.code == 3
    assert "--allow-protected im1:room/everyone" in done.err
    assert estate("apply", "--yes", "--allow-protected", "im1:room/everyone", *DAY).code == 0


@pytest.mark.parametrize(
    ("option", "value"),
    [("--person", "nobody"), ("--only", "pbx9:*")],
)
def test_a_scope_that_names_nothing_is_an_error(estate, option, value):
    done = estate("plan", option, value, *DAY)
    assert done.code == 1
    assert done.err.splitlines()[-1].startswith("error: ")


# ── prove, drift, explain, show ─────────────────────────────────────────────────────────────


def test_every_account_is_proven(estate):
    done = estate("prove", "--json", *DAY)
    document = conforms(done.document, "prove")
    assert (done.code, document["ok"]) == (0, True)
    assert {proof["address"] for proof in document["proofs"]} >= {
        f"im1:account/{login}" for login in ("ann", "bo", "cy", "di", "wei.wang", "wei.wang2")
    }


def test_proofs_are_summed_up_by_use(estate):
    done = estate("prove", *DAY)
    assert done.code == 0, done.out
    assert re.search(r"im1 +wrong password +6 of 6 .*\[simulated\]", done.out)
    assert re.search(
        r"Proven: (\d+) of \1 uses as expected\. \[simulated: im1, mail1, pbx1\]\n$", done.out
    )


def _tamper(held):
    """Four things by hand: an account added, one renamed, a password changed, a member removed."""
    held["accounts"]["stranger"] = dict(held["accounts"]["ann"])
    held["accounts"]["cy"]["display_name"] = "Somebody Else"
    held["accounts"]["di"]["verifier"] = held["accounts"]["ann"]["verifier"]
    del held["rooms"]["everyone"]["members"]["bo@small.example"]


def test_drift_finds_exactly_what_was_changed_by_hand(estate, golden):
    estate.by_hand(_tamper)
    done = estate("drift", *DAY)
    assert done.code == 2
    golden("drift", done.out)
    document = conforms(estate("drift", "--json", *DAY).document, "drift")
    assert {(item["address"], item["kind"]) for item in document["findings"]} == {
        ("im1:account/cy", "drift"),
        ("im1:account/di", "drift"),
        ("im1:member/everyone/bo", "missing"),
        ("im1:account/stranger", "foreign"),
    }


def test_drift_is_repaired_by_apply_and_what_is_foreign_survives(estate):
    estate.by_hand(_tamper)
    assert estate("apply", "--yes", *DAY).code == 0
    document = estate("drift", "--json", *DAY).document
    assert [item["address"] for item in document["findings"]] == ["im1:account/stranger"]
    assert document["exit_code"] == 0


@pytest.mark.parametrize(
    ("form", "begins"),
    [
        ("text", "error: "),
        ("json", "{"),
        ("markdown", "# Drift"),
        ("html", "<!DOCTYPE html>"),
        ("junit", "<?xml"),
        ("sarif", "{"),
    ],
)
def test_every_form_of_the_report_goes_to_a_file(estate, tmp_path, form, begins):
    estate.by_hand(_tamper)
    done = estate("drift", "--format", form, "--out", tmp_path / "report", *DAY)
    assert done.code == 2
    assert done.out.endswith(f"Report: {tmp_path / 'report'}\n")
    text = (tmp_path / "report").read_text("utf-8")
    assert text.startswith(begins)
    assert "im1:account/cy" in text


@pytest.mark.parametrize("verb", ["drift", "prove"])
def test_a_report_is_titled_with_the_companys_name_not_a_path(estate, tmp_path, verb):
    estate.policy("company.yml", "\nname: Small", "\nname: Lianhe Sons")
    for form in ("html", "markdown", "json"):
        estate(verb, "--format", form, "--out", tmp_path / "report", *DAY)
        text = (tmp_path / "report").read_text("utf-8")
        assert str(estate.path) not in text
        if (verb, form) != ("prove", "json"):  # whose contract names no company
            assert "Lianhe Sons" in text


def test_drift_without_a_ledger_is_an_error_never_clean(fresh):
    done = fresh("drift", *DAY)
    assert done.code == 1
    assert "ledger" in done.err.splitlines()[-1]
    assert "matches policy" not in done.out


def test_drift_from_a_clean_checkout_takes_ledger_and_key_from_elsewhere(
    estate, fresh, monkeypatch
):
    estate.by_hand(_tamper)
    name = (estate.path / ".commsroom/key-id").read_text().strip()
    key = Path(os.environ["XDG_CONFIG_HOME"]) / f"commsroom/keys/{name}.key"
    monkeypatch.setenv("COMMSROOM_KEY", key.read_text().strip())
    for server in estate.path.glob("*.json"):
        shutil.copy(server, fresh.path)
    shutil.copy(estate.path / "policies/allocations.lock", fresh.path / "policies")
    ledger = (estate.path / ".commsroom/ledger.db").read_bytes()
    url = f"sqlite:///{estate.path}/.commsroom/ledger.db"
    done = fresh("drift", "--ledger", url, *DAY)
    assert done.code == 2
    assert "im1:account/di differs" in done.out
    assert (estate.path / ".commsroom/ledger.db").read_bytes() == ledger


def test_drift_from_a_clean_checkout_without_a_key_says_whose_key_is_needed(estate, fresh):
    url = f"sqlite:///{estate.path}/.commsroom/ledger.db"
    done = fresh("drift", "--ledger", url, *DAY)
    assert done.code == 1
    assert "this checkout has no key (give the estate's own with COMMSROOM_KEY or" in done.err
    assert "docs/howto/drift.md" in done.err


def test_the_ledger_may_be_named_by_its_file(estate):
    ledger = estate.path / ".commsroom/ledger.db"
    elsewhere = ledger.rename(estate.path.parent / "a ledger.db")
    assert estate("drift", "--ledger", elsewhere, *DAY).code == 0


def test_a_system_that_does_not_answer_is_incomplete(estate):
    inventory = estate.path / "inventory/hosts.yml"
    inventory.write_text(
        inventory.read_text().replace("  vars:\n", "  vars:\n    ansible_port: 1\n")
    )
    for verb in ("plan", "drift"):
        done = estate(verb, *DAY, simulated=False)
        assert done.code == 4
        assert "im1: connect" in done.out
        assert "The estate matches policy" not in done.out


def test_explain_tells_why_what_and_since_when(estate, golden):
    estate.by_hand(_tamper)
    done = estate("explain", "im1:account/cy", *DAY)
    assert done.code == 0
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", done.out)
    golden("explain", re.sub(r"\S+@\S+", "WHO", text))
    conforms(estate("explain", "im1:account/*", "--json", *DAY).document, "explain")


def test_show_gives_what_policy_asks_for(estate):
    document = conforms(estate("show", "--json", *DAY).document, "show")
    kinds = {item["kind"] for item in document["resources"]}
    assert {"account", "room", "member"} <= kinds
    assert "wei.wang2" in estate("show", "--person", "P3", *DAY).out


def test_adopt_takes_over_what_was_there_before(fresh):
    fresh("apply", "--yes", *DAY)
    for file in (fresh.path / ".commsroom").glob("ledger.db*"):
        file.unlink()  # a ledger lost: all that is there belongs to nobody
    (fresh.path / ".commsroom/ledger.db").touch()
    assert fresh("apply", "--yes", *DAY).code == 3
    done = fresh("adopt", "*", "--json", *DAY)
    assert conforms(done.document, "adopt")["adopted"]
    assert fresh("apply", "--yes", *DAY).code == 0


# ── secrets and the ledger ──────────────────────────────────────────────────────────────────


def test_no_secret_is_in_any_output_or_file_but_secret_show(estate, tmp_path):
    shown = conforms(estate("secret", "show", "--json", "im1:account/*").document, "secret show")
    secrets = [item["value"] for item in shown["secrets"]]
    assert len(secrets) == 6
    estate.by_hand(_tamper)
    said = ""
    for words in (
        ["plan", "--json"], ["plan", "--full"], ["drift"], ["drift", "--format", "html"], ["explain", "im1:*"],
        ["prove", "--full"], ["apply", "--yes"], ["ledger", "show", "--json"], ["plan", "--out", tmp_path / "p"],
    ):  # fmt: skip
        done = estate(*words)
        said += done.out + done.err
    files = [path for path in estate.path.rglob("*") if path.is_file()] + [tmp_path / "p"]
    for secret in secrets:
        assert secret not in said
        assert not [path for path in files if secret.encode() in path.read_bytes()]


def test_the_ledger_remembers_who_was_shown_a_secret(estate):
    estate("secret", "show", "im1:account/ann")
    document = conforms(estate("ledger", "show", "--json").document, "ledger show")
    last = document["events"][-1]
    assert last["kind"] == "secret shown"
    assert last["data"] == {
        "generations": {"ann/chat": 1},
        "secrets": ["im1:account/ann password"],
    }


def test_a_whole_ledger_verifies_and_a_changed_one_does_not(estate):
    assert conforms(estate("ledger", "verify", "--json").document, "ledger verify")["ok"]
    with contextlib.closing(sqlite3.connect(estate.path / ".commsroom/ledger.db")) as ledger:
        ledger.execute("update ledger_events set actor = 'mallory@x' where seq = 1")
        ledger.commit()
    done = estate("ledger", "verify")
    assert done.code == 1
    assert "The ledger is whole" not in done.out


def test_a_lock_nobody_holds_cannot_be_broken(estate):
    done = estate("ledger", "unlock", "bob@x")
    assert done.code == 1
    assert done.err == "error: nobody holds the estate's lock\n"


def test_a_line_taken_from_the_roster_closes_and_keeps_what_the_person_has(estate):
    estate.leave("P5")
    plan = estate("plan", "--json", *DAY).document
    lines = {(one["action"], *re.split("[:/]", one["address"])[:2]) for one in plan["changes"]}
    assert ("update", "mail1", "mailbox") in lines
    assert ("update", "im1", "account") in lines
    assert not {one for one in lines if one[0] == "delete" and one[2] in RETAINED}
    assert estate("apply", "--yes", *DAY).code == 0
    assert estate("plan", "--detailed-exitcode", *DAY).code == 0

    later = estate("plan", "--json", "--as-of", "2026-08-01").document
    gone = {one["address"].split(":")[1].split("/")[0] for one in later["changes"]}
    assert {one["action"] for one in later["changes"]} == {"delete"}
    assert {"mailbox", "account"} <= gone <= RETAINED


def test_a_line_put_back_into_the_roster_opens_what_was_kept(estate):
    file = estate.path / "policies/people.csv"
    kept, number = file.read_text("utf-8"), estate("show", "--json", *DAY).document
    estate.leave("P5")
    assert estate("apply", "--yes", *DAY).code == 0
    file.write_text(kept, "utf-8")
    assert estate("apply", "--yes", *DAY).code == 0
    assert estate("plan", "--detailed-exitcode", *DAY).code == 0
    assert estate("show", "--json", *DAY).document == number


def test_a_simulation_leaves_no_trace_in_the_estate(estate, run, tmp_path):
    """What only ever existed on fakes must not count as ours on the real systems."""
    before = {file: file.read_bytes() for file in estate.path.rglob("*") if file.is_file()}
    people = estate.path / "policies/people.csv"
    joiner = "P9,Tom Foreign,tom,office,clerk,home,staff,2023-02-01,,P1,en,\n"
    people.write_bytes(before[people] + joiner.encode())
    there = ["--estate", estate.path, "--simulate", tmp_path / "what-if", *DAY]
    assert run("apply", "--yes", *there).code == 0
    assert run("plan", "--detailed-exitcode", *there).code == 0
    assert run("prove", *there).code == 0
    people.write_bytes(before[people])
    assert {file: file.read_bytes() for file in before} == before
    assert "tom" in (tmp_path / "what-if/policies/allocations.lock").read_text("utf-8")


def test_a_simulation_does_not_write_to_a_ledger_named_by_the_environment(
    fresh, run, tmp_path, monkeypatch
):
    monkeypatch.setenv("COMMSROOM_LEDGER", str(tmp_path / "real.db"))
    there = ["--estate", fresh.path, "--simulate", tmp_path / "what-if", *DAY]
    assert run("apply", "--yes", *there).code == 0
    assert not (tmp_path / "real.db").exists()


def test_numbers_lost_while_people_have_accounts_stop_everything(estate):
    (estate.path / "policies/allocations.lock").unlink()
    for verb in ("plan", "drift", "apply"):
        done = estate(verb, *(["--yes"] if verb == "apply" else []), *DAY)
        assert done.code == 1
        assert "policies/allocations.lock is gone" in done.err
        assert "restore it from Git" in done.err


def test_a_namesake_never_inherits_an_account_that_looks_the_same(estate):
    """The attack: numbers lost, one leaves, a namesake of the same post joins; nothing would differ."""
    lock = estate.path / "policies/allocations.lock"
    lines = lock.read_text("utf-8").splitlines(keepends=True)
    lock.write_text("".join(line for line in lines if not line.startswith("P5 ")), "utf-8")
    estate.policy("people.csv", "P5,Cy Doe", "P8,Cy Doe")
    done = estate("apply", "--yes", *DAY)
    assert done.code == 3
    assert re.search(r"\S+ is P5's, with all that is in it, and would become P8's", done.err)
    assert "Another person's" in estate("plan", *DAY).out
    drift = estate("drift", "--json", *DAY)
    assert drift.code == 2
    assert "made for P5, and policy gives it to P8" in drift.out


def test_a_system_on_which_nothing_was_applied_yet_is_not_proven(fresh):
    assert fresh("apply", "--yes", "--only", "im1:*", *DAY).code == 0
    done = fresh("prove", *DAY)
    assert done.code == 4
    assert re.search(r"pbx1: policy asks for \d+ objects there, and nothing was applied", done.out)


def test_a_scope_that_names_nothing_is_named_and_nothing_else_is_said(estate):
    done = estate("plan", "--only", "nosuch:*", "--only", "not:this", *DAY)
    assert (done.code, done.out) == (1, "")
    assert done.err == (
        "error: nothing in policy or in what we own matches 'nosuch:*', 'not:this'"
        " (commsroom show lists all addresses)\n"
    )


def test_taking_away_all_that_somebody_had_ends_well(estate):
    """Reading again found nothing of theirs, which once was an error."""
    estate.policy("people.csv", "2023-02-01,,P1", "2023-02-01,2025-01-31,P1")
    done = estate("apply", "--yes", "--person", "P5", *DAY)
    assert done.code == 0, done.err
