"""init: a new estate to start from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from commsroom.errors import CommsroomError

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Started:
    """A new estate: the files in it, and where its key was put (None: the environment gives one)."""

    files: list[Path]
    key: Path | None


def init(folder: Path, *, lab: bool = False) -> Started:
    """Write a small, valid estate into `folder` (made if missing) and make its key.

    With `lab` its servers are those of this machine's lab.

    Raises:
        CommsroomError: the folder holds an estate already, or cannot be written.
    """
    from commsroom import policy
    from commsroom.secrets import key

    if (folder / "policies").exists():
        raise CommsroomError(f"{folder}: there is an estate here already")
    written = policy.write_starter(folder, lab=lab)
    _, made = key.find_or_create(folder)
    return Started(written, made)
