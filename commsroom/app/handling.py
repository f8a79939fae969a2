"""device issue, return, fault, repair, move, done, retire, correct: what happens to equipment.

Each refuses what cannot follow what was before, in one line; `registering` does the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from commsroom.app import losses
from commsroom.app.registering import Happening, Recorded, Register, read, take, today
from commsroom.errors import UsageError
from commsroom.estate import register
from commsroom.estate.register import Standing, Step, life
from commsroom.policy import device_rows
from commsroom.policy.devices import DeviceState
from commsroom.policy.words import did_you_mean, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from commsroom.app.estate import Estate
    from commsroom.policy import Policy
    from commsroom.policy.devices import Device


def issue(
    estate: Estate,
    tag: str,
    holder: str,
    *,
    site: str = "",
    port: str = "",
    day: date | None = None,
) -> Recorded:
    """Hand a device of the stock to a person or a place.

    Its site becomes theirs unless another is given.
    """
    policy = estate.policy
    known = Register(policy, {})
    to = known.holder(holder)
    _site(policy, site)
    person = policy.by_id.get(to)
    on = day or today(policy)
    if person is not None and person.end is not None and person.end < on:
        raise UsageError(f"{to} left on {person.end}", remedy="issue it to somebody who is here")
    at = site or (person.site if person else policy.equipment.places[to].site)
    return take(
        estate,
        [tag],
        Happening(
            step=Step.ISSUED,
            move=lambda device: life.issued(device, to, site=at, port=port),
            day=day,
        ),
    )


def give_back(
    estate: Estate,
    tags: Sequence[str],
    *,
    of: str = "",
    place: str = "",
    site: str = "",
    day: date | None = None,
    note: str = "",
) -> Recorded:
    """Take devices back into stock: those named, or all that `of` holds.

    Raises:
        UsageError: both are given or neither, or nobody holds anything.
    """
    if bool(tags) == bool(of):
        raise UsageError("name devices, or whose they are with --of")
    _check_place(estate.policy, site=site, place=place)
    if of:
        now = read(estate)
        # Somebody who is gone from the roster may hold something still.
        held = now.held_by(of) or now.held_by(now.holder(of))
        if not held:
            raise UsageError(f"{of} holds nothing", remedy="commsroom device list --holder '*'")
        tags = [device.asset_tag for device in held]
    at = site or (estate.policy.equipment.places[place].site if place else "")
    return take(
        estate,
        tags,
        Happening(
            step=Step.RETURNED,
            move=lambda device: life.returned(device, place=place, site=at),
            day=day,
            details={"note": note},
        ),
    )


def fault(estate: Estate, tag: str, *, reason: str, day: date | None = None) -> Recorded:
    """Report a fault."""
    what = Happening(step=Step.FAULT, move=life.broken, day=day, details={"reason": reason})
    return take(estate, [tag], what)


def repair(
    estate: Estate,
    tag: str,
    *,
    cost: str = "",
    by: str = "",
    note: str = "",
    day: date | None = None,
) -> Recorded:
    """End a repair; raises UsageError for a cost that is no amount."""
    if cost and not device_rows.is_price(cost):
        raise UsageError(
            f"--cost: {quoted(cost)} is no amount", remedy=device_rows.amount_remedy(cost, "850")
        )
    tag = read(estate).device(tag).asset_tag
    faults = estate.ledger.entries(tag=tag, steps=[Step.FAULT])
    # Of a device that came into the register in repair, its holder is who waits for it.
    was = faults[-1].before.state if faults else DeviceState.ISSUED
    what = Happening(
        step=Step.REPAIRED,
        move=lambda device: life.repaired(device, was=was),
        day=day,
        details={"cost": cost, "by": by, "note": note},
    )
    return take(estate, [tag], what)


def move(
    estate: Estate,
    tag: str,
    *,
    port: str | None = None,
    site: str = "",
    place: str = "",
    note: str = "",
    day: date | None = None,
) -> Recorded:
    """Put a device somewhere else; a `place` only takes what is held by no person."""
    policy = estate.policy
    _check_place(policy, site=site, place=place)
    if port is None and not site and not place:
        raise UsageError("nothing is to change", remedy="name --port, --site or --to")
    at = site or (policy.equipment.places[place].site if place else None)

    def moved(device: Device) -> Standing:
        if place and device.holder in policy.by_id:
            raise UsageError(
                f"{device.asset_tag} is issued to {device.holder}",
                remedy=f"commsroom device return {device.asset_tag}",
            )
        return life.moved(device, site=at, port=port, place=place or None)

    what = Happening(step=Step.MOVED, move=moved, day=day, details={"note": note})
    return take(estate, [tag], what)


def done(
    estate: Estate, tags: Sequence[str], *, task: str, note: str = "", day: date | None = None
) -> Recorded:
    """Record that a task of a plan was done; raises UsageError where the plan is for other devices."""
    plans = estate.policy.equipment.maintenance
    plan = plans.get(task)
    if plan is None:
        raise UsageError(
            f"there is no task {quoted(task)} in equipment.yml", remedy=did_you_mean(task, plans)
        )

    def maintained(device: Device) -> Standing:
        if not plan.concerns(device):
            raise UsageError(f"{task} is no task for {device.asset_tag} ({device.product})")
        return life.maintained(device)

    details = {"task": task, "note": note}
    what = Happening(step=Step.MAINTAINED, move=maintained, day=day, details=details)
    return take(estate, tags, what)


def retire(
    estate: Estate, tags: Sequence[str], *, reason: str, day: date | None = None
) -> Recorded:
    """Record that devices are gone for good."""
    what = Happening(step=Step.RETIRED, move=life.retired, day=day, details={"reason": reason})
    return take(estate, tags, what)


def correct(estate: Estate, tags: Sequence[str], *, reason: str) -> Recorded:
    """Take over into the ledger what rows say otherwise: of some devices, or of all.

    Who does that answers for it, with a reason: the ledger keeps what it said before, too.

    Raises:
        UsageError: no row says anything else than the ledger.
    """
    rows = {device.asset_tag: device for device in estate.policy.devices}
    now = read(estate)
    tags = [now.device(name).asset_tag for name in tags]
    differing = dict.fromkeys(
        item.device.asset_tag
        for item in register.disagreements(rows.values(), now.lives)
        if not tags or item.device.asset_tag in tags
    )
    if not differing:
        raise UsageError("devices.csv says what the ledger says: there is nothing to correct")
    issued = [tag for tag in differing if rows[tag].state is DeviceState.ISSUED]
    losses.require_cleared(estate, issued)
    what = Happening(
        step=Step.CORRECTED,
        move=lambda device: life.corrected(device, Standing.of(rows[device.asset_tag])),
        details={"reason": reason},
    )
    return take(estate, list(differing), what)


def _check_place(policy: Policy, *, site: str = "", place: str = "") -> None:
    """Refuse a site or a place that policy does not have; an empty one is none."""
    _site(policy, site)
    if place and place not in policy.equipment.places:
        raise UsageError(
            f"there is no place {quoted(place)} in equipment.yml",
            remedy=did_you_mean(place, policy.equipment.places),
        )
    if place and site and (there := policy.equipment.places[place].site) != site:
        raise UsageError(f"{place} is at {there}, not at {site}", remedy="leave out --site")


def _site(policy: Policy, site: str) -> None:
    if site and site not in policy.company.sites:
        raise UsageError(
            f"there is no site {quoted(site)} in company.yml",
            remedy=did_you_mean(site, policy.company.sites),
        )
