"""The ledger's tables, and the numbered steps that lead to them.

A step, once released, is never edited: a change of schema is a new step at the end of `STEPS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import uuid4

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    insert,
)

from commsroom.ledger.chain import GENESIS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

metadata: Final = MetaData()


def _text(name: str, *, key: bool = False) -> Column[str]:
    return Column(name, Text, primary_key=key, nullable=False)


def _address(*, key: bool) -> list[Column[str]]:
    return [_text("system", key=key), _text("kind", key=key), _text("key", key=key)]


schema_version: Final = Table(
    "ledger_schema",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    _text("applied_at"),
)

#: One row: the estate's name, and a fingerprint that only its own key makes ("" until bound).
estate: Final = Table("ledger_estate", metadata, _text("id", key=True), _text("key_check"))

#: One row: where the chain ends. Writers take it first, so events of two of them cannot interleave.
head: Final = Table(
    "ledger_head",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    _text("hash"),
)

events: Final = Table(
    "ledger_events",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    _text("at"),
    _text("kind"),
    _text("actor"),
    _text("requester"),
    Column("batch", BigInteger),
    Column("fence", BigInteger),
    _text("data"),
    _text("rows"),
    _text("previous"),
    _text("hash"),
)

rows: Final = Table(
    "ledger_rows",
    metadata,
    Column("event", BigInteger, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    *_address(key=False),
    _text("action"),
    _text("data"),
    Index("ledger_rows_address", "system", "kind", "key"),
)

#: Batches whose intent has no outcome yet; the number is that of the intent's event.
open_batches: Final = Table(
    "ledger_open_batches",
    metadata,
    Column("batch", BigInteger, primary_key=True, autoincrement=False),
)

owned: Final = Table("ledger_owned", metadata, *_address(key=True), _text("hold"), _text("person"))

protected: Final = Table("ledger_protected", metadata, *_address(key=True))

#: The last secret known to be in a slot. Never a value: `fingerprint` is a keyed hash of a verifier.
secrets: Final = Table(
    "ledger_secrets",
    metadata,
    *_address(key=True),
    _text("slot", key=True),
    _text("path"),
    Column("generation", Integer, nullable=False),
    Column("fingerprint", Text),
)

#: The current generation of a secret's path; a path that is not here is at its first.
generations: Final = Table(
    "ledger_generations",
    metadata,
    _text("path", key=True),
    Column("generation", Integer, nullable=False),
)

#: One row: who may apply. It stays when the lock is free, because the fence only ever grows.
lock: Final = Table(
    "ledger_lock",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("held", SmallInteger, nullable=False),
    Column("fence", BigInteger, nullable=False),
    _text("holder"),
    _text("since"),
    _text("command"),
    _text("host"),
    Column("pid", BigInteger, nullable=False),
    _text("started"),
    _text("boot"),
    _text("pids"),
)


#: Tables of the second step. They have a list of their own, so that the first makes what it always made.
_second_metadata: Final = MetaData()

#: One row a recorded drift run; the number is that of its event. `parts` is JSON: what it looked at.
drift_runs: Final = Table(
    "ledger_drift_runs",
    _second_metadata,
    Column("event", BigInteger, primary_key=True, autoincrement=False),
    _text("at"),
    _text("parts"),
    Column("errors", Integer, nullable=False),
    Column("warnings", Integer, nullable=False),
    Column("unknown", Integer, nullable=False),
    Index("ledger_drift_runs_at", "at"),
)

#: From when to when something was not as policy says; `closed` is NULL while it stands.
drift_findings: Final = Table(
    "ledger_drift_findings",
    _second_metadata,
    _text("fingerprint", key=True),
    Column("opened", BigInteger, primary_key=True, autoincrement=False),
    Column("closed", BigInteger),
    _text("opened_at"),
    Column("closed_at", Text),
    _text("part"),
    _text("system"),
    _text("address"),
    _text("kind"),
    _text("aspect"),
    _text("severity"),
    Index("ledger_drift_findings_closed", "closed"),
    Index("ledger_drift_findings_opened_at", "opened_at"),
    Index("ledger_drift_findings_closed_at", "closed_at"),
)


#: Tables of the third step: what each recipient of notifications believes to stand.
_third_metadata: Final = MetaData()

told: Final = Table(
    "ledger_told",
    _third_metadata,
    _text("recipient", key=True),
    _text("fingerprint", key=True),
    _text("part"),
    _text("system"),
    _text("address"),
    _text("kind"),
    _text("aspect"),
)


#: Tables of the fourth step: where each device stands, by the last thing recorded of it.
_fourth_metadata: Final = MetaData()

devices: Final = Table(
    "ledger_devices",
    _fourth_metadata,
    _text("tag", key=True),
    _text("step"),
    _text("day"),
    _text("state"),
    _text("holder"),
    _text("site"),
    _text("port"),
    Column("event", BigInteger, nullable=False),
)


#: Tables of the fifth step: where the rotation of each secret stands, by the last step recorded of it.
_fifth_metadata: Final = MetaData()

rotations: Final = Table(
    "ledger_rotations",
    _fifth_metadata,
    _text("path", key=True),
    _text("phase"),
    _text("rotation"),
    Column("event", BigInteger, nullable=False),
    Index("ledger_rotations_phase", "phase"),
)


def _first(connection: Connection) -> None:
    metadata.create_all(connection, checkfirst=True)
    connection.execute(insert(estate).values(id=str(uuid4()), key_check=""))
    connection.execute(insert(head).values(id=1, seq=0, hash=GENESIS))
    nobody = dict.fromkeys(("holder", "since", "command", "host", "started", "boot", "pids"), "")
    connection.execute(insert(lock).values(id=1, held=0, fence=0, pid=0, **nobody))


def _second(connection: Connection) -> None:
    _second_metadata.create_all(connection, checkfirst=True)


def _third(connection: Connection) -> None:
    _third_metadata.create_all(connection, checkfirst=True)


def _fourth(connection: Connection) -> None:
    _fourth_metadata.create_all(connection, checkfirst=True)


def _fifth(connection: Connection) -> None:
    _fifth_metadata.create_all(connection, checkfirst=True)


#: Step n makes version n out of version n - 1.
STEPS: Final[Sequence[Callable[[Connection], None]]] = (_first, _second, _third, _fourth, _fifth)
