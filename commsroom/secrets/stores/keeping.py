"""Files that are there whole or not at all, whoever is killed when, and one writer at a time.

A file is written beside, synced, renamed over the old one (atomic, rename(2)), and its folder synced
(fsync(2): the file's own sync says nothing of its name).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import time
from typing import TYPE_CHECKING, Final

from commsroom import files
from commsroom.errors import CommsroomError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BUSY_SECONDS: Final = 20
_PAUSE: Final = 0.02


@contextlib.contextmanager
def alone(folder: Path, *, seconds: float = BUSY_SECONDS) -> Iterator[None]:
    """Be the only one who writes in a folder: no other process, and no other thread, is in here.

    The folder itself is locked (flock(2)): no file is left over, and a killed holder holds nothing.

    Raises:
        CommsroomError: another one stayed in for so many seconds.
        OSError: there is no such folder.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        until = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() >= until:
                    raise CommsroomError(
                        f"{folder} stayed busy with another command's write", remedy="try again"
                    ) from error
                time.sleep(_PAUSE)
        yield
    finally:
        os.close(handle)


def replace(file: Path, content: bytes, *, sync_name: bool = True) -> None:
    """Give a file this content, durably; whoever reads meanwhile sees the old or the new, whole.

    Only for one writer at a time (`alone`): what a killed one left beside is overwritten.

    Args:
        file: The file; its folder is there. One that is new is for its owner alone.
        content: All of it.
        sync_name: Whether its name is made durable too, or the caller syncs the folder (`files.keep_names`) once
            for many.

    Raises:
        OSError: it cannot be written; the old file is as it was.
    """
    beside = file.with_name(f".{file.name[:200]}.new")
    mode = (file.stat().st_mode & 0o777) if file.exists() else 0o600
    with contextlib.suppress(FileNotFoundError):
        beside.unlink()
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(handle, "wb") as written:
        written.write(content)
        written.flush()
        os.fsync(written.fileno())
    beside.replace(file)
    if sync_name:
        files.keep_names(file.parent)


def remove(file: Path) -> None:
    """Remove a file durably.

    Raises:
        OSError: it cannot be removed.
    """
    file.unlink()
    files.keep_names(file.parent)


def translated(error: OSError, place: Path) -> CommsroomError:
    """Say what is wrong with a store's file or folder; no value is ever in this message."""
    if error.errno == errno.ENOSPC:
        return CommsroomError(
            f"{place} cannot be written: the disk is full; nothing was stored",
            remedy="free some space",
        )
    return CommsroomError(f"{error.filename or place} cannot be used: {error.strerror}")
