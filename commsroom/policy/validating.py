"""Everything that can be said about an estate's policy without asking a system."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from commsroom.errors import PolicyErrors, Problem
from commsroom.policy import allocations, approvers, keys
from commsroom.policy.allotted import Allocations
from commsroom.policy.approvers import Approver
from commsroom.policy.devices import DeviceKind
from commsroom.policy.loading import Policy, load_into
from commsroom.policy.people import PersonKind
from commsroom.policy.sources import DEVICES
from commsroom.policy.words import did_you_mean, quoted

#: More of one sort of warning than this help nobody; the rest is counted.
_SHOWN: Final = 50


class Doubt(Protocol):
    """Says why a glob over addresses, or one of the fields of what it names, can name nothing."""

    def __call__(self, glob: str, fields: Sequence[str] = ()) -> tuple[str, str]:
        """Return what is wrong and the remedy; two empty texts: nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Beside:
    """What the inventory, of which policy knows nothing, makes of it: `problems` are what no plan gets past."""

    problems: Sequence[Problem] = ()
    warnings: Sequence[Problem] = ()


def _nothing(policy: Policy, held: Allocations, day: date) -> Beside:
    return Beside()


def _no_doubt(glob: str, fields: Sequence[str] = ()) -> tuple[str, str]:
    return "", ""


