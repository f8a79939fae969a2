"""The one folder everything the lab makes lives in."""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from commsroom.lab.errors import LabUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


_LOG_BYTES: Final = 2_000_000


@dataclass(frozen=True, slots=True)
class Home:
    """Paths of one lab. `COMMSROOM_LAB_HOME` or the user's cache folder says where it is."""

    path: Path

    @property
    def packages(self) -> Path:
        """The package archive the lab's hosts install from; they see it under `/srv/packages`."""
        return self.path / "packages"

    @property
    def apt(self) -> Path:
        """Apt's own state for that archive, so that the host's stays untouched."""
        return self.path / "apt"

    @property
    def engine(self) -> Path:
        """Podman's images, containers and settings."""
        return self.path / "engine"

    @property
    def hosts(self) -> Path:
        """What one instance has of its own: keys and certificates, never part of an image."""
        return self.path / "hosts"

    @property
    def key(self) -> Path:
        """The private key that opens every host of the lab."""
        return self.path / "id_ed25519"

    @property
    def log(self) -> Path:
        """Everything the commands of the last steps said."""
        return self.path / "lab.log"

    @property
    def _notes(self) -> Path:
        return self.path / "state.json"

    def notes(self) -> dict[str, Any]:
        """Return what the last `up` wrote down; nothing when there was none or it is damaged."""
        try:
            found: dict[str, Any] = json.loads(self._notes.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return found

    def note(self, **changes: Any) -> None:
        """Write changes to the notes, whole or not at all."""
        content: Mapping[str, Any] = {**self.notes(), **changes}
        beside = self._notes.with_suffix(f".{os.getpid()}")
        beside.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", "utf-8")
        beside.rename(self._notes)

    @contextmanager
    def locked(self, waiting: Callable[[str, str], None] | None = None) -> Iterator[None]:
        """Keep other lab commands out; waits for one that is under way, as two `make` may meet.

        `waiting` is told when there is something to wait for.
        """
        self.path.mkdir(mode=0o755, parents=True, exist_ok=True)
        with (self.path / "lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if waiting:
                    waiting("lab", "waiting for another lab command to end")
                fcntl.flock(lock, fcntl.LOCK_EX)
            if self.log.exists() and self.log.stat().st_size > _LOG_BYTES:
                self.log.rename(self.log.with_suffix(".log.1"))
            yield


def find() -> Home:
    """Return the lab's folder for this user; it need not exist."""
    named = os.environ.get("COMMSROOM_LAB_HOME")
    if named:
        path = Path(named)
        if not path.is_absolute():
            raise LabUnavailable(
                f"COMMSROOM_LAB_HOME={named} is not absolute", remedy="give the whole path"
            )
        return Home(path)
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Home(Path(cache) / "commsroom" / "lab")
