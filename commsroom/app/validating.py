"""validate and schema: everything that can be said about policy without asking a system."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from commsroom.errors import CommsroomError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date
    from pathlib import Path

    from commsroom.policy import Validation


def validate(path: Path, *, as_of: date | None = None) -> Validation:
    """Check policies, roster and allocations of the estate at `path`; all problems at once.

    Numbers are allotted for the day `as_of`, None for today, to see whether there are enough.

    Raises:
        CommsroomError: there is no estate here.
    """
    from commsroom import policy
    from commsroom.app import naming

    if not (path / "policies").is_dir():
        raise CommsroomError(
            f"{path.resolve()}: no estate here",
            remedy="--estate DIR names one, commsroom init DIR makes one",
        )
    systems: list[str] = []

    def doubt(glob: str, fields: Sequence[str] = ()) -> tuple[str, str]:
        if fields:
            return naming.doubt_fields(glob, fields)
        if not systems and not glob.startswith("*:"):
            systems.extend(_systems(path))
        return naming.doubt(glob, systems)

    return policy.validate(path, as_of, doubt=doubt)


def _systems(path: Path) -> Iterable[str]:
    """Return the names of the inventory's systems; none when it cannot be read: `plan` says why."""
    from commsroom.runs import inventory

    try:
        return inventory.systems(path)
    except CommsroomError:
        return ()


def write_schemas(folder: Path) -> list[Path]:
    """Write a JSON Schema (draft 2020-12) per policy file into `folder`, for editors."""
    from commsroom import files, policy

    files.make_folder(folder)
    written = []
    for name, schema in sorted(policy.schemas().items()):
        file = folder / f"{name}.schema.json"
        file.write_text(json.dumps(schema, ensure_ascii=False, indent=2) + "\n", "utf-8")
        written.append(file)
    return written
