"""The playbooks and the lookup, run by Ansible: a slip is one line in commsroom's words."""

import os
import shutil
import subprocess
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


def test_inspect_needs_nobody_to_be_named(applied, tmp_path):
    """It once failed over the person that nobody gives it."""
    estate = shutil.copytree(applied, tmp_path / "estate")
    hosts = estate / "inventory/hosts.yml"
    simulated = "  vars:\n    commsroom_simulated: true\n"
    hosts.write_text(hosts.read_text("utf-8").replace("  vars:\n", simulated, 1), "utf-8")
    (estate / ".commsroom/simulated").mkdir()
    for file in estate.glob("*.json"):
        shutil.copy(file, estate / ".commsroom/simulated")
    there = {"COMMSROOM_ESTATE": str(estate)}
    code, said = _ansible("ansible-playbook", "playbooks/inspect.yml", "-e", "use=false", **there)
    assert (code, "failed=0" in said) == (0, True), said
