"""What Ansible's events tell of each task, whatever shape its `diff` has."""

import pytest

from commsroom.errors import CommsroomError
from commsroom.runs import ansible
from commsroom.runs.ansible import _task_result


def told(kind="runner_on_ok", **res):
    data = {"host": "mail1", "task": "Write it", "role": "mail", "res": res}
    return _task_result({"event": kind, "event_data": data})


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
    items = [{"diff": [{"before_header": "/etc/a"}]}, {"diff": {"before_header": "/etc/b"}}, {}]
    result = told(changed=True, results=items)
    assert [part["before_header"] for part in result.diff] == ["/etc/a", "/etc/b"]


def test_a_changed_task_without_any_diff_is_told():
    assert told(changed=True).diff == ()


def test_what_failed_and_who_was_not_reached_are_told_apart():
    assert told("runner_on_failed", msg="no").failed
    assert told("runner_on_unreachable", msg="no").unreachable
    assert _task_result({"event": "playbook_on_stats", "event_data": {}}) is None


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
