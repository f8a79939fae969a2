"""exceptions.yml: differences somebody answers for, for a reason, until a day.

The file may be left out. An exception says that a difference is known; it changes no system, and
`apply` still makes things as policy says.
"""

from __future__ import annotations

from datetime import date

from pydantic import Field

from commsroom.policy.base import Section
from commsroom.policy.globs import named
from commsroom.policy.scalars import FieldName, Glob, PersonId, Text


class AcknowledgedException(Section):
    """One exception. It holds on its last day; from the next on what it covered counts again."""

    address: Glob = Field(description="Glob over addresses, e.g. pbx1:extension/2107")
    fields: tuple[FieldName, ...] = Field(
        default=(), description="Only these fields; none named: all that differs there"
    )
    owner: PersonId = Field(description="Roster id of who answers for it")
    reason: Text = Field(description="Why, for the auditor")
    until: date = Field(description="Last day it holds, at the company, e.g. 2026-12-31")
    since: date | None = Field(
        default=None, description="First day it holds; left out: it holds already"
    )

    def holds(self, day: date) -> bool:
        """Tell whether it holds on a day."""
        return (self.since is None or self.since <= day) and day <= self.until

    def expired(self, day: date) -> bool:
        """Tell whether its last day is over."""
        return self.until < day

    def covers(self, address: str, field: str = "") -> bool:
        """Tell whether it is about a field (`""`: the object whole) of an address."""
        return (not self.fields or field in self.fields) and named(address, self.address)


class Exceptions(Section):
    """exceptions.yml."""

    exceptions: tuple[AcknowledgedException, ...] = ()
