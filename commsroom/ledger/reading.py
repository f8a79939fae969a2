"""Reading the ledger: what is known, which batches are open, what happened."""

from __future__ import annotations

import gc
import json
from collections import deque
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import exists, select

from commsroom.estate.backend import Status
from commsroom.estate.plan import Known
from commsroom.estate.resource import Action, Address, Recorded
from commsroom.ledger import tables
from commsroom.ledger.effects import intent_from_json
from commsroom.ledger.model import Event, OpenBatch, Row
from commsroom.ledger.writing import CHUNK, rows_about

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection, Select, Table
    from sqlalchemy import Row as TableRow

_CLAIMS: Final = (Action.CREATE, Action.ADOPT)
#: Few, since each may carry thousands of rows.
_EVENTS_AT_ONCE: Final = 50


def known(connection: Connection) -> Known:
    """Return what no system can tell; creates and adopts of open batches count as ours."""
    with collector_paused():
        owned: dict[Address, str] = {}
        for system, kind, key, _hold, person in connection.execute(select(tables.owned)):
            owned[Address(system, kind, key)] = person
        protected = frozenset(Address(*row) for row in connection.execute(select(tables.protected)))
        secrets: dict[Address, dict[str, Recorded]] = {}
        columns = tables.secrets.c
        query = select(
            columns.system,
            columns.kind,
            columns.key,
            columns.slot,
            columns.generation,
            columns.fingerprint,
            columns.path,
        )
        for system, kind, key, slot, *last in connection.execute(query):
            secrets.setdefault(Address(system, kind, key), {})[slot] = Recorded(*last)
        for batch in open_batches(connection):
            for intent in batch.intents:
                if intent.action in _CLAIMS:
                    owned.setdefault(intent.address, intent.person)
    persons = {address: person for address, person in owned.items() if person}
    return Known(frozenset(owned), protected, secrets, persons)


def open_batches(connection: Connection) -> tuple[OpenBatch, ...]:
    """Return the batches without an outcome, oldest first."""
    events, waiting = tables.events, tables.open_batches
    query = select(events).join(waiting, waiting.c.batch == events.c.seq).order_by(events.c.seq)
    found = []
    for row in connection.execute(query).all():
        data = json.loads(row.data)
        intents = tuple(
            intent_from_json(item.address, item.action, item.data)
            for item in rows_of(connection, [row.seq])[row.seq]
        )
        found.append(
            OpenBatch(
                id=row.seq,
                run=data["run"],
                system=data["system"],
                stage=data["stage"],
                actor=row.actor,
                fence=row.fence,
                at=row.at,
                intents=intents,
            )
        )
    return tuple(found)


def generation_of(connection: Connection, paths: Iterable[str]) -> dict[str, int]:
    """Return the current generation of each path; 1 where none was ever set."""
    found = dict.fromkeys(paths, 1)
    names, table = list(found), tables.generations
    for start in range(0, len(names), CHUNK):
        query = select(table).where(table.c.path.in_(names[start : start + CHUNK]))
        found.update((row.path, row.generation) for row in connection.execute(query))
    return found


def first_told(connection: Connection, addresses: Iterable[Address]) -> dict[Address, str]:
    """Return when (UTC, as events say it) an event first spoke of each address."""
    first: dict[Address, int] = {}
    for row in rows_about(connection, tables.rows, addresses):
        at = Address(row.system, row.kind, row.key)
        first[at] = min(row.event, first.get(at, row.event))
    times: dict[int, str] = {}
    numbers, table = sorted(set(first.values())), tables.events
    for start in range(0, len(numbers), CHUNK):
        query = select(table.c.seq, table.c.at)
        among = table.c.seq.in_(numbers[start : start + CHUNK])
        times.update((row.seq, row.at) for row in connection.execute(query.where(among)))
    return {at: times[number] for at, number in first.items()}


def recorded(connection: Connection, address: Address, slot: str) -> Recorded | None:
    """Return what was last written to a slot, None where nothing ever was."""
    of = tables.secrets.c
    here = (of.system == address.system, of.kind == address.kind, of.key == address.key)
    query = select(of.generation, of.fingerprint, of.path).where(*here, of.slot == slot)
    row = connection.execute(query).first()
    return Recorded(*row) if row else None


