"""Lines of a VRP configuration that look like what we read, and are not."""

import pytest

from commsroom.backends.huawei_vrp.dialect import Vrp
from commsroom.backends.network_cli.config import Config


@pytest.mark.parametrize(
    ("lines", "vlan"),
    [
        (["voice-vlan remark-mode mac-address", "voice-vlan 20 enable"], 20),
        (["voice-vlan 20 enable include-untagged"], 20),
        (["voice-vlan remark-mode mac-address"], 0),
        ([], 0),
    ],
)
def test_only_the_line_that_enables_it_says_which_vlan_voice_has(lines, vlan):
    assert Vrp().port(["description desk", *lines]).voice_vlan == vlan


@pytest.mark.parametrize(
    ("said", "server"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1 preference", "192.0.2.1"),
        ("vpn-instance mgmt 192.0.2.1", "192.0.2.1"),
        ("ipv6 2001:db8::1", "2001:db8::1"),
    ],
)
def test_a_time_server_behind_a_vpn_is_the_server_and_not_the_word(said, server):
    assert Vrp.ntp.held(Config({f"ntp-service unicast-server {said}": []})) == (server,)
