"""What a mail server offers on the network: for its inspection, and for its firewall."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commsroom.estate.backend import Access
from commsroom.estate.inspection import Encryption, Service

if TYPE_CHECKING:
    from commsroom.backends.postfix_dovecot.settings import Settings
    from commsroom.estate.resource import Resource


def services(settings: Settings) -> tuple[Service, ...]:
    """Name the services; other companies' servers may come to port 25 without TLS (RFC 7435)."""
    found = [
        Service(
            name="smtp", port=settings.smtp_port, encryption=Encryption.OPTIONAL, dialogue="smtp"
        ),
        Service(
            name="submission", port=settings.submission_port, encryption=Encryption.STARTTLS,
            dialogue="smtp",
        ),
        Service(name="imaps", port=settings.imaps_port, encryption=Encryption.TLS),
    ]  # fmt: skip
    if settings.managesieve:
        found.append(
            Service(name="sieve", port=4190, encryption=Encryption.STARTTLS, dialogue="sieve")
        )
    return tuple(found)


def access(settings: Settings, resource: Resource) -> Access:
    """Say how a mailbox is used: one logs in with its address, to read and to send."""
    offered = {service.name: service for service in services(settings)}
    return Access(resource.address.key, (offered["imaps"], offered["submission"]))
