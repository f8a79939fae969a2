"""What IOS and IOS XE call things on a Catalyst access switch.

Sources: Cisco, *Layer 2/3 Commands* and *VLAN Commands*, Command Reference for Catalyst 2960-X and 9300
(switchport access vlan, switchport voice vlan, switchport port-security, power inline, lldp);
*Cisco IOS SNMP Command Reference* (snmp-server user is never in the running configuration).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, Final

from commsroom.backends.cisco_ios.erasing import ERASING
from commsroom.backends.cisco_ios.logins import IosLogins
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
from commsroom.estate.kinds.network import SwitchPort, SwitchServices
from commsroom.estate.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from commsroom.backends.network_cli.session import Texts
    from commsroom.estate.resource import Change

RUNNING: Final = "show running-config"
VLANS: Final = "show vlan brief"
USERS: Final = "show snmp user"

_VLAN_LINE: Final = re.compile(r"(\d{1,4}) +(\S+) +(?:active|act/lshut|sus)\S*( .*)?")
#: What people are greeted with is text, whatever its lines look like; IOS shows the end mark as `^C`.
_BANNER: Final = re.compile(
    r"^(banner \S+) (?:\^C|\x03).*?(?:\^C|\x03)[^\n]*$", re.MULTILINE | re.DOTALL
)
_MED: Final = "no lldp med-tlv-select network-policy"
_SECURE: Final = "switchport port-security"
_GROUP: Final = "commsroom"
#: A user as `show snmp user` has it, in the words that undo it.
USER: Final = "snmp-server user "


def _access(wanted: Mapping[str, object]) -> list[str]:
    number = wanted.get("access_vlan") or 1
    return ["switchport mode access", f"switchport access vlan {number}"] if number != 1 else []


def _voice(wanted: Mapping[str, object]) -> list[str]:
    number = wanted.get("voice_vlan")
    return [f"switchport voice vlan {number}"] if number else []


def _security(wanted: Mapping[str, object]) -> list[str]:
    most, where = wanted.get("max_macs"), " vlan voice" if wanted.get("voice_vlan") else ""
    limit = [f"{_SECURE} maximum {most}"] if most and most != 1 else []
    lines = [f"{_SECURE} mac-address {mac(item, by='.')}{where}" for item in addresses(wanted)]
    return [*limit, *([_SECURE] if most else []), *lines]


class Ios(Dialect):
    """Catalyst access switches."""

    platform = "CISCO_IOS"
    called = "IOS"
    logins = IosLogins()
    erasing = ERASING
    leave = "exit"
    save = "write memory"
    settle = "configure confirm, or configure revert now"
    undoing = (
        (
            r"no (description|switchport (?:access|voice) vlan|switchport port-security maximum(?= \d+$)) .*",
            r"no \1",
        ),
        (r"no (switchport mode|power inline|transport input|name) .*", r"no \1"),
    )
    #: The abbreviations `show interfaces status` uses.
    ports = Names(
        {
            "FastEthernet": "Fa", "GigabitEthernet": "Gi", "TwoGigabitEthernet": "Tw",
            "FiveGigabitEthernet": "Fi", "TenGigabitEthernet": "Te", "TwentyFiveGigE": "Twe",
        },
        r"\d+(?:/\d+){1,2}",
        "Gi1/0/7",
    )  # fmt: skip
    #: Security: not a port's limits by VLAN, nor whether it learns by itself (`sticky`); what it has learned
    #: takes the place of what is wanted, and goes.
    rows: ClassVar = (
        Row(frozenset({"description"}), ("description .*",), described),
        Row(
            frozenset({"access_vlan"}),
            ("switchport access vlan .*", "switchport mode (access|dynamic .*)"),
            _access,
        ),
        Row(frozenset({"voice_vlan"}), ("switchport voice vlan .*",), _voice),
        Row(frozenset({"lldp_med"}), (_MED,), when("lldp_med", False, _MED)),
        Row(frozenset({"poe"}), ("power inline .*",), when("poe", False, "power inline never")),
        Row(
            frozenset({"max_macs", "secure_macs", "voice_vlan"}),
            (
                _SECURE,
                rf"{_SECURE} maximum \d+",
                rf"{_SECURE} mac-address (sticky )?[0-9a-f]{{4}}\..*",
            ),
            _security,
        ),
    )
    #: Beside 1 the four of Token Ring and FDDI.
    own_vlans = frozenset({1, 1002, 1003, 1004, 1005})
    unnamed = "VLAN{:04}"
    #: A server, behind the routing table and protocol that may be named before it.
    ntp = Servers("ntp server {}", r"ntp server (?:vrf \S+ )?(?:ip |ipv6 )?(\S+).*")
    #: IOS 12.2 shows `logging 192.0.2.2`, later ones `logging host 192.0.2.2`.
    syslog = Servers(
        "logging host {}",
        r"logging (?:host |(?=[0-9]))(?:vrf \S+ )?(?:ip |ipv6 )?(\S+).*",
    )
    lldp = ("lldp run", True)
    terminals = ("line vty", "transport input .*", "transport input ssh")
    slots = frozenset(SwitchServices.slots)

    def reverts(self, config: Config) -> bool:
        """Look for `archive` with a `path`: without one IOS refuses the timer."""
        return any(line.startswith("path ") for line in config.lines("archive"))

    def configuration(self, texts: Texts) -> Config:
        """Put VLANs and users, which the running configuration need not show, beside the rest."""
        config = Config.parse(_BANNER.sub(r"\1", texts[RUNNING]))
        for line in texts.get(VLANS, "").splitlines():
            if match := _VLAN_LINE.fullmatch(line.rstrip()):
                config.sections.setdefault(f"vlan {match[1]}", [f"name {match[2]}"])
        for name, group in re.findall(
            r"User name: (\S+).*?Group-name: (\S+)", texts.get(USERS, ""), re.DOTALL
        ):
            config.sections[f"{USER}{name} {group} v3"] = []
        return config

    def uplink(self, lines: Sequence[str]) -> bool:
        """Seal trunks, routed ports, members of a port channel, and ports whose VLAN a server decides."""
        vlan = value(lines, "switchport access vlan ")
        return (
            "switchport mode trunk" in lines
            or "no switchport" in lines
            or any(line.startswith("channel-group ") for line in lines)
            or bool(vlan and not vlan.isdigit())
        )

    def port(self, lines: Sequence[str]) -> SwitchPort:
        """Read an access port."""
        voice = value(lines, "switchport voice vlan ")
        return SwitchPort(
            description=value(lines, "description "),
            access_vlan=int(value(lines, "switchport access vlan ") or 1),
            voice_vlan=int(voice) if voice.isdigit() else 0,
            lldp_med=_MED not in lines,
            poe="power inline never" not in lines,
            max_macs=_most(lines) if _SECURE in lines else 0,
            secure_macs=tuple(
                sorted(
                    mac(line.split()[3], by=":")
                    for line in lines
                    if re.match(rf"{_SECURE} mac-address [0-9a-f]{{4}}\.", line)
                )
            ),
        )

    def fence(self, config: Config, estate_id: str) -> int:
        """Read it from an alias, which does nothing on its own."""
        numbers = config.globals(f"alias exec {_alias(estate_id)} ")
        return int(numbers[0]) if numbers and numbers[0].isdigit() else 0

    def fence_commands(self, config: Config, estate_id: str, number: int) -> tuple[str, ...]:
        """Write it there; the running configuration is what two controllers share."""
        return (f"alias exec {_alias(estate_id)} {number}",)

    def secrets(self, change: Change, words: Mapping[str, Secret]) -> tuple[Secret, ...]:
        """Set an SNMPv3 user: SHA-1 and AES-128, what every IOS since 12.4(2)T has (RFC 3414, 3826)."""
        if change.after is None or not words or not isinstance(change.after.body, SwitchServices):
            return ()
        both = [words[slot].reveal() for slot in ("snmp_auth", "snmp_priv") if slot in words]
        user = change.after.body.snmp_user
        if len(both) != 2 or not user:  # noqa: PLR2004 - IOS takes both in one command
            return ()
        return (
            Secret(
                f"snmp-server user {user} {_GROUP} v3 auth sha {both[0]} priv aes 128 {both[1]}"
            ),
        )

    def snmp_user(self, config: Config) -> str:
        """Return the user in our group."""
        return next((name for name, group in _users(config) if group == _GROUP), "")

    def edit_snmp_user(self, config: Config, user: str) -> None:
        """Give the group, of which the user is made by the command with the secrets; take old users away."""
        lines = [f"snmp-server group {_GROUP} v3 priv"] if user else []
        config.replace_globals(f"snmp-server group {_GROUP} .*", lines)
        for name, group in _users(config):
            if group == _GROUP and name != user:
                del config.sections[f"{USER}{name} {group} v3"]


def _alias(estate_id: str) -> str:
    return f"commsroom-{estate_id[:12]}"


def _users(config: Config) -> list[list[str]]:
    return [text.split()[:2] for text in config.globals(USER)]


def _most(lines: Sequence[str]) -> int:
    """Return how many addresses a secured port takes; a limit of one VLAN's own is no limit of the port."""
    found = [value([line], f"{_SECURE} maximum ") for line in lines]
    return next((int(text) for text in found if text.isdigit()), 1)
