"""drift --fix: repair what policy lets be repaired alone, in a maintenance window; the rest is for people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from commsroom.app import applying, drifting, judging, planning
from commsroom.errors import GuardRefused, UsageError
from commsroom.policy import drift as windows

if TYPE_CHECKING:
    from collections.abc import Callable

    from commsroom.app.estate import Estate
    from commsroom.app.progress import Progress
    from commsroom.app.scope import Scope
    from commsroom.estate.backend import Outcome
    from commsroom.estate.plan import Known, Plan
    from commsroom.estate.resource import Change
    from commsroom.policy import Policy
    from commsroom.reports.model import Report


@dataclass(frozen=True, slots=True)
class FixResult:
    """What was repaired, and the report read after it. `declined`: the operator said no."""

    report: Report
    outcomes: tuple[Outcome, ...] = ()
    declined: bool = False


def fix(
    estate: Estate,
    scope: Scope,
    progress: Progress,
    *,
    servers: bool = False,
    record: bool = True,
    since: str = "",
    confirm: Callable[[Plan], bool],
) -> FixResult:
    """Look for drift, repair exactly what may be repaired alone, and look again.

    What may be is decided anew under the lock, by what is there then: a change that grew since by
    a field no rule names is left for people. Both looks are recorded.

    Args:
        estate: The estate, open for writing.
        scope: What to look at; may be narrowed, for today only.
        progress: Told of each step.
        servers: Look at the servers too, once; they are never repaired here.
        record: Whether to record the looks.
        since: Beginning of the report's trend.
        confirm: Shown the changes; nothing happens when it says no.

    Raises:
        GuardRefused: no maintenance window is open, or a guard stops the changes; nothing was touched.
        LockHeld: an apply is running.
        UsageError: another day than today was asked for.
        CommsroomError: there is no ledger to write to.
    """
    if scope.as_of is not None:
        raise UsageError("--fix repairs what is wrong today", remedy="leave out --as-of")
    check_window(estate.policy)
    estate.require_ledger()
    look = drifting.look(estate, scope, progress, servers=servers)
    report = drifting.remembered(estate, scope, look, progress, record=record, since=since)
    if not any(item.fixable for item in report.findings):
        return FixResult(report)
    day = planning.today(estate)

    def chosen(change: Change, known: Known) -> bool:
        return judging.may_fix(change, estate.policy, known, day)

    def agreed(plan: Plan) -> bool:
        yes = confirm(plan)
        check_window(estate.policy)  # it may have closed while we asked
        return yes

    done = applying.apply(
        estate, scope, confirm=agreed, progress=progress, select=chosen, command="drift --fix"
    )
    if not done.outcomes:
        return FixResult(report, declined=done.declined)
    again = drifting.look(estate, scope, progress, before=look)
    report = drifting.remembered(estate, scope, again, progress, record=record, since=since)
    return FixResult(report, done.outcomes)


def check_window(policy: Policy, present: datetime | None = None) -> None:
    """Let `--fix` pass while a maintenance window is open.

    Raises:
        GuardRefused: none is; it says when the next one opens.
    """
    moment = present or datetime.now(UTC)
    zone = ZoneInfo(policy.company.time_zone)
    if windows.is_open(policy.drift.windows, moment, zone):
        return
    opens = windows.next_opening(policy.drift.windows, moment, zone).astimezone(zone)
    source = policy.sources.of("drift", "windows")
    raise GuardRefused(
        f"no maintenance window is open ({source.file}:{source.line}); the next opens"
        f" {opens:%a %Y-%m-%d %H:%M} ({zone.key})"
    )
