"""decommission: is a device still what two people have signed, by its row in devices.csv?

The row may be edited at any moment. What is wiped stands in what was signed, so that an edited row has nothing
else wiped; but a certificate, too, is only of what was signed, and a mobile that became a person's own is not erased.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from commsroom.app import closing, registering
from commsroom.errors import GuardRefused
from commsroom.estate.retiring.managing import place
from commsroom.estate.retiring.media import BLOCKS, MediaKind
from commsroom.estate.retiring.methods import By

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from commsroom.app.estate import Estate
    from commsroom.estate.retiring.chain import Run, Target
    from commsroom.policy.devices import Device

#: Media that stand in the column `media`.
_DISKS: Final = BLOCKS | {MediaKind.DISK}
_MOBILES: Final = {MediaKind.MOBILE: False, MediaKind.PERSONAL_MOBILE: True}


def require(estate: Estate, runs: Iterable[Run]) -> None:
    """Refuse devices whose rows say something else by now than what two people have signed.

    Raises:
        UsageError: one has no row any more.
        GuardRefused: it says what is another now.
    """
    register = registering.read(estate)
    for run in runs:
        device = register.device(run.target.tag)
        for what, signed, now in _compared(run.target, device):
            if signed != now:
                raise GuardRefused(
                    f"{device.asset_tag} had {what} {signed or '(none)'} when this was approved,"
                    f" and has {now or '(none)'} now: put its row of devices.csv back as it was"
                )


def _compared(target: Target, device: Device) -> Iterator[tuple[str, str, str]]:
    """Yield what a thing is called, what it was when it was signed, and what it is."""
    yield "the serial number", target.serial, device.serial
    yield "the model", target.product, device.product
    # A memory card that was said beside has no serial number, and stands in no row.
    disks = sorted(item.serial for item in target.media if item.kind in _DISKS and item.serial)
    yield "the disks", " ".join(disks), " ".join(sorted(device.disks))
    yield "to be seen to by hand:", ", ".join(target.by_hand), ", ".join(closing.by_hand(device))
    for item in target.media:
        if item.kind in _MOBILES:
            own = _MOBILES[item.kind]
            yield "the owner", _owner(personal=own), _owner(personal=device.personal)
        # A switch is asked for its serial number once more before it is erased.
        if item.kind in _MOBILES and item.by is By.SYSTEM:
            server, enrolment = place(device.mdm)
            yield "the enrolment", f"{item.station}:{item.device}", f"{server}:{enrolment}"


def _owner(*, personal: bool) -> str:
    return "personal" if personal else "company"
