"""A report and the ledger's memory: since when each finding is there, and how findings come and go."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from statistics import fmean
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from commsroom.app.estate import actor
from commsroom.app.judging import ACCOUNTS, CHECK, INSPECTION, SERVERS
from commsroom.errors import CommsroomError, UsageError
from commsroom.ledger.sightings import EVERY, DriftRun, Keep, Sighting
from commsroom.policy.scalars import duration
from commsroom.reports.model import FindingKind, History, Point

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from commsroom.app.estate import Estate
    from commsroom.app.progress import Progress
    from commsroom.estate.inspection import Check
    from commsroom.reports.model import Finding, Report

#: The trend's span where none is asked for.
TREND: Final = timedelta(days=90)
#: What came back at least so often in so long is flapping.
FLAPS: Final = 2
FLAPPING: Final = timedelta(days=30)


def now() -> str:
    """Return the present time as the ledger writes it."""
    return _stamp(datetime.now(UTC))


def remember(
    estate: Estate,
    report: Report,
    progress: Progress,
    *,
    at: str,
    parts: frozenset[str],
    record: bool,
    since: str = "",
    evidence: Mapping[str, Any] | None = None,
) -> Report:
    """Record a judged report of the whole estate, and return it with its memory.

    The report is given whether or not it could be recorded; why not is said.

    Args:
        estate: The estate; where its ledger may only be read, nothing is recorded.
        report: What was found, judged.
        progress: Told when nothing could be recorded.
        at: When the run began to read, by `now`; the report's `when` says the same, so that what is
            new can be told.
        parts: What it looked at: of anything else it says nothing.
        record: Whether to record it.
        since: Beginning of the trend (as `moment` gives it); default 90 days ago.
        evidence: What the run's event says besides, by part, as `evidence` makes it.
    """
    if record and estate.may_record:
        keeping = estate.policy.drift.history
        keep = Keep(keeping.retention, keeping.every_run)
        try:
            run = replace(as_run(report, parts, at), evidence=evidence or {})
            estate.ledger.record_drift(run, keep, actor=actor())
        except CommsroomError as error:
            progress.say(f"this run is not recorded: {error}")
    told = recalled(estate, report, parts)
    return replace(told, history=history(estate, parts, at=at, since=since))


def recalled(estate: Estate, report: Report, parts: frozenset[str]) -> Report:
    """Return the report with since when each of its findings and failed checks has stood."""
    standing = estate.ledger.standing()
    findings = tuple(
        replace(item, since=_since(_of_finding(item, parts), standing)) for item in report.findings
    )
    checks = tuple(replace(item, since=_since(_of_check(item), standing)) for item in report.checks)
    return replace(report, findings=findings, checks=checks)


def history(estate: Estate, parts: frozenset[str], *, at: str, since: str = "") -> History:
    """Return how findings came and went before a run, among runs that looked at the same parts."""
    began = datetime.fromisoformat(at)
    past = estate.ledger.past(
        parts,
        since=since or _stamp(began - TREND),
        before=at,
        returns_since=_stamp(began - FLAPPING),
    )
    took = [
        (datetime.fromisoformat(closed) - datetime.fromisoformat(opened)).total_seconds()
        for opened, closed in past.repairs
    ]
    often = [(address, count) for address, count in past.returns.items() if count >= FLAPS]
    return History(
        points=tuple(
            Point(shown(run.at), run.errors, run.warnings, run.unknown) for run in past.runs
        ),
        repaired=len(took),
        seconds_to_repair=fmean(took) if took else None,
        flapping=tuple(sorted(often, key=lambda item: (-item[1], item[0]))),
    )


def newer(report: Report, since: str) -> Report:
    """Return the report with only what is new since a time; what is unknown stays in any case."""
    begin = shown(since)

    def new(when: str) -> bool:
        return not when or when >= begin

    findings = tuple(
        item for item in report.findings if item.kind is FindingKind.UNKNOWN or new(item.since)
    )
    checks = tuple(item for item in report.checks if item.ok is not False or new(item.since))
    older = len(report.findings) - len(findings) + len(report.checks) - len(checks)
    return replace(report, findings=findings, checks=checks, older=older)


def moment(text: str, zone: str, present: datetime | None = None) -> str:
    """Read `7d` (ago) or `2026-11-24` (its midnight at the company) as the ledger writes times.

    Raises:
        UsageError: it is neither, or not in the past.
    """
    present = present or datetime.now(UTC)
    try:
        if re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            found = datetime.combine(date.fromisoformat(text), time(), ZoneInfo(zone))
        else:
            found = present - duration(text)
        found = found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"--since: {text!r} is neither a date nor a span of time",
            remedy="write 2026-11-24, 7d or 12h",
        ) from error
    if found > present:
        raise UsageError(f"--since: {text} is yet to come")
    return _stamp(found)


def as_run(report: Report, parts: frozenset[str], at: str) -> DriftRun:
    """Return what a report of the whole estate says, as the ledger remembers it."""
    seen = [item for finding in report.findings for item in _of_finding(finding, parts)]
    seen += [item for check in report.checks for item in _of_check(check)]
    unknown: set[tuple[str, str]] = set()
    for finding in report.findings:
        if finding.kind is FindingKind.UNKNOWN:
            unknown |= _blind(finding, parts)
    undecided = {(INSPECTION, item.address) for item in report.checks if item.ok is None}
    return DriftRun(
        at=at,
        parts=parts,
        seen=tuple(item for item in seen if item.part in parts),
        unknown=frozenset(unknown),
        undecided=frozenset(undecided),
    )


def _blind(finding: Finding, parts: frozenset[str]) -> set[tuple[str, str]]:
    """Say of which parts a finding of the kind *unknown* tells nothing can be said."""
    if _is_system(finding):
        return {(part, finding.system) for part in parts}
    system = EVERY if finding.address == finding.system else finding.system
    return {(SERVERS, system)}


def _is_system(finding: Finding) -> bool:
    return finding.address == finding.system and not finding.address.endswith(".yml")


def _of_finding(item: Finding, parts: frozenset[str]) -> Iterator[Sighting]:
    """Yield what a finding is about: each field that differs, or the object whole."""
    if item.kind is FindingKind.EXCEPTION:
        return  # of policy, with dates of its own
    part = ACCOUNTS if ACCOUNTS in parts else min(parts, default=ACCOUNTS)
    if item.kind is FindingKind.SERVER or (
        item.kind is FindingKind.UNKNOWN and not _is_system(item)
    ):
        part = SERVERS
    for aspect in [found.name for found in item.differences] or [""]:
        yield Sighting(part, item.system, item.address, str(item.kind), aspect, str(item.severity))


def _of_check(item: Check) -> Iterator[Sighting]:
    if item.ok is False:
        yield Sighting(INSPECTION, item.system, item.address, CHECK, "", str(item.severity))


def _since(about: Iterable[Sighting], standing: Mapping[str, str]) -> str:
    """Return since when the oldest of what a finding is about has stood."""
    known = [standing[item.fingerprint] for item in about if item.fingerprint in standing]
    return shown(min(known)) if known else ""


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def shown(at: str) -> str:
    """Return a time of the ledger as reports write it."""
    return datetime.fromisoformat(at).isoformat(timespec="seconds")
