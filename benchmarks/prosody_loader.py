"""Apply 1,000 new people to a Prosody: commsroom against a hand-written loader of the same objects.

    .venv/bin/python benchmarks/prosody_loader.py [--people 1000] [--rounds 3] [--json]

Both go over the same SSH to the same server (the lab's im1), which must hold none of the people yet;
what they made is deleted afterwards. The loader is `prosody_loader.lua`, run inside Prosody itself: the
least work that can be done. commsroom also locks, compares, and reads everything back.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from commsroom.backends.prosody import BACKEND
from commsroom.estate.backend import Batch, Provider, Status, Target, Tools
from commsroom.estate.kinds import Account, Member, Room
from commsroom.estate.order import steps
from commsroom.estate.plan import Known, build
from commsroom.estate.resource import Address, Resource
from commsroom.estate.secret import Secret, SecretRef

ESTATE = Path(os.environ.get("COMMSROOM_ESTATE", Path(__file__).resolve().parents[1]))
DOMAIN = "lianhe.example"
SSH = ("-F", str(ESTATE / ".commsroom/lab/ssh_config"))
ROOMS = 20


def people(count: int, prefix: str) -> list[dict[str, Any]]:
    """Make up people with names worth quoting, each in a room of the team's and in everybody's, as in the sample."""
    return [
        {
            "login": f"{prefix}{number:05}",
            "name": f'王 {number} "Bench"; $HOME \\',
            "password": secrets.token_urlsafe(12),
            "role": "commsroom:sharer" if number % 3 == 0 else "prosody:registered",
            "rooms": [f"{prefix}room{number % ROOMS}", f"{prefix}everybody"],
        }
        for number in range(count)
    ]


def resources(system: str, staff: Iterable[dict[str, Any]]) -> list[Resource]:
    """Say the same as resources."""
    found: dict[Address, Resource] = {}
    for person in staff:
        login = person["login"]
        account = Address(system, "account", login)
        body = Account(
            display_name=person["name"],
            file_sharing=person["role"] == "commsroom:sharer",
            suspended=False,
        )
        found[account] = Resource(
            account, body, (SecretRef(f"{login}/im", "password", generation=1),)
        )
        for room in person["rooms"]:
            place, member = (
                Address(system, "room", room),
                Address(system, "member", f"{room}/{login}"),
            )
            found[place] = Resource(place, Room(title=room, members_only=True))
            found[member] = Resource(
                member, Member(affiliation="member"), needs=frozenset({account, place})
            )
    return list(found.values())


def apply(
    provider: Provider, desired: list[Resource], owned: frozenset[Address], words: dict[str, str]
) -> None:
    """Read, plan and apply, as `commsroom apply` does."""
    snapshot = provider.read()
    plan = build(desired, {"im1": snapshot}, Known(owned), {"im1": BACKEND})
    token = snapshot.token
    for step in steps(plan.changes):
        batch = Batch(
            step.batches["im1"], token, lambda ref: Secret(words[ref.path]), "bench", time.time_ns()
        )
        done = provider.apply(batch)
        token = done.token
        failed = [item for item in done.outcomes if item.status is not Status.DONE]
        if failed:
            raise SystemExit(f"{len(failed)} failed, the first: {failed[0]}")


def ours(host: str, count: int) -> float:
    """Return the seconds commsroom takes, plan included."""
    target = Target(
        "im1", host, f"im1.{DOMAIN}", ESTATE, ssh_arguments=(*SSH, "-l", "root"),
        variables={"im_domain": DOMAIN},
    )  # fmt: skip
    provider = BACKEND.connect(target, Tools(fingerprint=lambda text: text))
    staff = people(count, "ours")
    words = {f"{person['login']}/im": person["password"] for person in staff}
    desired = resources("im1", staff)
    start = time.monotonic()
    apply(provider, desired, frozenset(), words)
    took = time.monotonic() - start
    apply(provider, [], frozenset(item.address for item in desired), {})
    return took


def theirs(host: str, count: int, *, roomy: bool = False) -> float:
    """Return the seconds the loader takes, with the copying of its data.

    A roomy one has Prosody collect garbage less often while it works, as commsroom's module does.
    """
    staff = people(count, "theirs")
    names = sorted({room for person in staff for room in person["rooms"]})
    rooms = [{"name": name, "title": name} for name in names]
    data = {
        "host": DOMAIN,
        "rooms_host": f"rooms.{DOMAIN}",
        "rooms": rooms,
        "people": staff,
        "roomy": roomy,
    }
    program = Path(__file__).with_suffix(".lua").read_text("utf-8")
    start = time.monotonic()
    remote(host, "install -m 640 -g prosody /dev/stdin /run/prosody-load.json", json.dumps(data))
    remote(host, "install -m 640 -g prosody /dev/stdin /run/prosody-load.lua", program)
    said = remote(host, "prosodyctl shell", '> dofile("/run/prosody-load.lua")\n')
    took = time.monotonic() - start
    if "loaded" not in said:
        raise SystemExit(f"the loader failed: {said}")
    remote(host, "rm /run/prosody-load.json /run/prosody-load.lua", "")
    return took


def remote(host: str, command: str, text: str) -> str:
    """Run a command on the server."""
    argv = ["ssh", *SSH, "-l", "root", host, command]
    return subprocess.run(
        argv, input=text, capture_output=True, text=True, check=True, timeout=600
    ).stdout


def clean(host: str, count: int) -> None:
    """Delete what the loader made."""
    target = Target(
        "im1", host, f"im1.{DOMAIN}", ESTATE, ssh_arguments=(*SSH, "-l", "root"),
        variables={"im_domain": DOMAIN},
    )  # fmt: skip
    provider = BACKEND.connect(target, Tools(fingerprint=lambda text: text))
    apply(
        provider,
        [],
        frozenset(item.address for item in resources("im1", people(count, "theirs"))),
        {},
    )


def compare(host: str = "198.18.7.13", count: int = 1000, rounds: int = 3) -> dict[str, float]:
    """Run both in turn and return the best seconds of each, and their ratio.

    The best of several rounds is the one the rest of the machine disturbed least.
    """
    loader, roomy, mine = [], [], []
    for _ in range(rounds):
        loader.append(theirs(host, count))
        clean(host, count)
        roomy.append(theirs(host, count, roomy=True))
        clean(host, count)
        mine.append(ours(host, count))
    best, least = min(mine), min(loader)
    return {
        "people": count,
        "commsroom_s": best,
        "loader_s": least,
        "roomy_loader_s": min(roomy),
        "ratio": best / least,
    }


def main() -> None:
    """Print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=1000)
    parser.add_argument("--host", default="198.18.7.13")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = compare(options.host, options.people, options.rounds)
    if options.json:
        print(json.dumps(found))
    else:
        print(
            f"prosody: {options.people} people: commsroom {found['commsroom_s']:.2f} s,"
            f" loader {found['loader_s']:.2f} s, ratio {found['ratio']:.2f}"
        )


if __name__ == "__main__":
    main()
