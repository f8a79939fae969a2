"""A saved plan: what was decided, to be applied only while it would still be the same plan.

The whole document is sealed under the estate's key: what a reviewer read is what commsroom wrote.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

from commsroom import files
from commsroom.app.scope import Scope
from commsroom.errors import CommsroomError
from commsroom.secrets import fingerprint

if TYPE_CHECKING:
    from pathlib import Path

    from commsroom.app.estate import Estate
    from commsroom.app.planning import Planned
    from commsroom.estate.approval import Request

#: 2: sealed. A plan of format 1 could be edited unseen, so none is taken any more.
FORMAT: Final = 2
#: Bytes; the plan of a hundred thousand people is smaller.
_LARGEST: Final = 512 * 2**20
_REMEDY: Final = "make one with commsroom plan --out"


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A plan's identity: its hash, the scope and date it was made for, and the estate it belongs to."""

    hash: str
    scope: Scope
    estate_id: str
    made: str
    #: Who asks two others to approve it, by roster id, and by which request; "" where nobody has to.
    requester: str = ""
    request: str = ""


def save(
    estate: Estate,
    planned: Planned,
    scope: Scope,
    file: Path,
    document: dict[str, Any],
    *,
    request: Request | None = None,
) -> None:
    """Write the plan to `file` (mode 0600) as JSON: identity, and `document` for people to review.

    The as-of date is pinned, so that applying tomorrow means what was reviewed today. `request` is what two
    people have to sign before it may be applied.
    """
    content: dict[str, Any] = {
        "format": FORMAT,
        "estate": estate.ledger.estate_id,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "as_of": planned.compiled.as_of.isoformat(),
        "people": list(scope.people),
        "only": list(scope.only),
        "plan": document,
        "hash": planned.plan.hash,
    }
    if request is not None:
        content["approval"] = {
            "request": request.name,
            "requester": request.requester,
            "expires": request.expires.isoformat(),
        }
    content = json.loads(json.dumps(content))  # as `read` will find it
    content["seal"] = fingerprint.sealed(estate.key, _canonical(content))
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


def read(file: Path) -> dict[str, Any]:
    """Read the file of a saved plan, whosever it is; raises CommsroomError when it is none."""
    try:
        content = json.loads(
            files.read(file, most=_LARGEST, what="a saved plan"), object_pairs_hook=_once
        )
    except FileNotFoundError as error:
        raise CommsroomError(f"{file}: there is no such plan", remedy=_REMEDY) from error
    except files.FileUnusable as error:
        raise CommsroomError(str(error), remedy=_REMEDY) from error
    except (ValueError, RecursionError) as error:
        raise CommsroomError(f"{file}: is not a saved plan", remedy=_REMEDY) from error
    if not isinstance(content, dict) or "format" not in content or "plan" not in content:
        raise CommsroomError(f"{file}: is not a saved plan", remedy=_REMEDY)
    if content["format"] != FORMAT:
        raise CommsroomError(
            f"{file}: was saved by another version of commsroom", remedy="plan again"
        )
    return content


def accepted(estate: Estate, file: Path, content: dict[str, Any]) -> SavedPlan:
    """Return the plan that `read` found in `file`, as one of this estate.

    Raises:
        CommsroomError: it belongs to another estate, or is not what commsroom wrote.
    """
    if content.get("estate") != estate.ledger.estate_id:
        raise CommsroomError(f"{file}: was made for another estate")
    written = {name: value for name, value in content.items() if name != "seal"}
    if not fingerprint.unbroken(estate.key, _canonical(written), str(content.get("seal"))):
        raise CommsroomError(
            f"{file}: was edited after it was saved, and what it says is not what would be done",
            remedy="plan again; to change it, change policy. One saved before key rotate is refused too",
        )
    scope = Scope(
        tuple(content["people"]), tuple(content["only"]), date.fromisoformat(content["as_of"])
    )
    approval = content.get("approval", {"requester": "", "request": ""})
    return SavedPlan(
        content["hash"],
        scope,
        content["estate"],
        content["made"],
        approval["requester"],
        approval["request"],
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a key that is there twice: a reader may see the first, we would use the last."""
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError
    return content


def _canonical(content: dict[str, Any]) -> bytes:
    """Return the same bytes for the same content, however it is spaced or ordered in the file."""
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
