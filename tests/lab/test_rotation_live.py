"""Passwords renewed on the real servers: the new one lets in, the old one does not, none is ever lost.

The machine itself, killed a hundred thousand times over fakes, is tests/soak.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.lab, pytest.mark.timeout(3600)]
BIN = Path(sys.executable).parent
KILLS = int(os.environ.get("COMMSROOM_KILLS", "8"))
#: Beside the current generation one may be pending, one in its grace, and one more is never let in.
GENERATIONS = 4
SEED = int(os.environ.get("COMMSROOM_SEED", "20261126"))
PLACES = {
    "pbx1:extension/2104": "sip",
    "im1:account/meiling.li": "password",
    "mail1:mailbox/meiling.li@lianhe.example": "password",
    "mail1:shared_mailbox/contact@lianhe.example": "password",
}
CONTACT = "mail1:shared_mailbox/contact@lianhe.example"
KEEPER = "L003"  # of the contact mailbox: its custodian

#: Where two are let in for a while.
TWO = ("pbx1:extension/", "mail1:")

#: Logs in at each place with the last generations in the store, as its owner would; says who let which in.
LOGINS = """
import json, sys
from pathlib import Path
from commsroom.app import planning
from commsroom.app.estate import open_estate
from commsroom.app.scope import Scope
from commsroom.estate.backend import Credential

places = json.loads(sys.argv[1])
with open_estate(Path.cwd()) as estate:
    desired = {str(one.address): one for one in planning.compile_policy(estate, Scope()).desired}
    told = {}
    for address, slot in places.items():
        item = desired[address]
        path = item.secret(slot).path
        latest = estate.secrets.latest(path)
        pairs = {(path, number) for number in range(max(1, latest - int(sys.argv[2]) + 1), latest + 1)}
        held = estate.secrets.get_many(pairs)
        tries = [Credential(item, slot, secret) for _, secret in sorted(held.items())]
        system = item.address.system
        found = estate.fleet.each(lambda _, provider: provider.log_in(tries), on=[system], deadline=60)
        told[address] = dict(zip([number for _, number in sorted(held)], found[system]))
print(json.dumps(told))
"""


def logins(company, places=PLACES):
    """Return by place which generation of its password lets in (None: nobody said so)."""
    argv = [sys.executable, "-c", LOGINS, json.dumps(places), str(GENERATIONS)]
    done = subprocess.run(
        argv, cwd=company.root, env=company.environ, capture_output=True, text=True, timeout=120, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return {
        place: {int(number): let_in for number, let_in in found.items()}
        for place, found in json.loads(done.stdout).items()
    }


def grace(company, text):
    """Have policy give old passwords another time."""
    rules = company.root / "policies" / "security.yml"
    held = [line for line in rules.read_text("utf-8").splitlines() if "rotation:" not in line]
    rules.write_text(
        "\n".join([*held, f"rotation: {{grace: {text}, failed_logins: 100}}", ""]), "utf-8"
    )


def phases(document):
    return {one["secret"]: one["phase"] for one in document["rotations"]}


def test_the_new_password_lets_in_and_the_old_one_until_its_grace_is_over(clean) -> None:
    first = {place: max(found) for place, found in logins(clean).items()}
    grace(clean, "1d")
    ended = phases(clean.json("rotate", *PLACES, "--yes"))
    assert ended == {
        "meiling.li/sip": "grace",
        "meiling.li/chat": "revoked",
        "meiling.li/mail": "grace",
        "contact@lianhe.example/mail": "grace",
    }
    both = logins(clean)
    for place, old in first.items():
        assert both[place][old + 1] is True, place
        assert both[place][old] is place.startswith(TWO), place
    plan = clean.json("plan")
    assert plan["changes"] == []  # two passwords are taken, and that is as it should be
    assert clean.json("drift")["exit_code"] == 0
    clean.commsroom("prove", "--person", "meiling.li")

    clean.commsroom("rotate", "--yes", "--compromised", "meiling.li")
    assert logins(clean)[CONTACT] == both[CONTACT]  # she does not keep it
    clean.commsroom("rotate", "--yes", "--compromised", KEEPER)
    after = logins(clean)
    for place, found in after.items():
        assert [number for number, let_in in found.items() if let_in] == [max(found)], place
        assert None not in found.values(), place
    assert clean.json("plan")["changes"] == []
    assert "whole" in clean.commsroom("ledger", "verify")


def kill(company, after, *places):
    """Begin a rotation and kill it; return whether it was still there, and for how long it ran."""
    started = time.monotonic()
    process = subprocess.Popen(
        [str(BIN / "commsroom"), "rotate", *places, "--yes"], cwd=company.root, env=company.environ,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(after)
    process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL, time.monotonic() - started


def test_killed_at_random_moments_no_password_is_lost(clean, notes) -> None:
    grace(clean, "0d")
    dice = random.Random(SEED)
    started = time.monotonic()
    clean.commsroom("rotate", *PLACES, "--yes")
    usual = time.monotonic() - started
    tries = killed = lost = 0
    while killed < KILLS:
        tries += 1
        hit, seconds = kill(clean, dice.uniform(0.25, 0.85) * usual, *PLACES)
        killed += hit
        if not hit:
            usual = min(usual, seconds)  # the first one was slow: aim better
        elif dice.random() < 0.2:  # a second one, while it recovers
            killed += kill(clean, dice.uniform(0.25, 0.85) * usual)[0]
        lost += sum(True not in found.values() for found in logins(clean).values())
    assert lost == 0
    # So many were refused a login that one of them may rest until a lockout's quarter of an hour is over.
    clean.run("commsroom", "rotate", "--yes", "--wait", "16m", timeout=1020)
    assert clean.json("rotate", "--yes")["rotations"] == []  # none is under way any more
    for place, found in logins(clean).items():
        assert [number for number, let_in in found.items() if let_in] == [max(found)], place
    assert clean.json("plan")["changes"] == []
    notes.append(f"rotate killed {killed} times at random moments, in {tries} tries: {lost} lost")
