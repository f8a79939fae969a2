"""Mobiles by their MDM servers: a command is queued once, and asked after until the mobile has answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from commsroom.errors import CommsroomError, UsageError
from commsroom.policy.words import did_you_mean, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from commsroom.app.estate import Estate
    from commsroom.estate.backend import Provider
    from commsroom.estate.retiring.managing import Command, Manages, Receipt

#: The back end that manages mobiles.
BACKEND: Final = "nanomdm"
_CALL_SECONDS: Final = 90.0


def require_server(estate: Estate, name: str, tag: str) -> None:
    """Refuse, by UsageError, a device's row that names an MDM server which is none."""
    servers = [one for one, system in estate.systems.items() if system.backend.name == BACKEND]
    if name not in servers:
        raise UsageError(
            f"{tag}: {quoted(name)} is no MDM server of the inventory",
            remedy=did_you_mean(name, servers) or f"give a host commsroom_backend: {BACKEND}",
        )


def order(estate: Estate, server: str, commands: Sequence[Command]) -> Mapping[str, Receipt]:
    """Have a server keep commands for its devices; raises CommsroomError when it does not answer."""
    return _asked(estate, server, commands, queue=True)


def ask(estate: Estate, server: str, commands: Sequence[Command]) -> Mapping[str, Receipt]:
    """Ask what devices answered; raises CommsroomError when the server does not."""
    return _asked(estate, server, commands, queue=False)


def _asked(
    estate: Estate, server: str, commands: Sequence[Command], *, queue: bool
) -> Mapping[str, Receipt]:
    def work(_name: str, provider: Provider) -> Mapping[str, Receipt]:
        manages = cast("Manages", provider)
        return manages.order(commands) if queue else manages.ask(commands)

    found = estate.fleet.each(work, on=[server], deadline=_CALL_SECONDS)[server]
    if isinstance(found, CommsroomError):
        raise found
    return cast("Mapping[str, Receipt]", found)
