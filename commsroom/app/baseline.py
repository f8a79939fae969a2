"""A signed baseline: what a drift check needs of the ledger, where the ledger cannot be reached.

The file is signed beside itself (`FILE.sig`), as `ssh-keygen -Y sign` does, for the namespace
`commsroom-baseline`. Who may sign for which estate is in Git, in `policies/baseline-signers`: the
principal there is the estate's id, so a baseline of another estate is refused whoever signed it.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from commsroom import files
from commsroom.app.estate import actor
from commsroom.errors import CommsroomError, UsageError
from commsroom.policy.scalars import duration
from commsroom.secrets import key, ssh_signature
from commsroom.secrets.derive import Use, derived
from commsroom.secrets.ssh_signature import Verdict

if TYPE_CHECKING:
    from commsroom.app.estate import Estate
    from commsroom.ledger.baseline import Baseline

NAMESPACE: Final = "commsroom-baseline"
SIGNERS: Final = "policies/baseline-signers"
#: Bytes; a hundred thousand people's is a tenth of it.
_LARGEST: Final = 512 * 2**20
_LARGEST_SIGNATURE: Final = 64 * 2**10
_AGAIN: Final = "make one with commsroom ledger export --baseline FILE --sign KEY"
#: How far ahead the clock of the machine that exported may be.
_SKEW: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written. `signers_line` is to be added to `SIGNERS`, "" where that knows the signer."""

    file: Path
    objects: int
    expires: str = ""
    signature: Path | None = None
    signers_line: str = ""


def export(estate: Estate, file: Path, *, sign: Path | None, expires: str) -> Exported:
    """Write the estate's baseline to `file`, and with `sign`, an SSH key, its signature beside it.

    Args:
        estate: The estate; its ledger is only read.
        file: Where to; mode 0644, for it holds no secret.
        sign: A private key's file, or the public half of one that an agent holds.
        expires: `30d` from now, a day (the last one it holds, at the company), or "" for never.

    Raises:
        UsageError: `expires` is neither, or is over.
        CommsroomError: a file cannot be written, or the key does not sign.
    """
    from commsroom.app import losses, ordering  # which opens estates, as we do for it
    from commsroom.ledger import baseline as form

    _require_file(file)
    company = estate.policy.company
    at = datetime.now(UTC).replace(microsecond=0)
    end = _end(expires, company.time_zone, at)
    content = form.taken(
        estate.ledger,
        name=company.name,
        by=actor(),
        at=at,
        expires=end,
        simulated=estate.simulate is not None,
        awaited=ordering.awaited(estate),
        losses=losses.recorded(estate).values(),
    )
    document = form.written(content)
    beside = _beside(file)
    done = Exported(file, len(content.objects), end.isoformat() if end else "")
    if sign is None:
        _write(file, document)
        return done
    signature = ssh_signature.sign(document, sign, namespace=NAMESPACE)
    _write(beside, signature)
    _write(file, document)
    line = f'{content.estate.id} namespaces="{NAMESPACE}" {ssh_signature.public_key(signature)}'
    known = _verdict(estate.path, document, beside, content.estate.id) is Verdict.GOOD
    return Exported(file, done.objects, done.expires, beside, "" if known else line)


def export_fingerprint_key(estate: Estate, file: Path) -> None:
    """Write the key that only fingerprints are made with to a new file (mode 0600).

    It opens no secret. With it and a baseline short PINs can be tried out, so it stays a secret.
    """
    key.write_apart(file, derived(estate.key, Use.FINGERPRINTS), estate.path)


def accepted(estate: Estate, file: Path) -> Baseline:
    """Return a baseline that is whole, in force, of this estate, and signed by somebody it trusts.

    Raises:
        CommsroomError: it is not; one line says why.
    """
    from pydantic import ValidationError

    from commsroom.ledger import baseline as form

    document = _read(file)
    claimed = _claimed(file, document, form.FORMAT)
    _require_signature(estate.path, file, document, claimed)
    try:
        content = form.Baseline.model_validate_json(document)
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise CommsroomError(f"{file}: is no baseline: {place}", remedy=_AGAIN) from error
    name = estate.policy.company.name
    if content.estate.name != name:
        raise CommsroomError(
            f"{file}: is the baseline of another estate: of {content.estate.name!r}, not {name!r}",
            remedy="export it again where this estate is applied",
        )
    if content.simulated and estate.simulate is None:
        raise CommsroomError(
            f"{file}: is the baseline of a simulation, and nothing of that is ours on real systems",
            remedy="use it with --simulate, or export the estate's own",
        )
    _require_in_force(file, content, datetime.now(UTC))
    return content


