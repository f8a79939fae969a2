"""Sealing to somebody's SSH key: only its private half opens, and no failure says what was sealed."""

import base64
import struct
import subprocess

import pyrage
import pytest

from commsroom.secrets.recipient import NotSealable, sealed_to

CANARY = b"canary-4711"


@pytest.mark.parametrize("kind", [("ed25519",), ("rsa", "-b", "2048"), ("rsa", "-b", "4096")])
def test_only_the_private_key_opens_it(tmp_path, kind):
    for name in ("theirs", "other"):
        words = ["ssh-keygen", "-q", "-t", *kind, "-N", "", "-f", tmp_path / name]
        subprocess.run(words, check=True)
    sealed = sealed_to((tmp_path / "theirs.pub").read_text(), CANARY)
    assert sealed.startswith(b"-----BEGIN AGE ENCRYPTED FILE-----\n")
    assert CANARY not in sealed
    theirs, other = (
        pyrage.ssh.Identity.from_buffer((tmp_path / name).read_bytes())
        for name in ("theirs", "other")
    )
    assert pyrage.decrypt(sealed, [theirs]) == CANARY
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(sealed, [other])


def test_a_point_that_is_none_is_refused_without_a_word_of_what_was_to_be_sealed():
    # y = 2 is on no point of edwards25519: 3 / (4 d + 1) is no square.
    parts = (b"ssh-ed25519", b"\x02" + bytes(31))
    blob = b"".join(struct.pack(">I", len(one)) + one for one in parts)
    with pytest.raises(NotSealable) as refused:
        sealed_to(f"ssh-ed25519 {base64.b64encode(blob).decode()}", CANARY)
    assert CANARY.decode() not in repr(refused.value) + str(refused.value)
    assert refused.value.__cause__ is None
    assert "ssh-keygen -t ed25519" in str(refused.value)
