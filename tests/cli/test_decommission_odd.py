"""decommission: what is not as it was signed, or was not seen, gets no certificate, and no odd answer stops the rest."""

import json

import pytest

from commsroom.app import managing
from commsroom.backends.wipe_station.fake import FakeClient

COMPUTER = "LH-C1,computer,Lenovo,T14,PF1,,2019-01-02,,,home,,stock,,WD1 WD2\n"
PHONE = "LH-P1,phone,Yealink,T54W,S1,00:15:65:00:00:02,2019-01-02,,,home,,stock,,\n"
MOBILES = """asset_tag,kind,vendor,model,serial,mac,purchased,warranty_end,price,site,holder,state,port,media,owner,mdm
LH-M1,mobile,Apple,iPhone 16,,,2019-01-02,,,home,,stock,,,,mdm1:00008030-001A
LH-M2,mobile,Nokia,X30,,,2019-01-02,,,home,,stock,,,,mdm1:b318edb7-2b55
"""
MDM = """    mdm1:
      ansible_host: 127.0.0.1
      commsroom_backend: nanomdm
      nanomdm_url: https://mdm1.small.example
      nanomdm_api_key_file: /nonexistent
      nanomdm_profile: com.small.enrol
"""


def signed(yard, rows=COMPUTER, tag="LH-C1", fate="leaves"):
    """Have a device's request signed; nothing is done yet."""
    yard.devices(rows)
    yard.attach({"serial": "WD1"}, {"serial": "WD2"})
    name = yard.ask(tag, "--fate", fate, "--category", "low")
    yard.sign(name)
    return name


def edit(yard, old, new, name="policies/devices.csv"):
    file = yard.path / name
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def results(device):
    return {one["medium"]: one["wiped"] and one["wiped"]["result"] for one in device["media"]}


def clean(done):
    """Make sure that an error is one of ours: not of the program's own."""
    assert "internal" not in done.err
    return done


# ── the register is edited meanwhile ────────────────────────────────────────────────────────

EDITS = [
    ("PF1", "PF9", "the serial number PF1"),
    ("Lenovo,T14", "Dell,X9", "the model Lenovo T14"),
    ("WD1 WD2", "WD1 WD3", "the disks WD1 WD2"),
    ("WD1 WD2", "WD1", "the disks WD1 WD2"),
]


@pytest.mark.parametrize(("old", "new", "said"), EDITS)
def test_a_row_edited_since_it_was_signed_has_nothing_wiped(yard, old, new, said) -> None:
    name = signed(yard)
    edit(yard, old, new)
    done = yard("decommission", name)
    assert (done.code, said in done.err) == (3, True)
    assert not json.loads((yard.path / "wipe1.json").read_text()).get("jobs")


@pytest.mark.parametrize(("old", "new", "said"), EDITS[1:3])
def test_a_row_edited_since_it_was_wiped_is_certified_once_it_is_back(yard, old, new, said) -> None:
    name = yard.wiped("LH-C1", COMPUTER)
    edit(yard, old, new)
    done = yard.validate(name)
    assert (done.code, said in done.err) == (3, True)
    assert not (yard.path / "records").exists()
    edit(yard, new, old)
    assert yard.validate(name).code == 0


def test_a_row_that_is_gone_is_named_and_not_certified(yard) -> None:
    name = yard.wiped("LH-C1", COMPUTER)
    edit(yard, COMPUTER.partition(",home")[0], "LH-C7,computer,Lenovo,T14,PF1,,2019-01-02,,")
    done = clean(yard.validate(name))
    assert (done.code, "there is no device 'LH-C1'" in done.err) == (1, True)
    assert not (yard.path / "records").exists()


def test_a_telephone_s_other_address_is_not_the_one_that_somebody_was_told(yard) -> None:
    name = signed(yard, PHONE, "LH-P1", "stays")
    edit(yard, "00:15:65:00:00:02", "00:15:65:00:00:03")
    assert yard("decommission", name).code == 3


@pytest.fixture
def mobiles(yard):
    (yard.path / "policies/devices.csv").write_text(MOBILES)
    with (yard.path / "inventory/hosts.yml").open("a") as file:
        file.write(MDM)
    return yard


def queued(yard):
    file = yard.path / "mdm1.json"
    held = json.loads(file.read_text())["queue"].values() if file.exists() else ()
    return sorted(one["enrolment"] for one in held)


def test_a_mobile_that_became_a_person_s_own_is_not_erased(mobiles) -> None:
    name = mobiles.ask("LH-M1", "--fate", "leaves")
    mobiles.sign(name)
    edit(mobiles, ",,,,mdm1:0000", ",,,personal,mdm1:0000")
    done = mobiles("decommission", name)
    assert (done.code, "the owner company" in done.err, queued(mobiles)) == (3, True, [])


