"""People's public SSH keys, `policies/keys/ID.pub`: what is handed over to somebody is sealed to theirs.

A file is what ssh-keygen(1) wrote beside the private key, named by the id of the roster: as everywhere in policy, and
known before a login is allotted, so that a joiner's key comes with their row. No column of the roster: that is often
another system's export, which knows no keys. Not among `approvers`: who may read a password of their own may not
therefore sign. Keys are read by `validate` and by who seals, never by a plan: one that is broken must not keep a
leaver's account open.

The form of a key is RFC 4253 §6.6 (RSA) and RFC 8709 §4 (Ed25519); what age can seal to, age(1).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from commsroom import files
from commsroom.errors import Problem
from commsroom.policy.words import did_you_mean, quoted

FOLDER: Final = "policies/keys"
_SUFFIX: Final = ".pub"
#: Bytes; the longest key of a kind we take has about 750.
_LARGEST: Final = 16 * 2**10
#: Bits of an RSA key's modulus: age refuses what is shorter, and our library what is longer.
_RSA_BITS: Final = (2048, 4096)
#: What a key has, its kind first: then exponent and modulus, or the point, last.
_PARTS: Final = {"ssh-ed25519": 2, "ssh-rsa": 3}
_ED25519_BYTES: Final = 32
#: Bytes of the length before each part of a key.
_LENGTH: Final = 4
_MAKE: Final = "ssh-keygen -t ed25519 makes one that can"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """Somebody's key: `kind` as in the file (`ssh-ed25519`), `blob` the key itself."""

    person: str
    kind: str
    blob: bytes

    @property
    def fingerprint(self) -> str:
        """Return its name, as `ssh-keygen -l` prints it."""
        digest = base64.b64encode(hashlib.sha256(self.blob).digest()).decode()
        return f"SHA256:{digest.rstrip('=')}"

    @property
    def line(self) -> str:
        """Return it as a file has it, without the comment."""
        return f"{self.kind} {base64.b64encode(self.blob).decode()}"


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of an estate by person; of who has none that can be used, why (`problems`, also by person)."""

    held: Mapping[str, PublicKey]
    problems: Mapping[str, Problem]
    #: Files that are nobody's.
    strangers: tuple[str, ...] = ()

    def knows(self, person: str) -> bool:
        """Tell whether there is a key of somebody, of use or not."""
        return person in self.held or person in self.problems


class _Unusable(Exception):
    """A text that is no key one can seal to."""

    def __init__(self, reason: str, remedy: str, line: int = 1) -> None:
        super().__init__(reason)
        self.reason, self.remedy, self.line = reason, remedy, line


def read(estate: Path, people: Collection[str]) -> Keys:
    """Read all keys of the estate at a path; nothing is raised, and no key is ever quoted."""
    held: dict[str, PublicKey] = {}
    problems: dict[str, Problem] = {}
    strangers = []
    for file in _files(estate / FOLDER):
        person = file.name.removesuffix(_SUFFIX)
        if file.suffix != _SUFFIX or person not in people:
            strangers.append(file.name)
            continue
        try:
            kind, blob = parse(_text(file))
        except _Unusable as error:
            where = (f"{FOLDER}/{file.name}", error.line, 1 if error.line else 0)
            problems[person] = Problem(*where, error.reason, error.remedy)
        else:
            held[person] = PublicKey(person, kind, blob)
    _same(held, problems)
    return Keys(held, problems, tuple(strangers))


def check(estate: Path, people: Collection[str]) -> tuple[list[Problem], list[Problem]]:
    """Return what is wrong with the keys of an estate, and what looks odd."""
    found = read(estate, people)
    return list(found.problems.values()), [_stranger(name, people) for name in found.strangers]


def parse(text: str) -> tuple[str, bytes]:
    """Return kind and blob of the one public key in a text."""
    if "PRIVATE KEY-----" in text:
        raise _Unusable(
            "this is a private key",
            "take it out of Git and its history, make a new pair, and put the .pub file here",
            0,
        )
    lines = [
        (number, line.strip())
        for number, line in enumerate(text.split("\n"), 1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if not lines:
        raise _Unusable("no key is in it", "copy ~/.ssh/id_ed25519.pub here", 0)
    if len(lines) > 1:
        raise _Unusable("two keys are in it", "keep the one they open files with", lines[1][0])
    [(number, line)] = lines
    try:
        return _key(line)
    except _Unusable as error:
        error.line = number
        raise


def _key(line: str) -> tuple[str, bytes]:
    kind, _, rest = line.partition(" ")
    broken = _Unusable(
        "not a public SSH key", "one line as ssh-keygen writes it: ssh-ed25519 AAAA… comment"
    )
    if kind.startswith("sk-"):
        raise _Unusable(f"{quoted(kind)}: a key on a token signs, and opens no file", _MAKE)
    if "-cert-v01@" in kind:
        raise _Unusable(f"{quoted(kind)} is a certificate", "put the key itself here")
    if kind.startswith(("ecdsa-", "ssh-dss")):
        raise _Unusable(f"{quoted(kind)}: no file can be sealed to such a key", _MAKE)
    if kind not in _PARTS:
        raise broken
    try:
        blob = base64.b64decode(rest.split(maxsplit=1)[0], validate=True)
        parts = list(_parts(blob))
        if len(parts) != _PARTS[kind] or parts[0].decode("ascii") != kind:
            raise broken
    except (IndexError, ValueError, binascii.Error, struct.error):
        raise broken from None
    if kind == "ssh-rsa":
        _check_bits(int.from_bytes(parts[-1]).bit_length())
    elif len(parts[-1]) != _ED25519_BYTES:
        raise broken
    return kind, blob


def _check_bits(bits: int) -> None:
    least, most = _RSA_BITS
    if bits < least:
        raise _Unusable(f"an RSA key of {bits} bits is too short", f"{least} or more; {_MAKE}")
    if bits > most:
        raise _Unusable(f"an RSA key of {bits} bits is too long", f"{most} at most; {_MAKE}")


def _parts(blob: bytes) -> Iterator[bytes]:
    """Yield each `string` or `mpint` of RFC 4251: its length, four bytes, then its bytes."""
    at = 0
    while at < len(blob):
        (length,) = struct.unpack_from(">I", blob, at)
        at += _LENGTH
        if length > len(blob) - at:
            raise ValueError(length)
        yield blob[at : at + length]
        at += length


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(file for file in folder.iterdir() if not file.name.startswith("."))
    except OSError:
        return []


def _text(file: Path) -> str:
    try:
        return files.read(file, most=_LARGEST, what="a public key").decode()
    except files.FileUnusable as error:
        raise _Unusable(error.reason, error.remedy or "one public key a file", 0) from None
    except (FileNotFoundError, UnicodeDecodeError):
        raise _Unusable("not a public SSH key", "it is one line of text", 0) from None


def _same(held: dict[str, PublicKey], problems: dict[str, Problem]) -> None:
    """Refuse a key that two have: what is sealed to it is read by both."""
    first: dict[bytes, str] = {}
    for person, key in sorted(held.items()):
        other = first.setdefault(key.blob, person)
        if other != person:
            for one, twin in ((person, other), (other, person)):
                problems.setdefault(
                    one,
                    Problem(
                        f"{FOLDER}/{one}{_SUFFIX}", 1, 1, f"{twin} has the same key",
                        "everybody has one of their own",
                    ),
                )  # fmt: skip
    for person in problems:
        held.pop(person, None)


def _stranger(name: str, people: Collection[str]) -> Problem:
    file = f"{FOLDER}/{name}"
    if not name.endswith(_SUFFIX):
        return Problem(file, 0, 0, "nobody reads this file", f"keys are called ID{_SUFFIX}")
    person = name.removesuffix(_SUFFIX)
    remedy = did_you_mean(person, people) or "name it by the id of the roster, or remove it"
    return Problem(file, 0, 0, f"there is no person {quoted(person)} in the roster", remedy)
