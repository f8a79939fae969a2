"""Makes a back end of a vendor's words: dialect, command line and fake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from commsroom.backends.network_cli import inspection
from commsroom.backends.network_cli.connecting import RealClient
from commsroom.backends.network_cli.fake import FakeClient
from commsroom.backends.network_cli.settings import Settings
from commsroom.estate.backend import Backend, Entrance, Keys, PortNames
from commsroom.estate.kinds.network import (
    SwitchLogin,
    SwitchPort,
    SwitchServices,
    SwitchVlan,
    login_path,
)
from commsroom.estate.resource import Address

if TYPE_CHECKING:
    from pathlib import Path

    from commsroom.backends.network_cli.dialect import Dialect
    from commsroom.backends.network_cli.fake import Device
    from commsroom.backends.network_cli.session import Cli, Client
    from commsroom.estate.backend import Provider, Target, Tools


#: VRP locks a user after three refusals in five minutes, unless told otherwise; none is known to be stricter.
_TRIES: Final = 2


def entrance(target: Target) -> Entrance | None:
    """Return the user we log in as by password; None where a key lets us in, or nobody is named."""
    user = target.variables.get("ansible_user")
    if not isinstance(user, str) or target.variables.get("ansible_ssh_private_key_file"):
        return None
    address = Address(target.system, SwitchLogin.kind, user)
    return Entrance(address, SwitchLogin.slots[0], login_path(target.system, user))


def switch_backend(name: str, dialect: Dialect, cli: Cli, device: Device) -> Backend:
    """Return the back end that inventory calls `name`."""

    def provider(target: Target, tools: Tools, client: Client) -> Provider:
        # Not before there is a switch to read: whoever only lists back ends need not wait for it.
        from commsroom.backends.network_cli.provider import SwitchProvider

        rollbacks = target.estate / ".commsroom" / "rollback"
        return SwitchProvider(target.system, tools, client, dialect, rollbacks)

    def connect(target: Target, tools: Tools) -> Provider:
        settings, door = Settings.of(target), entrance(target)
        keys = (lambda: tools.keys(door)) if door else Keys
        client = RealClient(target, settings, tools.deadlines, cli, keys)
        return provider(target, tools, client)

    def fake(target: Target, tools: Tools, state: Path | None) -> Provider:
        door = entrance(target)
        client = FakeClient(device, state, dialect.logins, door.address.key if door else "")
        return provider(target, tools, client)

    return Backend(
        name=name,
        settings=Settings,
        supports={
            kind.kind: frozenset(kind.names()) - dialect.unsupported
            for kind in (SwitchVlan, SwitchPort, SwitchServices, SwitchLogin)
        },
        connect=connect,
        fake=fake,
        slots=(
            ({SwitchServices.kind: dialect.slots} if dialect.slots else {})
            | {SwitchLogin.kind: frozenset(SwitchLogin.slots)}
        ),
        logins={SwitchLogin.kind: frozenset(SwitchLogin.slots)},
        entrance=entrance,
        tries=_TRIES,
        refusals=dialect.refusals,
        judge=inspection.judge,
        ports=PortNames(dialect.ports.named, dialect.ports.example),
        erases=dialect.erasing is not None,
    )
