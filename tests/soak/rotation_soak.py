"""`make soak`: rotation killed a hundred thousand times, and nothing lost.

    runs            one world each: a rotation, one to three processes that die or are overtaken, a last one
    kills           processes that did not reach their end
    lost            runs after any process of which some system let in nothing that the store has
    not converged   runs after whose last process some system was not as the ledger says

Store and ledger are in memory here and as durable as their contract: a call that returned is kept, one
that did not is not there at all. The same runs over the real ones, with SIGKILL, are the line *processes*;
what a power cut does to their files is the line *power cuts*.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from rotation_power import cuts, record
from rotation_processes import run as run_processes
from rotation_runs import (
    SHAPES,
    Kill,
    Strategy,
    Verdict,
    any_world,
    push_then_store,
    run,
    staged,
    store_over_then_push,
    world_of,
)

SEED = 20261126
#: More boundaries and instructions than any drawn run passes in one go are drawn in vain, and seldom.
BOUNDARIES, INSTRUCTIONS = 70, 25_000
#: A second kill is tried at each boundary up to this one; no recovery passes more.
MOST = 200


@dataclass
class Tally:
    """What a number of runs came to."""

    runs: int = 0
    kills: int = 0
    lost: int = 0
    astray: int = 0
    broken: Counter[str] = field(default_factory=Counter)
    phases: Counter[str] = field(default_factory=Counter)
    #: Which runs these were, to make them again.
    which: list[str] = field(default_factory=list)

    def add(self, name: str, verdict: Verdict) -> None:
        self.runs += 1
        self.kills += verdict.kills
        self.lost += verdict.lost
        self.astray += bool(verdict.astray)
        self.broken += verdict.broken
        self.phases += verdict.phases
        if verdict.lost or verdict.astray or verdict.broken:
            self.which.append(name)

    def __iadd__(self, other: Self) -> Self:
        for name in ("runs", "kills", "lost", "astray", "broken", "phases", "which"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self

    @property
    def clean(self) -> bool:
        return self.runs > 0 and not (self.lost or self.astray or self.broken)


# ── what is run ──────────────────────────────────────────────────────────────────────────────


def every_boundary(shape: str) -> Tally:
    """Kill at each boundary, and its recovery at each of its own; pause at each."""
    tally = Tally()
    boundaries = _passed(shape)
    for first in range(1, boundaries + 1):
        tally.add(f"{shape}: paused at {first}", _run(shape, Kill(first, pause=True)))
        for second in range(1, MOST):
            verdict = _run(shape, Kill(first), Kill(second))
            tally.add(f"{shape}: killed at {first}, then {second}", verdict)
            if verdict.kills < 2:
                break
    return tally


def _run(shape: str, *kills: Kill) -> Verdict:
    return run(world_of(random.Random(SEED), [shape]), staged, kills)


def _passed(shape: str) -> int:
    return _run(shape, Kill(MOST)).boundaries


def at_random(numbers: Iterable[int], strategy: Strategy = staged) -> Tally:
    """Kill and pause anywhere, in any world."""
    tally = Tally()
    for number in numbers:
        chance = random.Random(SEED + number)
        world = any_world(chance)
        kills = [_drawn(chance) for _ in range(chance.choice((1, 2, 2, 3)))]
        tally.add(f"run {number}", run(world, strategy, kills))
    return tally


def _drawn(chance: random.Random) -> Kill:
    match chance.choice(("boundary", "boundary", "pause", "instruction")):
        case "boundary":
            return Kill(chance.randint(1, BOUNDARIES))
        case "pause":
            return Kill(chance.randint(1, BOUNDARIES), pause=True)
        case _:
            return Kill(instruction=chance.randint(1, INSTRUCTIONS))


def by_processes(numbers: Iterable[int]) -> Tally:
    """The same over real files, by processes that end by SIGKILL or lose their lock asleep."""
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        for number in numbers:
            tally.add(f"processes {number}", run_processes(number, Path(folder)))
    return tally


def by_power_cuts(seed: int, careless: str = "", share: float = 0.25) -> Tally:
    """Cut the power at a share of all moments of one recorded rotation."""
    tally, chance = Tally(), random.Random(SEED + seed)
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        (Path(folder) / "after").mkdir()
        calls = record(Path(folder), careless=careless)
        for number, verdict in enumerate(cuts(calls, Path(folder) / "after", chance, share)):
            tally.add(f"power cut {number} of {seed}", verdict)
    return tally


def naive(numbers: Iterable[int]) -> dict[str, Tally]:
    """The same with two strategies that are in use everywhere."""
    listed = list(numbers)
    return {
        "push, then store": at_random(listed, push_then_store),
        "store over, then push": at_random(listed, store_over_then_push),
    }


# ── the command ──────────────────────────────────────────────────────────────────────────────


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="Kill rotations and count what is lost")
    parser.add_argument("--runs", type=int, default=100_000, help="random runs (100,000)")
    parser.add_argument("--processes", type=int, default=200, help="runs by real processes (200)")
    parser.add_argument("--from", type=int, default=0, dest="first", help="number of the first run")
    chosen = parser.parse_args(arguments)
    first = chosen.first
    print(f"{'':24}{'runs':>9}{'kills':>9}{'lost':>7}{'not converged':>15}{'seconds':>9}")
    with multiprocessing.Pool(os.cpu_count()) as pool:
        ours = [
            _told("every boundary, twice", pool.imap_unordered(every_boundary, SHAPES)),
            _told("at random", pool.imap_unordered(at_random, _parts(first, chosen.runs, 250))),
            _told(
                "processes, SIGKILL",
                pool.imap_unordered(by_processes, _parts(first, chosen.processes, 10)),
            ),
        ]
        if shutil.which("strace"):
            ours.append(_told("power cuts", pool.imap_unordered(by_power_cuts, range(2))))
        else:
            print("power cuts: not run, strace is not installed")
        theirs = pool.map(naive, _parts(first, 2_000, 250))
    caught = [
        _told(f"naive: {name}", (one[name] for one in theirs), blame=False) for name in theirs[0]
    ]
    if any(caught):
        print("soak: a naive strategy lost nothing, so these runs prove nothing")
    return 0 if all(ours) and not any(caught) else 1


def _parts(first: int, count: int, size: int) -> list[range]:
    last = first + count
    return [range(start, min(start + size, last)) for start in range(first, last, size)]


def _told(name: str, tallies: Iterable[Tally], *, blame: bool = True) -> bool:
    began, total = time.monotonic(), Tally()
    for one in tallies:
        total += one
        if sys.stderr.isatty():
            print(f"{name}: {total.runs:,} …", end="\r", file=sys.stderr)
    seconds = time.monotonic() - began
    print(
        f"{name:24}{total.runs:>9,}{total.kills:>9,}{total.lost:>7,}{total.astray:>15,}{seconds:>9.0f}",
        flush=True,
    )
    if blame and not total.clean:
        print(*(f"  {what}: {times}" for what, times in total.broken.items()), sep="\n")
        print(*(f"  {which}" for which in total.which[:10]), sep="\n")
    return total.clean


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
