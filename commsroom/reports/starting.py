"""What a new estate consists of, and what to do with it next."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from commsroom.reports.lines import Line, Span, Style, line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


def started_lines(
    folder: Path, files: Iterable[Path], key: Path | None, *, lab: bool
) -> Iterator[Line]:
    """Yield the files written, where the key is and what it is for, and the next steps in order."""
    rooms: dict[Path, list[str]] = {}
    for path in files:
        rooms.setdefault(path.parent, []).append(path.name)
    for room, names in rooms.items():
        told = " ".join(names) if room.name != "schemas" else "for editors: what may stand where"
        yield line(f"{room}/  ", Span(told, Style.QUIET))
    yield ()
    if key is not None:
        yield line("Key: ", Span(str(key), Style.STRONG))
        yield line(
            "    The master key of this estate, outside of it. Whoever has it and .commsroom/ has every"
            " secret; without it they are lost. Back it up, apart from the estate."
        )
        yield ()
    yield line(Span("Next:", Style.STRONG))
    for command, purpose in _steps(folder, lab=lab):
        yield line("    ", Span(f"{command:<42}", Style.COMMAND), f"  {purpose}")


def _steps(folder: Path, *, lab: bool) -> Iterator[tuple[str, str]]:
    yield f"cd {shlex.quote(str(folder))}", "edit policies/ and policies/people.csv, commit them"
    yield "commsroom validate", "every problem at once, each with its place"
    yield "commsroom show", "what policy asks for"
    yield "commsroom plan --simulate .commsroom/trial", "what would be made, on simulated systems"
    if lab:
        yield "commsroom lab up", "real servers for it, on this machine"
    else:
        yield "$EDITOR inventory/hosts.yml", "the addresses of your servers"
        yield "ansible-playbook playbooks/site.yml", "install and configure those servers"
    yield "commsroom plan", "what would change on them"
    yield "commsroom apply", "do it"
    yield "commsroom prove", "use every account as its owner would"
