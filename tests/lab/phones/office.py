"""The company's telephones as tests ask after them: in the register, at the exchange, at the provisioning server."""

from __future__ import annotations

import base64
import contextlib
import csv
import http.client
import re
import socket
import ssl
import time

HOST, NAME, EXCHANGE = "198.18.7.11", "prov1.lianhe.example", "pbx1.lianhe.example"
SOFT, SECOND, DESK, OTHER = "LH-S01", "LH-S02", "LH-P008", "LH-P009"
SOFT_PHONES = [
    {"asset_tag": SOFT, "kind": "phone", "vendor": "Linphone", "model": "Desktop 5", "site": "taipei",
     "holder": "L007", "state": "issued"},
    {"asset_tag": SECOND, "kind": "phone", "vendor": "baresip", "model": "1.0", "site": "taipei",
     "holder": "L010", "state": "issued"},
]  # fmt: skip
FETCHES = "/var/log/commsroom-provisioning/fetches.log"


def listed(root):
    with (root / "policies" / "devices.csv").open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def devices(root, change):
    file, rows = root / "policies" / "devices.csv", listed(root)
    columns = list(rows[0])
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, restval="")
        writer.writeheader()
        writer.writerows(change(rows))


def secret(office, tag, slot):
    listed = office.json("secret", "show", f"prov1:phone_profile/{tag}")["secrets"]
    return next(one["value"] for one in listed if one["slot"] == slot)


def number(office, person):
    lines = (office.root / "policies" / "allocations.lock").read_text("utf-8").splitlines()
    return next(line.split()[2] for line in lines if line.startswith(f"{person} "))


def registered(office):
    """Return who is logged in, by number: the lines of the exchange about it."""
    shown = office.on("pbx1", "asterisk -rx 'pjsip show contacts'")
    return dict(re.findall(r"Contact:\s+(\d+)/(\S+)", shown))


def until(what, seconds=20.0):
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.3)
    return found


def context(office):
    return ssl.create_default_context(cafile=str(office.root / ".commsroom" / "ca" / "ca.crt"))


def fetch(office, file, name="", password="", agent="a telephone"):
    """Ask for a file as a telephone would; return status and content."""

    class Named(http.client.HTTPSConnection):
        def connect(self):
            plain = socket.create_connection((HOST, 443), 5)
            self.sock = context(office).wrap_socket(plain, server_hostname=NAME)

    line = Named(NAME, timeout=5)
    word = base64.b64encode(f"{name}:{password}".encode()).decode()
    headers = {"User-Agent": agent} | ({"Authorization": f"Basic {word}"} if name else {})
    with contextlib.closing(line):
        line.request("GET", file, headers=headers)
        answer = line.getresponse()
        return answer.status, answer.read()


def profile(office):
    """Return what the exchange's machine serves to the soft phone."""
    folder = f"/var/lib/commsroom/provisioning/devices/{SOFT.lower()}"
    return office.on("pbx1", f"cat {folder}/current/*", check=False)


def proofs(office, tag):
    found = office.json("prove", "--only", f"prov1:phone_profile/{tag}")["proofs"]
    return {one["use"]: one["ok"] for one in found}


def rings_and_is_answered(office, mine):
    """Have the exchange call a telephone, and see the call up; without encryption neither would take it."""
    office.on(
        "pbx1", "asterisk -rx 'module load res_clioriginate.so'"
    )  # the exchange goes without it
    office.on("pbx1", f"asterisk -rx 'channel originate PJSIP/{mine} application Wait 20'")

    def up():
        shown = office.on("pbx1", "asterisk -rx 'core show channels concise'")
        return any(
            line.startswith(f"PJSIP/{mine}-") and "!Up!" in line for line in shown.splitlines()
        )

    until(up)
    office.on("pbx1", "asterisk -rx 'channel request hangup all'")
