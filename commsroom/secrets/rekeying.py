"""Renew the master key, and seal everything anew under it: killed anywhere, the store opens.

1. The next key is written beside the key's file (`….key.next`), durably. Nothing is sealed with it yet.
2. The sealed file is sealed anew in one transaction. Before it is over the old key opens it, after it the
   next one; whoever opens the store tries both.
3. The old key gets a second name (`….key.old-…`): backups of the store that were made before need it.
4. The next key takes the old one's name (rename(2)): no moment is without a key of that name.

The same run again goes on at the step that was not reached. What else comes from the master key, see
`derive.py`: fingerprints stay, seals of saved plans do not.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from commsroom import files
from commsroom.secrets import key as keys
from commsroom.secrets.derive import Use, derived, renewed
from commsroom.secrets.sealed import SealedStore
from commsroom.secrets.stores import keeping

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Renewed:
    """What was done: secrets sealed anew, the key's file, and the file that keeps the old one."""

    count: int
    file: Path
    old: Path


def rotate(file: Path, estate: Path, sealed: Path) -> Renewed:
    """Renew the key in `file`, and seal the file `sealed`, where there is one, anew.

    Raises:
        CommsroomError: a file cannot be read or written, another does the same at this moment, or a secret
            does not open; then the old key goes on to count.
    """
    try:
        with keeping.alone(file.parent):
            return _rotated(file, estate, sealed)
    except OSError as error:
        raise keeping.translated(error, file) from error


def _rotated(file: Path, estate: Path, sealed: Path) -> Renewed:
    now = keys.read(file, estate)
    following = keys.following(file)
    if not following.exists():
        keeping.replace(following, keys.encoded(renewed(now)))
    then = keys.read(following, estate)
    count = 0
    if sealed.exists():
        with SealedStore.open(sealed, now, others=lambda: [then]) as store:
            count = store.reseal(then)
    name = hashlib.sha256(derived(now, Use.SEALING)).hexdigest()[:8]
    old = file.with_name(f"{file.name}.old-{name}")
    if not old.exists():
        os.link(file, old)
        files.keep_names(file.parent)
    following.replace(file)
    files.keep_names(file.parent)
    return Renewed(count, file, old)
