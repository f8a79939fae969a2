"""VRP's local users, in its AAA view.

Source: Huawei, *S Series Switches, Command Reference*, "AAA Configuration Commands" (local-user password
irreversible-cipher, which takes a password as well as the ciphertext it shows; local-user privilege level; local-user
service-type; `level` alone on systems before V200R003).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from commsroom.backends.network_cli.logins import Login, Logins
from commsroom.estate.secret import Secret

if TYPE_CHECKING:
    from commsroom.backends.network_cli.config import Command, Config

VIEW: Final = "aaa"
_PASSWORD: Final = re.compile(
    r"local-user (\S+) password ((?:irreversible-cipher|cipher|simple) \S+)"
)
_LEVEL: Final = re.compile(r"local-user (\S+) (?:privilege )?level (\d+)")


class VrpLogins(Logins):
    """Users of an S-series switch."""

    comment = "#"

    def held(self, config: Config) -> dict[str, Login]:
        """Read `local-user … password …` and its level, 0 where none is shown."""
        lines = config.lines(VIEW)
        levels = {match[1]: int(match[2]) for line in lines if (match := _LEVEL.fullmatch(line))}
        return {
            match[1]: Login(levels.get(match[1], 0), match[2])
            for line in lines
            if (match := _PASSWORD.fullmatch(line))
        }

    def put(
        self, name: str, login: Login, word: Secret | None, *, new: bool
    ) -> tuple[Command, ...]:
        """Set the password first: it is what makes a user. By which service a user comes is a new one's only."""
        verifier = f"irreversible-cipher {word.reveal()}" if word else login.verifier
        service = (f"local-user {name} service-type ssh",) if new else ()
        level = f"local-user {name} privilege level {login.level}"
        return (VIEW, Secret(f"local-user {name} password {verifier}"), level, *service, "quit")

    def gone(self, name: str) -> tuple[str, ...]:
        """Undo the user."""
        return (VIEW, f"undo local-user {name}", "quit")
