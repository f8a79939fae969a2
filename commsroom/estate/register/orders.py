"""What was proposed becomes an order when two people have signed it (clauses 3.1.1, 3.1.2, 3.3.1, 3.3.2).

An order is of two sorts: devices to be replaced (`items`), or devices that people and places lack
(`lots`). What is signed is the order's own text: the estate, every device with its reasons and price,
who asks, and until when it may be approved. Nothing of it can change afterwards without breaking the
signatures.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from commsroom.estate.register.supply import Aging, Need, Want

#: Hex digits of an order's name: enough that no two of an estate are alike.
_DIGITS: Final = 12


class Standing(StrEnum):
    """What has become of an order."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    DELIVERED = "delivered"  #: approved, and all of it is in the register
    EXPIRED = "expired"  #: not signed by enough people in time
    CANCELLED = "cancelled"  #: what has not come yet is not to come any more


@dataclass(frozen=True, slots=True)
class Item:
    """One device to be replaced; `price` is what it cost, "" where nobody knows."""

    asset_tag: str
    kind: str
    product: str
    holder: str
    price: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lot:
    """Devices of one kind and sort of model for one site, one for each of `holders`.

    `models` are globs of what fits, none: any; `price` is about that of one, "" where nobody knows.
    """

    kind: str
    models: tuple[str, ...]
    site: str
    price: str
    holders: tuple[str, ...]


@dataclass(frozen=True)
class Order:
    """What somebody proposed to buy on a day; it may be approved until `expires`, that day too."""

    estate: str
    requester: str
    proposed: date
    expires: date
    currency: str
    items: tuple[Item, ...] = ()
    lots: tuple[Lot, ...] = ()
    #: How often the same was ordered the same day before, as after a cancellation: another order each time.
    again: int = 0

    @cached_property
    def document(self) -> bytes:
        """Return the text that is signed: JSON in one form, for the eyes of who signs it."""
        content = {
            "purpose": "commsroom: order of new equipment",
            **asdict(self),
            "proposed": self.proposed.isoformat(),
            "expires": self.expires.isoformat(),
        }
        if not self.lots:
            del content["lots"]  # a renewal's text is what it was before there were lots
        if not self.again:
            del content["again"]
        return (json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()

    @cached_property
    def name(self) -> str:
        """Return what it is called: the beginning of its text's SHA-256."""
        return hashlib.sha256(self.document).hexdigest()[:_DIGITS]

    def to_json(self) -> dict[str, Any]:
        """Return it as the ledger keeps it."""
        found: dict[str, Any] = json.loads(self.document)
        del found["purpose"]
        return found

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read it back; raises KeyError, TypeError or ValueError for what is no order."""
        return cls(
            estate=data["estate"],
            requester=data["requester"],
            proposed=date.fromisoformat(data["proposed"]),
            expires=date.fromisoformat(data["expires"]),
            currency=data["currency"],
            items=tuple(
                Item(**{**item, "reasons": tuple(item["reasons"])}) for item in data["items"]
            ),
            lots=tuple(
                Lot(**{**lot, "models": tuple(lot["models"]), "holders": tuple(lot["holders"])})
                for lot in data.get("lots", ())
            ),
            again=int(data.get("again", 0)),
        )

    @cached_property
    def places(self) -> tuple[str, ...]:
        """Name each device it is to bring: by the tag of the old one, or `LOT/PIECE`, from 1 on."""
        pieces = (
            f"{number}/{piece}"
            for number, lot in enumerate(self.lots, 1)
            for piece in range(1, len(lot.holders) + 1)
        )
        return (*(item.asset_tag for item in self.items), *pieces)

    def standing(self, day: date, delivered: Collection[str] = (), *, approved: bool) -> Standing:
        """Tell what has become of it: by whether enough signed it, and the places of what has come."""
        if approved:
            whole = all(place in delivered for place in self.places)
            return Standing.DELIVERED if whole else Standing.APPROVED
        return Standing.EXPIRED if day > self.expires else Standing.PROPOSED


@dataclass(frozen=True, slots=True)
class Awaited:
    """An approved order, `left` of whose `whole` devices are still to come.

    `promised` are the days somebody promised them for, the last one last; none: nobody did.
    """

    name: str
    approved: date
    promised: tuple[date, ...]
    whole: int
    left: int

    def due(self, within: timedelta) -> date:
        """Return the last day in time: the promised one, else so long after it was approved."""
        return self.promised[-1] if self.promised else self.approved + within


def items(aging: Iterable[Aging]) -> tuple[Item, ...]:
    """Return devices proposed for renewal as lines of an order."""
    return tuple(
        Item(
            asset_tag=item.device.asset_tag,
            kind=str(item.device.kind),
            product=item.device.product,
            holder=item.device.holder,
            price=str(item.device.price or ""),
            reasons=item.reasons,
        )
        for item in aging
    )


def lots(needs: Iterable[Need]) -> tuple[Lot, ...]:
    """Return what is to be bought as lots of an order, by kind, models and site."""
    found = []
    for need in needs:
        sites: dict[str, list[Want]] = {}
        for want in need.missing:
            sites.setdefault(want.site, []).append(want)
        found += [
            Lot(
                kind=str(need.kind),
                models=need.models,
                site=site,
                price="" if need.price is None else str(need.price),
                holders=tuple(want.holder for want in wants),
            )
            for site, wants in sorted(sites.items())
        ]
    return tuple(found)
