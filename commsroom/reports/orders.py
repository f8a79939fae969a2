"""Orders of equipment as text and JSON."""

from __future__ import annotations

from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, Protocol

from commsroom.estate.approval import SIGNATURES
from commsroom.estate.register.orders import Order, Standing
from commsroom.reports.lines import Line, Span, Style, count, line, some

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

_STYLE: Final = {
    Standing.PROPOSED: Style.DOUBT,
    Standing.APPROVED: Style.GOOD,
    Standing.DELIVERED: Style.QUIET,
    Standing.EXPIRED: Style.QUIET,
    Standing.CANCELLED: Style.QUIET,
}


class Placed(Protocol):
    """An order with the signatures that hold, as far as a report needs it."""

    @property
    def order(self) -> Order: ...
    @property
    def approvers(self) -> Sequence[str]: ...
    @property
    def standing(self) -> Standing: ...
    @property
    def delivered(self) -> Mapping[str, str]: ...
    @property
    def approved(self) -> date | None: ...
    @property
    def promised(self) -> Sequence[date]: ...
    @property
    def due(self) -> date | None: ...
    @property
    def days_late(self) -> int: ...


def order_lines(placed: Iterable[Placed]) -> Iterator[Line]:
    """Yield each order: what it is for, who signed it, and the next step where one is left."""
    number = 0
    for item in placed:
        number += 1
        order = item.order
        yield line(
            Span(order.name, Style.STRONG),
            "  ",
            Span(item.standing, _STYLE[item.standing]),
            f"  {count(len(order.places), 'device')}, about {_cost(order)},"
            f" asked for by {order.requester} on {order.proposed}",
        )
        yield from _lot_lines(item)
        for part in order.items:
            yield line(
                f"    {part.asset_tag}  {part.product}  {part.price or '?'}  {'; '.join(part.reasons)}"
                + (f"; replaced by {new}" if (new := item.delivered.get(part.asset_tag)) else "")
            )
        if item.approvers:
            yield line("    signed by ", ", ".join(item.approvers))
        if item.standing is Standing.PROPOSED:
            left = SIGNATURES - len(item.approvers)
            command = f"commsroom device approve {order.name} --by ID --key FILE"
            yield line(
                f"    {count(left, 'signature')} to come until {order.expires}: ",
                Span(command, Style.COMMAND),
            )
        if item.standing is Standing.APPROVED:
            left = len(order.places) - len(item.delivered)
            what = "NEW" if order.lots else "OLD=NEW"
            promised = f", promised for {item.promised[-1]}" if item.promised else f" by {item.due}"
            late = f", {count(item.days_late, 'day')} late" if item.days_late else ""
            yield line(
                f"    {count(left, 'device')} to be delivered{promised}",
                Span(late, Style.BAD),
                ": ",
                Span(f"commsroom device deliver {order.name} {what}", Style.COMMAND),
            )
    if not number:
        yield line("no order was ever proposed")


def _lot_lines(item: Placed) -> Iterator[Line]:
    for number, lot in enumerate(item.order.lots, 1):
        came = sum(place.startswith(f"{number}/") for place in item.delivered)
        models = f" ({' or '.join(lot.models)})" if lot.models else ""
        yield line(
            f"    {len(lot.holders)} {lot.kind}{models} for {lot.site}"
            f"  {lot.price or '?'} each  {some(lot.holders)}" + (f"; {came} came" if came else "")
        )


def order_document(item: Placed) -> dict[str, Any]:
    """Return an order as JSON."""
    return {
        "order": item.order.name,
        "standing": str(item.standing),
        "approvers": list(item.approvers),
        "delivered": dict(item.delivered),
        "approved": item.approved.isoformat() if item.approved else None,
        "promised": [day.isoformat() for day in item.promised],
        "due": item.due.isoformat() if item.due else None,
        "days_late": item.days_late,
        **item.order.to_json(),
        "currency": item.order.currency or None,
        "cost": str(_sum(order=item.order)),
    }


def _cost(order: Order) -> str:
    unpriced = sum(not price for price in _prices(order))
    more = f" and {unpriced} of unknown price" if unpriced else ""
    return f"{_sum(order):,} {order.currency}".rstrip() + more


def _sum(order: Order) -> Decimal:
    return sum((Decimal(price) for price in _prices(order) if price), Decimal(0))


def _prices(order: Order) -> list[str]:
    """Return about what each device costs, "" where nobody knows."""
    each = [[lot.price] * len(lot.holders) for lot in order.lots]
    return [*(item.price for item in order.items), *chain.from_iterable(each)]
