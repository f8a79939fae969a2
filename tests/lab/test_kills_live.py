"""Apply killed on the real servers: at every boundary of the journal, and at twenty random moments.

The same over fakes, with a mutant that the harness must catch, is tests/unit/app/test_kills.py.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.lab, pytest.mark.timeout(900)]
BIN = Path(sys.executable).parent
RANDOM_KILLS = 20
SEED = 20261124

#: Applies, and kills itself at the boundary of that number (0: lives); tells how many it passed.
APPLY = """
import os, signal, sys
from pathlib import Path
from commsroom.app.applying import apply
from commsroom.app.estate import open_estate
from commsroom.app.progress import Silent
from commsroom.app.scope import Scope

passed, die_at = 0, int(sys.argv[1])

def count(name):
    global passed
    passed += 1
    if passed == die_at:
        os.kill(os.getpid(), signal.SIGKILL)

with open_estate(Path.cwd(), on_boundary=count) as estate:
    done = apply(estate, Scope(), confirm=lambda plan: True, progress=Silent())
print(passed)
sys.exit(done.exit_code)
"""


def killed_at(company, boundary):
    """Apply, killed at a boundary; return how it ended and how many boundaries it passed."""
    done = subprocess.run(
        [sys.executable, "-c", APPLY, str(boundary)], cwd=company.root, env=company.environ,
        stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, timeout=120, check=False,
    )  # fmt: skip
    return done.returncode, int(done.stdout or 0)


def unlogged(company, plan):
    """Return what is on the servers, was not there at the start, and stands in no intent of ours."""
    unowned = {one["address"] for one in plan["changes"] if one["action"] == "adopt"}
    return unowned | set(plan["foreign"]) - company.strangers


def converges(company):
    company.commsroom("apply", "--yes")
    plan = company.json("plan")
    assert plan["changes"] == []
    assert unlogged(company, plan) == set()


@pytest.fixture
def watched(clean):
    """The company, with what was foreign on its servers before."""
    clean.strangers = set(clean.json("plan")["foreign"])
    return clean


def test_killed_at_every_boundary_of_the_journal_the_next_run_converges(watched, newcomers) -> None:
    watched.roster(lambda rows: [*rows, *newcomers("count", 1)])
    code, boundaries = killed_at(watched, 0)
    assert code == 0
    assert boundaries >= 10
    for boundary in range(1, boundaries + 1):
        watched.roster(lambda rows, n=boundary: [*rows, *newcomers(f"at{n}", 1)])
        code, _ = killed_at(watched, boundary)
        assert code == -signal.SIGKILL, f"boundary {boundary} was never reached"
        assert unlogged(watched, watched.json("plan")) == set(), f"killed at boundary {boundary}"
        converges(watched)
    assert "whole" in watched.commsroom("ledger", "verify")


#: Kills Prosody as soon as so many accounts are there: memberships come next, and their rooms wait to be saved.
KILL_PROSODY = """
import os, signal, subprocess, time
folder = "/var/lib/prosody/lianhe%2eexample/accounts"
show = ["systemctl", "show", "--property", "MainPID", "--value", "prosody"]
prosody = int(subprocess.run(show, check=True, stdout=subprocess.PIPE).stdout)
until = time.monotonic() + 60
while len(os.listdir(folder)) < {enough} and time.monotonic() < until:
    time.sleep(0.002)
os.kill(prosody, signal.SIGKILL)
"""

#: What the ledger says was done on im1, and whether im1 has it.
DONE_AND_THERE = """
import json
from pathlib import Path
from commsroom.app import reading
from commsroom.app.estate import open_estate
from commsroom.app.progress import Silent

with open_estate(Path.cwd()) as estate:
    there = reading.read(estate, Silent(), only=("im1",)).snapshots["im1"].resources
    last = {}
    for event in estate.ledger.events(kind="outcome"):
        last.update({row.address: row.action for row in event.rows if row.data["status"] == "done"})
    done = [one for one, action in last.items() if one.system == "im1" and action != "delete"]
    print(json.dumps({str(one): one in there for one in done}))
"""


def test_prosody_killed_while_rooms_wait_nothing_is_journalled_as_done_that_is_not_on_disk(
    watched, newcomers
) -> None:
    count = "ls /var/lib/prosody/lianhe%2eexample/accounts | wc -l"
    enough = int(watched.on("im1", count)) + 200
    watched.roster(lambda rows: [*rows, *newcomers("waiting", 200)])
    killer = threading.Thread(
        target=watched.on,
        args=("im1", f"python3 - <<'END'\n{KILL_PROSODY.format(enough=enough)}\nEND"),
    )
    killer.start()
    watched.commsroom("apply", "--yes", expect=4)
    killer.join()
    watched.on(
        "im1",
        "systemctl stop prosody; rm -f /run/prosody/prosody.sock; systemctl start prosody;"
        " until [ -S /run/prosody/prosody.sock ]; do sleep 0.1; done",
    )
    said = watched.run("python", "-c", DONE_AND_THERE)
    there = json.loads(said)
    assert there
    assert [one for one, found in there.items() if not found] == []
    lacking = [one["address"] for one in watched.json("plan")["changes"]]
    assert any(one.startswith("im1:member/") for one in lacking)  # the kill did come in between
    converges(watched)


def test_killed_at_random_moments_the_next_run_converges(watched, newcomers) -> None:
    chance = random.Random(SEED)
    watched.roster(lambda rows: [*rows, *newcomers("whole", 5)])
    began = time.monotonic()
    watched.commsroom("apply", "--yes")
    whole = time.monotonic() - began
    killed = 0
    for turn in range(RANDOM_KILLS):
        watched.roster(lambda rows, n=turn: [*rows, *newcomers(f"turn{n}", 5)])
        process = subprocess.Popen(
            [str(BIN / "commsroom"), "apply", "--yes"], cwd=watched.root, env=watched.environ,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        time.sleep(chance.uniform(0.2, 1.0) * whole)
        os.killpg(process.pid, signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        assert unlogged(watched, watched.json("plan")) == set(), f"turn {turn}"
        converges(watched)
    assert killed >= RANDOM_KILLS // 2
    assert "whole" in watched.commsroom("ledger", "verify")
