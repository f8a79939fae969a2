"""The sealed file: what is legible in it, what its key is worth, and what becomes of it in a crash."""

import sqlite3
import stat
import subprocess
import sys

import pytest

from commsroom.errors import CommsroomError
from commsroom.estate.secret import Secret
from commsroom.files import log_ahead
from commsroom.secrets.sealed import SealedStore

KEY = bytes(range(32))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "secrets.db"


@pytest.fixture
def filled(path):
    with SealedStore.open(path, KEY) as store:
        store.put("wei/xmpp", 1, Secret("canary-one"))
        store.put("wei/xmpp", 2, Secret("canary-two"))
        store.put("mei/sip", 1, Secret("canary-three"))
    return path


def run(path, *statements):
    connection = sqlite3.connect(path)
    with connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def test_no_value_is_in_any_file(path):
    with SealedStore.open(path, KEY) as store:
        store.put("wei/xmpp", 1, Secret("canary-one"))
        for file in path.parent.iterdir():
            assert b"canary" not in file.read_bytes()
            assert KEY not in file.read_bytes()
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_the_same_value_is_sealed_differently_each_time(filled):
    with SealedStore.open(filled, KEY) as store:
        store.put("lin/sip", 1, Secret("canary-three"))
        boxes = [store._box("lin/sip", 1), store._box("mei/sip", 1)]
    assert boxes[0] != boxes[1]


def test_a_wrong_key_is_told_at_once_and_harms_nothing(filled):
    before = filled.read_bytes()
    with pytest.raises(CommsroomError, match=r"the key does not open .*secrets\.db") as error:
        SealedStore.open(filled, b"\x01" * 32)
    assert "COMMSROOM_KEY_FILE" in str(error.value)
    assert filled.read_bytes() == before


def test_a_key_of_the_wrong_length_is_no_key(path):
    with pytest.raises(ValueError, match="32 bytes"):
        SealedStore.open(path, b"short")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE sealed SET box = X'00' WHERE path = 'wei/xmpp'",
        "UPDATE sealed SET box = X'' WHERE path = 'wei/xmpp'",
        "UPDATE sealed SET box = substr(box, 1, length(box) - 1) WHERE path = 'wei/xmpp'",
        "UPDATE sealed SET box = (SELECT box FROM sealed WHERE path = 'mei/sip') WHERE path = 'wei/xmpp'",
        "UPDATE sealed SET box = (SELECT box FROM sealed WHERE generation = 2) WHERE path = 'wei/xmpp'",
    ],
    ids=["edited", "emptied", "cut", "another-path", "another-generation"],
)
def test_a_row_that_was_edited_or_moved_does_not_open(filled, statement):
    run(filled, statement)
    with SealedStore.open(filled, KEY) as store:
        with pytest.raises(
            CommsroomError, match=r"generation 1 of wei/xmpp .* was damaged or moved"
        ):
            store.get("wei/xmpp", 1)
        assert store.get("mei/sip", 1).reveal() == "canary-three"


def test_a_newer_stores_format_is_left_alone(filled):
    run(filled, "PRAGMA user_version = 9")
    with pytest.raises(CommsroomError, match="newer commsroom"):
        SealedStore.open(filled, KEY)


def test_a_damaged_file_is_named_as_such(path):
    path.parent.mkdir()
    path.write_bytes(b"no database, but long enough to be taken for one. " * 40)
    with pytest.raises(CommsroomError, match=f"{path} is damaged"):
        SealedStore.open(path, KEY)


def test_reading_only_neither_makes_nor_changes(filled, tmp_path):
    with pytest.raises(CommsroomError, match="there is no store of secrets"):
        SealedStore.open(tmp_path / "none.db", KEY, read_only=True)
    with SealedStore.open(filled, KEY, read_only=True) as store:
        assert store.get("wei/xmpp", 2).reveal() == "canary-two"
        with pytest.raises(CommsroomError):
            store.put("wei/xmpp", 3, Secret("x"))


