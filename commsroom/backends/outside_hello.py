"""A TLS ClientHello written by hand, to learn what a server would still speak.

Libraries no longer offer what nobody should use (OpenSSL 3 leaves out RC4 and, by its security level,
TLS 1.0), so that *their* refusal would be taken for the server's. A hello of our own can offer
anything. A server that accepts answers with a ServerHello that names version and cipher; the handshake
is then abandoned. RFC 2246, 4346, 5246 (versions, alerts), RFC 8446 §4.1.2, RFC 8422 (curves).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_HANDSHAKE: Final = 22
_ALERT: Final = 21
_SERVER_HELLO: Final = 2
_WARNING: Final = 1
_HEADER: Final = 5
_WIRE: Final = {"1.0": 0x0301, "1.1": 0x0302, "1.2": 0x0303}
_NAMES: Final = {code: name for name, code in _WIRE.items()}
#: Alerts by which a server says that there is nothing both can speak (RFC 8446 §6.2).
_NO_COMMON_GROUND: Final = {40: "handshake failure", 47: "illegal parameter", 70: "protocol version",
                            71: "insufficient security", 80: "internal error"}  # fmt: skip

#: IANA's registry of cipher suites, the ordinary ones of TLS 1.0 to 1.2.
SOUND: Final = {
    0xC02B: "ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", 0xC02F: "ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    0xC02C: "ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", 0xC030: "ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    0xCCA9: "ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", 0xCCA8: "ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    0x009E: "DHE_RSA_WITH_AES_128_GCM_SHA256", 0x009F: "DHE_RSA_WITH_AES_256_GCM_SHA384",
    0xC009: "ECDHE_ECDSA_WITH_AES_128_CBC_SHA", 0xC00A: "ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    0xC013: "ECDHE_RSA_WITH_AES_128_CBC_SHA", 0xC014: "ECDHE_RSA_WITH_AES_256_CBC_SHA",
    0xC023: "ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", 0xC024: "ECDHE_ECDSA_WITH_AES_256_CBC_SHA384",
    0xC027: "ECDHE_RSA_WITH_AES_128_CBC_SHA256", 0xC028: "ECDHE_RSA_WITH_AES_256_CBC_SHA384",
    0x0033: "DHE_RSA_WITH_AES_128_CBC_SHA", 0x0039: "DHE_RSA_WITH_AES_256_CBC_SHA",
    0x009C: "RSA_WITH_AES_128_GCM_SHA256", 0x009D: "RSA_WITH_AES_256_GCM_SHA384",
    0x002F: "RSA_WITH_AES_128_CBC_SHA", 0x0035: "RSA_WITH_AES_256_CBC_SHA",
}  # fmt: skip
#: And those nobody should speak any more.
WEAK: Final = {
    0x0001: "RSA_WITH_NULL_MD5", 0x0002: "RSA_WITH_NULL_SHA", 0x003B: "RSA_WITH_NULL_SHA256",
    0xC001: "ECDH_ECDSA_WITH_NULL_SHA", 0xC006: "ECDHE_ECDSA_WITH_NULL_SHA",
    0xC010: "ECDHE_RSA_WITH_NULL_SHA", 0xC015: "ECDH_ANON_WITH_NULL_SHA",
    0x0003: "RSA_EXPORT_WITH_RC4_40_MD5", 0x0006: "RSA_EXPORT_WITH_RC2_CBC_40_MD5",
    0x0008: "RSA_EXPORT_WITH_DES40_CBC_SHA", 0x0014: "DHE_RSA_EXPORT_WITH_DES40_CBC_SHA",
    0x0004: "RSA_WITH_RC4_128_MD5", 0x0005: "RSA_WITH_RC4_128_SHA",
    0xC007: "ECDHE_ECDSA_WITH_RC4_128_SHA", 0xC011: "ECDHE_RSA_WITH_RC4_128_SHA",
    0x0007: "RSA_WITH_IDEA_CBC_SHA", 0x0009: "RSA_WITH_DES_CBC_SHA",
    0x0015: "DHE_RSA_WITH_DES_CBC_SHA", 0x000A: "RSA_WITH_3DES_EDE_CBC_SHA",
    0x0016: "DHE_RSA_WITH_3DES_EDE_CBC_SHA", 0xC008: "ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA",
    0xC012: "ECDHE_RSA_WITH_3DES_EDE_CBC_SHA", 0x0096: "RSA_WITH_SEED_CBC_SHA",
    0x009A: "DHE_RSA_WITH_SEED_CBC_SHA", 0x0018: "DH_ANON_WITH_RC4_128_MD5",
    0x001B: "DH_ANON_WITH_3DES_EDE_CBC_SHA", 0x0034: "DH_ANON_WITH_AES_128_CBC_SHA",
    0x003A: "DH_ANON_WITH_AES_256_CBC_SHA", 0x006C: "DH_ANON_WITH_AES_128_CBC_SHA256",
    0x00A6: "DH_ANON_WITH_AES_128_GCM_SHA256", 0xC016: "ECDH_ANON_WITH_RC4_128_SHA",
    0xC018: "ECDH_ANON_WITH_AES_128_CBC_SHA", 0xC019: "ECDH_ANON_WITH_AES_256_CBC_SHA",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server made of a hello: the version and cipher it accepted, or why not.

    `refused` is set when the server itself said no; without either it said nothing we understand.
    """

    version: str = ""
    cipher: str = ""
    refused: str = ""


