"""What a proof needs of a chat server, seen from outside: people who log in, share files and talk.

The real one (`proof.xmpp`) speaks XMPP over TLS; the fake one answers from its tables. Two ways for a
step not to succeed are kept apart, because only one of them says anything about rights.
"""

from __future__ import annotations

from typing import Protocol


class Refused(Exception):
    """The server understood and said no. `str()` is its own word for why, e.g. `not-authorized`."""


class Undecided(Exception):
    """No answer, or none that means yes or no: the network, a time-out, a broken certificate."""


class Person(Protocol):
    """Somebody who is logged in. Every method raises Refused or Undecided."""

    async def share(self, *, fetch: bool) -> None:
        """Ask for leave to upload a small file; with `fetch`, upload it and get it back."""
        ...

    async def enter(self, room: str) -> None:
        """Enter a room, by its name, under a nickname that says it is a proof."""
        ...

    async def say(self, room: str, text: str) -> None:
        """Say something in a room entered before, and see it come back; it asks not to be kept."""
        ...

    async def hear(self, room: str, text: str) -> None:
        """Wait until `text` is heard in the room."""
        ...

    async def write(self, to: str, text: str, *, room: bool) -> None:
        """Write to somebody, or to everybody in a room; it is kept for whoever is not there."""
        ...

    async def leave(self) -> None:
        """Log out; never raises."""
        ...


class Chat(Protocol):
    """A server people can log in to."""

    async def login(self, login: str, password: str) -> Person:
        """Log in; raises Refused or Undecided."""
        ...
