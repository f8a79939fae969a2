"""A Linux machine as an access switch: Open vSwitch carries the VLANs, lldpd tells phones theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from commsroom.backends.linux_switch import inspecting, wire
from commsroom.backends.linux_switch.settings import Settings
from commsroom.errors import UsageError
from commsroom.estate.backend import Backend, PortNames

if TYPE_CHECKING:
    from pathlib import Path

    from commsroom.backends.linux_switch.client import Client
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


def _provider(target: Target, client: Client) -> Provider:
    from commsroom.backends.linux_switch.provider import LinuxSwitchProvider

    return LinuxSwitchProvider(target.system, client, target.estate / ".commsroom" / "rollback")


def _connect(target: Target, tools: Tools) -> Provider:
    from commsroom.backends.linux_switch.client import RealClient

    return _provider(target, RealClient(target, _settings(target), tools.deadlines))


def _fake(target: Target, tools: Tools, state: Path | None) -> Provider:
    from commsroom.backends.linux_switch.fake import FakeClient

    _settings(target)
    return _provider(target, FakeClient(target.system, state))


BACKEND: Final = Backend(
    name="linux_switch",
    settings=Settings,
    supports={"switch_port": wire.SUPPORTED},
    connect=_connect,
    fake=_fake,
    refusals=wire.refusals,
    judge=inspecting.judge,
    ports=PortNames(wire.port_named, "swp7"),
)
