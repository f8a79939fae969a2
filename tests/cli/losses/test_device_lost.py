"""A lost device is shut out at once, whatever fails; it comes back only by a named person (clause 4.4.2)."""

from datetime import UTC, datetime, timedelta

import pytest

from commsroom.app import losing
from commsroom.errors import SystemUnknown

DAY = ("--as-of", "2026-03-02")
OWN = {"T-1/admin", "T-1/fetch"}


def test_a_lost_desk_phone_has_no_profile_and_nothing_it_knew_is_good(office) -> None:
    office("lost", "T-1", "--reason", "gone from the counter", "--by", "P1")
    assert "prov1:phone_profile/T-1" not in office.owned()
    assert "prov1:phone_profile/T-2" in office.owned()
    assert office.generations("T-1/admin", "T-1/fetch", "ann/sip") == {
        "T-1/admin": 2, "T-1/fetch": 2, "ann/sip": 2,
    }  # fmt: skip
    with office.open() as estate:
        assert str(estate.ledger.rotations(["ann/sip"])["ann/sip"].phase) == "revoked"
        assert estate.ledger.rotations(["ann/mailbox"]) == {}, "a desk phone knows no mail password"


def test_a_lost_mobile_takes_every_secret_of_its_holder_along_and_nobody_else_s(office) -> None:
    found = office("lost", "M-1", "--reason", "left in a taxi")
    (told,) = [one["what"] for one in found["timeline"] if one["step"] == "renewed"]
    everything = ("ann/chat", "ann/mail", "ann/sip", "ann/voicemail")
    assert told == f"renewed: {', '.join(everything)}"
    assert set(office.generations(*everything).values()) == {2}
    assert set(office.generations("T-1/admin", "T-1/fetch").values()) == {1}


def test_whoever_runs_it_again_renews_nothing_twice(office) -> None:
    office("lost", "T-1", "--reason", "gone")
    before = office.generations(*OWN, "ann/sip")
    office("lost", "T-1")
    assert office.generations(*OWN, "ann/sip") == before
    assert office.events().count("reported") == 1


@pytest.mark.parametrize("step", ["_withdraw", "_renew"])
def test_what_cannot_be_done_keeps_nothing_else_from_being_done(office, monkeypatch, step) -> None:
    def silent(*_given):
        raise SystemUnknown("prov1", "apply", "it does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(losing, step, silent)
        found = office("lost", "T-1", "--reason", "gone", code=4)
    done = {one["step"] for one in found["timeline"]}
    assert len(done & {"withdrawn", "renewed"}) == 1
    assert "does not answer" in str(found["left"])
    office("lost", "T-1")
    assert {"withdrawn", "renewed"} <= set(office.events())


@pytest.mark.parametrize("at", [1, 2, 3])
def test_killed_after_any_record_it_goes_on(office, monkeypatch, at) -> None:
    record, count = losing._record, 0

    def killed(*given, **more):
        nonlocal count
        record(*given, **more)
        count += 1
        if count == at:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(losing, "_record", killed)
        office.estate("device", "lost", "T-1", "--reason", "gone")
    found = office("lost", "T-1")
    assert found["open"] == []
    assert office.generations(*OWN) == {"T-1/admin": 2, "T-1/fetch": 2}


def test_the_record_says_who_did_what_and_how_long_after(office, contract) -> None:
    contract("device lost", office("lost", "M-1", "--reason", "left in a taxi", "--by", "P1"))
    office("lost", "M-1", "--ticked", "carrier", "--by", "P2", "--note", "blocked, call 8831")
    found = office("incident", "M-1")
    contract("device incident", found)
    assert (found["reported_by"], found["holder"]) == ("P1", "P1")
    last = found["timeline"][-1]
    assert (last["by"], last["what"]) == ("P2", "carrier: blocked, call 8831")
    assert last["seconds_after"] > 0
    todo = {one["duty"]: one["done"] for one in found["duties"]}
    assert todo["carrier"]["note"] == "blocked, call 8831"
    assert todo["authority"] is None
    text = office.estate("device", "incident", "M-1").out
    assert "WHEN (UTC)" in text
    assert "open: authority" in text


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Who did what, and when", "blocked, call 8831", "lock: done")),
        ("zh-Hant", ("處理經過", "blocked, call 8831", "鎖定\uff1a完成")),
    ],
)
def test_an_auditor_gets_the_record_as_a_page_that_names_people(office, language, words) -> None:
    office("lost", "M-1", "--reason", "<b>taxi</b>", "--by", "P1")
    office("lost", "M-1", "--ticked", "carrier", "--by", "P2", "--note", "blocked, call 8831")
    page = office.estate.path / "incident.html"
    told = office.estate(
        "device", "incident", "M-1", "--format", "html", "--language", language, "--out", page
    )
    assert (told.code, told.out) == (0, f"Report: {page}\n")
    text = page.read_text("utf-8")
    with office.open() as estate:
        (name,) = [person.name for person in estate.policy.people if person.id == "P2"]
    assert f'<html lang="{language}">' in text
    assert [word for word in (*words, f"{name} (P2)") if word not in text] == []
    assert "<b>taxi" not in text
    assert "<script" not in text
    assert "mdm1" in text, "it says that its systems are simulated"


