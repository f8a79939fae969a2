"""Ports of the register against the inventory: whether a switch is there, and what it calls the port.

A port has one name, the short one its switch gives it; two spellings of it would be two ports to the
register and one to the switch. Without any switch in the inventory they are somebody else's, and nothing is
said of their ports; a system of ours that is no switch is always told.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from commsroom.errors import CommsroomError, Problem, UsageError
from commsroom.estate.kinds.network import SwitchPort
from commsroom.estate.resource import Address
from commsroom.policy.devices import DeviceKind, DeviceState
from commsroom.policy.sources import DEVICES as FILE
from commsroom.policy.words import did_you_mean, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from commsroom.app.estate import Estate
    from commsroom.policy import Policy
    from commsroom.policy.devices import Device
    from commsroom.runs.inventory import System

#: More of the ports of one system help nobody; the rest is counted.
_SHOWN: Final = 10
_IN_USE: Final = frozenset({DeviceState.ISSUED, DeviceState.REPAIR})


@dataclass(frozen=True, slots=True)
class Astray:
    """A device whose port is none that policy can be carried out on, and why.

    `certain`: it cannot be meant so. Otherwise it may be on purpose: somebody else's switch, a site whose
    ports are set up by hand. `named` says that the switch itself is there.
    """

    device: Device
    message: str
    remedy: str = ""
    certain: bool = True
    named: bool = False

    @property
    def system(self) -> str:
        """The part before the colon."""
        return self.device.port.partition(":")[0]

    @property
    def text(self) -> str:
        """Message and remedy in one."""
        return f"{self.message} ({self.remedy})" if self.remedy else self.message


def astray(
    devices: Iterable[Device], policy: Policy, systems: Mapping[str, System]
) -> Iterator[Astray]:
    """Yield the devices whose port no switch of the inventory has, or has by another name."""
    switches = {
        name: system.backend.ports
        for name, system in systems.items()
        if SwitchPort.kind in system.backend.supports
    }
    for device in devices:
        if not device.port:
            continue
        name, _, port = device.port.partition(":")
        if name not in switches:
            if found := _no_switch(device, name, systems, switches):
                yield found
            continue
        names = switches[name]
        called = names.named(port) if names else port
        if not called:
            message = f"no port of {name} can be called {quoted(port)}"
            remedy = f"write it as in {name}:{names.example}" if names else ""
            yield Astray(device, message, remedy, named=True)
        elif called != port:
            message = f"{quoted(port)} is {called} on {name}"
            yield Astray(device, message, f"write {name}:{called}", named=True)
        elif device.kind is DeviceKind.PHONE and device.site not in policy.network.sites:
            message = f"network.yml has no VLANs for the site {device.site}: the port is left alone"
            yield Astray(device, message, certain=False)


def _no_switch(
    device: Device, name: str, systems: Mapping[str, System], switches: Iterable[str]
) -> Astray | None:
    known = list(switches)
    if name in systems:
        return Astray(device, f"{name} is no switch", did_you_mean(name, known))
    message = f"there is no system {quoted(name)} in the inventory"
    if alike := [other for other in known if other.casefold() == name.casefold()]:
        return Astray(device, message, f"did you mean {alike[0]!r}?")
    if not known:
        return None
    return Astray(device, message, did_you_mean(name, known), certain=False)


def warnings(policy: Policy, systems: Mapping[str, System]) -> Iterator[Problem]:
    """Yield a line for each port that is astray, at its row: of a doubtful switch or site the first."""
    told: Counter[tuple[str, str]] = Counter()
    last: dict[tuple[str, str], Astray] = {}
    for item in astray(policy.devices, policy, systems):
        sort = (item.system, "" if item.certain else item.message)
        told[sort] += 1
        if told[sort] <= (_SHOWN if item.certain else 1):
            text = f"{item.device.asset_tag}: port {item.device.port}: {item.message}"
            yield Problem(FILE, item.device.line, 1, text, item.remedy)
        else:
            last[sort] = item
    for sort, item in last.items():
        if item.certain:
            text = f"… and {told[sort] - _SHOWN} more ports of {item.system}"
            yield Problem(FILE, item.device.line, 1, text)


def check(estate: Estate, devices: Iterable[Device]) -> tuple[str, ...]:
    """Refuse ports that cannot be meant; return what is doubtful about the others, to be told.

    Raises:
        UsageError: a port is on no switch though its system is ours, or its switch calls it otherwise.
    """
    plugged = [device for device in devices if device.port]
    if not plugged:
        return ()
    systems: Mapping[str, System] = {}
    with contextlib.suppress(CommsroomError):  # without an inventory nobody can tell
        systems = estate.systems
    notes = []
    for item in astray(plugged, estate.policy, systems):
        if item.certain:
            raise UsageError(f"{item.device.port}: {item.message}", remedy=item.remedy)
        notes.append(f"{item.device.asset_tag}: port {item.device.port}: {item.text}")
    return tuple(notes)


def left_out(policy: Policy, systems: Mapping[str, System]) -> dict[Address, str]:
    """Return the ports of telephones in use that no plan can hold, with why; misnamed ones it has already."""
    phones = (
        device
        for device in policy.devices
        if device.kind is DeviceKind.PHONE and device.state in _IN_USE
    )
    return {
        Address(item.system, SwitchPort.kind, item.device.port.partition(":")[2]): (
            f"{FILE}:{item.device.line}: port of {item.device.asset_tag}: {item.text}"
        )
        for item in astray(phones, policy, systems)
        if not item.named
    }
