"""Cisco IOS and IOS XE access switches: VLANs, phones' ports, the switch's own services."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from commsroom.backends import switch_inspection
from commsroom.backends.cisco_ios.dialect import Dialect, refusals
from commsroom.backends.switch_settings import Settings
from commsroom.estate.backend import Backend
from commsroom.estate.kinds.network import SwitchPort, SwitchServices, SwitchVlan

if TYPE_CHECKING:
    from pathlib import Path

    from commsroom.backends.switch_session import Client
    from commsroom.estate.backend import Provider, Target, Tools


def _provider(target: Target, tools: Tools, client: Client) -> Provider:
    from commsroom.backends.switch_provider import SwitchProvider

    rollbacks = target.estate / ".commsroom" / "rollback"
    return SwitchProvider(target.system, tools, client, Dialect(), rollbacks)


def _connect(target: Target, tools: Tools) -> Provider:
    from commsroom.backends.cisco_ios.client import client

    return _provider(target, tools, client(target, tools.deadlines))


def _fake(target: Target, tools: Tools, state: Path | None) -> Provider:
    from commsroom.backends.cisco_ios.fake import client

    return _provider(target, tools, client(state))


BACKEND: Final = Backend(
    name="cisco_ios",
    settings=Settings,
    supports={
        kind.kind: frozenset(kind.names()) for kind in (SwitchVlan, SwitchPort, SwitchServices)
    },
    connect=_connect,
    fake=_fake,
    slots={"switch_services": frozenset(SwitchServices.slots)},
    refusals=refusals,
    judge=switch_inspection.judge,
)
