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


def make(estate: Path, batch: Iterable[Disturbance]) -> None:
    """Make all changes of a batch, side by side on different servers.

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

    _each(estate, _by_host(batch), script)


def _made(items: list[Disturbance]) -> list[str]:
    return [
        f"said=$( ( {item.script} ) 2>&1 ) ||"
        f' {{ echo {quote(f"not made: {item.label}")}; echo "$said"; exit 1; }}'
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


def _each(estate: Path, hosts: Mapping[str, list[Disturbance]], script: object) -> None:
    with ThreadPoolExecutor(max_workers=8) as pool:
        waiting = [pool.submit(on, estate, host, script(items)) for host, items in hosts.items()]  # type: ignore[operator]
        for one in waiting:
            one.result()
