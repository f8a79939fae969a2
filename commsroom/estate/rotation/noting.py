"""Taking in: what an observation, a begun act and a new phase make of what is known. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from commsroom.estate.rotation.state import Answer, Login, Phase
from commsroom.estate.rotation.words import (
    Elapsed,
    Hastened,
    LoggedIn,
    Probe,
    Push,
    Resumed,
    Revoke,
    Stored,
    Wrote,
)

if TYPE_CHECKING:
    from commsroom.estate.rotation.state import Held, Rotation
    from commsroom.estate.rotation.words import Intent, Observation

_PUSH: Final = "push"
_PROBE: Final = "probe"
_REVOKE: Final = "revoke"


def noted(known: Rotation, seen: Observation) -> Rotation:
    """Take in what was seen."""
    match seen:
        case Resumed(now):
            known = replace(known, holders=tuple(_resumed(known, x, now) for x in known.holders))
        case Wrote():
            known = known.with_(_wrote(known, known.at(seen.place), seen))
        case LoggedIn():
            known = known.with_(_logged_in(known, known.at(seen.place), seen))
        case Hastened():
            known = replace(known, terms=replace(known.terms, compromised=True))
        case Stored() | Elapsed():
            pass
    calmed = tuple(_calmed(known, one, seen.now) for one in known.holders)
    return known if calmed == known.holders else replace(known, holders=calmed)


def begun(known: Rotation, intent: Intent | None, now: float) -> Rotation:
    """Record an act before it begins: that it is under way, and the login that it may fail."""
    match intent:
        case Push(place):
            held = replace(known.at(place), doing=_PUSH)
            held = _risked(held, now) if held.traits.by_login else held
            return known.with_(_written(known, held, now))
        case Revoke(place):
            return known.with_(_written(known, replace(known.at(place), doing=_REVOKE), now))
        case Probe(place):
            return known.with_(_risked(replace(known.at(place), doing=_PROBE), now))
        case _:
            return known


def entered(known: Rotation, phase: Phase, now: float) -> Rotation:
    """Begin a phase: each holder has all its attempts again."""
    holders = tuple(
        replace(one, answered="", vain=0, revoked=False, barred="", gone=False)
        for one in known.holders
    )
    if phase is Phase.PUSHED:  # what was never sent anywhere, nobody lets in
        holders = tuple(replace(one, logins={known.new: Login.REFUSED}) for one in holders)
    elif phase is Phase.REVOKING and now > known.since:  # a day may have passed: look again
        holders = tuple(replace(one, logins={}) for one in holders)
    return replace(known, phase=phase, since=now, holders=holders)


def _resumed(known: Rotation, held: Held, now: float) -> Held:
    if not held.doing:
        return held
    if held.doing == _PROBE or (held.doing == _PUSH and held.traits.by_login):
        held = _failed(held, now + held.traits.late)
    if held.doing != _PROBE:
        held = replace(_written(known, held, now), fingerprint=None, beside=None)
    return replace(held, doing="", answered="", logins={})


def _calmed(known: Rotation, held: Held, now: float) -> Held:
    """Forget logins from a time in which a write on its way could still undo them."""
    undoing = known.phase is Phase.ROLLING_BACK or (
        known.phase is Phase.REVOKING and held.traits.two
    )
    if held.moving and now >= held.moving and undoing:
        held = replace(held, moving=0.0, logins={})
    if held.quiet and now >= held.quiet:
        held = replace(held, quiet=0.0)
        return replace(held, logins={}) if undoing or not held.lets_in(known.wanted) else held
    return held


def _written(known: Rotation, held: Held, now: float) -> Held:
    """Note that a write is or was under way: it may take effect any time from now on, or twice."""
    until = now + held.traits.late
    if held.doing == _PUSH and known.wanted == known.new:
        return replace(held, quiet=until, moving=until, touched=True)
    return replace(held, quiet=until)


def _wrote(known: Rotation, held: Held, seen: Wrote) -> Held:
    if held.traits.by_login and held.doing == _PUSH:
        done = seen.answer is Answer.DONE
        late = seen.now + held.traits.late
        held = replace(held, failed=held.failed[:-1]) if done else _failed(held, late)
    over = held.traits.fenced and seen.answer is not Answer.UNKNOWN
    was = held.doing
    held = replace(held, quiet=0.0, moving=0.0) if over else _written(known, held, seen.now)
    held = replace(
        held,
        doing="",
        logins={},
        fingerprint=None,
        beside=None,
        answered=was if seen.answer is Answer.DONE else "",
        revoked=held.revoked or was == _REVOKE,
    )
    if known.phase is Phase.ROLLING_BACK and seen.answer is not Answer.UNKNOWN:
        held = replace(held, touched=False)
    match seen.answer:
        case Answer.DONE:
            return replace(held, fingerprint=seen.fingerprint, beside=seen.beside, silent=0.0)
        case Answer.REFUSED:
            why = seen.message or "its system refuses the change"
            again = seen.now + known.terms.retry
            return replace(held, barred=why, vain=held.vain + 1, rest=again, silent=0.0)
        case Answer.UNKNOWN:
            return _unanswered(known, held, seen.now)


def _logged_in(known: Rotation, held: Held, seen: LoggedIn) -> Held:
    logins = {one: login for one, login in held.logins.items() if one != seen.generation}
    held = replace(held, doing="", logins=logins)
    match seen.login:
        case Login.UNKNOWN:
            held = _failed(held, seen.now + held.traits.late)
            return _unanswered(known, held, seen.now)
        case Login.ACCEPTED:
            if not held.traits.two:  # it lets in one at a time
                logins = {one: login for one, login in logins.items() if login is Login.REFUSED}
            held = replace(held, failed=held.failed[:-1])  # the last one counted is this one
            if seen.generation == known.wanted and held.fingerprint is None:
                held = replace(held, fingerprint=seen.fingerprint)
        case Login.REFUSED:
            held = _failed(held, seen.now)
    logins = {**logins, seen.generation: seen.login}
    held = replace(held, logins=logins, silent=0.0)
    judges = _PUSH if seen.generation == known.wanted else _REVOKE
    if _in_vain(known, held, seen):
        held = replace(held, vain=held.vain + 1, rest=seen.now + known.terms.retry)
    return replace(held, answered="") if held.answered == judges else held


def _in_vain(known: Rotation, held: Held, seen: LoggedIn) -> bool:
    """Tell whether a login shows that an answered write had no effect."""
    if seen.generation == known.wanted:
        return seen.login is Login.REFUSED and held.answered == _PUSH
    withdrawn = held.answered == _REVOKE or not held.traits.two
    leaving = known.phase in {Phase.REVOKING, Phase.ROLLING_BACK}
    return seen.login is Login.ACCEPTED and withdrawn and leaving


def _risked(held: Held, now: float) -> Held:
    """Count a login before it is tried: it may fail."""
    recent = tuple(at for at in held.failed if at > now - held.traits.window)
    return replace(held, failed=(*recent, now))


def _failed(held: Held, now: float) -> Held:
    """Note that the login counted last failed, or may have: at `now` at the latest."""
    return replace(held, failed=(*held.failed[:-1], now))


def _unanswered(known: Rotation, held: Held, now: float) -> Held:
    since = held.silent or now
    alone = not known.coupled or known.terms.compromised or known.phase is not Phase.PUSHED
    gone = not alone and now - since >= known.terms.patience
    why = f"it has not answered for {now - since:.0f} s" if gone else held.barred
    return replace(held, silent=since, gone=gone, barred=why, rest=now + known.terms.retry)
