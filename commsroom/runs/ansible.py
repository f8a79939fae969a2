"""Ansible, run as an operator would run it: the inventory's listing and playbooks."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from commsroom.errors import CommsroomError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_LISTING_SECONDS: Final = 60
_TEXT_LIMIT: Final = 400
_HEADERS: Final = ("before_header", "after_header")
#: What names a thing among a module's arguments, the most particular first.
_NAMES: Final = ("path", "dest", "name", "creates")
_CHANGED: Final = re.compile(r"(?:^|m)changed: \[")


@dataclass(frozen=True, slots=True)
class TaskResult:
    """What one task of a playbook did on one host. `diff` is Ansible's, secrets masked by `no_log`.

    `things` are the files, services and packages that it changed, or would, of a loop each by itself.
    `handler` tells a handler from a task; `notifies` are the handlers that the task asked for.
    """

    host: str
    task: str
    role: str
    changed: bool
    failed: bool
    unreachable: bool
    message: str = ""
    diff: tuple[Mapping[str, Any], ...] = ()
    things: tuple[str, ...] = ()
    handler: bool = False
    notifies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlaybookRun:
    """The end of a playbook: `code` is ansible-playbook's exit status, 0 for success."""

    code: int
    results: Sequence[TaskResult]

    @property
    def ok(self) -> bool:
        """Tell whether every host finished."""
        return self.code == 0


def executable(name: str) -> str:
    """Return the path of a command of the running Python's own environment."""
    return str(Path(sys.executable).with_name(name))


def collection() -> Path | None:
    """Return the folder of commsroom.core, found as Ansible finds it: among Python's packages."""
    for place in sys.path:
        found = Path(place) / "ansible_collections" / "commsroom" / "core"
        if (found / "galaxy.yml").is_file():
            return found.resolve()
    return None


