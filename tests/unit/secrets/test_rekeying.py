"""A new master key: the store opens at every moment, whoever is killed, and others go on reading."""

import itertools
import subprocess
import sys
import threading
from functools import partial

import pytest
from store_kits import STEPS, around, killed_at

from commsroom.errors import CommsroomError, UsageError
from commsroom.estate.secret import Secret
from commsroom.secrets import fingerprint, key, rekeying
from commsroom.secrets.derive import Use, derived, renewed
from commsroom.secrets.sealed import SealedStore

HELD = {(f"p{number}/sip", generation): f"canary-{number}-{generation}" for number in range(20) for generation in (1, 2)}  # fmt: skip


class Office:
    """An estate with a key in its usual place, and a sealed file."""

    def __init__(self, folder):
        self.estate = folder / "estate"
        self.estate.mkdir()
        self.environ = {"HOME": str(folder)}
        self.sealed = self.estate / ".commsroom/secrets.db"
        key.create(self.estate, environ=self.environ)
        with self.open() as store:
            for (path, generation), text in HELD.items():
                store.put(path, generation, Secret(text))

    @property
    def key(self):
        return key.find(self.estate, environ=self.environ)

    @property
    def file(self):
        return key.file_of(self.estate, environ=self.environ)

    def open(self):
        return SealedStore.open(
            self.sealed, self.key, others=lambda: key.candidates(self.estate, environ=self.environ)
        )

    def rotate(self):
        return rekeying.rotate(self.file, self.estate, self.sealed)

    def held(self):
        with self.open() as store:
            return {place: one.reveal() for place, one in store.everything().items()}


@pytest.fixture
def office(tmp_path):
    return Office(tmp_path)


def test_after_it_only_the_new_key_opens_and_all_is_there(office):
    old = office.key
    done = office.rotate()
    assert done.count == len(HELD)
    assert office.key != old
    assert office.held() == HELD
    with pytest.raises(CommsroomError, match="the key does not open"):
        SealedStore.open(office.sealed, old)
    assert key.read(done.old, office.estate) == old
    assert {one.name for one in office.file.parent.iterdir()} == {office.file.name, done.old.name}
    assert all(one.stat().st_mode & 0o077 == 0 for one in office.file.parent.iterdir())


def test_nothing_in_the_store_opens_with_the_old_key_any_more(office):
    """Not the rows, and not what SQLite has not overwritten: its pages and its log are looked through."""
    old = office.key
    with office.open() as store:
        boxes = [bytes(row[0]) for row in store._connection.execute("SELECT box FROM sealed")]
    office.rotate()
    raw = b"".join(one.read_bytes() for one in office.sealed.parent.glob("secrets.db*"))
    assert not any(box in raw for box in boxes)
    assert derived(old, Use.SEALING) != derived(office.key, Use.SEALING)


def test_fingerprints_stay_and_everything_else_is_another(office):
    old = office.key
    office.rotate()
    office.rotate()
    new = office.key
    assert len(new) == 64
    assert fingerprint.keyed(new)("verifier") == fingerprint.keyed(old)("verifier")
    assert derived(new, Use.SAVED_PLANS) != derived(old, Use.SAVED_PLANS)
    assert key.find_for_fingerprints(office.estate, environ=office.environ) == derived(
        old, Use.FINGERPRINTS
    )


def test_the_new_key_has_nothing_else_of_the_old_one():
    old = bytes(range(32))
    assert renewed(old)[:32] != renewed(old)[:32]
    assert renewed(old)[32:] == renewed(renewed(old))[32:] == derived(old, Use.FINGERPRINTS)


def test_killed_anywhere_the_store_opens_and_the_next_run_finishes(office):
    boundary, killed = 0, True
    while killed:
        killed = killed_at(boundary, partial(renewed_by, office))
        assert office.held() == HELD  # as any other command opens it
        with office.open() as store:  # and writes to it
            store.put("late/sip", boundary + 1, Secret(f"late-{boundary}"))
        office.rotate()
        assert office.held() == HELD | {("late/sip", boundary + 1): f"late-{boundary}"}
        with office.open() as store:
            store._connection.execute("DELETE FROM sealed WHERE path = 'late/sip'")
        boundary += 1
    assert boundary > 20


