"""Lines to telephone companies: whether they are registered. None is called by: a stranger would answer."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from commsroom.backends.asterisk.proof.crew import Crew, owing
from commsroom.backends.asterisk.proof.line import Undecided
from commsroom.backends.asterisk.proof.trial import untried
from commsroom.estate.backend import Proof
from commsroom.estate.kinds import Route

if TYPE_CHECKING:
    from collections.abc import Mapping

    from commsroom.estate.backend import ProofRequest

_REGISTERED: Final = "Registered"


async def registered(crew: Crew) -> list[Proof]:
    """Ask the exchange once which lines the companies have registered, for lines and for routes by them."""
    asked = [
        *(crew.lines[name] for name in owing(crew.lines)),
        *(crew.routes[name] for name in owing(crew.routes)),
    ]
    if not asked:
        return []
    start = time.monotonic()
    try:
        states = await crew.exchange.lines()
    except Undecided as error:
        return [untried(one.resource.address, *_promise(one), str(error)) for one in asked]
    ms = (time.monotonic() - start) * 1000
    return [_judged(one, states, ms) for one in asked]


def _promise(request: ProofRequest) -> tuple[str, str]:
    body = request.resource.body
    if isinstance(body, Route):
        return f"leave by {' or '.join(body.trunks or ())}", "registered"
    return "register with the telephone company", "registered"


def _judged(request: ProofRequest, states: Mapping[str, str], ms: float) -> Proof:
    """A route works while one of its lines does."""
    resource = request.resource
    body = resource.body
    names = body.trunks or () if isinstance(body, Route) else (resource.address.key,)
    found = {name: states.get(name, "no registration") for name in names}
    ok = _REGISTERED in found.values()
    note = "" if ok else "; ".join(f"{name}: {state}" for name, state in found.items())
    got = "registered" if ok else "not registered"
    return Proof(resource.address, *_promise(request), got, ok, ms=ms, note=note)
