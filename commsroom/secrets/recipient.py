"""Sealing to one person: age (age-encryption.org/v1), with their SSH key as the recipient.

They open it with the key they have: `age -d -i ~/.ssh/id_ed25519 FILE`. Nobody else can, we included. The file is
armoured (RFC 7468), so that it survives a mail as text. age's header names of an SSH key four bytes of its digest,
so whoever has the public key can tell for whom a file is.
"""

from __future__ import annotations

from commsroom.errors import CommsroomError


class NotSealable(CommsroomError):
    """A key that looks like one, and to which nothing can be sealed."""


def sealed_to(key: str, content: bytes) -> bytes:
    """Return content that only the holder of a key can read.

    Args:
        key: Public, as its file has it: `ssh-ed25519 AAAA…` or `ssh-rsa AAAA…`.
        content: Never part of an error.

    Raises:
        NotSealable: nothing can be sealed to this key.
    """
    import pyrage  # a compiled library that one command needs

    try:
        recipient = pyrage.ssh.Recipient.from_str(key)
        made: bytes = pyrage.encrypt(content, [recipient], armored=True)
    except (pyrage.RecipientError, pyrage.EncryptError):
        # Neither text of the library is shown: what it quotes is not ours to know.
        raise NotSealable(
            "nothing can be sealed to this key", remedy="ssh-keygen -t ed25519 makes one that can"
        ) from None
    return made
