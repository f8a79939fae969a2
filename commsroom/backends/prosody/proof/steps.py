"""What is proven, in which order, and when a refusal counts.

Refusals come first: a leaver's last password is tried. Then everybody else logs in, which gives the
control account that must be accepted *after* a refusal for it to mean anything. Everybody tries a wrong
password, shares a file if policy speaks of it, enters their rooms and reads what another wrote there.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from commsroom.backends.prosody.proof import people, rooms
from commsroom.backends.prosody.proof.rooms import Place
from commsroom.estate.backend import Proof
from commsroom.estate.kinds import Account, Member, Room

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from commsroom.backends.prosody.proof.chat import Chat, Person
    from commsroom.estate.backend import ProofRequest

#: Logins at the same time, and people kept logged in at the same time.
_AT_ONCE: Final = 8
_IN_THE_HOUSE: Final = 64


@dataclass(slots=True)
class _Work:
    """The requests by what they are about, and the proofs so far."""

    chat: Chat
    accounts: dict[str, ProofRequest] = field(default_factory=dict)
    members: dict[str, dict[str, ProofRequest]] = field(default_factory=lambda: defaultdict(dict))
    rooms: dict[str, ProofRequest] = field(default_factory=dict)
    proofs: list[Proof] = field(default_factory=list)
    #: Rooms whose strangers were turned away already, and whether a file went there and back.
    kept: set[str] = field(default_factory=set)
    fetched: bool = False
    tried_to_build: bool = False

    def file(self, request: ProofRequest) -> None:
        """Put a request where it belongs."""
        key, body = request.resource.address.key, request.resource.body
        if isinstance(body, Account):
            self.accounts[key] = request
        elif isinstance(body, Member):
            room, _, login = key.partition("/")
            self.members[room][login] = request
        elif isinstance(body, Room):
            self.rooms[key] = request

    def place(self, room: str) -> Place:
        """Describe a room as policy has it."""
        body = self.rooms[room].resource.body if room in self.rooms else None
        moderated = isinstance(body, Room) and body.moderated is True
        return Place(room, self.members[room], moderated=moderated)


async def prove(chat: Chat, requests: Sequence[ProofRequest], *, within: float) -> list[Proof]:
    """Prove all requests within so many seconds; what is not proven by then is unknown."""
    work = _Work(chat)
    for request in requests:
        work.file(request)
    why = "nobody who could prove it was selected with it"
    try:
        async with asyncio.timeout(within):
            await _everything(work)
    except TimeoutError:
        why = f"there was no time left ({within:g} s)"
    work.proofs += _unproven(work, requests, why)
    return work.proofs


def _unproven(work: _Work, requests: Sequence[ProofRequest], why: str) -> list[Proof]:
    """Account for every request that no proof speaks of."""
    proven = {proof.address for proof in work.proofs}
    failed = {proof.address.key for proof in work.proofs if proof.use == "login" and not proof.ok}
    found = []
    for request in requests:
        address = request.resource.address
        if address not in proven:
            shut_out = address.kind == "member" and address.key.partition("/")[2] in failed
            note = "its account could not log in" if shut_out else why
            found.append(Proof(address, "use", "works", "not tried", None, note=note))
    return found


async def _everything(work: _Work) -> None:
    closed = [item for item in work.accounts.values() if item.refused]
    open_ = [item for item in work.accounts.values() if not item.refused]
    limit = asyncio.Semaphore(_AT_ONCE)

    async def turn_away(request: ProofRequest) -> Proof:
        async with limit:
            return await people.turn_away(work.chat, request)

    refusals = await asyncio.gather(*(turn_away(item) for item in closed))
    for start in range(0, len(open_), _IN_THE_HOUSE):
        await _house(work, open_[start : start + _IN_THE_HOUSE], limit)
    controlled = any(proof.login and proof.ok for proof in work.proofs)
    work.proofs += [_counted(proof, controlled=controlled) for proof in refusals]
    for proof in list(refusals):
        _members_of_closed(work, proof.address.key, controlled=controlled)


def _counted(proof: Proof, *, controlled: bool) -> Proof:
    if proof.ok and not controlled:
        return replace(
            proof, ok=None, note=f"{proof.note}; but no control account was accepted after"
        )
    return proof


def _members_of_closed(work: _Work, login: str, *, controlled: bool) -> None:
    """Somebody who cannot log in is in no room either."""
    verdict = next(p for p in work.proofs if p.address == work.accounts[login].resource.address)
    for members in work.members.values():
        if login in members:
            address = members[login].resource.address
            work.proofs.append(replace(verdict, address=address, use="enter the room", login=False))


async def _house(work: _Work, guests: Sequence[ProofRequest], limit: asyncio.Semaphore) -> None:
    """Let some people in, let them do what they do, and see them all out again."""
    present: dict[str, Person] = {}

    async def greet(request: ProofRequest) -> list[Proof]:
        async with limit:
            proofs, person = await people.greet(work.chat, request)
            if person is not None:
                present[request.resource.address.key] = person
            return proofs

    try:
        for proofs in await asyncio.gather(*(greet(item) for item in guests)):
            work.proofs += proofs
        await _share(work, present)
        await _visit_rooms(work, present)
    finally:
        await asyncio.gather(*(person.leave() for person in present.values()))


async def _share(work: _Work, present: dict[str, Person]) -> None:
    for login, person in present.items():
        request = work.accounts[login]
        found = await people.share(request, person, fetch=not work.fetched)
        work.fetched = work.fetched or any("fetch" in proof.use and proof.ok for proof in found)
        work.proofs += found


async def _visit_rooms(work: _Work, present: dict[str, Person]) -> None:
    for room in work.members:
        place = work.place(room)
        async with _company(work, place, present) as company:
            found = await rooms.meet(place, {**present, **company})
        guests = {place.address(login) for login in company}
        work.proofs += [proof for proof in found if proof.address not in guests]
    for room, request in work.rooms.items():
        if room not in work.kept:
            found = await rooms.try_door(request, work.members.get(room, {}), present)
            work.kept.update(room for proof in found if proof.ok is not None)
            work.proofs += found
    if present and not work.tried_to_build:
        login = next(iter(present))
        work.tried_to_build = True
        work.proofs += await rooms.make_no_room(work.accounts[login], present[login])


@asynccontextmanager
async def _company(
    work: _Work, place: Place, present: dict[str, Person]
) -> AsyncIterator[dict[str, Person]]:
    """Bring in one more member, so that there are two and one of them may speak, if there is one."""
    inside = [login for login in place.members if login in present]
    wanted = len(inside) == 1 or not any(place.may_speak(login) for login in inside)
    absent = [
        login
        for login in place.members
        if login not in present and login in work.accounts and not work.accounts[login].refused
    ]
    absent.sort(key=place.may_speak, reverse=True)
    company: dict[str, Person] = {}
    try:
        if inside and wanted and absent:
            _, person = await people.greet(work.chat, work.accounts[absent[0]])
            if person is not None:
                company[absent[0]] = person
        yield company
    finally:
        for person in company.values():
            await person.leave()
