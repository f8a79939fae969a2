"""Apply killed at every boundary of the journal and at random moments: the next run converges.

And the harness itself is on trial: over a journal that writes no intents it must find changes that
nobody wrote down.
"""

from __future__ import annotations

import base64
import os
import random
import shutil
import signal
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from commsroom.app import planning, reading
from commsroom.app.applying import apply
from commsroom.app.estate import open_estate
from commsroom.app.progress import Silent
from commsroom.app.scope import Scope
from commsroom.ledger import Journal

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[3]
RANDOM_KILLS = 20
SEED = 20261124


class Mutant:
    """A journal without intents: what a run did between two outcomes, nobody will know."""

    def begin(self, *_args, **_kwargs) -> int:
        return 0

    def finish(self, *_args) -> None:
        pass

    def abandon(self, *_args) -> None:
        pass


def run(estate: Path, journal: Journal | None, boundary: Callable[[str], None]) -> int:
    """Apply everything on fakes; return the exit code."""
    with open_estate(estate, simulate=estate.parent / "fakes", on_boundary=boundary) as opened:
        done = apply(
            opened, Scope(), confirm=lambda _plan: True, progress=Silent(), journal=journal
        )
    return int(done.exit_code)


def start(estate: Path, die_at: int = 0, journal: Journal | None = None) -> int:
    """Fork an apply that kills itself at boundary number `die_at` (0: lives); return its pid."""
    pid = os.fork()
    if pid:
        return pid
    return _child(estate, die_at, journal)


def _child(estate: Path, die_at: int, journal: Journal | None) -> NoReturn:
    passed = 0

    def count(_name: str) -> None:
        nonlocal passed
        passed += 1
        if passed == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    code = 99
    try:
        code = run(estate, journal, count)
    except BaseException:  # noqa: BLE001 - a forked child must not return into pytest
        traceback.print_exc()
    (estate.parent / "boundaries").write_text(str(passed))
    os._exit(code)


@pytest.fixture
def estate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small estate on three simulated servers, with a key of its own."""
    monkeypatch.setenv("COMMSROOM_KEY", base64.b64encode(bytes(32)).decode())
    root = tmp_path / "estate"
    shutil.copytree(ROOT / "tests" / "cli" / "estate", root)
    (root / "ansible.cfg").write_text("")
    (root / ".commsroom").mkdir(mode=0o700)  # keeps what Ansible said of the inventory
    return root


def finish(pid: int) -> int:
    """Wait for a forked apply; return its exit status, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def restore(estate: Path, saved: Path) -> None:
    """Put everything back to the moment before the apply."""
    for name in ("estate", "fakes"):
        shutil.rmtree(estate.parent / name, ignore_errors=True)
        if (saved / name).exists():
            shutil.copytree(saved / name, estate.parent / name, symlinks=True)


def unlogged(estate: Path) -> set[str]:
    """Return what exists on the servers and stands in no intent of the ledger."""
    with open_estate(estate, simulate=estate.parent / "fakes") as opened:
        there = {
            str(address)
            for snapshot in reading.read(opened, Silent()).snapshots.values()
            for address in snapshot.resources
        }
        intended = {
            row.address for event in opened.ledger.events(kind="intent") for row in event.rows
        }
    return there - {str(address) for address in intended}


def converged(estate: Path) -> bool:
    assert finish(start(estate)) == 0
    with open_estate(estate, simulate=estate.parent / "fakes") as opened:
        plan = planning.plan(opened, Scope(), Silent())
        assert opened.ledger.verify() == ()
        assert opened.ledger.open_batches() == ()
    return plan.empty and not plan.foreign and not plan.unknown


@pytest.fixture
def saved(estate: Path, tmp_path: Path) -> Path:
    """The estate as it was, with its inventory already listed (Ansible is slow to ask 40 times)."""
    with open_estate(estate, simulate=tmp_path / "fakes") as opened:
        assert len(opened.systems) == 3
    shutil.copytree(tmp_path / "estate", tmp_path / "saved" / "estate")
    return tmp_path / "saved"


def test_killed_at_every_boundary_of_the_journal_the_next_run_converges(
    estate: Path, saved: Path
) -> None:
    assert finish(start(estate)) == 0
    boundaries = int((estate.parent / "boundaries").read_text())
    assert boundaries >= 10
    for boundary in range(1, boundaries + 1):
        restore(estate, saved)
        assert finish(start(estate, boundary)) == -signal.SIGKILL
        assert unlogged(estate) == set(), f"killed at boundary {boundary}"
        assert converged(estate), f"killed at boundary {boundary}"


def test_killed_at_random_moments_the_next_run_converges(estate: Path, saved: Path) -> None:
    chance = random.Random(SEED)
    began = time.monotonic()
    assert finish(start(estate)) == 0
    whole = time.monotonic() - began
    for _ in range(RANDOM_KILLS):
        restore(estate, saved)
        pid = start(estate)
        moment = chance.uniform(0.1, 1.0) * whole
        time.sleep(moment)
        os.kill(pid, signal.SIGKILL)
        finish(pid)
        assert unlogged(estate) == set(), f"killed after {moment:.3f} s"
        assert converged(estate), f"killed after {moment:.3f} s"


def test_the_harness_catches_a_journal_without_intents(estate: Path) -> None:
    finish(start(estate, journal=Mutant()))
    assert len(unlogged(estate)) > 20
