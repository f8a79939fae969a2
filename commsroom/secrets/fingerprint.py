"""Keyed digests: of verifiers, comparable by us and meaningless to others; of what we wrote."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Final

from commsroom.secrets.derive import Use, derived

if TYPE_CHECKING:
    from collections.abc import Callable

#: Hexadecimal digits kept: 128 bits, far beyond chance.
_DIGITS: Final = 32


def sealed(key: bytes, document: bytes) -> str:
    """Return the seal of a saved plan (HMAC-SHA256): nobody without the estate's key can make it."""
    return hmac.new(derived(key, Use.SAVED_PLANS), document, hashlib.sha256).hexdigest()


def unbroken(key: bytes, document: bytes, seal: str) -> bool:
    """Tell whether a seal is the one of exactly this document."""
    return hmac.compare_digest(sealed(key, document).encode(), seal.encode("utf-8", "replace"))


def keyed(key: bytes) -> Callable[[str], str]:
    """Return a function from a verifier to its fingerprint under the estate's key.

    Keyed (HMAC-SHA256), because a verifier may be a clear PIN: without the key nobody can try all
    of them against the ledger.
    """
    return keyed_apart(derived(key, Use.FINGERPRINTS))


def keyed_apart(secret: bytes) -> Callable[[str], str]:
    """Return the same function, from the key for fingerprints alone (`Use.FINGERPRINTS`)."""

    def fingerprint(verifier: str) -> str:
        return hmac.new(
            secret, verifier.encode("utf-8", "surrogatepass"), hashlib.sha256
        ).hexdigest()[:_DIGITS]

    return fingerprint
