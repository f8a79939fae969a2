"""Which generations of our own login a session tries, and in what order."""

from types import SimpleNamespace

import pytest

from commsroom.app.entering import keys
from commsroom.estate.backend import Entrance
from commsroom.estate.resource import Address, Recorded
from commsroom.estate.rotation import Held, Login, Phase, Place, Rotation
from commsroom.estate.secret import Secret, Shape

ADDRESS = Address("sw-3f", "switch_login", "commsroom")
PATH = "sw-3f/login/commsroom"
DOOR = Entrance(ADDRESS, "password", PATH)


def turn(phase, spare=(), **logins):
    found = {int(name[1:]): login for name, login in logins.items()}
    held = Held(Place(ADDRESS, "password"), logins=found)
    return Rotation(PATH, Shape.PASSWORD, 2, 3, (held,), spare, phase=phase)


class Store:
    """Has generations 1 to 3; says which were asked for."""

    asked = False

    def get_many(self, pairs):
        self.asked = True
        return {pair: Secret(f"generation {pair[1]}") for pair in pairs if pair[1] <= 3}


def tried(rotation=None, *, current=2, told=True, began=True, read_only=False, there=2):
    last = Recorded(there, "f" * 32) if told else None
    ledger = SimpleNamespace(
        recorded=lambda address, slot: last,
        first_told=lambda addresses: {ADDRESS: "2026-11-26"} if began else {},
        generation_of=lambda paths: {PATH: current},
        rotations=lambda paths: {PATH: rotation} if rotation else {},
    )
    store = Store()
    found = keys(SimpleNamespace(ledger=ledger, secrets=store, read_only=read_only), DOOR)
    assert found.told is (told and store.asked)
    return [int(word.reveal().split()[1]) for word in found.words], store.asked


@pytest.mark.parametrize(
    ("rotation", "numbers"),
    [
        (None, [2]),
        (turn(Phase.REVOKED), [2]),
        (turn(Phase.ROLLED_BACK), [2]),
        (turn(Phase.STAGED), [2, 3]),
        (turn(Phase.PUSHED, v2=Login.ACCEPTED, v3=Login.REFUSED), [2, 3]),
        (turn(Phase.PUSHED, v3=Login.ACCEPTED), [3, 2]),
        (turn(Phase.ROLLING_BACK, v2=Login.REFUSED, v3=Login.ACCEPTED), [3, 2]),
        (
            turn(Phase.QUARANTINED, (1,), v2=Login.REFUSED, v3=Login.REFUSED, v1=Login.ACCEPTED),
            [1, 2],
        ),
    ],
    ids=[
        "settled",
        "revoked",
        "rolled back",
        "staged",
        "the old one was accepted",
        "the new one was accepted",
        "rolling back",
        "quarantined",
    ],
)
def test_what_a_login_accepted_comes_first_and_no_more_than_two_are_tried(rotation, numbers):
    assert tried(rotation)[0] == numbers


def test_what_was_written_last_comes_before_a_newer_one_that_was_not_sent_yet():
    assert tried(current=3, there=2) == ([2, 3], True)


def test_the_store_is_not_asked_for_a_login_that_is_not_ours():
    assert tried(told=False, began=False) == ([], False)


def test_what_a_first_apply_left_when_it_died_is_found():
    assert tried(told=False, current=1) == ([1], True)


def test_who_only_reads_needs_no_store_for_what_was_never_set():
    assert tried(told=False, read_only=True) == ([], False)