def suites(parts: Iterable[str]) -> list[int]:
    """Return the suites whose name has any of these parts, whatever its case."""
    wanted = [part.casefold() for part in parts]
    return [
        code
        for code, name in {**WEAK, **SOUND}.items()
        if any(part in name.casefold() for part in wanted)
    ]


def hello(version: str, ciphers: Iterable[int], server_name: str) -> bytes:
    """Return a ClientHello for at most `version`, offering exactly `ciphers`, as one record."""
    offered = b"".join(struct.pack("!H", code) for code in ciphers)
    body = (
        struct.pack("!H", _WIRE[version])
        + os.urandom(32)
        + b"\0"  # no session to resume
        + struct.pack("!H", len(offered))
        + offered
        + b"\x01\0"  # no compression
        + _sized(_extensions(server_name))
    )
    message = b"\x01" + struct.pack("!I", len(body))[1:] + body
    # A first record says 1.0 whatever it offers: old servers stumble over more (RFC 8446 §5.1).
    return struct.pack("!BHH", _HANDSHAKE, _WIRE["1.0"], len(message)) + message


def _extensions(server_name: str) -> bytes:
    name = server_name.encode("idna")
    groups = struct.pack("!4H", 0x001D, 0x0017, 0x0018, 0x0019)
    # RSA and ECDSA with SHA-256, -384, -512, -1; PSS: whatever the server's key can do.
    signatures = struct.pack(
        "!11H",
        0x0403,
        0x0503,
        0x0603,
        0x0804,
        0x0805,
        0x0806,
        0x0401,
        0x0501,
        0x0601,
        0x0203,
        0x0201,
    )
    parts = (
        (0x0000, _sized(b"\0" + _sized(name))),
        (0x000A, _sized(groups)),
        (0x000B, b"\x01\0"),
        (0x000D, _sized(signatures)),
        (0x0017, b""),  # extended master secret: some insist on it
        (0xFF01, b"\0"),  # secure renegotiation
    )
    return b"".join(struct.pack("!H", kind) + _sized(content) for kind, content in parts)


def _sized(content: bytes) -> bytes:
    return struct.pack("!H", len(content)) + content


def understood(heard: bytes) -> Answer | None:
    """Read the beginning of a server's answer; None when more of it is needed."""
    if len(heard) < _HEADER:
        return None
    kind, _, length = struct.unpack("!BHH", heard[:_HEADER])
    content, rest = heard[_HEADER : _HEADER + length], heard[_HEADER + length :]
    if kind == _ALERT:
        return _alert(content, rest)
    return _server_hello(content) if kind == _HANDSHAKE else Answer()


def _alert(content: bytes, rest: bytes) -> Answer | None:
    if len(content) < 2:  # noqa: PLR2004 - level and description
        return None
    if content[0] == _WARNING:  # it does not know the name, and goes on (RFC 6066 §3)
        return understood(rest)
    return Answer(refused=_NO_COMMON_GROUND.get(content[1], ""))


def _server_hello(content: bytes) -> Answer | None:
    """Read type 1, length 3, version 2, random 32, session id 1 and more, cipher 2 octets."""
    if content[:1] not in {b"", bytes([_SERVER_HELLO])}:
        return Answer()
    if len(content) < 39 or len(content) < 41 + content[38]:  # noqa: PLR2004 - as above
        return None
    place = 39 + content[38]
    version, code = (
        struct.unpack("!H", content[4:6])[0],
        struct.unpack("!H", content[place : place + 2])[0],
    )
    return Answer(_NAMES.get(version, hex(version)), {**SOUND, **WEAK}.get(code, hex(code)))
