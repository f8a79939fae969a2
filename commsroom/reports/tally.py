"""What every form counts the same way: checks by name, exceptions, ages, and the trend."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from commsroom.reports.model import FindingKind, Point

if TYPE_CHECKING:
    from collections.abc import Iterable

    from commsroom.estate.inspection import Check
    from commsroom.reports.model import Finding, Report


class Standing(StrEnum):
    """How a finding or a check counts in a report; one of these, and only one."""

    UNKNOWN = "unknown"  #: could not be told, whoever answers for it: never clean
    ERROR = "error"  #: a difference
    WARNING = "warning"  #: to look at
    NOTE = "note"  #: to know
    ACKNOWLEDGED = "acknowledged"  #: somebody answers for it until a day; no difference
    GOOD = "good"  #: a check that is as policy says


@dataclass(frozen=True, slots=True)
class Tally:
    """All checks of one name on one system; `unknown` of them could not be told."""

    system: str
    name: str
    good: int
    unknown: int
    total: int

    @property
    def whole(self) -> bool:
        """Tell whether every one of them is as policy says."""
        return self.good == self.total


def standing(item: Finding) -> Standing:
    """Say how a finding counts. An exception does not make known what nobody could read."""
    if item.kind is FindingKind.UNKNOWN:
        return Standing.UNKNOWN
    if item.acknowledged is not None:
        return Standing.ACKNOWLEDGED
    return Standing(item.severity.value)


def checked(item: Check) -> Standing:
    """Say how a check counts."""
    if item.ok is None:
        return Standing.UNKNOWN
    if item.ok:
        return Standing.GOOD
    return Standing.ACKNOWLEDGED if item.acknowledged else Standing(item.severity.value)


def counted(report: Report) -> dict[Standing, int]:
    """Count findings and checks by how they count; every standing is there, in order."""
    total = dict.fromkeys(Standing, 0)
    for item in report.findings:
        total[standing(item)] += 1
    for check in report.checks:
        total[checked(check)] += 1
    return total


def tallies(checks: Iterable[Check]) -> tuple[Tally, ...]:
    """Sum checks up by system and name, sorted."""
    found: dict[tuple[str, str], list[bool | None]] = {}
    for check in checks:
        found.setdefault((check.system, check.name), []).append(check.ok)
    return tuple(
        Tally(system, name, seen.count(True), seen.count(None), len(seen))
        for (system, name), seen in sorted(found.items())
    )


def day(moment: str) -> str:
    """Return the day of an ISO 8601 time as UTC has it; anything else as it is."""
    known = _moment(moment)
    return known.date().isoformat() if known else moment


def days(since: str, when: str) -> int | None:
    """Count the calendar days from `since` to `when` (UTC); None where one of them is no time."""
    first, last = _moment(since), _moment(when)
    return (last.date() - first.date()).days if first and last else None


def trend(report: Report) -> tuple[Point, ...]:
    """Return the runs to draw, oldest first: those remembered, and this one last."""
    if report.history is None:
        return ()
    points = report.history.points
    if points and points[-1].when == report.when:
        return points
    return (*points, present(report))


def present(report: Report) -> Point:
    """Return this run as a point of the trend: proofs and checks count, exceptions do not."""
    total = counted(report)
    proofs = [proof.ok for proof in report.proofs]
    return Point(
        report.when,
        total[Standing.ERROR] + proofs.count(False),
        total[Standing.WARNING],
        total[Standing.UNKNOWN] + proofs.count(None),
    )


def fixable(report: Report) -> int:
    """Count what `drift --fix` may repair; what somebody answers for is left alone."""
    return sum(item.fixable and item.acknowledged is None for item in report.findings)


def is_command(remedy: str) -> bool:
    """Tell whether a remedy is a command to paste, not advice."""
    return remedy.startswith(("commsroom ", "ansible-playbook "))


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
