"""decommission of a switch: erased over its command line where the inventory has it, by hand else, and why is said."""

import json

import pytest

SWITCHES = """    sw-3f:
      ansible_host: 127.0.0.1
      ansible_user: netadmin
      commsroom_backend: cisco_ios
      commsroom_asset: LH-S1
    LH-S2:
      ansible_host: 127.0.0.1
      ansible_user: netadmin
      commsroom_backend: huawei_vrp
    sw-eos:
      ansible_host: 127.0.0.1
      ansible_user: netadmin
      commsroom_backend: arista_eos
      commsroom_asset: LH-S3
"""
ROWS = """LH-S1,switch,Cisco,C9200L,FOC1,,2019-01-02,,,home,,stock,,
LH-S2,switch,Huawei,S5735,2102A,,2019-01-02,,,home,,stock,,
LH-S3,switch,Arista,720XP,JPE1,,2019-01-02,,,home,,stock,,
LH-S4,switch,Cisco,C9200L,FOC4,,2019-01-02,,,home,,stock,,
LH-P1,phone,Yealink,T54W,Y1,00:15:65:00:00:02,2019-01-02,,,home,P5,issued,sw-3f:Gi1/0/7,
"""


@pytest.fixture
def switches(yard):
    yard.devices(ROWS)
    with (yard.path / "inventory/hosts.yml").open("a") as file:
        file.write(SWITCHES)
    hold(yard, "sw-3f", serial="FOC1")
    hold(yard, "LH-S2", serial="2102A")
    return yard


def hold(yard, system, **state):
    file = yard.path / f"{system}.json"
    held = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(json.dumps({**held, **state}))


def held(yard, system):
    return json.loads((yard.path / f"{system}.json").read_text())


def asked(yard, *words):
    """Ask for a decommissioning; return its name, and what two people are to sign of each medium."""
    name = yard.ask(*words)
    found = json.loads(yard("approvals", "--json").out)["requests"][-1]["subject"]["devices"]
    return name, {one["tag"]: one["media"][0] for one in found}


def wiped(device):
    return device["media"][0]["wiped"]


def test_a_switch_of_the_inventory_is_erased_by_its_own_commands(switches) -> None:
    name, items = asked(switches, "LH-S1", "LH-S2", "--fate", "stays")
    assert [(it["method"], it["station"]) for it in items.values()] == [
        ("switch-erase", "sw-3f"),
        ("switch-erase", "LH-S2"),
    ]
    switches.sign(name)
    found = switches.go(name)
    for tag, system in (("LH-S1", "sw-3f"), ("LH-S2", "LH-S2")):
        assert wiped(found[tag])["result"] == "PASS"
        left = held(switches, system)
        assert (left["gone"], left["files"], left["keys"], left["saved"]) == (True, [], [], False)


def test_its_certificate_names_it_as_never_run_on_hardware_and_device_reported(switches) -> None:
    name, _ = asked(switches, "LH-S1", "--fate", "stays")
    switches.sign(name)
    switches.go(name)
    words = ("--validate", "--by", "P4", "--key", switches.keys / "P4", "--contact", "ext 9")
    assert switches("decommission", name, *words).code == 0
    file = next((switches.path / "records/certificates").glob("LH-S1*.json"))
    (medium,) = json.loads(file.read_text())["certificate"]["media"]
    assert "tested against a simulator of its commands; never run on hardware" in medium["notes"]
    assert medium["evidence"]["verified"] == "device-reported"
    assert (medium["method"], medium["tool"]) == ("clear", "commsroom")


@pytest.mark.parametrize(
    ("tag", "why"),
    [
        ("LH-S3", "sw-eos: arista_eos erases no switch"),
        ("LH-S4", "no host of the inventory is LH-S4"),
    ],
)
def test_a_switch_that_cannot_erase_itself_is_done_by_hand_and_says_why(switches, tag, why) -> None:
    _, items = asked(switches, tag, "--fate", "stays")
    assert items[tag]["method"] == "switch-reset"
    assert "station" not in items[tag]
    assert why in items[tag]["notes"][0]


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ({"serial": "FOC9"}, "it says that it is FOC9, the register that it is FOC1"),
        ({"serial": ""}, "it does not say which serial number it has"),
        ({"gone": True}, "no answer within the time limit"),
    ],
)
def test_another_device_in_its_place_or_one_that_is_away_is_not_erased(
    switches, state, why
) -> None:
    hold(switches, "sw-3f", **state)
    _, items = asked(switches, "LH-S1", "--fate", "stays")
    assert (items["LH-S1"]["method"], why in items["LH-S1"]["notes"][0]) == ("switch-reset", True)


