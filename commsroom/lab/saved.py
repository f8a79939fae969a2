"""Configured servers kept as images, so that the next `up` takes seconds.

An image is named for everything that made it: the base image, the packages, the role, the playbook
and the host's variables. Another value is another name, and the server is made anew. No private
key is saved: what is a host's own is mounted, and what packages made for themselves is removed.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from commsroom.lab.errors import LabFailed, LabUnavailable
from commsroom.runs import ansible

if TYPE_CHECKING:
    from collections.abc import Mapping

    from commsroom.lab.engine import Engine
    from commsroom.lab.instances import Instance
    from commsroom.lab.plan import Server

#: The role every server gets, whatever its group.
_EVERYWHERE: Final = ("clock", "firewall")
#: Parts of a role that do not shape the server.
_ASIDE: Final = frozenset({"molecule", "README.md", "__pycache__"})
#: What packages and first boots make for one machine only. All of it is made again when missing.
_UNIQUE: Final = (
    "etc/ssh/ssh_host_*", "etc/ssl/private/ssl-cert-snakeoil.key", "etc/dovecot/private/*",
    "etc/prosody/certs/*.key", "var/lib/prosody/*.key", "var/lib/dbus/machine-id",
    "var/lib/systemd/random-seed", "var/log/journal/*", "root/.ansible", "tmp/*", "var/tmp/*",
)  # fmt: skip


def name(estate: Path, base: str, server: Server, variables: Mapping[str, Any]) -> str:
    """Return the name of the image this host is saved as, or can be started from."""
    digest = hashlib.sha256(f"{base}\0".encode())
    # Ansible's own way of reaching the host is not the host.
    shaping = {key: value for key, value in variables.items() if not key.startswith("ansible_")}
    digest.update(json.dumps(shaping, sort_keys=True, default=str).encode())
    for shown, path in _recipe(estate, set(server.groups)):
        content = path.read_bytes()
        digest.update(f"\0{shown}\0{len(content)}\0".encode() + content)
    return f"commsroom-host-{server.name}:{digest.hexdigest()[:16]}"


def save(engine: Engine, instance: Instance, image: str) -> None:
    """Save a host as an image and start it again.

    Raises:
        LabFailed: it would have held a private key, and was not saved; it runs again all the same.
    """
    container, step = instance.container, f"saving {instance.name}"
    engine.podman("stop", "--time", "10", container, step=step)
    try:
        _clean(engine, container, step)
        engine.podman("commit", "--quiet", container, image, step=step)
    finally:
        engine.podman("start", container, step=f"starting {instance.name} again")


def _recipe(estate: Path, groups: set[str]) -> list[tuple[str, Path]]:
    """Return the files that shape a host, and what they are called wherever they lie.

    They are the playbook, the roles called like the host's groups, and those that all get.
    """
    site = estate / "playbooks" / "site.yml"
    roles = estate / "roles"
    if not roles.is_dir():  # an estate of its own: the collection's roles are run
        roles = (ansible.collection() or estate) / "roles"
    if not site.is_file():
        raise LabUnavailable(
            f"{site}: there is no such file, and the lab's servers are made by it",
            remedy="run the command where the estate is, or name it with --estate",
        )
    own = [roles / name for name in (*sorted(groups), *_EVERYWHERE) if (roles / name).is_dir()]
    files = [
        (f"roles/{path.relative_to(roles)}", path)
        for role in own or [roles]
        for path in role.rglob("*")
        if path.is_file() and not _ASIDE & set(path.relative_to(role).parts)
    ]
    return sorted([*files, ("playbooks/site.yml", site)])


def _clean(engine: Engine, container: str, step: str) -> None:
    """Remove what must not be in an image from a stopped container, and see that no key is left."""
    described = json.loads(engine.podman("inspect", container, step=step))[0]
    changed = Path(described["GraphDriver"]["Data"]["UpperDir"])
    root = Path(engine.podman("mount", container, step=step).strip())
    try:
        for pattern in _UNIQUE:
            engine.run("bash", "-c", 'rm -rf -- "$1"/$2', "_", root, pattern, step=step)
        engine.run("truncate", "--size=0", root / "etc/machine-id", step=step)
        keys = engine.run(
            "grep", "-rlIE", "^-----BEGIN ([A-Z]+ )?PRIVATE KEY-----", changed, step=step, check=False
        ).splitlines()  # fmt: skip
    finally:
        engine.podman("umount", container, step=step)
    if keys:
        shown = ", ".join(f"/{Path(each).relative_to(changed)}" for each in keys[:3])
        raise LabFailed(
            f"lab: {container} is not saved: {shown} holds a private key",
            remedy="keep keys under /etc/commsroom/tls, which is never part of an image",
        )
