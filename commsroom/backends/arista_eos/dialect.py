"""What EOS calls things on a campus switch (720XP, 722XP; EOS 4.24 and later).

Sources: Arista, *EOS User Manual* (VLANs, Ethernet Ports, Port Security, LLDP, Switch Administration), and the
configurations that Arista publishes with its collection for Ansible (aristanetworks/avd, Apache-2.0). A port
with a phone is a phone trunk: data untagged in the native VLAN, voice tagged in the phone VLAN.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, Final

from commsroom.backends.arista_eos.logins import EosLogins
from commsroom.backends.network_cli.config import Config, value
from commsroom.backends.network_cli.dialect import Dialect, Names, Row, Servers, described, when
from commsroom.estate.kinds.network import SwitchPort

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from commsroom.backends.network_cli.session import Texts

RUNNING: Final = "show running-config"

#: What people are greeted with is text, whatever its lines look like.
_BANNER: Final = re.compile(r"^(banner \S+)\n.*?^EOF *$", re.MULTILINE | re.DOTALL)
_PHONE: Final = "switchport mode trunk phone"
_SECURE: Final = "switchport port-security"
_MOST: Final = f"{_SECURE} mac-address maximum"


def _vlans(wanted: Mapping[str, object]) -> list[str]:
    access, voice = wanted.get("access_vlan") or 1, wanted.get("voice_vlan")
    if not voice:
        return [f"switchport access vlan {access}"] if access != 1 else []
    native = [f"switchport trunk native vlan {access}"] if access != 1 else []
    return [*native, f"switchport phone vlan {voice}", "switchport phone trunk untagged", _PHONE]


def _security(wanted: Mapping[str, object]) -> list[str]:
    most = wanted.get("max_macs")
    return [*([f"{_MOST} {most}"] if most and most != 1 else []), *([_SECURE] if most else [])]


class Eos(Dialect):
    """Campus switches."""

    platform = "ARISTA_EOS"
    called = "EOS"
    logins = EosLogins()
    leave = "exit"
    save = "write memory"
    settle = "configure session NAME commit, or configure session NAME abort"
    undoing = (
        (r"no (description|name) .*", r"no \1"),
        (
            r"no (switchport (?:access vlan|mode|trunk native vlan|phone vlan|phone trunk)) .*",
            r"no \1",
        ),
        (rf"no ({_MOST}) .*", r"no \1"),
    )
    #: The abbreviation `show interfaces status` uses.
    ports = Names({"Ethernet": "Et"}, r"\d+(?:/\d+){0,2}", "Et7")
    rows: ClassVar = (
        Row(frozenset({"description"}), ("description .*",), described),
        Row(
            frozenset({"access_vlan", "voice_vlan"}),
            (
                "switchport access vlan .*", r"switchport trunk native vlan \d+",
                "switchport phone (vlan|trunk) .*", "switchport mode (access|trunk phone)",
            ),
            _vlans,
        ),
        Row(frozenset({"poe"}), ("poe disabled",), when("poe", False, "poe disabled")),
        Row(frozenset({"max_macs"}), (_SECURE, f"{_MOST} .*"), _security),
    )  # fmt: skip
    ntp = Servers("ntp server {}", r"ntp server (?:vrf \S+ )?(\S+).*")
    syslog = Servers("logging host {}", r"logging (?:vrf \S+ )?host (\S+).*")
    lldp = ("no lldp run", False)  # it is on from the factory, and then not shown
    terminals = ("management telnet", "(no )?shutdown", "shutdown")
    #: What a phone is told over LLDP-MED is no setting of a port here; addresses of port security are learned,
    #: never configured; SNMPv3 users are not ours yet.
    unsupported = frozenset({"lldp_med", "secure_macs", "snmp_user"})

    def reverts(self, config: Config) -> bool:
        """Say yes: sessions need nothing set up. A system without them refuses, and is changed without."""
        return True

    def configuration(self, texts: Texts) -> Config:
        """Give each VLAN of `vlan 10,20-22` a section of its own."""
        config = Config.parse(_BANNER.sub(r"\1", texts[RUNNING]))
        for name in [
            item for item in config.sections if re.fullmatch(r"vlan \d[\d,-]*[,-]\d+", item)
        ]:
            lines = config.sections.pop(name)
            for number in _numbers(name.removeprefix("vlan ")):
                config.sections.setdefault(f"vlan {number}", list(lines))
        return config

    def uplink(self, lines: Sequence[str]) -> bool:
        """Seal trunks, routed ports, members of a port channel, and what tags its native VLAN."""
        mode = value(lines, "switchport mode ")
        return (
            mode not in {"", "access", "trunk phone"}
            or "no switchport" in lines
            or "switchport trunk native vlan tag" in lines
            or any(line.startswith("channel-group ") for line in lines)
        )

    def port(self, lines: Sequence[str]) -> SwitchPort:
        """Read an access port; the VLANs of a mode it is not in do not count.

        Nor is it a phone's voice VLAN where data is tagged as well, or voice is not.
        """
        phone = _PHONE in lines
        tags_voice = phone and "switchport phone trunk untagged" in lines
        untagged = "switchport trunk native vlan " if phone else "switchport access vlan "
        most = value(lines, f"{_MOST} ") or "1"  # `disabled` is no limit
        return SwitchPort(
            description=value(lines, "description "),
            access_vlan=int(value(lines, untagged) or 1),
            voice_vlan=int(value(lines, "switchport phone vlan ") or 0) if tags_voice else 0,
            poe="poe disabled" not in lines,
            max_macs=int(most) if _SECURE in lines and most.isdigit() else 0,
        )

    def closed_to_telnet(self, config: Config) -> bool:
        """Look for a `no shutdown`, in a routing table of its own too: from the factory it is shut."""
        return not any(
            line.strip() == "no shutdown"
            for name, lines in config.sections.items()
            if name == "management telnet"
            for line in lines
        )

    def fence(self, config: Config, estate_id: str) -> int:
        """Read it from an alias, which does nothing on its own."""
        numbers = config.globals(f"alias {_alias(estate_id)} ")
        return int(numbers[0]) if numbers and numbers[0].isdigit() else 0

    def fence_commands(self, config: Config, estate_id: str, number: int) -> tuple[str, ...]:
        """Write it there; one of the same name takes its place."""
        return (f"alias {_alias(estate_id)} {number}",)


def _alias(estate_id: str) -> str:
    return f"commsroom-{estate_id[:12]}"


def _numbers(text: str) -> Iterator[int]:
    """Read `10,20-22`."""
    for part in text.split(","):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)
