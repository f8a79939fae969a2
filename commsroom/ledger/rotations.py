"""The rotation of each secret: every step an event of the chain, and beside it where each one stands.

One transaction a step, for any number of secrets: what was learnt and what is about to be done become
durable together, under the fence of the estate's lock, before anything is done. No value is in it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, insert, select

from commsroom.estate.resource import Address
from commsroom.estate.rotation.state import ENDED, Phase, from_json, to_json
from commsroom.ledger import tables
from commsroom.ledger.chain import canonical
from commsroom.ledger.effects import Effect, Kept
from commsroom.ledger.lock import check_fence
from commsroom.ledger.model import NOTHING
from commsroom.ledger.writing import CHUNK, Line, append, set_generations

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    from commsroom.estate.rotation.state import Rotation

#: Kind of the events.
EVENT: Final = "rotation"
#: What stands before the colon in the address of a rotation's row: it is on no system.
_SECRETS: Final = "secrets"


def standing(connection: Connection, paths: Iterable[str] | None) -> dict[str, Rotation]:
    """Return the last rotation of each of `paths`, or with None all that have not ended."""
    table = tables.rotations
    query = select(table.c.path, table.c.rotation)
    if paths is None:
        queries = [query.where(table.c.phase.not_in([str(phase) for phase in ENDED]))]
    else:
        names = sorted(set(paths))
        queries = [
            query.where(table.c.path.in_(names[start : start + CHUNK]))
            for start in range(0, len(names), CHUNK)
        ]
    rows = (row for one in queries for row in connection.execute(one))
    return {path: from_json(json.loads(said)) for path, said in rows}


def record(connection: Connection, steps: Sequence[Rotation], *, actor: str, fence: int) -> None:
    """Write one event for a step of each rotation, and what the promoted ones change."""
    check_fence(connection, fence, keep=True)
    promoted = [one for one in steps if one.phase is Phase.PROMOTED]
    generations = {one.path: one.new for one in promoted}
    said = {one.path: canonical(to_json(one)) for one in steps}
    lines = [
        Line(Address(_SECRETS, EVENT, one.path), str(one.phase), {"rotation": said[one.path]})
        for one in steps
    ]
    lines += [line for one in steps for line in _now_held(one)]
    data = {"generations": generations} if generations else {}
    event = append(connection, EVENT, lines, actor=actor, fence=fence, data=data)
    if generations:
        set_generations(connection, generations)
    table = tables.rotations
    paths = [one.path for one in steps]
    for start in range(0, len(paths), CHUNK):
        among = table.c.path.in_(paths[start : start + CHUNK])
        connection.execute(delete(table).where(among))
    rows = [
        {
            "path": one.path,
            "phase": str(one.phase),
            "rotation": said[one.path],
            "event": event,
        }
        for one in steps
    ]
    connection.execute(insert(table), rows)


def replayed(kind: str, system: str, data: Mapping[str, Any]) -> str | None:
    """Return what a row of an event says of a rotation; None for a row about anything else."""
    if kind != EVENT or system != _SECRETS:
        return None
    return str(data["rotation"])


def stored(connection: Connection) -> set[tuple[str, str, int]]:
    """Return the table, to be compared with what the events add up to."""
    rows = connection.execute(select(tables.rotations))
    return {(row.path, row.rotation, row.event) for row in rows}


def _now_held(one: Rotation) -> Iterator[Line]:
    """Say of each holder which generation was proven to be there: plan and drift compare with it."""
    if one.phase not in {Phase.PROMOTED, Phase.REVOKED, Phase.ROLLED_BACK}:
        return
    both = one.phase is Phase.PROMOTED and not one.terms.compromised
    slots: dict[Address, dict[str, Kept]] = {}
    for held in one.holders:
        written = slots.setdefault(held.place.address, {})
        if held.fingerprint is not None or one.phase is Phase.PROMOTED:
            written[held.place.slot] = Kept(one.path, one.wanted, held.fingerprint)
        if held.traits.beside:
            old = Kept(one.path, one.old, held.beside) if both and one.old else Kept(*NOTHING)
            written[held.traits.beside] = old
    for address, secrets in slots.items():
        if secrets:
            yield Line(address, EVENT, {}, Effect(secrets=secrets))
