"""The lab's network: one bridge of this machine, one network namespace a host, no way out.

The addresses come from 198.18.0.0/15, which RFC 2544 sets aside for benchmarks, so no real host
is shadowed. There is no default route, no forwarding and no DNS: hosts find one another by
/etc/hosts. Made with ip(8), not by podman, whose networks need a firewall backend and plug-ins.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
from typing import TYPE_CHECKING, Any, Final

from commsroom.lab.errors import LabUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from commsroom.lab.commands import Commands
    from commsroom.lab.engine import Engine
    from commsroom.lab.home import Home

NETWORK: Final = ipaddress.IPv4Network("198.18.7.0/24")
#: This machine's own address on it.
GATE: Final = NETWORK[1]
_BRIDGE: Final = "commsroom0"


def raise_bridge(machine: Commands) -> None:
    """Make the bridge with this machine's address, where it is not there yet.

    Raises:
        LabUnavailable: something else here uses the lab's addresses.
    """
    for link in _links(machine):
        for each in link.get("addr_info", ()):
            if link["ifname"] != _BRIDGE and ipaddress.ip_address(each["local"]) in NETWORK:
                raise LabUnavailable(
                    f"the lab's network {NETWORK} is in use here: {link['ifname']} has {each['local']}",
                    remedy="take that interface down, or run the lab on another machine",
                )
    step = "making the lab's network"
    if not _has_bridge(machine):
        machine("ip", "link", "add", _BRIDGE, "type", "bridge", step=step)
    machine("ip", "addr", "replace", f"{GATE}/{NETWORK.prefixlen}", "dev", _BRIDGE, step=step)
    # Of its own, or it would take that of its lowest port and change as hosts come and go.
    machine("ip", "link", "set", _BRIDGE, "address", _mac(str(GATE)), "up", step=step)


def namespace(home: Home, name: str) -> str:
    """Return what a host's network namespace is called.

    Their names are the machine's, so the lab's folder is part of it: two labs may have a host of
    one name, and must not take each other's away.
    """
    return f"{_prefix(home)}{name}"


def attach(machine: Commands, engine: Engine, name: str, address: str) -> None:
    """Make a fresh network namespace for a host and plug it into the bridge.

    Raises:
        LabUnavailable: another lab on this machine has the address.
    """
    detach(engine, [name])
    # Where podman runs: there the namespace's name can be seen.
    inside, netns, port = engine.run, namespace(engine.home, name), _port(address)
    if any(link["ifname"] == port for link in _ports(machine)):
        raise LabUnavailable(
            f"{address} is held by another lab on this machine (interface {port})",
            remedy="take that one down (commsroom lab down, with its COMMSROOM_LAB_HOME), or if its"
            f" folder is gone, ip link delete {port}",
        )
    step = f"connecting {name}"
    inside("ip", "netns", "add", netns, step=step)
    inside(
        "ip",
        "link",
        "add",
        port,
        "type",
        "veth",
        "peer",
        "name",
        "eth0",
        "address",
        _mac(address),
        "netns",
        netns,
        step=step,
    )
    machine("ip", "link", "set", port, "master", _BRIDGE, "up", step=step)
    orders = f"addr add {address}/{NETWORK.prefixlen} dev eth0\nlink set eth0 up\nlink set lo up\n"
    inside("ip", "-n", netns, "-batch", "-", text=orders, step=step)


def detach(engine: Engine, names: Iterable[str]) -> None:
    """Remove the namespaces of these hosts, and with each its end of the bridge."""
    there = set(attached(engine))
    for name in there & set(names):
        netns, step = namespace(engine.home, name), f"disconnecting {name}"
        # The cable first: the namespace itself lasts as long as some process is still in it.
        engine.run("ip", "-n", netns, "link", "delete", "eth0", step=step, check=False)
        engine.run("ip", "netns", "delete", netns, step=step)


def remove_bridge(machine: Commands) -> None:
    """Remove the bridge, if it is there and no other lab is plugged into it."""
    if _has_bridge(machine) and not _ports(machine):
        machine("ip", "link", "delete", _BRIDGE, step="removing the lab's network")


def attached(engine: Engine) -> list[str]:
    """Return the hosts of this lab that have a network namespace."""
    listed = engine.run("ip", "-json", "netns", "list", step="listing network namespaces")
    names, prefix = [entry["name"] for entry in json.loads(listed or "[]")], _prefix(engine.home)
    return [name.removeprefix(prefix) for name in names if name.startswith(prefix)]


def _prefix(home: Home) -> str:
    return f"commsroom-{hashlib.sha256(str(home.path).encode()).hexdigest()[:8]}-"


def _mac(address: str) -> str:
    """Return a locally administered MAC of the address's own: a host made anew keeps its neighbours."""
    return ":".join(f"{octet:02x}" for octet in b"\x02\x00" + ipaddress.ip_address(address).packed)


def _port(address: str) -> str:
    return f"commsroom{int(ipaddress.ip_address(address)) - int(NETWORK.network_address)}p"


def _links(machine: Commands) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(
        machine("ip", "-json", "-4", "addr", "show", step="listing addresses") or "[]"
    )
    return found


def _ports(machine: Commands) -> list[dict[str, Any]]:
    """Return what is plugged into the bridge."""
    listed = machine(
        "ip",
        "-json",
        "link",
        "show",
        "master",
        _BRIDGE,
        step="listing the bridge's ports",
        check=False,
    )
    found: list[dict[str, Any]] = [link for link in json.loads(listed or "[]") if link]
    return found


def _has_bridge(machine: Commands) -> bool:
    listed = machine("ip", "-json", "link", "show", "type", "bridge", step="listing bridges")
    return any(link.get("ifname") == _BRIDGE for link in json.loads(listed or "[]"))
