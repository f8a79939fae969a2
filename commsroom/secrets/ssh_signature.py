"""Signatures by SSH keys, made and checked by ssh-keygen(1): `-Y sign`, `-Y verify`.

People have such keys already, in agents and on tokens; who may sign is a file in Git in the form
of ALLOWED SIGNERS there. The document goes through standard input, so what is checked is what was
read. The form of a signature is OpenSSH's PROTOCOL.sshsig.
"""

from __future__ import annotations

import base64
import binascii
import os
import shlex
import stat
import struct
import subprocess
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from commsroom import children, files
from commsroom.errors import CommsroomError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

_PROGRAM: Final = "ssh-keygen"
#: Seconds: a signer may have to type a passphrase or touch a token; checking is only arithmetic.
_SIGN_SECONDS: Final = 120
_CHECK_SECONDS: Final = 30
#: Seconds more for each further signature of a run: a token wants a touch for every one.
_TOUCH_SECONDS: Final = 15
#: Seconds it is given to leave a passphrase's prompt.
_END_SECONDS: Final = 2
#: What a signature begins with, and the lines that are said where all is well.
_ARMOUR: Final = b"-----BEGIN SSH SIGNATURE-----"
_SAYS_ANYWAY: Final = ("Signing ", "Write signature ")
_MAGIC: Final = b"SSHSIG"
_TEXT_LIMIT: Final = 256
_KEY_LIMIT: Final = 2**20


class Verdict(StrEnum):
    """What a check of a signature says."""

    GOOD = "good"
    BROKEN = "broken"  #: it is no signature, or not of this document for this purpose
    STRANGER = "stranger"  #: made by a key that nobody is said to have, or that is no longer valid
    ELSEWHERE = "elsewhere"  #: the key is known, and not for this identity


def sign(document: bytes, key: Path, *, namespace: str) -> bytes:
    """Return the armoured signature of a document.

    Args:
        document: What is signed.
        key: A private key's file, or a public one's whose private half an agent holds.
        namespace: What the signature is for; one made for another purpose is not accepted.

    Raises:
        CommsroomError: the key cannot sign.
    """
    (signature,) = sign_all([document], key, namespace=namespace)
    return signature


def sign_all(documents: Sequence[bytes], key: Path, *, namespace: str) -> tuple[bytes, ...]:
    """Return the signature of each document, in one run: a passphrase is asked for once, however many they are.

    Raises:
        CommsroomError: the key cannot sign.
    """
    _require_usable(key)
    with TemporaryDirectory(prefix="commsroom-") as folder:
        given = [Path(folder) / str(number) for number in range(len(documents))]
        for file, document in zip(given, documents, strict=True):
            file.write_bytes(document)
        seconds = _SIGN_SECONDS + _TOUCH_SECONDS * (len(given) - 1)
        words = ["-Y", "sign", "-n", namespace, "-f", str(key), *map(str, given)]
        done = _run(words, b"", seconds)
        made = [file.with_name(f"{file.name}.sig") for file in given]
        found = tuple(file.read_bytes() for file in made if file.exists())
    whole = len(found) == len(given) and all(map(_is_signature, found))
    if done.returncode or not whole:
        lines = done.stderr.decode("utf-8", "replace").split("\n")
        said = [" ".join(line.split()) for line in lines if not line.startswith(_SAYS_ANYWAY)]
        why = next((line for line in reversed(said) if line), "ssh-keygen made no signature")
        raise CommsroomError(
            f"{key}: does not sign: {why[:_TEXT_LIMIT]}",
            remedy="name a private SSH key, or the public half of one that an agent holds",
        )
    return found


def _is_signature(made: bytes) -> bool:
    """Tell whether it is one: another program may have the name of ssh-keygen."""
    try:
        return made.startswith(_ARMOUR) and bool(public_key(made))
    except ValueError:
        return False


def _require_usable(key: Path) -> None:
    """Say what ssh-keygen would not: that it would wait for ever, or takes a key others can read for none.

    Raises:
        CommsroomError: nothing is named, or what is is no file, or a private key not kept private.
    """
    remedy = "name a private SSH key, or the public half of one that an agent holds"
    if key == Path():
        raise CommsroomError("no key is named", remedy=remedy)
    try:
        found = key.stat()
        mode = found.st_mode
        if not stat.S_ISREG(mode):
            raise CommsroomError(f"{key}: is no file with a key", remedy=remedy)
        private = b"PRIVATE KEY-----" in files.read(key, most=_KEY_LIMIT, what="a key")[:100]
    except OSError as error:
        why = f"cannot be read: {error.strerror}"
        raise CommsroomError(f"{key}: {why}", remedy=remedy) from error
    # As ssh-keygen does: of another's file (a credential of systemd's is root's) its owner decides who reads it.
    if private and mode & 0o077 and found.st_uid == os.getuid():
        raise CommsroomError(
            f"{key}: others may read this private key, and ssh-keygen uses none such",
            remedy=f"chmod 600 {shlex.quote(str(key))}",
        )


