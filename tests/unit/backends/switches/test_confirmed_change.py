"""The confirmed change of IOS and EOS: a switch that loses us goes back by itself, and a re-run converges.

Of the simulated fleets IOS' switch 1 has an archive with a path, 0 has none; EOS' switch 2 tells of sessions as 4.32 does.
"""

import eos
import ios
import pytest
from fleet import fleet

from commsroom.errors import SystemUnknown
from commsroom.estate.backend import Deadlines, Status
from commsroom.estate.kinds.network import SwitchPort, SwitchVlan
from commsroom.estate.resource import Address, Resource

PORT = "Gi1/0/7"
VOICE = "switchport voice vlan 20"
#: Commands of a session until the port has its voice VLAN, and the change is not yet confirmed.
AMID = 17


@pytest.fixture
def switches(tmp_path):
    with fleet(tmp_path, "ios", 2) as found:
        yield found


def commands(switches, number):
    return [line for line in switches.log(number) if line.startswith("configure")]


def change(switches, number):
    provider = switches.provider("cisco_ios", number, Deadlines(connect=3, read=5, apply=5))
    wanted = [
        Resource(Address(provider.system, body.kind, key), body)
        for key, body in (
            ("20", SwitchVlan(name="voice")),
            (PORT, SwitchPort(description="LH-P001", access_vlan=1, voice_vlan=20)),
        )
    ]
    plan = switches.plan("cisco_ios", provider, wanted)
    return provider, plan


def test_a_switch_with_an_archive_is_changed_under_the_timer_and_told_to_keep_it(switches):
    provider, plan = change(switches, 1)
    assert {item.status for item in switches.apply(provider, plan)} == {Status.DONE}
    assert commands(switches, 1) == ["configure terminal revert timer 5", "configure confirm"]
    switches.tell("forward 1 200")
    assert VOICE in switches.running(1)


def test_a_switch_without_an_archive_is_changed_without_a_timer(switches):
    provider, plan = change(switches, 0)
    assert {item.status for item in switches.apply(provider, plan)} == {Status.DONE}
    assert commands(switches, 0) == ["configure terminal"]


def test_a_switch_that_loses_us_goes_back_by_itself_and_the_next_run_converges(switches):
    before = switches.running(1)
    provider, plan = change(switches, 1)
    switches.tell(f"1 reset after {AMID}")
    outcomes = switches.apply(provider, plan)
    assert Status.UNKNOWN in {item.status for item in outcomes}
    assert VOICE in switches.running(1)  # made, and nobody there to confirm it
    switches.tell("1 none")
    with pytest.raises(SystemUnknown, match=r"waits to be confirmed.*timer: 5 min"):
        provider.read()  # else a plan would call settled what is gone in five minutes
    switches.tell("forward 1 5")
    assert switches.running(1) == before
    provider, plan = change(switches, 1)
    assert {item.status for item in switches.apply(provider, plan)} == {Status.DONE}
    assert VOICE in switches.running(1)


REFUSED = [
    (0, ["configure terminal revert timer 5"], "%Turn config archive on before using"),
    (1, ["configure confirm"], ios.NO_CHANGE),
    (1, ["configure revert now"], ios.NO_CHANGE),
    (1, ["show archive config rollback timer"], ios.NO_CHANGE),
    (1, ["configure terminal revert timer 121"], "Invalid input"),
    (1, ["configure terminal revert timer"], "Incomplete command"),
]


@pytest.mark.parametrize(("number", "lines", "said"), REFUSED)
def test_the_simulator_refuses_a_confirmed_change_as_ios_does(number, lines, said):
    session = ios.Cli(ios.Device(f"SW{number}"))
    assert said in [session.answer(line) for line in lines][-1]


def test_only_the_running_configuration_goes_back(switches):
    session = ios.Cli(device := ios.Device("SW1"))
    for line in ("configure terminal revert timer 1", "vlan 77", "ntp server 192.0.2.1"):
        session.answer(line)
    device.forward(1)
    assert "ntp server" not in device.running()
    assert 77 in device.vlans  # VTP keeps it, and a configuration that is put back does not name it


ARISTA = "Et7"


@pytest.fixture
def campus(tmp_path):
    with fleet(tmp_path, "eos", 3) as found:
        yield found


