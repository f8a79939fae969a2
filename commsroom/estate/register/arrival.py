"""Which place of an order is taken by a device that has come (clauses 3.1.1 and 3.3.2)."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from commsroom.estate.register.orders import Order


@dataclass(frozen=True, slots=True)
class Sort:
    """What places of an order have in common; `product` is that of the device to be replaced."""

    kind: str
    models: tuple[str, ...] = ()
    product: str = ""
    site: str = ""
    price: str = ""

    def fits(self, kind: str, product: str) -> bool:
        """Tell whether a device may take such a place; `product` is `VENDOR MODEL`."""
        return self.kind == kind and (
            not self.models or any(fnmatchcase(product, glob) for glob in self.models)
        )

    def distance(self, product: str, site: str) -> tuple[bool, bool]:
        """Rank what a device may take: the model that is replaced, and the own site, come first."""
        return (
            bool(self.product) and self.product != product,
            bool(self.site) and self.site != site,
        )


class Free:
    """The places of one order for which nothing has come; each is taken once."""

    def __init__(self, order: Order, delivered: Collection[str]) -> None:
        """Begin with all but what was delivered."""
        sorts = [Sort(item.kind, (), item.product, "", item.price) for item in order.items]
        for lot in order.lots:
            sorts += [Sort(lot.kind, lot.models, "", lot.site, lot.price)] * len(lot.holders)
        self.sorts = dict(zip(order.places, sorts, strict=True))
        #: Few sorts, whatever the order; a dict keeps the order's own sequence.
        self._left: dict[Sort, dict[str, None]] = {}
        for place, sort in self.sorts.items():
            if place not in delivered:
                self._left.setdefault(sort, {})[place] = None

    @property
    def left(self) -> tuple[Sort, ...]:
        """Return the sorts of which something is still to come."""
        return tuple(sort for sort, places in self._left.items() if places)

    def fitting(self, kind: str, product: str) -> Iterator[str]:
        """Yield the free places a device may take."""
        for sort, places in self._left.items():
            if sort.fits(kind, product):
                yield from places

    def take(self, place: str) -> None:
        """Take a place that is free."""
        del self._left[self.sorts[place]][place]

    def nearest(self, kind: str, product: str, site: str) -> str:
        """Return the free place that suits a device best; "" where none does."""
        fitting = [sort for sort in self.left if sort.fits(kind, product)]
        if not fitting:
            return ""
        return next(iter(self._left[min(fitting, key=lambda sort: sort.distance(product, site))]))
