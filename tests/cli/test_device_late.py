"""An order that is late fails the inspection, as overdue maintenance does, until it comes or is cancelled."""

import shutil
import subprocess
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

OLD = """\
T-1,phone,Yealink,T54W,S1,,2018-03-11,,5200,home,P1,issued,
T-2,phone,Snom,D785,S2,,2018-01-08,,4800,home,,stock,
"""
NEW = """\
N-1,phone,Yealink,T57W,S11,,,,5000,home,,stock,
N-2,phone,Yealink,T57W,S12,,,,4800,home,,stock,
"""
EQUIPMENT = "currency: TWD\ndeliver_within: 14d\nrenewal: {phone: {age: 6y}}\n"


@pytest.fixture
def device(ordering):
    ordering.equip(OLD, EQUIPMENT)
    return ordering


@pytest.fixture
def name(device):
    return device.approved()


def today():
    return datetime.now(UTC).astimezone(ZoneInfo("Asia/Taipei")).date()


def after(days, day=None):
    return (day or today()) + timedelta(days=days)


def look(device, day, *more):
    """Inspect orders alone, as of a day; return how it ended and what was said."""
    words = ("inspect", "--no-use", "--json", "--only", "equipment:order/*", "--as-of", day, *more)
    done = device.estate(*words, simulated=False)
    (check,) = done.document["checks"]
    return done.code, check


def test_orders_says_until_when_and_how_late_as_the_inspection_does(device, name, contract):
    (early,) = device.orders("--as-of", after(14))
    assert (early["due"], early["days_late"]) == (str(after(14)), 0)
    done = device("orders", "--json", "--as-of", after(17))
    contract("device orders", done.document)
    assert done.document["orders"][0]["days_late"] == 3
    text = device("orders", "--as-of", after(17)).out
    assert f"2 devices to be delivered by {after(14)}, 3 days late: commsroom device" in text
    assert "late" not in device("orders").out


def test_past_what_policy_gives_it_an_order_fails_the_inspection(device, name):
    assert look(device, after(14))[0] == 0
    code, check = look(device, after(17))
    assert code == 2
    assert check["address"] == f"equipment:order/{name}"
    assert check["expected"] == f"delivered by {after(14)}, 14 days after {today()}"
    assert check["got"] == "3 days late, 2 of 2 devices to come"
    assert check["remedy"].startswith(f"commsroom device deliver {name} NEW; is it to come later")
    assert (check["provenance"]["file"], check["provenance"]["line"]) == (
        "policies/equipment.yml",
        3,
    )


def test_a_promised_day_counts_instead_and_a_new_promise_hides_no_old_one(device, name, contract):
    done = device("promise", name, after(20), "--note", "their mail", "--json")
    assert (done.code, done.document["promised"]) == (0, [str(after(20))])
    contract("device promise", done.document)
    assert look(device, after(20))[0] == 0
    code, check = look(device, after(21))
    assert (code, check["expected"]) == (2, f"delivered by {after(20)}, as promised")
    assert f"to be delivered, promised for {after(20)}" in device("orders").out
    device("promise", name, after(30))
    assert look(device, after(30))[0] == 0
    assert look(device, after(31))[1]["got"] == (
        f"1 days late, 2 of 2 devices to come; promised for {after(20)} at first"
    )


def test_what_came_is_late_no_more_and_the_rest_still_is(device, name):
    device.equip(OLD + NEW, EQUIPMENT)
    device("deliver", name, "T-1=N-1")
    assert look(device, after(15))[1]["got"] == "1 days late, 1 of 2 devices to come"
    device("deliver", name, "T-2=N-2")
    code, check = look(device, after(15))
    assert (code, check["got"]) == (0, "0 orders to come, none late")


def test_what_is_cancelled_is_not_expected_and_may_be_ordered_anew(device, name, contract):
    device.equip(OLD + NEW, EQUIPMENT)
    device("deliver", name, "T-1=N-1")
    done = device("cancel", name, "--by", "P3", "--reason", "no longer made", "--json")
    assert (done.code, done.document["standing"]) == (0, "cancelled")
    contract("device cancel", done.document)
    contract("device orders", device("orders", "--json").document)
    assert look(device, after(99))[0] == 0
    assert device("deliver", name, "T-2=N-2").code == 3
    again = device("cancel", name, "--by", "P3", "--reason", "twice")
    assert again.err == f"error: order {name} is cancelled already\n"
    second = device("order", "--by", "P3", "--json").document
    assert [item["asset_tag"] for item in second["items"]] == ["T-2"]


def test_what_nobody_approved_is_neither_late_nor_promised(device):
    name = device("order", "--by", "P3", "--json").document["order"]
    assert look(device, after(20))[0] == 0
    done = device("promise", name, after(20))
    assert (done.code, done.out) == (1, "")
    assert done.err == f"error: order {name} is proposed: nothing is expected of it\n"
    device("cancel", name, "--by", "P3", "--reason", "a mistake")
    refused = device.approve(name, "P1")
    assert (refused.code, refused.err) == (3, f"error: order {name} is cancelled\n")


REFUSED = {
    "a day before it": (("promise", "ORDER", "2020-01-01"), "order ORDER was approved later"),
    "no day": (("promise", "ORDER", "soon"), ""),
    "no reason": (("cancel", "ORDER", "--by", "P3", "--reason", " "), "--reason is empty"),
    "nobody": (("cancel", "ORDER", "--by", "P9", "--reason", "x"), "there is no person 'P9'"),
    "hidden": (("promise", "ORDER", "2199-01-01", "--note", "a\u202eb"), "--note: "),
    "no such": (("promise", "0123", "2199-01-01"), "there is no order '0123'"),
}


def test_what_makes_no_sense_is_refused_and_nothing_changes(device, name):
    before = device.orders()
    for words, line in REFUSED.values():
        done = device(*(name if word == "ORDER" else word for word in words))
        assert (done.code, done.out) == (1, ""), words
        assert line.replace("ORDER", name) in done.err
    assert device.orders() == before


def test_an_order_is_expected_whoever_of_its_signers_is_taken_out_later(device, name):
    device.allow("P1")
    assert look(device, after(99))[0] == 2


def test_a_baseline_says_of_late_orders_what_the_ledger_says(device, name, tmp_path):
    device("promise", name, after(5))
    key, file = tmp_path / "wei", device.estate.path / "baseline.json"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key], check=True)
    words = ("ledger", "export", "--baseline", file, "--sign", key, "--json")
    line = device.estate(*words, simulated=False).document["signers_line"]
    (device.policies / "baseline-signers").write_text(f"{line}\n")
    with_ledger = look(device, after(9))
    shutil.rmtree(device.estate.path / ".commsroom")
    assert look(device, after(9), "--baseline", file) == with_ledger
    assert with_ledger[0] == 2


def test_what_came_and_went_long_ago_is_not_checked_anew_each_night(device, name, monkeypatch):
    from commsroom.app import signing

    device.equip(OLD + NEW, EQUIPMENT)
    device("deliver", name, "N-1", "N-2")
    monkeypatch.setattr(signing, "holds", None)
    monkeypatch.setattr(signing, "_enough", None)
    assert look(device, date(2199, 1, 1))[0] == 0