def arista(campus, number):
    provider = campus.provider("arista_eos", number, Deadlines(connect=3, read=5, apply=5))
    wanted = [
        Resource(Address(provider.system, body.kind, key), body)
        for key, body in (
            ("20", SwitchVlan(name="voice")),
            (ARISTA, SwitchPort(description="LH-P001", access_vlan=1, voice_vlan=20)),
        )
    ]
    return provider, campus.plan("arista_eos", provider, wanted)


def sent(campus, number):
    """Return what a switch was told about sessions; each one's own name is cut off."""
    words = [line.split() for line in campus.log(number)]
    return [
        " ".join([*line[:2], *line[3:]]) if line[0] == "configure" else " ".join(line)
        for line in words
        if line and line[0] in {"configure", "commit"}
    ]


@pytest.mark.parametrize("number", [1, 2])
def test_an_arista_switch_makes_all_true_together_and_is_told_to_keep_it(campus, number):
    provider, plan = arista(campus, number)
    assert {item.status for item in campus.apply(provider, plan)} == {Status.DONE}
    assert sent(campus, number) == [
        "configure session", "commit timer 00:05:00", "configure session commit",
    ]  # fmt: skip
    campus.tell(f"forward {number} 200")
    assert "switchport phone vlan 20" in campus.running(number)


def at(campus, number, command):
    """Return how many lines a session of apply had until it said this for the last time."""
    log = campus.log(number)
    last = max(i for i, line in enumerate(log) if line.startswith(command))
    first = max(i for i, line in enumerate(log[:last]) if line.startswith("terminal width"))
    return last - first + 2  # the empty line that finds the prompt comes before


@pytest.mark.parametrize("number", [1, 2])
def test_an_arista_switch_that_loses_us_after_the_commit_goes_back_by_itself(campus, number):
    length = at(campus, rehearse(campus), "commit timer")
    before = campus.running(number)
    provider, plan = arista(campus, number)
    campus.tell(f"{number} reset after {length}")
    assert Status.UNKNOWN in {item.status for item in campus.apply(provider, plan)}
    assert campus.running(number) != before
    campus.tell(f"{number} none")
    with pytest.raises(
        SystemUnknown, match=r"waits to be confirmed.*configure session NAME commit"
    ):
        provider.read()
    campus.tell(f"forward {number} 5")
    assert campus.running(number) == before
    provider, plan = arista(campus, number)
    assert {item.status for item in campus.apply(provider, plan)} == {Status.DONE}


def rehearse(campus):
    provider, plan = arista(campus, 0)
    assert {item.status for item in campus.apply(provider, plan)} == {Status.DONE}
    return 0


def test_an_arista_switch_that_is_cut_off_before_the_commit_changed_nothing(campus):
    length = at(campus, rehearse(campus), "commit timer") - 1
    before = campus.running(1)
    provider, plan = arista(campus, 1)
    campus.tell(f"1 cut after {length}")
    outcomes = campus.apply(provider, plan)
    campus.tell("1 none")
    assert Status.FAILED in {item.status for item in outcomes}
    assert [line for line in campus.log(1) if line.endswith(" abort")]
    assert campus.running(1) == before


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["configure session a", "commit", "configure session a"], "% Cannot enter"),
        (["configure session a abort"], "% Cannot abort"),
        (["configure session a", "commit timer 5"], "% Invalid input (at token 2: '5')"),
        (["configure session"], "% Incomplete command (at token 1: 'session')"),
        (["configure terminal", "commit"], "% Invalid input (at token 0: 'commit')"),
    ],
)
def test_the_simulator_refuses_what_no_session_of_eos_allows(lines, said):
    session = eos.Cli(eos.Device("SW1"))
    assert said in [session.answer(line) for line in lines][-1]


def test_a_session_is_true_only_when_it_is_committed():
    session = eos.Cli(device := eos.Device("SW1"))
    for line in ("configure session a", "ntp server 192.0.2.1", "end"):
        assert session.answer(line) == ""
    assert "192.0.2.1" not in device.running()
    session.answer("configure session a commit timer 0:01:00")
    assert "192.0.2.1" in device.running()
    device.forward(1)
    assert "192.0.2.1" not in device.running()
