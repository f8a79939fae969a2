"""What any store of secrets promises; the sealed file is one, the others are in `stores/`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from commsroom.errors import CommsroomError

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

    def everything(self) -> dict[tuple[str, int], Secret]:
        """Return all there is, to be carried into another store; may take as many requests as secrets."""
        ...

    def close(self) -> None:
        """Let go of it; safe to call twice."""
        ...


class StoreMissing(CommsroomError):
    """There is no store at the place, and none was to be made."""


def require_place(path: str, generation: int) -> None:
    """Raise ValueError unless a secret can be stored under this path and generation."""
    if not path or generation < 1:
        raise ValueError(f"{path!r} states no generation to store under")


def by_place(refs: Iterable[SecretRef]) -> dict[tuple[str, int], SecretRef]:
    """Return the first reference to each path and generation; raises ValueError as `ensure` does."""
    wanted: dict[tuple[str, int], SecretRef] = {}
    for ref in refs:
        require_place(ref.path, ref.generation)
        wanted.setdefault((ref.path, ref.generation), ref)
    return wanted


def require_same(there: Secret, given: Secret, path: str, generation: int) -> None:
    """Raise CommsroomError when a place holds another value: it may be in use, so none is replaced."""
    if there.reveal() != given.reveal():
        raise CommsroomError(
            f"generation {generation} of {path} is stored already with another value",
            remedy="store it as the next generation",
        )


def read_only(place: object) -> CommsroomError:
    """Return the error of a write to a store that was opened for reading."""
    return CommsroomError(f"{place} was opened for reading only")
