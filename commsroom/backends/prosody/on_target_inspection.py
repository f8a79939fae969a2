"""Runs on the chat server: sessions, and what Prosody itself thinks of its certificates.

Sent over SSH as source; standard library of Python 3.9 only.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from commsroom.backends.on_target import TargetError, run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Json = dict[str, Any]
_SECONDS: Final = 20.0


def inspect(data: Mapping[str, Any]) -> Json:
    """Return the facts of `sessions` and `certificates`; `{"unknown": why}` for what fails."""
    return {
        "sessions": _attempt(lambda: _sessions(federation=data["federation"])),
        "certificates": _attempt(_certificates),
    }


def _attempt(part: Callable[[], Json]) -> Json:
    try:
        return part()
    except TargetError as error:
        return {"unknown": error.message}


def _sessions(*, federation: bool) -> Json:
    """Count sessions of clients and, where it federates, of servers; fails where it does not run."""
    found = {"c2s": counted(run(["prosodyctl", "shell", "c2s", "count"], timeout=_SECONDS))}
    if federation:
        found["s2s"] = counted(run(["prosodyctl", "shell", "s2s", "count"], timeout=_SECONDS))
    return {"counts": found}


def counted(text: str) -> int:
    """Read `OK: Total: 3 clients`; raises TargetError for any other answer."""
    found = re.search(r"\bTotal: ([0-9]+)", text)
    if found is None:
        raise TargetError("failed", "Prosody's shell did not say how many sessions there are")
    return int(found[1])


def _certificates() -> Json:
    """Let Prosody check that its certificates are found, readable by it, and for its own names."""
    try:
        run(["prosodyctl", "check", "certs"], timeout=_SECONDS)
    except TargetError as error:
        if error.kind == "missing":
            raise
        return {"sound": False}
    return {"sound": True}
