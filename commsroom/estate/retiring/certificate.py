"""The certificate of sanitization: every field of the sample form of NIST SP 800-88r1, Appendix G.

A certificate says that nothing is left on a device's media, and how that is known. There is none of what
failed or of what nobody can tell: such a one cannot be made. It is JSON in one form (RFC 8785: UTF-8, sorted
keys, no spaces); its SHA-256 is its name in the ledger and on paper, and the same bytes are signed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, ClassVar, Final, Literal

from pydantic import ConfigDict, Field

from commsroom.errors import CommsroomError
from commsroom.estate.retiring.verdict import Result as Result  # noqa: PLC0414 - part of what it says
from commsroom.policy import characters

FORMAT: Final = 1
#: Characters of one field.
LONGEST: Final = 2000
#: As an asset tag is written, and what may be part of a file's name.
_NAME: Final = re.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_HASH: Final = re.compile("[0-9a-f]{64}")
_ESTATE: Final = re.compile("[A-Za-z0-9][A-Za-z0-9-]{0,63}")


class CertificateRefused(CommsroomError):
    """No certificate may say this; the message names the field."""


class Method(StrEnum):
    """What sort of sanitization it was (SP 800-88r1, 2.5)."""

    CLEAR = "clear"
    PURGE = "purge"
    DESTROY = "destroy"


class Technique(StrEnum):
    """How it was done."""

    OVERWRITE = "overwrite"
    BLOCK_ERASE = "block erase"
    CRYPTO_ERASE = "cryptographic erase"
    FACTORY_RESET = "factory reset"
    DEGAUSS = "degauss"
    SHRED = "shred"
    DISINTEGRATE = "disintegrate"
    PULVERIZE = "pulverize"
    MELT = "melt"
    INCINERATE = "incinerate"
    OTHER = "other"  #: `details` says which


class Verified(StrEnum):
    """How it is known that the technique did what it says."""

    WHOLE = "whole"  #: every block was read
    SAMPLED = "sampled"  #: blocks drawn at random were read
    DEVICE_REPORTED = "device-reported"  #: the device says so, and nobody else can look
    WITNESSED = "witnessed"  #: people saw it


class BackedUp(StrEnum):
    """Whether the data is kept elsewhere."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Destination(StrEnum):
    """Where the medium goes afterwards."""

    INTERNAL_REUSE = "internal reuse"
    EXTERNAL_REUSE = "external reuse"
    RECYCLING = "recycling"
    MANUFACTURER = "manufacturer"
    DESTROYED = "destroyed"
    OTHER = "other"  #: `destination_details` says which


Text = Annotated[str, Field(min_length=1, max_length=LONGEST)]
Optional = Annotated[str, Field(max_length=LONGEST)]
Moment = Annotated[
    datetime,
    Field(
        description="UTC, whole seconds: 2026-11-26T09:30:00Z",
        json_schema_extra={"pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"},
    ),
]


class Part:
    """What all parts promise: one-line texts that hide nothing, nothing empty that must be there, UTC."""

    __slots__ = ()
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid", strict=True, json_schema_serialization_defaults_required=True
    )
    #: Fields that may be empty.
    MAY_BE_EMPTY: ClassVar[frozenset[str]] = frozenset()

    def __post_init__(self) -> None:
        """Refuse, by CertificateRefused, what no certificate may say."""
        for item in fields(self):  # type: ignore[arg-type] # every part is a dataclass
            self._require(item.name, getattr(self, item.name))

    def _require(self, name: str, value: object) -> None:
        if isinstance(value, datetime):
            if value.utcoffset() != timedelta(0) or value.microsecond:
                raise self.refused(name, "is not UTC in whole seconds")
        elif isinstance(value, str):
            if not value.strip() and name not in self.MAY_BE_EMPTY:
                raise self.refused(name, "is empty")
            if found := characters.refused(value):
                raise self.refused(name, f"holds {found}")
            if len(value) > LONGEST:
                raise self.refused(name, f"is longer than {LONGEST} characters")

    def refused(self, name: str, why: str) -> CertificateRefused:
        """Return the error about a field of this part."""
        place = f"{type(self).__name__.lower()}.{name}"
        return CertificateRefused(f"no certificate can say this: {place} {why}")


