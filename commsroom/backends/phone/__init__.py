"""Desk telephones: their profiles on a provisioning server, and what they made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from commsroom.backends.phone import inspecting, settings, staging, wire
from commsroom.backends.phone.render import Place
from commsroom.backends.phone.services import services
from commsroom.backends.phone.settings import Settings
from commsroom.estate.backend import Backend
from commsroom.estate.kinds import PhoneProfile
from commsroom.estate.rotation import Evidence

if TYPE_CHECKING:
    from pathlib import Path

    from commsroom.estate.backend import Provider, Target, Tools

#: Whether a profile renders does not depend on where its server is.
_ANYWHERE: Final = Place("exchange.invalid", 5061, 5060, "https://provisioning.invalid", "")
#: What shows that a telephone has a new secret. Nobody logs in to its own pages for that: what it fetched tells.
_EVIDENCE: Final = {"sip": Evidence.USE, "admin": Evidence.FETCH}


def _connect(target: Target, tools: Tools) -> Provider:
    from commsroom.backends.phone.client import RealClient
    from commsroom.backends.phone.provider import PhoneProvider

    mine = settings.of(target)
    client = RealClient(target, mine, tools.deadlines)
    return PhoneProvider(target.system, mine.place(target), tools, client)


def _fake(target: Target, tools: Tools, state: Path | None) -> Provider:
    from commsroom.backends.phone.fake import FakeClient
    from commsroom.backends.phone.provider import PhoneProvider

    mine = settings.of(target)
    client = FakeClient(target.system, state, services(mine))
    return PhoneProvider(target.system, mine.place(target), tools, client)


BACKEND: Final = Backend(
    name="phone",
    settings=Settings,
    supports={PhoneProfile.kind: frozenset({*wire.WRITTEN, "as_rendered"})},
    connect=_connect,
    fake=_fake,
    slots={PhoneProfile.kind: frozenset(PhoneProfile.slots)},
    logins={PhoneProfile.kind: frozenset(_EVIDENCE)},
    evidence={PhoneProfile.kind: _EVIDENCE},
    refusals=lambda wanted: wire.refusals(wanted, _ANYWHERE),
    services=lambda target: services(settings.of(target)),
    judge=inspecting.judge,
    staged=staging.staged,
)
