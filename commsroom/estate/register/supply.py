"""What is to be bought: what posts entitle to against what there is, and what has grown old.

Clauses 3.1.1 and 3.1.2 (purchases follow need and head-count) and 3.3.1 (renewal is proposed).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from commsroom.estate.register.life import Step
from commsroom.policy.devices import Device, DeviceKind, DeviceState

if TYPE_CHECKING:
    from commsroom.estate.register.life import Entry
    from commsroom.policy import Policy
    from commsroom.policy.equipment import Renewal, Right

_YEAR: Final = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Want:
    """Somebody, or a place, is to have a device of a kind; `models` are globs of what fits."""

    holder: str
    site: str
    post: str
    kind: DeviceKind
    right: Right
    since: date


@dataclass(slots=True)
class Need:
    """All wants of one kind and sort of model: met by devices issued, by stock, or by an order."""

    kind: DeviceKind
    models: tuple[str, ...]
    wanted: int = 0
    issued: int = 0
    #: Holders without one for whom the stock has one: (holder, the device that fits).
    from_stock: list[tuple[str, Device]] = field(default_factory=list)
    #: Holders without one for whom there is none.
    missing: list[Want] = field(default_factory=list)
    in_repair: int = 0
    price: Decimal | None = None

    @property
    def cost(self) -> Decimal | None:
        """Return what an order would cost; None where no price is known."""
        return None if self.price is None else self.price * len(self.missing)


def wants(policy: Policy, day: date, until: date) -> Iterator[Want]:
    """Yield what people of the roster from `day` to `until`, and places, are to have."""
    for person in policy.people:
        if person.start > until or (person.end is not None and person.end < day):
            continue
        at = max(day, person.start)
        for kind, right in policy.entitlement(person, at).equipment.items():
            yield Want(person.id, person.site, person.position, kind, right, person.start)
    for name, place in policy.equipment.places.items():
        for kind, right in place.equipment.items():
            yield Want(name, place.site, "", kind, right, date.min)


def needs(wanted: Iterable[Want], devices: Iterable[Device]) -> tuple[Need, ...]:
    """Set wants against devices, as they stand.

    What somebody holds, also while it is in repair, meets their own want. Stock meets the others: of
    the same site first, and for wants that name models before those that take any.
    """
    there = _There(devices)
    found: dict[tuple[DeviceKind, tuple[str, ...]], Need] = {}
    unmet = []
    for want in sorted(wanted, key=lambda item: (item.since, item.holder)):
        need = found.setdefault((want.kind, want.right.models), Need(want.kind, want.right.models))
        need.wanted += 1
        if (mine := there.held_by(want)) is None:
            unmet.append(want)
            continue
        need.issued += 1
        need.in_repair += mine.state is DeviceState.REPAIR
    unmet.sort(key=lambda want: not want.right.models)  # those that are particular, first
    for want in unmet:
        need = found[want.kind, want.right.models]
        if (spare := there.in_stock(want)) is not None:
            need.from_stock.append((want.holder, spare))
        else:
            need.missing.append(want)
            need.price = need.price or there.price(want)
    return tuple(found[key] for key in sorted(found))


class _There:
    """The devices there are: who holds what, and the stock, from which is taken once."""

    def __init__(self, devices: Iterable[Device]) -> None:
        self._held: dict[tuple[str, DeviceKind], list[Device]] = {}
        #: By kind, then by product and site: few of them, whatever the stock.
        self._stock: dict[DeviceKind, dict[tuple[str, str], list[Device]]] = {}
        self._newest: dict[tuple[DeviceKind, str], Device] = {}
        for device in devices:
            if device.state in {DeviceState.ISSUED, DeviceState.REPAIR} and device.holder:
                self._held.setdefault((device.holder, device.kind), []).append(device)
            elif device.state is DeviceState.STOCK:
                shelf = self._stock.setdefault(device.kind, {})
                shelf.setdefault((device.product, device.site), []).append(device)
            if device.price is not None:
                newest = self._newest.setdefault((device.kind, device.product), device)
                if _bought(newest) < _bought(device):
                    self._newest[device.kind, device.product] = device

    def held_by(self, want: Want) -> Device | None:
        """Take what the holder has and was to have."""
        mine = self._held.get((want.holder, want.kind), [])
        for device in mine:
            if want.right.fits(device):
                mine.remove(device)
                return device
        return None

    def in_stock(self, want: Want) -> Device | None:
        """Take what fits from the stock, nearest first."""
        shelf = self._stock.get(want.kind, {})
        fitting = [key for key, items in shelf.items() if items and want.right.fits(items[0])]
        if not fitting:
            return None
        near = min(fitting, key=lambda key: key[1] != want.site)
        return shelf[near].pop(0)

    def price(self, want: Want) -> Decimal | None:
        """Return what the newest device that fits has cost."""
        fitting = [
            device
            for (kind, _), device in self._newest.items()
            if kind is want.kind and want.right.fits(device)
        ]
        newest = max(fitting, key=_bought, default=None)
        return None if newest is None else newest.price


def _bought(device: Device) -> date:
    return device.purchased or date.min


@dataclass(frozen=True, slots=True)
class Aging:
    """A device proposed for renewal, and why; `price` is what it cost."""

    device: Device
    reasons: tuple[str, ...]
    faults: int
    repair_cost: Decimal


def renewals(
    devices: Iterable[Device],
    rules: Mapping[DeviceKind, Renewal],
    entries: Iterable[Entry],
    day: date,
) -> Iterator[Aging]:
    """Yield the devices policy proposes for renewal on a day; retired ones are no longer anybody's."""
    faults: dict[str, list[date]] = {}
    costs: dict[str, Decimal] = {}
    for item in entries:
        if item.step is Step.FAULT:
            faults.setdefault(item.tag, []).append(item.day)
        elif item.step is Step.REPAIRED and item.details.get("cost"):
            costs[item.tag] = costs.get(item.tag, Decimal(0)) + Decimal(item.details["cost"])
    for device in devices:
        rule = rules.get(device.kind)
        if rule is None or device.state is DeviceState.RETIRED:
            continue
        cost = costs.get(device.asset_tag, Decimal(0))
        recent = sum(day - rule.within <= at <= day for at in faults.get(device.asset_tag, ()))
        reasons = tuple(_reasons(device, rule, recent, cost, day))
        if reasons:
            yield Aging(device, reasons, recent, cost)


def _reasons(device: Device, rule: Renewal, faults: int, cost: Decimal, day: date) -> Iterator[str]:
    if rule.age is not None and device.purchased and device.purchased + rule.age <= day:
        years = (day - device.purchased) / _YEAR
        yield f"bought {device.purchased}, {years:.1f} years ago"
    if rule.faults is not None and faults >= rule.faults:
        yield f"{faults} faults in {rule.within.days} days"
    covered = device.warranty_end is not None and day <= device.warranty_end
    if (
        rule.repair_cost is not None
        and not covered
        and device.price
        and cost >= device.price * Decimal(str(rule.repair_cost))
    ):
        yield f"out of warranty, and repairs cost {cost} of {device.price}"
