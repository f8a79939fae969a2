"""What the ledger knows of certificates of sanitization, read once however many are asked after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Self

from commsroom.errors import CommsroomError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from commsroom.ledger import Ledger

#: Events of the ledger.
CERTIFIED: Final = "sanitization certified"
WITHDRAWN: Final = "sanitization withdrawn"


@dataclass(frozen=True, slots=True)
class Anchored:
    """What the ledger knows of a certificate: the event, what its files are called, and all that is in it.

    `withdrawn` is why it does not count any more, "" while it does; `at` when it was recorded, None for one
    that just was.
    """

    seq: int
    stem: str
    number: str
    sha256: str
    document: Mapping[str, Any]
    withdrawn: str = ""
    at: datetime | None = None

    @property
    def subject(self) -> str:
        """Return the asset tag, or what the batch is called."""
        content = self.document["certificate"]
        return str(
            content["device"]["asset_tag"] if content["kind"] == "device" else content["name"]
        )

    @property
    def kind(self) -> str:
        """Return `device` or `batch`."""
        return str(self.document["certificate"]["kind"])


def withdrawn(ledger: Ledger) -> dict[str, str]:
    """Return by hash why certificates do not count any more."""
    return {
        str(event.data["sha256"]): str(event.data["reason"])
        for event in ledger.events(kind=WITHDRAWN)
    }


class Book:
    """All certificates, oldest first."""

    def __init__(self, found: Iterable[Anchored] = ()) -> None:
        """Begin with these."""
        self._by_hash: dict[str, Anchored] = {}
        self._standing: dict[tuple[str, str], Anchored] = {}
        self.stems: set[str] = set()
        for item in found:
            self.add(item)

    @classmethod
    def of(cls, ledger: Ledger) -> Self:
        """Read the ledger."""
        why = withdrawn(ledger)
        return cls(
            Anchored(
                seq=event.seq,
                stem=str(event.data["stem"]),
                number=str(event.data["number"]),
                sha256=str(event.data["sha256"]),
                document=event.data["document"],
                withdrawn=why.get(str(event.data["sha256"]), ""),
                at=datetime.fromisoformat(event.at),
            )
            for event in ledger.events(kind=CERTIFIED)
        )

    def add(self, item: Anchored) -> None:
        """Take one that was just recorded."""
        self._by_hash[item.sha256] = item
        self.stems.add(item.stem)
        if not item.withdrawn:
            self._standing[item.kind, item.subject] = item

    def __iter__(self) -> Iterator[Anchored]:
        """Go through all of them."""
        return iter(self._by_hash.values())

    def get(self, sha256: str) -> Anchored | None:
        """Return the one of this hash, None where there is none."""
        return self._by_hash.get(sha256)

    def require(self, sha256: str) -> Anchored:
        """Return the one of this hash; raises CommsroomError for one the ledger does not know."""
        found = self.get(sha256)
        if found is None:
            raise CommsroomError(
                "the ledger knows no such certificate", remedy="commsroom certificate verify"
            )
        return found

    def certified_now(self, tag: str, sha256: str) -> str:
        """Return the hash of a device's certificate as it is now: of the one issued since its own was withdrawn."""
        own = self.get(sha256)
        if own is None or not own.withdrawn:
            return sha256
        now = self.standing(tag)
        return now.sha256 if now else ""

    def standing(self, subject: str, *, kind: str = "device") -> Anchored | None:
        """Return the certificate of a device (or batch) that counts now; the newest of them, None for none."""
        return self._standing.get((kind, subject))
