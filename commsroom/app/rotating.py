"""rotate: renew secrets so that none is ever lost, and go on with what an earlier run left.

Everything a rotation knows is in the ledger. So there is nothing to recover: a run goes on with all
rotations under way, its own and those of a run that was killed, and ends when they have, or wait for longer
than it may. What waits for the end of its grace is for a later run.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from commsroom.app import handover, planning, renewal, unproven
from commsroom.app.choosing import choose
from commsroom.app.estate import actor
from commsroom.app.holding import SystemHolder
from commsroom.app.reading import read
from commsroom.app.scope import Scope
from commsroom.errors import CommsroomError, Exit
from commsroom.estate.rotation import Phase, Terms
from commsroom.estate.rotation.machine import step
from commsroom.estate.rotation.words import Hastened
from commsroom.secrets.rotation.driver import Means, drive
from commsroom.secrets.rotation.staging import Wanted, stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from commsroom.app.choosing import Chosen, Wish
    from commsroom.app.estate import Estate
    from commsroom.app.progress import Progress
    from commsroom.app.reading import Reading
    from commsroom.estate.resource import Resource
    from commsroom.estate.rotation import Place, Rotation
    from commsroom.estate.secret import Secret, SecretRef
    from commsroom.ledger import Lease

#: Seconds between two tries of what was refused or not answered.
RETRY: Final = 5.0


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a run did. `turns` are the rotations it began or went on with, by path, as they stand now.

    `written` are new and no login can show it. `in_force` says that something which others know still is.
    """

    turns: Mapping[str, Rotation]
    left: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    #: Systems that were to be asked and did not answer, with the reason.
    unknown: Mapping[str, str] = field(default_factory=dict)
    #: What people were given of it, and who is still to be.
    handed: handover.Done = field(default_factory=handover.Done)
    written: frozenset[str] = frozenset()
    in_force: bool = False

    @property
    def exit_code(self) -> Exit:
        """Quarantined, gone back or left in wrong hands is a difference; what is undecided is incomplete, and beats it."""
        phases = {turn.phase for turn in self.turns.values()}
        if phases - _SETTLED - _FAILED or self.unknown:
            return Exit.INCOMPLETE
        return Exit.DIFFERENCE if phases & _FAILED or self.in_force else Exit.DONE


_SETTLED: Final = frozenset({Phase.GRACE, Phase.REVOKED})
_FAILED: Final = frozenset({Phase.ROLLED_BACK, Phase.QUARANTINED})
_STUCK: Final = "what others know is still in force: its rotation that was under way must end first"


def rotate(estate: Estate, wish: Wish, progress: Progress) -> Rotated:
    """Begin what is wished for and go on with all that is under way.

    Raises:
        UsageError: an address or a name means nothing here.
        LockHeld: an apply or another rotation is at work.
        CommsroomError: the store is gone that holds what was written to the systems.
    """
    started = time.monotonic()
    chosen, rotated = _rotate(estate, wish, progress)
    written = unproven.write(estate, [chosen.found[path] for path in chosen.blind], progress)
    lost = chosen.blind - written
    left = {**rotated.left, **dict.fromkeys(lost, "it could not be written: commsroom apply")}
    in_force = bool(chosen.compromised & left.keys())
    return replace(
        rotated, left=left, written=written, in_force=in_force, seconds=time.monotonic() - started
    )


def _rotate(estate: Estate, wish: Wish, progress: Progress) -> tuple[Chosen, Rotated]:
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
    return chosen, Rotated(done, left, unknown=seen.unknown, handed=handed)


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
