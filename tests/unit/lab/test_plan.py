"""Which servers the lab has follows from the inventory alone; who is not root goes through sudo."""

import pytest

from commsroom.lab import elevated, network, plan, servers
from commsroom.lab.errors import LabFailed, LabUnavailable

HOSTVARS = {
    "pbx1": {
        "ansible_host": "198.18.7.11", "commsroom_backend": "asterisk",
        "commsroom_domain": "lianhe.example", "pbx_udp": True,
    },
    "im1": {
        "ansible_host": "198.18.7.13", "commsroom_backend": "prosody",
        "commsroom_domain": "lianhe.example", "commsroom_tls_names": ["lianhe.example"],
    },
    "real": {"ansible_host": "203.0.113.9", "commsroom_backend": "prosody"},
    "named": {"ansible_host": "mail.lianhe.example"},
}  # fmt: skip


@pytest.fixture
def inventory(monkeypatch):
    listing = {
        "_meta": {"hostvars": HOSTVARS},
        "pbx": {"hosts": ["pbx1"]},
        "im": {"hosts": ["im1", "real"]},
    }
    monkeypatch.setattr("commsroom.runs.inventory.listing", lambda _estate: listing)
    return listing


@pytest.fixture
def not_root(monkeypatch, tmp_path, inventory):
    monkeypatch.setenv("COMMSROOM_LAB_HOME", str(tmp_path / "lab"))
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "playbooks").mkdir()
    (tmp_path / "playbooks" / "site.yml").write_text("[]\n")

    def sudo(script):
        (tmp_path / "sudo").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "sudo").chmod(0o755)

    return sudo


def test_only_hosts_with_a_lab_address_are_the_labs(inventory, tmp_path):
    found = plan.servers(tmp_path)
    assert [(server.name, server.dns_name, server.groups) for server in found] == [
        ("im1", "im1.lianhe.example", ("im",)),
        ("pbx1", "pbx1.lianhe.example", ("pbx",)),
    ]
    assert found[0].other_names == ("lianhe.example",)


def test_sip_over_udp_is_a_service_only_where_policy_allows_it(inventory, tmp_path):
    assert plan.servers(tmp_path)[1].services == {"sips": 5061, "sip": 5060}
    inventory["_meta"]["hostvars"] = {"pbx1": {**HOSTVARS["pbx1"], "pbx_udp": False}}
    assert plan.servers(tmp_path)[0].services == {"sips": 5061}


def test_estate_without_lab_servers_says_so(inventory, tmp_path):
    inventory["_meta"]["hostvars"] = {"real": HOSTVARS["real"]}
    with pytest.raises(LabUnavailable, match=r"no host has an address in 198\.18\.7\.0/24"):
        plan.servers(tmp_path)


def test_unknown_server_is_refused_by_name(inventory, tmp_path, monkeypatch):
    monkeypatch.setenv("COMMSROOM_LAB_HOME", str(tmp_path / "lab"))
    with pytest.raises(LabUnavailable, match=r"no server fax1 .*one of im1, pbx1"):
        servers.up(tmp_path, progress=print, only=["fax1"])


def test_estate_without_a_playbook_says_so(not_root, tmp_path):
    (tmp_path / "playbooks" / "site.yml").unlink()
    with pytest.raises(LabUnavailable, match=r"site\.yml: there is no such file"):
        servers.up(tmp_path, progress=print)


def test_without_root_and_sudo_it_says_why_and_makes_nothing(not_root, tmp_path):
    with pytest.raises(LabUnavailable, match=r"needs root.*run it as root"):
        servers.up(tmp_path, progress=print)
    assert not (tmp_path / "lab").exists()


def test_sudo_that_asks_for_a_password_is_no_root(not_root, tmp_path):
    not_root("exit 1")
    with pytest.raises(LabUnavailable, match="without a password"):
        servers.up(tmp_path, progress=print)


def test_through_sudo_progress_arrives_and_the_home_is_kept(not_root, tmp_path):
    not_root(
        "[ \"$2\" = true ] && exit 0\necho 'lab   1.0 s  pbx1: starting' >&2\n"
        'case "$*" in *COMMSROOM_LAB_HOME=*/lab*--fresh*) echo \'{"x": 1}\';; *) exit 9;; esac'
    )
    told = []
    found = elevated.call(tmp_path, "up", "--fresh", progress=lambda *words: told.append(words))
    assert found == {"x": 1}
    assert told == [("pbx1", "starting")]


def test_failure_behind_sudo_keeps_its_words(not_root, tmp_path):
    not_root("[ \"$2\" = true ] && exit 0\necho 'lab: making pbx1: no space left' >&2; exit 1")
    with pytest.raises(LabFailed, match="making pbx1: no space left"):
        elevated.call(tmp_path, "down", progress=print)


def test_nothing_runs_before_the_first_up(inventory, tmp_path, monkeypatch):
    monkeypatch.setenv("COMMSROOM_LAB_HOME", str(tmp_path / "lab"))
    found = servers.status(tmp_path).document()
    assert found == {
        "up": False, "hosts": {}, "services": {}, "ca": str(tmp_path / ".commsroom/ca/ca.crt"),
    }  # fmt: skip


def test_host_made_anew_keeps_its_hardware_address():
    assert network._mac("198.18.7.11") == "02:00:c6:12:07:0b"


def test_interface_names_fit_the_kernel():
    assert all(len(network._port(str(address))) <= 15 for address in network.NETWORK)
