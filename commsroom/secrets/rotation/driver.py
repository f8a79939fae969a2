"""Carrying rotations out: one ledger transaction a step, then the acts it recorded, in bulk.

However many credentials are rotated, a step is one transaction and at most one push, one probe and
one revocation per system. A process may die anywhere: whoever runs next calls `drive`, and that is all
there is to recovery.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from commsroom.estate.rotation.machine import step
from commsroom.estate.rotation.words import Elapsed, Resumed, Wait
from commsroom.secrets.rotation.acting import acted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from commsroom.estate.rotation import Holder, Rotation
    from commsroom.estate.rotation.words import Intent, Observation
    from commsroom.estate.secret import Secret, SecretRef
    from commsroom.secrets.rotation.journal import Journal
    from commsroom.secrets.store import Store


@dataclass(frozen=True, slots=True)
class Means:
    """What a run works with.

    Attributes:
        journal: The ledger.
        store: Where secrets are durable before they go anywhere.
        holders: The systems, by name.
        make: Makes the value of a new generation.
        actor: Who rotates, for the ledger.
        fence: Of the estate's lock, which must be held; it goes with every write to a system.
        check: Raises FenceRefused when that lock was lost; asked before each call to a system.
        clock: Seconds since the epoch.
        sleep: Waits for so many seconds.
    """

    journal: Journal
    store: Store
    holders: Mapping[str, Holder]
    make: Callable[[SecretRef], Secret]
    actor: str
    fence: int
    check: Callable[[], None]
    clock: Callable[[], float] = field(default=time.time)
    sleep: Callable[[float], None] = field(default=time.sleep)


def drive(means: Means, paths: Iterable[str] | None = None, *, until: float) -> dict[str, Rotation]:
    """Bring rotations forward, from wherever a run left them; return where they stand then.

    Args:
        means: What to work with.
        paths: Of the secrets; None for all under way.
        until: Nothing is waited for beyond this moment: what is left is for the next run.

    Raises:
        FenceRefused: our lock was taken over; nothing more was sent.
        SecretMissing: a generation that was stored is gone from the store; nothing was sent.
    """
    turns = dict(means.journal.rotations(paths))
    waiting: dict[str, float] = {}
    seen: dict[str, Observation] = {
        path: Resumed(means.clock()) for path, turn in turns.items() if not turn.ended
    }
    while seen:
        intents = _recorded(means, turns, seen)
        waiting.update({p: one.until for p, one in intents.items() if isinstance(one, Wait)})
        seen = acted(means, turns, intents)
        now = means.clock()
        seen.update(
            {p: Elapsed(now) for p, one in intents.items() if one is None and not turns[p].ended}
        )
        if not seen and waiting and (first := min(waiting.values())) <= until:
            means.sleep(max(0.0, first - now))
        now = means.clock()
        for path in [path for path, due in waiting.items() if due <= now]:
            del waiting[path]
            seen[path] = Elapsed(now)
    return turns


def _recorded(
    means: Means, turns: dict[str, Rotation], seen: Mapping[str, Observation]
) -> dict[str, Intent | None]:
    """Take a step of each; when this returns, what is to be done is in the ledger."""
    stepped = {path: step(turns[path], one) for path, one in seen.items()}
    changed = [after for path, (after, _) in stepped.items() if after != turns[path]]
    if changed:
        means.journal.record_rotations(changed, actor=means.actor, fence=means.fence)
    turns.update({path: after for path, (after, _) in stepped.items()})
    return {path: intent for path, (_, intent) in stepped.items()}
