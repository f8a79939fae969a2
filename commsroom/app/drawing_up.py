"""decommission, last step: what a certificate says of a device, from what the ledger saw of it and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from commsroom.app import registering
from commsroom.errors import UsageError
from commsroom.estate.retiring.certificate import (
    Attested,
    BackedUp,
    Batch,
    Certificate,
    Destination,
    Device,
    Evidence,
    Listed,
    Medium,
    Method,
    Person,
    Technique,
    Verified,
)
from commsroom.estate.retiring.media import MediaKind, Strength
from commsroom.estate.retiring.methods import By
from commsroom.estate.retiring.methods import Evidence as Seen
from commsroom.estate.retiring.verdict import Result
from commsroom.policy import allocations
from commsroom.policy.retirement import Fate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from commsroom.app.estate import Estate
    from commsroom.estate.retiring.chain import Item, Run, Wiped
    from commsroom.estate.retiring.methods import Method as How
    from commsroom.policy.people import Person as Row

#: The form's word for a method's technique, where it is not written out.
_TECHNIQUES: Final = {
    "overwrite": Technique.OVERWRITE,
    "overwrite-bmb21": Technique.OVERWRITE,
    "ata-sanitize-overwrite": Technique.OVERWRITE,
    "scsi-sanitize-overwrite": Technique.OVERWRITE,
    "nvme-sanitize-overwrite": Technique.OVERWRITE,
    "ata-sanitize-block": Technique.BLOCK_ERASE,
    "scsi-sanitize-block": Technique.BLOCK_ERASE,
    "nvme-sanitize-block": Technique.BLOCK_ERASE,
    "nvme-format": Technique.BLOCK_ERASE,
    "ata-sanitize-crypto": Technique.CRYPTO_ERASE,
    "scsi-sanitize-crypto": Technique.CRYPTO_ERASE,
    "nvme-sanitize-crypto": Technique.CRYPTO_ERASE,
    "luks-erase": Technique.CRYPTO_ERASE,
    "luks-erase-clear": Technique.CRYPTO_ERASE,
    "mdm-erase": Technique.CRYPTO_ERASE,
    "phone-reset": Technique.FACTORY_RESET,
    "switch-erase": Technique.FACTORY_RESET,
    "switch-reset": Technique.FACTORY_RESET,
    "mobile-reset": Technique.FACTORY_RESET,
    "shred-paper": Technique.SHRED,
}
_METHODS: Final = {
    Strength.CLEAR: Method.CLEAR,
    Strength.PURGE: Method.PURGE,
    Strength.DESTROY: Method.DESTROY,
}
_DESTINATIONS: Final = {
    Fate.STAYS: Destination.INTERNAL_REUSE,
    Fate.LEAVES: Destination.EXTERNAL_REUSE,
    Fate.SCRAPPED: Destination.RECYCLING,
}
#: Blocks read where not all are, and by what confidence they find 1 % of residue: no more than 99 can be said.
_SAMPLE: Final = (2995, 99)


#: What somebody says of a backup that there is none of.
NO_BACKUP: Final = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What whoever validates says: who they are, how they are reached, a note, and where the data are backed up.

    `backups` is by asset tag, of all that are not named under ""; `NO_BACKUP` is one that they know there is none of.
    """

    by: str
    contact: str = ""
    note: str = ""
    backups: Mapping[str, str] = field(default_factory=dict)

    def backup(self, tag: str) -> tuple[BackedUp, str]:
        """Return whether a device's data are backed up, and where."""
        said = self.backups.get(tag, self.backups.get("", ""))
        if said in {"", NO_BACKUP}:
            return (BackedUp.NO if said else BackedUp.UNKNOWN), ""
        return BackedUp.YES, said


def certificate(estate: Estate, run: Run, word: Word, *, requester: str) -> Certificate:
    """Draw up a device's certificate, which is validated now.

    Raises:
        CertificateRefused: it did not all pass, or somebody on it cannot be reached.
    """
    now, by = datetime.now(UTC).replace(microsecond=0), word.by
    wiped = [run.wiped[item.name] for item in run.target.media]
    done = min(now, max((_at(one) for one in wiped), default=now))
    hands = [name for one in wiped if len(one.by) > 1 for name in one.by]
    performed, verified = (hands[0], hands[1]) if hands else (requester, by)
    target, row = run.target, estate.policy.by_tag[run.target.tag]
    return Certificate(
        estate=estate.ledger.estate_id,
        company=estate.policy.company.name,
        device=Device(
            asset_tag=target.tag,
            kind=str(row.kind),
            manufacturer=row.vendor,
            model=row.model,
            serial=target.serial,
            property_number=target.tag,
        ),
        media=tuple(
            _medium(estate, run, item, one, word.backup(target.tag))
            for item, one in zip(target.media, wiped, strict=True)
        ),
        performed=Attested(_person(estate, performed), done),
        verified=Attested(_person(estate, verified, word.contact if verified == by else ""), done),
        validated=Attested(_person(estate, by, word.contact), now),
        simulated=estate.simulate is not None,
        notes="; ".join(filter(None, (word.note, *target.by_hand))),
    )


