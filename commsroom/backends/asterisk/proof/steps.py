"""What is proven, in which order, and when a refusal counts.

Refusals come first: a leaver's last password is tried. Then everybody else logs in, which gives the control
account that must be accepted *after* a refusal for it to mean anything, and the telephones for all calls.
One call is left to ring for as long as policy says, while everything else goes on.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from itertools import pairwise
from typing import TYPE_CHECKING, Final, TypeVar

from commsroom.backends.asterisk.proof import calls, outward, people, places, rules
from commsroom.backends.asterisk.proof.crew import Crew, owing, secret
from commsroom.backends.asterisk.proof.trial import untried

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable, Sequence

    from commsroom.backends.asterisk.proof.line import Exchange
    from commsroom.backends.asterisk.settings import Settings
    from commsroom.estate.backend import Proof, ProofRequest

#: Conversations at the same time.
_AT_ONCE: Final = 12
#: Telephones kept on for calls; further people log in, are refused with a wrong password, and log out again.
_IN_THE_ROOM: Final = 200
T = TypeVar("T")


def prove(
    exchange: Exchange, requests: Sequence[ProofRequest], settings: Settings, within: float
) -> list[Proof]:
    """Prove all requests within so many seconds; what is not proven by then is unknown."""
    return asyncio.run(_prove(exchange, requests, settings, within))


async def _prove(
    exchange: Exchange, requests: Sequence[ProofRequest], settings: Settings, within: float
) -> list[Proof]:
    async with AsyncExitStack() as stack:
        crew = Crew(
            exchange,
            stack,
            outside_is_echo=settings.pbx_outside == "echo",
            voicemail_number=settings.pbx_voicemail_number,
        )
        crew.file(requests)
        why = "nobody who could prove it was selected with it"
        try:
            async with asyncio.timeout(within):
                await _everything(crew)
        except TimeoutError:
            why = f"there was no time left ({within:g} s)"
        finally:
            await asyncio.gather(*(phone.unregister() for phone in crew.phones.values()))
        crew.proofs += _unproven(crew, why)
    return crew.proofs


def _unproven(crew: Crew, why: str) -> list[Proof]:
    proven = {proof.address for proof in crew.proofs}
    places_ = (
        crew.extensions,
        crew.boxes,
        crew.classes,
        crew.rooms,
        crew.groups,
        crew.lines,
        crew.routes,
    )
    every = (place[key].resource.address for place in places_ for key in owing(place))
    return [untried(address, "use", "works", why) for address in every if address not in proven]


async def _everything(crew: Crew) -> None:
    crew.proofs += await outward.registered(crew)
    closed = [item for item in crew.extensions.values() if item.refused]
    open_ = [item for item in crew.extensions.values() if not item.refused]
    refusals = await _side_by_side(people.turn_away(crew, item) for item in closed)
    for found in await _side_by_side(people.greet(crew, item) for item in open_[:_IN_THE_ROOM]):
        crew.proofs += found
    for found in await _side_by_side(people.pass_by(crew, item) for item in open_[_IN_THE_ROOM:]):
        crew.proofs += found
    controlled = any(proof.login and proof.ok for proof in crew.proofs)
    crew.proofs += [people.counted(proof, controlled=controlled) for proof in refusals]
    if crew.phones:
        await asyncio.gather(
            _ring_out(crew), _talk_and_ring(crew), _open_boxes(crew), _meet(crew), _dial(crew)
        )
        await _leave(crew)


def _left_ringing(crew: Crew) -> tuple[str, str] | None:
    """Return who calls whom without being answered: backwards, as nobody else calls (see `_talk`)."""
    numbers = crew.alone
    owed = set(owing(crew.boxes))
    boxes = [one for one in numbers if one in owed and crew.body(one).voicemail]
    if len(numbers) == 1 or not boxes:
        return None
    called = boxes[-1]
    return numbers[(numbers.index(called) + 1) % len(numbers)], called


async def _ring_out(crew: Crew) -> None:
    """One box by a call that nobody answers."""
    pair = _left_ringing(crew)
    if pair is not None:
        caller, called = pair
        crew.proofs.append(await calls.not_answered(crew, called, caller))


async def _talk(crew: Crew) -> None:
    """Everybody who owes a proof calls the next one; one call is passed on."""
    numbers, owed = crew.alone, set(owing(crew.extensions))
    if len(numbers) == 1:
        crew.proofs.append(await calls.call_oneself(crew, numbers[0]))
        return
    circle = [*pairwise(numbers), *([(numbers[-1], numbers[0])] if numbers else [])]
    pairs = [pair for pair in circle if pair[0] in owed and pair != _left_ringing(crew)]
    for pair, proof in zip(
        pairs, await _side_by_side(calls.call(crew, *pair) for pair in pairs), strict=True
    ):
        # What a crowd left undecided is tried once more, when there is less of it.
        crew.proofs.append(proof if proof.ok is not None else await calls.call(crew, *pair))
    passing = _passing(crew)
    if passing is not None:
        proof = await calls.transfer(crew, *passing)
        crew.proofs.append(proof if proof.ok is not None else await calls.transfer(crew, *passing))
    crew.proofs += [
        untried(crew.extensions[one].resource.address, "call", "both hear each other",
                "a real telephone is logged in and would ring")
        for one in sorted(crew.shared & owed)
    ]  # fmt: skip


def _passing(crew: Crew) -> tuple[str, str, str] | None:
    """Return who calls whom and passes the call on to which third, None where it cannot be shown."""
    owed = set(owing(crew.extensions))
    first = next((one for one in crew.alone if one in owed), None)
    ringing = (_left_ringing(crew) or ("", ""))[1]
    free = [one for one in crew.alone if one not in {first, ringing}]
    others = free if len(free) > 1 else [one for one in crew.alone if one != first]
    return (first, others[0], others[1]) if first and len(others) > 1 else None


async def _open_boxes(crew: Crew) -> None:
    numbers = [one for one in owing(crew.boxes) if one in crew.phones]
    known = [one for one in numbers if secret(crew.boxes[one], "pin")]
    # First the one that takes longest: what is wrong is asked for again and again.
    tries = [*((one, True) for one in known[:1]), *((one, False) for one in numbers)]
    crew.proofs += await _side_by_side(
        calls.open_box(crew, one, wrong=wrong) for one, wrong in tries
    )


async def _meet(crew: Crew) -> None:
    numbers = sorted(crew.phones)
    pair = (numbers[0], numbers[-1])
    for found in await _side_by_side(places.meet(crew, room, pair) for room in owing(crew.rooms)):
        crew.proofs += found


async def _dial(crew: Crew) -> None:
    users = {crew.body(number).dialling_class: number for number in sorted(crew.phones)}
    chosen = [(name, users[name]) for name in owing(crew.classes) if name in users]
    for found in await _side_by_side(rules.dial(crew, name, user) for name, user in chosen):
        crew.proofs += found


async def _talk_and_ring(crew: Crew) -> None:
    await _talk(crew)
    await _ring_groups(crew)


async def _ring_groups(crew: Crew) -> None:
    # One after the other: somebody may be in two.
    for number in owing(crew.groups):
        proof = await places.ring_group(crew, number)
        crew.proofs += [proof] if proof else []


async def _leave(crew: Crew) -> None:
    """Everybody logs out; then each box must answer at once."""
    numbers = crew.alone
    # A closed extension's box goes on taking messages.
    closed = {one for one in crew.extensions if crew.extensions[one].refused}
    free = {*numbers, *closed, *crew.passed}
    boxes = [one for one in owing(crew.boxes) if one in free and crew.body(one).voicemail]
    await asyncio.gather(*(crew.phones[one].unregister() for one in numbers))
    crew.proofs += await _side_by_side(
        calls.nobody_there(crew, one, next((o for o in crew.phones if o != one), one))
        for one in boxes
    )


async def _side_by_side(work: Iterable[Awaitable[T]]) -> list[T]:
    limit = asyncio.Semaphore(_AT_ONCE)

    async def one(job: Awaitable[T]) -> T:
        async with limit:
            return await job

    return list(await asyncio.gather(*(one(job) for job in work)))
