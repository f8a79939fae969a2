"""Maintenance: due after purchase, the plan's beginning or the last time, and never forgotten."""

from datetime import date, timedelta

import pytest

from commsroom.estate.register import upkeep
from commsroom.policy.equipment import Maintenance

YEAR = timedelta(days=365)


@pytest.fixture
def due(make):
    """Return when a yearly task is due on a telephone."""

    def when(*, device=None, last=None, **plan):
        rule = Maintenance.model_validate_json(
            '{"task": "clean", "kinds": ["phone"], "every": "1y"}'
        ).model_copy(update=plan)
        device = device or make(state="issued", holder="L007")
        done = {("A-1", "cleaning"): last} if last else {}
        return [task.due for task in upkeep.tasks([device], {"cleaning": rule}, done)]

    return when


def test_a_task_never_done_is_due_so_long_after_the_purchase(due):
    assert due() == [date(2024, 3, 11) + YEAR]


def test_a_plan_that_began_later_makes_no_old_device_overdue_at_once(due):
    assert due(since=date(2026, 11, 2)) == [date(2026, 11, 2) + YEAR]


def test_a_task_is_due_so_long_after_it_was_done(due):
    assert due(last=date(2026, 5, 1), since=date(2026, 11, 2)) == [date(2026, 5, 1) + YEAR]


def test_a_device_of_which_nobody_knows_when_it_was_bought_is_due(due, make):
    (day,) = due(device=make(state="issued", holder="L007", purchased=None))
    assert day == date.min


@pytest.mark.parametrize("state", ["stock", "repair", "retired"])
def test_what_is_not_in_use_needs_no_maintenance(due, make, state):
    assert due(device=make(state=state)) == []


def test_a_task_is_for_the_models_it_names(due):
    assert due(models=("Snom *",)) == []
    assert len(due(models=("Yealink T5*",))) == 1


def test_on_its_day_a_task_is_still_in_time(make):
    task = upkeep.Task(make(), "cleaning", None, date(2026, 11, 26), None)
    assert not task.overdue(date(2026, 11, 26))
    assert task.overdue(date(2026, 11, 27))


def test_the_last_time_counts_whatever_the_order_it_was_recorded_in(entry):
    told = [
        entry("A-1", "maintained", date(2026, 5, 1), task="cleaning"),
        entry("A-1", "maintained", date(2026, 2, 1), task="cleaning"),
        entry("A-1", "fault", date(2026, 6, 1), reason="x"),
    ]
    assert upkeep.done(told) == {("A-1", "cleaning"): date(2026, 5, 1)}
