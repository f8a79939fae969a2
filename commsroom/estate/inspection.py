"""Inspection: what was looked at on a system besides its objects, and whether it is as policy asks.

Clauses 3.2.2 (regular inspection) and 5.2.2 (regular security checks) of the regulation.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from commsroom.estate.weighing import Severity

if TYPE_CHECKING:
    from commsroom.estate.resource import Provenance
    from commsroom.estate.weighing import Acknowledged


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing looked at. That it is as it should be is worth keeping too: it is evidence.

    `name` says what was looked at and never changes its meaning (`certificate`, `queue`, `disk`);
    `place` where on the system (`imaps 993`, `/var`). `expected` and `got` are for people, free of
    secrets. `ok` None means it could not be told. `since` is the UTC time of the first run that found it
    wrong, "" where that is not remembered; `weight` and `acknowledged` are as a finding's.
    """

    system: str
    name: str
    place: str
    expected: str
    got: str
    ok: bool | None
    provenance: Provenance | None = None
    remedy: str = ""
    simulated: bool = False
    since: str = ""
    weight: Severity | None = None
    acknowledged: Acknowledged | None = None

    @property
    def severity(self) -> Severity:
        """Give what it weighs: what is as it should be, or acknowledged, is only noted."""
        if self.ok is not False or self.acknowledged is not None:
            return Severity.NOTE
        return self.weight or Severity.ERROR

    @property
    def address(self) -> str:
        """Name it as objects are named, so that globs and exceptions hold for both."""
        return f"{self.system}:{self.name}/{self.place}"

    def matches(self, glob: str) -> bool:
        """Tell whether a shell-style glob (`mail1:certificate/*`) names this check."""
        return fnmatchcase(self.address, glob)
