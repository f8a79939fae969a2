"""apply --due on the command line: the calendar's changes, never an edit's, never a repair."""

import json
import os
import re
import signal
import sqlite3
from datetime import date
from itertools import count

import pytest

from commsroom.app import applying, calendaring
from commsroom.app.estate import open_estate
from commsroom.app.progress import Silent
from commsroom.app.scope import Scope

pytestmark = pytest.mark.slow
APPLIED = ("--as-of", "2026-03-02")  # as tests/cli/conftest.py applies
ROSTER = "P7,Ed Gray,ed,office,clerk,home,staff,2026-03-10,2026-04-30,P1,en,\n"  # lead_days: 3


@pytest.fixture
def joining(estate):
    """Somebody comes on the 10th; the roster says so since before the last apply."""
    roster = estate.path / "policies/people.csv"
    roster.write_text(roster.read_text("utf-8") + ROSTER, "utf-8")
    return estate


def due(estate, day, *words, code=0):
    done = estate("apply", "--due", "--yes", "--as-of", day, *words)
    assert done.code == code, done.err
    return done


def changes(estate, day):
    document = due(estate, day, "--json").document
    assert document["outcomes"] or not document["plan"]["changes"]
    return {
        (item["action"], item["address"]): tuple(item["fields"])
        for item in document["plan"]["changes"]
    }


def test_with_nothing_due_one_line_says_so_and_no_system_is_asked(estate, monkeypatch):
    monkeypatch.setattr(
        calendaring, "read", lambda *_args, **_kwargs: pytest.fail("a system was asked")
    )
    assert due(estate, "2026-03-05").out == (
        "Nothing is due; counted from the apply for 2026-03-02. [simulated: im1, mail1, pbx1]\n"
    )
    assert due(estate, "2026-03-06").out.startswith(
        "Nothing is due; counted from the apply for 2026-03-05."
    )


def test_a_joiner_becomes_due_with_the_lead_days_and_again_on_the_first_day(joining):
    assert changes(joining, "2026-03-06") == {}
    made = changes(joining, "2026-03-07")
    assert {action for action, _ in made} == {"create"}
    assert {address.split("/")[0] for _, address in made} == {
        "pbx1:extension", "pbx1:voicemail", "mail1:mailbox", "im1:account",
    }  # fmt: skip
    assert changes(joining, "2026-03-07") == {}
    opened = changes(joining, "2026-03-10")
    assert opened["update", "im1:account/ed"] == ("file_sharing", "suspended")
    assert opened["update", "mail1:list/office@small.example"] == ("members",)
    assert ("create", "im1:member/everyone/ed") in opened
    assert changes(joining, "2026-03-10") == {}
    plan = joining("plan", "--detailed-exitcode", "--as-of", "2026-03-10")
    assert plan.code == 0, plan.out


def test_a_leaver_is_closed_the_day_after_the_last_and_purged_after_the_retention(joining):
    changes(joining, "2026-03-10")
    assert changes(joining, "2026-04-30") == {}
    closed = changes(joining, "2026-05-01")
    assert closed["update", "im1:account/ed"] == ("file_sharing", "suspended")
    assert ("delete", "im1:member/everyone/ed") in closed
    assert changes(joining, "2026-07-29") == {}
    gone = changes(joining, "2026-07-30")
    assert {action for action, address in gone if address.endswith("ed")} == {"delete"}
    assert "P7" in (joining.path / "policies/allocations.lock").read_text("utf-8")
    assert joining("plan", "--detailed-exitcode", "--as-of", "2026-07-30").code == 0


def test_what_a_person_gone_from_the_roster_has_is_purged_when_the_retention_has_passed(estate):
    estate.leave("P6")
    assert estate("apply", "--yes", *APPLIED).code == 0
    assert changes(estate, "2026-05-30") == {}
    gone = changes(estate, "2026-05-31")
    assert ("delete", "im1:account/di") in gone
    assert {action for action, _ in gone} == {"delete"}


