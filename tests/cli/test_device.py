"""device on the command line: the life of equipment, refused in one line where it makes no sense."""

import json
import re
import shlex
import shutil
import threading
import time
from pathlib import Path

import jsonschema
import pytest

ROOT = Path(__file__).parents[2]
HEADER = (
    "asset_tag,kind,vendor,model,serial,mac,purchased,warranty_end,price,site,holder,state,port\n"
)
ROWS = """\
T-1,phone,Yealink,T54W,S1,80:5e:c0:00:00:01,2024-03-11,2027-03-10,5200,home,P1,issued,sw1:Gi1/0/1
T-2,phone,Yealink,T54W,S2,805e.c000.0002,2025-03-11,2028-03-10,5400,home,,stock,
T-3,phone,Snom,D785,S3,80-5E-C0-00-00-03,2018-01-08,2020-01-07,4800,home,P2,issued,sw1:Gi1/0/3
C-1,computer,ASUS,B5,S4,,2025-01-08,,33000,home,P1,issued,
"""
EQUIPMENT = """\
---
currency: TWD
places:
  store: {name: Store, site: home}
  lobby: {name: Lobby, site: home}
maintenance:
  cleaning: {task: Clean it, kinds: [phone], every: 1y, since: 2026-01-01, consumable: wipes}
renewal:
  phone: {age: 6y}
"""


@pytest.fixture
def equipped(fresh):
    """An estate with equipment, never applied."""
    (fresh.path / "policies/devices.csv").write_text(HEADER + ROWS)
    (fresh.path / "policies/equipment.yml").write_text(EQUIPMENT)
    fresh.policy("company.yml", "sites:\n", "sites:\n  away: {name: Away, country: TW}\n")
    return fresh


@pytest.fixture
def device(equipped):
    """Run `commsroom device …` on it; the row of a tag is what devices.csv says of it then."""

    def call(*words):
        done = equipped("device", *words, simulated=False)
        assert "Traceback" not in done.err
        return done

    call.row = lambda tag: next(
        line.split(",", 9)[9]
        for line in (equipped.path / "policies/devices.csv").read_text().splitlines()
        if line.startswith(f"{tag},")
    )
    return call


def test_a_device_goes_out_and_comes_back_and_its_row_follows(device):
    done = device("issue", "T-2", "P3", "--port", "sw1:Gi1/0/2")
    assert (done.code, done.err) == (0, "")
    assert done.out == "T-2  issued     issued to P3 at home, port sw1:Gi1/0/2\n"
    assert device.row("T-2") == "home,P3,issued,sw1:Gi1/0/2"
    done = device("return", "T-2", "--to", "store")
    assert (done.code, device.row("T-2")) == (0, "home,store,stock,")
    history = device("show", "T-2", "--json").document["history"]
    assert [item["step"] for item in history] == ["issued", "returned"]
    assert history[0]["after"]["holder"] == "P3"


