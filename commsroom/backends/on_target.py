"""What a remote program may use on the target: the lock, the fence, safe replacement of files.

This file and a back end's own `on_target.py` are sent over SSH and run by the target's python3,
so they use nothing but the standard library of Python 3.9 and hold no state of ours.
"""

from __future__ import annotations

import contextlib
import fcntl
import grp
import os
import pwd
import re
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LOCKS: Final = Path("/run/lock")
STATE: Final = Path("/var/lib/commsroom")
_POLL_SECONDS: Final = 0.05
#: More than any server here has to say at a time; what says more talks without end.
MOST_BYTES: Final = 128 * 1024 * 1024


class TargetError(Exception):
    """A failure the controller may show: `message` must be free of secrets.

    `kind` is `failed`, `moved` (reality changed since it was read), `fenced` (a newer apply was
    here), `busy` (the lock is held) or `missing` (a server or file that should be there is not).
    """

    def __init__(self, kind: str, message: str) -> None:
        """Keep kind and message; both travel back as JSON."""
        super().__init__(message)
        self.kind = kind
        self.message = message


@contextlib.contextmanager
def locked(name: str, *, fence: int, estate_id: str, timeout: float = 30.0) -> Iterator[None]:
    """Hold the target's lock `name` and refuse a fence lower than the highest seen here.

    Args:
        name: One lock per back end and server, e.g. `prosody`.
        fence: Number of the running apply; remembered per estate in /var/lib/commsroom.
        estate_id: Identifier of the estate, letters, digits and dashes.
        timeout: Seconds to wait for another holder.

    Raises:
        TargetError: `busy` after the timeout, `fenced` for a stale apply.
    """
    if not re.fullmatch(r"[A-Za-z0-9-]{1,64}", estate_id):
        raise TargetError("failed", "the estate's identifier is malformed")
    handle = os.open(LOCKS / f"commsroom-{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _wait_for(handle, time.monotonic() + timeout)
        _check_fence(STATE / f"{name}-{estate_id}.fence", fence)
        yield
    finally:
        os.close(handle)


def _wait_for(handle: int, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise TargetError("busy", "another run holds the lock on this server") from None
            time.sleep(_POLL_SECONDS)
        else:
            return


def _check_fence(path: Path, fence: int) -> None:
    seen = int(path.read_text("ascii")) if path.exists() else 0
    if fence < seen:
        raise TargetError("fenced", f"apply number {seen} was here already, ours is {fence}")
    if fence > seen:
        STATE.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace(path, str(fence), mode=0o600)


def replace(
    path: Path, text: str, *, mode: int = 0o640, owner: str | None = None, group: str | None = None
) -> bool:
    """Replace a file as a whole or not at all: write beside, fsync, rename, fsync the folder.

    Returns whether the content changed; an identical file is left alone (mode and owner
    are set all the same). Raises OSError, e.g. on a full disk, with the old file untouched.
    """
    data = text.encode()
    unchanged = path.is_file() and path.read_bytes() == data
    uid = pwd.getpwnam(owner).pw_uid if owner else -1
    gid = grp.getgrnam(group).gr_gid if group else -1
    if unchanged:
        path.chmod(mode)
        os.chown(path, uid, gid)
        return False
    beside = path.with_name(f".{path.name}.commsroom")
    try:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        beside.chmod(mode)
        os.chown(beside, uid, gid)
        beside.rename(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return True


def run(argv: Sequence[str], *, text: str | None = None, timeout: float = 60.0) -> str:
    """Run a server's own tool, without a shell, and return its standard output.

    Secrets go in `text` (standard input), never in `argv`.

    Raises:
        TargetError: `missing` when there is no such tool, `failed` when it fails or takes too long;
            the message carries the last line of its standard error.
    """
    try:
        done = subprocess.run(  # noqa: S603 - argv is a list, no shell
            argv, input=text, capture_output=True, text=True, timeout=timeout, check=False
        )
    except FileNotFoundError:
        raise TargetError("missing", f"{argv[0]} is not installed") from None
    except subprocess.TimeoutExpired:
        raise TargetError("failed", f"{argv[0]} gave no answer within {timeout:g} s") from None
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise TargetError("failed", f"{argv[0]}: {lines[-1][:256]}")
    return done.stdout
