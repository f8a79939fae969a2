"""How secrets are renewed: security.yml's `rotation` (clause 4.6.2)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, StringConstraints

from commsroom.policy.base import Section
from commsroom.policy.drift import Window
from commsroom.policy.scalars import Duration, Glob, Share

if TYPE_CHECKING:
    from collections.abc import Sequence

SystemName = Annotated[str, StringConstraints(pattern=r"^[^:/\s]{1,63}$")]


class RotationRules(Section):
    """When and how what `secrets` gives an interval is renewed."""

    grace: Duration = Field(
        default=timedelta(days=1),
        description="Where a system takes two passwords, the old one is good so much longer",
    )
    jitter: Share = Field(
        default=0.1,
        description="A secret is due up to this part of its interval early, each by another one",
    )
    windows: tuple[Window, ...] = Field(
        default=(), description="When `rotate --due` may begin any; none: always"
    )
    exclude: tuple[Glob, ...] = Field(
        default=(), description="Addresses whose secrets `rotate --due` leaves alone"
    )
    apart: tuple[tuple[SystemName, ...], ...] = Field(
        default=(),
        description="Systems that stand in for each other: in one run secrets move on one of them only",
    )
    patience: Duration = Field(
        default=timedelta(hours=1),
        description="When one of several holders is silent for so long, the others go back",
    )

    failed_logins: int = Field(
        default=10,
        ge=2,
        le=100,
        description="So many failed logins to one account a rotation may cause within 15 minutes: fewer than"
        " your servers lock it after (those of our roles lock nobody out)",
    )

    def kept_apart(self, systems: Sequence[str]) -> frozenset[str]:
        """Return those of some systems that wait for the next run: the first of each pair goes now."""
        later: set[str] = set()
        for pair in self.apart:
            there = [name for name in pair if name in systems]
            later.update(there[1:])
        return frozenset(later)
