"""What a client says before TLS starts, and which logins the server offers in clear meanwhile.

RFC 3207 (SMTP), RFC 9051 §6.2.1 (IMAP), RFC 5804 §2.2 (ManageSieve), RFC 6120 §5 (XMPP).
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import quoteattr

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

_MOST_BYTES: Final = 65_536
_SECONDS: Final = 6.0
_HELO: Final = "inspection.commsroom.invalid"


class NoStartTls(OSError):
    """The server does not go over to TLS; the message says at which step."""

    def __init__(self, message: str) -> None:
        """Keep the message as `strerror`, where OSErrors have theirs."""
        super().__init__(0, message)


def begin(link: socket.socket, dialogue: str, name: str) -> list[str]:
    """Speak up to the point where the TLS handshake starts; return the logins offered in clear.

    Args:
        link: Connected, with a time-out.
        dialogue: `smtp`, `imap`, `sieve` or `xmpp`.
        name: The name the server is called by.

    Raises:
        NoStartTls: it is not offered, or the answer made no sense.
        OSError: the connection broke, or took too long.
    """
    speak = _DIALOGUES.get(dialogue)
    if speak is None:
        raise NoStartTls(f"nobody knows how {dialogue} starts TLS")
    return speak(_Talk(link), name)


class _Talk:
    """A conversation in clear; reads no further than it must, within a time for all of it."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._until = time.monotonic() + _SECONDS

    def say(self, text: str) -> None:
        self._link.sendall(text.encode())

    def hear(self, end: str, step: str) -> str:
        """Return what was said up to a line (or text) that matches `end`."""
        heard = b""
        pattern = re.compile(end.encode(), re.MULTILINE | re.IGNORECASE | re.DOTALL)
        while not pattern.search(heard):
            if time.monotonic() > self._until:
                raise TimeoutError
            if len(heard) > _MOST_BYTES:
                raise NoStartTls(f"the answer to {step} made no sense")
            # One octet: not one that follows the last answer may be taken, it is TLS's.
            piece = self._link.recv(1)
            if not piece:
                raise NoStartTls(f"it hung up at {step}")
            heard += piece
        return heard.decode("utf-8", "replace")


def _smtp(talk: _Talk, name: str) -> list[str]:
    talk.hear(r"^[0-9]{3} .*\n", "the greeting")
    talk.say(f"EHLO {_HELO}\r\n")
    offered = talk.hear(r"^[0-9]{3} .*\n", "EHLO")
    _insist(re.search(r"^250[ -]STARTTLS\b", offered, re.MULTILINE | re.IGNORECASE), "EHLO")
    talk.say("STARTTLS\r\n")
    _insist(talk.hear(r"^[0-9]{3} .*\n", "STARTTLS").startswith("220"), "STARTTLS")
    found = re.search(r"^250[ -]AUTH[ =](.*)$", offered, re.MULTILINE | re.IGNORECASE)
    return found[1].split() if found else []


def _imap(talk: _Talk, name: str) -> list[str]:
    talk.hear(r"^\* .*\n", "the greeting")
    talk.say("a CAPABILITY\r\n")
    offered = talk.hear(r"^a .*\n", "CAPABILITY").upper()
    talk.say("b STARTTLS\r\n")
    _insist(talk.hear(r"^b .*\n", "STARTTLS").lower().startswith("b ok"), "STARTTLS")
    ways = re.findall(r"\bAUTH=(\S+)", offered)
    return ways + (["LOGIN"] if "LOGINDISABLED" not in offered else [])


def _sieve(talk: _Talk, name: str) -> list[str]:
    offered = talk.hear(r"^(OK|NO|BYE)\b.*\n", "the greeting")
    talk.say("STARTTLS\r\n")
    _insist(talk.hear(r"^(OK|NO|BYE)\b.*\n", "STARTTLS").upper().startswith("OK"), "STARTTLS")
    found = re.search(r'^"SASL" "([^"]*)"', offered, re.MULTILINE | re.IGNORECASE)
    return found[1].split() if found else []


def _xmpp(talk: _Talk, name: str) -> list[str]:
    talk.say(
        f"<?xml version='1.0'?><stream:stream to={quoteattr(name)} version='1.0'"
        " xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
    )
    offered = talk.hear(r"</stream:features>|<stream:features/>", "the stream")
    talk.say("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
    _insist("<proceed" in talk.hear(r"<(proceed|failure)[^>]*>", "starttls"), "starttls")
    return re.findall(r"<mechanism>([^<]*)</mechanism>", offered)


def _insist(condition: object, step: str) -> None:
    if not condition:
        raise NoStartTls(f"TLS is not offered at {step}")


_DIALOGUES: Final[dict[str, Callable[[_Talk, str], list[str]]]] = {
    "smtp": _smtp,
    "imap": _imap,
    "sieve": _sieve,
    "xmpp": _xmpp,
}
