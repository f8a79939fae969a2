"""A person of the roster, as light as 100,000 of them need."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class PersonKind(StrEnum):
    """How a person belongs to the company."""

    STAFF = "staff"
    CONTRACTOR = "contractor"
    PARTNER = "partner"


@dataclass(frozen=True, slots=True)
class Person:
    """One row of the roster. An empty string is "not given"; `end` None is "no end known".

    The last day counts whole. `login` is only what the roster fixes; the one in use is in the
    allocations. `line` is where the row is.
    """

    id: str
    name: str
    login: str
    department: str
    position: str
    site: str
    kind: PersonKind
    start: date
    end: date | None
    manager: str
    language: str
    email: str
    line: int
