"""A scope for one person moves what is theirs, and of lists and groups only their own entry."""

from __future__ import annotations

from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from commsroom.app.scope import Scope
from commsroom.estate.backend import Snapshot
from commsroom.estate.kinds import (
    DiallingClass,
    Extension,
    HuntGroup,
    Mailbox,
    MailList,
    Voicemail,
)
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


def test_what_else_is_pending_in_a_group_is_not_moved_for_one_person() -> None:
    there = [item("pbx1:hunt_group/70", HuntGroup(title="old", members=("22",), strategy="linear"))]
    wanted, _ = narrow(
        Scope(people=("ann",)),
        there,
        desired=[
            DESIRED[1],
            item("pbx1:hunt_group/70", HuntGroup(title="new", members=("22", "21"))),
        ],
    )
    assert wanted["pbx1:hunt_group/70"] == HuntGroup(
        title="old", members=("22", "21"), strategy="linear"
    )


def test_a_leaver_is_no_longer_what_a_group_falls_back_to() -> None:
    there = [item("pbx1:hunt_group/70", HuntGroup(members=("22",), fallback="21"))]
    desired = [
        item("pbx1:extension/21", Extension(suspended=True), "ann"),
        item("pbx1:hunt_group/70", HuntGroup(members=("22",), fallback="")),
    ]
    wanted, _ = narrow(Scope(people=("ann",)), there, desired=desired)
    assert wanted["pbx1:hunt_group/70"] == HuntGroup(members=("22",), fallback="")


def test_anothers_own_object_is_not_touched_though_it_names_the_person() -> None:
    box = item("pbx1:voicemail/22", Voicemail(email="bob@x"), "bob")
    there = [item("pbx1:voicemail/22", Voicemail(email="ann@x"))]
    wanted, _ = narrow(Scope(people=("ann",)), there, desired=[DESIRED[4], box])
    assert set(wanted) == {"mail1:mailbox/ann@x"}


BODIES = {
    "extension": st.builds(Extension, suspended=st.booleans()),
    "hunt_group": st.builds(
        HuntGroup,
        title=st.sampled_from(["old", "new"]),
        members=st.sets(st.sampled_from(["21", "22", "23"])).map(lambda got: tuple(sorted(got))),
        fallback=st.sampled_from(["", "21", "22", "23"]),
    ),
}
ADDRESSES = [f"pbx1:{kind}" for kind in ("extension/21", "extension/22", "extension/23")]
PEOPLE = dict(zip(ADDRESSES, ("ann", "bob", "eve"), strict=True))


def estates() -> st.SearchStrategy[list[Resource]]:
    """Draw a state of three people's telephones and two groups."""
    one = {
        text: st.none()
        | BODIES[at(text).kind].map(partial(item, text, person=PEOPLE.get(text, "")))
        for text in [*ADDRESSES, "pbx1:hunt_group/70", "pbx1:hunt_group/71"]
    }
    return st.fixed_dictionaries(one).map(
        lambda drawn: [found for found in drawn.values() if found is not None]
    )


def settled(scope: Scope, desired: list[Resource], actual: list[Resource]) -> dict[str, Kind]:
    """Return what an apply for the scope would leave, where everything there is ours."""
    owned = frozenset(each.address for each in actual)
    persons = {each.address: each.person for each in actual if each.person}
    snapshot = Snapshot({each.address: each for each in actual})
    wanted, mine = scope.narrow(desired, {"pbx1": snapshot}, Known(owned=owned, persons=persons))
    after = {str(each.address): each.body for each in actual}
    for address in mine.owned - {each.address for each in wanted}:
        after.pop(str(address), None)
    return {**after, **{str(each.address): each.body for each in wanted}}


@given(estates(), estates())
def test_an_apply_for_one_person_leaves_everybody_else_as_they_were(
    desired: list[Resource], actual: list[Resource]
) -> None:
    before = {str(each.address): each.body for each in actual}
    after = settled(Scope(people=("ann",)), desired, actual)
    wanted = {str(each.address): each.body for each in desired}

    assert after.get("pbx1:extension/21") == wanted.get("pbx1:extension/21")
    for other in ("pbx1:extension/22", "pbx1:extension/23"):
        assert after.get(other) == before.get(other)
    for group in ("pbx1:hunt_group/70", "pbx1:hunt_group/71"):
        if group in before:
            was, now = before[group], after[group]
            assert isinstance(was, HuntGroup)
            assert isinstance(now, HuntGroup)
            assert now.title == was.title
            assert set(now.members or ()) - {"21"} == set(was.members or ()) - {"21"}


@given(estates(), estates())
def test_everybody_one_after_another_is_a_whole_apply_of_what_is_theirs(
    desired: list[Resource], actual: list[Resource]
) -> None:
    for person in ("ann", "bob", "eve"):
        after = settled(Scope(people=(person,)), desired, actual)
        actual = [item(text, body, PEOPLE.get(text, "")) for text, body in after.items()]
    found = {str(each.address): each.body for each in actual}
    wanted = {str(each.address): each.body for each in desired}
    assert {text: found.get(text) for text in ADDRESSES} == {
        text: wanted.get(text) for text in ADDRESSES
    }


@given(st.text("pbim1:*?[]x-/", max_size=9), st.sampled_from(["pbx1", "pbx", "im1", "b"]))
def test_a_system_that_the_scope_does_not_reach_holds_nothing_that_it_names(
    glob: str, system: str
) -> None:
    addresses = [at(f"{system}:{kind}/{key}") for kind in ("extension", "room") for key in "1bx"]
    if not Scope(only=(glob,)).reaches(system):
        assert not any(address.matches(glob) for address in addresses)
    assert Scope(only=(f"{system}:{glob}",)).reaches(system)
