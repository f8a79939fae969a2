"""What a telephone's port is to be like, on the sample estate."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from commsroom import policy as policies
from commsroom.errors import PolicyErrors
from commsroom.estate.compile import SystemInfo, compile_equipment
from commsroom.policy import allocations as numbers
from commsroom.policy.network import Login

ROOT = Path(__file__).parents[3]
LOGINS = frozenset({"switch_login"})
SWITCHES = [SystemInfo("sw-3f", LOGINS, ("taipei",)), SystemInfo("sw-khh", LOGINS)]
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


def logins(policy, **wanted):
    """Compile the equipment with these logins of switches."""
    network = policy.network.model_copy(update={"logins": wanted, "services": None})
    today = date(2026, 11, 26)
    proposed = numbers.propose(policy.people, numbers.load(ROOT), policy, today)
    return compile_equipment(replace(policy, network=network), proposed, today, SWITCHES)


def test_a_login_has_another_password_on_every_switch(policy):
    found = logins(policy, commsroom=Login())
    assert {str(one.address): one.secrets[0].path for one in found} == {
        "sw-3f:switch_login/commsroom": "sw-3f/login/commsroom",
        "sw-khh:switch_login/commsroom": "sw-khh/login/commsroom",
    }
    assert {(one.body.level, one.secrets[0].custody) for one in found} == {(15, "managed")}


def test_a_login_is_on_the_switches_it_names_and_on_no_other(policy):
    found = logins(policy, operator=Login(level=5, switches=("sw-khh",)))
    assert [str(one.address) for one in found] == ["sw-khh:switch_login/operator"]


def test_a_login_on_what_is_no_switch_is_refused_with_its_place(policy):
    with pytest.raises(PolicyErrors) as refused:
        logins(policy, operator=Login(switches=("sw-kh",)))
    (problem,) = refused.value.problems
    assert (problem.message, problem.remedy) == (
        "'sw-kh' is no switch with logins", "did you mean 'sw-khh'?",
    )  # fmt: skip
