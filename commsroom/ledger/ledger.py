"""The ledger: what we own, what we were about to do, what became of it, and who did it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Self

from sqlalchemy import select, update

from commsroom.errors import CommsroomError, FenceRefused
from commsroom.estate.resource import Action
from commsroom.ledger import batches, checkpoint, equipment, lock, reading, tables, verifying
from commsroom.ledger.database import Database, may_only_read, may_write
from commsroom.ledger.effects import Effect, Hold, of_resource
from commsroom.ledger.records import Records
from commsroom.ledger.writing import Line, append, set_generations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from types import TracebackType

    from commsroom.estate.backend import Outcome
    from commsroom.estate.plan import Known
    from commsroom.estate.resource import Address, Change, Recorded, Resource
    from commsroom.ledger.lock import Lease
    from commsroom.ledger.model import Event, Holder, OpenBatch

#: Kinds that carry effects; `record` may not forge one.
_OWN_KINDS: Final = verifying.ENDINGS | equipment.EVENTS | {
    "adopted", checkpoint.KIND, "drift", "estate", "forgotten", "generation", "intent", "key", "late", "lock-broken",
    "lock-taken-over", "notified", "protected", "rotation", "unprotected",
}  # fmt: skip


class Ledger(Records):
    """One estate's memory. Every method that writes is one durable transaction.

    Safe to use from several threads; several processes may have it open. `on_boundary`, if given, is
    told `<method>:before` and `<method>:after` round each transaction (for tests that kill there).
    """

    def __init__(
        self, database: Database, on_boundary: Callable[[str], None] | None = None
    ) -> None:
        """Use `Ledger.open` instead."""
        self._database = database
        self._on_boundary = on_boundary or (lambda _name: None)
        self.place = database.place

    @classmethod
    def open(
        cls,
        url: str,
        *,
        read_only: bool = False,
        founding: bool = True,
        on_boundary: Callable[[str], None] | None = None,
    ) -> Self:
        """Open the ledger at `url`, making it if `founding` and not `read_only`.

        Args:
            url: A file, `sqlite:///PATH`, or `postgresql+psycopg://USER@HOST/DATABASE`.
            read_only: Never write, not even a missing schema; a read-only role is enough.
            founding: Make the ledger when there is none.
            on_boundary: Hook for tests.

        Raises:
            LedgerMissing: it is not there, and is not to be made.
            CommsroomError: it cannot be reached, is damaged, or is newer than we are.
        """
        ledger = cls(Database.open(url, read_only=read_only, founding=founding), on_boundary)
        if not read_only:
            ledger._introduce()
        return ledger

    @staticmethod
    def writable(url: str) -> bool:
        """Tell whether there is a ledger at `url` that we may write to; it is only looked at."""
        return may_write(url)

    @staticmethod
    def only_readable(url: str) -> bool:
        """Tell whether the ledger at `url` is a file that is there, and that we have no right to write to."""
        return may_only_read(url)

    def close(self) -> None:
        """Let go of the database; safe to call twice."""
        self._database.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    # ── reading ──────────────────────────────────────────────────────────────────────────────

    @property
    def estate_id(self) -> str:
        """Return the estate's random name, made when the ledger was: letters, digits and dashes."""
        with self._database.read() as connection:
            return str(connection.execute(select(tables.estate.c.id)).scalar_one())

    def known(self) -> Known:
        """Return what no system can tell; what open batches were about to make counts as owned."""
        with self._database.read() as connection:
            return reading.known(connection)

    def pending(self) -> frozenset[Address]:
        """Return what we may have made: the outcome of its creation is not known."""
        with self._database.read() as connection:
            return reading.owned_by(connection, Hold.PENDING)

    def open_batches(self) -> tuple[OpenBatch, ...]:
        """Return the batches of killed runs, oldest first."""
        with self._database.read() as connection:
            return reading.open_batches(connection)

    def written(self, addresses: Iterable[Address]) -> dict[Address, Mapping[str, Any]]:
        """Return the state that was last written to each address; nothing of what was never written to."""
        with self._database.read() as connection:
            return reading.written(connection, addresses)

    def generation_of(self, paths: Iterable[str]) -> dict[str, int]:
        """Return the current generation of each secret's path (1 is the first)."""
        with self._database.read() as connection:
            return reading.generation_of(connection, paths)

    def first_told(self, addresses: Iterable[Address]) -> dict[Address, str]:
        """Return when each of some addresses first came up, for the age of a secret never renewed."""
        with self._database.read() as connection:
            return reading.first_told(connection, addresses)

    def recorded(self, address: Address, slot: str) -> Recorded | None:
        """Return what we last wrote to a slot, None where we never did."""
        with self._database.read() as connection:
            return reading.recorded(connection, address, slot)

    def events(
        self,
        *,
        since: str | None = None,
        kind: str | None = None,
        address: Address | str | None = None,
        limit: int | None = None,
    ) -> Iterator[Event]:
        """Yield events, oldest first.

        Args:
            since: Only those at or after this time (UTC, ISO 8601; a date alone will do).
            kind: Only this kind.
            address: Only those with a row about this address or glob.
            limit: Only the last so many.
        """
        with self._database.read() as connection:
            text = None if address is None else str(address)
            yield from reading.events(connection, since=since, kind=kind, address=text, limit=limit)

    def head(self) -> tuple[int, str]:
        """Return number and hash of the last event; noted elsewhere, it seals all before it."""
        with self._database.read() as connection:
            row = connection.execute(select(tables.head)).one()
            return row.seq, row.hash

    def verify(self) -> tuple[str, ...]:
        """Name every fault of the chain and of the tables beside it; empty means whole."""
        with self._database.read() as connection:
            return (*self._database.damage(connection), *verifying.faults(connection))

    # ── the lock ─────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def lock(self, holder: str, *, wait: float = 0, command: str | None = None) -> Iterator[Lease]:
        """Hold the estate's lock for the block.

        Args:
            holder: Who we are, `user@host`; what `ledger unlock` asks for.
            wait: Seconds to wait for another to finish.
            command: What the holder runs; the process's own command line if not given.

        Raises:
            LockHeld: another has it; the message names whom, since when and with which command.
        """
        self._on_boundary("lock:before")
        lease = lock.acquire(self._database, holder, wait=wait, command=command)
        self._on_boundary("lock:after")
        try:
            yield lease
        finally:
            self._on_boundary("unlock:before")
            lock.release(self._database, lease)
            self._on_boundary("unlock:after")

    def locked_by(self) -> Holder | None:
        """Return who holds the lock, or None."""
        with self._database.read() as connection:
            return lock.current_holder(connection)

    def break_lock(self, holder: str, *, actor: str = "") -> None:
        """Take the lock from `holder`; raises UsageError naming the right one if it is another."""
        with self._transaction("break") as connection:
            lock.break_lock(connection, holder, actor=actor or holder)

    # ── batches: intent, outcome ─────────────────────────────────────────────────────────────

    def begin(
        self,
        run: str,
        system: str,
        stage: str,
        changes: Sequence[Change],
        *,
        actor: str,
        fence: int,
        requester: str = "",
    ) -> int:
        """Record what a batch is about to change, before anything is sent; return its number.

        Raises:
            FenceRefused: the lock is no longer held under `fence`; nothing may be sent.
            ValueError: a change writes a secret without stating its generation.
        """
        lines = batches.intent_lines(changes)
        data = {"run": run, "system": system, "stage": stage}
        with self._transaction("begin") as connection:
            return batches.begin(
                connection, lines, data, actor=actor, requester=requester, fence=fence
            )

    def finish(self, batch: int, outcomes: Sequence[Outcome], changes: Sequence[Change]) -> None:
        """Record how each change ended, and what it makes of our ownership and our secrets.

        A change of which `outcomes` says nothing counts as unknown.

        Raises:
            FenceRefused: somebody settled the batch meanwhile; an event says what we have seen.
        """
        with self._transaction("finish") as connection:
            in_time = batches.finish(connection, batch, outcomes, changes)
        if not in_time:
            raise FenceRefused(
                f"batch {batch} was settled by another run meanwhile", remedy="run plan again"
            )

    def abandon(self, batch: int, reason: str) -> None:
        """Close a batch of which nothing was written: the target had moved or refused our fence."""
        with self._transaction("abandon") as connection:
            batches.abandon(connection, batch, reason)

    def settle(self, batch: int, found: Mapping[Address, str], *, actor: str = "") -> None:
        """Close a killed run's batch by what its system was found to hold.

        Args:
            batch: Its number.
            found: Address → `present` or `absent`; what is missing stays *pending* if we were about to
                make it. Secrets that were being written count as unknown and are written again.
            actor: Who reads; the batch's own actor if not given.
        """
        with self._transaction("settle") as connection:
            batches.settle(connection, batch, found, actor=actor)

    # ── ownership, protection, secrets' generations, notes ───────────────────────────────────

    def adopt(self, resources: Iterable[Resource], *, actor: str) -> None:
        """Make existing objects ours, with their protection; what is ours already gets its person anew."""
        lines = [Line(item.address, str(Action.ADOPT), {}, of_resource(item)) for item in resources]
        if lines:
            with self._transaction("adopt") as connection:
                append(connection, "adopted", lines, actor=actor)

    def forget(self, addresses: Iterable[Address], *, actor: str) -> int:
        """Give up what neither exists nor is asked for, so that a later namesake is foreign.

        Returns:
            How many of them were ours.
        """
        with self._transaction("forget") as connection:
            ours = sorted(reading.among(connection, tables.owned, addresses))
            if ours:
                lines = [Line(address, "forget", {}, Effect(Hold.GONE)) for address in ours]
                append(connection, "forgotten", lines, actor=actor)
        return len(ours)

    def protect(self, resources: Iterable[Resource], *, actor: str) -> int:
        """Mark those that policy protects, are ours and not yet marked; return how many.

        The mark stays when policy drops the line; only `unprotect` or deletion takes it off.
        """
        wanted = [item.address for item in resources if item.protected]
        with self._database.read() as connection:
            ours = reading.among(connection, tables.owned, wanted)
            new = sorted(ours - reading.among(connection, tables.protected, wanted))
        if new:
            lines = [Line(address, "protect", {}, Effect(protected=True)) for address in new]
            with self._transaction("protect") as connection:
                append(connection, "protected", lines, actor=actor)
        return len(new)

    def unprotect(self, address: Address, *, actor: str) -> None:
        """Take the protection off one object; raises CommsroomError when it has none."""
        with self._transaction("unprotect") as connection:
            if not reading.among(connection, tables.protected, [address]):
                raise CommsroomError(f"{address} is not protected")
            line = Line(address, "unprotect", {}, Effect(protected=False))
            append(connection, "unprotected", [line], actor=actor)

    def advance(self, paths: Iterable[str], *, actor: str, reason: str) -> dict[str, int]:
        """Move secrets on to their next generation (rotation, compromise) and return it by path."""
        with self._transaction("advance") as connection:
            current = reading.generation_of(connection, paths)
            following = {path: generation + 1 for path, generation in current.items()}
            if following:
                set_generations(connection, following)
                data = {"generations": following, "reason": reason}
                append(connection, "generation", actor=actor, data=data)
        return following

    def bind_key(self, check: str, *, keep: bool = True) -> None:
        """Refuse another estate's key: its fingerprints would make everything look like drift.

        Args:
            check: A fingerprint, under that key, of any fixed text. The first one is kept (not by a
                ledger open for reading only).
            keep: Whether the first one is kept; a verb that only looks decides nothing.

        Raises:
            CommsroomError: the ledger was written under another key.
        """
        with self._database.read() as connection:
            bound = connection.execute(select(tables.estate.c.key_check)).scalar_one()
        if keep and not bound and not self._database.read_only:
            with self._transaction("bind") as connection:
                column = tables.estate.c.key_check
                query = update(tables.estate).where(column == "").values(key_check=check)
                if connection.execute(query).rowcount:
                    append(connection, "key", actor="commsroom", data={"key_check": check})
                bound = connection.execute(select(column)).scalar_one()
        if bound not in ("", check):
            raise CommsroomError(
                f"the key given is not the one the ledger {self.place} was written under",
                remedy="give the estate's own: COMMSROOM_KEY_FILE",
            )

    def record(
        self,
        kind: str,
        data: Mapping[str, Any],
        *,
        actor: str,
        requester: str = "",
        about: Mapping[Address, str] | None = None,
        seen: int | None = None,
    ) -> int:
        """Note that something happened; return the event's number. `data` is JSON and free of secrets.

        Args:
            kind: What sort of event.
            data: What it says.
            actor: Who records it.
            requester: Who asked for it.
            about: Objects whose history it belongs to, each with what of it is meant.
            seen: Number of the last event that was known when this one was thought of; given, no
                other of its kind may have come since.

        Raises:
            ValueError: `kind` is one of the ledger's own.
            CommsroomError: another of its kind came meanwhile; nothing is written.
        """
        if kind in _OWN_KINDS:
            raise ValueError(f"{kind!r} is an event of the ledger's own")
        with self._transaction("record") as connection:
            if seen is not None and reading.has_since(connection, kind, seen):
                raise CommsroomError(
                    f"another {kind} was recorded meanwhile; nothing was done",
                    remedy="look at it, and run the command again",
                )
            lines = [Line(address, what) for address, what in (about or {}).items()]
            return append(connection, kind, lines, actor=actor, requester=requester, data=data)

    # ── inside ───────────────────────────────────────────────────────────────────────────────

    def _introduce(self) -> None:
        """Chain the estate's identity to the first event."""
        if self.head()[0]:
            return
        with self._database.write() as connection:
            if connection.execute(select(tables.head.c.seq).with_for_update()).scalar_one() == 0:
                name = connection.execute(select(tables.estate.c.id)).scalar_one()
                append(connection, "estate", actor="commsroom", data={"estate": name})
