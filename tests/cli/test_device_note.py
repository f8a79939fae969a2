"""A delivery note takes many devices in at once: all of them, or none and every bad line."""

import time
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest


def today():
    """The day it is at the company."""
    return datetime.now(ZoneInfo("Asia/Taipei")).date()


OLD = """\
T-1,phone,Yealink,T54W,S1,80:5e:c0:00:00:01,2018-03-11,,5200,home,P1,issued,
T-2,phone,Snom,D785,S2,,2018-01-08,,4800,home,,stock,
T-3,phone,Yealink,T57W,S3,,2026-01-08,,6100,home,P3,issued,
"""
EQUIPMENT = "currency: TWD\nrenewal: {phone: {age: 6y}}\n"
ALL = "asset_tag,serial,mac,order,vendor,model,kind,price,purchased\n"


@pytest.fixture
def device(ordering):
    ordering.equip(OLD, EQUIPMENT)
    return ordering


@pytest.fixture
def note(device, tmp_path):
    """Deliver a note of these lines; ORDER in it is the approved renewal of T-1 and T-2."""
    device.name = device.approved()

    def call(text, *more):
        file = tmp_path / "note.csv"
        file.write_text(text.replace("ORDER", device.name).replace("TODAY", str(today())))
        done = device("deliver", "--from", file, *more)
        done.err = done.err.replace(str(file), "note.csv")
        return done

    return call


def test_a_note_writes_the_rows_and_ties_them_to_the_order(device, note, contract):
    done = note(
        ALL
        + "N-1,S11,805e.c000.0011,ORDER,Yealink,T57W,,6100.50,\n"
        + "N-2,S12,80-5E-C0-00-00-12,ORDER,Snom,D785,phone,,TODAY\n",
        "--json",
    )
    assert (done.code, done.err) == (0, "")
    contract("device deliver", done.document)
    assert device.orders()[0]["delivered"] == {"T-1": "N-1", "T-2": "N-2"}
    assert device.orders()[0]["standing"] == "delivered"
    day = done.document["recorded"][0]["day"]
    assert [device.rows()[tag] for tag in ("N-1", "N-2")] == [
        f"N-1,phone,Yealink,T57W,S11,80:5e:c0:00:00:11,{day},,6100.50,home,,stock,",
        f"N-2,phone,Snom,D785,S12,80:5e:c0:00:00:12,{day},,,home,,stock,",
    ]
    assert list(device.rows()) == ["T-1", "T-2", "T-3", "N-1", "N-2"]
    assert device.estate("ledger", "verify", simulated=False).code == 0
    assert device.estate("validate", simulated=False).code == 0


def test_four_columns_do_where_the_rows_are_there_and_say_what_they_did_not_know(device, note):
    device.equip(
        OLD + "N-1,phone,Yealink,T57W,,,2199-01-01,,6100,home,,stock,\n"
        "N-2,phone,Snom,D785,S12,80:5e:c0:00:00:12,,,4800,home,,stock,\n",
        EQUIPMENT,
    )
    done = note(
        "order,mac,serial,asset_tag\nORDER,805EC0000011,S11,N-1\nORDER,80:5E:C0:00:00:12,s12,N-2\n"
    )
    assert (done.code, done.err) == (0, "")
    assert "note: N-1 cost 6100, and 5200 was approved for T-1" in done.out
    assert (
        device.rows()["N-1"]
        == "N-1,phone,Yealink,T57W,S11,80:5e:c0:00:00:11,2199-01-01,,6100,home,,stock,"
    )
    assert device.rows()["N-2"] == "N-2,phone,Snom,D785,S12,80:5e:c0:00:00:12,,,4800,home,,stock,"


