"""An in-memory twin of `network_cli.session.RealClient`; its state may live in a file.

It understands commands by structure alone: a line is set, replaced or undone. What a real device refuses
is the business of the simulators in tests/, which run the same suite over SSH.
"""

from __future__ import annotations

import contextlib
import json
import re
from typing import TYPE_CHECKING, ClassVar

from commsroom.backends.network_cli.config import Config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from commsroom.backends.network_cli.config import Block
    from commsroom.backends.network_cli.session import Texts


class Device:
    """What a fake knows of one vendor: class attributes are its words."""

    #: The vendor's word for undoing, `no ` or `undo `; and the command that leaves a section.
    undo: ClassVar[str] = "no "
    back: ClassVar[str] = "exit"
    #: The command that prints everything.
    running: ClassVar[str]
    #: Commands of which a section holds one; a new one replaces it.
    single: ClassVar[tuple[str, ...]]
    #: What is printed when it is off, being on from the factory.
    on: ClassVar[frozenset[str]] = frozenset()
    #: Headers of sections.
    section: ClassVar[re.Pattern[str]]
    #: What a switch is shown as that nobody has configured; its last port is the uplink.
    factory: ClassVar[str]

    def command(self, config: Config, section: str, line: str) -> str:
        """Carry out one line within a section ("" for none); return the section it leaves us in."""
        if line == self.back:
            return ""
        undone = line.removeprefix(self.undo) if line.startswith(self.undo) else ""
        if not section:
            return self.global_command(config, line, undone)
        lines = config.sections[section]
        if line in self.on:
            lines[:] = [item for item in lines if item != f"{self.undo}{line}"]
        elif undone and undone not in self.on:
            lines[:] = [item for item in lines if item != undone and not self.undoes(item, undone)]
        else:
            one = next((item for item in self.single if line.startswith(item)), "")
            lines[:] = [
                item for item in lines if item != line and not (one and item.startswith(one))
            ]
            lines.append(line)
        return section

    def global_command(self, config: Config, line: str, undone: str) -> str:
        """Carry out one line outside of sections; `undone` is what it takes away, or ""."""
        if undone:
            config.sections.pop(undone, None)
            return ""
        config.sections.setdefault(line, [])
        return line if self.section.fullmatch(line) else ""

    def undoes(self, line: str, undone: str) -> bool:
        """Tell whether a line is undone by its first words."""
        return f"{undone} " in self.single and line.startswith(f"{undone} ")

    def texts(self, config: Config) -> Texts:
        """Print the configuration by the commands that read it."""
        return {self.running: config.text(config.sections)}


class FakeClient:
    """The switch. `told` lists the commands it was given, oldest first, without secrets."""

    def __init__(self, device: Device, path: Path | None) -> None:
        """Start as from the factory, or with what an earlier process left in `path`."""
        self._device = device
        self._path = path
        self.config = Config.parse(device.factory)
        self.saved = self.config.copy()
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
        self, blocks: Sequence[Block], *, revert: str, done: Callable[[int, str], None]
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

    def confirm(self, change: str) -> None:
        """Need no word: a fake never goes back."""

    def save(self) -> None:
        """Keep it for the next start."""
        self.saved = self.config.copy()
