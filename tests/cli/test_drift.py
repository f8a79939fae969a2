"""drift with a memory, exceptions and repairs, on the command line over simulated systems."""

import json
import re
import signal
import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema
import pytest

from commsroom.app import remembering

pytestmark = pytest.mark.slow

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "docs/reference/documents.schema.json").read_text("utf-8")
)
KIND = "kinds: [drift, missing, extra]"
OPEN = f"---\nfix:\n  - {{address: '*:member/*', {KIND}}}\n"


@pytest.fixture
def drifted(estate):
    """Today's estate, with a right taken away and an account changed behind our back."""
    estate.by_hand(_tamper)
    return estate


def _tamper(held):
    held["accounts"]["cy"].update(file_sharing=False, display_name="Somebody")
    held["rooms"]["everyone"]["members"].pop("bo@small.example", None)


def _repair(held):
    held["accounts"]["cy"].update(file_sharing=True, display_name="Cy Doe")
    held["rooms"]["everyone"]["members"]["bo@small.example"] = "member"


def drift(estate, *words, code=None):
    done = estate("drift", "--json", *words)
    assert code is None or done.code == code, done.err
    return done.document


def since(document):
    return {item["address"]: item["since"] for item in document["findings"]}


def recorded(estate):
    with sqlite3.connect(estate.path / ".commsroom/ledger.db") as database:
        count = database.execute("SELECT count(*) FROM ledger_drift_runs").fetchone()[0]
    database.close()
    return count


def write(estate, name, text):
    (estate.path / "policies" / name).write_text(text, "utf-8")


@pytest.fixture
def at(monkeypatch):
    """Say at what time the next runs begin."""

    def call(minutes=0, days=0):
        moment = datetime.now(UTC) - timedelta(days=100) + timedelta(days=days, minutes=minutes)
        text = moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
        monkeypatch.setattr(remembering, "now", lambda: text)
        return moment.isoformat(timespec="seconds")

    return call


# ── memory ──────────────────────────────────────────────────────────────────────────────────


def test_a_finding_keeps_its_since_until_it_is_repaired_and_is_new_when_it_comes_back(drifted, at):
    first = at(days=0)
    new = drift(drifted, code=2)
    assert new["when"] == first
    assert since(new) == {
        "im1:account/cy": first, "im1:member/everyone/bo": first,
    }  # fmt: skip
    at(days=1)
    assert set(since(drift(drifted)).values()) == {first}
    drifted.by_hand(_repair)
    at(days=2)
    assert drift(drifted, code=0)["findings"] == []
    drifted.by_hand(_tamper)
    again = at(days=3)
    assert set(since(drift(drifted)).values()) == {again}
    assert drifted("ledger", "verify").out.startswith("The ledger is whole.\n")


def test_a_server_that_is_down_hides_nothing_and_makes_nothing_new(drifted, at):
    first = at(days=0)
    drift(drifted)
    file = drifted.path / "im1.json"
    good = file.read_text("utf-8")
    file.write_text("not JSON", "utf-8")
    at(days=1)
    assert [item["kind"] for item in drift(drifted, code=4)["findings"]] == ["unknown"]
    file.write_text(good, "utf-8")
    at(days=2)
    assert set(since(drift(drifted)).values()) == {first}


@pytest.mark.parametrize(
    "words",
    [
        ["--no-record"],
        ["--person", "P1"],
        ["--only", "im1:*"],
        ["--as-of", datetime.now(UTC).date().isoformat()],
    ],
    ids=" ".join,
)
def test_a_run_that_was_narrowed_is_not_remembered_but_remembers(drifted, at, words):
    first = at(days=0)
    drift(drifted)
    at(days=1)
    drifted.by_hand(lambda held: held["accounts"]["di"].update(suspended=True))
    found = since(drift(drifted, *words))
    assert found.get("im1:account/cy", first) == first
    assert found.get("im1:account/di", "") == ""
    assert recorded(drifted) == 1


def test_only_what_is_new_is_told_when_asked_since_when(drifted, at):
    at(days=0)
    drift(drifted)
    drifted.by_hand(lambda held: held["accounts"]["di"].update(suspended=True))
    new = at(days=90)
    assert drift(drifted, "--since", "20d", code=2)["findings"][0]["address"] == "im1:account/di"
    assert since(drift(drifted, "--since", new[:10])) == {"im1:account/di": new}
    quiet = drift(drifted, "--since", "1h", code=0)
    assert (quiet["findings"], quiet["older"]) == ([], 3)


