"""Killed at any moment, the ledger is whole, and no change is without its intent."""

import json
import random
import subprocess
import sys
import time

import pytest

from commsroom.ledger import Ledger

pytestmark = pytest.mark.slow

#: Works through batches of creations; before "sending" each, and after, it tells the outside world.
WORK = """
    import json, os, signal, sys
    from commsroom.estate.backend import Outcome, Status
    from commsroom.estate.kinds import Account
    from commsroom.estate.resource import Action, Address, Change, Resource
    from commsroom.estate.secret import SecretRef
    from commsroom.ledger import Ledger

    url, world, boundary, after = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    seen = 0

    def on_boundary(name):
        global seen
        seen += name == boundary
        if seen == after and name == boundary:
            os.kill(os.getpid(), signal.SIGKILL)

    def creation(login):
        ref = SecretRef(f"{login}/xmpp", "password", generation=1)
        resource = Resource(Address("im1", "account", login), Account(display_name=login), (ref,))
        return Change(Action.CREATE, resource.address, None, resource, ("display_name", "secret:password"))

    with Ledger.open(url, on_boundary=on_boundary) as ledger, ledger.lock("lin@ops1") as lease:
        print("up", flush=True)
        for number in range(40):
            changes = [creation(f"u{number}-{place}") for place in range(5)]
            batch = ledger.begin("run", "im1", "grant", changes, actor="lin@ops1", fence=lease.fence)
            with open(world, "a") as file:  # the system: it keeps whatever reached it
                file.write("".join(f"{change.address.key}\\n" for change in changes))
            outcomes = [Outcome(c.address, Status.DONE, "", {"password": "f" * 32}) for c in changes]
            ledger.finish(batch, outcomes, changes)
"""


@pytest.fixture
def run(program, url, tmp_path):
    path, world = program(WORK), tmp_path / "world"

    def start(boundary="never", after=1):
        return subprocess.Popen(
            [sys.executable, path, url, world, boundary, str(after)], stdout=subprocess.PIPE
        )

    start.world = world
    return start


def check(url, world):
    """The ledger is whole; all that reached the system is ours; settling leaves exactly that."""
    made = set(world.read_text().split()) if world.exists() else set()
    with Ledger.open(url) as ledger:
        assert ledger.verify() == ()
        assert made <= {address.key for address in ledger.known().owned}
        opened = ledger.open_batches()
        assert len(opened) <= 1
        for batch in opened:
            found = {
                intent.address: "present" if intent.address.key in made else "absent"
                for intent in batch.intents
            }
            ledger.settle(batch.id, found, actor="mei@ops2")
        known = ledger.known()
        assert {address.key for address in known.owned} == made
        unsure = {
            address.key
            for address, slots in known.secrets.items()
            if not slots["password"].fingerprint
        }
        assert unsure >= {i.address.key for batch in opened for i in batch.intents} & made
        assert ledger.verify() == ()
        with ledger.lock("mei@ops2"):  # the dead one's lock is no obstacle
            pass
    return bool(opened)


@pytest.mark.parametrize(
    ("boundary", "left_open"),
    [
        ("lock:before", False),
        ("lock:after", False),
        ("begin:before", False),
        ("begin:after", True),
        ("finish:before", True),
        ("finish:after", False),
    ],
)
def test_killed_at_a_boundary_the_ledger_tells_what_was_under_way(run, url, boundary, left_open):
    after = 1 if boundary.startswith("lock") else 3
    child = run(boundary, after)
    child.communicate()
    assert child.returncode == -9
    assert check(url, run.world) is left_open


def test_killed_at_any_moment_nothing_of_ours_is_unlogged(run, url):
    for number in range(3):
        child = run()
        child.stdout.readline()
        time.sleep(random.Random(number).uniform(0, 0.25))
        child.kill()
        child.communicate()
        check(url, run.world)


def test_killed_during_the_very_first_opening_it_opens_the_next_time(run, url):
    for number in range(2):
        child = run()
        time.sleep(0.25 + random.Random(number).uniform(0, 0.3))
        child.kill()
        child.communicate()
    check(url, run.world)


def test_a_journal_without_intents_is_caught_by_the_same_check(run, url, program):
    """The check above is worth something only if it fails when intents are not written."""
    mutant = WORK.replace(
        "with Ledger.open(", "Ledger.begin = lambda *a, **k: 1\n    with Ledger.open("
    )
    assert mutant != WORK
    program(mutant)
    child = run("finish:before", 1)
    child.communicate()
    assert child.returncode == -9
    assert run.world.read_text()
    with pytest.raises(AssertionError):
        check(url, run.world)


def test_what_begin_returned_for_is_on_disk(estate, url):
    from commsroom.estate.resource import Action

    batch = estate.begin(estate.change(Action.CREATE, "wei"))
    with Ledger.open(url) as other:  # another connection sees only what was committed
        assert [opened.id for opened in other.open_batches()] == [batch]
        assert json.loads(json.dumps(other.open_batches()[0].intents[0].after)) == {
            "display_name": "Wei"
        }
