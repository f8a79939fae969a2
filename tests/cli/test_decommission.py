"""decommission: nothing is wiped before two have signed, nothing is certified that was not seen."""

import json

import pytest

COMPUTER = "LH-C1,computer,Lenovo,T14,PF1,,2019-01-02,,,home,,stock,,WD1 WD2\n"


def results(device):
    return {one["medium"]: one["wiped"] and one["wiped"]["result"] for one in device["media"]}


def test_nothing_is_wiped_before_two_others_have_signed(yard) -> None:
    yard.devices(COMPUTER)
    yard.attach({"serial": "WD1"}, {"serial": "WD2"})
    name = yard.ask("LH-C1", "--fate", "leaves")
    for signed in ((), ("P1",)):
        yard.sign(name, *signed) if signed else None
        done = yard("decommission", name)
        assert done.code == 3
        assert "approve" in done.err
    assert (
        "jobs" not in json.loads((yard.path / "wipe1.json").read_text())
        or not json.loads((yard.path / "wipe1.json").read_text())["jobs"]
    )
    yard.sign(name, "P2")
    device = yard.go(name)["LH-C1"]
    assert results(device) == {"WD1": "PASS", "WD2": "PASS"}
    assert device["next"] == "to be validated by a named person"


def test_what_two_people_signed_says_exactly_what_is_done(yard) -> None:
    yard.devices(COMPUTER)
    yard.attach({"serial": "WD1"}, {"serial": "WD2", "can": []})
    name = yard.ask("LH-C1", "--fate", "leaves", "--also", "LH-C1=paper")
    subject = json.loads(yard("approvals", "--json").out)["requests"][0]["subject"]["devices"][0]
    assert [
        (item.get("serial", ""), item["method"], item["strength"]) for item in subject["media"]
    ] == [
        ("", "shred-paper", "Destroy"),
        ("WD1", "ata-sanitize-overwrite", "Purge"),
        ("WD2", "destroy", "Destroy"),
    ]
    assert "no Purge is possible on it" in subject["media"][2]["notes"][0]
    assert yard("decommission", name).code == 3


def test_who_signs_reads_words_and_not_json(yard) -> None:
    yard.devices(COMPUTER)
    yard.attach({"serial": "WD1"}, {"serial": "WD2"})
    name = yard.ask("LH-C1", "--fate", "leaves")
    words = ("approve", name, "--key", yard.keys / "P1", "--by", "P1", "--yes")
    told = yard(*words).out
    assert "tag LH-C1, serial PF1" in told
    assert "media: serial WD1, bytes 1073741824, device /dev/sd0" in told
    assert [sign for sign in "{}[]" if sign in told] == []


def test_the_second_who_signs_is_told_what_to_do_next(yard) -> None:
    yard.devices(COMPUTER)
    yard.attach({"serial": "WD1"}, {"serial": "WD2", "fault": "fails"})
    name = yard.ask("LH-C1", "--fate", "leaves")
    told = [
        yard("approve", name, "--by", who, "--key", yard.keys / who, "--yes").out
        for who in ("P1", "P2")
    ]
    next_step = f"next: commsroom decommission {name} --simulate {yard.path}\n"
    assert [text.endswith(next_step) for text in told] == [False, True]


def test_what_passed_may_be_certified_while_the_rest_is_wiped_again(yard) -> None:
    yard.devices(
        COMPUTER
        + COMPUTER.replace("LH-C1", "LH-C2").replace("PF1", "PF2").replace("WD1 WD2", "WD3")
    )
    yard.attach({"serial": "WD1"}, {"serial": "WD2"}, {"serial": "WD3", "fault": "fails"})
    name = yard.ask("LH-C1", "LH-C2", "--fate", "leaves")
    yard.sign(name)
    yard.go(name, code=2)
    told = yard("decommission", name).out
    assert f"what passed: commsroom decommission {name} --validate --by ID --key FILE" in told
    assert f"next: commsroom decommission {name} --again --simulate {yard.path}\n" in told


