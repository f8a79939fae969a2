"""What a switch does for us when it is retired: says who it is, and erases itself over its own command line.

What it says of itself is all there is to go by: it can be read only before it restarts, and is nobody after.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from commsroom.estate.retiring.verdict import Verdict

#: What a medium `can` that a system of the inventory erases so.
ABILITY: Final = "cli-erase"


@dataclass(frozen=True, slots=True)
class Erasure:
    """How an erasing ended. `said` is each command with its answer, free of secrets; `notes` what is left out."""

    verdict: Verdict
    said: str = ""
    notes: tuple[str, ...] = ()


class Erases(Protocol):
    """A provider that erases the very system it talks to."""

    def serials(self) -> Sequence[str]:
        """Return the serial numbers the system says it has: of a stack, each member's; raises SystemUnknown."""
        ...

    def erase(self, serial: str) -> Erasure:
        """Erase it, if that is its one serial number: first ask what is left, last restart it.

        Raises:
            SystemUnknown: it cannot be asked, and nothing was erased.
        """
        ...


def mismatch(found: Sequence[str], serial: str) -> str:
    """Say why a system is not the device of this serial number, "" when it is."""
    if not serial:
        return "the register has no serial number for it"
    if not found:
        return "it does not say which serial number it has"
    if len(set(found)) > 1:
        return f"it is a stack of {', '.join(found)}: take it apart first"
    if found[0].casefold() != serial.casefold():
        return f"it says that it is {found[0]}, the register that it is {serial}"
    return ""
