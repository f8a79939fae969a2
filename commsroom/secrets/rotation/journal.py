"""What a rotation needs of the ledger, as a protocol: the two rooms do not know each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from commsroom.estate.rotation import Rotation


class Journal(Protocol):
    """Where rotations stand. What returned is durable."""

    def generation_of(self, paths: Iterable[str]) -> Mapping[str, int]:
        """Return the current generation of each path (1 is the first)."""
        ...

    def rotations(self, paths: Iterable[str] | None = None) -> Mapping[str, Rotation]:
        """Return the last rotation of each of `paths`, or with None all that have not ended."""
        ...

    def record_rotations(self, steps: Sequence[Rotation], *, actor: str, fence: int) -> None:
        """Record one step of each, all or none; a promoted one's generation is current with it.

        Raises FenceRefused when our lock was lost: then nothing may be sent.
        """
        ...
