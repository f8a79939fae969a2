"""Methods of sanitization, by media: typed data after NIST SP 800-88 Rev. 1 (Appendix A) and IEEE 2883-2022.

Where the two rate a method differently the lower rating stands: SP 800-88r1 lets NVMe Format and the ATA
Security feature set purge some media, IEEE 2883 only clear them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from commsroom.estate.retiring.erasing import ABILITY
from commsroom.estate.retiring.media import BLOCKS, MediaKind, Strength


class By(StrEnum):
    """Who carries a method out."""

    STATION = "station"  #: a wipe station, on the block device
    SYSTEM = "system"  #: the system that manages the device: its switch, its MDM server
    PERSON = "person"  #: somebody, before a witness, by a list


class Evidence(StrEnum):
    """What is looked at afterwards."""

    READ_BACK = "read back"  #: all of it was read again, block by block
    DEVICE = "device-reported"  #: the device says it is done; what can be read was read too
    READ_ABSENT = "read back absent"  #: what made it readable is looked for and not there
    WITNESSED = "witnessed"  #: two people saw it


class Ran(StrEnum):
    """Where this project's own tests have carried it out: certificates and docs say so."""

    REAL = "on real block devices, and on emulated disks"
    EMULATED = "on emulated hardware; never run on hardware"
    SIMULATED = "against a simulator of its commands; never run on hardware"
    BY_HAND = "by hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One way of wiping one sort of medium.

    `technique` is the standard's word for what happens. `ability` must be among what the medium reports of
    itself, "" where any of the kind can be wiped so. `tool` is the program that does it.
    """

    name: str
    strength: Strength
    media: frozenset[MediaKind]
    technique: str
    evidence: Evidence
    by: By = By.STATION
    ability: str = ""
    tool: str = "commsroom"
    ran: Ran
    source: str
    #: Only where somebody asked for it by name: it takes long and is no stronger.
    on_request: bool = False
    #: What nobody can see on the medium, and whoever asks for it answers for: signed with the request.
    rests_on: str = ""
    #: What two people may do instead where this came to no end; as strong.
    by_hand: str = ""


_MAGNETIC: Final = frozenset({MediaKind.ATA_HDD, MediaKind.SCSI_HDD})
_ATA: Final = frozenset({MediaKind.ATA_HDD, MediaKind.ATA_SSD})
_SCSI: Final = frozenset({MediaKind.SCSI_HDD, MediaKind.SCSI_SSD})
_THINGS: Final = frozenset(MediaKind) - {MediaKind.PERSONAL_MOBILE, MediaKind.PAPER}

_LUKS: Final = (
    "cryptographic erase: LUKS key slots erased, headers overwritten, their backups accounted for"
)
_LUKS_RESTS: Final = "it rests on all of it having been encrypted before data were put on it, and on no other backup of its header"

#: The weakest first; among equals the one to be preferred first.
METHODS: Final = (
    Method(
        name="overwrite",
        strength=Strength.CLEAR,
        media=BLOCKS,
        technique="overwrite of every addressable block",
        evidence=Evidence.READ_BACK,
        ran=Ran.REAL,
        source="SP 800-88r1 tables A-5, A-6, A-8: Clear by overwriting; flash memory by a pattern and its complement",
    ),
    Method(
        name="overwrite-bmb21",
        strength=Strength.CLEAR,
        media=BLOCKS,
        technique="overwrite, six passes after BMB21",
        evidence=Evidence.READ_BACK,
        ran=Ran.REAL,
        source="BMB21-2019 as nwipe(8) has it: ones, zeros, three times random, ones",
        on_request=True,
    ),
    Method(
        name="discard",
        strength=Strength.CLEAR,
        media=frozenset({MediaKind.VIRTUAL}),
        technique="block discard, read back",
        evidence=Evidence.READ_BACK,
        ability="discard",
        ran=Ran.REAL,
        source="blkdiscard(8); enough only where all of it reads as zeros afterwards",
        on_request=True,
    ),
    Method(
        name="ata-secure-erase",
        strength=Strength.CLEAR,
        media=_ATA,
        technique="ATA Security Feature Set, SECURITY ERASE UNIT",
        evidence=Evidence.DEVICE,
        ability="ata-secure-erase",
        tool="hdparm",
        ran=Ran.SIMULATED,
        source="SP 800-88r1 tables A-5, A-8 (Purge for magnetic disks); IEEE 2883-2022: Clear",
    ),
    Method(
        name="nvme-format",
        strength=Strength.CLEAR,
        media=frozenset({MediaKind.NVME}),
        technique="NVMe Format, user data erase",
        evidence=Evidence.DEVICE,
        ability="nvme-format",
        tool="nvme",
        ran=Ran.EMULATED,
        source="SP 800-88r1 table A-8 (Purge); IEEE 2883-2022: Clear",
    ),
    Method(
        name="phone-reset",
        strength=Strength.CLEAR,
        media=frozenset({MediaKind.PHONE}),
        technique="factory reset",
        evidence=Evidence.WITNESSED,
        by=By.PERSON,
        ran=Ran.BY_HAND,
        source="SP 800-88r1 table A-4: a reset is at most Clear unless the maker documents more",
    ),
    Method(
        name="switch-erase",
        strength=Strength.CLEAR,
        media=frozenset({MediaKind.SWITCH}),
        technique="over its command line: startup configuration, VLAN file, all files but software, and keys erased,"
        " and read back absent; reload",
        evidence=Evidence.DEVICE,
        by=By.SYSTEM,
        ability=ABILITY,
        ran=Ran.SIMULATED,
        source="SP 800-88r1 table A-2: Clear by a reset to the maker's settings; the makers' command references",
        by_hand="switch-reset",
    ),
    Method(
        name="switch-reset",
        strength=Strength.CLEAR,
        media=frozenset({MediaKind.SWITCH}),
        technique="startup configuration, VLAN file, keys and crash files erased; reload",
        evidence=Evidence.WITNESSED,
        by=By.PERSON,
        ran=Ran.BY_HAND,
        source="SP 800-88r1 table A-2: Clear by a reset to the maker's settings",
    ),
    Method(
        name="mobile-reset",
        strength=Strength.CLEAR,
        media=frozenset({MediaKind.MOBILE}),
        technique="signed out of its maker's account, all content and settings erased",
        evidence=Evidence.WITNESSED,
        by=By.PERSON,
        ran=Ran.BY_HAND,
        source="SP 800-88r1 table A-3: Clear",
    ),
    Method(
        name="mdm-profile",
        strength=Strength.CLEAR,
        media=frozenset({MediaKind.PERSONAL_MOBILE}),
        technique="work profile removed; nothing else is the company's",
        evidence=Evidence.DEVICE,
        by=By.SYSTEM,
        ability="mdm",
        ran=Ran.SIMULATED,
        source="Apple MDM protocol, RemoveProfile",
    ),
    Method(
        name="luks-erase-clear",
        strength=Strength.CLEAR,
        media=BLOCKS - _MAGNETIC,
        technique=_LUKS,
        evidence=Evidence.READ_ABSENT,
        ability="luks",
        tool="cryptsetup",
        ran=Ran.REAL,
        source="SP 800-88r1, 2.6.2: Purge only where the actual place of the keys is erased; flash and the host of an"
        " image may keep old copies of the header",
        on_request=True,
        rests_on=_LUKS_RESTS,
    ),
    Method(
        name="ata-sanitize-crypto",
        strength=Strength.PURGE,
        media=_ATA,
        technique="ATA SANITIZE, CRYPTO SCRAMBLE EXT",
        evidence=Evidence.DEVICE,
        ability="ata-sanitize-crypto",
        tool="hdparm",
        ran=Ran.SIMULATED,
        source="SP 800-88r1 tables A-5, A-8; IEEE 2883-2022: Purge",
    ),
    Method(
        name="ata-sanitize-block",
        strength=Strength.PURGE,
        media=frozenset({MediaKind.ATA_SSD}),
        technique="ATA SANITIZE, BLOCK ERASE EXT",
        evidence=Evidence.DEVICE,
        ability="ata-sanitize-block",
        tool="hdparm",
        ran=Ran.SIMULATED,
        source="SP 800-88r1 table A-8; IEEE 2883-2022: Purge",
    ),
    Method(
        name="ata-sanitize-overwrite",
        strength=Strength.PURGE,
        media=frozenset({MediaKind.ATA_HDD}),
        technique="ATA SANITIZE, OVERWRITE EXT",
        evidence=Evidence.DEVICE,
        ability="ata-sanitize-overwrite",
        tool="hdparm",
        ran=Ran.SIMULATED,
        source="SP 800-88r1 table A-5; IEEE 2883-2022: Purge",
    ),
    Method(
        name="nvme-sanitize-block",
        strength=Strength.PURGE,
        media=frozenset({MediaKind.NVME}),
        technique="NVMe Sanitize, block erase",
        evidence=Evidence.DEVICE,
        ability="nvme-sanitize-block",
        tool="nvme",
        ran=Ran.SIMULATED,
        source="NVM Express Base Specification 1.3, 8.15; IEEE 2883-2022: Purge",
    ),
    Method(
        name="nvme-sanitize-crypto",
        strength=Strength.PURGE,
        media=frozenset({MediaKind.NVME}),
        technique="NVMe Sanitize, crypto erase",
        evidence=Evidence.DEVICE,
        ability="nvme-sanitize-crypto",
        tool="nvme",
        ran=Ran.SIMULATED,
        source="NVM Express Base Specification 1.3, 8.15; IEEE 2883-2022: Purge",
    ),
    Method(
        name="nvme-sanitize-overwrite",
        strength=Strength.PURGE,
        media=frozenset({MediaKind.NVME}),
        technique="NVMe Sanitize, overwrite",
        evidence=Evidence.DEVICE,
        ability="nvme-sanitize-overwrite",
        tool="nvme",
        ran=Ran.SIMULATED,
        source="NVM Express Base Specification 1.3, 8.15; IEEE 2883-2022: Purge",
    ),
    Method(
        name="scsi-sanitize-crypto",
        strength=Strength.PURGE,
        media=_SCSI,
        technique="SCSI SANITIZE, cryptographic erase",
        evidence=Evidence.DEVICE,
        ability="scsi-sanitize-crypto",
        tool="sg_sanitize",
        ran=Ran.SIMULATED,
        source="SP 800-88r1 tables A-5, A-8; IEEE 2883-2022: Purge",
    ),
    Method(
        name="scsi-sanitize-block",
        strength=Strength.PURGE,
        media=frozenset({MediaKind.SCSI_SSD}),
        technique="SCSI SANITIZE, block erase",
        evidence=Evidence.DEVICE,
        ability="scsi-sanitize-block",
        tool="sg_sanitize",
        ran=Ran.SIMULATED,
        source="SP 800-88r1 table A-8; IEEE 2883-2022: Purge",
    ),
    Method(
        name="scsi-sanitize-overwrite",
        strength=Strength.PURGE,
        media=frozenset({MediaKind.SCSI_HDD}),
        technique="SCSI SANITIZE, overwrite",
        evidence=Evidence.DEVICE,
        ability="scsi-sanitize-overwrite",
        tool="sg_sanitize",
        ran=Ran.SIMULATED,
        source="SP 800-88r1 table A-5; IEEE 2883-2022: Purge",
    ),
    Method(
        name="luks-erase",
        strength=Strength.PURGE,
        media=_MAGNETIC,
        technique=_LUKS,
        evidence=Evidence.READ_ABSENT,
        ability="luks",
        tool="cryptsetup",
        ran=Ran.REAL,
        source="SP 800-88r1, 2.6 and Appendix D; cryptsetup-erase(8)",
        on_request=True,
        rests_on=_LUKS_RESTS,
    ),
    Method(
        name="mdm-erase",
        strength=Strength.PURGE,
        media=frozenset({MediaKind.MOBILE}),
        technique="EraseDevice: the keys of all data are erased",
        evidence=Evidence.DEVICE,
        by=By.SYSTEM,
        ability="mdm",
        ran=Ran.SIMULATED,
        source="SP 800-88r1 table A-3; Apple MDM protocol, EraseDevice",
    ),
    Method(
        name="shred-paper",
        strength=Strength.DESTROY,
        media=frozenset({MediaKind.PAPER}),
        technique="cross-cut shredding to 1 mm by 5 mm, or incineration",
        evidence=Evidence.WITNESSED,
        by=By.PERSON,
        ran=Ran.BY_HAND,
        source="SP 800-88r1 table A-1",
    ),
    Method(
        name="destroy",
        strength=Strength.DESTROY,
        media=_THINGS,
        technique="shredding, disintegration, pulverization or incineration",
        evidence=Evidence.WITNESSED,
        by=By.PERSON,
        ran=Ran.BY_HAND,
        source="SP 800-88r1 tables A-2 to A-9",
    ),
)

BY_NAME: Final = {method.name: method for method in METHODS}
