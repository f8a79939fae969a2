"""One master key, and from it a separate key for each use (HKDF, RFC 5869)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

#: Bytes of the master key and of every key made from it.
KEY_BYTES: Final = 32


class Use(StrEnum):
    """What a derived key is for; the text is part of the derivation and never changes."""

    SEALING = "commsroom sealed store v1"
    FINGERPRINTS = "commsroom fingerprints v1"
    SAVED_PLANS = "commsroom saved plans v1"


def derived(master: bytes, use: Use) -> bytes:
    """Return the key for one use; nothing about another use's key can be learnt from it.

    Raises:
        ValueError: `master` has not `KEY_BYTES` bytes.
    """
    if len(master) != KEY_BYTES:
        raise ValueError(f"a master key has {KEY_BYTES} bytes")
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=use.encode()).derive(master)
