"""device approve, orders, promise, cancel: what two people have signed with SSH keys is bought.

Who may sign is in Git, in `policies/approvers` (ALLOWED SIGNERS of ssh-keygen(1)): its principals are
ids of the roster, its namespace is `commsroom-approval`. Once two people have approved that file, its
text as they did counts (`signers`). What a signature counts for: `signing`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from commsroom.app import registering, signers, signing
from commsroom.app.estate import actor
from commsroom.app.signing import APPROVED, Signatures
from commsroom.errors import CommsroomError, GuardRefused, UsageError
from commsroom.estate.register import Step
from commsroom.estate.register.orders import Awaited, Order, Standing
from commsroom.estate.register.supply import Coming
from commsroom.policy import characters
from commsroom.policy.words import did_you_mean, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from commsroom.app.estate import Estate
    from commsroom.policy import Policy

#: Events of the ledger.
PROPOSED: Final = "order proposed"
PROMISED: Final = "order promised"
CANCELLED: Final = "order cancelled"


@dataclass(frozen=True, slots=True)
class Placed:
    """An order, whose signatures count, and what that makes of it.

    `delivered` names the device that has come for each of the order's places it has come for.
    """

    order: Order
    approvers: tuple[str, ...]
    standing: Standing
    delivered: Mapping[str, str] = field(default_factory=dict)
    #: The day from which it counts as approved; None while it does not.
    approved: date | None = None
    promised: tuple[date, ...] = ()
    #: How long it may take where nobody promised a day, and the day it is looked at.
    within: timedelta = timedelta(0)
    today: date = date.min

    @property
    def due(self) -> date | None:
        """Return the day by which the rest is to be here; None where nothing is expected."""
        return None if self.awaited is None else self.awaited.due(self.within)

    @property
    def days_late(self) -> int:
        """Return for how many days the rest has been late: as `inspect` counts."""
        return max(0, (self.today - self.due).days) if self.due else 0

    @property
    def open(self) -> bool:
        """Tell whether something of it may still be expected."""
        return self.standing in {Standing.PROPOSED, Standing.APPROVED}

    @property
    def taken(self) -> tuple[str, ...]:
        """Return the places nobody may order for again: what has come, and what may still come."""
        return tuple(place for place in self.order.places if self.open or place in self.delivered)

    @property
    def coming(self) -> tuple[Coming, ...]:
        """Return what its lots are still to bring."""
        left = [place for place in self.order.places if place not in self.delivered]
        return tuple(
            Coming(
                order=self.order.name,
                kind=lot.kind,
                models=lot.models,
                site=lot.site,
                holders=lot.holders,
                left=sum(place.startswith(f"{number}/") for place in left),
            )
            for number, lot in enumerate(self.order.lots, 1)
            if self.open
        )

    @property
    def awaited(self) -> Awaited | None:
        """Return what is still to come of it; None where nothing is, or nobody approved it."""
        if self.standing is not Standing.APPROVED or self.approved is None:
            return None
        whole = len(self.order.places)
        left = whole - len(self.delivered)
        return Awaited(self.order.name, self.approved, self.promised, whole, left)


def approve(estate: Estate, name: str, *, approver: str, key: Path) -> Placed:
    """Sign an order with an SSH key; with the second person's signature it is approved.

    Raises:
        UsageError: there is no such order, or nobody of that id is here.
        GuardRefused: it may not be signed by them, or not any more; nothing is recorded.
        PolicyErrors: `policies/approvers` cannot be relied on.
        CommsroomError: the key cannot sign, or another signed an order in the same moment.
    """
    placed = named(estate, name)
    require_here(estate.policy, approver, registering.today(estate.policy))
    _require_unsigned(placed, approver)
    signers.require_usable(estate)
    signature = signing.sign(placed.order, approver, key, signers.in_force(estate))
    # Signing may have waited for a passphrase: what others did meanwhile counts, and from here on none
    # may come between, for the event says whose signatures hold as it is written.
    seen, _ = estate.ledger.head()
    placed = named(estate, name)
    _require_unsigned(placed, approver)
    _signatures(estate).require_own_key(placed.order, approver, signature, placed.approvers)
    data = {
        "order": name,
        "approver": approver,
        "signature": signature.decode("ascii"),
        "with": list(placed.approvers),
    }
    estate.ledger.record(APPROVED, data, actor=actor(), requester=placed.order.requester, seen=seen)
    return named(estate, name)


def _signatures(estate: Estate) -> Signatures:
    return Signatures(estate, signing.ORDERS, lambda: signers.in_force(estate))


def _require_unsigned(placed: Placed, approver: str) -> None:
    """Refuse, by GuardRefused, somebody who may not sign an order, or not any more."""
    name = placed.order.name
    if approver == placed.order.requester:
        raise GuardRefused(f"{approver} asked for order {name} and may not approve it")
    if approver in placed.approvers:
        raise GuardRefused(f"{approver} has approved order {name} already: another person must")
    if placed.standing is Standing.EXPIRED:
        raise GuardRefused(f"order {name} could be approved until {placed.order.expires}")
    if placed.standing is Standing.CANCELLED:
        raise GuardRefused(f"order {name} is cancelled")


def promise(estate: Estate, name: str, *, until: date, note: str = "") -> Placed:
    """Record the day until which what is left of an order was promised; `inspect` goes by it.

    Raises:
        UsageError: nothing is expected of the order, or the day is before it was approved.
    """
    placed = named(estate, name)
    if placed.awaited is None:
        raise UsageError(f"order {name} is {placed.standing}: nothing is expected of it")
    if until < placed.awaited.approved:
        raise UsageError(f"order {name} was approved later, on {placed.awaited.approved}")
    _require_text("--note", note)
    data = {"order": name, "until": until.isoformat(), "note": note}
    estate.ledger.record(PROMISED, data, actor=actor())
    return replace(placed, promised=(*placed.promised, until))


def cancel(estate: Estate, name: str, *, requester: str, reason: str) -> Placed:
    """Record that what is left of an order is not to come: it may be ordered anew.

    Raises:
        UsageError: nobody of that id is here, or the order is over already.
    """
    placed = named(estate, name)
    require_here(estate.policy, requester, registering.today(estate.policy))
    if not placed.open:
        raise UsageError(f"order {name} is {placed.standing} already")
    _require_text("--reason", reason)
    if not reason.strip():
        raise UsageError("--reason is empty", remedy="say why it is not to come")
    data = {"order": name, "reason": reason}
    estate.ledger.record(CANCELLED, data, actor=actor(), requester=requester)
    return replace(placed, standing=Standing.CANCELLED)


def _require_text(option: str, text: str) -> None:
    if found := characters.refused(text):
        raise UsageError(f"{option}: {found} may not be part of it")


def named(estate: Estate, name: str) -> Placed:
    """Return the order of a name; raises UsageError, naming the nearest, for none."""
    found = {placed.order.name: placed for placed in listed(estate)}
    if placed := found.get(name):
        return placed
    raise UsageError(
        f"there is no order {quoted(name)}",
        remedy=did_you_mean(name, found) or "commsroom device orders",
    )


def listed(
    estate: Estate, *, as_of: date | None = None, unfinished: bool = False
) -> tuple[Placed, ...]:
    """Return every order, oldest first, with the signatures that count.

    With `unfinished`, those are left out of which nothing can come any more, whoever signed them: so
    that years of orders are not checked anew each night.
    """
    day = as_of or registering.today(estate.policy)
    ledger = estate.ledger
    signatures = _signatures(estate)
    promised: dict[str, list[date]] = {}
    for event in ledger.events(kind=PROMISED):
        until = date.fromisoformat(str(event.data.get("until")))
        promised.setdefault(str(event.data.get("order")), []).append(until)
    cancelled = {str(event.data.get("order")) for event in ledger.events(kind=CANCELLED)}
    delivered: dict[str, dict[str, str]] = {}
    for entry in ledger.entries(steps=[Step.DELIVERED]):
        brought = delivered.setdefault(entry.details.get("order", ""), {})
        brought[entry.details.get("replaces") or entry.details.get("place", "")] = entry.tag
    found = []
    for event in ledger.events(kind=PROPOSED):
        try:
            order = Order.from_json(event.data)
        except (KeyError, TypeError, ValueError) as error:
            raise CommsroomError(
                f"event {event.seq} of the ledger is no order", remedy="commsroom ledger verify"
            ) from error
        brought = delivered.get(order.name, {})
        over = order.name in cancelled
        if unfinished and (over or all(place in brought for place in order.places)):
            continue
        signed = signatures.of(order)
        standing = order.standing(day, brought, approved=signed.since is not None)
        found.append(
            Placed(
                order=order,
                approvers=signed.approvers,
                standing=Standing.CANCELLED if over else standing,
                delivered=brought,
                approved=signed.since,
                promised=tuple(promised.get(order.name, ())),
                within=estate.policy.equipment.deliver_within,
                today=day,
            )
        )
    return tuple(found)


def awaited(estate: Estate, *, as_of: date | None = None) -> tuple[Awaited, ...]:
    """Return the approved orders of which something is still to come, oldest first."""
    found = (placed.awaited for placed in listed(estate, as_of=as_of, unfinished=True))
    return tuple(item for item in found if item is not None)


def require_here(policy: Policy, key: str, day: date) -> None:
    """Refuse, by UsageError, who is not in the roster or not here on a day."""
    person = policy.by_id.get(key)
    if person is None:
        raise UsageError(
            f"there is no person {quoted(key)} in the roster",
            remedy=did_you_mean(key, policy.by_id),
        )
    if person.start > day or (person.end is not None and person.end < day):
        raise UsageError(f"{key} is not here on {day}")
