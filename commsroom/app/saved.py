"""A saved plan: what was decided, to be applied only while it would still be the same plan."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

from commsroom.app.scope import Scope
from commsroom.errors import CommsroomError

if TYPE_CHECKING:
    from pathlib import Path

    from commsroom.app.estate import Estate
    from commsroom.app.planning import Planned

FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A plan's identity: its hash, the scope and date it was made for, and the estate it belongs to."""

    hash: str
    scope: Scope
    estate_id: str
    made: str


def save(
    estate: Estate, planned: Planned, scope: Scope, file: Path, document: dict[str, Any]
) -> None:
    """Write the plan to `file` (mode 0600) as JSON: identity, and `document` for people to review.

    The as-of date is pinned, so that applying tomorrow means what was reviewed today.
    """
    content = {
        "format": FORMAT,
        "estate": estate.ledger.estate_id,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "as_of": planned.compiled.as_of.isoformat(),
        "people": list(scope.people),
        "only": list(scope.only),
        "plan": document,
        "hash": planned.plan.hash,
    }
    if file.exists() and not file.is_file():  # root could replace a device such as /dev/null
        raise CommsroomError(
            f"{file}: is not a file", remedy="--out takes the name of a file to write"
        )
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        beside.touch(mode=0o600)
        beside.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", "utf-8")
        beside.rename(file)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise CommsroomError(f"{file}: cannot be written: {error.strerror}") from error


def load(estate: Estate, file: Path) -> SavedPlan:
    """Read a saved plan; raises CommsroomError when it is not one, or belongs to another estate."""
    try:
        content = json.loads(file.read_text("utf-8"))
        scope = Scope(
            _texts(content["people"]),
            _texts(content["only"]),
            date.fromisoformat(content["as_of"]),
        )
        found = SavedPlan(content["hash"], scope, content["estate"], content["made"])
        version = content["format"]
    except OSError as error:
        raise CommsroomError(f"{file}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CommsroomError(
            f"{file}: is not a saved plan", remedy="make one with commsroom plan --out"
        ) from error
    if version != FORMAT:
        raise CommsroomError(
            f"{file}: was saved by another version of commsroom", remedy="plan again"
        )
    if found.estate_id != estate.ledger.estate_id:
        raise CommsroomError(f"{file}: was made for another estate")
    return found


def _texts(found: Any) -> tuple[str, ...]:
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        raise TypeError
    return tuple(found)