@pytest.mark.parametrize("form", ["text", "markdown", "html", "junit"])
def test_what_is_older_than_was_asked_for_is_not_called_clean(drifted, at, form):
    at(days=0)
    drift(drifted)
    at(days=90)
    done = drifted("drift", "--since", "1h", "--format", form)
    assert done.code == 0
    assert "matches policy" not in done.out
    assert "as policy says" not in done.out
    assert "older" in done.out


@pytest.mark.parametrize("text", ["soon", "", "2026-02-30", "2999-01-01", "-7d"])
def test_a_span_that_is_none_is_one_line(estate, text):
    done = estate("drift", f"--since={text}")
    assert done.code == 1
    assert done.err.count("\n") == 1
    assert "--since" in done.err


def test_the_report_has_a_trend_of_runs_and_repairs(drifted, at, monkeypatch):
    from commsroom.cli import forms

    given = []
    monkeypatch.setattr(forms, "give", lambda _session, report, *_: given.append(report))
    for day in range(6):
        at(days=90 + day)
        drifted.by_hand(_repair if day % 2 else _tamper)
        drifted("drift")
    told = given[-1].history
    assert [(point.errors, point.warnings) for point in told.points] == [
        (2, 0), (0, 0), (2, 0), (0, 0), (2, 0),
    ]  # fmt: skip
    assert told.repaired == 6
    assert told.seconds_to_repair == pytest.approx(86400, rel=0.01)
    assert told.flapping == (("im1:account/cy", 2), ("im1:member/everyone/bo", 2))


