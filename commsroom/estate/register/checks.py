"""What an inspection says of equipment: pure, from policy, what is recorded, and the day.

Clauses 3.1.3, 3.2.1, 3.2.3, 3.2.4, 3.3.2, 3.3.3 and 4.4.2. What is wrong is a check of its own, so that an exception or the
history can be about it; what is right is one check a rule, which is evidence enough.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from commsroom.estate.inspection import Check, Standard
from commsroom.estate.register import life, shut_out, supply, upkeep
from commsroom.estate.register.life import REGISTER, Step
from commsroom.policy.devices import DeviceKind, DeviceState

if TYPE_CHECKING:
    from datetime import date

    from commsroom.estate.loss import Loss
    from commsroom.estate.register.life import Entry, Life
    from commsroom.estate.register.orders import Awaited
    from commsroom.estate.resource import Provenance
    from commsroom.policy import Policy
    from commsroom.policy.devices import Device


#: Kinds that keep what people wrote or said, or how the company's network is made.
WITH_DATA: Final = frozenset(
    {
        DeviceKind.PHONE,
        DeviceKind.COMPUTER,
        DeviceKind.MOBILE,
        DeviceKind.FAX,
        DeviceKind.SWITCH,
        DeviceKind.GATEWAY,
    }
)


@dataclass(frozen=True)
class Inspected:
    """All that is looked at."""

    policy: Policy
    lives: Mapping[str, Life]
    entries: tuple[Entry, ...]
    day: date
    #: Approved orders of which something is to come; None: nobody can tell, as from an older baseline.
    awaited: tuple[Awaited, ...] | None = None
    #: What was retired, each as it was; None: nobody can tell.
    retired: tuple[Entry, ...] | None = None
    #: The last loss of each device that was ever lost; None: nobody can tell.
    losses: tuple[Loss, ...] | None = None

    @cached_property
    def devices(self) -> tuple[Device, ...]:
        """The devices as they stand."""
        return life.at_present(self.policy.devices, self.lives)

    @cached_property
    def standard(self) -> Standard:
        """Where policy says what."""
        return Standard(self.policy, REGISTER, self.day)


def checks(seen: Inspected) -> Iterator[Check]:
    """Yield every check of an estate's equipment."""
    for look in (
        _rows,
        _purchases,
        _faults,
        _leavers,
        _entitlements,
        _maintenance,
        _orders,
        _retired,
        _lost,
    ):
        yield from look(seen)


def _rows(seen: Inspected) -> Iterator[Check]:
    """Rows that say otherwise than the ledger, and devices whose row is gone."""
    wrong = 0
    for item in life.disagreements(seen.policy.devices, seen.lives):
        wrong += 1
        tag = item.device.asset_tag
        yield seen.standard.check(
            "register",
            f"{tag} {item.name}",
            expected=f"{item.ledger or 'nothing'}, as the ledger says since {item.life.day}"
            f" ({item.life.step})",
            got=f"{item.row or 'nothing'} in its row",
            ok=False,
            because=_row(seen, tag),
            remedy=f"commsroom device rewrite {tag}",
        )
    there = {device.asset_tag for device in seen.policy.devices}
    for tag, last in sorted(seen.lives.items()):
        if tag not in there and last.standing.state is not DeviceState.RETIRED:
            wrong += 1
            yield seen.standard.check(
                "register",
                tag,
                expected=f"a row of its own until it is retired: {life.told(last.standing)}",
                got="without a row",
                ok=False,
                because=_row(seen, tag),
                remedy="put the row back into policies/devices.csv",
            )
    if not wrong:
        yield _good(
            seen, "register", "rows", f"{len(there)} rows say what the ledger says", "3.2.1"
        )


def _purchases(seen: Inspected) -> Iterator[Check]:
    """A maintenance file states when a device was bought, and that day is over."""
    bare = [
        device.asset_tag
        for device in seen.devices
        if device.purchased is None and device.state is not DeviceState.RETIRED
    ]
    for tag in bare:
        yield seen.standard.check(
            "purchase",
            tag,
            expected="the day it was bought",
            got="not in its row",
            ok=False,
            because=_row(seen, tag),
            remedy="write it into the column purchased",
        )
    coming = [device for device in seen.devices if device.purchased and device.purchased > seen.day]
    for device in coming:
        yield seen.standard.check(
            "purchase",
            device.asset_tag,
            expected="bought on a day that was",
            got=f"bought on {device.purchased}, which is yet to come",
            ok=False,
            because=_row(seen, device.asset_tag),
            remedy="mend the column purchased",
        )
    if not bare and not coming:
        text = f"{len(seen.devices)} devices state when they were bought"
        yield _good(seen, "purchase", "dates", text, "3.2.1")


