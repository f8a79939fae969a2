"""The loop on real servers: applied is so, proven by use, and every disturbance is told exactly."""

from __future__ import annotations

import re
import statistics
import time

import pytest

pytestmark = pytest.mark.lab


def test_plan_straight_after_apply_is_empty(company) -> None:
    plan = company.json("plan", "--detailed-exitcode")
    assert plan["changes"] == []
    assert plan["summary"] == {"create": 0, "update": 0, "delete": 0, "adopt": 0}
    assert company.json("drift", expect=0)["exit_code"] == 0


def test_every_account_is_proven_by_real_use(company) -> None:
    found = company.json("prove")
    assert found["ok"] is True
    failed = [proof for proof in found["proofs"] if proof["ok"] is not True]
    assert failed == []
    systems = {proof["address"].split(":")[0] for proof in found["proofs"]}
    assert systems == {"pbx1", "mail1", "im1"}
    wrong = [proof for proof in found["proofs"] if "wrong password" in proof["use"]]
    assert len(wrong) > 60


def test_a_no_change_plan_takes_two_seconds(company) -> None:
    times = []
    for _ in range(5):
        started = time.monotonic()
        company.commsroom("plan")
        times.append(time.monotonic() - started)
    assert statistics.median(times) <= 2.0, times


def test_onboarding_in_check_mode_changes_nothing_and_shows_the_plan(clean) -> None:
    joiner = {"id": "L900", "name": "林小晴", "department": "sales", "position": "sales-representative",
              "site": "taipei", "kind": "staff", "start": "2026-01-05"}  # fmt: skip
    clean.roster(lambda rows: [*rows, joiner])
    before = clean.json("ledger", "show", "--limit", "1")

    out = clean.run(
        "ansible-playbook", "playbooks/onboard.yml", "-e", "person=L900", "--check", "--diff"
    )

    assert "create pbx1:extension/" in out
    assert "changed=1" in out
    assert clean.json("ledger", "show", "--limit", "1") == before
    assert "L900" not in (clean.root / "policies" / "allocations.lock").read_text()

    again = clean.run("ansible-playbook", "playbooks/onboard.yml", "-e", "person=L900")
    assert "failed=0" in again
    assert clean.json("plan")["changes"] == []
    third = clean.run("ansible-playbook", "playbooks/onboard.yml", "-e", "person=L900")
    assert "changed=0" in third


def test_a_leaver_is_refused_everywhere_with_the_credential_that_worked_before(clean) -> None:
    clean.commsroom("prove", "--person", "L012")
    offboard = ("ansible-playbook", "playbooks/offboard.yml", "-e", "person=L012")
    for words in ((), ("--check",)):
        said = clean.run(*offboard, *words, expect=2)
        assert "L012 (Phạm Thị Hồng) has no last day: nothing was closed" in said

    def leave(rows):
        return [{**row, "end": "2026-11-01"} if row["id"] == "L012" else row for row in rows]

    clean.roster(leave)
    out = clean.run(*offboard)
    assert "failed=0" in out
    proofs = clean.json("prove", "--person", "L012")["proofs"]
    refused = {
        proof["address"].split(":")[0]
        for proof in proofs
        if proof["expected"] == "refused" and proof["ok"]
    }
    assert refused == {"pbx1", "mail1", "im1"}
    plan = clean.json("plan")
    assert plan["changes"] == []


NAMED_IN_POLICY = {
    "L001", "L002", "L003", "L005", "L006", "L007", "L010", "L015", "L016", "L017", "L020", "L026", "L027", "L028",
    "L029", "L034", "L035", "L038", "C801", "X901",
}  # fmt: skip


