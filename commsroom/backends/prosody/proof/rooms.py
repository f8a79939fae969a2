"""Proofs about rooms: members get in and read what another wrote; others stay out."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

from commsroom.backends.prosody.proof.trial import attempt
from commsroom.estate.kinds import Room

if TYPE_CHECKING:
    from collections.abc import Mapping

    from commsroom.backends.prosody.proof.chat import Person
    from commsroom.estate.backend import Proof, ProofRequest


async def meet(
    room: str, members: Mapping[str, ProofRequest], present: Mapping[str, Person]
) -> list[Proof]:
    """Let all members who are logged in enter a room; each then reads what another writes.

    The first one writes for all others, the second one for the first; one alone reads its own words.
    """
    here = {login: present[login] for login in members if login in present}
    entries = await asyncio.gather(
        *(
            attempt(members[login].resource.address, "enter the room", _enter(person, room))
            for login, person in here.items()
        )
    )
    proofs = [trial.proof for trial in entries]
    inside = {
        login: person for (login, person), trial in zip(here.items(), entries, strict=True)
        if trial.proof.ok
    }  # fmt: skip
    writers = list(inside)[:2]
    for writer in writers:
        others = {login: person for login, person in inside.items() if login != writer}
        readers = others if writer == writers[0] else {writers[0]: inside[writers[0]]}
        proofs += await _talk(room, members, writer, inside[writer], readers or inside)
    return proofs


async def _enter(person: Person, room: str) -> bool:
    await person.enter(room)
    return True


async def _talk(
    room: str,
    members: Mapping[str, ProofRequest],
    writer: str,
    voice: Person,
    readers: Mapping[str, Person],
) -> list[Proof]:
    text = f"commsroom proof {secrets.token_hex(8)}"
    said = await attempt(
        members[writer].resource.address, "write a message", voice.say(room, text), works="sent"
    )
    heard = await asyncio.gather(
        *(
            attempt(
                members[login].resource.address, f"read what {writer} wrote in the room",
                person.hear(room, text), works="read", fails="not read",
            )
            for login, person in readers.items()
        )
    )  # fmt: skip
    return ([] if said.proof.ok else [said.proof]) + [trial.proof for trial in heard]


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
