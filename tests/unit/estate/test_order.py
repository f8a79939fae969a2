"""Order: close everywhere, revoke, create what others need first, delete last."""

from __future__ import annotations

import pytest

from commsroom.errors import CommsroomError
from commsroom.estate import order
from commsroom.estate.kinds import Account, Extension, Grant, Mailbox, MailList, Member
from commsroom.estate.order import Stage
from commsroom.estate.resource import Action, Address, Change, Kind, Resource


def at(text: str) -> Address:
    return Address.parse(text)


def made(text: str, body: Kind, *needs: str) -> Change:
    resource = Resource(at(text), body, needs=frozenset(map(at, needs)))
    return Change(Action.CREATE, at(text), None, resource, tuple(body.values()))


def gone(text: str, body: Kind) -> Change:
    return Change(Action.DELETE, at(text), Resource(at(text), body), None)


def moved(
    text: str, before: Kind, after: Kind, *fields: str, needs: tuple[str, ...] = ()
) -> Change:
    wanted = Resource(at(text), after, needs=frozenset(map(at, needs)))
    return Change(Action.UPDATE, at(text), Resource(at(text), before), wanted, fields)


def test_a_leaver_is_closed_everywhere_before_anything_else_happens() -> None:
    steps = order.steps(
        [
            made("im1:account/new", Account(suspended=False)),
            gone("im1:member/sales/ann", Member(affiliation="member")),
            gone("mail1:grant/contact@x/ann", Grant(rights=("read",))),
            gone("mail1:mailbox/old@x", Mailbox()),
            moved(
                "mail1:list/all@x",
                MailList(members=("ann@x", "bob@x")),
                MailList(members=("bob@x",)),
                "members",
            ),
            moved(
                "im1:account/ann", Account(suspended=False), Account(suspended=True), "suspended"
            ),
            moved(
                "pbx1:extension/21",
                Extension(suspended=False),
                Extension(suspended=True),
                "suspended",
            ),
        ]
    )
    assert [
        (step.stage, {system: len(batch) for system, batch in step.batches.items()})
        for step in steps
    ] == [
        (Stage.CLOSE, {"im1": 1, "pbx1": 1}),
        (Stage.REVOKE, {"im1": 1, "mail1": 2}),
        (Stage.GRANT, {"im1": 1}),
        (Stage.DELETE, {"mail1": 1}),
    ]


def test_what_others_need_comes_first_and_other_systems_wait() -> None:
    steps = order.steps(
        [
            made(
                "im1:member/sales/ann",
                Member(affiliation="member"),
                "im1:room/sales",
                "im1:account/ann",
            ),
            made("im1:room/sales", Account()),
            made("im1:account/ann", Account()),
            made("pbx1:voicemail/21", Account(), "mail1:mailbox/ann@x"),
            made("mail1:mailbox/ann@x", Account()),
        ]
    )
    keys = [
        {system: [c.address.key for c in batch] for system, batch in step.batches.items()}
        for step in steps
    ]
    assert keys[0]["im1"][-1] == "sales/ann"
    assert "mail1" in keys[0]
    assert keys[1] == {"pbx1": ["21"]}


def test_a_list_that_loses_one_and_gains_a_newcomer_waits_for_the_newcomer() -> None:
    steps = order.steps(
        [
            made("mail1:mailbox/new@x", Mailbox()),
            moved(
                "mail1:list/all@x", MailList(members=("old@x",)), MailList(members=("new@x",)), "members",
                needs=("mail1:mailbox/new@x",),
            ),
        ]
    )  # fmt: skip
    assert [(step.stage, [c.address.kind for c in step.batches["mail1"]]) for step in steps] == [
        (Stage.GRANT, ["mailbox", "list"])
    ]


def test_a_circle_of_needs_is_explained_in_words() -> None:
    with pytest.raises(CommsroomError, match=r"in a circle: .* needs .* needs "):
        order.steps([made("a:x/1", Account(), "a:x/2"), made("a:x/2", Account(), "a:x/1")])
