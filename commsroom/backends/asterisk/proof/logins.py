"""Whether telephones' passwords are taken, many at once, and nothing else of a telephone."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from commsroom.backends.asterisk.proof.line import Refused, Undecided
from commsroom.estate.kinds import Extension

if TYPE_CHECKING:
    from collections.abc import Sequence

    from commsroom.backends.asterisk.proof.line import Exchange, Phone
    from commsroom.estate.backend import Credential

#: Logins at the same time, over as many connections as there are transports.
_AT_ONCE: Final = 32
#: Unauthorized, after an answered challenge; Forbidden, by a telephone that is shut (RFC 3261 section 21.4).
_NO: Final = frozenset({401, 403})


def tried(
    exchange: Exchange, credentials: Sequence[Credential], within: float
) -> list[bool | None]:
    """Try each within so many seconds; what was not told by then is None."""
    found: list[bool | None] = [None] * len(credentials)
    asyncio.run(_all(exchange, credentials, found, within))
    return found


async def _all(
    exchange: Exchange,
    credentials: Sequence[Credential],
    found: list[bool | None],
    within: float,
) -> None:
    transports: dict[str, list[int]] = {}
    for place, one in enumerate(credentials):
        if isinstance(one.resource.body, Extension):
            transports.setdefault(one.resource.body.transport or "tls", []).append(place)
    try:
        async with asyncio.timeout(within):
            for transport, places in transports.items():
                await _over(exchange, transport, places, credentials, found)
    except TimeoutError:
        return


async def _over(
    exchange: Exchange,
    transport: str,
    places: Sequence[int],
    credentials: Sequence[Credential],
    found: list[bool | None],
) -> None:
    limit = asyncio.Semaphore(_AT_ONCE)

    async def one(place: int, phone: Phone) -> None:
        async with limit:
            found[place] = await _let_in(phone)

    logins = [
        (credentials[place].resource.address.key, credentials[place].secret.reveal())
        for place in places
    ]
    try:
        async with exchange.phones(logins, transport) as phones:
            pairs = zip(places, phones, strict=True)
            await asyncio.gather(*(one(place, phone) for place, phone in pairs))
    except Undecided:  # there was no connection
        return


async def _let_in(phone: Phone) -> bool | None:
    try:
        await phone.ask_who_is_here()
    except Refused as refusal:
        return False if refusal.code in _NO else None
    except Undecided:
        return None
    return True