@dataclass(frozen=True, slots=True)
class Validation:
    """What is wrong (`problems`), what looks odd (`warnings`), and how much there is of each thing."""

    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Tell whether the policy can be used."""
        return not self.problems


def validate(
    estate: Path,
    day: date | None = None,
    *,
    doubt: Doubt = _no_doubt,
    beside: Callable[[Policy, Allocations, date], Beside] = _nothing,
) -> Validation:
    """Check policies, roster and allocations; whatever is wrong is in the result, nothing is raised.

    `day` is the date they are read for; default is today where the company is. Kinds and systems are
    no part of policy: `doubt` says of a glob over addresses why those make it name nothing, `beside` what
    else they make of it, given everybody's numbers on the day.
    """
    problems: list[Problem] = []
    policy = load_into(estate, problems)
    held = allocations.read(estate, problems)
    signers = approvers.read(estate, problems)
    if policy is None or problems:
        return Validation(tuple(sorted(problems)), ())
    faulty, odd = keys.check(estate, policy.by_id)
    if faulty:
        return Validation(tuple(sorted(faulty)), ())
    day = day or datetime.now(UTC).astimezone(ZoneInfo(policy.company.time_zone)).date()
    try:
        proposed = allocations.propose(policy.people, held, policy, day)
    except PolicyErrors as error:
        return Validation(tuple(error.problems), ())
    found = beside(policy, proposed, day)
    if found.problems:
        return Validation(tuple(sorted(found.problems)), ())
    warnings = [
        *odd, *_warnings(policy, held, day, doubt), *_about_approvers(policy, signers, day), *found.warnings
    ]  # fmt: skip
    return Validation((), tuple(sorted(warnings)), _counts(policy))


def _counts(policy: Policy) -> dict[str, int]:
    kinds = Counter(person.kind for person in policy.people)
    return {
        "people": len(policy.people),
        **{str(kind): kinds[kind] for kind in PersonKind},
        "sites": len(policy.company.sites),
        "departments": len(policy.company.departments),
        "positions": len(policy.positions.positions),
        "dialling_classes": len(policy.telephony.dialling_classes),
        "conference_rooms": len(policy.telephony.conference_rooms),
        "hunt_groups": len(policy.telephony.hunt_groups),
        "lists": len(policy.mail.lists),
        "contact_mailboxes": len(policy.mail.contact_mailboxes),
        "rooms": len(policy.messaging.rooms),
        "devices": len(policy.devices),
        "clauses": len(policy.regulation.clauses),
    }


def _warnings(policy: Policy, held: Allocations, day: date, doubt: Doubt) -> Iterator[Problem]:
    yield from _about_protection(policy, doubt)
    yield from _about_exceptions(policy, day)
    yield from _about_fields(policy, doubt)
    yield from _about_clauses(policy, day)
    yield from _about_the_company(policy)
    yield from _about_people(policy, held)
    yield from _about_mailboxes(policy)
    yield from _about_devices(policy)
    for key, group in policy.telephony.hunt_groups.items():
        manager = policy.company.departments[group.department].manager if group.department else None
        if group.fallback == "manager" and manager is None:
            path = ("telephony", "hunt_groups", key, "fallback")
            yield _at(policy, path, f"department {group.department!r} has no manager: calls end")


def _about_the_company(policy: Policy) -> Iterator[Problem]:
    used = {person.position for person in policy.people}
    for key in policy.positions.positions:
        if key not in used:
            yield _at(policy, ("positions", "positions", key), f"nobody has the position {key!r}")
    for key, rule in policy.telephony.destinations.items():
        if rule.example is None:
            path = ("telephony", "destinations", key)
            yield _at(
                policy, path, f"{key!r} has no `example` number, so no call can prove its rule"
            )


def _about_people(policy: Policy, held: Allocations) -> Iterator[Problem]:
    file = policy.sources.roster
    for person in policy.people:
        if person.kind is PersonKind.CONTRACTOR and person.end is None:
            yield Problem(file, person.line, 1, f"contractor {person.id} has no end date")
        entry = held.get(person.id)
        if entry is None:
            continue
        if person.login and person.login != entry.login:
            yield Problem(
                file, person.line, 1,
                f"{person.id} keeps the login {entry.login!r}: a login never changes",
                f"take {person.login!r} out of the roster",
            )  # fmt: skip
        plan = policy.telephony.sites.get(entry.site)
        if entry.number and (plan is None or not any(entry.number in r for r in plan.extensions)):
            text = f"{person.id} keeps {entry.number}, outside the ranges of site {entry.site!r}"
            yield Problem(allocations.FILE, 0, 0, text)


def _about_mailboxes(policy: Policy) -> Iterator[Problem]:
    for key, box in policy.mail.contact_mailboxes.items():
        path = ("mail", "contact_mailboxes", key)
        rights = {right for grants in box.grants.values() for right in grants}
        if "read" not in rights:
            yield _at(policy, path, "nobody may read it; its custodian can, with its own login")


def _about_devices(policy: Policy) -> Iterator[Problem]:
    """Warn of holders there are not, of telephones nothing can provision, and of plans without use."""
    places = policy.equipment.places
    gone = [
        device
        for device in policy.devices
        if device.holder and device.holder not in policy.by_id and device.holder not in places
    ]
    for device in gone[:_SHOWN]:
        message = f"{device.asset_tag}: there is no person or place {quoted(device.holder)}"
        remedy = did_you_mean(device.holder, [*policy.by_id, *places])
        yield Problem(DEVICES, device.line, 1, message, remedy)
    if len(gone) > _SHOWN:
        message = f"… and {len(gone) - _SHOWN} more devices of nobody in the roster"
        yield Problem(DEVICES, gone[_SHOWN - 1].line, 1, message)
    yield from _about_unknown_addresses(policy)
    yield from _about_the_ring(policy)
    for key, plan in policy.equipment.maintenance.items():
        if policy.devices and not any(plan.concerns(device) for device in policy.devices):
            yield _at(policy, ("equipment", "maintenance", key), f"{key!r} concerns no device")


def _about_approvers(policy: Policy, signers: Sequence[Approver], day: date) -> Iterator[Problem]:
    """Warn of who cannot approve although a line says so: nobody we know, gone, or for another purpose."""
    for item in signers:
        person = policy.by_id.get(item.person)
        if person is None:
            remedy = did_you_mean(item.person, policy.by_id) or "take the line out"
            text = f"there is no person {quoted(item.person)} in the roster"
            yield Problem(approvers.FILE, item.line, 1, text, remedy)
        elif person.end is not None and person.end < day:
            text = f"{item.person} left on {person.end} and approves nothing"
            yield Problem(approvers.FILE, item.line, 1, text, "take the line out")
        if not any(item.allows(purpose) for purpose in approvers.PURPOSES):
            text = f"{item.person}'s key is for other purposes and approves nothing"
            remedy = f'namespaces="{approvers.NAMESPACE}"'
            yield Problem(approvers.FILE, item.line, 0, text, remedy)


def _about_unknown_addresses(policy: Policy) -> Iterator[Problem]:
    """Warn of telephones without `mac`, at the desk of somebody or at a port."""
    security = policy.network.ports.security
    for device in policy.devices:
        if device.kind is not DeviceKind.PHONE or device.mac:
            continue
        lacks = ["cannot be provisioned"] if device.holder in policy.by_id else []
        if device.port and security.enabled and device.site in policy.network.sites:
            lacks.append(f"leaves its port to the first {1 + security.others} addresses that send")
        if lacks:
            text = f"{device.asset_tag}: a telephone without `mac` {', and '.join(lacks)}"
            yield Problem(DEVICES, device.line, 1, text)


def _about_the_ring(policy: Policy) -> Iterator[Problem]:
    """Warn of canaries that are no telephones, and of vendors that made none of them."""
    kinds = {device.asset_tag: device.kind for device in policy.devices}
    phones = {tag for tag, kind in kinds.items() if kind is DeviceKind.PHONE}
    for index, tag in enumerate(policy.phones.canary.devices):
        if tag not in phones:
            what = (
                f"{tag} is a {kinds[tag]}" if tag in kinds else f"there is no device {quoted(tag)}"
            )
            path = ("phones", "canary", "devices", index)
            yield _at(
                policy, path, f"{what}: no telephone tries a template", did_you_mean(tag, phones)
            )
    makers = {
        device.vendor.casefold() for device in policy.devices if device.kind is DeviceKind.PHONE
    }
    for vendor in policy.phones.templates:
        if vendor not in makers:
            text = f"no telephone of the register is made by {quoted(vendor)}"
            yield _at(policy, ("phones", "templates", vendor), text, did_you_mean(vendor, makers))


def _about_exceptions(policy: Policy, day: date) -> Iterator[Problem]:
    for index, item in enumerate(policy.exceptions.exceptions):
        path = ("exceptions", "exceptions", index)
        if item.expired(day):
            yield _at(policy, path, f"the exception for {item.address} ended on {item.until}")
        end = policy.person(item.owner).end
        if end is not None and end < day:
            yield _at(policy, path, f"{item.owner} answers for it and left on {end}")


def _about_fields(policy: Policy, doubt: Doubt) -> Iterator[Problem]:
    """Warn of rules about a field that nothing they name has: what they are for goes on unseen."""
    drift = policy.drift
    rules: list[tuple[tuple[str | int, ...], str, tuple[str, ...]]] = [
        *((("drift", "severity", at), item.address, item.fields) for at, item in enumerate(drift.severity)),
        *((("drift", "fix", at), item.address, item.fields) for at, item in enumerate(drift.fix)),
        *(
            (("exceptions", "exceptions", at), item.address, item.fields)
            for at, item in enumerate(policy.exceptions.exceptions)
        ),
    ]  # fmt: skip
    for path, address, fields in rules:
        message, remedy = doubt(address, fields) if fields else ("", "")
        if message:
            text = f"the rule for {address} is about nothing: {message}"
            yield _at(policy, (*path, "fields"), text, remedy)


def _about_protection(policy: Policy, doubt: Doubt) -> Iterator[Problem]:
    """Warn of globs under `protected` that can name nothing: somebody relies on them."""
    domains = policy.mail.domains
    for index, glob in enumerate(policy.security.protected):
        message, remedy = doubt(glob)
        domain = glob.partition("@")[2].partition("/")[0]
        if not message and domain and not any(fnmatchcase(item, domain) for item in domains):
            message = f"{quoted(domain)} is no mail domain of ours"
            remedy = did_you_mean(domain, domains)
        if message:
            path = ("security", "protected", index)
            yield _at(policy, path, f"{glob} protects nothing: {message}", remedy)


def _about_clauses(policy: Policy, day: date) -> Iterator[Problem]:
    for key, clause in policy.regulation.clauses.items():
        path = ("regulation", "clauses", key)
        if clause.control in {"met", "manual"}:
            reads = "" if clause.evidence else ", and without `evidence` the clause is missing"
            yield _at(
                policy, (*path, "control"), f"`control: {clause.control}` says nothing now{reads}"
            )
        for index, item in enumerate(clause.evidence):
            if item.manual is not None and item.manual.until < day:
                place = (*path, "evidence", index, "manual", "until")
                text = f"clause {key}: what {item.manual.owner} confirmed held until {item.manual.until}"
                yield _at(policy, place, text)


def _at(policy: Policy, path: tuple[str | int, ...], message: str, remedy: str = "") -> Problem:
    source = policy.sources.of(*path)
    return Problem(source.file, source.line, source.column, message, remedy)
