"""A scope for one person moves what is theirs, and of lists and groups only their own entry."""

from __future__ import annotations

from commsroom.app.scope import Scope
from commsroom.estate.backend import Snapshot
from commsroom.estate.kinds import DiallingClass, Extension, HuntGroup, Mailbox, MailList
from commsroom.estate.plan import Known
from commsroom.estate.resource import Address, Kind, Resource


def at(text: str) -> Address:
    return Address.parse(text)


def item(text: str, body: Kind, person: str = "", needs: tuple[str, ...] = ()) -> Resource:
    return Resource(at(text), body, person=person, needs=frozenset(map(at, needs)))


DESIRED = [
    item("pbx1:dialling_class/national", DiallingClass(title="n")),
    item("pbx1:extension/21", Extension(), "ann", ("pbx1:dialling_class/national",)),
    item("pbx1:extension/22", Extension(), "bob", ("pbx1:dialling_class/national",)),
    item("pbx1:hunt_group/70", HuntGroup(members=("22", "21"), strategy="linear")),
    item("mail1:mailbox/ann@x", Mailbox(), "ann"),
    item("mail1:mailbox/bob@x", Mailbox(), "bob"),
    item("mail1:list/all@x", MailList(members=("ann@x", "bob@x"))),
    item("mail1:list/it@x", MailList(members=("bob@x",))),
]


def narrow(
    scope: Scope,
    there: list[Resource],
    known: Known | None = None,
    desired: list[Resource] = DESIRED,
) -> tuple[dict[str, Kind], set[str]]:
    snapshots = {
        name: Snapshot({r.address: r for r in there if r.address.system == name})
        for name in ("pbx1", "mail1")
    }
    wanted, mine = scope.narrow(desired, snapshots, known or Known())
    return {str(r.address): r.body for r in wanted}, {str(address) for address in mine.owned}


def test_a_joiner_brings_what_he_needs_and_enters_lists_without_his_pending_colleagues() -> None:
    there = [item("mail1:list/all@x", MailList(members=("eve@x",)))]
    wanted, _ = narrow(Scope(people=("ann",)), there)

    assert set(wanted) == {
        "pbx1:dialling_class/national",
        "pbx1:extension/21",
        "pbx1:hunt_group/70",
        "mail1:mailbox/ann@x",
        "mail1:list/all@x",
    }
    assert wanted["mail1:list/all@x"] == MailList(members=("ann@x", "eve@x"))
    assert wanted["pbx1:hunt_group/70"] == HuntGroup(members=("21",), strategy="linear")


def test_what_is_needed_and_there_already_is_left_alone() -> None:
    there = [item("pbx1:dialling_class/national", DiallingClass(title="changed by hand"))]
    wanted, _ = narrow(Scope(people=("ann",)), there)
    assert "pbx1:dialling_class/national" not in wanted


def test_a_leaver_leaves_his_lists_and_nobody_elses_entry_moves() -> None:
    desired = [
        item("mail1:mailbox/ann@x", Mailbox(suspended=True), "ann"),
        item("mail1:list/all@x", MailList(members=("bob@x",))),
    ]
    there = [
        item("mail1:list/all@x", MailList(members=("ann@x", "eve@x"))),
        item("mail1:mailbox/ann@x", Mailbox(suspended=False)),
    ]
    grant, member = at("mail1:grant/contact@x/ann"), at("mail1:mailbox/bob@x")
    known = Known(owned=frozenset({grant, member}), persons={grant: "ann", member: "bob"})
    wanted, owned = narrow(Scope(people=("ann",)), there, known, desired)

    assert wanted["mail1:list/all@x"] == MailList(members=("eve@x",))
    assert owned == {str(grant)}


def test_globs_narrow_both_what_is_wanted_and_what_may_be_deleted() -> None:
    gone = at("mail1:list/old@x")
    known = Known(owned=frozenset({gone, at("pbx1:extension/99")}))
    wanted, owned = narrow(Scope(only=("mail1:list/*",)), [], known)
    assert set(wanted) == {"mail1:list/all@x", "mail1:list/it@x"}
    assert owned == {str(gone)}


def test_a_linear_groups_order_is_policys_order() -> None:
    there = [item("pbx1:hunt_group/70", HuntGroup(members=("22",), strategy="linear"))]
    wanted, _ = narrow(Scope(people=("ann",)), there)
    assert wanted["pbx1:hunt_group/70"] == HuntGroup(members=("22", "21"), strategy="linear")
