"""A real Linux switch, a phone, its exchange and a computer, each in a network namespace of its own.

    cr-sw   Open vSwitch (userspace datapath: no kernel module is needed) + lldpd + an SSH server
    cr-ph   a phone: lldpd as a class III endpoint; hears the voice VLAN, and speaks tagged
    cr-pbx  on an access port of the voice VLAN;  cr-pc  on one of the data VLAN

All of the switch's daemons live in one process namespace and end with its first process. Nothing outside the
folder is written: /run, /var/lib/commsroom and /etc/lldpd.d are mounts of the switch's own.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
NAMES = ("cr-sw", "cr-ph", "cr-pbx", "cr-pc")
MANAGEMENT = "198.18.250"
TOOLS = ("ovs-vswitchd", "ovsdb-server", "ovsdb-tool", "lldpd", "lldpcli", "ip")

_SWITCH = """
set -e
mount -t tmpfs t /run; mkdir -p /run/lldpd /run/sshd /run/lock /run/openvswitch /run/extra /run/lldpd.d
mkdir -p /var/lib/commsroom; mount -t tmpfs t /var/lib/commsroom
mkdir -p /etc/lldpd.d; mount --bind /run/lldpd.d /etc/lldpd.d
ovsdb-tool create "$D/conf.db" /usr/share/openvswitch/vswitch.ovsschema
ovsdb-server "$D/conf.db" --remote=punix:/run/openvswitch/db.sock --pidfile=/run/openvswitch/db.pid --detach --no-chdir
ovs-vsctl --no-wait init
ovs-vswitchd unix:/run/openvswitch/db.sock --pidfile=/run/openvswitch/vs.pid --detach --no-chdir
ovs-vsctl add-br br0 -- set bridge br0 datapath_type=netdev
for port in swp1 swp2 swp3; do ovs-vsctl add-port br0 $port; done
ovs-vsctl set port swp2 tag=20 -- set port swp3 tag=10
lldpd -d -M 4 -S access-switch -I swp1 &
for n in $(seq 50); do lldpcli show configuration >/dev/null 2>&1 && break; sleep 0.1; done
lldpcli configure lldp tx-interval 1 >/dev/null
lldpcli configure med fast-start tx-interval 1 >/dev/null
exec "$PYTHON" "$SERVER" "$ADDRESS" 22 "$D/host" "$D/authorized"
"""
_PHONE = """
mount -t tmpfs t /run; mkdir -p /run/lldpd
lldpd -d -M 3 -S phone -I eth0 &
for n in $(seq 50); do lldpcli show configuration >/dev/null 2>&1 && break; sleep 0.1; done
lldpcli configure lldp tx-interval 1 >/dev/null
wait
"""


#: IEEE 802.1Q by hand: this kernel may have no 8021q. 0x88B5 is for experiments (IEEE 802).
_SAY = """
import socket, struct, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind(("eth0", 0))
tag = struct.pack("!HH", 0x8100, 5 << 13 | int(sys.argv[1])) if int(sys.argv[1]) else b""
frame = b"\\xff" * 6 + s.getsockname()[4] + tag + struct.pack("!H", 0x88B5) + sys.argv[2].encode()
for _ in range(3): s.send(frame.ljust(60, b"\\0"))
"""
_LISTEN = """
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x88B5)); s.bind(("eth0", 0x88B5)); s.settimeout(1.5)
print("ready", flush=True)
try:
    while sys.argv[1].encode() not in s.recv(2000): pass
    print("heard")
