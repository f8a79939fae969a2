"""Runs on the exchange: calls that never end, trunks that are not registered, transports that failed.

Sent over SSH as source; standard library of Python 3.9 only. Who calls whom is not sent back.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from commsroom.backends.asterisk.on_target_ami import Manager

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Json = dict[str, Any]

#: `core show channels concise`: fields of a channel are between exclamation marks; the twelfth is its age.
_AGE: Final = 11
_FIELDS: Final = 14
#: PINs that anybody would try first; the box's own number is tried too.
_PINS: Final = frozenset(
    {"", "0000", "1111", "1234", "12345", "123456", "000000", "111111", "4321"}
)
_BOX: Final = re.compile(r"^\s*([0-9]+)\s*=>?\s*([^,;\s]*)", re.MULTILINE)


def inspect(data: Mapping[str, Any]) -> Json:
    """Return the facts of `channels`, `trunks`, `transports`, `registered` and `pins`.

    Raises:
        TargetError: Asterisk does not answer.
    """
    with Manager(data["manager_port"], data["manager_secret"], data["timeout"]) as manager:
        return {
            "channels": channels(manager.command("core show channels concise")),
            "trunks": trunks(manager.command("pjsip show registrations")),
            "transports": {
                "defined": _objects(manager.command("pjsip show transports"), "Transport")
            },
            "registered": {
                "contacts": len(_objects(manager.command("pjsip show contacts"), "Contact"))
            },
            "pins": _pins(Path(data["folder"], "voicemail.conf")),
        }


def channels(text: str) -> Json:
    """Read how many channels there are and how old the oldest is, in seconds."""
    rows = [line.split("!") for line in text.splitlines() if "!" in line]
    ages = [int(row[_AGE]) for row in rows if len(row) >= _FIELDS and row[_AGE].isdigit()]
    if len(ages) != len(rows):
        return {"unknown": "Asterisk's list of channels made no sense"}
    return {"count": len(ages), "oldest": max(ages, default=0)}


def trunks(text: str) -> Json:
    """Read which registrations at other exchanges are not in force."""
    states = {}
    for line in text.splitlines():
        words = line.split()
        # `name/sip:provider.example  auth  Registered  (exp. 25s)`
        if words and "/sip" in words[0]:
            states[words[0].partition("/")[0]] = "Registered" in words[1:]
    return {
        "count": len(states),
        "down": sorted(name for name, registered in states.items() if not registered),
    }


def _objects(text: str, sort: str) -> list[str]:
    rows = re.findall(rf"^\s*{sort}:\s+(\S+)", text, re.MULTILINE)
    return [name for name in rows if not name.startswith("<")]


def _pins(path: Path) -> Json:
    """Return the boxes whose PIN anybody would guess; never a PIN."""
    try:
        text = path.read_text("utf-8", "replace")
    except OSError as error:
        return {"unknown": f"{path}: {error.strerror}"}
    boxes = _BOX.findall(text)
    return {"boxes": len(boxes), "weak": weak(boxes)}


def weak(boxes: Iterable[tuple[str, str]]) -> list[str]:
    """Return the numbers of boxes with a default PIN, or with their own number for one."""
    return sorted(number for number, pin in boxes if pin in _PINS or pin == number)
