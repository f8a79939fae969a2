"""The same runs over the real sealed store and the real ledger, by processes that SIGKILL ends.

The systems are a file, as they are another machine: what reached them stays, whoever dies. A child is
killed at a boundary it counts, or by its parent at any moment, or stopped while another process breaks
its lock and works on, and then let go again.
"""

from __future__ import annotations

import fcntl
import os
import pickle
import random
import shutil
import signal
import sqlite3
import sys
import time
import traceback
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from rotation_runs import DAY, HOUR, Verdict, any_world
from rotation_world import LATE, Process, Server, World

from commsroom.errors import FenceRefused, LockHeld, UsageError
from commsroom.estate.rotation import Login, Place, Traits, Valid, Written
from commsroom.estate.secret import Secret, SecretRef
from commsroom.ledger import Ledger
from commsroom.secrets import generate
from commsroom.secrets.rotation import Means, drive, stage
from commsroom.secrets.sealed import SealedStore

KEY = bytes(range(32))
#: Exit statuses of a child.
DONE, OVERTAKEN, WRONG = 0, 3, 99
#: Seconds within which a child passes most of a rotation: a kill falls somewhere there.
LIFE = 0.25


class Estate:
    """A controller's disk and, beside it, the systems."""

    def __init__(self, folder: Path) -> None:
        self.ledger, self.store = str(folder / "ledger.db"), folder / "secrets.db"
        self.systems, self.lock = folder / "systems", folder / "lock"

    @classmethod
    def made(cls, folder: Path, empty: Path, world: World) -> Estate:
        """Begin: every credential stored as generation 1 and in place."""
        if not empty.exists():
            empty.mkdir(parents=True)
            Ledger.open(str(empty / "ledger.db")).close()
            SealedStore.open(empty / "secrets.db", KEY).close()
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(empty, folder)
        estate = cls(folder)
        with SealedStore.open(estate.store, KEY) as store:
            for (path, generation), value in world.stored.items():
                store.put(path, generation, Secret(value))
        estate.save(world)
        return estate

    def save(self, world: World) -> None:
        beside = self.systems.with_suffix(".new")
        beside.write_bytes(pickle.dumps(world))
        beside.replace(self.systems)

    def world(self) -> World:
        return pickle.loads(self.systems.read_bytes())

    @contextmanager
    def reached(self) -> Iterator[World]:
        with self.lock.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # released when its holder dies
            world = self.world()
            yield world
            self.save(world)

    @property
    def free(self) -> bool:
        """Tell whether nobody is in the middle of a write to anything."""
        with self.lock.open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
        return _writable(self.ledger) and _writable(self.store)


class Remote:
    """A `Holder` on the systems of an estate."""

    def __init__(self, estate: Estate, name: str, boundary: Callable[[str], None]) -> None:
        self.estate, self.name, self.boundary = estate, name, boundary

    def traits(self, place: Place) -> Traits:
        return self.estate.world().accounts[place].traits

    def push(self, wanted: Sequence[Valid], *, fence: int) -> Mapping[Place, Written]:
        self._note_stored()
        self.boundary("push:before")
        with self.estate.reached() as world:
            ends = Server(world, Process(), self.name).push(wanted, fence=fence)
        self.boundary("push:after")
        return ends

    def shown(self, places: Collection[Place]) -> Mapping[Place, str]:
        return {}  # these systems show nothing

    def probe(self, logins: Sequence[Valid]) -> Mapping[Place, Login]:
        self.boundary("probe:before")
        with self.estate.reached() as world:
            ends = Server(world, Process(), self.name).probe(logins)
        self.boundary("probe:after")
        return ends

    def revoke(self, wanted: Sequence[Valid], *, fence: int) -> Mapping[Place, Written]:
        self.boundary("revoke:before")
        with self.estate.reached() as world:
            ends = Server(world, Process(), self.name).revoke(wanted, fence=fence)
        self.boundary("revoke:after")
        return ends

    def _note_stored(self) -> None:
        """What is sent must be in the file already, as others read it: the systems check that."""
        with (
            self.estate.reached() as world,
            SealedStore.open(self.estate.store, KEY, read_only=True) as store,
        ):
            for path in world.wanted:
                world.stored.update(stored(store, path))


def stored(store: SealedStore, path: str) -> dict[tuple[str, int], str]:
    """Return all generations of a path that are in the file."""
    pairs = [(path, number) for number in range(1, store.latest(path) + 1)]
    return {pair: secret.reveal() for pair, secret in store.get_many(pairs).items()}


# ── a child ──────────────────────────────────────────────────────────────────────────────────


def start(estate: Estate, until: float, die_at: int = 0) -> int:
    """Fork a controller; return its pid."""
    pid = os.fork()
    return pid or _child(estate, until, die_at)


def _child(estate: Estate, until: float, die_at: int) -> NoReturn:
    passed = 0

    def boundary(_name: str) -> None:
        nonlocal passed
        passed += 1
        if passed == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    status = WRONG
    try:
        rotate(estate, until, boundary)
        status = DONE
    except (FenceRefused, LockHeld, UsageError):
        status = OVERTAKEN
    except BaseException:  # noqa: BLE001 - a forked child must not return into its parent's code
        traceback.print_exc()
    sys.stdout.flush()
    os._exit(status)