except TimeoutError: pass
"""


def missing():
    """Say what this machine lacks for it, "" for nothing."""
    if os.geteuid() != 0:
        return "only root makes network namespaces"
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    lacking = [tool for tool in TOOLS if shutil.which(tool, path=path) is None]
    return f"not installed: {', '.join(lacking)}" if lacking else ""


def _run(*words, check=True, timeout=20):
    return subprocess.run(words, capture_output=True, text=True, check=check, timeout=timeout)


class Lab:
    """The four of them; `variables` is how the switch is in an inventory."""

    def __init__(self, folder):
        self.folder = folder
        self.processes = []

    def start(self):
        folder = self.folder
        for name in NAMES:
            _run("ip", "netns", "add", name)
            _run("ip", "-n", name, "link", "set", "lo", "up")
        for number, name in ((1, "cr-ph"), (2, "cr-pbx"), (3, "cr-pc")):
            _run(
                "ip",
                "link",
                "add",
                f"swp{number}",
                "netns",
                "cr-sw",
                "type",
                "veth",
                "peer",
                "name",
                "eth0",
                "netns",
                name,
            )
            _run("ip", "-n", "cr-sw", "link", "set", f"swp{number}", "up")
            _run("ip", "-n", name, "link", "set", "eth0", "up")
        _run(
            "ip", "link", "add", "cr-mgmt", "type", "veth", "peer", "name", "mgmt", "netns", "cr-sw"
        )
        _run("ip", "addr", "add", f"{MANAGEMENT}.1/30", "dev", "cr-mgmt")
        _run("ip", "link", "set", "cr-mgmt", "up")
        _run("ip", "-n", "cr-sw", "addr", "add", f"{MANAGEMENT}.2/30", "dev", "mgmt")
        _run("ip", "-n", "cr-sw", "link", "set", "mgmt", "up")
        for key in ("host", "user"):
            _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / key))
        shutil.copy(folder / "user.pub", folder / "authorized")
        public = (folder / "host.pub").read_text().split()
        (folder / "known").write_text(f"{MANAGEMENT}.2 {public[0]} {public[1]}\n")
        self._spawn("cr-sw", _SWITCH)
        self._spawn("cr-ph", _PHONE)
        for _ in range(100):
            if "lldpd" in self.ssh("lldpcli show configuration", check=False).stdout:
                return
            time.sleep(0.1)

    def _spawn(self, name, script):
        log = (self.folder / f"{name}.log").open("wb")
        self.processes.append(
            subprocess.Popen(
                ["ip", "netns", "exec", name, "unshare", "-mpf", "--mount-proc", "--kill-child", "bash", "-c", script],
                env={**os.environ, "D": str(self.folder), "PYTHON": sys.executable, "SERVER": str(HERE / "exec_server.py"),
                    "ADDRESS": f"{MANAGEMENT}.2", "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"},
                stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            )
        )  # fmt: skip
        log.close()

    @property
    def arguments(self):
        folder = self.folder
        return (
            "-F", "none", "-i", str(folder / "user"), "-l", "root",
            "-o", f"UserKnownHostsFile={folder}/known", "-o", "IdentitiesOnly=yes",
        )  # fmt: skip

    def ssh(self, command, *, check=True):
        return _run("ssh", *self.arguments, f"{MANAGEMENT}.2", command, check=check)

    def inside(self, name, *words):
        return _run("ip", "netns", "exec", name, *words)

    def heard(self):
        """Return the voice VLAN that the phone was told, None while it was told none."""
        child = _run("pgrep", "-P", str(self.processes[1].pid)).stdout.split()[0]
        answer = _run(
            "nsenter", "-m", "-n", "-t", child, "lldpcli", "-f", "json0", "show", "neighbors",
            "details", check=False,
        )  # fmt: skip
        try:
            told = json.loads(answer.stdout)
        except ValueError:
            return None
        for part in told.get("lldp", []):
            for interface in part.get("interface", []):
                for med in interface.get("lldp-med", []):
                    for policy in med.get("policy", []):
                        if policy["apptype"] == "Voice" and policy["defined"]:
                            return int(policy["vlan"][0]["vid"])
        return None

    def say(self, vlan, word):
        """Let the phone send a broadcast, tagged or (0) not; return who of the others heard it."""
        ears = {
            name: subprocess.Popen(
                ["ip", "netns", "exec", name, sys.executable, "-c", _LISTEN, word],
                stdout=subprocess.PIPE, text=True,
            )
            for name in ("cr-pbx", "cr-pc")
        }  # fmt: skip
        for ear in ears.values():
            ear.stdout.readline()  # it listens
        self.inside("cr-ph", sys.executable, "-c", _SAY, str(vlan), word)
        found = {name for name, ear in ears.items() if ear.communicate(timeout=10)[0].strip()}
        for ear in ears.values():
            ear.stdout.close()
        return found

    def stop(self):
        for process in self.processes:
            process.kill()  # `--kill-child` takes what it started with it
            process.wait()
        for name in NAMES:
            _run("ip", "netns", "del", name, check=False)
        _run("ip", "link", "del", "cr-mgmt", check=False)


@contextlib.contextmanager
def lab(folder):
    """Start it and take it away again."""
    found = Lab(folder)
    try:
        found.start()
        yield found
    finally:
        found.stop()
