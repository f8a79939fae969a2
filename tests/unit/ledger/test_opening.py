"""Opening: what is made, what is refused, and that every refusal is one clear line."""

import os
import sqlite3
import stat
import subprocess
import sys
import threading

import pytest
from sqlalchemy.exc import OperationalError

from commsroom.errors import CommsroomError, UsageError
from commsroom.estate.resource import Action
from commsroom.ledger import Ledger
from commsroom.ledger.faults import translated


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "ledger.db"


def refused(url, match, **options):
    with pytest.raises(CommsroomError, match=match) as error:
        Ledger.open(str(url), **options)
    text = str(error.value)
    assert "\n" not in text
    assert "SELECT" not in text
    assert "PRAGMA" not in text
    return text


def test_the_estate_gets_a_name_of_letters_digits_and_dashes_and_keeps_it(url):
    with Ledger.open(url) as first:
        name = first.estate_id
    with Ledger.open(url) as second:
        assert second.estate_id == name
    assert name.replace("-", "").isalnum()
    assert name.isascii()


def test_two_ledgers_have_two_names(tmp_path):
    with Ledger.open(str(tmp_path / "a.db")) as one, Ledger.open(str(tmp_path / "b.db")) as other:
        assert one.estate_id != other.estate_id


def test_only_its_owner_can_read_the_file(path):
    with Ledger.open(str(path)) as ledger:
        ledger.record("note", {}, actor="lin@ops1")
        for file in path.parent.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_sqlite_is_durable_and_waits_for_others(path):
    with Ledger.open(str(path)) as ledger, ledger._database.read() as connection:
        pragma = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "busy_timeout")
        }
    assert pragma == {"journal_mode": "wal", "synchronous": 2, "busy_timeout": 20_000}


def test_several_processes_open_a_new_ledger_at_once(url, program):
    path = program(
        """
        import sys
        from commsroom.ledger import Ledger
        with Ledger.open(sys.argv[1]) as ledger:
            ledger.record("note", {}, actor="x")
            print(ledger.estate_id)
        """
    )
    children = [
        subprocess.Popen([sys.executable, path, url], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    names = {child.communicate()[0] for child in children}
    assert len(names) == 1
    with Ledger.open(url) as ledger:
        assert len(list(ledger.events(kind="note"))) == 2
        assert ledger.verify() == ()


def test_threads_share_one_ledger(estate):
    def work(number):
        for place in range(5):
            estate.ledger.record("note", {"number": number, "place": place}, actor="x")
            estate.ledger.known()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(estate.ledger.events(kind="note"))) == 40
    assert estate.ledger.verify() == ()


def test_reading_only_reads(estate, url):
    estate.do(estate.change(Action.CREATE, "wei"))
    head = estate.ledger.head()
    with Ledger.open(url, read_only=True) as reader:
        assert reader.known().owned == {estate.address("wei")}
        assert reader.verify() == ()
        with pytest.raises(CommsroomError, match="reading only"):
            reader.record("note", {}, actor="x")
        with pytest.raises(CommsroomError, match="reading only"), reader.lock("x"):
            pass
    assert estate.ledger.head() == head


def test_reading_only_needs_no_right_to_write(path, tmp_path):
    """As from a read-only checkout: neither the file nor its folder may be written."""
    with Ledger.open(str(path)) as ledger:
        ledger.record("note", {}, actor="x")
    path.chmod(0o444)
    path.parent.chmod(0o555)
    tmp_path.chmod(0o755)
    program = "import sys; from commsroom.ledger import Ledger; l = Ledger.open(sys.argv[1], read_only=True); print(len(list(l.events())))"
    command = [sys.executable, "-c", program, str(path)]
    try:
        mode = path.with_name("ledger.db-wal").exists()
        found = subprocess.run(command, capture_output=True, text=True, check=True)
    finally:
        path.parent.chmod(0o755)
    assert (mode, found.stdout.strip()) == (False, "2")


def test_reading_a_ledger_that_is_not_there_is_an_error_not_an_empty_answer(path):
    refused(path, "there is no ledger at .*commsroom apply", read_only=True)
    assert not path.exists()


def test_an_empty_file_is_no_readable_ledger(path):
    path.parent.mkdir()
    path.touch()
    refused(path, "holds nothing yet", read_only=True)


def test_a_newer_schema_is_left_alone(url, sql):
    with Ledger.open(url):
        pass
    sql("INSERT INTO ledger_schema VALUES (99, 'later')")
    refused(url, "schema 99, newer than this commsroom's")
    refused(url, "schema 99", read_only=True)


def test_a_damaged_file_is_named_as_such(path):
    path.parent.mkdir()
    path.write_bytes(b"This is no database at all, but long enough to be taken for one." * 40)
    refused(path, f"{path} is damaged .*backup")


def test_a_file_damaged_in_the_middle_is_found_by_verify(path):
    with Ledger.open(str(path)) as ledger:
        for number in range(200):
            ledger.record("note", {"text": "x" * 200, "number": number}, actor="x")
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 6000] = os.urandom(6000)
    path.write_bytes(content)
    assert any("damaged" in fault or "edited" in fault for fault in _faults(path))


