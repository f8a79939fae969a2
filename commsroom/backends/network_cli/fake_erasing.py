"""What a fake switch has that no configuration shows: its serial number, its files, its keys; and how it loses them.

A `state` file may say what there is: `{"serial": "FOC1", "files": ["vlan.dat"], "keys": ["RSA"], "fault": "keeps"}`. With that fault it says
that it did, and keeps its files. Without a serial number nobody knows who it is, and it is not erased.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from commsroom.errors import SystemUnknown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from commsroom.backends.network_cli.dialogue import Answer


@dataclass
class Held:
    """It. `gone` once it restarted without a configuration: it answers nobody."""

    serial: str = ""
    files: list[str] = field(default_factory=lambda: ["vlan.dat"])
    keys: list[str] = field(default_factory=lambda: ["RSA"])
    fault: str = ""
    gone: bool = False
    #: Whether there is a configuration to start with.
    saved: bool = True

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> Held:
        """Take what a state file says of it."""
        return cls(**{name: state[name] for name in asdict(cls()) if name in state})

    def require_up(self, system: str) -> None:
        """Raise SystemUnknown where it is gone."""
        if self.gone:
            raise SystemUnknown(system, "connect", "no answer within the time limit")

    def delete(self, path: str) -> None:
        """Delete a file of flash."""
        name = path.removeprefix("flash:/")
        if self.fault != "keeps" and name in self.files:
            self.files.remove(name)


class FakeDialogue:
    """Talks with a fake as with a real one; `answer` is the vendor's words."""

    def __init__(self, answer: Callable[[str, Held], str], held: Held) -> None:
        """Keep both."""
        self._answer, self._held = answer, held

    def ask(self, command: str, answers: Sequence[Answer] = ()) -> str:
        """Answer at once: a fake asks nothing."""
        return self._answer(command, self._held)

    def leave(self, command: str, answers: Sequence[Answer]) -> str:
        """Be gone."""
        self._held.gone = True
        return ""
