"""Real people on a real server: a small XMPP client (RFC 6120), only what a proof does.

A proof must not disturb: it sends no presence but to rooms, so nobody's waiting messages are delivered
to it and no colleague sees anybody come online; and what it says asks not to be kept (XEP-0334).

Why not slixmpp: measured with 1.17, a login took 145 ms of which 70 ms went into a TLS context each
client makes anew and throws away, its PBKDF2 is written in Python, and every client leaves a task
behind. Hundreds of logins in a row are the whole job here; `docs/dependencies.md` has the numbers.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import ssl
from base64 import b64decode, b64encode
from itertools import count
from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import Element, SubElement

from commsroom.backends.prosody.proof import upload
from commsroom.backends.prosody.proof.chat import Refused, Undecided
from commsroom.backends.prosody.proof.scram import MECHANISMS, Scram
from commsroom.backends.prosody.proof.stream import CLIENT, Stream

if TYPE_CHECKING:
    from pathlib import Path

_SASL: Final = "{urn:ietf:params:xml:ns:xmpp-sasl}"
_BIND: Final = "{urn:ietf:params:xml:ns:xmpp-bind}"
_STANZAS: Final = "{urn:ietf:params:xml:ns:xmpp-stanzas}"
_MUC: Final = "{http://jabber.org/protocol/muc}"
_MUC_USER: Final = "{http://jabber.org/protocol/muc#user}"
_UPLOAD: Final = "{urn:xmpp:http:upload:0}"
_PING: Final = "{urn:xmpp:ping}"
_NO_STORE: Final = "{urn:xmpp:hints}no-store"
#: Conditions (RFC 6120 §8.3.3) that say nothing about rights.
_NO_ANSWER: Final = frozenset(
    {"internal-server-error", "remote-server-timeout", "resource-constraint", "service-unavailable"}
)


class Server:
    """Where people log in: an address, the domain its certificate must carry, `timeout` in seconds."""

    def __init__(
        self, *, address: str, port: int, domain: str, rooms: str, ca: Path | None, timeout: float
    ) -> None:
        """Prepare; nothing is connected. `ca` None means the system's own authorities."""
        self.address = address
        self.port = port
        self.domain = domain
        self.rooms = rooms
        self.timeout = timeout
        self.tls = ssl.create_default_context(cafile=str(ca) if ca else None)
        self.tls.minimum_version = ssl.TLSVersion.TLSv1_2

    async def login(self, login: str, password: str) -> Visitor:
        """Log in; raises Refused or Undecided."""
        try:
            async with asyncio.timeout(self.timeout):
                stream = await Stream.connect(self.address, self.port, self.domain, self.tls)
                try:
                    await _authenticate(stream, login, password)
                    await _bind(stream)
                except BaseException:
                    await stream.close()
                    raise
        except TimeoutError:
            raise Undecided(f"no answer within {self.timeout:g} s") from None
        return Visitor(self, stream, login)


async def _authenticate(stream: Stream, login: str, password: str) -> None:
    offered = {item.text for item in (await stream.open()).iter(f"{_SASL}mechanism")}
    mechanism = next((name for name in MECHANISMS if name in offered), None)
    if mechanism is None:
        raise Undecided("the server offers no SCRAM")
    scram = Scram(mechanism, login, password)
    begin = Element(f"{_SASL}auth", mechanism=mechanism)
    begin.text = b64encode(scram.first()).decode()
    await stream.send(begin)
    answer = Element(f"{_SASL}response")
    answer.text = b64encode(scram.final(_sasl(await stream.next(), "challenge"))).decode()
    await stream.send(answer)
    scram.check(_sasl(await stream.next(), "success"))


def _sasl(element: Element, wanted: str) -> bytes:
    if element.tag == f"{_SASL}failure":
        raise Refused(element[0].tag.removeprefix(_SASL) if len(element) else "no reason given")
    if element.tag != _SASL + wanted:
        raise Undecided(f"the server said {element.tag} where {wanted} was due")
    return b64decode(element.text or "")


async def _bind(stream: Stream) -> None:
    await stream.open()
    request = Element(f"{CLIENT}iq", type="set", id="bind")
    SubElement(SubElement(request, f"{_BIND}bind"), f"{_BIND}resource").text = "commsroom-proof"
    await stream.send(request)
    answer = await stream.next()
    if answer.get("type") != "result":
        raise Undecided("the server accepted the login but gave no resource")


