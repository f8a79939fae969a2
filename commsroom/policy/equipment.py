"""equipment.yml: where equipment may stand, how it is maintained, and when it is renewed.

The file is optional: without it devices are held by people only, and nothing is ever due.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from fnmatch import fnmatchcase

from pydantic import Field

from commsroom.policy.base import Model, Section
from commsroom.policy.devices import Device, DeviceKind
from commsroom.policy.retirement import Loss, Retirement
from commsroom.policy.scalars import Currency, Duration, Glob, Id, Share, Text

Kinds = tuple[DeviceKind, ...]


class Right(Model):
    """One device of a kind that a post, a person or a place is to have."""

    models: tuple[Glob, ...] = Field(
        default=(),
        description="What fits: globs over `VENDOR MODEL`, as in `Yealink T5*`; empty: any",
    )

    def fits(self, device: Device) -> bool:
        """Tell whether a device is such a one, its kind apart."""
        return not self.models or any(fnmatchcase(device.product, glob) for glob in self.models)


class Place(Section):
    """Somewhere that holds devices, as a person does: a meeting room, a counter, a rack."""

    name: Text
    site: Id = Field(description="Site of company.yml it is at")
    equipment: Mapping[DeviceKind, Right] = Field(
        default={}, description="What is to stand there, by kind of device"
    )


class Maintenance(Section):
    """A recurring task (clause 3.2.4) for devices in use.

    It is due `every` so long after it was last done; the first time so long after the device was
    bought or the plan began, whichever is later.
    """

    task: Text = Field(description="What is done, in the words of those who do it")
    kinds: Kinds = Field(default=(), description="Kinds of device it is for; empty: any")
    models: tuple[Glob, ...] = Field(
        default=(), description="Models it is for: globs over `VENDOR MODEL`; empty: any"
    )
    every: Duration = Field(description="e.g. 26w")
    since: date | None = Field(
        default=None, description="The day the plan began: older devices are not overdue at once"
    )
    consumable: Text | None = Field(
        default=None, description="What it uses up, for whoever orders it"
    )

    def concerns(self, device: Device) -> bool:
        """Tell whether the task is for a device."""
        return (not self.kinds or device.kind in self.kinds) and (
            not self.models or any(fnmatchcase(device.product, glob) for glob in self.models)
        )


class Renewal(Section):
    """When a device of a kind is proposed for renewal (clause 3.3.1): any one of these is enough."""

    age: Duration | None = Field(default=None, description="It was bought so long ago, e.g. 6y")
    faults: int | None = Field(
        default=None, ge=1, le=100, description="So many faults `within` the span below"
    )
    within: Duration = Field(
        default=timedelta(days=365), description="The span in which faults count, e.g. 1y"
    )
    repair_cost: Share | None = Field(
        default=None,
        description="Out of warranty, and repairs have cost so much of its price, e.g. 50 %",
    )


class Equipment(Section):
    """equipment.yml."""

    currency: Currency | None = Field(
        default=None, description="ISO 4217 code of all prices, e.g. TWD"
    )
    places: Mapping[Id, Place] = Field(default={}, description="Places that may hold devices")
    maintenance: Mapping[Id, Maintenance] = Field(
        default={}, description="Recurring tasks, by a name of their own"
    )
    repair_within: Duration = Field(
        default=timedelta(days=30),
        description="A fault is repaired so soon (clause 3.2.3), e.g. 14d",
    )
    deliver_within: Duration = Field(
        default=timedelta(days=30),
        description="What was ordered comes so soon after its approval, where no day was promised",
    )
    renewal: Mapping[DeviceKind, Renewal] = Field(
        default={}, description="When devices are proposed for renewal, by kind"
    )
    loss: Loss = Field(default=Loss(), description="What is done when a device is lost")
    retirement: Retirement = Field(
        default=Retirement(), description="How retired devices are judged (clause 3.3.3)"
    )
