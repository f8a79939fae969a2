"""Secrets as the core sees them: references, never values, and one opaque wrapper for the edge."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, NoReturn


class Custody(StrEnum):
    """Who holds a secret.

    *managed*: we hold it, so use can be proven by login and a change behind our back is drift.
    *personal*: we set the first one; the owner may change it, and that is no drift.
    """

    MANAGED = "managed"
    PERSONAL = "personal"


class Shape(StrEnum):
    """What kind of value a secret is; the generator knows alphabet and length for each."""

    SIP = "sip"
    PASSWORD = "password"  # noqa: S105 - the name of a shape, not a secret
    PIN = "pin"
    #: Letters and digits without any that look alike: typed at a device, where a dash is hard to find.
    TYPED = "typed"
    #: Somebody else made it and gave it to us: entered by `commsroom secret enter`, never generated.
    GIVEN = "given"


@dataclass(frozen=True, slots=True, order=True)
class SecretRef:
    """Points at one generation of a secret in the store; generation 0 is "the current one".

    `path` is `<owner>/<use>`, e.g. `wei.wang/sip`; `slot` is where the resource holds it, e.g.
    `password` or `pin`.
    """

    path: str
    slot: str
    shape: Shape = Shape.PASSWORD
    custody: Custody = Custody.MANAGED
    generation: int = 0
    #: Seconds after which policy renews it by the calendar; 0: never.
    every: int = field(default=0, compare=False)
    #: Characters policy asks for (PINs: digits); 0: as usual.
    length: int = field(default=0, compare=False)

    def pinned(self, generation: int) -> SecretRef:
        """Return the same reference at a stated generation (1 is the first)."""
        return replace(self, generation=generation)


class Secret:
    """A secret's value on its way to a system; nothing prints, pickles or compares it by accident."""

    __slots__ = ("_value",)
    _MASK: Final = "Secret('***')"

    def __init__(self, value: str) -> None:
        """Wrap `value`; only `reveal` gives it back."""
        self._value = value

    def reveal(self) -> str:
        """Return the value. Call it in the one line that hands it to a system or its owner."""
        return self._value

    def __repr__(self) -> str:
        """Never show the value."""
        return self._MASK

    def __reduce__(self) -> NoReturn:
        """Refuse pickling: a secret must not travel by accident."""
        message = "a Secret cannot be pickled"
        raise TypeError(message)
