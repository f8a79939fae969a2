"""Rotations carried out over simulated systems: in bulk, in order, and never what is not stored."""

import random
from collections import Counter

import pytest
from rotation_runs import BY_LOGIN, DAY, HOUR, ONE, TWO
from rotation_world import Controller, Process, World, place

from commsroom.errors import FenceRefused, SecretMissing, UsageError
from commsroom.estate.rotation import Phase, Terms
from commsroom.estate.secret import Secret, Shape
from commsroom.secrets.rotation import Means, Wanted, drive, stage


class Office:
    """A quiet world, and one controller in it that counts what it does."""

    def __init__(self, *, count=1, **systems):
        self.world = World(random.Random(1))
        self.calls = Counter()
        for number in range(count):
            spots = [place(system, f"u{number}") for system in systems]
            for spot in spots:
                self.world.add(f"u{number}/sip", spot, systems[spot.address.system])
            self.world.wanted[f"u{number}/sip"] = Wanted(Shape.SIP, spots, Terms(grace=HOUR))
        self.hand = Controller(self.world, Process(self._count))
        self.means = Means(
            journal=self.hand,
            store=self.hand,
            holders=self.hand.holders,
            make=lambda ref: Secret(f"made {ref.path} {ref.generation}"),
            actor="lin@ops1",
            fence=self.hand.fence,
            check=self.hand.check,
            clock=self.hand.clock,
            sleep=self.hand.sleep,
        )

    def _count(self, _process, name, _number):
        self.calls[name] += 1

    def rotate(self, until=DAY):
        stage(self.means, self.world.wanted)
        return drive(self.means, until=self.world.now + until)

    def lets_in(self, system, key="u0"):
        return self.world.accounts[place(system, key)].lets_in


def test_after_a_rotation_the_new_one_works_everywhere_and_the_old_one_nowhere():
    office = Office(pbx1=TWO, phones1=ONE)
    assert office.rotate()["u0/sip"].phase is Phase.REVOKED
    assert office.lets_in("pbx1") == office.lets_in("phones1") == ["made u0/sip 2"]
    assert office.world.generations == {"u0/sip": 2}


def test_in_the_grace_time_a_holder_of_two_lets_both_in():
    office = Office(pbx1=TWO, phones1=ONE)
    assert office.rotate(until=60)["u0/sip"].phase is Phase.GRACE
    assert office.lets_in("pbx1") == ["made u0/sip 2", "u0/sip 1"]
    assert office.lets_in("phones1") == ["made u0/sip 2"]


def test_holders_of_two_are_changed_first_whatever_order_is_given():
    office = Office(phones1=ONE, pbx1=TWO)
    stage(office.means, office.world.wanted)
    turn = office.hand.rotations()["u0/sip"]
    assert [held.place.address.system for held in turn.holders] == ["pbx1", "phones1"]


def test_two_hundred_credentials_cost_as_many_calls_as_one():
    one, many = Office(pbx1=TWO, phones1=ONE), Office(count=200, pbx1=TWO, phones1=ONE)
    one.rotate()
    many.rotate()
    for name in ("commit:after", "store:after", "push:after", "probe:after", "revoke:after"):
        assert one.calls[name] == many.calls[name] > 0, name


def test_a_second_rotation_uses_the_next_generation_and_remembers_the_one_before():
    office = Office(im1=ONE)
    office.rotate()
    turn = office.rotate()["u0/sip"]
    assert (turn.old, turn.new, turn.spare) == (2, 3, (1,))
    assert office.lets_in("im1") == ["made u0/sip 3"]


def test_the_next_rotation_sends_nothing_while_the_last_one_might_still_arrive():
    office = Office(im1=ONE)
    office.rotate()
    ended = office.world.now
    stage(office.means, office.world.wanted)
    drive(office.means, until=office.world.now + 60)
    assert office.lets_in("im1") == ["made u0/sip 2"]
    drive(office.means, until=ended + DAY)
    assert office.lets_in("im1") == ["made u0/sip 3"]


def test_the_number_of_a_generation_that_was_rolled_back_is_not_used_again():
    office = Office(im1=ONE)
    account = office.world.accounts[place("im1", "u0")]
    account.stubborn = "u0/sip 1"
    assert office.rotate()["u0/sip"].phase is Phase.ROLLED_BACK
    account.stubborn = ""
    office.rotate()
    assert office.lets_in("im1") == ["made u0/sip 3"]
    assert office.world.generations == {"u0/sip": 3}


def test_one_refusal_takes_only_its_own_credential_back():
    office = Office(count=3, pbx1=TWO, phones1=ONE)
    office.world.accounts[place("phones1", "u1")].stubborn = "u1/sip 1"
    turns = office.rotate()
    assert [str(turns[f"u{number}/sip"].phase) for number in range(3)] == [
        "revoked",
        "rolled-back",
        "revoked",
    ]
    assert office.lets_in("pbx1", "u1") == office.lets_in("phones1", "u1") == ["u1/sip 1"]


def test_what_is_changed_by_login_is_changed_with_what_it_lets_in():
    office = Office(sw1=BY_LOGIN)
    assert office.rotate()["u0/sip"].phase is Phase.REVOKED
    assert office.lets_in("sw1") == ["made u0/sip 2"]


def test_the_first_of_all_has_no_old_one_to_withdraw():
    office = Office(im1=ONE)
    office.world.stored.clear()
    turn = office.rotate()["u0/sip"]
    assert (turn.old, turn.phase) == (0, Phase.REVOKED)


def test_a_second_one_is_not_begun_while_the_first_is_under_way():
    office = Office(pbx1=TWO)
    office.rotate(until=60)
    with pytest.raises(UsageError, match="being rotated already"):
        stage(office.means, office.world.wanted)


def test_what_somebody_else_made_is_not_rotated_here():
    office = Office(trunk1=ONE)
    wanted = Wanted(Shape.GIVEN, [place("trunk1", "u0")])
    with pytest.raises(UsageError, match="made by somebody else"):
        stage(office.means, {"u0/sip": wanted})


def test_a_store_that_lost_a_generation_stops_the_run_before_anything_is_sent():
    office = Office(pbx1=TWO)
    stage(office.means, office.world.wanted)
    del office.world.stored["u0/sip", 1]
    with pytest.raises(SecretMissing, match="generation 1 of u0/sip"):
        drive(office.means, until=office.world.now + DAY)
    assert office.calls["push:before"] == 0


def test_a_controller_that_lost_the_lock_sends_nothing():
    office = Office(pbx1=TWO)
    stage(office.means, office.world.wanted)
    Controller(office.world, Process())  # another takes the lock over
    with pytest.raises(FenceRefused):
        drive(office.means, until=office.world.now + DAY)
    assert office.lets_in("pbx1") == ["u0/sip 1"]
