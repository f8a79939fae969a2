"""From an estate's inventory to servers that run: what is missing is made, what changed is run again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from commsroom.lab import access, configure, image, instances, saved
from commsroom.lab import engine as engines
from commsroom.lab.errors import LabFailed
from commsroom.lab.instances import Instance
from commsroom.runs import inventory

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from commsroom.lab.commands import Commands
    from commsroom.lab.engine import Engine
    from commsroom.lab.home import Home
    from commsroom.lab.plan import Server

    Told = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Site:
    """The lab's servers of one estate: what they should be, and what was noted about them.

    The notes are kept by server: `hosts` says whose it is (`estate`), what it was made to be
    (`recipe`) and which TLS files it was made for (`identity`); `placed` the TLS files that lie in its
    mount, which outlives the container.
    """

    estate: Path
    home: Home
    all: Sequence[Server]
    wanted: Sequence[Server]

    def recipes(self) -> dict[str, str]:
        """Return for each wanted server the name of the image it is saved as."""
        hostvars = inventory.listing(self.estate)["_meta"]["hostvars"]
        base = f"{image.name()} {self.home.notes().get('packages', '')}"
        return {
            server.name: saved.name(self.estate, base, server, hostvars[server.name])
            for server in self.wanted
        }

    def ours(self) -> dict[str, dict[str, str]]:
        """Return what was noted about the servers that were made for this estate."""
        hosts: dict[str, dict[str, str]] = self.home.notes().get("hosts", {})
        return {name: entry for name, entry in hosts.items() if entry["estate"] == str(self.estate)}

    def settled(self) -> bool:
        """Tell whether every wanted server answers and is what the roles say today."""
        ours, recipes = self.ours(), self.recipes()
        folder = self.estate / ".commsroom" / "lab"
        return all((folder / name).exists() for name in access.FILES) and all(
            ours.get(server.name, {}).get("recipe") == recipes[server.name]
            and ours[server.name].get("identity") == configure.identity(self.estate, server.name)
            and instances.ssh_answers(server.address)
            for server in self.wanted
        )


def start(
    site: Site, engine: Engine, machine: Commands, told: Told, *, bare: bool, anew: bool
) -> dict[str, Instance]:
    """Start the wanted servers that do not run for this estate; return those made for it.

    Args:
        site: What is wanted.
        engine: Where containers run.
        machine: Where the network is.
        told: Told each server's start.
        bare: Plain Debian is what is asked for.
        anew: From plain Debian, not as it was saved, and even those that run.
    """
    access.client_key(site.home, machine)
    ours, running, images = site.ours(), instances.running(engine), engine.images()
    recipes = site.recipes()
    made = {}
    for server in site.wanted:
        whole = ours.get(server.name, {}).keys() & {"recipe", "bare"}  # not left half made
        if whole and server.name in running and not anew and instances.ssh_answers(server.address):
            continue
        plain = anew or recipes[server.name] not in images
        source = image.name() if plain else recipes[server.name]
        made[server.name] = Instance(server.name, server.address, server.dns_name, source)
        told(server.name, "starting as plain Debian" if plain else "starting as it was saved")
        other = site.home.notes().get("hosts", {}).get(server.name, {}).get("estate")
        if server.name in running and other not in {None, str(site.estate)}:
            told(server.name, f"it was {other}'s until now")
    names = "".join(f"{each.address} {each.dns_name} {each.name}\n" for each in site.all)
    mark = {"bare": "yes"} if bare else {}
    _note(site, dict.fromkeys(made, mark), keep=ours)
    instances.start(engine, machine, list(made.values()), names)
    addresses = {server.name: server.address for server in site.all if server.name in site.ours()}
    access.write(site.home, site.estate / ".commsroom" / "lab", addresses)
    return made


def settle(site: Site, engine: Engine, made: Mapping[str, Instance], told: Told) -> None:
    """Run the roles where they are due, and save the servers that came from plain Debian.

    The servers are done side by side, each from start to end.

    Raises:
        LabFailed: the roles failed on a server; the others are settled all the same.
    """
    ours, recipes = site.ours(), site.recipes()
    identities = {name: configure.identity(site.estate, name) for name in recipes}
    servers = {server.name: server for server in site.wanted}

    def one(name: str) -> None:
        restored = name in made and made[name].image == recipes[name]
        if not restored and ours[name].get("recipe") != recipes[name]:
            configure.configure(site.estate, site.home, name, "", told)
            if name in made:
                told(name, "saving it for the next time")
                _save(engine, made[name], recipes[name], told)
        elif not _in_place(site.home, name, identities[name]):
            configure.configure(site.estate, site.home, name, configure.INSTANCE_TAG, told)

        server = servers[name]
        instances.wait_for_services(server.address, name, server.tcp)

    with ThreadPoolExecutor(len(recipes)) as pool:
        errors = {name: pool.submit(one, name) for name in recipes}
    failed = {name: run.exception() for name, run in errors.items() if run.exception()}
    good = {name: identities[name] for name in recipes if name not in failed}
    site.home.note(placed={**site.home.notes().get("placed", {}), **good})
    entries = {name: {"recipe": recipes[name], "identity": good[name]} for name in good}
    _note(site, entries, keep=ours)
    if any(instance.image == image.name() for instance in made.values()):
        engines.tidy(engine, {image.name(), *recipes.values()})
    for error in failed.values():
        if error:
            raise error


def _save(engine: Engine, made: Instance, recipe: str, told: Told) -> None:
    try:
        saved.save(engine, made, recipe)
    except LabFailed as error:
        told(made.name, str(error))  # it runs all the same; the next `up` takes longer
    instances.wait_for_ssh(made.address, made.name)


def _note(
    site: Site, entries: Mapping[str, Mapping[str, str]], *, keep: Mapping[str, Mapping[str, str]]
) -> None:
    hosts = {**site.home.notes().get("hosts", {}), **keep}
    for name, entry in entries.items():
        hosts[name] = {"estate": str(site.estate), **entry}
    site.home.note(hosts=hosts)


def _in_place(home: Home, name: str, identity: str) -> bool:
    placed = home.notes().get("placed", {}).get(name)
    return bool(placed == identity and configure.placed(home, name))
