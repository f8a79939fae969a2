"""Looks at a server's machine on behalf of any back end: one round trip, the back end's part with it.

The clock's offset is taken from that same round trip, as NTP takes it from two (RFC 5905 §8): the server's
clock is read when its program begins and when it ends, ours before and after. What passed on the
network, and in starting, may all have been on one side, so that half of it is the uncertainty.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from commsroom.backends.ssh import Session
from commsroom.errors import SystemUnknown
from commsroom.estate.inspection import Seen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from commsroom.estate.backend import Deadlines, Target
    from commsroom.estate.inspection import Facts

_PROGRAM: Final = "commsroom.backends.on_target_host"
_PARTS: Final = ("commsroom.backends.on_target_security",)


@dataclass(frozen=True, slots=True)
class Own:
    """A back end's own remote part: `function(data)` of `module`, which imports `also`."""

    module: str
    data: Mapping[str, Any] = field(default_factory=dict)
    function: str = "inspect"
    also: tuple[str, ...] = ()


def inspect(target: Target, deadlines: Deadlines, wanted: Facts, own: Own | None = None) -> Seen:
    """Look at the machine behind `target`, and at `own` with it.

    Raises:
        SystemUnknown: it could not be reached, hung, or answered nonsense.
    """
    session = Session(target, deadlines.connect)
    part = None
    if own is not None:
        part = {"module": own.module, "function": own.function, "data": dict(own.data)}
    before = time.time()
    answer = session.call(
        _PROGRAM,
        "inspect",
        {**wanted, "own": part},
        phase="inspect",
        timeout=deadlines.inspect,
        also=(*_PARTS, *((*own.also, own.module) if own else ())),
    )
    after = time.time()
    if not isinstance(answer, dict):
        raise SystemUnknown(target.system, "inspect", "its answer is no inspection")
    host = dict(answer)
    mine = host.pop("own", {})
    host["clock"] = offset(before, after, host.get("clock"))
    return Seen(host, mine if isinstance(mine, dict) else {"unknown": "the answer made no sense"})


def offset(before: float, after: float, clock: Any) -> Facts:
    """Return by how many seconds a server's clock is ahead of ours, and how uncertain that is.

    Args:
        before: Our time before we asked.
        after: Our time when the answer had come.
        clock: The server's own time at the `begin` and `end` of its work.
    """
    try:
        begin, end = float(clock["begin"]), float(clock["end"])
    except (TypeError, KeyError, ValueError):
        return {"unknown": "the server did not tell its time"}
    ahead = ((begin - before) + (end - after)) / 2
    return {"ahead": ahead, "uncertain": max(0.0, ((after - before) - (end - begin)) / 2)}
