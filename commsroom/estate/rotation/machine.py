"""The rotation of one credential, as one pure function: what was seen → what is known and to be done.

    staged → pushed → verified → promoted → grace → revoking → revoked
                └──→ rolling-back → rolled-back          (any) ──→ quarantined

Why no crash, lost reply or second controller loses a credential:

(a) Nothing is pushed that is not durably stored: `staged` asks for `Store` and for nothing else.
(b) A time-out is *unknown*. Nothing is concluded from a write's answer, be it yes or no: after each
    write comes a login. A write may also take effect late or twice: until `Held.moving` what a login
    says need not last, so neither going back nor withdrawing the old one ends before. Going back
    writes wherever the new one may have been sent, even if a login says it never came: so a controller
    that sleeps with its push in hand finds a fence there that is newer than its own.
(c) Only a real login decides: all holders let the new generation in → `verified`. On the way out too:
    `revoked` means that a login with the old one was refused after the new one was accepted.
(d) An act is recorded before it begins (`Held.doing`). A run that finds one recorded knows nothing of
    its end and forgets what it believed of that holder: it logs in with the pending generation, then
    pushes that again where it does not work. It goes back only where the new one was refused and
    cannot be had. Which generation a holder lets in is sought as pending, current, previous.
(e) Where nothing works, or one holder can only have the new and another only the old, it stops as
    `quarantined` and says which login got which answer. Every generation is kept in the store.
    Where nobody can log in, `Traits.evidence` names what is looked for instead. It is unknown until it is
    seen: who is away leaves the rotation undecided, and is never taken to have refused.
(f) A login that fails, or may have, counts from before it is tried. There are never more than
    `Traits.tries` of them at one holder in `Traits.window`: we lock nobody out. Then it waits.
(g) The old generation is withdrawn only after every holder has verified the new one *after* the grace
    time. With `Terms.compromised` there is no grace, the push keeps nothing beside the new one,
    and no way leads back to the old one.

What is to be done is worked out from what is known, never remembered: `step` after a crash is `step`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from commsroom.estate.rotation.noting import begun, entered, noted
from commsroom.estate.rotation.state import Phase
from commsroom.estate.rotation.words import Probe, Push, Revoke, Store, Stored, Wait

if TYPE_CHECKING:
    from collections.abc import Sequence

    from commsroom.estate.rotation.state import Held, Rotation
    from commsroom.estate.rotation.words import Intent, Observation


_FOLLOWING: Final = {
    Phase.STAGED: Phase.PUSHED,
    Phase.PUSHED: Phase.VERIFIED,
    Phase.VERIFIED: Phase.PROMOTED,
    Phase.PROMOTED: Phase.GRACE,
    Phase.GRACE: Phase.REVOKING,
    Phase.REVOKING: Phase.REVOKED,
    Phase.ROLLING_BACK: Phase.ROLLED_BACK,
}


class _Stuck(Exception):
    """A holder cannot be brought to let in what it should; says why."""


def step(rotation: Rotation, seen: Observation) -> tuple[Rotation, Intent | None]:
    """Take one observation in; return what is known now and the one thing to do next.

    The state returned must be durable before its intent is begun: it says that it has. With no intent,
    either the rotation has ended or the next step follows at once (`Elapsed`).
    """
    known = noted(rotation, seen)
    try:
        after, intent = _decided(known, seen)
    except _Stuck as stuck:
        after, intent = _turned(known, str(stuck), seen.now)
    return begun(after, intent, seen.now), intent


def _decided(known: Rotation, seen: Observation) -> tuple[Rotation, Intent | None]:
    now, holders = seen.now, known.holders
    intent: Intent | None = None
    match known.phase:
        case Phase.STAGED:
            intent = None if isinstance(seen, Stored) else Store()
        case Phase.PUSHED:
            intent = _next(known, holders, now)
        case Phase.GRACE if now < known.since + _grace(known):
            intent = Wait(known.since + _grace(known))
        case Phase.REVOKING:  # all let the new one in, before any is made to refuse the old one
            intent = _next(known, holders, now) or _next(known, holders, now, known.old)
        case Phase.ROLLING_BACK:  # the last one changed is the first back
            intent = _next(known, holders[::-1], now) or _next(known, holders, now, known.new)
        case _:
            pass
    if intent is not None or known.ended:
        return known, intent
    return entered(known, _FOLLOWING[known.phase], now), None


def _grace(known: Rotation) -> float:
    real = not known.terms.compromised and any(held.traits.two for held in known.holders)
    return known.terms.grace if real else 0.0


def _next(known: Rotation, holders: Sequence[Held], now: float, without: int = 0) -> Intent | None:
    """Return what to do at the first holder that is not yet as wanted, None when all are.

    Raises:
        _Stuck: there is one that cannot be.
    """
    for held in holders:
        intent = _towards(known, held, without, now)
        if intent is not None:
            return _in_time(known, held, intent, now)
    return None


def _towards(known: Rotation, held: Held, without: int, now: float) -> Intent | None:
    """Return what brings one holder to let the wanted one in, and the other not; None when it is so."""
    want, place = known.wanted, held.place
    if not held.lets_in(want):
        if not (held.refuses(want) or held.gone):
            return Probe(place, want)
        if given_up := _given_up(known, held):
            raise _Stuck(f"{place}: {given_up}")
        return _push(known, held, now)
    if known.phase is Phase.ROLLING_BACK and held.touched and not held.traits.two:
        return _push(known, held, now)  # whatever it lets in: a write of ours takes our fence there
    return _without(known, held, without, now) if without else None


def _without(known: Rotation, held: Held, other: int, now: float) -> Intent | None:
    back, two = known.phase is Phase.ROLLING_BACK, held.traits.two
    if back and held.touched:
        return Revoke(held.place, other, known.wanted)
    implied = back and not two  # who takes one, and has the old one, has not the new one
    if not (held.refuses(other) or implied):
        given_up = _given_up(known, held)
        if held.lets_in(other) and given_up:
            raise _Stuck(f"{held.place}: generation {other} cannot be withdrawn: {given_up}")
        if two and (held.lets_in(other) or not held.revoked):
            return Revoke(held.place, other, known.wanted)
        return Probe(held.place, other)
    return Wait(held.moving) if now < held.moving and (two or back) else None


def _given_up(known: Rotation, held: Held) -> str:
    """Say why nothing more is written to a holder, "" while it is."""
    if held.gone or held.vain >= known.terms.attempts:
        return held.barred or f"{held.vain} writes were answered, and no login shows any"
    return ""


def _push(known: Rotation, held: Held, now: float) -> Intent:
    """Return the push, or for a holder that is changed by login the search for what it lets in."""
    by_login = held.traits.by_login
    using = next((one for one in known.known if by_login and held.lets_in(one)), 0)
    if by_login and not using:
        untried = next((one for one in known.known if not held.refuses(one)), 0)
        if not untried and now < held.quiet:  # a write on its way may have crossed our logins
            return Wait(held.quiet)
        if not untried:
            raise _Stuck(f"{held.place}: lets in no generation that we have")
        return Probe(held.place, untried)
    beside = known.phase is Phase.PUSHED and not known.terms.compromised
    keep = known.old if held.traits.two and beside else 0
    return Push(held.place, known.wanted, keep, using)


def _in_time(known: Rotation, held: Held, intent: Intent, now: float) -> Intent:
    """Put an act off that must rest, or whose failure might lock the account.

    So is the first push where it would end the old one and its login could not follow: until then nobody would
    know which of the two works. What is compromised is changed all the same.
    """
    calm = known.phase is Phase.PUSHED and not known.terms.compromised and not held.traits.two
    logs_in = isinstance(intent, Probe) or (
        isinstance(intent, Push) and (held.traits.by_login or calm)
    )
    first = max(held.rest, held.may_fail_from(now) if logs_in else now)
    return intent if first <= now or isinstance(intent, Wait) else Wait(first)


def _turned(known: Rotation, why: str, now: float) -> tuple[Rotation, Intent | None]:
    """Go back while that helps; else find out what each holder lets in, and call a person."""
    if known.phase is Phase.PUSHED and known.old and not known.terms.compromised:
        return replace(entered(known, Phase.ROLLING_BACK, now), why=why), None
    still = max(held.quiet for held in known.holders)
    if now < still:  # what is on its way may help yet
        return known, Wait(still)
    for held in known.holders:
        for generation in known.known:
            if any(held.lets_in(one) for one in known.known) and not held.traits.two:
                break
            if not held.lets_in(generation) and not held.refuses(generation):
                if now >= known.since + known.terms.patience:
                    break  # it cannot be asked; it is said so
                return known, _in_time(known, held, Probe(held.place, generation), now)
    return replace(entered(known, Phase.QUARANTINED, now), why=_told(known, why)), None


def _told(known: Rotation, why: str) -> str:
    """Say which login got which answer, and what to do."""
    first = f"{known.why}; {why}" if known.why else why
    found = [
        f"{held.place}: "
        + ", ".join(f"generation {one} {held.logins.get(one, 'not known')}" for one in known.known)
        for held in known.holders
    ]
    return f"{first}. Logins: {'; '.join(found)}. Every generation is kept in the store."
