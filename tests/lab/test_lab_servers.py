"""The lab itself: what is made can be used, is saved without secrets, is repaired, and goes."""

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pytest

from commsroom import lab
from commsroom.lab import engine as engines
from commsroom.lab import home, image, instances, network
from commsroom.lab.commands import Commands
from commsroom.lab.errors import LabFailed, LabUnavailable
from commsroom.secrets.authority import Authority

pytestmark = pytest.mark.lab
ROOT = Path(__file__).parents[2]
NAME, ADDRESS = "labtest", "198.18.7.90"
ROLE = """\
- name: Be something
  ansible.builtin.copy:
    content: one
    dest: /etc/what
    mode: "0644"
- name: Place the key
  ansible.builtin.copy:
    src: "{{ inventory_dir }}/../.commsroom/ca/{{ inventory_hostname }}.key"
    dest: /etc/commsroom/tls/own.key
    mode: "0600"
  tags: [instance]
"""


def silent(_step, _detail):
    pass


def ssh(estate, command, host=NAME):
    done = subprocess.run(
        ["ssh", "-F", estate / ".commsroom/lab/ssh_config", host, command],
        capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    return done.stdout.strip() if done.returncode == 0 else f"failed: {done.stderr}"


@pytest.fixture(scope="module")
def engine():
    found = home.find()
    with found.locked():
        return engines.enter(found, Commands(found.log))


@pytest.fixture
def estate(tmp_path):
    """An estate of one small server, beside whatever else the lab holds."""
    root = tmp_path / "estate"
    for path, text in {
        "inventory/hosts.yml": (
            f"all:\n  children:\n    one:\n      hosts:\n        {NAME}:\n          ansible_host: {ADDRESS}\n"
            "  vars:\n    ansible_ssh_common_args: -F {{ inventory_dir }}/../.commsroom/lab/ssh_config\n"
            "    commsroom_domain: lianhe.example\n"
        ),
        "playbooks/site.yml": "- hosts: one\n  gather_facts: false\n  roles: [one]\n",
        "roles/one/tasks/main.yml": ROLE,
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    shutil.copy(ROOT / "ansible.cfg", root)
    yield root
    lab.down(root)


def test_second_up_changes_nothing_and_takes_no_time(estate):
    lab.up(estate, progress=silent)
    ssh(estate, "touch /root/still-me")
    begun, told = time.monotonic(), []
    assert lab.up(estate, progress=lambda *words: told.append(words)).up
    assert time.monotonic() - begun < 2
    assert told == []
    assert ssh(estate, "ls /root/still-me") == "/root/still-me"


def test_after_down_it_comes_back_as_it_was_saved_with_its_key_and_nothing_else(estate):
    lab.up(estate, progress=silent)
    ssh(estate, "touch /root/an-account")
    lab.down(estate)
    assert not instances.ssh_answers(ADDRESS)
    told, begun = [], time.monotonic()
    lab.up(estate, progress=lambda *words: told.append(words))
    assert time.monotonic() - begun < 15
    assert told == [(NAME, "starting as it was saved")]
    assert ssh(estate, "cat /etc/what; ls /root") == "one"
    assert ssh(estate, "head -1 /etc/commsroom/tls/own.key") == "-----BEGIN PRIVATE KEY-----"


def test_saved_images_hold_no_private_key_and_no_identity(estate, engine):
    lab.up(estate, progress=silent)
    saved = [
        name for name in engine.images() if name.startswith(("commsroom-host-", "commsroom-base"))
    ]
    assert any(name.startswith(f"commsroom-host-{NAME}:") for name in saved)
    for name in saved:
        root = Path(engine.podman("image", "mount", name, step="looking").strip())
        try:
            keys = engine.run(
                "grep", "-rlIE", "^-----BEGIN ([A-Z]+ )?PRIVATE KEY-----", root / "etc", root / "var",
                root / "root", root / "home", root / "srv", step="looking", check=False,
            )  # fmt: skip
            assert keys == "", name
            assert engine.run("cat", root / "etc/machine-id", step="looking") == "", name
            own = engine.run(
                "find", root / "etc/commsroom", "-path", "*/tls/*", "-type", "f", step="looking"
            )
            assert own == "", name
        finally:
            engine.podman("image", "umount", name, step="looking")


def test_server_with_a_private_key_in_its_files_runs_but_is_not_saved(estate, engine):
    tasks = estate / "roles/one/tasks/main.yml"
    tasks.write_text(tasks.read_text().replace("/etc/commsroom/tls/own.key", "/etc/own.key"))
    told = []
    assert lab.up(estate, progress=lambda *words: told.append(words)).up
    assert "is not saved: /etc/own.key holds a private key" in told[-1][1]
    recipe = home.find().notes()["hosts"][NAME]["recipe"]
    assert recipe not in engine.images()


def test_changed_role_runs_on_the_live_server_and_keeps_what_is_on_it(estate):
    lab.up(estate, progress=silent)
    ssh(estate, "touch /root/an-account")
    tasks = estate / "roles/one/tasks/main.yml"
    tasks.write_text(tasks.read_text().replace("content: one", "content: two"))
    lab.up(estate, progress=silent)
    assert ssh(estate, "cat /etc/what; ls /root/an-account") == "two/root/an-account"


def test_failing_role_is_one_line_and_the_next_up_begins_there(estate):
    tasks = estate / "roles/one/tasks/main.yml"
    good = tasks.read_text()
    tasks.write_text("- name: Break\n  ansible.builtin.fail: {msg: the reason why}\n")
    with pytest.raises(LabFailed, match=f"{NAME}: site.yml failed: .*the reason why") as caught:
        lab.up(estate, progress=silent)
    assert "\n" not in str(caught.value)
    tasks.write_text(good)
    assert lab.up(estate, progress=silent).up
    assert ssh(estate, "cat /etc/what") == "one"


def test_lost_server_is_made_anew(estate, engine):
    lab.up(estate, progress=silent)
    engine.podman("kill", f"{instances.PREFIX}{NAME}", step="losing it")
    assert not lab.status(estate).up
    assert lab.up(estate, progress=silent).up
    assert ssh(estate, "cat /etc/what") == "one"


@pytest.mark.parametrize("seconds", [1.2, 3.0])
def test_killed_up_is_finished_by_the_next(estate, seconds):
    lab.up(estate, progress=silent)
    process = subprocess.Popen(
        [sys.executable, "-m", "commsroom.lab", "--estate", estate, "up", "--fresh"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert lab.up(estate, progress=silent).up
    assert ssh(estate, "cat /etc/what") == "one"


def test_two_at_once_are_one_after_the_other(estate):
    argv = [sys.executable, "-m", "commsroom.lab", "--estate", estate, "up"]
    both = [subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in "ab"]
    for each in both:
        out, complaints = each.communicate(timeout=120)
        assert each.returncode == 0, complaints
        assert json.loads(out)["up"] is True


def test_another_estate_takes_the_server_over_with_its_own_key_and_nothing_of_the_first(
    estate, tmp_path
):
    lab.up(estate, progress=silent)
    ssh(estate, "touch /root/an-account")
    other = tmp_path / "other"
    shutil.copytree(estate, other, ignore=shutil.ignore_patterns(".commsroom"))
    assert lab.up(other, progress=silent).up
    assert not lab.status(estate).up
    own = (other / ".commsroom/ca" / f"{NAME}.key").read_text().strip()
    assert ssh(other, "cat /etc/commsroom/tls/own.key") == own
    assert ssh(other, "ls /root") == ""
    lab.down(other)


def test_server_cannot_leave_its_network(estate):
    lab.up(estate, progress=silent, bare=True)
    assert (
        ssh(estate, "ip route") == f"198.18.7.0/24 dev eth0 proto kernel scope link src {ADDRESS}"
    )
    assert ssh(estate, "ip -6 route show default; cat /etc/resolv.conf 2>/dev/null; true") == ""


def test_server_is_a_plain_healthy_debian(estate):
    lab.up(estate, progress=silent, bare=True)
    assert ssh(estate, "systemctl is-system-running --wait") == "running"
    assert ssh(estate, "sed -n s/^VERSION_CODENAME=//p /etc/os-release") == "trixie"
    assert "asterisk" in ssh(estate, "apt-get update -qq && apt-cache policy asterisk")


def test_throw_away_host_leaves_nothing_behind(engine):
    before = {path for path in (ROOT / ".commsroom").rglob("*") if path.is_file()}
    found = lab.run(ROOT, "throwaway", progress=silent, names=["extra.lianhe.example"])
    try:
        shown = subprocess.run(
            ["ssh", "-F", found["ssh_config"], "throwaway", "hostname"],
            capture_output=True, text=True, timeout=20, check=True,
        )  # fmt: skip
        assert shown.stdout == "throwaway\n"
        assert not Authority(Path(found["ca"]).parent).server(
            "throwaway",
            ["throwaway.lianhe.example", "extra.lianhe.example"],
            addresses=[found["address"]],
        )
    finally:
        lab.remove(ROOT, "throwaway")
    assert f"{instances.PREFIX}throwaway" not in engine.containers()
    assert "throwaway" not in network.attached(engine)
    assert not (home.find().hosts / "throwaway").exists()
    now = {path for path in (ROOT / ".commsroom").rglob("*") if path.is_file()}
    assert {path.name for path in now - before} <= {"ca.crt", "ca.key", "inventory.json"}


def test_two_labs_with_a_host_of_one_name_do_not_touch_each_other(engine, tmp_path):
    other = engines.Engine(home.Home(tmp_path), engine.run)
    machine = Commands(home.find().log)
    network.raise_bridge(machine)
    try:
        network.attach(machine, engine, "twin", "198.18.7.91")
        network.attach(machine, other, "twin", "198.18.7.92")
        with pytest.raises(LabUnavailable, match=r"198\.18\.7\.91 is held by another lab"):
            network.attach(machine, other, "third", "198.18.7.91")
        network.detach(other, ["twin"])
        assert network.attached(other) == []
        assert "twin" in network.attached(engine)
    finally:
        network.detach(engine, ["twin"])
        network.detach(other, ["twin", "third"])


def test_address_in_use_elsewhere_is_said_before_anything_is_made(engine, monkeypatch):
    foreign = [{"ifname": "eth9", "addr_info": [{"local": "198.18.7.200"}]}]
    monkeypatch.setattr(network, "_links", lambda _machine: foreign)
    with pytest.raises(LabUnavailable, match=r"in use here: eth9 has 198\.18\.7\.200"):
        network.raise_bridge(engine.run)


def test_every_service_of_the_company_speaks_tls_by_its_own_name(company):
    found = company.json("lab", "status")
    assert set(found["services"]) >= {"sips", "imaps", "submission", "xmpp"}
    context = ssl.create_default_context(cafile=found["ca"])
    for service, name in (("sips", "pbx1"), ("imaps", "mail1")):
        plain = socket.create_connection(tuple(found["services"][service]), timeout=5)
        with context.wrap_socket(plain, server_hostname=f"{name}.lianhe.example") as wrapped:
            assert wrapped.version() in {"TLSv1.2", "TLSv1.3"}


def test_base_image_is_named_for_what_is_in_it(monkeypatch):
    before = image.name()
    monkeypatch.setitem(image._FILES, "etc/new", "x")
    assert image.name() != before
