"""Which servers an estate's lab has: the hosts of its inventory whose address is the lab's."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from commsroom.lab import network
from commsroom.lab.errors import LabUnavailable
from commsroom.runs import inventory

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

#: The TCP ports each kind of server is used by, by back end. All of them speak TLS.
_SERVICES: Final[Mapping[str, Mapping[str, int]]] = {
    "asterisk": {"sips": 5061},
    "postfix_dovecot": {"imaps": 993, "submission": 587},
    "prosody": {"xmpp": 5222},
}
_SIP_UDP: Final = 5060


@dataclass(frozen=True, slots=True)
class Server:
    """One server of the estate that lives in the lab, with its Ansible groups and further names."""

    name: str
    address: str
    domain: str
    backend: str
    groups: tuple[str, ...]
    other_names: tuple[str, ...] = ()
    udp: bool = False

    @property
    def dns_name(self) -> str:
        """The name its certificate is for."""
        return f"{self.name}.{self.domain}" if self.domain else self.name

    @property
    def tcp(self) -> Mapping[str, int]:
        """Its services over TCP and their ports."""
        return _SERVICES.get(self.backend, {})

    @property
    def services(self) -> Mapping[str, int]:
        """All its services; SIP over UDP only where policy has an exception for a site."""
        return {**self.tcp, "sip": _SIP_UDP} if self.udp else self.tcp


def servers(estate: Path) -> Sequence[Server]:
    """Return the estate's servers that belong in the lab, by name.

    Raises:
        LabUnavailable: none of its hosts has an address of the lab.
        CommsroomError: the inventory cannot be read.
    """
    listing = inventory.listing(estate)
    found = []
    for name, variables in sorted(listing.get("_meta", {}).get("hostvars", {}).items()):
        # What runs on the machine of another host is a system, and no server of its own.
        if variables.get("commsroom_machine") or not _in_lab(
            str(variables.get("ansible_host", ""))
        ):
            continue
        groups = sorted(
            group for group, entry in listing.items() if name in (entry or {}).get("hosts", ())
        )
        found.append(_server(name, variables, groups))
    if not found:
        raise LabUnavailable(
            f"{estate / 'inventory'}: no host has an address in {network.NETWORK}, so none is the lab's",
            remedy="give a server of the inventory such an ansible_host",
        )
    return found


def _server(name: str, variables: Mapping[str, Any], groups: Sequence[str]) -> Server:
    return Server(
        name=name,
        address=str(variables["ansible_host"]),
        domain=str(variables.get("commsroom_domain", "")),
        backend=str(variables.get("commsroom_backend", "")),
        groups=tuple(groups),
        other_names=tuple(variables.get("commsroom_tls_names", ())),
        udp=variables.get("pbx_udp") is True,
    )


def _in_lab(text: str) -> bool:
    try:
        return ipaddress.ip_address(text) in network.NETWORK
    except ValueError:
        return False
