"""New secrets that no login can show, such as PINs: an apply writes them, and reads back what it can.

Only where the old one is in wrong hands: that is worse than a new one which nobody has tried.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from commsroom.app import applying
from commsroom.app.estate import actor
from commsroom.app.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Iterable

    from commsroom.app.estate import Estate
    from commsroom.app.progress import Progress
    from commsroom.app.renewal import Renewable


def write(estate: Estate, wanted: Iterable[Renewable], progress: Progress) -> frozenset[str]:
    """Give secrets a new generation and write it; return the paths of those that every system took.

    Raises:
        LockHeld: an apply or a rotation is at work.
    """
    ours = {one.path: one for one in wanted}
    if not ours:
        return frozenset()
    estate.ledger.advance(sorted(ours), actor=actor(), reason="it is in wrong hands")
    only = tuple(sorted({str(it.address) for one in ours.values() for it in one.places}))
    done = applying.apply(
        estate,
        Scope(only=only),
        confirm=lambda _plan: True,
        progress=progress,
        command="rotate",
    )
    return frozenset(ours) if done.ok else frozenset()
