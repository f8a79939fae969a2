"""network.yml: the voice network's part of the switches: VLANs, the ports of phones, and services.

Which phone is on which port is in the equipment register (`port` of devices.csv); what such a port looks
like is here. The file is optional: without it no switch is touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from commsroom.policy.base import Model, Section
from commsroom.policy.scalars import Id


def _address(text: str) -> str:
    try:
        found: IPv4Address | IPv6Address = ip_address(text)
    except ValueError:
        raise ValueError(f"{text!r} is not an IP address: write 192.0.2.1") from None
    return str(found)


#: IEEE 802.1Q; 1 is every switch's default, and 4095 is reserved.
VlanId = Annotated[int, Field(ge=2, le=4094)]
VlanName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,30}$")]
IpAddress = Annotated[str, AfterValidator(_address)]
LoginName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9._-]{0,30}$")]
SnmpUser = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,30}$")]


class Vlan(Model):
    """One virtual LAN of a site (IEEE 802.1Q)."""

    id: VlanId = Field(description="2 to 4094")
    name: VlanName = Field(description="As switches show it: ASCII letters, digits, `_`, `-`")


class SiteNetwork(Section):
    """The VLANs of one site; every switch that serves the site gets them."""

    data: Vlan = Field(description="Untagged on the ports of phones: the computer behind one")
    voice: Vlan = Field(description="Tagged on the ports of phones, told to them by LLDP-MED")


class PortSecurity(Section):
    """Who may send on a phone's port."""

    enabled: bool = Field(
        default=True,
        description="Only the phone's own MAC in the voice VLAN; of a phone without one as many"
        " addresses as with it, the first that send",
    )
    others: int = Field(
        default=1, ge=0, le=16, description="Further addresses allowed: the computer behind a phone"
    )


class Ports(Section):
    """What the port of a phone is like."""

    lldp_med: bool = Field(
        default=True,
        description="Tell the phone its voice VLAN (LLDP-MED network policy, ANSI/TIA-1057)",
    )
    poe: bool = Field(default=True, description="Power over Ethernet (IEEE 802.3af)")
    security: PortSecurity = PortSecurity()


class Services(Section):
    """What a switch itself uses and offers."""

    ntp: tuple[IpAddress, ...] = Field(default=(), description="Time servers; all of them")
    syslog: tuple[IpAddress, ...] = Field(
        default=(), description="Receivers of its log; all of them"
    )
    ssh_only: bool = Field(default=True, description="Its command line by SSH only, never Telnet")
    lldp: bool = Field(default=True, description="LLDP (IEEE 802.1AB) on the whole switch")
    snmp_user: SnmpUser | None = Field(
        default=None,
        description="SNMPv3 user with authentication and privacy (RFC 3414), read only",
    )


class Login(Section):
    """A local user of switches, whose password we hold and renew."""

    level: int = Field(default=15, ge=1, le=15, description="What it may do; 15 is everything")
    switches: tuple[str, ...] = Field(
        default=(), description="Switches that have it, by name; empty: every one"
    )


class Network(Section):
    """network.yml."""

    sites: Mapping[Id, SiteNetwork] = Field(default={}, description="VLANs by site of company.yml")
    ports: Ports = Ports()
    services: Services | None = Field(
        default=None,
        description="Of every switch; leave it out and nobody's services are looked at",
    )
    logins: Mapping[LoginName, Login] = Field(
        default={},
        description="Local users of switches by name, with a password of its own on each; others are left alone",
    )
