"""NanoMDM: an MDM server that erases, locks and releases mobiles when it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from commsroom.backends.nanomdm.settings import Settings
from commsroom.estate.backend import Backend

if TYPE_CHECKING:
    from pathlib import Path

    from commsroom.estate.backend import Provider, Target, Tools


def _connect(target: Target, tools: Tools) -> Provider:
    from commsroom.backends.nanomdm.client import RealClient
    from commsroom.backends.nanomdm.provider import NanoMdm

    settings = Settings.of(target)
    return NanoMdm(RealClient(target, settings, tools.deadlines), settings)


def _fake(target: Target, _tools: Tools, state: Path | None) -> Provider:
    from commsroom.backends.nanomdm.fake import FakeClient
    from commsroom.backends.nanomdm.provider import NanoMdm

    return NanoMdm(FakeClient(state), Settings.of(target))


#: It holds no objects of policy: nothing is planned for it.
BACKEND: Final = Backend(
    name="nanomdm", settings=Settings, supports={}, connect=_connect, fake=_fake
)
