"""What an MDM server does for us: keeps commands for mobiles until they come by, and tells what they answered.

A mobile may be switched off for weeks. A command waits for it at the server under a name of its own, the same
however often it is sent; until the mobile has answered, nobody knows what became of it.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: From which names of commands follow: what they are for, never chance.
_NAMES: Final = uuid.UUID("5f0a4d4e-6c1b-5a3e-9a51-0d6f2c1f7b42")


class Deed(StrEnum):
    """What a mobile is told to do."""

    ERASE = "erase"  #: all of it; never a person's own
    LOCK = "lock"
    REMOVE = "remove profile"  #: the work profile, and with it all that is the company's


class Reply(StrEnum):
    """What is known of a command."""

    UNKNOWN = "unknown"  #: nobody can say whether the server has it
    QUEUED = "queued"  #: the server has it, the device has not answered
    DONE = "done"
    FAILED = "failed"  #: the device says that it did not do it
    REFUSED = "refused"  #: the server does not take it


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is known of one command, in whose words, and when it was said (UTC, ISO 8601; "" for now)."""

    reply: Reply
    said: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """One thing one mobile is to do. `enrolment` is what the server calls it, `personal` its holder's own."""

    name: str
    enrolment: str
    deed: Deed
    personal: bool = False


class Manages(Protocol):
    """A provider that manages mobiles."""

    def order(self, commands: Sequence[Command]) -> Mapping[str, Receipt]:
        """Queue those that no device has answered; return what is known of all, by name.

        Of one that is sent again under its name, the device is given one.
        """
        ...

    def ask(self, commands: Sequence[Command]) -> Mapping[str, Receipt]:
        """Return what devices answered, and remind those that did not; QUEUED means no answer."""
        ...


def named(*parts: object) -> str:
    """Return the name of the command for a matter: the same for the same matter, whoever asks and when."""
    return str(uuid.uuid5(_NAMES, "/".join(str(part) for part in parts))).upper()


def place(mdm: str) -> tuple[str, str]:
    """Split `SYSTEM:ENROLMENT`."""
    system, _, enrolment = mdm.partition(":")
    return system, enrolment
