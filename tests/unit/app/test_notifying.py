"""What is news to somebody: only the difference between what stands and what they were told."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from commsroom.app.notifying import compare
from commsroom.ledger.sightings import Sighting

PHONE = Sighting("accounts", "pbx1", "pbx1:extension/2107", "drift", "dialling_class")
NAME = replace(PHONE, aspect="display_name")
DOWN = Sighting("accounts", "mail1", "mail1", "unknown")
SIGHTINGS = st.frozensets(st.sampled_from([PHONE, NAME, DOWN]))


def by_key(*items):
    return {item.fingerprint: item for item in items}


def news(counted=(), told=(), found=None, **more):
    return compare(by_key(*counted), told, by_key(*(counted if found is None else found)), **more)


@given(standing=SIGHTINGS)
def test_nothing_new_is_nothing_to_tell_however_much_stands(standing):
    assert news(standing, standing).empty


@given(standing=SIGHTINGS, told=SIGHTINGS)
def test_whoever_is_told_of_a_difference_has_nothing_to_hear_after_it(standing, told):
    assert news(standing, told).empty is (standing == told)


def test_fields_of_one_object_are_told_together():
    (item,) = news([PHONE, NAME]).new
    assert (item.address, item.fields) == (
        "pbx1:extension/2107",
        ("dialling_class", "display_name"),
    )


def test_another_field_of_what_was_told_before_is_new():
    told = news([PHONE, NAME], [PHONE])
    assert [item.fields for item in told.new] == [("display_name",)]
    assert [item.fields for item in told.standing] == [("dialling_class",)]


def test_a_system_that_went_down_and_one_that_is_back_are_told_as_such():
    assert news([DOWN]).unknown
    assert not news([DOWN]).new
    assert news([], [DOWN]).known_again


def test_what_an_exception_covers_now_is_not_called_repaired():
    told = news([], [PHONE], [replace(PHONE, severity="note")])
    assert told.settled
    assert not told.repaired
    assert news([], [PHONE]).repaired


def test_a_reminder_is_only_for_what_stands_unchanged():
    assert news([PHONE], [PHONE], remind=True).reminder
    assert news([], [], remind=True).empty
    assert not news([PHONE, NAME], [PHONE], remind=True).reminder
