"""device list, show, due, procurement, renewals: what there is, what is due, what is to be bought."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from commsroom.app import ordering, registering
from commsroom.errors import UsageError
from commsroom.estate import register
from commsroom.estate.register import Step, supply, upkeep
from commsroom.estate.register import repairs as counting
from commsroom.estate.register.repairs import Away, By, Span, Total
from commsroom.estate.register.supply import Aging, Need, Renewing
from commsroom.policy.devices import Device, DeviceKind, DeviceState
from commsroom.policy.words import did_you_mean, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from commsroom.app.estate import Estate
    from commsroom.estate.register import Entry
    from commsroom.estate.register.life import Disagreement
    from commsroom.estate.register.upkeep import Task


#: Steps by which a device comes into repair or out of it.
_REPAIR: Final = (Step.FAULT, Step.REPAIRED, Step.RETIRED, Step.CORRECTED)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which devices to list: all that every given word fits; `holder` and `tag` may be globs."""

    kind: str = ""
    state: str = ""
    site: str = ""
    holder: str = ""
    tag: str = ""

    def names(self, device: Device) -> bool:
        """Tell whether a device is meant."""
        return (
            self.kind in {"", device.kind}
            and self.state in {"", device.state}
            and self.site in {"", device.site}
            and (not self.holder or fnmatchcase(device.holder, self.holder))
            and (not self.tag or fnmatchcase(device.asset_tag, self.tag))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """The maintenance file of one device (clause 3.2.1): what it is, its history, what is due."""

    device: Device
    entries: tuple[Entry, ...]
    tasks: tuple[Task, ...]
    disagreements: tuple[Disagreement, ...]
    #: What was delivered to replace it, "" while nothing was.
    replaced_by: str = ""


def listed(estate: Estate, chosen: Chosen) -> tuple[Device, ...]:
    """Return the devices that are meant, as they stand, in the order of their rows.

    Raises:
        UsageError: there is no such kind, state, site or holder.
    """
    sites = estate.policy.company.sites
    for word, valid, what in (
        (chosen.kind, [str(kind) for kind in DeviceKind], "kind of device"),
        (chosen.state, [str(state) for state in DeviceState], "state of a device"),
        (chosen.site, list(sites), "site"),
    ):
        if word and word not in valid:
            raise UsageError(f"{quoted(word)} is no {what}", remedy=did_you_mean(word, valid))
    now = registering.read(estate)
    found = tuple(item for item in now.devices if chosen.names(item))
    if not now.held_like(chosen.holder):
        now.holder(chosen.holder)  # a person or place that holds nothing; anybody else is a slip
    return found


def show(estate: Estate, tag: str) -> File:
    """Return one device's maintenance file, by its tag or MAC address; raises UsageError for none."""
    now = registering.read(estate)
    device = now.device(tag)
    tag = device.asset_tag
    entries = estate.ledger.entries(tag=tag)
    plans = estate.policy.equipment.maintenance
    row = next(item for item in estate.policy.devices if item.asset_tag == tag)
    delivered = estate.ledger.entries(steps=[Step.DELIVERED])
    return File(
        replaced_by=next((it.tag for it in delivered if it.details.get("replaces") == tag), ""),
        device=device,
        entries=entries,
        tasks=tuple(upkeep.tasks([device], plans, upkeep.done(entries))),
        disagreements=tuple(register.disagreements([row], now.lives)),
    )


def due(
    estate: Estate, *, within: timedelta, as_of: date | None = None
) -> tuple[tuple[Task, ...], date]:
    """Return the tasks due until so long after today, the oldest first, and the day they are told for."""
    now = registering.read(estate)
    day = as_of or registering.today(estate.policy)
    entries = estate.ledger.entries(steps=[Step.MAINTAINED])
    plans = estate.policy.equipment.maintenance
    found = [
        task
        for task in upkeep.tasks(now.devices, plans, upkeep.done(entries))
        if task.due <= day + within
    ]
    found.sort(key=lambda task: (task.due, task.name, task.device.asset_tag))
    return tuple(found), day


def procurement(
    estate: Estate, *, ahead: timedelta, as_of: date | None = None
) -> tuple[tuple[Need, ...], date]:
    """Return what people of the roster until so long after today, and places, need; and until when.

    What stands on an order that is proposed or approved is not to be bought again.

    Raises:
        UsageError: policy entitles nobody to any equipment.
    """
    now = registering.read(estate, may_be_empty=True)
    day = as_of or registering.today(estate.policy)
    wants = tuple(supply.wants(estate.policy, day, day + ahead))
    if not wants:
        raise UsageError(
            "policy entitles nobody to equipment",
            remedy="write `equipment: {phone: {}, computer: {}}` under posts in positions.yml",
        )
    coming = [
        lot
        for placed in ordering.listed(estate, as_of=day, unfinished=True)
        for lot in placed.coming
    ]
    return supply.needs(wants, now.devices, coming), day + ahead


@dataclass(frozen=True, slots=True, kw_only=True)
class Repairs:
    """What repairs cost and how long devices were away, in a span of days (clause 3.2.3).

    `parts` has the totals by name for each word they were asked by; `away` is who is away now, `unknown`
    the tags of those in repair since a day nobody recorded, whose time is in no figure.
    """

    span: Span
    whole: Total
    parts: Mapping[By, Mapping[str, Total]]
    away: tuple[Away, ...]
    unknown: tuple[str, ...]


def repairs(
    estate: Estate, by: Sequence[str], *, since: date | None = None, until: date | None = None
) -> Repairs:
    """Return what repairs cost and how long devices were away, in the last year or another span.

    Raises:
        UsageError: totals are by no such thing, or the span ends before it begins.
    """
    words = [str(word) for word in By]
    for word in by:
        if word not in words:
            raise UsageError(
                f"{quoted(word)} is nothing that totals are for",
                remedy=did_you_mean(word, words),
            )
    now = registering.read(estate)
    today = registering.today(estate.policy)
    end = until or today
    span = Span(since or end - timedelta(days=364), end, today)
    if span.since > span.until:
        raise UsageError(f"the span ends on {span.until}, before it begins on {span.since}")
    found = tuple(counting.aways(estate.ledger.entries(steps=_REPAIR)))
    open_ = tuple(away for away in found if away.ended is None)
    in_repair = {it.asset_tag for it in now.devices if it.state is DeviceState.REPAIR}
    return Repairs(
        span=span,
        whole=counting.totals(found, span, None, now.by_tag).get("", Total()),
        parts={word: counting.totals(found, span, word, now.by_tag) for word in map(By, by)},
        away=open_,
        unknown=tuple(sorted(in_repair - {away.tag for away in open_})),
    )


def proposed(
    estate: Estate, *, as_of: date | None = None
) -> tuple[tuple[Aging, ...], tuple[Renewing, ...]]:
    """Return what `renewals` says, apart: what is still to be ordered, and what an order stands for.

    Raises:
        UsageError: policy has no rules of renewal.
    """
    aging = renewals(estate, as_of=as_of)
    standing = {
        place: Renewing(place, placed.order.name, placed.delivered.get(place, ""))
        for placed in ordering.listed(estate, as_of=as_of)
        for place in placed.taken
        if not placed.order.lots
    }
    return (
        tuple(item for item in aging if item.device.asset_tag not in standing),
        tuple(standing[tag] for item in aging if (tag := item.device.asset_tag) in standing),
    )


def renewals(estate: Estate, *, as_of: date | None = None) -> tuple[Aging, ...]:
    """Return the devices that policy proposes for renewal, in the order of their rows.

    Raises:
        UsageError: policy has no rules of renewal.
    """
    now = registering.read(estate)
    rules = estate.policy.equipment.renewal
    if not rules:
        raise UsageError(
            "policy says of no kind of device when it is renewed",
            remedy="write `renewal:` in policies/equipment.yml",
        )
    day = as_of or registering.today(estate.policy)
    entries = estate.ledger.entries(steps=[Step.FAULT, Step.REPAIRED])
    return tuple(supply.renewals(now.devices, rules, entries, day))
