"""Standard output and error: plain or coloured, one JSON document, closed pipes, whole files."""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from commsroom.cli.pasting import as_given
from commsroom.errors import CommsroomError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path
    from typing import TextIO

    from commsroom.reports.lines import Line

_COLOURS: Final[Mapping[str, str]] = {
    "strong": "bold",
    "quiet": "dim",
    "create": "green",
    "update": "yellow",
    "delete": "red",
    "adopt": "cyan",
    "good": "green",
    "bad": "bold red",
    "doubt": "yellow",
    "command": "cyan",
}


class Output:
    """What a command says on standard output. With `json`, that is one document and nothing else.

    A reader that goes away (`| head`) silences the output and changes nothing else: the work goes
    on and the exit code stays true.
    """

    def __init__(self, *, json: bool = False, simulate: Path | None = None) -> None:
        """Say nothing yet; commands that it will name carry `simulate`, as this one did."""
        self.json = json
        self._simulate = simulate

    def lines(self, content: Iterable[Line]) -> None:
        """Write lines of text, in colour on a terminal."""
        if self.json or sys.stdout is None:
            return
        with _guarded():
            (_paint if _is_terminal(sys.stdout) else _print)(map(self._pasteable, content))

    def _pasteable(self, content: Line) -> Line:
        """Return a line whose commands reach what the answer is about: the twins, where they stood in."""
        return tuple(
            replace(span, text=as_given(span.text, self._simulate))
            if span.style == "command"
            else span
            for span in content
        )

    def text(self, content: str) -> None:
        """Write plain text as it is; it must be printable already."""
        if not self.json and sys.stdout is not None:
            with _guarded():
                sys.stdout.write(content)

    def document(self, content: Mapping[str, Any]) -> None:
        """Write the command's JSON document; only with `json`."""
        if self.json and sys.stdout is not None:
            write_document(content)


def write_document(content: Mapping[str, Any]) -> None:
    """Write one JSON document to standard output, if there is one."""
    import json

    if sys.stdout is None:
        return
    with _guarded():
        json.dump(content, sys.stdout, ensure_ascii=False, indent=2)
        sys.stdout.write("\n")


def warn(text: str) -> None:
    """Write a line on standard error; never fails, there is nobody left to tell."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(f"{text}\n")
            sys.stderr.flush()


def flush() -> None:
    """Hand on what is still buffered, so that a full disk or a closed pipe is met here."""
    if sys.stdout is not None:
        with _guarded():
            sys.stdout.flush()


def require_writable(path: Path) -> None:
    """Refuse a place where no file can be written, before work is done for what would go there.

    Raises:
        CommsroomError: a folder or device has that name, or its folder is not there or not ours to write.
    """
    remedy = "--out takes the name of a file to write"
    if path.is_dir():
        raise CommsroomError(f"{path}: is not a file but a folder", remedy=remedy)
    if path.exists() and not path.is_file():
        raise CommsroomError(f"{path}: is not a file", remedy=remedy)
    if not path.parent.is_dir():
        raise CommsroomError(
            f"{path}: cannot be written: there is no folder {path.parent}", remedy=remedy
        )
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise CommsroomError(f"{path}: cannot be written: Permission denied", remedy=remedy)


def write_file(path: Path, content: str | bytes) -> None:
    """Write a whole file or nothing: beside, then renamed over what may have been there.

    Raises:
        CommsroomError: it cannot be written, or a folder or device has that name.
    """
    require_writable(path)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            # What a server says may be no text at all; then it is written as Python shows it.
            file.write(
                content.encode(errors="backslashreplace") if isinstance(content, str) else content
            )
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise CommsroomError(f"{path}: cannot be written: {error.strerror}") from error


def coloured(stream: TextIO | None) -> bool:
    """Tell whether a stream wants colour: a terminal whose user did not say no (NO_COLOR)."""
    dull = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return _is_terminal(stream) and not dull


def columns() -> int:
    """Return how wide the terminal is that reads standard output; 0 where none does."""
    import shutil

    return shutil.get_terminal_size().columns if _is_terminal(sys.stdout) else 0


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


def _print(content: Iterable[Line]) -> None:
    for line in content:
        sys.stdout.write("".join(span.text for span in line) + "\n")


def _paint(content: Iterable[Line]) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(file=sys.stdout, highlight=False, markup=False)
    for line in content:
        text = Text()
        for span in line:
            text.append(span.text, _COLOURS.get(span.style, ""))
        # The terminal wraps, not we: an address split in two could not be copied.
        console.print(text, soft_wrap=True)


@contextlib.contextmanager
def _guarded() -> Any:
    """Meet a closed pipe with silence, and any other failure with one clear line."""
    try:
        yield
    except BrokenPipeError:
        _silence()
    except OSError as error:
        _silence()
        raise CommsroomError(f"standard output cannot be written: {error.strerror}") from error


def _silence() -> None:
    """Point standard output at nothing, so that Python's own last flush does not fail aloud."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