def test_two_hosts_that_are_one_device_are_refused(switches) -> None:
    with (switches.path / "inventory/hosts.yml").open("a") as file:
        file.write(SWITCHES.splitlines(keepends=True)[0].replace("sw-3f", "sw-twin"))
        file.write("".join(SWITCHES.splitlines(keepends=True)[1:5]))
    done = switches("decommission", "LH-S1", "--by", "P3", "--fate", "stays")
    assert (done.code, "both say that they are LH-S1" in done.err) == (1, True)


def test_what_leaves_needs_more_and_the_switch_is_not_even_asked(switches) -> None:
    hold(switches, "sw-3f", gone=True)
    _, items = asked(switches, "LH-S1", "--fate", "leaves")
    assert items["LH-S1"]["method"] == "destroy"
    assert not any("answer" in note for note in items["LH-S1"]["notes"])


def test_telephones_on_its_ports_are_counted_before_anybody_signs(switches) -> None:
    _, items = asked(switches, "LH-S1", "--fate", "stays")
    assert items["LH-S1"]["notes"] == ["devices on its ports, by the register: 1"]


def test_nothing_is_erased_before_two_have_signed_and_closing_takes_nothing_from_it(
    switches,
) -> None:
    name, _ = asked(switches, "LH-S1", "--fate", "stays")
    before = held(switches, "sw-3f")
    assert switches("decommission", name).code == 3
    assert held(switches, "sw-3f") == before
    device = switches.sign(name) or switches.go(name)["LH-S1"]
    assert (device["closes"], device["closed"]) == ([], True)


def test_a_switch_that_is_another_by_now_is_refused_and_unknown(switches) -> None:
    name, _ = asked(switches, "LH-S1", "--fate", "stays")
    switches.sign(name)
    hold(switches, "sw-3f", serial="FOC9")
    told = wiped(switches.go(name, code=4)["LH-S1"])
    assert told["result"] == "UNKNOWN"
    assert "refused, nothing was erased" in told["reason"]
    assert "saved" not in held(switches, "sw-3f")


def test_one_that_keeps_a_file_fails_and_is_told_again_only_when_told(switches) -> None:
    hold(switches, "sw-3f", fault="keeps")
    name, _ = asked(switches, "LH-S1", "--fate", "stays")
    switches.sign(name)
    told = wiped(switches.go(name, code=2)["LH-S1"])
    assert (told["result"], "flash:/vlan.dat" in told["reason"]) == ("FAIL", True)
    hold(switches, "sw-3f", fault="")
    assert wiped(switches.go(name, code=2)["LH-S1"])["attempt"] == 1
    again = wiped(switches.go(name, "--again")["LH-S1"])
    assert (again["result"], again["attempt"]) == ("PASS", 2)


def test_one_that_does_not_answer_any_more_is_done_by_hand_and_certified_so(switches) -> None:
    name, _ = asked(switches, "LH-S1", "--fate", "stays")
    switches.sign(name)
    hold(switches, "sw-3f", gone=True)
    done = switches("decommission", name)
    assert (done.code, "no answer within the time limit" in done.out) == (4, True)
    words = ("--witnessed", "LH-S1", "--by", "P3", "--witness", "P1")
    told = wiped(switches.go(name, *words)["LH-S1"])
    assert (told["result"], told["by"]) == ("PASS", ["P3", "P1"])
    words = ("--validate", "--by", "P4", "--key", switches.keys / "P4", "--contact", "ext 9")
    assert switches("decommission", name, *words).code == 0
    file = next((switches.path / "records/certificates").glob("LH-S1*.json"))
    content = json.loads(file.read_text())["certificate"]
    (medium,) = content["media"]
    assert (medium["tool"], medium["evidence"]["verified"]) == ("by hand", "witnessed")
    assert not content["performed"]["at"].startswith("1970")


def test_what_two_people_may_do_instead_is_said_where_it_failed(switches) -> None:
    hold(switches, "sw-3f", fault="keeps")
    name, _ = asked(switches, "LH-S1", "--fate", "stays")
    switches.sign(name)
    done = switches("decommission", name)
    assert "or switch-reset by hand, before a witness:" in done.out
    assert f"{name} --again" in done.out
