"""Runs on a Linux switch: Open vSwitch's database and the running lldpd, read and set.

Sent over SSH as source; standard library of Python 3.9 only. OVSDB keeps what is set in it; what lldpd is
told is also written to a file of ours in /etc/lldpd.d, which it reads at its start.

Sources: ovs-vswitchd.conf.db(5) (Port: tag, trunks, vlan_mode), ovs-vsctl(8), lldpcli(8), ANSI/TIA-1057.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commsroom.backends import on_target

if TYPE_CHECKING:
    from collections.abc import Mapping

Json = dict[str, Any]

#: RFC 4594: telephony is EF, 46; IEEE 802.1Q priority 5 is voice.
_POLICY = "med policy application voice"
_VOICE = "priority voice dscp 46"


def read(data: Mapping[str, Any]) -> Json:
    """Return what every port of the bridge is like, and the token of this very state."""
    names = set(_vsctl(data, "list-ports", data["bridge"]).split())
    shown = json.loads(
        _vsctl(
            data,
            "--format=json",
            "--columns=name,tag,trunks,vlan_mode,external_ids",
            "list",
            "Port",
        )
    )
    told = _told(data)
    ports = {}
    for row in shown["data"]:
        name, tag, trunks, mode, outer = (_plain(cell) for cell in row)
        if name in names:
            tags = trunks if isinstance(trunks, list) else [trunks]
            ports[name] = {
                "tag": tag or None,
                "trunks": sorted(tags),
                "mode": mode or "",
                "description": outer.get("description", "") if isinstance(outer, dict) else "",
                "told": told.get(name, 0),
            }
    text = json.dumps(ports, sort_keys=True)
    return {"ports": ports, "token": hashlib.sha256(text.encode()).hexdigest()}


def apply(data: Mapping[str, Any]) -> Json:
    """Set ports under the lock, each in a transaction of OVSDB of its own, and read back."""
    with on_target.locked("linux_switch", fence=data["fence"], estate_id=data["estate_id"]):
        before = read(data)
        if before["token"] != data["token"]:
            raise on_target.TargetError("moved", "its ports changed since they were read")
        results = [_attempt(data, op, before["ports"]) for op in data["ops"]]
        _keep(data)
        return {"results": results, **read(data)}


def _attempt(data: Mapping[str, Any], op: Mapping[str, Any], ports: Mapping[str, Any]) -> Json:
    if op["port"] not in ports:
        return {"ok": False, "error": f"{data['bridge']} has no port {op['port']}"}
    try:
        _set(data, op)
    except on_target.TargetError as error:
        return {"ok": False, "error": error.message}
    return {"ok": True}


def _set(data: Mapping[str, Any], op: Mapping[str, Any]) -> None:
    """Set what a port is to be: `tag`, `voice`, `description`, `told`, as far as they are named."""
    name, words = op["port"], []
    if "tag" in op:
        words += ["--", "clear", "Port", name, "tag", "trunks", "vlan_mode"]
        if op["tag"] and op["voice"]:
            both = f"{op['tag']},{op['voice']}"
            words += [
                "--", "set", "Port", name, "vlan_mode=native-untagged", f"tag={op['tag']}",
                f"trunks={both}",
            ]  # fmt: skip
        elif op["tag"]:
            words += ["--", "set", "Port", name, "vlan_mode=access", f"tag={op['tag']}"]
    if "description" in op:
        words += ["--", "remove", "Port", name, "external_ids", "description"]
        if op["description"]:
            value = json.dumps(op["description"])  # OVSDB's strings are JSON's
            words += ["--", "set", "Port", name, f"external_ids:description={value}"]
    if words:
        _vsctl(data, *words[1:])
    if "told" in op:
        _lldp(data, f"configure ports {name} {_tells(op['told'])}")


def _tells(vlan: int) -> str:
    """Word the policy; lldpd cannot forget one, only call it unknown (and phones then use none)."""
    return f"{_POLICY} tagged vlan {vlan} {_VOICE}" if vlan else f"{_POLICY} unknown"


def _keep(data: Mapping[str, Any]) -> None:
    """Write down for lldpd's next start what it tells now."""
    lines = [
        f"configure ports {name} {_tells(vlan)}"
        for name, vlan in sorted(_told(data).items())
        if vlan
    ]
    path = Path(data["lldp_file"])
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    head = "# Written by commsroom; a change by hand is gone with its next apply."
    on_target.replace(path, "\n".join([head, *lines, ""]), mode=0o644)


def _told(data: Mapping[str, Any]) -> dict[str, int]:
    """Return the voice VLAN that lldpd tells on each port, from the running daemon."""
    answer = json.loads(_lldp(data, "show interfaces details", "-f", "json0"))
    found = {}
    for part in answer.get("lldp", []):
        for interface in part.get("interface", []):
            for med in interface.get("lldp-med", []):
                for policy in med.get("policy", []):
                    if policy.get("apptype") == "Voice" and policy.get("defined"):
                        found[interface["name"]] = int(policy["vlan"][0]["vid"])
    return found


def _vsctl(data: Mapping[str, Any], *words: str) -> str:
    where = [f"--db={data['ovs_db']}"] if data["ovs_db"] else []
    return on_target.run(["ovs-vsctl", "--timeout=10", *where, *words], timeout=15)


def _lldp(data: Mapping[str, Any], command: str, *options: str) -> str:
    where = ["-u", data["lldp_socket"]] if data["lldp_socket"] else []
    return on_target.run(["lldpcli", *where, *options, *command.split()], timeout=15)


def _plain(cell: Any) -> Any:
    """Turn OVSDB's JSON (RFC 7047 §5.1) into plain values: sets into lists, maps into dictionaries."""
    if isinstance(cell, list) and len(cell) == 2:  # noqa: PLR2004 - a pair: kind and content
        kind, content = cell
        if kind == "map":
            return dict(content)
        if kind == "set":
            return [_plain(item) for item in content]
    return cell