def rotate(
    estate: Estate, until: float, boundary: Callable[[str], None], *, again: bool = False
) -> None:
    """Begin what was never begun (or, `again`, what has ended), and go on with what is under way."""

    def clock() -> float:
        return estate.world().now

    def sleep(seconds: float) -> None:
        boundary("sleep")
        with estate.reached() as world:
            world.pass_time(seconds)

    def make(ref: SecretRef) -> Secret:
        boundary("made")
        return generate.secret(ref.shape)

    systems = list(estate.world().systems)
    with (
        Ledger.open(estate.ledger, on_boundary=boundary) as ledger,
        SealedStore.open(estate.store, KEY) as store,
        ledger.lock("lin@ops1", command="rotate") as lease,
    ):
        means = Means(
            journal=ledger,
            store=store,
            holders={name: Remote(estate, name, boundary) for name in systems},
            make=make,
            actor="lin@ops1",
            fence=lease.fence,
            check=lease.check,
            clock=clock,
            sleep=sleep,
        )
        wanted = estate.world().wanted
        known = ledger.rotations(wanted)
        if not known or (again and all(turn.ended for turn in known.values())):
            stage(means, wanted)
        drive(means, until=until)


# ── a run ────────────────────────────────────────────────────────────────────────────────────


def run(number: int, folder: Path) -> Verdict:
    """Rotate with one to three processes that are killed or overtaken, then one in peace; judge."""
    chance = random.Random(number)
    world = any_world(chance)
    start_at = world.now
    estate = Estate.made(folder / "estate", folder / "empty", world)
    verdict = Verdict()
    for _ in range(chance.choice((1, 2, 2, 3))):
        verdict.kills += _disturbed(estate, start_at + 4 * HOUR, chance)
        verdict.lost |= bool(lost(estate))
    with estate.reached() as world:
        world.lossy = False
    _ended(start(estate, world.now + 9 * DAY))
    verdict.lost |= bool(lost(estate))
    with estate.reached() as world:
        world.pass_time(DAY)
    verdict.lost |= bool(lost(estate))
    verdict.astray = astray(estate)
    verdict.broken = estate.world().broken
    return verdict


def _disturbed(estate: Estate, until: float, chance: random.Random) -> int:
    """Run one process that does not reach its end; return how many were killed."""
    match chance.choice(("boundary", "moment", "moment", "overtaken")):
        case "boundary":
            return _ended(start(estate, until, chance.randint(1, 90))) == -signal.SIGKILL
        case "moment":
            pid = start(estate, until)
            time.sleep(chance.uniform(0.0, LIFE))
            os.kill(pid, signal.SIGKILL)
            return _ended(pid) == -signal.SIGKILL
        case _:
            return _overtaken(estate, until, chance)


def _overtaken(estate: Estate, until: float, chance: random.Random) -> int:
    """Stop a process, break its lock, let another work, and wake the first: it must give up.

    Only as long as a system without fences may take to apply a write is the second one let run.
    """
    pid = start(estate, until)
    time.sleep(chance.uniform(0.0, LIFE))
    while True:
        os.kill(pid, signal.SIGSTOP)
        _pid, status = os.waitpid(pid, os.WUNTRACED)
        if not os.WIFSTOPPED(status):  # it had ended
            return 0
        if estate.free:
            break
        os.kill(pid, signal.SIGCONT)  # stopped within a write it keeps all others out
        time.sleep(0.001)
    with Ledger.open(estate.ledger) as ledger:
        if ledger.locked_by() is not None:
            ledger.break_lock("lin@ops1", actor="mei@ops2")
    _ended(start(estate, estate.world().now + LATE / 4), ok={DONE, OVERTAKEN})
    os.kill(pid, signal.SIGCONT)
    return _ended(pid, ok={DONE, OVERTAKEN}) == OVERTAKEN


def _writable(file: str | Path) -> bool:
    connection = sqlite3.connect(file, timeout=0, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
    except sqlite3.OperationalError:
        return False
    finally:
        connection.close()
    return True


def _ended(pid: int, ok: Iterable[int] = (DONE, -signal.SIGKILL)) -> int:
    _pid, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code not in ok:
        raise AssertionError(f"a controller ended with status {code}")
    return code


def lost(estate: Estate) -> list[str]:
    """Name the places where nothing in the store's file lets anybody in."""
    world = estate.world()
    with SealedStore.open(estate.store, KEY, read_only=True) as store:
        values = {path: set(stored(store, path).values()) for path in world.wanted}
    return [
        str(place)
        for place, account in world.accounts.items()
        if not values[world.path_of[place]] & set(account.lets_in)
    ]


def astray(estate: Estate) -> list[str]:
    """Say what is not as the ledger says, and whether the ledger itself is whole."""
    world = estate.world()
    with (
        Ledger.open(estate.ledger, read_only=True) as ledger,
        SealedStore.open(estate.store, KEY, read_only=True) as store,
    ):
        world.rotations = dict(ledger.rotations(world.wanted))
        world.generations = ledger.generation_of(world.wanted)
        for path in world.wanted:
            world.stored.update(stored(store, path))
        return [*world.astray(), *ledger.verify()]
