"""Doing what was recorded: values come from the store, and each system is asked once for all.

A value that is pushed is read back from the store: what is not there cannot be sent.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from commsroom.errors import SecretMissing, SystemUnknown, TargetMoved
from commsroom.estate.rotation import Answer, Login, Valid, Written
from commsroom.estate.rotation.words import (
    LoggedIn,
    Probe,
    Push,
    Revoke,
    Store,
    Stored,
    Wrote,
)
from commsroom.estate.secret import SecretRef

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import TypeVar

    from commsroom.estate.rotation import Place, Rotation
    from commsroom.estate.rotation.words import Intent, Observation
    from commsroom.estate.secret import Secret
    from commsroom.secrets.rotation.driver import Means

    Act = Push | Probe | Revoke
    T = TypeVar("T")

_SILENT = Written(Answer.UNKNOWN, "it did not answer")


def acted(
    means: Means, turns: Mapping[str, Rotation], intents: Mapping[str, Intent | None]
) -> dict[str, Observation]:
    """Do what is intended; return what became of it, by the secret's path."""
    seen = dict(_stored(means, turns, intents))
    acts = {path: one for path, one in intents.items() if isinstance(one, Push | Probe | Revoke)}
    secrets = _read(means, acts)
    for kind in (Push, Revoke, Probe):
        systems: dict[str, dict[str, Act]] = {}
        for path, act in acts.items():
            if isinstance(act, kind):
                systems.setdefault(act.place.address.system, {})[path] = act
        for system, those in systems.items():
            wanted = {path: _valid(path, act, secrets) for path, act in those.items()}
            seen.update(_asked(means, kind, system, those, wanted))
    return seen | _read_back(means, turns, seen)


def _read_back(
    means: Means, turns: Mapping[str, Rotation], seen: Mapping[str, Observation]
) -> dict[str, Observation]:
    """Say with an accepted login what its system shows of it, where the write that did it told nobody.

    It was cut off, or its answer was. Without it the next plan would take our own write for a stranger's.
    """
    untold = {
        path: one
        for path, one in seen.items()
        if isinstance(one, LoggedIn)
        and one.login is Login.ACCEPTED
        and one.generation == turns[path].wanted
        and turns[path].at(one.place).fingerprint is None
    }
    shown: dict[Place, str] = {}
    for system in {one.place.address.system for one in untold.values()}:
        places = [one.place for one in untold.values() if one.place.address.system == system]
        shown |= _answered(partial(means.holders[system].shown, places))
    return {path: replace(one, fingerprint=shown.get(one.place)) for path, one in untold.items()}


def _stored(
    means: Means, turns: Mapping[str, Rotation], intents: Mapping[str, Intent | None]
) -> dict[str, Observation]:
    new = [turns[path] for path, intent in intents.items() if isinstance(intent, Store)]
    if new:
        refs = [SecretRef(one.path, "", one.shape, generation=one.new) for one in new]
        means.store.ensure(refs, means.make)
    return {one.path: Stored(means.clock()) for one in new}


def _asked(
    means: Means,
    kind: type[Act],
    system: str,
    acts: Mapping[str, Act],
    wanted: Mapping[str, Valid],
) -> dict[str, Observation]:
    holder, everything = means.holders[system], list(wanted.values())
    means.check()  # a silent system may have cost minutes since this was recorded
    if kind is Probe:
        logins = _answered(lambda: holder.probe(everything))
        now = means.clock()
        return {
            path: LoggedIn(now, act.place, act.generation, logins.get(act.place, Login.UNKNOWN))
            for path, act in acts.items()
        }
    write = holder.push if kind is Push else holder.revoke
    ends = _answered(lambda: write(everything, fence=means.fence))
    now = means.clock()
    seen: dict[str, Observation] = {}
    for path, act in acts.items():
        end = ends.get(act.place, _SILENT)
        seen[path] = Wrote(now, act.place, end.answer, end.message, end.fingerprint, end.beside)
    return seen


def _answered(ask: Callable[[], Mapping[Place, T]]) -> Mapping[Place, T]:
    """Ask one system; silence, and an answer that concerns all of it, leave every end unknown."""
    try:
        return ask()
    except (SystemUnknown, TargetMoved):
        return {}


def _generations(act: Act) -> Sequence[int]:
    match act:
        case Push():
            return (act.generation, act.keep, act.using)
        case Revoke():
            return (act.keep,)
        case Probe():
            return (act.generation,)


def _read(means: Means, acts: Mapping[str, Act]) -> dict[tuple[str, int], Secret]:
    pairs = {(path, one) for path, act in acts.items() for one in _generations(act) if one}
    found = means.store.get_many(pairs)
    missing = sorted(pairs - found.keys())
    if missing:
        path, generation = missing[0]
        raise SecretMissing(
            f"generation {generation} of {path} was stored and is gone from the store",
            remedy="restore the store of secrets from a backup",
        )
    return found


def _valid(path: str, act: Act, secrets: Mapping[tuple[str, int], Secret]) -> Valid:
    of = _generations(act)
    others: Iterable[Secret | None] = (secrets.get((path, one)) for one in of[1:])
    return Valid(act.place, secrets[path, of[0]], *others)
