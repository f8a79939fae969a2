"""The keys of the lab: made here at `up`, in no image and in no repository."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from commsroom import files

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from commsroom.lab.commands import Commands
    from commsroom.lab.home import Home

#: What `write` leaves in an estate.
FILES: Final = ("id_ed25519", "known_hosts", "ssh_config")
_HOST_KEY: Final = "ssh_host_ed25519_key"


def client_key(home: Home, run: Commands) -> None:
    """Make the key that opens the lab's hosts, once."""
    _key(run, home.key, "commsroom lab")


def own_files(home: Home, run: Commands, name: str) -> Path:
    """Make what a host has of its own: its SSH host key and who may log in. Mounted at `image.OWN`."""
    folder = home.hosts / name
    folder.mkdir(parents=True, exist_ok=True)
    _key(run, folder / _HOST_KEY, name)
    (folder / "authorized_keys").write_text(
        home.key.with_suffix(".pub").read_text("utf-8"), "utf-8"
    )
    return folder


def hand_back(estate: Path) -> None:
    """Give what root made in the estate's `.commsroom` to the estate's owner."""
    owner = estate.stat()
    state = estate / ".commsroom"
    if os.geteuid() == 0 and owner.st_uid != 0:
        for path in (state, *state.rglob("*")):
            if path.lstat().st_uid == 0:
                os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def write(home: Home, folder: Path, hosts: Mapping[str, str]) -> None:
    """Write `ssh_config`, `known_hosts` and the key for these hosts (name → address).

    Args:
        home: The lab.
        folder: Where to; `ssh_config` names the files beside it by their whole path.
        hosts: Address by name.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    key, known = folder / "id_ed25519", folder / "known_hosts"
    public = {name: (home.hosts / name / f"{_HOST_KEY}.pub").read_text("utf-8") for name in hosts}
    texts = {
        key: home.key.read_text("utf-8"),
        known: "".join(f"{hosts[name]} {' '.join(public[name].split()[:2])}\n" for name in hosts),
        folder / "ssh_config": "\n".join(_blocks(hosts, key, known)),
    }
    for path, text in texts.items():
        files.replace_private(path, text)


def _blocks(hosts: Mapping[str, str], key: Path, known: Path) -> Iterable[str]:
    yield "# Written by `commsroom lab up`; the operator's own ~/.ssh/config is left alone."
    for name, address in sorted(hosts.items()):
        yield f"Host {name}\n  HostName {address}\n"
    yield (
        f'Host *\n  User root\n  IdentityFile "{key}"\n  IdentitiesOnly yes\n  IdentityAgent none\n'
        f'  UserKnownHostsFile "{known}"\n  StrictHostKeyChecking yes\n  HostKeyAlgorithms ssh-ed25519\n'
        "  PreferredAuthentications publickey\n  ConnectTimeout 5\n"
    )


def _key(run: Commands, path: Path, comment: str) -> None:
    if not (path.exists() and path.with_suffix(".pub").exists()):
        path.unlink(missing_ok=True)
        run(
            "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path,
            step=f"making {comment}'s key",
        )  # fmt: skip
