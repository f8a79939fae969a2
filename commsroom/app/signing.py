"""Who has signed an order or a request, and whether that approved it: each signature as it was given.

A signature is made by an SSH key over the whole text and kept in the ledger. When it is given it is
checked against the approvers in force, and so are those given before it: the event names whose held. With
enough of them an order is approved, for good: the ledger is chained, and who is taken out of `approvers`
later does not undo what was bought. Until then only those count that hold now. What a request's signatures
count for is stricter, and in `approving`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from commsroom.errors import GuardRefused
from commsroom.estate.approval import SIGNATURES
from commsroom.policy import approvers
from commsroom.policy.approvers import FILE, NAMESPACE
from commsroom.secrets import ssh_signature
from commsroom.secrets.ssh_signature import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from commsroom.app.estate import Estate
    from commsroom.estate.approval import Approvable
    from commsroom.ledger.model import Event


@dataclass(frozen=True, slots=True)
class Kept:
    """Where the signatures of one sort are: the ledger's event, and its word that names what was signed."""

    event: str
    word: str


ORDERS: Final = Kept("order approved", "order")
REQUESTS: Final = Kept("approval given", "request")
#: The ledger's event for orders.
APPROVED: Final = ORDERS.event


@dataclass(frozen=True, slots=True)
class Signed:
    """Whose signatures count, in the order they were given, and since when they approve; None: not yet."""

    approvers: tuple[str, ...] = ()
    since: date | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """One event: a signature, and all whose signatures held when it was given, its own last."""

    seq: int
    approver: str
    signature: bytes
    at: datetime
    on: date
    held: tuple[str, ...]


class Signatures:
    """All signatures of one sort in the ledger, as they were given."""

    def __init__(self, estate: Estate, kept: Kept, in_force: Callable[[], bytes]) -> None:
        """Read them; `in_force` returns the text that says whose hold now, and is asked where one matters."""
        self._kept = kept
        self._in_force = in_force
        self._given: dict[str, list[Given]] = {}
        zone = ZoneInfo(estate.policy.company.time_zone)
        for event in estate.ledger.events(kind=kept.event):
            given = self._given.setdefault(str(event.data.get(kept.word)), [])
            given.append(_given(event, given, zone))

    @cached_property
    def _signers(self) -> bytes:
        return self._in_force()

    def given(self, name: str) -> Sequence[Given]:
        """Return what was given to something, whether or not it counts, oldest first."""
        return self._given.get(name, [])

    def of(self, item: Approvable) -> Signed:
        """Return who has signed an order, and since when that approves it, for good."""
        given = self.given(item.name)
        if not given:
            return Signed()
        so_far: dict[str, bytes] = {}
        for one in given:
            so_far[one.approver] = one.signature
            if _enough(item, {name: so_far.get(name, b"") for name in one.held}):
                return Signed(one.held, one.on)
        last = given[-1].held
        return Signed(
            tuple(
                name
                for name in last
                if name in so_far and holds(item, name, so_far[name], self._signers)
            )
        )

    def require_own_key(
        self, item: Approvable, approver: str, signature: bytes, counting: Sequence[str]
    ) -> None:
        """Refuse a key by which another's signature counts already: one key is one person's."""
        others = set(counting) - {approver}
        key = ssh_signature.public_key(signature)
        for one in self.given(item.name):
            if one.approver in others and ssh_signature.public_key(one.signature) == key:
                raise GuardRefused(
                    f"{one.approver} has approved {self._kept.word} {item.name} with this key:"
                    f" {approver} must use one of their own"
                )


def sign(item: Approvable, approver: str, key: Path, signers: bytes, *, stand: str = FILE) -> bytes:
    """Sign with an SSH key, and make sure that it counts; `stand` is what to call those who may.

    Raises:
        GuardRefused: the key is not theirs, says the text in force.
        CommsroomError: the key cannot sign.
    """
    signature = ssh_signature.sign(item.document, key, namespace=NAMESPACE)
    if not holds(item, approver, signature, signers):
        public = ssh_signature.public_key(signature)
        if (owner := _owner(public, signers)) not in {"", approver}:
            raise GuardRefused(
                f"{stand} does not let {approver} approve with this key: it is {owner}'s"
            )
        raise GuardRefused(
            f"{stand} does not let {approver} approve with this key; it would take the line:"
            f' {approver} namespaces="{NAMESPACE}" {public}'
        )
    return signature


def _owner(public: str, signers: bytes) -> str:
    """Return whose line has a key, "" for nobody's."""
    named = approvers.parsed(signers, [])
    return next((one.person for one in named if one.key == public), "")


def holds(
    item: Approvable,
    approver: str,
    signature: bytes,
    signers: bytes,
    at: datetime | None = None,
) -> bool:
    """Tell whether a signature is this person's, of this text, by a key that `signers` allows them at a time, else now."""
    with TemporaryDirectory(prefix="commsroom-") as folder:
        allowed, file = Path(folder) / "signers", Path(folder) / "signature"
        allowed.write_bytes(signers)
        file.write_bytes(signature)
        verdict = ssh_signature.check(
            item.document, file, signers=allowed, identity=approver, namespace=NAMESPACE, at=at
        )
    return verdict is Verdict.GOOD


def counting(
    item: Approvable, given: Sequence[Given], signers: bytes, *, then: bool = False
) -> Signed:
    """Return whose signatures hold by `signers`, each person once, in time, by a key of their own.

    They have to hold now; `then`: each when it was given, for what is long decided.
    """
    found: dict[str, str] = {}
    since = None
    for one in given:
        key = _key(one.signature)
        if one.approver in {item.requester, *found} or key in {"", *found.values()}:
            continue
        at = one.at if then else None
        if one.on <= item.expires and holds(item, one.approver, one.signature, signers, at):
            found[one.approver] = key
            since = one.on if len(found) == SIGNATURES else since
    return Signed(tuple(found), since)


def _enough(item: Approvable, signatures: Mapping[str, bytes]) -> bool:
    """Tell whether signatures are of this text, of enough people who did not ask, each by their own key."""
    signatures = {name: text for name, text in signatures.items() if name != item.requester}
    if len(signatures) < SIGNATURES:
        return False
    keys = {_key(text) for text in signatures.values()}
    if "" in keys or len(keys) < len(signatures):
        return False
    with TemporaryDirectory(prefix="commsroom-") as folder:
        file = Path(folder) / "signature"
        for text in signatures.values():
            file.write_bytes(text)
            if not ssh_signature.is_of(item.document, file, namespace=NAMESPACE):
                return False
    return True


def _key(signature: bytes) -> str:
    """Return the public key in a signature, "" where it is none."""
    try:
        return ssh_signature.public_key(signature)
    except ValueError:
        return ""


def _given(event: Event, before: Sequence[Given], zone: ZoneInfo) -> Given:
    approver = str(event.data.get("approver"))
    held = event.data.get("with", [item.approver for item in before])
    at = datetime.fromisoformat(event.at)
    return Given(
        seq=event.seq,
        approver=approver,
        signature=str(event.data.get("signature")).encode(),
        at=at,
        on=at.astimezone(zone).date(),
        held=tuple(dict.fromkeys([*map(str, held), approver])),
    )
