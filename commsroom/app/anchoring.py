"""ledger checkpoint, ledger verify --anchor: what the chain was, kept where nobody here can rewrite it.

A checkpoint is signed by an SSH key (namespace `commsroom-checkpoint`) and put outside *before* the ledger
tells of it: a run that is killed between leaves a checkpoint that holds, never an event about one that is
nowhere. Whose signature counts for which estate is in Git, in `policies/checkpoint-signers` (ALLOWED SIGNERS
of ssh-keygen(1)): the principal there is the estate's id.
"""

from __future__ import annotations

import base64
import hashlib
import os
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from commsroom import files
from commsroom.app.estate import actor
from commsroom.errors import CommsroomError, UsageError
from commsroom.ledger.checkpoint import Signed
from commsroom.secrets import ssh_signature
from commsroom.secrets.ssh_signature import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from commsroom.app.estate import Estate
    from commsroom.app.progress import Progress
    from commsroom.ledger.checkpoint import Checkpoint

NAMESPACE: Final = "commsroom-checkpoint"
SIGNERS: Final = "policies/checkpoint-signers"
#: What a tag is called; the number of the last event follows.
TAG: Final = "commsroom-checkpoint-"
#: A checkpoint a night for a century is a tenth of it.
_LARGEST: Final = 512 * 2**20


@dataclass(frozen=True, slots=True)
class Made:
    """A checkpoint, where it was put, and what `SIGNERS` still lacks to know who signed it ("": nothing)."""

    signed: Signed
    places: tuple[str, ...]
    signers_line: str


@dataclass(frozen=True, slots=True)
class Anchor:
    """A checkpoint that was given to compare with: where it was found, and what is wrong with it, if anything."""

    place: str
    checkpoint: Checkpoint | None
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verified:
    """What a ledger's chain and its checkpoints say.

    `sealed` is the last event that a checkpoint vouches for, 0 where none does. What is `unseen` may have
    been done to a ledger without `faults`; what is `excluded` cannot.
    """

    faults: tuple[str, ...]
    anchors: tuple[Anchor, ...]
    events: int
    sealed: int
    excluded: tuple[str, ...]
    unseen: tuple[str, ...]


# ── making one ──────────────────────────────────────────────────────────────────────────────


def checkpoint(
    estate: Estate,
    key: Path,
    *,
    out: Path | None = None,
    tag: bool = False,
    mail: bool = False,
    progress: Progress,
) -> Made:
    """Sign what the chain is now, put it outside, and record that.

    Args:
        estate: The estate; its ledger must be there, and be whole.
        key: A private SSH key's file, or the public half of one that an agent holds.
        out: A file that gets a line more.
        tag: Whether the estate's repository gets an annotated tag.
        mail: Whether those whom notify.yml names for mail get it.
        progress: Told when mail is sent.

    Raises:
        UsageError: nobody is to get mail.
        CommsroomError: the ledger is not whole, the key does not sign, or a place did not take it. What was
            put elsewhere before that stays there, and holds.
    """
    if mail:
        _require_recipients(estate)
    if found := estate.ledger.verify():
        raise CommsroomError(
            f"the ledger is not whole, and a checkpoint would vouch for it: {found[0]}",
            remedy="commsroom ledger verify names every fault",
        )
    made = estate.ledger.checkpoint()
    signature = ssh_signature.sign(made.document, key, namespace=NAMESPACE)
    signed = Signed(made, signature.decode("ascii"))
    public = ssh_signature.public_key(signature)
    places = []
    if out is not None:
        files.append_line(out, signed.line)
        places.append(f"file {out}")
    if tag:
        from commsroom.runs import git

        git.tag(estate.path, f"{TAG}{made.seq}", signed.line + "\n")
        places.append(f"tag {TAG}{made.seq}")
    if mail:
        places += _mailed(estate, signed, progress)
    estate.ledger.record_checkpoint(made, signer=_fingerprint(public), places=places, actor=actor())
    known = _verdict(signed, estate.path / SIGNERS) is Verdict.GOOD
    line = "" if known else f'{made.estate} namespaces="{NAMESPACE}" {public}'
    return Made(signed, tuple(places), line)


def _require_recipients(estate: Estate) -> None:
    rules = estate.policy.notify.mail
    if rules is None or not (rules.people or rules.addresses):
        raise UsageError("--mail: nobody is to get it", remedy="name them in policies/notify.yml")


def _mailed(estate: Estate, signed: Signed, progress: Progress) -> list[str]:
    from commsroom.app import notifying
    from commsroom.estate.notice import Attachment, Notice
    from commsroom.reports import checkpoints as letter

    language, name = notifying.language(estate), estate.policy.company.name
    attached = Attachment(f"{TAG}{signed.checkpoint.seq}.json", signed.line + "\n", "plain")
    notices = {
        to: Notice(
            id=f"commsroom-{uuid.uuid4().hex}",
            to=to.to,
            subject=letter.subject(signed.checkpoint.seq, name, language),
            text=letter.body(signed.checkpoint, attached.name, language),
            attachments=(attached,),
        )
        for to in notifying.recipients(estate)
        if to.channel == notifying.MAIL
    }
    if not notices:
        raise CommsroomError(
            "--mail: none of those whom policies/notify.yml names can get it today",
            remedy="name an address there, or somebody who is at work",
        )
    failures = notifying.post(estate, notices, progress)
    if len(failures) == len(notices):
        to, (system, reason) = next(iter(failures.items()))
        raise CommsroomError(
            f"{system}: the mail to {to.to} is not known to have been sent: {reason}"
        )
    return [to.name for to in notices if to not in failures]


