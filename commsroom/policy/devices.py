"""devices.csv: the company's equipment, a row a device (clause 3.2.1).

A row says what a device is, and where it was when the row was written. Its life (issued, returned,
broken, repaired, moved, retired) is in the ledger, which has the last word on holder, state, site and
port once it knows the device; `commsroom device` writes both. An estate without the file has no
equipment, and that is valid.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from commsroom.errors import Problem
from commsroom.policy import table
from commsroom.policy.sources import DEVICES as FILE

if TYPE_CHECKING:
    from commsroom.policy.references import Names

COLUMNS: Final = (
    "asset_tag", "kind", "vendor", "model", "serial", "mac", "purchased", "warranty_end", "price",
    "site", "holder", "state", "port", "media", "owner", "mdm",
)  # fmt: skip
#: What the column `owner` says of a person's own mobile; empty, or `company`, of all else.
PERSONAL: Final = "personal"
OWNERS: Final = ("company", PERSONAL)
REQUIRED: Final = ("asset_tag", "kind", "vendor", "model", "site", "state")


class DeviceKind(StrEnum):
    """What a device is for."""

    PHONE = "phone"
    COMPUTER = "computer"
    HEADSET = "headset"
    MOBILE = "mobile"
    FAX = "fax"
    SWITCH = "switch"
    GATEWAY = "gateway"
    OTHER = "other"


class DeviceState(StrEnum):
    """Where a device is in its life; *repair* keeps its holder, who is waiting for it, *lost* has none."""

    STOCK = "stock"
    ISSUED = "issued"
    REPAIR = "repair"
    LOST = "lost"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Device:
    """One device. An empty string is "not given", None for a date or the price likewise.

    `mac` is written `00:15:65:ab:cd:ef` however the row has it. `holder` is the roster id of a person
    or a place of equipment.yml, "" for none. `port` is `SYSTEM:PORT` of the switch it is plugged into.
    `price` is in the currency of equipment.yml. `line` is where the row is. `media` are the serial numbers of
    the disks in it, with spaces between: none other is wiped in its name. `owner` is `personal` where a
    mobile is its holder's own, and only its work profile the company's. `mdm` is `SYSTEM:ENROLMENT`: the MDM
    server that manages it, and what that server calls it.
    """

    asset_tag: str
    kind: DeviceKind
    vendor: str
    model: str
    serial: str
    mac: str
    purchased: date | None
    warranty_end: date | None
    price: Decimal | None
    site: str
    holder: str
    state: DeviceState
    port: str
    line: int
    media: str = ""
    owner: str = ""
    mdm: str = ""

    @property
    def product(self) -> str:
        """Return vendor and model, as globs of maintenance plans see them."""
        return f"{self.vendor} {self.model}"

    @property
    def personal(self) -> bool:
        """Tell whether it is its holder's own."""
        return self.owner == PERSONAL

    @property
    def disks(self) -> tuple[str, ...]:
        """Return the serial numbers of its disks."""
        return tuple(self.media.split())


def read(policies: Path, names: Names, problems: list[Problem]) -> tuple[Device, ...]:
    """Read devices.csv, if it is there; at most 50 of its problems are added, and the rest counted."""
    # Rows know this module's types.
    from commsroom.policy.device_rows import DeviceRows

    found: list[Problem] = []
    rows = DeviceRows(FILE, names, found)
    with table.collector_paused():
        file = policies / "devices.csv"
        table.read(file, FILE, rows, COLUMNS, REQUIRED, what="the register", problems=found)
    table.report(found, FILE, problems)
    return tuple(rows.devices)
