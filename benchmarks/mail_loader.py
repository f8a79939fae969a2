"""Apply 1,000 new people to a mail server: commsroom against a hand-written loader of the same objects.

    .venv/bin/python benchmarks/mail_loader.py [--people 1000] [--rounds 3] [--json]

Both go over the same SSH to the same server (the lab's mail1), which must hold none of the people yet;
what they made is deleted afterwards. The loader is `mail_load.py`, run on the server: it appends to the
files, rebuilds the maps, sets the rights with doveadm, and looks at none of it again. commsroom
also reads, plans, locks, compares, writes so that a full disk harms nothing, and reads back.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import subprocess
import time
from pathlib import Path
from typing import Any

from commsroom.backends.postfix_dovecot import BACKEND
from commsroom.estate.backend import Batch, Provider, Status, Target, Tools
from commsroom.estate.kinds import Grant, Mailbox, MailList, SharedMailbox
from commsroom.estate.order import steps
from commsroom.estate.plan import Known, build
from commsroom.estate.resource import Address, Resource
from commsroom.estate.secret import Secret, SecretRef

ESTATE = Path(os.environ.get("COMMSROOM_ESTATE", Path(__file__).resolve().parents[1]))
DOMAIN = "lianhe.example"
SSH = ("-F", str(ESTATE / ".commsroom/lab/ssh_config"))
DEPARTMENTS = 20
GRANTED = 50  # every so many-th person may read and send as the contact mailbox
QUOTA = 10 * 1024**3


def company(count: int, prefix: str) -> dict[str, Any]:
    """Make up people, department lists, and one contact mailbox with rights."""
    people = [
        {
            "address": f"{prefix}{number:05}@{DOMAIN}",
            "name": f'王 {number} "Bench"; $HOME \\',
            "password": secrets.token_urlsafe(12),
            "list": f"{prefix}list{number % DEPARTMENTS}@{DOMAIN}",
            "granted": number % GRANTED == 0,
        }
        for number in range(count)
    ]
    box = {"address": f"{prefix}contact@{DOMAIN}", "password": secrets.token_urlsafe(12)}
    return {"people": people, "box": box, "quota": QUOTA}


def resources(staff: dict[str, Any]) -> list[Resource]:
    """Say the same as resources."""
    box = staff["box"]["address"]
    found = [
        _account(
            "shared_mailbox",
            box,
            SharedMailbox(title="Contact", quota_bytes=QUOTA, suspended=False),
        )
    ]
    lists: dict[str, list[str]] = {}
    for person in staff["people"]:
        address = person["address"]
        body = Mailbox(
            display_name=person["name"], quota_bytes=QUOTA, aliases=(), suspended=False, receives=True
        )  # fmt: skip
        found.append(_account("mailbox", address, body))
        lists.setdefault(person["list"], []).append(address)
        if person["granted"]:
            key = Address("mail1", "grant", f"{box}/{address.partition('@')[0]}")
            needs = frozenset({Address("mail1", "shared_mailbox", box)})
            found.append(Resource(key, Grant(rights=("read", "send")), needs=needs))
    found += [
        Resource(
            Address("mail1", "list", name),
            MailList(title="Bench", members=tuple(members), posters="internal"),
            needs=frozenset(Address("mail1", "mailbox", one) for one in members),
        )
        for name, members in lists.items()
    ]
    return found


def _account(kind: str, address: str, body: Mailbox | SharedMailbox) -> Resource:
    ref = SecretRef(f"{address}/mail", "password", generation=1)
    return Resource(Address("mail1", kind, address), body, (ref,))


def provider(host: str) -> Provider:
    """Connect as the estate does."""
    target = Target("mail1", host, f"mail1.{DOMAIN}", ESTATE, ssh_arguments=(*SSH, "-l", "root"))
    return BACKEND.connect(target, Tools(fingerprint=lambda text: text))


def apply(
    mail: Provider, desired: list[Resource], owned: frozenset[Address], words: dict[str, str]
) -> None:
    """Read, plan and apply, as `commsroom apply` does."""
    snapshot = mail.read()
    plan = build(desired, {"mail1": snapshot}, Known(owned), {"mail1": BACKEND})
    token = snapshot.token
    for step in steps(plan.changes):
        batch = Batch(
            step.batches["mail1"], token, lambda ref: Secret(words[ref.path]), "bench", time.time_ns()
        )  # fmt: skip
        done = mail.apply(batch)
        token = done.token
        failed = [item for item in done.outcomes if item.status is not Status.DONE]
        if failed:
            raise SystemExit(f"{len(failed)} failed, the first: {failed[0]}")


def ours(host: str, count: int) -> float:
    """Return the seconds commsroom takes, plan included."""
    mail, staff = provider(host), company(count, "ours")
    accounts = [*staff["people"], staff["box"]]
    words = {f"{one['address']}/mail": one["password"] for one in accounts}
    desired = resources(staff)
    start = time.monotonic()
    apply(mail, desired, frozenset(), words)
    took = time.monotonic() - start
    apply(mail, [], frozenset(item.address for item in desired), {})
    return took


def theirs(host: str, count: int) -> float:
    """Return the seconds the loader takes, then delete what it made."""
    staff = company(count, "theirs")
    program = Path(__file__).with_name("mail_load.py").read_text("utf-8")
    start = time.monotonic()
    argv = ["ssh", *SSH, "-l", "root", host, f"python3 -c {_quoted(program)}"]
    said = subprocess.run(
        argv, input=json.dumps(staff), capture_output=True, text=True, check=True, timeout=600
    ).stdout
    took = time.monotonic() - start
    if "loaded" not in said:
        raise SystemExit(f"the loader failed: {said}")
    apply(provider(host), [], frozenset(item.address for item in resources(staff)), {})
    return took


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def reading(host: str) -> float:
    """Return the seconds of one read."""
    mail = provider(host)
    start = time.monotonic()
    mail.read()
    return time.monotonic() - start


def compare(host: str = "198.18.7.12", count: int = 1000, rounds: int = 3) -> dict[str, float]:
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
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--people", type=int, default=1000)
    parser.add_argument("--host", default="198.18.7.12")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = compare(options.host, options.people, options.rounds)
    if options.json:
        print(json.dumps(found))
    else:
        print(
            f"mail: {options.people} people: commsroom {found['commsroom_s']:.2f} s,"
            f" loader {found['loader_s']:.2f} s, ratio {found['ratio']:.2f}"
        )


if __name__ == "__main__":
    main()