def test_forty_percent_less_people_stop_with_the_numbers_and_nothing_is_touched(clean) -> None:
    gone = 0

    def shrink(rows):
        nonlocal gone
        keep = []
        for row in rows:
            if row["id"] in NAMED_IN_POLICY or gone >= round(0.4 * len(rows)):
                keep.append(row)
            else:
                gone += 1
        return keep

    clean.roster(shrink)
    assert gone == 16
    events = clean.json("ledger", "show", "--limit", "1")
    said = clean.commsroom("apply", "--yes", expect=3)
    assert re.search(r"\d+ of \d+ extension on pbx1 \(\d+%\)", said)
    assert "--allow-removal" in said
    assert clean.json("ledger", "show", "--limit", "1") == events


def test_an_empty_roster_stops_with_the_numbers_and_nothing_is_touched(clean) -> None:
    clean.roster(lambda _rows: [])
    events = clean.json("ledger", "show", "--limit", "1")
    said = clean.commsroom("apply", "--yes", expect=3)
    assert "the roster has lost 41 of 41 people (100%); the limit is 30%" in said
    assert clean.json("ledger", "show", "--limit", "1") == events


def test_odd_names_come_back_exactly(clean) -> None:
    odd = [
        {"id": f"L95{n}", "name": name, "login": f"odd{n}", "department": "engineering", "position": "engineer",
         "site": "taipei", "kind": "staff", "start": "2026-01-05"}
        for n, name in enumerate(["a]b;c", 'say "hi"', "x,y $HOME", "back\\slash", "`id` $(id) %s {{ x }}", "<&'>"])
    ]  # fmt: skip
    clean.roster(lambda rows: [*rows, *odd])
    clean.commsroom("apply", "--yes")
    plan = clean.json("plan")
    assert plan["changes"] == []


@pytest.mark.timeout(600)  # the roles run three times
def test_a_server_that_is_not_as_its_role_says_is_drift_with_host_task_and_file(company) -> None:
    company.on("mail1", "echo '# by hand' >> /etc/postfix/main.cf; chmod 600 /etc/postfix/main.cf")
    try:
        found = company.json("drift", "--servers", "--no-record", expect=2)["findings"]
        assert {(one["kind"], one["system"]) for one in found} == {("server", "mail1")}
        assert any("/etc/postfix/main.cf" in one["text"] for one in found)
    finally:
        company.run("ansible-playbook", "playbooks/site.yml", "--limit", "mail1")
    assert company.json("drift", "--servers", "--no-record")["findings"] == []


def test_a_server_that_is_down_is_unknown_and_the_others_are_complete(company) -> None:
    company.on("im1", "systemctl stop prosody")
    try:
        plan = company.json("plan", expect=4)
        assert plan["changes"] == []
        assert company.json("drift", expect=4)["exit_code"] == 4
        assert "im1" in company.commsroom("plan", expect=4)
    finally:
        company.on("im1", "systemctl start prosody")
    for _ in range(40):
        if company.commsroom("plan", "--detailed-exitcode", expect=None).startswith("No changes"):
            break
        time.sleep(0.25)
    assert company.json("plan")["changes"] == []


def test_a_wrong_host_key_is_one_line_and_nothing_is_touched(company) -> None:
    file = company.root / ".commsroom" / "lab" / "known_hosts"
    kept = file.read_text()
    other = "AAAAC3NzaC1lZDI1NTE5AAAAIGrWOZJ0ApU8qPzzFLQFk9aOtOTmtqeVXzzlFuJBYrjt"
    file.write_text(re.sub(r"(ssh-ed25519 )\S+", rf"\g<1>{other}", kept))
    try:
        said = company.commsroom("apply", "--yes", expect=4)
        assert "host key" in said + "".join(company.said[-2:])
    finally:
        file.write_text(kept)
    assert company.json("plan")["changes"] == []


def test_hand_made_objects_survive_and_are_named(clean) -> None:
    clean.on(
        "im1",
        "prosodyctl shell user create stranger@lianhe.example made-by-hand-1 prosody:registered",
    )
    try:
        found = clean.json("plan")
        assert "im1:account/stranger" in found["foreign"]
        clean.commsroom("apply", "--yes")
        assert "im1:account/stranger" in clean.json("plan")["foreign"]
    finally:
        clean.on("im1", "prosodyctl shell user delete stranger@lianhe.example")
