"""Systems that hold credentials, with the semantics of real ones, and all that can go wrong with them.

A world has one clock, one store and one journal (the controller's disk) and some systems. Processes come
and go: a process is killed by an exception that it cannot survive, and whatever it still tries to do
after that raises it again. Systems take one or two passwords, lock an account after too many failed
logins, lose requests and replies, and apply writes late (after the time-out was told, and after whoever
recovers has looked) or twice.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from commsroom.errors import FenceRefused
from commsroom.estate.resource import Address
from commsroom.estate.rotation import (
    Answer,
    Evidence,
    Login,
    Phase,
    Place,
    Rotation,
    Traits,
    Valid,
    Written,
)
from commsroom.estate.rotation.state import ENDED
from commsroom.estate.secret import Secret, SecretRef
from commsroom.secrets.rotation import Wanted

#: Seconds a call takes, and a call that is not answered.
CALL = 0.2
TIMEOUT = 10.0
LATE = 120.0


class Killed(BaseException):
    """The process is gone: nothing may catch this."""


class Process:
    """One controller. `on_boundary(process, name, number)` may kill it or let another one act."""

    def __init__(self, on_boundary: Callable[[Process, str, int], None] | None = None) -> None:
        self.on_boundary = on_boundary
        self.boundaries = 0
        self.dead = False
        self.zombie = False

    def boundary(self, name: str) -> None:
        if self.dead:
            raise Killed
        self.boundaries += 1
        if self.on_boundary is not None:
            self.on_boundary(self, name, self.boundaries)
            if self.dead:
                raise Killed

    def die(self) -> None:
        self.dead = True
        raise Killed


@dataclass
class Account:
    """One account on one system, as the system sees it: newest password first."""

    traits: Traits
    lets_in: list[str]
    #: It will not have another password than the one it has (a rule of its own): for ever.
    stubborn: str = ""
    failures: list[float] = field(default_factory=list)
    refusals: int = 0
    #: Counts what was written: where `traits.fenced`, a write made on an older state is refused.
    version: int = 0
    #: Until then whoever uses it has not fetched what was written, where that is the evidence.
    fetches_at: float = 0.0

    def login(self, password: str, now: float) -> bool:
        if password in self.lets_in:
            return True
        self.failures = [at for at in self.failures if at > now - self.traits.window] + [now]
        return False

    @property
    def locked(self) -> bool:
        return len(self.failures) > self.traits.tries


@dataclass
class System:
    """One server: it may know fence numbers, and be out of reach until some moment."""

    fenced: bool = False
    fence: int = 0
    away_until: float = 0.0


#: How often a write goes wrong, and how; the rest go well.
WRITES = {
    "request lost": 0.10,
    "reply lost": 0.10,
    "late": 0.15,
    "twice": 0.15,
    "refused": 0.03,
    "refused but done": 0.03,
}
#: The same of logins.
LOGINS = {"request lost": 0.05, "reply lost": 0.05}
#: A system that refuses a write this often in a row means it (`Terms.attempts` is 3).
REFUSALS = 2


class World:
    """Everything that outlives a process."""

    def __init__(self, chance: random.Random) -> None:
        self.chance, self.lossy = chance, False
        self.now = 1_000_000.0
        self.systems: dict[str, System] = {}
        self.accounts: dict[Place, Account] = {}
        self.path_of: dict[Place, str] = {}
        self.flights: list[tuple[float, Place, list[str], int]] = []
        self.broken: Counter[str] = Counter()
        self.wanted: dict[str, Wanted] = {}
        # the controller's disk
        self.stored: dict[tuple[str, int], str] = {}
        self.generations: dict[str, int] = {}
        self.rotations: dict[str, Rotation] = {}
        self.fence = 0

    def add(self, path: str, place: Place, traits: Traits, **account: str) -> None:
        value = self.stored.setdefault((path, 1), f"{path} 1")
        self.systems.setdefault(place.address.system, System())
        self.accounts[place] = Account(traits, [value], **account)
        self.path_of[place] = path

    def pass_time(self, seconds: float) -> None:
        """Let time pass; writes that were on their way arrive, in their order."""
        self.now += seconds
        due = sorted((one for one in self.flights if one[0] <= self.now), key=lambda one: one[0])
        self.flights = [one for one in self.flights if one[0] > self.now]
        for _at, place, passwords, version in due:
            account = self.accounts[place]
            if not account.traits.fenced or account.version == version:
                self.write(place, passwords)

    def write(self, place: Place, passwords: list[str]) -> None:
        account = self.accounts[place]
        account.version += 1
        if account.traits.evidence is Evidence.FETCH and passwords != account.lets_in:
            account.fetches_at = self.now + self.chance.uniform(0, 600.0)
        account.lets_in = passwords[: 2 if account.traits.two else 1]

    def values(self, path: str) -> set[str]:
        return {value for (name, _), value in self.stored.items() if name == path}

    def fault(self, odds: Mapping[str, float]) -> str:
        """Draw what goes wrong this time, "" for nothing."""
        if not self.lossy:
            return ""
        roll = self.chance.random()
        for name, part in odds.items():
            roll -= part
            if roll < 0:
                return name
        return ""

    def lost(self) -> list[Place]:
        """Name the places where nothing that is stored lets anybody in."""
        stored = {path: self.values(path) for path in set(self.path_of.values())}
        return [
            place
            for place, account in self.accounts.items()
            if not stored[self.path_of[place]] & set(account.lets_in)
        ]

    def phases(self) -> Counter[str]:
        """Count how the rotations stand."""
        return Counter(str(turn.phase) for turn in self.rotations.values())

    def astray(self) -> list[str]:
        """Say what is not as it should be once every rotation has ended."""
        wrong = []
        for path, turn in self.rotations.items():
            current = self.stored[path, self.generations.get(path, 1)]
            there = {place: self.accounts[place].lets_in for place in self.path_of if self.path_of[place] == path}  # fmt: skip
            stubborn = any(self.accounts[place].stubborn for place in there)
            if turn.phase is Phase.QUARANTINED and stubborn and turn.terms.compromised:
                continue  # it must not go back, and cannot go on: that is for a person
            if turn.phase not in ENDED or turn.phase is Phase.QUARANTINED:
                wrong.append(f"{path} is {turn.phase}: {turn.why}")
            wrong += [f"{place}: {have} for {current}" for place, have in there.items() if have != [current]]  # fmt: skip
        return wrong


class Controller:
    """What one process has in hand: store, journal and holders, as the driver wants them."""

    def __init__(self, world: World, process: Process) -> None:
        self.world, self.process = world, process
        world.fence += 1  # takes the lock, or takes it over
        self.fence = world.fence
        self.holders = {name: Server(world, process, name) for name in world.systems}

    # ── the store ────────────────────────────────────────────────────────────────────────────

    def get_many(self, pairs: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Secret]:
        stored = self.world.stored
        return {pair: Secret(stored[pair]) for pair in pairs if pair in stored}

    def latest(self, path: str) -> int:
        return max((number for name, number in self.world.stored if name == path), default=0)

    def ensure(self, refs: Iterable[SecretRef], make: Callable[[SecretRef], Secret]) -> int:
        self.process.boundary("store:before")
        missing = {
            (ref.path, ref.generation): make(ref).reveal()
            for ref in refs
            if (ref.path, ref.generation) not in self.world.stored
        }
        self.world.stored.update(missing)
        self.process.boundary("store:after")
        return len(missing)

    # ── the journal ──────────────────────────────────────────────────────────────────────────

    def generation_of(self, paths: Iterable[str]) -> dict[str, int]:
        return {path: self.world.generations.get(path, 1) for path in paths}

    def rotations(self, paths: Iterable[str] | None = None) -> dict[str, Rotation]:
        self.process.boundary("read")
        found = self.world.rotations
        if paths is None:
            return {path: turn for path, turn in found.items() if not turn.ended}
        return {path: found[path] for path in paths if path in found}

    def record_rotations(self, steps: Sequence[Rotation], *, actor: str, fence: int) -> None:
        self.process.boundary("commit:before")
        self.check()
        self.world.rotations.update({one.path: one for one in steps})
        promoted = {one.path: one.new for one in steps if one.phase is Phase.PROMOTED}
        self.world.generations.update(promoted)
        self.process.boundary("commit:after")

    def check(self) -> None:
        if self.fence != self.world.fence:
            raise FenceRefused("our lock on the estate was broken")

    # ── time ─────────────────────────────────────────────────────────────────────────────────

    def clock(self) -> float:
        return self.world.now

    def sleep(self, seconds: float) -> None:
        self.process.boundary("sleep")
        self.world.pass_time(seconds)


class Server:
    """A `Holder` on one system, for one process."""

    def __init__(self, world: World, process: Process, name: str) -> None:
        self.world, self.process, self.system = world, process, world.systems[name]

    def traits(self, place: Place) -> Traits:
        return self.world.accounts[place].traits

    def push(self, wanted: Sequence[Valid], *, fence: int) -> Mapping[Place, Written]:
        return self._write("push", wanted, fence)

    def revoke(self, wanted: Sequence[Valid], *, fence: int) -> Mapping[Place, Written]:
        for valid in wanted:
            self._check_revocation(valid)
        return self._write("revoke", wanted, fence)

    def shown(self, places: Collection[Place]) -> Mapping[Place, str]:
        return {}  # these systems show nothing

    def probe(self, logins: Sequence[Valid]) -> Mapping[Place, Login]:
        self.process.boundary("probe:before")
        ends = {}
        for valid in logins:
            login = self._tried(valid)
            if login is Login.UNKNOWN:
                self.world.pass_time(TIMEOUT)
            else:
                ends[valid.place] = login
            self.process.boundary("probe:one")
        self.world.pass_time(CALL)
        self.process.boundary("probe:after")
        return ends

    # ── inside ───────────────────────────────────────────────────────────────────────────────

    def _away(self) -> bool:
        return self.world.now < self.system.away_until

    def _tried(self, valid: Valid) -> Login:
        world, fault = self.world, self.world.fault(LOGINS)
        if self._away() or fault == "request lost":
            return Login.UNKNOWN
        account = world.accounts[valid.place]
        if account.traits.evidence is not Evidence.LOGIN:
            return self._seen(account, valid.secret.reveal())
        accepted = account.login(valid.secret.reveal(), world.now)
        if account.locked:
            world.broken["an account was locked"] += 1
        if fault:
            return Login.UNKNOWN
        return Login.ACCEPTED if accepted else Login.REFUSED

    def _seen(self, account: Account, password: str) -> Login:
        """Look for a fetch: what is not served is refused, what is served and not fetched says nothing."""
        if password not in account.lets_in:
            return Login.REFUSED
        return Login.ACCEPTED if self.world.now >= account.fetches_at else Login.UNKNOWN

    def _write(self, what: str, wanted: Sequence[Valid], fence: int) -> dict[Place, Written]:
        self.process.boundary(f"{what}:before")
        ends = {}
        for valid in wanted:
            if self.system.fenced and not self._away():  # it looks under its own lock
                if fence < self.system.fence:
                    raise FenceRefused("a newer run was here")
                self.system.fence = fence
            answer = self._written(valid)
            if answer is Answer.UNKNOWN:
                self.world.pass_time(TIMEOUT)
            else:
                ends[valid.place] = Written(answer)
            self.process.boundary(f"{what}:one")
        self.world.pass_time(CALL)
        self.process.boundary(f"{what}:after")
        return ends

    def _written(self, valid: Valid) -> Answer:
        world, account = self.world, self.world.accounts[valid.place]
        passwords = [one.reveal() for one in (valid.secret, valid.keep) if one is not None]
        if passwords[0] not in world.values(world.path_of[valid.place]):
            world.broken["sent, and not stored"] += 1
        fault = world.fault(WRITES)
        if self.process.zombie:  # late enough as it is
            fault = fault and "reply lost"
        if self._away() or fault == "request lost":
            return Answer.UNKNOWN
        if self._refuses(account, valid, passwords):
            return Answer.REFUSED
        if fault.startswith("refused") and account.refusals < REFUSALS:
            account.refusals += 1
            if fault == "refused but done":
                world.write(valid.place, passwords)
            return Answer.REFUSED
        account.refusals = 0
        before = account.version
        if fault != "late":
            world.write(valid.place, passwords)
        if fault in {"late", "twice"}:
            moment = world.now + world.chance.uniform(0, LATE)
            world.flights.append((moment, valid.place, passwords, before))
        return Answer.UNKNOWN if fault in {"late", "reply lost"} else Answer.DONE

    def _refuses(self, account: Account, valid: Valid, passwords: list[str]) -> bool:
        if account.stubborn:
            return passwords != [account.stubborn]
        if account.traits.by_login:
            return valid.using is None or not account.login(valid.using.reveal(), self.world.now)
        return False

    def _check_revocation(self, valid: Valid) -> None:
        """Revoking is only right when every holder of the credential lets the one that stays in."""
        path = self.world.path_of[valid.place]
        for place, account in self.world.accounts.items():
            if self.world.path_of[place] == path and valid.secret.reveal() not in account.lets_in:
                self.world.broken["withdrawn while another holder did not have the other"] += 1


def place(system: str, key: str) -> Place:
    """Give a place to hold a password."""
    return Place(Address(system, "account", key), "password")
