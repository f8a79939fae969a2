"""Is the ledger whole: every link of the chain, and the tables against what the events add up to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select

from commsroom.estate.resource import Address
from commsroom.ledger import checkpoint, equipment, history, rotations, tables, telling
from commsroom.ledger.chain import GENESIS, Sealed, rows_digest
from commsroom.ledger.effects import Effect, Kept, Memory
from commsroom.ledger.reading import collector_paused
from commsroom.ledger.sightings import Told

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from sqlalchemy import Connection
    from sqlalchemy import Row as TableRow

#: A row as stored: system, kind, key, action, data.
Stored = tuple[str, str, str, str, str]

_EVENTS_AT_ONCE: Final = 50
_NAMED: Final = 5
#: Kinds of event that end a batch.
ENDINGS: Final = frozenset({"outcome", "recovered", "abandoned"})


def faults(connection: Connection) -> tuple[str, ...]:
    """Name every fault, in words; empty means whole.

    An edited, deleted, inserted or moved event or row breaks the chain; an edited table no longer
    equals the sum of the events.
    """
    memory = Memory()
    with collector_paused():
        found = list(_chain(connection, memory))
        found += checkpoint.faults(connection, memory.checkpoints)
        found += _tables(connection, memory)
    return tuple(found)


def _chain(connection: Connection, memory: Memory) -> Iterator[str]:
    table = tables.events
    end = connection.execute(select(tables.head)).one_or_none()
    previous, last, counted = GENESIS, 0, 0
    query = select(table).order_by(table.c.seq)
    result = connection.execution_options(stream_results=True).execute(query)
    for chunk in result.partitions(_EVENTS_AT_ONCE):
        rows = _rows(connection, [event.seq for event in chunk])
        for event in chunk:
            lines = rows.get(event.seq, [])
            counted += len(lines)
            if event.seq != last + 1:
                yield f"events {last + 1} to {event.seq - 1} are missing before event {event.seq}"
            if event.previous != previous:
                yield f"event {event.seq} does not follow the one before it: deleted, inserted or moved there"
            yield from _edited(event, lines)
            _replay(memory, event, lines)
            previous, last = event.hash, event.seq
    if end is None or (end.seq, end.hash) != (last, previous):
        said = end.seq if end else "nothing"
        yield f"the chain ends at event {last}, but its head says {said}: events at the end were removed or added"
    total = connection.execute(select(func.count()).select_from(tables.rows)).scalar_one()
    if total != counted:
        yield f"{total - counted} rows belong to no event"


def _edited(event: TableRow[Any], rows: Sequence[Stored]) -> Iterator[str]:
    sealed = Sealed(
        seq=event.seq,
        at=event.at,
        kind=event.kind,
        actor=event.actor,
        requester=event.requester,
        batch=event.batch,
        fence=event.fence,
        data=event.data,
        rows=event.rows,
    )
    if sealed.hash(event.previous) != event.hash:
        yield f"event {event.seq} ({event.at}, {event.kind}) was edited"
    if rows_digest(rows) != event.rows:
        yield f"rows of event {event.seq} ({event.at}, {event.kind}) were edited, deleted, inserted or moved"


def _replay(memory: Memory, event: TableRow[Any], rows: Sequence[Stored]) -> None:
    """Add an event's effects; what cannot be read any more was named as edited already."""
    try:
        _note(memory, event, json.loads(event.data))
        for system, kind, key, action, said in rows:
            data = json.loads(said)
            effect = data.get("effect")
            if effect is not None:
                memory.take(Address(system, kind, key), Effect.from_json(effect))
            elif step := equipment.replayed(event.kind, system, key, action, data):
                memory.devices[key] = (step, event.seq)
            elif turn := rotations.replayed(event.kind, system, data):
                memory.rotations[key] = (turn, event.seq)
    except (AttributeError, KeyError, TypeError, ValueError):
        return
    if event.kind == "intent":
        memory.open.add(event.seq)
    elif event.kind in ENDINGS:
        memory.open.discard(event.batch)


def _note(memory: Memory, event: TableRow[Any], data: Any) -> None:
    match event.kind:
        case "estate":
            memory.estate = data["estate"]
        case "key":
            memory.key_check = data["key_check"]
        case "generation" | rotations.EVENT:
            memory.generations.update(data.get("generations", {}))
        case history.KIND:
            memory.drift[event.seq] = Told.from_json(data)
        case telling.KIND:
            memory.told[data["recipient"]] = data["digest"]
        case checkpoint.KIND:
            memory.checkpoints[event.seq] = checkpoint.replayed(data)
        case _:
            pass


def _tables(connection: Connection, memory: Memory) -> Iterator[str]:
    def table(name: str) -> Iterable[TableRow[Any]]:
        return connection.execute(select(tables.metadata.tables[name]))

    owned = {
        (Address(row.system, row.kind, row.key), (row.hold, row.person))
        for row in table("ledger_owned")
    }
    yield from _differs("ownership", owned, set(memory.owned.items()))
    protected = {Address(row.system, row.kind, row.key) for row in table("ledger_protected")}
    yield from _differs("protection", protected, memory.protected)
    secrets = {
        (
            Address(row.system, row.kind, row.key),
            row.slot,
            Kept(row.path, row.generation, row.fingerprint),
        )
        for row in table("ledger_secrets")
    }
    replayed = {(address, slot, kept) for (address, slot), kept in memory.secrets.items()}
    yield from _differs("what is known of secrets", secrets, replayed)
    generations = {(row.path, row.generation) for row in table("ledger_generations")}
    yield from _differs("generations of secrets", generations, set(memory.generations.items()))
    waiting = {row.batch for row in table("ledger_open_batches")}
    yield from _differs("open batches", waiting, memory.open)
    estate = {(row.id, row.key_check) for row in table("ledger_estate")}
    yield from _differs("the estate's identity", estate, {(memory.estate, memory.key_check)})
    devices = {(tag, step, event) for tag, (step, event) in memory.devices.items()}
    yield from _differs("the register of equipment", equipment.stored(connection), devices)
    turns = {(path, turn, event) for path, (turn, event) in memory.rotations.items()}
    yield from _differs("the rotation of secrets", rotations.stored(connection), turns)
    yield from history.faults(connection, memory.drift)
    yield from telling.faults(connection, memory.told)


def _differs(
    what: str, stored: AbstractSet[object], replayed: AbstractSet[object]
) -> Iterator[str]:
    different = stored ^ replayed
    if different:
        names = sorted({str(item[0] if isinstance(item, tuple) else item) for item in different})
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        yield f"{what} was edited beside the events: {', '.join(names[:_NAMED])}{more}"


def _rows(connection: Connection, seqs: Sequence[int]) -> dict[int, list[Stored]]:
    table = tables.rows
    query = select(table).where(table.c.event.in_(seqs)).order_by(table.c.event, table.c.position)
    found: dict[int, list[Stored]] = {}
    for event, _position, system, kind, key, action, data in connection.execute(query):
        found.setdefault(event, []).append((system, kind, key, action, data))
    return found