def test_mobiles_without_serial_numbers_are_each_erased(mobiles) -> None:
    name = mobiles.ask("LH-M1", "LH-M2", "--fate", "leaves")
    mobiles.sign(name)
    found = mobiles.go(name)
    assert queued(mobiles) == ["00008030-001A", "b318edb7-2b55"]
    assert {value for one in found.values() for value in results(one).values()} == {"PASS"}


def test_a_server_that_is_in_the_inventory_no_more_is_unknown(mobiles, monkeypatch) -> None:
    monkeypatch.setattr(managing, "PATIENCE", 0.0)
    name = mobiles.ask("LH-M1", "--fate", "leaves")
    mobiles.sign(name)
    edit(mobiles, MDM, "", "inventory/hosts.yml")
    done = clean(mobiles("decommission", name))
    assert (done.code, "mdm1: mdm: it is no MDM server" in done.out) == (4, True)


def test_a_station_that_is_in_the_inventory_no_more_is_unknown(yard) -> None:
    name = signed(yard)
    edit(yard, "commsroom_backend: wipe_station", "commsroom_backend: phone\n      phone_exchange: x", "inventory/hosts.yml")  # fmt: skip
    done = clean(yard("decommission", name))
    assert (done.code, "it is no wipe station of the inventory any more" in done.out) == (4, True)


# ── a station answers oddly ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("call", ["_look", "_refusals", "_start"])
@pytest.mark.parametrize("answer", [None, [], {"disks": 1, "refused": [1], "jobs": []}])
def test_an_answer_that_makes_no_sense_is_said_to_make_none(
    yard, monkeypatch, call, answer
) -> None:
    yard.devices(COMPUTER)
    yard.attach({"serial": "WD1"}, {"serial": "WD2"})
    words = ["LH-C1", "--fate", "leaves", "--by", "P3"]
    if call == "_start":
        words = [signed(yard)]
    monkeypatch.setattr(FakeClient, call, lambda _self, _data: answer)
    done = clean(yard("decommission", *words))
    assert (done.code, "wipe1: wipe: its answer makes no sense" in done.err + done.out) == (4, True)


def test_an_answer_about_fewer_disks_than_were_asked_after_is_none(yard, monkeypatch) -> None:
    yard.devices(COMPUTER)
    yard.attach({"serial": "WD1"}, {"serial": "WD2"})
    monkeypatch.setattr(FakeClient, "_refusals", lambda _self, _data: {"refused": [[]]})
    done = yard("decommission", "LH-C1", "--fate", "leaves", "--by", "P3")
    assert (done.code, "its answer makes no sense" in done.err) == (4, True)


def attached(monkeypatch, serial, odd):
    """Let stations say something else of one disk that is attached, and of the others what is so."""
    look = FakeClient._look

    def told(self, data):
        disks = look(self, data)["disks"]
        return {"disks": [odd(one) if one["serial"] == serial else one for one in disks]}

    monkeypatch.setattr(FakeClient, "_look", told)


ODD_DISKS = {
    "nothing": lambda _: None, "a text": lambda _: "disk", "of no kind": lambda one: {**one, "kind": "tape"},
    "no size": lambda one: {**one, "bytes": None}, "an error that is none": lambda _: {"error": 5},
}  # fmt: skip


@pytest.mark.parametrize("odd", ODD_DISKS.values(), ids=ODD_DISKS)
def test_one_attached_disk_that_makes_no_sense_holds_no_other(yard, monkeypatch, odd) -> None:
    yard.devices(COMPUTER)
    yard.attach({"serial": "WD1"}, {"serial": "WD2"}, {"serial": "WD3"})
    with monkeypatch.context() as patch:
        attached(patch, "WD3", odd)
        name = yard.ask("LH-C1", "--fate", "leaves")
        yard.sign(name)
    assert results(yard.go(name)["LH-C1"]) == {"WD1": "PASS", "WD2": "PASS"}


@pytest.mark.parametrize("odd", ODD_DISKS.values(), ids=ODD_DISKS)
def test_who_asks_for_it_hears_that_a_disk_makes_no_sense(yard, monkeypatch, odd) -> None:
    yard.devices(COMPUTER)
    yard.attach({"serial": "WD1"}, {"serial": "WD2"})
    attached(monkeypatch, "WD2", odd)
    done = clean(yard("decommission", "LH-C1", "--fate", "leaves", "--by", "P3"))
    assert done.code == 1
    why = "(wipe1 cannot tell which disk one is: the station's answer about it makes no sense)"
    assert f"LH-C1: its disk WD2 is attached to no wipe station {why}" in done.err