def batch(estate: Estate, name: str, assets: Iterable[Listed], word: Word) -> Batch:
    """Draw up the certificate of devices that were decommissioned together."""
    return Batch(
        estate=estate.ledger.estate_id,
        company=estate.policy.company.name,
        name=name,
        assets=tuple(sorted(assets, key=lambda one: one.asset_tag)),
        validated=Attested(
            _person(estate, word.by, word.contact), datetime.now(UTC).replace(microsecond=0)
        ),
        simulated=estate.simulate is not None,
        notes=word.note,
    )


def _medium(
    estate: Estate, run: Run, item: Item, wiped: Wiped, backup: tuple[BackedUp, str]
) -> Medium:
    how, target = wiped.how(item), run.target
    witnesses = tuple(_name(estate, one) for one in wiped.by) if how.by is By.PERSON else ()
    destination, whose = _destination(item, how, target.fate)
    tool = "by hand" if how.by is By.PERSON else how.tool
    return Medium(
        type=str(item.kind),
        manufacturer="",
        model=item.model,
        serial=item.serial,
        property_number="",
        source=f"{target.product} {target.tag}",
        classification=str(target.category),
        backed_up=backup[0],
        backup_place=backup[1],
        method=_METHODS[how.strength],
        technique=_TECHNIQUES.get(how.name, Technique.OTHER),
        details=f"{how.technique}; {item.need} was needed",
        tool=tool,
        tool_version=version("commsroom") if tool == "commsroom" else wiped.tool,
        evidence=_evidence(item, how, wiped, witnesses),
        result=Result(wiped.verdict.result),
        classification_after="none",
        destination=destination,
        destination_details=whose,
        notes="; ".join((*item.notes, *wiped.notes)),
    )


def _destination(item: Item, how: How, fate: Fate) -> tuple[Destination, str]:
    """Return where a medium goes, and what is to be said of it: a person's own mobile goes nowhere."""
    if item.kind is MediaKind.PERSONAL_MOBILE:
        return Destination.OTHER, "its holder keeps it: it is their own"
    destroyed = how.strength is Strength.DESTROY
    return Destination.DESTROYED if destroyed else _DESTINATIONS[fate], ""


def _evidence(item: Item, how: How, wiped: Wiped, witnesses: tuple[str, ...]) -> Evidence:
    details = f"{wiped.verdict.reason}: {wiped.verdict.evidence}"
    if how.by is By.PERSON:
        return Evidence(Verified.WITNESSED, wiped.said or details, None, None, witnesses)
    if how.evidence is Seen.DEVICE:  # of a sample, too: `details` has how much of it was read
        return Evidence(Verified.DEVICE_REPORTED, details, None, None, witnesses)
    if item.sampled:
        return Evidence(Verified.SAMPLED, details, *_SAMPLE, witnesses)
    return Evidence(Verified.WHOLE, details, None, None, witnesses)


def _at(wiped: Wiped) -> datetime:
    return datetime.fromtimestamp(wiped.ended, UTC)


def _name(estate: Estate, who: str) -> str:
    return f"{_of_roster(estate, who).name} ({who})"


def _of_roster(estate: Estate, who: str) -> Row:
    """Return whom a certificate names; raises UsageError for somebody whose row was taken out meanwhile."""
    if (person := estate.policy.by_id.get(who)) is None:
        raise UsageError(
            f"{who} did part of this, and is in the roster no more: a certificate says who they are",
            remedy="put their row back, with the day they left as its `end`",
        )
    return person


def _person(estate: Estate, who: str, contact: str = "") -> Person:
    policy = estate.policy
    person = _of_roster(estate, who)
    held = allocations.load(estate.home)
    # Who is to have a number and an address from the next apply on can be asked there by then.
    day = registering.today(policy)
    entry = held.get(who) or allocations.propose(policy.people, held, policy, day).get(who)
    address = f"{entry.login}@{policy.mail.domain}" if entry is not None else person.email
    return Person(
        id=who,
        name=person.name,
        title=policy.positions.positions[person.position].title,
        organisation=policy.company.name,
        place=policy.company.sites[person.site].name,
        phone=contact or (entry.number if entry is not None else ""),
        mail=address,
    )