def test_the_record_on_paper_needs_a_file(office) -> None:
    office("lost", "T-1", "--reason", "gone")
    refused = office.estate("device", "incident", "T-1", "--format", "pdf")
    assert (refused.code, "add --out incident.pdf" in refused.err) == (1, True)
    paper = office.estate.path / "incident.pdf"
    assert office.estate("device", "incident", "T-1", "--format", "pdf", "--out", paper).code == 0
    assert paper.read_bytes().startswith(b"%PDF")


def test_the_authority_s_deadline_is_told_only_while_it_is_open(office) -> None:
    office("lost", "M-1", "--reason", "gone")
    words = ("device", "lost", "M-1", "--ticked")
    before = office.estate(*words, "police", "--by", "P2", "--note", "no. 1").out
    after = office.estate(*words, "authority", "--by", "P2", "--note", "no personal data").out
    assert ["to be reported by" in text for text in (before, after)] == [True, False]


def _lost_checks(office, *words):
    done = office.estate("inspect", "--only", "equipment:lost/*", "--no-use", "--json", *words)
    return [(one["address"], one["ok"]) for one in done.document["checks"]]


def test_an_auditor_sees_whether_lost_devices_are_shut_out(office) -> None:
    assert _lost_checks(office) == [("equipment:lost/devices", True)]
    office.mobiles(**{"00008030_001A": "offline"})
    office("lost", "M-1", "--reason", "gone", code=4)
    assert _lost_checks(office) == [("equipment:lost/M-1", None)], "nobody can tell yet"
    office.mobiles()
    office("lost", "M-1")
    assert _lost_checks(office) == [("equipment:lost/devices", True)]
    later = (datetime.now(UTC) + timedelta(days=5)).date().isoformat()
    assert _lost_checks(office, "--as-of", later) == [("equipment:lost/M-1", False)], (
        "no one ticked"
    )
    for duty in ("carrier", "police", "insurer", "authority", "holder"):
        office("lost", "M-1", "--ticked", duty, "--by", "P2", "--note", "done")
    assert _lost_checks(office, "--as-of", later) == [("equipment:lost/devices", True)]


