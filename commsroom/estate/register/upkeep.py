"""Maintenance (clause 3.2.4): which task is due on which device, and since when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from commsroom.estate.register.life import Step
from commsroom.policy.devices import Device, DeviceState

if TYPE_CHECKING:
    from commsroom.estate.register.life import Entry
    from commsroom.policy.equipment import Maintenance

#: (asset tag, name of the task) → the day it was last done.
Done = Mapping[tuple[str, str], date]


@dataclass(frozen=True, slots=True)
class Task:
    """One task on one device: due on a day, `last` done on another (None: never)."""

    device: Device
    name: str
    plan: Maintenance
    due: date
    last: date | None

    def overdue(self, day: date) -> bool:
        """Tell whether its day is over; on that day it is still in time."""
        return self.due < day


def done(entries: Iterable[Entry]) -> dict[tuple[str, str], date]:
    """Return when each task was last done, from what is recorded, oldest first."""
    found: dict[tuple[str, str], date] = {}
    for item in entries:
        if item.step is Step.MAINTAINED:
            key = (item.tag, item.details.get("task", ""))
            found[key] = max(found.get(key, item.day), item.day)
    return found


def tasks(
    devices: Iterable[Device], plans: Mapping[str, Maintenance], last: Done
) -> Iterator[Task]:
    """Yield every task of every device in use; what is in stock, repair or retired has none.

    A task never done counts from the purchase or from the plan's beginning, whichever is later; where
    neither is known it is due since ever, since nobody can say that it is not.
    """
    for device in devices:
        if device.state is not DeviceState.ISSUED:
            continue
        for name, plan in plans.items():
            if plan.concerns(device):
                before = last.get((device.asset_tag, name))
                began = before or max(
                    (day for day in (device.purchased, plan.since) if day), default=date.min
                )
                due = began if began == date.min else began + plan.every
                yield Task(device, name, plan, due, before)
