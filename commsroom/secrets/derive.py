"""One master key, and from it a separate key for each use (HKDF, RFC 5869).

A key that was renewed has 64 bytes: 32 new ones, and the key for fingerprints as it was. What the ledger
knows of passwords stays comparable that way, for us and for every pipeline that was given that key, while
nothing that is sealed opens with the old one.
"""

from __future__ import annotations

import secrets
from enum import StrEnum
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

#: Bytes of the master key and of every key made from it.
KEY_BYTES: Final = 32
#: Bytes of a master key that was renewed.
RENEWED_BYTES: Final = 2 * KEY_BYTES


class Use(StrEnum):
    """What a derived key is for; the text is part of the derivation and never changes."""

    SEALING = "commsroom sealed store v1"
    FINGERPRINTS = "commsroom fingerprints v1"
    SAVED_PLANS = "commsroom saved plans v1"


def derived(master: bytes, use: Use) -> bytes:
    """Return the key for one use; nothing about another use's key can be learnt from it.

    Raises:
        ValueError: `master` is no master key: neither `KEY_BYTES` long nor `RENEWED_BYTES`.
    """
    if len(master) not in (KEY_BYTES, RENEWED_BYTES):
        raise ValueError(f"a master key has {KEY_BYTES} bytes, a renewed one {RENEWED_BYTES}")
    root, carried = master[:KEY_BYTES], master[KEY_BYTES:]
    if carried and use is Use.FINGERPRINTS:
        return carried
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=use.encode()).derive(root)


def renewed(master: bytes) -> bytes:
    """Return a new master key that makes the same fingerprints, and has nothing else of the old one."""
    return secrets.token_bytes(KEY_BYTES) + derived(master, Use.FINGERPRINTS)
