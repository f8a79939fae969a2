"""200 switches, some of which hang, reset, crawl or are cut in mid-configuration."""

import json
import re
import time

import pytest
from estate_of_switches import make, run
from fleet import fleet

SWITCHES = 200
#: Every fault on five switches, after so many commands of a session: within the configuration.
FAULTS = {
    "hang": range(5, 10),
    "reset": range(45, 50),
    "slow": range(85, 90),
    "cut": range(125, 130),
}
LOST = {f"sw{number:03}" for name in ("hang", "reset") for number in FAULTS[name]}
CUT = {f"sw{number:03}" for number in FAULTS["cut"]}
AFTER = 33
#: Seconds: one answer that never comes (30), connecting anew (10), the rest of 200 switches on 2 cores.
BOUND = 150
PORTS = {f"Gi1/0/{port}" for port in range(1, 5)}


def with_voice(running):
    """Return the ports that a switch shows with the voice VLAN of policy."""
    sections = re.findall(r"^interface GigabitEthernet(\S+)\n((?: .*\n)*)", running, re.MULTILINE)
    return {f"Gi{name}" for name, lines in sections if "switchport voice vlan 20" in lines}


def in_hand(log):
    """Return the port that the first unanswered command was about, from what the switch had answered."""
    ports = [
        re.sub("^interface GigabitEthernet", "Gi", line) for line in log if "interface" in line
    ]
    if log[-1] != "exit":
        return ports[-1]
    left = sorted(PORTS - set(ports))
    return left[0]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_faulty_switches_cost_bounded_time_and_nobody_elses_change(tmp_path, record_property):
    with fleet(tmp_path, "ios", SWITCHES) as switches:
        root = make(tmp_path, switches, "cisco_ios")
        for name, numbers in FAULTS.items():
            for number in numbers:
                switches.tell(f"{number} {name} after {AFTER}")
        begin = time.monotonic()
        done = run(root, "apply", "--yes")
        took = time.monotonic() - begin
        assert done.returncode == 4, done.stdout[-2000:] + done.stderr[-2000:]
        assert took < BOUND
        said = done.stdout + done.stderr
        assert "Traceback" not in said
        told = {
            name: dict(
                re.findall(rf"unknown {name}:switch_port/(\S+): (sent|in doubt|not tried)", said)
            )
            for name in sorted(LOST)
        }
        for (
            name,
            ports,
        ) in told.items():  # each port of a lost switch, and the very one that is in doubt
            assert set(ports) == PORTS, name
            doubtful = [port for port, state in ports.items() if state == "in doubt"]
            assert doubtful == [in_hand(switches.log(int(name[2:])))], name
        assert set(re.findall(r"unknown (sw\d+):switch_port/", said)) == LOST
        failed = re.findall(r"failed (sw\d+):switch_port/(\S+): ", said)
        assert {
            name for name, _ in failed
        } == CUT  # each was looked at once more, and is told by port
        for number in range(SWITCHES):
            name = f"sw{number:03}"
            if name not in LOST:
                missing = {port for other, port in failed if other == name}
                assert with_voice(switches.running(number)) == PORTS - missing, name
        for numbers in FAULTS.values():
            for number in numbers:
                switches.tell(f"{number} none")
        begin = time.monotonic()
        again = run(root, "apply", "--yes")
        assert again.returncode == 0, again.stdout[-2000:] + again.stderr[-2000:]
        record_property("seconds", json.dumps([took, time.monotonic() - begin]))
        assert run(root, "plan", "--detailed-exitcode").returncode == 0
