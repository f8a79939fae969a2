"""What a dry run of the roles says becomes findings: one for each task, naming what differs."""

from types import SimpleNamespace

import pytest

from commsroom.app import drifting
from commsroom.app.progress import Silent
from commsroom.backends.ssh import Session
from commsroom.errors import SystemUnknown
from commsroom.reports.model import FindingKind
from commsroom.runs import ansible
from commsroom.runs.ansible import PlaybookRun, TaskResult


def result(**more):
    given = {"host": "mail1", "task": "Write it", "role": "mail", "changed": True,
             "failed": False, "unreachable": False, **more}  # fmt: skip
    return TaskResult(**given)


def findings(*results):
    return list(drifting._findings(results))


def test_a_handler_is_a_consequence_and_no_finding_of_its_own():
    found = findings(
        result(things=("/etc/postfix/main.cf",), notifies=("Restart Postfix",)),
        result(task="Restart Postfix", handler=True),
    )
    assert [item.address for item in found] == ["mail1: Write it"]
    assert found[0].text.endswith(": /etc/postfix/main.cf (repairing it: Restart Postfix)")


def test_a_handler_that_fails_is_still_told():
    [found] = findings(result(task="Restart Postfix", handler=True, failed=True, message="no"))
    assert (found.kind, found.text) == (FindingKind.UNKNOWN, "no")


def test_a_server_whose_service_is_down_is_looked_at_one_that_does_not_answer_is_not(monkeypatch):
    asked = []

    def playbook(path, name, *, limit, **_):
        asked.append(limit)
        return PlaybookRun(0, ())

    monkeypatch.setattr(ansible, "playbook", playbook)
    system = SimpleNamespace(simulated=False)
    estate = SimpleNamespace(path=".", systems=dict.fromkeys(("im1", "mail1", "pbx1"), system))
    list(drifting._servers(estate, Silent(), frozenset({"mail1"})))
    assert asked == ["im1,pbx1"]


def looks(monkeypatch, *runs):
    """Check three servers, with these runs of the playbook one after the other."""
    asked, waiting = [], list(runs)

    def playbook(path, name, *, limit, **_):
        asked.append(limit)
        return waiting.pop(0)

    monkeypatch.setattr(ansible, "playbook", playbook)
    system = SimpleNamespace(simulated=False)
    estate = SimpleNamespace(path=".", systems=dict.fromkeys(("im1", "mail1", "pbx1"), system))
    return asked, list(drifting._servers(estate, Silent(), frozenset()))


def test_a_server_on_which_a_task_fails_hides_nothing_of_the_others(monkeypatch):
    broken = result(host="pbx1", task="Gathering Facts", changed=False, failed=True, message="no")
    drift = result(things=("/etc/postfix/main.cf",))
    asked, found = looks(monkeypatch, PlaybookRun(2, (broken,)), PlaybookRun(0, (drift,)))
    assert asked == ["im1,mail1,pbx1", "im1,mail1"]
    assert [(one.system, one.kind) for one in found] == [
        ("pbx1", FindingKind.UNKNOWN),
        ("mail1", FindingKind.SERVER),
    ]


def test_what_two_runs_say_of_a_server_is_told_once(monkeypatch):
    drift = result(things=("/etc/postfix/main.cf",))
    broken = result(host="im1", changed=False, failed=True, message="no")
    _, found = looks(monkeypatch, PlaybookRun(2, (drift, broken)), PlaybookRun(0, (drift,)))
    assert [one.system for one in found] == ["im1", "mail1"]


def test_where_ansible_itself_fails_every_server_is_unknown_and_what_was_seen_is_told(monkeypatch):
    asked, [seen, *found] = looks(monkeypatch, PlaybookRun(254, (result(),)))
    assert len(asked) == 1
    assert (seen.system, seen.kind) == ("mail1", FindingKind.SERVER)
    assert [(one.system, one.kind) for one in found] == [
        (name, FindingKind.UNKNOWN) for name in ("im1", "mail1", "pbx1")
    ]
    assert all("ended with 254" in one.text for one in found)


def test_only_a_program_that_ran_on_the_server_says_that_it_answered():
    session = Session(SimpleNamespace(system="pbx1"), 1.0)
    with pytest.raises(SystemUnknown) as told:
        session._refuse({"error": "missing", "message": "Asterisk does not answer"}, "read")
    assert told.value.answered
    with pytest.raises(SystemUnknown) as told:
        session._explain("ssh: connect to host: Connection refused", 255)
    assert not told.value.answered
