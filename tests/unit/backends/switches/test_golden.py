"""What we read of configurations as the vendors' documents have them, and what we would send to change them.

golden/README.md names the documents.
"""

import dataclasses
import json
from pathlib import Path

import pytest
import vendors
from vendors import VENDORS

from commsroom.backends.network_cli import config as switch_config
from commsroom.estate.kinds.network import SwitchPort, SwitchServices, SwitchVlan
from commsroom.estate.resource import Action, Address, Change, Resource, differing_fields

GOLDEN = Path(__file__).parent / "golden"
PHONE = SwitchPort(
    description="LH-P900 new.phone", access_vlan=10, voice_vlan=20, lldp_med=True, poe=True,
    max_macs=2, secure_macs=("80:5e:c0:00:00:01",),
)  # fmt: skip
#: Golden files, by name: whose they are.
FILES = {name: backend for backend, vendor in VENDORS.items() for name in vendor.GOLDEN}


def held(name):
    """Read what a switch prints for each command; what follows the first is in a file named by it, where it matters."""
    first, *others = vendors.cli(FILES[name]).reads
    texts = {first: (GOLDEN / f"{name}.cfg").read_text()}
    for command in others:
        path = GOLDEN / f"{name}.{command.replace(' ', '-')}"
        texts |= {command: path.read_text()} if path.exists() else {}
    dialect = vendors.dialect(FILES[name])
    return dialect, dialect.configuration(texts)


def compare(path, text, request):
    if request.config.getoption("--update"):
        path.write_text(text)
    assert text == path.read_text()


@pytest.mark.parametrize("name", FILES)
def test_a_documented_configuration_is_read_as_what_it_says(name, request):
    dialect, config = held(name)
    bodies = {"/".join(key): body.values() for key, body in sorted(dialect.bodies(config).items())}
    found = {
        "objects": bodies,
        "sealed": sorted(dialect.sealed(config)),
        "reverts": dialect.reverts(config),
    }
    compare(GOLDEN / f"{name}.json", json.dumps(found, indent=1) + "\n", request)


def changes(name, bodies):
    phone, dark, new = VENDORS[FILES[name]].GOLDEN[name]
    moved = dataclasses.replace(bodies["switch_port", phone], secure_macs=("80:5e:c0:00:00:02",))
    yield "a phone on a new port", "switch_port", new, PHONE
    yield "another phone on its port", "switch_port", phone, moved
    yield "a phone on a port without power", "switch_port", dark, PHONE
    yield "the phone is gone", "switch_port", phone, None
    yield "another name of a VLAN", "switch_vlan", "20", SwitchVlan(name="telephony")
    yield (
        "other servers",
        "switch_services",
        "device",
        SwitchServices(ntp=("198.51.100.7",), syslog=()),
    )


@pytest.mark.parametrize("name", FILES)
def test_a_typical_change_is_these_commands_and_these_lead_back(name, request):
    told = []
    for title, kind, key, body in changes(name, held(name)[0].bodies(held(name)[1])):
        dialect, config = held(name)
        address = Address("sw", kind, key)
        old = dialect.bodies(config).get((kind, key))
        before = Resource(address, old) if old is not None else None
        after = Resource(address, body) if body is not None else None
        action = Action.DELETE if after is None else Action.UPDATE if before else Action.CREATE
        fields = (
            differing_fields(body, old, body.names())
            if before and after
            else tuple(body.values())
            if body
            else ()
        )
        block = switch_config.block(
            dialect, config, Change(action, address, before, after, fields), {}
        )
        told += [
            f"{title}: {address}",
            *(f"  > {line}" for line in block.commands),
            *(f"  < {line}" for line in block.rollback),
        ]
        if body is not None and kind != "switch_services":
            names = [name for name in body.names() if name not in dialect.unsupported]
            assert differing_fields(body, dialect.bodies(config)[kind, key], names) == ()
    compare(GOLDEN / f"{name}.commands", "\n".join([*told, ""]), request)
