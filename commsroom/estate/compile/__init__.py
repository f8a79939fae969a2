"""Policy to resources: pure, so that the same policy, roster, numbers and date give the same estate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from commsroom.errors import CommsroomError
from commsroom.estate.compile import mail, messaging, network, phones, telephony
from commsroom.estate.compile.context import Context, SystemInfo
from commsroom.estate.memory import uncollected

if TYPE_CHECKING:
    from datetime import date

    from commsroom.estate.resource import Resource
    from commsroom.policy import Policy
    from commsroom.policy.allocations import Allocations

#: What makes a switch impossible for two sites, before anything is compiled.
switch_clashes = network.clashes

__all__ = ["SystemInfo", "compile_equipment", "compile_estate", "switch_clashes"]


def compile_estate(
    policy: Policy,
    allocations: Allocations,
    day: date,
    systems: Sequence[SystemInfo],
    *,
    at_sites: Mapping[str, date] | None = None,
) -> list[Resource]:
    """Return every resource that policy asks for on a day, over all systems.

    Args:
        policy: Loaded policy and roster.
        allocations: A login and, where entitled, a number for everybody whose account is due.
        day: The date policy is read for; the last day of somebody counts whole.
        at_sites: The date at sites where it is another one just now, by site.
        systems: What each system can hold and which sites it serves. A kind no system holds is
            not asked for: an estate may have telephones and no chat.

    Raises:
        CommsroomError: two rules ask for the same address.
    """
    with uncollected():
        context = Context.of(policy, allocations, day, systems, at_sites or {})
        found = [
            *telephony.resources(context),
            *mail.resources(context),
            *messaging.resources(context),
            *phones.resources(context),
            *network.resources(context),
        ]
    _refuse_doubles(found)
    return found


def compile_equipment(
    policy: Policy, allocations: Allocations, day: date, systems: Sequence[SystemInfo]
) -> list[Resource]:
    """Return only what telephones and switches are to hold; arguments and errors as `compile_estate`."""
    with uncollected():
        context = Context.of(policy, allocations, day, systems, {})
        found = [*phones.resources(context), *network.resources(context)]
    _refuse_doubles(found)
    return found


def _refuse_doubles(resources: Sequence[Resource]) -> None:
    first: dict[object, Resource] = {}
    for item in resources:
        other = first.setdefault(item.address, item)
        if other is not item:
            raise CommsroomError(
                f"{item.address} is asked for twice: {other.provenance} and {item.provenance}",
                remedy="give one of them another number or name",
            )