def test_what_was_not_shut_out_fails_the_inspection(office, monkeypatch) -> None:
    def silent(*_given):
        raise SystemUnknown("prov1", "apply", "it does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(losing, "_withdraw", silent)
        office("lost", "T-1", "--reason", "gone", code=4)
    assert _lost_checks(office) == [("equipment:lost/T-1", False)]


def test_no_secret_is_in_the_record(office) -> None:
    office("lost", "T-1", "--reason", "gone")
    with office.open() as estate:
        held = [estate.secrets.get_many([(path, 1)])[path, 1].reveal() for path in ("ann/sip",)]
    told = str(office("incident", "T-1")) + office.estate("device", "incident", "T-1").out
    assert not [word for word in held if word in told]


def test_the_maintenance_file_of_a_lost_and_found_device_can_be_read(office) -> None:
    office("lost", "T-1", "--reason", "gone")
    office("found", "T-1", "--by", "P2", "--unwiped", "it was in the drawer")
    assert [one["step"] for one in office("show", "T-1")["history"]] == ["lost", "found"]


def test_a_found_device_is_issued_only_once_somebody_answers_for_it(office) -> None:
    office("lost", "T-1", "--reason", "gone")
    assert "not cleared" in office.estate("device", "issue", "T-1", "P4").err
    office("found", "T-1", "--by", "P2")
    refused = office.estate("device", "issue", "T-1", "P4")
    assert (refused.code, "not cleared" in refused.err) == (3, True)
    office("found", "T-1", "--by", "P2", "--wiped", "--witness", "P3")
    office("issue", "T-1", "P4")
    done = office.estate("apply", "--yes", "--allow-removal", "total", *DAY)
    assert done.code == 0, done.err
    assert office.generations(*OWN) == {"T-1/admin": 2, "T-1/fetch": 2}


def test_a_row_edited_to_issued_is_no_way_round(office) -> None:
    office("lost", "T-1", "--reason", "gone")
    file = office.estate.path / "policies/devices.csv"
    edited = file.read_text().replace(",home,,lost,,", ",home,P4,issued,sw1:Gi1/0/1,", 1)
    assert edited != file.read_text()
    file.write_text(edited)
    assert "not cleared" in office.estate("device", "correct", "--reason", "mine").err
    file.write_text(edited.replace("P4,issued,sw1:Gi1/0/1", ",stock,"))
    assert "is lost" in office.estate("device", "correct", "--reason", "mine").err
    office("found", "T-1", "--by", "P2")
    file.write_text(edited)
    assert office.estate("device", "correct", "--reason", "mine").code == 3


def test_one_that_is_lost_again_is_another_incident(office) -> None:
    office("lost", "T-1", "--reason", "gone")
    office("found", "T-1", "--by", "P2", "--unwiped", "it was in the drawer")
    office("issue", "T-1", "P1")
    office.estate("apply", "--yes", "--allow-removal", "total", *DAY)
    found = office("lost", "T-1", "--reason", "gone once more")
    assert [one["step"] for one in found["timeline"]].count("reported") == 1
    assert office.generations("T-1/fetch") == {"T-1/fetch": 3}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["lost", "T-9", "--reason", "gone"], "T-9"),
        (["lost", "T-1"], "--reason is empty"),
        (["lost", "T-1", "--reason", "gone", "--by", "P9"], "P9"),
        (["lost", "T-1", "--ticked", "police", "--by", "P1", "--note", "x"], "commsroom device lost T-1 --reason TEXT"),
        (["found", "T-1", "--by", "P1"], "commsroom device lost T-1 --reason TEXT"),
        (["incident", "T-1"], "commsroom device lost T-1 --reason TEXT"),
        (["lost", "T-1", "--note", "x"], "--ticked"),
    ],
)  # fmt: skip
def test_a_slip_is_one_line_and_records_nothing(office, words, said) -> None:
    done = office.estate("device", *words)
    assert done.code == 1
    assert said in done.err
    assert office.events() == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["lost", "T-1", "--ticked", "carrier", "--by", "P1", "--note", "x"], "no duty for T-1"),
        (["lost", "T-1", "--ticked", "police", "--note", "x"], "nobody is named"),
        (["lost", "T-1", "--ticked", "police", "--by", "P1"], "--note is empty"),
        (["found", "T-1"], "nobody is named"),
        (["found", "T-1", "--by", "P1", "--wiped"], "--witness"),
        (["found", "T-1", "--by", "P1", "--wiped", "--witness", "P1"], "cannot be witness"),
    ],
)  # fmt: skip
def test_nobody_ticks_or_clears_without_a_name(office, words, said) -> None:
    office("lost", "T-1", "--reason", "gone")
    before = office.events()
    done = office.estate("device", *words)
    assert done.code == 1
    assert said in done.err
    assert office.events() == before


def test_a_lost_mobile_is_locked_and_erased_and_a_persons_own_only_loses_its_profile(
    office,
) -> None:
    office("lost", "M-1", "--reason", "left in a taxi")
    office("lost", "M-2", "--reason", "left in a taxi")
    assert office.queued() == [
        ("00008030-001A", "DeviceLock"),
        ("00008030-001A", "EraseDevice"),
        ("b318edb7-2b55", "RemoveProfile"),
    ]
    told = [one["what"] for one in office("incident", "M-1")["timeline"]]
    assert [what for what in told if what.endswith("done")] == ["lock: done", "erase: done"]


def test_one_that_is_switched_off_is_not_known_to_be_erased_until_it_says_so(office) -> None:
    office.mobiles(**{"00008030_001A": "offline"})
    found = office("lost", "M-1", "--reason", "left in a taxi", code=4)
    assert found["open"] == ["lock: no answer yet", "erase: no answer yet"]
    assert "renewed" in office.events(), "its silence keeps nothing else from being done"
    office("lost", "M-1", code=4)
    assert len(office.queued()) == 2, "queued once, however often it is run"
    office.mobiles()
    assert office("lost", "M-1")["open"] == []


def test_one_that_erased_itself_may_be_issued_once_it_is_found(office) -> None:
    office("lost", "M-1", "--reason", "left in a taxi")
    assert office("found", "M-1", "--by", "P2")["cleared"]
    office("issue", "M-1", "P4")


