"""Which state a person's accounts are in on a day."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum

from commsroom.policy.people import Person
from commsroom.policy.security import Security


class State(StrEnum):
    """The life of an account, from nothing to nothing.

    *joining*: it exists, closed, until the first day. *closed*: after the last day, kept for the
    retention time. *absent* (not yet) and *purged* (no longer): there is none.
    """

    ABSENT = "absent"
    JOINING = "joining"
    ACTIVE = "active"
    CLOSED = "closed"
    PURGED = "purged"


def later(day: date, span: timedelta) -> date:
    """Return the day so much later, or the last there is: policy may be read for the year 9999."""
    return day + span if span <= date.max - day else date.max


def state_of(person: Person, security: Security, day: date) -> State:
    """Return the state on `day`; first and last day count whole."""
    if day < person.start:
        return State.JOINING if day >= person.start - security.lead else State.ABSENT
    if person.end is None or day <= person.end:
        return State.ACTIVE
    return State.CLOSED if day <= later(person.end, security.retention) else State.PURGED
