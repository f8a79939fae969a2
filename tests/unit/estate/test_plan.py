"""What a plan promises, over all combinations of what is wanted, there, ours and remembered."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from commsroom.estate import plan as plans
from commsroom.estate.backend import Backend, Snapshot
from commsroom.estate.kinds import Account, Extension, MailList
from commsroom.estate.plan import Known
from commsroom.estate.resource import Action, Address, Recorded, Resource
from commsroom.estate.secret import Custody, SecretRef


class NoSettings(BaseModel):
    """A back end without settings."""


def never(*_: Any) -> Any:
    """Stand for a connection: the core must not need one."""
    raise AssertionError


BACKEND = Backend(
    "memory", NoSettings,
    {"account": frozenset(Account.names()), "list": frozenset({"members", "title"}),
     "extension": frozenset({"display_name", "suspended"})},
    never, never, {"account": frozenset({"password"}), "extension": frozenset({"sip"})},
)  # fmt: skip
KINDS = {"im1": BACKEND}

names = st.sampled_from(["ann", "bob", "cy", "dee", "eve"])
bodies = st.builds(
    Account,
    display_name=st.none() | st.sampled_from(["A", "B"]),
    file_sharing=st.none() | st.booleans(),
    suspended=st.none() | st.booleans(),
)
states = st.dictionaries(names, bodies)


def at(name: str) -> Address:
    return Address("im1", "account", name)


def resource(name: str, body: Account | None = None, **more: Any) -> Resource:
    return Resource(at(name), body or Account(display_name=name), **more)


def snapshot(state: dict[str, Account], **more: Any) -> Snapshot:
    return Snapshot({at(name): resource(name, body) for name, body in state.items()}, **more)


def carried_out(plan: plans.Plan, before: dict[str, Account]) -> dict[str, Account]:
    """Do what a plan says, as a perfect system would."""
    after = dict(before)
    for change in plan.changes:
        name = change.address.key
        if change.action is Action.DELETE:
            del after[name]
            continue
        assert change.after is not None
        old = after.get(name, Account())
        wanted = {field: getattr(change.after.body, field) for field in change.fields}
        after[name] = replace(old, **wanted)
    return after


@given(desired=states, actual=states, owned=st.frozensets(names))
def test_carrying_out_a_plan_leaves_an_empty_one(
    desired: dict[str, Account], actual: dict[str, Account], owned: frozenset[str]
) -> None:
    wanted = [resource(name, body) for name, body in desired.items()]
    known = Known(owned=frozenset(map(at, owned)))
    plan = plans.build(wanted, {"im1": snapshot(actual)}, known, KINDS)

    after = carried_out(plan, actual)
    now_ours = known.owned | {change.address for change in plan.changes if change.after}
    again = plans.build(wanted, {"im1": snapshot(after)}, Known(owned=now_ours), KINDS)

    assert again.changes == ()


@given(desired=states, actual=states, owned=st.frozensets(names))
def test_what_is_neither_ours_nor_wanted_is_named_and_never_touched(
    desired: dict[str, Account], actual: dict[str, Account], owned: frozenset[str]
) -> None:
    wanted = [resource(name, body) for name, body in desired.items()]
    known = Known(owned=frozenset(map(at, owned)))
    plan = plans.build(wanted, {"im1": snapshot(actual)}, known, KINDS)

    strangers = set(actual) - set(desired) - owned
    assert {address.key for address in plan.foreign} == strangers
    assert strangers.isdisjoint(change.address.key for change in plan.changes)


def test_what_policy_does_not_mention_is_not_compared() -> None:
    there = snapshot({"ann": Account(display_name="Ann", suspended=True)})
    wanted = [resource("ann", Account(display_name="Ann"))]

    assert plans.build(wanted, {"im1": there}, Known(frozenset({at("ann")})), KINDS).empty


def test_an_object_made_by_somebody_else_is_adopted_not_created() -> None:
    plan = plans.build([resource("ann")], {"im1": snapshot({"ann": Account()})}, Known(), KINDS)

    assert [(change.action, change.fields) for change in plan.changes] == [
        (Action.ADOPT, ("display_name",))
    ]


def test_what_lives_in_another_file_is_reported_and_never_adopted() -> None:
    there = snapshot({"ann": Account()}, sealed=frozenset({at("ann")}))
    plan = plans.build([resource("ann")], {"im1": there}, Known(), KINDS)

    assert plan.sealed == (at("ann"),)
    assert plan.changes == ()
    assert not plan.empty


def test_an_unknown_system_is_neither_planned_nor_clean() -> None:
    plan = plans.build([resource("ann")], {}, Known(), KINDS, {"im1": "im1: connect: refused"})

    assert plan.changes == ()
    assert plan.unknown == {"im1": "im1: connect: refused"}


def test_a_kind_or_field_the_system_lacks_is_said_by_name() -> None:
    extension = Resource(
        Address("im1", "extension", "2107"), Extension(display_name="Ann", ring_seconds=15)
    )
    listed = Resource(Address("im1", "conference", "700"), MailList(title="x"))
    plan = plans.build([extension, listed], {"im1": Snapshot({})}, Known(), KINDS)

    assert plan.unsupported == {
        extension.address: "ring_seconds",
        listed.address: "kind conference",
    }
    assert [change.fields for change in plan.changes] == [("display_name",)]


MANAGED = SecretRef("ann/im", "password", generation=1)
PERSONAL = replace(MANAGED, custody=Custody.PERSONAL)


@pytest.mark.parametrize(
    ("ref", "recorded", "verifier", "stale"),
    [
        pytest.param(MANAGED, Recorded(1, "h1"), "h1", False, id="as we left it"),
        pytest.param(MANAGED, Recorded(1, "h1"), "h2", True, id="changed behind our back"),
        pytest.param(MANAGED, None, "h1", True, id="never written by us"),
        pytest.param(MANAGED, Recorded(1, None), "h1", True, id="last write's outcome unknown"),
        pytest.param(MANAGED, Recorded(1, "h1"), None, False, id="not readable here"),
        pytest.param(replace(MANAGED, generation=2), Recorded(1, "h1"), "h1", True, id="rotated"),
        pytest.param(PERSONAL, Recorded(1, "h1"), "h2", False, id="the owner changed his own"),
        pytest.param(PERSONAL, Recorded(1, "h1", "ann/pin"), "h1", True, id="another's secret"),
        pytest.param(PERSONAL, None, "h1", True, id="personal, never set"),
    ],
)
def test_a_secret_is_written_exactly_when_it_must_be(
    ref: SecretRef, recorded: Recorded | None, verifier: str | None, *, stale: bool
) -> None:
    there = snapshot(
        {"ann": Account(display_name="ann")},
        verifiers={at("ann"): {"password": verifier} if verifier else {}},
    )
    memory = {at("ann"): {"password": recorded} if recorded else {}}
    known = Known(owned=frozenset({at("ann")}), secrets=memory)
    plan = plans.build([resource("ann", secrets=(ref,))], {"im1": there}, known, KINDS)

    assert [change.fields for change in plan.changes] == ([("secret:password",)] if stale else [])


def test_equal_plans_have_equal_hashes_and_any_difference_shows() -> None:
    def hashed(body: Account) -> str:
        return plans.build([resource("ann", body)], {"im1": Snapshot({})}, Known(), KINDS).hash

    assert hashed(Account(display_name="A")) == hashed(Account(display_name="A"))
    assert hashed(Account(display_name="A")) != hashed(Account(display_name="B"))
