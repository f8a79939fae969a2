"""The callers' side of the fake server: telephones, calls, voicemail, rooms and groups from its tables.

Its clock runs a hundred times as fast, so that ringing for fifteen seconds takes a moment.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from commsroom.backends.asterisk.proof.line import Refused, Undecided
from commsroom.backends.asterisk.proof.rules import within as in_hours

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from commsroom.backends.asterisk.settings import Settings

Json = dict[str, Any]

_NOW: Final = ("tue", "10:00")
_PACE: Final = 0.01
_TURNS: Final = 20
_FORBIDDEN, _NOT_FOUND, _NOBODY = 403, 404, 480


class FakeExchange:
    """The server as a telephone meets it."""

    def __init__(self, objects: Mapping[str, Mapping[str, Json]], settings: Settings) -> None:
        """Look at the server's tables."""
        self.objects = objects
        self.settings = settings
        self.pace = _PACE
        self.contacts: dict[str, list[FakePhone]] = {}
        self.rooms: dict[str, set[FakeCall]] = {}
        self._tones = itertools.count(440, 110)

    @asynccontextmanager
    async def phone(self, number: str, password: str, transport: str) -> AsyncIterator[FakePhone]:
        """Switch a telephone on, and off again."""
        if transport == "udp" and not self.settings.pbx_udp:
            raise Undecided("no connection over UDP")
        phone = FakePhone(self, number, password, next(self._tones))
        yield phone
        await phone.unregister()

    @asynccontextmanager
    async def phones(
        self, logins: Sequence[tuple[str, str]], transport: str
    ) -> AsyncIterator[Sequence[FakePhone]]:
        """Switch many on."""
        if transport == "udp" and not self.settings.pbx_udp:
            raise Undecided("no connection over UDP")
        yield [FakePhone(self, number, password, 0) for number, password in logins]

    async def clock(self) -> tuple[str, str]:
        """It is always Tuesday morning."""
        return _NOW

    async def lines(self) -> dict[str, str]:
        """Every telephone company knows its customer."""
        return dict.fromkeys(self.objects["trunk"], "Registered")


class FakePhone:
    """One telephone."""

    def __init__(self, exchange: FakeExchange, number: str, password: str, tone: int) -> None:
        """Remember the credential."""
        self.exchange = exchange
        self.number = number
        self.tone = tone
        self._password = hashlib.sha256(password.encode()).hexdigest()
        self.incoming: list[FakeRinging] = []
        self.calls: list[FakeCall] = []
        self.bell = asyncio.Event()

    async def register(self) -> int:
        """Check the password as the server would."""
        self._authenticate()
        others = self.exchange.contacts.setdefault(self.number, [])
        count = sum(1 for phone in others if phone is not self)
        if self not in others:
            others.append(self)
        return count

    async def ask_who_is_here(self) -> int:
        """Check the password and count."""
        self._authenticate()
        return len(self.exchange.contacts.get(self.number, ()))

    def _authenticate(self) -> Json:
        extension = self.exchange.objects["extension"].get(self.number, {})
        taken = {extension["secret"].get(slot) for slot in ("sip", "previous")} if extension else {}
        if extension.get("suspended", True) or self._password not in taken:
            raise Refused(401, "Unauthorized")
        return extension

    async def unregister(self) -> None:
        """Be reached no more."""
        with contextlib.suppress(ValueError, KeyError):
            self.exchange.contacts[self.number].remove(self)

    async def call(self, number: str, within: float) -> FakeCall:
        """Route a call as the dialplan would."""
        extension = self._authenticate()
        tables = self.exchange.objects
        if number in tables["extension"]:
            return await self._ring([number], tables["extension"][number], number)
        if number in tables["hunt_group"]:
            group = tables["hunt_group"][number]
            members = group["members"]
            return await self._ring(
                members[:1] if group["strategy"] == "linear" else members, group, group["fallback"]
            )
        if number in tables["conference"]:
            return FakeCall(
                self, room=number, pin=tables["conference"][number]["secret"].get("pin")
            )
        if number == self.exchange.settings.pbx_voicemail_number:
            box = tables["voicemail"].get(self.number, {"secret": {}})
            return FakeCall(self, name="Messages", pin=box["secret"].get("pin", "none"))
        return self._outside(tables["dialling_class"].get(extension["dialling_class"], {}), number)

    def _outside(self, rules: Json, number: str) -> FakeCall:
        allowed, barred = (
            max((len(one) for one in rules.get(sort, ()) if number.startswith(one)), default=0)
            for sort in ("allowed", "barred")
        )
        if number not in rules.get("emergency", ()):
            if not allowed and not barred:
                raise Refused(_NOT_FOUND, "Not Found")
            if barred >= allowed or (rules["hours"] and not in_hours(rules["hours"], *_NOW)):
                raise Refused(_FORBIDDEN, "Forbidden")
        if self.exchange.settings.pbx_outside != "echo":
            raise Refused(503, "Service Unavailable")
        return FakeCall(self, others=[self])

    async def _ring(self, numbers: Sequence[str], rules: Json, box: str) -> FakeCall:
        phones = [one for number in numbers for one in self.exchange.contacts.get(number, ())]
        answered: asyncio.Future[FakePhone] = asyncio.get_running_loop().create_future()
        ringing = [FakeRinging(phone, self, answered) for phone in phones]
        for each in ringing:
            each.phone.incoming.append(each)
            each.phone.bell.set()
        try:
            if phones and await _taken(answered, rules["ring_seconds"] * _PACE):
                return FakeCall(self, others=[answered.result()])
            for each in ringing:
                each.rang = rules["ring_seconds"]
        finally:
            for each in ringing:
                each.gone.set()
        if rules.get("voicemail", True) and box in self.exchange.objects["voicemail"]:
            return FakeCall(self, name="Voicemail")
        raise Refused(_NOBODY, "Temporarily Unavailable")

    async def rings(self, within: float, caller: str) -> FakeRinging:
        """Wait for a call of that number."""
        try:
            async with asyncio.timeout(within):
                while True:
                    for ringing in self.incoming:
                        if ringing.caller == caller and not ringing.over:
                            self.incoming.remove(ringing)
                            return ringing
                    self.bell.clear()
                    await self.bell.wait()
        except TimeoutError:
            raise Undecided(f"{self.number} did not ring within {within:g} s") from None


