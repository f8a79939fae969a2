"""SRTP with AES_CM_128_HMAC_SHA1_80 (RFC 3711): one direction of one call."""

from __future__ import annotations

import hashlib
import hmac
import struct
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes

SUITE: Final = "AES_CM_128_HMAC_SHA1_80"
KEY_BYTES: Final = 30  # 16 of key, 14 of salt, as SDES carries them (RFC 4568 section 6.2)
TAG_BYTES: Final = 10
_HALF: Final = 1 << 15
_WHOLE: Final = 1 << 16


class Forged(ValueError):
    """A packet's tag is not the key's."""


class Stream:
    """Keys of one sender, and how far each of its sources (SSRC) is: a source counts for itself (section 3.2.3)."""

    def __init__(self, master: bytes) -> None:
        """Derive the session keys (section 4.3, key derivation rate 0)."""
        if len(master) != KEY_BYTES:
            raise ValueError("an SDES key for this suite has 30 bytes")
        key, salt = master[:16], master[16:]
        # One context for all packets, each with a counter of its own: to make one costs five packets.
        self._cipher = _counter_mode(_derive(key, salt, 0, 16))
        self._tagging = _derive(key, salt, 1, 20)
        self._salt = int.from_bytes(_derive(key, salt, 2, 14), "big") << 16
        #: Highest sequence number and rollovers by SSRC.
        self._reached: dict[bytes, tuple[int, int]] = {}

    def protect(self, packet: bytes) -> bytes:
        """Encrypt and tag an RTP packet (12 bytes of header, no extension)."""
        index = self._index(packet)
        sealed = packet[:12] + self._crypt(packet[12:], packet[8:12], index)
        self._reach(packet, index)
        return sealed + self._tag(sealed, index >> 16)

    def open(self, packet: bytes) -> bytes:
        """Check and decrypt a packet and return its payload; raises Forged."""
        sealed, tag = packet[:-TAG_BYTES], packet[-TAG_BYTES:]
        index = self._index(packet)
        if not hmac.compare_digest(tag, self._tag(sealed, index >> 16)):
            raise Forged("the tag does not match")
        self._reach(packet, index)  # not before: what was sent under another key must not move it
        start = 12 + 4 * (sealed[0] & 0x0F)
        if sealed[0] & 0x10:
            start += 4 + 4 * int.from_bytes(sealed[start + 2 : start + 4], "big")
        return self._crypt(sealed[start:], sealed[8:12], index)

    def _index(self, packet: bytes) -> int:
        """Guess a packet's index from its 16 bits (section 3.3.1)."""
        sequence = int.from_bytes(packet[2:4], "big")
        last, rollovers = self._reached.get(packet[8:12], (sequence, 0))
        if last < _HALF and sequence - last > _HALF:
            rollovers -= 1
        elif last >= _HALF and last - _HALF > sequence:
            rollovers += 1
        return max(rollovers, 0) * _WHOLE + sequence

    def _reach(self, packet: bytes, index: int) -> None:
        """Remember the highest index of a source."""
        rollovers, sequence = divmod(index, _WHOLE)
        last, before = self._reached.get(packet[8:12], (0, 0))
        if (rollovers, sequence) >= (before, last):
            self._reached[packet[8:12]] = (sequence, rollovers)

    def _crypt(self, payload: bytes, ssrc: bytes, index: int) -> bytes:
        counter = self._salt ^ (int.from_bytes(ssrc, "big") << 64) ^ (index << 16)
        self._cipher.reset_nonce(counter.to_bytes(16, "big"))
        return self._cipher.update(payload)

    def _tag(self, sealed: bytes, rollovers: int) -> bytes:
        content = sealed + struct.pack("!I", rollovers)
        return hmac.new(self._tagging, content, hashlib.sha1).digest()[:TAG_BYTES]


def _derive(key: bytes, salt: bytes, label: int, size: int) -> bytes:
    counter = (int.from_bytes(salt, "big") ^ (label << 48)) << 16
    return _counter_mode(key, counter).update(bytes(size))


def _counter_mode(key: bytes, counter: int = 0) -> CipherContext:
    return Cipher(algorithms.AES128(key), modes.CTR(counter.to_bytes(16, "big"))).encryptor()
