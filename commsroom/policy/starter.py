"""Write the policy of a new estate: small, valid, and meant to be edited."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from commsroom.errors import CommsroomError


def write_starter(folder: Path) -> list[Path]:
    """Write the starter's files below `folder`, never over one that is there.

    Returns the files written.

    Raises:
        CommsroomError: a file is there already, or cannot be written.
    """
    source = resources.files("commsroom.policy") / "starter"
    written = []
    try:
        for part in ("policies", "inventory"):
            (folder / part).mkdir(parents=True, exist_ok=True)
            for item in sorted((source / part).iterdir(), key=lambda entry: entry.name):
                file = folder / part / item.name
                with file.open("x", encoding="utf-8") as stream:
                    stream.write(item.read_text("utf-8"))
                written.append(file)
    except FileExistsError as error:
        raise CommsroomError(
            f"{error.filename}: is there already", remedy="choose an empty folder"
        ) from error
    except OSError as error:
        raise CommsroomError(f"{error.filename}: cannot be written: {error.strerror}") from error
    return written
