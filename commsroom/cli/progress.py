"""Progress on standard error: a bar on a terminal, plain lines elsewhere, nothing with `--json`."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, Final

from commsroom.cli.output import warn

if TYPE_CHECKING:
    from commsroom.app.progress import Progress

#: Seconds between two plain lines about the same piece of work.
_PAUSE: Final = 5.0


def choose(*, silent: bool) -> Progress:
    """Return the progress that suits standard error."""
    from commsroom.app.progress import Silent

    if silent:
        return Silent()
    if sys.stderr is not None and sys.stderr.isatty():
        return Bar()
    return Lines()


class Lines:
    """A line when work begins and one when it ends; more only where it takes long."""

    def __init__(self) -> None:
        """Begin with nothing under way."""
        self._title = ""
        self._total: int | None = None
        self._done = 0
        self._started = self._said = 0.0

    def begin(self, title: str, total: int | None = None) -> None:
        """Say what begins."""
        self._title, self._total, self._done = title, total, 0
        self._started = self._said = time.monotonic()
        warn(f"{title} ({total}) …" if total else f"{title} …")

    def advance(self, text: str = "", units: int = 1) -> None:
        """Count, and say where it is when nothing was said for a while."""
        self._done += units
        if time.monotonic() - self._said >= _PAUSE:
            self._said = time.monotonic()
            of = f" of {self._total}" if self._total else ""
            warn(f"{self._title}: {self._done}{of} {text}".rstrip())

    def say(self, text: str) -> None:
        """Say a line."""
        warn(text)

    def end(self) -> None:
        """Say that it ended, and how long it took."""
        warn(f"{self._title}: done in {time.monotonic() - self._started:.1f} s")


class Bar:
    """A bar that disappears when its work is done."""

    def __init__(self) -> None:
        """Begin with nothing under way."""
        self._bar: Any = None
        self._task: Any = None

    def begin(self, title: str, total: int | None = None) -> None:
        """Show a bar."""
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
        )

        self.end()
        columns = [TextColumn("{task.description}"), BarColumn(bar_width=24)]
        columns += [MofNCompleteColumn()] if total else []
        self._bar = Progress(
            *columns,
            TimeElapsedColumn(),
            TextColumn("{task.fields[text]}", style="dim", markup=False),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task(title, total=total, text="")
        self._bar.start()

    def advance(self, text: str = "", units: int = 1) -> None:
        """Move the bar."""
        if self._bar is not None:
            self._bar.update(self._task, advance=units, text=text)

    def say(self, text: str) -> None:
        """Say a line above the bar."""
        if self._bar is None:
            warn(text)
        else:
            self._bar.console.print(text, markup=False, highlight=False)

    def end(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
