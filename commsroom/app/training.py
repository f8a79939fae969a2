"""training due, done, taken: which courses people owe, and the record of those they took (clause 3.1.3)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from commsroom.app import registering
from commsroom.app.estate import actor
from commsroom.errors import UsageError
from commsroom.estate import training
from commsroom.estate.training import Taken
from commsroom.policy import characters
from commsroom.policy.words import did_you_mean, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from commsroom.app.estate import Estate
    from commsroom.estate.training import Owed

#: The ledger's event.
DONE: Final = "training done"


def done(
    estate: Estate, people: Sequence[str], *, course: str, by: str = "", day: date | None = None
) -> tuple[Taken, ...]:
    """Record that people took a course, all of them or none.

    Args:
        estate: The estate.
        people: Their ids in the roster.
        course: A course of positions.yml.
        by: Who taught it and how, in words.
        day: When; today when None.

    Raises:
        UsageError: there is no such person or course, or the day is yet to come.
    """
    policy = estate.policy
    known = policy.positions.courses
    if course not in known:
        raise UsageError(
            f"there is no course {quoted(course)} in positions.yml",
            remedy=did_you_mean(course, known) or "write it under `courses`",
        )
    for person in people:
        _require_person(estate, person)
    on, today = day or registering.today(policy), registering.today(policy)
    if on > today:
        raise UsageError(f"--on: {on} is yet to come")
    if found := characters.refused(by):
        raise UsageError(f"--by: {found} may not be part of it")
    names = list(dict.fromkeys(people))
    data = {"course": course, "people": names, "day": on.isoformat(), "by": by}
    estate.ledger.record(DONE, data, actor=actor())
    return tuple(Taken(person, course, on, by, actor()) for person in names)


def taken(estate: Estate, person: str = "") -> tuple[Taken, ...]:
    """Return what was taken, in the order it was recorded: by everybody ever, or one person."""
    if person and person not in estate.policy.by_id:
        _require_person(estate, person)
    return tuple(
        Taken(
            name,
            str(event.data["course"]),
            date.fromisoformat(str(event.data["day"])),
            str(event.data["by"]),
            event.actor,
        )
        for event in estate.ledger.events(kind=DONE)
        for name in event.data["people"]
        if person in {"", name}
    )


def due(
    estate: Estate, *, within: timedelta, as_of: date | None = None
) -> tuple[tuple[Owed, ...], date]:
    """Return what is owed until so long after today, the oldest first, and the day it is told for.

    Raises:
        UsageError: policy has no courses.
    """
    if not estate.policy.positions.courses:
        raise UsageError(
            "policy has no courses",
            remedy="write `courses` into positions.yml, and `training` under posts",
        )
    day = as_of or registering.today(estate.policy)
    found = [
        item
        for item in training.owed(estate.policy, taken(estate), day)
        if item.due <= day + within
    ]
    found.sort(key=lambda item: (item.due, item.name, item.person.id))
    return tuple(found), day


def _require_person(estate: Estate, person: str) -> None:
    known = estate.policy.by_id
    if person not in known:
        raise UsageError(
            f"there is no person {quoted(person)} in the roster", remedy=did_you_mean(person, known)
        )
