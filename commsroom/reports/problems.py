"""What is not as policy says, for a page: findings and checks told the same way, worst first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from commsroom.reports.difference import Difference
from commsroom.reports.tally import Standing, checked, standing

if TYPE_CHECKING:
    from commsroom.estate.inspection import Check
    from commsroom.estate.resource import Provenance
    from commsroom.reports.model import Acknowledged, Finding, Report

#: The kinds of a check among the kinds of findings: it is wrong, or nobody could tell.
CHECK: Final = "check"
UNTOLD: Final = "check-unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is not as policy says; `prose` says that its values are sentences, not data."""

    standing: Standing
    kind: str
    address: str
    system: str
    text: str
    differences: tuple[Difference, ...]
    provenance: Provenance | None
    remedy: str
    since: str
    simulated: bool
    acknowledged: Acknowledged | None = None
    fixable: bool = False
    prose: bool = False


def problems(report: Report) -> tuple[Problem, ...]:
    """Return every finding and every check that is not good, each once, in order of standing."""
    wrong = [check for check in report.checks if checked(check) is not Standing.GOOD]
    order = list(Standing)
    return tuple(
        sorted(
            (*map(_finding, report.findings), *map(_check, wrong)),
            key=lambda item: order.index(item.standing),
        )
    )


def _finding(item: Finding) -> Problem:
    return Problem(
        standing=standing(item),
        kind=str(item.kind),
        address=item.address,
        system=item.system,
        text=item.text,
        differences=item.differences,
        provenance=item.provenance,
        remedy=item.remedy,
        since=item.since,
        simulated=item.simulated,
        acknowledged=item.acknowledged,
        fixable=item.fixable and item.acknowledged is None,
    )


def _check(item: Check) -> Problem:
    return Problem(
        standing=checked(item),
        kind=UNTOLD if item.ok is None else CHECK,
        address=item.address,
        system=item.system,
        text="",
        differences=(Difference(item.name, item.expected, item.got),),
        provenance=item.provenance,
        remedy=item.remedy,
        since=item.since,
        simulated=item.simulated,
        acknowledged=item.acknowledged,
        prose=True,
    )
