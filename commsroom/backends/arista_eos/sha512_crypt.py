"""crypt(3)'s SHA-512 with 5,000 rounds (`$6$`): what EOS keeps of a password. Python has no crypt since 3.13.

After Ulrich Drepper, *Unix crypt using SHA-256 and SHA-512*, version 0.6, whose vectors the tests have.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from commsroom.estate.secret import Secret

_LETTERS: Final = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ROUNDS: Final = 5_000
_SALT: Final = 16
_SIZE: Final = 64


def hashed(word: Secret) -> str:
    """Return the hash of a password, with a salt of its own."""
    salt = "".join(secrets.choice(_LETTERS) for _ in range(_SALT))
    return f"$6${salt}${digest(word.reveal().encode(), salt.encode())}"


def fits(shown: str, word: Secret) -> bool:
    """Tell whether a hash is one of this password."""
    _, kind, salt, wanted = shown.split("$") if shown.count("$") == 3 else ("", "", "", "")  # noqa: PLR2004
    found = digest(word.reveal().encode(), salt.encode())
    return kind == "6" and secrets.compare_digest(found, wanted)


def digest(key: bytes, salt: bytes) -> str:
    """Return what follows the salt; the steps are those of the specification, in its order."""
    other = _sha(key, salt, key)
    mixed = _filled(other, len(key))
    bits = len(key)
    begun = [key, salt, mixed]
    while bits:
        begun.append(other if bits & 1 else key)
        bits >>= 1
    found = _sha(*begun)
    p = _filled(_sha(key * len(key)), len(key))
    s = _filled(_sha(salt * (16 + found[0])), len(salt))
    for number in range(_ROUNDS):
        odd = number % 2
        middle = (s if number % 3 else b"") + (p if number % 7 else b"")
        found = _sha(p if odd else found, middle, found if odd else p)
    return _written(found)


def _sha(*parts: bytes) -> bytes:
    return hashlib.sha512(b"".join(parts)).digest()


def _filled(digest_: bytes, size: int) -> bytes:
    return (digest_ * (size // _SIZE + 1))[:size]


def _written(found: bytes) -> str:
    """Write 64 bytes as 86 letters: three bytes at a time, 21 apart and turned about, least bits first."""
    text = ""
    for number in range(21):
        three = [number, number + 21, number + 42]
        turned = three[number % 3 :] + three[: number % 3]
        first, second, third = (found[at] for at in turned)
        text += _letters(first << 16 | second << 8 | third, 4)
    return text + _letters(found[63], 2)


def _letters(value: int, count: int) -> str:
    return "".join(_LETTERS[value >> 6 * place & 63] for place in range(count))