@dataclass(frozen=True, slots=True)
class Device(Part):
    """What was retired. A serial number that nobody can read is empty."""

    MAY_BE_EMPTY: ClassVar = frozenset({"serial", "property_number"})

    asset_tag: Annotated[str, Field(pattern=f"^{_NAME.pattern}$")]
    kind: Text
    manufacturer: Text
    model: Text
    serial: Optional
    property_number: Optional

    def __post_init__(self) -> None:
        """Refuse a tag that is none."""
        Part.__post_init__(self)
        if not _NAME.fullmatch(self.asset_tag):
            raise self.refused("asset_tag", "is no asset tag")


@dataclass(frozen=True, slots=True)
class Evidence(Part):
    """How it is known that nothing is left."""

    MAY_BE_EMPTY: ClassVar = frozenset({"details"})

    verified: Verified
    details: Annotated[Optional, Field(description="What was looked at, and what it showed")]
    samples: Annotated[
        int | None, Field(ge=1, description="Blocks read of a sample; null: no sample")
    ]
    confidence: Annotated[
        int | None,
        Field(
            ge=1, le=99, description="Per cent by which the sample would have found 1 % of residue"
        ),
    ]
    witnesses: Annotated[tuple[Text, ...], Field(description="Who saw it")]

    def __post_init__(self) -> None:
        """Refuse a sample of unknown size, and a witness nobody knows."""
        Part.__post_init__(self)
        for name in self.witnesses:
            self._require("witnesses", name)
        sampled = self.verified is Verified.SAMPLED
        if sampled != (self.samples is not None) or sampled != (self.confidence is not None):
            raise self.refused("samples", "and confidence are given for a sample, and only there")
        if self.samples is not None and self.samples < 1:
            raise self.refused("samples", "is no number of blocks")
        if self.confidence is not None and not 1 <= self.confidence <= 99:  # noqa: PLR2004 - per cent
            raise self.refused("confidence", "is not 1 to 99 per cent")
        if self.verified is Verified.WITNESSED and not self.witnesses:
            raise self.refused("witnesses", "names nobody who saw it")


@dataclass(frozen=True, slots=True)
class Medium(Part):
    """One thing that held data, what was done to it, and what became of it."""

    MAY_BE_EMPTY: ClassVar = frozenset(
        {"manufacturer", "model", "serial", "property_number", "backup_place", "details", "tool_version",
         "destination_details", "notes"}
    )  # fmt: skip

    type: Annotated[Text, Field(description="disk, flash, SIM, configuration memory …")]
    manufacturer: Optional
    model: Optional
    serial: Optional
    property_number: Optional
    source: Annotated[Text, Field(description="What it was in, or whose it was")]
    classification: Annotated[Text, Field(description="Of its data, before")]
    backed_up: BackedUp
    backup_place: Optional
    method: Method
    technique: Technique
    details: Annotated[Optional, Field(description="Of the technique")]
    tool: Text
    tool_version: Optional
    evidence: Evidence
    result: Annotated[
        Result,
        Field(
            description="Always PASS: nothing else is certified",
            json_schema_extra={"const": "PASS"},
        ),
    ]
    classification_after: Text
    destination: Destination
    destination_details: Optional
    notes: Annotated[Optional, Field(description='What limits this, as "never run on hardware"')]

    def __post_init__(self) -> None:
        """Refuse what did not pass, and a destruction that nobody saw."""
        Part.__post_init__(self)
        if self.result is not Result.PASS:
            raise self.refused("result", f"is {self.result}: only what passed is certified")
        if self.method is Method.DESTROY and not self.evidence.witnesses:
            raise self.refused("evidence", "names nobody who saw the destruction")
        if self.technique is Technique.OTHER and not self.details.strip():
            raise self.refused("details", "does not say which technique it was")
        if self.destination is Destination.OTHER and not self.destination_details.strip():
            raise self.refused("destination_details", "does not say where it went")
        if (self.destination is Destination.DESTROYED) != (self.method is Method.DESTROY):
            raise self.refused("destination", "and method do not agree on whether it is destroyed")