def test_every_bad_line_is_said_at_once_at_its_place_and_nothing_changes(device, note):
    before = (device.policies / "devices.csv").read_bytes()
    done = note(
        ALL
        + "N-1,S11,805e.c000.0011,ORDER,Yealink,T57W,,,\n"
        + "N-2,S12,805e.c000.0011,ORDER,Yealink,T57W,,,\n"
        + "N-3,S1,,ORDER,Yealink,T57W,,,\n"
        + "N-4,S14,805e.c0,0123456789ab,Yealink,T57W,,,\n"
        + "N-5,S15,805e.c0,ORDER,Yealink,T57W,,12;5,\n"
        + "N-6,S16,,ORDER,ASUS,B5,computer,,\n"
        + "N-7,S17,,ORDER,,,,,\n"
        + "T-3,S9,,ORDER,,,,,\n"
        + "N-8,S18,,ORDER,Yealink,T57W,,,2020-01-01\n"
        + "N-9,S19\n",
    )
    assert (done.code, done.out) == (1, "")
    proposed = device.orders()[0]["proposed"]
    assert done.err.replace(device.name, "ORDER") == (
        "note.csv:3:9: two devices have the MAC address 80:5e:c0:00:00:11, the first in line 2"
        " (it belongs to one device)\n"
        "note.csv:4:5: two devices have the serial 'S1', the first in policies/devices.csv:2"
        " (it belongs to one device)\n"
        "note.csv:5:17: there is no order '0123456789ab' (one of ORDER)\n"
        "note.csv:6:9: '805e.c0' is not a MAC address (twelve hexadecimal digits: 00:15:65:ab:cd:ef)\n"
        "note.csv:6:44: '12;5' is not a price (digits, with a point for cents: 4200 or 99.50)\n"
        "note.csv:7:1: order ORDER is to bring no such computer (ASUS B5) any more as N-6"
        " (commsroom device orders)\n"
        "note.csv:8:1: 'N-7' has no row, and the note does not say which model it is"
        " (add the columns vendor and model, or a row to policies/devices.csv)\n"
        "note.csv:9:5: serial 'S9', and its row says 'S3' (policies/devices.csv:4)"
        " (mend one of the two)\n"
        f"note.csv:10:1: N-8 was bought on 2020-01-01, before order ORDER was proposed on {proposed}"
        " (mend `purchased` in its row, or name what this order brought)\n"
        "note.csv:11:1: too few values: 2 for 9 columns (an empty value keeps its comma)\n"
    )
    assert (device.policies / "devices.csv").read_bytes() == before
    assert device.orders()[0]["delivered"] == {}


def test_more_than_was_ordered_does_not_come(device, note):
    done = note(ALL + "".join(f"N-{n},,,ORDER,Snom,D785,,,\n" for n in range(3)))
    assert done.code == 1
    assert done.err.startswith("note.csv:4:1: order ")
    assert "is to bring no such device any more as N-2" in done.err
    assert "N-0" not in device.rows()


def test_what_was_not_ordered_is_told_as_that_where_there_are_several_sites(device, note):
    device.estate.policy("company.yml", "sites:\n", "sites:\n  port: {name: Port, country: TW}\n")
    done = note(
        "asset_tag,order,vendor,model,kind\nN-1,ORDER,ASUS,B5,computer\nN-2,ORDER,Snom,D785,\n"
    )
    assert done.err == (
        f"note.csv:2:1: order {device.name} is to bring no such computer (ASUS B5) any more as N-1"
        " (commsroom device orders)\n"
    )
    assert note("asset_tag,order,vendor,model\nN-2,ORDER,Snom,D785\n").code == 0
    assert device.rows()["N-2"].split(",")[9] == "home"  # where the one it replaces is


def test_for_which_of_several_sites_something_came_is_asked_and_not_guessed(device, note):
    device.estate.policy("company.yml", "sites:\n", "sites:\n  port: {name: Port, country: TW}\n")
    device.equip(OLD.replace("4800,home", "4800,port"), EQUIPMENT)
    before = (device.policies / "devices.csv").read_bytes()
    done = note("asset_tag,order,vendor,model\nN-1,ORDER,Yealink,T57W\n")
    assert (done.code, done.err) == (
        1,
        "note.csv:2:1: 'N-1' may be for home or port (add the column site, or replaces)\n",
    )
    assert (device.policies / "devices.csv").read_bytes() == before
    text = "asset_tag,order,vendor,model,site,replaces\nN-1,ORDER,Yealink,T57W,port,T-2\n"
    assert note(text + "N-2,ORDER,Yealink,T57W,,T-1\n").code == 0
    assert [device.rows()[tag].split(",")[9] for tag in ("N-1", "N-2")] == ["port", "home"]


def test_a_place_that_another_line_took_for_want_of_a_name_is_told(device, note):
    text = "asset_tag,order,vendor,model,replaces\n"
    done = note(text + "N-1,ORDER,Yealink,T57W,\nN-2,ORDER,Yealink,T57W,T-1\n")
    assert done.code == 1
    assert done.err == (
        "note.csv:3:1: N-1 comes for T-1 already, as what suits it best (name for each what it"
        " replaces)\n"
    )


