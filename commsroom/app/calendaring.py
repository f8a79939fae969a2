"""apply --due: what the calendar made due since the last whole apply, and the memory of when that was.

Joiners whose lead days have come, leavers whose last day is over, rights that begin or end, accounts
whose retention has passed. An edited policy is not due, nor is drift: those are for people.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from commsroom.app import planning
from commsroom.app.estate import actor
from commsroom.app.reading import Reading, read
from commsroom.errors import CommsroomError
from commsroom.estate import due as dues
from commsroom.estate.kinds import kind_named
from commsroom.policy.allotted import Allocations
from commsroom.policy.calendar import State, state_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Self

    from commsroom.app.estate import Estate
    from commsroom.app.planning import Compiled, Planned
    from commsroom.app.progress import Progress
    from commsroom.app.scope import Scope
    from commsroom.estate.due import Due
    from commsroom.estate.resource import Address
    from commsroom.policy.people import Person

#: The ledger's event for a whole apply that ended well: its data are the dates it was made for.
APPLIED: Final = "applied"


@dataclass(frozen=True, slots=True)
class Applied:
    """The dates a whole apply was made for: the company's, and those of sites where it is another."""

    day: date
    at_sites: Mapping[str, date] = field(default_factory=dict)

    @classmethod
    def of(cls, day: date, at_sites: Mapping[str, date]) -> Self:
        """Keep of the sites only those where it is another date."""
        return cls(day, {site: there for site, there in at_sites.items() if there != day})

    def until(self, compiled: Compiled) -> Applied:
        """Return the dates, none later than those of `compiled`: nothing is undone that came early."""
        sites = {*self.at_sites, *compiled.at_sites}
        return Applied.of(
            min(self.day, compiled.as_of),
            {
                site: min(
                    self.at_sites.get(site, self.day),
                    compiled.at_sites.get(site, compiled.as_of),
                )
                for site in sites
            },
        )

    def to_json(self) -> dict[str, Any]:
        """Return what the event says."""
        sites = {site: day.isoformat() for site, day in sorted(self.at_sites.items())}
        return {"as_of": self.day.isoformat(), "at_sites": sites}


def last(estate: Estate) -> Applied | None:
    """Return for which dates the whole estate was last applied, or None."""
    for event in estate.ledger.events(kind=APPLIED, limit=1):
        sites = event.data["at_sites"].items()
        return Applied(
            date.fromisoformat(event.data["as_of"]),
            {site: date.fromisoformat(day) for site, day in sites},
        )
    return None


def remember(estate: Estate, planned: Planned) -> None:
    """Write down that the whole estate was applied for these dates; the same again is no news.

    A run killed before leaves what was due due. One that made only what was due never goes back.
    """
    compiled, before = planned.compiled, last(estate)
    here = Applied(compiled.as_of, compiled.at_sites)
    if here == before or (
        planned.due and before and here.until(compiled) == before.until(compiled)
    ):
        return
    estate.ledger.record(APPLIED, here.to_json(), actor=actor())


def left_open(estate: Estate, scope: Scope, compiled: Compiled) -> tuple[Person, ...]:
    """Return whose last day is over and who has an account that, as far as we wrote, is open.

    A last day entered late was never due: on the day after it, the roster did not say so yet.
    """
    named, security = planning.resolved(estate, scope).people, estate.policy.security
    over = {
        person.id: person
        for person in estate.policy.people
        if (not named or person.id in named)
        and state_of(person, security, compiled.at_sites.get(person.site, compiled.as_of))
        in {State.CLOSED, State.PURGED}
    }
    persons = estate.ledger.known().persons if over else {}
    accounts = {
        address: person
        for address, person in persons.items()
        if person in over and kind_named(address.kind).closes
    }
    last = estate.ledger.written(accounts)
    opened = {
        person
        for address, person in accounts.items()
        if not any(last.get(address, {}).get(name) for name in kind_named(address.kind).closes)
    }
    return tuple(over[person] for person in sorted(opened))


def prepare(estate: Estate, scope: Scope, progress: Progress) -> Planned:
    """Plan only what is due, reading only the systems it is on: none where nothing is.

    Raises:
        CommsroomError: the whole estate was never applied, so that nothing can be told.
    """
    applied = last(estate)
    if applied is None:
        raise CommsroomError(
            "what is due is counted from the last apply of the whole estate, and there was none yet",
            remedy="run commsroom apply",
        )
    planning.resolved(estate, scope)
    compiled = planning.compile_policy(estate, scope)
    due = _due(estate, compiled, applied.until(compiled))
    there = tuple(name for name in due.systems if name in estate.systems)
    reading = read(estate, progress, only=there) if there else Reading({}, {})
    return planning.compare(estate, scope, compiled, reading, due)


def _due(estate: Estate, compiled: Compiled, then: Applied) -> Due:
    """Compile for both days with the same policy, roster and numbers."""
    from commsroom.policy import allocations as numbers

    held = numbers.load(estate.home)
    # Who was purged meanwhile has given everything back, and had it then.
    both = Allocations({**held.current, **compiled.allocations.current})
    before = planning.desired(estate, both, then.day, then.at_sites)
    purged = _purged(estate, compiled, then.day)
    return dues.between(before, compiled.desired, since=then.day, purged=purged)


def _purged(estate: Estate, compiled: Compiled, then: date) -> Iterator[Address]:
    """Yield what people hold who are gone from the roster, and whose retention passed since."""
    roster = {person.id for person in estate.policy.people}
    gone = compiled.allocations.departed(then, roster)
    gone -= compiled.allocations.departed(compiled.as_of, roster)
    for address, person in estate.ledger.known().persons.items() if gone else ():
        if person in gone:
            yield address
