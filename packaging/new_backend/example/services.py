"""What the service offers on the network: for its inspection, and for its firewall."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commsroom.estate.inspection import Encryption, Service

if TYPE_CHECKING:
    from commsroom.backends.example.settings import Settings


def services(settings: Settings) -> tuple[Service, ...]:
    """Name the services."""
    return (Service(name="https", port=settings.https_port, encryption=Encryption.TLS),)