def _fingerprint(public: str) -> str:
    """Return a key's name as `ssh-keygen -l` prints it."""
    digest = hashlib.sha256(base64.b64decode(public.partition(" ")[2])).digest()
    return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"


# ── comparing with some ─────────────────────────────────────────────────────────────────────


def verify(estate: Estate, given: Sequence[str] = (), *, signers: Path | None = None) -> Verified:
    """Judge the ledger by itself, and by every checkpoint given.

    Args:
        estate: The estate; its ledger is only read.
        given: Files with a checkpoint a line, or names or globs of tags of the estate's repository.
        signers: Whose signatures count, in another place than the estate's own file.

    Raises:
        UsageError: nothing is called so, or there is no checkpoint in it.
        CommsroomError: a file cannot be read.
    """
    from commsroom.ledger import tampering

    faults = estate.ledger.verify()
    allowed = signers or estate.path / SIGNERS
    anchors = tuple(
        _judged(estate, place, line, allowed)
        for name in given
        for place, line in _read(estate, name)
    )
    sealed = max(
        (item.checkpoint.seq for item in anchors if item.checkpoint and not item.faults), default=0
    )
    found = (
        *faults,
        *(f"{item.place}: {fault}" for item in anchors for fault in item.faults),
    )
    return Verified(
        faults=found,
        anchors=anchors,
        events=estate.ledger.head()[0],
        sealed=sealed,
        excluded=() if found else tuple(tampering.excluded(anchored=sealed > 0)),
        unseen=tuple(tampering.unseen(anchored=sealed > 0)),
    )


def _read(estate: Estate, name: str) -> Iterator[tuple[str, str]]:
    """Yield each checkpoint of a file or of tags: where it is, and its line."""
    from pathlib import Path

    file = Path(name)
    if os.path.lexists(file):
        try:
            text = files.read(file, most=_LARGEST, what="a file of checkpoints").decode()
        except UnicodeDecodeError as error:
            raise UsageError(f"--anchor: {name} holds no checkpoint") from error
        found = {
            f"{name}:{number}": line
            for number, line in enumerate(text.split("\n"), start=1)
            if line.strip()
        }
    else:
        from commsroom.runs import git

        tags = git.messages(estate.path, name)
        if not tags:
            raise UsageError(
                f"--anchor: neither a file nor an annotated tag of the estate is called {name}",
                remedy=f"tags are called {TAG}…; quote a glob",
            )
        found = {f"tag {each}": text for each, text in tags.items()}
    if not found:
        raise UsageError(f"--anchor: {name} holds no checkpoint")
    yield from found.items()


def _judged(estate: Estate, place: str, line: str, signers: Path) -> Anchor:
    try:
        signed = Signed.from_line(line)
    except ValueError:
        return Anchor(place, None, ("is no checkpoint: it was damaged or edited",))
    verdict, names = _verdict(signed, signers), _named(estate, signers)
    if verdict is Verdict.GOOD:
        return Anchor(place, signed.checkpoint, estate.ledger.contradictions(signed.checkpoint))
    why = {
        Verdict.BROKEN: "is not what was signed: checkpoint or signature was edited",
        Verdict.STRANGER: f"was signed by a key that {names} does not name for {NAMESPACE}",
        Verdict.ELSEWHERE: (
            f"is of the estate {signed.checkpoint.estate}, and {names} does not let its signer sign for that"
        ),
    }
    return Anchor(place, signed.checkpoint, (why[verdict],))


def _named(estate: Estate, signers: Path) -> str:
    return SIGNERS if signers == estate.path / SIGNERS else str(signers)


def _verdict(signed: Signed, signers: Path) -> Verdict:
    return ssh_signature.verdict(
        signed.checkpoint.document,
        signed.signature,
        signers=signers,
        identity=signed.checkpoint.estate,
        namespace=NAMESPACE,
    )


# ── as documents ────────────────────────────────────────────────────────────────────────────


def made_document(made: Made) -> dict[str, Any]:
    """Return what `ledger checkpoint --json` gives."""
    point = made.signed.checkpoint
    return {
        "estate": point.estate,
        "seq": point.seq,
        "hash": point.hash,
        "at": point.at,
        "count": point.count,
        "line": made.signed.line,
        "places": list(made.places),
        "signers_line": made.signers_line or None,
    }


def verified_document(found: Verified) -> dict[str, Any]:
    """Return what `ledger verify --json` gives."""
    return {
        "ok": not found.faults,
        "faults": list(found.faults),
        "events": found.events,
        "sealed": found.sealed,
        "anchors": [
            {
                "place": item.place,
                "seq": item.checkpoint.seq if item.checkpoint else None,
                "at": item.checkpoint.at if item.checkpoint else None,
                "faults": list(item.faults),
            }
            for item in found.anchors
        ],
        "excluded": list(found.excluded),
        "unseen": list(found.unseen),
    }
