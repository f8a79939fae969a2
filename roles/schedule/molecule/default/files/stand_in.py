#!/usr/bin/python3
"""Stands in for commsroom: says how it was run and what it may do, one JSON line a run."""

import json
import os
import socket
import sys
import time
from pathlib import Path

STATE = Path("/srv/lianhe/.commsroom")


def writes(place: str | Path) -> str:
    try:
        Path(place, "written").write_text("x")
    except OSError as error:
        return os.strerror(error.errno)
    return ""


def opens(family: int) -> str:
    try:
        socket.socket(
            family, socket.SOCK_RAW if family == socket.AF_PACKET else socket.SOCK_DGRAM
        ).close()
    except OSError as error:
        return os.strerror(error.errno)
    return ""


words = sys.argv[1:]
status = dict(
    line.split(":\t", 1)
    for line in Path("/proc/self/status").read_text().splitlines()
    if ":\t" in line
)
said = {
    "words": words,
    "key": Path(os.environ["COMMSROOM_KEY_FILE"]).read_text().strip(),
    "environment": " ".join(f"{name}={value}" for name, value in os.environ.items()),
    "mode": oct(Path(os.environ["COMMSROOM_KEY_FILE"]).stat().st_mode & 0o777),
    "user": os.environ.get("USER", ""),
    "no_new_privileges": status["NoNewPrivs"],
    "capabilities": int(status["CapBnd"], 16),
    "filtered": status["Seccomp"],
    "refused": {
        place: writes(place)
        for place in ("/etc", "/usr", "/srv/lianhe/inventory", "/srv/lianhe", "/var/lib")
    },
    "allowed": {
        place: writes(place)
        for place in (
            "/srv/lianhe/policies",
            STATE,
            "/tmp",  # noqa: S108 - the service's own
            os.environ["STATE_DIRECTORY"],
        )
    },
    "families": {
        "packet": opens(socket.AF_PACKET),
        "inet": opens(socket.AF_INET),
        "unix": opens(socket.AF_UNIX),
    },
    "boot": Path("/proc/sys/kernel/random/boot_id").exists(),
}
said["allowed"] = {str(place): text for place, text in said["allowed"].items()}
if "--out" in words:
    Path(words[words.index("--out") + 1]).write_text("<!doctype html>")
if (STATE / "slow").exists():
    time.sleep(3)
with (STATE / "said").open("a") as file:
    file.write(json.dumps(said) + "\n")
sys.exit(3 if "apply" in words and (STATE / "refuse").exists() else 0)
