"""Fingerprints of verifiers: comparable by us, meaningless to everybody else."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Final

from commsroom.secrets.derive import Use, derived

if TYPE_CHECKING:
    from collections.abc import Callable

#: Hexadecimal digits kept: 128 bits, far beyond chance.
_DIGITS: Final = 32


def keyed(key: bytes) -> Callable[[str], str]:
    """Return a function from a verifier to its fingerprint under the estate's key.

    Keyed (HMAC-SHA256), because a verifier may be a clear PIN: without the key nobody can try all
    of them against the ledger.
    """
    secret = derived(key, Use.FINGERPRINTS)

    def fingerprint(verifier: str) -> str:
        return hmac.new(
            secret, verifier.encode("utf-8", "surrogatepass"), hashlib.sha256
        ).hexdigest()[:_DIGITS]

    return fingerprint
