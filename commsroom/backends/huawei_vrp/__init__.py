"""Huawei VRP access switches (S5700 and its successors): VLANs, phones' ports, the switch's own services."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from commsroom.backends import switch_inspection
from commsroom.backends.huawei_vrp.dialect import Dialect, refusals
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
    from commsroom.backends.huawei_vrp.client import client

    return _provider(target, tools, client(target, tools.deadlines))


def _fake(target: Target, tools: Tools, state: Path | None) -> Provider:
    from commsroom.backends.huawei_vrp.fake import client

    return _provider(target, tools, client(state))


BACKEND: Final = Backend(
    name="huawei_vrp",
    settings=Settings,
    supports={
        "switch_vlan": frozenset(SwitchVlan.names()),
        "switch_port": frozenset(SwitchPort.names()),
        # An SNMPv3 user's passwords are asked for in a dialogue: not ours yet, and said so in each plan.
        "switch_services": frozenset(SwitchServices.names()) - {"snmp_user"},
    },
    connect=_connect,
    fake=_fake,
    refusals=refusals,
    judge=switch_inspection.judge,
)