def test_a_device_that_is_to_replace_itself_is_told_as_that(device, note):
    done = note("asset_tag,order,vendor,model,replaces\nN-1,ORDER,Yealink,T57W,N-1\n")
    assert done.err.startswith("note.csv:2:")
    assert "'N-1' cannot replace itself (name the old device)" in done.err


def test_the_same_note_again_has_nothing_to_do_and_says_so(device, note):
    text = ALL + "N-1,S11,,ORDER,Yealink,T57W,,,\n"
    assert note(text).code == 0
    before = (device.policies / "devices.csv").read_bytes()
    again = note(text)
    assert (again.code, again.err) == (0, "")
    assert again.out == "note: 1 of 1 devices are recorded already: nothing was left to do\n"
    assert (device.policies / "devices.csv").read_bytes() == before
    assert len(device("show", "N-1", "--json").document["history"]) == 1


def test_a_note_of_which_some_came_already_says_which_lines_and_changes_nothing(device, note):
    first = ALL + "N-1,S11,,ORDER,Yealink,T57W,,,\n"
    assert note(first).code == 0
    again = note(first + "N-2,S12,,ORDER,Snom,D785,,,\n")
    assert again.code == 1
    assert again.err.startswith(f"note.csv:2:1: N-1 came for order {device.name} already (take")
    other = note(first.replace("S11", "S99"))
    assert "note.csv:2:5: serial 'S99', and its row says 'S11'" in other.err
    assert "N-2" not in device.rows()


def test_what_is_wrong_with_an_order_is_said_once_however_many_lines_name_it(device, note):
    device("cancel", device.name, "--by", "P3", "--reason", "no longer made")
    done = note(ALL + "".join(f"N-{n},,,ORDER,Snom,D785,,,\n" for n in range(40)))
    assert (done.code, done.out) == (3, "")
    assert done.err == (
        f"note.csv:2:7: order {device.name} is cancelled: nothing of it is to come any more;"
        " 39 more lines name it\n"
    )


def test_what_nobody_approved_is_refused_and_a_lot_names_its_model_and_site(device, note):
    device.entitle('{phone: {models: ["Yealink T57W"]}}')
    order = device("order", "--procurement", "--by", "P3", "--json").document
    text = f"asset_tag,serial,order\nN-1,S11,{order['order']}\n"
    done = note(text)
    assert (done.code, done.out) == (3, "")
    assert done.err.startswith(f"note.csv:2:9: order {order['order']} is proposed: what two")
    for by in ("P1", "P2"):
        device.approve(order["order"], by)
    assert note(text).code == 0
    assert device.rows()["N-1"].startswith("N-1,phone,Yealink,T57W,S11,,")
    assert device.orders()[1]["delivered"] == {"1/1": "N-1"}


def test_one_note_may_speak_of_several_orders_and_of_what_is_replaced(device, note):
    device.entitle("{phone: {}}")
    other = device.approved("--procurement")
    done = note(
        "asset_tag,order,replaces,vendor,model\n"
        f"N-1,ORDER,T-2,Yealink,T57W\nN-2,{other},,Yealink,T57W\nN-3,ORDER,,Yealink,T57W\n"
    )
    assert done.code == 0, done.err
    first, second = device.orders()
    assert first["delivered"] == {"T-2": "N-1", "T-1": "N-3"}
    assert second["delivered"] == {"1/1": "N-2"}


def test_where_the_ledger_refuses_the_rows_are_taken_back(device, note, monkeypatch):
    from commsroom.ledger import Ledger

    before = (device.policies / "devices.csv").read_bytes()

    def meanwhile(*_, **__):
        from commsroom.errors import CommsroomError

        assert b"N-1" in (device.policies / "devices.csv").read_bytes()
        raise CommsroomError("the disk is full")

    monkeypatch.setattr(Ledger, "record_steps", meanwhile)
    done = note(ALL + "N-1,S11,,ORDER,Yealink,T57W,,,\n")
    assert (done.code, done.err) == (1, "error: the disk is full\n")
    assert (device.policies / "devices.csv").read_bytes() == before
    assert not list(device.policies.glob(".devices-*"))


