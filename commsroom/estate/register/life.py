"""What may happen to a device, in which order, and where it stands after each step (clause 3.2.1)."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Self

from commsroom.errors import UsageError
from commsroom.estate.resource import Address
from commsroom.policy.devices import Device, DeviceState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

#: What stands before the colon in a device's address: it is on no system.
REGISTER: Final = "equipment"
#: Kind of a device's address.
KIND: Final = "device"


class Step(StrEnum):
    """What happened; the ledger's event is called `device STEP`."""

    DELIVERED = "delivered"  #: it arrived for a line of an approved order
    ISSUED = "issued"
    RETURNED = "returned"
    FAULT = "fault"
    REPAIRED = "repaired"
    MOVED = "moved"
    MAINTAINED = "maintained"
    LOST = "lost"
    FOUND = "found"  #: a lost one is back, and in stock
    RETIRED = "retired"
    CORRECTED = "corrected"  #: somebody answers for what the row says


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a device is: what changes in its life, and what devices.csv repeats."""

    state: DeviceState
    holder: str
    site: str
    port: str

    @classmethod
    def of(cls, device: Device) -> Self:
        """Take it from a row."""
        return cls(device.state, device.holder, device.site, device.port)


@dataclass(frozen=True, slots=True)
class Life:
    """The last thing recorded of a device, and where it stands since. `event` is its number."""

    standing: Standing
    step: Step
    day: date
    event: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One step of a device's life. `details` are texts: reason, task, cost, by, …; never a secret."""

    tag: str
    step: Step
    day: date
    before: Standing
    after: Standing
    details: Mapping[str, str] = field(default_factory=dict)
    #: Who recorded it and when (UTC), "" while it is not recorded.
    actor: str = ""
    at: str = ""

    @property
    def address(self) -> Address:
        """Name the device as the ledger does."""
        return address(self.tag)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One thing that a row and the ledger say differently; the ledger has the last word."""

    device: Device
    name: str
    row: str
    ledger: str
    life: Life


def address(tag: str) -> Address:
    """Return a device's address: `equipment:device/LH-P001`."""
    return Address(REGISTER, KIND, tag)


def at_present(devices: Iterable[Device], lives: Mapping[str, Life]) -> tuple[Device, ...]:
    """Return the devices as they stand: the ledger's last word where it has one, else the row's."""
    return tuple(
        device if (life := lives.get(device.asset_tag)) is None else placed(device, life.standing)
        for device in devices
    )


def placed(device: Device, standing: Standing) -> Device:
    """Return a device as it is somewhere else."""
    if Standing.of(device) == standing:
        return device
    return replace(
        device,
        state=standing.state,
        holder=standing.holder,
        site=standing.site,
        port=standing.port,
    )


def disagreements(devices: Iterable[Device], lives: Mapping[str, Life]) -> Iterator[Disagreement]:
    """Yield what rows say otherwise than the ledger."""
    for device in devices:
        life = lives.get(device.asset_tag)
        if life is None or (row := Standing.of(device)) == life.standing:
            continue
        for item in fields(Standing):
            said, known = str(getattr(row, item.name)), str(getattr(life.standing, item.name))
            if said != known:
                yield Disagreement(device, item.name, said, known, life)


# ── steps: each takes a device as it stands, and returns where it stands after, or refuses ──────


def delivered(device: Device) -> Standing:
    """Take a new device into stock: its row has it there already."""
    if device.state is not DeviceState.STOCK:
        raise _refused(device, f"is {_state(device)}: what arrives is in stock first", "")
    return Standing.of(device)


def issued(device: Device, holder: str, *, site: str = "", port: str = "") -> Standing:
    """Hand a device of the stock to a person or place."""
    if device.state is DeviceState.ISSUED:
        raise _refused(device, f"is issued to {device.holder}", f"return {device.asset_tag}")
    if device.state is DeviceState.REPAIR:
        raise _refused(device, "is in repair", f"repair {device.asset_tag}")
    _here(device)
    return Standing(DeviceState.ISSUED, holder, site or device.site, port)


def returned(device: Device, *, place: str = "", site: str = "") -> Standing:
    """Take a device back to a `place`; one in repair stays there, is nobody's and at no place."""
    _here(device)
    if device.state is DeviceState.STOCK:
        raise _refused(device, "is in stock", "")
    if device.state is DeviceState.REPAIR:
        if not device.holder:
            raise _refused(device, "is in repair, and nobody's", f"repair {device.asset_tag}")
        return Standing(DeviceState.REPAIR, "", site or device.site, "")
    return Standing(DeviceState.STOCK, place, site or device.site, "")


