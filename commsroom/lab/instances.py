"""Containers that behave like servers: systemd, SSH, an address, keys of their own."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from commsroom.lab import access, image, network
from commsroom.lab import engine as engines
from commsroom.lab.errors import LabFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from commsroom.lab.commands import Commands
    from commsroom.lab.engine import Engine
    from commsroom.lab.home import Home

#: In front of a host's name in podman.
PREFIX: Final = "commsroom-"
_SSH: Final = 22
_READY_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Instance:
    """One host of the lab: its names, its address, and the image it starts from."""

    name: str
    address: str
    dns_name: str
    image: str

    @property
    def container(self) -> str:
        """Its name in podman."""
        return f"{PREFIX}{self.name}"


def start(engine: Engine, machine: Commands, wanted: Sequence[Instance], others: str) -> None:
    """Make these hosts anew and wait until their SSH answers; what was there of them is removed.

    `others` are lines for their /etc/hosts.
    """
    if not wanted:
        return
    engines.remove_all(engine, [each.container for each in wanted])
    network.raise_bridge(machine)
    for each in wanted:
        network.attach(machine, engine, each.name, each.address)
        own = access.own_files(engine.home, machine, each.name)
        (own / "hosts").write_text(f"127.0.0.1 localhost\n::1 localhost\n{others}", "utf-8")
        _create(engine, own, each)
    engine.podman("start", *(each.container for each in wanted), step="starting the hosts")
    for each in wanted:
        wait_for_ssh(each.address, each.name)


def remove(engine: Engine, machine: Commands, names: Iterable[str], *, keys: bool) -> None:
    """Remove hosts and their place in the network; with `keys`, what was their own as well."""
    listed = list(names)
    engines.remove_all(engine, [f"{PREFIX}{name}" for name in listed])
    network.detach(engine, listed)
    for name in listed if keys else ():
        own = [engine.home.hosts / name, tls_folder(engine.home, name)]
        machine("rm", "-rf", "--one-file-system", *own, step=f"removing {name}")


def running(engine: Engine) -> set[str]:
    """Return the names of the hosts whose container runs, with its network."""
    found = {
        name.removeprefix(PREFIX)
        for name, entry in engine.containers().items()
        if entry["State"] == "running"
    }
    return found & set(network.attached(engine))


def wait_for_ssh(address: str, name: str) -> None:
    """Return when sshd has said its name; raises LabFailed when it does not in time."""
    _wait(lambda: ssh_answers(address), f"{name} ({address}) on SSH")


def wait_for_services(address: str, name: str, services: Mapping[str, int]) -> None:
    """Return when all these ports can be connected to; raises LabFailed when not in time."""
    for service, port in services.items():
        _wait(partial(_connects, address, port), f"{name} ({address}) on {service}, port {port}")


def ssh_answers(address: str) -> bool:
    """Tell whether an SSH server greets us at the address now."""
    try:
        with socket.create_connection((address, _SSH), timeout=1.0) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def _connects(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), timeout=1.0).close()
    except OSError:
        return False
    return True


def _wait(ready: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + _READY_SECONDS
    while not ready():
        if time.monotonic() > end:
            raise LabFailed(
                f"lab: no answer from {what} within {_READY_SECONDS:.0f} s",
                remedy="commsroom lab up --fresh makes it anew",
            )
        time.sleep(0.1)


def tls_folder(home: Home, name: str) -> Path:
    """Return where this machine keeps what the host sees under `image.TLS`."""
    return home.hosts / f"{name}.tls"


def _create(engine: Engine, own: Path, each: Instance) -> None:
    tls = tls_folder(engine.home, each.name)
    tls.mkdir(mode=0o755, exist_ok=True)
    engine.podman(
        "create", "--name", each.container, "--hostname", each.name, "--privileged",
        "--systemd", "always", "--network", f"ns:/run/netns/{network.namespace(engine.home, each.name)}",
        "--no-hosts", "--dns", "none", "--log-driver", "none", "--stop-timeout", "5",
        "--volume", f"{engine.home.packages}:/srv/packages:ro",
        "--volume", f"{own}:{image.OWN}:ro", "--volume", f"{tls}:{image.TLS}",
        each.image, "/sbin/init", step=f"making {each.name}",
    )  # fmt: skip