REFUSED = {
    "issue of what is issued": (
        ("issue", "T-1", "P2"), "T-1 is issued to P1 (commsroom device return T-1)"),
    "return of what is in stock": (("return", "T-2"), "T-2 is in stock"),
    "no such device": (
        ("return", "T-22"), "there is no device 'T-22' in devices.csv (did you mean 'T-2'?)"),
    "no such holder": (
        ("issue", "T-2", "lobbi"), "there is no person or place 'lobbi' (did you mean 'lobby'?)"),
    "a port that is taken": (
        ("issue", "T-2", "P3", "--port", "sw1:Gi1/0/1"),
        "the port sw1:Gi1/0/1 is taken by T-1, held by P1 (commsroom device move T-1 --port '')"),
    "no port": (
        ("issue", "T-2", "P3", "--port", "Gi1"),
        "'Gi1' is not a port (write SWITCH:PORT, as in sw-3f:Gi1/0/7)"),
    "no such site": (
        ("move", "T-1", "--site", "hom"),
        "there is no site 'hom' in company.yml (did you mean 'home'?)"),
    "a move to nowhere new": (
        ("move", "T-1"), "nothing is to change (name --port, --site or --to)"),
    "a person's device to a place": (
        ("move", "T-1", "--to", "store"), "T-1 is issued to P1 (commsroom device return T-1)"),
    "the future": (("return", "T-1", "--on", "2199-01-01"), "--on: 2199-01-01 is yet to come"),
    "no amount": (
        ("repair", "T-1", "--cost", "much"),
        "--cost: 'much' is no amount (digits, with a point for cents: 850)"),
    "no such task": (
        ("done", "T-1", "--task", "cleanin"),
        "there is no task 'cleanin' in equipment.yml (did you mean 'cleaning'?)"),
    "a task for others": (
        ("done", "C-1", "--task", "cleaning"), "cleaning is no task for C-1 (ASUS B5)"),
    "retire of what is held": (
        ("retire", "T-1", "--reason", "old"), "T-1 is issued to P1 (commsroom device return T-1)"),
    "whose are they": (("return",), "name devices, or whose they are with --of"),
    "a place that is elsewhere": (
        ("return", "T-1", "--to", "store", "--site", "away"), "store is at home, not at away (leave out --site)"),
    "nobody's": (
        ("return", "--of", "lobby"), "lobby holds nothing (commsroom device list --holder '*')"),
    "a hidden character": (
        ("fault", "T-1", "--reason", "no\u202esound"),
        "--reason: a bidirectional control character (U+202E) may not be part of it"),
    "a comma for cents": (
        ("repair", "T-1", "--cost", "850,50"), "--cost: '850,50' is no amount (write 850.50)"),
    "a fault without a reason": (
        ("fault", "T-1", "--reason", " "), "--reason is empty (say why, for the maintenance file)"),
    "a day before it was bought": (
        ("fault", "T-1", "--reason", "x", "--on", "2024-03-10"),
        "--on: T-1 was bought later, on 2024-03-11 (name a later day, or mend `purchased` in its row)"),
    "no such kind": (("list", "--kind", "fone"), "'fone' is no kind of device (did you mean 'phone'?)"),
    "no such state": (
        ("list", "--state", "broken"),
        "'broken' is no state of a device (one of issued, lost, repair, retired, stock)"),
    "nobody's list": (
        ("list", "--holder", "lobbi"), "there is no person or place 'lobbi' (did you mean 'lobby'?)"),
    "nothing to correct": (
        ("correct", "--reason", "x"),
        "devices.csv says what the ledger says: there is nothing to correct"),
}  # fmt: skip


@pytest.mark.parametrize(("words", "line"), REFUSED.values(), ids=REFUSED)
def test_what_makes_no_sense_is_refused_in_one_line_and_nothing_changes(
    device, equipped, words, line
):
    done = device(*words)
    assert (done.code, done.out, done.err) == (1, "", f"error: {line}\n")
    assert (equipped.path / "policies/devices.csv").read_text() == HEADER + ROWS
    assert device("list", "--json").code == 0


def test_who_holds_nothing_has_an_empty_list(device):
    for nobody in ("P3", "lobby", "Q*"):
        done = device("list", "--holder", nobody, "--json")
        assert (done.code, done.document["devices"]) == (0, [])