def check(
    document: bytes,
    signature: Path,
    *,
    signers: Path,
    identity: str,
    namespace: str,
    at: datetime | None = None,
) -> Verdict:
    """Tell whether a document was signed by a key that `signers` allows to `identity`.

    Lines with `valid-after` or `valid-before` are judged at a moment that somebody else vouches for, else now.
    """
    about = ["-n", namespace, "-s", str(signature)]
    allowed = ["-f", str(signers), *_at(at)]
    # This one agrees to nothing that the two below do not: they only tell why.
    if _agrees(["-Y", "verify", *about, *allowed, "-I", identity], document):
        return Verdict.GOOD
    if not is_of(document, signature, namespace=namespace):
        return Verdict.BROKEN
    if not _agrees(["-Y", "find-principals", "-s", str(signature), *allowed], b""):
        return Verdict.STRANGER
    return Verdict.ELSEWHERE


def verdict(
    document: bytes,
    signature: str,
    *,
    signers: Path,
    identity: str,
    namespace: str,
    at: datetime | None = None,
) -> Verdict:
    """The same for a signature that lies in another document; without a file of signers all are strangers."""
    files.require_regular(signers)
    with TemporaryDirectory(prefix="commsroom-") as folder:
        beside = Path(folder) / "signature"
        beside.write_text(signature, "utf-8")
        if not signers.exists():
            good = is_of(document, beside, namespace=namespace)
            return Verdict.STRANGER if good else Verdict.BROKEN
        return check(
            document, beside, signers=signers, identity=identity, namespace=namespace, at=at
        )


def _at(moment: datetime | None) -> list[str]:
    # In local time, as the lines are read that name no zone: the letter Z is understood from OpenSSH 9.1 on.
    return [] if moment is None else ["-O", f"verify-time={moment.astimezone():%Y%m%d%H%M%S}"]


def is_of(document: bytes, signature: Path, *, namespace: str) -> bool:
    """Tell whether a signature is of a document for a purpose, whoever made it."""
    about = ["-n", namespace, "-s", str(signature)]
    return _agrees(["-Y", "check-novalidate", *about], document)


def public_key(signature: bytes) -> str:
    """Return the public key in a signature, as `authorized_keys` writes it: type and base64.

    Raises:
        ValueError: it is no signature.
    """
    lines = signature.decode("ascii").strip().splitlines()
    try:
        blob = base64.b64decode("".join(lines[1:-1]), validate=True)
        if not blob.startswith(_MAGIC):
            raise ValueError(_MAGIC)
        key = _string(blob, len(_MAGIC) + 4)  # after the version, a uint32
        return f"{_string(key, 0).decode('ascii')} {base64.b64encode(key).decode()}"
    except (binascii.Error, struct.error) as error:
        raise ValueError(_MAGIC) from error


def _string(blob: bytes, at: int) -> bytes:
    """Return a `string` of RFC 4251: its length, four bytes, then its bytes."""
    (length,) = struct.unpack_from(">I", blob, at)
    return blob[at + 4 : at + 4 + length]


def _agrees(arguments: list[str], document: bytes) -> bool:
    return _run(arguments, document, _CHECK_SECONDS).returncode == 0


def _run(
    arguments: list[str], document: bytes, seconds: float
) -> subprocess.CompletedProcess[bytes]:
    words = [_PROGRAM, *arguments]
    pipe = subprocess.PIPE
    try:
        with subprocess.Popen(  # noqa: S603 - a list, no shell
            words, stdin=pipe, stdout=pipe, stderr=pipe, env=children.environ()
        ) as child:
            try:
                out, said = child.communicate(document, timeout=seconds)
            finally:
                _end(child)
    except FileNotFoundError as error:
        raise CommsroomError(
            f"{_PROGRAM} is not installed", remedy="apt install openssh-client"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise CommsroomError(f"{_PROGRAM} did not end within {seconds:.0f} s") from error
    return subprocess.CompletedProcess(words, child.returncode, out, said)


def _end(child: subprocess.Popen[bytes]) -> None:
    """End a run that is still going on: asked to, it gives the terminal its echo back, killed it does not."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
