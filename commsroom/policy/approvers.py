"""policies/approvers: whose signatures count for what, a line a person and key (clauses 3.3.2, 3.3.3).

The form is ALLOWED SIGNERS of ssh-keygen(1), which checks the signatures and passes over every line it
cannot read, in silence. So each is read here too, more strictly: one line names one person of the roster,
and one key belongs to one person.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from commsroom import files
from commsroom.errors import Problem
from commsroom.policy.words import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE: Final = "policies/approvers"
#: What a signature is for: one made for another purpose approves nothing.
NAMESPACE: Final = "commsroom-approval"
#: And this one, that nothing is left on what was retired: who may approve need not be who may say that.
CERTIFICATES: Final = "commsroom-certificate"
PURPOSES: Final = (NAMESPACE, CERTIFICATES)
#: Bytes; who may approve is a few people.
LARGEST: Final = 2**20
#: Principals, which may be quoted; options, whose values may be; a key; a comment.
_LINE: Final = re.compile(
    r'(?P<principals>"[^"]*"|[^\s"]+)[ \t]+'
    r'(?:(?P<options>[a-z][a-z-]*(?:="(?:[^"\\]|\\.)*")?(?:,[a-z][a-z-]*(?:="(?:[^"\\]|\\.)*")?)*)[ \t]+)?'
    r"(?P<type>(?:ssh|ecdsa|sk)-[\w@.-]+)[ \t]+(?P<key>[A-Za-z0-9+/]+={0,2})(?:[ \t].*)?",
    re.IGNORECASE,
)
_NAMESPACES: Final = re.compile(r'(?:^|,)namespaces="([^"]*)"', re.IGNORECASE)
_AUTHORITY: Final = re.compile(r"(?:^|,)cert-authority(?:,|$)", re.IGNORECASE)
#: In the type of a key that a certificate authority has signed.
_CERTIFICATE: Final = "-cert-v"
#: Bytes that say how long a part of a key is; how one begins that is made of numbers (RFC 4253, 6.6).
_LENGTH: Final = 4
_RSA: Final = b"\0\0\0\x07ssh-rsa"
_FORM: Final = f'write: ID namespaces="{NAMESPACE}" ssh-ed25519 AAAA…'


@dataclass(frozen=True, slots=True)
class Approver:
    """One line: who may sign with which key (type and base64), and for which purposes; None: for any."""

    person: str
    key: str
    namespaces: tuple[str, ...] | None
    line: int

    @property
    def approves(self) -> bool:
        """Tell whether signatures by it may approve anything."""
        return self.allows(NAMESPACE)

    def allows(self, namespace: str) -> bool:
        """Tell whether signatures by it count for a purpose."""
        return self.namespaces is None or any(
            fnmatchcase(namespace, glob) for glob in self.namespaces
        )


def read(estate: Path, problems: list[Problem]) -> tuple[Approver, ...]:
    """Read the file, if it is there; what is wrong is added to `problems`, each at its line."""
    try:
        raw = files.read(estate / FILE, most=LARGEST, what="such a file")
    except FileNotFoundError:
        return ()
    except files.FileUnusable as error:
        problems.append(Problem(FILE, 0, 0, error.reason, error.remedy))
        return ()
    return parsed(raw, problems)


def parsed(raw: bytes, problems: list[Problem]) -> tuple[Approver, ...]:
    """Read the text of such a file; what is wrong is added to `problems`, each at its line."""
    if raw.startswith(codecs.BOM_UTF8):
        message = "begins with a byte order mark: ssh-keygen(1) does not see who is named first"
        problems.append(Problem(FILE, 1, 1, message, "save it as UTF-8 without one"))
        raw = raw.removeprefix(codecs.BOM_UTF8)
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        problems.append(Problem(FILE, line, 0, "is not UTF-8", _FORM))
        return ()
    found = []
    for number, content in enumerate(text.split("\n"), start=1):
        # Only what ssh-keygen(1) passes over: to it a no-break space before `#` begins a line, no comment.
        if (stripped := content.strip(" \t\r")) and not stripped.startswith("#"):
            faults = len(problems)
            approver = _approver(stripped, number, problems)
            if approver is not None and len(problems) == faults:
                found.append(approver)
    problems += _shared(found)
    return tuple(found)


def _approver(text: str, line: int, problems: list[Problem]) -> Approver | None:
    parts = _LINE.fullmatch(text)
    key = _key(parts["type"], parts["key"]) if parts else ""
    if parts is None or not key:
        problems.append(Problem(FILE, line, 0, "is no line of ALLOWED SIGNERS", _FORM))
        return None
    person, options = parts["principals"].strip('"'), parts["options"] or ""
    if not person or set(person) & set("*?!, "):
        message = f"{quoted(person)} does not name one person"
        problems.append(Problem(FILE, line, 1, message, "a line a person, with a key of their own"))
    if _AUTHORITY.search(options):
        message = "a certificate authority signs for whom it likes"
        problems.append(Problem(FILE, line, 0, message, "name the person's own key"))
    if _CERTIFICATE in parts["type"]:
        message = "a certificate of a key is not that key: one person could sign with both"
        problems.append(Problem(FILE, line, 0, message, "name the person's own key"))
    limits = _NAMESPACES.search(options)
    namespaces = tuple(limits[1].split(",")) if limits else None
    return Approver(person, key, namespaces, line)


def _key(kind: str, text: str) -> str:
    """Return a key in one form, "" for none: its first part is its type again (RFC 4253, 6.6)."""
    try:
        blob = base64.b64decode(text, validate=True)
    except binascii.Error:
        return ""
    name = kind.encode()
    if not blob.startswith(len(name).to_bytes(4, "big") + name) or _padded(blob):
        return ""
    return f"{kind} {base64.b64encode(blob).decode()}"


def _padded(blob: bytes) -> bool:
    """Tell whether a number of a key has zeros before it: to ssh-keygen that is the same key once more."""
    rest = blob
    while len(rest) > _LENGTH:
        end = _LENGTH + int.from_bytes(rest[:_LENGTH], "big")
        part, rest = rest[_LENGTH:end], rest[end:]
        if blob.startswith(_RSA) and part[:1] == b"\0" and part[1:2] < b"\x80":
            return True
    return False


def _shared(found: list[Approver]) -> Iterator[Problem]:
    """Yield keys that more than one person is said to have."""
    first: dict[str, Approver] = {}
    for item in found:
        other = first.setdefault(item.key, item)
        if other.person != item.person:
            yield Problem(
                FILE, item.line, 0,
                f"{item.person} has the key of {other.person} (line {other.line}): two signatures by"
                " it would be one person's",
                "name each person's own key",
            )  # fmt: skip
