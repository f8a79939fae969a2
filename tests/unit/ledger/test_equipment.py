"""The life of devices in the ledger: whole, in order, sealed, and only ever one at a time."""

from datetime import date

import pytest

from commsroom.errors import CommsroomError
from commsroom.estate.register.life import Entry, Standing, Step
from commsroom.ledger import Ledger
from commsroom.policy.devices import DeviceState

DAY = date(2026, 11, 26)
STOCK = Standing(DeviceState.STOCK, "", "taipei", "")
ISSUED = Standing(DeviceState.ISSUED, "L007", "taipei", "sw-3f:Gi1/0/7")


def issue(*tags):
    return [
        Entry(tag=tag, step=Step.ISSUED, day=DAY, before=STOCK, after=ISSUED, details={"note": "x"})
        for tag in tags
    ]


def give_back(tag, day=DAY):
    return [Entry(tag=tag, step=Step.RETURNED, day=day, before=ISSUED, after=STOCK)]


def test_what_was_recorded_comes_back_with_who_did_it(ledger):
    ledger.record_steps(issue("A-1", "A-2"), {}, actor="lin@ops1")
    assert {tag: life.standing for tag, life in ledger.lives().items()} == {
        "A-1": ISSUED, "A-2": ISSUED,
    }  # fmt: skip
    (entry,) = ledger.entries(tag="A-1")
    assert (entry.step, entry.day, entry.before, entry.after) == (Step.ISSUED, DAY, STOCK, ISSUED)
    assert (entry.details, entry.actor) == ({"note": "x"}, "lin@ops1")
    assert ledger.verify() == ()


def test_the_last_step_says_where_a_device_is_and_all_are_kept(ledger):
    ledger.record_steps(issue("A-1"), {}, actor="x")
    ledger.record_steps(give_back("A-1"), ledger.lives(), actor="x")
    life = ledger.lives()["A-1"]
    assert (life.standing, life.step) == (STOCK, Step.RETURNED)
    assert [item.step for item in ledger.entries(tag="A-1")] == [Step.ISSUED, Step.RETURNED]
    assert [item.step for item in ledger.entries(steps=[Step.RETURNED])] == [Step.RETURNED]
    assert ledger.verify() == ()


def test_of_two_who_hand_out_one_device_the_second_is_refused_and_all_it_asked_for(ledger, url):
    seen = ledger.lives()
    with Ledger.open(url) as other:
        other.record_steps(issue("A-1"), seen, actor="mei@ops2")
    with pytest.raises(CommsroomError, match="A-1: something else was recorded of it meanwhile"):
        ledger.record_steps(issue("A-2", "A-1"), seen, actor="lin@ops1")
    assert set(ledger.lives()) == {"A-1"}
    assert len(ledger.entries()) == 1


def test_an_address_finds_a_devices_events(ledger):
    ledger.record_steps(issue("A-1"), {}, actor="x")
    ledger.record_steps(issue("A-2"), {}, actor="x")
    (event,) = ledger.events(address="equipment:device/A-2")
    assert event.kind == "device issued"


def test_nobody_else_may_write_such_an_event(ledger):
    with pytest.raises(ValueError, match="of the ledger's own"):
        ledger.record("device issued", {}, actor="x")


EDITS = {
    "the holder beside the events": "UPDATE ledger_devices SET holder = 'L666'",
    "a device taken away": "DELETE FROM ledger_devices",
    "a device added": (
        "INSERT INTO ledger_devices VALUES ('Z', 'issued', '2026-11-26', 'issued', 'L1', 'x', '', 1)"
    ),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_a_register_edited_beside_the_events_is_told(ledger, sql, edit):
    ledger.record_steps(issue("A-1"), {}, actor="x")
    ledger.close()
    sql(edit)
    assert any("the register of equipment was edited" in fault for fault in ledger.verify())


def test_an_edited_step_breaks_the_chain(ledger, sql):
    ledger.record_steps(issue("A-1"), {}, actor="x")
    ledger.close()
    sql("UPDATE ledger_rows SET data = replace(data, 'L007', 'L666')")
    assert any("were edited" in fault for fault in ledger.verify())


@pytest.mark.slow
def test_fifty_thousand_lives_are_recorded_and_read_in_seconds(tmp_path):
    import time

    tags = [f"A{n}" for n in range(50_000)]
    began = time.process_time()
    with Ledger.open(str(tmp_path / "ledger.db")) as ledger:
        ledger.record_steps(issue(*tags), {}, actor="x")
        assert len(ledger.lives()) == len(tags)
    assert time.process_time() - began < 30  # about three seconds on a quiet machine
