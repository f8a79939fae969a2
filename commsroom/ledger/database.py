"""The way to the database: SQLite by default, PostgreSQL by URL, the same promises over both.

A transaction that returned is on disk. Reads see one consistent state. Every wait has an end.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from sqlalchemy import URL, create_engine, event, insert, inspect, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import QueuePool

from commsroom import files
from commsroom.errors import CommsroomError, UsageError
from commsroom.ledger import tables
from commsroom.ledger.faults import translated
from commsroom.ledger.model import LedgerMissing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

#: Seconds a write waits for another process's write before it gives up.
BUSY_SECONDS: Final = 20
_CONNECT_SECONDS: Final = 10
_STATEMENT_SECONDS: Final = 120
#: Any number will do that no other program uses as an advisory lock in the same database.
_MIGRATING: Final = 0x636F6D6D73
_REMEDY: Final = "write sqlite:///PATH or postgresql+psycopg://USER@HOST/DATABASE"


def now() -> str:
    """Return the time as the ledger writes it: UTC, ISO 8601, always with microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class Database:
    """An open ledger database at the current schema."""

    def __init__(self, engine: Engine, place: str, *, read_only: bool) -> None:
        """Use `engine`; `place` is what messages call it, without any password."""
        self.place = place
        self.local = engine.dialect.name == "sqlite"
        self.read_only = read_only
        self._engine = engine
        self._writing = threading.Lock()

    @classmethod
    def open(cls, url: str, *, read_only: bool, founding: bool = True) -> Self:
        """Connect, and bring the schema up to date unless `read_only`; make it only if `founding`.

        Raises:
            UsageError: `url` names no kind of database we know.
            LedgerMissing: there is none, and none is to be made.
            CommsroomError: it cannot be reached, is damaged, or has a newer schema.
        """
        parsed = _parsed(url)
        if parsed.drivername == "sqlite":
            path = Path(parsed.database or "")
            _require_there(path, founding=founding and not read_only)
            database = cls(_sqlite(path, read_only=read_only), str(path), read_only=read_only)
        else:
            place = f"{parsed.host or 'localhost'}/{parsed.database or ''}"
            database = cls(
                _postgresql(parsed, place, read_only=read_only), place, read_only=read_only
            )
        try:
            database.bring_up_to_date(founding=founding)
        except BaseException:
            database.close()
            raise
        return database

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that sees one state and changes nothing."""
        options: dict[str, Any] = (
            {}
            if self.local
            else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        )
        with translated(self.place), self._engine.connect() as bare:
            connection = bare.execution_options(**options)
            with connection.begin():
                yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a transaction that alone may write; leaving it without an error makes it durable."""
        if self.read_only:
            raise CommsroomError(f"the ledger {self.place} was opened for reading only")
        # One writer of this process at a time: SQLite's waiting is polling, and not fair.
        with self._writing, translated(self.place), self._engine.connect() as bare:
            connection = bare.execution_options(commsroom_writes=True)
            with connection.begin():
                yield connection

    def bring_up_to_date(self, *, founding: bool = True) -> None:
        """Take the missing steps to the current schema; refuse what a newer commsroom has made."""
        with self.read() as connection:
            version = self.version(connection)
        if version == len(tables.STEPS):
            return
        if version == 0 and (self.read_only or not (founding or self.local)):
            raise LedgerMissing(
                f"the ledger {self.place} holds nothing yet and may only be read here",
                remedy="run commsroom apply once with the right to write",
            )
        if self.read_only:
            raise CommsroomError(
                f"the ledger {self.place} has an old schema ({version}) and may only be read here",
                remedy="run commsroom apply once with the right to write",
            )
        with self.write() as connection:
            if not self.local:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATING})
            for number in range(self.version(connection), len(tables.STEPS)):
                tables.STEPS[number](connection)
                connection.execute(
                    insert(tables.schema_version).values(version=number + 1, applied_at=now())
                )

    def damage(self, connection: Connection) -> tuple[str, ...]:
        """Name damage to an SQLite file that reading the rows need not meet: its indexes, its free pages.

        PostgreSQL looks after its own files.
        """
        if not self.local:
            return ()
        found = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar_one()
        return () if found == "ok" else (f"the file is damaged: {str(found).splitlines()[-1]}",)

    def version(self, connection: Connection) -> int:
        """Return the schema's version, 0 where there is none yet; refuse a newer commsroom's."""
        names = set(inspect(connection).get_table_names())
        if tables.schema_version.name not in names:
            if names and self.local:
                raise CommsroomError(
                    f"{self.place} is a database of another program, not a ledger",
                    remedy="check the ledger's URL",
                )
            return 0
        found = connection.execute(select(tables.schema_version.c.version)).scalars()
        version = max(found, default=0)
        if version > len(tables.STEPS):
            raise CommsroomError(
                f"the ledger {self.place} has schema {version}, newer than this commsroom's {len(tables.STEPS)}",
                remedy="use the commsroom that wrote it, or a newer one",
            )
        return version


