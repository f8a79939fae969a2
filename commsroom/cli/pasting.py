"""Commands that an answer names, so that whoever pastes one reaches the systems that the answer is about."""

from __future__ import annotations

import os
import re
import shlex
import string
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

    from commsroom.errors import CommsroomError

_OPTION: Final = "--simulate"
#: A command that a message or remedy is or ends with: subcommands, then options, places to fill in, names and
#: paths. What goes on in words (`commsroom apply makes it`) is a sentence, and stays one.
_ENDING: Final = re.compile(
    r"(?:^|(?<=: ))commsroom [a-z]+(?: [a-z]+)?(?: (?:--[a-z-]+|[A-Z]\S*|\S*[\d/]\S*|'[^']*'))*$"
)


def as_given(command: str, simulate: Path | None) -> str:
    """Return a command of ours with the option `--simulate` as it was given; any other text as it is."""
    if simulate is None or not command.startswith("commsroom ") or f" {_OPTION} " in command:
        return command
    bare = command.rstrip()  # what is padded to a column stays padded
    return f"{bare} {_OPTION} {_quoted(simulate)}{command[len(bare) :]}"


def _quoted(path: Path) -> str:
    """Return a path as a shell reads it, and as it is shown: in one line, no blank of it lost, nothing hidden.

    What the plain form would not bring through is written byte by byte in the shell's `$'…'`.
    """
    text = str(path)
    if text.isprintable() and text == " ".join(text.split()):
        return shlex.quote(text)
    plain = frozenset(b"/._-+=:@%," + string.ascii_letters.encode() + string.digits.encode())
    return (
        "$'"
        + "".join(chr(byte) if byte in plain else f"\\x{byte:02x}" for byte in os.fsencode(path))
        + "'"
    )


def carry(error: CommsroomError, simulate: Path | None) -> None:
    """Let the commands that an error ends with carry the option, too."""
    error.message = _carried(error.message, simulate)
    error.remedy = _carried(error.remedy, simulate)


def _carried(text: str, simulate: Path | None) -> str:
    return _ENDING.sub(lambda found: as_given(found[0], simulate), text)
