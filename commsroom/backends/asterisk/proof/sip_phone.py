"""A telephone: logs in, calls, is called (RFC 3261). One number, one credential, any number of calls."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from typing import TYPE_CHECKING, Final

from commsroom.backends.asterisk.proof import media as sound
from commsroom.backends.asterisk.proof import sip_message
from commsroom.backends.asterisk.proof.line import Refused, Undecided
from commsroom.backends.asterisk.proof.sip_call import Dialog, SipCall, SipRinging
from commsroom.backends.asterisk.proof.sip_message import BadMessage, Message

if TYPE_CHECKING:
    from commsroom.backends.asterisk.proof.sip_wire import Wire

_CHALLENGES: Final = {
    401: ("WWW-Authenticate", "Authorization"),
    407: ("Proxy-Authenticate", "Proxy-Authorization"),
}
_OK: Final = 200
_RINGING: Final = 180
_NO_SUCH_CALL: Final = 481
_CANCELLED: Final = 487


class SipPhone:
    """See the module; made by `sip_line.RealExchange`."""

    def __init__(self, number: str, password: str, domain: str, tone: int) -> None:
        """Keep the credential; `domain` is the server's name in addresses."""
        self.number = number
        self.domain = domain
        self.tone = tone
        self._password = password
        self._wire: Wire | None = None
        self._dialogs: dict[str, Dialog] = {}
        self._incoming: list[SipRinging] = []
        self._bell = asyncio.Event()
        self._registration = (secrets.token_hex(10), secrets.token_hex(6))
        self._sequence = 0

    # ── logging in ─────────────────────────────────────────────────────────────────────────

    def plug_in(self, wire: Wire) -> None:
        """Use this connection."""
        self._wire = wire

    def unplug(self) -> None:
        """End whatever calls are left and close the connection; never raises."""
        for dialog in list(self._dialogs.values()):
            self.forget(dialog)
        self.wire.close()

    @property
    def wire(self) -> Wire:
        """Return the connection."""
        assert self._wire is not None  # noqa: S101 - the exchange plugged it in
        return self._wire

    @property
    def contact(self) -> str:
        """Return where this telephone is reached."""
        host, port = self.wire.local
        return f"<sip:{self.number}@{host}:{port};transport={self.wire.transport}>"

    async def register(self) -> int:
        """Log in for a minute and a half; returns how many others are."""
        contacts = _contacts(await self._register(90))
        mine = f":{self.wire.local[1]}"
        return sum(1 for contact in contacts if mine not in contact)

    async def ask_who_is_here(self) -> int:
        """Ask without a Contact, which changes nothing (RFC 3261 section 10.2.3)."""
        return len(_contacts(await self._register(None)))

    async def unregister(self) -> None:
        """Take only this telephone's own registration away."""
        with contextlib.suppress(Refused, Undecided):
            await self._register(0)

    async def _register(self, seconds: int | None) -> Message:
        """Log in for so many seconds; None asks only."""
        call_id, tag = self._registration
        me = f"<sip:{self.number}@{self.domain}>"
        place = [] if seconds is None else [
            ("Contact", f"{self.contact};expires={seconds}"), ("Expires", str(seconds)),
        ]  # fmt: skip

        def request() -> Message:
            self._sequence += 1
            return Message(
                f"REGISTER sip:{self.domain} SIP/2.0",
                [
                    *self.common(call_id, self._sequence, "REGISTER"),
                    ("From", f"{me};tag={tag}"),
                    ("To", me),
                    *place,
                ],
            )

        response = await self.asked(request, f"sip:{self.domain}")
        return self.accepted(response)

    # ── calling ────────────────────────────────────────────────────────────────────────────

    async def call(self, number: str, within: float) -> SipCall:
        """Call and wait for an answer."""
        target = f"sip:{number}@{self.domain}"
        ear = await sound.Media.opened(
            self.wire.local[0], self.tone, secure=self.wire.transport == "tls"
        )
        dialog = Dialog(self, secrets.token_hex(10), secrets.token_hex(6), target, ear)
        self._dialogs[dialog.call_id] = dialog
        try:
            response = await dialog.invite(sound.offer(self.wire.local[0], ear), within)
            self.accepted(response)
        except BaseException:
            self.forget(dialog)
            raise
        return SipCall(dialog)

    async def rings(self, within: float, caller: str) -> SipRinging:
        """Wait for a call of that number to come in; others ring on."""
        try:
            async with asyncio.timeout(within):
                while True:
                    for ringing in self._incoming:
                        if ringing.caller == caller:
                            self._incoming.remove(ringing)
                            return ringing
                    self._bell.clear()
                    await self._bell.wait()
        except TimeoutError:
            raise Undecided(f"{self.number} did not ring within {within:g} s") from None

    def forget(self, dialog: Dialog) -> None:
        """Drop a call and its sound."""
        dialog.media.close()
        if not dialog.over.is_set():
            dialog.ended = time.monotonic()
            dialog.over.set()
        self._dialogs.pop(dialog.call_id, None)

    # ── for dialogs ────────────────────────────────────────────────────────────────────────

    def common(self, call_id: str, sequence: int, method: str) -> list[tuple[str, str]]:
        """Return the headers every request begins with."""
        return [
            ("Via", self.wire.via),
            ("Max-Forwards", "70"),
            ("Call-ID", call_id),
            ("CSeq", f"{sequence} {method}"),
            ("User-Agent", "commsroom proof"),
        ]

    def signed(self, request: Message, challenge: Message, target: str) -> Message:
        """Add the answer to a challenge; raises Undecided when we do not understand it."""
        ask, give = _CHALLENGES[challenge.status]
        try:
            text = sip_message.answer(
                challenge.all(ask), method=request.method, target=target,
                user=self.number, password=self._password,
            )  # fmt: skip
        except BadMessage as error:
            raise Undecided(str(error)) from None
        request.headers.append((give, text))
        return request

    async def asked(self, request: object, target: str) -> Message:
        """Send what `request()` makes, and once more with a login if asked for one."""
        assert callable(request)  # noqa: S101 - for the type checker
        response = await self.wire.ask(request())
        if response.status in _CHALLENGES:
            response = await self.wire.ask(self.signed(request(), response, target))
        return response

    @staticmethod
    def accepted(response: Message) -> Message:
        """Return a 2xx response; raises Refused for others, Undecided for a server in trouble."""
        if response.status // 100 == 2:  # noqa: PLR2004 - success
            return response
        raise Refused(response.status, response.reason)

    # ── what comes unasked ─────────────────────────────────────────────────────────────────

    def heard(self, message: Message) -> None:
        """Answer what the server asks of a telephone."""
        dialog = self._dialogs.get(message.get("Call-ID"))
        if message.status:
            if dialog is not None and message.method == "INVITE" and message.status == _OK:
                dialog.acknowledge_again(message)
            return
        if message.method == "ACK":
            return
        if dialog is not None:
            dialog.asked(message)
        elif message.method == "INVITE":
            self._ring(message)
        elif message.method in {"OPTIONS", "NOTIFY"}:
            self.reply(message, _OK, "OK")
        else:
            self.reply(message, _NO_SUCH_CALL, "Call Does Not Exist")

    def _ring(self, invite: Message) -> None:
        ringing = SipRinging(self, invite)
        self._dialogs[invite.get("Call-ID")] = ringing.dialog
        self.reply(invite, _RINGING, "Ringing", tag=ringing.dialog.tag)
        self._incoming.append(ringing)
        self._bell.set()

    def reply(
        self, request: Message, code: int, reason: str, *, tag: str = "", body: bytes = b""
    ) -> None:
        """Answer a request; a lost connection shows where somebody waits."""
        to = request.get("To")
        if tag and "tag=" not in to:
            to = f"{to};tag={tag}"
        headers = [("Via", value) for value in request.all("Via")]
        headers += [(name, request.get(name)) for name in ("From", "Call-ID", "CSeq")]
        headers += [("To", to), ("Contact", self.contact)]
        if body:
            headers.append(("Content-Type", "application/sdp"))
        with contextlib.suppress(Undecided):
            self.wire.send(Message(f"SIP/2.0 {code} {reason}", headers, body))


def _contacts(response: Message) -> list[str]:
    return [part for text in response.all("Contact") for part in text.split(",")]
