"""The verbs of the lab: up, down, status."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from commsroom.errors import CommsroomError
from commsroom.lab import access, elevated, home, image, instances, making, network, plan
from commsroom.lab import engine as engines
from commsroom.lab.commands import Commands
from commsroom.lab.errors import LabUnavailable
from commsroom.lab.making import Site
from commsroom.secrets.authority import Authority

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    Told = Callable[[str, str], None]

_SSH_PORT: Final = 22


@dataclass(frozen=True, slots=True)
class Status:
    """What of the lab runs, and how to get at it."""

    hosts: Mapping[str, Mapping[str, Any]]
    services: Mapping[str, tuple[str, int]]
    ca: Path
    up: bool

    def document(self) -> dict[str, Any]:
        """Return the form of `commsroom lab status --json`."""
        return {
            "up": self.up,
            "hosts": {name: dict(entry) for name, entry in self.hosts.items()},
            "services": {name: list(place) for name, place in self.services.items()},
            "ca": str(self.ca),
        }


def up(
    estate: Path,
    *,
    progress: Told,
    only: Iterable[str] | None = None,
    fresh: bool = False,
    bare: bool = False,
) -> Status:
    """See that the lab's servers run and are what the roles say; makes what is missing.

    A server that runs for another estate is made anew for this one: the lab's are throw-away.

    Args:
        estate: Root of the estate; its inventory says which servers there are.
        progress: Told the step and a detail, from several threads.
        only: Just these servers.
        fresh: Make servers anew from plain Debian, not from saved ones, whatever is on them.
        bare: Make servers anew as plain Debian, and do not run the roles. For work on a role.

    Raises:
        LabUnavailable: this machine cannot hold the lab.
        LabFailed: a step failed.
    """
    lab, estate = home.find(), estate.resolve()
    everyone = plan.servers(estate)
    site = Site(estate, lab, everyone, _chosen(estate, everyone, only))
    if elevated.needed():
        if fresh or bare or not site.settled():
            options = [*(["--fresh"] if fresh else []), *(["--bare"] if bare else [])]
            names = [server.name for server in site.wanted]
            elevated.call(estate, "up", *options, *names, progress=progress)
        return status(estate)
    with lab.locked(progress):
        _certify(site)
        if not (fresh or bare) and site.settled():
            return status(estate)
        machine = Commands(lab.log)
        engine = engines.enter(lab, machine)
        if image.name() not in engine.images():
            image.make(lab, machine, engine, progress)
        try:
            made = making.start(site, engine, machine, progress, bare=bare, anew=fresh or bare)
            if not bare:
                making.settle(site, engine, made, progress)
        finally:
            access.hand_back(estate)
        return status(estate)


def down(estate: Path, *, purge: bool = False) -> None:
    """Remove the estate's servers and throw-away hosts, and the network when nobody else uses it.

    With `purge`, the lab goes as a whole: other estates' servers, images, packages and keys too.
    """
    lab, estate = home.find(), estate.resolve()
    for name in access.FILES:
        (estate / ".commsroom" / "lab" / name).unlink(missing_ok=True)
    if not lab.path.exists():
        return
    if elevated.needed():
        options = ["--purge"] if purge else []
        elevated.call(estate, "down", *options, progress=lambda _step, _detail: None)
        return
    with lab.locked():
        machine = Commands(lab.log)
        engine = engines.enter(lab, machine)
        notes = lab.notes()
        there = {name.removeprefix(instances.PREFIX) for name in engine.containers()}
        there |= set(network.attached(engine))
        others = set() if purge else _of_others(estate, notes) & there
        instances.remove(engine, machine, there - others, keys=purge)
        for kind in ("hosts", "extras"):
            lab.note(**{kind: {k: v for k, v in notes.get(kind, {}).items() if k in others}})
        if not others:
            network.remove_bridge(machine)
            engines.leave(lab, machine)
        if purge:
            shutil.rmtree(lab.path)  # nothing is mounted in it any more


def status(estate: Path) -> Status:
    """Return what runs now, asked of the servers themselves; needs no root."""
    lab, estate = home.find(), estate.resolve()
    everyone = plan.servers(estate)
    ours = Site(estate, lab, everyone, everyone).ours()
    answering = [
        server
        for server in everyone
        if server.name in ours and instances.ssh_answers(server.address)
    ]
    reach = {
        "ssh_port": _SSH_PORT,
        "ssh_user": "root",
        "ssh_key": str(estate / ".commsroom" / "lab" / "id_ed25519"),
    }
    return Status(
        hosts={server.name: {"address": server.address, **reach} for server in answering},
        services={
            service: (server.address, port)
            for server in answering
            for service, port in server.services.items()
        },
        ca=estate / ".commsroom" / "ca" / "ca.crt",
        up=len(answering) == len(everyone),
    )


def _chosen(
    estate: Path, everyone: Iterable[plan.Server], only: Iterable[str] | None
) -> list[plan.Server]:
    servers = {server.name: server for server in everyone}
    names = list(servers) if only is None else list(only)
    unknown = [name for name in names if name not in servers]
    if unknown:
        raise LabUnavailable(
            f"lab: {estate / 'inventory'} has no server {unknown[0]} in the lab's network",
            remedy=f"one of {', '.join(servers)}",
        )
    return [servers[name] for name in names]


def _of_others(estate: Path, notes: Mapping[str, Any]) -> set[str]:
    """Return the hosts that other estates have here, under names that are not ours."""
    try:
        own = {server.name for server in plan.servers(estate)}
    except CommsroomError:
        own = set()  # an inventory that cannot be read must not keep the lab up
    return {
        name
        for kind in ("hosts", "extras")
        for name, entry in notes.get(kind, {}).items()
        if entry["estate"] != str(estate) and name not in own
    }


def _certify(site: Site) -> None:
    authority = Authority(site.estate / ".commsroom" / "ca")
    for server in site.wanted:
        names = [server.dns_name, *server.other_names]
        authority.server(server.name, names, addresses=[server.address])
