"""Names for paths: legible where the path is plain, safe in any file system and in any URL.

`wei.wang/sip` stays what it is. Every byte that a shell, a URL, Windows or macOS reads in its own way
becomes `=` and two digits, capitals among them, so that two paths never share a file where names are
compared without case. What is too long for a file system ends with its hash instead.
"""

from __future__ import annotations

import hashlib
import string
from typing import Final

_PLAIN: Final = frozenset((string.ascii_lowercase + string.digits + "-_.@").encode())
#: Bytes of one part: a file's name may have 255 (POSIX NAME_MAX), and a generation follows.
_LONGEST: Final = 200
_KEPT: Final = 120
#: What files of an age store end with; no folder may, or one could stand in the other's place.
_ENDING: Final = ".age"


def parts(path: str) -> list[str]:
    """Return the names of a path's parts, from the outermost; different paths have different ones."""
    return [_part(part) for part in path.split("/")]


def _part(text: str) -> str:
    if not text:
        return "="
    raw = text.encode("utf-8")
    name = "".join(chr(one) if one in _PLAIN else f"={one:02x}" for one in raw)
    if name.startswith("."):  # hidden, or the folder above
        name = f"=2e{name[1:]}"
    if name.endswith(_ENDING):
        name = f"{name.removesuffix(_ENDING)}=2e{_ENDING[1:]}"
    if len(name) > _LONGEST:
        name = f"{name[:_KEPT]}=~{hashlib.sha256(raw).hexdigest()}"
    return name
