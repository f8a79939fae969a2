"""Mobiles by their MDM servers: a command is queued once, and asked after until the mobile has answered."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, cast

from commsroom.errors import CommsroomError, SystemUnknown, UsageError
from commsroom.estate.retiring.managing import Receipt, Reply
from commsroom.policy.words import did_you_mean, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from commsroom.app.estate import Estate
    from commsroom.estate.backend import Provider
    from commsroom.estate.retiring.managing import Command, Manages

#: The back end that manages mobiles.
BACKEND: Final = "nanomdm"
_CALL_SECONDS: Final = 90.0
#: Seconds that a run waits for mobiles: one that is switched on answers at once, others in days.
PATIENCE: Final = 30.0
_FIRST_WAIT: Final = 0.5
_LONGEST_WAIT: Final = 10.0
#: What ends a command.
ENDED: Final = frozenset({Reply.DONE, Reply.FAILED, Reply.REFUSED})


def servers(estate: Estate) -> tuple[str, ...]:
    """Return the names of the MDM servers of the inventory."""
    return tuple(name for name, system in estate.systems.items() if system.backend.name == BACKEND)


def require_server(estate: Estate, name: str, tag: str) -> None:
    """Refuse, by UsageError, a device's row that names an MDM server which is none."""
    if name not in (known := servers(estate)):
        raise UsageError(
            f"{tag}: {quoted(name)} is no MDM server of the inventory",
            remedy=did_you_mean(name, known) or f"give a host commsroom_backend: {BACKEND}",
        )


def order(estate: Estate, server: str, commands: Sequence[Command]) -> Mapping[str, Receipt]:
    """Have a server keep commands for its devices; raises CommsroomError when it does not answer."""
    return _asked(estate, server, commands, queue=True)


def ask(estate: Estate, server: str, commands: Sequence[Command]) -> Mapping[str, Receipt]:
    """Ask what devices answered; raises CommsroomError when the server does not."""
    return _asked(estate, server, commands, queue=False)


def attend(
    estate: Estate,
    server: str,
    commands: Sequence[Command],
    heard: Callable[[Mapping[str, Receipt]], None],
    *,
    patience: float = PATIENCE,
) -> str:
    """Have commands queued and wait for answers; `heard` is given them by name as they come.

    Returns:
        Why nothing is known of some of them, "" when all are ended: the next run asks by the same names.
    """
    waiting = {command.name: command for command in commands}
    end, wait, over = time.monotonic() + patience, _FIRST_WAIT, False
    found = order(estate, server, commands)
    while True:
        heard({name: one for name, one in found.items() if one.reply in ENDED})
        unsure = [one.said for one in found.values() if one.reply is Reply.UNKNOWN]
        waiting = {
            name: command
            for name, command in waiting.items()
            if found.get(name, _UNSAID).reply not in ENDED
        }
        if unsure:
            return f"nobody knows whether {len(unsure)} commands are queued: {unsure[0]}"
        if not waiting:
            return ""
        if over:
            return f"no answer yet to {len(waiting)} of {len(commands)} commands: they wait for the mobiles"
        over = time.monotonic() >= end
        time.sleep(0.0 if over else wait)
        wait = min(_LONGEST_WAIT, wait * 1.5)
        found = ask(estate, server, list(waiting.values()))


_UNSAID: Final = Receipt(Reply.UNKNOWN)


def _asked(
    estate: Estate, server: str, commands: Sequence[Command], *, queue: bool
) -> Mapping[str, Receipt]:
    def work(_name: str, provider: Provider) -> Mapping[str, Receipt]:
        manages = cast("Manages", provider)
        return manages.order(commands) if queue else manages.ask(commands)

    if server not in servers(estate):  # taken out of the inventory since it was told
        raise SystemUnknown(server, "mdm", "it is no MDM server of the inventory any more")
    found = estate.fleet.each(work, on=[server], deadline=_CALL_SECONDS)[server]
    if isinstance(found, CommsroomError):
        raise found
    return cast("Mapping[str, Receipt]", found)