@pytest.mark.slow
def test_two_checks_at_once_are_both_fine(drifted, spawn):
    ended = []
    words = ["drift", "--estate", drifted.path, "--simulate", drifted.path]
    threads = [threading.Thread(target=lambda: ended.append(spawn(*words).code)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ended == [2, 2]
    assert recorded(drifted) in {1, 2}  # the later one may have been faster
    assert drifted("ledger", "verify").code == 0


KILLED = """
import os, signal, sys
from pathlib import Path
from commsroom.app import drifting
from commsroom.app.estate import open_estate
from commsroom.app.progress import Silent
from commsroom.app.scope import Scope
from commsroom.ledger import history
path = Path(sys.argv[1])
history._forget = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
with open_estate(path, simulate=path, read_only=True, record=True) as estate:
    drifting.drift(estate, Scope(), Silent(), record=True)
"""


@pytest.mark.slow
def test_a_check_killed_while_it_writes_leaves_nothing_behind(drifted):
    drift(drifted)
    before = drifted("ledger", "show", "--json").document
    done = subprocess.run([sys.executable, "-c", KILLED, drifted.path], check=False)
    assert done.returncode == -signal.SIGKILL
    assert drifted("ledger", "show", "--json").document == before
    assert drifted("ledger", "verify").code == 0
    drift(drifted, code=2)
    assert recorded(drifted) == 2


def test_a_check_needs_no_lock(drifted):
    from commsroom.ledger import Ledger

    with Ledger.open(str(drifted.path / ".commsroom/ledger.db")) as ledger, ledger.lock("wei@ops1"):
        drift(drifted, code=2)
    assert recorded(drifted) == 1


def test_a_ledger_that_may_only_be_read_tells_since_when_and_records_nothing(
    drifted, at, monkeypatch
):
    from commsroom.ledger import Ledger

    first = at(days=0)
    drift(drifted)
    at(days=1)
    monkeypatch.setattr(Ledger, "writable", lambda _url: False)
    done = drifted("drift", "--json")
    assert set(since(done.document).values()) == {first}
    assert (done.code, done.err) == (2, "")
    assert recorded(drifted) == 1


def test_what_could_not_be_recorded_is_said_and_the_report_given(drifted, monkeypatch):
    from commsroom.errors import CommsroomError
    from commsroom.ledger import Ledger

    def full(*_args, **_options):
        raise CommsroomError("the ledger has no room left")

    monkeypatch.setattr(Ledger, "record_drift", full)
    done = drifted("drift")
    assert done.code == 2
    assert "this run is not recorded: the ledger has no room left" in done.err
    assert "im1:account/cy differs" in done.out


# ── exceptions and weights ──────────────────────────────────────────────────────────────────

EXCEPTION = """---
exceptions:
  - address: "im1:account/cy"
    fields: [file_sharing]
    owner: P1
    reason: Under test
    until: {until}
"""


def test_an_exception_covers_its_fields_and_no_other(drifted):
    write(drifted, "exceptions.yml", EXCEPTION.format(until="2999-12-31"))
    weights = {
        tuple(part["name"] for part in item["differences"]): item["severity"]
        for item in drift(drifted, "--only", "im1:account/*", code=2)["findings"]
    }
    assert weights == {("display_name",): "error", ("file_sharing",): "note"}
    drifted.by_hand(lambda held: held["accounts"]["cy"].update(display_name="Cy Doe"))
    assert drifted("drift", "--only", "im1:account/*").code == 0


def test_an_expired_exception_reappears_and_is_named(drifted):
    write(drifted, "exceptions.yml", EXCEPTION.format(until="2026-01-31"))
    document = drift(drifted, code=2)
    jsonschema.Draft202012Validator({**SCHEMA, "$ref": "#/$defs/drift"}).validate(document)
    named = [item for item in document["findings"] if item["kind"] == "exception"]
    assert [(item["severity"], item["provenance"]["line"]) for item in named] == [("warning", 3)]
    assert "error" in {
        item["severity"] for item in document["findings"] if item["address"] == "im1:account/cy"
    }


def test_an_owner_nobody_knows_is_an_error_at_its_place(drifted):
    write(drifted, "exceptions.yml", EXCEPTION.format(until="2999-12-31").replace("P1", "P9"))
    done = drifted("drift")
    assert done.code == 1
    assert done.err.startswith("policies/exceptions.yml:5:12: there is no person 'P9'")


def test_policy_may_say_that_a_difference_is_only_a_warning(drifted):
    write(drifted, "drift.yml", "---\nseverity:\n  - {address: '*', severity: warning}\n")
    document = drift(drifted, code=0)
    assert {item["severity"] for item in document["findings"]} == {"warning"}


# ── repair ──────────────────────────────────────────────────────────────────────────────────


def test_a_repair_touches_what_policy_allows_and_leaves_the_rest_to_people(drifted):
    write(drifted, "drift.yml", OPEN)
    document = drift(drifted, "--fix", "--yes", code=2)
    jsonschema.Draft202012Validator({**SCHEMA, "$ref": "#/$defs/drift"}).validate(document)
    assert document["fixed"] == [
        {"address": "im1:member/everyone/bo", "status": "done", "message": ""}
    ]
    assert [item["address"] for item in document["findings"]] == ["im1:account/cy"]
    assert json.loads(drifted.held())["accounts"]["cy"]["display_name"] == "Somebody"
    kinds = [item["kind"] for item in drifted("ledger", "show", "--json").document["events"]]
    assert kinds[-4:] == ["drift", "intent", "outcome", "drift"]
    assert drifted("ledger", "verify").code == 0


def test_a_repair_says_what_it_does_before_the_report_of_the_rest(drifted):
    write(drifted, "drift.yml", OPEN)
    done = drifted("drift", "--fix", "--yes")
    said = [line for line in done.out.splitlines() if "/bo" in line or "Repaired" in line]
    assert said == [
        "  + create im1:member/everyone/bo  (policies/messaging.yml:4)  [simulated]",
        "  ✓ repaired im1:member/everyone/bo  [simulated]",
        "Repaired 1 of 1 object; read again: [simulated: im1, mail1, pbx1]",
    ]
    assert done.out.index("Repaired") < done.out.index("error: im1:account/cy differs")


def test_a_report_in_another_form_stays_alone_on_standard_output(drifted):
    write(drifted, "drift.yml", OPEN)
    done = drifted("drift", "--fix", "--yes", "--format", "sarif")
    assert json.loads(done.out)["version"] == "2.1.0"


def test_without_rules_nothing_is_repaired(drifted):
    before = drifted.held()
    done = drifted("drift", "--fix", "--yes")
    assert done.code == 2
    assert "Nothing here may be repaired without people" in done.out
    assert drifted.held() == before


def test_outside_of_its_windows_a_repair_is_refused_and_says_when_the_next_opens(drifted):
    day = (datetime.now(UTC) + timedelta(days=3)).strftime("%a").lower()
    opens = f"windows:\n  - {{days: [{day}], from: '00:00', to: '00:01'}}\n"
    write(drifted, "drift.yml", OPEN + opens)
    before = drifted.held()
    done = drifted("drift", "--fix", "--yes")
    assert done.code == 3
    assert re.search(
        r"no maintenance window is open \(policies/drift\.yml:4\); the next opens"
        rf" {day.title()} \d{{4}}-\d\d-\d\d 00:00 \(Asia/Taipei\)",
        done.err,
    )
    assert drifted.held() == before
    assert recorded(drifted) == 0
    assert drifted("drift").code == 2  # looking is always allowed


def test_a_window_that_closes_while_the_question_stands_is_closed(drifted, monkeypatch):
    from commsroom.app import fixing
    from commsroom.errors import GuardRefused

    asked = []

    def close(_policy):
        asked.append(1)
        if len(asked) > 1:
            raise GuardRefused("no maintenance window is open")

    write(drifted, "drift.yml", OPEN)
    monkeypatch.setattr(fixing, "check_window", close)
    before = drifted.held()
    assert drifted("drift", "--fix", "--yes").code == 3
    assert drifted.held() == before
    assert drifted("ledger", "show", "--json").document["events"][-1]["kind"] == "drift"


def test_what_grew_by_a_field_no_rule_names_is_left_for_people(drifted, monkeypatch):
    """Between the look and the lock somebody changes more of the object."""
    from commsroom.app import fixing

    only = "---\nfix:\n  - {address: 'im1:account/*', fields: [file_sharing]}\n"
    write(drifted, "drift.yml", only)
    drifted.by_hand(lambda held: held["accounts"]["cy"].update(display_name="Cy Doe"))
    look = fixing.drifting.look

    def meddled(*arguments, **options):
        found = look(*arguments, **options)
        if not options.get("before"):
            drifted.by_hand(lambda held: held["accounts"]["cy"].update(suspended=True))
        return found

    monkeypatch.setattr(fixing.drifting, "look", meddled)
    drift(drifted, "--fix", "--yes", code=2)
    assert json.loads(drifted.held())["accounts"]["cy"]["file_sharing"] is False


def test_a_repair_waits_for_nobody_and_says_who_has_the_lock(drifted):
    from commsroom.ledger import Ledger

    write(drifted, "drift.yml", OPEN)
    with Ledger.open(str(drifted.path / ".commsroom/ledger.db")) as ledger, ledger.lock("wei@ops1"):
        done = drifted("drift", "--fix", "--yes")
    assert done.code == 3
    assert "locked by wei@ops1" in done.err


def test_a_repair_asks_unless_told_not_to(drifted):
    write(drifted, "drift.yml", OPEN)
    assert "add --yes" in drifted("drift", "--fix").err
    assert "--json asks no questions" in drifted("drift", "--fix", "--json").err
    assert drifted("drift", "--yes").code == 1


def test_a_repair_makes_no_ledger_and_looks_at_today_only(fresh, drifted):
    done = fresh("drift", "--fix", "--yes")
    assert done.code == 1
    assert not (fresh.path / ".commsroom/ledger.db").exists()
    done = drifted("drift", "--fix", "--yes", "--as-of", "2026-03-02")
    assert (done.code, "today" in done.err) == (1, True)


@pytest.mark.parametrize("version", [1, 2])
def test_a_ledger_of_an_earlier_release_gets_its_memory_with_the_first_check(drifted, version):
    file = drifted.path / ".commsroom/ledger.db"
    with sqlite3.connect(file) as database:
        database.execute("DROP TABLE ledger_told")
        if version == 1:
            database.execute("DROP TABLE ledger_drift_runs")
            database.execute("DROP TABLE ledger_drift_findings")
        database.execute("DELETE FROM ledger_schema WHERE version > ?", [version])
    database.close()
    drift(drifted, code=2)
    assert recorded(drifted) == 1


# ── one look in several forms ───────────────────────────────────────────────────────────────


def test_one_look_is_told_in_every_form_asked_for(drifted, tmp_path):
    words = [f"--also={form}={tmp_path / form}" for form in ("junit", "sarif", "html", "json")]
    done = drifted("drift", *words)
    assert done.code == 2
    assert "im1:account/cy differs" in done.out
    written = {file.name: file.read_text("utf-8") for file in tmp_path.iterdir() if file.is_file()}
    assert set(written) == {"junit", "sarif", "html", "json"}
    assert [name for name, text in written.items() if "im1:account/cy" not in text] == []
    assert recorded(drifted) == 1


@pytest.mark.parametrize(
    "text", ["junit", "junit=", "pdf=x", "=x", "junit=no/such/x", "junit=.", "junit=-"]
)
def test_a_form_that_cannot_be_written_is_said_before_anything_is_read(drifted, text):
    done = drifted("drift", "--also", text)
    assert (done.code, done.out) == (1, "")
    assert "--also" in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [
        ["--also=junit={file}", "--also=sarif={file}"],
        ["--out={file}", "--also=html={folder}/../{name}/report"],
    ],
)
def test_two_reports_do_not_go_to_one_file(drifted, tmp_path, words):
    file = tmp_path / "report"
    given = {"file": file, "folder": tmp_path, "name": tmp_path.name}
    done = drifted("drift", *(word.format(**given) for word in words))
    assert (done.code, done.err.count("\n")) == (1, 1)
    assert str(file) in done.err
    assert not file.exists()


def test_servers_that_are_simulated_cannot_be_looked_at_and_that_is_said(drifted):
    done = drifted("drift", "--servers")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("error: --servers: all systems are simulated")
    assert done.err.count("\n") == 1