async def _taken(answered: asyncio.Future[FakePhone], seconds: float) -> bool:
    """Wait for somebody to take a call.

    In turns, so that a process that was kept waiting itself gives those who would take it theirs before it
    says that nobody did.
    """
    for _ in range(_TURNS):
        done, _pending = await asyncio.wait([answered], timeout=seconds / _TURNS)
        if done:
            return True
    return False


class FakeRinging:
    """A call that comes in."""

    def __init__(
        self, phone: FakePhone, caller: FakePhone, answered: asyncio.Future[FakePhone]
    ) -> None:
        """Ring."""
        self.phone = phone
        self.caller = caller.number
        self.gone = asyncio.Event()
        #: The exchange's own seconds; how long this process was kept waiting for them does not count.
        self.rang = 0.0
        self._caller = caller
        self._answered = answered

    @property
    def over(self) -> bool:
        """Tell whether it has stopped ringing."""
        return self.gone.is_set()

    async def answer(self) -> FakeCall:
        """Take the call."""
        if self._answered.done():
            raise Undecided("somebody else took the call")
        self._answered.set_result(self.phone)
        return FakeCall(self.phone, others=[self._caller])

    async def stopped(self, within: float) -> bool:
        """Wait for it to stop."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self.gone.wait()
        return self.over


class FakeCall:
    """A call that was answered: with others, with a machine, or in a room."""

    def __init__(
        self, phone: FakePhone, *, others: Sequence[FakePhone] = (), name: str = "", room: str = "",
        pin: str | None = None,
    ) -> None:  # fmt: skip
        """A `pin` (its hash) has to be pressed before anything else happens."""
        self._phone = phone
        self._tones = {other.tone for other in others}
        self._others = list(others)
        self._name = name
        self._room = room
        self._pin = pin
        self._over = False
        phone.calls.append(self)
        self._enter()

    def _enter(self) -> None:
        if self._room and self._pin is None:
            self._phone.exchange.rooms.setdefault(self._room, set()).add(self)

    async def shows(self, name: str, within: float) -> bool:
        """Show who it is once let in."""
        return self._pin is None and self._name == name

    async def hears(self, tone: int, within: float) -> bool:
        """Hear everybody in the call."""
        await asyncio.sleep(0)
        inside = self._phone.exchange.rooms.get(self._room, set())
        if self in inside:
            return any(call is not self and call._phone.tone == tone for call in inside)  # noqa: SLF001 - its own kind
        return tone in self._tones

    async def press(self, keys: str) -> None:
        """Check a PIN."""
        if self._pin == hashlib.sha256(keys.rstrip("#").encode()).hexdigest():
            self._pin = None
            self._enter()

    async def transfer(self, number: str, within: float) -> None:
        """Have the other side call, with its own rights."""
        other = self._others[0]
        theirs = [call for call in other.calls if self._phone in call._others]  # noqa: SLF001 - its own kind
        new = await other.call(number, within)
        for call in theirs:
            call._tones, call._others = new._tones, new._others  # noqa: SLF001 - its own kind

    async def ended(self, within: float) -> bool:
        """Tell whether it is over."""
        return self._over

    async def hang_up(self) -> None:
        """Leave."""
        self._over = True
        if self in self._phone.calls:
            self._phone.calls.remove(self)
        self._phone.exchange.rooms.get(self._room, set()).discard(self)
