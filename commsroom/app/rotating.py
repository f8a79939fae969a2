"""rotate: renew secrets so that none is ever lost, and go on with what an earlier run left.

Everything a rotation knows is in the ledger. So there is nothing to recover: a run goes on with all
rotations under way, its own and those of a run that was killed, and ends when they have, or wait for longer
than it may. What waits for the end of its grace is for a later run.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from commsroom.app import handover, planning, renewal
from commsroom.app.estate import actor
from commsroom.app.holding import SystemHolder
from commsroom.app.reading import read
from commsroom.app.scope import Scope
from commsroom.errors import CommsroomError, Exit, UsageError
from commsroom.estate.rotation import Phase, Terms
from commsroom.estate.rotation.machine import step
from commsroom.estate.rotation.words import Hastened
from commsroom.policy import drift as windows
from commsroom.policy.words import did_you_mean, quoted
from commsroom.secrets.rotation.driver import Means, drive
from commsroom.secrets.rotation.staging import Wanted, stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from commsroom.app.estate import Estate
    from commsroom.app.progress import Progress
    from commsroom.app.reading import Reading
    from commsroom.app.renewal import Renewable
    from commsroom.estate.resource import Resource
    from commsroom.estate.rotation import Place, Rotation
    from commsroom.estate.secret import Secret, SecretRef
    from commsroom.ledger import Lease

#: Seconds that a run waits by itself for what is silent or has to rest.
PATIENCE: Final = 120.0
#: Seconds between two tries of what was refused or not answered.
RETRY: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What to rotate: `addresses` are globs, `compromised` people (id or login) or systems.

    `exposed` are paths of secrets that are in wrong hands: at once and without grace, like the compromised.
    """

    addresses: tuple[str, ...] = ()
    compromised: tuple[str, ...] = ()
    exposed: frozenset[str] = frozenset()
    due: bool = False
    #: Seconds to wait for what is not decided at once.
    wait: float = PATIENCE


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a wish comes to: `begin` are the paths to rotate, `left` says of the others asked for why not."""

    found: Mapping[str, Renewable]
    begin: tuple[str, ...]
    left: Mapping[str, str]
    compromised: frozenset[str] = frozenset()
    #: What policy asks for, of which it was chosen.
    desired: tuple[Resource, ...] = ()

    def grace(self, path: str) -> bool:
        """Tell whether the old one stays good for a while."""
        return self.found[path].takes_two and path not in self.compromised


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a run did. `turns` are the rotations it began or went on with, by path, as they stand now."""

    turns: Mapping[str, Rotation]
    left: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    #: Systems that were to be asked and did not answer, with the reason.
    unknown: Mapping[str, str] = field(default_factory=dict)
    #: What people were given of it, and who is still to be.
    handed: handover.Done = field(default_factory=handover.Done)

    @property
    def exit_code(self) -> Exit:
        """Quarantined or gone back is a difference; what is not decided yet is incomplete, and beats it."""
        phases = {turn.phase for turn in self.turns.values()}
        if phases - _SETTLED - _FAILED or self.unknown:
            return Exit.INCOMPLETE
        return Exit.DIFFERENCE if phases & _FAILED else Exit.DONE


_SETTLED: Final = frozenset({Phase.GRACE, Phase.REVOKED})
_FAILED: Final = frozenset({Phase.ROLLED_BACK, Phase.QUARANTINED})
_STUCK: Final = "what others know is still in force: its rotation that was under way must end first"


def choose(estate: Estate, wish: Wish, now: datetime | None = None) -> Chosen:
    """Say what would be rotated; touches nothing.

    Raises:
        UsageError: an address or a name means nothing here.
    """
    compiled = planning.compile_policy(estate, Scope())
    found = renewal.renewables(estate, compiled.desired, estate.ledger.known().owned)
    hurt = _compromised(estate, found, wish.compromised) | (wish.exposed & found.keys())
    asked = hurt | _addressed(found, wish.addresses)
    left = {path: found[path].why_not for path in asked if found[path].why_not}
    begin = asked - left.keys()
    if wish.due:
        begin |= _due(estate, found, now or datetime.now(UTC), left) - left.keys()
    begin -= _later(estate, found, begin - hurt, left)
    turns = estate.ledger.rotations(begin)
    open_ = {path: turn for path, turn in turns.items() if not turn.ended}
    resting = {path for path, turn in open_.items() if path not in hurt or turn.unsent}
    zone = ZoneInfo(estate.policy.company.time_zone)
    left.update({path: _going_on(open_[path], zone) for path in asked & resting})
    return Chosen(found, tuple(sorted(begin - resting)), left, hurt, compiled.desired)


