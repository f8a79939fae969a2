"""Who gets a telephone's profile, and what is in it, on the sample estate."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from commsroom import policy as policies
from commsroom.estate.compile import SystemInfo, compile_estate
from commsroom.policy import allocations as numbers

ROOT = Path(__file__).parents[3]
SYSTEMS = [
    SystemInfo("pbx1", frozenset({"extension", "voicemail", "dialling_class"})),
    SystemInfo("prov1", frozenset({"phone_profile"})),
]
TODAY = date(2026, 11, 26)


@pytest.fixture(scope="module")
def policy():
    return policies.load(ROOT)


def compiled(policy, day=TODAY, systems=SYSTEMS):
    proposed = numbers.propose(policy.people, numbers.load(ROOT), policy, day)
    found = compile_estate(policy, proposed, day, systems)
    return {str(item.address): item for item in found}


def profiles(policy, **kwargs):
    found = compiled(policy, **kwargs)
    return {
        key.rpartition("/")[2]: one
        for key, one in found.items()
        if one.address.kind == "phone_profile"
    }


def with_device(policy, tag, **change):
    devices = [replace(one, **change) if one.asset_tag == tag else one for one in policy.devices]
    return replace(policy, devices=tuple(devices))


def with_phones(policy, **change):
    return replace(policy, phones=policy.phones.model_copy(update=change))


def test_a_profile_has_its_holder_s_line_and_shares_its_secret_with_the_extension(policy):
    found = compiled(policy)
    profile = found["prov1:phone_profile/LH-P005"]
    extension = next(
        one for one in found.values() if one.person == "L005" and one.address.kind == "extension"
    )
    assert profile.body.number == extension.address.key
    assert profile.body.transport == extension.body.transport
    assert profile.secret("sip").path == extension.secret("sip").path
    assert extension.address in profile.needs
    assert profile.body.mac == "80:5e:c0:36:86:6d"
    assert str(profile.provenance).startswith("policies/devices.csv:")


@pytest.mark.parametrize("state", ["stock", "repair", "retired"])
def test_only_an_issued_telephone_has_a_profile(policy, state):
    assert "LH-P005" not in profiles(with_device(policy, "LH-P005", state=state))


def test_a_computer_has_none(policy):
    assert not [tag for tag in profiles(policy) if tag.startswith("LH-C")]


def test_one_at_a_place_has_no_line_yet(policy):
    at_places = {one.asset_tag for one in policy.devices if one.holder in policy.equipment.places}
    assert at_places
    assert not at_places & set(profiles(policy))


def test_a_telephone_handed_on_has_its_new_holder_s_line_and_secret(policy):
    before = profiles(policy)["LH-P005"]
    after = profiles(with_device(policy, "LH-P005", holder="L006"))["LH-P005"]
    assert before.body.number != after.body.number
    assert before.secret("sip").path != after.secret("sip").path
    assert before.secret("admin").path == after.secret("admin").path


def test_a_leaver_s_telephone_has_none_the_day_after(policy):
    people = [replace(one, end=TODAY) if one.id == "L005" else one for one in policy.people]
    leaving = replace(policy, people=tuple(people))
    assert "LH-P005" in profiles(leaving)
    assert "LH-P005" not in profiles(leaving, day=date(2026, 11, 27))


def test_colleagues_are_its_busy_lamps_without_its_own_holder(policy):
    profile = profiles(policy)["LH-P005"]
    lamps = profile.body.busy_lamps
    assert 0 < len(lamps) <= policy.phones.busy_lamps.most
    assert not [lamp for lamp in lamps if lamp.startswith(f"{profile.body.number} ")]
    assert list(lamps) == sorted(lamps)


def test_policy_may_have_no_busy_lamps(policy):
    none = policy.phones.busy_lamps.model_copy(update={"colleagues": False})
    assert profiles(with_phones(policy, busy_lamps=none))["LH-P005"].body.busy_lamps == ()


def test_the_ring_is_by_person_or_by_device(policy):
    rings = {tag: one.body.ring for tag, one in profiles(policy).items()}
    assert {tag for tag, ring in rings.items() if ring == "canary"} == {"LH-P004", "LH-P005"}


def test_a_version_that_policy_names_is_asked_for_and_else_it_is_left_open(policy):
    found = profiles(with_phones(policy, templates={"yealink": 1}))
    assert found["LH-P005"].body.template == 1
    assert found["LH-P004"].body.template is None


def test_without_a_provisioning_server_nobody_has_a_profile(policy):
    assert profiles(policy, systems=SYSTEMS[:1]) == {}
