"""How much something that is not as policy says matters, and who answers for it meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding matters: an error makes the report a *difference*, a warning does not."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """An exception somebody answers for: until a day, for a reason (policies/exceptions.yml)."""

    owner: str
    reason: str
    until: str
