"""Who has signed an order, and whether that approved it: by the record of the moment it was signed.

A signature is made by an SSH key over the whole order and kept in the ledger. When it is given it is
checked against `policies/approvers`, and so are those given before it: the event names whose held. With
enough of them the order is approved, for good: the ledger is chained, and who is taken out of `approvers`
later does not undo what was bought. Until then only those count that hold now.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from commsroom import files
from commsroom.errors import GuardRefused, PolicyErrors
from commsroom.estate.register.orders import SIGNATURES
from commsroom.policy import approvers
from commsroom.policy.approvers import FILE, NAMESPACE
from commsroom.secrets import ssh_signature
from commsroom.secrets.ssh_signature import Verdict

if TYPE_CHECKING:
    from commsroom.app.estate import Estate
    from commsroom.errors import Problem
    from commsroom.estate.register.orders import Order

#: The ledger's event.
APPROVED: Final = "order approved"


@dataclass(frozen=True, slots=True)
class Signed:
    """Whose signatures count, in the order they were given, and since when they approve; None: not yet."""

    approvers: tuple[str, ...] = ()
    approved: date | None = None


@dataclass(frozen=True, slots=True)
class _Given:
    """One event: a signature, and all whose signatures held when it was given, its own last."""

    approver: str
    signature: bytes
    on: date
    held: tuple[str, ...]


class Signatures:
    """All signatures of the ledger's orders, as they were given."""

    def __init__(self, estate: Estate) -> None:
        """Read them."""
        self._estate = estate
        self._given: dict[str, list[_Given]] = {}
        zone = ZoneInfo(estate.policy.company.time_zone)
        for event in estate.ledger.events(kind=APPROVED):
            given = self._given.setdefault(str(event.data.get("order")), [])
            approver = str(event.data.get("approver"))
            before = event.data.get("with", [item.approver for item in given])
            given.append(
                _Given(
                    approver=approver,
                    signature=str(event.data.get("signature")).encode(),
                    on=datetime.fromisoformat(event.at).astimezone(zone).date(),
                    held=tuple(dict.fromkeys([*map(str, before), approver])),
                )
            )

    def of(self, order: Order) -> Signed:
        """Return who has signed an order, and since when that approves it."""
        given = self._given.get(order.name, [])
        if not given:
            return Signed()
        so_far: dict[str, bytes] = {}
        for item in given:
            so_far[item.approver] = item.signature
            if _enough(order, {name: so_far.get(name, b"") for name in item.held}):
                return Signed(item.held, item.on)
        last = given[-1].held
        return Signed(
            tuple(
                name
                for name in last
                if name in so_far and holds(self._estate, order, name, so_far[name])
            )
        )

    def require_own_key(self, order: Order, approver: str, signature: bytes) -> None:
        """Refuse a key by which another's signature counts already: one key is one person's."""
        count = set(self.of(order).approvers) - {approver}
        key = ssh_signature.public_key(signature)
        for item in self._given.get(order.name, ()):
            if item.approver in count and ssh_signature.public_key(item.signature) == key:
                raise GuardRefused(
                    f"{item.approver} has approved order {order.name} with this key: {approver} must"
                    " use one of their own"
                )


def require_usable(estate: Estate) -> None:
    """Refuse `policies/approvers` while anything in it may mean another person than it seems to.

    Raises:
        PolicyErrors: lines of it are wrong, as `validate` tells them.
    """
    problems: list[Problem] = []
    approvers.read(estate.path, problems)
    if problems:
        raise PolicyErrors(problems)


def holds(estate: Estate, order: Order, approver: str, signature: bytes) -> bool:
    """Tell whether a signature is this person's, of this order, by a key `policies/approvers` names."""
    signers = estate.path / FILE
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


def _enough(order: Order, signatures: dict[str, bytes]) -> bool:
    """Tell whether signatures are of this order, of enough people who did not ask, each by their own key."""
    signatures = {name: text for name, text in signatures.items() if name != order.requester}
    if len(signatures) < SIGNATURES:
        return False
    try:
        keys = {ssh_signature.public_key(text) for text in signatures.values()}
    except ValueError:
        return False
    if len(keys) < len(signatures):
        return False
    with TemporaryDirectory(prefix="commsroom-") as folder:
        file = Path(folder) / "order.sig"
        for text in signatures.values():
            file.write_bytes(text)
            if not ssh_signature.is_of(order.document, file, namespace=NAMESPACE):
                return False
    return True
