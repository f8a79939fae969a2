"""What the roles' tasks do, as their files say it: enough to tell, without a server, whether each has ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml
from seeding.managed import LOOKING, Managed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_PREFIX = "ansible.builtin."
_STRUCTURE = frozenset({"import_tasks", "include_tasks"})


def tasks(roles: Path) -> Iterator[Managed]:
    """Yield each task that leaves something behind, on no host; items of loops stay as written."""
    for file in sorted(roles.glob("*/tasks/*.yml")):
        for task in yaml.safe_load(file.read_text("utf-8")):
            name = next(key for key in task if key.startswith(_PREFIX))
            module = name.removeprefix(_PREFIX)
            if module in LOOKING | _STRUCTURE or task.get("changed_when") is False:
                continue
            args: Mapping[str, Any] = task[name] if isinstance(task[name], dict) else {}
            things = args.get("name") if module == "apt" else ""
            for thing in things if isinstance(things, list) else [things]:
                yield Managed(
                    host="", role=file.parts[-3], task=task["name"], module=module,
                    thing=str(thing or ""), args=args,
                )  # fmt: skip
