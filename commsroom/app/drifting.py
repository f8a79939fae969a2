"""drift: the same plan with another exit code, told as findings with the repair for each."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from commsroom.app import planning
from commsroom.reports import model
from commsroom.reports.model import Finding, FindingKind, Report

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from commsroom.app.estate import Estate
    from commsroom.app.progress import Progress
    from commsroom.app.scope import Scope
    from commsroom.runs.ansible import TaskResult

SITE: Final = "site.yml"


def drift(estate: Estate, scope: Scope, progress: Progress, *, servers: bool = False) -> Report:
    """Compare everything and return the findings; an unreadable system is *unknown*, never clean.

    Args:
        estate: The estate.
        scope: What to look at.
        progress: Told of each step.
        servers: Also run `site.yml --check --diff` and tell what differs on the servers themselves:
            files, services and packages of the roles. Takes as long as the roles do.
    """
    plan = planning.prepare(estate, scope, progress).plan
    report = model.from_plan(plan, estate=str(estate.path))
    if not servers:
        return report
    return report.plus(findings=_servers(estate, progress, frozenset(plan.unknown)))


def _servers(estate: Estate, progress: Progress, unknown: frozenset[str]) -> Iterator[Finding]:
    from commsroom.runs import ansible

    real = [name for name, system in estate.systems.items() if not system.simulated]
    hosts = [name for name in real if name not in unknown]
    if not hosts:
        return
    progress.begin("Checking servers")
    run = ansible.playbook(
        estate.path,
        SITE,
        check=True,
        limit=",".join(hosts),
        told=lambda result: progress.advance(f"{result.host}: {result.task}", 0),
    )
    progress.end()
    yield from _findings(run.results)
    if not run.ok and not any(result.failed or result.unreachable for result in run.results):
        yield Finding(
            kind=FindingKind.UNKNOWN,
            address=SITE,
            system=SITE,
            text=f"ansible-playbook ended with {run.code} before it had looked at everything",
            remedy=f"ansible-playbook playbooks/{SITE} --check --diff",
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
        elif result.changed:
            yield replace(found, text=_what(result))


def _what(result: TaskResult) -> str:
    """Name the files a task would change; their content may be confidential and stays out."""
    names = [
        str(part.get("before_header") or part.get("after_header") or "") for part in result.diff
    ]
    files = sorted({name for name in names if name})
    return "is not as the role says" + (f": {', '.join(files)}" if files else "")
