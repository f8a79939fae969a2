"""What any store of secrets promises; the sealed file is one, a vault may be another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from commsroom.estate.secret import Secret, SecretRef


class Store(Protocol):
    """Secrets by path and generation. A generation, once stored, keeps its value for ever.

    Whatever returns is durable: a secret must be safe before it is sent to any system.
    """

    def get(self, path: str, generation: int) -> Secret | None:
        """Return one secret, None where the store has none."""
        ...

    def get_many(self, pairs: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Secret]:
        """Return those of the (path, generation) pairs that the store has."""
        ...

    def ensure(self, refs: Iterable[SecretRef], make: Callable[[SecretRef], Secret]) -> int:
        """Make and store what is missing, all or nothing; return how many that were.

        Raises:
            ValueError: a reference states no generation.
        """
        ...

    def put(self, path: str, generation: int, secret: Secret) -> None:
        """Store a given secret; raises CommsroomError when another one is there already."""
        ...

    def latest(self, path: str) -> int:
        """Return the highest stored generation of a path, 0 if there is none."""
        ...

    def close(self) -> None:
        """Let go of it; safe to call twice."""
        ...
