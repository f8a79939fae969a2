"""A proof fails when what it proves is not so: the simulated server is broken in one way at a time."""

import pytest

from commsroom.backends.asterisk.fake import hashed
from commsroom.backends.asterisk.fake_exchange import FakePhone
from commsroom.backends.asterisk.proof import rules
from commsroom.estate.backend import Status
from commsroom.estate.kinds import DiallingClass, Extension, Route, Trunk
from commsroom.estate.resource import Address, Resource


def failed(proofs):
    return {key for key, proof in proofs.items() if proof.ok is False}


def undecided(proofs):
    return {key for key, proof in proofs.items() if proof.ok is None}


def values(world, kind, key):
    return world.client._data["objects"][kind][key]


def test_all_is_well_and_everything_was_tried(world):
    proofs = world.prove(world.company())
    assert [proof for proof in proofs.values() if proof.ok is not True] == []
    assert {use for _, use in proofs} >= {
        "register", "wrong password", "call 2101", "transfer 2101 to 2102", "PIN", "wrong PIN",
        "call unanswered for 15 s", "dial 0055555555 as 2102", "dial 0555555555 as 2102",
        "join as 2100 and 2102", "call from 2102",
    }  # fmt: skip


def test_only_the_owners_own_credential_counts_as_a_login(world):
    proofs = world.prove(world.company())
    assert {use for (_, use), proof in proofs.items() if proof.login} == {"register"}


def test_those_who_only_help_are_called_and_owe_no_proof_of_their_own(world):
    people = [one for one in world.company() if one.address.kind in {"extension", "voicemail"}]
    proofs = world.prove(people, helping={"2101", "2102"})
    assert [proof for proof in proofs.values() if proof.ok is not True] == []
    assert {key for key in proofs if not key[0].endswith("/2100")} == {
        ("extension/2101", "register"), ("extension/2102", "register"),
    }  # fmt: skip
    assert {use for key, use in proofs if key == "extension/2100"} == {
        "register", "wrong password", "call 2101", "transfer 2101 to 2102",
    }  # fmt: skip
    assert {"PIN", "call unanswered for 15 s"} <= {
        use for key, use in proofs if key == "voicemail/2100"
    }


