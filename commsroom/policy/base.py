"""What all policy models share: frozen, no unknown keys, and a clause of the regulation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from commsroom.policy.scalars import ClauseRef, Id, PersonId

if TYPE_CHECKING:
    from commsroom.policy.people import Person


class Model(BaseModel):
    """A part of a policy file. Values are strict: text is no number, `"yes"` no boolean."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Section(Model):
    """A part that serves a clause of the regulation; parts below it inherit the clause."""

    clause: ClauseRef | None = Field(
        default=None, description="Clause of the regulation this serves; shown in plans and reports"
    )


class Audience(Model):
    """Who is meant: a person belongs when any of the lists names them.

    A partner belongs only when named in `people` (clause 1.2).
    """

    everyone: bool = Field(default=False, description="All staff and contractors")
    departments: tuple[Id, ...] = Field(default=(), description="Everybody in these departments")
    positions: tuple[Id, ...] = Field(default=(), description="Everybody with these positions")
    sites: tuple[Id, ...] = Field(default=(), description="Everybody at these sites")
    people: tuple[PersonId, ...] = Field(default=(), description="These people, by roster id")

    def includes(self, person: Person) -> bool:
        """Tell whether the person belongs."""
        if person.id in self.people:
            return True
        if person.kind == "partner":
            return False
        return (
            self.everyone
            or person.department in self.departments
            or person.position in self.positions
            or person.site in self.sites
        )
