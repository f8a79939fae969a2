"""What VRP calls things on an S-series access switch (S5700, S5720, S5735; V200R005 and later).

Sources: Huawei, *S Series Campus Switches Configuration Guide* and *Command Reference* (port link-type,
port hybrid, voice-vlan enable, port-security, poe enable, lldp, ntp-service unicast-server, info-center
loghost, protocol inbound). A port with a phone is a hybrid port: data untagged, voice tagged.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, Final

from commsroom.backends.huawei_vrp.erasing import ERASING
from commsroom.backends.huawei_vrp.logins import VrpLogins
from commsroom.backends.network_cli.config import Config, value
from commsroom.backends.network_cli.dialect import (
    Dialect,
    Names,
    Row,
    Servers,
    addresses,
    described,
    mac,
    when,
)  # fmt: skip
from commsroom.estate.kinds.network import SwitchPort

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from commsroom.backends.network_cli.session import Texts

RUNNING: Final = "display current-configuration"

#: What people are greeted with is text, whatever its lines look like.
_HEADER: Final = re.compile(r"^(header \S+ information) ([\"%]).*?\2 *$", re.MULTILINE | re.DOTALL)
#: `voice-vlan 20 enable`, and no other line about voice (`voice-vlan remark-mode …`).
_VOICE: Final = re.compile(r"voice-vlan (\d+) enable(?: .*)?")
#: The address, which may follow its family and the VPN it is reached through.
_SERVER: Final = r"(?:vpn-instance \S+ )?(?:ipv6 )?(\S+).*"
_MED: Final = "undo lldp tlv-enable med-tlv network-policy"
_STICKY: Final = "port-security mac-address sticky"
#: A basic ACL that nothing uses holds the number of the last apply in its description.
_FENCE: Final = "acl number 2999"


def _vlans(wanted: Mapping[str, object]) -> list[str]:
    """Write data untagged and voice tagged, on a hybrid port."""
    access, voice = wanted.get("access_vlan") or 1, wanted.get("voice_vlan")
    if access == 1 and not voice:
        return []
    tagged = [f"port hybrid tagged vlan {voice}", f"voice-vlan {voice} enable"] if voice else []
    return [
        "port link-type hybrid",
        f"port hybrid pvid vlan {access}",
        f"port hybrid untagged vlan {access}",
        *tagged,
    ]


def _security(wanted: Mapping[str, object]) -> list[str]:
    most = wanted.get("max_macs")
    if not most:
        return []
    vlan = wanted.get("voice_vlan") or wanted.get("access_vlan") or 1
    known = [f"{_STICKY} {mac(item, by='-')} vlan {vlan}" for item in addresses(wanted)]
    limit = [f"port-security max-mac-num {most}"] if most != 1 else []
    return ["port-security enable", *limit, *([_STICKY, *known] if known else [])]


class Vrp(Dialect):
    """S-series access switches."""

    platform = "HUAWEI_VRP"
    called = "VRP"
    logins = VrpLogins()
    erasing = ERASING
    leave = "quit"
    save = "save"
    undoing = (
        (r"undo (port link-type|port default vlan|port hybrid pvid vlan|name) .*", r"undo \1"),
        (r"undo (port-security max-mac-num|protocol inbound) .*", r"undo \1"),
        (r"undo port hybrid (?:un)?tagged (vlan .*)", r"undo port hybrid \1"),
        (r"undo voice-vlan \d+ enable", "undo voice-vlan enable"),
    )
    #: The abbreviations `display interface brief` uses.
    ports = Names(
        {
            "Ethernet": "Eth", "GigabitEthernet": "GE", "MultiGE": "MultiGE",
            "XGigabitEthernet": "XGE",
        },
        r"\d+/\d+/\d+",
        "GE0/0/7",
    )  # fmt: skip
    rows: ClassVar = (
        Row(frozenset({"description"}), ("description .*",), described),
        Row(
            frozenset({"access_vlan", "voice_vlan"}),
            (
                "port link-type (access|hybrid)", "port default vlan .*", "port hybrid pvid .*",
                "port hybrid untagged .*", "port hybrid tagged .*", "voice-vlan .*",
            ),
            _vlans,
        ),
        Row(frozenset({"lldp_med"}), (_MED,), when("lldp_med", False, _MED)),
        Row(frozenset({"poe"}), ("undo poe enable",), when("poe", False, "undo poe enable")),
        Row(
            frozenset({"max_macs", "secure_macs", "access_vlan", "voice_vlan"}),
            (
                "port-security enable", "port-security max-mac-num .*",
                "port-security mac-address .*",
            ),
            _security,
        ),
    )  # fmt: skip
    unnamed = "VLAN {:04}"
    ntp = Servers("ntp-service unicast-server {}", f"ntp-service unicast-server {_SERVER}")
    #: A log host, and not `info-center loghost source Vlanif10`, which says from where.
    syslog = Servers("info-center loghost {}", r"info-center loghost (?!source )(\S+).*")
    lldp = ("lldp enable", True)
    terminals = ("user-interface vty", "protocol inbound .*", "protocol inbound ssh")
    #: An SNMPv3 user's passwords are asked for in a dialogue: not ours yet, and said so in each plan.
    unsupported = frozenset({"snmp_user"})

    # Nothing here reverts: campus switches of this line make every command true at once (no `commit trial`).

    def configuration(self, texts: Texts) -> Config:
        """Give each VLAN of a `vlan batch` a section of its own."""
        config = Config.parse(_HEADER.sub(r"\1", texts[RUNNING]))
        for name in [item for item in config.sections if item.startswith("vlan batch ")]:
            del config.sections[name]
            for number in _numbers(name.removeprefix("vlan batch ")):
                config.sections.setdefault(f"vlan {number}", [])
        return config

    def uplink(self, lines: Sequence[str]) -> bool:
        """Seal trunks, members of link aggregations and routed ports."""
        return any(
            line in {"port link-type trunk", "undo portswitch"} or line.startswith("eth-trunk ")
            for line in lines
        )

    def port(self, lines: Sequence[str]) -> SwitchPort:
        """Read an access port."""
        voice = next((match[1] for line in lines if (match := _VOICE.fullmatch(line))), "0")
        access = value(lines, "port hybrid pvid vlan ") or value(lines, "port default vlan ")
        secured = "port-security enable" in lines
        return SwitchPort(
            description=value(lines, "description "),
            access_vlan=int(access or 1),
            voice_vlan=int(voice),
            lldp_med=_MED not in lines,
            poe="undo poe enable" not in lines,
            max_macs=int(value(lines, "port-security max-mac-num ") or 1) if secured else 0,
            secure_macs=tuple(
                sorted(
                    mac(line.split()[3], by=":") for line in lines if line.startswith(f"{_STICKY} ")
                )
            ),
        )

    def fence(self, config: Config, estate_id: str) -> int:
        """Read it from the description of an ACL that nothing uses."""
        return _fences(config).get(estate_id[:12], 0)

    def fence_commands(self, config: Config, estate_id: str, number: int) -> tuple[str, ...]:
        """Write it there, beside those of other estates."""
        held = {**_fences(config), estate_id[:12]: number}
        text = " ".join(f"{name}={number}" for name, number in sorted(held.items()))
        return ("acl 2999", f"description commsroom {text}", "quit")


def _numbers(text: str) -> Iterator[int]:
    """Read `10 20 to 25 30`."""
    words = text.split()
    while words:
        first = int(words.pop(0))
        if words[:1] == ["to"]:
            yield from range(first, int(words[1]) + 1)
            del words[:2]
        else:
            yield first


def _fences(config: Config) -> dict[str, int]:
    text = value(config.lines(_FENCE), "description commsroom ")
    pairs = (item.partition("=") for item in text.split())
    return {name: int(number) for name, _, number in pairs if number.isdigit()}
