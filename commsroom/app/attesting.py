"""Issuing certificates of sanitization: signed, recorded in the ledger, then written as files.

The ledger comes first, and its event holds the whole certificate: a run killed after it leaves none that is
nowhere recorded, and the next one writes the files that are missing. Everything that can fail, the signature
and the papers, is made before; a run killed there leaves nothing.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from commsroom import files
from commsroom.app import certified, trust
from commsroom.app.certificate_book import CERTIFIED, WITHDRAWN, Anchored, Book
from commsroom.app.estate import actor
from commsroom.app.side_by_side import side_by_side
from commsroom.errors import CommsroomError, GuardRefused, UsageError
from commsroom.estate.register.life import REGISTER
from commsroom.estate.resource import Address
from commsroom.estate.retiring.certificate import Batch, Certificate, Listed
from commsroom.estate.retiring.document import SUFFIX, Document, hash_of, text_of
from commsroom.policy import characters
from commsroom.policy.approvers import CERTIFICATES as NAMESPACE
from commsroom.secrets import ssh_signature
from commsroom.secrets.ssh_signature import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from commsroom.app.estate import Estate
    from commsroom.app.trust import Trust

FOLDER: Final = "records/certificates"
#: Every certificate is on paper in these.
LANGUAGES: Final = ("en", "zh_Hant")
#: Kind of a certificate's address in the ledger: `equipment:certificate/LH-P001-2026-11-26`.
KIND: Final = "certificate"
#: How far ahead the clock of whoever validated may be.
_SKEW: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate that counts: its signed document, its hash, its file and its papers."""

    document: Document
    sha256: str
    file: Path
    papers: tuple[Path, ...]

    @property
    def listed(self) -> Listed:
        """Return it as a batch names it; only of a device's."""
        certificate = self.document.certificate
        return Listed(certificate.subject, certificate.number, self.sha256)


def _untold(_stem: str) -> None:
    """Tell nobody."""


class Issuer:
    """Issues certificates, however many: what the ledger knows of others, and who may sign, is read once."""

    def __init__(self, estate: Estate) -> None:
        """Write what a killed run left unwritten, and read what there is.

        Raises:
            PolicyErrors: nobody approved `policies/approvers` yet, and lines of it are wrong.
        """
        self._estate = estate
        self._seen, _ = estate.ledger.head()
        self.book = Book.of(estate.ledger)
        _fill(estate, self.book)
        self._trust = trust.of_estate(estate)

    def sign(
        self, certificates: Sequence[Certificate | Batch], key: Path, validator: str
    ) -> tuple[Document, ...]:
        """Sign certificates, all in one go: whoever has a key with a passphrase types it once.

        Of the very same one that was issued before it returns that, and signs nothing.

        Args:
            certificates: Of devices, or of batches whose devices all have theirs or are among these; one of
                each at most.
            key: The SSH key of who validates: a private one's file, or the public half of one in an agent.
            validator: The roster id of who validates, as the certificates say.

        Raises:
            UsageError: a certificate is another estate's, of another validator, or of a day to come.
            GuardRefused: there is a certificate of the same that counts, or this one was withdrawn.
            CommsroomError: the key does not sign.
        """
        known = [self.book.get(hash_of(made)) for made in certificates]
        new = [made for made, found in zip(certificates, known, strict=True) if found is None]
        for found in known:
            if found is not None and found.withdrawn:
                raise GuardRefused(
                    f"{found.stem}: this very certificate was withdrawn: {found.withdrawn}"
                )
        beside = {hash_of(made): made.subject for made in new if isinstance(made, Certificate)}
        for made in new:
            _require_issuable(self._estate, made, validator, self.book, beside)
        texts = [text_of(made) for made in new]
        signatures = iter(ssh_signature.sign_all(texts, key, namespace=NAMESPACE) if texts else ())
        return tuple(
            Document.from_json(dict(found.document))
            if found is not None
            else Document(made, next(signatures).decode("ascii"))
            for made, found in zip(certificates, known, strict=True)
        )

    def issue(
        self, documents: Sequence[Document], told: Callable[[str], None] = _untold
    ) -> tuple[Issued, ...]:
        """Record certificates that `sign` gave, and write them into `records/certificates/` of the estate.

        Given the very same one again it writes what is missing, and records nothing.

        Args:
            documents: What was signed.
            told: Given what each is called once it is written.

        Raises:
            GuardRefused: whoever may sign certificates, it is not they with this key; or there is a
                certificate of the same that counts.
            CommsroomError: the papers cannot be made, or a file is in the way. Those before it stand; a later
                run writes what of them is not written.
        """
        self._trust = trust.of_estate(self._estate)  # typing a passphrase may have taken a while
        issued: list[Anchored] = []
        for document in documents:
            found = self.book.get(hash_of(document.certificate))
            # Of the first also the papers are made before anything is recorded: where they cannot be, nothing is.
            issued.append(found or self._record(document, first=not issued))
        _fill(self._estate, issued, told)
        return tuple(_issued(self._estate, one) for one in issued)

    def _record(self, document: Document, *, first: bool) -> Anchored:
        estate, certificate = self._estate, document.certificate
        validator = certificate.validated.by.id
        _require_issuable(estate, certificate, validator, self.book)  # two of one device, too
        stem = _stem(certificate, self.book)
        _require_free(estate, stem)
        _require_good(document, self._trust)
        papers = _papers(document) if first else {}
        data: dict[str, Any] = {
            "stem": stem,
            "number": certificate.number,
            "sha256": hash_of(certificate),
            "validator": validator,
            "document": document.to_json(),
        }
        about = {Address(REGISTER, KIND, stem): "certified"}
        self._seen = estate.ledger.record(
            CERTIFIED, data, actor=actor(), requester=validator, about=about, seen=self._seen
        )
        made = Anchored(self._seen, stem, data["number"], data["sha256"], data["document"])
        self.book.add(made)
        if papers:
            _write(estate, stem, document, papers)
        return made


