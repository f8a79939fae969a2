"""Asterisk's files and its console: what every way to change something there has in common."""

from __future__ import annotations

from random import Random
from typing import Any, Final

from seeding import ways
from seeding.disturbance import Named
from seeding.shell import added, edited

_FOLDER: Final = "/etc/asterisk/commsroom"
PJSIP, PLAN = f"{_FOLDER}/pjsip.conf", f"{_FOLDER}/extensions.conf"
BOXES, ROOMS = f"{_FOLDER}/voicemail.conf", f"{_FOLDER}/confbridge.conf"


def _console(command: str) -> tuple[str, ...]:
    return (f"asterisk -rx '{command}'",)


PHONES = _console("module reload res_pjsip.so")
DIALPLAN = _console("dialplan reload")
VOICEMAIL = _console("module reload app_voicemail.so")
CONFERENCES = _console("module reload app_confbridge.so")


def section(file: str, head: str, program: str, **values: str) -> str:
    """Edit the lines of the section that begins with `head`; `program` is awk's, for each of them."""
    return edited(
        file, 'index($0, "[") == 1 {inside = (index($0, ENVIRON["head"]) == 1)}'
        " inside {" + program + "} {print}", head=head, **values,
    )  # fmt: skip


def stranger(address: str, file: str, text: str, after: tuple[str, ...]) -> ways.Way:
    """Write something of nobody's into a file for local additions, once."""
    first = text.split("\n", 1)[0]

    def make(item: Any, others: Any, random: Random) -> str:
        return added(file, text)

    def undo(item: Any) -> str:
        # All of these begin with a section: from it to the end of the file is ours to take back.
        cut = f"index($0, {first!r}) == 1 {{exit}} {{print}}".replace("'", '"')
        return f"if grep -qF {first!r} {file}; then {edited(file, cut)}; fi; {after[0]}"

    return ways.Way(
        name="somebody's own", make=make, after=after, undo=undo,
        names=lambda item: (Named(address=f"pbx1:{address}", kind="foreign"),),
        locks=lambda item: (file, f"pbx1:{address}"),
    )  # fmt: skip


def way(name: str, make: Any, after: tuple[str, ...], **more: Any) -> ways.Way:
    return ways.Way(name=name, make=make, after=after, **more)


def local(name: str) -> str:
    return f"/etc/asterisk/{name}_local.conf"
