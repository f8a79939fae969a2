"""SCRAM, the client's side (RFC 5802, RFC 7677), without channel binding."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode
from typing import Final

from commsroom.backends.prosody.proof.chat import Undecided

#: Best first; the names of RFC 5802 and RFC 7677 and the hash behind each.
MECHANISMS: Final = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-1": "sha1"}
_GS2_HEADER: Final = "n,,"
#: A server that asks for more wants to keep us busy, not to check a password.
_MOST_ROUNDS: Final = 1_000_000


class Scram:
    """One exchange: `first`, then `final` with the challenge, then `check` with the server's last word."""

    def __init__(self, mechanism: str, login: str, password: str) -> None:
        """Take a key of MECHANISMS, and the plain password."""
        self._hash = MECHANISMS[mechanism]
        self._password = password.encode()
        self._nonce = secrets.token_urlsafe(18)
        name = login.replace("=", "=3D").replace(",", "=2C")
        self._first = f"n={name},r={self._nonce}"
        self._expected = b""

    def first(self) -> bytes:
        """Return the client's first message."""
        return (_GS2_HEADER + self._first).encode()

    def final(self, challenge: bytes) -> bytes:
        """Return the client's final message; raises Undecided for a challenge that is no such thing."""
        text = challenge.decode()
        try:
            parts = dict(part.split("=", 1) for part in text.split(","))
            nonce, salt, rounds = parts["r"], b64decode(parts["s"]), int(parts["i"])
        except (ValueError, KeyError):
            raise Undecided("the server's challenge makes no sense") from None
        if not nonce.startswith(self._nonce) or not 1 <= rounds <= _MOST_ROUNDS:
            raise Undecided("the server's challenge is not for us")
        salted = hashlib.pbkdf2_hmac(self._hash, self._password, salt, rounds)
        client_key = self._mac(salted, b"Client Key")
        bare = f"c={b64encode(_GS2_HEADER.encode()).decode()},r={nonce}"
        message = f"{self._first},{text},{bare}".encode()
        signature = self._mac(hashlib.new(self._hash, client_key).digest(), message)
        proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
        self._expected = self._mac(self._mac(salted, b"Server Key"), message)
        return f"{bare},p={b64encode(proof).decode()}".encode()

    def check(self, last: bytes) -> None:
        """Make sure that the server knows the password too; raises Undecided if it does not."""
        wanted = b"v=" + b64encode(self._expected)
        if not self._expected or not hmac.compare_digest(last.split(b",")[0], wanted):
            raise Undecided("the server could not show that it knows the account")

    def _mac(self, key: bytes, message: bytes) -> bytes:
        return hmac.digest(key, message, self._hash)
