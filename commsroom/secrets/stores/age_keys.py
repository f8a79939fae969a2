"""Whom an age store is encrypted to, and who we are: files of recipients and of identities.

Recipients, one a line, `#` begins a comment: `age1…`, or a public key as ssh-keygen writes it. Identities:
what age-keygen writes, or an SSH private key without a passphrase (age-encryption.org/v1; ssh-rsa and
ssh-ed25519). The age and rage programs read the same files with -R and -i.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

from commsroom import files
from commsroom.errors import CommsroomError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

#: pyrage's own objects; it ships no types.
Recipient: TypeAlias = Any
Identity: TypeAlias = Any

_LARGEST: Final = 2**20
_IDENTITY: Final = "AGE-SECRET-KEY-1"


def recipients(file: Path) -> list[Recipient]:
    """Read whom to encrypt to.

    Raises:
        CommsroomError: there is no such file, a line of it names nobody, or there is nobody in it.
    """
    import pyrage

    try:
        text = files.read(file, most=_LARGEST, what="a list of recipients").decode(
            "utf-8", "replace"
        )
    except FileNotFoundError as error:
        raise CommsroomError(
            f"{file}: there is no list of recipients",
            remedy="write a line for each who may read: age1…, or an SSH public key",
        ) from error
    found: list[Recipient] = []
    for number, line in enumerate(map(str.strip, text.splitlines()), start=1):
        if not line or line.startswith("#"):
            continue
        kind = pyrage.ssh.Recipient if line.startswith("ssh-") else pyrage.x25519.Recipient
        try:
            found.append(kind.from_str(line))
        except pyrage.RecipientError as error:
            raise CommsroomError(
                f"{file}:{number}: is no recipient",
                remedy="age1…, ssh-ed25519 … or ssh-rsa …; # begins a comment",
            ) from error
    if not found:
        raise CommsroomError(
            f"{file}: nobody is in it", remedy="write a line for each who may read: age1…"
        )
    return found


def identities(paths: Sequence[Path], contents: Sequence[bytes]) -> list[Identity]:
    """Return who we are, by the contents of files (read by whoever knows how private they must be).

    Raises:
        CommsroomError: one of them holds no identity, or one that a passphrase protects.
    """
    import pyrage

    found: list[Identity] = []
    for path, content in zip(paths, contents, strict=True):
        try:
            if b"PRIVATE KEY-----" in content:
                found.append(pyrage.ssh.Identity.from_buffer(content))
            else:
                found += [
                    pyrage.x25519.Identity.from_str(line)
                    for line in map(str.strip, content.decode("ascii", "replace").splitlines())
                    if line.startswith(_IDENTITY)
                ]
        except pyrage.IdentityError:
            raise _no_identity(path) from None
    if not found:
        raise _no_identity(paths[0])
    return found


def _no_identity(path: Path) -> CommsroomError:
    return CommsroomError(
        f"{path}: holds no identity that can be used",
        remedy="age-keygen makes one; an SSH key must be ed25519 or RSA, without a passphrase",
    )
