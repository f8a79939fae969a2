"""An XML stream over TLS (RFC 6120 §4, XEP-0368): elements out, elements in."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import TYPE_CHECKING, Any, Final, cast
from xml.etree.ElementTree import Element, ParseError, XMLPullParser, tostring
from xml.sax.saxutils import quoteattr

from commsroom.backends.prosody.proof.chat import Undecided

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

CLIENT: Final = "{jabber:client}"
STREAM: Final = "{http://etherx.jabber.org/streams}"
_READ_BYTES: Final = 1 << 14
#: An element nobody sends to a visitor; the whole stream is never kept.
_MOST_BYTES: Final = 1 << 20


class Stream:
    """One connection. Errors of the network come out as Undecided."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, domain: str
    ) -> None:
        """Wrap an open TLS connection; `open` starts talking."""
        self._reader = reader
        self._writer = writer
        self._domain = domain
        self._parser = _parser()
        self._root: Element | None = None
        self._depth = 0
        self._pending = 0
        self._ready: list[Element] = []

    @classmethod
    async def connect(cls, address: str, port: int, domain: str, tls: ssl.SSLContext) -> Stream:
        """Connect to an address; the certificate must carry the domain (RFC 6120 §13.7)."""
        with _explained():
            reader, writer = await asyncio.open_connection(
                address, port, ssl=tls, server_hostname=domain, limit=_READ_BYTES
            )
        return cls(reader, writer, domain)

    async def open(self) -> Element:
        """Open the stream, or open it again after a login, and return the features offered."""
        self._parser, self._root = _parser(), None
        self._depth = self._pending = 0
        self._ready = []
        header = (
            "<?xml version='1.0'?><stream:stream xmlns='jabber:client' version='1.0'"
            f" xmlns:stream='http://etherx.jabber.org/streams' to={quoteattr(self._domain)}>"
        )
        await self._write(header.encode())
        features = await self.next()
        if features.tag != f"{STREAM}features":
            raise Undecided("the server opened the stream without saying what it offers")
        return features

    async def send(self, element: Element) -> None:
        """Send one element."""
        await self._write(tostring(element, encoding="utf-8", xml_declaration=False))

    async def next(self) -> Element:
        """Return the next whole element; raises Undecided at the end of the stream or its error."""
        while not self._ready:
            with _explained():
                data = await self._reader.read(_READ_BYTES)
            if not data:
                raise Undecided("the server closed the connection")
            self._feed(data)
        element = self._ready.pop(0)
        if element.tag == f"{STREAM}error":
            condition = element[0].tag.rpartition("}")[2] if len(element) else "no reason given"
            raise Undecided(f"the server ended the stream: {condition}")
        return element

    async def elements(self) -> AsyncIterator[Element]:
        """Give elements until the stream ends."""
        while True:
            yield await self.next()

    async def close(self) -> None:
        """End stream and connection; never raises, never waits for long."""
        with contextlib.suppress(Undecided, TimeoutError, OSError):
            async with asyncio.timeout(1):
                await self._write(b"</stream:stream>")
                self._writer.close()
                await self._writer.wait_closed()
        # asyncio 3.11 closes a TLS transport twice at times, and has then nothing left to abort.
        with contextlib.suppress(AttributeError):
            self._writer.transport.abort()

    async def _write(self, data: bytes) -> None:
        if self._writer.is_closing():
            raise Undecided("the server closed the connection")
        with _explained():
            self._writer.write(data)
            await self._writer.drain()

    def _feed(self, data: bytes) -> None:
        self._pending += len(data)
        if self._pending > _MOST_BYTES:
            raise Undecided("the server sent an element without end")
        try:
            self._parser.feed(data)
            for item in self._parser.read_events():
                self._take(*cast("tuple[str, Element]", item))
        except ParseError:
            raise Undecided("the server sent something that is not XML") from None

    def _take(self, event: str, element: Element) -> None:
        if event == "start":
            self._root = self._root if self._root is not None else element
            self._depth += 1
            return
        self._depth -= 1
        if self._depth == 1:
            self._ready.append(element)
            self._pending = 0
            if self._root is not None:
                self._root.clear()


def _parser() -> XMLPullParser[Any]:
    return XMLPullParser(("start", "end"))


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise Undecided(f"its certificate is not accepted: {error.verify_message}") from error
    except TimeoutError:
        raise
    except OSError as error:
        raise Undecided(f"the network: {error.strerror or error}") from error
