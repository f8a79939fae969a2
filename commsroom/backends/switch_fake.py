"""An in-memory twin of `switch_session.RealClient`; its state may live in a file.

It understands commands by structure alone: a line is set, replaced or undone. What a real device refuses
is the business of the simulators in tests/, which run the same suite over SSH.
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from commsroom.backends.switch_config import Block, Config
    from commsroom.backends.switch_session import Texts


class Device(Protocol):
    """What a fake knows of one vendor."""

    @property
    def name(self) -> str:
        """Name the vendor's word for undoing, `no` or `undo`."""
        ...

    def command(self, config: Config, section: str, line: str) -> str:
        """Carry out one line within a section ("" for none); return the section it leaves us in."""
        ...

    def texts(self, config: Config) -> Texts:
        """Print the configuration by the commands that read it."""
        ...


class FakeClient:
    """The switch. `told` lists the commands it was given, oldest first, without secrets."""

    def __init__(self, device: Device, start: Config, path: Path | None) -> None:
        """Start as from the factory, or with what an earlier process left in `path`."""
        self._device = device
        self._path = path
        self.config = start
        self.saved = start.copy()
        self.told: list[str] = []

    @contextlib.contextmanager
    def session(self) -> Iterator[FakeClient]:
        """Be one's own session."""
        if self._path is not None and self._path.exists():
            held = json.loads(self._path.read_text("utf-8"))
            self.config.sections, self.saved.sections = held["running"], held["startup"]
        before = [self.config.token, self.saved.token]
        yield self
        if self._path is not None and [self.config.token, self.saved.token] != before:
            text = json.dumps({"running": self.config.sections, "startup": self.saved.sections})
            beside = self._path.with_name(f".{self._path.name}.new")
            beside.write_text(text, "utf-8")
            beside.replace(self._path)

    def read(self) -> Texts:
        """Print everything."""
        return self._device.texts(self.config)

    def pending(self) -> str:
        """Wait for nothing: a fake never goes back."""
        return ""

    def startup(self) -> str:
        """Print what is saved."""
        return next(iter(self._device.texts(self.saved).values()))

    def configure(
        self, blocks: Sequence[Block], *, revert: bool, done: Callable[[int, str], None]
    ) -> None:
        """Take every line; the first block is the fence's, which cases do not speak of."""
        for number, block in enumerate(blocks):
            section = ""
            for line in block.commands:
                section = self._device.command(self.config, section, line)
            for word in block.secret:
                self._device.command(self.config, "", word.reveal())
            if number:
                self.told += [*block.commands, *("(a secret)" for _ in block.secret)]
            done(number, "")

    def confirm(self) -> None:
        """Need no word: a fake never goes back."""

    def save(self) -> None:
        """Keep it for the next start."""
        self.saved = self.config.copy()
