"""EOS' local users.

Source: Arista, *EOS User Manual*, "User Security": `username NAME privilege N role ROLE secret sha512 HASH`, where
HASH is crypt(3)'s. We make it, so that no switch, and no log of one, is ever told the password itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from commsroom.backends.arista_eos import sha512_crypt
from commsroom.backends.network_cli.logins import Login, Logins
from commsroom.estate.secret import Secret

if TYPE_CHECKING:
    from commsroom.backends.network_cli.config import Command, Config

_USER: Final = re.compile(
    r"username (?P<name>\S+)(?: privilege (?P<level>\d+))?(?: role (?P<role>\S+))?"
    r" (?P<verifier>secret .+|nopassword)"
)
#: Who may do everything needs this role too.
_EVERYTHING: Final = 15


class EosLogins(Logins):
    """Users of a campus switch."""

    def held(self, config: Config) -> dict[str, Login]:
        """Read `username … privilege … role … secret …`; the level is 1 where none is shown."""
        found = (_USER.fullmatch(name) for name in config.sections)
        return {
            match["name"]: Login(int(match["level"] or 1), match["verifier"], match["role"] or "")
            for match in found
            if match
        }

    def put(
        self, name: str, login: Login, word: Secret | None, *, new: bool
    ) -> tuple[Command, ...]:
        """Give the hash; the role stays, and a new administrator gets the one for everything."""
        role = login.role or ("network-admin" if login.level == _EVERYTHING else "")
        start = f"username {name} privilege {login.level}" + (f" role {role}" if role else "")
        verifier = f"secret sha512 {sha512_crypt.hashed(word)}" if word else login.verifier
        return (Secret(f"{start} {verifier}"),)

    def gone(self, name: str) -> tuple[str, ...]:
        """Undo the user."""
        return (f"no username {name}",)
