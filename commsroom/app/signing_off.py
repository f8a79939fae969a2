"""decommission, last step: a named person validates what was done, and signs a certificate of each device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from commsroom.app import as_signed, attesting, drawing_up, registering, retiring
from commsroom.app.ordering import require_here
from commsroom.errors import GuardRefused
from commsroom.estate.retiring.certificate import Certificate
from commsroom.estate.retiring.chain import Step
from commsroom.estate.retiring.document import Document

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from commsroom.app.certificate_book import Anchored, Book
    from commsroom.app.estate import Estate
    from commsroom.app.progress import Progress
    from commsroom.app.retiring import Decommissioning

#: Certificates between two notes of who has theirs; their papers are drawn together.
_AT_ONCE: Final = 50


def certify(
    estate: Estate,
    now: Decommissioning,
    *,
    by: str,
    key: Path,
    contact: str,
    note: str,
    progress: Progress,
) -> Decommissioning:
    """Have a named person sign what was done with each device that is wiped; then the register says so.

    Whoever validates looks at what others did: not who asked, nor who did any of it by hand. More than one
    device have a certificate together, too.

    Raises:
        GuardRefused: none is ready, or it is not theirs to sign.
        CommsroomError: a certificate cannot be made or written; those before it stand.
    """
    require_here(estate.policy, by, registering.today(estate.policy))
    requester = now.request.requester
    own = [run for run in now.runs.values() if not run.replaced]
    if not own:
        raise GuardRefused(f"{now.request.name}: another request brought its devices to their end")
    ready = [run for run in own if run.wiped and not run.open_media()]
    if not ready:
        raise GuardRefused(
            f"{now.request.name}: no device is closed and wiped, so there is nothing to validate"
        )
    for run in ready:
        if by == requester or any(by in wiped.by for wiped in run.wiped.values()):
            raise GuardRefused(
                f"{by} asked for this or did part of it: another person validates {run.target.tag}"
            )
    left = [run for run in ready if not run.certificate]
    as_signed.require(estate, left)
    issuer = attesting.Issuer(estate)
    drawn = {
        run.target.tag: drawing_up.certificate(
            estate, run, requester=requester, by=by, contact=contact, note=note
        )
        for run in left
    }
    before = {tag: _issued_before(issuer.book, made) for tag, made in drawn.items()}
    new = [tag for tag, sha256 in before.items() if not sha256]
    signed = dict(zip(new, issuer.sign([drawn[tag] for tag in new], key, by), strict=True))
    progress.begin("Certifying", len(left))
    for start in range(0, len(left), _AT_ONCE):
        tags = [run.target.tag for run in left[start : start + _AT_ONCE]]
        hashes = {tag: before[tag] for tag in tags if before[tag]}
        for tag in hashes:
            progress.advance(tag)
        part = [tag for tag in tags if tag in signed]
        issued = issuer.issue([signed[tag] for tag in part], progress.advance)
        hashes |= {tag: one.sha256 for tag, one in zip(part, issued, strict=True)}
        retiring.record(
            estate, now, Step.CERTIFIED, {tag: {"sha256": one} for tag, one in hashes.items()}
        )
    progress.end()
    whole = all(run.certificate or not run.target.media for run in own)
    if whole and len(ready) > 1 and issuer.book.standing(now.request.name, kind="batch") is None:
        listed = [attesting.listed(issuer.book.require(run.certificate)) for run in ready]
        batch = drawing_up.batch(
            estate, now.request.name, listed, by=by, contact=contact, note=note
        )
        issuer.issue(issuer.sign([batch], key, by))
    now.certificates = _files(estate, issuer.book, now, [run.certificate for run in ready])
    retiring.enter(estate, now)
    return now


def request_of(estate: Estate, withdrawn: Anchored) -> str:
    """Return the request by which another certificate may be issued, "" where there is none."""
    found = retiring.requests(estate)
    if withdrawn.kind == "batch":
        return withdrawn.subject if withdrawn.subject in found else ""
    runs = {name: one.runs.get(withdrawn.subject) for name, one in found.items()}
    return next((name for name, run in runs.items() if run and run.withdrawn), "")


def _files(
    estate: Estate, book: Book, now: Decommissioning, hashes: Iterable[str]
) -> tuple[str, ...]:
    """Return where the files of these certificates are, and of the one of all together where there is one."""
    stems = [book.require(sha256).stem for sha256 in hashes]
    if whole := book.standing(now.request.name, kind="batch"):
        stems.append(whole.stem)
    return tuple(file for stem in stems for file in attesting.told_files(estate, stem))


def _issued_before(book: Book, made: Certificate) -> str:
    """Return the hash of the certificate that a killed run issued and did not come to note, "" for none."""
    found = book.standing(made.subject)
    if found is None:
        return ""
    there = Document.from_json(dict(found.document)).certificate
    same = isinstance(there, Certificate) and (there.media, there.performed) == (
        made.media,
        made.performed,
    )
    return found.sha256 if same else ""
