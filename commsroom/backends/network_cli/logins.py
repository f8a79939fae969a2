"""Local users of a switch, as the configuration shows them and as commands make them.

What a device shows of a password is a hash, and typed again as it is shown it is the password again: so an old
one can be put back by whoever read it. It is a secret all the same, and never leaves memory.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Final

from commsroom.backends.network_cli.config import Block
from commsroom.estate.kinds.network import SwitchLogin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from commsroom.backends.network_cli.config import Command, Config
    from commsroom.estate.resource import Change
    from commsroom.estate.secret import Secret

#: What every command line takes as one word and shows again: no blank, no help (`?`), no quotes.
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,30}")
_WORD: Final = re.compile(r"[A-Za-z0-9._+=:@/-]{8,128}")
#: The slot of a login's password.
PASSWORD: Final = "password"  # noqa: S105 - the name of a slot


@dataclass(frozen=True, slots=True)
class Login:
    """One local user. `verifier` is what follows its name and level, `secret 9 $9$…`; `role` as the vendor has it."""

    level: int
    verifier: str = field(default="", repr=False)
    role: str = ""


class Logins(ABC):
    """One vendor's words for local users."""

    #: How a line begins that is not carried out.
    comment: ClassVar[str] = "!"

    @abstractmethod
    def held(self, config: Config) -> dict[str, Login]:
        """Return the local users of a configuration, by name."""

    @abstractmethod
    def put(
        self, name: str, login: Login, word: Secret | None, *, new: bool
    ) -> tuple[Command, ...]:
        """Return what makes a user so: with `word` as its password, else with the verifier that `login` has."""

    @abstractmethod
    def gone(self, name: str) -> tuple[str, ...]:
        """Return what takes a user away."""

    def block(self, config: Config, change: Change, words: Mapping[str, Secret]) -> Block:
        """Return the commands of one change. Their way back has no password in it, not even its hash."""
        name = change.address.key
        held = self.held(config).get(name)
        if change.after is None:
            return Block(self.gone(name), (self._told(name, "taken away"),))
        body, word = change.after.body, words.get(PASSWORD)
        level = body.level if isinstance(body, SwitchLogin) else None
        was = held or Login(1)
        wanted = Login(was.level if level is None else level, was.verifier, was.role)
        back = (self._told(name, f"of level {held.level}"),) if held else self.gone(name)
        return Block(self.put(name, wanted, word, new=held is None), back)

    def back(self, name: str, held: Login | None) -> Block:
        """Return the commands that make a user as it was read; they are for the session that read it."""
        return Block(self.put(name, held, None, new=False) if held else self.gone(name), ())

    def _told(self, name: str, was: str) -> str:
        return f"{self.comment} login {name} was {was}; passwords are in the store of secrets only"


def fault(name: str) -> str:
    """Say why no switch takes this name of a user, "" when each does."""
    return (
        "" if _NAME.fullmatch(name) else "a login is up to 31 ASCII letters, digits, `.`, `_`, `-`"
    )


def word_fault(word: Secret) -> str:
    """Say why a password cannot be typed, "" when it can."""
    return "" if _WORD.fullmatch(word.reveal()) else "its password has no form on a command line"
