"""Guards stop what is too large or protected, say by how much, and let pass exactly what is named."""

from __future__ import annotations

from typing import NoReturn

import pytest
from pydantic import BaseModel

from commsroom.errors import GuardRefused
from commsroom.estate import guards
from commsroom.estate.backend import Backend, Snapshot
from commsroom.estate.guards import Allow
from commsroom.estate.kinds import Account, SwitchPort
from commsroom.estate.plan import Known, Plan, build, count
from commsroom.estate.resource import Action, Address, Change, Resource


def at(number: int) -> Address:
    return Address("im1", "account", f"u{number}")


def there(number: int, **more: bool) -> Resource:
    return Resource(
        at(number),
        Account(display_name="x", suspended=False),
        protected=more.get("protected", False),
    )


def plan_of(mine: Resource, wanted: Resource, holder: str) -> Plan:
    backend = Backend("b", BaseModel, {"account": frozenset(Account.names())}, _never, _never)
    known = Known(owned=frozenset({mine.address}), persons={mine.address: holder})
    return build([wanted], {"im1": Snapshot({mine.address: mine})}, known, {"im1": backend})


def _never(*_: object) -> NoReturn:
    raise AssertionError


def deleting(some: int, of: int) -> tuple[Plan, Known]:
    owned = frozenset(at(number) for number in range(of))
    changes = tuple(
        Change(Action.DELETE, at(number), there(number), None) for number in range(some)
    )
    return Plan(changes=changes, owned=count(owned)), Known(owned=owned)


def suspending(some: int, of: int) -> tuple[Plan, Known]:
    owned = frozenset(at(number) for number in range(of))
    closed = Account(display_name="x", suspended=True)
    changes = tuple(
        Change(Action.UPDATE, at(n), there(n), Resource(at(n), closed), ("suspended",))
        for n in range(some)
    )
    return Plan(changes=changes, owned=count(owned)), Known(owned=owned)


@pytest.mark.parametrize("removing", [deleting, suspending])
@pytest.mark.parametrize(
    ("some", "of", "passes"),
    [
        (3, 10, True),
        (4, 10, False),
        (1, 2, False),
        (10, 10, False),
        (30, 100, True),
        (31, 100, False),
    ],
)
def test_more_than_thirty_percent_stops_on_small_systems_too(removing, some, of, *, passes) -> None:
    plan, known = removing(some, of)
    if passes:
        guards.check(plan, known, Allow())
        return
    with pytest.raises(GuardRefused, match=rf"{some} of {of} account on im1") as refused:
        guards.check(plan, known, Allow())
    assert "--allow-removal im1:account" in str(refused.value)
    assert refused.value.exit_code == 3


def test_only_what_is_named_is_allowed() -> None:
    plan, known = deleting(9, 10)
    with pytest.raises(GuardRefused, match="9 of all 10"):
        guards.check(plan, known, Allow(removals=frozenset({"im1:account"})))
    with pytest.raises(GuardRefused, match="9 of 10 account"):
        guards.check(plan, known, Allow(removals=frozenset({"total", "im1:room"})))
    guards.check(plan, known, Allow(removals=frozenset({"total", "im1:account"})))


def test_protection_recorded_in_the_ledger_outlives_the_policy_line() -> None:
    plan, known = deleting(1, 100)
    marked = Known(owned=known.owned, protected=frozenset({at(0)}))
    with pytest.raises(GuardRefused, match="im1:account/u0 is protected"):
        guards.check(plan, marked, Allow())
    guards.check(plan, marked, Allow(protected=frozenset({str(at(0))})))


def test_strangers_are_taken_over_only_by_name() -> None:
    change = Change(Action.ADOPT, at(1), there(1), there(1))
    plan = Plan(changes=(change,))
    with pytest.raises(GuardRefused, match="were not made by commsroom"):
        guards.check(plan, Known(), Allow(adopt=("im1:room/*",)))
    guards.check(plan, Known(), Allow(adopt=("im1:account/*",)))


def test_what_is_sealed_cannot_be_allowed() -> None:
    with pytest.raises(GuardRefused, match="not ours to write"):
        guards.check(Plan(sealed=(at(1),)), Known(), Allow(adopt=("*",)))


def test_what_is_one_persons_never_becomes_anothers() -> None:
    mine = Resource(at(1), Account(display_name="Ann"), person="L1")
    heir = Resource(at(1), Account(display_name="Bob"), person="L2")
    with pytest.raises(GuardRefused, match=r"u1 is L1's.*would become L2's.*allocations.lock"):
        guards.check(plan_of(mine, heir, "L1"), Known(), Allow())
    guards.check(plan_of(mine, heir, "L2"), Known(), Allow())
    same = Resource(at(1), Account(display_name="Ann"), person="L2")
    with pytest.raises(GuardRefused, match=r"u1 is L1's.*would become L2's"):
        guards.check(plan_of(mine, same, "L1"), Known(), Allow())


def test_what_keeps_nothing_of_anybodys_passes_on_and_is_remembered() -> None:
    port = Address("sw1", "switch_port", "Gi1/0/7")
    mine = Resource(port, SwitchPort(access_vlan=10), person="L1")
    heir = Resource(port, SwitchPort(access_vlan=10), person="L2")
    backend = Backend("b", BaseModel, {"switch_port": frozenset({"access_vlan"})}, _never, _never)
    known = Known(owned=frozenset({port}), persons={port: "L1"})
    plan = build([heir], {"sw1": Snapshot({port: mine})}, known, {"sw1": backend})
    guards.check(plan, known, Allow())
    assert (plan.changes, plan.passed_on) == ((), (heir,))
