"""One run: a world, a process that is killed somewhere in a rotation, others that recover, the verdict.

Everything follows from the run's number, so that a run that fails can be made again.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

from rotation_world import LATE, Controller, Killed, Process, World, place

import commsroom.estate.rotation
import commsroom.secrets.rotation
from commsroom.errors import FenceRefused, UsageError
from commsroom.estate.rotation import Answer, Evidence, Terms, Traits, Valid
from commsroom.estate.secret import Secret, Shape
from commsroom.secrets.rotation import Means, Wanted, drive, stage

HOUR = 3600.0
DAY = 24 * HOUR
#: Files in which a kill "at a random instruction" may fall: what is on trial.
_ON_TRIAL = frozenset(
    str(file)
    for package in (commsroom.estate.rotation, commsroom.secrets.rotation)
    for file in Path(package.__file__ or "").parent.glob("*.py")
)


# ── strategies ───────────────────────────────────────────────────────────────────────────────


class Strategy(Protocol):
    """A way to rotate everything in a world; called again it is what follows a crash."""

    def __call__(self, world: World, process: Process, until: float, *, begin: bool) -> None: ...


def staged(world: World, process: Process, until: float, *, begin: bool) -> None:
    """Ours."""
    hand = Controller(world, process)
    means = Means(
        journal=hand,
        store=hand,  # type: ignore[arg-type] - the part of a store that a rotation uses
        holders=hand.holders,
        make=lambda ref: Secret(f"{ref.path} {ref.generation} {world.chance.random()}"),
        actor="lin@ops1",
        fence=hand.fence,
        check=hand.check,
        clock=hand.clock,
        sleep=hand.sleep,
    )
    if begin:
        stage(means, world.wanted)
    drive(means, until=until)


class Stopped(Exception):
    """A naive strategy was told of a failure and ends there, as its authors meant."""


def push_then_store(world: World, process: Process, until: float, *, begin: bool) -> None:
    """Make it, send it, note it when all have it. As usual as it is wrong."""
    hand = Controller(world, process)
    for path in world.wanted:
        secret = Secret(f"{path} {world.chance.random()}")
        _push_everywhere(world, hand, path, secret)
        process.boundary("store:before")
        world.stored[path, 1] = secret.reveal()
        process.boundary("store:after")


def store_over_then_push(world: World, process: Process, until: float, *, begin: bool) -> None:
    """Note it in place of the old one, then send it."""
    hand = Controller(world, process)
    for path in world.wanted:
        secret = Secret(f"{path} {world.chance.random()}")
        process.boundary("store:before")
        world.stored[path, 1] = secret.reveal()
        process.boundary("store:after")
        _push_everywhere(world, hand, path, secret)


def _push_everywhere(world: World, hand: Controller, path: str, secret: Secret) -> None:
    for spot, owner in world.path_of.items():
        if owner == path:
            using = Secret(world.accounts[spot].lets_in[0])  # a gift: it never fails to log in
            wanted = Valid(spot, secret, using=using)
            ends = hand.holders[spot.address.system].push([wanted], fence=hand.fence)
            if spot not in ends or ends[spot].answer is not Answer.DONE:
                raise Stopped  # as a script does that looks at what it is told


# ── worlds ───────────────────────────────────────────────────────────────────────────────────

USUAL = Terms(grace=2 * HOUR)
ONE, TWO = Traits(late=LATE), Traits(two=True, late=LATE)
BY_LOGIN = Traits(late=LATE, by_login=True)
#: What a credential may be held by: system and what that can.
SHAPES: dict[str, tuple[tuple[str, Traits], ...]] = {
    "an extension": (("pbx1", TWO),),
    "a chat account": (("im1", ONE),),
    "an extension and its telephone": (("pbx1", TWO), ("phones1", ONE)),
    "an old exchange and two telephones": (("pbx0", ONE), ("phones1", ONE), ("phones2", ONE)),
    "a switch's administrator": (("sw1", BY_LOGIN),),
    "an extension of ours": (("pbx1", replace(TWO, fenced=True)),),
    "a chat account of ours": (("im1", replace(ONE, fenced=True)),),
    "an extension of ours and its telephone": (
        ("pbx1", replace(TWO, fenced=True)),
        ("phones1", replace(ONE, fenced=True)),
    ),
    "a switch's administrator of ours": (("sw1", replace(BY_LOGIN, fenced=True)),),
    "a telephone's administrator": (
        ("phones1", replace(ONE, fenced=True, evidence=Evidence.FETCH)),
    ),
    "two mail servers": (("mail1", TWO), ("mail2", TWO)),
    "an exchange and its gateway": (("gw1", BY_LOGIN), ("pbx1", TWO)),
}


def world_of(
    chance: random.Random,
    shapes: Sequence[str],
    terms: Terms = USUAL,
    *,
    tries: int = 3,
) -> World:
    """Make a world with a credential of each shape."""
    world = World(chance)
    for number, name in enumerate(shapes):
        path = f"c{number}/{name}"
        places = [place(system, f"c{number}") for system, _ in SHAPES[name]]
        for spot, (_, traits) in zip(places, SHAPES[name], strict=True):
            world.add(path, spot, replace(traits, tries=tries))
        world.wanted[path] = Wanted(Shape.SIP, places, terms)
    sure = {spot.address.system for spot, one in world.accounts.items() if one.traits.fenced}
    for name, system in world.systems.items():
        system.fenced = chance.random() < 0.5 or name in sure
    return world


def any_world(chance: random.Random) -> World:
    """Draw a world, how it is rotated, and what is odd about it."""
    shapes = chance.choices(list(SHAPES), k=chance.choice((1, 1, 2, 3)))
    terms = Terms(
        grace=chance.choice((0.0, 60.0, 2 * HOUR)),
        retry=chance.choice((1.0, 30.0)),
        compromised=chance.random() < 0.2,
    )
    world = world_of(chance, shapes, terms, tries=chance.choice((3, 3, 8)))
    world.lossy = chance.random() < 0.75
    if chance.random() < 0.15:  # a system that will not have another password
        account = world.accounts[chance.choice(list(world.accounts))]
        account.stubborn = account.lets_in[0]
    if chance.random() < 0.1:  # a system that is away for long
        world.systems[chance.choice(list(world.systems))].away_until = world.now + 3 * HOUR
    return world


# ── kills ────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Kill:
    """Where a process ends: at a boundary, or at an instruction; 0 is nowhere.

    With `pause` it does not end at that boundary: it sleeps while another takes its lock and works on,
    and wakes as if nothing had been.
    """

    boundary: int = 0
    instruction: int = 0
    pause: bool = False


@contextmanager
def instructions(process: Process, last: int) -> Any:
    """Count the instructions of what is on trial; kill at number `last`, if it is not 0."""
    passed = 0

    def inside(frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal passed
        if event == "opcode":
            passed += 1
            if passed == last:
                process.die()
        return inside

    def trace(frame: FrameType, _event: str, _argument: object) -> Any:
        if frame.f_code.co_filename not in _ON_TRIAL:
            return None
        frame.f_trace_lines, frame.f_trace_opcodes = False, True
        return inside

    if not last:
        yield lambda: passed
        return
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield lambda: passed
    finally:
        sys.settrace(before)


@dataclass
class Verdict:
    """What became of a run."""

    kills: int = 0
    boundaries: int = 0
    lost: bool = False
    astray: list[str] = field(default_factory=list)
    broken: Counter[str] = field(default_factory=Counter)
    phases: Counter[str] = field(default_factory=Counter)


def run(world: World, strategy: Strategy, kills: Sequence[Kill]) -> Verdict:
    """Rotate; be killed as told, each time by the next process; then let one finish in peace."""
    verdict = Verdict()
    start = world.now
    for number, kill in enumerate(kills):
        process = Process(_at(kill, world, strategy, verdict))
        _attempt(world, strategy, process, kill, start + 4 * HOUR, begin=number == 0)
        verdict.kills += process.dead
        verdict.boundaries = verdict.boundaries or process.boundaries
        verdict.lost |= bool(world.lost())
    world.lossy = False
    begin = strategy is not staged or not world.rotations
    _attempt(world, strategy, Process(), Kill(), world.now + 9 * DAY, begin=begin)
    verdict.lost |= bool(world.lost())
    world.pass_time(DAY)  # whatever was still on its way is there now
    verdict.lost |= bool(world.lost())
    verdict.astray = world.astray()
    verdict.broken = world.broken
    verdict.phases = world.phases()
    return verdict


def _attempt(
    world: World, strategy: Strategy, process: Process, kill: Kill, until: float, *, begin: bool
) -> None:
    try:
        with instructions(process, kill.instruction):
            strategy(world, process, until, begin=begin)
    except (Killed, Stopped):
        pass
    except (FenceRefused, UsageError):
        if not process.zombie:
            raise


def _at(
    kill: Kill, world: World, strategy: Strategy, verdict: Verdict
) -> Callable[[Process, str, int], None] | None:
    if not kill.boundary:
        return None

    def on_boundary(process: Process, name: str, number: int) -> None:
        if number != kill.boundary:
            return
        if not kill.pause:
            process.die()
        process.zombie = True
        asleep = world.now
        # A target that knows fences refuses its write whenever it wakes; no target refuses a login.
        fenced = all(system.fenced for system in world.systems.values()) and "probe" not in name
        until = world.now + (9 * DAY if fenced else LATE / 4)
        _attempt(world, strategy, Process(), Kill(), until, begin=not world.rotations)
        verdict.kills += 1
        verdict.lost |= bool(world.lost())
        if not fenced and world.now - asleep > LATE / 2:
            process.die()  # nothing but the bound on lateness would stop what it still sends

    return on_boundary
