"""Makes changes on the servers over SSH as their root, and takes back what no apply may."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from seeding.sampling import is_server
from seeding.shell import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from seeding.disturbance import Disturbance

_SECONDS: Final = 180
_MARK: Final = "not made: "
_CONFIG: Final = ".commsroom/lab/ssh_config"


class NotMade(Exception):
    """A change could not be made at all."""


def on(estate: Path, host: str, script: str) -> str:
    """Run a shell script on a server; raises NotMade with what it said."""
    done = subprocess.run(
        ["ssh", "-F", _CONFIG, host, "sh", "-s"], cwd=estate, input=script, capture_output=True,
        text=True, timeout=_SECONDS, check=False,
    )  # fmt: skip
    if done.returncode:
        raise NotMade(f"{host}: {(done.stdout + done.stderr)[-1500:]}")
    return done.stdout


def make(estate: Path, batch: Iterable[Disturbance]) -> dict[str, str]:
    """Make all changes of a batch, side by side on different servers.

    Returns the labels of those that could not be made, with what the server said: the others are
    made all the same, so that one bad way to make a change does not hide what a run would show.

    On one server packages come first, which need it whole, then accounts, which are put in force
    before anything is done to the server that could come in force with them.
    """

    def script(items: list[Disturbance]) -> str:
        early = [item for item in items if item.first]
        people = [item for item in items if not item.first and not is_server(item)]
        late = [item for item in items if not item.first and is_server(item)]
        after = dict.fromkeys(command for item in people for command in item.after)
        force = [f"{command} >/dev/null || exit 1" for command in after]
        return "\n".join([*_made(early), *_made(people), *force, *_made(late), "true", ""])

    said = _each(estate, _by_host(batch), script)
    lines = [line[len(_MARK) :] for line in said if line.startswith(_MARK)]
    return {label: what for label, _, what in (line.partition("\x1f") for line in lines)}


def _made(items: list[Disturbance]) -> list[str]:
    return [
        f"said=$( ( {item.script} ) 2>&1 ) ||"
        f" {{ printf '%s%s\\037' {quote(_MARK)} {quote(item.label)}; printf '%s' \"$said\" | tr '\\n' ' '; echo; }}"
        for item in items
    ]


def undo(estate: Path, batch: Iterable[Disturbance]) -> None:
    """Take back what nobody asked for and no apply removes; safe where it is gone already."""

    def script(items: list[Disturbance]) -> str:
        return "\n".join([*dict.fromkeys(item.undo for item in items if item.undo), "true", ""])

    _each(estate, _by_host(item for item in batch if item.undo), script)


def _by_host(batch: Iterable[Disturbance]) -> dict[str, list[Disturbance]]:
    hosts: dict[str, list[Disturbance]] = {}
    for item in batch:
        hosts.setdefault(item.host, []).append(item)
    return hosts


def _each(estate: Path, hosts: Mapping[str, list[Disturbance]], script: object) -> list[str]:
    """Run each host's script; returns all lines they said."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        waiting = [pool.submit(on, estate, host, script(items)) for host, items in hosts.items()]  # type: ignore[operator]
        return [line for one in waiting for line in one.result().splitlines()]
