"""The playbooks and the lookup, run by Ansible: a slip is one line in commsroom's words."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow  # Ansible takes seconds to say anything


def _ansible(program, *words):
    done = subprocess.run(
        [ROOT / ".venv/bin" / program, *words],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=100,
        env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "COLUMNS": "1000"},
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
