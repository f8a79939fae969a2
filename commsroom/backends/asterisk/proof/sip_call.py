"""Calls: dialogs of RFC 3261, transfers of RFC 3515, keys by INFO (RFC 6086)."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from typing import TYPE_CHECKING, Final

from commsroom.backends.asterisk.proof import media as sound
from commsroom.backends.asterisk.proof import sip_message
from commsroom.backends.asterisk.proof.line import Refused, Undecided
from commsroom.backends.asterisk.proof.sip_message import Message

if TYPE_CHECKING:
    from commsroom.backends.asterisk.proof.sip_phone import SipPhone

_OK: Final = 200
_FINAL: Final = 200
_MULTIPLE: Final = 300
_CANCELLED: Final = 487
_CHALLENGED: Final = frozenset({401, 407})
_KEY_SECONDS: Final = 0.12
_LISTEN: Final = 0.05


class Dialog:
    """What both sides know of one call, and its sound."""

    def __init__(
        self, phone: SipPhone, call_id: str, tag: str, target: str, media: sound.Media
    ) -> None:
        """Begin with what the caller knows."""
        self.phone = phone
        self.call_id = call_id
        self.tag = tag
        self.target = target
        self.media = media
        self.local = f"<sip:{phone.number}@{phone.domain}>;tag={tag}"
        self.remote = f"<{target}>"
        self.route: list[str] = []
        self.over = asyncio.Event()
        self.began = time.monotonic()
        self.ended = 0.0
        self.news: asyncio.Queue[int] = asyncio.Queue()
        self.peer = ""
        self._sequence = secrets.randbelow(1000) + 1
        self._ack: Message | None = None

    def request(self, method: str, body: bytes = b"", *more: tuple[str, str]) -> Message:
        """Make the next request of this dialog."""
        self._sequence += 1
        headers = self.phone.common(self.call_id, self._sequence, method)
        headers += [("From", self.local), ("To", self.remote), ("Contact", self.phone.contact)]
        headers += [("Route", value) for value in self.route]
        return Message(f"{method} {self.target} SIP/2.0", [*headers, *more], body)

    async def ask(self, method: str, body: bytes = b"", *more: tuple[str, str]) -> Message:
        """Send a request in this dialog, with a login if asked for one."""
        return await self.phone.asked(lambda: self.request(method, body, *more), self.target)

    async def invite(self, description: bytes, within: float) -> Message:
        """Send the INVITE (again with a login) and return the final response, acknowledged.

        Giving up, for whatever reason, cancels the call on the server.
        """
        kind = ("Content-Type", "application/sdp")
        request = self.request("INVITE", description, kind)
        response = await self.phone.wire.ask(request, within=within)
        if response.status in _CHALLENGED:
            self._acknowledge_refusal(request, response)
            request = self.phone.signed(
                self.request("INVITE", description, kind), response, self.target
            )
            try:
                response = await self.phone.wire.ask(request, within=within)
            except (Undecided, asyncio.CancelledError):
                self._cancel(request)
                raise
        if _FINAL <= response.status < _MULTIPLE:
            self._established(response)
        else:
            self._acknowledge_refusal(request, response)
        return response

    def _cancel(self, request: Message) -> None:
        headers = [(name, request.get(name)) for name in ("Via", "From", "To", "Call-ID")]
        number = request.get("CSeq").split()[0]
        cancel = Message(
            f"CANCEL {self.target} SIP/2.0",
            [*headers, ("Max-Forwards", "70"), ("CSeq", f"{number} CANCEL")],
        )
        with contextlib.suppress(Undecided):
            self.phone.wire.send(cancel)

    def _acknowledge_refusal(self, request: Message, response: Message) -> None:
        """ACK to a refusal: part of the same transaction (section 17.1.1.3)."""
        headers = [(name, request.get(name)) for name in ("Via", "From", "Call-ID")]
        number = request.get("CSeq").split()[0]
        headers += [("To", response.get("To")), ("CSeq", f"{number} ACK"), ("Max-Forwards", "70")]
        self.phone.wire.send(Message(f"ACK {self.target} SIP/2.0", headers))

    def _established(self, response: Message) -> None:
        self.remote = response.get("To")
        self.meet(response)
        self.route = list(reversed(response.all("Record-Route")))
        self.target = sip_message.uri(response.get("Contact")) or self.target
        ack = self.request("ACK")
        number = response.get("CSeq").split()[0]
        ack.headers = [(n, f"{number} ACK" if n == "CSeq" else v) for n, v in ack.headers]
        self._ack = ack
        self.phone.wire.send(ack)
        self.listen(response.body)

    def acknowledge_again(self, response: Message) -> None:
        """The server did not get our ACK."""
        if self._ack is not None and response.get("CSeq").split()[0] in self._ack.get("CSeq"):
            self.phone.wire.send(self._ack)

    def meet(self, message: Message) -> None:
        """Learn whom the server says this call is with (RFC 3325); it may change on the way."""
        asserted = message.get("P-Asserted-Identity")
        if asserted:
            self.peer = sip_message.display_name(asserted)

    def listen(self, description: bytes) -> None:
        """Send and receive sound as the other side described."""
        host, port, key = sound.understood(description)
        if port and (key or not self.media.key):
            self.media.start(host, port, key)

    def description(self) -> bytes:
        """Describe our side."""
        return sound.offer(self.phone.wire.local[0], self.media)

    def asked(self, message: Message) -> None:
        """Answer a request within the call."""
        method = message.method
        self.meet(message)
        if method in {"INVITE", "UPDATE"} and message.body:
            self.listen(message.body)
            self.phone.reply(message, _OK, "OK", tag=self.tag, body=self.description())
            return
        self.phone.reply(message, _OK, "OK", tag=self.tag)
        if method == "BYE":
            self.phone.forget(self)
        elif method == "NOTIFY" and message.get("Event").startswith("refer"):
            words = message.body.decode("utf-8", "replace").split()
            if len(words) > 1 and words[1].isdigit():
                self.news.put_nowait(int(words[1]))


class SipCall:
    """A call that was answered."""

    def __init__(self, dialog: Dialog) -> None:
        """Use what the dialog knows."""
        self._dialog = dialog

    async def shows(self, name: str, within: float) -> bool:
        """Look at the display until it shows the name."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        while self._dialog.peer != name:
            if self._dialog.over.is_set() or loop.time() > deadline:
                return False
            await asyncio.sleep(_LISTEN)
        return True

    async def hears(self, tone: int, within: float) -> bool:
        """Listen until the tone comes through."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        while not self._dialog.media.hears(tone):
            if self._dialog.over.is_set() or loop.time() > deadline:
                return False
            await asyncio.sleep(_LISTEN)
        return True

    async def press(self, keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            body = f"Signal={key}\r\nDuration=100\r\n".encode()
            await self._dialog.ask("INFO", body, ("Content-Type", "application/dtmf-relay"))
            await asyncio.sleep(_KEY_SECONDS)

    async def transfer(self, number: str, within: float) -> None:
        """Ask the server to connect the other side to `number` (blind transfer)."""
        dialog = self._dialog
        place = f"<sip:{number}@{dialog.phone.domain}>"
        response = await dialog.ask(
            "REFER",
            b"",
            ("Refer-To", place),
            ("Referred-By", f"<sip:{dialog.phone.number}@{dialog.phone.domain}>"),
        )
        dialog.phone.accepted(response)
        try:
            async with asyncio.timeout(within):
                while (status := await dialog.news.get()) < _FINAL:
                    pass
        except TimeoutError:
            raise Undecided(f"nothing was heard of the transfer within {within:g} s") from None
        if status >= _MULTIPLE:
            raise Refused(status, "the transfer failed")

    async def ended(self, within: float) -> bool:
        """Wait for the other side to hang up."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._dialog.over.wait()
        return self._dialog.over.is_set()

    async def hang_up(self) -> None:
        """Say goodbye."""
        dialog = self._dialog
        if not dialog.over.is_set():
            with contextlib.suppress(Undecided, Refused):
                await dialog.ask("BYE")
        dialog.phone.forget(dialog)