@dataclass(frozen=True, slots=True)
class Person(Part):
    """Somebody who answers for a part of it. `id` is theirs in the roster, "" of an outsider."""

    MAY_BE_EMPTY: ClassVar = frozenset({"id", "phone", "mail"})

    id: Optional
    name: Text
    title: Text
    organisation: Text
    place: Text
    phone: Optional
    mail: Optional

    def __post_init__(self) -> None:
        """Refuse somebody who cannot be asked."""
        Part.__post_init__(self)
        if not (self.phone.strip() or self.mail.strip()):
            raise self.refused("phone", "and mail are both empty: nobody could ask them")


@dataclass(frozen=True, slots=True)
class Attested(Part):
    """Who did their part, and when it was done."""

    by: Person
    at: Moment


class Signable:
    """What both sorts of certificate have: a name for their files, and who signs."""

    __slots__ = ()
    estate: str
    company: str
    validated: Attested
    simulated: bool

    @property
    def subject(self) -> str:
        """Return what it is about: an asset tag, or a batch's name."""
        raise NotImplementedError

    @property
    def number(self) -> str:
        """Return what it is called: its subject, and the day it was validated."""
        return f"{self.subject}-{self.validated.at.date().isoformat()}"

    def _require_signable(self) -> None:
        if not _ESTATE.fullmatch(self.estate):
            raise CertificateRefused("no certificate can say this: estate is no estate's id")
        if not _NAME.fullmatch(self.validated.by.id):
            raise CertificateRefused(
                "no certificate can say this: who validates has no id, and so no key that is known"
            )


@dataclass(frozen=True, slots=True)
class Certificate(Part, Signable):
    """Of one device and all its media. `simulated`: nothing real was touched, and it proves nothing."""

    MAY_BE_EMPTY: ClassVar = frozenset({"notes"})

    estate: Text
    company: Text
    device: Device
    media: Annotated[tuple[Medium, ...], Field(min_length=1)]
    performed: Annotated[Attested, Field(description="Who sanitized it")]
    verified: Annotated[Attested, Field(description="Who verified it")]
    validated: Annotated[Attested, Field(description="Who signs: the outcome is good enough")]
    simulated: bool
    notes: Optional
    kind: Literal["device"] = "device"
    format: Literal[1] = FORMAT

    def __post_init__(self) -> None:
        """Refuse one without media, or whose people acted in another order than this."""
        Part.__post_init__(self)
        self._require_signable()
        if not self.media:
            raise self.refused("media", "names none")
        if not self.performed.at <= self.verified.at <= self.validated.at:
            raise self.refused("validated", "is not after verified, or that not after performed")

    @property
    def subject(self) -> str:
        """Return the asset tag."""
        return self.device.asset_tag


@dataclass(frozen=True, slots=True)
class Listed(Part):
    """One device's certificate as a batch names it."""

    asset_tag: Annotated[str, Field(pattern=f"^{_NAME.pattern}$")]
    number: Annotated[Text, Field(description="As its file is called")]
    sha256: Annotated[str, Field(pattern=f"^{_HASH.pattern}$")]

    def __post_init__(self) -> None:
        """Refuse what names no certificate."""
        Part.__post_init__(self)
        if not _HASH.fullmatch(self.sha256) or not _NAME.fullmatch(self.asset_tag):
            raise self.refused("sha256", "is no hash, or asset_tag is none")


@dataclass(frozen=True, slots=True)
class Batch(Part, Signable):
    """Of many devices that left together: each by the hash of its own certificate."""

    MAY_BE_EMPTY: ClassVar = frozenset({"notes"})

    estate: Text
    company: Text
    name: Annotated[str, Field(pattern=f"^{_NAME.pattern}$")]
    assets: Annotated[tuple[Listed, ...], Field(min_length=1, description="Sorted by asset tag")]
    validated: Annotated[Attested, Field(description="Who signs")]
    simulated: bool
    notes: Optional
    kind: Literal["batch"] = "batch"
    format: Literal[1] = FORMAT

    def __post_init__(self) -> None:
        """Refuse an empty batch, and one that has a device twice or in no order."""
        Part.__post_init__(self)
        self._require_signable()
        tags = [item.asset_tag for item in self.assets]
        if not tags or tags != sorted(set(tags)):
            raise self.refused("assets", "are none, not sorted, or one of them is there twice")
        if not _NAME.fullmatch(self.name):
            raise self.refused("name", "cannot be part of a file's name")

    @property
    def subject(self) -> str:
        """Return the batch's name."""
        return f"batch-{self.name}"
