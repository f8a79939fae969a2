"""device order: what is to be renewed, or to be had at all, proposed to be bought (clauses 3.1.1 to 3.3.1).

A proposal is an event of the ledger and buys nothing: two people must sign it (`ordering`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from commsroom.app import equipping, ordering, registering
from commsroom.app.estate import actor
from commsroom.app.ordering import PROPOSED, Placed
from commsroom.errors import UsageError
from commsroom.estate.register import orders
from commsroom.estate.register.orders import Item, Lot, Order, Standing
from commsroom.policy.devices import DeviceKind
from commsroom.policy.words import did_you_mean, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, timedelta

    from commsroom.app.estate import Estate


def renewal(
    estate: Estate,
    tags: Sequence[str],
    *,
    requester: str,
    valid: timedelta,
    as_of: date | None = None,
) -> Placed:
    """Propose what policy says is to be renewed, or those of it that are named, as one order.

    What stands on an order that is proposed or approved is on no second one.

    Raises:
        UsageError: nobody of that id is here, a device is not to be renewed, or nothing is left.
    """
    seen, _ = estate.ledger.head()
    day = as_of or registering.today(estate.policy)
    ordering.require_here(estate.policy, requester, day)
    aging = {item.device.asset_tag: item for item in equipping.renewals(estate, as_of=day)}
    for tag in tags:
        if tag not in aging:
            raise UsageError(
                f"{quoted(tag) if not tag.strip() else tag} is not proposed for renewal",
                remedy=did_you_mean(tag, aging) or "commsroom device renewals",
            )
    taken = {
        place: placed.order.name
        for placed in ordering.listed(estate, as_of=day)
        for place in placed.taken
        if not placed.order.lots
    }
    wanted = [item for tag, item in aging.items() if tag not in taken and (not tags or tag in tags)]
    if not wanted:
        raise _nothing_left(taken.values(), "nothing is to be renewed")
    return _proposed(
        estate, requester=requester, day=day, valid=valid, seen=seen, items=orders.items(wanted)
    )


def procurement(
    estate: Estate,
    *,
    requester: str,
    valid: timedelta,
    ahead: timedelta,
    kind: str = "",
    site: str = "",
    as_of: date | None = None,
) -> Placed:
    """Propose what the procurement report says is to be bought, or what of it is named, as one order.

    Args:
        estate: The estate.
        requester: Who asks.
        valid: How long it may be approved.
        ahead: With those who join within this span, as in the report.
        kind: Only devices of this kind, "" for any.
        site: Only for this site, "" for any.
        as_of: The day it is proposed on; today when None.

    Raises:
        UsageError: nobody of that id is here, there is no such kind or site, or nothing is to be bought.
    """
    seen, _ = estate.ledger.head()
    day = as_of or registering.today(estate.policy)
    ordering.require_here(estate.policy, requester, day)
    for word, valid_ones, what in (
        (kind, [str(known) for known in DeviceKind], "kind of device"),
        (site, list(estate.policy.company.sites), "site"),
    ):
        if word and word not in valid_ones:
            raise UsageError(f"{quoted(word)} is no {what}", remedy=did_you_mean(word, valid_ones))
    needs, _ = equipping.procurement(estate, ahead=ahead, as_of=day)
    wanted = tuple(
        lot for lot in orders.lots(needs) if kind in {"", lot.kind} and site in {"", lot.site}
    )
    if not wanted:
        names = [order for need in needs for _, order in need.on_order]
        raise _nothing_left(names, "nothing is to be bought")
    return _proposed(estate, requester=requester, day=day, valid=valid, seen=seen, lots=wanted)


def _nothing_left(names: Iterable[str], otherwise: str) -> UsageError:
    told = ", ".join(sorted(set(names)))
    return UsageError(f"nothing is left to order: it stands on {told}" if told else otherwise)


def _proposed(
    estate: Estate,
    *,
    requester: str,
    day: date,
    valid: timedelta,
    seen: int,
    items: tuple[Item, ...] = (),
    lots: tuple[Lot, ...] = (),
) -> Placed:
    order = Order(
        estate=estate.ledger.estate_id,
        requester=requester,
        proposed=day,
        expires=day + valid,
        currency=estate.policy.equipment.currency or "",
        items=items,
        lots=lots,
    )
    # What an order that is over was called is not the name of the next one.
    known = {event.data.get("order") for event in estate.ledger.events(kind=PROPOSED)}
    while order.name in known:
        order = replace(order, again=order.again + 1)
    data = {"order": order.name, **order.to_json()}
    # Two who ask at once, even from two checkouts, do not order for one need.
    estate.ledger.record(PROPOSED, data, actor=actor(), requester=requester, seen=seen)
    return Placed(order, (), Standing.PROPOSED)