class SipRinging:
    """A call that comes in."""

    def __init__(self, phone: SipPhone, invite: Message) -> None:
        """Learn what the INVITE tells; nothing is opened before it is answered."""
        self._invite = invite
        self.caller = sip_message.user(invite.get("P-Asserted-Identity") or invite.get("From"))
        self.dialog = IncomingDialog(phone, invite)

    async def answer(self) -> SipCall:
        """Take the call."""
        dialog = self.dialog
        body = self._invite.body
        ear = await sound.Media.opened(
            dialog.phone.wire.local[0], dialog.phone.tone, secure=b"RTP/SAVP" in body
        )
        if dialog.over.is_set():  # before, or while the socket was opened
            ear.close()
            raise Undecided("the caller gave up before the call was taken")
        dialog.media = ear
        dialog.answered = True
        dialog.listen(body)
        dialog.phone.reply(self._invite, _OK, "OK", tag=dialog.tag, body=dialog.description())
        return SipCall(dialog)

    @property
    def over(self) -> bool:
        """Tell whether it has stopped ringing."""
        return self.dialog.over.is_set()

    @property
    def rang(self) -> float:
        """Return for how long; told by when the messages came, not by when somebody looked."""
        return (self.dialog.ended if self.over else time.monotonic()) - self.dialog.began

    async def stopped(self, within: float) -> bool:
        """Wait for the server to cancel it."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self.dialog.over.wait()
        return self.dialog.over.is_set()


class IncomingDialog(Dialog):
    """The called side's view: From and To change places."""

    def __init__(self, phone: SipPhone, invite: Message) -> None:
        """Begin with what the INVITE says."""
        silence = sound.Media(phone.tone, secure=False)
        target = sip_message.uri(invite.get("Contact"))
        super().__init__(phone, invite.get("Call-ID"), secrets.token_hex(6), target, silence)
        self.local = f"{invite.get('To')};tag={self.tag}"
        self.remote = invite.get("From")
        self.route = invite.all("Record-Route")
        self.answered = False
        self._invite = invite

    def asked(self, message: Message) -> None:
        """As any dialog, and may be cancelled before it is answered."""
        if message.method == "CANCEL" and not self.answered:
            self.phone.reply(message, _OK, "OK", tag=self.tag)
            self.phone.reply(self._invite, _CANCELLED, "Request Terminated", tag=self.tag)
            self.phone.forget(self)
            return
        super().asked(message)
