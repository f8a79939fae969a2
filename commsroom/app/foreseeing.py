"""What a plan would refuse or leave out of telephones and switches, told without asking any system."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from commsroom.app import plugging
from commsroom.errors import CommsroomError, PolicyErrors, Problem
from commsroom.estate.kinds.network import SwitchPort
from commsroom.policy.validating import Beside

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from commsroom.estate.resource import Address, Resource
    from commsroom.policy import Policy
    from commsroom.policy.allocations import Allocations
    from commsroom.runs.inventory import System


def sites(policy: Policy, systems: Mapping[str, System]) -> Iterator[Problem]:
    """Yield the sites that a system is to serve and the company does not have."""
    known = policy.company.sites
    for name, system in systems.items():
        for site in system.sites:
            if site not in known:
                message = f"{name}: commsroom_sites: there is no site {site!r}"
                yield Problem("inventory", 0, 0, message, f"one of {', '.join(known)}")


def beside(
    policy: Policy, allocations: Allocations, day: date, systems: Mapping[str, System]
) -> Beside:
    """Return what no plan gets past, and what one would name as unsupported."""
    from commsroom.estate import compile as compiling

    infos = [
        compiling.SystemInfo(name, frozenset(system.backend.supports), system.sites)
        for name, system in systems.items()
    ]
    if wrong := [*sites(policy, systems), *compiling.switch_clashes(policy, infos)]:
        return Beside(problems=wrong)
    try:
        wanted = compiling.compile_equipment(policy, allocations, day, infos)
    except PolicyErrors as error:
        return Beside(problems=error.problems)
    except CommsroomError as error:
        return Beside(problems=[_where(error)])
    told = [*plugging.warnings(policy, systems), *_refused(wanted, systems)]
    return Beside(warnings=told)


def _where(error: CommsroomError) -> Problem:
    """Take the place out of a message that begins with one: `policies/devices.csv:7: port: …`."""
    file, colon, rest = error.message.partition(":")
    line, _, message = rest.partition(": ")
    if colon and line.isdigit():
        return Problem(file, int(line), 1, message, error.remedy)
    return Problem("policies", 0, 0, error.message, error.remedy)


def _refused(wanted: list[Resource], systems: Mapping[str, System]) -> Iterator[Problem]:
    """Yield a line for each reason why systems cannot hold something: the first of it, and how many more."""
    alike: dict[tuple[str, str, str], list[Resource]] = defaultdict(list)
    for name, system in systems.items():
        mine = [item for item in wanted if item.address.system == name and _named(item, system)]
        if mine and system.backend.staged:
            mine = list(system.backend.staged(mine, {})[0])
        found: Mapping[Address, str] = system.backend.refusals(mine) if mine else {}
        for item in mine:
            if item.address in found:
                alike[name, item.address.kind, found[item.address]].append(item)
    for (name, _, why), items in alike.items():
        place, more = items[0].provenance, len(items) - 1
        others = f"; {more} more for the same reason" if more else ""
        text = f"{items[0].address} is left out, since {name} cannot hold it: {why}{others}"
        yield Problem(place.file if place else "policies", place.line if place else 0, 1, text)


def _named(item: Resource, system: System) -> bool:
    """Tell of a port whether it is called as its switch calls it: what is not has been told."""
    names = system.backend.ports
    if names is None or not isinstance(item.body, SwitchPort):
        return True
    return names.named(item.address.key) == item.address.key
