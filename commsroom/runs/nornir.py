"""Nornir asks all systems at once, each within its own deadline.

Nornir's own runners wait for ever for a host that hangs; ours gives up on it, reports it as
*unknown* and lets the others finish.
"""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self

from nornir.core import Nornir
from nornir.core.configuration import Config
from nornir.core.inventory import (
    ConnectionOptions,
    Defaults,
    Group,
    Groups,
    Host,
    Hosts,
    Inventory,
    ParentGroups,
)
from nornir.core.plugins.connections import ConnectionPluginRegister
from nornir.core.task import AggregatedResult, MultiResult, Result, Task

from commsroom.errors import CommsroomError, SystemUnknown
from commsroom.runs import simulated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from commsroom.estate.backend import Provider, Tools
    from commsroom.runs.inventory import System

CONNECTION: Final = "commsroom"
WORKERS: Final = 50
_CLOSING_SECONDS: Final = 5.0


class ProviderConnection:
    """Nornir's connection plugin: opening it calls the back end's `connect` (or `fake`)."""

    def __init__(self) -> None:
        """Start unconnected."""
        self._provider: Provider | None = None

    def open(  # noqa: PLR0917 - Nornir's signature
        self,
        hostname: str | None,
        username: str | None,
        password: str | None,
        port: int | None,
        platform: str | None,
        extras: dict[str, Any] | None = None,
        configuration: Config | None = None,
    ) -> None:
        """Connect through the back end; raises SystemUnknown when that fails."""
        self._provider = (extras or {})["connect"]()

    def close(self) -> None:
        """Let the provider go."""
        if self._provider is not None:
            self._provider.close()

    @property
    def connection(self) -> Any:
        """Give the provider."""
        return self._provider


@dataclass(slots=True)
class DeadlineRunner:
    """A Nornir runner with a deadline in seconds per host, counted from the host's own start.

    `done` is called in the caller's thread as each host ends, in the order they end.
    """

    deadline: float
    workers: int = field(default_factory=lambda: WORKERS)
    done: Callable[[str, MultiResult], None] = field(default=lambda _name, _result: None)

    def run(self, task: Task, hosts: list[Host]) -> AggregatedResult:
        """Run the task on every host; a host past its deadline gets a failed result, not a wait."""
        results = AggregatedResult(task.name)
        waiting = list(reversed(hosts))
        running: dict[str, float] = {}
        ended: queue.SimpleQueue[tuple[str, MultiResult]] = queue.SimpleQueue()
        while waiting or running:
            while waiting and len(running) < self.workers:
                host = waiting.pop()
                running[host.name] = time.monotonic() + self.deadline
                _start(task.copy(), host, ended)
            for name, result in self._next(running, ended):
                results[name] = result
                self.done(name, result)
        return results

    def _next(
        self, running: dict[str, float], ended: queue.SimpleQueue[tuple[str, MultiResult]]
    ) -> Iterator[tuple[str, MultiResult]]:
        nearest = min(running.values())
        try:
            name, result = ended.get(timeout=max(0.0, nearest - time.monotonic()))
        except queue.Empty:
            late = [name for name, limit in running.items() if limit <= time.monotonic()]
            for name in late:
                del running[name]
                reason = f"no answer within {self.deadline:g} s"
                yield name, _failed(SystemUnknown(name, "wait", reason))
        else:
            if running.pop(name, None) is not None:  # else it was given up on before
                yield name, result


def _start(task: Task, host: Host, ended: queue.SimpleQueue[tuple[str, MultiResult]]) -> None:
    def work() -> None:
        ended.put((host.name, task.start(host)))

    # A daemon: a thread that hangs in a system call must not keep the process from ending.
    threading.Thread(target=work, name=f"commsroom-{host.name}", daemon=True).start()


def _failed(error: CommsroomError) -> MultiResult:
    result = MultiResult("deadline")
    result.append(Result(None, failed=True, exception=error))
    return result


