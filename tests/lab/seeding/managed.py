"""Everything the roles manage on the servers, as Ansible itself tells it: a dry run of `site.yml`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from commsroom.runs import ansible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: What only looks, checks or waits, and leaves nothing behind.
LOOKING: Final = frozenset({"assert", "slurp", "stat", "gather_facts", "meta", "setup", "validate_argument_spec", "wait_for"})  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Managed:
    """One thing a task of a role keeps as it is on one server.

    `module` is the task's, without its collection; `args` are what it was given (`skipped`: its `when`
    said no); `thing` the file, service, package or name.
    """

    host: str
    role: str
    task: str
    module: str
    thing: str
    args: Mapping[str, Any]


def managed(estate: Path) -> list[Managed]:
    """Run `site.yml --check` and return all that its tasks manage, per host, task and item.

    Raises:
        RuntimeError: the run did not end well, so the list would not be whole.
    """
    import ansible_runner

    events: list[Mapping[str, Any]] = []

    def keep(event: dict[str, Any]) -> bool:
        if event.get("event") in {"runner_on_ok", "runner_on_skipped"}:
            skipped = event["event"] == "runner_on_skipped"
            events.append({**event["event_data"], "skipped": skipped})
        return False

    private = estate / ".commsroom" / "runner"
    private.mkdir(mode=0o700, parents=True, exist_ok=True)
    run = ansible_runner.run(
        private_data_dir=str(private), project_dir=str(estate), host_cwd=str(estate), quiet=True,
        playbook=str(estate / "playbooks" / "site.yml"), inventory=str(estate / "inventory"),
        cmdline="--check --diff", envvars=ansible.environment(estate), event_handler=keep,
        rotate_artifacts=3, settings={"idle_timeout": 300, "job_timeout": 600},
    )  # fmt: skip
    if run.rc:
        raise RuntimeError(f"site.yml --check ended with {run.rc}")
    found = {(one.host, one.task, one.thing): one for event in events for one in of(event)}
    return list(found.values())


def of(event: Mapping[str, Any]) -> Iterator[Managed]:
    """Yield what one task's result tells it manages on its host, one for each item of a loop."""
    module = event["task_action"].rpartition(".")[2]
    if module in LOOKING or not event.get("role"):
        return
    outcome = event.get("res") or {}
    task = _task(event)
    if task.get("changed_when") is False:
        return
    told = outcome.get("results") or outcome.get("invocation")
    if not told:  # no_log, or skipped: the task's own text says where, and holds no secret
        parts = [{**task[event["task_action"]], "skipped": event["skipped"]}]
    else:
        parts = [_given(one) for one in outcome.get("results") or [outcome]]
    for args in parts:
        for thing in _things(module, args) or [""]:
            yield Managed(
                host=event["host"], role=event["role"], task=event["task"], module=module,
                thing=thing, args=args,
            )  # fmt: skip


def _given(outcome: Mapping[str, Any]) -> Mapping[str, Any]:
    args = (outcome.get("invocation") or {}).get("module_args") or {}
    return {**args, **({"item": outcome["item"]} if "item" in outcome else {})}


def _task(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the task's own text in the role."""
    file = event["task_path"].rpartition(":")[0]
    tasks = yaml.safe_load(Path(file).read_text("utf-8"))
    return next(task for task in tasks if task.get("name") == event["task"])


def _things(module: str, args: Mapping[str, Any]) -> list[str]:
    if module == "apt":
        names = args.get("name") or args.get("package") or []
        return [names] if isinstance(names, str) else list(names)
    if module == "command":
        return [str(args.get("creates") or args.get("item") or "")]
    for key in ("path", "dest", "name"):
        if args.get(key):
            return [str(args[key])]
    return []
