"""Postfix policy service: who may write to a distribution list.

Postfix asks once for each recipient (SMTPD_POLICY_README). `posters` says per list `members`,
`internal` or `anyone`; `lists` says who its members are. A recipient that is no list is none of
our business. Postfix starts this through spawn(8); one process serves one connection.
"""

from __future__ import annotations

import sys
from pathlib import Path

FOLDER = Path("/etc/postfix/commsroom")


class Table:
    """A Postfix text table (key, whitespace, value), read again whenever its file changes."""

    def __init__(self, name: str) -> None:
        """Read nothing yet."""
        self.path = FOLDER / name
        self.seen: tuple[int, ...] = ()
        self.rows: dict[str, str] = {}

    def get(self, key: str) -> str:
        """Return the value of a key, "" when there is none."""
        try:
            now = self.path.stat()
        except FileNotFoundError:
            return ""
        stamp = (now.st_mtime_ns, now.st_ino, now.st_size)
        if stamp != self.seen:
            lines = self.path.read_text("utf-8").split("\n")
            pairs = (line.partition(" ") for line in lines if not line.startswith("#"))
            self.rows = {key: value.strip() for key, _, value in pairs}
            self.seen = stamp
        return self.rows.get(key, "")


def decide(request: dict[str, str], posters: Table, lists: Table) -> str:
    """Return the action for one request; `DUNNO` leaves the decision to the rules after us."""
    address = request.get("recipient", "").lower()
    rule = posters.get(address)
    login = request.get("sasl_username", "").lower()
    if rule == "internal" and not login:
        return "550 5.7.1 only colleagues may write to this list"
    if rule == "members" and login not in lists.get(address).replace(",", " ").split():
        return "550 5.7.1 only members may write to this list"
    return "DUNNO"


def main() -> None:
    """Answer request after request; an empty line ends each."""
    posters, lists = Table("posters"), Table("lists")
    request: dict[str, str] = {}
    for line in sys.stdin:
        name, equals, value = line.rstrip("\n").partition("=")
        if equals:
            request[name] = value
        elif request:
            sys.stdout.write("action=" + decide(request, posters, lists) + "\n\n")
            sys.stdout.flush()
            request = {}


if __name__ == "__main__":
    main()
