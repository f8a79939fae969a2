"""The real exchange: telephones over SIP, and the server's clock over SSH."""

from __future__ import annotations

import itertools
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from commsroom.backends.asterisk.proof.line import Undecided
from commsroom.backends.asterisk.proof.sip_phone import SipPhone
from commsroom.backends.asterisk.proof.sip_wire import Wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
    from pathlib import Path

    from commsroom.backends.asterisk.proof.line import Phone
    from commsroom.backends.asterisk.proof.sip_message import Message

_CONNECT_SECONDS: Final = 8.0


def _tones() -> Iterator[int]:
    # Far enough apart to be told from each other in 150 ms, none a multiple of another's beat.
    return itertools.cycle(range(440, 2200, 110))


@dataclass(frozen=True, slots=True)
class RealExchange:
    """Where the server answers, and by which name its certificate is checked."""

    host: str
    tls_name: str
    ca: Path | None
    ports: dict[str, int]
    ask_clock: Callable[[], Awaitable[tuple[str, str]]]
    ask_lines: Callable[[], Awaitable[dict[str, str]]] | None = None
    tones: Iterator[int] = field(default_factory=_tones)
    pace: float = 1.0

    @asynccontextmanager
    async def phone(self, number: str, password: str, transport: str) -> AsyncIterator[Phone]:
        """Switch a telephone on, and off again."""
        phone = SipPhone(number, password, self.tls_name, next(self.tones))
        phone.plug_in(await self._wire(transport, phone.heard))
        try:
            yield phone
        finally:
            phone.unplug()

    @asynccontextmanager
    async def phones(
        self, logins: Sequence[tuple[str, str]], transport: str
    ) -> AsyncIterator[Sequence[Phone]]:
        """Switch many on over one connection, and off again."""
        wire = await self._wire(transport, lambda _unasked: None)
        try:
            phones = [SipPhone(number, password, self.tls_name, 0) for number, password in logins]
            for phone in phones:
                phone.plug_in(wire)
            yield phones
        finally:
            wire.close()

    async def _wire(self, transport: str, heard: Callable[[Message], None]) -> Wire:
        return await Wire.connected(
            transport, self.host, self.ports[transport], heard,
            tls_name=self.tls_name, ca=self.ca, within=_CONNECT_SECONDS,
        )  # fmt: skip

    async def clock(self) -> tuple[str, str]:
        """Ask the server what time it is there."""
        return await self.ask_clock()

    async def lines(self) -> dict[str, str]:
        """Ask the server which lines are registered; raises Undecided where there is no way to ask."""
        if self.ask_lines is None:
            raise Undecided("the server cannot be asked which lines are registered")
        return await self.ask_lines()
