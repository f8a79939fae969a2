"""training due, done, withdraw, taken: which courses people owe, and the record of those they took (clause 3.1.3)."""

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

#: The ledger's events.
DONE: Final = "training done"
WITHDRAWN: Final = "training withdrawn"


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
        UsageError: there is no such person or course, the day is yet to come or before the course
            began, or it is recorded already that one of them took it that day.
        CommsroomError: somebody else recorded a course in the same moment.
    """
    seen, _ = estate.ledger.head()
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
    began = known[course].since
    if began is not None and on < began:
        raise UsageError(
            f"--on: {course} began later, on {began}",
            remedy="name a later day, or mend `since` in positions.yml",
        )
    _require_text("--by", by)
    names = list(dict.fromkeys(people))
    for item in taken(estate):
        if item.person in names and (item.course, item.day) == (course, on):
            raise UsageError(
                f"{item.person} took {course} on {on}: that is recorded already",
                remedy=f"commsroom training taken {item.person}",
            )
    data = {"course": course, "people": names, "day": on.isoformat(), "by": by}
    estate.ledger.record(DONE, data, actor=actor(), seen=seen)
    return tuple(Taken(person, course, on, by, actor()) for person in names)


def withdraw(
    estate: Estate, people: Sequence[str], *, course: str, day: date, reason: str
) -> tuple[Taken, ...]:
    """Take back the record that people took a course on a day: all of them or none; both stay in the ledger.

    Raises:
        UsageError: no such record is there, or no reason is given.
        CommsroomError: somebody else took something back in the same moment.
    """
    seen, _ = estate.ledger.head()
    _require_text("--reason", reason)
    if not reason.strip():
        raise UsageError("--reason is empty", remedy="say what was wrong with the record")
    names = list(dict.fromkeys(people))
    found = {
        item.person: item
        for item in taken(estate)
        if item.person in names and (item.course, item.day) == (course, day)
    }
    for name in names:
        if name not in found:
            raise UsageError(
                f"it is not recorded that {quoted(name)} took {quoted(course)} on {day}",
                remedy="commsroom training taken",
            )
    data = {"course": course, "people": names, "day": day.isoformat(), "reason": reason}
    estate.ledger.record(WITHDRAWN, data, actor=actor(), seen=seen)
    return tuple(found[name] for name in names)


def taken(estate: Estate, person: str = "") -> tuple[Taken, ...]:
    """Return what was taken, in the order it was recorded: by everybody ever, or one person.

    What was taken back is left out; what was recorded once more after that counts.
    """
    if person and person not in estate.policy.by_id:
        _require_person(estate, person)
    events = [*estate.ledger.events(kind=DONE), *estate.ledger.events(kind=WITHDRAWN)]
    found: dict[tuple[str, str, date], list[Taken]] = {}
    for event in sorted(events, key=lambda event: event.seq):
        course, day = str(event.data["course"]), date.fromisoformat(str(event.data["day"]))
        for name in event.data["people"]:
            if person not in {"", name}:
                continue
            if event.kind == WITHDRAWN:
                found.pop((name, course, day), None)
                continue
            item = Taken(name, course, day, str(event.data["by"]), event.actor)
            found.setdefault((name, course, day), []).append(item)
    return tuple(item for items in found.values() for item in items)


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


def _require_text(option: str, text: str) -> None:
    if found := characters.refused(text):
        raise UsageError(f"{option}: {found} may not be part of it")


def _require_person(estate: Estate, person: str) -> None:
    known = estate.policy.by_id
    if person not in known:
        raise UsageError(
            f"there is no person {quoted(person)} in the roster", remedy=did_you_mean(person, known)
        )