def issue(estate: Estate, certificate: Certificate | Batch, key: Path, validator: str) -> Issued:
    """Sign and issue one certificate; raises what `Issuer.sign` and `Issuer.issue` do."""
    issuer = Issuer(estate)
    (issued,) = issuer.issue(issuer.sign([certificate], key, validator))
    return issued


def listed(found: Anchored) -> Listed:
    """Return a device's certificate as a batch names it."""
    return Listed(found.subject, found.number, found.sha256)


def withdraw(estate: Estate, sha256: str, *, requester: str, reason: str) -> Anchored:
    """Record that a certificate does not count any more; a new one may be issued then.

    Raises:
        UsageError: there is no reason, or it holds what no text may.
        GuardRefused: it was withdrawn before.
        CommsroomError: the ledger knows no such certificate.
    """
    settle(estate)
    if not reason.strip():
        raise UsageError("--reason is empty", remedy="say why it does not count any more")
    if why := characters.refused(reason):
        raise UsageError(f"--reason: {why} may not be part of it")
    seen, _ = estate.ledger.head()
    found = Book.of(estate.ledger).require(sha256)
    if found.withdrawn:
        raise GuardRefused(f"{found.stem} was withdrawn before: {found.withdrawn}")
    about = {Address(REGISTER, KIND, found.stem): "withdrawn"}
    data = {"stem": found.stem, "sha256": sha256, "reason": reason}
    estate.ledger.record(
        WITHDRAWN, data, actor=actor(), requester=requester, about=about, seen=seen
    )
    return found


def settle(estate: Estate) -> tuple[Path, ...]:
    """Write the files that a killed run left unwritten, from the ledger; return which.

    A file that is there is never touched, whatever is in it: `certificate verify` judges it.
    """
    return _fill(estate, Book.of(estate.ledger))


def _require_issuable(
    estate: Estate,
    certificate: Certificate | Batch,
    validator: str,
    book: Book,
    beside: Mapping[str, str] = MappingProxyType({}),
) -> None:
    if certificate.estate != estate.ledger.estate_id:
        raise UsageError(f"the certificate is of another estate: {certificate.estate}")
    if certificate.simulated != (estate.simulate is not None):
        raise UsageError("a certificate of a simulation says so, and no other does")
    if certificate.validated.by.id != validator:
        raise UsageError(
            f"the certificate says that {certificate.validated.by.id} validated it, not {validator}"
        )
    if certificate.validated.at > datetime.now(UTC) + _SKEW:
        raise UsageError(f"the certificate is of a day to come: {certificate.validated.at.date()}")
    found = book.standing(_name(certificate), kind=certificate.kind)
    if found is not None:
        raise GuardRefused(
            f"{certificate.subject} has a certificate that counts, {found.stem}: withdraw that first"
        )
    if isinstance(certificate, Batch):
        signed_before = [
            item for item in certificate.assets if beside.get(item.sha256) != item.asset_tag
        ]
        _require_members(signed_before, book)


