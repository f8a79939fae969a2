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


@dataclass(frozen=True, slots=True)
class Coming:
    """What a lot of an order is still to bring: `left` devices of those for its holders."""

    order: str
    kind: str
    models: tuple[str, ...]
    site: str
    holders: tuple[str, ...]
    left: int


@dataclass(slots=True)
class Need:
    """All wants of one kind and sort of model: met by devices issued, by stock, or by an order."""

    kind: DeviceKind
    models: tuple[str, ...]
    wanted: int = 0
    issued: int = 0
    #: Holders without one for whom the stock has one: (holder, the device that fits).
    from_stock: list[tuple[str, Device]] = field(default_factory=list)
    #: Holders without one for whom an order has one: (holder, the order's name).
    on_order: list[tuple[str, str]] = field(default_factory=list)
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


def needs(
    wanted: Iterable[Want], devices: Iterable[Device], coming: Iterable[Coming] = ()
) -> tuple[Need, ...]:
    """Set wants against devices, as they stand, and against what is on order.

    What somebody holds, also while it is in repair, meets their own want. Stock meets the others: of
    the same site first, and for wants that name models before those that take any. Then what is on
    order does: that of whom an order names, whatever else has changed, and what is left of it next.
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
    short = []
    for want in unmet:
        if (spare := there.in_stock(want)) is not None:
            found[want.kind, want.right.models].from_stock.append((want.holder, spare))
        else:
            short.append(want)
    ordered = _Ordered(coming)
    ordered.name(short)
    for want in short:
        need = found[want.kind, want.right.models]
        if order := ordered.take(want):
            need.on_order.append((want.holder, order))
        else:
            need.missing.append(want)
            need.price = need.price or there.price(want)
    return tuple(found[key] for key in sorted(found))


class _Ordered:
    """What is on order, from which is taken once."""

    def __init__(self, coming: Iterable[Coming]) -> None:
        self._lots = list(coming)
        self._left = [lot.left for lot in self._lots]
        self._mine: dict[tuple[str, str], int] = {}

    def name(self, wants: Iterable[Want]) -> None:
        """Set aside what an order says is for those who want it."""
        lots: dict[tuple[str, str], list[int]] = {}
        for index, lot in enumerate(self._lots):
            for holder in lot.holders:
                lots.setdefault((holder, lot.kind), []).append(index)
        for want in wants:
            key = (want.holder, str(want.kind))
            for index in lots.get(key, ()):
                if self._left[index]:
                    self._left[index] -= 1
                    self._mine[key] = index
                    break

    def take(self, want: Want) -> str:
        """Return the order that brings one, nearest first; "" where none does."""
        index = self._mine.get((want.holder, str(want.kind)))
        if index is None:
            fitting = [
                index
                for index, lot in enumerate(self._lots)
                if self._left[index]
                and lot.kind == want.kind
                and want.right.models in {(), lot.models}
            ]
            if not fitting:
                return ""
            index = min(fitting, key=lambda index: self._lots[index].site != want.site)
            self._left[index] -= 1
        return self._lots[index].order


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


@dataclass(frozen=True, slots=True)
class Renewing:
    """A device whose renewal is on order already, and what came for it, "" while nothing did."""

    tag: str
    order: str
    replaced_by: str


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
        if rule is None or device.state in {DeviceState.LOST, DeviceState.RETIRED}:
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
