"""Who may sign: `policies/approvers` as it stood when last approved, which the ledger remembers.

Two people who were named before have to sign a new text; the first one any two sign whom it names itself.
From then on the file only proposes: who edits or removes it changes nothing, and an approver added in the
same change as a purge has no say in it. What stands is worked out anew from the signatures each time, not
believed of an event.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from commsroom import files
from commsroom.app import signing
from commsroom.errors import CommsroomError, PolicyErrors
from commsroom.estate.approval import SIGNATURES, Request
from commsroom.policy import approvers
from commsroom.policy.approvers import FILE

if TYPE_CHECKING:
    from datetime import date

    from commsroom.app.estate import Estate
    from commsroom.errors import Problem

#: Events of the ledger.
ASKED: Final = "approval asked"
WITHDRAWN: Final = "approval withdrawn"
#: What a request for another list of approvers is for.
PURPOSE: Final = "approvers"
#: How two people let the file's text stand.
COMMAND: Final = f"commsroom approve {FILE} --by ID --key FILE"
_FORM: Final = f'a line a person: ID namespaces="{approvers.NAMESPACE}" ssh-ed25519 AAAA…'


@dataclass(frozen=True, slots=True)
class Approvers:
    """The text that says who may sign, since when it stands and whose signatures made it so."""

    text: bytes
    since: date
    by: tuple[str, ...]
    #: The event from which it stands.
    seq: int
    #: Names of the requests that ever made a text stand, this one's last.
    requests: tuple[str, ...] = field(default=())

    @property
    def digest(self) -> str:
        """Return the text's SHA-256, by which a new one names what it replaces."""
        return hashlib.sha256(self.text).hexdigest()


def recorded(estate: Estate) -> dict[str, tuple[int, Request]]:
    """Return every request of this estate's ledger with its event's number, oldest first, by name.

    Raises:
        CommsroomError: an event of the kind is none.
    """
    found: dict[str, tuple[int, Request]] = {}
    for event in estate.ledger.events(kind=ASKED):
        try:
            request = Request.from_json(event.data)
        except (KeyError, TypeError, ValueError, CommsroomError) as error:
            raise CommsroomError(
                f"event {event.seq} of the ledger is no request", remedy="commsroom ledger verify"
            ) from error
        if request.estate == estate.ledger.estate_id:
            found.setdefault(request.name, (event.seq, request))
    return found


def established(estate: Estate) -> Approvers | None:
    """Return the approvers that two people approved last; None where nobody ever did."""
    stood = history(estate)
    return stood[-1] if stood else None


def history(estate: Estate) -> tuple[Approvers, ...]:
    """Return every list of approvers that ever stood, oldest first."""
    proposals = {
        name: (seq, request)
        for name, (seq, request) in recorded(estate).items()
        if request.purpose == PURPOSE
    }
    if not proposals:
        return ()
    withdrawn = {
        str(event.data.get("request")): event.seq for event in estate.ledger.events(kind=WITHDRAWN)
    }
    signatures = signing.Signatures(estate, signing.REQUESTS, bytes)
    given = sorted(
        (one.seq, name)
        for name, (asked, _) in proposals.items()
        for one in signatures.given(name)
        if asked < one.seq < withdrawn.get(name, one.seq + 1)
    )
    stood: list[Approvers] = []
    for seq, name in given:
        standing = stood[-1] if stood else None
        request = proposals[name][1]
        text = proposed_text(request)
        if text is None or request.subject.get("replaces") != replaced_by(standing):
            continue
        so_far = [one for one in signatures.given(name) if one.seq <= seq]
        # A key that ended since did let the list stand: no list is undone by time.
        before_it = standing.text if standing else text
        signed = signing.counting(request, so_far, before_it, then=True)
        if signed.since is not None:
            before = standing.requests if standing else ()
            stood.append(Approvers(text, signed.since, signed.approvers, seq, (*before, name)))
    return tuple(stood)


def in_force(estate: Estate) -> bytes:
    """Return the text that counts for orders: what was approved, else the file's, where nobody did.

    Raises:
        FileUnusable: the file counts, and is no regular one.
    """
    if (standing := established(estate)) is not None:
        return standing.text
    return _file(estate) or b""


def require_usable(estate: Estate) -> None:
    """Refuse `policies/approvers`, where it counts, while anything in it may mean another than it seems to.

    Raises:
        PolicyErrors: lines of it are wrong, as `validate` tells them.
    """
    if established(estate) is None:
        problems: list[Problem] = []
        approvers.read(estate.path, problems)
        if problems:
            raise PolicyErrors(problems)


def differing(estate: Estate, standing: Approvers | None) -> str:
    """Say that the file is not what was approved, and what to do about it; "" where it is, or nobody did."""
    if standing is None:
        return ""
    stands = f"what {' and '.join(standing.by)} approved on {standing.since} counts"
    try:
        text = _file(estate)
    except files.FileUnusable as error:
        return f"{FILE}: {error.reason}; {stands}"
    if text is None:
        return f"{FILE} is gone; {stands} (restore it from Git)"
    if text != standing.text:
        return f"{FILE} is not as it was approved: {stands}, until two of those sign it ({COMMAND})"
    return ""


def proposal(estate: Estate, standing: Approvers | None) -> dict[str, Any]:
    """Return what those sign who let the file's present text stand: the text, and what it replaces.

    Raises:
        PolicyErrors: lines of it are wrong, as `validate` tells them.
        CommsroomError: there is no such file, or too few could approve anything afterwards.
    """
    text = _file(estate)
    if text is None:
        raise CommsroomError(f"there is no {FILE}", remedy=_FORM)
    problems: list[Problem] = []
    named = approvers.parsed(text, problems)
    if problems:
        raise PolicyErrors(problems)
    if len({item.person for item in named if item.approves}) < SIGNATURES:
        raise CommsroomError(
            f"{FILE} names fewer than {SIGNATURES} people who may approve: nothing could be approved by it",
            remedy=_FORM,
        )
    return {"file": FILE, "text": text.decode(), "replaces": replaced_by(standing)}


def proposed_text(request: Request) -> bytes | None:
    """Return the list that a request would let stand, None where it holds none that could."""
    text = request.subject.get("text")
    if not isinstance(text, str):
        return None
    raw, problems = text.encode(), list[Any]()
    named = approvers.parsed(raw, problems)
    people = {item.person for item in named if item.approves}
    return None if problems or len(people) < SIGNATURES else raw


def replaced_by(standing: Approvers | None) -> str:
    """Return how a new list names the one it replaces, "" being none: it cannot be brought back by old signatures."""
    return "" if standing is None else f"{standing.digest} {standing.requests[-1]}"


def _file(estate: Estate) -> bytes | None:
    try:
        return files.read(estate.path / FILE, most=approvers.LARGEST, what="such a file")
    except FileNotFoundError:
        return None
