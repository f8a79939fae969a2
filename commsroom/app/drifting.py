"""drift: the same plan with another exit code, told as findings with the repair for each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from commsroom.app import evidence, judging, planning, remembering, renewal
from commsroom.errors import UsageError
from commsroom.reports import model
from commsroom.reports.lines import count
from commsroom.reports.model import Finding, FindingKind, Report

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from commsroom.app.estate import Estate
    from commsroom.app.progress import Progress
    from commsroom.app.scope import Scope
    from commsroom.estate.resource import Resource
    from commsroom.runs.ansible import TaskResult

SITE: Final = "site.yml"


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the estate: the report judged by policy, when it began, and what it looked at."""

    report: Report
    at: str
    parts: frozenset[str]
    on_servers: tuple[Finding, ...] = ()
    desired: tuple[Resource, ...] = ()


def drift(
    estate: Estate,
    scope: Scope,
    progress: Progress,
    *,
    servers: bool = False,
    record: bool = False,
    since: str = "",
) -> Report:
    """Compare everything and return the findings; an unreadable system is *unknown*, never clean.

    Args:
        estate: The estate.
        scope: What to look at.
        progress: Told of each step.
        servers: Also run `site.yml --check --diff` and tell what differs on the servers themselves:
            files, services and packages of the roles. Takes as long as the roles do.
        record: Remember the run in the ledger, if it is whole and of today; the estate must have
            been opened for that.
        since: Beginning of the trend, as `remembering.moment` gives it.
    """
    seen = look(estate, scope, progress, servers=servers)
    return remembered(estate, scope, seen, progress, record=record, since=since)


def look(
    estate: Estate,
    scope: Scope,
    progress: Progress,
    *,
    servers: bool = False,
    before: Look | None = None,
) -> Look:
    """Look once, and judge by policy what is found; `before` lends what it found on the servers.

    Raises:
        UsageError: servers are to be looked at, and there are none.
    """
    if servers and not _real(estate):
        raise UsageError(
            "--servers: all systems are simulated, and have no servers to look at",
            remedy="leave one of them out",
        )
    at = remembering.now()
    planned = planning.prepare(estate, scope, progress)
    plan, day = planned.plan, planned.compiled.as_of
    report = model.from_plan(plan, estate=str(estate.path), when=remembering.shown(at))
    report = report.plus(findings=_uncompared(estate, scope, planned))
    report = report.plus(findings=_overdue(estate, scope, planned))
    on_servers = before.on_servers if before else ()
    if servers:
        lost = frozenset(plan.unknown) - planned.reading.answering
        on_servers = tuple(_servers(estate, progress, lost))
    looked = servers or (before is not None and judging.SERVERS in before.parts)
    parts = frozenset({judging.ACCOUNTS, judging.SERVERS} if looked else {judging.ACCOUNTS})
    fixable = frozenset(
        str(change.address)
        for change in plan.changes
        if judging.may_fix(change, estate.policy, planned.known, day)
    )
    judged = judging.judge(
        report.plus(findings=on_servers),
        estate.policy,
        day,
        fixable=fixable,
        looked_at=parts if scope.whole else None,
    )
    return Look(judged, at, parts, on_servers, planned.compiled.desired)


def _uncompared(estate: Estate, scope: Scope, planned: planning.Planned) -> Iterator[Finding]:
    for system, text in planning.uncompared(estate, scope, planned).items():
        yield Finding(
            kind=FindingKind.UNKNOWN,
            address=system,
            system=system,
            text=text,
            remedy="give it: COMMSROOM_FINGERPRINT_KEY_FILE (docs/howto/pipelines.md)",
            simulated=system in planned.plan.simulated,
        )


def _overdue(estate: Estate, scope: Scope, planned: planning.Planned) -> Iterator[Finding]:
    """Tell of secrets older than policy lets them become; of another day's policy there is nothing to tell."""
    if scope.as_of is not None:
        return
    asked = planning.resolved(estate, scope)
    desired = [item for item in planned.compiled.desired if scope.whole or asked.holds(item)]
    late = renewal.overdue(estate, desired, planned.known.owned, datetime.now(UTC))
    for address, (slot, since) in sorted(late.items()):
        yield Finding(
            kind=FindingKind.OVERDUE,
            address=str(address),
            system=address.system,
            text=f"{slot} should have been renewed {count(max(since.days, 1), 'day')} ago",
            remedy="commsroom rotate --due",
            simulated=address.system in planned.plan.simulated,
        )


def remembered(
    estate: Estate, scope: Scope, look: Look, progress: Progress, *, record: bool, since: str
) -> Report:
    """Return a look's report with what the ledger remembers, recording it where that was asked for.

    Only a look at the whole estate, on today's policy, is recorded and has a trend: one that was
    narrowed sees neither what is gone nor what is there, and another day's policy is not what holds.
    """
    if not scope.whole or scope.as_of is not None:
        return remembering.recalled(estate, look.report, look.parts)
    return remembering.remember(
        estate,
        look.report,
        progress,
        at=look.at,
        parts=look.parts,
        record=record,
        since=since,
        evidence={judging.ACCOUNTS: evidence.of_policy(look.desired)} if record else None,
    )


def _real(estate: Estate) -> list[str]:
    return [name for name, system in estate.systems.items() if not system.simulated]


def _servers(estate: Estate, progress: Progress, lost: frozenset[str]) -> Iterator[Finding]:
    """Check all servers but those that do not answer: their reading says so already."""
    from commsroom.runs import ansible

    hosts = [name for name in _real(estate) if name not in lost]
    if not hosts:
        return
    progress.begin("Checking servers")
    while hosts:
        run = ansible.playbook(
            estate.path,
            SITE,
            check=True,
            limit=",".join(hosts),
            told=lambda result: progress.advance(f"{result.host}: {result.task}", 0),
        )
        failed = {one.host for one in run.results if one.failed or one.unreachable}
        # Ansible ends a playbook where all hosts of a play failed: who has not must be asked again.
        rest = [] if run.ok else [name for name in hosts if name not in failed]
        stuck = rest == hosts
        yield from _findings(one for one in run.results if stuck or one.host not in rest)
        if stuck:
            yield from (_not_looked_at(name, run.code) for name in rest)
            break
        hosts = rest
    progress.end()


def _not_looked_at(host: str, code: int) -> Finding:
    return Finding(
        kind=FindingKind.UNKNOWN,
        address=f"{host}: {SITE}",
        system=host,
        text=f"ansible-playbook ended with {code} before it had looked at everything",
        remedy=f"ansible-playbook playbooks/{SITE} --check --diff --limit {host}",
    )


def _findings(results: Iterable[TaskResult]) -> Iterator[Finding]:
    for result in results:
        place = f"{result.host}: {result.task}"
        found = Finding(
            kind=FindingKind.SERVER,
            address=place,
            system=result.host,
            remedy=f"ansible-playbook playbooks/{SITE} --limit {result.host}",
        )
        if result.unreachable or result.failed:
            yield replace(found, kind=FindingKind.UNKNOWN, text=result.message or "the task failed")
        elif result.changed and not result.handler:  # a handler follows from what notified it
            yield replace(found, text=_what(result))


def _what(result: TaskResult) -> str:
    """Name the things a task would change, and what it would do then."""
    things = ", ".join(result.things)
    then = ", ".join(result.notifies)
    return (
        "is not as the role says"
        + (f": {things}" if things else "")
        + (f" (repairing it: {then})" if then else "")
    )