def _name(certificate: Certificate | Batch) -> str:
    return certificate.name if isinstance(certificate, Batch) else certificate.subject


def _require_members(assets: Iterable[Listed], book: Book) -> None:
    for item in assets:
        found = book.get(item.sha256)
        if (
            found is None
            or found.withdrawn
            or (found.kind, found.subject) != ("device", item.asset_tag)
        ):
            raise GuardRefused(f"{item.asset_tag}: no certificate of it that counts has this hash")


def _stem(certificate: Certificate | Batch, book: Book) -> str:
    """Return what its files are called: its number, and how many came before it that day."""
    number, again = certificate.number, 1
    while (stem := number if again == 1 else f"{number}-{again}") in book.stems:
        again += 1
    return stem


def _require_good(document: Document, trusted: Trust) -> None:
    """Refuse a signature by a key that is not the validator's; raises GuardRefused."""
    if certified.signed(document, trusted.now) is not Verdict.GOOD:
        who = document.certificate.validated.by.id
        key = ssh_signature.public_key(document.signature.encode())
        raise GuardRefused(
            f"{trusted.name} does not let {who} sign certificates with this key; it would take the line:"
            f' {who} namespaces="{NAMESPACE}" {key}'
        )


def _papers(document: Document) -> dict[str, bytes]:
    """Return the papers by language."""
    from commsroom.reports import certificate as paper

    kind, _, public = ssh_signature.public_key(document.signature.encode()).partition(" ")
    digest = base64.b64encode(hashlib.sha256(base64.b64decode(public)).digest()).decode()
    signer = f"SHA256:{digest.rstrip('=')} ({kind})"
    return {
        language: paper.pdf(document.certificate, signer=signer, language=language)
        for language in LANGUAGES
    }


# ── files ───────────────────────────────────────────────────────────────────────────────────


def _files(estate: Estate, stem: str) -> tuple[Path, ...]:
    """Return where a certificate's file and its papers are, in this order."""
    folder = estate.home / FOLDER
    papers = (folder / f"{stem}.{language.replace('_', '-')}.pdf" for language in LANGUAGES)
    return (folder / f"{stem}{SUFFIX}", *papers)


def told_files(estate: Estate, stem: str) -> tuple[str, ...]:
    """Return the same as people are told: from the estate's folder on, in full where they are elsewhere."""
    where, top = (file.resolve() for file in _files(estate, stem)), estate.path.resolve()
    return tuple(str(one.relative_to(top) if one.is_relative_to(top) else one) for one in where)


def _require_free(estate: Estate, stem: str) -> None:
    for file in _files(estate, stem):
        if file.exists() or file.is_symlink():
            raise CommsroomError(
                f"{file}: is in the way, and the ledger knows nothing of it", remedy="move it away"
            )


def _write(estate: Estate, stem: str, document: Document, papers: Mapping[str, bytes]) -> None:
    text = document.text.encode()
    contents = (text, *(papers[language] for language in LANGUAGES))
    where = _files(estate, stem)
    try:
        files.keep_private_folder(where[0].parent)
        for file, content in zip(where, contents, strict=True):
            if not file.exists():
                files.replace_private(file, content)
    except OSError as error:
        raise CommsroomError(
            f"{where[0].parent}: the certificate is recorded and cannot be written: {error.strerror}",
            remedy="make room or give the right, and run the command again",
        ) from error


def _fill(
    estate: Estate, recorded: Iterable[Anchored], told: Callable[[str], None] = _untold
) -> tuple[Path, ...]:
    """Write the files that are not there of certificates that are recorded; return which."""
    left: dict[str, tuple[Document, tuple[Path, ...]]] = {}
    for found in recorded:
        missing = tuple(file for file in _files(estate, found.stem) if not file.exists())
        if missing:
            left[found.stem] = (Document.from_json(dict(found.document)), missing)
        else:
            told(found.stem)
    written: list[Path] = []
    papers = side_by_side(_papers, [document for document, _ in left.values()])
    for (stem, (document, missing)), drawn in zip(left.items(), papers, strict=True):
        _write(estate, stem, document, drawn)
        written += missing
        told(stem)
    return tuple(written)


def _issued(estate: Estate, found: Anchored) -> Issued:
    where = _files(estate, found.stem)
    return Issued(Document.from_json(dict(found.document)), found.sha256, where[0], where[1:])
