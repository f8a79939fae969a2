"""What is to be bought and renewed: computed from posts, devices and what happened to them."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from commsroom.estate.register import supply
from commsroom.estate.register.supply import Want
from commsroom.policy.devices import DeviceKind
from commsroom.policy.equipment import Renewal, Right

DAY = date(2026, 11, 26)


def want(holder, *models, site="taipei", kind=DeviceKind.PHONE, since=DAY):
    return Want(holder, site, "clerk", kind, Right(models=models), since)


def test_what_somebody_holds_meets_their_want_also_while_it_is_in_repair(make):
    devices = [make("A-1", state="issued", holder="L1"), make("A-2", state="repair", holder="L2")]
    (need,) = supply.needs([want("L1"), want("L2")], devices)
    assert (need.wanted, need.issued, need.in_repair, need.missing) == (2, 2, 1, [])


def test_stock_of_the_same_site_goes_out_first_and_each_device_once(make):
    devices = [make("A-1", site="kaohsiung"), make("A-2")]
    (need,) = supply.needs([want("L1"), want("L2"), want("L3")], devices)
    assert [(holder, device.asset_tag) for holder, device in need.from_stock] == [
        ("L1", "A-2"), ("L2", "A-1"),
    ]  # fmt: skip
    assert [item.holder for item in need.missing] == ["L3"]


def test_whoever_takes_any_model_takes_none_from_who_needs_that_one(make):
    devices = [make("A-1"), make("A-2", model="T57W")]
    any_one, special = supply.needs([want("L1"), want("L2", "* T57W")], devices)
    assert any_one.from_stock[0][1].asset_tag == "A-1"
    assert special.from_stock[0][1].asset_tag == "A-2"


def test_a_device_that_does_not_fit_the_post_is_none(make):
    (need,) = supply.needs([want("L1", "* T57W")], [make(state="issued", holder="L1")])
    assert [item.holder for item in need.missing] == ["L1"]


def test_the_cost_is_that_of_the_newest_device_that_fits(make):
    devices = [
        make("A-1", state="retired"),
        make("A-2", state="retired", purchased=date(2026, 1, 5), price=Decimal(5400)),
        make("A-3", state="retired", model="T57W", purchased=date(2026, 5, 5), price=Decimal(9900)),
    ]
    (need,) = supply.needs([want("L1", "* T54W"), want("L2", "* T54W")], devices)
    assert need.cost == Decimal(10800)


def test_without_a_price_no_cost_is_made_up():
    (need,) = supply.needs([want("L1")], [])
    assert need.cost is None


def test_joiners_are_counted_ahead_and_leavers_no_more(lianhe_people):
    policy = lianhe_people(
        "N1,New,new,sales,assistant,taipei,staff,2027-01-04,,L006,en,",
        "N2,Gone,gone,sales,assistant,taipei,staff,2020-01-04,2026-11-25,L006,en,",
    )
    soon = {item.holder for item in supply.wants(policy, DAY, DAY + timedelta(days=90))}
    now = {item.holder for item in supply.wants(policy, DAY, DAY)}
    assert "N1" in soon - now
    assert "N2" not in soon
    assert "lobby" in now


@pytest.mark.parametrize(
    ("more", "told", "reason"),
    [
        ({"purchased": date(2020, 11, 28)}, (0, ""), ""),
        ({"purchased": date(2020, 2, 17)}, (0, ""), "bought 2020-02-17, 6.8 years ago"),
        ({}, (2, ""), ""),
        ({}, (3, ""), "3 faults in 365 days"),
        ({}, (1, "2600"), ""),  # under warranty: repairs cost us nothing
        ({"warranty_end": date(2026, 3, 10)}, (1, "2599"), ""),
        ({"warranty_end": date(2026, 3, 10)}, (1, "2600"), "out of warranty, and repairs cost 2600 of 5200"),
    ],
)  # fmt: skip
def test_a_device_is_proposed_by_age_faults_or_cost(make, entry, more, told, reason):
    faults, cost = told
    rule = Renewal.model_validate_json('{"age": "6y", "faults": 3, "repair_cost": "50 %"}')
    happened = [entry("A-1", "fault", DAY - timedelta(days=30 * n)) for n in range(faults)]
    happened.append(entry("A-1", "fault", DAY - timedelta(days=366)))
    happened.append(entry("A-1", "repaired", DAY, cost=cost))
    found = supply.renewals([make(**more)], {DeviceKind.PHONE: rule}, happened, DAY)
    assert [item.reasons for item in found] == ([(reason,)] if reason else [])


def test_what_is_retired_is_renewed_no_more(make):
    rule = Renewal.model_validate_json('{"age": "1y"}')
    old = make(state="retired", purchased=date(2010, 1, 1))
    assert list(supply.renewals([old], {DeviceKind.PHONE: rule}, [], DAY)) == []


@pytest.fixture
def lianhe_people(tmp_path):
    """Load the sample estate with more people in it."""
    import shutil
    from pathlib import Path

    from commsroom import policy

    def load(*rows):
        shutil.copytree(Path(__file__).parents[4] / "policies", tmp_path / "policies")
        with (tmp_path / "policies/people.csv").open("a") as file:
            file.write("".join(f"{row}\n" for row in rows))
        return policy.load(tmp_path)

    return load


def coming(left, *holders, models=(), site="taipei"):
    return supply.Coming("0123", "phone", models, site, holders, left)


def test_what_is_on_order_is_for_whom_it_names_and_then_for_who_takes_it():
    wants = [want("L1"), want("L2"), want("L3")]
    (need,) = supply.needs(wants, [], [coming(2, "L3", "L9")])
    assert need.on_order == [("L1", "0123"), ("L3", "0123")]
    assert [item.holder for item in need.missing] == ["L2"]


def test_what_has_come_of_an_order_is_on_order_no_more():
    (need,) = supply.needs([want("L1"), want("L2")], [], [coming(1, "L1", "L2")])
    assert (need.on_order, [item.holder for item in need.missing]) == ([("L1", "0123")], ["L2"])


def test_an_order_for_any_model_is_none_for_who_needs_one_of_them():
    (need,) = supply.needs([want("L1", "* T57W")], [], [coming(1, "L9")])
    assert [item.holder for item in need.missing] == ["L1"]
