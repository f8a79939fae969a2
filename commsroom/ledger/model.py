"""The ledger's values: events and their rows, open batches, and who holds the lock."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from commsroom.errors import CommsroomError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from commsroom.estate.resource import Action, Address


class LedgerMissing(CommsroomError):
    """There is no ledger at the place named, and none was to be made."""


@dataclass(frozen=True, slots=True)
class Row:
    """What an event says about one address. `data` is JSON; it names secrets, never their values."""

    address: Address
    action: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """One link of the chain. `at` is UTC, ISO 8601 with microseconds; `hash` seals all that came before.

    `actor` ran the command (`user@host`), `requester` asked for it where that is somebody else.
    `batch` is the number of the intent this belongs to.
    """

    seq: int
    at: str
    kind: str
    actor: str
    requester: str
    batch: int | None
    fence: int | None
    data: Mapping[str, Any]
    hash: str
    rows: tuple[Row, ...] = ()


#: No secret of any path: what is in a slot after its secret was taken away.
NOTHING: Final = ("", 0)


@dataclass(frozen=True, slots=True)
class Intent:
    """One change as it was about to be made. `before` and `after` hold attributes, None is absence.

    `secrets` maps slot → (path, generation) for the secrets that were to be written; `NOTHING` is what a
    slot holds whose secret was to be taken away.
    """

    address: Address
    action: Action
    fields: tuple[str, ...]
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    secrets: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    person: str = ""
    protected: bool = False


@dataclass(frozen=True, slots=True)
class OpenBatch:
    """A batch whose intent was recorded and whose outcome never was: its run was killed."""

    id: int
    run: str
    system: str
    stage: str
    actor: str
    fence: int
    at: str
    intents: tuple[Intent, ...]


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the estate's lock, since when (UTC), and with which process."""

    holder: str
    fence: int
    since: str
    command: str
    host: str
    pid: int
    #: Start of the process in clock ticks since boot, "" where the platform does not tell.
    started: str = ""
    #: Identifies this boot of this kernel: the same in all its containers.
    boot: str = ""
    #: Identifies the namespace in which `pid` counts.
    pids: str = ""

    def __str__(self) -> str:
        """Render as one clause of an error message."""
        return (
            f"{self.holder} since {self.since} ({self.command}, process {self.pid} on {self.host})"
        )
