"""What a chat server offers on the network: for its inspection, and for its firewall."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commsroom.estate.backend import Access
from commsroom.estate.inspection import Encryption, Service

if TYPE_CHECKING:
    from commsroom.backends.prosody.settings import Settings
    from commsroom.estate.resource import Resource


def services(settings: Settings) -> tuple[Service, ...]:
    """Name the services; clients check the domain's name, not the server's (RFC 6120 §13.7)."""
    domain = settings.im_domain
    found = [
        Service(
            name="xmpp", port=settings.im_starttls_port, encryption=Encryption.STARTTLS,
            dialogue="xmpp", tls_name=domain,
        ),
        Service(
            name="xmpps", port=settings.im_direct_tls_port, encryption=Encryption.TLS, tls_name=domain
        ),
        Service(
            name="https", port=settings.im_https_port if settings.im_file_sharing else 0,
            encryption=Encryption.TLS, tls_name=settings.im_share_host or f"share.{domain}",
        ),
    ]  # fmt: skip
    if settings.im_federation:
        found.append(Service(name="xmpp-server", port=5269))
    return tuple(service for service in found if service.port)


def access(settings: Settings, resource: Resource) -> Access:
    """Say how an account is used: one logs in with its address (RFC 7622), which tells the server too."""
    used = [one for one in services(settings) if one.name in {"xmpp", "xmpps"}]
    return Access(f"{resource.address.key}@{settings.im_domain}", used)
