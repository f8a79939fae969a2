"""A renewal is an order once two people have signed it: not one, not who asks, not anybody else."""

import pytest

ROWS = """\
T-1,phone,Yealink,T54W,S1,,2018-03-11,,5200,home,P1,issued,
T-2,phone,Snom,D785,S2,,2018-01-08,,4800,home,P2,issued,
T-3,phone,Snom,D785,S3,,2026-01-08,,4800,home,P3,issued,
"""


@pytest.fixture
def device(ordering):
    """An estate with two old telephones, of which P1, P2 and P4 may approve a renewal."""
    ordering.equip(ROWS)
    return ordering


@pytest.fixture
def order(device):
    """Return the name of an order that P3 asks for."""
    return device("order", "--by", "P3", "--json").document["order"]


def test_two_people_make_a_proposal_an_order(device, order):
    (proposed,) = device.orders()
    assert (proposed["standing"], proposed["cost"]) == ("proposed", "10000")
    assert [item["asset_tag"] for item in proposed["items"]] == ["T-1", "T-2"]
    first = device.approve(order, "P1")
    assert first.code == 0
    assert "1 signature to come" in first.out
    assert device.approve(order, "P2").code == 0
    (approved,) = device.orders()
    assert (approved["standing"], approved["approvers"]) == ("approved", ["P1", "P2"])


def refused(done, line):
    assert (done.code, done.out) == (3, "")
    assert done.err.startswith(f"error: {line}")


def test_who_asks_does_not_approve(device):
    name = device("order", "--by", "P1", "--json").document["order"]
    refused(device.approve(name, "P1"), f"P1 asked for order {name} and may not approve it")
    assert device.orders()[0]["approvers"] == []


def test_one_person_does_not_sign_twice(device, order):
    device.approve(order, "P1")
    refused(device.approve(order, "P1"), f"P1 has approved order {order} already")


def test_nobody_signs_in_anothers_name(device, order):
    refused(
        device.approve(order, "P2", key="P1"),
        "policies/approvers does not let P2 approve with this key: it is P1's",
    )


def test_a_stranger_is_told_the_line_that_would_let_them(device, order):
    done = device("approve", order, "--by", "P3", "--key", "/nowhere")
    assert (done.code, done.out) == (3, "")  # who asks is told so before any key is looked at
    done = device.approve(order, "P4", key="P3")
    refused(
        done, "policies/approvers does not let P4 approve with this key; it would take the line:"
    )
    assert f"P4 {device.NAMESPACE} ssh-ed25519 AAAA" in done.err


def test_a_key_for_another_purpose_approves_nothing(device, order):
    file = device.policies / "approvers"
    file.write_text(file.read_text().replace("commsroom-approval", "commsroom-baseline"))
    refused(device.approve(order, "P1"), "policies/approvers does not let P1 approve")


def test_without_the_file_nobody_approves(device, order):
    (device.policies / "approvers").unlink()
    refused(device.approve(order, "P1"), "policies/approvers does not let P1 approve")


def test_until_two_have_signed_the_signature_of_somebody_taken_out_holds_no_more(device, order):
    device.approve(order, "P1")
    device.allow("P2", "P4")
    (fallen,) = device.orders()
    assert (fallen["standing"], fallen["approvers"]) == ("proposed", [])
    assert "1 signature to come" in device.approve(order, "P2").out


def test_what_two_have_signed_stays_approved_whoever_is_taken_out_later(device, order):
    device.approve(order, "P1")
    device.approve(order, "P2")
    device.allow("P1", "P4")
    for words in ((), ("--as-of", "2199-01-01")):
        (kept,) = device.orders(*words)
        assert (kept["standing"], kept["approvers"]) == ("approved", ["P1", "P2"])
    done = device("order", "--by", "P4")
    assert done.err == f"error: nothing is left to order: it stands on {order}\n"
    done = device("cancel", order, "--by", "P3", "--reason", "P2 was not to sign")
    assert (done.code, device.orders()[0]["standing"]) == (0, "cancelled")


def test_a_signature_that_did_not_hold_when_the_second_was_given_approves_nothing_later(
    device, order
):
    device.approve(order, "P1")
    device.allow("P2", "P4")
    device.approve(order, "P2")
    device.allow("P1", "P2", "P4")
    (pending,) = device.orders()
    assert (pending["standing"], pending["approvers"]) == ("proposed", ["P2"])
    assert device.approve(order, "P1").code == 0
    assert device.orders()[0]["standing"] == "approved"


def test_one_key_is_no_two_people(device, order):
    file = device.policies / "approvers"
    key = (device.keys / "P1.pub").read_text()
    file.write_text(f"P1 {device.NAMESPACE} {key}P2 {device.NAMESPACE} {key}")
    done = device.approve(order, "P1")
    assert (done.code, done.out) == (1, "")
    assert "policies/approvers:2: P2 has the key of P1 (line 1)" in done.err
    assert device.orders()[0]["approvers"] == []


def test_a_key_that_changed_hands_does_not_sign_for_its_new_owner_beside_its_old(device, order):
    file = device.policies / "approvers"
    own = (device.keys / "P1.pub").read_text()
    new = (device.keys / "P4.pub").read_text()
    file.write_text(f"P1 {device.NAMESPACE} {own}P2 {device.NAMESPACE} {new}")
    device.approve(order, "P1")
    device.approve(order, "P2", key="P4")
    assert device.orders()[0]["standing"] == "approved"
    device("cancel", order, "--by", "P3", "--reason", "again")
    again = device("order", "--by", "P3", "--json").document["order"]
    device.approve(again, "P1")
    file.write_text(f"P2 {device.NAMESPACE} {own}P1 {device.NAMESPACE} {new}")
    done = device.approve(
        again, "P2", key="P1"
    )  # P1's own signature counts no more: it is P2's key now
    assert (done.code, device.orders()[1]["approvers"]) == (0, ["P2"])


