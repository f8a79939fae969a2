"""IOS' local users.

Sources: Cisco, *IOS Security Command Reference, Commands S to Z*, "username" (privilege, secret; a user has a
password or a secret, not both), and *Commands A to C*, "algorithm-type" (IOS 15.3(3)M, XE 3.9 and later: type 9 is
scrypt).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from commsroom.backends.network_cli.logins import Login, Logins
from commsroom.estate.secret import Secret

if TYPE_CHECKING:
    from commsroom.backends.network_cli.config import Command, Config

_USER: Final = re.compile(
    r"username (?P<name>\S+)(?: privilege (?P<level>\d+))?"
    r"(?: (?!secret |password |nopassword)\S+)*(?: (?P<verifier>(?:secret|password) .+|nopassword))?"
)


class IosLogins(Logins):
    """Users of a Catalyst."""

    def held(self, config: Config) -> dict[str, Login]:
        """Read `username … privilege … secret …`; a user of one who may do nothing more has level 1."""
        every = [match for name in config.sections if (match := _USER.fullmatch(name))]
        every.sort(
            key=lambda match: match["verifier"] is not None
        )  # other lines of a user say less
        return {
            match["name"]: Login(int(match["level"] or 1), match["verifier"] or "")
            for match in every
        }

    def put(
        self, name: str, login: Login, word: Secret | None, *, new: bool
    ) -> tuple[Command, ...]:
        """Let IOS make a hash of type 9 of a password."""
        start = f"username {name} privilege {login.level}"
        if word is not None:
            return (Secret(f"{start} algorithm-type scrypt secret {word.reveal()}"),)
        return (Secret(f"{start} {login.verifier}") if login.verifier else start,)

    def gone(self, name: str) -> tuple[str, ...]:
        """Undo the user; IOS XE asks whether it may, and is told."""
        return (f"no username {name}",)
