"""Write the policy of a new estate: small, valid, and meant to be edited."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

from commsroom.errors import CommsroomError
from commsroom.policy.schema import schemas


def write_starter(folder: Path) -> list[Path]:
    """Write the starter's files below `folder`, never over one that is there.

    Returns the files written.

    Raises:
        CommsroomError: a file is there already, or cannot be written.
    """
    written = []
    try:
        for name, text in _files().items():
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


def _files() -> dict[str, str]:
    source = resources.files("commsroom.policy") / "starter"
    files = {".gitignore": (source / "gitignore").read_text("utf-8")}
    for part in ("policies", "inventory"):
        for item in sorted((source / part).iterdir(), key=lambda entry: entry.name):
            files[f"{part}/{item.name}"] = item.read_text("utf-8")
    for name, schema in schemas().items():
        text = json.dumps(schema, ensure_ascii=False, indent=2)
        files[f"schemas/{name}.schema.json"] = text + "\n"
    return files
