"""A telephone's connection to its server: TLS (RFC 3261 section 18), or UDP where policy allows it.

Requests sent get their responses by the branch of their Via (section 17.1.3); what comes unasked goes to
`heard`.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import ssl
from typing import TYPE_CHECKING, Final

from commsroom.backends.asterisk.proof import sip_message
from commsroom.backends.asterisk.proof.line import Undecided
from commsroom.backends.asterisk.proof.sip_message import BadMessage, Message

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: Retransmission over UDP (section 17.1.1.1): T1, doubled each time up to T2.
_T1: Final = 0.5
_T2: Final = 4.0
_ANSWER_SECONDS: Final = 8.0


class Wire:
    """One connection. Made by `connected`, ended by `close`."""

    def __init__(self, transport: str, heard: Callable[[Message], None]) -> None:
        """Prepare; `heard` gets requests and stray responses."""
        self.transport = transport
        self.local = ("", 0)
        self._heard = heard
        self._waiting: dict[str, asyncio.Queue[Message]] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._datagrams: asyncio.DatagramTransport | None = None
        self._reader: asyncio.Task[None] | None = None
        self._lost = ""

    @classmethod
    async def connected(
        cls, transport: str, host: str, port: int, heard: Callable[[Message], None],
        *, tls_name: str, ca: Path | None, within: float,
    ) -> Wire:  # fmt: skip
        """Connect to `host`, over TLS verified for `tls_name` against `ca`.

        Raises:
            Undecided: no connection, or not to the one the certificate should name.
        """
        wire = cls(transport, heard)
        try:
            async with asyncio.timeout(within):
                if transport == "tls":
                    await wire._open_tls(host, port, tls_name, ca)
                else:
                    await wire._open_udp(host, port)
        except TimeoutError:
            raise Undecided(f"no connection to port {port} within {within:g} s") from None
        except (OSError, ssl.SSLError) as error:
            reason = getattr(error, "verify_message", "") or error.strerror or type(error).__name__
            raise Undecided(f"no connection to port {port}: {reason}") from None
        return wire

    async def _open_tls(self, host: str, port: int, name: str, ca: Path | None) -> None:
        context = ssl.create_default_context(cafile=str(ca) if ca else None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        reader, self._writer = await asyncio.open_connection(
            host, port, ssl=context, server_hostname=name
        )
        self.local = self._writer.get_extra_info("sockname")[:2]
        self._reader = asyncio.get_running_loop().create_task(self._read(reader))

    async def _open_udp(self, host: str, port: int) -> None:
        wire = self

        class Datagrams(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, addr: object) -> None:
                with contextlib.suppress(BadMessage):
                    if data.strip():
                        wire._take(sip_message.parse(data))

        loop = asyncio.get_running_loop()
        self._datagrams, _ = await loop.create_datagram_endpoint(
            Datagrams, remote_addr=(host, port)
        )
        self.local = self._datagrams.get_extra_info("sockname")[:2]

    @property
    def via(self) -> str:
        """Return a Via for a new transaction."""
        name, port = self.local
        branch = f"z9hG4bK{secrets.token_hex(10)}"
        return f"SIP/2.0/{self.transport.upper()} {name}:{port};rport;branch={branch}"

    def send(self, message: Message) -> None:
        """Send without waiting for anything; raises Undecided when the connection is gone."""
        if self._lost:
            raise Undecided(self._lost)
        if self._writer is not None:
            self._writer.write(message.encode())
        elif self._datagrams is not None:
            self._datagrams.sendto(message.encode())

    async def ask(
        self,
        request: Message,
        *,
        within: float = _ANSWER_SECONDS,
        provisional: Callable[[Message], None] | None = None,
    ) -> Message:
        """Send a request and return its final response.

        Raises:
            Undecided: none came in time.
        """
        branch = sip_message.parameter(request.get("Via"), "branch")
        answers: asyncio.Queue[Message] = asyncio.Queue()
        self._waiting[branch] = answers
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        again = _T1 if self.transport == "udp" else within
        try:
            self.send(request)
            while (left := deadline - loop.time()) > 0:
                try:
                    async with asyncio.timeout(min(again, left)):
                        response = await answers.get()
                except TimeoutError:
                    if again < within:
                        self.send(request)
                        again = min(2 * again, _T2)
                    continue
                if response.status == 0:
                    raise Undecided(response.start)
                if response.status >= 200:  # noqa: PLR2004 - final
                    return response
                again = within
                if provisional is not None:
                    provisional(response)
            raise Undecided(f"no answer to {request.method} within {within:g} s")
        finally:
            del self._waiting[branch]

    def close(self) -> None:
        """Close the connection; never raises."""
        if self._reader is not None:
            self._reader.cancel()
        if self._writer is not None:
            with contextlib.suppress(AttributeError):  # asyncio 3.11: closed twice, nothing is left
                self._writer.transport.abort()
        if self._datagrams is not None:
            self._datagrams.close()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                raw = (await reader.readuntil(b"\r\n\r\n")).lstrip(b"\r\n")
                if not raw:
                    continue
                message = sip_message.parse_head(raw[:-4])
                message.body = await reader.readexactly(sip_message.length(message))
                self._take(message)
        except (OSError, EOFError, BadMessage, asyncio.LimitOverrunError):
            self._lost = "the server closed the connection"
            for answers in self._waiting.values():
                answers.put_nowait(Message(self._lost))

    def _take(self, message: Message) -> None:
        if message.status:
            branch = sip_message.parameter(message.get("Via"), "branch")
            if branch in self._waiting:
                self._waiting[branch].put_nowait(message)
                return
        self._heard(message)
