"""Apply 1,000 new people to an Asterisk: commsroom against a hand-written loader of the same objects.

    .venv/bin/python benchmarks/asterisk_loader.py [--people 1000] [--rounds 3] [--json]

Both go over the same SSH to the same server (the lab's pbx1), which must hold none of the people yet; what
they made is deleted afterwards. The loader is what an administrator would write: it makes the files, sends
them, reloads, and looks whether the last extension is there. It takes one connection. commsroom also
locks, compares, and reads everything back.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shlex
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

from commsroom.backends.asterisk import BACKEND
from commsroom.estate.backend import Batch, Provider, Status, Target, Tools
from commsroom.estate.kinds import DiallingClass, Extension, Voicemail
from commsroom.estate.order import steps
from commsroom.estate.plan import Known, build
from commsroom.estate.resource import Address, Resource
from commsroom.estate.secret import Custody, Secret, SecretRef, Shape

ESTATE = Path(os.environ.get("COMMSROOM_ESTATE", Path(__file__).resolve().parents[1]))
DOMAIN = "lianhe.example"
FIRST = 70000
SSH = ("-F", str(ESTATE / ".commsroom/lab/ssh_config"))
CLASS = "bench"

_ENDPOINT = """[{number}](commsroom-endpoint)
context=commsroom-class-{group}
transport=commsroom-tls
media_encryption=sdes
auth={number}
aors={number}
callerid="{name}" <{number}>
set_var=COMMSROOM_CALLER_ID=+8862555{number}
mailboxes={number}@default
[{number}](commsroom-auth)
username={number}
password={password}
[{number}](commsroom-aor)
"""
_RELOADS = ("module reload app_voicemail.so", "module reload res_pjsip.so", "dialplan reload")


def people(count: int) -> list[dict[str, str]]:
    """Make up people."""
    return [
        {
            "number": str(FIRST + index),
            "name": f"王 {index} Bench",
            "password": secrets.token_hex(12),
            "pin": f"{secrets.randbelow(10**6):06}",
            "mail": f"bench{index}@{DOMAIN}",
            "group": CLASS,
        }
        for index in range(count)
    ]


def resources(staff: Iterable[dict[str, str]]) -> list[Resource]:
    """Say the same as resources."""
    found = [
        Resource(
            Address("pbx1", "dialling_class", CLASS),
            DiallingClass(
                title=CLASS, allowed=("0",), barred=("00",), hours=(), emergency=("110",)
            ),
        )
    ]
    for person in staff:
        number = person["number"]
        sip = SecretRef(f"{number}/sip", "sip", Shape.SIP, generation=1)
        pin = SecretRef(f"{number}/pin", "pin", Shape.PIN, Custody.PERSONAL, 1)
        extension = Extension(
            display_name=person["name"], caller_id=f"+8862555{number}", dialling_class=CLASS,
            transport="tls", ring_seconds=15, voicemail=True, suspended=False,
        )  # fmt: skip
        box = Voicemail(display_name=person["name"], email=person["mail"])
        found.append(Resource(Address("pbx1", "extension", number), extension, (sip,)))
        found.append(Resource(Address("pbx1", "voicemail", number), box, (pin,)))
    return found


def apply(
    provider: Provider, desired: list[Resource], owned: frozenset[Address], words: dict[str, str]
) -> None:
    """Read, plan and apply, as `commsroom apply` does."""
    snapshot = provider.read()
    plan = build(desired, {"pbx1": snapshot}, Known(owned), {"pbx1": BACKEND})
    token = snapshot.token
    for step in steps(plan.changes):
        batch = Batch(
            step.batches["pbx1"],
            token,
            lambda ref: Secret(words[ref.path]),
            "bench",
            time.time_ns(),
        )
        done = provider.apply(batch)
        token = done.token
        failed = [item for item in done.outcomes if item.status is not Status.DONE]
        if failed:
            raise SystemExit(f"{len(failed)} failed, the first: {failed[0]}")


def connected(host: str) -> Provider:
    """Return the way to the server."""
    target = Target("pbx1", host, f"pbx1.{DOMAIN}", ESTATE, ssh_arguments=(*SSH, "-l", "root"))
    return BACKEND.connect(target, Tools(fingerprint=lambda text: text))


def ours(host: str, count: int) -> float:
    """Return the seconds commsroom takes, plan included."""
    provider, staff = connected(host), people(count)
    words = {f"{person['number']}/sip": person["password"] for person in staff}
    words |= {f"{person['number']}/pin": person["pin"] for person in staff}
    desired = resources(staff)
    start = time.monotonic()
    apply(provider, desired, frozenset(), words)
    took = time.monotonic() - start
    apply(provider, [], frozenset(item.address for item in desired), {})
    return took


def files(staff: list[dict[str, str]]) -> dict[str, str]:
    """Write what the loader sends: the very objects, line by line."""
    lines = [
        f"exten => {one['number']},1,Gosub(commsroom-ring,s,1({one['number']},15,voicemail))"
        for one in staff
    ]
    boxes = [f"{one['number']} => {one['pin']},{one['name']},{one['mail']}" for one in staff]
    rules = f"""[commsroom-class-{CLASS}]
