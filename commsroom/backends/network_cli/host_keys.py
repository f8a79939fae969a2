"""The lines of a known_hosts file that may be about one switch, found without reading all of it each time.

paramiko compares each line it loads with every other, and 500 switches share a file of 500 lines: both
would cost a fleet the square of its size.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple


class _Known(NamedTuple):
    """A file's lines: by the names they are about, and those that only a closer look can tell."""

    by_name: dict[str, list[tuple[int, str]]]
    others: list[tuple[int, str]]


def lines_about(file: str, host: str, port: int) -> list[str]:
    """Return the lines of `file` (`~/.ssh/known_hosts` when "") that may be about a host, in their order.

    A file that cannot be read knows no key, and that is what will be said.
    """
    path = Path(file or "~/.ssh/known_hosts").expanduser()
    try:
        now = path.stat()
        known = _read(path, now.st_mtime_ns, now.st_size, now.st_ino)
    except (OSError, ValueError):
        return []
    found = {*known.others}
    for name in (host, f"[{host}]:{port}"):
        found.update(known.by_name.get(name, ()))
    return [line for _, line in sorted(found)]


@lru_cache(maxsize=8)
def _read(path: Path, *_state: int) -> _Known:
    """Index a file; asked again only when it is another one (time, size, inode)."""
    found = _Known({}, [])
    for number, line in enumerate(path.read_text("utf-8").splitlines(keepends=True)):
        field = line.partition(" ")[0]
        if field[:1] in {"|", "@"} or "*" in field:  # hashed, marked, or a pattern
            found.others.append((number, line))
            continue
        for name in field.split(","):
            found.by_name.setdefault(name, []).append((number, line))
    return found