def test_two_signatures_given_at_once_do_not_miss_each_other(device, order, monkeypatch):
    from commsroom.app import ordering

    whole, other = ordering.named, []

    def meanwhile(estate, name):
        found = whole(estate, name)
        if len(other) == 1:  # P1's is made, and about to be written
            other.append(None)
            other.append(device.approve(order, "P2"))
        else:
            other.append(None)
        return found

    monkeypatch.setattr(ordering, "named", meanwhile)
    done = device.approve(order, "P1")
    assert "another order approved was recorded meanwhile; nothing was done" in done.err
    monkeypatch.undo()
    assert device.orders()[0]["approvers"] == ["P2"]
    assert device.approve(order, "P1").code == 0
    assert device.orders()[0]["standing"] == "approved"


def test_an_event_without_a_signature_approves_nothing(device, order):
    from commsroom.ledger import Ledger

    with Ledger.open(str(device.estate.path / ".commsroom/ledger.db")) as ledger:
        for name in ("P1", "P2"):
            data = {"order": order, "approver": name, "signature": "-----BEGIN SSH SIGNATURE-----"}
            ledger.record("order approved", data, actor="forger")
    assert device.orders()[0]["standing"] == "proposed"


def test_after_its_day_an_order_is_expired_and_may_be_proposed_anew(device, order):
    (old,) = device.orders("--as-of", "2199-01-01")
    assert old["standing"] == "expired"


def test_what_stands_on_an_order_is_on_no_second_one(device, order):
    done = device("order", "--by", "P4")
    assert (done.code, done.err) == (1, f"error: nothing is left to order: it stands on {order}\n")


def test_what_is_on_order_is_no_longer_proposed_and_its_file_names_what_replaced_it(
    device, contract
):
    name = device.approved("T-1")
    file = device.policies / "devices.csv"
    file.write_text(file.read_text() + "N-1,phone,Yealink,T54W,S11,,,,5200,home,,stock,\n")
    found = device("renewals", "--json").document
    contract("device renewals", found)
    assert [item["asset_tag"] for item in found["renewals"]] == ["T-2"]
    assert found["on_order"] == [{"asset_tag": "T-1", "order": name, "replaced_by": None}]
    assert device("deliver", name, "T-1=N-1").code == 0
    text = device("renewals").out
    assert f"on order {name}: T-1 (replaced by N-1)\n1 device proposed for renewal" in text
    assert "  replaced  by N-1\n" in device("show", "T-1").out
    contract("device show", device("show", "T-1", "--json").document)


def test_the_ledger_names_the_order_and_each_who_signed_it(device, order):
    device.approve(order, "P1")
    device.approve(order, "P2")
    text = device.estate("ledger", "show", simulated=False).out
    assert f"  order approved {order}, signed by P1  " in text
    assert f"  order approved {order}, signed by P2 after P1  " in text


def test_an_empty_tag_is_told_as_one(device):
    assert device("order", "", "--by", "P3").err.startswith("error: '' is not proposed")


def test_only_what_policy_proposes_is_ordered(device):
    done = device("order", "T-3", "--by", "P3")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("error: T-3 is not proposed for renewal")


def test_part_of_the_list_may_be_ordered_and_the_rest_after(device):
    device("order", "T-2", "--by", "P3")
    second = device("order", "--by", "P3", "--json").document
    assert [item["asset_tag"] for item in second["items"]] == ["T-1"]


def test_nobody_asks_who_is_not_here(device):
    assert "there is no person 'P9' in the roster" in device("order", "--by", "P9").err
    device.estate.policy("people.csv", "2022-01-01,,P1", "2022-01-01,2026-01-31,P1")
    assert "P3 is not here on" in device("order", "--by", "P3").err


def test_an_unknown_order_is_told_with_the_nearest(device, order):
    done = device.approve(order[:-1], "P1")
    assert done.err == f"error: there is no order {order[:-1]!r} (did you mean {order!r}?)\n"


def test_the_documents_keep_their_published_contract(device, order, contract):
    device.approve(order, "P1")
    contract("device orders", device("orders", "--json").document)


def test_what_is_cancelled_may_be_ordered_anew_the_same_day_as_another_order(
    device, order, contract
):
    device.approve(order, "P1")
    device("cancel", order, "--by", "P3", "--reason", "asked too early")
    anew = device("order", "--by", "P3", "--json").document
    assert (anew["order"] != order, anew["standing"], anew["approvers"]) == (True, "proposed", [])
    contract("device order", anew)
    assert [device.approve(anew["order"], by).code for by in ("P1", "P2")] == [0, 0]
    assert [item["standing"] for item in device.orders()] == ["cancelled", "approved"]


def test_validate_tells_what_is_wrong_with_who_may_approve(device):
    file = device.policies / "approvers"
    good = file.read_text()
    file.write_text(good + "garbage\n")
    done = device.estate("validate", simulated=False)
    assert done.code == 1
    assert "policies/approvers:4: is no line of ALLOWED SIGNERS" in done.out + done.err
    file.write_text(good.replace("P4 ", "P9 "))
    done = device.estate("validate", simulated=False)
    assert done.code == 0
    assert "policies/approvers:3:1: there is no person 'P9' in the roster" in done.out + done.err
