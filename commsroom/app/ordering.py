"""device approve, orders: what was proposed to be bought, and two people have signed with SSH keys.

Who may sign is in Git, in `policies/approvers` (ALLOWED SIGNERS of ssh-keygen(1)): its principals are
ids of the roster, its namespace is `commsroom-approval`. A signature is kept in the ledger and checked
again whenever it counts, so that an event alone approves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from commsroom import files
from commsroom.app import registering
from commsroom.app.estate import actor
from commsroom.errors import CommsroomError, GuardRefused, UsageError
from commsroom.estate.register import Step
from commsroom.estate.register.orders import Order, Standing
from commsroom.estate.register.supply import Coming
from commsroom.policy.words import did_you_mean, quoted
from commsroom.secrets import ssh_signature
from commsroom.secrets.ssh_signature import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from commsroom.app.estate import Estate
    from commsroom.policy import Policy

NAMESPACE: Final = "commsroom-approval"
APPROVERS: Final = "policies/approvers"
#: Events of the ledger.
PROPOSED: Final = "order proposed"
APPROVED: Final = "order approved"


@dataclass(frozen=True, slots=True)
class Placed:
    """An order, whose signatures hold now, and what that makes of it.

    `delivered` names the device that has come for each of the order's places it has come for.
    """

    order: Order
    approvers: tuple[str, ...]
    standing: Standing
    delivered: Mapping[str, str] = field(default_factory=dict)

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


def approve(estate: Estate, name: str, *, approver: str, key: Path) -> Placed:
    """Sign an order with an SSH key; with the second person's signature it is approved.

    Raises:
        UsageError: there is no such order, or nobody of that id is here.
        GuardRefused: it may not be signed by them, or not any more; nothing is recorded.
        CommsroomError: the key cannot sign.
    """
    day = registering.today(estate.policy)
    placed = named(estate, name)
    require_here(estate.policy, approver, day)
    if approver == placed.order.requester:
        raise GuardRefused(f"{approver} asked for order {name} and may not approve it")
    if approver in placed.approvers:
        raise GuardRefused(f"{approver} has approved order {name} already: another person must")
    if placed.standing is Standing.EXPIRED:
        raise GuardRefused(f"order {name} could be approved until {placed.order.expires}")
    signature = ssh_signature.sign(placed.order.document, key, namespace=NAMESPACE)
    if not _holds(estate, placed.order, approver, signature):
        raise GuardRefused(
            f"{APPROVERS} does not let {approver} approve with this key; it would take the line:"
            f' {approver} namespaces="{NAMESPACE}" {ssh_signature.public_key(signature)}'
        )
    data = {"order": name, "approver": approver, "signature": signature.decode("ascii")}
    estate.ledger.record(APPROVED, data, actor=actor(), requester=placed.order.requester)
    approvers = (*placed.approvers, approver)
    standing = placed.order.standing(approvers, day, placed.delivered)
    return Placed(placed.order, approvers, standing, placed.delivered)


def named(estate: Estate, name: str) -> Placed:
    """Return the order of a name; raises UsageError, naming the nearest, for none."""
    found = {placed.order.name: placed for placed in listed(estate)}
    if placed := found.get(name):
        return placed
    raise UsageError(
        f"there is no order {quoted(name)}",
        remedy=did_you_mean(name, found) or "commsroom device orders",
    )


def listed(estate: Estate, *, as_of: date | None = None) -> tuple[Placed, ...]:
    """Return every order, oldest first, with the signatures that hold now."""
    day = as_of or registering.today(estate.policy)
    ledger = estate.ledger
    signed: dict[str, dict[str, bytes]] = {}
    for event in ledger.events(kind=APPROVED):
        of, approver = str(event.data.get("order")), str(event.data.get("approver"))
        signed.setdefault(of, {})[approver] = str(event.data.get("signature")).encode()
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
        approvers = tuple(
            approver
            for approver, signature in signed.get(order.name, {}).items()
            if _holds(estate, order, approver, signature)
        )
        brought = delivered.get(order.name, {})
        found.append(Placed(order, approvers, order.standing(approvers, day, brought), brought))
    return tuple(found)


def _holds(estate: Estate, order: Order, approver: str, signature: bytes) -> bool:
    """Tell whether a signature is this person's, of this order, by a key `policies/approvers` names."""
    signers = estate.path / APPROVERS
    files.require_regular(signers)
    if not signers.exists():
        return False
    with TemporaryDirectory(prefix="commsroom-") as folder:
        file = Path(folder) / "order.sig"
        file.write_bytes(signature)
        verdict = ssh_signature.check(
            order.document, file, signers=signers, identity=approver, namespace=NAMESPACE
        )
    return verdict is Verdict.GOOD


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
