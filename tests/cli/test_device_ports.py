"""The port of a device: one spelling, on a switch of ours; told alike by validate, device and plan."""

import json

import pytest

HEADER = (
    "asset_tag,kind,vendor,model,serial,mac,purchased,warranty_end,price,site,holder,state,port\n"
)
NETWORK = """\
---
sites:
  home: {data: {id: 10, name: data}, voice: {id: 20, name: voice}}
"""
SWITCH = """\
    sw1:
      ansible_host: 127.0.0.1
      ansible_user: nobody
      commsroom_backend: cisco_ios
"""


class Plugged:
    """An estate with a switch and a phone on each of some ports."""

    def __init__(self, estate):
        self.estate = estate
        (self.path / "policies/network.yml").write_text(NETWORK)
        with (self.path / "inventory/hosts.yml").open("a") as file:
            file.write(SWITCH)

    @property
    def path(self):
        return self.estate.path

    def ports(self, *ports):
        rows = "".join(
            f"T-{n},phone,Yealink,T54W,S{n},80:5e:c0:00:00:0{n},,,,home,P{n},issued,{port}\n"
            for n, port in enumerate(ports, 1)
        )
        (self.path / "policies/devices.csv").write_text(HEADER + rows)

    def warnings(self):
        done = self.estate("validate", simulated=False)
        assert done.code == 0, done.err
        lines = done.out.splitlines()
        return [line.partition("devices.csv:")[2] for line in lines if "devices.csv" in line]

    def unsupported(self):
        return self.estate("plan", "--json").document["unsupported"]


@pytest.fixture
def plugged(fresh):
    return Plugged(fresh)


SPELT = {
    "sw1:gi1/0/2": "'gi1/0/2' is Gi1/0/2 on sw1 (write sw1:Gi1/0/2)",
    "sw1:GigabitEthernet1/0/1": "'GigabitEthernet1/0/1' is Gi1/0/1 on sw1 (write sw1:Gi1/0/1)",
    "sw1:Nonsense9": "no port of sw1 can be called 'Nonsense9' (write it as in sw1:Gi1/0/7)",
    "SW1:Gi1/0/1": "there is no system 'SW1' in the inventory (did you mean 'sw1'?)",
    "pbx1:Gi1/0/1": "pbx1 is no switch (one of sw1)",
}


def test_a_port_that_cannot_be_meant_is_refused_to_a_device_and_warned_of_in_the_register(plugged):
    plugged.ports("sw1:Gi1/0/1", "")
    before = (plugged.path / "policies/devices.csv").read_bytes()
    for port, why in SPELT.items():
        done = plugged.estate("device", "move", "T-2", "--port", port, simulated=False)
        assert (done.code, done.err) == (1, f"error: {port}: {why}\n")
    assert (plugged.path / "policies/devices.csv").read_bytes() == before
    plugged.ports(*(port for port in SPELT if port != "SW1:Gi1/0/1"))
    told = plugged.warnings()
    assert told == [
        f"{n}:1: T-{n - 1}: port {port}: {why}"
        for n, (port, why) in enumerate(
            ((port, why) for port, why in SPELT.items() if port != "SW1:Gi1/0/1"), 2
        )
    ]


def test_a_plan_names_the_ports_that_no_switch_of_ours_can_hold(plugged):
    plugged.ports("sw1:Gi1/0/1", "sw1:gi1/0/2", "pbx1:Gi1/0/6", "sw-zz:Gi1/0/7")
    told = plugged.unsupported()
    assert told["sw1:switch_port/gi1/0/2"] == "no such name of a port: write Gi1/0/2"
    assert told["pbx1:switch_port/Gi1/0/6"].endswith("port of T-3: pbx1 is no switch (one of sw1)")
    assert "there is no system 'sw-zz'" in told["sw-zz:switch_port/Gi1/0/7"]
    assert "sw1:switch_port/Gi1/0/1" not in told
    narrowed = plugged.estate("plan", "--only", "sw1:*", "--json").document["unsupported"]
    assert set(narrowed) == {"sw1:switch_port/gi1/0/2"}
    assert plugged.estate("apply", "--yes").code in {0, 2, 4}
    assert "Traceback" not in plugged.estate("prove").err


def test_a_switch_that_may_be_somebody_elses_is_noted_once_and_stops_nothing(plugged):
    plugged.ports("sw1:Gi1/0/1", "sw-zz:Gi1/0/2", "sw-zz:Gi1/0/3")
    assert plugged.warnings() == [
        "3:1: T-2: port sw-zz:Gi1/0/2: there is no system 'sw-zz' in the inventory (one of sw1)"
    ]
    done = plugged.estate("device", "move", "T-1", "--port", "sw-zz:Gi1/0/9", simulated=False)
    assert done.code == 0
    assert "T-1: port sw-zz:Gi1/0/9: there is no system 'sw-zz' in the inventory" in done.out


