"""Files as somebody left them: only regular ones are read, never more than they may hold.

A name may lead to a pipe nobody writes into, to `/dev/zero`, or to a folder. Waiting for the first
or reading the second would never end; so what is opened is looked at first, without blocking
(`O_NONBLOCK`, open(2)), and the read itself has a bound, since a file may grow meanwhile.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import stat
import time
from typing import TYPE_CHECKING, BinaryIO

from commsroom.errors import CommsroomError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


#: How a file system without hard links (FAT, as on a stick) says so.
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS})
#: Seconds between two tries of what another process is about to have done.
_LOCKED_PAUSE = 0.02


class FileUnusable(CommsroomError):
    """A file or folder that cannot be used. `reason` says why, without its name."""

    def __init__(self, path: Path | str, reason: str, *, remedy: str = "") -> None:
        """Put the name before the reason."""
        super().__init__(f"{path}: {reason}", remedy=remedy)
        self.reason = reason


def require_regular(path: Path) -> None:
    """Raise FileUnusable when something else than a regular file has this name.

    None is fine, and so is one that cannot be looked at: whoever opens it will say why.
    """
    with contextlib.suppress(OSError):
        _require_regular(path, path.stat().st_mode)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a regular file for reading; never waits.

    Raises:
        FileNotFoundError: there is none.
        FileUnusable: it is no regular file, or cannot be read.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise FileUnusable(path, f"cannot be read: {error.strerror}") from error
    try:
        _require_regular(path, os.fstat(handle).st_mode)
    except FileUnusable:
        os.close(handle)
        raise
    with os.fdopen(handle, "rb") as file:
        try:
            yield file
        except OSError as error:
            raise FileUnusable(path, f"cannot be read: {error.strerror}") from error


def read(path: Path, *, most: int, what: str = "such a file") -> bytes:
    """Return the content of a regular file of at most `most` bytes.

    Raises:
        FileNotFoundError: there is none.
        FileUnusable: it is no regular file, is larger than `what` may be, or cannot be read.
    """
    with opened(path) as file:
        content = file.read(most + 1) if os.fstat(file.fileno()).st_size <= most else None
    if content is None or len(content) > most:
        raise FileUnusable(path, f"larger than {what} may be ({most >> 20} MiB)")
    return content


def make_folder(path: Path, *, mode: int = 0o777, called: str = "") -> None:
    """Make a folder and those above it, unless it is there.

    Args:
        path: The folder.
        mode: Its permissions, when it has to be made.
        called: What the message calls it; default is the path.

    Raises:
        FileUnusable: something else has that name, or it cannot be made.
    """
    try:
        path.mkdir(mode=mode, parents=True, exist_ok=True)
    except OSError as error:
        not_folder = path.exists() and not path.is_dir()
        reason = "is not a folder" if not_folder else f"cannot be made: {error.strerror}"
        remedy = "name another, or move it away" if not_folder else "name another"
        raise FileUnusable(called or path, reason, remedy=remedy) from error


def keep_private(path: Path) -> None:
    """See that a file and its folder are there, for their owner alone, and stay there.

    Raises:
        OSError: it cannot be made.
    """
    keep_private_folder(path.parent)
    there = path.exists()
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    if not there:
        _keep_name(path)


def keep_private_folder(path: Path) -> None:
    """The same of a folder and those above it.

    Raises:
        OSError: it cannot be made.
    """
    missing = [one for one in (path, *path.parents) if not one.exists()]
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    for one in reversed(missing):
        _keep_name(one)


def replace_private(path: Path, content: str | bytes) -> None:
    """Write a file for its owner alone, whole and durable, or not at all.

    Raises:
        OSError: it cannot be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        beside.rename(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    _keep_name(path)


def append_line(path: Path, line: str) -> None:
    """Add a line to a text file, made for its owner alone where there is none; durable when this returns.

    After half a line, as a power cut leaves one, the new one begins anew.

    Raises:
        FileUnusable: it is no regular file, or cannot be written.
    """
    there = path.exists()
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(path, flags, 0o600), "r+b", buffering=0) as file:
            found = os.fstat(file.fileno())
            _require_regular(path, found.st_mode)
            whole = not found.st_size or os.pread(file.fileno(), 1, found.st_size - 1) == b"\n"
            file.write((("" if whole else "\n") + line + "\n").encode())
            os.fsync(file.fileno())
    except OSError as error:
        raise FileUnusable(path, f"cannot be written: {error.strerror}") from error
    if not there:
        _keep_name(path)


def write_new(path: Path, content: bytes) -> Path:
    """Write a whole file or nothing, for its owner alone, and return it; none that is there is ever replaced.

    Where the name is taken it gets a number behind it: `ann.age`, `ann-2.age`. What this returns is durable.

    Raises:
        FileUnusable: it cannot be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            made = _under_new_name(beside, path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise FileUnusable(
            path, f"cannot be written: {error.strerror}", remedy="name another folder"
        ) from error
    _keep_name(made)
    return made


def _under_new_name(file: Path, wanted: Path) -> Path:
    """Give a file another name in its folder, the first that is free: link(2) replaces nothing."""
    for number in itertools.count(1):
        made = wanted.with_stem(f"{wanted.stem}-{number}") if number > 1 else wanted
        with contextlib.suppress(FileExistsError):
            try:
                os.link(file, made, follow_symlinks=False)
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
                os.close(os.open(made, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
                file.replace(made)
            return made
    raise AssertionError(wanted)  # numbers do not end


def _keep_name(path: Path) -> None:
    """Make a name durable: fsync(2) of a file says nothing about the entry in its folder.

    A power cut could else take away a whole store whose every byte was safe. A file system that does
    not sync folders is left to itself, as SQLite does.
    """
    keep_names(path.absolute().parent)


def keep_names(path: Path) -> None:
    """Make the names in a folder durable, where its file system can."""
    with contextlib.suppress(OSError):
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def log_ahead(execute: Callable[[str], object], seconds: float) -> None:
    """Have an SQLite file write ahead to a log, with `execute` of its connection, within so many seconds.

    Two that open a new file at once may both want the switch, and SQLite then tells one of them at once
    that it is locked: its own time limit does not count there (sqlite.org/wal.html, "Sometimes Queries Return
    SQLITE_BUSY In WAL Mode").
    """
    until = time.monotonic() + seconds
    while True:
        try:
            execute("PRAGMA journal_mode = WAL")
        except Exception as error:
            if "locked" not in str(error) or time.monotonic() >= until:
                raise
            time.sleep(_LOCKED_PAUSE)
        else:
            return


def require_folder(path: Path) -> None:
    """Raise FileUnusable when something else than a folder has this name; none is fine."""
    if (path.exists() or path.is_symlink()) and not path.is_dir():
        raise FileUnusable(path, "is not a folder", remedy="move it away")


def _require_regular(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise FileUnusable(path, f"is not a regular file{' but a folder' * stat.S_ISDIR(mode)}")
