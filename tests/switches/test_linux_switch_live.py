"""LLDP-MED on a real switch: the phone hears the voice VLAN of policy, and its frames reach only that."""

import json
import time

import pytest
from estate_of_switches import make, run
from linux_lab import MANAGEMENT, lab, missing

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing()), reason=missing() or "all is there"),
]


class One:
    """The one switch of this estate, as an inventory has it."""

    def __init__(self, found):
        self.ports = [22]
        self._arguments = " ".join(found.arguments)

    def variables(self, number):
        return {
            "ansible_host": f"{MANAGEMENT}.2",
            "ansible_ssh_common_args": self._arguments,
            "ansible_user": "root",
        }


@pytest.fixture(scope="module")
def switch(tmp_path_factory):
    with lab(tmp_path_factory.mktemp("linux")) as found:
        found.root = make(found.folder, One(found), "linux_switch", phones=1, port="swp{}")
        yield found


def _until(call, wanted, seconds=20):
    end = time.monotonic() + seconds
    while call() != wanted and time.monotonic() < end:
        time.sleep(0.2)
    return call()


def test_the_phone_learns_the_voice_vlan_of_policy_and_speaks_only_there(switch):
    assert switch.heard() is None
    done = run(switch.root, "apply", "--yes")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "poe" in done.stdout  # said to be unsupported
    assert _until(switch.heard, 20) == 20
    assert switch.say(20, "voice") == {"cr-pbx"}
    assert switch.say(0, "data") == {"cr-pc"}
    assert switch.say(30, "elsewhere") == set()
    assert run(switch.root, "plan", "--detailed-exitcode").returncode == 0
    assert run(switch.root, "prove").returncode == 0


def test_what_was_changed_by_hand_is_drift_and_put_right(switch):
    run(switch.root, "apply", "--yes")
    switch.ssh("ovs-vsctl set port swp1 tag=99 trunks=99,20")
    drift = run(switch.root, "drift")
    assert drift.returncode == 2, drift.stdout
    assert "access_vlan" in drift.stdout
    assert run(switch.root, "apply", "--yes").returncode == 0
    assert switch.say(0, "again") == {"cr-pc"}


def test_a_phone_that_is_gone_leaves_a_port_that_tells_nothing(switch):
    run(switch.root, "apply", "--yes")
    assert _until(switch.heard, 20) == 20
    register = switch.root / "policies" / "devices.csv"
    text = register.read_text("utf-8")
    register.write_text(text.replace(",lab,issued,sw000:swp1", ",,stock,"), "utf-8")
    allowed = ("--allow-removal", "sw000:switch_port", "--allow-removal", "total")
    done = run(switch.root, "apply", "--yes", *allowed)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert _until(switch.heard, None) is None
    register.write_text(text, "utf-8")


def inspected(switch):
    """Inspect what makes it a switch (its machine is this one); return the exit code and what was seen."""
    only = [
        word for name in ("server", "port", "voice-vlan") for word in ("--only", f"sw000:{name}/*")
    ]
    done = run(switch.root, "inspect", "--json", *only)
    checks = json.loads(done.stdout)["checks"]
    return done.returncode, {item["address"].partition(":")[2]: item["ok"] for item in checks}


def test_inspection_sees_a_phone_that_nobody_told_its_vlan_and_a_daemon_that_is_gone(switch):
    assert _until(lambda: inspected(switch)[1].get("voice-vlan/swp1"), False) is False
    code, seen = inspected(switch)
    assert code == 2
    assert (seen["server/Open vSwitch"], seen["server/lldpd"], seen["port/*"]) == (True, True, True)

    assert run(switch.root, "apply", "--yes").returncode == 0
    assert inspected(switch) == (
        0, {"server/Open vSwitch": True, "server/lldpd": True, "port/*": True, "voice-vlan/*": True},
    )  # fmt: skip

    switch.ssh("ovs-vsctl add-port br0 gone7")  # an interface that is not there
    code, seen = inspected(switch)
    assert (code, seen["port/gone7"]) == (2, False)
    switch.ssh("ovs-vsctl del-port br0 gone7")

    switch.ssh(
        "kill -STOP $(cat /run/openvswitch/vs.pid); ovs-vsctl --timeout=1 set bridge br0 other_config:x=1",
        check=False,
    )
    code, seen = inspected(switch)
    assert (code, seen["server/Open vSwitch"]) == (2, False)
    switch.ssh("kill -CONT $(cat /run/openvswitch/vs.pid)")
