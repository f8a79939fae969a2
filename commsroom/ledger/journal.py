"""What a run needs of the ledger, as a protocol, so that a test may hand in another one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from commsroom.estate.backend import Outcome
    from commsroom.estate.resource import Address, Change
    from commsroom.ledger.model import OpenBatch


class Journal(Protocol):
    """Intent before, outcome after: whoever is killed in between leaves an open batch behind."""

    def begin(
        self,
        run: str,
        system: str,
        stage: str,
        changes: Sequence[Change],
        *,
        actor: str,
        fence: int,
        requester: str = "",
    ) -> int:
        """Record durably, before anything is sent, what a batch is about to change."""
        ...

    def finish(self, batch: int, outcomes: Sequence[Outcome], changes: Sequence[Change]) -> None:
        """Record durably how each change of the batch ended."""
        ...

    def abandon(self, batch: int, reason: str) -> None:
        """Close a batch of which nothing was written."""
        ...

    def open_batches(self) -> Sequence[OpenBatch]:
        """Return the batches that began and never ended."""
        ...

    def settle(self, batch: int, found: Mapping[Address, str], *, actor: str = "") -> None:
        """Close a killed run's batch by what its system was found to hold."""
        ...