def test_the_first_commands_of_the_howto_work_on_the_sample_company(run, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for folder in ("policies", "inventory"):
        shutil.copytree(ROOT / folder, tmp_path / "sample" / folder)
    page = (ROOT / "docs/howto/devices.md").read_text("utf-8")
    commands = re.findall(r"^    (commsroom device .+?)(?:  +#.*)?$", page, re.MULTILINE)[:6]
    assert [shlex.split(one)[2] for one in commands] == [
        "list", "issue", "fault", "repair", "return", "show",
    ]  # fmt: skip
    for one in commands:
        done = run(*shlex.split(one)[1:], "--estate", tmp_path / "sample")
        assert done.code == 0, f"{one}: {done.err}"


def test_of_several_devices_all_come_back_or_none(device):
    assert device("return", "T-1", "T-2").code == 1
    assert device.row("T-1").startswith("home,P1,issued")
    done = device("return", "--of", "P1", "--json")
    assert [item["asset_tag"] for item in done.document["recorded"]] == ["T-1", "C-1"]
    assert (device.row("T-1"), device.row("C-1")) == ("home,,stock,", "home,,stock,")


def test_a_leaver_gone_from_the_roster_gives_back_all_the_same(device, equipped):
    equipped.leave("P2")
    assert device("return", "--of", "P2").out.startswith("T-3  returned")


def test_nobody_is_handed_a_device_after_they_left(device, equipped):
    equipped.policy("people.csv", "2022-01-01,,P1", "2022-01-01,2026-01-31,P1")
    assert device("issue", "T-2", "P3").err == (
        "error: P3 left on 2026-01-31 (issue it to somebody who is here)\n"
    )


def test_a_fault_and_its_repair_are_in_the_maintenance_file_with_the_cost(device):
    device("fault", "T-1", "--reason", "no sound")
    assert device.row("T-1") == "home,P1,repair,sw1:Gi1/0/1"
    device("repair", "T-1", "--cost", "850", "--by", "Tai Yi")
    assert device.row("T-1") == "home,P1,issued,sw1:Gi1/0/1"
    text = device("show", "T-1").out
    assert "fault      no sound" in text
    assert "by Tai Yi; cost 850" in text


def test_nothing_is_recorded_before_what_happened_last(device):
    device("fault", "T-1", "--reason", "x", "--on", "2026-03-02")
    assert (
        "error: T-1: fault on 2026-03-02 is recorded"
        in device("repair", "T-1", "--on", "2026-03-01").err
    )
    assert device("repair", "T-1", "--on", "2026-03-03").code == 0


def test_a_row_edited_by_hand_moves_nothing_and_is_said(device, equipped):
    device("move", "T-1", "--port", "sw1:Gi1/0/9")
    equipped.policy("devices.csv", "P1,issued,sw1:Gi1/0/9", "P2,issued,sw1:Gi1/0/9")
    assert device("list", "--holder", "P2", "--json").document["devices"][0]["asset_tag"] == "T-3"
    done = equipped("inspect", "--only", "equipment:register/*", "--no-use", "--json")
    (check,) = done.document["checks"]
    assert (done.code, check["ok"], check["address"]) == (2, False, "equipment:register/T-1 holder")
    assert check["provenance"]["line"] == 2
    assert device("rewrite").out == "T-1\n1 row rewritten\n"
    assert device.row("T-1") == "home,P1,issued,sw1:Gi1/0/9"
    assert equipped("inspect", "--only", "equipment:register/*", "--no-use").code == 0


def test_somebody_answers_for_rows_edited_by_hand(device, equipped):
    device("move", "T-1", "--port", "sw1:Gi1/0/9")
    equipped.policy("devices.csv", "P1,issued,sw1:Gi1/0/9", "P2,issued,sw1:Gi1/0/9")
    assert device("correct", "--reason", "office move").code == 0
    last = device("show", "T-1", "--json").document["history"][-1]
    assert (last["step"], last["after"]["holder"]) == ("corrected", "P2")
    assert last["details"] == {"reason": "office move"}
    assert equipped("inspect", "--only", "equipment:register/*", "--no-use").code == 0


def test_two_telephones_may_change_places_in_one_correction(device, equipped):
    device("move", "T-1", "--port", "sw1:Gi1/0/1a")
    device("move", "T-3", "--port", "sw1:Gi1/0/3a")
    rows = (HEADER + ROWS).replace("sw1:Gi1/0/1", "x").replace("sw1:Gi1/0/3", "sw1:Gi1/0/1a")
    (equipped.path / "policies/devices.csv").write_text(rows.replace("x", "sw1:Gi1/0/3a"))
    assert device("correct", "T-1", "--reason", "half of it").err == (
        "error: the port sw1:Gi1/0/3a is taken by T-3, held by P2"
        " (commsroom device move T-3 --port '')\n"
    )
    assert device("correct", "--reason", "office move").code == 0
    assert [item["port"] for item in device("list", "--tag", "T-*", "--json").document["devices"]] == [
        "sw1:Gi1/0/3a", None, "sw1:Gi1/0/1a",
    ]  # fmt: skip


def test_a_checkout_that_is_behind_cannot_hand_out_a_device_twice(device, equipped):
    device("issue", "T-2", "P3")
    (equipped.path / "policies/devices.csv").write_text(HEADER + ROWS)  # another's, not pulled yet
    assert device("issue", "T-2", "P4").err.startswith("error: T-2 is issued to P3")


def test_where_devices_csv_cannot_be_written_nothing_is_recorded(device, equipped, monkeypatch):
    def full(**_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("commsroom.policy.device_file.tempfile.mkstemp", full)
    done = device("issue", "T-2", "P3")
    assert done.code == 1
    assert (
        "devices.csv: cannot be written: No space left on device (nothing was recorded)" in done.err
    )
    monkeypatch.undo()
    assert device("show", "T-2", "--json").document["history"] == []


def test_killed_between_ledger_and_file_the_row_is_behind_and_that_is_told(
    device, equipped, monkeypatch
):
    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("commsroom.policy.device_file.Path.replace", killed)
    assert device("issue", "T-2", "P3").code == 130
    monkeypatch.undo()
    assert device.row("T-2") == "home,,stock,"
    found = equipped("inspect", "--only", "equipment:register/*", "--no-use", "--json").document
    assert [item["address"] for item in found["checks"]] == [
        "equipment:register/T-2 holder", "equipment:register/T-2 state",
    ]  # fmt: skip
    assert device("rewrite").code == 0
    assert device.row("T-2") == "home,P3,issued,"


@pytest.mark.slow
def test_commands_side_by_side_lose_no_row(equipped, spawn):
    words = ["--estate", equipped.path, "device", "done", "--task", "cleaning"]
    threads = [
        threading.Thread(target=lambda tag=tag: spawn(*words, tag)) for tag in ("T-1", "T-3")
    ] + [
        threading.Thread(
            target=lambda: spawn("--estate", equipped.path, "device", "issue", "T-2", "P3")
        )
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = (equipped.path / "policies/devices.csv").read_text()
    assert rows == (HEADER + ROWS).replace("home,,stock,", "home,P3,issued,")
    assert equipped("ledger", "verify", simulated=False).out.startswith("The ledger is whole.\n")
    assert len(equipped("ledger", "show", "--json", simulated=False).document["events"]) == 4


def test_a_simulation_leaves_no_trace_in_the_estate(equipped, tmp_path, run):
    words = ["--estate", equipped.path, "--simulate", tmp_path / "trial", "device"]
    assert run(*words, "issue", "T-2", "P3").code == 0
    assert (equipped.path / "policies/devices.csv").read_text() == HEADER + ROWS
    assert (
        run(*words, "list", "--holder", "P3", "--json").document["devices"][0]["state"] == "issued"
    )


def test_what_is_due_is_listed_the_overdue_first_with_what_it_uses_up(device):
    device("done", "T-1", "--task", "cleaning", "--on", "2026-03-02")
    done = device("due", "--as-of", "2027-02-20")
    assert [line.split()[:3] for line in done.out.splitlines()] == [
        ["DUE", "TAG", "TASK"],
        ["2027-01-01", "T-3", "cleaning"],
        ["2027-03-02", "T-1", "cleaning"],
        ["to", "order:", "2"],
        ["2", "tasks", "due,"],
    ]
    assert done.out.endswith("2 tasks due, 1 overdue\n")


@pytest.mark.slow
def test_overdue_maintenance_fails_the_inspection_until_it_is_done(device, equipped):
    look = ("inspect", "--only", "equipment:maintenance/*", "--no-use", "--json")
    assert equipped(*look, "--as-of", "2027-01-01").code == 0
    late = equipped(*look, "--as-of", "2027-01-02")
    assert late.code == 2
    assert [item["address"] for item in late.document["checks"]] == [
        "equipment:maintenance/cleaning T-1", "equipment:maintenance/cleaning T-3",
    ]  # fmt: skip
    remedy = late.document["checks"][0]["remedy"]
    assert remedy.startswith("commsroom device done T-1 --task cleaning --simulate ")
    device("done", "T-1", "T-3", "--task", "cleaning")
    now = ("inspect", "--only", "equipment:maintenance/*", "--no-use", "--json")
    assert equipped(*now, "--as-of", "2027-01-02", simulated=False).code == 0


def test_a_fault_nobody_repairs_fails_the_inspection_after_its_time(device, equipped):
    device("fault", "T-1", "--reason", "no sound", "--on", "2026-03-02")
    look = ("inspect", "--only", "equipment:fault/*", "--no-use", "--json")
    assert equipped(*look, "--as-of", "2026-04-01", simulated=False).code == 0
    done = equipped(*look, "--as-of", "2026-04-02", simulated=False)
    assert (done.code, done.document["checks"][0]["got"]) == (2, "open since 2026-03-02: no sound")


def test_what_only_its_row_says_is_in_repair_is_never_in_time(device, equipped):
    """Out of warranty, forgotten on a bench before the register began."""
    file = equipped.path / "policies/devices.csv"
    file.write_text(HEADER + ROWS.replace("P2,issued,sw1:Gi1/0/3", ",repair,"))
    look = ("inspect", "--only", "equipment:fault/*", "--no-use", "--json")
    done = equipped(*look, simulated=False)
    (check,) = done.document["checks"]
    assert (done.code, check["address"]) == (2, "equipment:fault/T-3")
    assert check["got"].startswith("in repair since a day nobody can name")
    assert device("repair", "T-3").code == 0
    assert equipped(*look, simulated=False).code == 0


@pytest.mark.parametrize("day", ["0001-01-01", "1899-12-31", "2200-01-01", "9999-12-31"])
@pytest.mark.parametrize(
    "words", [("due",), ("procurement",), ("renewals",), ("show", "T-1")], ids=lambda it: it[0]
)
def test_a_day_nobody_can_count_from_is_refused_in_one_line(device, words, day):
    done = device(*words, "--as-of", day)
    assert (done.code, done.out) == (1, "")
    assert "out of reach: the years 1900 to 2199" in done.err
    assert "internal" not in done.err


def test_the_last_day_that_is_known_is_counted_from(device, equipped):
    equipped.policy("positions.yml", "title: Clerk", "title: Clerk\n    equipment: {phone: {}}")
    for words in (("due", "--within", "200y"), ("procurement", "--ahead", "200y"), ("renewals",)):
        assert device(*words, "--as-of", "2199-12-31").code == 0


@pytest.mark.parametrize("name", ["80:5e:c0:00:00:02", "805ec0000002", "80-5E-C0-00-00-02"])
def test_a_device_may_be_named_by_what_its_label_says(device, name):
    assert device("issue", name, "P3").code == 0
    assert device.row("T-2") == "home,P3,issued,"
    assert device("fault", name, "--reason", "no sound").code == 0
    assert device("repair", name, "--cost", "10").out.startswith("T-2  repaired   issued to P3")
    steps = [item["step"] for item in device("show", name, "--json").document["history"]]
    assert steps == ["issued", "fault", "repaired"]
    twice = device("return", "T-2", name, "--json")
    assert [item["asset_tag"] for item in twice.document["recorded"]] == ["T-2"]
    unknown = device("show", "80:5e:c0:00:00:99")
    assert (unknown.code, unknown.err.count("\n")) == (1, 1)


def test_whoever_reports_a_fault_is_told_of_the_warranty(device):
    assert device("fault", "T-1", "--reason", "x", "--on", "2026-03-02").out.endswith(
        "note: T-1 is under warranty until 2027-03-10\n"
    )
    assert device("fault", "T-3", "--reason", "x", "--on", "2026-03-02").out.endswith(
        "note: T-3 is out of warranty since 2020-01-07\n"
    )
    shown = device("show", "T-3", "--as-of", "2026-03-02").out
    assert "  warranty  over since 2020-01-07\n  price     4,800 TWD\n" in shown
    assert "  warranty  until 2020-01-07\n" in device("show", "T-3", "--as-of", "2020-01-07").out


def test_a_second_device_of_a_kind_is_issued_with_a_note(device):
    done = device("issue", "T-2", "P1")
    assert done.out.endswith("note: P1 holds a phone already: T-1\n")


def test_a_day_of_purchase_that_is_yet_to_come_fails_the_inspection(device, equipped):
    file = equipped.path / "policies/devices.csv"
    file.write_text(HEADER + ROWS.replace("2025-03-11,2028", "2125-03-11,2128"))
    done = equipped("inspect", "--only", "equipment:purchase/*", "--no-use", "--json")
    (check,) = done.document["checks"]
    assert (done.code, check["address"]) == (2, "equipment:purchase/T-2")
    assert check["got"] == "bought on 2125-03-11, which is yet to come"


def test_a_file_from_a_spreadsheet_keeps_its_form(device, equipped):
    """A byte order mark, carriage returns, quoted values: all but the row that changes stays."""
    file = equipped.path / "policies/devices.csv"
    raw = (HEADER + ROWS).replace("Snom,D785", '"Snom","D785"').replace("\n", "\r\n")
    file.write_bytes(b"\xef\xbb\xbf" + raw.encode())
    assert device("issue", "T-2", "P3").code == 0
    changed = raw.replace("5400,home,,stock,", "5400,home,P3,issued,")
    assert file.read_bytes() == b"\xef\xbb\xbf" + changed.encode()


def test_what_a_leaver_still_holds_fails_the_inspection(device, equipped):
    equipped.policy("people.csv", "2021-01-01,,P1", "2021-01-01,2026-01-31,P1")
    done = equipped("inspect", "--only", "equipment:leaver/*", "--no-use", "--json")
    (check,) = done.document["checks"]
    assert (done.code, check["got"]) == (2, "held by P2, who left on 2026-01-31")


def test_a_device_the_post_does_not_entitle_to_is_issued_with_a_note(device, equipped):
    equipped.policy("positions.yml", "title: Clerk", "title: Clerk\n    equipment: {computer: {}}")
    done = device("issue", "T-2", "P3")
    assert done.code == 0
    assert done.out.endswith("note: P3's post entitles to no phone (positions.yml)\n")


def test_procurement_says_what_to_issue_and_what_to_buy_for_whom(device, equipped):
    equipped.policy("positions.yml", "title: Clerk", "title: Clerk\n    equipment: {phone: {}}")
    done = device("procurement", "--json", "--as-of", "2026-03-02")
    (need,) = done.document["needs"]
    assert (need["wanted"], need["issued"]) == (6, 2)
    assert need["from_stock"] == [{"holder": "P3", "asset_tag": "T-2"}]
    assert (need["to_buy"], need["cost"]) == (["P4", "P5", "P6"], "16200")
    text = device("procurement", "--as-of", "2026-03-02").out
    assert "in stock for P3: commsroom device issue T-2 P3" in text
    assert "to buy: 3 phone for P4, P5, P6" in text


HEADER = (
    "asset_tag,kind,vendor,model,serial,mac,purchased,warranty_end,price,site,holder,state,port\n"
)


@pytest.mark.parametrize("left", ["header", "nothing"])
def test_a_register_that_lost_all_its_rows_is_not_a_clean_one(device, equipped, left):
    assert device("fault", "T-1", "--reason", "dead").code == 0
    file = equipped.path / "policies/devices.csv"
    file.write_text(HEADER) if left == "header" else file.unlink()
    for only in ((), ("--only", "equipment:*")):
        done = equipped("inspect", "--no-use", "--json", *only)
        assert done.code == 2
        checks = {item["address"]: item for item in done.document["checks"]}
        assert checks["equipment:register/T-1"]["got"] == "without a row"
    for command in ("list", "rewrite", "procurement"):
        assert device(command).err == (
            "error: policies/devices.csv has no rows, and the ledger knows 1 device"
            " (put the file back, as with git restore)\n"
        )


def test_a_register_that_is_a_link_to_nothing_is_not_a_company_without_equipment(equipped):
    file = equipped.path / "policies/devices.csv"
    file.unlink()
    file.symlink_to("elsewhere.csv")
    done = equipped("validate", simulated=False)
    assert done.code == 1
    assert "policies/devices.csv: the file is missing" in done.out + done.err


def test_the_first_equipment_of_all_is_bought_from_an_empty_register(ordering):
    ordering.equip("", "currency: TWD\n")
    ordering.entitle("{phone: {}}")
    done = ordering.estate(
        "inspect", "--no-use", "--json", "--only", "equipment:entitlement/*", simulated=False
    )
    assert (done.code, done.document["checks"][0]["got"]) == (2, "missing")
    (need,) = ordering("procurement", "--json").document["needs"]
    name = ordering.approved("--procurement")
    note = ordering.estate.path / "note.csv"
    note.write_text(f"asset_tag,order,vendor,model\nN-1,{name},Yealink,T57W\n")
    done = ordering("deliver", "--from", note)
    assert (done.code, done.err) == (0, "")
    assert "N-1,phone,Yealink,T57W" in (ordering.policies / "devices.csv").read_text()
    assert len(need["to_buy"]) == 6


def test_a_ledger_that_is_named_and_not_there_is_a_slip_and_no_empty_one(
    equipped, device, monkeypatch
):
    file, missing = equipped.path / "policies/devices.csv", equipped.path / "elsewhere/ledger.db"
    before = file.read_bytes()
    monkeypatch.setenv("COMMSROOM_LEDGER", str(missing))
    for words in (("orders",), ("fault", "T-1", "--reason", "dead"), ("list",)):
        done = device(*words)
        assert (done.code, done.out) == (1, "")
        assert done.err.startswith(f"error: there is no ledger at {missing} (mend --ledger or")
    assert (file.read_bytes(), missing.parent.exists()) == (before, False)
    monkeypatch.delenv("COMMSROOM_LEDGER")
    done = device("orders", "--ledger", missing)
    assert done.err.startswith(f"error: there is no ledger at {missing}")


def test_renewals_are_a_proposal_with_its_reasons(device):
    done = device("renewals", "--json", "--as-of", "2026-03-02")
    (old,) = done.document["renewals"]
    assert (old["asset_tag"], old["reasons"]) == ("T-3", ["bought 2018-01-08, 8.2 years ago"])


@pytest.mark.parametrize("command", ["due", "renewals", "list"])
def test_an_estate_without_equipment_is_told_so(fresh, command):
    done = fresh("device", command, simulated=False)
    assert done.code == 1
    assert done.err.startswith("error: the estate has no equipment (write a row a device into")


def test_equipment_is_part_of_a_whole_inspection_and_of_none_without_any(equipped, fresh):
    document = equipped("inspect", "--no-use", "--json", "--as-of", "2026-03-02").document
    assert {item["name"] for item in document["checks"] if item["system"] == "equipment"} == {
        "lost", "register", "purchase", "fault", "leaver", "maintenance", "order",
    }  # fmt: skip
    (fresh.path / "policies/devices.csv").unlink()
    document = fresh("inspect", "--no-use", "--json", "--as-of", "2026-03-02").document
    assert not [item for item in document["checks"] if item["system"] == "equipment"]


@pytest.mark.slow
def test_tags_holders_and_tasks_are_offered_by_the_shell(equipped, spawn):
    import os

    def complete(line):
        words = line.split(" ")
        environment = {
            **os.environ,
            "_COMMSROOM_COMPLETE": "complete_bash",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(words) - 1),
        }
        return spawn(env=environment).out.split()

    start = f"commsroom --estate {equipped.path} device"
    assert complete(f"{start} show T-") == ["T-1", "T-2", "T-3"]
    assert complete(f"{start} issue T-2 l") == ["lobby"]
    assert complete(f"{start} issue T-2 P1") == ["P1"]
    assert complete(f"{start} done T-2 --task c") == ["cleaning"]


def test_the_documents_are_json_a_program_can_rely_on(device):
    shown = json.loads(device("show", "T-1", "--json").out)
    assert set(shown) == {"device", "history", "tasks", "disagreements", "replaced_by"}
    assert shown["device"]["price"] == "5200"
    assert shown["device"]["mac"] == "80:5e:c0:00:00:01"


def test_every_document_keeps_its_published_contract(device, equipped, pytestconfig):
    equipped.policy("positions.yml", "title: Clerk", "title: Clerk\n    equipment: {phone: {}}")
    text = (pytestconfig.rootpath / "docs/reference/documents.schema.json").read_text("utf-8")
    schema = json.loads(text)
    for words in (
        ("issue", "T-2", "P3"), ("fault", "T-2", "--reason", "x"), ("repair", "T-2", "--cost", "9"),
        ("move", "T-2", "--port", "sw1:1"), ("done", "T-2", "--task", "cleaning"), ("return", "T-2"),
        ("retire", "T-2", "--reason", "x"), ("list",), ("show", "T-2"), ("due", "--within", "2y"),
        ("procurement",), ("renewals",), ("rewrite",),
    ):  # fmt: skip
        done = device(*words, "--json")
        assert done.code == 0, done.err
        name = f"#/$defs/device%20{words[0]}"
        jsonschema.Draft202012Validator({**schema, "$ref": name}).validate(done.document)


@pytest.mark.slow
def test_with_fifty_thousand_devices_each_command_takes_seconds(device, equipped):
    with (equipped.path / "policies/devices.csv").open("a") as file:
        for n in range(50_000):
            held = "lobby,issued" if n % 2 else ",stock"
            file.write(f"D{n},headset,Jabra,E65,J{n},,2025-01-08,,6900,home,{held},\n")
    for words in (("issue", "D0", "P3"), ("list", "--holder", "P3"), ("due",), ("show", "D0")):
        began = time.process_time()
        assert device(*words).code == 0
        assert time.process_time() - began < 20, words  # two or three seconds on a quiet machine


def test_a_port_spelt_with_a_leading_zero_is_refused_with_its_right_spelling(device):
    refused = device("issue", "T-2", "P3", "--port", "sw-3f:Gi1/0/01")
    assert refused.code == 1
    assert "begins with zero (write sw-3f:Gi1/0/1)" in refused.err
