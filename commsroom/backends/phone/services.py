"""What a provisioning server offers on the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commsroom.estate.inspection import Encryption, Service

if TYPE_CHECKING:
    from commsroom.backends.phone.settings import Settings


def services(settings: Settings) -> tuple[Service, ...]:
    """Name the one service."""
    port = settings.provisioning_port
    return (Service(name="provisioning", port=port, encryption=Encryption.TLS),)
