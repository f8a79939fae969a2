"""A Linux switch and a provisioning server take part in `commsroom inspect`; here simulated, so quick."""

import json

import pytest
from estate_of_switches import make, run

pytestmark = pytest.mark.slow  # each runs the command as a process of its own


class Twins:
    """Systems that are simulated: nothing listens anywhere."""

    ports = (22, 443)

    def variables(self, number):
        backend = {} if number == 0 else {"commsroom_backend": "phone"}
        return {"commsroom_simulated": True, "ansible_user": "root", **backend}


@pytest.fixture
def estate(tmp_path):
    root = make(tmp_path, Twins(), "linux_switch", phones=1, port="swp{}")
    hosts = root / "inventory" / "hosts.yml"
    text = hosts.read_text("utf-8").replace('"sw001"', '"prov1"')
    hosts.write_text(text, "utf-8")
    register = root / "policies" / "devices.csv"
    lines = register.read_text("utf-8").splitlines()
    register.write_text("\n".join([*lines[:2], ""]), "utf-8")
    return root


def inspect(root):
    done = run(root, "inspect", "--only", "sw0*", "--only", "prov1*", "--json")
    assert "Traceback" not in done.stderr
    document = json.loads(done.stdout)
    return done.returncode, {item["address"]: item for item in document["checks"]}, document


def test_they_are_inspected_and_nothing_is_unknown(estate):
    code, checks, document = inspect(estate)
    assert not document["findings"]
    assert [item for item in checks.values() if item["ok"] is not True] == []
    assert code == 0
    assert set(checks) >= {
        "sw000:server/Open vSwitch", "sw000:server/lldpd", "sw000:port/*", "sw000:voice-vlan/*",
        "sw000:disk//", "prov1:server/nginx", "prov1:disk//var/lib/commsroom/provisioning",
        "prov1:fetches/telephones", "prov1:certificate/provisioning 443",
    }  # fmt: skip


FAULTS = {
    "a dead daemon": (
        "sw000", {"switching": {"runs": False}}, {"sw000:server/Open vSwitch"}, 2,
    ),
    "a daemon that hangs": (
        "sw000", {"switching": {"behind": True}}, {"sw000:server/Open vSwitch"}, 2,
    ),
    "a port in error": (
        "sw000", {"switching": {"faults": {"swp7": "could not open network device"}}}, {"sw000:port/swp7"}, 2,
    ),
    "a telephone nobody told": (
        "sw000", {"voice": {"phones": {"swp3": {"told": 0, "names": 0}}}}, {"sw000:voice-vlan/swp3"}, 2,
    ),
    "a telephone with another VLAN": (
        "sw000", {"voice": {"phones": {"swp3": {"told": 20, "names": 99}}}}, {"sw000:voice-vlan/swp3"}, 2,
    ),
    "lldpd does not answer": (
        "sw000", {"lldp": {"unknown": "lldpcli: unable to connect"}}, {"sw000:server/lldpd"}, 4,
    ),
    "nonsense": ("sw000", {"switching": [1]}, {"sw000:server/Open vSwitch"}, 4),
    "no room": (
        "prov1", {"store": {"free": 1}}, {"prov1:disk//var/lib/commsroom/provisioning"}, 2,
    ),
    "nginx would not start": (
        "prov1", {"nginx": {"fault": "nginx: no such file"}}, {"prov1:server/nginx"}, 2,
    ),
    "an older profile": (
        "prov1", {"fetches": {"profiles": 3, "older": ["LH-P1"]}}, {"prov1:fetches/telephones"}, 2,
    ),
    "no log of fetches": (
        "prov1", {"fetches": {"unknown": "fetches.log: No such file"}}, {"prov1:fetches/telephones"}, 4,
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_amiss_is_named_with_its_place(estate, fault):
    system, own, wrong, expected = FAULTS[fault]
    twin = estate / ".commsroom" / "simulated" / f"{system}.inspection.json"
    twin.parent.mkdir(parents=True, exist_ok=True)
    twin.write_text(json.dumps({"own": own}), "utf-8")
    code, checks, _ = inspect(estate)
    assert code == expected
    assert {address for address, item in checks.items() if item["ok"] is not True} == wrong


def test_an_end_of_the_certificate_is_told_of_the_provisioning_server(estate):
    twin = estate / ".commsroom" / "simulated" / "prov1.inspection.json"
    twin.parent.mkdir(parents=True, exist_ok=True)
    twin.write_text(json.dumps({"outside": {"provisioning 443": {"days": 2}}}), "utf-8")
    code, checks, _ = inspect(estate)
    assert code == 2
    assert checks["prov1:certificate/provisioning 443"]["ok"] is False
