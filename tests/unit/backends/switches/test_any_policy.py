"""For any policy: after apply there is nothing left to do, and the way back leads home."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from vendors import VENDORS, cli, dialect

from commsroom.backends.network_cli import config as switch_config
from commsroom.estate.kinds.network import SwitchPort, SwitchServices, SwitchVlan
from commsroom.estate.resource import Action, Address, Change, Resource, differing_fields

VLANS_OF_TEST = (10, 20, 30)
MACS = st.integers(1, 2**40 - 1).map(
    lambda n: ":".join(f"{n:012x}"[i : i + 2] for i in range(0, 12, 2))
)
TEXT = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:@-]{0,20}", fullmatch=True)
PORT = st.builds(
    lambda text, access, voice, med, poe, macs, others: SwitchPort(
        description=text, access_vlan=access, voice_vlan=voice, lldp_med=med, poe=poe,
        max_macs=len(macs) + others, secure_macs=tuple(sorted(macs)),
    ),
    TEXT, st.sampled_from((10, 30)), st.sampled_from((0, 20)), st.booleans(), st.booleans(),
    st.sets(MACS, max_size=3), st.sampled_from((0, 1)),
)  # fmt: skip
ADDRESS = st.sampled_from(("192.0.2.1", "192.0.2.2", "198.51.100.7"))
SERVICES = st.builds(
    lambda ntp, syslog: SwitchServices(
        ntp=tuple(sorted(ntp)), syslog=tuple(sorted(syslog)), ssh_only=True, lldp=True
    ),
    st.sets(ADDRESS),
    st.sets(ADDRESS),
)


class Vendor:
    """A strict simulator without SSH, and the dialect that speaks to it."""

    def __init__(self, simulator, dialect, cli):
        self.device = simulator.Device("SW")
        self.cli = simulator.Cli(self.device)
        self.dialect, self.words, self.port = dialect, cli, simulator.PORTS.format(7)

    def config(self):
        return self.dialect.configuration({key: self.cli.answer(key) for key in self.words.reads})

    def send(self, commands):
        self.cli.answer(self.words.enter)
        for command in commands:
            answer = self.cli.answer(command)
            assert "%" not in answer, (command, answer)
            assert "rror" not in answer, (command, answer, commands)
            assert "reject" not in answer, (command, answer, commands)
        self.cli.answer(self.words.leave)

    def differing(self, body, held):
        """Name the fields that are otherwise, of those that the vendor can hold."""
        names = [name for name in body.names() if name not in self.dialect.unsupported]
        return differing_fields(body, held, names)

    def make(self, kind, key, body):
        """Do as apply does with one change; return its way back."""
        config = self.config()
        held = self.dialect.bodies(config).get((kind, key))
        address = Address("sw", kind, key)
        before = Resource(address, held) if held else None
        names = self.differing(body, held) if held else tuple(body.values())
        change = Change(Action.UPDATE, address, before, Resource(address, body), names)
        if not names:
            return ()
        block = switch_config.block(self.dialect, config, change, {})
        self.send(block.commands)
        return block.rollback


@pytest.mark.parametrize("backend", VENDORS)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(first=PORT, second=PORT, services=SERVICES)
def test_any_port_and_services_are_there_after_apply_and_gone_after_rollback(
    backend, first, second, services
):
    vendor = Vendor(VENDORS[backend], dialect(backend), cli(backend))
    for number in VLANS_OF_TEST:
        vendor.make("switch_vlan", str(number), SwitchVlan(name=f"v{number}"))
    for kind, key, body in (
        ("switch_port", vendor.port, first),
        ("switch_port", vendor.port, second),
        ("switch_services", "device", services),
    ):
        before = vendor.config()
        back = vendor.make(kind, key, body)
        held = vendor.dialect.bodies(vendor.config()).get((kind, key))
        if held is not None or any(body.values().get(name) for name in ("ntp", "description")):
            assert vendor.differing(body, held) == ()
        after = vendor.config()
        vendor.send(back)
        found = vendor.config()
        assert {name: sorted(lines) for name, lines in found.sections.items()} == {
            name: sorted(lines) for name, lines in before.sections.items()
        }
        vendor.make(kind, key, body)
        assert vendor.dialect.bodies(vendor.config()) == vendor.dialect.bodies(after)
