"""Makes a back end of a vendor's words: dialect, command line and fake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commsroom.backends.network_cli import inspection
from commsroom.backends.network_cli.fake import FakeClient
from commsroom.backends.network_cli.session import RealClient
from commsroom.backends.network_cli.settings import Settings
from commsroom.estate.backend import Backend, PortNames
from commsroom.estate.kinds.network import SwitchPort, SwitchServices, SwitchVlan

if TYPE_CHECKING:
    from pathlib import Path

    from commsroom.backends.network_cli.dialect import Dialect
    from commsroom.backends.network_cli.fake import Device
    from commsroom.backends.network_cli.session import Cli, Client
    from commsroom.estate.backend import Provider, Target, Tools


def switch_backend(name: str, dialect: Dialect, cli: Cli, device: Device) -> Backend:
    """Return the back end that inventory calls `name`."""

    def provider(target: Target, tools: Tools, client: Client) -> Provider:
        # Not before there is a switch to read: whoever only lists back ends need not wait for it.
        from commsroom.backends.network_cli.provider import SwitchProvider

        rollbacks = target.estate / ".commsroom" / "rollback"
        return SwitchProvider(target.system, tools, client, dialect, rollbacks)

    def connect(target: Target, tools: Tools) -> Provider:
        client = RealClient(target, Settings.of(target), tools.deadlines, cli)
        return provider(target, tools, client)

    def fake(target: Target, tools: Tools, state: Path | None) -> Provider:
        return provider(target, tools, FakeClient(device, state))

    return Backend(
        name=name,
        settings=Settings,
        supports={
            kind.kind: frozenset(kind.names()) - dialect.unsupported
            for kind in (SwitchVlan, SwitchPort, SwitchServices)
        },
        connect=connect,
        fake=fake,
        slots={"switch_services": dialect.slots} if dialect.slots else {},
        refusals=dialect.refusals,
        judge=inspection.judge,
        ports=PortNames(dialect.ports.named, dialect.ports.example),
    )
