"""hdparm, nvme and sg_sanitize over a simulated device: strict about words and order, as the real ones are.

Their rules are those of hdparm(8), nvme-format(1), nvme-sanitize(1), sg_sanitize(8) and the ATA Security
feature set (ACS-3, 4.18): a dangerous command needs its word, an erase needs the password set before. None of
this has run on hardware. `SIMULATED` names a JSON file: `do` (told to erase), `security`, `sanitize` (its
state), `polls` (how often *in process* before it is done), `abort` (says yes and does nothing).
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

STATE = Path(os.environ["SIMULATED"])
SURE = "--yes-i-know-what-i-am-doing"


def say(text):
    sys.stdout.write(f"{text}\n")


def refuse(text, code=1):
    sys.stderr.write(f"{text}\n")
    raise SystemExit(code)


def erase(state):
    if not state.get("abort"):
        Path(state["do"]).write_text("erase", "ascii")


def identify(state):
    enabled = "\t\tenabled" if state["security"] == "enabled" else "\tnot\tenabled"
    return (
        "\tSerial Number:      SN0000\n\t   *\tSANITIZE feature set\n\t   *\tBLOCK_ERASE_EXT command\n"
        f"Security: \n\tMaster password revision code = 65534\n\t\tsupported\n{enabled}\n\tnot\tlocked\n\tnot\tfrozen\n"
    )


def hdparm(state, *argv):  # noqa: C901, PLR0912 - a command line is one long match
    match argv:
        case ["-I", _]:
            say(identify(state))
        case ["--user-master", "u", "--security-set-pass", word, _]:
            if not state.get("abort"):  # seen: aborted, and exit code 0
                state.update(security="enabled", word=word)
        case ["--user-master", "u", "--security-erase", word, _]:
            if state["security"] != "enabled" or state.get("word") != word:
                refuse("SECURITY_ERASE: Input/output error", 5)
            erase(state)
            state["security"] = "disabled"
        case ["--sanitize-status", _]:
            if state["sanitize"] == "running" and state["polls"]:
                state["polls"] -= 1
                say(
                    "Sanitize status:\n    State:    SD2 Sanitize operation In Process\n    Progress: 0x7fff (49%)"
                )
            elif state["sanitize"] == "running" and not state.get("abort"):
                say(
                    "    State:    SD0 Sanitize Idle\n    Last Sanitize Operation Completed Without Error"
                )
            else:
                say("    State:    SD0 Sanitize Idle")
        case [word, "--sanitize-block-erase" | "--sanitize-crypto-scramble", _] if word == SURE:
            erase(state)
            state["sanitize"] = "running"
        case [word, "--sanitize-overwrite", "hex:00000000", _] if word == SURE:
            erase(state)
            state["sanitize"] = "running"
        case [first, *_] if first.startswith("--sanitize"):
            refuse(f"Use of {first} is dangerous. Please supply the {SURE} flag", 22)
        case _:
            refuse("hdparm: unknown flag", 22)


def nvme(state, *argv):
    match argv:
        case ["format", _, "--ses=1", "--force"]:
            erase(state)
            say("Success formatting namespace:1")
        case ["sanitize", _, "--sanact=2" | "--sanact=3" | "--sanact=4"]:
            erase(state)
            state["sanitize"] = "running"
        case ["sanitize-log", device, "-o", "json"]:
            running, done = state["sanitize"] == "running", not state["polls"]
            state["polls"] = max(0, state["polls"] - 1)
            word = (
                0 if not running else (1 if done and not state.get("abort") else 3 if done else 2)
            )
            say(json.dumps({device: {"sprog": 65535 if done else 32000, "sstat": 256 + word}}))
        case _:
            refuse("nvme: invalid option")


def sg_sanitize(state, *argv):
    match argv:
        case ["--block" | "--crypto", "--quick", _] | ["--overwrite", "--zero", "--quick", _]:
            erase(state)
        case _:
            refuse("sg_sanitize: option error")


VERSIONS = {
    "hdparm": (["-V"], "hdparm v9.65"),
    "nvme": (["version"], "nvme version 2.8 (git 2.8)\nlibnvme version 1.8 (git 1.8)"),
    "sg_sanitize": (["--version"], "version: 1.15 20220601"),
}

if __name__ == "__main__":
    if sys.argv[2:] == VERSIONS[sys.argv[1]][0]:
        say(VERSIONS[sys.argv[1]][1])
        raise SystemExit
    state = json.loads(STATE.read_text("utf-8"))
    tool = {"hdparm": hdparm, "nvme": nvme, "sg_sanitize": sg_sanitize}[sys.argv[1]]
    tool(state, *sys.argv[2:])
    STATE.write_text(json.dumps(state), "utf-8")
