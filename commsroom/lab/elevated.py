"""The lab for users who are not root: the same command once more, through sudo.

What it makes in the estate is handed back to the estate's owner; the lab's own folder stays where
the user's is.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

from commsroom.lab import home
from commsroom.lab.errors import LabFailed, LabUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_STEP: Final = re.compile(r"lab +[\d.]+ s  (?P<step>[^:]+): (?P<detail>.*)")


def needed() -> bool:
    """Tell whether we are somebody else than root."""
    return os.geteuid() != 0


def call(estate: Path, *arguments: str, progress: Callable[[str, str], None]) -> dict[str, Any]:
    """Run `python -m commsroom.lab` with these arguments as root and return what it printed.

    Raises:
        LabUnavailable: there is no sudo, or it asks for a password.
        LabFailed: the command failed; carries its last line.
    """
    sudo = shutil.which("sudo")
    if not sudo or not _asks_nothing(sudo):
        raise LabUnavailable(
            "the lab needs root to make containers and their network, and you are not root",
            remedy="run it as root, or let sudo work without a password (sudo -v does for a while)",
        )
    keep = [f"COMMSROOM_LAB_HOME={home.find().path}", f"PATH={os.environ.get('PATH', '')}"]
    line = [
        sudo,
        "-n",
        "env",
        *keep,
        sys.executable,
        "-m",
        "commsroom.lab",
        "--estate",
        str(estate),
    ]
    said = ""
    with subprocess.Popen(  # noqa: S603 - a list, no shell
        [*line, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        for said in process.stderr or ():
            found = _STEP.match(said)
            if found:
                progress(found["step"], found["detail"])
        printed = process.stdout.read() if process.stdout else ""
    if process.returncode:
        raise LabFailed(said.strip() or f"sudo ended with {process.returncode}")
    document: dict[str, Any] = json.loads(printed or "{}")
    return document


def _asks_nothing(sudo: str) -> bool:
    probe = subprocess.run([sudo, "-n", "true"], capture_output=True, check=False)  # noqa: S603
    return probe.returncode == 0
