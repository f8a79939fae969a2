"""key rotate: a new master key for the estate, and everything sealed anew under it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commsroom.app.estate import actor
from commsroom.secrets import key, rekeying

if TYPE_CHECKING:
    from commsroom.app.estate import Estate
    from commsroom.secrets.rekeying import Renewed


def rotate(estate: Estate) -> Renewed:
    """Renew the estate's master key; commands that read go on meanwhile, those that write wait their turn.

    Raises:
        UsageError: the key is in no file.
        LockHeld: an apply or a rotation is at work.
        CommsroomError: a file cannot be written, or a secret does not open; the old key goes on to count.
    """
    file = key.file_of(estate.home)
    estate.require_key()  # the ledger's own: another's would be renewed for nothing
    with estate.ledger.lock(actor(), command="key rotate"):
        done = rekeying.rotate(file, estate.home, estate.custody.sealed)
        estate.ledger.record("key renewed", {"sealed": done.count}, actor=actor())
    return done
