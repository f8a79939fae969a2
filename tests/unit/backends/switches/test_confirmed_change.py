"""IOS' confirmed change: a switch that loses us in the middle goes back by itself, and a re-run converges.

Switch 1 of a simulated fleet has an archive with a path, switch 0 has none.
"""

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