def test_who_asks_hears_at_once_what_the_station_would_refuse(yard) -> None:
    yard.devices(COMPUTER)
    yard.attach({"serial": "WD1"}, {"serial": "WD2", "fault": "busy"})
    done = yard("decommission", "LH-C1", "--fate", "leaves", "--by", "P3", "--json")
    assert done.document["refused"] == {"LH-C1": ["WD2: it is mounted at /mnt"]}
    yard.attach({"serial": "WD1"}, {"serial": "WD2"})
    again = yard("decommission", "LH-C1", "--fate", "leaves", "--by", "P3")
    assert "would be refused" not in again.out
    yard.attach({"serial": "WD1"}, {"serial": "WD2", "fault": "busy"})
    name = done.document["request"]["request"]
    yard.sign(name)
    found = yard.go(name, code=4)
    assert results(found["LH-C1"]) == {"WD1": "PASS", "WD2": "UNKNOWN"}


def test_a_disk_that_is_not_in_the_register_is_not_wiped(yard) -> None:
    yard.devices(COMPUTER.replace("WD1 WD2", "WD1"))
    yard.attach({"serial": "OTHER"})
    done = yard("decommission", "LH-C1", "--by", "P3")
    assert done.code == 1
    assert "its disk WD1 is attached to no wipe station" in done.err


def test_a_computer_without_known_disks_is_asked_about(yard) -> None:
    yard.devices(COMPUTER.replace("WD1 WD2", ""))
    done = yard("decommission", "LH-C1", "--by", "P3")
    assert (done.code, "--no-media LH-C1" in done.err) == (1, True)
    yard.ask("LH-C1", "--no-media", "LH-C1")


def test_a_wipe_that_failed_is_not_certified_and_is_done_again_only_when_told(yard) -> None:
    yard.devices(COMPUTER)
    yard.attach({"serial": "WD1"}, {"serial": "WD2", "fault": "fails"})
    name = yard.ask("LH-C1", "--fate", "leaves")
    yard.sign(name)
    assert results(yard.go(name, code=2)["LH-C1"]) == {"WD1": "PASS", "WD2": "FAIL"}
    yard.attach({"serial": "WD1"}, {"serial": "WD2"})
    assert results(yard.go(name, code=2)["LH-C1"])["WD2"] == "FAIL"
    assert results(yard.go(name, "--again")["LH-C1"]) == {"WD1": "PASS", "WD2": "PASS"}


def test_a_disk_swapped_since_it_was_approved_is_not_wiped(yard) -> None:
    yard.devices(COMPUTER)
    yard.attach({"serial": "WD1"}, {"serial": "WD2"})
    name = yard.ask("LH-C1", "--fate", "leaves")
    yard.sign(name)
    yard.attach({"serial": "WD1"}, {"serial": "ANOTHER"})
    assert results(yard.go(name, code=4)["LH-C1"]) == {"WD1": "PASS", "WD2": "UNKNOWN"}


def test_what_is_done_by_hand_needs_two_people(yard) -> None:
    yard.devices("LH-P1,phone,Yealink,T54W,S1,00:15:65:00:00:02,2019-01-02,,,home,,stock,,\n")
    name = yard.ask("LH-P1", "--fate", "stays", "--category", "low")
    done = yard("decommission", name, "--witnessed", "LH-P1", "--by", "P3", "--witness", "P1")
    assert (done.code, "not closed yet" in done.err) == (3, True)
    yard.sign(name)
    assert "redirection service (RPS)" in yard("decommission", name).out
    done = yard("decommission", name, "--witnessed", "LH-P1", "--by", "P3", "--witness", "P3")
    assert (done.code, "cannot be witness" in done.err) == (1, True)
    found = yard.go(name, "--witnessed", "LH-P1", "--by", "P3", "--witness", "P1")["LH-P1"]
    assert results(found) == {"S1": "PASS"}
    assert found["media"][0]["wiped"]["by"] == ["P3", "P1"]


def test_a_device_is_in_one_request_at_a_time(yard) -> None:
    yard.devices(COMPUTER)
    yard.attach({"serial": "WD1"}, {"serial": "WD2"})
    name = yard.ask("LH-C1", "--fate", "leaves")
    assert yard("decommission", "LH-C1", "--by", "P3").code == 3  # goes on with it, and may not yet
    assert len(json.loads(yard("decommission", "--json").out)["requests"]) == 1
    yard.sign(name)
    yard.go("LH-C1")


def wiped(yard, tags="LH-C1", rows=COMPUTER):
    return yard.wiped(tags, rows)


def validate(yard, name, who="P4", code=0):
    done = yard.validate(name, who)
    assert done.code == code, done.err
    return done


def signing(yard):
    return ("--validate", "--by", "P4", "--key", yard.keys / "P4", "--contact", "ext 9")


