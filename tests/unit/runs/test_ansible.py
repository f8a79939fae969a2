"""What Ansible's events tell of each task, whatever shape its `diff` has."""

import pytest

from commsroom.errors import CommsroomError
from commsroom.runs import ansible
from commsroom.runs.ansible import _Listener


def told(kind="runner_on_ok", **res):
    data = {"host": "mail1", "task": "Write it", "role": "mail", "res": res}
    return _Listener().hear({"event": kind, "event_data": data})


@pytest.mark.parametrize(
    ("diff", "headers"),
    [
        (None, []),
        ([], []),
        ({}, []),
        ({"before_header": "/etc/a"}, ["/etc/a"]),
        ([{"before_header": "/etc/a"}, {"before_header": "/etc/b"}], ["/etc/a", "/etc/b"]),
    ],
)
def test_a_changed_task_is_told_with_or_without_a_diff(diff, headers):
    result = told(changed=True, diff=diff)
    assert result.changed
    assert [part["before_header"] for part in result.diff] == headers


def test_of_a_task_that_loops_every_item_is_told():
    items = [
        {"changed": True, "diff": [{"before_header": "/etc/a"}]},
        {"changed": True, "diff": {"before_header": "/etc/b"}},
        {},
    ]
    result = told(changed=True, results=items)
    assert [part["before_header"] for part in result.diff] == ["/etc/a", "/etc/b"]


def test_of_a_task_that_loops_only_what_differs_is_named():
    same = {"before": {"path": "/etc/a"}, "after": {"path": "/etc/a"}}
    mode = {
        "before": {"path": "/etc/b", "mode": "0666"},
        "after": {"path": "/etc/b", "mode": "0644"},
    }
    items = [{"changed": False, "diff": [same]}, {"changed": True, "diff": [{}, mode]}]
    assert told(changed=True, results=items).things == ("/etc/b",)


@pytest.mark.parametrize(
    ("outcome", "things"),
    [
        (
            {"diff": {"before_header": "/etc/a", "after_header": "/tmp/ansible-local-1/x"}},
            ["/etc/a"],
        ),
        (
            {"diff": {"after_header": "/tmp/x"}, "invocation": {"module_args": {"dest": "/etc/a"}}},
            ["/etc/a"],
        ),
        ({"invocation": {"module_args": {"name": "dovecot", "state": "started"}}}, ["dovecot"]),
        (
            {"invocation": {"module_args": {"argv": ["a"], "creates": "/etc/a.lmdb"}}},
            ["/etc/a.lmdb"],
        ),
        ({"stdout": "Inst lua-unbound (1.0 Debian [amd64])\nConf lua-unbound"}, ["lua-unbound"]),
        ({"censored": "the output has been hidden"}, []),
    ],
    ids=["file", "new file", "service", "command", "package", "censored"],
)
def test_what_differs_is_named_without_its_content(outcome, things):
    assert list(told(changed=True, **outcome).things) == things


def test_a_handler_is_told_from_the_task_that_asked_for_it(tmp_path):
    tasks = tmp_path / "main.yml"
    tasks.write_text("- {name: Write it, copy: {}, notify: Restart Postfix}\n")
    listener = _Listener()

    def hear(task):
        data = {"host": "mail1", "role": "mail", "res": {"changed": True}, "task": task,
                "task_path": f"{tasks}:1"}  # fmt: skip
        return listener.hear({"event": "runner_on_ok", "event_data": data})

    task = hear("Write it")
    notice = {"host": "mail1", "handler": "mail : Restart Postfix"}
    listener.hear({"event": "playbook_on_notify", "event_data": notice})
    handler = hear("Restart Postfix")
    assert (task.handler, task.notifies) == (False, ("Restart Postfix",))
    assert (handler.handler, handler.notifies) == (True, ())


def test_what_no_log_hides_is_told_as_changed():
    data = {"host": "mail1", "task": "Place its key", "role": "mail", "res": {"censored": "hidden"}}
    shown = {
        "event": "runner_on_ok",
        "event_data": data,
        "stdout": "\x1b[0;33mchanged: [mail1]\x1b[0m",
    }
    same = {"event": "runner_on_ok", "event_data": data, "stdout": "\x1b[0;32mok: [mail1]\x1b[0m"}
    assert _Listener().hear(shown).changed
    assert not _Listener().hear(same).changed


def test_a_changed_task_without_any_diff_is_told():
    assert told(changed=True).diff == ()


def test_what_failed_and_who_was_not_reached_are_told_apart():
    assert told("runner_on_failed", msg="no").failed
    assert told("runner_on_unreachable", msg="no").unreachable
    assert _Listener().hear({"event": "playbook_on_stats", "event_data": {}}) is None


def test_a_collection_that_is_not_there_says_make_setup(tmp_path, monkeypatch):
    """What a checkout says before `make setup`, or an estate beside another Ansible."""
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory/policy.yml").write_text("---\nplugin: commsroom.core.policy\n")
    (tmp_path / "ansible.cfg").write_text("[inventory]\nany_unparsed_is_failed = true\n")
    monkeypatch.setenv("ANSIBLE_COLLECTIONS_SCAN_SYS_PATH", "false")
    monkeypatch.setenv("ANSIBLE_COLLECTIONS_PATH", str(tmp_path))
    with pytest.raises(
        CommsroomError, match=r"commsroom\.core, .*\(run make setup in the checkout"
    ):
        ansible.inventory(tmp_path)
