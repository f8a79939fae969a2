"""The telephones a proof has at hand: those whose credential was accepted a moment ago."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from commsroom.backends.asterisk.proof.line import Refused, Undecided
from commsroom.estate.kinds import (
    Conference,
    DiallingClass,
    Extension,
    HuntGroup,
    Route,
    Trunk,
    Voicemail,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from commsroom.backends.asterisk.proof.line import Call, Exchange, Phone
    from commsroom.estate.backend import Proof, ProofRequest

#: Seconds for a call to be answered, for sound to come through, for a telephone to ring.
ANSWER: Final = 8.0
LISTEN: Final = 4.0
RING: Final = 5.0


@dataclass(slots=True)
class Crew:
    """Requests by what they are about, telephones by number, and the proofs so far."""

    exchange: Exchange
    stack: AsyncExitStack
    outside_is_echo: bool
    voicemail_number: str
    extensions: dict[str, ProofRequest] = field(default_factory=dict)
    boxes: dict[str, ProofRequest] = field(default_factory=dict)
    classes: dict[str, ProofRequest] = field(default_factory=dict)
    rooms: dict[str, ProofRequest] = field(default_factory=dict)
    groups: dict[str, ProofRequest] = field(default_factory=dict)
    lines: dict[str, ProofRequest] = field(default_factory=dict)
    routes: dict[str, ProofRequest] = field(default_factory=dict)
    phones: dict[str, Phone] = field(default_factory=dict)
    #: Numbers that other telephones, real ones, are logged in as: they would ring with ours.
    shared: set[str] = field(default_factory=set)
    #: Numbers whose credential was accepted and that were logged out again, and ring nobody.
    passed: set[str] = field(default_factory=set)
    proofs: list[Proof] = field(default_factory=list)

    def file(self, requests: Sequence[ProofRequest]) -> None:
        """Put each request where it belongs."""
        places: dict[type[Any], dict[str, ProofRequest]] = {
            Extension: self.extensions, Voicemail: self.boxes, DiallingClass: self.classes,
            Conference: self.rooms, HuntGroup: self.groups, Trunk: self.lines,
            Route: self.routes,
        }  # fmt: skip
        for request in requests:
            places[type(request.resource.body)][request.resource.address.key] = request

    def body(self, number: str) -> Extension:
        """Return what an extension is meant to be."""
        body = self.extensions[number].resource.body
        assert isinstance(body, Extension)  # noqa: S101 - filed by type
        return body

    @property
    def ring(self) -> float:
        """Return how long to wait for a telephone to ring."""
        return RING if self.exchange.pace == 1 else RING * self.exchange.pace * 10

    @property
    def alone(self) -> list[str]:
        """Return the numbers that ring nobody but us."""
        return sorted(set(self.phones) - self.shared)

    @asynccontextmanager
    async def another(self, number: str) -> AsyncIterator[Phone]:
        """Switch on one more telephone of an extension, not logged in."""
        password = secret(self.extensions[number], "sip")
        transport = self.body(number).transport or "tls"
        async with self.exchange.phone(number, password or "", transport) as phone:
            yield phone


def owing(place: Mapping[str, ProofRequest]) -> list[str]:
    """Return which of a place owe a proof of their own, and are not there to help only."""
    return [key for key, item in place.items() if not item.helping]


def secret(request: ProofRequest, slot: str) -> str | None:
    """Return the value in a slot, None where we do not hold it."""
    ref = request.resource.secret(slot)
    held = request.secret(ref) if ref else None
    return held.reveal() if held else None


def wrong_pin(pin: str) -> str:
    """Return a PIN of the same length that differs from it in every digit."""
    return "".join(str((int(digit) + 1) % 10) for digit in pin)


async def hearing(call: Call, tone: int, within: float = LISTEN) -> None:
    """Insist on hearing a tone; raises Undecided."""
    if not await call.hears(tone, within):
        raise Undecided("no sound came through")


async def showing(call: Call, name: str, within: float) -> None:
    """Insist on the display's showing a name; raises Refused (the server hung up or went on asking)."""
    if not await call.shows(name, within):
        raise Refused(0, "not let in")
