"""Losses of devices as the ledger has them; what is done about one is `losing`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from commsroom.app import registering
from commsroom.errors import GuardRefused, UsageError
from commsroom.estate.loss import EVENT, Loss, Moment, Record, Report, Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from commsroom.app.estate import Estate


def recorded(estate: Estate) -> dict[str, Loss]:
    """Return the last loss of each device that was ever lost, by its tag."""
    found: dict[str, Loss] = {}
    for event in estate.ledger.events(kind=EVENT):
        tag, data = str(event.data["device"]), event.data
        at, step = datetime.fromisoformat(event.at), Step(data["step"])
        if step is Step.REPORTED:
            found[tag] = Loss(Report.from_json(tag, data), at)
        if tag in found:
            found[tag].take(Moment(step, at, event.actor, event.requester, data))
    return found


def of(estate: Estate, tag: str) -> Loss:
    """Return the last loss of a device; raises UsageError where it was never lost."""
    device, found = registering.read(estate).device(tag), recorded(estate)
    if loss := found.get(device.asset_tag):
        return loss
    raise UsageError(
        f"{device.asset_tag} was never reported lost",
        remedy=f"commsroom device lost {device.asset_tag} --reason TEXT",
    )


def record_of(estate: Estate, tag: str) -> Record:
    """Return the record of the last loss of a device; raises UsageError where it was never lost."""
    people = {person.id: person.name for person in estate.policy.people}
    return Record(of(estate, tag), estate.policy.company.name, people, estate.simulated)


def require_cleared(estate: Estate, tags: Sequence[str]) -> None:
    """Refuse, by GuardRefused, what was lost and of which nobody says that it may be issued again."""
    found = recorded(estate) if tags else {}
    for tag in tags:
        if (loss := found.get(tag)) is not None and not loss.cleared:
            raise GuardRefused(
                f"{tag} was lost on {loss.at.date()} and is not cleared: commsroom device found {tag} --by ID"
                " with --wiped --witness ID, or --unwiped REASON"
            )
