"""Who is being let go really leaves: a run that closes nobody must not look like one that did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commsroom.app import planning
from commsroom.errors import UsageError
from commsroom.policy.calendar import State, state_of

if TYPE_CHECKING:
    from commsroom.app.estate import Estate
    from commsroom.app.scope import Scope


def require_leavers(estate: Estate, scope: Scope) -> None:
    """Refuse a scope with somebody in it whose last day is not over; who left the roster has left.

    Raises:
        UsageError: nobody is named, or somebody named is still due to work.
    """
    named = planning.resolved(estate, scope).people
    if not named:
        raise UsageError("nobody is named who leaves", remedy="name them: person=L007")
    for person in estate.policy.people:
        if person.id not in named:
            continue
        day = planning.day_at(estate, scope, person.site)
        if state_of(person, estate.policy.security, day) not in {State.CLOSED, State.PURGED}:
            last = f"whose last day, {person.end}, is not over" if person.end else "has no last day"
            verb = "is somebody " if person.end else ""
            raise UsageError(
                f"{person.id} ({person.name}) {verb}{last}: nothing was closed",
                remedy="write the last day into the `end` column of the roster",
            )
