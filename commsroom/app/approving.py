"""approve, approvals: nothing is wiped or deleted for good before two people have signed just that.

A verb asks (`ask`), refuses while it is not approved (`require_approved`), and says when it is done
(`use`). Signatures count only of people in the approvers that stand (`signers`), at the moment of use: who
was taken out since has no say, and neither has one who was added in the same change. No event is believed:
each signature is checked anew, as ssh-keygen(1) does, against the request's own text.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from commsroom.app import registering, signers, signing
from commsroom.app.estate import actor
from commsroom.app.ordering import require_here
from commsroom.app.signers import ASKED, PURPOSE, WITHDRAWN
from commsroom.app.signing import Signed
from commsroom.errors import GuardRefused, UsageError
from commsroom.estate.approval import SIGNATURES, Request, Standing
from commsroom.policy import characters
from commsroom.policy.approvers import FILE
from commsroom.policy.words import did_you_mean, quoted

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from pathlib import Path

    from commsroom.app.estate import Estate

#: Events of the ledger, beside those of `signers`.
GIVEN: Final = signing.REQUESTS.event
USED: Final = "approval used"

_OPEN: Final = frozenset({Standing.ASKED, Standing.APPROVED})
_UNFOUNDED: Final = f"no signature counts yet: two people must let {FILE} stand first"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, whose signatures count, and what that makes of it."""

    request: Request
    signed: Signed
    standing: Standing

    @property
    def open(self) -> bool:
        """Tell whether it can still be signed or used."""
        return self.standing in _OPEN

    @property
    def missing(self) -> int:
        """Return how many have yet to sign."""
        return max(0, SIGNATURES - len(self.signed.approvers))


def ask(estate: Estate, request: Request) -> Request:
    """Record that something is asked for, and return it as it is to be signed.

    The same matter is asked once while it is open: asked again, whatever the day, it is the request that
    stands, with its signatures and its last day.

    Raises:
        UsageError: who asks is not here, or it would begin on a day to come.
        CommsroomError: another asked for something in the same moment.
    """
    day = registering.today(estate.policy)
    if request.purpose != PURPOSE:
        require_here(estate.policy, request.requester, day)
    if request.asked > day:
        raise UsageError(f"approval cannot be asked as of {request.asked}: it is {day}")
    seen, _ = estate.ledger.head()
    same = [item for item in listed(estate) if item.request.matter == request.matter]
    if same and same[-1].open:
        return same[-1].request
    again = sum(item.request.asked == request.asked for item in same)
    fresh = replace(request, again=again)
    data = {"request": fresh.name, **fresh.to_json()}
    estate.ledger.record(ASKED, data, actor=actor(), requester=fresh.requester, seen=seen)
    return fresh


def approve(
    estate: Estate,
    name: str,
    *,
    approver: str,
    key: Path,
    confirm: Callable[[Asked], bool] = lambda _: True,
) -> Asked | None:
    """Sign a request with an SSH key, once `confirm` was shown it and said yes; None where it said no.

    Raises:
        UsageError: there is no such request, or nobody of that id is here.
        GuardRefused: it may not be signed by them, or not any more; nothing is recorded.
        CommsroomError: the key cannot sign, or another signed a request in the same moment.
    """
    asked = named(estate, name)
    require_here(estate.policy, approver, registering.today(estate.policy))
    _require_unsigned(asked, approver)
    standing = signers.established(estate)
    text = standing.text if standing else _proposed(asked.request)
    if not confirm(asked):
        return None
    stand = f"what {' and '.join(standing.by)} approved of {FILE}" if standing else FILE
    signature = signing.sign(asked.request, approver, key, text, stand=stand)
    # Signing may have waited for a passphrase: what others did meanwhile counts, and from here on none
    # may come between.
    seen, _ = estate.ledger.head()
    asked = named(estate, name)
    _require_unsigned(asked, approver)
    given = signing.Signatures(estate, signing.REQUESTS, bytes)
    given.require_own_key(asked.request, approver, signature, asked.signed.approvers)
    data = {
        "request": name,
        "purpose": asked.request.purpose,
        "approver": approver,
        "signature": signature.decode("ascii"),
        "with": list(asked.signed.approvers),
    }
    estate.ledger.record(GIVEN, data, actor=actor(), requester=asked.request.requester, seen=seen)
    return named(estate, name)


def ask_for_approvers(estate: Estate) -> Request:
    """Ask that the file's present text stand; whoever signs it first proposes it.

    Raises:
        UsageError: it stands already.
        PolicyErrors: lines of it are wrong, as `validate` tells them.
        CommsroomError: there is no such file, or nothing could be approved by it.
    """
    standing = signers.established(estate)
    subject = signers.proposal(estate, standing)
    if standing is not None and subject["text"].encode() == standing.text:
        raise UsageError(
            f"{FILE} is as {' and '.join(standing.by)} approved it on {standing.since}",
            remedy="there is nothing to sign",
        )
    day = registering.today(estate.policy)
    return ask(estate, Request(estate.ledger.estate_id, PURPOSE, subject, "", day))


def signed(estate: Estate, request: Request) -> Signed:
    """Return whose signatures of a matter count today, and since when they approve it."""
    found = _last(estate, request)
    return found.signed if found is not None and found.open else Signed()


