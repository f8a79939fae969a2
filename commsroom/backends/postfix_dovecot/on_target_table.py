"""The formats of a mail server's files: tables of lines, names, sizes, addresses. Pure, on text.

Sent to the target beside `on_target.py`; standard library only, Python 3.9 or newer.

Sources: Dovecot 2.4 passwd-file and file dictionary; Postfix postmap(1), virtual(5), access(5).
"""

from __future__ import annotations

import base64
import io
import os
import re
from typing import Final

MAIL: Final = "/var/vmail"
QUOTA: Final = "userdb_quota_storage_size"
_SHARE: Final = "shared/shared-boxes/user/"
_UNITS: Final = {"B": 1, "": 1024, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}


class Table:
    """A text file of `key<space or colon>rest` lines; comments and whatever else it holds are kept.

    The first line of a key counts, as it does for Dovecot and postmap. A continuation line belongs
    to the line above it; a comment right above an entry is its title.
    """

    def __init__(self, text: str) -> None:
        """Take the file apart into rows, each with its line end."""
        self.rows: dict[str, str] = {}
        self.titles: dict[str, str] = {}
        last = above = ""
        for number, line in enumerate(io.StringIO(text, newline="\n")):
            ended = line if line.endswith("\n") else line + "\n"
            found = re.match(r"[^#:\s][^:\s]*", line)
            if found and found[0] not in self.rows:
                last = found[0]
                self.rows[last] = ended
                if above:
                    self.titles[last] = self.rows[above][2:-1]
            elif line[:1] in " \t" and line.strip() and last in self.rows:
                self.rows[last] += ended
            else:
                last = f"\0{number}"
                self.rows[last] = ended
            above = last if ended.startswith("# ") else ""

    def keys(self) -> list[str]:
        """Return the keys of the entries."""
        return [key for key in self.rows if not key.startswith("\0")]

    def value(self, key: str) -> str:
        """Return what follows the key and its separator, "" when there is no such entry."""
        return " ".join(self.rows[key][len(key) + 1 :].split()) if key in self.rows else ""

    def fields(self, key: str) -> list[str]:
        """Return the seven fields after the name of a passwd-file entry, padded."""
        rest = self.rows[key][len(key) + 1 : -1].split(":", 6) if key in self.rows else []
        return [*rest, *[""] * (7 - len(rest))]

    def put(self, key: str, line: str, title: str | None = None) -> None:
        """Replace or append the entry of `key`; with `title`, a comment above it says so."""
        if title is not None and title != self.titles.get(key, ""):
            self.drop(key)
            if title:
                self.rows[f"\0title {key}"] = f"# {title}\n"
                self.titles[key] = title
        self.rows[key] = line + "\n"

    def drop(self, key: str) -> None:
        """Remove the entry, and the title above it."""
        if key in self.titles:
            above = f"# {self.titles.pop(key)}\n"
            before = list(self.rows)[: list(self.rows).index(key)]
            if before and self.rows[before[-1]] == above:
                del self.rows[before[-1]]
        self.rows.pop(key, None)

    def text(self) -> str:
        """Return the file's text."""
        return "".join(self.rows.values())


def home_of(address: str) -> str:
    """Return the home of an account (its Maildir is a folder in it)."""
    login, _, domain = address.partition("@")
    return f"{MAIL}/{domain}/{login}"


def acl_of(address: str) -> str:
    """Return the path of the access list of an account's inbox."""
    return home_of(address) + "/Maildir/dovecot-acl"


def full(login: str, box: str) -> str:
    """Return the address behind a grant's login: itself, or the login in the mailbox's domain."""
    return login if "@" in login else f"{login}@{box.partition('@')[2]}"


def short(address: str, box: str) -> str:
    """Return how a grant's key names an account: by login where the mailbox's domain is its own."""
    login, _, domain = address.partition("@")
    return login if domain == box.partition("@")[2] else address


def octets(size: str) -> int:
    """Return Dovecot's size (`1G`, `500 M`, `1073741824B`, bare kibibytes) in bytes; 0 is no limit."""
    found = re.fullmatch(r"(\d+)\s*([BKMGT]?)(?:i?B)?", size.strip(), re.IGNORECASE)
    return int(found[1]) * _UNITS[found[2].upper()] if found else 0


def quoted(name: str) -> str:
    """Return a name as the gecos field holds it: `%` and `:` as percent codes."""
    return name.replace("%", "%25").replace(":", "%3A")


def unquoted(field: str) -> str:
    """Return the name behind a gecos field."""
    return field.replace("%3A", ":").replace("%25", "%")


def split(people: str) -> list[str]:
    """Return the addresses of a Postfix alias value."""
    return [person for person in re.split(r"[,\s]+", people) if person]


def unusable() -> str:
    """Return the hash of a password nobody knows."""
    return "{SSHA512}" + base64.b64encode(os.urandom(80)).decode()


def unbuilt(table: Table, built: dict[str, str]) -> set[str]:
    """Return the keys of which a map's text says otherwise than the map Postfix has."""
    texts = {key: table.value(key) for key in table.keys()}  # noqa: SIM118 - a method of ours
    held = {key: " ".join(value.split()) for key, value in built.items()}
    return {key for key in {*texts, *held} if texts.get(key) != held.get(key)}


def shares_of(text: str) -> set[tuple[str, str]]:
    """Read Dovecot's dictionary of who shares with whom (key line, value line): (to, from) pairs."""
    keys = [line[len(_SHARE) :] for line in text.split("\n") if line.startswith(_SHARE)]
    return {(to, owner) for to, _, owner in (key.partition("/") for key in keys)}


def shares_text(shares: set[tuple[str, str]]) -> str:
    """Write that dictionary; it only makes folders show up in lists, and grants nothing."""
    return "".join(f"{_SHARE}{to}/{owner}\n1\n" for to, owner in sorted(shares))
