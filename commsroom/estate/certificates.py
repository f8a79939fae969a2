"""What there is to say of an estate's own certificates: how they stand, and what a renewal did."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

#: Days a server's certificate lasts: what the CA/Browser Forum allowed at most until 2026, and Apple's
#: clients refuse more.
SERVER_DAYS: Final = 398
#: A root is renewed while every certificate it may still sign ends before it does.
ROOT_RENEW_DAYS: Final = 2 * SERVER_DAYS


class Step(StrEnum):
    """How far the renewal of a root is."""

    SETTLED = "settled"  #: one root, which everything trusts and which signs
    INTRODUCED = "introduced"  #: a new one is trusted beside the old one, which still signs
    MOVED = "moved"  #: the new one signs; the old one is still trusted


@dataclass(frozen=True, slots=True)
class Certificate:
    """A server's certificate as it lies with the estate.

    Attributes:
        names: DNS names it is to be for.
        systems: Who shows it.
        until: When it ends; None where there is none.
        current: It is signed by the root that signs now.
    """

    names: tuple[str, ...]
    systems: tuple[str, ...]
    until: datetime | None
    current: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """How the authority and its certificates are.

    Attributes:
        step: How far a renewal of the root is.
        until: When the root that signs ends.
        file: What clients trust.
        certificates: By the name of their files.
        others: System → the file of its certificate, which is another authority's.
    """

    step: Step
    until: datetime
    file: Path
    certificates: Mapping[str, Certificate]
    others: Mapping[str, str]

    def root_due(self, now: datetime) -> bool:
        """Tell whether the root ends before certificates that it may still be asked for."""
        return (self.until - now).days < ROOT_RENEW_DAYS


@dataclass(slots=True)
class Renewed:
    """What a run did.

    Attributes:
        made: Names of the certificates that are new and not on their servers yet.
        step: How far the root's renewal is now; `began` how far it was.
        old: Services that still show what the old root signed.
        unknown: System → why it could not be looked at.
    """

    made: list[str] = field(default_factory=list)
    step: Step = Step.SETTLED
    began: Step = Step.SETTLED
    old: list[str] = field(default_factory=list)
    unknown: dict[str, str] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """Return 4 where something is unknown, 2 where something shows an old one, else 0."""
        return 4 if self.unknown else 2 if self.old else 0
