"""What an exchange offers on the network: for its inspection, and for its firewall."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commsroom.estate.backend import Access
from commsroom.estate.inspection import Encryption, Service
from commsroom.estate.kinds import Extension

if TYPE_CHECKING:
    from commsroom.backends.asterisk.settings import Settings
    from commsroom.estate.resource import Resource


def services(settings: Settings) -> tuple[Service, ...]:
    """Name the services; media ports are open only while there is a call (SRTP, RFC 3711)."""
    found = [
        Service(name="sips", port=settings.pbx_sips_port, encryption=Encryption.TLS),
        Service(
            name="rtp", port=settings.pbx_rtp_first_port, last=settings.pbx_rtp_last_port,
            transport="udp", on_demand=True,
        ),
    ]  # fmt: skip
    if settings.pbx_udp:  # a stated exception of a site, see company.yml
        found.append(Service(name="sip", port=settings.pbx_udp_port, transport="udp"))
    return tuple(found)


def access(settings: Settings, resource: Resource) -> Access:
    """Say how an extension is used: it registers by its number. A voicemail box knows who calls it."""
    if not isinstance(resource.body, Extension):
        return Access("")
    wanted = "sip" if resource.body.transport == "udp" else "sips"
    return Access(resource.address.key, [one for one in services(settings) if one.name == wanted])
