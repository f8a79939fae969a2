"""An in-memory twin of `network_cli.session.RealClient`; its state may live in a file.

It understands commands by structure alone: a line is set, replaced or undone. What a real device refuses
is the business of the simulators in tests/, which run the same suite over SSH.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from dataclasses import asdict
from typing import TYPE_CHECKING, ClassVar

from commsroom.backends.network_cli.config import Config
from commsroom.backends.network_cli.fake_erasing import FakeDialogue, Held
from commsroom.estate.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from commsroom.backends.network_cli.config import Block
    from commsroom.backends.network_cli.logins import Logins
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
    #: A command that sets a password in clear: user, what comes before it, and the password.
    clear: ClassVar[re.Pattern[str]] = re.compile("(?!)")

    def kept(self, line: str) -> str:
        """Return a command as the configuration shows it: of a password its hash."""
        match = self.clear.fullmatch(line)
        return f"{match['start']}{self.shown(match['word'])}" if match else line

    def shown(self, word: str) -> str:
        """Return what this system shows of a password; without salt, which no real one would."""
        return f"$9${hashlib.sha256(word.encode()).hexdigest()}"

    def fits(self, verifier: str, word: Secret) -> bool:
        """Tell whether a user with this verifier may log in with a password."""
        return f" {verifier}".endswith(f" {self.shown(word.reveal())}")

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

    def answer(self, command: str, held: Held) -> str:
        """Answer a command of an erasing; a vendor whose switches are erased by hand has none."""
        return ""

    def undoes(self, line: str, undone: str) -> bool:
        """Tell whether a line is undone by its first words."""
        return f"{undone} " in self.single and line.startswith(f"{undone} ")

    def texts(self, config: Config) -> Texts:
        """Print the configuration by the commands that read it."""
        return {self.running: config.text(config.sections)}


class FakeClient:
    """The switch. `told` lists the commands it was given, oldest first, without secrets."""

    def __init__(self, device: Device, path: Path | None, logins: Logins, user: str) -> None:
        """Start as from the factory, or with what an earlier process left in `path`."""
        self._device = device
        self._path = path
        self._logins = logins
        self.user = user
        self.config = Config.parse(device.factory)
        self.saved = self.config.copy()
        self.told: list[str] = []
        self.held = Held()
        self._open = False

    def log_in(self, name: str, word: Secret) -> bool | None:
        """Let in whoever has the one password of a user."""
        if not self._open:
            self._load()
        held = self._logins.held(self.config).get(name)
        return held is not None and self._device.fits(held.verifier, word)

    @contextlib.contextmanager
    def session(self) -> Iterator[FakeClient]:
        """Be one's own session; whoever logs in meanwhile meets what it has changed so far."""
        self._load()
        self.held.require_up(self._path.stem if self._path else "fake")
        before, self._open = self._state(), True
        try:
            yield self
        finally:
            self._open = False
        if self._path is not None and self._state() != before:
            text = self._state()
            beside = self._path.with_name(f".{self._path.name}.new")
            beside.write_text(text, "utf-8")
            beside.replace(self._path)

    def _state(self) -> str:
        both = {"running": self.config.sections, "startup": self.saved.sections}
        return json.dumps(both | (asdict(self.held) if self.held != Held() else {}))

    def _load(self) -> None:
        if self._path is not None and self._path.exists():
            held = json.loads(self._path.read_text("utf-8"))
            if unknown := held.keys() - {"running", "startup", *asdict(Held())}:
                raise ValueError(f"no switch has {', '.join(sorted(unknown))}")
            self.config.sections = held.get("running", self.config.sections)
            self.saved.sections = held.get("startup", self.saved.sections)
            self.held = Held.of(held)

    def dialogue(self) -> FakeDialogue:
        """Talk in the vendor's words."""
        return FakeDialogue(self._device.answer, self.held)

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
                typed = line.reveal() if isinstance(line, Secret) else line
                section = self._device.command(self.config, section, self._device.kept(typed))
            if number:
                shown = ("(a secret)" if isinstance(one, Secret) else one for one in block.commands)
                self.told += shown
            done(number, "")

    def confirm(self, change: str) -> None:
        """Need no word: a fake never goes back."""

    def take_back(self, change: str) -> None:
        """Have nothing to go back to."""

    def save(self) -> None:
        """Keep it for the next start."""
        self.saved = self.config.copy()
