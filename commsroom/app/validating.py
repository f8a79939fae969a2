"""validate and schema: everything that can be said about policy without asking a system."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from commsroom.errors import CommsroomError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from commsroom.policy import Validation
    from commsroom.policy.allocations import Allocations
    from commsroom.runs.inventory import System


def validate(path: Path, *, as_of: date | None = None) -> Validation:
    """Check policies, roster and allocations of the estate at `path`; all problems at once.

    Numbers are allotted for the day `as_of`, None for today, to see whether there are enough.

    Raises:
        CommsroomError: there is no estate here.
    """
    from commsroom import policy
    from commsroom.app import foreseeing, naming
    from commsroom.policy.validating import Beside

    if not (path / "policies").is_dir():
        raise CommsroomError(
            f"{path.resolve()}: no estate here",
            remedy="--estate DIR names one, commsroom init DIR makes one",
        )
    systems: dict[str, System] = {}
    unread: list[Problem] = []

    def inventory() -> Mapping[str, System]:
        if not systems and not unread:
            try:
                systems.update(_systems(path))
            except CommsroomError as error:
                unread.append(Problem("inventory", 0, 0, error.message, error.remedy))
        return systems

    def doubt(glob: str, fields: Sequence[str] = ()) -> tuple[str, str]:
        if fields:
            return naming.doubt_fields(glob, fields)
        return naming.doubt(glob, () if glob.startswith("*:") else inventory())

    def beside(found: policy.Policy, held: Allocations, day: date) -> Beside:
        if not (path / "inventory").exists():
            return Beside()
        told = foreseeing.beside(found, held, day, inventory())
        return replace(told, warnings=(*told.warnings, *unread))

    return policy.validate(path, as_of, doubt=doubt, beside=beside)


def _systems(path: Path) -> Mapping[str, System]:
    from commsroom.runs import inventory

    return inventory.systems(path)


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
