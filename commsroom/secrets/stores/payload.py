"""A secret and its place in one text, so that a box moved to another place is found out.

The value comes first, as in `pass`; the last line is the place, as JSON:

    h7Kq-mPMv-JqWp-9x4e
    ["commsroom 1", "wei.wang/xmpp", 1]
"""

from __future__ import annotations

import json
from typing import Final

from commsroom.estate.secret import Secret

_FORMAT: Final = "commsroom 1"


def packed(path: str, generation: int, secret: Secret) -> bytes:
    """Return what is to be encrypted."""
    place = json.dumps([_FORMAT, path, generation], ensure_ascii=False)
    return f"{secret.reveal()}\n{place}\n".encode()


def unpacked(raw: bytes) -> tuple[str, int, Secret]:
    """Return path, generation and secret of what was decrypted; raises ValueError when it is none of ours."""
    text = raw.decode("utf-8")
    value, separator, place = text.removesuffix("\n").rpartition("\n")
    form, path, generation = json.loads(place)
    if not separator or form != _FORMAT or not isinstance(path, str):
        raise ValueError
    return path, int(generation), Secret(value)