def test_what_passed_is_certified_by_a_third_and_enters_the_register(yard) -> None:
    name = wiped(yard)
    device = validate(yard, name).document["devices"][0]
    assert (device["retired"], device["next"], len(device["certificate"])) == (True, "", 64)
    assert "retired" in yard("device", "show", "LH-C1").out
    assert yard("ledger", "verify").code == 0
    assert ",retired,," in (yard.path / "policies/devices.csv").read_text()
    file = next((yard.path / "records/certificates").glob("*.json"))
    done = yard("certificate", "verify", file)
    assert done.code == 0, done.out + done.err
    content = json.loads(file.read_text())["certificate"]
    assert [it["serial"] for it in content["media"]] == ["WD1", "WD2"]
    assert [(it["tool"], it["tool_version"]) for it in content["media"]] == [
        ("hdparm", "simulated 1.0")
    ] * 2
    assert {it["notes"] for it in content["media"]} == {
        "ata-sanitize-overwrite: tested against a simulator of its commands; never run on hardware"
    }
    file.write_text(file.read_text().replace("WD1", "WD9"))
    assert yard("certificate", "verify", file).code == 2


def test_who_asked_does_not_validate(yard) -> None:
    name = wiped(yard)
    assert "P3 asked for this" in validate(yard, name, "P3", code=3).err


def named(yard, **lines):
    """Let the file of approvers name these people, each with the key of another."""
    (yard.path / "policies/approvers").write_text(
        "".join(
            f'{who} namespaces="commsroom-approval,commsroom-certificate" {(yard.keys / f"{key}.pub").read_text()}'
            for who, key in lines.items()
        )
    )


def test_who_is_written_into_the_file_alone_validates_nothing(yard) -> None:
    name = wiped(yard)
    named(yard, P1="P1", P2="P4", P4="P4")
    words = ("--validate", "--by", "P2", "--key", yard.keys / "P4", "--contact", "ext 9")
    done = yard("decommission", name, *words)
    assert done.code == 3
    assert "does not let P2 sign certificates with this key" in done.err
    assert not (yard.path / "records").exists()


def test_a_certificate_holds_after_who_validated_it_is_no_approver_any_more(yard) -> None:
    name = wiped(yard)
    validate(yard, name)
    named(yard, P1="P1", P2="P2")
    for who in ("P1", "P2"):
        words = ("--by", who, "--key", yard.keys / who, "--yes")
        assert yard("approve", "policies/approvers", *words).code == 0
    file = next((yard.path / "records/certificates").glob("*.json"))
    assert yard("certificate", "verify", file).code == 0
    now = yard("certificate", "verify", "--signers", yard.path / "policies/approvers", file)
    assert now.code == 2
    assert "by a key that" in now.out


def test_nothing_is_certified_of_what_failed(yard) -> None:
    yard.devices(COMPUTER)
    yard.attach({"serial": "WD1"}, {"serial": "WD2", "fault": "fails"})
    name = yard.ask("LH-C1", "--fate", "leaves")
    yard.sign(name)
    yard.go(name, code=2)
    assert "nothing to validate" in validate(yard, name, code=3).err
    assert not (yard.path / "records").exists()


def test_a_run_killed_after_the_certificate_does_not_issue_another(yard, monkeypatch) -> None:
    from commsroom.app import retiring

    name = wiped(yard)
    record = retiring.record

    def killed(estate, now, step, devices):
        if step is retiring.Step.CERTIFIED:
            raise KeyboardInterrupt
        record(estate, now, step, devices)

    with monkeypatch.context() as patch:
        patch.setattr(retiring, "record", killed)
        validate(yard, name, code=130)
    assert validate(yard, name).document["devices"][0]["retired"]
    assert len(list((yard.path / "records/certificates").glob("*.json"))) == 1


@pytest.mark.parametrize("at", [1, 2, 4, 6])
def test_killed_after_any_record_it_goes_on_and_wipes_nothing_twice(yard, monkeypatch, at) -> None:
    from commsroom.ledger import Ledger

    yard.devices(COMPUTER)
    yard.attach({"serial": "WD1"}, {"serial": "WD2"})
    name = yard.ask("LH-C1", "--fate", "leaves")
    yard.sign(name)
    done = Ledger.record
    count = 0

    def record(self, *given, **more):
        nonlocal count
        done(self, *given, **more)
        count += 1
        if count == at:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "record", record)
        yard("decommission", name)
    device = yard.go(name)["LH-C1"]
    assert results(device) == {"WD1": "PASS", "WD2": "PASS"}
    assert {one["wiped"]["attempt"] for one in device["media"]} == {1}
    assert validate(yard, name).document["devices"][0]["retired"]


