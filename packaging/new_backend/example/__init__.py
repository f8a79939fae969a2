"""Accounts of the service `example`, which reads them from a JSON file and serves HTTPS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commsroom.backends.example.services import services
from commsroom.backends.example.settings import Settings
from commsroom.estate.backend import Backend

if TYPE_CHECKING:
    from pathlib import Path

    from commsroom.estate.backend import Provider, Target, Tools


def _connect(target: Target, tools: Tools) -> Provider:
    from commsroom.backends.example.client import SshClient
    from commsroom.backends.example.provider import ExampleProvider

    return ExampleProvider(target, tools, SshClient(target, tools.deadlines))


def _fake(target: Target, tools: Tools, state: Path | None) -> Provider:
    from commsroom.backends.example.fake import FakeClient
    from commsroom.backends.example.provider import ExampleProvider

    return ExampleProvider(target, tools, FakeClient(state))


BACKEND = Backend(
    name="example",
    settings=Settings,
    supports={"account": frozenset({"display_name", "suspended"})},
    slots={"account": frozenset({"password"})},
    connect=_connect,
    fake=_fake,
    services=lambda target: services(Settings.of(target.variables)),
)
