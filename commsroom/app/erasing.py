"""Switches that erase themselves when they are retired: which system of the inventory one is, and having it done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from commsroom.app import registering
from commsroom.app.estate import actor
from commsroom.errors import CommsroomError, UsageError
from commsroom.estate.retiring.erasing import mismatch
from commsroom.policy.devices import DeviceKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from commsroom.app.estate import Estate
    from commsroom.estate.backend import Provider
    from commsroom.estate.retiring.erasing import Erases, Erasure
    from commsroom.policy.devices import Device

#: The method this is, and the one by hand that is as strong.
METHOD: Final = "switch-erase"
BY_HAND: Final = "switch-reset"
#: The inventory's variable with the asset tag of the switch that a host is; else the host is called so.
VARIABLE: Final = "commsroom_asset"
_KINDS: Final = frozenset({DeviceKind.SWITCH, DeviceKind.GATEWAY})
_ASK_SECONDS: Final = 90.0
#: Seconds for one switch: each file of it is a command, and flash is slow.
_ERASE_SECONDS: Final = 1800.0

#: Which system a device is, and why it cannot erase itself ("" when it can).
Found = tuple[str, str]


def look(estate: Estate, devices: Iterable[Device]) -> Mapping[str, Found]:
    """Return for each switch which system it is, each asked who it is; by asset tag.

    Raises:
        UsageError: two systems say that they are one device.
    """
    found = {
        device.asset_tag: (device, *_system(estate, device))
        for device in devices
        if device.kind in _KINDS
    }
    asked = _serials(estate, [system for _, system, why in found.values() if system and not why])
    return {
        tag: (system, why or _not_it(system, asked[system], device))
        for tag, (device, system, why) in found.items()
    }


def _not_it(system: str, told: Sequence[str] | CommsroomError, device: Device) -> str:
    """Say why a system cannot erase a device, by what it was asked; "" when it can."""
    if isinstance(told, CommsroomError):
        return str(told)
    wrong = mismatch(told, device.serial)
    return f"{system}: {wrong}" if wrong else ""


def _system(estate: Estate, device: Device) -> Found:
    tag = device.asset_tag
    try:
        systems = estate.systems
    except CommsroomError as error:
        return "", str(error)
    named = [
        name
        for name, system in systems.items()
        if system.target.variables.get(VARIABLE, name) == tag
    ]
    if len(named) > 1:
        raise UsageError(
            f"inventory: {' and '.join(named)} both say that they are {tag}",
            remedy=f"{VARIABLE} is the asset tag of one of them",
        )
    if not named:
        return "", f"no host of the inventory is {tag} (its variable {VARIABLE}, or its name)"
    backend = systems[named[0]].backend
    return named[0], "" if backend.erases else f"{named[0]}: {backend.name} erases no switch"


def _serials(
    estate: Estate, systems: Sequence[str]
) -> Mapping[str, Sequence[str] | CommsroomError]:
    def work(_name: str, provider: Provider) -> Sequence[str]:
        return cast("Erases", provider).serials()

    return estate.fleet.each(work, on=systems, deadline=_ASK_SECONDS) if systems else {}


def used_by(estate: Estate, system: str) -> str:
    """Say how many devices of the register are on a switch's ports, "" for none: they lose it."""
    devices = registering.present(estate).devices
    held = sum(one.port.partition(":")[0] == system for one in devices)
    return f"devices on its ports, by the register: {held}" if held else ""


def erase(estate: Estate, system: str, serial: str) -> Erasure:
    """Have a switch erased; nobody applies meanwhile, and saves what was erased.

    Raises:
        CommsroomError: it cannot be asked; nothing of it is known to be erased.
    """

    def work(_name: str, provider: Provider) -> Erasure:
        return cast("Erases", provider).erase(serial)

    with estate.ledger.lock(actor(), command="decommission"):
        found = estate.fleet.each(work, on=[system], deadline=_ERASE_SECONDS).get(system)
    if found is None:
        raise CommsroomError(f"{system} is not in the inventory any more")
    if isinstance(found, CommsroomError):
        raise found
    return cast("Erasure", found)
