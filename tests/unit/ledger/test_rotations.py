"""Rotations in the ledger: one durable transaction a step, under the fence, chained like all else."""

import pytest

from commsroom.errors import FenceRefused
from commsroom.estate.resource import Address, Recorded
from commsroom.estate.rotation import Held, Phase, Place, Rotation, Terms, Traits
from commsroom.estate.secret import Shape
from commsroom.ledger import Ledger

PBX = Address("pbx1", "extension", "2107")


def rotation(path="wei/sip", phase=Phase.STAGED, **parts):
    traits = Traits(two=True, beside="previous")
    held = Held(Place(PBX, "sip"), traits, fingerprint="f" * 32, beside="b" * 32)
    return Rotation(path, Shape.SIP, 1, 2, (held,), phase=phase, **parts)


def record(ledger, *steps):
    with ledger.lock("lin@ops1") as lease:
        ledger.record_rotations(steps, actor="lin@ops1", fence=lease.fence)


def test_what_was_recorded_is_read_back_by_another_process(ledger, url):
    record(ledger, rotation(since=12.5, spare=(3,)))
    with Ledger.open(url) as other:
        assert other.rotations() == {"wei/sip": rotation(since=12.5, spare=(3,))}


def test_only_the_last_step_counts_and_what_has_ended_is_not_under_way(ledger):
    record(ledger, rotation(), rotation("mei/sip"))
    record(ledger, rotation(phase=Phase.REVOKED))
    assert set(ledger.rotations()) == {"mei/sip"}
    assert ledger.rotations(["wei/sip"])["wei/sip"].phase is Phase.REVOKED


def test_promoting_makes_the_generation_current_in_the_same_transaction(ledger):
    record(ledger, rotation(phase=Phase.VERIFIED))
    assert ledger.generation_of(["wei/sip"]) == {"wei/sip": 1}
    record(ledger, rotation(phase=Phase.PROMOTED))
    assert ledger.generation_of(["wei/sip"]) == {"wei/sip": 2}
    known = ledger.known().secrets[PBX]
    assert known["sip"] == Recorded(2, "f" * 32, "wei/sip")


def test_what_was_last_written_to_a_slot_is_known_of_that_slot_alone(ledger):
    assert ledger.recorded(PBX, "sip") is None
    record(ledger, rotation(phase=Phase.PROMOTED))
    assert ledger.recorded(PBX, "sip") == Recorded(2, "f" * 32, "wei/sip")
    assert ledger.recorded(PBX, "password") is None


def test_both_are_known_to_be_there_until_the_old_one_is_withdrawn(ledger):
    record(ledger, rotation(phase=Phase.PROMOTED))
    assert ledger.known().secrets[PBX]["previous"] == Recorded(1, "b" * 32, "wei/sip")
    record(ledger, rotation(phase=Phase.REVOKED))
    assert ledger.known().secrets[PBX]["previous"] == Recorded(0)


def test_a_compromised_one_is_nowhere_beside_the_new_one(ledger):
    record(ledger, rotation(phase=Phase.PROMOTED, terms=Terms(compromised=True)))
    assert ledger.known().secrets[PBX]["previous"] == Recorded(0)


def test_a_run_whose_lock_was_broken_records_nothing(ledger):
    with ledger.lock("lin@ops1") as lease:
        ledger.break_lock("lin@ops1", actor="mei@ops2")
        with pytest.raises(FenceRefused):
            ledger.record_rotations([rotation()], actor="lin@ops1", fence=lease.fence)
    assert ledger.rotations() == {}


def test_ten_thousand_steps_are_one_event(ledger):
    before = ledger.head()[0]
    record(ledger, *(rotation(f"p{number}/sip") for number in range(10_000)))
    assert ledger.head()[0] == before + 1
    assert len(ledger.rotations()) == 10_000


def test_the_whole_story_verifies(ledger):
    for phase in (Phase.STAGED, Phase.PUSHED, Phase.VERIFIED, Phase.PROMOTED, Phase.REVOKED):
        record(ledger, rotation(phase=phase), rotation("mei/sip", phase=phase))
    assert ledger.verify() == ()


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE ledger_rotations SET rotation = replace(rotation, 'wei', 'mei')",
        "DELETE FROM ledger_rotations WHERE path = 'wei/sip'",
    ],
    ids=["edited", "deleted"],
)
def test_a_rotation_edited_beside_the_events_is_told(ledger, sql, edit):
    record(ledger, rotation())
    sql(edit)
    assert any("the rotation of secrets was edited" in fault for fault in ledger.verify())


def test_nobody_forges_a_step_of_a_rotation(ledger):
    with pytest.raises(ValueError, match="ledger's own"):
        ledger.record("rotation", {}, actor="lin@ops1")