def answering(monkeypatch, **changed):
    """Let stations end their jobs with something else in the answer."""
    after = FakeClient._after
    monkeypatch.setattr(FakeClient, "_after", lambda self, job: {**after(self, job), **changed})


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"evidence": " "}, "not what that rests on"),
        ({"refused": ["it is mounted"]}, "that it refused: it is mounted"),
        ({"serial": "WD9"}, "the station wiped WD9"),
        ({"method": "discard"}, "the station wiped it by discard"),
    ],
)
def test_a_pass_that_rests_on_nothing_is_unknown(yard, monkeypatch, changed, said) -> None:
    name = signed(yard)
    answering(monkeypatch, **changed)
    device = yard.go(name, code=4)["LH-C1"]
    assert results(device) == {"WD1": "UNKNOWN", "WD2": "UNKNOWN"}
    assert said in device["media"][0]["wiped"]["reason"]
    assert yard.validate(name).code == 3


SENSELESS = [
    {"ended": 10**30}, {"ended": 1e300}, {"ended": -1}, {"evidence": 5}, {"notes": [{}]}, {"said": None},
    {"refused": {}}, {"result": []},
]  # fmt: skip


@pytest.mark.parametrize("changed", SENSELESS)
def test_a_verdict_that_no_certificate_can_hold_is_unknown(yard, monkeypatch, changed) -> None:
    name = signed(yard)
    answering(monkeypatch, **changed)
    device = yard.go(name, code=4)["LH-C1"]
    assert results(device) == {"WD1": "UNKNOWN", "WD2": "UNKNOWN"}
    assert device["media"][0]["wiped"]["reason"] == "the station's answer about it makes no sense"
    assert yard.validate(name).code == 3


def standing(monkeypatch, serial, odd):
    """Let stations answer something else about one disk's job, and of the others what is so."""
    status = FakeClient._status

    def told(self, data):
        answer = status(self, data)
        for name, one in answer["jobs"].items():
            if one.get("serial") == serial:
                answer["jobs"][name] = {**one, **odd} if isinstance(odd, dict) else odd
        return answer

    monkeypatch.setattr(FakeClient, "_status", told)


@pytest.mark.parametrize(
    "odd",
    [None, [], "ended", {"state": "done"}, {"state": []}, {"began": -1}, {"result": "passed"}],
)
def test_one_disk_s_senseless_answer_holds_no_other_disk(yard, monkeypatch, odd) -> None:
    name = signed(yard)
    standing(monkeypatch, "WD1", odd)
    found = clean(yard("decommission", name, "--json"))
    (device,) = found.document["devices"]
    assert (found.code, results(device)) == (4, {"WD1": "UNKNOWN", "WD2": "PASS"})
    assert device["media"][0]["wiped"]["reason"] == "the station's answer about it makes no sense"
    assert not found.document["unknown"]
    assert yard.validate(name).code == 3


def test_a_disk_with_a_senseless_answer_is_wiped_again_when_asked_to(yard, monkeypatch) -> None:
    name = signed(yard)
    with monkeypatch.context() as once:
        standing(once, "WD1", None)
        yard.go(name, code=4)
    assert results(yard.go(name, code=4)["LH-C1"]) == {"WD1": "UNKNOWN", "WD2": "PASS"}
    device = yard.go(name, "--again")["LH-C1"]
    assert results(device) == {"WD1": "PASS", "WD2": "PASS"}
    assert yard.validate(name).code == 0


@pytest.mark.parametrize("odd", [None, {}, "no", 1, [1], [{}]])
def test_one_disk_s_senseless_refusal_is_told_as_one(yard, monkeypatch, odd) -> None:
    yard.devices(COMPUTER)
    yard.attach({"serial": "WD1"}, {"serial": "WD2"})
    monkeypatch.setattr(FakeClient, "_refusals", lambda _self, _data: {"refused": [odd, []]})
    done = clean(yard("decommission", "LH-C1", "--fate", "leaves", "--by", "P3", "--json"))
    told = ["WD1: the station's answer about it makes no sense"]
    assert done.document["refused"] == {"LH-C1": told}


def test_what_a_station_says_is_one_line_on_a_certificate(yard, monkeypatch) -> None:
    name = signed(yard)
    answering(monkeypatch, reason="a\nb\x1b[31m\u202e\0", evidence="x" * 10**6)
    yard.go(name)
    assert yard.validate(name).code == 0


# ── people and what they say ────────────────────────────────────────────────────────────────