def test_devices_that_went_together_have_a_certificate_together(yard) -> None:
    rows = COMPUTER.replace("WD1 WD2", "WD1") + COMPUTER.replace("LH-C1", "LH-C2").replace(
        "PF1", "PF2"
    ).replace("WD1 WD2", "WD2")
    name = wiped(yard, "LH-C1 LH-C2", rows)
    told = yard("decommission", name, *signing(yard)).out
    files = sorted((yard.path / "records/certificates").glob("*.json"))
    assert len(files) == 3
    assert "certificates: 9 files in records/certificates/\n" in told
    assert yard("certificate", "verify", *files).code == 0
    batch = json.loads(next(it for it in files if "batch" in it.name).read_text())["certificate"]
    assert [it["asset_tag"] for it in batch["assets"]] == ["LH-C1", "LH-C2"]


def test_whoever_validates_hears_where_the_certificates_are(yard) -> None:
    name = wiped(yard)
    told = yard("decommission", name, *signing(yard)).out.splitlines()
    files = [text.removeprefix("certificate: ") for text in told if "certificate: " in text]
    assert [file.partition(".")[2] for file in files] == [
        "certificate.json", "en.pdf", "zh-Hant.pdf",
    ]  # fmt: skip
    assert all((yard.path / file).is_file() for file in files)
    assert validate(yard, name).document["certificates"] == files, "and again, once they are there"


def test_what_is_being_decommissioned_is_issued_to_nobody(yard) -> None:
    name = wiped(yard)
    done = yard("device", "issue", "LH-C1", "P3")
    assert (done.code, f"{name} is approved and begun" in done.err) == (3, True)


def test_what_holds_no_data_is_retired_once_it_is_closed(yard) -> None:
    yard.devices("LH-H1,headset,Jabra,Evolve2,J1,,2019-01-02,,,home,,stock,,\n")
    name = yard.ask("LH-H1")
    yard.sign(name)
    assert yard.go(name)["LH-H1"]["retired"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["LH-X", "--by", "P3"], "LH-X"),
        (["LH-C1"], "who asks?"),
        (["LH-C1", "--by", "P9"], "P9"),
        (["LH-C1", "--by", "P3", "--fate", "lefves"], "leaves"),
        (["LH-C1", "--by", "P3", "--method", "ata-sanitize-blok"], "ata-sanitize-block"),
        (["LH-C1", "--by", "P3", "--method", "LH-C2=destroy"], "LH-C1"),
        (["LH-C1", "--by", "P3", "--also", "LH-C1=tape"], "tape"),
        (["LH-C1", "--by", "P3", "--also", "LH-C1"], "WHAT=VALUE"),
        (["LH-C1", "--by", "P3", "--station", "im1"], "no wipe station"),
        (["LH-C1", "--by", "P3", "--allow-member", "WD9=LVM2_member"], "WD9"),
        (["LH-C1", "--by", "P3", "--until", "2099-01-01"], "cannot be asked until"),
    ],
)  # fmt: skip
def test_a_slip_is_one_line_and_asks_nobody(yard, words, said) -> None:
    yard.devices(COMPUTER)
    yard.attach({"serial": "WD1"}, {"serial": "WD2"})
    done = yard("decommission", *words)
    assert done.code == 1
    assert said in done.err
    assert yard("decommission", "--json").document["requests"] == []


def test_inspect_names_what_was_retired_without_a_certificate(yard) -> None:
    name = wiped(
        yard,
        rows=COMPUTER
        + COMPUTER.replace("LH-C1", "LH-C2").replace("PF1", "PF2").replace("WD1 WD2", ""),
    )
    (yard.path / "policies/equipment.yml").write_text(
        "---\nretirement: {certificates_since: 2020-01-01}\n"
    )
    validate(yard, name)

    def told():
        found = yard("inspect", "--no-use", "--json").document["checks"]
        return {it["place"]: it["ok"] for it in found if it["name"] == "retirement"}

    assert told() == {"certificates": True}
    assert yard("device", "retire", "LH-C2", "--reason", "scrap").code == 0
    assert told() == {"LH-C2": False}
