"""certificate verify: is a certificate of sanitization what was signed, and what the ledger knows?

Four things must hold: its form, its signature by who validated it (`trust`, namespace
`commsroom-certificate`), the ledger's event of the same hash, and that nobody withdrew it. What is not
looked at is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from commsroom import files
from commsroom.app.certificate_book import Book
from commsroom.errors import CommsroomError, Exit
from commsroom.estate.retiring.certificate import Batch
from commsroom.estate.retiring.document import (
    SUFFIX,
    Document,
    NotAsWritten,
    NotRead,
    hash_of,
    text_of,
)
from commsroom.policy.approvers import CERTIFICATES as NAMESPACE
from commsroom.secrets import ssh_signature
from commsroom.secrets.ssh_signature import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from commsroom.app.trust import Trust
    from commsroom.ledger import Ledger

_LARGEST: Final = 64 * 2**20
_UNSEEN_ALONE: Final = (
    "whether the estate ever recorded it",
    "whether it was withdrawn since",
    "whether it was signed when it says it was",
)
_UNSEEN: Final = ("a ledger computed anew as a whole: commsroom ledger verify --anchor",)


@dataclass(frozen=True, slots=True)
class Judged:
    """One file: what it is of, and everything that is wrong with it. `readable`: it is a certificate at all."""

    file: Path
    faults: tuple[str, ...]
    readable: bool = True
    document: Document | None = None

    @property
    def sha256(self) -> str:
        """Return its hash, "" where it has no form that could be hashed."""
        return hash_of(self.document.certificate) if self.document else ""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """All files, and what could not be seen of them from here."""

    files: tuple[Judged, ...]
    unseen: tuple[str, ...]

    @property
    def exit_code(self) -> Exit:
        """Return 1 where something is no certificate, 2 where one does not hold."""
        if not all(item.readable for item in self.files):
            return Exit.ERROR
        return Exit.DIFFERENCE if any(item.faults for item in self.files) else Exit.DONE


def signed(document: Document, signers: bytes, at: datetime | None = None) -> Verdict:
    """Tell whether a certificate was signed by who it says validated it, and whether `signers` lets them at a time, else now."""
    with TemporaryDirectory(prefix="commsroom-") as folder:
        allowed = Path(folder) / "signers"
        allowed.write_bytes(signers)
        return ssh_signature.verdict(
            text_of(document.certificate),
            document.signature,
            signers=allowed,
            identity=document.certificate.validated.by.id,
            namespace=NAMESPACE,
            at=at,
        )


def verify(given: Iterable[Path], *, trust: Trust, ledger: Ledger | None) -> Verdicts:
    """Judge files of certificates; without a ledger, by form and signature alone.

    Raises:
        CommsroomError: the ledger cannot be read.
    """
    known = None if ledger is None else _Known(ledger)
    judged = tuple(_judged(file, trust, known) for file in given)
    return Verdicts(judged, _UNSEEN_ALONE if ledger is None else _UNSEEN)


class _Known:
    """What the ledger says, read once for all files."""

    def __init__(self, ledger: Ledger) -> None:
        self.estate = ledger.estate_id
        self.broken = bool(ledger.verify())
        # Events that somebody edited need not even have the form that is read.
        self.book = Book() if self.broken else Book.of(ledger)

    def signed(self, document: Document, trust: Trust) -> Verdict:
        """Tell whether the signature counted when a certificate was recorded: whose key ended since did sign it."""
        found = self.book.get(hash_of(document.certificate))
        return (
            signed(document, trust.at(found.seq), found.at)
            if found
            else signed(document, trust.now)
        )

    def faults(self, document: Document) -> Iterator[str]:
        """Name what the ledger has against a certificate."""
        if self.broken:
            yield "the ledger is not whole and vouches for nothing: commsroom ledger verify"
            return
        certificate, sha256 = document.certificate, hash_of(document.certificate)
        if certificate.estate != self.estate:
            yield f"is of another estate ({certificate.estate})"
        yield from self._standing(sha256, certificate.number)
        if isinstance(certificate, Batch):
            for item in certificate.assets:
                for fault in self._standing(item.sha256, item.number):
                    yield f"{item.asset_tag}: {fault}"

    def _standing(self, sha256: str, number: str) -> Iterator[str]:
        found = self.book.get(sha256)
        if found is None:
            other = next((item for item in self.book if item.number == number), None)
            yield (
                f"is not the one that the ledger knows as {number} (event {other.seq})"
                if other
                else "was never recorded in the ledger"
            )
        elif found.withdrawn:
            yield f"was withdrawn: {found.withdrawn}"
        elif found.number != number:
            yield f"is {found.number} in the ledger, not {number}"


def hash_in(file: Path) -> str:
    """Return the hash of the certificate in a file, by which the ledger knows it.

    Raises:
        CommsroomError: the file cannot be read, or holds none.
    """
    try:
        return hash_of(Document.read(_content(file)).certificate)
    except FileNotFoundError as error:
        raise CommsroomError(f"{file}: there is no such file") from error
    except (NotRead, NotAsWritten) as error:
        raise CommsroomError(f"{file}: {error.message}") from error


def _content(file: Path) -> bytes:
    return files.read(file, most=_LARGEST, what="a certificate")


def _judged(file: Path, trust: Trust, known: _Known | None) -> Judged:
    try:
        document = Document.read(_content(file))
    except FileNotFoundError:
        return Judged(file, ("there is no such file",), readable=False)
    except files.FileUnusable as error:
        return Judged(file, (error.reason,), readable=False)
    except NotRead as error:
        return Judged(file, (error.message,), readable=False)
    except NotAsWritten as error:
        return Judged(file, (f"was changed: it {error.why}",))
    return Judged(file, tuple(_faults(file, document, trust, known)), document=document)


def _faults(file: Path, document: Document, trust: Trust, known: _Known | None) -> Iterator[str]:
    number = document.certificate.number
    if file.name.endswith(SUFFIX) and not file.name.startswith(number):
        yield f"is that of {number}, and is called otherwise"
    match known.signed(document, trust) if known else signed(document, trust.now):
        case Verdict.GOOD:
            pass
        case Verdict.BROKEN:
            yield "was changed: it, or its signature, is not what was signed"
        case Verdict.STRANGER:
            yield f"was signed by a key that {trust.name} does not name"
        case Verdict.ELSEWHERE:
            who = document.certificate.validated.by.id
            yield f"{trust.name} does not let {who} sign certificates with this key"
    if known is not None:
        yield from known.faults(document)


def as_document(found: Verdicts) -> dict[str, Any]:
    """Return what `certificate verify --json` gives."""
    return {
        "ok": found.exit_code is Exit.DONE,
        "files": [
            {
                "file": str(item.file),
                "readable": item.readable,
                "number": item.document.certificate.number if item.document else None,
                "kind": item.document.certificate.kind if item.document else None,
                "sha256": item.sha256 or None,
                "simulated": item.document.certificate.simulated if item.document else None,
                "validator": item.document.certificate.validated.by.id if item.document else None,
                "faults": list(item.faults),
            }
            for item in found.files
        ],
        "unseen": list(found.unseen),
    }
