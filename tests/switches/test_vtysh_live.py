"""One real command line over SSH: FRR's vtysh, whose words and prompts are IOS', with the session of switches."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from commsroom.backends.cisco_ios.client import CLI
from commsroom.backends.network_cli.config import Block, Config
from commsroom.backends.network_cli.connecting import RealClient
from commsroom.backends.network_cli.settings import Settings
from commsroom.estate.backend import Deadlines, Target

pytestmark = [
    pytest.mark.lab,  # it connects to an address that is no loopback
    pytest.mark.slow,
    pytest.mark.skipif(
        os.geteuid() != 0 or not Path("/usr/bin/vtysh").exists(), reason="no vtysh here"
    ),
]

_ROUTER = """
set -e
mount -t tmpfs t /run; mkdir -p /run/frr /run/etc; chown frr:frr /run/frr
cp /etc/frr/daemons /run/etc/ 2>/dev/null || true
echo "service integrated-vtysh-config" > /run/etc/vtysh.conf; printf 'hostname frr1\\n' > /run/etc/frr.conf
chown -R frr:frr /run/etc; mount --bind /run/etc /etc/frr
ip link set lo up
/usr/lib/frr/zebra -d -A 127.0.0.1; /usr/lib/frr/staticd -d -A 127.0.0.1
exec "$PYTHON" "$SERVER" 198.18.251.2 22 "$D/host" "$D/authorized" /usr/bin/vtysh
"""


@pytest.fixture(scope="module")
def router(tmp_path_factory):
    folder = tmp_path_factory.mktemp("frr")
    for key in ("host", "user"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / key], check=True
        )
    shutil.copy(folder / "user.pub", folder / "authorized")
    public = (folder / "host.pub").read_text().split()
    (folder / "known").write_text(f"198.18.251.2 {public[0]} {public[1]}\n")
    for words in (
        "netns add cr-frr", "link add cr-frr0 type veth peer name eth0 netns cr-frr",
        "addr add 198.18.251.1/30 dev cr-frr0", "link set cr-frr0 up",
        "-n cr-frr addr add 198.18.251.2/30 dev eth0", "-n cr-frr link set eth0 up",
    ):  # fmt: skip
        subprocess.run(["ip", *words.split()], check=True)
    server = Path(__file__).parent / "exec_server.py"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["ip", "netns", "exec", "cr-frr", "unshare", "-mpf", "--mount-proc", "--kill-child", "bash", "-c", _ROUTER],
            env={**os.environ, "D": str(folder), "PYTHON": sys.executable, "SERVER": str(server)},
            stdout=log, stderr=log, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    variables = {
        "ansible_user": "root", "ansible_ssh_private_key_file": str(folder / "user"),
        "switch_known_hosts": str(folder / "known"),
    }  # fmt: skip
    target = Target("frr1", "198.18.251.2", "frr1", folder, variables=variables)
    try:
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("198.18.251.2", 22), 1):
                break
            time.sleep(0.2)
        yield target
    finally:
        process.kill()
        process.wait()
        subprocess.run(["ip", "netns", "del", "cr-frr"], check=False)
        subprocess.run(["ip", "link", "del", "cr-frr0"], check=False, capture_output=True)


def test_a_real_command_line_is_configured_read_back_and_refuses_in_its_own_words(router):
    cli = replace(CLI, reads=("show running-config",))
    client = RealClient(router, Settings.of(router), Deadlines(connect=10, read=10, apply=20), cli)
    blocks = [
        Block(("interface lo", "description made by a test", "exit"), ()),
        Block(("no such command",), ()),
        Block(("ip route 198.51.100.0/24 blackhole",), ()),
    ]
    refused = {}
    with client.session() as session:
        before = Config.parse(session.read()["show running-config"])
        session.configure(blocks, revert="", done=refused.__setitem__)
        session.save()
    with client.session() as session:
        after = Config.parse(session.read()["show running-config"])
    assert any(line.startswith("frr version") for line in before.sections)
    assert after.lines("interface lo") == [
        "description made by a test",
        *before.lines("interface lo"),
    ]
    assert "ip route 198.51.100.0/24 blackhole" in after.sections
    assert refused[0] == refused[2] == ""
    assert "Unknown command" in refused[1]
