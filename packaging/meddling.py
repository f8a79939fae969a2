"""What an administrator might do on the servers at night: by their own tools, or to the fakes' files."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Protocol

DOMAIN: Final = "lianhe.example"
ROOM: Final = "sales"
STRANGER: Final = "stranger"


class Meddler(Protocol):
    """Changes four things behind commsroom's back."""

    def dialling_class(self, number: str) -> None:
        """Give an extension another class of service."""

    def mailbox_password(self, address: str) -> None:
        """Set a managed mailbox's password."""

    def room_member(self, login: str) -> None:
        """Take somebody out of a room."""

    def stranger(self, *, there: bool) -> None:
        """Add a chat account by hand, or remove it."""


class OnServers:
    """Over SSH, with each server's own tools. `say` shows the command."""

    def __init__(self, estate: Path, say: Callable[[str, str], None]) -> None:
        """Remember whose lab it is."""
        self._estate = estate
        self._say = say

    def dialling_class(self, number: str) -> None:
        """Edit the file and reload."""
        file = "/etc/asterisk/commsroom/pjsip.conf"
        edit = rf"/^\[{number}\](commsroom-endpoint)/,/^\[/ s/^context=.*/context=commsroom-class-internal/"
        self._on("pbx1", f"sed -i '{edit}' {file} && asterisk -rx 'module reload res_pjsip.so'")

    def mailbox_password(self, address: str) -> None:
        """Write another hash into the passwd-file."""
        edit = f"s|^{address}:[^:]*|{address}:$hash|"
        self._on(
            "mail1",
            "hash=$(doveadm pw -s SSHA512 -p changed-by-hand) &&"
            f' sed -i "{edit}" /etc/dovecot/commsroom/users',
        )

    def room_member(self, login: str) -> None:
        """Take the affiliation away in Prosody's shell."""
        room = f'muc:room("{ROOM}@rooms.{DOMAIN}")'
        self._on(
            "im1", f"prosodyctl shell '{room}:set_affiliation(true, \"{login}@{DOMAIN}\", nil)'"
        )

    def stranger(self, *, there: bool) -> None:
        """Use Prosody's shell."""
        jid = f"{STRANGER}@{DOMAIN}"
        create = f"prosodyctl shell user create {jid} made-by-hand-1 prosody:registered"
        self._on("im1", create if there else f"prosodyctl shell user delete {jid}")

    def _on(self, host: str, command: str) -> None:
        self._say(host, command)
        subprocess.run(
            ["ssh", "-F", ".commsroom/lab/ssh_config", host, command], cwd=self._estate, check=True,
            capture_output=True, stdin=subprocess.DEVNULL, timeout=60,
        )  # fmt: skip


class OnFakes:
    """The same in the files where simulated systems keep what they hold."""

    def __init__(self, estate: Path, say: Callable[[str, str], None]) -> None:
        """Remember where the files are."""
        self._folder = estate / ".commsroom" / "simulated"
        self._say = say

    def dialling_class(self, number: str) -> None:
        """Change the extension's class."""
        with self._state("pbx1", f"extension {number}: dialling_class = internal") as state:
            state["objects"]["extension"][number]["dialling_class"] = "internal"

    def mailbox_password(self, address: str) -> None:
        """Change the account's hash."""
        name = "/etc/dovecot/commsroom/users"
        with self._state("mail1", f"{address}: another hash") as state:
            lines = state["files"][name].splitlines(keepends=True)
            state["files"][name] = "".join(
                ":".join([address, "{SSHA512}AAAA", *line.split(":")[2:]])
                if line.startswith(f"{address}:")
                else line
                for line in lines
            )

    def room_member(self, login: str) -> None:
        """Drop the affiliation."""
        with self._state("im1", f"room {ROOM}: without {login}") as state:
            del state["rooms"][ROOM]["members"][f"{login}@{DOMAIN}"]

    def stranger(self, *, there: bool) -> None:
        """Add or drop the account."""
        with self._state("im1", f"account {STRANGER}: {'made' if there else 'removed'}") as state:
            if there:
                some = next(iter(state["accounts"].values()))
                state["accounts"][STRANGER] = {**some, "display_name": "Stranger"}
            else:
                del state["accounts"][STRANGER]

    @contextmanager
    def _state(self, system: str, said: str) -> Iterator[Any]:
        self._say(f"{system} [simulated]", said)
        file = self._folder / f"{system}.json"
        state = json.loads(file.read_text("utf-8"))
        yield state
        file.write_text(json.dumps(state), "utf-8")
