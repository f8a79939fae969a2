"""Asterisk: extensions, voicemail, classes of service, conference rooms, hunt groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from commsroom.backends.asterisk import inspecting, wire
from commsroom.backends.asterisk.services import access, services
from commsroom.backends.asterisk.settings import Settings
from commsroom.errors import UsageError
from commsroom.estate.backend import Backend

if TYPE_CHECKING:
    from pathlib import Path

    from commsroom.estate.backend import Provider, Target, Tools


def _settings(target: Target) -> Settings:
    try:
        return Settings.model_validate(dict(target.variables))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise UsageError(
            f"{target.system}: variable {name}: {first['msg']}", remedy="set it in the inventory"
        ) from None


def _connect(target: Target, tools: Tools) -> Provider:
    from commsroom.backends.asterisk.client import RealClient
    from commsroom.backends.asterisk.provider import AsteriskProvider

    settings = _settings(target)
    client = RealClient(target, settings, tools.deadlines)
    return AsteriskProvider(target.system, settings, tools, client)


def _fake(target: Target, tools: Tools, state: Path | None) -> Provider:
    from commsroom.backends.asterisk.fake import FakeClient
    from commsroom.backends.asterisk.provider import AsteriskProvider

    settings = _settings(target)
    client = FakeClient(target.system, settings, state)
    return AsteriskProvider(target.system, settings, tools, client)


BACKEND: Final = Backend(
    name="asterisk",
    settings=Settings,
    supports={name: frozenset(kind.names()) for name, kind in wire.KINDS.items()},
    connect=_connect,
    fake=_fake,
    slots={name: frozenset(kind.slots) for name, kind in wire.KINDS.items() if kind.slots},
    logins={"extension": frozenset({"sip"})},
    refusals=wire.refusals,
    services=lambda target: services(_settings(target)),
    judge=inspecting.judge,
    access=lambda target, resource: access(_settings(target), resource),
)
