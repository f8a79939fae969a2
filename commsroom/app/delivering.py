"""device deliver: what an approved order brought is in the register, and what it was bought for.

What a device is stands in its row and nowhere else (clause 3.2.1), so what arrived is a new row of
devices.csv first; the delivery ties it to the line of the order it was bought for (clause 3.3.2).
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from commsroom.app import ordering, registering
from commsroom.app.registering import Happening, Recorded, take
from commsroom.errors import GuardRefused, UsageError
from commsroom.estate.register import Step, life
from commsroom.estate.register.arrival import Free
from commsroom.estate.register.orders import Standing
from commsroom.policy.words import did_you_mean, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from commsroom.app.estate import Estate
    from commsroom.app.ordering import Placed
    from commsroom.app.registering import Register, Rows
    from commsroom.estate.register.arrival import Sort
    from commsroom.policy.devices import Device


#: More names than this in one note help nobody.
_SHOWN: Final = 10


class Delivery:
    """What is taken in at once: each device for one place of an order, each place once."""

    def __init__(self, now: Register, day: date) -> None:
        """Begin with nothing, in a register that has the new rows; `day` is when they arrived."""
        self._now = now
        self._day = day
        self._free: dict[str, tuple[Placed, Free]] = {}
        self._seen: set[tuple[str, str]] = set()
        self._came: dict[tuple[str, str], str] = {}
        #: What came, and (order, place) for it, by asset tag.
        self.devices: dict[str, Device] = {}
        self.brought: dict[str, tuple[str, str]] = {}

    def expect(self, placed: Placed) -> Free:
        """Let devices come for an order; return its free places.

        Raises:
            GuardRefused: two people have not signed it, or their signatures hold no more.
            UsageError: it was proposed after the day of the delivery.
        """
        order = placed.order
        if order.name not in self._free:
            if placed.standing not in {Standing.APPROVED, Standing.DELIVERED}:
                why = (
                    "nothing of it is to come any more"
                    if placed.standing is Standing.CANCELLED
                    else "what two people have not approved is not bought by it"
                )
                raise GuardRefused(f"order {order.name} is {placed.standing}: {why}")
            if self._day < order.proposed:
                raise UsageError(
                    f"--on: order {order.name} was proposed later, on {order.proposed}"
                )
            self._free[order.name] = (placed, Free(order, placed.delivered))
        return self._free[order.name][1]

    def add(self, name: str, device: Device, place: str = "") -> None:
        """Have a device come for an expected order: for a place of it, or for what it suits best.

        Raises:
            UsageError: it is no new device, or nothing of the order is to be it.
        """
        placed, free = self._free[name]
        tag = device.asset_tag
        for key, word in (((name, place), place), (("", tag), tag)):
            if word and (key in self._seen or (word == place == tag)):
                raise UsageError(f"{word} is named twice", remedy="one new device for each place")
            self._seen.add(key)
        if (last := self._now.lives.get(tag)) is not None:
            raise UsageError(
                f"{tag} is no new device: {last.step} on {last.day}",
                remedy="write a row for what arrived into policies/devices.csv, in stock",
            )
        if place:
            _require_free(placed, free, place, device)
            if other := self._came.get((name, place)):
                raise UsageError(
                    f"{other} comes for {place} already, as what suits it best",
                    remedy="name for each what it replaces",
                )
        if device.purchased is not None and device.purchased < placed.order.proposed:
            raise UsageError(
                f"{tag} was bought on {device.purchased}, before order {name} was proposed"
                f" on {placed.order.proposed}",
                remedy="mend `purchased` in its row, or name what this order brought",
            )
        life.delivered(device)
        place = place or free.nearest(device.kind, device.product, device.site)
        if not place:
            raise unasked(name, free, tag, device.kind, device.product)
        free.take(place)
        self.devices[tag], self.brought[tag] = device, (name, place)
        self._came[name, place] = tag

    def details(self) -> dict[str, dict[str, str]]:
        """Return what the ledger keeps of each device that came."""
        return {
            tag: {"order": name, "place" if "/" in place else "replaces": place}
            for tag, (name, place) in self.brought.items()
        }

    def notes(self) -> Iterator[str]:
        """Yield what whoever pays should look at, and what is to be done next."""
        for tag, (name, place) in self.brought.items():
            sort = self._free[name][1].sorts[place]
            yield from _notes(self._now, self.devices[tag], place, sort)
        unpriced = [tag for tag, device in self.devices.items() if device.price is None]
        if unpriced:
            told = ", ".join(unpriced[:_SHOWN]) + ", …" * (len(unpriced) > _SHOWN)
            yield f"nobody says what {told} cost: is it what was approved?"
        if any("/" in place for _, place in self.brought.values()):
            yield "who is to have what came: commsroom device procurement"


def deliver(
    estate: Estate, name: str, words: Sequence[str], *, day: date | None = None
) -> Recorded:
    """Record that new devices, of the stock, arrived for an order: all of them or none.

    Args:
        estate: The estate.
        name: The order's name.
        words: `OLD=NEW`, the asset tag on the order, and that of the device which replaces it; or
            `NEW` alone, which comes for what it suits best.
        day: When they arrived; today when None.

    Raises:
        UsageError: there is no such order or device, or the two do not belong together.
        GuardRefused: two people have not signed the order, or their signatures hold no more.
    """
    seen, _ = estate.ledger.head()
    now = registering.read(estate)
    delivery = Delivery(now, day or registering.today(estate.policy))
    delivery.expect(ordering.named(estate, name))
    if not words:
        raise UsageError("no device is named", remedy=f"commsroom device deliver {name} OLD=NEW")
    for text in words:
        place, equals, new = text.rpartition("=")
        if equals and not (place and new):
            raise UsageError(
                f"{quoted(text)} does not say which device replaces which",
                remedy="write OLD=NEW, two asset tags",
            )
        delivery.add(name, _arrived(now, new), place)  # it may be named by its MAC address
    return record(estate, delivery, day, seen)


def record(
    estate: Estate, delivery: Delivery, day: date | None, seen: int, rows: Rows | None = None
) -> Recorded:
    """Record a delivery, thought of when event `seen` was the last, with its `rows` of devices.csv."""
    what = Happening(
        step=Step.DELIVERED,
        move=life.delivered,
        day=day,
        of_each=delivery.details(),
        since=seen,
    )
    found = take(estate, list(delivery.brought), what, rows)
    return Recorded(entries=found.entries, notes=(*found.notes, *delivery.notes()))


def _arrived(now: Register, name: str) -> Device:
    """Return what arrived, by its tag or MAC address; one without a row is no slip of another's tag."""
    try:
        return now.device(name)
    except UsageError as error:
        raise UsageError(
            f"there is no device {quoted(name)} in devices.csv",
            remedy="its row comes first: write one for what arrived into policies/devices.csv, in stock",
        ) from error


