"""The estate's repository, by git(1): annotated tags, made and read."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Final

from commsroom import children
from commsroom.errors import CommsroomError

if TYPE_CHECKING:
    from pathlib import Path

_SECONDS: Final = 30
_TEXT_LIMIT: Final = 256
_PREFIX: Final = "refs/tags/"


def tag(folder: Path, name: str, message: str) -> None:
    """Make an annotated tag of what is checked out; one that is there is never moved.

    Raises:
        CommsroomError: this is no repository, nothing is committed, or git knows nobody to name as its maker.
    """
    # Neither a signature nor an editor may be asked for: nobody sits there at night.
    words = ["-c", "tag.gpgSign=false", "tag", "--annotate", "--cleanup=verbatim", "--file=-", name]
    done = _git(folder, words, message)
    if done.returncode:
        raise CommsroomError(
            f"{folder}: git made no tag {name}: {_why(done)}",
            remedy="the estate must be a Git repository with a commit; git config user.name, user.email",
        )


def messages(folder: Path, pattern: str) -> dict[str, str]:
    """Return the messages of all annotated tags of a name or glob, by name; empty where there is none."""
    listed = _git(
        folder, ["for-each-ref", "--format=%(objecttype) %(refname)", f"{_PREFIX}{pattern}"]
    )
    if listed.returncode:
        return {}
    found = {}
    for line in listed.stdout.splitlines():
        kind, _, name = line.partition(" ")
        if kind == "tag":
            said = _git(folder, ["for-each-ref", "--format=%(contents)", name])
            found[name.removeprefix(_PREFIX)] = said.stdout.strip()
    return found


def _git(folder: Path, words: list[str], text: str = "") -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(  # noqa: S603 - a list, no shell
            ["git", "-C", str(folder), *words],  # noqa: S607 - wherever the operator has it
            input=text,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_SECONDS,
            check=False,
            env=children.environ(),
        )
    except FileNotFoundError as error:
        raise CommsroomError("git is not installed", remedy="apt install git") from error
    except subprocess.TimeoutExpired as error:
        raise CommsroomError(f"git did not end within {_SECONDS} s") from error


def _why(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    told = next((line for line in lines if line.startswith(("fatal:", "error:"))), "")
    return (told or next(iter(lines), f"it ended with {done.returncode}"))[:_TEXT_LIMIT]
