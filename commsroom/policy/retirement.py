"""How retired equipment is judged: how confidential what it holds is, and what becomes of it (clause 3.3.3)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

from pydantic import Field

from commsroom.policy.base import Section
from commsroom.policy.devices import DeviceKind


class Category(StrEnum):
    """How much harm it would do if others read it (FIPS 199, confidentiality)."""

    LOW = "low"
    MODERATE = "moderate"
    HIGH = "high"


class Fate(StrEnum):
    """What becomes of the medium after."""

    STAYS = "stays"  #: used again in the company
    LEAVES = "leaves"  #: used again by others: sold, given away, sent back to a lessor
    SCRAPPED = "scrapped"  #: not used again


class Loss(Section):
    """What is done at once when a mobile is lost, beside renewing all that it knew (clause 4.4.2)."""

    erase: bool = Field(
        default=True,
        description="Whether the company's mobiles are erased and not only locked; of a person's own the"
        " work profile is removed whatever this says",
    )


class Retirement(Section):
    """How thoroughly data are removed follows from both (NIST SP 800-88 Rev. 1, figure 4-1)."""

    categories: Mapping[DeviceKind, Category] = Field(
        default={}, description="By kind of device; any other is `moderate`"
    )
    fate: Fate = Field(
        default=Fate.SCRAPPED, description="What becomes of a device where nobody says otherwise"
    )

    certificates_since: date | None = Field(
        default=None,
        description="What held data and was retired on this day or later has a certificate, or `inspect` says so",
    )

    def category(self, kind: DeviceKind) -> Category:
        """Return how confidential what such a device holds is."""
        return self.categories.get(kind, Category.MODERATE)
