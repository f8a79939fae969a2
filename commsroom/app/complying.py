"""comply: how each clause of the regulation stands, judged from policy and the ledger alone.

A clause is *met* only when every piece of its evidence is a machine's, fresh and good. What is too old,
incomplete or not there yet makes it *unknown*; nothing is ever assumed.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from commsroom.app import planning, recalling
from commsroom.app.clauses import Judging
from commsroom.app.scope import Scope
from commsroom.errors import CommsroomError, UsageError
from commsroom.policy.words import did_you_mean, quoted
from commsroom.reports.compliance import Compliance

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from commsroom.app.estate import Estate
    from commsroom.app.progress import Progress
    from commsroom.policy import Policy


def comply(
    estate: Estate,
    progress: Progress,
    *,
    clauses: Sequence[str] = (),
    as_of: date | None = None,
    strict: bool = False,
    fresh: bool = False,
) -> Compliance:
    """Say how each clause stands.

    Args:
        estate: The estate; its systems are asked nothing, unless `fresh`.
        progress: Told of each step.
        clauses: Globs over clauses; none: all.
        as_of: Judge as on a later day: what will be overdue then?
        strict: Let what is missing count as a difference.
        fresh: Run drift, prove and inspect first, and record them.

    Raises:
        UsageError: a glob names no clause, or the day is over.
    """
    chosen = _chosen(estate.policy, clauses)
    present = _moment(estate, as_of)
    if fresh:
        _refresh(estate, progress)
        present = datetime.now(UTC)
    regulation = estate.policy.regulation
    kinds = [
        kind
        for key in chosen
        for item in regulation.clauses[key].evidence
        for kind in item.ledger or ()
    ]
    desired = planning.compile_policy(estate, Scope((), (), as_of)).desired
    zone = ZoneInfo(estate.policy.company.time_zone)
    judging = Judging(
        policy=estate.policy,
        desired=desired,
        memory=recalling.recall(estate, kinds),
        now=present,
        day=as_of or present.astimezone(zone).date(),
    )
    return Compliance(
        title=regulation.title,
        estate=estate.policy.company.name,
        when=present.isoformat(timespec="seconds"),
        answers=tuple(judging.answer(key) for key in chosen),
        simulated=estate.simulated,
        strict=strict,
    )


def _chosen(policy: Policy, globs: Sequence[str]) -> list[str]:
    keys = sorted(policy.regulation.clauses, key=_order)
    for glob in globs:
        if not any(fnmatchcase(key, glob) for key in keys):
            raise UsageError(
                f"regulation.yml has no clause {quoted(glob)}",
                remedy=did_you_mean(glob, keys) or "commsroom comply lists them",
            )
    return [key for key in keys if not globs or any(fnmatchcase(key, glob) for glob in globs)]


def _order(clause: str) -> list[tuple[int, str]]:
    """Sort 4.10 after 4.9, and 2.1.1a before 2.1.1b."""
    parts = clause.split(".")
    return [(int(part.rstrip("abcdefghijklmnopqrstuvwxyz")), part) for part in parts]


def _moment(estate: Estate, as_of: date | None) -> datetime:
    present = datetime.now(UTC)
    if as_of is None:
        return present
    zone = ZoneInfo(estate.policy.company.time_zone)
    if as_of < present.astimezone(zone).date():
        raise UsageError(
            f"--as-of: {as_of} is over, and the ledger tells how things stand now",
            remedy="take today or a later day",
        )
    ends = datetime.combine(as_of, time(23, 59, 59), zone).astimezone(UTC)
    return present if as_of == present.astimezone(zone).date() else ends


def _refresh(estate: Estate, progress: Progress) -> None:
    """Run what evidence comes from. One that fails leaves its evidence as it was, and is said."""
    from commsroom.app import drifting, inspecting, proving

    steps: tuple[tuple[str, Callable[[], object]], ...] = (
        ("drift", lambda: drifting.drift(estate, Scope(), progress, record=True)),
        ("prove", lambda: proving.prove(estate, Scope(), progress)),
        ("inspect", lambda: inspecting.inspect(estate, inspecting.Wish(use=False), progress)),
    )
    for name, step in steps:
        try:
            step()
        except CommsroomError as error:
            progress.say(f"{name}: {error}")
