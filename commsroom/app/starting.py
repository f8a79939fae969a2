"""init: a new estate to start from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commsroom.errors import CommsroomError

if TYPE_CHECKING:
    from pathlib import Path


def init(folder: Path) -> list[Path]:
    """Write a small, valid estate into `folder` (made if missing) and make its key.

    Returns the files written, the key last unless the environment gives one.

    Raises:
        CommsroomError: the folder holds an estate already, or cannot be written.
    """
    from commsroom import policy
    from commsroom.secrets import key

    if (folder / "policies").exists():
        raise CommsroomError(f"{folder}: there is an estate here already")
    written = policy.write_starter(folder)
    _, made = key.find_or_create(folder)
    return [*written, made] if made else written
