"""Throw-away hosts of plain Debian, for tests of a role (Molecule) and for trying things."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any, Final

from commsroom.lab import access, elevated, home, image, instances, network, plan
from commsroom.lab import engine as engines
from commsroom.lab.commands import Commands
from commsroom.lab.errors import LabUnavailable
from commsroom.lab.instances import Instance
from commsroom.secrets.authority import Authority

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

#: Addresses from here on are theirs; an estate's own servers are below.
_FIRST: Final = 100
_SSH_PORT: Final = 22


def run(
    estate: Path, name: str, *, progress: Callable[[str, str], None], names: Sequence[str] = ()
) -> dict[str, Any]:
    """Make a throw-away host with a certificate of the estate; one of the same name goes first.

    Args:
        estate: Whose authority signs its certificate.
        name: Of the host; `NAME.DOMAIN` is in its certificate.
        progress: Told each step.
        names: Further names for its certificate.

    Returns:
        How to reach it: address, user, port, SSH configuration and key, TLS files.
    """
    lab, estate = home.find(), estate.resolve()
    if elevated.needed():
        dns = [f"--dns={each}" for each in names]
        return elevated.call(estate, "run", name, *dns, progress=progress)
    with lab.locked(progress):
        machine = Commands(lab.log)
        engine = engines.enter(lab, machine)
        if image.name() not in engine.images():
            image.make(lab, machine, engine, progress)
        everyone = plan.servers(estate)
        if any(server.name == name for server in everyone):
            raise LabUnavailable(
                f"{name} is a server of the estate", remedy="give a throw-away host another name"
            )
        extras: dict[str, dict[str, str]] = lab.notes().get("extras", {})
        taken = (entry["address"] for entry in extras.values())
        address = extras[name]["address"] if name in extras else _free(taken)
        lab.note(extras={**extras, name: {"estate": str(estate), "address": address}})
        dns = [f"{name}.{everyone[0].domain}", *names]
        folder = estate / ".commsroom" / "ca"
        Authority(folder).server(name, dns, addresses=[address])
        access.client_key(lab, machine)
        one = Instance(name, address, dns[0], image.name())
        instances.start(engine, machine, [one], f"{address} {dns[0]} {name}\n")
        files = estate / ".commsroom" / "lab" / name
        access.write(lab, files, {name: address})
        access.hand_back(estate)
        return {
            "name": name, "address": address, "user": "root", "port": _SSH_PORT,
            "ssh_config": str(files / "ssh_config"), "ssh_key": str(files / "id_ed25519"),
            "certificate": str(folder / f"{name}.crt"), "key": str(folder / f"{name}.key"),
            "ca": str(folder / "ca.crt"),
        }  # fmt: skip


def remove(estate: Path, name: str) -> None:
    """Remove a throw-away host and what was made for it; one that is not there is no error."""
    lab = home.find()
    if not lab.path.exists():
        return
    if elevated.needed():
        elevated.call(estate, "rm", name, progress=lambda _step, _detail: None)
        return
    with lab.locked():
        extras: dict[str, dict[str, str]] = lab.notes().get("extras", {})
        if name not in extras:
            return
        machine = Commands(lab.log)
        instances.remove(engines.enter(lab, machine), machine, [name], keys=True)
        lab.note(extras={key: entry for key, entry in extras.items() if key != name})
    state = estate.resolve() / ".commsroom"
    files = state / "lab" / name
    for path in (*files.glob("*"), *(state / "ca").glob(f"{name}.*")):
        path.unlink(missing_ok=True)
    if files.is_dir():
        files.rmdir()


def _free(taken: Iterable[str]) -> str:
    used = set(taken)
    for number in range(_FIRST, network.NETWORK.num_addresses - 1):
        if str(network.NETWORK[number]) not in used:
            return str(ipaddress.IPv4Address(network.NETWORK[number]))
    raise LabUnavailable("the lab's network is full", remedy="commsroom lab down frees it")
