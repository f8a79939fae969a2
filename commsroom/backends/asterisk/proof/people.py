"""Logging in, being refused, and leaving."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from commsroom.backends.asterisk.proof.crew import Crew, secret
from commsroom.backends.asterisk.proof.line import Undecided
from commsroom.backends.asterisk.proof.trial import attempt, untried

if TYPE_CHECKING:
    from commsroom.estate.backend import Proof, ProofRequest


async def greet(crew: Crew, request: ProofRequest) -> list[Proof]:
    """Log in with the right password, which must work, and with a wrong one, which must not.

    Whoever is let in stays, and takes part in what follows.
    """
    return await _try(crew, request, crew.stack)


async def pass_by(crew: Crew, request: ProofRequest) -> list[Proof]:
    """Log in as `greet` does, and out again."""
    number = request.resource.address.key
    async with AsyncExitStack() as stack:
        proofs = await _try(crew, request, stack)
        phone = crew.phones.pop(number, None)
        if phone is not None:
            await phone.unregister()
            if number not in crew.shared:
                crew.passed.add(number)
    return proofs


async def _try(crew: Crew, request: ProofRequest, stack: AsyncExitStack) -> list[Proof]:
    address, password = request.resource.address, secret(request, "sip")
    number = address.key
    if password is None:
        return [untried(address, "register", "accepted", "we do not hold its password any more")]
    transport = crew.body(number).transport or "tls"
    try:
        phone = await stack.enter_async_context(crew.exchange.phone(number, password, transport))
    except Undecided as error:
        return [untried(address, "register", "accepted", str(error))]
    trial = await attempt(address, "register", phone.register(), login=True)
    if trial.proof.ok:
        crew.phones[number] = phone
        if trial.result:
            crew.shared.add(number)
    if request.helping:
        return [trial.proof]
    return [trial.proof, await _wrong(crew, request, password, transport)]


async def _wrong(crew: Crew, request: ProofRequest, password: str, transport: str) -> Proof:
    address = request.resource.address
    try:
        async with crew.exchange.phone(address.key, f"{password}x", transport) as phone:
            return (await attempt(address, "wrong password", phone.register(), allowed=False)).proof
    except Undecided as error:
        return untried(address, "wrong password", "refused", str(error))


async def turn_away(crew: Crew, request: ProofRequest) -> Proof:
    """Log in as somebody who must be refused, with the credential that was accepted once."""
    address, password = request.resource.address, secret(request, "sip")
    if password is None:
        return untried(address, "register", "refused", "we do not hold its password any more")
    transport = crew.body(address.key).transport or "tls"
    try:
        async with crew.exchange.phone(address.key, password, transport) as phone:
            trial = await attempt(address, "register", phone.register(), allowed=False)
            if trial.proof.ok is False:
                await phone.unregister()
    except Undecided as error:
        return untried(address, "register", "refused", str(error))
    if trial.proof.ok and not request.accepted_before:
        note = f"{trial.proof.note}; but this credential was never seen to be accepted"
        return replace(trial.proof, ok=None, note=note)
    return trial.proof


def counted(proof: Proof, *, controlled: bool) -> Proof:
    """A refusal counts only when somebody else is let in after it."""
    if proof.ok and not controlled:
        note = f"{proof.note}; but no control account was accepted after"
        return replace(proof, ok=None, note=note)
    return proof
