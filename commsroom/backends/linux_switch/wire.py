"""Resources ⇄ what the program on the switch speaks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from commsroom.estate.kinds.network import SwitchPort
from commsroom.estate.resource import Address, Change, Resource

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Json = dict[str, Any]

#: What an Open vSwitch port can hold. Power and a limit of addresses are not its business.
SUPPORTED: Final = frozenset({"description", "access_vlan", "voice_vlan", "lldp_med"})
#: Linux' names of interfaces: IFNAMSIZ is 16, with the NUL.
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,14}")
_PLAIN: Final = re.compile(r"[ -~]{0,200}")


def bodies(ports: Json) -> dict[str, SwitchPort]:
    """Return the ports that are access ports and not as from the factory."""
    found = {}
    for name, port in ports.items():
        if is_uplink(port):
            continue
        voice = next((item for item in port["trunks"] if item != port["tag"]), 0)
        body = SwitchPort(
            description=port["description"],
            access_vlan=port["tag"] or 1,
            voice_vlan=voice,
            lldp_med=bool(port["told"]) and port["told"] == voice,
        )
        if port["tag"] or port["description"] or port["told"]:
            found[name] = body
    return found


def port_named(text: str) -> str:
    """Return an interface's name, which Linux writes in one way only; "" for what can be none."""
    return text if _NAME.fullmatch(text) else ""


def is_uplink(port: Json) -> bool:
    """Tell whether a port carries VLANs without a native one, or more than a phone needs."""
    return port["mode"] in {"trunk", "native-tagged", "dot1q-tunnel"} or (
        bool(port["trunks"]) and (not port["tag"] or len(port["trunks"]) > 2)  # noqa: PLR2004 - data and voice
    )


def operation(change: Change, held: Mapping[str, SwitchPort]) -> Json | None:
    """Turn a change into an operation; None where there is nothing to write (a plain adoption)."""
    key = change.address.key
    if change.after is None:
        return {"port": key, "tag": 0, "voice": 0, "description": "", "told": 0}
    fields = [name for name in change.fields if name not in change.unsupported]
    if not fields:
        return None
    before = held.get(key)
    now: Json = before.values() if before else {}
    now |= {name: value for name, value in change.after.body.values().items() if name in fields}
    op: Json = {"port": key}
    if {"access_vlan", "voice_vlan"} & set(fields):
        tag = now.get("access_vlan", 1)
        op |= {
            "tag": tag if tag != 1 or now.get("voice_vlan") else 0,
            "voice": now.get("voice_vlan", 0),
        }
    if "description" in fields:
        op["description"] = now["description"]
    if {"lldp_med", "voice_vlan"} & set(fields):
        op["told"] = now.get("voice_vlan", 0) if now.get("lldp_med") else 0
    return op


def way_back(op: Json, ports: Json) -> Json:
    """Return the operation that makes a port what it was."""
    port = ports.get(op["port"], {"tag": None, "trunks": [], "description": "", "told": 0})
    voice = next((item for item in port["trunks"] if item != port["tag"]), 0)
    return {
        "port": op["port"], "tag": port["tag"] or 0, "voice": voice,
        "description": port["description"], "told": port["told"],
    }  # fmt: skip


def shortfall(change: Change, actual: SwitchPort | None) -> str:
    """Say how what is there now falls short of the change, "" when it is as it should be."""
    if change.after is None:
        return "" if actual is None else "it is still there"
    if actual is None:
        return "it is not there"
    wanted, found = change.after.body.values(), actual.values()
    wrong = [
        name
        for name in change.fields
        if name not in change.unsupported and wanted.get(name) != found.get(name)
    ]
    return f"the switch still has another {', '.join(wrong)}" if wrong else ""


def refusals(wanted: Iterable[Resource]) -> Mapping[Address, str]:
    """Say why Linux cannot hold a resource."""
    found = {}
    for item in wanted:
        if isinstance(item.body, SwitchPort):
            if not _NAME.fullmatch(item.address.key):
                found[item.address] = "no interface of Linux can have that name"
            elif not _PLAIN.fullmatch(item.body.description or ""):
                found[item.address] = "its description is not plain ASCII"
    return found
