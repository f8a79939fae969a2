"""Batches: the intent before anything is sent, and the one event that ends each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select

from commsroom.estate.backend import Outcome, Status
from commsroom.ledger import reading, tables
from commsroom.ledger.effects import (
    intent_of,
    intent_to_json,
    of_finding,
    of_outcome,
)
from commsroom.ledger.lock import check_fence
from commsroom.ledger.writing import Line, append, previous_secrets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from commsroom.estate.resource import Address, Change

_UNTOLD = "the back end told nothing"


def intent_lines(changes: Sequence[Change]) -> list[Line]:
    """Write changes as the rows of an intent."""
    return [
        Line(
            change.address,
            str(change.action),
            intent_to_json(intent_of(change), str(change.provenance or "")),
        )
        for change in changes
    ]


def begin(
    connection: Connection,
    lines: Sequence[Line],
    data: Mapping[str, Any],
    *,
    actor: str,
    requester: str,
    fence: int,
) -> int:
    """Open a batch under the lock's fence number."""
    check_fence(connection, fence, keep=True)
    batch = append(
        connection, "intent", lines, actor=actor, requester=requester, fence=fence, data=data
    )
    connection.execute(insert(tables.open_batches).values(batch=batch))
    return batch


def finish(
    connection: Connection, batch: int, outcomes: Sequence[Outcome], changes: Sequence[Change]
) -> bool:
    """End a batch by its outcomes; False if it was ended before, then they are only noted."""
    in_time = _close(connection, batch)
    told = {outcome.address: outcome for outcome in outcomes}
    ended = [
        (
            intent_of(change),
            told.get(change.address) or Outcome(change.address, Status.UNKNOWN, _UNTOLD),
        )
        for change in changes
    ]
    undone = [intent.address for intent, outcome in ended if outcome.status is not Status.DONE]
    previous = previous_secrets(connection, undone)
    lines = []
    for intent, outcome in ended:
        known = previous.get(intent.address, {})
        effect = of_outcome(intent, outcome.status, outcome.verifiers, known) if in_time else None
        said = {"status": str(outcome.status), "message": outcome.message}
        lines.append(Line(intent.address, str(intent.action), said, effect))
    _end(connection, "outcome" if in_time else "late", batch, lines)
    return in_time


def abandon(connection: Connection, batch: int, reason: str) -> None:
    """End a batch of which nothing was written."""
    if _close(connection, batch):
        _end(connection, "abandoned", batch, data={"reason": reason})


def settle(connection: Connection, batch: int, found: Mapping[Address, str], *, actor: str) -> None:
    """End a killed run's batch by what was found; nothing to do if another run did it."""
    opened = next((item for item in reading.open_batches(connection) if item.id == batch), None)
    if opened is None or not _close(connection, batch):
        return
    previous = previous_secrets(connection, [intent.address for intent in opened.intents])
    lines = []
    for intent in opened.intents:
        state = found.get(intent.address)
        effect = of_finding(intent, state, previous.get(intent.address, {}))
        said = {"found": state or "unknown"}
        lines.append(Line(intent.address, str(intent.action), said, effect))
    _end(connection, "recovered", batch, lines, actor=actor)


def _close(connection: Connection, batch: int) -> bool:
    table = tables.open_batches
    return connection.execute(delete(table).where(table.c.batch == batch)).rowcount == 1


def _end(
    connection: Connection,
    kind: str,
    batch: int,
    lines: Sequence[Line] = (),
    *,
    actor: str = "",
    data: Mapping[str, Any] | None = None,
) -> None:
    events = tables.events
    query = select(events.c.actor, events.c.requester, events.c.fence)
    intent = connection.execute(query.where(events.c.seq == batch)).one()
    append(
        connection,
        kind,
        lines,
        actor=actor or intent.actor,
        requester=intent.requester,
        batch=batch,
        fence=intent.fence,
        data=data,
    )