def _going_on(turn: Rotation, zone: ZoneInfo) -> str:
    """Say why another new one is not begun: what was wished for is done, or being done."""
    if turn.phase is not Phase.GRACE:
        return f"it is being renewed already ({turn.phase}); this run goes on with it"
    made, until = (
        datetime.fromtimestamp(one, zone) for one in (turn.since, turn.since + turn.terms.grace)
    )
    return (
        f"it was renewed {made:%Y-%m-%d %H:%M} already; the old one is good until"
        f" {until:%Y-%m-%d %H:%M}, and a new one can follow then"
    )


def _addressed(found: Mapping[str, Renewable], globs: Iterable[str]) -> set[str]:
    chosen: set[str] = set()
    for glob in globs:
        matching = {
            path
            for path, one in found.items()
            if any(place.address.matches(glob) for place in one.places)
        }
        if not matching:
            raise UsageError(
                f"nothing that has a secret is at {quoted(glob)}",
                remedy="commsroom show lists all addresses",
            )
        chosen |= matching
    return chosen


def _compromised(
    estate: Estate, found: Mapping[str, Renewable], names: Iterable[str]
) -> frozenset[str]:
    chosen: set[str] = set()
    logins = {person: login for login, person in handover.ids(estate).items()} if names else {}
    for name in names:
        if name in estate.systems:
            chosen |= {path for path, one in found.items() if name in one.systems}
            continue
        try:
            person = planning.resolved(estate, Scope(people=(name,))).people[0]
        except UsageError:
            raise UsageError(
                f"neither a person nor a system is called {quoted(name)}",
                remedy=did_you_mean(name, [*estate.systems, *estate.policy.by_id])
                or "people by id or login, systems as the inventory names them",
            ) from None
        login = logins.get(person, "")
        chosen |= {path for path, one in found.items() if one.known_to(person, login)}
    return frozenset(chosen)


def _due(
    estate: Estate, found: Mapping[str, Renewable], now: datetime, left: dict[str, str]
) -> set[str]:
    rules = estate.policy.security.rotation
    zone = ZoneInfo(estate.policy.company.time_zone)
    dated = {path: one for path, one in found.items() if one.ref.every}
    made = renewal.since(estate, dated)
    chosen = set()
    for path, moment in made.items():
        when = renewal.due(dated[path], moment, rules.jitter)
        if when is None or when > now or renewal.excluded(dated[path], rules.exclude):
            continue
        if dated[path].why_not:
            left[path] = dated[path].why_not
        else:
            chosen.add(path)
    if chosen and not windows.is_open(rules.windows, now, zone):
        opens = windows.next_opening(rules.windows, now, zone).astimezone(zone)
        left.update(dict.fromkeys(chosen, f"it waits for the next window, {opens:%Y-%m-%d %H:%M}"))
        return set()
    return chosen


def _later(
    estate: Estate, found: Mapping[str, Renewable], begin: Iterable[str], left: dict[str, str]
) -> set[str]:
    """Put off what stands on the second of two systems that stand in for each other."""
    rules = estate.policy.security.rotation
    systems = sorted({name for path in begin for name in found[path].systems})
    waiting = rules.kept_apart(systems)
    later = {path for path in begin if found[path].systems & waiting}
    left.update(dict.fromkeys(later, "its system's twin is rotated first; the next run takes it"))
    return later


def rotate(estate: Estate, wish: Wish, progress: Progress) -> Rotated:
    """Begin what is wished for and go on with all that is under way.

    Raises:
        UsageError: an address or a name means nothing here.
        LockHeld: an apply or another rotation is at work.
        CommsroomError: the store is gone that holds what was written to the systems.
    """
    started = time.monotonic()
    with estate.ledger.lock(actor(), command="rotate") as lease:
        if estate.ledger.known().secrets:
            estate.custody.require_store()  # a new one beside a lost one would hide the loss
        chosen = choose(estate, wish)
        handover.withhold(estate, _robbed(estate, wish))
        turns, stranded = _under_way(estate, chosen.desired)
        systems = {name for path in chosen.begin for name in chosen.found[path].systems}
        systems |= {held.place.address.system for turn in turns.values() for held in turn.holders}
        seen = read(estate, progress, only=systems)
        begin, absent = _attended(chosen, seen)
        means = _means(estate, chosen.desired, lease)
        until = time.time() + wish.wait
        _hasten(means, chosen.compromised)
        for path in _unfinished(means, begin, until):
            del begin[path]
            absent[path] = f"{_STUCK}: name it again when that has ended"
        turns |= stage(means, {path: _wanted(estate, chosen, path, begin[path]) for path in begin})
        progress.begin("Rotating", len(turns))
        done = drive(means, turns, until=until) if turns else {}
        progress.end()
        handed = _handed(estate, chosen, done, progress)
    left = {**chosen.left, **stranded, **absent}
    return Rotated(done, left, time.monotonic() - started, seen.unknown, handed)