def _faults(seen: Inspected) -> Iterator[Check]:
    limit = seen.policy.equipment.repair_within
    because = _serving(seen, "equipment", "repair_within", clause="3.2.3")
    since = {item.tag: item for item in seen.entries if item.step is Step.FAULT}
    in_repair = [device for device in seen.devices if device.state is DeviceState.REPAIR]
    open_faults = [
        (device, since[device.asset_tag]) for device in in_repair if device.asset_tag in since
    ]
    late = [
        (device, f"open since {item.day}: {item.details.get('reason', 'no reason given')}")
        for device, item in open_faults
        if item.day + limit < seen.day
    ]
    # Only its row says so: nobody can tell that it is in time.
    late += [
        (device, "in repair since a day nobody can name: its fault was never recorded")
        for device in in_repair
        if device.asset_tag not in since
    ]
    for device, got in late:
        yield seen.standard.check(
            "fault",
            device.asset_tag,
            expected=f"repaired within {limit.days} days",
            got=got,
            ok=False,
            because=because,
            remedy=f"commsroom device repair {device.asset_tag}",
        )
    if not late:
        text = f"{len(open_faults)} faults open, none longer than {limit.days} days"
        yield seen.standard.check(
            "fault", "repairs", expected=f"repaired within {limit.days} days", got=text, ok=True,
            because=because,
        )  # fmt: skip


def _leavers(seen: Inspected) -> Iterator[Check]:
    """Equipment comes back when its holder leaves."""
    gone = []
    for device in seen.devices:
        holder = device.holder
        if not holder or holder in seen.policy.equipment.places:
            continue
        person = seen.policy.by_id.get(holder)
        if person is None:
            gone.append((device, f"held by {holder}, who is not in the roster"))
        elif person.end is not None and person.end < seen.day:
            gone.append((device, f"held by {holder}, who left on {person.end}"))
    for device, why in gone:
        yield seen.standard.check(
            "leaver",
            device.asset_tag,
            expected="held by somebody who is here",
            got=why,
            ok=False,
            because=_row(seen, device.asset_tag),
            remedy=f"commsroom device return {device.asset_tag}",
        )
    if not gone:
        yield _good(seen, "leaver", "returns", "nobody who left holds anything", "3.2.1")


def _entitlements(seen: Inspected) -> Iterator[Check]:
    """Everybody who is here has what their post entitles to (clause 3.1.3)."""
    wants = tuple(supply.wants(seen.policy, seen.day, seen.day))
    if not wants:
        return
    needs = supply.needs(wants, seen.devices)
    lacking = [
        (holder, need, f"commsroom device issue {spare.asset_tag} {holder}")
        for need in needs
        for holder, spare in need.from_stock
    ]
    lacking += [
        (want.holder, need, "commsroom device procurement")
        for need in needs
        for want in need.missing
    ]
    for holder, need, remedy in sorted(lacking, key=lambda item: (item[0], item[1].kind)):
        yield seen.standard.check(
            "entitlement",
            f"{holder} {need.kind}",
            expected=f"a {need.kind}" + (f": {' or '.join(need.models)}" if need.models else ""),
            got="missing",
            ok=False,
            because=_entitled(seen, holder, need.kind),
            remedy=remedy,
        )
    if not lacking:
        text = f"{len(wants)} devices that posts and places are to have are issued"
        because = _serving(seen, "positions", clause="3.1.3")
        yield seen.standard.check(
            "entitlement", "posts", expected=text, got=text, ok=True, because=because
        )


def _maintenance(seen: Inspected) -> Iterator[Check]:
    plans = seen.policy.equipment.maintenance
    counts = dict.fromkeys(plans, 0)
    late = dict.fromkeys(plans, 0)
    for task in upkeep.tasks(seen.devices, plans, upkeep.done(seen.entries)):
        counts[task.name] += 1
        if not task.overdue(seen.day):
            continue
        late[task.name] += 1
        tag = task.device.asset_tag
        yield seen.standard.check(
            "maintenance",
            f"{task.name} {tag}",
            expected=f"done by {_due(task)}: {task.plan.task}",
            got=f"last done {task.last}" if task.last else "never done",
            ok=False,
            because=_plan(seen, task.name),
            remedy=f"commsroom device done {tag} --task {task.name}",
        )
    for name, plan in plans.items():
        if counts[name] and not late[name]:
            yield seen.standard.check(
                "maintenance",
                name,
                expected=f"{plan.task}, every {plan.every.days} days",
                got=f"{counts[name]} devices, none overdue",
                ok=True,
                because=_plan(seen, name),
            )


