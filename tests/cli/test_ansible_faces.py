"""The playbooks and the lookup, run by Ansible: a slip is one line in commsroom's words."""

import os
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow  # Ansible takes seconds to say anything


def _ansible(program, *words, **more):
    done = subprocess.run(
        [ROOT / ".venv/bin" / program, *words],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=100,
        env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "COLUMNS": "1000", **more},
    )
    return done.returncode, " ".join((done.stdout + done.stderr).split())


@pytest.mark.parametrize("playbook", ["onboard", "offboard"])
@pytest.mark.parametrize("person", ["123", '{"a": 1}', '[["L007"]]'])
def test_a_person_who_is_no_text_is_refused_in_one_line(playbook, person):
    given = f'{{"person": {person}}}'
    code, said = _ansible("ansible-playbook", f"playbooks/{playbook}.yml", "--check", "-e", given)
    assert code != 0
    assert "person: write an id of the roster, or a list of ids" in said
    assert "has no len" not in said
    assert "cannot be converted" not in said


@pytest.mark.parametrize("person", ["[]", '""', "null"])
def test_nobody_never_comes_to_mean_everybody(person):
    given = f'{{"person": {person}}}'
    code, said = _ansible("ansible-playbook", "playbooks/onboard.yml", "--check", "-e", given)
    assert code != 0
    assert "Name somebody of the roster" in said


def test_a_lookup_of_nothing_fails_in_one_line():
    text = "{{ lookup('commsroom.core.secret') }}"
    code, said = _ansible("ansible", "localhost", "-m", "debug", "-a", f"msg={text}")
    assert code != 0
    assert "commsroom.core.secret: no address is given" in said


@pytest.fixture
def simulated(applied, tmp_path):
    """An applied estate whose inventory itself says that its systems are simulated."""
    estate = shutil.copytree(applied, tmp_path / "estate")
    hosts = estate / "inventory/hosts.yml"
    said = "  vars:\n    commsroom_simulated: true\n"
    hosts.write_text(hosts.read_text("utf-8").replace("  vars:\n", said, 1), "utf-8")
    (estate / ".commsroom/simulated").mkdir()
    for file in estate.glob("*.json"):
        shutil.copy(file, estate / ".commsroom/simulated")
    return estate


def test_inspect_needs_nobody_to_be_named(simulated):
    """It once failed over the person that nobody gives it."""
    there = {"COMMSROOM_ESTATE": str(simulated)}
    code, said = _ansible("ansible-playbook", "playbooks/inspect.yml", "-e", "use=false", **there)
    assert (code, "failed=0" in said) == (0, True), said


def test_a_task_may_make_only_what_is_due(simulated, tmp_path):
    roster = simulated / "policies/people.csv"
    text = roster.read_text("utf-8")
    roster.write_text(f"{text}P7,Ed Gray,ed,office,clerk,home,staff,2026-03-10,,P1,en,\n", "utf-8")
    playbook = tmp_path / "due.yml"
    task = f"{{due: true, as_of: '2026-03-07', estate: '{simulated}'}}"
    playbook.write_text(
        f"- hosts: localhost\n  gather_facts: false\n  tasks:\n    - commsroom.core.apply: {task}\n"
    )
    _, planned = _ansible("ansible-playbook", playbook, "--check", "--diff")
    assert "+ create im1:account/ed" in planned
    made = [_ansible("ansible-playbook", playbook) for _ in range(2)]
    assert ["changed=1" in said for _, said in made] == [True, False]
    assert all("failed=0" in said for _, said in made), made


def test_in_a_small_company_a_leavers_refusal_names_what_the_playbook_takes(simulated):
    """The remedy of a terminal's option could not be given to a playbook at all."""
    for name in ("playbooks", "ansible.cfg"):
        (simulated / name).symlink_to(ROOT / name)
    roster = simulated / "policies/people.csv"
    lines = roster.read_text("utf-8").splitlines()
    day = (datetime.now(UTC) - timedelta(days=3)).date()
    ended = [re.sub(r"^(P[456],.*,)(,P1,en,)$", rf"\g<1>{day}\2", line) for line in lines]
    roster.write_text("\n".join(ended) + "\n", "utf-8")
    there = {"COMMSROOM_ESTATE": str(simulated)}
    leave = ("ansible-playbook", "playbooks/offboard.yml", "-e", "person=P4,P5,P6")
    code, said = _ansible(*leave, **there)
    assert code != 0
    word = re.search(r"allow exactly this with (-e) (allow_removal=[\w:,]+)", said)
    assert word, said
    assert "--allow-removal" not in said
    code, said = _ansible(*leave, *word.groups(), **there)
    assert "the plan deletes or suspends" not in said
    assert "TASK [Prove that the old credentials are refused]" in said, said


def test_a_newcomers_letter_is_written_once_and_check_mode_only_says_so(simulated, tmp_path):
    for name in ("playbooks", "ansible.cfg"):
        (simulated / name).symlink_to(ROOT / name)
    keys = simulated / "policies/keys"
    keys.mkdir()
    words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"]
    subprocess.run(words, check=True)
    shutil.copy(tmp_path / "key.pub", keys / "P5.pub")
    there = {"COMMSROOM_ESTATE": str(simulated)}
    give = ("ansible-playbook", "playbooks/onboard.yml", "-e", "person=P5", "-e", "handover=true")
    code, said = _ansible(*give, "--check", **there)
    assert (code, "changed=1" in said) == (0, True), said
    assert not (simulated / ".commsroom/handover").exists()
    made = [_ansible(*give, **there) for _ in range(2)]
    assert ["changed=1" in said for _, said in made] == [True, False], made
    assert [code for code, _ in made] == [0, 0]
    [file] = (simulated / ".commsroom/handover").iterdir()
    opened = subprocess.run(
        ["age", "-d", "-i", tmp_path / "key", file], capture_output=True, check=True, timeout=30
    )
    assert b"cy@small.example" in opened.stdout
    (keys / "P5.pub").unlink()
    task = f"{{person: P5, again: true, estate: '{simulated}'}}"
    playbook = tmp_path / "again.yml"
    playbook.write_text(
        f"- hosts: localhost\n  gather_facts: false\n  tasks:\n    - commsroom.core.handover: {task}\n"
    )
    code, said = _ansible("ansible-playbook", playbook)
    assert code != 0
    assert "has no key to seal to" in said


def test_a_lost_phone_is_shut_out_once_and_check_mode_only_says_so(simulated):
    for name in ("playbooks", "ansible.cfg"):
        (simulated / name).symlink_to(ROOT / name)
    (simulated / "policies/devices.csv").write_text(
        "asset_tag,kind,vendor,model,site,holder,state\nM-1,mobile,Apple,iPhone 16,home,P5,issued\n"
    )
    there = {"COMMSROOM_ESTATE": str(simulated)}
    lose = ("ansible-playbook", "playbooks/lost_phone.yml", "-e", "device=M-1", "-e", "reason=gone")
    code, said = _ansible(*lose, "--check", **there)
    assert (code, "M-1 would be locked or erased" in said) == (0, True), said
    made = [_ansible(*lose, **there) for _ in range(2)]
    assert [code for code, _ in made] == [0, 0], made
    assert ["changed=1" in said for _, said in made] == [True, False], made
    assert "have the carrier block its SIM" in made[0][1]
    code, said = _ansible(*lose[:-1], "reason=", "-e", "device=M-9", **there)
    assert (code != 0, "there is no device 'M-9'" in said) == (True, True), said
