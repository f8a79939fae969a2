"""What each recipient of notifications was told last, so that only a change is told again.

The set lies beside the chain; each `notified` event seals its digest, so `verify` tells an edited one.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, insert, select

from commsroom.ledger import tables
from commsroom.ledger.chain import canonical
from commsroom.ledger.sightings import Sighting
from commsroom.ledger.writing import CHUNK, append

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sqlalchemy import Connection

KIND: Final = "notified"


def told(connection: Connection, recipient: str) -> tuple[Sighting, ...]:
    """Return what a recipient believes to stand; nothing where there was never anything to tell."""
    table = tables.told
    rows = connection.execute(select(table).where(table.c.recipient == recipient))
    return tuple(Sighting(row.part, row.system, row.address, row.kind, row.aspect) for row in rows)


def record(
    connection: Connection,
    recipient: str,
    standing: Iterable[Sighting],
    *,
    actor: str,
    data: Mapping[str, Any],
) -> None:
    """Remember that a recipient was told of all that stands now, no more and no less."""
    connection.execute(select(tables.head).with_for_update())
    table = tables.told
    now = {item.fingerprint: item for item in standing}
    before = {item.fingerprint for item in told(connection, recipient)}
    gone = sorted(before - now.keys())
    mine = table.c.recipient == recipient
    for start in range(0, len(gone), CHUNK):
        chosen = table.c.fingerprint.in_(gone[start : start + CHUNK])
        connection.execute(delete(table).where(mine, chosen))
    rows = [
        {
            "recipient": recipient,
            "fingerprint": key,
            "part": now[key].part,
            "system": now[key].system,
            "address": now[key].address,
            "kind": now[key].kind,
            "aspect": now[key].aspect,
        }
        for key in sorted(now.keys() - before)
    ]
    if rows:
        connection.execute(insert(table), rows)
    sealed = {**data, "recipient": recipient, "standing": len(now), "digest": _digest(now)}
    append(connection, KIND, actor=actor, data=sealed)


def faults(connection: Connection, digests: Mapping[str, str]) -> Iterator[str]:
    """Name the recipients of whom something else is kept than the last event about them says."""
    table = tables.told
    kept: dict[str, list[str]] = {}
    for row in connection.execute(select(table.c.recipient, table.c.fingerprint)):
        kept.setdefault(row.recipient, []).append(row.fingerprint)
    for recipient in sorted(kept.keys() | digests.keys()):
        if _digest(kept.get(recipient, [])) != digests.get(recipient, _digest([])):
            yield f"what {recipient} was told was edited beside the events"


def _digest(fingerprints: Iterable[str]) -> str:
    return hashlib.sha256(canonical(sorted(fingerprints)).encode()).hexdigest()