class Fleet:
    """All systems of an estate, ready to be asked side by side. Use as a context manager."""

    def __init__(
        self, systems: Mapping[str, System], tools: Tools, listing: Mapping[str, Any]
    ) -> None:
        """Build Nornir's inventory from Ansible's listing and our systems; connects to nothing yet."""
        self.systems = systems
        self._tools = tools
        if CONNECTION not in ConnectionPluginRegister.available:
            ConnectionPluginRegister.register(CONNECTION, ProviderConnection)
        self._nornir = Nornir(
            inventory=_inventory(listing, systems, tools),
            config=Config(),
            runner=DeadlineRunner(_CLOSING_SECONDS),
        )

    def __enter__(self) -> Self:
        """Return the fleet itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close what was opened."""
        self._nornir.close_connections(on_good=True, on_failed=True)

    def each(
        self,
        work: Callable[[str, Provider], Any],
        *,
        on: Sequence[str] | None = None,
        deadline: float,
        done: Callable[[str, Any], None] | None = None,
    ) -> dict[str, Any]:
        """Call `work(system, provider)` for the systems named in `on` (all when None).

        Args:
            work: Runs in a thread of its own per system.
            on: System names.
            deadline: Seconds for each system, connecting included.
            done: Told every result as it comes, in the caller's thread.

        Returns:
            By system, what `work` returned or the CommsroomError it ended with. Never raises
            for one system's failure.
        """

        def told(name: str, result: MultiResult) -> None:
            if done is not None:
                done(name, _value(name, result))

        names = set(self.systems if on is None else on)
        chosen = self._nornir.filter(filter_func=lambda host: host.name in names)
        if not chosen.inventory.hosts:  # of which Nornir would tell standard error
            return {}
        runner = DeadlineRunner(deadline, done=told)
        chosen.data.reset_failed_hosts()
        results = chosen.with_runner(runner).run(task=_ask, name="ask", work=work)
        return {name: _value(name, result) for name, result in sorted(results.items())}


def _ask(task: Task, work: Callable[[str, Provider], Any]) -> Result:
    """Do the work; errors become results here, so that Nornir logs no traceback of ours."""
    try:
        provider = task.host.get_connection(CONNECTION, task.nornir.config)
        return Result(host=task.host, result=work(task.host.name, provider))
    except CommsroomError as error:
        return Result(host=task.host, failed=True, exception=error)
    except Exception as error:  # noqa: BLE001 - one system's failure is a result; its text could hold a value
        kind = type(error).__name__
        unknown = SystemUnknown(
            task.host.name, "internal", f"unexpected {kind}", remedy="run again with --debug"
        )
        unknown.__cause__ = error
        return Result(host=task.host, failed=True, exception=unknown)


def _value(name: str, result: MultiResult) -> Any:
    first = result[0]
    if first.exception is None:
        return first.result
    if isinstance(first.exception, CommsroomError):
        return first.exception
    return SystemUnknown(name, "internal", type(first.exception).__name__)


def _inventory(
    listing: Mapping[str, Any], systems: Mapping[str, System], tools: Tools
) -> Inventory:
    groups = Groups()
    members: dict[str, list[str]] = {}
    for name, content in listing.items():
        if name != "_meta":
            groups[name] = Group(name=name)
            for host in content.get("hosts", ()):
                members.setdefault(host, []).append(name)
    for name, content in listing.items():
        for child in content.get("children", ()) if name != "_meta" else ():
            if child in groups:
                groups[child].groups.add(groups[name])
    hosts = Hosts()
    for name, variables in listing.get("_meta", {}).get("hostvars", {}).items():
        parents = ParentGroups(groups[group] for group in members.get(name, ()))
        options = {}
        if name in systems:
            options[CONNECTION] = ConnectionOptions(
                extras={"connect": _connector(systems[name], tools)}
            )
        hosts[name] = Host(
            name=name,
            hostname=variables.get("ansible_host", name),
            port=variables.get("ansible_port"),
            username=variables.get("ansible_user"),
            groups=parents,
            data=dict(variables),
            connection_options=options,
        )
    return Inventory(hosts=hosts, groups=groups, defaults=Defaults())


def _connector(system: System, tools: Tools) -> Callable[[], Provider]:
    def connect() -> Provider:
        if system.state is not None:
            return simulated.connect(system, tools, system.state)
        return system.backend.connect(system.target, tools)

    return connect
