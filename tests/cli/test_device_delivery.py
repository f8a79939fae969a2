"""What an approved order brought: new rows, each tied to the device it replaces, in the ledger."""

import pytest

OLD = """\
T-1,phone,Yealink,T54W,S1,,2018-03-11,,5200,home,P1,issued,
T-2,phone,Snom,D785,S2,,2018-01-08,,4800,home,,stock,
T-3,phone,Snom,D785,S3,,2026-01-08,,4800,home,P3,issued,
C-1,computer,ASUS,B5,S4,,2026-01-08,,33000,home,P1,issued,
"""
NEW = """\
N-1,phone,Yealink,T57W,S11,80-5e-c0-00-00-11,,,6100,home,,stock,
N-2,phone,Yealink,T57W,S12,805e.c000.0012,,,4800,home,,stock,
N-3,phone,Yealink,T57W,S13,,2020-01-01,,4800,home,,stock,
N-4,computer,ASUS,B5,S14,,,,33000,home,,stock,
"""


@pytest.fixture
def device(ordering):
    ordering.equip(OLD)
    return ordering


@pytest.fixture
def approved(device):
    """An order that two people have signed, and what arrived is in devices.csv."""
    name = device.approved()
    device.equip(OLD + NEW)
    return name


def standing(device):
    (order,) = device.orders()
    return order["standing"], order["delivered"]


def test_an_order_is_delivered_piece_by_piece_and_both_files_say_so(device, approved, contract):
    assert ": commsroom device deliver" in device("orders").out
    done = device("deliver", approved, "T-1=N-1")
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        f"N-1  delivered  in stock at home; order {approved}; replaces T-1\n"
        "note: N-1 cost 6100, and 5200 was approved for T-1\n"
        "note: N-1 is a Yealink T57W, and replaces a Yealink T54W\n"
        "note: P1 holds T-1: commsroom device return T-1, then commsroom device issue N-1 P1\n"
    )
    assert standing(device) == ("approved", {"T-1": "N-1"})
    assert "1 device to be delivered" in device("orders").out
    last = device("deliver", approved, "T-2=N-2", "--json")
    assert last.code == 0
    assert standing(device)[0] == "delivered"
    assert "to be delivered" not in device("orders").out
    (step,) = device("show", "N-1", "--json").document["history"]
    assert (step["step"], step["details"]) == ("delivered", {"order": approved, "replaces": "T-1"})
    contract("device deliver", last.document)
    contract("device orders", device("orders", "--json").document)


def test_a_device_that_was_delivered_is_handed_out_and_lives_on(device, approved):
    device("deliver", approved, "T-1=N-1")
    device("return", "T-1")
    assert device("issue", "N-1", "P1").code == 0
    assert device.estate("ledger", "verify", simulated=False).code == 0


def test_what_was_replaced_is_ordered_no_second_time(device, approved):
    device("deliver", approved, "T-1=N-1")
    done = device("order", "T-1", "--by", "P3")
    assert (done.code, done.err) == (
        1, f"error: nothing is left to order: it stands on {approved}\n"
    )  # fmt: skip


def test_who_is_taken_out_of_approvers_stops_no_delivery_of_what_they_approved(device, approved):
    device("deliver", approved, "T-1=N-1")
    device.allow("P1")
    assert standing(device) == ("approved", {"T-1": "N-1"})
    assert device("deliver", approved, "T-2=N-2").code == 0


REFUSED = {
    "not on it": (("T-3=N-1",), "T-3 is not on order"),
    "no such device": (
        ("T-1=N-9",),
        "there is no device 'N-9' in devices.csv (its row comes first: ",
    ),
    "an old one alone": (("T-1",), "T-1 was bought on 2018-03-11, before order"),
    "half a pair": (("T-1=",), "'T-1=' does not say which device replaces which"),
    "one for two": (("T-1=N-1", "T-2=N-1"), "N-1 is named twice"),
    "itself": (("T-1=T-1",), "T-1 is named twice"),
    "another kind alone": (("N-4",), "order 0123456789ab is to bring no such computer (ASUS B5)"),
    "another kind": (("T-1=N-4",), "N-4 is a computer, and T-1 a phone"),
    "bought before": (("T-1=N-3",), "N-3 was bought on 2020-01-01, before order"),
    "in use": (("T-1=T-3",), "T-3 was bought on 2026-01-08, before order"),
    "before it was proposed": (("T-1=N-1", "--on", "2020-01-01"), "--on: order"),
    "one of them wrong": (("T-1=N-1", "T-2=N-4"), "N-4 is a computer, and T-2 a phone"),
}


@pytest.mark.parametrize(("words", "line"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_belong_to_the_order_is_refused_and_nothing_changes(
    device, approved, words, line
):
    done = device("deliver", approved, *words)
    assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
    assert done.err.startswith(f"error: {line.replace('0123456789ab', approved)}")
    assert standing(device)[1] == {}


def test_another_model_than_it_replaces_and_a_price_nobody_says_are_noted(device, approved):
    device.equip(OLD + "N-1,phone,Yealink,T57W,S11,,,,,home,,stock,\n")
    done = device("deliver", approved, "T-1=N-1")
    assert done.code == 0
    assert "note: N-1 is a Yealink T57W, and replaces a Yealink T54W\n" in done.out
    assert "note: nobody says what N-1 cost: is it what was approved?\n" in done.out


def test_a_device_named_alone_comes_for_the_model_it_replaces(device):
    name = device.approved()
    device.equip(OLD + "N-1,phone,Snom,D785,S11,,,,4800,home,,stock,\n" + NEW.replace("N-1", "N-0"))
    assert device("deliver", name, "N-1", "N-2").code == 0
    assert standing(device) == ("delivered", {"T-1": "N-2", "T-2": "N-1"})
    done = device("deliver", name, "N-0")
    assert done.err.startswith(f"error: order {name} is to bring no such device any more as N-0")


def test_one_device_is_delivered_once_and_an_old_one_replaced_once(device, approved):
    device("deliver", approved, "T-1=N-1")
    again = device("deliver", approved, "T-1=N-2")
    assert (again.code, again.err) == (1, "error: N-1 was delivered for T-1 already\n")
    other = device("deliver", approved, "T-2=N-1")
    assert other.err.startswith("error: N-1 is no new device: delivered on ")


def test_what_nobody_approved_is_not_delivered(device):
    proposed = device("order", "--by", "P3", "--json").document["order"]
    device.equip(OLD + NEW)
    done = device("deliver", proposed, "T-1=N-1")
    assert (done.code, done.out) == (3, "")
    assert done.err.startswith(f"error: order {proposed} is proposed")
