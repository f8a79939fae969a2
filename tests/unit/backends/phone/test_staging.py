"""A new template reaches the canary ring first, and the others after it has proven itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from commsroom.backends.phone import staging, vendors
from commsroom.estate.kinds import PhoneProfile
from commsroom.estate.resource import Address, Resource

BODY = PhoneProfile(vendor="yealink", template=2, ring="general", number="2101")


@pytest.fixture(autouse=True)
def two_versions(monkeypatch):
    monkeypatch.setattr(vendors, "versions", lambda name: (1, 2) if name == "yealink" else (1,))


def at(key, **change):
    return Resource(Address("prov1", "phone_profile", key), replace(BODY, **change))


def held(*items):
    return {item.address: item for item in items}


def stage(wanted, seen):
    found, waiting = staging.staged(wanted, seen)
    return {item.address.key: item.body.template for item in found}, {
        address.key: text for address, text in waiting.items()
    }


WANTED = [at("CAN", ring="canary"), at("A"), at("B")]
OLD = {"template": 1, "fetched": "current", "registered": True}


def test_only_the_canaries_get_a_version_nobody_has_yet():
    seen = held(at("CAN", ring="canary", **OLD), at("A", **OLD), at("B", **OLD))
    templates, waiting = stage(WANTED, seen)
    assert templates == {"CAN": 2, "A": 1, "B": 1}
    assert waiting["A"] == (
        "waits with template v1 until the canaries have v2: CAN is not served it yet"
    )


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"fetched": "older", "registered": True}, "CAN has not fetched it yet"),
        ({"fetched": "never", "registered": False}, "CAN has not fetched it yet"),
        ({"fetched": "current", "registered": False}, "CAN has not registered since"),
    ],
)
def test_a_canary_that_has_not_proven_it_holds_the_others_back(change, why):
    seen = held(at("CAN", ring="canary", template=2, **change), at("A", **OLD), at("B", **OLD))
    templates, waiting = stage(WANTED, seen)
    assert templates == {"CAN": 2, "A": 1, "B": 1}
    assert waiting["B"].endswith(why)


def test_when_the_canaries_have_fetched_it_and_registered_everybody_gets_it():
    proven = at("CAN", ring="canary", template=2, fetched="current", registered=True)
    assert stage(WANTED, held(proven, at("A", **OLD))) == ({"CAN": 2, "A": 2, "B": 2}, {})


def test_an_exchange_that_cannot_be_asked_does_not_hold_a_version_back_for_ever():
    proven = at("CAN", ring="canary", template=2, fetched="current", registered=None)
    assert stage(WANTED, held(proven))[1] == {}


def test_one_of_two_canaries_is_not_enough():
    wanted = [*WANTED, at("CAN2", ring="canary")]
    proven = at("CAN", ring="canary", template=2, fetched="current", registered=True)
    assert set(stage(wanted, held(proven, at("A", **OLD)))[1]) == {"A", "B"}


def test_without_a_canary_of_that_vendor_there_is_nobody_to_wait_for():
    assert stage([at("A")], held(at("A", **OLD))) == ({"A": 2}, {})


def test_a_new_telephone_begins_with_the_version_everybody_has():
    assert stage([at("CAN", ring="canary"), at("NEW")], {})[0]["NEW"] == 1


def test_the_newest_version_is_wanted_where_policy_names_none():
    assert stage([at("A", template=None)], {})[0] == {"A": 2}


def test_what_everybody_has_already_waits_for_nothing():
    seen = held(
        at("CAN", ring="canary", template=2, fetched="older", registered=False), at("A", template=2)
    )
    assert stage([at("CAN", ring="canary"), at("A")], seen)[1] == {}


def test_a_vendor_nobody_knows_is_left_for_the_refusal():
    assert stage([at("A", vendor="acme", template=None)], {})[0] == {"A": 1}
