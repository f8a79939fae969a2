"""The provider over the fake server: what telephones have, what they are told, and whom a fault stops."""

from __future__ import annotations

from dataclasses import replace

import pytest

from commsroom.backends.phone import BACKEND, vendors
from commsroom.estate.backend import Batch, ProofRequest, Status, Target, Tools
from commsroom.estate.kinds import PhoneProfile
from commsroom.estate.plan import Known, build
from commsroom.estate.resource import Address, Recorded, Resource
from commsroom.estate.secret import Secret, SecretRef, Shape
from commsroom.reports import model

BODY = PhoneProfile(
    vendor="yealink", model="T54W", mac="00:15:65:00:00:01", template=1, ring="general", transport="tls",
    display_name="Ann", number="2101", voicemail="*97", busy_lamps=(), time_zone="Asia/Taipei",
    language="en", codecs=("g722",), lldp=True, resync="at once", as_rendered=True,
)  # fmt: skip


class World:
    """One simulated server and what a ledger would remember."""

    def __init__(self, folder):
        self.target = Target("prov1", "127.0.0.1", "prov1.test", folder)
        self.provider = BACKEND.fake(self.target, Tools(fingerprint=str), folder / "state.json")
        self.client = self.provider.client
        self.fence = 0
        self.recorded = {}

    def plan(self, *wanted):
        owned = frozenset(item.address for item in wanted)
        known = Known(owned, secrets=self.recorded)
        return build(list(wanted), {"prov1": self.provider.read()}, known, {"prov1": BACKEND})

    def apply(self, *wanted, secret=None):
        plan = self.plan(*wanted)
        self.fence += 1
        lend = secret or (lambda ref: Secret(f"{ref.path}word"))
        batch = Batch(plan.changes, plan.tokens["prov1"], lend, "x", self.fence)
        outcomes = self.provider.apply(batch).outcomes
        for item in outcomes:
            seen = {slot: Recorded(1, value) for slot, value in item.verifiers.items()}
            self.recorded.setdefault(item.address, {}).update(seen)
        return {item.address.key: item for item in outcomes}

    def prove(self, *wanted):
        lend = [ProofRequest(item, lambda ref: Secret(f"{ref.path}word")) for item in wanted]
        return {(proof.address.key, proof.use): proof for proof in self.provider.prove(lend)}


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def phone(key="A", number=1, **change):
    body = replace(
        BODY, **{"mac": f"00:15:65:00:00:{number:02x}", "number": f"21{number:02}", **change}
    )
    refs = tuple(
        SecretRef(f"{key}/{slot}", slot, Shape.SIP, generation=1) for slot in PhoneProfile.slots
    )
    return Resource(Address("prov1", "phone_profile", key), body, refs)


def test_a_telephone_that_can_be_told_fetches_at_once_and_the_outcome_says_so(world):
    outcome = world.apply(phone())["A"]
    assert (outcome.status, outcome.message) == (
        Status.DONE,
        "its telephone fetched it after 0.0 s",
    )
    assert world.prove(phone())["A", "last fetched"].ok is True


def test_an_unplugged_telephone_keeps_an_older_profile_and_plan_and_proof_say_so(world):
    world.apply(phone())
    world.client.unplug("A")
    outcome = world.apply(phone(display_name="Ann Lee"))["A"]
    assert (outcome.status, outcome.message[:32]) == (
        Status.DONE,
        "its telephone is not registered,",
    )
    plan = world.plan(phone(display_name="Ann Lee"))
    assert plan.empty
    assert next(iter(plan.remarks.values())).startswith(
        "its telephone last fetched an older profile"
    )
    proofs = world.prove(phone(display_name="Ann Lee"))
    assert proofs["A", "fetch"].ok is True
    assert proofs["A", "last fetched"].ok is False
    assert proofs["A", "registered"].ok is False


def test_the_report_names_an_older_profile_as_a_difference(world):
    world.apply(phone())
    world.client.unplug("A")
    world.apply(phone(display_name="Ann Lee"))
    report = model.from_plan(world.plan(phone(display_name="Ann Lee")), estate="x", when="")
    assert [(one.kind.value, one.address) for one in report.findings] == [
        ("drift", "prov1:phone_profile/A")
    ]


