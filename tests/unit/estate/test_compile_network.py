"""What a telephone's port is to be like, on the sample estate."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from commsroom import policy as policies
from commsroom.estate.compile import SystemInfo, compile_equipment
from commsroom.policy import allocations as numbers

ROOT = Path(__file__).parents[3]
SWITCH = SystemInfo("sw-3f", frozenset({"switch_port", "switch_vlan"}), ("taipei",))


@pytest.fixture(scope="module")
def policy():
    return policies.load(ROOT)


@pytest.mark.parametrize(("mac", "known"), [("80:5e:c0:4f:2e:22", True), ("", False)])
def test_nobody_else_is_on_a_telephone_s_port_whether_or_not_its_address_is_known(
    policy, mac, known
):
    devices = [
        replace(one, mac=mac) if one.asset_tag == "LH-P002" else one for one in policy.devices
    ]
    today = date(2026, 11, 26)
    proposed = numbers.propose(policy.people, numbers.load(ROOT), policy, today)
    found = compile_equipment(replace(policy, devices=tuple(devices)), proposed, today, [SWITCH])
    port = next(one.body for one in found if str(one.address) == "sw-3f:switch_port/Gi1/0/2")
    assert port.max_macs == 1 + policy.network.ports.security.others
    assert port.secure_macs == ((mac,) if known else ())