def test_policy_may_only_lock(office) -> None:
    policy = office.estate.path / "policies/equipment.yml"
    policy.write_text("---\nloss: {erase: false}\n")
    office("lost", "M-1", "--reason", "left in a taxi")
    assert office.queued() == [("00008030-001A", "DeviceLock")]
    assert not office("found", "M-1", "--by", "P2")["cleared"]


def test_a_mobile_that_says_no_is_a_difference(office) -> None:
    office.mobiles(**{"00008030_001A": "broken"})
    office("lost", "M-1", "--reason", "left in a taxi", code=2)
    told = [one["what"] for one in office("incident", "M-1")["timeline"]]
    assert "erase: failed (The command is not allowed.)" in told


def test_one_without_an_mdm_server_is_shut_out_all_the_same(office) -> None:
    office("lost", "M-3", "--reason", "left in a taxi")
    assert office.queued() == []
    assert "renewed" in office.events()


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("im1:00008030", "lock and erase not possible: M-1: 'im1' is no MDM server"),
        (
            "gone:00008030",
            "'gone' is no MDM server of the inventory (one of mdm1)",
        ),
    ],
)
def test_a_server_that_is_none_keeps_nothing_else_from_being_shut_out(office, row, said) -> None:
    file = office.estate.path / "policies/devices.csv"
    file.write_text(file.read_text().replace("mdm1:00008030", row))
    found = office("lost", "M-1", "--reason", "left in a taxi", code=4)
    assert said in found["left"]["mobile"]
    assert found["open"] == ["lock: to be queued", "erase: to be queued"]
    assert set(office.generations("ann/chat", "ann/mail", "ann/sip").values()) == {2}
    assert ",lost," in next(one for one in file.read_text().splitlines() if one.startswith("M-1"))
    assert "not possible" in office.estate("device", "lost", "M-1").out


def test_what_was_never_queued_is_no_more_to_be_done_once_it_is_found(office) -> None:
    file = office.estate.path / "policies/devices.csv"
    file.write_text(file.read_text().replace("mdm1:00008030", "im1:00008030"))
    office("lost", "M-1", "--reason", "left in a taxi", code=4)
    office("found", "M-1", "--by", "P2", "--wiped", "--witness", "P3")
    assert office("incident", "M-1")["open"] == []


def test_a_server_that_is_in_the_inventory_no_more_is_named_with_the_remedy(office) -> None:
    hosts = office.estate.path / "inventory/hosts.yml"
    hosts.write_text(hosts.read_text().partition("    mdm1:\n")[0])
    found = office("lost", "M-1", "--reason", "left in a taxi", code=4)
    assert "(give a host commsroom_backend: nanomdm)" in found["left"]["mobile"]
    assert "renewed" in office.events()


def test_a_row_put_right_has_it_locked_after_all_and_in_no_second_place(office) -> None:
    file = office.estate.path / "policies/devices.csv"
    file.write_text(file.read_text().replace("mdm1:00008030", "mdm7:00008030"))
    office.mobiles(**{"00008030_001A": "offline"})
    office("lost", "M-1", "--reason", "left in a taxi", code=4)
    file.write_text(file.read_text().replace("mdm7:00008030", "mdm1:00008030"))
    assert office("lost", "M-1", code=4)["open"][0] == "lock: no answer yet"
    told = office.queued()
    assert told == [("00008030-001A", "DeviceLock"), ("00008030-001A", "EraseDevice")]
    file.write_text(file.read_text().replace("mdm1:00008030-001A", "mdm1:00008030-001B"))
    office.mobiles()
    assert office("lost", "M-1")["open"] == []
    assert office.queued() == told


def test_what_fakes_did_is_labelled_and_what_is_next_stays_with_them(office) -> None:
    told = f" --simulate {office.estate.path}"
    slip = office.estate("device", "lost", "T-1", "--ticked", "police", "--by", "P1", "--note", "x")
    assert f"(commsroom device lost T-1 --reason TEXT{told})" in slip.err
    out = office.estate("device", "lost", "M-1", "--reason", "left in a taxi").out.splitlines()
    assert out[0].endswith("[simulated: im1, mail1, mdm1, pbx1, prov1, sw1]")
    assert next(text for text in out if "lock: done" in text).endswith("  [simulated]")
    assert out[-1] == f"next: commsroom device lost M-1 --ticked carrier --by ID --note TEXT{told}"
    assert "mdm1" in office("lost", "M-1")["simulated"]
    assert "mdm1" in office("incident", "M-1")["simulated"]
    record = office.estate("device", "incident", "M-1").out.splitlines()
    assert record[0].endswith("[simulated: im1, mail1, mdm1, pbx1, prov1, sw1]")
