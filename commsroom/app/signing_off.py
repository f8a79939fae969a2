"""decommission, last step: a named person validates what was done, and signs a certificate of each device."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commsroom.app import attesting, certified, drawing_up, registering, retiring
from commsroom.app.ordering import require_here
from commsroom.errors import GuardRefused
from commsroom.estate.retiring.certificate import Certificate
from commsroom.estate.retiring.chain import Step
from commsroom.estate.retiring.document import Document

if TYPE_CHECKING:
    from pathlib import Path

    from commsroom.app.estate import Estate
    from commsroom.app.progress import Progress
    from commsroom.app.retiring import Decommissioning


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
    ready = [run for run in now.runs.values() if run.wiped and not run.open_media()]
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
    progress.begin("Certifying", len(left))
    for run in left:
        made = drawing_up.certificate(
            estate, run, requester=requester, by=by, contact=contact, note=note
        )
        sha256 = _issued_before(estate, made) or attesting.issue(estate, made, key, by).sha256
        retiring.record(estate, now, Step.CERTIFIED, {run.target.tag: {"sha256": sha256}})
        progress.advance(run.target.tag)
    progress.end()
    whole = all(run.certificate or not run.target.media for run in now.runs.values())
    known = certified.standing(estate.ledger, now.request.name, kind="batch")
    if whole and len(ready) > 1 and known is None:
        listed = [attesting.listed(estate, run.certificate) for run in ready]
        batch = drawing_up.batch(
            estate, now.request.name, listed, by=by, contact=contact, note=note
        )
        attesting.issue(estate, batch, key, by)
    retiring.enter(estate, now)
    return now


def _issued_before(estate: Estate, made: Certificate) -> str:
    """Return the hash of the certificate that a killed run issued and did not come to note, "" for none."""
    found = certified.standing(estate.ledger, made.subject, kind="device")
    if found is None:
        return ""
    there = Document.from_json(dict(found.document)).certificate
    same = isinstance(there, Certificate) and (there.media, there.performed) == (
        made.media,
        made.performed,
    )
    return found.sha256 if same else ""
