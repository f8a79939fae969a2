"""Load an estate's policy: all files, all problems at once, and the place of everything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Final

from commsroom.errors import PolicyErrors, Problem
from commsroom.policy import devices, faults, numbering, references, roster, tree
from commsroom.policy.base import Model
from commsroom.policy.company import Company
from commsroom.policy.devices import Device
from commsroom.policy.drift import Drift
from commsroom.policy.entitlements import Entitlement, entitlement
from commsroom.policy.equipment import Equipment
from commsroom.policy.exceptions import Exceptions
from commsroom.policy.inspection import Inspection
from commsroom.policy.mail import MailRules
from commsroom.policy.messaging import Messaging
from commsroom.policy.network import Network
from commsroom.policy.notify import Notify
from commsroom.policy.people import Person
from commsroom.policy.phones import Phones
from commsroom.policy.positions import Positions
from commsroom.policy.regulation import Regulation
from commsroom.policy.security import Security
from commsroom.policy.sources import Sources
from commsroom.policy.telephony import Telephony
from commsroom.policy.words import did_you_mean

#: The files of `policies/`, by subject.
SUBJECTS: Final[Mapping[str, type[Model]]] = {
    "company": Company,
    "positions": Positions,
    "telephony": Telephony,
    "mail": MailRules,
    "messaging": Messaging,
    "security": Security,
    "regulation": Regulation,
    "drift": Drift,
    "exceptions": Exceptions,
    "inspection": Inspection,
    "notify": Notify,
    "equipment": Equipment,
    "phones": Phones,
    "network": Network,
}
#: Those that need not be there: every value in them has a default.
OPTIONAL: Final = frozenset(
    {"drift", "equipment", "exceptions", "inspection", "network", "notify", "phones"}
)


@dataclass(frozen=True)
class Policy:
    """All the company wants, loaded and checked. Never changes once loaded."""

    company: Company
    positions: Positions
    telephony: Telephony
    mail: MailRules
    messaging: Messaging
    security: Security
    regulation: Regulation
    drift: Drift
    exceptions: Exceptions
    inspection: Inspection
    notify: Notify
    equipment: Equipment
    phones: Phones
    network: Network
    people: tuple[Person, ...]
    devices: tuple[Device, ...]
    sources: Sources

    @cached_property
    def by_id(self) -> Mapping[str, Person]:
        """The people by their id."""
        return {person.id: person for person in self.people}

    def person(self, key: str) -> Person:
        """Return the person with an id; raises KeyError for none."""
        return self.by_id[key]

    @cached_property
    def by_tag(self) -> Mapping[str, Device]:
        """The devices by their asset tag."""
        return {device.asset_tag: device for device in self.devices}

    def entitlement(self, person: Person, day: date) -> Entitlement:
        """Return what a person has on a day: by post and by name."""
        return entitlement(self.positions, person, day)


def load(estate: Path) -> Policy:
    """Load `policies/` of the estate at a path.

    Raises:
        PolicyErrors: everything that is wrong in any of the files, sorted by place.
    """
    problems: list[Problem] = []
    policy = load_into(estate, problems)
    if problems or policy is None:
        raise PolicyErrors(problems)
    return policy


def load_into(estate: Path, problems: list[Problem]) -> Policy | None:
    """Load like `load`, adding problems instead of raising; None when there is no usable policy."""
    folder = estate / "policies"
    trees = {subject: _read(folder, subject, problems) for subject in SUBJECTS}
    _strangers(folder, problems)
    models = {
        subject: faults.checked(model, trees[subject], problems)
        for subject, model in SUBJECTS.items()
    }
    names = references.Names.of(trees, SUBJECTS)
    mail = models["mail"]
    domains = mail.domains if isinstance(mail, MailRules) else ()
    file = roster.find(folder, problems)
    people, known = roster.read(file, names, domains, problems)
    names = references.with_people(names, known)
    equipment = devices.read(folder, names, problems)
    checker = references.check(trees, names, models.values())
    _numbers(models, people, checker, sound=not problems)
    problems += [problem for problem in checker.problems if problem not in problems]
    if problems:
        return None
    return _policy(models, trees, people, equipment, f"policies/{file.name}")


def _read(folder: Path, subject: str, problems: list[Problem]) -> tree.Tree:
    file, shown = folder / f"{subject}.yml", f"policies/{subject}.yml"
    if subject in OPTIONAL and not file.exists():
        return tree.Tree(shown, subject, data={})
    return tree.read(file, shown, subject, problems, may_be_empty=subject in OPTIONAL)


def _numbers(
    models: Mapping[str, Model | None],
    people: tuple[Person, ...],
    checker: references.References,
    *,
    sound: bool,
) -> None:
    telephony, positions, security = (
        models[name] for name in ("telephony", "positions", "security")
    )
    if not isinstance(telephony, Telephony):
        return
    numbering.check(telephony, checker)
    if not sound:  # a site or post set aside as faulty would be missed here
        return
    if isinstance(positions, Positions) and isinstance(security, Security):
        numbering.check_capacity(telephony, positions, security, people, checker)


def _policy(
    models: Mapping[str, Model | None],
    trees: Mapping[str, tree.Tree],
    people: tuple[Person, ...],
    equipment: tuple[Device, ...],
    roster_file: str,
) -> Policy:
    sources = Sources(
        places={path: place for item in trees.values() for path, place in item.places.items()},
        files={subject: item.file for subject, item in trees.items()},
        clauses={
            path: clause for item in trees.values() for path, clause in item.clauses().items()
        },
        roster=roster_file,
        people={person.id: person.line for person in people},
        devices={device.asset_tag: device.line for device in equipment},
    )
    return Policy(
        **{subject: model for subject, model in models.items() if model is not None},  # type: ignore[arg-type] # no problem means that each is there, of its own type
        people=people,
        devices=equipment,
        sources=sources,
    )


def _strangers(folder: Path, problems: list[Problem]) -> None:
    """Refuse a YAML file nobody reads: a misspelt name would otherwise be silence."""
    if not folder.is_dir():
        return
    expected = {f"{subject}.yml" for subject in SUBJECTS} | set(roster.FORMS)
    for file in sorted([*folder.glob("*.yml"), *folder.glob("*.yaml")]):
        if file.name not in expected:
            remedy = did_you_mean(file.name, expected)
            problems.append(Problem(f"policies/{file.name}", 0, 0, "not a policy file", remedy))
