"""What was found is remembered as intervals: never cut by what a run could not see, and provable."""

import itertools
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commsroom.errors import CommsroomError
from commsroom.ledger import DriftRun, Keep, Ledger, Sighting, tables
from commsroom.ledger.database import Database

KEEP = Keep(retention=timedelta(days=400), every_run=timedelta(days=30))
START = datetime(2026, 1, 1, tzinfo=UTC)
ACCOUNTS = frozenset({"accounts"})


def at(minutes=0, days=0):
    moment = START + timedelta(days=days, minutes=minutes)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def seen(key, *, system="im1", part="accounts", kind="drift", aspect="", severity="error"):
    return Sighting(part, system, f"{system}:account/{key}", kind, aspect, severity)


def run(when, *sightings, parts=ACCOUNTS, unknown=(), undecided=()):
    return DriftRun(
        at=when,
        parts=parts,
        seen=sightings,
        unknown=frozenset(unknown),
        undecided=frozenset(undecided),
    )


@pytest.fixture
def record(ledger):
    def call(*arguments, keep=KEEP, **options):
        return ledger.record_drift(run(*arguments, **options), keep, actor="lin@ops1")

    return call


def past(ledger, parts=ACCOUNTS):
    return ledger.past(parts, since=at(), before=at(days=4000), returns_since=at())


def test_since_is_the_first_run_that_saw_it_and_survives_a_restart(ledger, record, url):
    wei = seen("wei")
    record(at(0), wei)
    record(at(5), wei, seen("mei"))
    with Ledger.open(url) as reopened:
        assert reopened.standing() == {wei.fingerprint: at(0), seen("mei").fingerprint: at(5)}
    assert ledger.verify() == ()


def test_what_was_repaired_and_comes_back_is_new_again(ledger, record):
    for minute, found in enumerate([[seen("wei")], [], [seen("wei")]]):
        record(at(minute), *found)
    assert ledger.standing() == {seen("wei").fingerprint: at(2)}
    assert past(ledger).repairs == ((at(0), at(1)),)
    assert past(ledger).returns == {"im1:account/wei": 1}


def test_a_system_that_is_unknown_neither_closes_nor_opens(ledger, record):
    record(at(0), seen("wei"), seen("bo", system="mail1"))
    down = Sighting("accounts", "im1", "im1", "unknown")
    record(at(1), down, unknown=[("accounts", "im1")])
    assert ledger.standing() == {seen("wei").fingerprint: at(0), down.fingerprint: at(1)}
    record(at(2), seen("wei"))
    assert ledger.standing() == {seen("wei").fingerprint: at(0)}
    assert past(ledger).returns == {}


def test_a_check_that_could_not_be_decided_goes_on(ledger, record):
    disk = Sighting("inspection", "im1", "im1:disk//var", "check")
    both = frozenset({"inspection"})
    record(at(0), disk, parts=both)
    record(at(1), parts=both, undecided=[("inspection", disk.address)])
    assert ledger.standing() == {disk.fingerprint: at(0)}
    assert [item.unknown for item in past(ledger, parts=both).runs] == [0, 1]


def test_a_run_says_nothing_about_what_it_did_not_look_at(ledger, record):
    package = Sighting("servers", "im1", "im1: install packages", "server")
    record(at(0), package, seen("wei"), parts=frozenset({"accounts", "servers"}))
    record(at(1))
    assert ledger.standing() == {package.fingerprint: at(0)}


def test_each_field_has_a_since_of_its_own(ledger, record):
    name, closed = seen("wei", aspect="display_name"), seen("wei", aspect="suspended")
    record(at(0), name)
    record(at(1), name, closed)
    assert ledger.standing() == {name.fingerprint: at(0), closed.fingerprint: at(1)}
    assert [item.errors for item in past(ledger).runs] == [1, 1]


def test_a_night_without_news_adds_one_row_and_one_event(ledger, record, sql):
    found = [seen(str(number)) for number in range(50)]
    record(at(0), *found)
    head = ledger.head()[0]
    record(at(1), *found)
    assert ledger.head()[0] == head + 1
    assert sql("SELECT count(*) FROM ledger_drift_findings") == [(50,)]
    event = list(ledger.events(kind="drift"))[-1]
    assert event.rows == ()
    assert (event.data["standing"], event.data["opened"], event.data["closed"]) == (50, 0, 0)


