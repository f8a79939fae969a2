"""Write a new estate: a small, valid policy, inventory and playbooks, all meant to be edited."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from commsroom.errors import CommsroomError
from commsroom.policy.schema import schemas

#: Addresses that are nobody's (RFC 5737), for servers that are still to be named …
_NOBODYS: Final = "192.0.2."
#: … and those of the lab on this machine, which are only reachable here.
_LABS: Final = "198.18.7."


def write_starter(folder: Path, *, lab: bool = False) -> list[Path]:
    """Write the starter's files below `folder`, never over one that is there.

    With `lab` its servers are those `commsroom lab up` makes; else their addresses are placeholders.
    Returns the files written.

    Raises:
        CommsroomError: a file is there already, or cannot be written.
    """
    written = []
    try:
        for name, text in _files(lab=lab).items():
            file = folder / name
            if name == ".gitignore" and file.exists():
                continue  # the folder is a checkout already, and its owner's to ignore from
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("x", encoding="utf-8") as stream:
                stream.write(text)
            written.append(file)
    except FileExistsError as error:
        raise CommsroomError(
            f"{error.filename}: is there already", remedy="choose an empty folder"
        ) from error
    except OSError as error:
        raise CommsroomError(f"{error.filename}: cannot be written: {error.strerror}") from error
    return written


def _files(*, lab: bool) -> dict[str, str]:
    source = resources.files("commsroom.policy") / "starter"
    files = {
        ".gitignore": (source / "gitignore").read_text("utf-8"),
        "ansible.cfg": (source / "ansible.cfg").read_text("utf-8"),
    }
    for part in ("policies", "inventory", "playbooks"):
        files.update(_below(source / part, part))
    if lab:
        files["inventory/hosts.yml"] = files["inventory/hosts.yml"].replace(_NOBODYS, _LABS)
        files["inventory/group_vars/all.yml"] = (source / "lab" / "all.yml").read_text("utf-8")
    for name, schema in schemas().items():
        text = json.dumps(schema, ensure_ascii=False, indent=2)
        files[f"schemas/{name}.schema.json"] = text + "\n"
    return files


def _below(folder: Traversable, shown: str) -> Iterator[tuple[str, str]]:
    for item in sorted(folder.iterdir(), key=lambda entry: entry.name):
        name = f"{shown}/{item.name}"
        if item.is_dir():
            yield from _below(item, name)
        else:
            yield name, item.read_text("utf-8")
