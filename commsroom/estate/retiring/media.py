"""What holds data in a device, how confidential it is, and what becomes of it: that decides how it is wiped.

Strength and decision are NIST SP 800-88 Rev. 1's (section 4, figure 4-1); its security categorisation is
that of FIPS 199.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

from commsroom.policy.retirement import Category, Fate


class Strength(IntEnum):
    """How thoroughly data are removed, weakest first (SP 800-88r1, 2.5)."""

    CLEAR = 1  #: simple, non-invasive recovery finds nothing
    PURGE = 2  #: neither does a laboratory
    DESTROY = 3  #: and the medium is of no use any more

    def __str__(self) -> str:
        """Give the standard's word: `Clear`, `Purge`, `Destroy`."""
        return self.name.capitalize()


class MediaKind(StrEnum):
    """What sort of medium it is: that decides which methods there are for it."""

    ATA_HDD = "ATA magnetic disk"
    ATA_SSD = "ATA solid-state disk"
    SCSI_HDD = "SCSI magnetic disk"
    SCSI_SSD = "SCSI solid-state disk"
    NVME = "NVMe solid-state disk"
    FLASH = "flash memory"  #: USB sticks, memory cards: no command that erases all of it
    VIRTUAL = "virtual disk"  #: an image, or a disk of a virtual machine
    DISK = "disk"  #: one that is attached to no station, so that nobody knows more
    PHONE = "memory of a telephone"
    SWITCH = "memory of a network device"
    MOBILE = "company's mobile"
    PERSONAL_MOBILE = "person's own mobile"
    SIM = "SIM card"
    PAPER = "paper"


#: Media that a wipe station reads and writes by blocks.
BLOCKS: Final = frozenset(
    {
        MediaKind.ATA_HDD,
        MediaKind.ATA_SSD,
        MediaKind.SCSI_HDD,
        MediaKind.SCSI_SSD,
        MediaKind.NVME,
        MediaKind.FLASH,
        MediaKind.VIRTUAL,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Medium:
    """One medium as it was found. Empty text and None: not known, or there is none.

    `can` are the abilities it reports of itself, in the words of `methods`. `bytes` is its whole size,
    `hidden_bytes` what an HPA or DCO (ATA) keeps from the host, or is in no namespace (NVMe), `remapped` how many sectors the device
    replaced by itself and no host can reach. `encrypted`: all of it is a LUKS volume.
    """

    kind: MediaKind
    serial: str
    model: str = ""
    path: str = ""
    bytes: int = 0
    can: frozenset[str] = frozenset()
    hidden_bytes: int | None = 0
    remapped: int | None = None
    encrypted: bool = False


def needed(category: Category, fate: Fate) -> Strength:
    """Return the least that is enough (SP 800-88r1, figure 4-1); scrap leaves the company's control."""
    match category, fate:
        case Category.LOW, Fate.STAYS:
            return Strength.CLEAR
        case Category.LOW, _:
            return Strength.PURGE
        case Category.MODERATE, Fate.STAYS:
            return Strength.CLEAR
        case Category.MODERATE, Fate.LEAVES:
            return Strength.PURGE
        case Category.HIGH, Fate.STAYS:
            return Strength.PURGE
        case _:
            return Strength.DESTROY