def renewed_by(office, reached):
    """Renew the key, and tell each boundary that is reached: files, and what SQLite is told."""
    for owner, name in [*STEPS, (SealedStore, "_begin")]:
        around(owner, name, reached)
    real = SealedStore.open.__func__

    def opened(cls, *given, **named):
        store = real(cls, *given, **named)
        rows = itertools.count()  # one row is like another: every tenth

        def told(text):
            if not text.startswith(("SELECT", "UPDATE")) or next(rows) % 10 == 0:
                reached()

        store._connection.set_trace_callback(told)
        return store

    SealedStore.open = classmethod(opened)
    office.rotate()


def test_who_has_it_open_goes_on_reading_and_writing_under_the_new_key(office):
    before = office.open()
    assert before.get("p1/sip", 1).reveal() == "canary-1-1"
    office.rotate()
    assert before.get("p1/sip", 1).reveal() == "canary-1-1"
    office.rotate()
    before.put("new/sip", 1, Secret("written late"))
    assert office.held() == HELD | {("new/sip", 1): "written late"}
    before.close()


READER = """
import sys
from pathlib import Path
from commsroom.secrets import key
from commsroom.secrets.sealed import SealedStore
estate, home = Path(sys.argv[1]), {"HOME": sys.argv[2]}
reads = 0
print("ready", flush=True)
while not (estate / "stop").exists():
    store = SealedStore.open(estate / ".commsroom/secrets.db", key.find(estate, environ=home),
                             others=lambda: key.candidates(estate, environ=home))
    with store:
        for _ in range(3):
            assert len(store.get_many([(f"p{n}/sip", 1) for n in range(20)])) == 20
            reads += 1
print(reads)
"""


def test_other_processes_read_while_it_is_renewed_again_and_again(office):
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", READER, office.estate, office.environ["HOME"]],
            stdout=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    assert [one.stdout.readline() for one in readers] == ["ready\n"] * 2
    try:
        for _ in range(15):
            office.rotate()
    finally:
        (office.estate / "stop").touch()
    assert all(int(one.communicate()[0]) > 0 for one in readers)
    assert [one.returncode for one in readers] == [0, 0]


def test_two_at_once_are_done_one_after_the_other(office):
    threads = [threading.Thread(target=office.rotate) for _ in range(3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert office.held() == HELD
    assert not key.following(office.file).exists()


def test_a_damaged_secret_stops_it_and_the_old_key_goes_on_to_count(office):
    old = office.key
    with office.open() as store:
        store._connection.execute(
            "UPDATE sealed SET box = X'00' WHERE path = 'p7/sip' AND generation = 1"
        )
    with pytest.raises(CommsroomError, match=r"generation 1 of p7/sip .* damaged") as error:
        office.rotate()
    assert "canary" not in str(error.value)
    assert office.key == old
    with office.open() as store:
        assert store.get("p1/sip", 1).reveal() == "canary-1-1"


def test_a_key_that_is_in_no_file_is_not_renewed(office):
    given = key.encoded(office.key).decode()
    with pytest.raises(UsageError, match=r"is not in a file.*COMMSROOM_KEY_FILE"):
        key.file_of(office.estate, environ={"COMMSROOM_KEY": given, **office.environ})
    assert key.candidates(office.estate, environ={"COMMSROOM_KEY": given, **office.environ}) == []


def test_a_key_in_a_file_of_ones_own_is_renewed_there(office, tmp_path):
    own = tmp_path / "own.key"
    own.write_bytes(key.encoded(office.key))
    own.chmod(0o600)
    environ = {"COMMSROOM_KEY_FILE": str(own)}
    done = rekeying.rotate(
        key.file_of(office.estate, environ=environ), office.estate, office.sealed
    )
    assert done.file == own
    assert key.find(office.estate, environ=environ) == key.read(own, office.estate)
    with SealedStore.open(office.sealed, key.read(own, office.estate)) as store:
        assert store.get("p1/sip", 1).reveal() == "canary-1-1"


def test_an_estate_whose_secrets_are_elsewhere_has_its_key_renewed_too(office):
    office.sealed.unlink()
    old = office.key
    assert office.rotate().count == 0
    assert office.key != old


def test_a_master_key_is_no_key_for_fingerprints(office):
    office.rotate()
    given = {"COMMSROOM_FINGERPRINT_KEY": key.encoded(office.key).decode()}
    with pytest.raises(UsageError, match="holds a master key"):
        key.find_for_fingerprints(office.estate, environ=given)
