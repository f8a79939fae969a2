"""A used telephone goes to the next person: its profile and its port follow, and no guard is in the way."""

import pytest

from commsroom.app.estate import open_estate
from commsroom.estate.resource import Address

DAY = ("--as-of", "2026-03-02")
DEVICES = """\
asset_tag,kind,vendor,model,serial,mac,purchased,warranty_end,price,site,holder,state,port
T-1,phone,Yealink,T54W,S1,80:5e:c0:00:00:01,2024-03-11,2027-03-10,5200,home,P1,issued,sw1:Gi1/0/1
T-2,phone,Yealink,T54W,S2,80:5e:c0:00:00:02,2024-03-11,2027-03-10,5200,home,P2,issued,sw1:Gi1/0/2
"""
PROFILE = Address("prov1", "phone_profile", "T-1")
PORT = Address("sw1", "switch_port", "Gi1/0/1")


@pytest.fixture
def desks(fresh):
    """An estate with two telephones on a switch, applied."""
    store = "---\nplaces: {store: {name: Store, site: home}}\n"
    (fresh.path / "policies/equipment.yml").write_text(store)
    fresh.wire(DEVICES)
    fresh.applied = lambda *words: fresh("apply", "--yes", "--allow-removal", "total", *DAY, *words)
    assert persons(fresh)[PROFILE] == persons(fresh)[PORT] == "P1"
    return fresh


def persons(estate):
    with open_estate(estate.path, simulate=estate.path) as opened:
        return opened.ledger.known().persons


def test_a_used_telephone_is_handed_to_the_next_person(desks):
    assert desks("device", "return", "T-1", simulated=False).code == 0
    issued = desks("device", "issue", "T-1", "P4", "--port", "sw1:Gi1/0/1", simulated=False)
    assert issued.code == 0
    done = desks.applied()
    assert done.code == 0, done.err
    assert persons(desks)[PROFILE] == persons(desks)[PORT] == "P4"


def test_two_telephones_may_change_ports(desks):
    desks.policy("devices.csv", "P1,issued,sw1:Gi1/0/1", "P1,issued,sw1:Gi1/0/X")
    desks.policy("devices.csv", "P2,issued,sw1:Gi1/0/2", "P2,issued,sw1:Gi1/0/1")
    desks.policy("devices.csv", "sw1:Gi1/0/X", "sw1:Gi1/0/2")
    done = desks.applied()
    assert done.code == 0, done.err
    assert persons(desks)[PORT] == "P2"


def test_an_apply_for_who_had_it_leaves_it_to_who_has_it_now(desks):
    assert desks("device", "return", "T-1", simulated=False).code == 0
    assert desks("device", "issue", "T-1", "P4", simulated=False).code == 0
    planned = desks("plan", "--person", "P1", *DAY)
    assert "phone_profile/T-1" not in planned.out
    assert "phone_profile/T-1" in desks("plan", "--person", "P4", *DAY).out


def test_a_port_on_a_switch_of_another_site_is_refused_and_the_one_it_had_is_kept(desks):
    desks.policy("company.yml", "sites:\n", "sites:\n  far: {name: Far, country: TW}\n")
    hosts = desks.path / "inventory/hosts.yml"
    hosts.write_text(
        hosts.read_text() + "    sw2:\n      ansible_host: 127.0.0.1\n"
        "      commsroom_backend: cisco_ios\n      commsroom_sites: [far]\n"
    )
    before = (desks.path / "sw1.json").read_bytes()
    desks.policy("devices.csv", "sw1:Gi1/0/1", "sw2:Gi1/0/7")
    for verb in (["plan"], ["apply", "--yes"], ["drift"]):
        done = desks(*verb)
        assert done.code == 1
        assert "policies/devices.csv:2: port: T-1 is at home, and sw2 serves far" in done.err
    assert (desks.path / "sw1.json").read_bytes() == before
