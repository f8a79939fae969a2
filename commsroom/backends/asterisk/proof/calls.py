"""Calling each other, passing calls on, and reaching voicemail."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from commsroom.backends.asterisk.proof.crew import (
    ANSWER,
    LISTEN,
    Crew,
    hearing,
    secret,
    showing,
    wrong_pin,
)
from commsroom.backends.asterisk.proof.line import Refused, Undecided
from commsroom.backends.asterisk.proof.trial import attempt, untried
from commsroom.estate.secret import Custody

if TYPE_CHECKING:
    from commsroom.backends.asterisk.proof.line import Call, Phone
    from commsroom.estate.backend import Proof, ProofRequest

_BOX: Final = "Voicemail"
_OPEN: Final = "Messages"
_PIN_SECONDS: Final = 3.5
#: How much sooner than promised a call may stop ringing: it takes a moment to begin.
_SLACK: Final = 1.0


async def connect(caller: Phone, called: Phone, number: str, ring: float) -> tuple[Call, Call]:
    """Have one telephone call another, and both hear the other; returns both ends."""
    dialling = asyncio.create_task(caller.call(number, ANSWER))
    try:
        ringing = await called.rings(ring, caller.number)
        theirs = await ringing.answer()
    except Undecided:
        if dialling.done():
            await dialling  # a refusal says more than the silence it caused
        dialling.cancel()
        raise
    ours = await dialling
    await asyncio.gather(hearing(ours, called.tone), hearing(theirs, caller.tone))
    return ours, theirs


async def call(crew: Crew, number: str, other: str) -> Proof:
    """Call a colleague and talk."""
    address = crew.extensions[number].resource.address

    async def talk() -> None:
        ours, theirs = await connect(crew.phones[number], crew.phones[other], other, crew.ring)
        await asyncio.gather(ours.hang_up(), theirs.hang_up())

    use = f"call {other}"
    return (await attempt(address, use, talk(), works="both hear each other")).proof


async def call_oneself(crew: Crew, number: str) -> Proof:
    """With nobody else at hand: call one's own number, answered at a second telephone."""
    address = crew.extensions[number].resource.address

    async def talk() -> None:
        async with crew.another(number) as second:
            await second.register()
            try:
                ours, theirs = await connect(crew.phones[number], second, number, crew.ring)
                await asyncio.gather(ours.hang_up(), theirs.hang_up())
            finally:
                await second.unregister()

    use = f"call {number} from a second telephone"
    return (await attempt(address, use, talk(), works="both hear each other")).proof


async def transfer(crew: Crew, number: str, other: str, third: str) -> Proof:
    """Call a colleague and pass the call on to a third; those two must hear each other."""
    address = crew.extensions[number].resource.address

    async def pass_on() -> None:
        ours, theirs = await connect(crew.phones[number], crew.phones[other], other, crew.ring)
        passing = asyncio.create_task(ours.transfer(third, ANSWER))
        last = await (await crew.phones[third].rings(crew.ring, other)).answer()
        await passing
        await asyncio.gather(
            hearing(last, crew.phones[other].tone), hearing(theirs, crew.phones[third].tone)
        )
        await asyncio.gather(ours.hang_up(), theirs.hang_up(), last.hang_up())

    use = f"transfer {other} to {third}"
    return (await attempt(address, use, pass_on(), works="those two hear each other")).proof


async def not_answered(crew: Crew, number: str, caller: str) -> Proof:
    """Let it ring for as long as policy says: then voicemail must answer, and not sooner."""
    request = crew.boxes[number]
    seconds = crew.body(number).ring_seconds or 0
    use = f"call unanswered for {seconds} s"
    pace = crew.exchange.pace

    async def wait() -> None:
        async with crew.another(caller) as phone:
            dialling = asyncio.create_task(phone.call(number, seconds * pace + ANSWER))
            ringing = await crew.phones[number].rings(crew.ring, caller)
            try:
                if not await ringing.stopped(seconds * pace + crew.ring):
                    raise Refused(0, "it rang on and on")
            finally:
                if not ringing.over:
                    dialling.cancel()
            call = await dialling
            await showing(call, _BOX, LISTEN)
            await call.hang_up()
            if ringing.rang < seconds - _SLACK:
                raise Refused(0, f"it rang for {ringing.rang:.0f} s only")

    return (await attempt(request.resource.address, use, wait(), works=_BOX.lower())).proof


async def nobody_there(crew: Crew, number: str, caller: str) -> Proof:
    """With no telephone logged in, voicemail must answer at once."""
    request = crew.boxes[number]

    async def leave() -> None:
        call = await crew.phones[caller].call(number, ANSWER)
        try:
            await showing(call, _BOX, LISTEN)
        finally:
            await call.hang_up()

    use = f"call from {caller}"
    return (await attempt(request.resource.address, use, leave(), works=_BOX.lower())).proof


async def open_box(crew: Crew, number: str, *, wrong: bool) -> Proof:
    """Hear one's messages with the PIN; with `wrong`, be refused with another."""
    request = crew.boxes[number]
    address, pin = request.resource.address, secret(request, "pin")
    use = "wrong PIN" if wrong else "PIN"
    if pin is None:
        return untried(address, use, "accepted", "we do not hold its PIN any more")

    async def listen() -> None:
        async with crew.another(number) as phone:
            call = await phone.call(crew.voicemail_number, ANSWER)
            try:
                await call.press(f"{wrong_pin(pin) if wrong else pin}#")
                await showing(call, _OPEN, _PIN_SECONDS)
            finally:
                await call.hang_up()

    proof = (await attempt(address, use, listen(), allowed=not wrong)).proof
    return proof if wrong else _owners(request, proof)


def _owners(request: ProofRequest, proof: Proof) -> Proof:
    """A personal PIN that is not ours any more was changed by its owner, as he may."""
    ref = request.resource.secret("pin")
    if proof.ok is False and ref is not None and ref.custody is Custody.PERSONAL:
        return replace(
            proof, expected="its owner's", got="its owner's", ok=True,
            note="delegated: its owner changed the PIN; that calls reach the box is proven by itself",
        )  # fmt: skip
    return proof