def _require_in_force(file: Path, content: Baseline, present: datetime) -> None:
    if content.expires is not None and present >= content.expires:
        raise CommsroomError(
            f"{file}: this baseline expired at {content.expires.isoformat()}", remedy=_AGAIN
        )
    if content.exported > present + _SKEW:
        raise CommsroomError(
            f"{file}: this baseline says it is of {content.exported.isoformat()}, which is yet to come",
            remedy="set this machine's clock, or that of the machine which exported it",
        )


def _read(file: Path) -> bytes:
    try:
        return files.read(file, most=_LARGEST, what="a baseline")
    except FileNotFoundError as error:
        raise CommsroomError(f"{file}: there is no such baseline", remedy=_AGAIN) from error


def _claimed(file: Path, document: bytes, current: int) -> str:
    """Return the id of the estate a file says it is of, before anything else in it is believed."""
    try:
        content = json.loads(document)
        found, estate = content["format"], content["estate"]
        claimed = estate["id"]
    except (ValueError, RecursionError, KeyError, TypeError) as error:
        raise CommsroomError(f"{file}: is no baseline", remedy=_AGAIN) from error
    if found != current or isinstance(found, bool) or not isinstance(claimed, str):
        older = isinstance(found, int) and found < current
        raise CommsroomError(
            f"{file}: is of format {_shown(found)}, and this commsroom reads format {current}",
            remedy="export it again"
            if older
            else "use the commsroom that wrote it, or a newer one",
        )
    return claimed


def _shown(value: object) -> str:
    return str(value) if isinstance(value, int) else "unknown"


def _require_signature(root: Path, file: Path, document: bytes, estate_id: str) -> None:
    beside = _beside(file)
    try:
        files.read(beside, most=_LARGEST_SIGNATURE, what="a signature")
    except FileNotFoundError as error:
        raise CommsroomError(
            f"{file}: is not signed: there is no {beside.name} beside it",
            remedy=f"ssh-keygen -Y sign -n {NAMESPACE} -f KEY {file.name}",
        ) from error
    match _verdict(root, document, beside, estate_id):
        case Verdict.GOOD:
            return
        case Verdict.BROKEN:
            raise CommsroomError(
                f"{file}: is not what was signed: it, or {beside.name}, was changed since",
                remedy=_AGAIN,
            )
        case Verdict.STRANGER:
            raise CommsroomError(
                f"{file}: was signed by a key that {SIGNERS} does not name for {NAMESPACE}",
                remedy="commsroom ledger export says which line to add, if it is to be trusted",
            )
        case Verdict.ELSEWHERE:
            raise CommsroomError(
                f"{file}: is the baseline of another estate ({estate_id}): {SIGNERS} does not let its"
                " signer sign for that",
                remedy="export it again where this estate is applied",
            )


def _verdict(root: Path, document: bytes, signature: Path, estate_id: str) -> Verdict:
    signers = root / SIGNERS
    files.require_regular(signers)
    if not signers.exists():
        return Verdict.STRANGER
    return ssh_signature.check(
        document, signature, signers=signers, identity=estate_id, namespace=NAMESPACE
    )


def _beside(file: Path) -> Path:
    """Return where the signature is, as ssh-keygen(1) names it."""
    return file.with_name(f"{file.name}.sig")


def _end(text: str, zone: str, present: datetime) -> datetime | None:
    if not text:
        return None
    try:
        if len(text) == len("2026-11-24") and text.count("-") == 2:  # noqa: PLR2004 - of a date
            day = date.fromisoformat(text) + timedelta(days=1)
            end = datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
        else:
            end = present + duration(text)
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"--expires: {text!r} is neither a day nor a span of time",
            remedy="write 2026-12-31 or 30d",
        ) from error
    if end <= present:
        raise UsageError(f"--expires: {text} is over already")
    return end


def _require_file(file: Path) -> None:
    if file.exists() and not file.is_file():  # root could replace a device such as /dev/null
        raise CommsroomError(f"{file}: is not a file", remedy="--baseline takes the name of a file")


def _write(file: Path, content: bytes) -> None:
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        beside.write_bytes(content)
        beside.replace(file)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise CommsroomError(f"{file}: cannot be written: {error.strerror}") from error


def as_document(done: Exported | None, fingerprint_key: Path | None) -> dict[str, Any]:
    """Return what `ledger export --json` gives."""
    return {
        "baseline": str(done.file) if done else None,
        "objects": done.objects if done else None,
        "expires": done.expires or None if done else None,
        "signature": str(done.signature) if done and done.signature else None,
        "signers_line": done.signers_line or None if done else None,
        "fingerprint_key": str(fingerprint_key) if fingerprint_key else None,
    }
