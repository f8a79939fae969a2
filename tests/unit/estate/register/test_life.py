"""What may follow what in a device's life, and who has the last word on where it stands."""

from datetime import date

import pytest

from commsroom.errors import UsageError
from commsroom.estate import register
from commsroom.estate.register import life
from commsroom.estate.register.life import Life, Standing, Step
from commsroom.policy.devices import DeviceState

HELD = {"state": "issued", "holder": "L007", "port": "sw-3f:Gi1/0/7"}


def test_a_device_of_the_stock_is_issued_and_comes_back_plugged_in_nowhere(make):
    out = life.placed(make(), life.issued(make(), "L007", port="sw-3f:Gi1/0/7"))
    assert (out.state, out.holder, out.port) == (DeviceState.ISSUED, "L007", "sw-3f:Gi1/0/7")
    back = life.placed(out, life.returned(out, place="store"))
    assert (back.state, back.holder, back.port) == (DeviceState.STOCK, "store", "")


def test_a_device_in_repair_keeps_its_holder_and_goes_back_to_them(make):
    device = make(**HELD)
    sick = life.placed(device, life.broken(device))
    assert (sick.state, sick.holder, sick.port) == (DeviceState.REPAIR, "L007", "sw-3f:Gi1/0/7")
    assert life.placed(sick, life.repaired(sick, was=DeviceState.ISSUED)) == device


def test_what_is_nobodys_is_repaired_into_stock(make):
    sick = make(state="repair")
    assert life.repaired(sick, was=DeviceState.ISSUED).state is DeviceState.STOCK


def test_what_is_retired_is_not_advised_to_break_first(make):
    with pytest.raises(UsageError) as caught:
        life.repaired(make(state="retired"), was=DeviceState.STOCK)
    assert "is retired" in str(caught.value)
    assert "device fault" not in str(caught.value)


def test_what_broke_on_its_shelf_goes_back_there(make):
    shelved = make(holder="store")
    sick = life.placed(shelved, life.broken(shelved))
    assert life.placed(sick, life.repaired(sick, was=DeviceState.STOCK)) == shelved


def test_a_leavers_device_in_repair_stays_there_and_is_nobodys(make):
    sick = make(state="repair", holder="L007", port="sw-3f:Gi1/0/7")
    after = life.returned(sick, place="store")
    assert (after.state, after.holder, after.port) == (DeviceState.REPAIR, "", "")


REFUSED = {
    "issue what is issued": (HELD, lambda d: life.issued(d, "L008"),
                             "A-1 is issued to L007 (commsroom device return A-1)"),
    "issue what is in repair": ({"state": "repair"}, lambda d: life.issued(d, "L008"),
                                "A-1 is in repair (commsroom device repair A-1)"),
    "issue what is retired": ({"state": "retired"}, lambda d: life.issued(d, "L008"),
                              "A-1 is retired (a device that is gone does not come back)"),
    "return what is in stock": ({}, life.returned, "A-1 is in stock"),
    "return what is nobody's": ({"state": "repair"}, life.returned,
                                "A-1 is in repair, and nobody's (commsroom device repair A-1)"),
    "two faults at once": ({"state": "repair"}, life.broken,
                           "A-1 is in repair already (commsroom device repair A-1)"),
    "repair what is whole": (HELD, lambda d: life.repaired(d, was=DeviceState.ISSUED),
                             "A-1 is not in repair but issued (commsroom device fault A-1)"),
    "retire what somebody holds": (HELD, life.retired,
                                   "A-1 is issued to L007 (commsroom device return A-1)"),
    "retire twice": ({"state": "retired"}, life.retired,
                     "A-1 is retired (a device that is gone does not come back)"),
    "plug in what is in stock": ({}, lambda d: life.moved(d, port="sw:1"),
                                 "A-1 is in stock, at no port (commsroom device issue A-1 HOLDER)"),
    "move to where it is": (HELD, lambda d: life.moved(d, site="taipei"),
                            "A-1 is there already: issued to L007 at taipei, port sw-3f:Gi1/0/7"),
    "maintain what is retired": ({"state": "retired"}, life.maintained,
                                 "A-1 is retired (a device that is gone does not come back)"),
}  # fmt: skip


@pytest.mark.parametrize(("state", "step", "line"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_follow_is_refused_in_one_line(make, state, step, line):
    with pytest.raises(UsageError) as refused:
        step(make(**state))
    assert str(refused.value) == line


def known(holder):
    standing = Standing(DeviceState.ISSUED, holder, "taipei", "")
    return Life(standing, Step.ISSUED, date(2026, 11, 2), 7)


def test_the_row_holds_until_anything_is_recorded_and_the_ledger_after(make):
    rows = [make("A-1"), make("A-2")]
    first, second = register.at_present(rows, {"A-2": known("L007")})
    assert first is rows[0]
    assert (second.state, second.holder) == (DeviceState.ISSUED, "L007")
    assert second.mac == rows[1].mac


def test_what_a_row_says_otherwise_is_told_field_by_field(make):
    rows = [make("A-1", state="issued", holder="L009"), make("A-2")]
    found = register.disagreements(rows, {"A-1": known("L007")})
    assert [(d.device.asset_tag, d.name, d.row, d.ledger) for d in found] == [
        ("A-1", "holder", "L009", "L007")
    ]