def _orders(seen: Inspected) -> Iterator[Check]:
    """What two people have signed comes by the day it was promised for, or as soon as policy says."""
    if seen.awaited is None:
        return
    within = seen.policy.equipment.deliver_within
    because = _serving(seen, "equipment", "deliver_within", clause="3.3.2")
    late = [order for order in seen.awaited if order.due(within) < seen.day]
    for order in late:
        due = order.due(within)
        told = "as promised" if order.promised else f"{within.days} days after {order.approved}"
        moved = len(order.promised) - 1
        yield seen.standard.check(
            "order",
            order.name,
            expected=f"delivered by {due}, {told}",
            got=f"{(seen.day - due).days} days late, {order.left} of {order.whole} devices to come"
            + (f"; promised for {order.promised[0]} at first" if moved > 0 else ""),
            ok=False,
            because=because,
            remedy=f"commsroom device deliver {order.name} NEW; is it to come later: device promise;"
            " or never: device cancel",
        )
    if not late:
        yield seen.standard.check(
            "order",
            "deliveries",
            expected=f"delivered when promised, else within {within.days} days",
            got=f"{len(seen.awaited)} orders to come, none late",
            ok=True,
            because=because,
        )


def _retired(seen: Inspected) -> Iterator[Check]:
    """What held data went by `decommission`, and has its certificate."""
    since = seen.policy.equipment.retirement.certificates_since
    if since is None or seen.retired is None:
        return
    kinds = {device.asset_tag: device.kind for device in seen.policy.devices}
    gone = [it for it in seen.retired if it.day >= since and kinds.get(it.tag) in WITH_DATA]
    bare = [it for it in gone if not it.details.get("certificate")]
    because = _serving(seen, "equipment", "retirement", clause="3.3.3")
    for item in bare:
        yield seen.standard.check(
            "retirement",
            item.tag,
            expected="wiped, and certified",
            got=f"retired on {item.day} without a certificate that counts",
            ok=False,
            because=because,
            remedy="retire equipment by commsroom decommission; name this one's reason in an exception",
        )
    if not bare:
        yield seen.standard.check(
            "retirement",
            "certificates",
            expected=f"what held data and was retired since {since} has a certificate",
            got=f"{len(gone)} devices, all of them have one",
            ok=True,
            because=because,
        )


def _lost(seen: Inspected) -> Iterator[Check]:
    """What is lost is shut out, and people did their part."""
    if seen.losses is not None:
        because = _serving(seen, "equipment", "loss", clause="4.4.2")
        yield from shut_out.checks(seen.losses, seen.lives, seen.day, seen.standard, because)


def _due(task: upkeep.Task) -> str:
    """Say by when, also where neither purchase nor the plan's beginning is known."""
    return str(task.due) if task.due.year > 1 else "a day nobody can name: it has no purchase date"


def _plan(seen: Inspected, name: str) -> Provenance:
    return seen.standard.stated("equipment", "maintenance", name, clause="3.2.4")


def _row(seen: Inspected, tag: str) -> Provenance:
    return seen.standard.stated("devices", tag, clause="3.2.1")


def _entitled(seen: Inspected, holder: str, kind: DeviceKind) -> Provenance:
    """Return what says that somebody is to have a device of a kind."""
    person = seen.policy.by_id.get(holder)
    if person is None:
        return seen.standard.stated("equipment", "places", holder, clause="3.1.3")
    path = seen.policy.entitlement(person, seen.day).source
    if path[1] == "named" and kind not in seen.policy.positions.named[holder].equipment:
        path = ("positions", "positions", person.position)
    return seen.standard.stated(path[0], *path[1:], clause="3.1.3")


def _serving(seen: Inspected, *path: str, clause: str) -> Provenance:
    """Return where policy says so, for a rule that is about another clause than its file."""
    because = seen.standard.stated(path[0], *path[1:], clause=clause)
    known = clause in seen.policy.regulation.clauses
    return replace(because, clause=clause) if known else because


def _good(seen: Inspected, name: str, place: str, text: str, clause: str) -> Check:
    because = seen.standard.stated("equipment", clause=clause)
    return seen.standard.check(name, place, expected=text, got=text, ok=True, because=because)
