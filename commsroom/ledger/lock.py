"""The estate's lock: one apply at a time, with a fence number that only ever grows."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select, update

from commsroom.errors import FenceRefused, LockHeld, UsageError
from commsroom.ledger import tables
from commsroom.ledger.database import now
from commsroom.ledger.model import Holder
from commsroom.ledger.processes import is_dead, this_process
from commsroom.ledger.writing import append

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from commsroom.ledger.database import Database

_POLL_SECONDS: Final = 0.2


class Lease:
    """The lock as held by us. `fence` goes with every batch; targets refuse a lower one."""

    def __init__(self, database: Database, holder: Holder) -> None:
        """Remember what was written into the lock's row."""
        self._database = database
        self.holder = holder.holder
        self.fence = holder.fence

    def check(self) -> None:
        """Raise FenceRefused when the lock was broken or taken over since."""
        with self._database.read() as connection:
            check_fence(connection, self.fence)


def acquire(database: Database, holder: str, *, wait: float, command: str | None) -> Lease:
    """Take the lock within `wait` seconds; raises LockHeld naming who has it.

    A lock whose process is dead on this very machine is taken over, and an event says so.
    """
    deadline = time.monotonic() + wait
    while True:
        with database.write() as connection:
            current = _current(connection)
            if current is None or is_dead(current, local=database.local):
                return Lease(database, _take(connection, current, holder, command))
        left = deadline - time.monotonic()
        if left <= 0:
            raise LockHeld(
                f"the estate is locked by {current}",
                remedy=f"wait for it; if that run is gone for certain: commsroom ledger unlock {current.holder}",
            )
        time.sleep(min(_POLL_SECONDS, left))


def release(database: Database, lease: Lease) -> None:
    """Let go of the lock, if it is still ours."""
    table = tables.lock
    with database.write() as connection:
        connection.execute(update(table).where(table.c.fence == lease.fence).values(held=0))


def break_lock(connection: Connection, holder: str, *, actor: str) -> None:
    """Free the lock of `holder`; raises UsageError when somebody else holds it, or nobody."""
    current = _current(connection)
    if current is None:
        raise UsageError("nobody holds the estate's lock")
    if current.holder != holder:
        raise UsageError(
            f"the lock is not held by {holder} but by {current}",
            remedy=f"commsroom ledger unlock {current.holder}",
        )
    connection.execute(
        update(tables.lock).values(held=0)
    )  # the next to take it gets a higher fence
    append(connection, "lock-broken", actor=actor, data=asdict(current))


def current_holder(connection: Connection) -> Holder | None:
    """Return who holds the lock, or None."""
    row = connection.execute(select(tables.lock)).one()
    return _holder(row._asdict()) if row.held else None


def check_fence(connection: Connection, fence: int, *, keep: bool = False) -> None:
    """Raise FenceRefused unless the lock is held under this number; `keep` it so to the commit."""
    query = select(tables.lock)
    row = connection.execute(query.with_for_update(read=True) if keep else query).one()
    if row.held and row.fence == fence:
        return
    by = f"{_holder(row._asdict())} has it now" if row.held else "nobody holds it now"
    raise FenceRefused(f"our lock on the estate was broken: {by}", remedy="run plan again")


def _current(connection: Connection) -> Holder | None:
    row = connection.execute(select(tables.lock).with_for_update()).one()
    return _holder(row._asdict()) if row.held else None


def _take(connection: Connection, dead: Holder | None, holder: str, command: str | None) -> Holder:
    fence = connection.execute(select(tables.lock.c.fence)).scalar_one() + 1
    new = this_process(holder, fence=fence, since=now(), command=command)
    connection.execute(update(tables.lock).values(held=1, **asdict(new)))
    if dead is not None:
        append(connection, "lock-taken-over", actor=holder, fence=fence, data=asdict(dead))
    return new


def _holder(row: Mapping[str, Any]) -> Holder:
    return Holder(**{name: row[name] for name in Holder.__slots__})
