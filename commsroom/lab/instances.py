"""Containers that behave like servers: systemd, SSH, an address, keys of their own."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from commsroom.lab import access, image, network
from commsroom.lab import engine as engines
from commsroom.lab.errors import LabFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from commsroom.lab.commands import Commands
    from commsroom.lab.engine import Engine

_SSH: Final = 22
_READY_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Instance:
    """One host of the lab: name, address, and the image it starts from."""

    name: str
    address: str
    image: str
    domain: str = ""

    @property
    def container(self) -> str:
        """Its name in podman."""
        return f"{network.PREFIX}{self.name}"


def start(engine: Engine, machine: Commands, wanted: Sequence[Instance]) -> None:
    """Make these hosts anew and wait until their SSH answers; what was there of them is removed."""
    engines.remove_all(engine, [each.container for each in wanted])
    network.raise_bridge(machine)
    for each in wanted:
        network.attach(machine, engine.run, each.name, each.address)
        _create(engine, machine, each)
    engine.podman("start", *(each.container for each in wanted), step="starting the hosts")
    for each in wanted:
        wait_for_ssh(each.address, each.name)


def remove(engine: Engine, machine: Commands, names: Iterable[str]) -> None:
    """Remove hosts with their containers, network and keys."""
    listed = list(names)
    engines.remove_all(engine, [f"{network.PREFIX}{name}" for name in listed])
    network.detach(machine, engine.run, listed)
    for name in listed:
        machine("rm", "-rf", "--one-file-system", engine.home.hosts / name, step=f"removing {name}")


def running(engine: Engine) -> set[str]:
    """Return the names of the hosts whose container runs and whose SSH answers."""
    found = {
        name.removeprefix(network.PREFIX)
        for name, entry in engine.containers().items()
        if entry["State"] == "running"
    }
    return found & set(network.namespaces(engine.run))


def wait_for_ssh(address: str, name: str, seconds: float = _READY_SECONDS) -> None:
    """Return when sshd has said its name; raises LabFailed when it does not in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if ssh_answers(address):
            return
        time.sleep(0.1)
    raise LabFailed(
        f"lab: {name} ({address}) did not answer on SSH within {seconds:.0f} s",
        remedy="commsroom lab up --fresh makes it anew",
    )


def ssh_answers(address: str) -> bool:
    """Tell whether an SSH server greets us at the address now."""
    try:
        with socket.create_connection((address, _SSH), timeout=1.0) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def hosts_file(addresses: Mapping[str, str], domain: str) -> str:
    """Return /etc/hosts for hosts that have no DNS."""
    lines = ["127.0.0.1 localhost", "::1 localhost ip6-localhost"]
    for name, address in sorted(addresses.items()):
        lines.append(f"{address} {name}.{domain} {name}" if domain else f"{address} {name}")
    return "\n".join(lines) + "\n"


def _create(engine: Engine, machine: Commands, each: Instance) -> None:
    own = access.own_files(engine.home, machine, each.name)
    tls = own / "tls"
    tls.mkdir(mode=0o755, exist_ok=True)
    engine.podman(
        "create", "--name", each.container, "--hostname", each.name, "--privileged",
        "--systemd", "always", "--network", f"ns:/run/netns/{network.PREFIX}{each.name}",
        "--no-hosts", "--dns", "none", "--log-driver", "none", "--stop-timeout", "5",
        "--volume", f"{engine.home.packages}:/srv/packages:ro",
        "--volume", f"{own}:{image.OWN}:ro", "--volume", f"{tls}:{access.TLS}",
        each.image, "/sbin/init", step=f"making {each.name}",
    )  # fmt: skip
