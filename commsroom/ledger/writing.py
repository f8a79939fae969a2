"""Appending to the chain, and keeping the tables equal to what the events add up to."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, insert, select, update

from commsroom.estate.resource import Address
from commsroom.ledger import tables
from commsroom.ledger.chain import Sealed, canonical, rows_digest
from commsroom.ledger.database import now
from commsroom.ledger.effects import Effect, Hold, Kept

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection, Table
    from sqlalchemy import Row as TableRow

#: Keys asked for in one statement: below the limits of every database we use.
CHUNK = 500


@dataclass(frozen=True, slots=True)
class Line:
    """One row of an event to be written; its effect goes into the row and into the tables."""

    address: Address
    action: str
    data: Mapping[str, Any] = field(default_factory=dict)
    effect: Effect | None = None


def append(
    connection: Connection,
    kind: str,
    lines: Sequence[Line] = (),
    *,
    actor: str,
    requester: str = "",
    batch: int | None = None,
    fence: int | None = None,
    data: Mapping[str, Any] | None = None,
) -> int:
    """Write one event with its rows and effects; return its number.

    The chain's end is locked first, so events of two processes follow one another whole.
    """
    end = connection.execute(select(tables.head).with_for_update()).one()
    seq = int(end.seq) + 1
    values = [_values(line) for line in lines]
    event = Sealed(
        seq=seq,
        at=now(),
        kind=kind,
        actor=actor,
        requester=requester,
        batch=batch,
        fence=fence,
        data=canonical(data or {}),
        rows=rows_digest(values),
    )
    sealed = event.hash(end.hash)
    connection.execute(
        insert(tables.events).values(**asdict(event), previous=end.hash, hash=sealed)
    )
    if values:
        names = ("system", "kind", "key", "action", "data")
        rows = [
            {"event": seq, "position": position, **dict(zip(names, row, strict=True))}
            for position, row in enumerate(values)
        ]
        connection.execute(insert(tables.rows), rows)
    connection.execute(update(tables.head).values(seq=seq, hash=sealed))
    _apply(connection, lines)
    return seq


def previous_secrets(
    connection: Connection, addresses: Iterable[Address]
) -> dict[Address, dict[str, Kept]]:
    """Return slot → last known secret for the given addresses."""
    found: dict[Address, dict[str, Kept]] = {}
    for row in rows_about(connection, tables.secrets, addresses):
        address = Address(row.system, row.kind, row.key)
        found.setdefault(address, {})[row.slot] = Kept(row.path, row.generation, row.fingerprint)
    return found


def rows_about(
    connection: Connection, table: Table, addresses: Iterable[Address]
) -> Iterator[TableRow[Any]]:
    """Yield the rows of `table` about the given addresses, without reading all the others."""
    groups: dict[tuple[str, str], set[str]] = {}
    for address in addresses:
        groups.setdefault((address.system, address.kind), set()).add(address.key)
    for (system, kind), members in groups.items():
        keys = sorted(members)
        for start in range(0, len(keys), CHUNK):
            among = table.c.key.in_(keys[start : start + CHUNK])
            query = select(table).where(table.c.system == system, table.c.kind == kind, among)
            yield from connection.execute(query)


def set_generations(connection: Connection, generations: Mapping[str, int]) -> None:
    """Write the current generations of some paths; the event that says so is the caller's."""
    _remove(connection, tables.generations, [{"path": path} for path in generations])
    rows = [{"path": path, "generation": number} for path, number in generations.items()]
    _add(connection, tables.generations, rows)


def _values(line: Line) -> tuple[str, str, str, str, str]:
    data = dict(line.data)
    if line.effect is not None:
        data["effect"] = line.effect.to_json()
    address = line.address
    return address.system, address.kind, address.key, line.action, canonical(data)


def _apply(connection: Connection, lines: Sequence[Line]) -> None:
    effects = {line.address: line.effect for line in lines if line.effect is not None}
    gone = [address for address, effect in effects.items() if effect.hold is Hold.GONE]
    kept = {address: effect for address, effect in effects.items() if effect.hold is not Hold.GONE}
    held = {address: effect for address, effect in kept.items() if effect.hold is not None}
    marked = [address for address, effect in kept.items() if effect.protected is not None]
    written = [(address, slot) for address, effect in kept.items() for slot in effect.secrets]

    _remove(connection, tables.owned, [_key(address) for address in (*gone, *held)])
    _remove(connection, tables.protected, [_key(address) for address in (*gone, *marked)])
    _remove(connection, tables.secrets, [_key(address) for address in gone])
    _remove(
        connection, tables.secrets, [{**_key(address), "slot": slot} for address, slot in written]
    )

    _add(
        connection,
        tables.owned,
        [
            {**_key(address), "hold": str(effect.hold), "person": effect.person}
            for address, effect in held.items()
        ],
    )
    _add(
        connection,
        tables.protected,
        [_key(address) for address in marked if kept[address].protected],
    )
    _add(
        connection,
        tables.secrets,
        [
            {**_key(address), "slot": slot, **asdict(kept[address].secrets[slot])}
            for address, slot in written
        ],
    )


def _key(address: Address) -> dict[str, str]:
    return {"system": address.system, "kind": address.kind, "key": address.key}


def _remove(connection: Connection, table: Table, keys: Sequence[Mapping[str, str]]) -> None:
    if keys:
        match = [table.c[name] == bindparam(f"the_{name}") for name in keys[0]]
        named = [{f"the_{name}": value for name, value in key.items()} for key in keys]
        connection.execute(delete(table).where(*match), named)


def _add(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        connection.execute(insert(table), rows)
