"""SIP messages (RFC 3261 section 7), and answers to digest challenges (RFC 7616, RFC 8760)."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass, field
from typing import Final

_COMPACT: Final = {
    "c": "content-type", "e": "content-encoding", "f": "from", "i": "call-id", "k": "supported",
    "l": "content-length", "m": "contact", "o": "event", "r": "refer-to", "s": "subject", "t": "to",
    "v": "via",
}  # fmt: skip
_LONGEST_BODY: Final = 1 << 16
#: What we can answer a challenge with, best first.
_ALGORITHMS: Final = {"SHA-256": "sha256", "MD5": "md5"}
_PARAMETER: Final = re.compile(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))')


class BadMessage(ValueError):
    """What came is no SIP."""


@dataclass(slots=True)
class Message:
    """A request or a response: first line, headers in order, body."""

    start: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    @property
    def status(self) -> int:
        """Return the status code, 0 for a request."""
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0 ") else 0

    @property
    def reason(self) -> str:
        """Return the response's words."""
        return self.start.split(" ", 2)[2] if self.start.count(" ") > 1 else ""

    @property
    def method(self) -> str:
        """Return a request's method, and for a response that of its request."""
        return self.get("CSeq").rpartition(" ")[2] if self.status else self.start.split()[0]

    def get(self, name: str) -> str:
        """Return the first header called so, or ""."""
        return next(iter(self.all(name)), "")

    def all(self, name: str) -> list[str]:
        """Return all headers called so, topmost first."""
        wanted = name.lower()
        return [value for key, value in self.headers if key.lower() == wanted]

    def encode(self) -> bytes:
        """Write it for the wire."""
        lines = [self.start, *(f"{name}: {value}" for name, value in self.headers)]
        if any("\r" in line or "\n" in line for line in lines):
            raise BadMessage("a header holds a line break")
        lines += [f"Content-Length: {len(self.body)}", "", ""]
        return "\r\n".join(lines).encode() + self.body


def parse_head(raw: bytes) -> Message:
    """Read everything up to the empty line (without it)."""
    lines = re.sub(r"\r\n[ \t]+", " ", raw.decode("utf-8", "replace")).split("\r\n")
    if "SIP/2.0" not in lines[0]:
        raise BadMessage("that is no SIP")
    message = Message(lines[0])
    for line in lines[1:]:
        name, _, value = line.partition(":")
        message.headers.append((_COMPACT.get(name.strip().lower(), name.strip()), value.strip()))
    return message


def length(message: Message) -> int:
    """Return how many bytes of body follow; raises BadMessage for an endless one."""
    text = message.get("Content-Length")
    size = int(text) if text.isdigit() else 0
    if size > _LONGEST_BODY:
        raise BadMessage("an endless message")
    return size


def parse(raw: bytes) -> Message:
    """Read a whole message, as a datagram brings it."""
    head, _, body = raw.partition(b"\r\n\r\n")
    message = parse_head(head)
    message.body = body
    return message


def parameter(value: str, name: str) -> str:
    """Return a `;name=…` parameter of a header, or ""."""
    found = re.search(rf";\s*{re.escape(name)}\s*=\s*\"?([^\";,\s>]+)", value)
    return found[1] if found else ""


def uri(value: str) -> str:
    """Return the address in a From, To or Contact header."""
    value = re.sub(r'^\s*"(?:[^"\\]|\\.)*"', "", value)  # a name may hold anything, even <>
    found = re.search(r"<([^>]+)>", value)
    return found[1] if found else value.partition(";")[0].strip()


def user(value: str) -> str:
    """Return the user part of the address in a header."""
    return uri(value).partition(":")[2].partition("@")[0]


def display_name(value: str) -> str:
    """Return the name before the address in a header, unquoted."""
    found = re.match(r'\s*"((?:[^"\\]|\\.)*)"', value)
    return re.sub(r"\\(.)", r"\1", found[1]) if found else value.partition("<")[0].strip()


def answer(challenges: list[str], *, method: str, target: str, user: str, password: str) -> str:
    """Answer the strongest challenge we understand (`Authorization` header's value).

    Raises:
        BadMessage: none of them is a digest we know.
    """
    offers = [dict(_parameters(text)) for text in challenges if text.lower().startswith("digest")]
    for name, algorithm in _ALGORITHMS.items():
        for offer in offers:
            if offer.get("algorithm", "MD5").upper() == name:
                return _digest(offer, name, algorithm, method, target, user, password)
    raise BadMessage("it asks for a login in no way we know")


def _parameters(text: str) -> list[tuple[str, str]]:
    found = _PARAMETER.findall(text.partition(" ")[2])
    return [(name.lower(), quoted or plain) for name, quoted, plain in found]


def _digest(  # noqa: PLR0917 - private, and in RFC 7616's order
    offer: dict[str, str], name: str, algorithm: str,
    method: str, target: str, user: str, password: str,
) -> str:  # fmt: skip
    def hashed(text: str) -> str:
        return hashlib.new(algorithm, text.encode(), usedforsecurity=False).hexdigest()

    realm, nonce = offer.get("realm", ""), offer.get("nonce", "")
    first, second = hashed(f"{user}:{realm}:{password}"), hashed(f"{method}:{target}")
    parts = {"username": user, "realm": realm, "nonce": nonce, "uri": target}
    if "opaque" in offer:
        parts["opaque"] = offer["opaque"]
    bare = {"algorithm": name}
    if "auth" in offer.get("qop", "").split(","):
        cnonce = secrets.token_hex(8)
        parts["cnonce"] = cnonce
        bare |= {"qop": "auth", "nc": "00000001"}
        parts["response"] = hashed(f"{first}:{nonce}:00000001:{cnonce}:auth:{second}")
    else:
        parts["response"] = hashed(f"{first}:{nonce}:{second}")
    quoted = [f'{key}="{value}"' for key, value in parts.items()]
    return "Digest " + ", ".join([*quoted, *(f"{key}={value}" for key, value in bare.items())])
