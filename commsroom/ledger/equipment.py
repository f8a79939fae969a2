"""The life of each device: every step an event of the chain, and beside it where each one stands.

The table is nothing but the last step of each device; `verify` replays the events and compares.
"""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, insert, select

from commsroom.errors import CommsroomError
from commsroom.estate.register.life import KIND, REGISTER, Entry, Life, Standing, Step
from commsroom.ledger import tables
from commsroom.ledger.writing import CHUNK, Line, append
from commsroom.policy.devices import DeviceState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Connection

#: Events of the register are called by it and their step.
PREFIX: Final = "device "
EVENTS: Final = frozenset(f"{PREFIX}{step}" for step in Step)
#: A device's last step as the table has it: step, day, state, holder, site, port.
Stored = tuple[str, str, str, str, str, str]


def lives(connection: Connection, tags: Iterable[str] | None = None) -> dict[str, Life]:
    """Return where each device stands of which anything was recorded; of all, or of `tags`."""
    table = tables.devices
    if tags is None:
        rows = connection.execute(select(table)).all()
    else:
        names = sorted(set(tags))
        rows = [
            row
            for start in range(0, len(names), CHUNK)
            for row in connection.execute(
                select(table).where(table.c.tag.in_(names[start : start + CHUNK]))
            )
        ]
    days: dict[str, date] = {}
    states, steps = {str(item): item for item in DeviceState}, {str(item): item for item in Step}
    found = {}
    for row in rows:
        day = days.get(row.day) or days.setdefault(row.day, date.fromisoformat(row.day))
        standing = Standing(states[row.state], row.holder, row.site, row.port)
        found[row.tag] = Life(standing, steps[row.step], day, row.event)
    return found


def entries(
    connection: Connection, *, tag: str | None = None, steps: Iterable[Step] | None = None
) -> tuple[Entry, ...]:
    """Return what happened, oldest first: of one device or all, all steps or some."""
    rows, events = tables.rows.c, tables.events.c
    query = (
        select(rows.key, rows.action, rows.data, events.actor, events.at)
        .join(tables.events, events.seq == rows.event)
        # What the record of a loss says is about the device too, and no step of its life.
        .where(rows.system == REGISTER, rows.kind == KIND, events.kind.in_(EVENTS))
        .order_by(rows.event, rows.position)
    )
    if tag is not None:
        query = query.where(rows.key == tag)
    if steps is not None:
        query = query.where(rows.action.in_([str(step) for step in steps]))
    return tuple(
        _entry(key, action, json.loads(data), actor, at)
        for key, action, data, actor, at in connection.execute(query)
    )


def record(
    connection: Connection,
    steps: Sequence[Entry],
    seen: Mapping[str, Life],
    *,
    actor: str,
) -> int:
    """Write one event for steps of one sort; return its number.

    Args:
        connection: One that writes.
        steps: What happened, each to another device.
        seen: What was known of those devices when the steps were thought of.
        actor: Who records it.

    Raises:
        CommsroomError: something was recorded of one of them meanwhile; nothing is written.
    """
    connection.execute(select(tables.head).with_for_update())  # steps follow one another whole
    tags = [item.tag for item in steps]
    present = lives(connection, tags)
    for tag in tags:
        now, then = present.get(tag), seen.get(tag)
        if (now.event if now else 0) != (then.event if then else 0):
            raise CommsroomError(
                f"{tag}: something else was recorded of it meanwhile; nothing was done",
                remedy="look with commsroom device show, and run the command again",
            )
    lines = [Line(item.address, str(item.step), _data(item)) for item in steps]
    event = append(connection, f"{PREFIX}{steps[0].step}", lines, actor=actor)
    table = tables.devices
    for start in range(0, len(tags), CHUNK):
        among = table.c.tag.in_(tags[start : start + CHUNK])
        connection.execute(delete(table).where(among))
    connection.execute(insert(table), [_row(item, event) for item in steps])
    return event


def replayed(
    kind: str, system: str, key: str, action: str, data: Mapping[str, Any]
) -> Stored | None:
    """Return what a row of an event makes of a device; None for a row about anything else."""
    if not kind.startswith(PREFIX) or system != REGISTER:
        return None
    after = data["after"]
    return (action, data["day"], after["state"], after["holder"], after["site"], after["port"])


def stored(connection: Connection) -> set[tuple[str, Stored, int]]:
    """Return the table, to be compared with what the events add up to."""
    return {
        (row.tag, (row.step, row.day, row.state, row.holder, row.site, row.port), row.event)
        for row in connection.execute(select(tables.devices))
    }


def _entry(tag: str, action: str, data: Mapping[str, Any], actor: str, at: str) -> Entry:
    return Entry(
        tag=tag,
        step=Step(action),
        day=date.fromisoformat(data["day"]),
        before=_standing(data["before"]),
        after=_standing(data["after"]),
        details=data.get("details", {}),
        actor=actor,
        at=at,
    )


def _data(item: Entry) -> dict[str, Any]:
    said: dict[str, Any] = {
        "day": item.day.isoformat(),
        "before": _parts(item.before),
        "after": _parts(item.after),
    }
    if item.details:
        said["details"] = dict(item.details)
    return said


def _row(item: Entry, event: int) -> dict[str, Any]:
    parts = _parts(item.after)
    return {
        "tag": item.tag,
        "step": str(item.step),
        "day": item.day.isoformat(),
        **parts,
        "event": event,
    }


def _parts(standing: Standing) -> dict[str, str]:
    return {
        "state": str(standing.state),
        "holder": standing.holder,
        "site": standing.site,
        "port": standing.port,
    }


def _standing(parts: Mapping[str, str]) -> Standing:
    return Standing(DeviceState(parts["state"]), parts["holder"], parts["site"], parts["port"])
