"""Conference rooms and hunt groups."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final

from commsroom.backends.asterisk.proof.calls import connect
from commsroom.backends.asterisk.proof.crew import ANSWER, Crew, hearing, secret, wrong_pin
from commsroom.backends.asterisk.proof.line import Refused, Undecided
from commsroom.backends.asterisk.proof.trial import attempt, untried
from commsroom.estate.kinds import HuntGroup

if TYPE_CHECKING:
    from commsroom.backends.asterisk.proof.line import Call, Phone
    from commsroom.estate.backend import Proof, ProofRequest

#: Announcements ("there is one other person") come before one hears the others.
_GREETING: Final = 14.0
#: Whoever got in with a wrong PIN came at the same time as the others: by now he hears them too.
_EAVESDROP: Final = 2.0


async def meet(crew: Crew, number: str, callers: tuple[str, str]) -> list[Proof]:
    """Two meet in a conference room and hear each other; a third with a wrong PIN hears nobody."""
    request = crew.rooms[number]
    address, pin = request.resource.address, secret(request, "pin")
    guarded = request.resource.secret("pin") is not None
    if guarded and pin is None:
        return [untried(address, "join", "both hear each other", "we do not hold its PIN any more")]
    async with AsyncExitStack() as stack:
        phones = [
            await stack.enter_async_context(crew.another(caller))
            for caller in (*callers, callers[0])
        ]

        async def join() -> None:
            try:
                calls = [await _enter(stack, phone, number, pin) for phone in phones[:2]]
                await asyncio.gather(
                    hearing(calls[0], phones[1].tone, _GREETING),
                    hearing(calls[1], phones[0].tone, _GREETING),
                )
            finally:
                talking.set()

        talking = asyncio.Event()
        use = f"join as {callers[0]} and {callers[1]}"
        joining = attempt(address, use, join(), works="both hear each other")
        if pin is None:
            return [(await joining).proof]
        joined, intruded = await asyncio.gather(
            joining, _intrude(stack, request, phones, wrong_pin(pin), talking)
        )
        # That nobody was heard means something only while somebody was to be heard.
        return [joined.proof, intruded] if joined.proof.ok else [joined.proof]


async def _enter(stack: AsyncExitStack, phone: Phone, number: str, pin: str | None) -> Call:
    call = await phone.call(number, ANSWER)
    stack.push_async_callback(call.hang_up)
    if pin is not None:
        await call.press(f"{pin}#")
    return call


async def _intrude(
    stack: AsyncExitStack,
    request: ProofRequest,
    phones: list[Phone],
    pin: str,
    talking: asyncio.Event,
) -> Proof:
    address = request.resource.address

    async def listen() -> None:
        call = await _enter(stack, phones[2], address.key, pin)
        await talking.wait()
        if not await call.hears(phones[0].tone, _EAVESDROP):
            raise Refused(0, "nobody was heard")

    return (await attempt(address, "wrong PIN", listen(), allowed=False)).proof


async def ring_group(crew: Crew, number: str) -> Proof | None:
    """Call a group: its members ring, all or the first, and one who answers is heard.

    Returns None where none of its members is at hand, so that nothing could be seen.
    """
    request = crew.groups[number]
    body = request.resource.body
    assert isinstance(body, HuntGroup)  # noqa: S101 - filed by type
    members = [one for one in body.members or () if one in crew.phones]
    others = [one for one in crew.alone if one not in members] or list(crew.phones)
    if not members or not others:
        return None
    if crew.shared & set(body.members or ()):
        return untried(
            request.resource.address,
            "call",
            "its members ring",
            "real telephones of its members would ring",
        )
    linear = body.strategy == "linear"
    use = f"call from {others[0]}"

    async def ring() -> None:
        async with crew.another(others[0]) as caller:
            first, rest = members[0], [] if linear else members[1:]
            waiting = [
                asyncio.create_task(crew.phones[one].rings(crew.ring, others[0])) for one in rest
            ]
            try:
                ours, theirs = await connect(caller, crew.phones[first], number, crew.ring)
                ringing = await asyncio.gather(*waiting)
            finally:
                for task in waiting:
                    task.cancel()
            await asyncio.gather(ours.hang_up(), theirs.hang_up())
            if not all([await each.stopped(crew.ring) for each in ringing]):
                raise Undecided("the others rang on after one had answered")

    works = "the first rings and is heard" if linear else f"{len(members)} ring, one is heard"
    return (await attempt(request.resource.address, use, ring(), works=works)).proof
