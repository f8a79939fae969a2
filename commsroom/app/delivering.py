"""device deliver: what an approved order brought is in the register, and which device it replaces.

What a device is stands in its row and nowhere else (clause 3.2.1), so what arrived is a new row of
devices.csv first; the delivery ties it to the line of the order it was bought for (clause 3.3.2).
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from commsroom.app import ordering, registering
from commsroom.app.registering import Happening, Recorded, take
from commsroom.errors import GuardRefused, UsageError
from commsroom.estate.register import Step, life
from commsroom.estate.register.orders import Standing
from commsroom.policy.words import did_you_mean, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from commsroom.app.estate import Estate
    from commsroom.app.registering import Register
    from commsroom.estate.register.orders import Item, Order


def deliver(
    estate: Estate, name: str, pairs: Sequence[str], *, day: date | None = None
) -> Recorded:
    """Record that new devices, of the stock, arrived for lines of an order: all of them or none.

    Args:
        estate: The estate.
        name: The order's name.
        pairs: `OLD=NEW`: the asset tag on the order, and that of the device which replaces it.
        day: When they arrived; today when None.

    Raises:
        UsageError: there is no such order or device, or the two do not belong together.
        GuardRefused: two people have not signed the order, or their signatures hold no more.
    """
    placed = ordering.named(estate, name)
    order = placed.order
    if placed.standing not in {Standing.APPROVED, Standing.DELIVERED}:
        raise GuardRefused(
            f"order {name} is {placed.standing}: what nobody approved is not bought by it"
        )
    now = registering.read(estate)
    brought = dict(_pairs(now, pairs))
    if not brought:
        raise UsageError("no device is named", remedy=f"commsroom device deliver {name} OLD=NEW")
    _require_new(now, brought)
    for old, new in brought.items():
        _require_fit(now, order, placed.delivered, old, new)
    arrived = day or registering.today(estate.policy)
    if arrived < order.proposed:
        raise UsageError(f"--on: order {name} was proposed later, on {order.proposed}")
    what = Happening(
        step=Step.DELIVERED,
        move=life.delivered,
        day=day,
        details={"order": name},
        of_each={new: {"replaces": old} for old, new in brought.items()},
    )
    found = take(estate, list(brought.values()), what)
    return Recorded(entries=found.entries, notes=(*found.notes, *_notes(now, order, brought)))


def _pairs(now: Register, pairs: Sequence[str]) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for text in pairs:
        old, equals, new = text.partition("=")
        if not (old and equals and new):
            raise UsageError(
                f"{quoted(text)} does not say which device replaces which",
                remedy="write OLD=NEW, two asset tags",
            )
        new = now.device(new).asset_tag  # it may be named by its MAC address
        for tag in (old, new):
            if tag in seen:
                raise UsageError(f"{tag} is named twice", remedy="one new device for each old one")
            seen.add(tag)
        yield old, new


def _require_new(now: Register, brought: Mapping[str, str]) -> None:
    """Refuse what has been in the register for longer: that did not arrive now."""
    for new in brought.values():
        if (last := now.lives.get(new)) is not None:
            raise UsageError(
                f"{new} is no new device: {last.step} on {last.day}",
                remedy="write a row for what arrived into policies/devices.csv, in stock",
            )


def _require_fit(
    now: Register, order: Order, delivered: Mapping[str, str], old: str, new: str
) -> None:
    items = {item.asset_tag: item for item in order.items}
    if old not in items:
        raise UsageError(
            f"{old} is not on order {order.name}",
            remedy=did_you_mean(old, items) or "commsroom device orders",
        )
    if old in delivered:
        raise UsageError(f"{delivered[old]} was delivered for {old} already")
    device = now.device(new)
    if device.kind != items[old].kind:
        raise UsageError(f"{new} is a {device.kind}, and {old} a {items[old].kind}")
    if device.purchased is not None and device.purchased < order.proposed:
        raise UsageError(
            f"{new} was bought on {device.purchased}, before order {order.name} was proposed"
            f" on {order.proposed}",
            remedy="mend `purchased` in its row, or name what this order brought",
        )


def _notes(now: Register, order: Order, brought: Mapping[str, str]) -> Iterator[str]:
    """Yield what whoever pays should look at, and what is to be done next."""
    items: dict[str, Item] = {item.asset_tag: item for item in order.items}
    for old, new in brought.items():
        price, said = now.device(new).price, items[old].price
        if price is not None and said and price > Decimal(said):
            yield f"{new} cost {price}, and {said} was approved for {old}"
        holder = now.by_tag[old].holder if old in now.by_tag else ""
        if holder:
            yield (
                f"{holder} holds {old}: commsroom device return {old}, then commsroom device issue"
                f" {new} {holder}"
            )
