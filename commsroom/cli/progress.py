"""Progress on standard error: a bar on a terminal, plain lines elsewhere, nothing with `--json`.

Work that is over in a moment says nothing: standard error of a quick command holds its error, if
there is one, and no more.
"""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Final, Protocol

from commsroom.app import progress as app
from commsroom.app.progress import Progress
from commsroom.cli.output import warn

if TYPE_CHECKING:
    from rich.progress import ProgressColumn

#: Seconds that work may take in silence, and seconds between two plain lines about it.
_PATIENCE: Final = 1.0
_PAUSE: Final = 5.0


class Closing(Progress, Protocol):
    """Progress that can be told that the command is over; what comes later says nothing."""

    def close(self) -> None: ...


def choose(*, silent: bool) -> Closing:
    """Return the progress that suits standard error."""
    if silent:
        return Silent()
    if sys.stderr is not None and sys.stderr.isatty():
        return Bar()
    return Lines()


class Silent(app.Silent):
    """Says nothing."""

    def close(self) -> None:
        """Ignore."""


class Lines:
    """A line when work has taken a while and one when it ends; in between one now and then."""

    def __init__(self, patience: float = _PATIENCE) -> None:
        """Begin with nothing under way; `patience` is the silence work is given, in seconds."""
        self._patience = patience
        self._lock = threading.RLock()  # work is told of in threads
        self._timer: threading.Timer | None = None
        self._title = self._text = ""
        self._total: int | None = None
        self._done = 0
        self._started = self._said = 0.0
        self._closed = False

    def begin(self, title: str, total: int | None = None) -> None:
        """Remember what begins; it is said when it is not over in a moment."""
        with self._lock:
            if self._closed:
                return
            self._stop()
            self._title, self._text, self._total, self._done = title, "", total, 0
            self._started, self._said = time.monotonic(), 0.0
            self._timer = threading.Timer(self._patience, self._tell)
            self._timer.daemon = True
            self._timer.start()

    def advance(self, text: str = "", units: int = 1) -> None:
        """Count, and say where it is when nothing was said for a while."""
        with self._lock:
            self._done += units
            self._text = text
            if self._said and time.monotonic() - self._said >= _PAUSE:
                self._tell()

    def say(self, text: str) -> None:
        """Say a line."""
        if not self._closed:
            warn(text)

    def end(self) -> None:
        """Say that it ended and how long it took, where it was said that it began."""
        with self._lock:
            if self._said:
                warn(f"{self._title}: done in {time.monotonic() - self._started:.1f} s")
            self._stop()

    def close(self) -> None:
        """Stay silent from now on."""
        with self._lock:
            self._closed = True
            self._stop()

    def _tell(self) -> None:
        with self._lock:
            if self._timer is None:
                return
            self._said = time.monotonic()
            of = f" {self._done} of {self._total}" if self._total else ""
            warn(f"{self._title}:{of} {self._text}".rstrip(" :") + " …")

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._said = None, 0.0


class Bar:
    """A bar that disappears when its work is done."""

    def __init__(self) -> None:
        """Begin with nothing under way."""
        self._lock = threading.RLock()
        self._bar: Any = None
        self._task: Any = None
        self._closed = False

    def begin(self, title: str, total: int | None = None) -> None:
        """Show a bar."""
        from rich import progress
        from rich.console import Console

        with self._lock:
            self.end()
            if self._closed:
                return
            columns: list[str | ProgressColumn] = ["{task.description}", progress.BarColumn(24)]
            columns += [progress.MofNCompleteColumn()] if total else []
            columns += [progress.TimeElapsedColumn()]
            columns += [progress.TextColumn("{task.fields[text]}", style="dim", markup=False)]
            self._bar = progress.Progress(*columns, console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task(title, total=total, text="")
            self._bar.start()

    def advance(self, text: str = "", units: int = 1) -> None:
        """Move the bar."""
        with self._lock:
            if self._bar is not None:
                self._bar.update(self._task, advance=units, text=text)

    def say(self, text: str) -> None:
        """Say a line above the bar."""
        with self._lock:
            if self._bar is not None:
                self._bar.console.print(text, markup=False, highlight=False)
            elif not self._closed:
                warn(text)

    def end(self) -> None:
        """Take the bar away."""
        with self._lock:
            if self._bar is not None:
                self._bar.stop()
                self._bar = None

    def close(self) -> None:
        """Take the bar away for good: a bar left behind keeps the cursor hidden."""
        with self._lock:
            self._closed = True
            self.end()
