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
from typing import TYPE_CHECKING, Final

from commsroom import files
from commsroom.app import certified
from commsroom.app.certified import CERTIFIED, WITHDRAWN, Anchored
from commsroom.app.estate import actor
from commsroom.errors import CommsroomError, GuardRefused, UsageError
from commsroom.estate.register.life import REGISTER
from commsroom.estate.resource import Address
from commsroom.estate.retiring.certificate import Batch, Listed
from commsroom.estate.retiring.document import SUFFIX, Document, hash_of, text_of
from commsroom.policy import characters
from commsroom.policy.approvers import CERTIFICATES as NAMESPACE
from commsroom.policy.approvers import FILE as APPROVERS
from commsroom.secrets import ssh_signature
from commsroom.secrets.ssh_signature import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from commsroom.app.estate import Estate
    from commsroom.estate.retiring.certificate import Certificate

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


def issue(estate: Estate, certificate: Certificate | Batch, key: Path, validator: str) -> Issued:
    """Sign a certificate, record it, and write it into `records/certificates/` of the estate.

    Asked again for the very same one it writes what is missing, and signs nothing.

    Args:
        estate: The estate; its ledger must be there.
        certificate: Of a device, or of a batch whose devices all have theirs.
        key: The SSH key of who validates: a private one's file, or the public half of one in an agent.
        validator: The roster id of who validates, as the certificate says.

    Raises:
        UsageError: the certificate is another estate's, of another validator, or of a day to come.
        GuardRefused: `policies/approvers` does not let them sign certificates with this key, or there is a
            certificate of it that counts.
        CommsroomError: the key does not sign, the papers cannot be made, or a file is in the way.
    """
    settle(estate)
    known = certified.anchors(estate.ledger)
    if found := known.get(hash_of(certificate)):
        if found.withdrawn:
            raise GuardRefused(
                f"{found.stem}: this very certificate was withdrawn: {found.withdrawn}"
            )
        return _written(estate, found)
    seen, _ = estate.ledger.head()
    _require_issuable(estate, certificate, validator, known)
    stem = _stem(certificate, known)
    _require_free(estate, stem)
    document = _signed(estate, certificate, key)
    papers = _papers(document)
    data = {
        "stem": stem,
        "number": certificate.number,
        "sha256": hash_of(certificate),
        "validator": validator,
        "document": document.to_json(),
    }
    about = {Address(REGISTER, KIND, stem): "certified"}
    estate.ledger.record(
        CERTIFIED, data, actor=actor(), requester=validator, about=about, seen=seen
    )
    return _write(estate, stem, document, papers)


def listed(estate: Estate, sha256: str) -> Listed:
    """Return a device's certificate as a batch names it; raises CommsroomError where the ledger has none."""
    found = certified.require(certified.anchors(estate.ledger), sha256)
    return Listed(found.subject, found.number, sha256)


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
    found = certified.require(certified.anchors(estate.ledger), sha256)
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
    return tuple(
        file
        for found in certified.anchors(estate.ledger).values()
        if not all(file.exists() for file in _files(estate, found.stem))
        for file in _restored(estate, found)
    )


def _require_issuable(
    estate: Estate,
    certificate: Certificate | Batch,
    validator: str,
    known: Mapping[str, Anchored],
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
    found = certified.standing(estate.ledger, _name(certificate), kind=certificate.kind)
    if found is not None:
        raise GuardRefused(
            f"{certificate.subject} has a certificate that counts, {found.stem}: withdraw that first"
        )
    if isinstance(certificate, Batch):
        _require_members(certificate.assets, known)


def _name(certificate: Certificate | Batch) -> str:
    return certificate.name if isinstance(certificate, Batch) else certificate.subject


def _require_members(assets: Iterable[Listed], known: Mapping[str, Anchored]) -> None:
    for item in assets:
        found = known.get(item.sha256)
        if (
            found is None
            or found.withdrawn
            or (found.kind, found.subject) != ("device", item.asset_tag)
        ):
            raise GuardRefused(f"{item.asset_tag}: no certificate of it that counts has this hash")


def _stem(certificate: Certificate | Batch, known: Mapping[str, Anchored]) -> str:
    """Return what its files are called: its number, and how many came before it that day."""
    taken = {item.stem for item in known.values()}
    number, again = certificate.number, 1
    while (stem := number if again == 1 else f"{number}-{again}") in taken:
        again += 1
    return stem


def _signed(estate: Estate, certificate: Certificate | Batch, key: Path) -> Document:
    signers = certified.signers_of(estate)
    signature = ssh_signature.sign(text_of(certificate), key, namespace=NAMESPACE)
    document = Document(certificate, signature.decode("ascii"))
    if certified.signed(document, signers) is not Verdict.GOOD:
        who = certificate.validated.by.id
        raise GuardRefused(
            f"{APPROVERS} does not let {who} sign certificates with this key; it would take the line:"
            f' {who} namespaces="{NAMESPACE}" {ssh_signature.public_key(signature)}'
        )
    return document


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


def _require_free(estate: Estate, stem: str) -> None:
    for file in _files(estate, stem):
        if file.exists() or file.is_symlink():
            raise CommsroomError(
                f"{file}: is in the way, and the ledger knows nothing of it", remedy="move it away"
            )


def _write(estate: Estate, stem: str, document: Document, papers: Mapping[str, bytes]) -> Issued:
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
    return Issued(document, hash_of(document.certificate), where[0], where[1:])


def _restored(estate: Estate, found: Anchored) -> tuple[Path, ...]:
    missing = tuple(file for file in _files(estate, found.stem) if not file.exists())
    document = Document.from_json(dict(found.document))
    _write(estate, found.stem, document, _papers(document))
    return missing


def _written(estate: Estate, found: Anchored) -> Issued:
    where = _files(estate, found.stem)
    return Issued(Document.from_json(dict(found.document)), found.sha256, where[0], where[1:])