def _robbed(estate: Estate, wish: Wish) -> tuple[str, ...]:
    """Return the ids of people whose secrets are in wrong hands."""
    names = tuple(name for name in wish.compromised if name not in estate.systems)
    return planning.resolved(estate, Scope(names)).people if names else ()


def _handed(
    estate: Estate,
    chosen: Chosen,
    turns: Mapping[str, Rotation],
    progress: Progress,
) -> handover.Done:
    """Give what was renewed to those whose it is to know it: a custodian, people their own.

    What fails here is told, and takes nothing of the rotation back: `handover --due` finds it in the ledger.
    """
    renewed = {path for path, turn in turns.items() if turn.phase in renewal.RENEWED}
    if not renewed:
        return handover.Done()
    try:
        return handover.after_rotation(estate, chosen.desired, renewed, progress)
    except CommsroomError as error:
        return handover.Done(left={"nobody": (error.message, "commsroom handover --due")})


def _attended(chosen: Chosen, seen: Reading) -> tuple[dict[str, tuple[Place, ...]], dict[str, str]]:
    """Return where each secret is to change now, and why others wait.

    What is compromised waits for nobody: a telephone that is switched off gets its new profile with the next
    apply, and fetches it when it starts.
    """
    begin: dict[str, tuple[Place, ...]] = {}
    left = {}
    for path in chosen.begin:
        places = chosen.found[path].places
        away = {
            place: why
            for place in places
            if (there := seen.snapshots.get(place.address.system))
            and (why := there.away.get(place.address, ""))
        }
        silent = [place for place in places if place.address.system in seen.unknown]
        here = tuple(place for place in places if place not in away)
        if path in chosen.compromised and here:
            begin[path] = here
        elif silent:
            left[path] = f"{silent[0].address.system} does not answer"
        elif away:
            place, why = next(iter(away.items()))
            left[path] = f"{place.address}: {why}; a later run takes it"
        else:
            begin[path] = here
    return begin, left


def _wanted(estate: Estate, chosen: Chosen, path: str, places: Sequence[Place]) -> Wanted:
    one, rules = chosen.found[path], estate.policy.security.rotation
    terms = Terms(
        grace=rules.grace.total_seconds(),
        retry=RETRY,
        patience=rules.patience.total_seconds(),
        compromised=path in chosen.compromised,
    )
    return Wanted(one.ref.shape, places, terms)


def _means(estate: Estate, desired: Sequence[Resource], lease: Lease) -> Means:
    from commsroom.secrets import generate

    resources = {item.address: item for item in desired}
    length: dict[str, int] = {}
    avoid: dict[str, set[str]] = {}
    for item in desired:
        for ref in item.secrets:
            avoid.setdefault(ref.path, set()).add(item.address.key)
            length[ref.path] = ref.length

    def make(ref: SecretRef) -> Secret:
        others = frozenset(avoid.get(ref.path, ()))
        return generate.secret(ref.shape, generate.Rules.of(length.get(ref.path, 0), others))

    return Means(
        journal=estate.ledger,
        store=estate.secrets,
        holders={name: SystemHolder(estate, name, resources) for name in estate.systems},
        make=make,
        actor=actor(),
        fence=lease.fence,
        check=lease.check,
    )


def _under_way(
    estate: Estate, desired: Sequence[Resource]
) -> tuple[dict[str, Rotation], dict[str, str]]:
    """Return the rotations to go on with, and those whose object policy has taken away or closed."""
    open_ = {item.address for item in desired if getattr(item.body, "suspended", None) is not True}
    turns, stranded = {}, {}
    for path, turn in estate.ledger.rotations().items():
        gone = [held.place for held in turn.holders if held.place.address not in open_]
        if gone:
            stranded[path] = (
                f"its rotation rests ({turn.phase}): {gone[0].address} is closed or gone"
            )
        else:
            turns[path] = turn
    return turns, stranded


def _hasten(means: Means, paths: Iterable[str]) -> None:
    """End the grace of what is known to be in wrong hands."""
    live = [turn for turn in means.journal.rotations(paths).values() if not turn.ended]
    hurried = [step(turn, Hastened(means.clock()))[0] for turn in live]
    if hurried:
        means.journal.record_rotations(hurried, actor=means.actor, fence=means.fence)


def _unfinished(means: Means, begin: Iterable[str], until: float) -> frozenset[str]:
    """End what is under way of secrets that must be new once more; return those where it did not end.

    The generation that a rotation under way brings may be in wrong hands as much as the one before it: it is
    in force, or was sent. To end its grace alone would leave it there.
    """
    live = [path for path, turn in means.journal.rotations(begin).items() if not turn.ended]
    ends = drive(means, live, until=until) if live else {}
    return frozenset(path for path, turn in ends.items() if not turn.ended)
