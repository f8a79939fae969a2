"""Drift runs over time: from when to when each thing was not as policy says.

A finding is stored once, as an interval: opened by the run that first saw it, closed by the first run
that looked and saw it no more. A night without news adds one row and one event. The event seals what
the run opened and closed, so `verify` can tell an edited history from a true one.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, delete, exists, func, insert, select, update

from commsroom.ledger import database, tables
from commsroom.ledger.chain import canonical
from commsroom.ledger.sightings import Past, PastRun, Sighting, fingerprint
from commsroom.ledger.writing import append

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sqlalchemy import Connection
    from sqlalchemy import Row as TableRow

    from commsroom.ledger.sightings import DriftRun, Keep, Told

KIND: Final = "drift"
_NAMED: Final = 5


def record(connection: Connection, run: DriftRun, keep: Keep, *, actor: str) -> DriftRun | None:
    """Add a run and forget what is too old. Returns what of it was recorded.

    Of two runs side by side the one that began later speaks last: what another that began after
    this one has recorded of a part already is left as it is. None when that is so for every part.
    """
    connection.execute(select(tables.head).with_for_update())  # runs follow one another whole
    run = run.narrowed(run.parts - _overtaken(connection, run.at))
    if not run.parts:
        return None
    standing = {row.fingerprint: row for row in _open(connection)}
    seen = {item.fingerprint: item for item in run.seen}
    opened = sorted(seen.keys() - standing.keys())
    closed = sorted(
        key
        for key, row in standing.items()
        if key not in seen and not run.silent_about(row.part, row.system, row.address, row.kind)
    )
    counts = run.counts()
    forgotten, thinned = _before(run.at, keep.retention), _before(run.at, keep.every_run)
    data = {
        "at": run.at,
        "parts": _parts(run.parts),
        **counts,
        "standing": len(standing) + len(opened) - len(closed),
        "opened": len(opened),
        "closed": len(closed),
        "digest": _digest(opened, closed),
        "forgotten_before": forgotten,
        "thinned_before": thinned,
        **({"evidence": run.evidence} if run.evidence else {}),
    }
    event = append(connection, KIND, actor=actor, data=data)
    table = tables.drift_findings
    if opened:
        rows = [
            {
                "fingerprint": key,
                "opened": event,
                "opened_at": run.at,
                "part": seen[key].part,
                "system": seen[key].system,
                "address": seen[key].address,
                "kind": seen[key].kind,
                "aspect": seen[key].aspect,
                "severity": seen[key].severity,
            }
            for key in opened
        ]
        connection.execute(insert(table), rows)
    one = (table.c.fingerprint == bindparam("the_one"), table.c.closed.is_(None))
    if closed:
        ended = update(table).where(*one).values(closed=event, closed_at=run.at)
        connection.execute(ended, [{"the_one": key} for key in closed])
    moved = [
        {"the_one": key, "now": seen[key].severity}
        for key in seen.keys() & standing.keys()
        if seen[key].severity != standing[key].severity
    ]
    if moved:
        connection.execute(update(table).where(*one).values(severity=bindparam("now")), moved)
    row = {"event": event, "at": run.at, "parts": _parts(run.parts), **counts}
    connection.execute(insert(tables.drift_runs).values(**row))
    _forget(connection, forgotten, thinned)
    return run


def standing(connection: Connection) -> dict[str, str]:
    """Return since when each thing that still stands was seen, by its fingerprint."""
    return {row.fingerprint: row.opened_at for row in _open(connection)}


def findings(connection: Connection) -> tuple[tuple[Sighting, str], ...]:
    """Return what stands, and since when, as the last run that could see it left it."""
    return tuple(
        (
            Sighting(row.part, row.system, row.address, row.kind, row.aspect, row.severity),
            row.opened_at,
        )
        for row in _open(connection)
    )


def past(
    connection: Connection, parts: frozenset[str], *, since: str, before: str, returns_since: str
) -> Past:
    """Return what is remembered of a span, in three queries.

    Args:
        connection: The ledger's.
        parts: Runs that looked at exactly these, and what was found in any of them.
        since: Beginning of the span (UTC, as the ledger writes times).
        before: Its end; runs at that time are left out.
        returns_since: From when on it counts how often something came back.
    """
    runs, findings = tables.drift_runs, tables.drift_findings
    chosen = (
        select(runs.c.at, runs.c.errors, runs.c.warnings, runs.c.unknown)
        .where(runs.c.parts == _parts(parts), runs.c.at >= since, runs.c.at < before)
        .order_by(runs.c.event)
    )
    columns = findings.c
    ended = (
        select(columns.part, columns.address, columns.kind, columns.opened_at, columns.closed_at)
        .where(columns.closed_at >= since, columns.part.in_(parts))
        .distinct()
    )
    earlier = findings.alias()
    again = (
        select(columns.address, columns.opened)
        .where(
            columns.opened_at >= returns_since,
            columns.part.in_(parts),
            exists().where(
                earlier.c.fingerprint == columns.fingerprint, earlier.c.opened < columns.opened
            ),
        )
        .distinct()
    )
    returns: dict[str, int] = {}
    for address, _ in connection.execute(again):
        returns[address] = returns.get(address, 0) + 1
    return Past(
        runs=tuple(PastRun(*row) for row in connection.execute(chosen)),
        repairs=tuple((row.opened_at, row.closed_at) for row in connection.execute(ended)),
        returns=returns,
    )


def faults(connection: Connection, events: Mapping[int, Told]) -> Iterator[str]:
    """Name where runs and intervals are not what the chained events say, as far as they are kept."""
    if not events:
        count = connection.execute(select(func.count()).select_from(tables.drift_findings))
        if count.scalar_one():
            yield "drift findings are there, but no run that found them"
        return
    forgotten = max(data.forgotten_before for data in events.values())
    thinned = max(data.thinned_before for data in events.values())
    wrong = set(_edited_runs(connection, events, thinned))
    opened: dict[int, list[str]] = {}
    closed: dict[int, list[str]] = {}
    for row in connection.execute(select(tables.drift_findings)):
        if not _is_whole(row, events):
            wrong.add(row.opened)
        opened.setdefault(row.opened, []).append(row.fingerprint)
        if row.closed is not None:
            closed.setdefault(row.closed, []).append(row.fingerprint)
    for event, data in events.items():
        told = _digest(sorted(opened.get(event, [])), sorted(closed.get(event, [])))
        if data.at >= forgotten and told != data.digest:
            wrong.add(event)
    if wrong:
        listed = ", ".join(str(event) for event in sorted(wrong)[:_NAMED])
        more = f" and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else ""
        yield f"the drift history was edited beside the events: {listed}{more}"


def _edited_runs(connection: Connection, events: Mapping[int, Told], thinned: str) -> Iterator[int]:
    stored = {row.event: row for row in connection.execute(select(tables.drift_runs))}
    for event, row in stored.items():
        data = events.get(event)
        if data is None or any(getattr(row, name) != getattr(data, name) for name in _RUN):
            yield event
    yield from (
        event for event, data in events.items() if data.at >= thinned and event not in stored
    )


_RUN: Final = ("at", "parts", "errors", "warnings", "unknown")


def _is_whole(row: TableRow[Any], events: Mapping[int, Told]) -> bool:
    if row.fingerprint != fingerprint(row.part, row.address, row.kind, row.aspect):
        return False
    said = [(row.opened, row.opened_at), (row.closed, row.closed_at)]
    return all(
        event in events and events[event].at == at
        for event, at in said
        if (event, at) != (None, None)
    )


def _open(connection: Connection) -> Iterable[TableRow[Any]]:
    table = tables.drift_findings
    return connection.execute(select(table).where(table.c.closed.is_(None)))


def _overtaken(connection: Connection, at: str) -> frozenset[str]:
    """Return the parts of which a run that began later was recorded; a wrong clock's do not count."""
    runs = tables.drift_runs.c
    later = select(runs.parts).where(runs.at >= at, runs.at <= database.now()).distinct()
    return frozenset(part for row in connection.execute(later) for part in json.loads(row.parts))


def _forget(connection: Connection, forgotten: str, thinned: str) -> None:
    runs, findings = tables.drift_runs, tables.drift_findings
    day = func.substr(runs.c.at, 1, 10)
    kept = select(func.max(runs.c.event)).where(runs.c.at < thinned).group_by(runs.c.parts, day)
    thin = delete(runs).where(runs.c.at < thinned, runs.c.event.not_in(kept))
    connection.execute(thin)
    connection.execute(delete(runs).where(runs.c.at < forgotten))
    connection.execute(delete(findings).where(findings.c.closed_at < forgotten))


def _parts(parts: Iterable[str]) -> str:
    return canonical(sorted(parts))


def _digest(opened: list[str], closed: list[str]) -> str:
    return hashlib.sha256(canonical([opened, closed]).encode()).hexdigest()


def _before(at: str, span: timedelta) -> str:
    try:
        moment = datetime.fromisoformat(at) - span
    except OverflowError:
        return ""
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
