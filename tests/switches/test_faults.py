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
        doubtful = set(re.findall(r"unknown (sw\d+):switch_port/\S+: in doubt: ", said))
        assert doubtful == LOST  # by port; what was not begun is told as not tried
        assert set(re.findall(r"failed (sw\d+):switch_port/\S+: ", said)) <= CUT
        assert "not tried" in said
        for number in range(SWITCHES):
            if f"sw{number:03}" not in LOST | CUT:
                assert "switchport voice vlan 20" in switches.running(number)
        for numbers in FAULTS.values():
            for number in numbers:
                switches.tell(f"{number} none")
        begin = time.monotonic()
        again = run(root, "apply", "--yes")
        assert again.returncode == 0, again.stdout[-2000:] + again.stderr[-2000:]
        record_property("seconds", json.dumps([took, time.monotonic() - begin]))
        assert run(root, "plan", "--detailed-exitcode").returncode == 0
