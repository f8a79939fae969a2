"""What telephones fetched, from nginx's own log (one JSON object a line; role `provisioning`).

Sent over SSH as source; standard library of Python 3.9 only.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Json = dict[str, Any]

#: Our own look at what is served says so, and is no telephone's.
OURS: Final = "commsroom"
#: Of a log, no more than its end is read.
_MOST: Final = 32 * 1024 * 1024
_GIVEN: Final = (200, 304)
_POLL: Final = 0.2


def last(log: Path) -> dict[str, Json]:
    """Return by `ID/NAME` the last time a file was given out: `digest`, `at`, `from`, `agent`.

    The log before the last rotation is read too; what is older has been forgotten.
    """
    found: dict[str, Json] = {}
    for path in (log.with_name(f"{log.name}.1"), log):
        for line in _lines(path):
            if line["status"] in _GIVEN and line["agent"] != OURS and line["digest"]:
                found[f"{line['id']}/{line['name']}"] = {
                    "digest": line["digest"], "at": line["at"], "from": line["from"],
                    "agent": line["agent"],
                }  # fmt: skip
    return found


def wait(log: Path, wanted: Mapping[str, tuple[str, str]], seconds: float) -> dict[str, float]:
    """Return, by key, after how many seconds a file (`ID/NAME`, digest) was fetched, of those that were."""
    began = time.monotonic()
    came: dict[str, float] = {}
    while len(came) < len(wanted) and time.monotonic() - began < seconds:
        seen = last(log)
        for key, (file, digest) in wanted.items():
            if key not in came and seen.get(file, {}).get("digest") == digest:
                came[key] = time.monotonic() - began
        time.sleep(_POLL)
    return came


def _lines(path: Path) -> Iterator[Json]:
    try:
        with path.open("rb") as stream:
            stream.seek(max(0, path.stat().st_size - _MOST))
            raw = stream.read()
    except OSError:
        return
    for text in raw.decode("utf-8", "replace").splitlines():
        try:
            line = json.loads(text)
            profile = Path(str(line["profile"]))  # …/devices/ID/DIGEST
            yield {
                "id": profile.parent.name,
                "name": str(line["name"]),
                "status": int(line["status"]),
                "digest": profile.name,
                "at": str(line["at"]),
                "from": str(line["from"]),
                "agent": str(line["agent"]),
            }
        except (ValueError, KeyError, TypeError):
            continue  # the first line may be cut
