"""A wipe station: a machine that disks of retired equipment are attached to, to be erased and verified."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from commsroom.backends.wipe_station.settings import Settings
from commsroom.estate.backend import Backend

if TYPE_CHECKING:
    from pathlib import Path

    from commsroom.estate.backend import Provider, Target, Tools


def _connect(target: Target, tools: Tools) -> Provider:
    from commsroom.backends.wipe_station.client import RealClient
    from commsroom.backends.wipe_station.provider import WipeStation

    return WipeStation(target.system, RealClient(target, tools.deadlines))


def _fake(target: Target, tools: Tools, state: Path | None) -> Provider:
    from commsroom.backends.wipe_station.fake import FakeClient
    from commsroom.backends.wipe_station.provider import WipeStation

    return WipeStation(target.system, FakeClient(state))


#: It holds no objects of policy: nothing is planned for it.
BACKEND: Final = Backend(
    name="wipe_station", settings=Settings, supports={}, connect=_connect, fake=_fake
)