def test_killed_after_the_rows_were_written_the_same_note_does_the_rest(device, note, monkeypatch):
    from commsroom.ledger import Ledger

    text = ALL + "N-1,S11,805e.c000.0011,ORDER,Yealink,T57W,,,\n"
    file, left = device.policies / "devices.csv", []

    def killed(*_, **__):
        left.append(file.read_bytes())
        raise KeyboardInterrupt

    with monkeypatch.context() as inside:
        inside.setattr(Ledger, "record_steps", killed)
        note(text)
    file.write_bytes(left[0])  # nobody takes back what a killed command has written
    assert "N-1" in device.rows()
    assert device.orders()[0]["delivered"] == {}
    assert note(text).code == 0
    assert device.orders()[0]["delivered"] == {"T-1": "N-1"}
    assert file.read_bytes() == left[0]


def test_two_deliveries_at_once_do_not_come_for_one_place(device, note, monkeypatch):
    from commsroom.app import delivering

    device.equip(OLD + "N-8,phone,Snom,D785,S18,,,,4800,home,,stock,\n", EQUIPMENT)
    real = delivering.take

    def meanwhile(*words, **more):
        monkeypatch.setattr(delivering, "take", real)
        assert device("deliver", device.name, "T-2=N-8").code == 0
        return real(*words, **more)

    monkeypatch.setattr(delivering, "take", meanwhile)
    done = note(ALL + "N-1,S11,,ORDER,Snom,D785,,,\n")
    assert done.code == 1
    assert done.err.startswith("error: another device delivered was recorded meanwhile")
    assert "N-1" not in device.rows()


NO_NOTE = {
    "nowhere": ("/nowhere/note.csv", "/nowhere/note.csv: there is no such file\n"),
    "a folder": ("/", "/: "),
}


def test_what_is_no_note_is_told_in_one_line(device, note, tmp_path):
    for file, line in NO_NOTE.values():
        done = device("deliver", "--from", file)
        assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
        assert done.err.startswith(line)
    assert note("").err.startswith("note.csv:1:1: missing columns: asset_tag, order (")
    assert note("asset_tag,order\n").err.startswith("note.csv:2: nothing came")
    assert note("asset_tag;order\n").err.startswith("note.csv:1:10: the values are separated by ;")
    assert "leave out the arguments" in device("deliver", device.name, "--from", "x.csv").err
    assert device("deliver").err.startswith("error: no order is named")


def test_a_file_from_a_spreadsheet_keeps_its_form(device, note):
    file = device.policies / "devices.csv"
    header = "state,site,asset_tag,kind,vendor,model,holder,purchased\r\n"
    rows = "issued,home,T-1,phone,Yealink,T54W,P1,2018-03-11\r\nstock,home,T-2,phone,Snom,D785,,2018-01-08"
    file.write_bytes(("\ufeff" + header + rows).encode())
    assert note("asset_tag,order,vendor,model,serial\nN-1,ORDER,Snom,D785,S9\n").err.startswith(
        "error: policies/devices.csv:1: there is no column serial, and 'S9' belongs in it"
    )
    done = note("asset_tag,order,vendor,model,purchased\nN-1,ORDER,Snom,D785,TODAY\n")
    assert done.code == 0, done.err
    assert file.read_bytes().decode() == (
        f"\ufeff{header}{rows}\r\nstock,home,N-1,phone,Snom,D785,,{today()}\r\n"
    )


def test_what_came_was_bought_before_it_came(device, note):
    before = device.rows()
    done = note("asset_tag,order,vendor,model,purchased\nN-1,ORDER,Snom,D785,2199-01-01\n")
    assert done.code == 1
    assert "bought on 2199-01-01, after it came on" in done.err
    assert device.rows() == before


@pytest.mark.slow
def test_a_thousand_devices_come_in_seconds_in_one_transaction(device, note):
    device.equip(OLD, EQUIPMENT + "places:\n" + "".join(
        f"  p{n}: {{name: P, site: home, equipment: {{headset: {{}}}}}}\n" for n in range(1000)
    ))  # fmt: skip
    name = device.approved("--procurement", "--kind", "headset")
    lines = "".join(f"H-{n},J{n},02{n:010x},{name},Jabra,E65\n" for n in range(1000))
    began = time.process_time()
    done = note("asset_tag,serial,mac,order,vendor,model\n" + lines)
    assert done.code == 0, done.err
    assert time.process_time() - began < 10  # one second on a quiet machine
    assert len(device.orders()[1]["delivered"]) == 1000
    events = device.estate("ledger", "show", "--json", simulated=False).document["events"]
    assert len([event for event in events if event["kind"] == "device delivered"]) == 1