def test_a_finding_that_weighs_something_else_is_the_same_finding(ledger, record, sql):
    record(at(0), seen("wei"))
    record(at(1), seen("wei", severity="warning"))
    assert sql("SELECT severity, closed FROM ledger_drift_findings") == [("warning", None)]
    assert [(item.errors, item.warnings) for item in past(ledger).runs] == [(1, 0), (0, 1)]


def test_of_two_runs_side_by_side_the_one_that_began_later_speaks_last(ledger, record):
    record(at(1))  # began later, was faster: sees the repair
    assert record(at(0), seen("wei")) is None
    assert ledger.standing() == {}
    kept = record(at(0), parts=frozenset({"accounts", "servers"}))
    assert kept.parts == {"servers"}


def test_a_clock_that_once_ran_ahead_stops_nothing(ledger, record):
    record(at(days=40_000))
    assert record(at(0), seen("wei")) is not None
    assert ledger.standing() == {seen("wei").fingerprint: at(0)}


def test_many_runs_at_once_are_all_whole(ledger, url):
    def work(number):
        with Ledger.open(url) as mine:
            for place in range(4):
                moment = datetime.now(UTC).isoformat(timespec="microseconds")
                found = [seen(str(item)) for item in range(place, place + 5)]
                once = run(moment.replace("+00:00", "Z"), *found)
                mine.record_drift(once, KEEP, actor=f"lin@ops{number}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ledger.standing()) == 5
    assert ledger.verify() == ()


def test_a_ledger_open_for_reading_tells_and_records_nothing(ledger, record, url):
    record(at(0), seen("wei"))
    head = ledger.head()
    with Ledger.open(url, read_only=True) as reader:
        assert reader.standing() == {seen("wei").fingerprint: at(0)}
        with pytest.raises(CommsroomError, match="reading only"):
            reader.record_drift(run(at(1)), KEEP, actor="ci@runner")
    assert ledger.head() == head


# ── kept for a while ────────────────────────────────────────────────────────────────────────


def test_of_old_days_the_last_run_is_kept_and_what_stands_is_never_forgotten(ledger, record):
    keep = Keep(retention=timedelta(days=60), every_run=timedelta(days=30))
    old = seen("old")
    record(at(0), old, seen("gone"), keep=keep)
    for day in range(100):
        for hour in (1, 2):
            record(at(days=day, minutes=60 * hour), old, keep=keep)
    runs = [item.at for item in past(ledger).runs]
    days = [text[:10] for text in runs]
    assert runs[0] == at(days=39, minutes=60 * 2)  # sixty days before the last
    assert len(days) - len(set(days)) == 31  # twice a day, these thirty days and a few hours
    assert all(text.endswith("T02:00:00.000000Z") for text in runs[:30])
    assert ledger.standing() == {old.fingerprint: at(0)}
    assert past(ledger).repairs == ()
    assert ledger.verify() == ()


@pytest.mark.parametrize(
    "meddling",
    [
        "UPDATE ledger_drift_findings SET opened_at = '2025-01-01T00:00:00.000000Z'",
        "UPDATE ledger_drift_findings SET address = 'im1:account/other'",
        "UPDATE ledger_drift_findings SET closed = NULL, closed_at = NULL",
        "DELETE FROM ledger_drift_findings",
        "DELETE FROM ledger_drift_runs",
        "UPDATE ledger_drift_runs SET errors = 0",
    ],
)
def test_an_edited_history_is_told_from_a_true_one(ledger, record, sql, meddling):
    record(at(0), seen("wei"))
    record(at(1))
    assert ledger.verify() == ()
    sql(meddling)
    faults = ledger.verify()
    assert len(faults) == 1
    assert "the drift history was edited" in faults[0]


def test_findings_without_any_run_are_a_fault(ledger, record, sql):
    sql(
        "INSERT INTO ledger_drift_findings (fingerprint, opened, opened_at, part, system, address,"
        " kind, aspect, severity) VALUES ('x', 1, '', '', '', '', '', '', '')"
    )
    assert ledger.verify() == ("drift findings are there, but no run that found them",)


def test_nobody_may_note_a_drift_event_beside_the_history(ledger):
    with pytest.raises(ValueError, match="ledger's own"):
        ledger.record("drift", {}, actor="x")


def test_a_ledger_of_the_first_release_gets_its_history_when_it_is_opened(url, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(tables, "STEPS", tables.STEPS[:1])
        Database.open(url, read_only=False).close()
    with pytest.raises(CommsroomError, match=r"has an old schema \(1\)"):
        Ledger.open(url, read_only=True)
    assert Ledger.writable(url)
    with Ledger.open(url) as ledger:
        assert ledger.standing() == {}
        assert ledger.verify() == ()


def test_what_is_no_ledger_or_may_not_be_written_is_not_writable(tmp_path):
    (tmp_path / "empty.db").touch()
    assert not Ledger.writable(str(tmp_path / "empty.db"))
    assert not Ledger.writable(str(tmp_path / "none.db"))
    assert not Ledger.writable("mysql://h/x")
    assert not (tmp_path / "none.db").exists()


# ── any history ─────────────────────────────────────────────────────────────────────────────

THINGS = [
    Sighting(part, system, f"{system}:account/{key}", kind, aspect)
    for part in ("accounts", "servers")
    for system in ("im1", "mail1")
    for key, kind, aspect in [("wei", "drift", "name"), ("wei", "drift", "mail"), ("", "unknown", "")]
]  # fmt: skip
PARTS = st.sets(st.sampled_from(["accounts", "servers"]), min_size=1)
RUNS = st.lists(
    st.tuples(
        st.sets(st.sampled_from(THINGS)),
        PARTS,
        st.sets(st.tuples(st.sampled_from(["accounts", "servers"]), st.sampled_from(["im1", ""]))),
    ),
    max_size=8,
)


def naive(thing, runs):
    """Say, for one thing alone, from which to which run it stood."""
    intervals, begun = [], None
    for when, (found, parts, unknown) in enumerate(runs):
        blind = thing.part not in parts or (
            thing.kind != "unknown" and {(thing.part, thing.system), (thing.part, "")} & unknown
        )
        if thing in found and thing.part in parts:
            begun = when if begun is None else begun
        elif begun is not None and not blind:
            intervals.append((at(begun), at(when)))
            begun = None
    return intervals + ([(at(begun), None)] if begun is not None else [])


@pytest.fixture
def fresh(tmp_path):
    numbers = itertools.count()
    return lambda: f"sqlite:///{tmp_path}/{next(numbers)}.db"


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(runs=RUNS)
def test_whatever_was_seen_the_intervals_are_those_of_each_thing_by_itself(fresh, runs):
    place = fresh()
    with Ledger.open(place) as ledger:
        for when, (found, parts, unknown) in enumerate(runs):
            once = run(at(when), *found, parts=frozenset(parts), unknown=unknown)
            ledger.record_drift(once, KEEP, actor="x")
        with ledger._database.read() as connection:
            rows = connection.execute(tables.drift_findings.select()).all()
        stored = {}
        for row in sorted(rows, key=lambda row: row.opened):
            stored.setdefault(row.fingerprint, []).append((row.opened_at, row.closed_at))
        expected = {thing.fingerprint: naive(thing, runs) for thing in THINGS}
        assert stored == {key: spans for key, spans in expected.items() if spans}
        assert ledger.verify() == ()


def test_a_thousand_runs_of_fifty_findings_are_read_in_well_under_a_second(fresh):
    names = [column.name for column in tables.drift_findings.columns]
    with Ledger.open(fresh()) as ledger:
        with ledger._database.write() as connection:
            runs = [
                {"event": number, "at": at(30 * number), "parts": '["accounts"]'}
                | {"errors": 50, "warnings": 0, "unknown": 0}
                for number in range(1000)
            ]
            connection.execute(tables.drift_runs.insert(), runs)
            rows = [_row(names, str(item), 0, None) for item in range(45)]
            for number in range(999):  # a tenth of them comes and goes
                rows += [_row(names, str(item), number, number + 1) for item in range(45, 50)]
            rows += [_row(names, str(item), 999, None) for item in range(45, 50)]
            connection.execute(tables.drift_findings.insert(), rows)
        began = time.process_time()  # not the wall's: the machine may be busy
        assert len(ledger.standing()) == 50
        told = past(ledger)
        took = time.process_time() - began
    assert len(told.runs) == 1000
    assert told.returns == {f"im1:account/{item}": 999 for item in range(45, 50)}
    assert took < 0.5


def _row(names, key, opened, closed):
    about = seen(key)
    values = {name: getattr(about, name) for name in names if hasattr(about, name)}
    ended = {"closed": closed, "closed_at": None if closed is None else at(30 * closed)}
    return {**values, "opened": opened, "opened_at": at(30 * opened), **ended}
