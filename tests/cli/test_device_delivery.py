"""What an approved order brought: new rows, each tied to the device it replaces, in the ledger."""

import json
import subprocess

import jsonschema
import pytest

HEADER = (
    "asset_tag,kind,vendor,model,serial,mac,purchased,warranty_end,price,site,holder,state,port\n"
)
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


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    for name in ("P1", "P2"):
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", folder / name]
        subprocess.run(words, check=True)
    return folder


@pytest.fixture
def estate_of(fresh, keys):
    policies = fresh.path / "policies"
    (policies / "devices.csv").write_text(HEADER + OLD)
    (policies / "equipment.yml").write_text("---\ncurrency: TWD\nrenewal: {phone: {age: 6y}}\n")
    allow(fresh, keys, "P1", "P2")
    return fresh


def allow(estate, keys, *people):
    lines = [
        f'{name} namespaces="commsroom-approval" {(keys / f"{name}.pub").read_text()}'
        for name in people
    ]
    (estate.path / "policies/approvers").write_text("".join(lines))


@pytest.fixture
def device(estate_of):
    def call(*words):
        done = estate_of("device", *words, simulated=False)
        assert "Traceback" not in done.err
        return done

    call.order = lambda: call("orders", "--json").document["orders"][0]
    return call


@pytest.fixture
def proposed(device):
    return device("order", "--by", "P3", "--json").document["order"]


@pytest.fixture
def approved(device, estate_of, keys, proposed):
    """An order that two people have signed, and what arrived is in devices.csv."""
    for name in ("P1", "P2"):
        assert device("approve", proposed, "--by", name, "--key", keys / name).code == 0
    (estate_of.path / "policies/devices.csv").write_text(HEADER + OLD + NEW)
    return proposed


def test_an_order_is_delivered_piece_by_piece_and_both_files_say_so(device, approved, pytestconfig):
    assert "2 devices to be delivered: commsroom device deliver" in device("orders").out
    done = device("deliver", approved, "T-1=N-1")
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        f"N-1  delivered  in stock at home; order {approved}; replaces T-1\n"
        "note: N-1 cost 6100, and 5200 was approved for T-1\n"
        "note: P1 holds T-1: commsroom device return T-1, then commsroom device issue N-1 P1\n"
    )
    assert (device.order()["standing"], device.order()["delivered"]) == ("approved", {"T-1": "N-1"})
    assert "1 device to be delivered" in device("orders").out
    last = device("deliver", approved, "T-2=N-2", "--json")
    assert last.code == 0
    assert device.order()["standing"] == "delivered"
    assert "to be delivered" not in device("orders").out
    (step,) = device("show", "N-1", "--json").document["history"]
    assert (step["step"], step["details"]) == ("delivered", {"order": approved, "replaces": "T-1"})
    file = pytestconfig.rootpath / "docs/reference/documents.schema.json"
    forms = json.loads(file.read_text("utf-8"))
    for name, document in (
        ("deliver", last.document),
        ("orders", device("orders", "--json").document),
    ):
        jsonschema.validate(document, {**forms, "$ref": f"#/$defs/device {name}"})


def test_a_device_that_was_delivered_is_handed_out_and_lives_on(device, estate_of, approved):
    device("deliver", approved, "T-1=N-1")
    device("return", "T-1")
    assert device("issue", "N-1", "P1").code == 0
    assert estate_of("ledger", "verify", simulated=False).code == 0


def test_what_was_replaced_is_ordered_no_second_time(device, approved):
    device("deliver", approved, "T-1=N-1")
    done = device("order", "T-1", "--by", "P3")
    assert (done.code, done.err) == (
        1, f"error: nothing is left to order: it stands on {approved}\n"
    )  # fmt: skip


def test_a_signature_that_holds_no_more_undoes_no_delivery(device, estate_of, keys, approved):
    device("deliver", approved, "T-1=N-1")
    allow(estate_of, keys, "P1")
    assert (device.order()["standing"], device.order()["delivered"]) == ("proposed", {"T-1": "N-1"})
    assert device("deliver", approved, "T-2=N-2").code == 3


REFUSED = {
    "not on it": (("T-3=N-1",), "T-3 is not on order"),
    "no such device": (("T-1=N-9",), "there is no device 'N-9' in devices.csv"),
    "no pair": (("T-1",), "'T-1' does not say which device replaces which (write OLD=NEW"),
    "half a pair": (("T-1=",), "'T-1=' does not say which device replaces which"),
    "one for two": (("T-1=N-1", "T-2=N-1"), "N-1 is named twice"),
    "itself": (("T-1=T-1",), "T-1 is named twice"),
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
    assert done.err.startswith(f"error: {line}")
    assert device.order()["delivered"] == {}


def test_one_device_is_delivered_once_and_an_old_one_replaced_once(device, approved):
    device("deliver", approved, "T-1=N-1")
    again = device("deliver", approved, "T-1=N-2")
    assert (again.code, again.err) == (1, "error: N-1 was delivered for T-1 already\n")
    other = device("deliver", approved, "T-2=N-1")
    assert other.err.startswith("error: N-1 is no new device: delivered on ")


def test_what_nobody_approved_is_not_delivered(device, estate_of, proposed):
    (estate_of.path / "policies/devices.csv").write_text(HEADER + OLD + NEW)
    done = device("deliver", proposed, "T-1=N-1")
    assert (done.code, done.out) == (3, "")
    assert done.err.startswith(f"error: order {proposed} is proposed")
