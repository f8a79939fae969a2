"""Who is brought along so that somebody's accounts can be proven at all."""

from __future__ import annotations

from commsroom.app.proving import _companions
from commsroom.estate.kinds import Account, Extension, Member, Room
from commsroom.estate.resource import Address, Kind, Resource
from commsroom.estate.secret import SecretRef


def at(text: str) -> Address:
    return Address.parse(text)


def item(text: str, body: Kind, *needs: str) -> Resource:
    secrets = (SecretRef(f"{text}/x", body.slots[0]),) if body.slots else ()
    return Resource(at(text), body, secrets, needs=frozenset(map(at, needs)))


def staff(*names: str, closed: bool = False) -> list[Resource]:
    return [item(f"im1:account/{name}", Account(suspended=closed)) for name in names]


def sits(name: str, affiliation: str = "member") -> Resource:
    body = Member(affiliation=affiliation)
    return item(f"im1:member/sales/{name}", body, "im1:room/sales", f"im1:account/{name}")


def names(chosen: list[Resource], due: list[Resource]) -> set[str]:
    return {str(found.address) for found in _companions(chosen, due)}


def test_a_leaver_brings_two_open_accounts_as_controls() -> None:
    leaver = staff("gone", closed=True)
    due = [*leaver, *staff("shut", closed=True), *staff("a", "b", "c")]
    assert names(leaver, due) == {"im1:account/a", "im1:account/b"}


def test_a_room_member_brings_the_room_and_those_who_may_speak_there_first() -> None:
    mine = [*staff("ann"), sits("ann")]
    others = [sits("bob"), sits("cy"), sits("boss", "admin")]
    due = [
        *mine,
        item("im1:room/sales", Room(moderated=True)),
        *others,
        *staff("bob", "cy", "boss", "dee", "eve"),
    ]
    found = names(mine, due)
    assert {"im1:room/sales", "im1:member/sales/boss", "im1:account/boss"} <= found
    assert len([name for name in found if ":member/" in name]) == 2


def test_systems_that_have_nothing_to_do_with_it_are_left_in_peace() -> None:
    mine = staff("ann")
    due = [*mine, *staff("bob"), item("pbx1:extension/21", Extension(suspended=False))]
    assert names(mine, due) == {"im1:account/bob"}
