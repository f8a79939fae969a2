"""Training (clauses 3.1.3 and 7.1): which course is owed by whom, from posts and what was taken. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from commsroom.estate.inspection import Check, Standard

if TYPE_CHECKING:
    from commsroom.policy import Policy
    from commsroom.policy.people import Person
    from commsroom.policy.positions import Course

#: What stands before the colon in the address of a check about people: it is on no system.
PEOPLE: Final = "people"


@dataclass(frozen=True, slots=True)
class Taken:
    """A course that somebody took on a day; `by` is who taught it and how, "" where nobody said."""

    person: str
    course: str
    day: date
    by: str = ""
    actor: str = ""


@dataclass(frozen=True, slots=True)
class Owed:
    """A course that somebody is to take until a day; `last` is when they took it (None: never)."""

    person: Person
    name: str
    course: Course
    due: date
    last: date | None

    def overdue(self, day: date) -> bool:
        """Tell whether its day is over; on that day it is still in time."""
        return self.due < day


def owed(policy: Policy, taken: Iterable[Taken], day: date) -> Iterator[Owed]:
    """Yield what people who are here on a day are still to take, or to take again."""
    last: dict[tuple[str, str], date] = {}
    for item in taken:
        key = (item.person, item.course)
        last[key] = max(last.get(key, item.day), item.day)
    for person in policy.people:
        if person.start > day or (person.end is not None and person.end < day):
            continue
        for name in policy.entitlement(person, day).training:
            course = policy.positions.courses[name]
            before = last.get((person.id, name))
            if before is None:
                due = max(person.start, course.since or person.start) + course.within
            elif course.again is not None:
                due = before + course.again
            else:
                continue
            yield Owed(person, name, course, due, before)


def checks(policy: Policy, taken: Iterable[Taken], day: date) -> Iterator[Check]:
    """Yield what an inspection says of training; nothing where policy has no courses."""
    standard = Standard(policy, PEOPLE, day)
    late: Counter[str] = Counter()
    for item in owed(policy, taken, day):
        if not item.overdue(day):
            continue
        late[item.name] += 1
        yield standard.check(
            "training",
            f"{item.person.id} {item.name}",
            expected=f"taken by {item.due}: {item.course.title}",
            got=f"last taken {item.last}" if item.last else "never taken",
            ok=False,
            because=standard.stated("positions", "courses", item.name, clause="3.1.3"),
            remedy=f"commsroom training done {item.person.id} --course {item.name}",
        )
    for name, course in policy.positions.courses.items():
        if not late[name]:
            yield standard.check(
                "training",
                name,
                expected=f"{course.title}, by everybody whose post asks for it",
                got="nobody is overdue",
                ok=True,
                because=standard.stated("positions", "courses", name, clause="3.1.3"),
            )
