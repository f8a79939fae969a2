"""phones.yml: how telephones on desks are set up, and which of them get a new template first.

The file may be left out: every value has a default, and a new template then reaches everybody at
once. Which telephone is whose is in devices.csv.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, StringConstraints

from commsroom.policy.base import Audience, Section
from commsroom.policy.scalars import Id, Minute

if TYPE_CHECKING:
    from commsroom.policy.devices import Device
    from commsroom.policy.people import Person

Codec = Literal["opus", "g722", "g729", "pcma", "pcmu"]
AssetTag = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class BusyLamps(Section):
    """Keys that show who of one's department is on the telephone, and call them."""

    colleagues: bool = Field(default=True, description="A key for each colleague with a number")
    most: int = Field(default=8, ge=0, le=40, description="No more keys than this")


class Resync(Section):
    """When a telephone looks for a new profile (it always does when it starts)."""

    when: Literal["at-once", "nightly", "at-start"] = Field(
        default="at-once",
        description="`at-once`: the exchange asks it to (SIP NOTIFY) when its profile changes;"
        " `nightly`: by itself; `at-start`: only when it is switched on",
    )
    at: Minute = Field(default="03:00", description="When, for `nightly`; local time of the device")


class Canary(Audience):
    """Whose telephones get a new template first; the others after those have fetched it and registered."""

    devices: tuple[AssetTag, ...] = Field(default=(), description="These devices, by asset tag")

    def holds(self, device: Device, person: Person | None) -> bool:
        """Tell whether a device belongs to the ring."""
        return device.asset_tag in self.devices or (person is not None and self.includes(person))


class Phones(Section):
    """phones.yml."""

    codecs: tuple[Codec, ...] = Field(
        default=("g722", "pcma", "pcmu"), min_length=1, description="Best first"
    )
    lldp: bool = Field(
        default=True, description="Take the voice VLAN from the switch (LLDP-MED, ANSI/TIA-1057)"
    )
    busy_lamps: BusyLamps = BusyLamps()
    resync: Resync = Resync()
    templates: Mapping[Id, int] = Field(
        default_factory=dict,
        description="Version of a vendor's template, by vendor; those left out have the newest",
    )
    canary: Canary = Canary()
