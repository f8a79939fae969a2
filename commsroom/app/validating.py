"""validate and schema: everything that can be said about policy without asking a system."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from commsroom.policy import Validation


def validate(path: Path, *, as_of: date | None = None) -> Validation:
    """Check policies, roster and allocations of the estate at `path`; all problems at once.

    Numbers are allotted for the day `as_of`, None for today, to see whether there are enough.
    """
    from commsroom import policy

    return policy.validate(path, as_of)


def write_schemas(folder: Path) -> list[Path]:
    """Write a JSON Schema (draft 2020-12) per policy file into `folder`, for editors."""
    from commsroom import policy

    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, schema in sorted(policy.schemas().items()):
        file = folder / f"{name}.schema.json"
        file.write_text(json.dumps(schema, ensure_ascii=False, indent=2) + "\n", "utf-8")
        written.append(file)
    return written
