"""Rotations killed everywhere, in a world where everything goes wrong: nothing is lost, all converges.

`make soak` runs a hundred thousand of these (tests/soak/rotation_soak.py), and more over real files.
"""

import random
import shutil
from dataclasses import replace

import pytest
from rotation_runs import (
    HOUR,
    SHAPES,
    Kill,
    push_then_store,
    run,
    staged,
    store_over_then_push,
    world_of,
)
from rotation_soak import Tally, at_random, by_power_cuts, by_processes, every_boundary

from commsroom.estate.rotation import Terms


def told(tally):
    return f"{tally.lost} lost, {tally.astray} not converged, {dict(tally.broken)}: {tally.which}"


def test_killed_anywhere_nothing_is_lost_and_everything_converges():
    tally = at_random(range(500))
    assert tally.clean, told(tally)
    assert tally.kills > 500


@pytest.mark.parametrize("shape", ["a chat account"])
def test_killed_at_every_boundary_and_again_at_every_one_of_the_recovery(shape):
    tally = every_boundary(shape)
    assert tally.clean, told(tally)


def test_asleep_with_a_push_in_hand_while_its_target_is_away_from_all_others():
    """Going back only logged in there, so the target had never heard of a newer fence than the sleeper's."""
    tally = Tally()
    for boundary in range(1, 40):
        terms = Terms(retry=1.0)
        world = world_of(random.Random(1), ["an old exchange and two telephones"], terms)
        for system in world.systems.values():
            system.fenced = True
        world.systems["phones1"].away_until = world.now + 3 * HOUR
        tally.add(f"boundary {boundary}", run(world, staged, [Kill(boundary, pause=True)]))
    assert tally.clean, told(tally)


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_every_sort_of_credential_survives_every_boundary_twice(shape):
    tally = every_boundary(shape)
    assert tally.clean, told(tally)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_thousands_of_random_runs_lose_nothing(part):
    first = 500 + 1_000 * part
    tally = at_random(range(first, first + 1_000))
    assert tally.clean, told(tally)


@pytest.mark.slow
def test_real_processes_on_real_files_lose_nothing_to_sigkill():
    tally = by_processes(range(12))
    assert tally.clean, told(tally)


# ── the power ────────────────────────────────────────────────────────────────────────────────

strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


@strace
@pytest.mark.slow
def test_a_power_cut_at_any_moment_takes_nothing_that_a_system_has():
    tally = by_power_cuts(1, share=0.05)
    assert tally.runs > 30
    assert tally.clean, told(tally)


@strace
@pytest.mark.slow
@pytest.mark.parametrize("careless", ["NORMAL", "OFF", "names"])
def test_a_store_that_does_not_sync_is_caught(careless):
    assert by_power_cuts(1, careless, share=0.05).lost


# ── and the runs themselves are worth something ──────────────────────────────────────────────


@pytest.mark.parametrize("strategy", [push_then_store, store_over_then_push])
def test_a_naive_strategy_loses_some(strategy):
    tally = at_random(range(200), strategy)
    assert tally.lost > 20


@pytest.mark.parametrize("strategy", [push_then_store, store_over_then_push])
def test_a_naive_strategy_loses_some_by_a_single_kill_with_nothing_else_wrong(strategy):
    lost = [
        number
        for number in range(1, 12)
        if run(
            world_of(random.Random(1), ["a chat account"]),
            strategy,
            [Kill(number)],
        ).lost
    ]
    assert lost


def test_a_machine_that_does_not_expect_late_writes_is_caught(monkeypatch):
    for name in SHAPES:
        shape = tuple((system, replace(traits, late=0.0)) for system, traits in SHAPES[name])
        monkeypatch.setitem(SHAPES, name, shape)
    tally = at_random(range(150))
    assert tally.astray or tally.broken


def test_a_machine_that_does_not_count_failed_logins_is_caught(monkeypatch):
    monkeypatch.setattr(
        "commsroom.estate.rotation.state.Held.may_fail_from", lambda _held, now: now
    )
    assert at_random(range(150)).broken["an account was locked"]
