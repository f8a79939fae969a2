"""Runs on a Linux switch: whether what makes it a switch is alive, and what is amiss on its ports.

Sent over SSH as source; standard library of Python 3.9 only.

Sources: ovs-vswitchd.conf.db(5) (Open_vSwitch: cur_cfg, next_cfg; Interface: error), lldpcli(8), ANSI/TIA-1057.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from commsroom.backends.on_target import TargetError, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Json = dict[str, Any]
_SECONDS: Final = 15.0
#: TIA-1057: a telephone is a communication device endpoint, class III.
_TELEPHONE: Final = "Class III"


def inspect(data: Mapping[str, Any]) -> Json:
    """Return the facts of `switching`, `lldp` and `voice`; `{"unknown": why}` for what fails."""
    return {
        "switching": _attempt(lambda: _switching(data)),
        "lldp": _attempt(lambda: _lldp(data)),
        "voice": _attempt(lambda: _voice(data)),
    }


def _attempt(part: Callable[[], Json]) -> Json:
    try:
        return part()
    except TargetError as error:
        return {"unknown": error.message}


def running(name: str, processes: Path = Path("/proc")) -> bool:
    """Tell whether a program of this name runs here; the kernel keeps 15 letters of it."""
    for folder in processes.glob("[0-9]*"):
        try:
            if (folder / "comm").read_text("utf-8", "replace").strip() == name[:15]:
                return True
        except OSError:  # it has just ended
            continue
    return False


def _switching(data: Mapping[str, Any]) -> Json:
    """Look whether the daemon runs and has done all that the database asks, and at ports with an error."""
    where = [f"--db={data['ovs_db']}"] if data["ovs_db"] else []
    vsctl = ["ovs-vsctl", "--timeout=10", *where]
    names = set(run([*vsctl, "list-ifaces", data["bridge"]], timeout=_SECONDS).split())
    done = run([*vsctl, "get", "Open_vSwitch", ".", "cur_cfg", "next_cfg"], timeout=_SECONDS)
    shown = json.loads(
        run(
            [*vsctl, "--format=json", "--columns=name,error", "list", "Interface"], timeout=_SECONDS
        )
    )
    faults = {
        name: error
        for name, error in shown["data"]
        if name in names and isinstance(error, str) and error
    }
    return {
        "runs": running("ovs-vswitchd"),
        "behind": len(set(done.split())) > 1,
        "ports": len(names),
        "faults": faults,
    }


def _lldp(data: Mapping[str, Any]) -> Json:
    """Fail where lldpd does not answer."""
    _lldpcli(data, "show", "configuration")
    return {"answers": True}


def _voice(data: Mapping[str, Any]) -> Json:
    """Return, for each port with a telephone behind it, which voice VLAN is told there, and which it names."""
    told = {name: vlan for name, med in _meds(data, "interfaces") for vlan in _vlans(med)}
    phones = {}
    for name, med in _meds(data, "neighbors"):
        kinds = [str(item.get("value", "")) for item in med.get("device-type", [])]
        if any(_TELEPHONE in kind for kind in kinds):
            phones[name] = {"told": told.get(name, 0), "names": next(iter(_vlans(med)), 0)}
    return {"phones": phones}


def _meds(data: Mapping[str, Any], what: str) -> Iterator[tuple[str, Json]]:
    """Yield a port's name and what LLDP-MED says there: by us of `interfaces`, by others of `neighbors`."""
    answer = json.loads(_lldpcli(data, "-f", "json0", "show", what, "details"))
    for part in answer.get("lldp", []):
        for interface in part.get("interface", []):
            for med in interface.get("lldp-med", []):
                yield interface["name"], med


def _vlans(med: Json) -> Iterator[int]:
    for policy in med.get("policy", []):
        if policy.get("apptype") == "Voice" and policy.get("defined") and "vlan" in policy:
            yield int(policy["vlan"][0]["vid"])


def _lldpcli(data: Mapping[str, Any], *words: str) -> str:
    where = ["-u", data["lldp_socket"]] if data["lldp_socket"] else []
    return run(["lldpcli", *where, *words], timeout=_SECONDS)