def test_without_any_switch_ports_are_somebody_elses_save_those_of_another_system_of_ours(plugged):
    hosts = plugged.path / "inventory/hosts.yml"
    hosts.write_text(hosts.read_text().replace(SWITCH, ""))
    plugged.ports("sw-zz:whatever", "pbx1:Gi1/0/2")
    assert plugged.warnings() == ["3:1: T-2: port pbx1:Gi1/0/2: pbx1 is no switch"]


def test_a_telephone_at_a_site_without_vlans_is_told_not_dropped(plugged):
    plugged.ports("sw1:Gi1/0/1", "sw1:Gi1/0/2")
    (plugged.path / "policies/network.yml").write_text("---\nsites: {}\n")
    why = "network.yml has no VLANs for the site home: the port is left alone"
    assert plugged.warnings() == [f"2:1: T-1: port sw1:Gi1/0/1: {why}"]
    assert json.dumps(plugged.unsupported()).count(why) == 2


TWO_SITES = """\
---
sites:
  home: {data: {id: 10, name: data}, voice: {id: 20, name: voice}}
  away: {data: {id: 20, name: cameras}, voice: {id: 30, name: data}}
"""


def test_validate_refuses_what_a_plan_would_all_clashes_of_a_shared_switch_at_once(plugged):
    plugged.ports("sw1:Gi1/0/1")
    plugged.estate.policy("company.yml", "sites:\n", "sites:\n  away: {name: Away, country: TW}\n")
    (plugged.path / "policies/network.yml").write_text(TWO_SITES)
    done = plugged.estate("validate", simulated=False)
    assert done.code == 1
    remedy = "(give one of them another number or name, or mend commsroom_sites)"
    first, second = done.err.splitlines()
    assert first.endswith(
        f"sw1 serves home and away, and VLAN 20 is voice at one and cameras at the other {remedy}"
    )
    assert second.endswith(
        f"sw1 serves home and away, and data is VLAN 10 at one and 30 at the other {remedy}"
    )
    assert plugged.estate("plan").err == done.err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("[hom]", "inventory: sw1: commsroom_sites: there is no site 'hom' (one of home)"),
        ("5", "warning: inventory: inventory: sw1: commsroom_sites: 5 is not a list of sites"),
    ],
    ids=["misspelt", "no list"],
)
def test_validate_tells_of_sites_that_a_switch_cannot_serve(plugged, line, said):
    plugged.ports("sw1:Gi1/0/1")
    hosts = plugged.path / "inventory/hosts.yml"
    hosts.write_text(f"{hosts.read_text()}      commsroom_sites: {line}\n")
    done = plugged.estate("validate", simulated=False)
    assert said in done.out + done.err


def test_validate_foresees_what_a_switch_keeps_to_itself(plugged):
    plugged.ports("sw1:Gi1/0/1")
    plugged.estate.policy("network.yml", "id: 20", "id: 1002")
    done = plugged.estate("validate", simulated=False)
    told = [line for line in done.out.splitlines() if "IOS keeps VLAN 1002 to itself" in line]
    assert [line.split(": ")[2] for line in told] == [
        "sw1:switch_port/Gi1/0/1 is left out, since sw1 cannot hold it",
        "sw1:switch_vlan/1002 is left out, since sw1 cannot hold it",
    ]


PROVISIONING = """\
    prov1:
      ansible_host: 127.0.0.1
      commsroom_backend: phone
      phone_exchange: pbx1.small.example
"""


@pytest.mark.parametrize(
    ("file", "old", "new", "why"),
    [
        ("company.yml", "Asia/Taipei", "Africa/Casablanca", "Yealink: a value cannot be written: the clocks of Africa/Casablanca"),
        ("phones.yml", "---\n", "---\ntemplates: {yealink: 99}\n", "Yealink has no template v99"),
    ],
    ids=["clocks by no rule", "no such template"],
)  # fmt: skip
def test_validate_foresees_that_telephones_get_no_profile_and_says_how_many(
    plugged, file, old, new, why
):
    with (plugged.path / "inventory/hosts.yml").open("a") as hosts:
        hosts.write(PROVISIONING)
    (plugged.path / "policies/phones.yml").write_text("---\n")
    plugged.ports("sw1:Gi1/0/1", "sw1:Gi1/0/2")
    assert plugged.warnings() == []
    plugged.estate.policy(file, old, new)
    (told,) = plugged.warnings()
    assert f"prov1:phone_profile/T-1 is left out, since prov1 cannot hold it: {why}" in told
    assert told.endswith("; 1 more for the same reason")