def broken(device: Device) -> Standing:
    """Report a fault: the device is in repair until it is repaired or retired; it keeps its holder."""
    _here(device)
    if device.state is DeviceState.REPAIR:
        raise _refused(device, "is in repair already", f"repair {device.asset_tag}")
    return replace(Standing.of(device), state=DeviceState.REPAIR)


def repaired(device: Device, *, was: DeviceState) -> Standing:
    """End a repair: the device is what it `was` before, for the same holder; else in stock."""
    _not_retired(device)
    if device.state is not DeviceState.REPAIR:
        raise _refused(
            device, f"is not in repair but {_state(device)}", f"fault {device.asset_tag}"
        )
    if device.holder and was is DeviceState.ISSUED:
        return replace(Standing.of(device), state=DeviceState.ISSUED)
    return replace(Standing.of(device), state=DeviceState.STOCK, port="")


def moved(
    device: Device, *, site: str | None = None, port: str | None = None, place: str | None = None
) -> Standing:
    """Put a device somewhere else; None leaves a part as it is, "" empties it."""
    _here(device)
    if device.state is DeviceState.STOCK and port:
        raise _refused(device, "is in stock, at no port", f"issue {device.asset_tag} HOLDER")
    if device.state is DeviceState.REPAIR and place:
        raise _refused(device, "is in repair, at no place", f"repair {device.asset_tag}")
    before = Standing.of(device)
    after = replace(
        before,
        site=before.site if site is None else site,
        port=before.port if port is None else port,
        holder=before.holder if place is None else place,
    )
    if after == before:
        raise UsageError(f"{device.asset_tag} is there already: {told(before)}")
    return after


def corrected(device: Device, row: Standing) -> Standing:
    """Take over what a row says; of a lost one nothing: it is found first."""
    if device.state is DeviceState.LOST:
        raise _refused(device, "is lost", f"found {device.asset_tag} --by ID")
    return row


def lost(device: Device) -> Standing:
    """Report a device lost: it is nobody's, and at no port, until it is found."""
    _not_retired(device)
    if device.state is DeviceState.LOST:
        raise _refused(device, "is lost already", f"lost {device.asset_tag}")
    return Standing(DeviceState.LOST, "", device.site, "")


def found(device: Device) -> Standing:
    """Take a lost device back into stock."""
    if device.state is not DeviceState.LOST:
        raise _refused(device, f"is not lost but {_state(device)}", "")
    return Standing(DeviceState.STOCK, "", device.site, "")


def retired(device: Device) -> Standing:
    """End a device's life; who holds it gives it back first."""
    _not_retired(device)
    if device.state is DeviceState.ISSUED:
        raise _refused(device, f"is issued to {device.holder}", f"return {device.asset_tag}")
    return Standing(DeviceState.RETIRED, "", device.site, "")


def maintained(device: Device) -> Standing:
    """Do a task of a maintenance plan: the device stays where it is."""
    _here(device)
    return Standing.of(device)


def told(standing: Standing) -> str:
    """Say where a device is in a few words: `issued to L007 at taipei, port sw-3f:Gi1/0/7`."""
    to = f" to {standing.holder}" if standing.state is DeviceState.ISSUED else ""
    if standing.state is not DeviceState.ISSUED and standing.holder:
        to = f" ({standing.holder})"
    word = "in " if standing.state in {DeviceState.STOCK, DeviceState.REPAIR} else ""
    at = f", port {standing.port}" if standing.port else ""
    return f"{word}{standing.state}{to} at {standing.site}{at}"


def _not_retired(device: Device) -> None:
    if device.state is DeviceState.RETIRED:
        raise UsageError(
            f"{device.asset_tag} is retired", remedy="a device that is gone does not come back"
        )


def _here(device: Device) -> None:
    _not_retired(device)
    if device.state is DeviceState.LOST:
        raise _refused(device, "is lost", f"found {device.asset_tag} --by ID")


def _state(device: Device) -> str:
    return "in stock" if device.state is DeviceState.STOCK else str(device.state)


def _refused(device: Device, why: str, then: str) -> UsageError:
    return UsageError(
        f"{device.asset_tag} {why}", remedy=f"commsroom device {then}" if then else ""
    )
