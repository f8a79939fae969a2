"""Makes changes on the servers over SSH as their root, and takes back what no apply may."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

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
    """Make all changes of a batch, side by side on different servers, then put them in force."""

    def script(items: list[Disturbance]) -> str:
        lines = [
            f"( {item.script} ) >/tmp/seeding.said 2>&1 ||"
            f" {{ echo 'not made: {_plain(item.label)}'; cat /tmp/seeding.said; exit 1; }}"
            for item in sorted(items, key=lambda item: not item.first)
        ]
        after = dict.fromkeys(command for item in items for command in item.after)
        ends = [f"{command} >/dev/null || exit 1" for command in after]
        return "\n".join([*lines, *ends, "rm -f /tmp/seeding.said", ""])

    _each(estate, _by_host(batch), script)


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


def _plain(text: str) -> str:
    return text.replace("'", "")