include => commsroom-internal
include => commsroom-prefixes-{CLASS}
[commsroom-prefixes-{CLASS}]
exten => _0!,1,Set(COMMSROOM_DIALLED=${{EXTEN}})
 same => n,Gosub(commsroom-checked,s,1)
 same => n,Goto(commsroom-outward,s,1)
exten => _00!,1,Goto(commsroom-refused,s,1)
exten => 110,1,Set(COMMSROOM_NUMBER=110)
 same => n,Goto(commsroom-outward,s,1)
"""
    return {
        "pjsip.conf": "".join(_ENDPOINT.format(**one) for one in staff),
        "voicemail.conf": "\n".join(["[default]", *boxes, ""]),
        "extensions.conf": "\n".join(["[commsroom-extensions]", *lines, rules]),
    }


def theirs(host: str, count: int) -> float:
    """Return the seconds the loader takes; afterwards the files are as they were."""
    staff = people(count)
    folder = "/etc/asterisk/commsroom"
    remote(host, f"rm -rf {folder}.kept; cp -a {folder} {folder}.kept")
    start = time.monotonic()
    script = [
        f"cat >> {folder}/{name} <<'END'\n{text}END\nsync {folder}/{name}"
        for name, text in files(staff).items()
    ]
    reloads = " && ".join(f"asterisk -rx {shlex.quote(command)}" for command in _RELOADS)
    last = staff[-1]["number"]
    script.append(f"{reloads} && asterisk -rx 'pjsip show endpoint {last}'\n")
    said = remote(host, "sh -s", "\n".join(script))
    took = time.monotonic() - start
    if f'CALLERID : "{staff[-1]["name"]}"' not in said and f"<{last}>" not in said:
        raise SystemExit(f"the loader failed: {said[-500:]}")
    remote(host, f"cp -a {folder}.kept/. {folder}/ && rm -rf {folder}.kept && {reloads}")
    return took


def remote(host: str, command: str, text: str = "") -> str:
    """Run a command on the server."""
    argv = ["ssh", *SSH, "-l", "root", host, command]
    return subprocess.run(
        argv, input=text, capture_output=True, text=True, check=True, timeout=600
    ).stdout


def compare(host: str = "198.18.7.11", count: int = 1000, rounds: int = 3) -> dict[str, float]:
    """Run both in turn and return the best seconds of each, and their ratio.

    The best of several rounds is the one the rest of the machine disturbed least.
    """
    loader, mine = [], []
    for _ in range(rounds):
        loader.append(theirs(host, count))
        mine.append(ours(host, count))
    best, least = min(mine), min(loader)
    return {"people": count, "commsroom_s": best, "loader_s": least, "ratio": best / least}


def main() -> None:
    """Print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=1000)
    parser.add_argument("--host", default="198.18.7.11")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = compare(options.host, options.people, options.rounds)
    if options.json:
        print(json.dumps(found))
    else:
        print(
            f"asterisk: {options.people} people: commsroom {found['commsroom_s']:.2f} s,"
            f" loader {found['loader_s']:.2f} s, ratio {found['ratio']:.2f}"
        )


if __name__ == "__main__":
    main()
