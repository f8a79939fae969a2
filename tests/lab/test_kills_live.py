"""Apply killed on the real servers: at every boundary of the journal, and at twenty random moments.

The same over fakes, with a mutant that the harness must catch, is tests/unit/app/test_kills.py.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
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