def inventory(estate: Path) -> dict[str, Any]:
    """Return `ansible-inventory --list` as a dictionary; raises CommsroomError with Ansible's words."""
    argv = [executable("ansible-inventory"), "-i", str(estate / "inventory"), "--list"]
    try:
        done = subprocess.run(  # noqa: S603 - a list, no shell
            argv, cwd=estate, env=environment(estate), capture_output=True, text=True,
            timeout=_LISTING_SECONDS, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CommsroomError(f"ansible-inventory did not answer: {type(error).__name__}") from error
    if done.returncode:
        raise _unreadable(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout, object_hook=_plain)
    return found


def _unreadable(said: str) -> CommsroomError:
    """Return the error for an inventory that Ansible could not read, from all that it said."""
    reason = _reason(said)
    if "unknown plugin 'commsroom.core." in reason:
        return CommsroomError(
            "Ansible does not find the collection commsroom.core, which the inventory needs",
            remedy="run make setup in the checkout that this commsroom is installed from",
        )
    return CommsroomError(reason, remedy="see ansible-inventory --list")


def _reason(said: str) -> str:
    """Find what matters among all that Ansible says when no plugin can read an inventory.

    The first plugin to fail is the one the file was meant for; the others merely try it too.
    """
    told = re.search(r"Failed to parse inventory with '\w+' plugin: (.+?)\n\n", said, re.DOTALL)
    return told[1] if told else " ".join(said.split())[-_TEXT_LIMIT:]


def playbook(
    estate: Path,
    name: str,
    *,
    check: bool = False,
    limit: str = "",
    tags: Sequence[str] = (),
    variables: Mapping[str, Any] | None = None,
    timeout: float = 1800.0,
    told: Callable[[TaskResult], None] | None = None,
) -> PlaybookRun:
    """Run a playbook of the estate through ansible-runner and collect what each task did.

    Args:
        estate: Root of the estate; `playbooks/<name>` and `ansible.cfg` are looked up there.
        name: File name of the playbook.
        check: Only tell what would change (`--check --diff`).
        limit: Ansible's host pattern.
        tags: Only these tags.
        variables: Extra variables; never secrets (they are written to a file by the runner).
        timeout: Seconds for the whole run; then it is killed and its code is 254.
        told: Called with every task's result as it comes.
    """
    import ansible_runner

    results: list[TaskResult] = []
    listener = _Listener()

    def handle(event: dict[str, Any]) -> bool:
        result = listener.hear(event)
        if result is not None:
            results.append(result)
            if told is not None:
                told(result)
        return False  # keep no event files

    private = estate / ".commsroom" / "runner"
    private.mkdir(mode=0o700, parents=True, exist_ok=True)
    options = ["--check", "--diff"] if check else []
    run = ansible_runner.run(
        private_data_dir=str(private),
        project_dir=str(estate),
        playbook=str(estate / "playbooks" / name),
        inventory=str(estate / "inventory"),
        cmdline=" ".join([*options, *(f"--tags={tag}" for tag in tags)]) or None,
        limit=limit or None,
        extravars=dict(variables or {}),
        envvars=environment(estate),
        settings={"idle_timeout": 600, "job_timeout": round(timeout)},
        event_handler=handle,
        quiet=True,
        rotate_artifacts=3,
        host_cwd=str(estate),
    )
    return PlaybookRun(int(run.rc if run.rc is not None else 254), tuple(results))


class _Listener:
    """Makes results of a playbook's events; a handler is told from a task by its having been notified."""

    def __init__(self) -> None:
        self._notified: set[tuple[str, str]] = set()

    def hear(self, event: Mapping[str, Any]) -> TaskResult | None:
        """Return the result an event is about, if it is about one."""
        kind, data = event.get("event", ""), event.get("event_data") or {}
        if kind == "playbook_on_notify":
            self._notified.add((data["host"], data["handler"]))
        if kind not in {"runner_on_ok", "runner_on_failed", "runner_on_unreachable"}:
            return None
        host, task, role = (str(data.get(name) or "") for name in ("host", "task", "role"))
        names = {(host, task), (host, f"{role} : {task}")}
        return _task_result(event, handler=not self._notified.isdisjoint(names))


def _task_result(event: Mapping[str, Any], *, handler: bool) -> TaskResult:
    kind, data = event["event"], event["event_data"]
    outcome = data.get("res") or {}
    # A task that loops tells of each item by itself.
    items = [one for one in outcome.get("results", ()) if isinstance(one, dict)]
    parts = [one for one in items or [outcome] if one.get("changed")]
    # Of a task with no_log ansible-runner drops even this; the line on the screen still says it.
    hidden = "censored" in outcome and _CHANGED.search(event.get("stdout", "")) is not None
    changed = bool(outcome.get("changed")) or hidden
    return TaskResult(
        host=data.get("host", ""),
        task=data.get("task", ""),
        role=data.get("role", ""),
        changed=changed,
        failed=kind == "runner_on_failed" and not data.get("ignore_errors"),
        unreachable=kind == "runner_on_unreachable",
        message=str(outcome.get("msg", ""))[:_TEXT_LIMIT],
        diff=tuple(part for one in parts for part in _diff(one)),
        things=tuple(dict.fromkeys(thing for one in parts for thing in _things(one))),
        handler=handler,
        notifies=_notifies(data) if changed and not handler else (),
    )


def _notifies(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the handlers a task notifies, as its role says: no event tells it."""
    import yaml

    try:
        tasks = yaml.safe_load(Path(data["task_path"].rpartition(":")[0]).read_text("utf-8"))
        task = next(one for one in tasks if one.get("name") == data["task"])
    except (KeyError, OSError, StopIteration, AttributeError, TypeError, yaml.YAMLError):
        return ()
    told = task.get("notify") or []
    return (told,) if isinstance(told, str) else tuple(map(str, told))


def _diff(outcome: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    told = outcome.get("diff") or []
    parts = told if isinstance(told, list) else [told]
    return [part for part in parts if isinstance(part, dict) and part]


def _things(outcome: Mapping[str, Any]) -> list[str]:
    """Name what one result changed: never the content of a file, which may be confidential."""
    # apt tells what it would do as `apt-get --simulate` does.
    packages = re.findall(r"^Inst (\S+)", str(outcome.get("stdout", "")), re.MULTILINE)
    asked = (outcome.get("invocation") or {}).get("module_args") or {}
    own = [asked[key] for key in _NAMES if isinstance(asked.get(key), str)]
    sides = [part.get(side) for part in _diff(outcome) for side in ("before", "after")]
    told = [side.get("path") for side in sides if isinstance(side, dict)]
    told += [part.get(key) for part in _diff(outcome) for key in _HEADERS]
    return packages or own[:1] or [str(name) for name in told if name][:1]


def _plain(value: dict[str, Any]) -> Any:
    """Undo Ansible's marking of texts that came from a plug-in (`{"__ansible_unsafe": …}`)."""
    return value["__ansible_unsafe"] if value.keys() == {"__ansible_unsafe"} else value


def environment(estate: Path) -> dict[str, str]:
    """Give Ansible its configuration, and the tools of our own environment first on PATH."""
    bin_dir = str(Path(sys.executable).parent)
    return {
        **os.environ,
        "PATH": os.pathsep.join([bin_dir, os.environ.get("PATH", "/usr/bin:/bin")]),
        "ANSIBLE_CONFIG": str(estate / "ansible.cfg"),
        "ANSIBLE_NOCOLOR": "1",
        "PYTHONWARNINGS": "ignore",
    }
