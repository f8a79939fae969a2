"""Prosody: chat accounts, members-only rooms, and the right to share files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from commsroom.backends.prosody import inspecting, wire
from commsroom.backends.prosody.services import access, services
from commsroom.backends.prosody.settings import Settings
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
    from commsroom.backends.prosody.client import RealClient
    from commsroom.backends.prosody.provider import ProsodyProvider

    settings = _settings(target)
    client = RealClient(target, settings, tools.deadlines)
    return ProsodyProvider(target.system, settings, tools, client)


def _fake(target: Target, tools: Tools, state: Path | None) -> Provider:
    from commsroom.backends.prosody.fake import FakeClient
    from commsroom.backends.prosody.provider import ProsodyProvider

    settings = _settings(target)
    client = FakeClient(target.system, settings, state)
    return ProsodyProvider(target.system, settings, tools, client)


BACKEND: Final = Backend(
    name="prosody",
    settings=Settings,
    supports={
        "account": frozenset({"display_name", "file_sharing", "suspended"}),
        "room": frozenset({"title", "members_only", "moderated"}),
        "member": frozenset({"affiliation"}),
    },
    connect=_connect,
    fake=_fake,
    slots={"account": frozenset({"password"})},
    logins={"account": frozenset({"password"})},
    refusals=wire.refusals,
    services=lambda target: services(_settings(target)),
    judge=inspecting.judge,
    channel="chat",
    access=lambda target, resource: access(_settings(target), resource),
)