def test_a_full_disk_is_said_and_the_store_stays_usable(filled, ref):
    with SealedStore.open(filled, KEY) as store:
        pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
        store._connection.execute(f"PRAGMA max_page_count = {pages + 1}")
        many = [ref(f"p{number}/sip") for number in range(2000)]
        with pytest.raises(CommsroomError, match="the disk is full; nothing was stored") as error:
            store.ensure(many, lambda _: Secret("canary"))
        assert "canary" not in str(error.value)
        assert store.get_many([(item.path, 1) for item in many]) == {}
        store.put("lin/sip", 1, Secret("fits"))


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CommsroomError, match="cannot be opened: "):
        SealedStore.open(tmp_path / "file" / "secrets.db", KEY)


def test_who_is_slower_to_store_takes_over_the_others_secret(path, ref, monkeypatch):
    one, other = SealedStore.open(path, KEY), SealedStore.open(path, KEY)

    def make_late(wanted):
        """Made by the first of two, after both have seen that it is missing."""
        raise AssertionError(f"{wanted.path} was there already")

    real, calls = one._lacking, []

    def overtaken(wanted):
        found = real(wanted)
        if not calls:
            calls.append(other.ensure([ref()], lambda _: Secret("the other's")))
        return found

    monkeypatch.setattr(one, "_lacking", overtaken)
    assert one.ensure([ref()], make_late) == 0
    assert one.get("wei/xmpp", 1).reveal() == "the other's"
    one.close()
    other.close()


def test_nothing_missing_waits_for_nobody(filled, ref):
    busy = sqlite3.connect(filled, isolation_level=None)
    busy.execute("BEGIN IMMEDIATE")
    with SealedStore.open(filled, KEY) as store:
        assert store.ensure([ref("wei/xmpp"), ref("mei/sip")], lambda _: Secret("x")) == 0
    busy.execute("ROLLBACK")
    busy.close()


KILLED = """
import os, signal, sys
from pathlib import Path
from commsroom.estate.secret import Secret, SecretRef
from commsroom.secrets.sealed import SealedStore
store = SealedStore.open(Path(sys.argv[1]), bytes(range(32)))
def make(ref):
    if ref.path == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)
    return Secret("x")
store.ensure([SecretRef(f"p{n}/sip", "password", generation=1) for n in range(100)], make)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(("at", "stored"), [("p60/sip", 0), ("never", 100)])
def test_killed_in_the_middle_all_or_none_are_stored(path, at, stored):
    found = subprocess.run([sys.executable, "-c", KILLED, path, at], check=False)
    assert found.returncode == -9
    with SealedStore.open(path, KEY) as store:
        assert len(store.get_many([(f"p{number}/sip", 1) for number in range(100)])) == stored


RACER = """
import sys, uuid
from pathlib import Path
from commsroom.estate.secret import Secret, SecretRef
from commsroom.secrets.sealed import SealedStore
with SealedStore.open(Path(sys.argv[1]), bytes(range(32))) as store:
    refs = [SecretRef(f"p{n}/sip", "password", generation=1) for n in range(300)]
    store.ensure(refs, lambda _: Secret(uuid.uuid4().hex))
    found = store.get_many([(ref.path, 1) for ref in refs])
    print(" ".join(found[ref.path, 1].reveal() for ref in refs))
"""


def test_a_switch_that_another_process_makes_at_this_moment_is_waited_for():
    told = [sqlite3.OperationalError("database is locked")] * 3

    def execute(_statement):
        if told:
            raise told.pop()

    log_ahead(execute, 5)
    assert told == []
    told.append(sqlite3.OperationalError("disk I/O error"))
    with pytest.raises(sqlite3.OperationalError, match="disk"):
        log_ahead(execute, 5)
    told.append(sqlite3.OperationalError("database is locked"))
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        log_ahead(execute, 0)


def test_processes_that_race_end_with_the_same_secrets(path):
    command = [sys.executable, "-c", RACER, path]
    racers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    told = {racer.communicate()[0] for racer in racers}
    assert len(told) == 1
    assert len(told.pop().split()) == 300
