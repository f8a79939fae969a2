"""Proofs about rooms: members get in and read what another wrote; others stay out."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from commsroom.backends.prosody.proof.trial import attempt
from commsroom.estate.kinds import Member, Room

if TYPE_CHECKING:
    from collections.abc import Mapping

    from commsroom.backends.prosody.proof.chat import Person
    from commsroom.estate.backend import Proof, ProofRequest
    from commsroom.estate.resource import Address


@dataclass(frozen=True, slots=True)
class Place:
    """A room, its members' requests by login, and whether only owners and admins may speak there."""

    name: str
    members: Mapping[str, ProofRequest]
    moderated: bool = False

    def may_speak(self, login: str) -> bool:
        """Tell whether this member may write."""
        body = self.members[login].resource.body
        return not self.moderated or (isinstance(body, Member) and body.affiliation != "member")

    def address(self, login: str) -> Address:
        """Name a member's place in the room."""
        return self.members[login].resource.address


async def meet(place: Place, present: Mapping[str, Person]) -> list[Proof]:
    """Let all members who are logged in enter; each then reads what another writes.

    The first who may speak writes for all others, the second one for the first; one alone reads its
    own words. In a moderated room the others try to write, in vain.
    """
    here = {login: present[login] for login in place.members if login in present}
    entries = await asyncio.gather(
        *(
            attempt(place.address(login), "enter the room", _enter(person, place.name))
            for login, person in here.items()
        )
    )
    proofs = [trial.proof for trial in entries]
    pairs = zip(here.items(), entries, strict=True)
    inside = {login: person for (login, person), trial in pairs if trial.proof.ok}
    writers = [login for login in inside if place.may_speak(login)][:2]
    for writer in writers:
        others = {login: person for login, person in inside.items() if login != writer}
        readers = others if writer == writers[0] else {writers[0]: inside[writers[0]]}
        proofs += await _talk(place, writer, inside[writer], readers or inside)
    silent = [login for login in inside if not place.may_speak(login)]
    proofs += await asyncio.gather(*(_keep_silent(place, login, inside[login]) for login in silent))
    return proofs


async def _keep_silent(place: Place, login: str, person: Person) -> Proof:
    text = f"commsroom proof {secrets.token_hex(8)}"
    trial = await attempt(
        place.address(login),
        "write in a moderated room",
        _say(person, place.name, text),
        works="sent",
        allowed=False,
    )
    return trial.proof


async def _say(person: Person, room: str, text: str) -> bool:
    await person.say(room, text)
    return True


async def _enter(person: Person, room: str) -> bool:
    await person.enter(room)
    return True


async def _talk(
    place: Place, writer: str, voice: Person, readers: Mapping[str, Person]
) -> list[Proof]:
    text = f"commsroom proof {secrets.token_hex(8)}"
    said = await attempt(
        place.address(writer), "write a message", _say(voice, place.name, text), works="sent"
    )
    if not said.proof.ok:
        return [said.proof]
    heard = await asyncio.gather(
        *(
            attempt(
                place.address(login),
                f"read what {writer} wrote in the room",
                person.hear(place.name, text),
                works="read",
                fails="not read",
            )
            for login, person in readers.items()
        )
    )
    return [trial.proof for trial in heard]


async def try_door(
    request: ProofRequest, members: Mapping[str, ProofRequest], present: Mapping[str, Person]
) -> list[Proof]:
    """Let somebody who is no member try to enter, and a member if there is nobody else.

    Without any member among the requests nothing is tried: everybody might be one.
    """
    address, body = request.resource.address, request.resource.body
    inside = next((login for login in present if login in members), None)
    stranger = next((login for login in present if login not in members), None)
    if not isinstance(body, Room) or not members:
        return []
    if stranger is not None and body.members_only is not None:
        use, login, allowed = f"entry of {stranger}, no member", stranger, not body.members_only
    elif inside is not None:
        use, login, allowed = f"entry of {inside}, a member", inside, True
    else:
        return []
    trial = await attempt(address, use, _enter(present[login], address.key), allowed=allowed)
    return [trial.proof]


async def make_no_room(request: ProofRequest, person: Person) -> list[Proof]:
    """Let somebody try to make a room of their own, which only administrators may."""
    room = f"proof-{secrets.token_hex(8)}"
    trial = await attempt(
        request.resource.address, "make a room", _enter(person, room), works="made", allowed=False
    )
    return [trial.proof]