BROKEN = {
    "a password changed behind our back": (
        lambda w: values(w, "extension", "2100")["secret"].update(sip=hashed("other")),
        ("extension/2100", "register"),
    ),
    "a class that lets everything out": (
        lambda w: values(w, "dialling_class", "national").update(barred=[]),
        ("dialling_class/national", "dial 0055555555 as 2102"),
    ),
    "a class that is shut": (
        lambda w: values(w, "dialling_class", "national").update(hours=["mon-mon 09:00-10:00"]),
        ("dialling_class/national", "dial 0555555555 as 2102"),
    ),
    "calls ended where voicemail was promised": (
        lambda w: values(w, "extension", "2100").update(voicemail=False),
        ("voicemail/2100", "call from 2101"),
    ),
    "voicemail that comes too soon": (
        lambda w: values(w, "extension", "2102").update(ring_seconds=5),
        ("voicemail/2102", "call unanswered for 15 s"),
    ),
    "a room open to any PIN": (
        lambda w: values(w, "conference", "8001")["secret"].clear(),
        ("conference/8001", "wrong PIN"),
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_promise_is_found(world, name):
    breaks, where = BROKEN[name]
    breaks(world)
    assert where in failed(world.prove(world.company()))


def test_a_server_that_takes_any_password_is_found_out(world, monkeypatch):
    async def anybody(self):
        return 0

    monkeypatch.setattr(FakePhone, "register", anybody)
    assert ("extension/2100", "wrong password") in failed(world.prove(world.company()))


def test_a_group_that_does_not_ring_its_members_is_not_proven(world):
    values(world, "hunt_group", "8100")["members"] = ["2100"]
    proofs = world.prove(world.company())
    assert proofs["hunt_group/8100", "call from 2102"].ok is not True


def test_a_changed_personal_pin_is_its_owners_business(world):
    values(world, "voicemail", "2100")["secret"]["pin"] = hashed("999999")
    proof = world.prove(world.company())["voicemail/2100", "PIN"]
    assert (proof.ok, proof.got) == (True, "its owner's")
    assert "delegated" in proof.note


def test_a_leaver_is_refused_while_others_are_not(world):
    gone = world.company(closed=["2101"])
    world.apply(gone)
    proofs = world.prove(gone)
    assert proofs["extension/2101", "register"].ok is True
    assert proofs["extension/2101", "register"].expected == "refused"
    assert proofs["voicemail/2101", "call from 2100"].ok is True


def test_a_leaver_who_still_gets_in_is_a_failure(world):
    assert ("extension/2101", "register") in failed(world.prove(world.company(closed=["2101"])))


def test_a_refusal_never_preceded_by_an_acceptance_proves_nothing(world):
    gone = world.company(closed=["2101"])
    world.apply(gone)
    assert world.prove(gone, before=False)["extension/2101", "register"].ok is None


def test_a_server_that_refuses_everybody_proves_no_refusal(world):
    everybody = world.company(closed=["2100", "2101", "2102"])
    world.apply(everybody)
    assert ("extension/2101", "register") in undecided(world.prove(everybody))


def test_one_person_alone_calls_a_second_telephone_of_his_own(world):
    mine = [one for one in world.company() if one.address.key == "2101"]
    proofs = world.prove(mine)
    assert proofs["extension/2101", "call 2101 from a second telephone"].ok is True
    assert {proof.ok for proof in proofs.values()} == {True}


def test_udp_is_refused_where_the_server_has_none(world):
    body = Extension(dialling_class="national", transport="udp", ring_seconds=15, voicemail=False,
                     display_name="x", caller_id="", suspended=False)  # fmt: skip
    outcomes = world.apply([*world.company(), world.item("2105", body)])
    [failure] = [one for one in outcomes if one.status is not Status.DONE]
    assert "UDP" in failure.message


def test_what_stands_in_an_administrators_file_is_sealed_and_stays(world):
    world.client.make_by_hand("extension", "2999", {"display_name": "lobby"})
    snapshot = world.provider.read()
    address = world.item("2999", Extension()).address
    assert address in snapshot.sealed
    world.apply(world.company())
    assert world.provider.read().resources[address].body.display_name == "lobby"


@pytest.mark.parametrize(
    ("hours", "day", "time", "open_"),
    [
        ("mon-fri 08:00-19:00", "mon", "08:00", True),
        ("mon-fri 08:00-19:00", "fri", "19:00", False),
        ("mon-fri 08:00-19:00", "sat", "10:00", False),
        ("sat 08:00-24:00", "sat", "23:59", True),
        ("fri-mon 22:00-06:00", "sun", "23:00", True),
        ("fri-mon 22:00-06:00", "sun", "07:00", False),
        ("fri-mon 22:00-06:00", "wed", "23:00", False),
    ],
)
def test_hours_are_understood_as_asterisk_does(hours, day, time, open_):
    assert rules.within([hours], day, time) is open_


def test_numbers_to_dial_are_never_emergency_numbers_and_decided_as_said():
    body = DiallingClass(allowed=("0", "110"), barred=("00", "0800"), emergency=("110555555555",))
    assert rules.made_up(body, body.barred, allowed=False).startswith("0800")
    number = rules.made_up(body, body.allowed, allowed=True)
    assert number not in body.emergency
    assert number.startswith(("0", "110"))
    assert rules.made_up(DiallingClass(allowed=("0",), barred=("0",)), ("0",), allowed=True) == ""


def test_a_line_is_proven_by_its_registration_and_a_route_by_one_of_its_lines(world):
    line = world.item("itsp1", Trunk(title="", provider="sip.itsp.example", username="u"))
    route = Resource(Address("pbx1", "route", "national"), Route(prefixes=("0",), exact=(), trunks=("itsp1", "itsp2")))  # fmt: skip
    desired = [*world.company(), line, route]
    world.apply(desired)
    found = world.prove(desired)
    assert found["trunk/itsp1", "register with the telephone company"].ok
    assert found["route/national", "leave by itsp1 or itsp2"].ok
    lost = Resource(Address("pbx1", "route", "national"), Route(prefixes=("0",), exact=(), trunks=("itsp9",)))  # fmt: skip
    proof = world.prove([lost])["route/national", "leave by itsp9"]
    assert proof.ok is False
    assert proof.note == "itsp9: no registration"
