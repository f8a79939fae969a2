"""What is due: only the difference between two days, whatever else differs from what is there."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commsroom.estate.backend import Snapshot
from commsroom.estate.due import arranged, between
from commsroom.estate.kinds import Account, MailList, Member
from commsroom.estate.plan import Known
from commsroom.estate.resource import Address, Resource
from commsroom.estate.secret import SecretRef

DAY = date(2026, 3, 2)
LIST = Address("mail1", "list", "office@x.example")
ANN = Address("im1", "account", "ann")
names = st.frozensets(st.sampled_from(["ann", "bob", "cy", "dee"]))


def account(address=ANN, **fields):
    return Resource(address, Account(**fields), (SecretRef("ann/chat", "password"),))


def lists(members, title="Office", needs=()):
    return Resource(LIST, MailList(title=title, members=tuple(members)), needs=frozenset(needs))


def narrowed(due, wanted, there=(), ours=None):
    """What is left of `wanted`, as bodies by address, and what counts as ours."""
    systems = {"im1", "mail1"}
    snapshots = {
        system: Snapshot({item.address: item for item in there if item.address.system == system})
        for system in systems
    }
    owned = frozenset(item.address for item in there) if ours is None else frozenset(ours)
    items, known = due.narrow(wanted, snapshots, Known(owned))
    return {item.address: item for item in items}, known.owned


def test_the_same_on_both_days_is_not_due_whatever_is_there():
    same = [account(suspended=False), lists(["ann"])]
    due = between(same, same, since=DAY)
    assert due.addresses == ()
    assert due.systems == ()
    assert narrowed(due, same, [account(suspended=True)]) == ({}, frozenset())


def test_only_the_field_that_differs_between_the_days_moves():
    now = account(display_name="Ann", suspended=False)
    due = between([account(display_name="Ann", suspended=True)], [now], since=DAY)
    found, _ = narrowed(due, [now], [account(display_name="By hand", suspended=True)])
    assert found[ANN].body == Account(display_name="By hand", suspended=False)
    assert found[ANN].secrets == ()  # a password changed by hand is drift, not due


def test_what_is_new_is_made_as_policy_has_it_with_its_secrets():
    now = account(display_name="Ann", suspended=True)
    found, ours = narrowed(between([], [now], since=DAY), [now])
    assert found == {ANN: now}
    assert ours == frozenset()


def test_what_is_no_longer_asked_for_goes_only_where_it_is_ours():
    due = between([account()], [], since=DAY)
    assert narrowed(due, [], [account()]) == ({}, {ANN})
    assert narrowed(due, [], [account()], ours=()) == ({}, frozenset())


def test_what_should_have_been_there_before_is_not_made():
    now = account(suspended=False)
    due = between([account(suspended=True)], [now], since=DAY)
    assert narrowed(due, [now]) == ({}, frozenset())


def test_what_is_new_and_needs_something_that_is_gone_is_left_to_people():
    member = Address("im1", "member", "all/ann")
    coming = Resource(member, Member(affiliation="member"), needs=frozenset({ANN}))
    due = between([], [coming], since=DAY)
    assert narrowed(due, [coming]) == ({}, frozenset())
    both = between([], [coming, account()], since=DAY)
    assert narrowed(both, [coming, account()])[0].keys() == {member, ANN}
    assert narrowed(due, [coming], [account()])[0].keys() == {member}


def test_a_name_whose_object_is_gone_does_not_come_into_a_list():
    box = Address("mail1", "mailbox", "ann")
    now = lists(["ann", "bob"], needs=[box])
    due = between([lists(["bob"])], [now], since=DAY)
    found, _ = narrowed(due, [now], [lists(["bob"])])
    assert found[LIST].body == MailList(title="Office", members=("bob",))


@given(then=names, now=names, held=names)
def test_of_a_list_exactly_the_entries_move_that_differ_between_the_days(then, now, held):
    wanted = lists(sorted(now), title="New title")
    due = between([lists(sorted(then), title="New title")], [wanted], since=DAY)
    found, _ = narrowed(due, [wanted], [lists(sorted(held), title="Old title")])
    if then == now:
        assert found == {}
        return
    body = found[LIST].body
    assert body.title == "Old title"
    assert set(body.members) == (held | (now - then)) - (then - now)


@pytest.mark.parametrize(
    ("pattern", "entries", "expected"),
    [
        (("a", "b", "c"), ["c", "a"], ("a", "c")),
        (("c", "a", "b"), ["b", "a", "c", "x"], ("c", "a", "b", "x")),
    ],
    ids=["sorted", "in policy's own order"],
)
def test_entries_keep_the_order_policy_has(pattern, entries, expected):
    assert arranged(pattern, entries) == expected