class Visitor:
    """One login: a `Person`."""

    def __init__(self, server: Server, stream: Stream, login: str) -> None:
        """Listen in the background from now on."""
        self._server = server
        self._stream = stream
        self._login = login
        self._numbers = count(1)
        self._waiting: dict[str, asyncio.Future[Element]] = {}
        self._heard: dict[tuple[str, str], asyncio.Event] = {}
        self._listener = asyncio.create_task(self._listen())

    async def share(self, *, fetch: bool) -> None:
        """Ask for a slot (XEP-0363); with `fetch`, put a file there and get it back."""
        data = b"commsroom proof\n"
        key = f"share{next(self._numbers)}"
        request = Element(f"{CLIENT}iq", type="get", id=key, to=self._server.domain)
        attributes = {
            "filename": "commsroom-proof.txt",
            "size": str(len(data)),
            "content-type": "text/plain",
        }
        SubElement(request, f"{_UPLOAD}request", attributes)
        answer = await self._ask(key, request)
        put, get = answer.find(f".//{_UPLOAD}put"), answer.find(f".//{_UPLOAD}get")
        if put is None or get is None:
            raise Undecided("the answer holds no slot")
        if fetch:
            headers = {item.get("name", ""): item.text or "" for item in put}
            where = upload.Where(self._server.address, self._server.tls, self._server.timeout)
            await asyncio.to_thread(
                upload.there_and_back, where, put.get("url", ""), get.get("url", ""), headers, data
            )

    async def enter(self, room: str) -> None:
        """Enter a room (XEP-0045 §7.2), asking for no history."""
        jid = self._jid(room)
        presence = Element(f"{CLIENT}presence", to=f"{jid}/commsroom proof {self._login}")
        SubElement(SubElement(presence, f"{_MUC}x"), f"{_MUC}history", maxstanzas="0")
        await self._ask(jid, presence)

    async def say(self, room: str, text: str) -> None:
        """Send a message to everybody in the room; the room sends it back, or an error."""
        # A room sends everybody the sender's own id along: it must be nobody else's.
        key = f"say-{secrets.token_hex(8)}"
        message = Element(f"{CLIENT}message", to=self._jid(room), type="groupchat", id=key)
        SubElement(message, f"{CLIENT}body").text = text
        SubElement(message, _NO_STORE)
        await self._ask(key, message)

    async def write(self, to: str, text: str, *, room: bool) -> None:
        """Send a message that is kept; a room sends it back, an account only what went wrong.

        XMPP confirms nothing to a sender, but takes stanzas in order (RFC 6120 §10.1): what is wrong
        with one for an account here has come before the answer to a ping after it (XEP-0199).
        """
        key = f"write-{secrets.token_hex(8)}"
        address = self._jid(to) if room else f"{to}@{self._server.domain}"
        kind = "groupchat" if room else "chat"
        message = Element(f"{CLIENT}message", to=address, type=kind, id=key)
        SubElement(message, f"{CLIENT}body").text = text
        if room:
            jid = self._jid(to)
            presence = Element(f"{CLIENT}presence", to=f"{jid}/{self._login}")
            SubElement(SubElement(presence, f"{_MUC}x"), f"{_MUC}history", maxstanzas="0")
            await self._ask(jid, presence)
            await self._ask(key, message)
            return
        bounced: asyncio.Future[Element] = asyncio.get_running_loop().create_future()
        self._waiting[key] = bounced
        try:
            await self._stream.send(message)
            ping = f"ping-{secrets.token_hex(8)}"
            request = Element(f"{CLIENT}iq", type="get", id=ping, to=self._server.domain)
            SubElement(request, f"{_PING}ping")
            await self._ask(ping, request)
        finally:
            del self._waiting[key]
        if bounced.done():
            _refuse(bounced.result())

    async def hear(self, room: str, text: str) -> None:
        """Wait until a message with this very text has come from the room."""
        event = self._heard.setdefault((self._jid(room), text), asyncio.Event())
        try:
            async with asyncio.timeout(self._server.timeout):
                await event.wait()
        except TimeoutError:
            raise Undecided(f"nothing was heard within {self._server.timeout:g} s") from None

    async def leave(self) -> None:
        """Log out."""
        self._listener.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._listener
        await self._stream.close()

    async def _ask(self, key: str, request: Element) -> Element:
        """Send and wait for the answer that `_listen` files under `key`."""
        if self._listener.done():
            raise Undecided("the server had closed the connection")
        answer: asyncio.Future[Element] = asyncio.get_running_loop().create_future()
        self._waiting[key] = answer
        try:
            async with asyncio.timeout(self._server.timeout):
                await self._stream.send(request)
                element = await answer
        except TimeoutError:
            raise Undecided(f"no answer within {self._server.timeout:g} s") from None
        finally:
            del self._waiting[key]
        if element.get("type") == "error":
            _refuse(element)
        return element

    async def _listen(self) -> None:
        try:
            async for element in self._stream.elements():
                self._sort(element)
        except Undecided as lost:
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(lost)

    def _sort(self, element: Element) -> None:
        sender = element.get("from", "").partition("/")[0]
        failed = element.get("type") == "error"
        if element.tag == f"{CLIENT}iq":
            self._answer(element.get("id", ""), element)
        elif element.tag == f"{CLIENT}presence":
            myself = element.find(f"{_MUC_USER}x/{_MUC_USER}status[@code='110']") is not None
            if myself or failed:
                self._answer(sender, element)
        elif element.tag == f"{CLIENT}message":
            self._answer(element.get("id", ""), element)
            text = element.findtext(f"{CLIENT}body")
            if text is not None and not failed:
                self._heard.setdefault((sender, text), asyncio.Event()).set()

    def _answer(self, key: str, element: Element) -> None:
        answer = self._waiting.get(key)
        if answer is not None and not answer.done():
            answer.set_result(element)

    def _jid(self, room: str) -> str:
        return f"{room}@{self._server.rooms}"


def _refuse(element: Element) -> None:
    names = [
        item.tag.removeprefix(_STANZAS) for item in element.iter() if item.tag.startswith(_STANZAS)
    ]
    condition = next((name for name in names if name != "text"), "no reason given")
    if condition in _NO_ANSWER:
        raise Undecided(condition)
    raise Refused(condition)
