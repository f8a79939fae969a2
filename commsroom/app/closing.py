"""decommission, first step: what lived on a device alone is closed on the systems before it is wiped.

Which objects those are is not listed by hand: policy is compiled with the device and without it, and what
is there no more, or changes, is what was there for it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from commsroom.app import planning, registering
from commsroom.app.scope import Scope
from commsroom.estate.guards import Allow
from commsroom.policy.devices import DeviceKind, DeviceState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from commsroom.app.estate import Estate
    from commsroom.app.progress import Progress
    from commsroom.policy.devices import Device

#: What a maker's service goes on handing out to a telephone by its MAC address, wherever it is plugged in.
REDIRECTS: Final = {
    "yealink": "RPS", "poly": "ZTP", "polycom": "ZTP", "cisco": "EDOS", "grandstream": "GDMS",
    "snom": "SRAPS", "fanvil": "FDPS",
}  # fmt: skip


def addresses(estate: Estate, devices: Sequence[Device]) -> dict[str, tuple[str, ...]]:
    """Return by asset tag which objects are there, or are as they are, because of these devices alone.

    Policy is compiled twice, however many they are. What hangs on several of them stands with the first.

    Raises:
        CommsroomError: policy or inventory cannot be used.
    """
    policy = registering.present(estate)
    compiled = planning.compile_policy(estate, Scope())
    tags = {device.asset_tag for device in devices}
    without = replace(
        policy, devices=tuple(_gone(it) if it.asset_tag in tags else it for it in policy.devices)
    )
    left = {
        one.address: one.body
        for one in planning.desired(
            estate, compiled.allocations, compiled.as_of, compiled.at_sites, without
        )
    }
    found: dict[str, list[str]] = {tag: [] for tag in tags}
    whose = {device.port: device.asset_tag for device in devices if device.port}
    for one in compiled.desired:
        if left.get(one.address) == one.body:
            continue
        key, place = one.address.key, f"{one.address.system}:{one.address.key}"
        owner = key if key in tags else whose.get(place, devices[0].asset_tag)
        found[owner].append(str(one.address))
    return {tag: tuple(sorted(names)) for tag, names in found.items()}


def _gone(device: Device) -> Device:
    return replace(device, state=DeviceState.RETIRED, holder="", port="")


def by_hand(device: Device) -> tuple[str, ...]:
    """Return what no system of ours can close: who sees to it says so when the device is validated."""
    service = REDIRECTS.get(device.vendor.casefold())
    if device.kind is DeviceKind.PHONE and service and device.mac:
        return (f"take {device.mac} out of {device.vendor}'s redirection service ({service})",)
    return ()


def close(
    estate: Estate, globs: Sequence[str], progress: Progress, *, command: str = "decommission"
) -> str:
    """Close objects on their systems and see that they are; return why it is not done, "" when it is.

    What the guards would stop here was signed by two people, address by address; of a lost device, it is what
    must not stay.

    Raises:
        CommsroomError: nothing could be done.
    """
    from commsroom.app import applying

    owned = {str(address) for address in estate.ledger.known().owned}
    mine = tuple(glob for glob in globs if glob in owned)
    if not mine:
        return ""  # never applied: nothing of it is anywhere
    kinds = {glob.partition("/")[0] for glob in mine}
    done = applying.apply(
        estate,
        Scope(only=mine),
        allow=Allow(removals=frozenset({*kinds, "total"})),
        confirm=lambda _plan: True,
        progress=progress,
        command=command,
    )
    if done.ok:
        return ""
    failed = [f"{it.address}: {it.message}" for it in done.outcomes if it.message]
    unknown = [f"{name}: {why}" for name, why in done.remaining.unknown.items()]
    return "; ".join([*unknown, *failed][:3]) or "what was closed is still there"