def _faults(path):
    try:
        with Ledger.open(str(path)) as ledger:
            return ledger.verify()
    except CommsroomError as error:
        return [str(error)]


def test_another_programs_database_is_not_written_to(path):
    path.parent.mkdir()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE songs (name TEXT)")
    other.close()
    refused(path, "database of another program")
    check = sqlite3.connect(path)
    assert check.execute("SELECT name FROM sqlite_master").fetchall() == [("songs",)]
    check.close()


@pytest.fixture
def nearly_full(path):
    """Open a ledger on what SQLite takes for a disk with next to no room."""
    from sqlalchemy import event

    with Ledger.open(str(path)) as ledger:

        def shrink(connection, *_):
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {pages + 2}")

        event.listen(ledger._database._engine, "checkout", shrink)
        yield ledger


def test_a_full_disk_is_said_and_nothing_is_half_written(nearly_full):
    head = nearly_full.head()
    with pytest.raises(CommsroomError, match="the disk is full; nothing was recorded"):
        nearly_full.record("note", {"text": "x" * 1_000_000}, actor="x")
    assert nearly_full.head() == head
    assert nearly_full.verify() == ()
    nearly_full.record("note", {}, actor="x")


@pytest.mark.parametrize(
    ("pages", "saying"), [(4, "the disk is full"), (10**6, "the disk reports")]
)
def test_an_input_error_on_a_disk_without_room_is_a_full_disk(monkeypatch, tmp_path, pages, saying):
    import os
    import types

    from commsroom.ledger import faults

    disk = types.SimpleNamespace(f_bavail=pages, f_frsize=4096)
    monkeypatch.setattr(os, "statvfs", lambda _: disk)
    told = faults._told(str(tmp_path / "ledger.db"), OSError("disk I/O error"))
    assert saying in str(told)


def test_not_even_the_cause_of_an_error_shows_values(nearly_full):
    with pytest.raises(CommsroomError) as error:
        nearly_full.record("note", {"text": "canary" * 200_000}, actor="x")
    assert "canary" not in str(error.value.__cause__)


@pytest.mark.parametrize(
    ("state", "saying"),
    [
        ("53100", "the disk is full"),
        ("55P03", "stayed busy"),
        ("57014", "stayed busy"),
        ("25006", "may only be read"),
        ("42501", "may only be read"),
        ("28P01", "user or password is wrong"),
        ("3D000", "does not exist there"),
        ("57P01", "lost its server"),
        ("XX001", "is damaged"),
        ("99999", "cannot be used"),
    ],
)
def test_what_postgresql_says_is_put_in_our_words_without_its_own(state, saying):
    class Told(Exception):
        sqlstate = state

    with pytest.raises(CommsroomError, match=saying) as error, translated("db/estate"):
        raise OperationalError("INSERT canary", {"x": "canary"}, Told("canary"))
    assert str(error.value).startswith("the ledger db/estate ")
    assert "canary" not in str(error.value)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    refused(tmp_path / "file" / "ledger.db", "cannot be opened: ")


@pytest.mark.parametrize(
    "url", ["mysql://h/x", "sqlite://", "sqlite:///:memory:", "", "postgresql+asyncpg://h/x", "://"]
)
def test_a_url_of_the_wrong_kind_is_refused_with_the_right_kinds(url):
    with pytest.raises(UsageError, match=r"sqlite:///PATH or postgresql"):
        Ledger.open(url)


def test_an_unreachable_server_is_named_without_the_password(monkeypatch):
    pytest.importorskip("psycopg")
    url = "postgresql://lin:canary-7f3@127.0.0.1:1/estate"
    text = refused(url, "127.0.0.1/estate cannot be reached: the server refuses connections")
    assert "canary" not in text


def test_a_missing_driver_is_said_with_its_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    refused(
        "postgresql://ops@db.example/estate", r"needs the PostgreSQL driver .*commsroom\[postgres\]"
    )


def test_a_ledger_is_bound_to_its_key_at_the_first_apply(ledger, url):
    with Ledger.open(url, read_only=True) as reader:
        reader.bind_key("1" * 32)
    ledger.bind_key("2" * 32)
    ledger.bind_key("2" * 32)
    with pytest.raises(CommsroomError, match=r"not the one the ledger .* was written under"):
        ledger.bind_key("1" * 32)
    with (
        Ledger.open(url, read_only=True) as reader,
        pytest.raises(CommsroomError, match="not the one"),
    ):
        reader.bind_key("1" * 32)
    assert ledger.verify() == ()


def test_naming_the_ledger_does_not_load_sqlalchemy():
    program = "import sys, commsroom.ledger as l; l.Journal; assert 'sqlalchemy' not in sys.modules; l.Ledger; assert 'sqlalchemy' in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("folder", ["half?full", "50%41", "a b", 'quo"te', "#1"])
def test_a_path_means_itself_whatever_signs_are_in_it(tmp_path, folder):
    file = tmp_path / folder / "ledger.db"
    with Ledger.open(str(file)) as ledger:
        name = ledger.estate_id
    assert [path.name for path in tmp_path.iterdir()] == [folder]
    with Ledger.open(str(file), read_only=True) as ledger:
        assert ledger.estate_id == name
