"""What repairs cost and how long devices were away (clause 3.2.3): counted so that periods add up.

A fault counts on the day it was reported for, a repair and its cost on the day it ended, and a device is
away from the first of these days until, and without, the second. So what twelve months say is what their
year says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from commsroom.estate.register.life import Step
from commsroom.policy.devices import DeviceState

if TYPE_CHECKING:
    from commsroom.estate.register.life import Entry
    from commsroom.policy.devices import Device

_DAY: Final = timedelta(days=1)
#: What a group is called where nobody knows better.
UNKNOWN: Final = "-"


class By(StrEnum):
    """What totals are for."""

    MODEL = "model"
    VENDOR = "vendor"
    KIND = "kind"
    SITE = "site"
    REPAIRER = "repairer"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Away:
    """One time that a device was in repair, at the site it was at then.

    `begun` None: nobody recorded since when. `ended` None: it still is; else `step` says how, and
    `cost` (None: not said) and `by` what a repair cost and who did it.
    """

    tag: str
    site: str
    begun: date | None
    ended: date | None = None
    step: Step | None = None
    cost: Decimal | None = None
    by: str = ""


@dataclass(slots=True)
class Total:
    """What adds up for a group: times, money in the currency of equipment.yml, and whole days."""

    faults: int = 0
    repairs: int = 0
    #: Repairs of which nobody said what they cost.
    unpriced: int = 0
    cost: Decimal = Decimal(0)
    days: int = 0


@dataclass(frozen=True, slots=True)
class Span:
    """A period, both days included; `today` is the day until which devices still in repair count."""

    since: date
    until: date
    today: date

    def holds(self, day: date | None) -> bool:
        """Tell whether a day is one of it."""
        return day is not None and self.since <= day <= self.until

    def days(self, away: Away) -> Iterator[tuple[date, date]]:
        """Yield the part of it that a device was away, if any: its first day, and the one after its last."""
        if away.begun is None:
            return
        first = max(away.begun, self.since)
        after = min(away.ended or self.today, self.until + _DAY)
        if first < after:
            yield first, after


def aways(entries: Iterable[Entry]) -> Iterator[Away]:
    """Yield every time that a device was in repair, from its history, oldest first.

    What nobody reported as a fault counts too: a row corrected to `repair`, and a repair of a device of
    which only its row had said that it was broken.
    """
    begun: dict[str, Away] = {}
    for item in entries:
        before, after = (at.state is DeviceState.REPAIR for at in (item.before, item.after))
        if before and not after:
            away = begun.pop(item.tag, Away(item.tag, item.before.site, None))
            cost = item.details.get("cost")
            yield Away(
                tag=item.tag,
                site=away.site,
                begun=away.begun,
                ended=item.day,
                step=item.step,
                cost=Decimal(cost) if cost else None,
                by=item.details.get("by", ""),
            )
        elif after and not before:
            begun[item.tag] = Away(item.tag, item.before.site, item.day)
    yield from begun.values()


def totals(
    found: Iterable[Away], span: Span, by: By | None, devices: Mapping[str, Device]
) -> dict[str, Total]:
    """Add up what falls into a span, for each group there is; for `by` None, for the one group ""."""
    groups: dict[str, Total] = {}

    def group(away: Away, day: date) -> Total:
        return groups.setdefault(_name(by, away, day, devices), Total())

    for away in found:
        if away.begun is not None and span.holds(away.begun):
            group(away, away.begun).faults += 1
        if away.step is Step.REPAIRED and away.ended is not None and span.holds(away.ended):
            total = group(away, away.ended)
            total.repairs += 1
            total.unpriced += away.cost is None
            total.cost += away.cost or 0
        for first, after in span.days(away):
            for start, end in _pieces(first, after, by):
                group(away, start).days += (end - start).days
    return groups


def _pieces(first: date, after: date, by: By | None) -> Iterator[tuple[date, date]]:
    """Cut a time at the ends of months, where they are what is told apart."""
    if by not in {By.MONTH, By.YEAR}:
        yield first, after
        return
    while first < after:
        following = (first.replace(day=1) + 32 * _DAY).replace(day=1)
        yield first, min(after, following)
        first = following


def _name(by: By | None, away: Away, day: date, devices: Mapping[str, Device]) -> str:
    of_device: dict[By, Callable[[Device], str]] = {
        By.MODEL: lambda device: device.product,
        By.VENDOR: lambda device: device.vendor,
        By.KIND: lambda device: str(device.kind),
    }
    match by:
        case None:
            return ""
        case By.SITE:
            return away.site
        case By.REPAIRER:
            return away.by or UNKNOWN
        case By.MONTH:
            return f"{day:%Y-%m}"
        case By.YEAR:
            return f"{day:%Y}"
        case _:
            device = devices.get(away.tag)
            return UNKNOWN if device is None else of_device[by](device)