def require_approved(estate: Estate, request: Request) -> Signed:
    """Refuse to go on before enough people have signed just this, neither of them who asks.

    Raises:
        GuardRefused: who has signed, how many are missing, and the command; or why it counts no more.
    """
    found = _last(estate, request)
    if found is not None and found.standing is Standing.APPROVED:
        return found.signed
    standing = signers.established(estate)
    if standing is None:
        raise GuardRefused(f"{request.purpose}: {_UNFOUNDED}: {signers.COMMAND}")
    told = signers.differing(estate, standing)
    raise GuardRefused(_refusal(request, found) + (f"; {told}" if told else ""))


def use(estate: Estate, request: Request) -> None:
    """Record that what was approved is done: its signatures allow nothing any more."""
    if (found := _last(estate, request)) is not None and found.open:
        data = {"request": found.request.name, "purpose": request.purpose}
        estate.ledger.record(USED, data, actor=actor(), requester=found.request.requester)


def withdraw(estate: Estate, name: str, *, by: str, reason: str) -> Asked:
    """Record that a request is not to be done; its signatures count no more.

    Raises:
        UsageError: there is none such, it is over already, or nobody of that id is here.
    """
    asked = named(estate, name)
    require_here(estate.policy, by, registering.today(estate.policy))
    if not asked.open:
        raise UsageError(f"request {name} is {asked.standing} already")
    if found := characters.refused(reason):
        raise UsageError(f"--reason: {found} may not be part of it")
    if not reason.strip():
        raise UsageError("--reason is empty", remedy="say why it is not to be done")
    estate.ledger.record(
        WITHDRAWN, {"request": name, "reason": reason}, actor=actor(), requester=by
    )
    return replace(asked, standing=Standing.WITHDRAWN)


def named(estate: Estate, name: str) -> Asked:
    """Return the request of a name; raises UsageError, naming the nearest, for none."""
    found = {item.request.name: item for item in listed(estate)}
    if asked := found.get(name):
        return asked
    raise UsageError(
        f"there is no request {quoted(name)}",
        remedy=did_you_mean(name, found) or "commsroom approvals",
    )


def listed(estate: Estate, *, as_of: date | None = None) -> tuple[Asked, ...]:
    """Return every request, oldest first, with the signatures that count on a day."""
    day = as_of or registering.today(estate.policy)
    over = {
        str(event.data.get("request")): standing
        for kind, standing in ((WITHDRAWN, Standing.WITHDRAWN), (USED, Standing.USED))
        for event in estate.ledger.events(kind=kind)
    }
    recorded = signers.recorded(estate)
    if not recorded:
        return ()
    signatures = signing.Signatures(estate, signing.REQUESTS, bytes)
    standing = signers.established(estate)
    found = []
    for name, (seq, request) in recorded.items():
        ended = over.get(name) or _overtaken(request, standing)
        text = standing.text if standing else _text(request)
        given = [one for one in signatures.given(name) if one.seq > seq]
        if ended is not None:  # what counted then; it decides nothing any more
            valid = Signed(given[-1].held if given else ())
        else:
            valid = signing.counting(request, given, text) if text else Signed()
        state = ended or request.standing(day, signatures=len(valid.approvers))
        found.append(Asked(request, valid, state))
    return tuple(found)


def _overtaken(request: Request, standing: signers.Approvers | None) -> Standing | None:
    """Tell that a list of approvers stands, or another one instead; None for what is still open."""
    if request.purpose != PURPOSE:
        return None
    if standing is not None and request.name in standing.requests:
        return Standing.USED
    replaced = request.subject.get("replaces") == signers.replaced_by(standing)
    return None if replaced else Standing.OVERTAKEN


def _text(request: Request) -> bytes:
    """Return by what the signatures of a request count while nobody has approved anybody: "" by nothing."""
    return signers.proposed_text(request) or b"" if request.purpose == PURPOSE else b""


def _proposed(request: Request) -> bytes:
    """Return the text by which the very first list is signed; raises GuardRefused for anything else."""
    if text := _text(request):
        return text
    raise GuardRefused(f"{_UNFOUNDED}: {signers.COMMAND}")


def _last(estate: Estate, request: Request) -> Asked | None:
    """Return the latest request about the same matter."""
    same = [item for item in listed(estate) if item.request.matter == request.matter]
    return same[-1] if same else None


def _require_unsigned(asked: Asked, approver: str) -> None:
    """Refuse, by GuardRefused, somebody who may not sign a request, or not any more."""
    name = asked.request.name
    if approver == asked.request.requester:
        raise GuardRefused(f"{approver} asked for {name} and may not approve it")
    if approver in asked.signed.approvers:
        raise GuardRefused(f"{approver} has approved {name} already: another person must")
    if not asked.open:
        raise GuardRefused(_refusal(asked.request, asked))


def _refusal(request: Request, found: Asked | None) -> str:
    """Say why a matter may not be done now, and what to type."""
    if found is None:
        return f"{request.purpose}: two people must approve this first, and nobody was asked yet"
    name = f"{request.purpose} {found.request.name}"
    match found.standing:
        case Standing.EXPIRED:
            return f"{name} could be approved until {found.request.expires}: ask again"
        case Standing.WITHDRAWN:
            return f"{name} was withdrawn: ask again"
        case Standing.USED:
            return f"{name} was approved and done already: ask again"
        case Standing.OVERTAKEN:
            return f"{name} is overtaken: other approvers were approved meanwhile"
        case _:
            by = ", ".join(found.signed.approvers)
            return (
                f"{name} has {len(found.signed.approvers)} of {SIGNATURES} approvals"
                + (f", by {by}" if by else "")
                + f"; {found.missing} to come until {found.request.expires}:"
                f" commsroom approve {found.request.name} --by ID --key FILE"
            )
