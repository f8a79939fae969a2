"""One field of an object that is not as expected, as every form tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from commsroom.estate.resource import Change, Value


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that is not as expected. A secret (`secret:<slot>`) has no values, ever."""

    name: str
    expected: Value = None
    actual: Value = None
    #: It is about a secret that nobody asks for, such as a second password, and that is to be taken away.
    unasked: bool = False

    @property
    def secret(self) -> bool:
        """Tell whether this is about a secret, whose values are never shown."""
        return self.name.startswith("secret:")


def differences(change: Change) -> tuple[Difference, ...]:
    """Name what a change moves, with both values; of secrets only that they move."""
    return tuple(
        Difference(
            name,
            getattr(change.after.body, name, None) if change.after else None,
            getattr(change.before.body, name, None) if change.before else None,
            _unasked(change, name),
        )
        for name in change.fields
    )


def _unasked(change: Change, name: str) -> bool:
    prefix, _, slot = name.partition(":")
    return prefix == "secret" and change.after is not None and change.after.secret(slot) is None
