"""What the role's service runs, with the real program over simulated systems."""

import email
import email.policy
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import jinja2
import pytest
import yaml

pytestmark = pytest.mark.slow
ROLE = Path(__file__).parents[2] / "roles/schedule"
HELD = (
    "UPDATE ledger_lock SET held = 1, holder = 'ann@office', command = 'apply',"
    " since = '2026-03-05T01:00:00Z', host = 'elsewhere'"
)


@pytest.fixture
def night(estate, tmp_path):
    """Run the script as the service does; people are told."""
    (estate.path / "policies/notify.yml").write_text("---\nmail: {people: [P1]}\n", "utf-8")
    assert estate("apply", "--yes").code == 0
    program = tmp_path / "commsroom"
    program.write_text(
        f"#!/bin/sh\nexec {sys.executable} -c 'import sys; from commsroom.cli.start import main;"
        f' sys.exit(main())\' "$@" --simulate {estate.path}\n'
    )
    program.chmod(0o755)
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", credentials / "checkpoint"]
    subprocess.run(make, check=True)
    made = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)
    made.filters["quote"] = lambda text: f"'{text}'"
    defaults = yaml.safe_load((ROLE / "defaults/main.yml").read_text("utf-8"))
    given = {
        **defaults, "ansible_managed": "", "schedule_estate": estate.path,
        "schedule_command": program, "schedule_servers": False,
    }  # fmt: skip
    template = made.from_string((ROLE / "templates/schedule.sh.j2").read_text("utf-8"))
    script = tmp_path / "schedule"
    reports = tmp_path / "reports"
    reports.mkdir()

    def call(**more):
        script.write_text(template.render({**given, **more}))
        places = {"STATE_DIRECTORY": str(reports), "CREDENTIALS_DIRECTORY": str(credentials)}
        return subprocess.run(
            ["sh", script], env={**os.environ, **places}, text=True, capture_output=True, check=False, timeout=120,
        )  # fmt: skip

    call.reports = reports
    return call


def test_a_quiet_night_makes_nothing_finds_nothing_and_keeps_the_report(night):
    old = night.reports / "drift-2020-01-01.html"
    old.write_text("")
    os.utime(old, (0, 0))
    done = night()
    assert done.returncode == 0, done.stderr
    assert "Nothing is due" in done.stdout
    assert (
        "apply --due ended with 0, rotate --due with 0, drift with 0, the checkpoint with 0"
        in done.stdout
    )
    (report,) = night.reports.iterdir()
    assert "Everything is as policy says." in report.read_text("utf-8")


def test_an_apply_that_is_refused_does_not_hide_what_drifted(night, estate):
    with sqlite3.connect(estate.path / ".commsroom/ledger.db") as database:
        database.execute(HELD)
    database.close()
    estate.by_hand(lambda held: held["accounts"]["cy"].update(display_name="Somebody"))
    done = night()
    assert done.returncode == 3
    assert "ann@office" in done.stderr
    assert "apply --due ended with 3, rotate --due with 3, drift with 2" in done.stdout
    assert len(list(night.reports.iterdir())) == 1
    assert '"letters": ["' in (estate.path / "mail1.json").read_text("utf-8")


def test_a_night_ends_with_a_checkpoint_that_seals_what_it_recorded(night, estate, contract):
    done = night(schedule_checkpoint_key="/etc/commsroom/checkpoint", schedule_checkpoint_mail=True)
    assert done.returncode == 0, done.stderr
    assert "the checkpoint with 0" in done.stdout
    line = done.stderr.strip().splitlines()[-1]
    assert 'namespaces="commsroom-checkpoint"' in line
    (estate.path / "policies/checkpoint-signers").write_text(f"{line}\n")
    kept = night.reports / "checkpoints.jsonl"
    found = estate("ledger", "verify", "--anchor", kept, "--json")
    assert (found.code, found.document["events"]) == (0, found.document["sealed"] + 1)
    contract("ledger verify", found.document)
    (letter,) = json.loads((estate.path / "mail1.json").read_text("utf-8"))["letters"]
    parts = list(email.message_from_string(letter, policy=email.policy.default).iter_attachments())
    received = night.reports / "received"
    received.write_bytes(parts[0].get_payload(decode=True))
    assert json.loads(received.read_text("utf-8")) == json.loads(kept.read_text("utf-8"))
    assert estate("ledger", "verify", "--anchor", received).code == 0