def by_hand(yard, name, *words):
    return yard("decommission", name, "--witnessed", "LH-P1", "--by", "P3", "--witness", "P5", *words)  # fmt: skip


@pytest.mark.parametrize("note", ["a\nb", "\u202e", "\0", "\x1b[31m", "\udcff", "x" * 3000])
def test_a_note_that_no_certificate_can_hold_is_refused_at_once(yard, note) -> None:
    name = signed(yard, PHONE, "LH-P1", "stays")
    yard.go(name)
    assert by_hand(yard, name, "--note", note).code == 1
    assert by_hand(yard, name, "--note", "shredded").code == 0
    assert yard.validate(name).code == 0


def test_nobody_has_seen_what_is_lost(yard) -> None:
    name = signed(yard, PHONE, "LH-P1", "stays")
    yard.go(name)
    assert yard("device", "lost", "LH-P1", "--reason", "taxi", "--by", "P3").code == 0
    done = by_hand(yard, name)
    assert (done.code, "LH-P1 is lost" in done.err) == (3, True)
    assert yard.validate(name).code == 3
    assert yard("device", "found", "LH-P1", "--by", "P3").code == 0
    assert by_hand(yard, name).code == 0


def test_who_is_in_the_roster_no_more_is_asked_back_by_name(yard) -> None:
    name = signed(yard, PHONE, "LH-P1", "stays")
    yard.go(name)
    assert by_hand(yard, name).code == 0
    yard.estate.leave("P5")
    done = clean(yard.validate(name))
    assert (done.code, "P5 did part of this, and is in the roster no more" in done.err) == (1, True)
    assert not (yard.path / "records").exists()


# ── what is asked for ───────────────────────────────────────────────────────────────────────


def test_a_medium_said_twice_is_not_signed_as_two_with_one_verdict(yard) -> None:
    yard.devices(COMPUTER)
    yard.attach({"serial": "WD1"}, {"serial": "WD2"})
    also = ("--also", "LH-C1=paper") * 2
    done = yard("decommission", "LH-C1", "--fate", "leaves", "--by", "P3", *also)
    assert (done.code, "two of its media are called 'paper'" in done.err) == (1, True)
    yard.devices(COMPUTER.replace("WD1 WD2", "WD1 WD1"))
    done = yard("decommission", "LH-C1", "--fate", "leaves", "--by", "P3")
    assert (done.code, "two of its media are called 'WD1'" in done.err) == (1, True)


def test_a_disk_that_cannot_be_wiped_is_destroyed_by_another_request(yard) -> None:
    first = signed(yard)
    yard.attach({"serial": "WD1"}, {"serial": "WD2", "fault": "fails"})
    yard.go(first, code=2)
    name = yard.ask("LH-C1", "--fate", "leaves", "--method", "LH-C1:WD2=destroy")
    assert name != first
    assert yard("decommission", "LH-C1").code == 3  # the later one, which nobody has signed
    yard.sign(name)
    assert results(yard.go(name)["LH-C1"]) == {"WD1": "PASS", "WD2": None}
    seen = ("--witnessed", "LH-C1:WD2", "--by", "P3", "--witness", "P5")
    assert yard("decommission", name, *seen).code == 0
    assert yard.validate(name).document["devices"][0]["retired"]
    left = yard("decommission", "--json").document["requests"]
    assert [one["devices"][0]["retired"] for one in left] == [True, True]


def test_a_device_that_only_waits_is_not_asked_about_anew(yard) -> None:
    name = yard.wiped("LH-C1", COMPUTER)
    assert yard.ask("LH-C1", "--fate", "scrapped") == name


def test_what_fakes_did_is_labelled_and_what_is_next_stays_with_them(yard) -> None:
    yard.devices(COMPUTER)
    yard.attach({"serial": "WD1"}, {"serial": "WD2"})
    asked = yard("decommission", "LH-C1", "--by", "P3", "--fate", "leaves")
    told = f" --by ID --key FILE --simulate {yard.path}"
    assert told in asked.out
    name = asked.out.split()[0]
    refused = yard("decommission", name)
    assert f"commsroom approve {name}{told}" in refused.err
    yard.sign(name)
    done = yard("decommission", name)
    lines = done.out.splitlines()
    assert all(text.endswith("[simulated]") for text in lines if "PASS" in text)
    assert "0 retired [simulated: im1, mail1, pbx1, wipe1]" in done.out
    assert lines[-1].endswith(f" --validate{told}")
    assert "wipe1" in yard("decommission", name, "--json").document["simulated"]
    assert "[simulated: " in yard("decommission").out
