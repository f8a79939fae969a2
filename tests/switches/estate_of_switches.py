"""An estate of simulated switches, each with phones on its ports, for the real `commsroom` command."""

import json
import os
import subprocess
import sys
from pathlib import Path


def make(folder, fleet, backend, *, phones=4, port="Gi1/0/{}"):
    """Write an estate whose inventory is the fleet; return its folder."""
    root = folder / "estate"
    run(root, "init", str(root), estate=False)
    policies = root / "policies"
    sites = (policies / "company.yml").read_text("utf-8")
    site = next(
        line.strip().rstrip(":") for line in sites.split("sites:")[1].splitlines() if line.strip()
    )
    (policies / "equipment.yml").write_text(
        f"places:\n  lab: {{name: Laboratory, site: {site}}}\n", "utf-8"
    )
    (policies / "network.yml").write_text(
        f"sites:\n  {site}:\n    data: {{id: 10, name: data}}\n    voice: {{id: 20, name: voice}}\n"
        "services:\n  ntp: [192.0.2.1]\n  syslog: [192.0.2.2]\n",
        "utf-8",
    )
    rows = [
        "asset_tag,kind,vendor,model,serial,mac,purchased,warranty_end,price,site,holder,state,port"
    ]
    for number in range(len(fleet.ports)):
        for phone in range(1, phones + 1):
            tag = number * 100 + phone
            mac = f"80:5e:c0:{tag >> 16 & 255:02x}:{tag >> 8 & 255:02x}:{tag & 255:02x}"
            rows.append(
                f"P{tag:05},phone,Yealink,T54W,S{tag:05},{mac},,,,{site},lab,issued,"
                f"sw{number:03}:{port.format(phone)}"
            )
    (policies / "devices.csv").write_text("\n".join([*rows, ""]), "utf-8")
    hosts = {
        f"sw{number:03}": {
            "ansible_host": "127.0.0.1",
            "commsroom_backend": backend,
            **fleet.variables(number),
        }
        for number in range(len(fleet.ports))
    }
    for file in (root / "inventory").rglob("*"):
        if file.is_file():
            file.unlink()
    inventory = {"all": {"children": {"commsroom": {"hosts": hosts}}}}
    (root / "inventory" / "hosts.yml").write_text(json.dumps(inventory), "utf-8")
    return root


def run(root, *words, estate=True, timeout=600):
    """Run the real command; return the finished process."""
    program = [str(Path(sys.executable).with_name("commsroom"))]
    return subprocess.run(
        [*program, *(["--estate", str(root)] if estate else []), *words],
        capture_output=True, text=True, timeout=timeout, check=False,
        env={**os.environ, "COMMSROOM_LEDGER": ""},
    )  # fmt: skip