@pytest.mark.parametrize("resync", ["at start", "nightly 03:00"])
def test_policy_may_leave_it_to_the_telephone(world, resync):
    assert world.apply(phone(resync=resync))["A"].message == ""


def test_what_was_never_fetched_is_unknown_and_not_wrong(world):
    world.apply(phone(resync="at start"))
    assert world.prove(phone(resync="at start"))["A", "last fetched"].ok is None


def test_a_telephone_is_given_its_own_and_not_another_s(world):
    wanted = [phone(), phone("B", 2)]
    world.apply(*wanted)
    proofs = world.prove(*wanted)
    for key in ("A", "B"):
        for use in ("fetch", "fetch, wrong password", "fetch another's profile"):
            assert proofs[key, use].ok is True, (key, use)


def test_a_file_changed_behind_our_back_is_written_anew(world):
    world.apply(phone())
    world.client.edit("A", "001565000001.cfg", "account.1.enable = 0\n")
    assert [change.fields for change in world.plan(phone()).changes] == [("as_rendered",)]
    world.apply(phone())
    assert world.plan(phone()).empty


def test_another_exchange_in_the_inventory_is_another_profile(world, tmp_path):
    world.apply(phone())
    elsewhere = replace(world.target, variables={"phone_exchange": "pbx2.test"})
    world.provider = BACKEND.fake(elsewhere, Tools(fingerprint=str), tmp_path / "state.json")
    assert [change.fields for change in world.plan(phone()).changes] == [("as_rendered",)]


def test_a_template_that_fails_stops_nobody_else_s_telephone(world, monkeypatch):
    real = vendors.template
    monkeypatch.setattr(vendors, "versions", lambda _name: (1, 2))
    monkeypatch.setattr(
        vendors, "template",
        lambda name, version, file: "{{ nobody.knows }}" if version == 2 else real(name, version, file),
    )  # fmt: skip
    wanted = [phone(), phone("B", 2, template=2), phone("C", 3)]
    plan = world.plan(*wanted)
    assert list(plan.unsupported.values()) == [
        "the template yealink v2 fails: 'nobody' is undefined"
    ]
    assert {key for key, one in world.apply(*wanted).items() if one.status is Status.DONE} == {
        "A",
        "C",
    }


def test_a_template_that_fails_only_when_applied_fails_that_change_alone(world, monkeypatch):
    plan = world.plan(phone(), phone("B", 2, vendor="snom"))
    real = vendors.template

    def broken(name, version, file):
        return "{% if %}" if name == "snom" else real(name, version, file)

    monkeypatch.setattr(vendors, "template", broken)
    from commsroom.backends.phone import render

    render._environment.cache_clear()
    batch = Batch(plan.changes, plan.tokens["prov1"], lambda ref: Secret(f"{ref.path}word"), "x", 9)
    done = {item.address.key: item.status for item in world.provider.apply(batch).outcomes}
    render._environment.cache_clear()
    assert done == {"A": Status.DONE, "B": Status.FAILED}


def test_a_secret_that_has_no_form_in_the_format_fails_that_change_and_is_not_shown(world):
    outcome = world.apply(phone(), secret=lambda _ref: Secret("two\nlines"))["A"]
    assert outcome.status is Status.FAILED
    assert "lines" not in outcome.message


def test_only_what_changed_is_lent(world):
    world.apply(phone())
    asked = []
    world.apply(phone(display_name="Ann Lee"), secret=asked.append)
    assert asked == []


def test_observed_values_are_shown_and_never_asked_for(world):
    world.apply(phone())
    body = world.provider.read().resources[phone().address].body
    assert (body.fetched, body.registered) == ("current", True)
    assert not {"fetched", "registered"} & BACKEND.supports["phone_profile"]


def test_two_telephones_change_places_in_one_apply(world):
    world.apply(phone("A", 1), phone("B", 2))
    swapped = [phone("A", 1, mac="00:15:65:00:00:02"), phone("B", 2, mac="00:15:65:00:00:01")]
    done = world.apply(*swapped)
    assert {one.status for one in done.values()} == {Status.DONE}
    assert world.plan(*swapped).empty
