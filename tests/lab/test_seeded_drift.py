"""Changes generated from every field of every kind and every thing the roles manage are all told, and nothing else.

`make seeded` draws a sample of each sort; `COMMSROOM_SEED=n` replays a run. `COMMSROOM_SEEDED=all` makes every change there is and
looks twenty times at servers on which nothing was changed, `=2/5` the second fifth of that.
"""

from __future__ import annotations

import json
import logging
import os
import time
from random import Random, SystemRandom

import pytest
from seeding import acting, managed, sampling, universe
from seeding.disturbance import judged

from commsroom import backends

pytestmark = [pytest.mark.lab, pytest.mark.seeded]

#: How far a long run is: `pytest --log-cli-level=info`, or debug.
LOG = logging.getLogger("seeded")
SAMPLE, CLEAN_RUNS = 60, 20
#: Everything a night's meddling may need to be put right, named as an administrator would have to.
ALLOWED = ("--allow-protected", "mail1:shared_mailbox/contact@lianhe.example", "--allow-removal", "total",
           "--allow-protected", "mail1:mailbox/archive@lianhe.example")  # fmt: skip


@pytest.fixture(scope="module")
def seed(notes):
    number = int(os.environ.get("COMMSROOM_SEED") or SystemRandom().randrange(10**6))
    notes.append(f"seeded drift: COMMSROOM_SEED={number} replays this run")
    return number


@pytest.fixture(scope="module")
def everything(lines, seed):
    """All changes of the estate, which has lines to the outside here. Its servers as they are now are the first clean look at them."""
    systems = {"pbx1": "asterisk", "mail1": "postfix_dovecot", "im1": "prosody"}
    return universe.of(
        {name: backends.backend(backend) for name, backend in systems.items()},
        lines.json("show")["resources"],
        managed.managed(lines.root),
        Random(seed),
    )


@pytest.fixture(scope="module")
def part():
    """Return which part of everything is asked for: (k, n), or None for a sample."""
    asked = os.environ.get("COMMSROOM_SEEDED", "")
    if asked in {"", "all"}:
        return (1, 1) if asked else None
    first, _, count = asked.partition("/")
    return int(first), int(count)


def look(company, *words):
    return json.loads(company.commsroom("drift", *words, "--no-record", "--json", expect=None))


def repair(company, batch):
    """Put right what a batch made wrong, as an administrator would: site.yml, then apply."""
    if any(item.row.startswith("role ") for item in batch):
        company.run("ansible-playbook", "playbooks/site.yml", timeout=600)
    # Only now: the servers' own tools do nothing where their settings are broken.
    acting.undo(company.root, batch)
    company.commsroom("apply", "--yes", *ALLOWED)


@pytest.mark.timeout(3600)
def test_every_change_is_told_and_nothing_else(company, everything, seed, part, notes):
    assert everything.forgotten == set()
    random = Random(seed)
    if part is None:
        batches = sampling.drawn(everything.sorts(), SAMPLE, random)
    else:
        batches = sampling.batches(everything.every())[part[0] - 1 :: part[1]]
    made = missed = false = 0
    lines: list[str] = []
    started = time.monotonic()
    try:
        for number, batch in enumerate(batches, 1):
            begun = time.monotonic()
            LOG.debug("batch %d: %s", number, "; ".join(item.label for item in batch))
            refused = acting.make(company.root, batch)
            lines += [f"not made: {label}: {said}" for label, said in refused.items()]
            batch = [item for item in batch if item.label not in refused]  # noqa: PLW2901
            servers = any(item.row.startswith("role ") for item in batch)
            report = look(company, *(["--servers"] if servers else []))
            verdict = judged(batch, report["findings"])
            made, missed = made + len(batch), missed + len(verdict.missed)
            false += len(verdict.false)
            looked = time.monotonic() - begun
            lines += [f"missed: {item.label}" for item in verdict.missed]
            lines += [f"nobody did: {one['address']}: {one['text']} {one['differences']}" for one in verdict.false]  # fmt: skip
            repair(company, batch)
            assert look(company)["findings"] == []
            LOG.info(
                "batch %d of %d: %d changes%s, %d missed, %d nobody made; seen in %.0f s, right again in %.0f s",
                number, len(batches), len(batch), " at servers" * servers, len(verdict.missed),
                len(verdict.false), looked, time.monotonic() - begun - looked,
            )  # fmt: skip
    finally:
        acting.undo(company.root, everything.every())
    notes.append(
        f"seeded drift: {made} of {everything.size} changes in {len(batches)} batches,"
        f" {len(everything.strata)} sorts, {missed} missed, {false} that nobody made,"
        f" {time.monotonic() - started:.0f} s"
    )
    notes.append("seeded drift: cannot be tested:")
    notes += [f"  {row}: {why}" for row, why in sorted(everything.untestable.items())]
    assert lines == []
    assert made >= SAMPLE or part
    assert "0 created, 0 updated, 0 deleted" in company.commsroom("apply", "--yes") or not company.json("plan")["changes"]  # fmt: skip
    again = company.run("ansible-playbook", "playbooks/site.yml", timeout=600)
    assert again.count("changed=0") == 3, again[-600:]


@pytest.mark.timeout(3600)
def test_nothing_is_told_of_an_estate_that_nobody_touched(lines, part, notes):
    runs = CLEAN_RUNS // part[1] if part else 1
    for number in range(CLEAN_RUNS):
        report = look(lines, *(["--servers"] if number < runs else []))
        assert (report["findings"], report["exit_code"]) == ([], 0)
    notes.append(
        f"seeded drift: {CLEAN_RUNS} clean looks, {runs} of them at the servers: nothing told"
    )


@pytest.mark.timeout(600)
def test_what_policy_lets_be_repaired_is_and_the_servers_are_left_to_people(clean):
    rules = clean.root / "policies" / "drift.yml"
    text = rules.read_text("utf-8")
    rules.write_text(text[: text.index("windows:")] + text[text.index("history:") :], "utf-8")
    member = next(
        item for item in clean.json("show", "im1:member/sales/*")["resources"]
        if item["attributes"]["affiliation"] == "member"
    )["address"]  # fmt: skip
    jid = f"{member.rpartition('/')[2]}@lianhe.example"
    clean.on("im1", f"prosodyctl shell 'muc:room(\"sales@rooms.lianhe.example\"):set_affiliation(true, \"{jid}\", nil)'")  # fmt: skip
    clean.on("mail1", "chmod o+w /etc/postfix/main.cf")
    try:
        report = json.loads(
            clean.commsroom("drift", "--fix", "--servers", "--yes", "--json", expect=2)
        )
        [left] = report["findings"]
        assert (left["address"], left["kind"]) == ("mail1: Write Postfix's configuration", "server")
        assert left["text"].endswith(": /etc/postfix/main.cf (repairing it: Restart Postfix)")
        assert left["remedy"] == "ansible-playbook playbooks/site.yml --limit mail1"
        assert clean.json("plan")["changes"] == []
    finally:
        clean.on("mail1", "chmod o-w /etc/postfix/main.cf")