def test_what_was_changed_by_hand_is_not_repaired_even_where_something_is_due(joining):
    changes(joining, "2026-03-07")

    def tamper(held):
        held["accounts"]["ed"]["display_name"] = "Somebody"
        held["accounts"]["cy"]["file_sharing"] = False
        held["rooms"]["everyone"]["members"].pop("bo@small.example")

    joining.by_hand(tamper)
    assert changes(joining, "2026-03-10")["update", "im1:account/ed"] == (
        "file_sharing",
        "suspended",
    )
    held = json.loads(joining.held())
    assert held["accounts"]["ed"]["display_name"] == "Somebody"
    assert held["accounts"]["cy"]["file_sharing"] is False
    assert "bo@small.example" not in held["rooms"]["everyone"]["members"]
    assert changes(joining, "2026-03-11") == {}


def test_what_somebody_deleted_is_not_made_again_when_the_calendar_comes_to_it(joining):
    changes(joining, "2026-03-07")
    joining.by_hand(lambda held: held["accounts"].pop("ed"))
    opened = changes(joining, "2026-03-10")
    assert ("update", "mail1:mailbox/ed@small.example") in opened
    assert not [address for _, address in opened if address.startswith("im1:")]


def test_an_edited_policy_is_left_for_people(joining):
    joining.policy("messaging.yml", "title: Everyone", "title: All of us")
    joining.policy("mail.yml", "title: Office", "title: The office")
    joining.policy("positions.yml", "file_sharing: true", "file_sharing: false")
    changes(joining, "2026-03-07")
    opened = changes(joining, "2026-03-10")
    assert opened["update", "mail1:list/office@small.example"] == ("members",)
    assert json.loads(joining.held())["rooms"]["everyone"]["title"] == "Everyone"
    left = joining("plan", "--json", "--as-of", "2026-03-10").document["changes"]
    assert {"im1:room/everyone", "mail1:list/office@small.example", "im1:account/cy"} <= {
        item["address"] for item in left
    }


def test_somebody_added_to_the_roster_late_is_an_edit_not_due(estate):
    due(estate, "2026-03-08")
    roster = estate.path / "policies/people.csv"
    roster.write_text(roster.read_text("utf-8") + ROSTER, "utf-8")
    assert changes(estate, "2026-03-09") == {}
    assert changes(estate, "2026-03-10") == {}
    assert estate("plan", "--detailed-exitcode", "--as-of", "2026-03-10").code == 2


def test_a_guard_stops_what_is_due_as_it_stops_any_apply_and_it_stays_due(estate):
    roster = estate.path / "policies/people.csv"
    text = re.sub(
        r"^(P[456],.*,staff,[0-9-]+),,",
        r"\1,2026-03-04,",
        roster.read_text("utf-8"),
        flags=re.MULTILINE,
    )
    roster.write_text(text, "utf-8")
    before = estate.held()
    for _ in range(2):
        assert "3 of 6 account" in due(estate, "2026-03-05", code=3).err
    assert estate.held() == before
    done = due(estate, "2026-03-05", "--allow-removal", "total", *[
        word for kind in ("im1:account", "im1:member", "mail1:mailbox", "pbx1:extension", "pbx1:voicemail")
        for word in ("--allow-removal", kind)
    ])  # fmt: skip
    assert done.out.endswith("Read again: what was due is so. [simulated: im1, mail1, pbx1]\n")


def test_what_a_system_that_is_down_has_due_stays_due(joining):
    file = joining.path / "im1.json"
    good = file.read_text("utf-8")
    file.write_text("not JSON", "utf-8")
    assert "unknown" in due(joining, "2026-03-07", code=4).out.lower()
    file.write_text(good, "utf-8")
    assert set(changes(joining, "2026-03-07")) == {("create", "im1:account/ed")}


def test_a_narrowed_apply_does_not_count_as_one_of_the_whole_estate(joining):
    assert changes(joining, "2026-03-06") == {}
    done = due(joining, "2026-03-07", "--only", "im1:*")
    assert "1 created" in done.out
    assert {address.split(":")[0] for _, address in changes(joining, "2026-03-07")} == {
        "mail1",
        "pbx1",
    }


