"""What the ledger keeps beside ownership: drift over time, who was told of it, devices, rotations, checkpoints."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from commsroom.errors import CommsroomError
from commsroom.ledger import checkpoint, equipment, history, reading, rotations, telling
from commsroom.ledger.writing import append

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    from commsroom.estate.register import Entry, Life, Step
    from commsroom.estate.rotation import Rotation
    from commsroom.ledger.checkpoint import Checkpoint
    from commsroom.ledger.database import Database
    from commsroom.ledger.sightings import DriftRun, Keep, Past, Sighting


class Records:
    """A part of `Ledger`: each method that writes is one durable transaction."""

    _database: Database
    _on_boundary: Callable[[str], None]

    # ── drift over time ──────────────────────────────────────────────────────────────────────

    def record_drift(self, run: DriftRun, keep: Keep, *, actor: str) -> DriftRun | None:
        """Remember a whole run; return what of it was news, None where later runs were faster."""
        with self._transaction("drift") as connection:
            return history.record(connection, run, keep, actor=actor)

    def standing(self) -> dict[str, str]:
        """Return since when each thing was seen that still stands, by its fingerprint."""
        with self._database.read() as connection:
            return history.standing(connection)

    def findings(self) -> tuple[tuple[Sighting, str], ...]:
        """Return what stands, and since when, as the last run that could see it left it."""
        with self._database.read() as connection:
            return history.findings(connection)

    def past(self, parts: frozenset[str], *, since: str, before: str, returns_since: str) -> Past:
        """Return runs and repairs from `since` on, and what came back; times are UTC, ISO 8601."""
        with self._database.read() as connection:
            return history.past(
                connection, parts, since=since, before=before, returns_since=returns_since
            )

    def told(self, recipient: str) -> tuple[Sighting, ...]:
        """Return what a recipient of notifications was told last and believes to stand."""
        with self._database.read() as connection:
            return telling.told(connection, recipient)

    def record_told(
        self, recipient: str, standing: Iterable[Sighting], data: Mapping[str, Any], *, actor: str
    ) -> None:
        """Remember that a recipient was told of all that stands; `data` is JSON free of secrets."""
        with self._transaction("told") as connection:
            telling.record(connection, recipient, standing, actor=actor, data=data)

    # ── equipment ────────────────────────────────────────────────────────────────────────────

    def lives(self) -> dict[str, Life]:
        """Return where each device stands of which anything was recorded, by its asset tag."""
        with self._database.read() as connection:
            return equipment.lives(connection)

    def entries(
        self, *, tag: str | None = None, steps: Iterable[Step] | None = None
    ) -> tuple[Entry, ...]:
        """Return what happened to devices, oldest first: to one or all, all steps or some."""
        with self._database.read() as connection:
            return equipment.entries(connection, tag=tag, steps=steps)

    def record_steps(
        self,
        steps: Sequence[Entry],
        seen: Mapping[str, Life],
        *,
        actor: str,
        since: int | None = None,
    ) -> None:
        """Record steps of one sort, each of another device; all of them or none.

        Raises:
            CommsroomError: something else was recorded of one of them since it was `seen`; or, with
                `since`, such a step of any device after that event.
        """
        with self._transaction("device") as connection:
            kind = f"{equipment.PREFIX}{steps[0].step}"
            if since is not None and reading.has_since(connection, kind, since):
                raise CommsroomError(
                    f"another {kind} was recorded meanwhile; nothing was done",
                    remedy="look at it, and run the command again",
                )
            equipment.record(connection, steps, seen, actor=actor)

    # ── rotations ────────────────────────────────────────────────────────────────────────────

    def rotations(self, paths: Iterable[str] | None = None) -> dict[str, Rotation]:
        """Return where the last rotation of each secret stands: of `paths`, or all under way."""
        with self._database.read() as connection:
            return rotations.standing(connection, paths)

    def record_rotations(self, steps: Sequence[Rotation], *, actor: str, fence: int) -> None:
        """Record one step of each of some rotations: what is known, and what is about to be done.

        One that is promoted makes its generation the current one in the same transaction.

        Raises:
            FenceRefused: the lock is no longer held under `fence`; nothing may be sent.
        """
        with self._transaction("rotation") as connection:
            rotations.record(connection, steps, actor=actor, fence=fence)

    # ── checkpoints ──────────────────────────────────────────────────────────────────────────

    def checkpoint(self) -> Checkpoint:
        """Return what the chain is at this moment; nothing is recorded."""
        with self._database.read() as connection:
            return checkpoint.taken(connection)

    def record_checkpoint(
        self, made: Checkpoint, *, signer: str, places: Sequence[str], actor: str
    ) -> None:
        """Note that a checkpoint was made, by which key it was signed, and where it was put."""
        data = {"seq": made.seq, "hash": made.hash, "name": made.name, "signer": signer}
        with self._transaction("checkpoint") as connection:
            append(connection, checkpoint.KIND, actor=actor, data={**data, "places": list(places)})

    def contradictions(self, made: Checkpoint) -> tuple[str, ...]:
        """Name each way in which the chain is not the one that a checkpoint was made of."""
        with self._database.read() as connection:
            return tuple(checkpoint.contradictions(connection, made))

    @contextmanager
    def _transaction(self, name: str) -> Iterator[Connection]:
        self._on_boundary(f"{name}:before")
        with self._database.write() as connection:
            yield connection
        self._on_boundary(f"{name}:after")