def events(
    connection: Connection,
    *,
    since: str | None = None,
    kind: str | None = None,
    address: str | None = None,
    limit: int | None = None,
) -> Iterator[Event]:
    """Yield events oldest first, narrowed as `Ledger.events` says."""
    table = tables.events
    query = select(table)
    if since is not None:
        query = query.where(table.c.at >= since)
    if kind is not None:
        query = query.where(table.c.kind == kind)
    if address is not None and not _is_glob(address):
        return _last(_stream(connection, query.where(_speaks_of(Address.parse(address)))), limit)
    if address is None:
        if limit is not None:
            newest = query.order_by(table.c.seq.desc()).limit(limit).subquery()
            query = select(table).where(table.c.seq.in_(select(newest.c.seq)))
        return _stream(connection, query)
    found = _stream(connection, query)
    return _last(
        (item for item in found if any(row.address.matches(address) for row in item.rows)), limit
    )


def has_since(connection: Connection, kind: str, seq: int) -> bool:
    """Tell whether a kind of event came after number `seq`; until we are done, none comes."""
    connection.execute(select(tables.head).with_for_update())
    table = tables.events
    query = select(exists().where(table.c.kind == kind, table.c.seq > seq))
    return bool(connection.execute(query).scalar_one())


def owned_by(connection: Connection, hold: str) -> frozenset[Address]:
    """Return the addresses on which our claim is `hold`."""
    table = tables.owned
    query = select(table.c.system, table.c.kind, table.c.key).where(table.c.hold == hold)
    return frozenset(Address(*row) for row in connection.execute(query))


def among(connection: Connection, table: Table, addresses: Iterable[Address]) -> set[Address]:
    """Return those of `addresses` that have a row in `table`."""
    rows = rows_about(connection, table, addresses)
    return {Address(row.system, row.kind, row.key) for row in rows}


def written(
    connection: Connection, addresses: Iterable[Address]
) -> dict[Address, Mapping[str, Any]]:
    """Return the state last written to each address for sure; what was only adopted is not among them."""
    rows = sorted(rows_about(connection, tables.rows, addresses), key=lambda row: row.event)
    meant: dict[Address, Mapping[str, Any]] = {}
    done: dict[Address, Mapping[str, Any]] = {}
    for row in rows:
        address, said = Address(row.system, row.kind, row.key), json.loads(row.data)
        if "after" in said:
            meant[address] = said["after"] or {}
        elif said.get("status") == Status.DONE and address in meant:
            done[address] = meant[address]
    return done


def _is_glob(text: str) -> bool:
    return any(sign in text for sign in "*?[")


def _speaks_of(address: Address) -> ColumnElement[bool]:
    rows = tables.rows.c
    return exists().where(
        rows.event == tables.events.c.seq,
        rows.system == address.system,
        rows.kind == address.kind,
        rows.key == address.key,
    )


def _stream(connection: Connection, query: Select[Any]) -> Iterator[Event]:
    ordered = query.order_by(tables.events.c.seq)
    result = connection.execution_options(stream_results=True).execute(ordered)
    with closing(result):  # whoever reads may stop early
        for chunk in result.partitions(_EVENTS_AT_ONCE):
            rows = rows_of(connection, [row.seq for row in chunk])
            for row in chunk:
                yield _event(row, rows.get(row.seq, []))


def _last(found: Iterator[Event], limit: int | None) -> Iterator[Event]:
    return found if limit is None else iter(deque(found, maxlen=limit))


def _event(row: TableRow[Any], rows: Sequence[Row]) -> Event:
    return Event(
        seq=row.seq,
        at=row.at,
        kind=row.kind,
        actor=row.actor,
        requester=row.requester,
        batch=row.batch,
        fence=row.fence,
        data=json.loads(row.data),
        hash=row.hash,
        rows=tuple(rows),
    )


def rows_of(connection: Connection, seqs: Sequence[int]) -> dict[int, list[Row]]:
    """Return the rows of the given events, in their order, by event."""
    table = tables.rows
    found: dict[int, list[Row]] = {}
    query = select(table).where(table.c.event.in_(seqs)).order_by(table.c.event, table.c.position)
    for event, _position, system, kind, key, action, data in connection.execute(query):
        found.setdefault(event, []).append(
            Row(Address(system, kind, key), action, json.loads(data))
        )
    return found


@contextmanager
def collector_paused() -> Iterator[None]:
    """Spare the garbage collector walking hundreds of thousands of new objects, none of them garbage."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
