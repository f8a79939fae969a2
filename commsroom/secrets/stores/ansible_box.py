"""Ansible Vault's format 1.2: bytes under a password, as text that Git and people can carry.

From the format's documentation (docs.ansible.com, "Ansible Vault payload format 1.1 - 1.2"): a header
`$ANSIBLE_VAULT;1.2;AES256;<vault id>`, then in lines of 80 the hex digits of three hex texts: salt, HMAC
and ciphertext. 80 bytes of PBKDF2-HMAC-SHA256 (RFC 8018, 10,000 rounds) are the key of AES-256-CTR, the
key of HMAC-SHA256 over the ciphertext, and the first counter block.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import secrets as random
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from cryptography.hazmat.primitives.padding import PKCS7

from commsroom.errors import CommsroomError

if TYPE_CHECKING:
    from pathlib import Path

_MAGIC: Final = "$ANSIBLE_VAULT"
_ROUNDS: Final = (
    10_000  # the format's, and it cannot be told otherwise: a password must carry the rest
)
_SALT_BYTES: Final = 32
_KEY: Final = 32
_BLOCK: Final = 16
_WIDTH: Final = 80


def sealed(plain: bytes, password: bytes, vault_id: str) -> bytes:
    """Return a file of the format with `plain` in it."""
    salt = random.token_bytes(_SALT_BYTES)
    cipher, mac = _keys(password, salt)
    padder = PKCS7(_BLOCK * 8).padder()
    encryptor = cipher.encryptor()
    box = encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()
    tag = hmac.digest(mac, box, hashlib.sha256)
    body = b"\n".join(binascii.hexlify(part) for part in (salt, tag, box)).hex()
    lines = [f"{_MAGIC};1.2;AES256;{vault_id}"]
    lines += [body[start : start + _WIDTH] for start in range(0, len(body), _WIDTH)]
    return ("\n".join(lines) + "\n").encode()


def opened(raw: bytes, password: bytes, place: Path) -> bytes:
    """Return what a file of the format holds; `place` is what messages call it.

    Raises:
        CommsroomError: it is no such file, is damaged, or the password is another's. The format cannot
            tell the last two apart.
    """
    header, _, body = raw.partition(b"\n")
    fields = header.decode("utf-8", "replace").strip().split(";")
    if fields[0] != _MAGIC or fields[1:2] not in (["1.1"], ["1.2"]) or fields[2:3] != ["AES256"]:
        raise CommsroomError(
            f"{place} is no file of Ansible Vault", remedy="restore it from a backup"
        )
    try:
        salt, tag, box = (
            binascii.unhexlify(part)
            for part in binascii.unhexlify(b"".join(body.split())).split(b"\n")
        )
    except ValueError as error:
        raise CommsroomError(f"{place} is damaged", remedy="restore it from a backup") from error
    cipher, mac = _keys(password, salt)
    if not hmac.compare_digest(tag, hmac.digest(mac, box, hashlib.sha256)):
        raise CommsroomError(
            f"the password does not open {place}: it is another's, or the file is damaged",
            remedy="give the password it was made with, or restore it from a backup",
        )
    decryptor = cipher.decryptor()
    unpadder = PKCS7(_BLOCK * 8).unpadder()
    return unpadder.update(decryptor.update(box) + decryptor.finalize()) + unpadder.finalize()


def _keys(password: bytes, salt: bytes) -> tuple[Cipher[CTR], bytes]:
    made = hashlib.pbkdf2_hmac("sha256", password, salt, _ROUNDS, 2 * _KEY + _BLOCK)
    return Cipher(AES(made[:_KEY]), CTR(made[2 * _KEY :])), made[_KEY : 2 * _KEY]