def unasked(name: str, free: Free, tag: str, kind: str, product: str) -> UsageError:
    """Return what to say of a device for which nothing of an order is left."""
    told = f"{kind} ({product})" if free.left else "device"
    return UsageError(
        f"order {name} is to bring no such {told} any more as {tag}",
        remedy="commsroom device orders",
    )


def _require_free(placed: Placed, free: Free, place: str, device: Device) -> None:
    name, tag = placed.order.name, device.asset_tag
    sort = free.sorts.get(place)
    if sort is None:
        raise UsageError(
            f"{place} is not on order {name}",
            remedy=did_you_mean(place, free.sorts) or "commsroom device orders",
        )
    if place in placed.delivered:
        raise UsageError(f"{placed.delivered[place]} was delivered for {place} already")
    if device.kind != sort.kind:
        raise UsageError(f"{tag} is a {device.kind}, and {place} a {sort.kind}")
    if not sort.fits(device.kind, device.product):
        raise UsageError(f"{tag} is a {device.product}, and {place} {' or '.join(sort.models)}")


def _notes(now: Register, device: Device, place: str, sort: Sort) -> Iterator[str]:
    tag = device.asset_tag
    if device.price is not None and sort.price and device.price > Decimal(sort.price):
        yield f"{tag} cost {device.price}, and {sort.price} was approved for {place}"
    if sort.product and sort.product != device.product:
        yield f"{tag} is a {device.product}, and replaces a {sort.product}"
    if sort.site and sort.site != device.site:
        yield f"{tag} is at {device.site}, and was ordered for {sort.site}"
    holder = now.by_tag[place].holder if place in now.by_tag else ""
    if holder:
        yield (
            f"{holder} holds {place}: commsroom device return {place}, then commsroom device issue"
            f" {tag} {holder}"
        )
