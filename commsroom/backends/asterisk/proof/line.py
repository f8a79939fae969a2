"""What a proof needs of an exchange, seen from outside: telephones that log in, call and are called.

The real one (`sip_line`) speaks SIP over TLS with SRTP; the fake one answers from its tables. Two ways for a
step not to succeed are kept apart, because only one of them says anything about rights.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractAsyncContextManager


class Refused(Exception):
    """The server understood and said no: `code` is its SIP status, e.g. 403."""

    def __init__(self, code: int, reason: str = "") -> None:
        """Keep the status; `str()` is what a telephone would show."""
        super().__init__(f"{code or ''} {reason}".strip())
        self.code = code


class Undecided(Exception):
    """No answer, or none that means yes or no: the network, a time-out, a broken certificate."""


class Call(Protocol):
    """A call that was answered. Every method raises Undecided when the server falls silent."""

    async def shows(self, name: str, within: float) -> bool:
        """Tell whether the display comes to show the other side by this name, as the server says."""
        ...

    async def hears(self, tone: int, within: float) -> bool:
        """Tell whether the tone of so many hertz came through (decrypted and authenticated)."""
        ...

    async def press(self, keys: str) -> None:
        """Press keys on the keypad."""
        ...

    async def transfer(self, number: str, within: float) -> None:
        """Pass the call on (REFER) and wait for its end; raises Refused with what became of it."""
        ...

    async def ended(self, within: float) -> bool:
        """Tell whether the other side hung up within so many seconds."""
        ...

    async def hang_up(self) -> None:
        """End the call; never raises."""
        ...


class Ringing(Protocol):
    """A call that comes in."""

    #: The number that calls, as the server says.
    caller: str

    @property
    def over(self) -> bool:
        """Tell whether it has stopped ringing."""
        ...

    @property
    def rang(self) -> float:
        """Return for how many seconds of the exchange's clock it rang, or has rung so far."""
        ...

    async def answer(self) -> Call:
        """Take the call."""
        ...

    async def stopped(self, within: float) -> bool:
        """Tell whether it stopped ringing by itself within so many seconds."""
        ...


class Phone(Protocol):
    """One telephone with one extension's credential."""

    number: str
    #: The tone (hertz) it says into every call, so that the other side can tell it.
    tone: int

    async def register(self) -> int:
        """Log in; returns how many other telephones are logged in as the same extension."""
        ...

    async def unregister(self) -> None:
        """Log out; never raises."""
        ...

    async def ask_who_is_here(self) -> int:
        """Return how many telephones are logged in as this extension; the password is needed, no place taken."""
        ...

    async def call(self, number: str, within: float) -> Call:
        """Call and wait for an answer; raises Refused or Undecided."""
        ...

    async def rings(self, within: float, caller: str) -> Ringing:
        """Wait for a call of the number `caller` to come in; raises Undecided when none does."""
        ...


class Exchange(Protocol):
    """A server telephones can log in to."""

    @property
    def pace(self) -> float:
        """Seconds here for one second of the exchange's clock: 1, and less where time is simulated."""
        ...

    def phone(
        self, number: str, password: str, transport: str
    ) -> AbstractAsyncContextManager[Phone]:
        """Switch a telephone on (connected, not logged in), and off again; raises Undecided."""
        ...

    def phones(
        self, logins: Sequence[tuple[str, str]], transport: str
    ) -> AbstractAsyncContextManager[Sequence[Phone]]:
        """Switch many on, by number and password, over one connection; they cannot be called."""
        ...

    async def clock(self) -> tuple[str, str]:
        """Return the server's own day and time, `("tue", "14:05")`; raises Undecided."""
        ...

    async def lines(self) -> dict[str, str]:
        """Return by name what became of each line's registration; raises Undecided."""
        ...
