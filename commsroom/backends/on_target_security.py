"""Runs on a server: who listens, how secrets are kept, who may log in. Part of `on_target_host`.

Of /etc/shadow no hash leaves this program, and none leaves this machine: passwords everybody knows are
tried here, with the C library's own crypt(3).
"""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import glob
import os
import pwd
import re
import socket
import stat
import struct
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from commsroom.backends.on_target import TargetError, run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Json = dict[str, Any]

#: States of /proc/net, see include/net/tcp_states.h: a TCP socket that listens, a UDP socket that is bound.
_LISTENS: Final = {"tcp": "0A", "udp": "07"}
_FAMILIES: Final = ("tcp", "tcp6", "udp", "udp6")
_SOCKET: Final = re.compile(r"socket:\[(\d+)\]")
#: So many offenders are named of one kind; the rest is counted.
_NAMED: Final = 20
#: Trying passwords stops here: a slow hash is meant to be slow.
_GUESS_SECONDS: Final = 15.0
SHADOW: Final = Path("/etc/shadow")
PASSWD: Final = Path("/etc/passwd")
_SSHD: Final = frozenset(
    [
        "authenticationmethods",
        "kbdinteractiveauthentication",
        "passwordauthentication",
        "permitemptypasswords",
        "permitrootlogin",
        "port",
        "pubkeyauthentication",
    ]
)


def sockets() -> Json:
    """Return every port that is open, on which addresses, and which programs hold it.

    A UDP socket with a port out of the range the kernel picks from is somebody's question waiting for
    its answer (a resolver's), no service.
    """
    lowest, highest = map(
        int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text("ascii").split()
    )
    found: dict[tuple[str, str, int], set[str]] = {}
    for family in _FAMILIES:
        path = Path("/proc/net", family)
        transport = family[:3]
        for address, port, inode in _table(path, transport):
            if transport == "udp" and lowest <= port <= highest:
                continue
            found.setdefault((transport, address, port), set()).add(inode)
    owners = _owners({inode for inodes in found.values() for inode in inodes})
    return {
        "open": [
            {
                "transport": transport,
                "address": address,
                "port": port,
                "programs": sorted({owners[inode] for inode in inodes if inode in owners}),
            }
            for (transport, address, port), inodes in sorted(found.items())
        ]
    }


def _table(path: Path, transport: str) -> Iterator[tuple[str, int, str]]:
    if not path.exists():  # no IPv6
        return
    for line in path.read_text("ascii").splitlines()[1:]:
        _, local, _, state, *rest = line.split()
        if state == _LISTENS[transport]:
            raw, _, port = local.partition(":")
            yield address(raw), int(port, 16), rest[5]


def address(raw: str) -> str:
    """Read an address as /proc/net writes it: words of 32 bits in the machine's own byte order."""
    order = "<" if sys.byteorder == "little" else ">"
    words = [int(raw[place : place + 8], 16) for place in range(0, len(raw), 8)]
    packed = struct.pack(f"{order}{len(words)}I", *words)
    return socket.inet_ntop(socket.AF_INET if len(words) == 1 else socket.AF_INET6, packed)


def _owners(inodes: set[str]) -> dict[str, str]:
    """Return the name of a program that holds each socket; for those that still run."""
    owners: dict[str, str] = {}
    for process in Path("/proc").glob("[0-9]*"):
        held = _held(process / "fd") & inodes
        if held:
            with contextlib.suppress(OSError):  # it ended meanwhile
                name = (process / "comm").read_text("utf-8", "replace").strip()
                owners.update(dict.fromkeys(held, name))
    return owners


def _held(folder: Path) -> set[str]:
    """Return the sockets a process has open, save for those it closes while we look."""
    held = set()
    with contextlib.suppress(OSError):
        for entry in os.listdir(folder):  # noqa: PTH208 - thousands of processes, names are enough
            with contextlib.suppress(OSError):
                # Path.readlink would make a path of `socket:[7]`.
                found = _SOCKET.match(os.readlink(folder / entry))  # noqa: PTH115
                if found:
                    held.add(found[1])
    return held


def files(rules: Mapping[str, Mapping[str, str]]) -> Json:
    """Return, by glob, how many files there are and those that more people may touch than allowed."""
    found = {}
    for pattern, rule in rules.items():
        allowed = int(rule["mode"], 8)
        wrong = []
        paths = sorted(glob.glob(pattern))  # noqa: PTH207 - a whole path may be a pattern
        for path in paths:
            said = Path(path).stat()
            mode = stat.S_IMODE(said.st_mode)
            owner = _user(said.st_uid)
            if mode & ~allowed or owner not in {rule["owner"], "root"}:
                wrong.append({"path": path, "mode": f"{mode:04o}", "owner": owner})
        found[pattern] = {"files": len(paths), "wrong": wrong[:_NAMED], "more": len(wrong[_NAMED:])}
    return found


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def accounts(guesses: Sequence[str]) -> Json:
    """Return the names of accounts that anybody may log in to, and of further masters of the machine."""
    empty: list[str] = []
    guessed: list[str] = []
    hashes: list[tuple[str, str]] = []
    for line in SHADOW.read_text("utf-8", "replace").splitlines():
        name, _, rest = line.partition(":")
        verifier = rest.partition(":")[0]
        if not verifier:
            empty.append(name)
        elif verifier[0] not in "!*":
            hashes.append((name, verifier))
    lines = PASSWD.read_text("utf-8", "replace").splitlines()
    # passwd(5): name:password:uid:…
    users = [fields for line in lines if len(fields := line.split(":")) > 2]  # noqa: PLR2004 - as above
    unguarded = [fields[0] for fields in users if not fields[1]]
    masters = [fields[0] for fields in users if fields[2] == "0"]
    tried = "all"
    if hashes and guesses:
        guessed, tried = _guess(hashes, guesses)
    return {
        "empty": sorted({*empty, *unguarded})[:_NAMED],
        "default": guessed[:_NAMED],
        "tried": tried,
        "with_password": len(hashes),
        "masters": masters[:_NAMED],
    }


def _guess(hashes: list[tuple[str, str]], guesses: Sequence[str]) -> tuple[list[str], str]:
    """Try passwords, and each account's own name; say whether there was time for all of them."""
    try:
        library = ctypes.CDLL(ctypes.util.find_library("crypt") or "libcrypt.so.1")
        crypt = library.crypt
    except (OSError, AttributeError):
        return [], "none: there is no crypt(3) on this server"
    crypt.restype = ctypes.c_char_p
    crypt.argtypes = [ctypes.c_char_p, ctypes.c_char_p]
    until = time.monotonic() + _GUESS_SECONDS
    guessed: list[str] = []
    for name, verifier in hashes:
        salt = verifier.encode()
        for word in dict.fromkeys([name, *guesses]):
            if time.monotonic() > until:
                return guessed, "some: there was no time for more"
            if crypt(word.encode(), salt) == salt:
                guessed.append(name)
                break
    return guessed, "all"


def sshd() -> Json:
    """Return sshd's settings in force for root from somewhere else, as it tells them itself."""
    try:
        text = run(
            ["sshd", "-T", "-C", "user=root,host=elsewhere.invalid,addr=192.0.2.1"], timeout=20
        )
    except TargetError as error:
        if error.kind != "missing":
            raise
        text = run(["/usr/sbin/sshd", "-T"], timeout=20)
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        if name in _SSHD:
            found[name] = f"{found[name]} {value}" if name in found else value
    return dict(found)
