"""What a switch holds for the voice network: VLANs, ports, services of its own, and who logs in to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from commsroom.estate.resource import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchVlan(Kind):
    """A VLAN (IEEE 802.1Q). Key: its number."""

    kind: ClassVar[str] = "switch_vlan"

    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchPort(Kind):
    """An access port with a phone. Key: its name as the switch abbreviates it, `Gi1/0/7`.

    A port that is as it came from the factory does not exist for us. `voice_vlan` 0 is none.
    `max_macs` is how many addresses may send there, 0 for no limit (port security is off);
    `secure_macs` are those that are expected, written `80:5e:c0:9b:34:ca`.
    """

    kind: ClassVar[str] = "switch_port"

    description: str | None = None
    access_vlan: int | None = None
    voice_vlan: int | None = None
    #: The port tells phones its voice VLAN (LLDP-MED network policy, ANSI/TIA-1057).
    lldp_med: bool | None = None
    poe: bool | None = None
    max_macs: int | None = None
    secure_macs: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchLogin(Kind):
    """A local user of a switch's command line. Key: the name that is typed.

    `level` is what it may do, 15 for everything; switches hold one password for each.
    """

    kind: ClassVar[str] = "switch_login"
    slots: ClassVar[tuple[str, ...]] = ("password",)

    level: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchServices(Kind):
    """What the switch itself uses and offers. Key: `device`.

    `ntp` and `syslog` are whole sets. `ssh_only` is false where any terminal line takes Telnet.
    `snmp_user` is an SNMPv3 user with authentication and privacy (RFC 3414), "" for none.
    """

    kind: ClassVar[str] = "switch_services"
    slots: ClassVar[tuple[str, ...]] = ("snmp_auth", "snmp_priv")

    ntp: tuple[str, ...] | None = None
    syslog: tuple[str, ...] | None = None
    ssh_only: bool | None = None
    lldp: bool | None = None
    snmp_user: str | None = None


def login_path(system: str, name: str) -> str:
    """Return where the store keeps the password of a switch's user; each switch has its own."""
    return f"{system}/login/{name}"
