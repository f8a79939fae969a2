"""A renewal that was proposed becomes an order when two people have signed it (clauses 3.3.1, 3.3.2).

What is signed is the order's own text: the estate, every device with its reasons and price, who asks,
and until when it may be approved. Nothing of it can change afterwards without breaking the signatures.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from commsroom.estate.register.supply import Aging

#: Hex digits of an order's name: enough that no two of an estate are alike.
_DIGITS: Final = 12
#: How many people sign, none of them who asks.
SIGNATURES: Final = 2


class Standing(StrEnum):
    """What has become of an order."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    DELIVERED = "delivered"  #: approved, and a new device is in the register for each old one
    EXPIRED = "expired"  #: not signed by enough people in time


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
class Order:
    """A renewal as somebody proposed it on a day; it may be approved until `expires`, that day too."""

    estate: str
    requester: str
    proposed: date
    expires: date
    currency: str
    items: tuple[Item, ...]

    @property
    def document(self) -> bytes:
        """Return the text that is signed: JSON in one form, for the eyes of who signs it."""
        content = {
            "purpose": "commsroom: order of new equipment",
            **asdict(self),
            "proposed": self.proposed.isoformat(),
            "expires": self.expires.isoformat(),
        }
        return (json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()

    @property
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
        )

    def standing(
        self, approvers: Iterable[str], day: date, delivered: Collection[str] = ()
    ) -> Standing:
        """Tell what has become of it, with the people whose signatures hold, and what was replaced."""
        if len(set(approvers) - {self.requester}) >= SIGNATURES:
            whole = all(item.asset_tag in delivered for item in self.items)
            return Standing.DELIVERED if whole else Standing.APPROVED
        return Standing.EXPIRED if day > self.expires else Standing.PROPOSED


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
