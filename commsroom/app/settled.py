"""The note of where secrets are: `.commsroom/store.json`, replaced when they have moved, never before.

Policy says where they should be; this says where they are. Without it a changed line of policy would open an
empty store, and everything would look as if it had been lost. An estate on the sealed file needs none.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from commsroom import files
from commsroom.errors import CommsroomError

if TYPE_CHECKING:
    from pathlib import Path

    from commsroom.policy.stores import StorePlace

NAME: Final = "store.json"
_FORMAT: Final = 1
_LARGEST: Final = 2**16


def at(state: Path) -> StorePlace | None:
    """Return what is noted in an estate's state, None where nothing is.

    Raises:
        CommsroomError: the note cannot be read.
    """
    file = state / NAME
    try:
        raw = files.read(file, most=_LARGEST, what="a note of a store")
    except FileNotFoundError:
        return None
    from commsroom.policy.stores import StorePlace

    try:
        said = json.loads(raw)
        if said.get("format") != _FORMAT:
            raise CommsroomError(
                f"{file} was written by another version of commsroom", remedy="use that version"
            )
        return StorePlace.model_validate_json(json.dumps(said["store"]))
    except (AttributeError, KeyError, ValueError) as error:
        raise CommsroomError(
            f"{file} is damaged", remedy="restore it from a backup of .commsroom/"
        ) from error


def note(state: Path, place: StorePlace) -> None:
    """Note where secrets are from now on, durably; nothing is written where nothing is new.

    Raises:
        CommsroomError: it cannot be written.
    """
    from commsroom.secrets.stores import keeping

    was = at(state)
    if was == _bare(place) or (was is None and place.is_sealed):
        return
    content: dict[str, Any] = {
        "format": _FORMAT,
        "store": _bare(place).model_dump(mode="json", exclude_none=True),
    }
    try:
        files.keep_private_folder(state)
        keeping.replace(state / NAME, json.dumps(content, indent=1).encode() + b"\n")
    except OSError as error:
        raise keeping.translated(error, state / NAME) from error


def _bare(place: StorePlace) -> StorePlace:
    return place.model_copy(update={"clause": None})
