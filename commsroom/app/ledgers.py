"""ledger show, unlock."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from commsroom.app.estate import actor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from commsroom.app.estate import Estate
    from commsroom.estate.resource import Address
    from commsroom.ledger import Event


def events(
    estate: Estate, *, address: Address | None = None, limit: int | None = None
) -> Iterator[Event]:
    """Yield what was done, oldest first, for one address or all; `limit` keeps the last ones."""
    return estate.ledger.events(address=address, limit=limit)


def require_named(url: str | None, *, simulated: bool) -> None:
    """Refuse a ledger that is named, by option or environment, and is no file: a slip is no empty ledger.

    Raises:
        CommsroomError: it is not there. A database that is not is told by whoever opens it.
    """
    from commsroom.ledger.database import require_there

    if name := url or ("" if simulated else os.environ.get("COMMSROOM_LEDGER", "")):
        require_there(name)


def unlock(estate: Estate, holder: str) -> None:
    """Break the lock of the named holder; its next write is refused by fence."""
    estate.ledger.break_lock(holder, actor=actor())