def test_a_day_before_the_last_apply_undoes_nothing(joining):
    changes(joining, "2026-03-10")
    assert changes(joining, "2026-03-05") == {}
    assert changes(joining, "2026-03-10") == {}


def test_an_estate_never_applied_whole_has_nothing_to_count_from(fresh):
    done = fresh("apply", "--due", "--yes")
    assert (done.code, done.err.count("\n")) == (1, 1)
    assert "run commsroom apply" in done.err
    assert not (fresh.path / ".commsroom/ledger.db").exists()


def test_unattended_it_needs_yes_and_a_saved_plan_has_a_date_of_its_own(estate, tmp_path):
    assert "add --yes" in estate("apply", "--due").err
    assert "leave out" in estate("apply", "--due", "--yes", tmp_path / "a.plan").err


def test_a_second_run_is_told_who_holds_the_lock(estate):
    with sqlite3.connect(estate.path / ".commsroom/ledger.db") as database:
        database.execute(
            "UPDATE ledger_lock SET held = 1, holder = 'ann@office', command = 'apply --due',"
            " since = '2026-03-05T01:00:00Z', host = 'elsewhere'"
        )
    database.close()
    done = due(estate, "2026-03-05", code=3)
    assert "ann@office" in done.err
    assert "apply --due" in done.err


def test_a_run_killed_anywhere_leaves_due_what_it_did_not_do(joining):
    made = False
    for boundary in count(1):
        if not _killed(joining.path, boundary):
            break
        made = made or "ed" in json.loads(joining.held())["accounts"]
    assert boundary > 6
    assert made
    assert changes(joining, "2026-03-07") == {}
    assert joining("plan", "--detailed-exitcode", "--as-of", "2026-03-07").code == 0
    assert joining("ledger", "verify").code == 0


def _killed(path, boundary):
    """Run it in a child that kills itself at this boundary of the ledger; False if it got through."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        assert status == 0 or os.WTERMSIG(status) == signal.SIGKILL
        return status != 0
    passed = count(1)

    def die(_name):
        if next(passed) == boundary:
            os.kill(os.getpid(), signal.SIGKILL)

    code = 1
    try:
        scope = Scope(as_of=date(2026, 3, 7))
        with open_estate(path, simulate=path, founding=False, on_boundary=die) as opened:
            done = applying.apply(
                opened, scope, confirm=lambda _plan: True, progress=Silent(), due=True
            )
        code = 0 if done.ok else 1
    finally:
        os._exit(code)


def test_a_leaver_entered_a_day_late_is_told_until_an_apply_closes_them(estate):
    due(estate, "2026-03-05")
    estate.policy("people.csv", "2023-02-01,,P1", "2023-02-01,2026-03-04,P1")
    done = due(estate, "2026-03-05")
    assert done.out.startswith("Nothing is due; ")
    assert (
        "warning: P5 (Cy Doe): the last day is over and accounts are open; commsroom apply closes them"
        in (done.err)
    )
    assert estate("apply", "--yes", "--as-of", "2026-03-05").code == 0
    assert due(estate, "2026-03-05").err == ""


def test_of_many_leavers_entered_late_three_are_named(estate):
    due(estate, "2026-03-05")
    roster = estate.path / "policies/people.csv"
    gone = re.sub(r",,(P1,en,)$", r",2026-03-04,\1", roster.read_text("utf-8"), flags=re.MULTILINE)
    roster.write_text(gone, "utf-8")
    assert re.search(r"warning: P2 .*, P3 .*, P4 .* and 2 more: ", due(estate, "2026-03-05").err)


def test_a_leaver_closed_when_due_is_no_leaver_left_open(joining):
    due(joining, "2026-03-10")
    assert due(joining, "2026-05-01").err == ""
    assert due(joining, "2026-05-02").err == ""
