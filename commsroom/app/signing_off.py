"""decommission, last step: a named person validates what was done, and signs a certificate of each device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from commsroom.app import as_signed, attesting, drawing_up, registering, retiring
from commsroom.app.ordering import require_here
from commsroom.errors import GuardRefused, UsageError
from commsroom.estate.retiring.certificate import Batch, Certificate, Listed
from commsroom.estate.retiring.chain import Step
from commsroom.estate.retiring.document import Document, hash_of
from commsroom.policy.words import did_you_mean, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from commsroom.app.certificate_book import Anchored, Book
    from commsroom.app.drawing_up import Word
    from commsroom.app.estate import Estate
    from commsroom.app.progress import Progress
    from commsroom.app.retiring import Decommissioning
    from commsroom.estate.retiring.chain import Run

#: Certificates between two notes of who has theirs; their papers are drawn together.
_AT_ONCE: Final = 50


def certify(
    estate: Estate,
    now: Decommissioning,
    word: Word,
    *,
    key: Path,
    progress: Progress,
) -> Decommissioning:
    """Have a named person sign what was done with each device that is wiped; then the register says so.

    Whoever validates looks at what others did: not who asked, nor who did any of it by hand. More than one
    device have a certificate together, too.

    Raises:
        UsageError: a backup is said of a device that is not in the request.
        GuardRefused: none is ready, or it is not theirs to sign.
        CommsroomError: a certificate cannot be made or written; those before it stand.
    """
    by, requester = word.by, now.request.requester
    require_here(estate.policy, by, registering.today(estate.policy))
    if strange := next((tag for tag in word.backups if tag and tag not in now.runs), ""):
        raise UsageError(
            f"--backup: {quoted(strange)} is not in {now.request.name}",
            remedy=did_you_mean(strange, now.runs),
        )
    ready = _ready(now, by)
    left = [run for run in ready if not run.certificate]
    as_signed.require(estate, left)
    issuer = attesting.Issuer(estate)
    drawn = {
        run.target.tag: drawing_up.certificate(estate, run, word, requester=requester)
        for run in left
    }
    before = {tag: _issued_before(issuer.book, made) for tag, made in drawn.items()}
    new = {tag: drawn[tag] for tag, sha256 in before.items() if not sha256}
    known = {run.target.tag: run.certificate or before[run.target.tag] for run in ready}
    whole: list[Batch] = []
    if _lacks_batch(now, ready, issuer.book):
        listed = _listed(issuer.book, known, new)
        whole.append(drawing_up.batch(estate, now.request.name, listed, word))
    # All of them at once, the one of the whole too: whoever has a passphrase types it once.
    made = issuer.sign([*new.values(), *whole], key, by)
    signed = dict(zip(new, made, strict=False))
    _issue(estate, now, issuer, before, signed, progress=progress)
    issuer.issue(made[len(new) :])
    now.certificates = _files(estate, issuer.book, now, [run.certificate for run in ready])
    retiring.enter(estate, now)
    return now


def _issue(
    estate: Estate,
    now: Decommissioning,
    issuer: attesting.Issuer,
    before: Mapping[str, str],
    signed: Mapping[str, Document],
    *,
    progress: Progress,
) -> None:
    """Issue what was signed, and note who has theirs; `before` are the devices, with what a killed run issued."""
    every = list(before)
    progress.begin("Certifying", len(every))
    for start in range(0, len(every), _AT_ONCE):
        tags = every[start : start + _AT_ONCE]
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


def _ready(now: Decommissioning, by: str) -> list[Run]:
    """Return the devices of which somebody may sign that they are wiped; raises GuardRefused for none."""
    own = [run for run in now.runs.values() if not run.replaced]
    if not own:
        raise GuardRefused(f"{now.request.name}: another request brought its devices to their end")
    ready = [run for run in own if run.wiped and not run.open_media()]
    if not ready:
        raise GuardRefused(
            f"{now.request.name}: no device is closed and wiped, so there is nothing to validate"
        )
    for run in ready:
        if by == now.request.requester or any(by in wiped.by for wiped in run.wiped.values()):
            raise GuardRefused(
                f"{by} asked for this or did part of it: another person validates {run.target.tag}"
            )
    return ready


def _lacks_batch(now: Decommissioning, ready: Sequence[Run], book: Book) -> bool:
    """Tell whether all that had data, more than one, are ready, and have no certificate together."""
    tags = {run.target.tag for run in ready}
    others = (run for tag, run in now.runs.items() if tag not in tags and not run.replaced)
    whole = len(tags) > 1 and not any(run.target.media for run in others)
    return whole and book.standing(now.request.name, kind="batch") is None


def _listed(
    book: Book, known: Mapping[str, str], new: Mapping[str, Certificate]
) -> Iterator[Listed]:
    """Yield devices as their batch names them: by the certificate that is known, else by the one to be signed."""
    for tag, sha256 in known.items():
        made = new.get(tag)
        yield (
            Listed(tag, made.number, hash_of(made))
            if made
            else attesting.listed(book.require(sha256))
        )


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
    return found.sha256 if isinstance(there, Certificate) and _same(there, made) else ""


def _same(there: Certificate, made: Certificate) -> bool:
    """Tell whether two are of the same wipes, whatever rows of people and this program's version were by then."""
    # Where a station's clock is ahead, what it wiped counts as done when it is validated: each time anew.
    done = min(made.performed.at, there.validated.at)
    by, wipes = made.performed.by.id, _wipes(made)
    return (there.performed.by.id, there.performed.at, _wipes(there)) == (by, done, wipes)


def _wipes(certificate: Certificate) -> list[tuple[str, ...]]:
    return [
        (one.type, one.serial, one.method, one.details, one.evidence.details)
        for one in certificate.media
    ]
