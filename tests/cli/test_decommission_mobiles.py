"""decommission of mobiles: their MDM server erases the company's, and takes the work profile off a person's own."""

import json

import pytest


def results(device):
    return {one["medium"]: one["wiped"] and one["wiped"]["result"] for one in device["media"]}


MOBILES = """asset_tag,kind,vendor,model,serial,mac,purchased,warranty_end,price,site,holder,state,port,media,owner,mdm
LH-M1,mobile,Apple,iPhone 16,F1,,2019-01-02,,,home,,stock,,,,mdm1:00008030-001A
LH-M2,mobile,Apple,iPhone 16,F2,,2019-01-02,,,home,,stock,,,personal,mdm1:b318edb7-2b55
LH-M3,mobile,Nokia,3310,F3,,2019-01-02,,,home,,stock,,,,
LH-M4,mobile,Apple,iPhone 16,F4,,2019-01-02,,,home,,stock,,,personal,
"""
MDM = """    mdm1:
      ansible_host: 127.0.0.1
      commsroom_backend: nanomdm
      nanomdm_url: https://mdm1.small.example
      nanomdm_api_key_file: /nonexistent
      nanomdm_profile: com.small.enrol
"""


@pytest.fixture
def mobiles(yard):
    (yard.path / "policies/devices.csv").write_text(MOBILES)
    with (yard.path / "inventory/hosts.yml").open("a") as file:
        file.write(MDM)
    return yard


def mdm(yard, **states):
    file = yard.path / "mdm1.json"
    held = json.loads(file.read_text()) if file.exists() else {}
    found = {name.replace("_", "-"): {"state": state} for name, state in states.items()}
    file.write_text(json.dumps({**held, "mobiles": found}))


def told(yard):
    queue = json.loads((yard.path / "mdm1.json").read_text())["queue"].values()
    return [(one["enrolment"], one["what"]) for one in queue]


def test_the_company_s_mobile_is_erased_and_a_person_s_own_loses_the_work_profile_only(
    mobiles,
) -> None:
    name = mobiles.ask("LH-M1", "LH-M2", "--fate", "leaves")
    mobiles.sign(name)
    found = mobiles.go(name)
    assert [results(one) for one in found.values()] == [{"F1": "PASS"}, {"F2": "PASS"}]
    assert told(mobiles) == [("00008030-001A", "EraseDevice"), ("b318edb7-2b55", "RemoveProfile")]
    assert mobiles.validate(name).code == 0
    file = next((mobiles.path / "records/certificates").glob("LH-M1*.json"))
    (medium,) = json.loads(file.read_text())["certificate"]["media"]
    assert "never run on hardware" in medium["notes"]
    file = next((mobiles.path / "records/certificates").glob("LH-M2*.json"))
    (own,) = json.loads(file.read_text())["certificate"]["media"]
    assert (own["destination"], own["destination_details"]) == (
        "other",
        "its holder keeps it: it is their own",
    )


def test_a_mobile_that_is_away_is_unknown_and_erased_once_when_it_comes_by(
    mobiles, monkeypatch
) -> None:
    from commsroom.app import managing

    monkeypatch.setattr(managing, "PATIENCE", 0.0)
    mdm(mobiles, **{"00008030_001A": "offline"})
    name = mobiles.ask("LH-M1", "--fate", "leaves")
    mobiles.sign(name)
    for _ in range(2):
        assert results(mobiles.go(name, code=4)["LH-M1"]) == {"F1": None}
    assert len(told(mobiles)) == 1
    mdm(mobiles)
    assert results(mobiles.go(name)["LH-M1"]) == {"F1": "PASS"}
    assert len(told(mobiles)) == 1


def test_a_mobile_that_refuses_is_told_again_only_when_told(mobiles) -> None:
    mdm(mobiles, **{"00008030_001A": "broken"})
    name = mobiles.ask("LH-M1", "--fate", "leaves")
    mobiles.sign(name)
    for _ in range(2):
        assert results(mobiles.go(name, code=2)["LH-M1"]) == {"F1": "FAIL"}
    assert len(told(mobiles)) == 1
    mdm(mobiles)
    assert results(mobiles.go(name, "--again")["LH-M1"]) == {"F1": "PASS"}


def test_a_mobile_that_no_server_manages_is_reset_by_hand(mobiles) -> None:
    mobiles.ask("LH-M3", "--fate", "stays")
    listed = json.loads(mobiles("approvals", "--json").out)["requests"][0]["subject"]["devices"]
    assert [item["method"] for item in listed[0]["media"]] == ["mobile-reset"]


def test_a_person_s_own_that_no_server_manages_is_asked_about(mobiles) -> None:
    done = mobiles("decommission", "LH-M4", "--by", "P3")
    assert (done.code, "write SYSTEM:ENROLMENT into its column `mdm`" in done.err) == (1, True)


def test_a_memory_card_is_an_item_of_its_own_and_is_destroyed(mobiles) -> None:
    """No station reads a card that nobody has put in, and its list by hand says to take it out."""
    name = mobiles.ask("LH-M3", "--fate", "stays", "--also", "LH-M3=card", "--also", "LH-M3=sim")
    mobiles.sign(name)
    listed = json.loads(mobiles("approvals", "--json").out)["requests"][0]["subject"]["devices"]
    assert [(item["kind"], item["method"]) for item in listed[0]["media"]] == [
        ("company's mobile", "mobile-reset"),
        ("flash memory", "destroy"),
        ("SIM card", "destroy"),
    ]
    mobiles.go(name)
    done = mobiles(
        "decommission", name, "--witnessed", "LH-M3", "--by", "P3", "--witness", "P4", "--json"
    )
    assert results(done.document["devices"][0]) == {
        "F3": "PASS", "flash memory": "PASS", "SIM card": "PASS"
    }  # fmt: skip