def may_write(url: str) -> bool:
    """Tell whether there is a ledger at `url` that we may write to; nothing there is touched."""
    try:
        parsed = _parsed(url)
        if parsed.drivername == "sqlite":
            path = Path(parsed.database or "")
            if not all(os.access(item, os.W_OK) for item in (path, path.parent)):
                return False
            engine, place = _sqlite(path, read_only=True), str(path)
        else:
            place = f"{parsed.host or 'localhost'}/{parsed.database or ''}"
            engine = _postgresql(parsed, place, read_only=True)
        database = Database(engine, place, read_only=True)
        try:
            with database.read() as connection:
                version = database.version(connection)
                return version > 0 and (database.local or _granted(connection, version))
        finally:
            database.close()
    except CommsroomError:
        return False  # whoever opens it is told what is wrong


def may_only_read(url: str) -> bool:
    """Tell whether the ledger at `url` is a file that we may read and not write to; nothing is opened."""
    try:
        parsed = _parsed(url)
    except CommsroomError:
        return False  # whoever opens it is told what is wrong
    if parsed.drivername != "sqlite":
        return False
    path = Path(parsed.database or "")
    return os.access(path, os.R_OK) and not all(
        os.access(item, os.W_OK) for item in (path, path.parent)
    )


def _granted(connection: Connection, version: int) -> bool:
    """Tell whether our role may write events, and make tables where some are still to be made."""
    allowed = "SELECT NOT pg_is_in_recovery() AND has_table_privilege(:table, :right)"
    needed = [(tables.events.name, "INSERT"), (tables.head.name, "UPDATE")]
    if version == len(tables.STEPS):
        needed += [(tables.drift_runs.name, "INSERT"), (tables.drift_findings.name, "UPDATE")]
    elif not connection.execute(
        text("SELECT has_schema_privilege(current_schema(), 'CREATE')")
    ).scalar_one():
        return False
    return all(
        connection.execute(text(allowed), {"table": name, "right": right}).scalar_one()
        for name, right in needed
    )


def _parsed(url: str) -> URL:
    try:
        # A path is taken as it is: a `?` or `%41` in it means itself.
        parsed = make_url(url) if "://" in url else URL.create("sqlite", database=url or None)
    except ArgumentError as error:
        raise UsageError("the ledger's URL cannot be read", remedy=_REMEDY) from error
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in ("sqlite", "postgresql+psycopg"):
        raise UsageError(f"a ledger cannot live in {parsed.drivername!r}", remedy=_REMEDY)
    if parsed.drivername == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise UsageError("a ledger in memory would forget everything", remedy=_REMEDY)
    return parsed


def require_there(url: str) -> None:
    """Raise LedgerMissing where `url` names a file, and there is none; nothing is opened."""
    parsed = _parsed(url)
    if parsed.drivername == "sqlite" and not Path(parsed.database or "").exists():
        raise LedgerMissing(
            f"there is no ledger at {parsed.database}",
            remedy="mend --ledger or COMMSROOM_LEDGER; a new one begins with commsroom apply, or with an"
            " empty file of that name",
        )


def _require_there(path: Path, *, founding: bool) -> None:
    if not founding and not path.exists():
        raise LedgerMissing(
            f"there is no ledger at {path}",
            remedy="name one with --ledger URL, or run commsroom apply first",
        )


def _sqlite(path: Path, *, read_only: bool) -> Engine:
    files.require_regular(path)  # SQLite would wait for ever for somebody to write into a pipe
    if not read_only:
        _make_private(path)
    uri = path.absolute().as_uri() + (f"?{_read_mode(path)}" if read_only else "")

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            uri, uri=True, timeout=BUSY_SECONDS, check_same_thread=False, isolation_level=None
        )
        connection.execute("PRAGMA synchronous = FULL")
        if not read_only:
            files.log_ahead(connection.execute, BUSY_SECONDS)
        return connection

    engine = create_engine("sqlite://", creator=connect, hide_parameters=True, poolclass=QueuePool)

    # Python's sqlite3 begins transactions by its own rules; with isolation_level None it leaves that
    # to us, and a write takes the write lock at once instead of failing half-way.
    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("commsroom_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _make_private(path: Path) -> None:
    try:
        files.keep_private(path)
    except OSError as error:
        raise CommsroomError(
            f"the ledger {path} cannot be opened: {error.strerror}",
            remedy="check that the folder exists and may be written",
        ) from error


def _read_mode(path: Path) -> str:
    """Return the URI parameters to read with; where nothing may be written, WAL cannot be joined."""
    busy = path.with_name(path.name + "-wal").exists()
    if os.access(path.parent, os.W_OK) or busy:
        return "mode=ro"
    return "mode=ro&immutable=1"


def _postgresql(url: URL, place: str, *, read_only: bool) -> Engine:
    settings = {
        "synchronous_commit": "on",
        "lock_timeout": f"{BUSY_SECONDS}s",
        "statement_timeout": f"{_STATEMENT_SECONDS}s",
        "idle_in_transaction_session_timeout": f"{_STATEMENT_SECONDS}s",
        "default_transaction_read_only": "on" if read_only else "off",
    }
    try:
        engine = create_engine(
            url,
            connect_args={"connect_timeout": _CONNECT_SECONDS},
            hide_parameters=True,
            pool_pre_ping=True,
        )
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise CommsroomError(
            f"the ledger {place} needs the PostgreSQL driver",
            remedy="pip install 'commsroom[postgres]'",
        ) from error

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        with connection.cursor() as cursor:
            for name, value in settings.items():
                cursor.execute("SELECT set_config(%s, %s, false)", (name, value))
        connection.commit()

    return engine
