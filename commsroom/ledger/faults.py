"""Databases' errors in our words: what is wrong, where, and what to do; never SQL, never a value."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from commsroom.errors import CommsroomError

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Words in a driver's message or its SQLSTATE → what we say, and the remedy. The first match counts.
#: SQLite: https://sqlite.org/rescode.html; PostgreSQL: appendix A of its manual.
_KNOWN: Final = (
    (
        ("disk is full", "53100"),
        "has no room left: the disk is full; nothing was recorded",
        "free some space",
    ),
    (
        ("not a database", "malformed", "xx001", "xx002"),
        "is damaged",
        "restore it from a backup; keep the damaged file for inspection",
    ),
    (
        ("database is locked", "database table is locked", "55p03", "57014"),
        "stayed busy with another command's write",
        "try again",
    ),
    (
        ("readonly database", "read-only", "25006", "permission denied", "42501"),
        "may only be read with these rights",
        "use an account that may write",
    ),
    (("unable to open",), "cannot be opened", "check that the folder exists and may be written"),
    (("disk i/o error",), "cannot be read or written: the disk reports errors", "check the disk"),
    (
        ("refused",),
        "cannot be reached: the server refuses connections",
        "is it running, and is the port right?",
    ),
    (
        ("timeout", "timed out"),
        "cannot be reached: no answer in time",
        "is the server up and the way to it open?",
    ),
    (
        ("authentication failed", "no password supplied", "28p01", "28000"),
        "does not let us in: user or password is wrong",
        "check the ledger's URL",
    ),
    (
        ("does not exist", "3d000"),
        "does not exist there",
        "check the ledger's URL, or create the database",
    ),
    (
        ("closed the connection", "terminating connection", "57p01", "57p03"),
        "lost its server on the way",
        "run the command again",
    ),
    (
        ("resolve", "name or service"),
        "cannot be reached: its host name is not known",
        "check the ledger's URL",
    ),
)


#: Bytes an SQLite file needs to begin to write: its log, and the shared memory beside it (32 KiB).
_ROOM: Final = 64 * 2**10


@contextmanager
def translated(place: str) -> Iterator[None]:
    """Turn any database error of the block into a CommsroomError about the ledger at `place`."""
    try:
        yield
    except DBAPIError as error:
        raise _told(place, error.orig or error) from error
    except SQLAlchemyError as error:
        raise CommsroomError(
            f"the ledger {place} cannot be used: {type(error).__name__}"
        ) from error


def _full(place: str) -> bool:
    """Tell whether the disk of an SQLite file has no page left: SQLite calls a log it cannot begin an I/O error."""
    try:
        disk = os.statvfs(Path(place).parent)
    except OSError:
        return False
    return disk.f_bavail * disk.f_frsize < _ROOM


def _told(place: str, cause: BaseException) -> CommsroomError:
    text = f"{cause} {getattr(cause, 'sqlstate', '')}".lower()
    if "disk i/o error" in text and _full(place):
        text = "disk is full"
    for words, saying, remedy in _KNOWN:
        if any(word in text for word in words):
            return CommsroomError(f"the ledger {place} {saying}", remedy=remedy)
    return CommsroomError(
        f"the ledger {place} cannot be used: {type(cause).__name__}", remedy="run with --debug"
    )
