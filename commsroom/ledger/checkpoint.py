"""A checkpoint: what the chain was at one moment, small enough to be kept where nobody rewrites it.

A chain shows edits to whoever leaves the rest alone. Who computes all of it anew is shown only by
something that was noted before, in another place: number and hash of an event, signed.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Final, Self

from sqlalchemy import func, select

from commsroom.ledger import tables
from commsroom.ledger.chain import canonical
from commsroom.ledger.database import now

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import Connection

#: The ledger's event: that one was made, and where it was put.
KIND: Final = "checkpoint"
_ESTATE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")
_HASH: Final = re.compile("[0-9a-f]{64}")
_ARMOUR: Final = re.compile(
    r"-----BEGIN SSH SIGNATURE-----\n(?:[A-Za-z0-9+/=]{1,76}\n){1,400}-----END SSH SIGNATURE-----\n"
)
_LARGEST: Final = 2**53
#: In every checkpoint, so that its text is never taken for that of something else that is signed.
_PURPOSE: Final = "commsroom: checkpoint of a ledger"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The chain of an estate ended with event `seq` of this hash, and had `count` events, at this time (UTC)."""

    estate: str
    seq: int
    hash: str
    at: str
    count: int

    @property
    def document(self) -> bytes:
        """Return the text that is signed: JSON in its one form."""
        return canonical({"purpose": _PURPOSE, **asdict(self)}).encode()

    @property
    def name(self) -> str:
        """Return the SHA-256 of its text, by which the ledger's event names it."""
        return hashlib.sha256(self.document).hexdigest()

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read one back; raises ValueError for what is none, or has anything more or other in it."""
        kinds = {item.name: int if item.name in {"seq", "count"} else str for item in fields(cls)}
        if not isinstance(data, dict) or data.keys() != {"purpose", *kinds}:
            raise ValueError("is no checkpoint")
        if data["purpose"] != _PURPOSE or any(
            type(data[name]) is not kind for name, kind in kinds.items()
        ):
            raise ValueError("is no checkpoint")
        made = cls(**{name: data[name] for name in kinds})
        # The estate's name goes to ssh-keygen(1) as an argument, numbers go to the database.
        whole = _ESTATE.fullmatch(made.estate) and _HASH.fullmatch(made.hash)
        if not whole or not 0 <= made.seq <= _LARGEST or not 0 <= made.count <= _LARGEST:
            raise ValueError("is no checkpoint")
        return made


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint with the armoured signature of its text."""

    checkpoint: Checkpoint
    signature: str

    @property
    def line(self) -> str:
        """Return both as one line of JSON: a line of a file, the message of a tag, the text of a letter."""
        content = json.loads(self.checkpoint.document)
        return canonical({"checkpoint": content, "signature": self.signature})

    @classmethod
    def from_line(cls, line: str) -> Self:
        """Read it back.

        Raises:
            ValueError: it is none.
        """
        try:
            data = json.loads(line, object_pairs_hook=_once)
        except RecursionError as error:
            raise ValueError("is no checkpoint") from error
        if not isinstance(data, dict) or data.keys() != {"checkpoint", "signature"}:
            raise ValueError("is no checkpoint")
        signature = data["signature"]
        if not isinstance(signature, str) or not _ARMOUR.fullmatch(signature):
            raise ValueError(
                "is no checkpoint"
            )  # or not as ssh-keygen writes it, which reads more than that
        return cls(Checkpoint.from_json(data["checkpoint"]), signature)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of pairs; raises ValueError for a key that comes twice, of which each reader takes another."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("has a key twice")
    return found


def taken(connection: Connection) -> Checkpoint:
    """Return the checkpoint of the chain as it ends now."""
    estate = connection.execute(select(tables.estate.c.id)).scalar_one()
    head = connection.execute(select(tables.head)).one()
    return Checkpoint(estate, head.seq, head.hash, now(), _count(connection, head.seq))


def contradictions(connection: Connection, checkpoint: Checkpoint) -> Iterator[str]:
    """Name each way in which the chain is not the one that a checkpoint was made of."""
    estate = connection.execute(select(tables.estate.c.id)).scalar_one()
    if checkpoint.estate != estate:
        yield f"it is of another estate's ledger ({checkpoint.estate})"
        return
    table = tables.events
    last = connection.execute(select(func.max(table.c.seq))).scalar_one() or 0
    if last < checkpoint.seq:
        yield (
            f"the chain ends at event {last}, and had {checkpoint.seq} events then: its end was cut off,"
            " and its head made to fit"
        )
        return
    query = select(table.c.hash).where(table.c.seq == checkpoint.seq)
    if connection.execute(query).scalar_one_or_none() != checkpoint.hash:
        yield (
            f"event {checkpoint.seq} is another than it was then: it, or something before it, was"
            " rewritten and all hashes computed anew"
        )
    elif (count := _count(connection, checkpoint.seq)) != checkpoint.count:
        yield f"there are {count} events up to there, and were {checkpoint.count} then"


def replayed(data: Mapping[str, Any]) -> tuple[int, str]:
    """Return number and hash that an event of the ledger says a checkpoint was made of."""
    return int(data["seq"]), str(data["hash"])


def faults(connection: Connection, noted: Mapping[int, tuple[int, str]]) -> Iterator[str]:
    """Name the events that tell of a checkpoint of another chain than this: who rewrote it forgot them.

    Args:
        connection: One that reads.
        noted: By the number of the event that says so, number and hash of the one it was made of.
    """
    table = tables.events
    for event, (seq, said) in noted.items():
        query = select(table.c.hash).where(table.c.seq == seq)
        if connection.execute(query).scalar_one_or_none() != said:
            yield (
                f"event {event} tells of a checkpoint of event {seq}, which was another then: the chain"
                " was computed anew"
            )


def _count(connection: Connection, seq: int) -> int:
    table = tables.events
    query = select(func.count()).select_from(table).where(table.c.seq <= seq)
    return int(connection.execute(query).scalar_one())
