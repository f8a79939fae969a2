"""Checks between the files: every name somebody refers to must exist."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any, Final

from commsroom.errors import Problem
from commsroom.policy.base import Audience, Model
from commsroom.policy.company import Company
from commsroom.policy.drift import Drift
from commsroom.policy.equipment import Equipment
from commsroom.policy.evidence import CHECKS, KINDS, OWN, Evidence
from commsroom.policy.exceptions import Exceptions
from commsroom.policy.inspection import Inspection
from commsroom.policy.mail import MailRules
from commsroom.policy.messaging import Messaging
from commsroom.policy.network import Network
from commsroom.policy.notify import Notify
from commsroom.policy.phones import Phones
from commsroom.policy.positions import Positions, Rights
from commsroom.policy.regulation import Regulation
from commsroom.policy.security import Security
from commsroom.policy.sources import Path
from commsroom.policy.telephony import HuntGroupRule, Telephony
from commsroom.policy.tree import Tree
from commsroom.policy.words import did_you_mean, quoted


@dataclass(frozen=True, slots=True)
class Names:
    """What exists, by sort; None is "not known", when the file that says so could not be read."""

    sites: AbstractSet[str] | None
    departments: AbstractSet[str] | None
    positions: AbstractSet[str] | None
    dialling_classes: AbstractSet[str] | None
    destinations: AbstractSet[str] | None
    rooms: AbstractSet[str] | None
    clauses: AbstractSet[str] | None
    places: AbstractSet[str] | None = None
    people: AbstractSet[str] | None = None

    @classmethod
    def of(cls, trees: Mapping[str, Tree], models: Mapping[str, type[Model]]) -> Names:
        """Collect the names from the raw files, so that one faulty file does not hide another's faults."""

        def named(subject: str, key: str) -> AbstractSet[str] | None:
            tree, model = trees[subject], models[subject]
            if not isinstance(tree.data, dict):
                return None
            if key in tree.data:
                return tree.names(key) if isinstance(tree.data[key], dict) else None
            # Not there: misspelt, or required and told as missing. Each reference to what would be in
            # it would be told as dangling, and the one cause be lost among them.
            misspelt = any(name not in model.model_fields for name in tree.data)
            return None if misspelt or model.model_fields[key].is_required() else frozenset()

        return cls(
            sites=named("company", "sites"),
            departments=named("company", "departments"),
            positions=named("positions", "positions"),
            dialling_classes=named("telephony", "dialling_classes"),
            destinations=named("telephony", "destinations"),
            rooms=named("messaging", "rooms"),
            clauses=named("regulation", "clauses"),
            places=named("equipment", "places"),
        )


@dataclass(slots=True)
class References:
    """Collects dangling references as problems at their place."""

    trees: Mapping[str, Tree]
    names: Names
    problems: list[Problem] = field(default_factory=list)

    def need(
        self, path: Path, name: str | None, among: AbstractSet[str] | None, sort: str, file: str
    ) -> None:
        """Refuse a name that is not among the known ones; None as name or set is not checked."""
        if name is None or among is None or name in among:
            return
        remedy = did_you_mean(name, among) or f"add it to {file} or take another"
        self.fault(path, f"there is no {sort} {quoted(name)} in {file}", remedy)

    def fault(self, path: Path, message: str, remedy: str = "") -> None:
        """Add a problem at the value of a path (its nearest parent's, if it has none)."""
        tree = self.trees[str(path[0])]
        for length in range(len(path), 0, -1):
            if path[:length] in tree.values:
                line, column = tree.values[path[:length]]
                self.problems.append(Problem(tree.file, line, column, message, remedy))
                return

    def department(self, path: Path, name: str | None) -> None:
        """Need a department."""
        self.need(path, name, self.names.departments, "department", "company.yml")

    def site(self, path: Path, name: str | None) -> None:
        """Need a site."""
        self.need(path, name, self.names.sites, "site", "company.yml")

    def person(self, path: Path, name: str | None) -> None:
        """Need a person."""
        self.need(path, name, self.names.people, "person", "the roster")

    def audience(self, path: Path, audience: Audience) -> None:
        """Need everything an audience names."""
        for index, name in enumerate(audience.departments):
            self.department((*path, "departments", index), name)
        for index, name in enumerate(audience.sites):
            self.site((*path, "sites", index), name)
        for index, name in enumerate(audience.people):
            self.person((*path, "people", index), name)
        for index, name in enumerate(audience.positions):
            place = (*path, "positions", index)
            self.need(place, name, self.names.positions, "position", "positions.yml")

    def company(self, company: Company) -> None:
        """Check company.yml: managers, and departments above departments without a circle."""
        for key, department in company.departments.items():
            path = ("company", "departments", key)
            self.person((*path, "manager"), department.manager)
            self.department((*path, "parent"), department.parent)
            above, seen = department.parent or "", [key]
            while above in company.departments and above not in seen:
                seen.append(above)
                above = company.departments[above].parent or ""
            if above == key == min(seen):  # each circle once
                circle = " → ".join([*seen, key])
                self.fault((*path, "parent"), f"departments above each other in a circle: {circle}")

    def positions(self, positions: Positions) -> None:
        """Check positions.yml."""
        for key, position in positions.positions.items():
            self._rights(("positions", "positions", key), position)
            self._courses(("positions", "positions", key), position, positions)
        for key, named in positions.named.items():
            self.person(("positions", "named", key), key)
            self._rights(("positions", "named", key), named)
            self._courses(("positions", "named", key), named, positions)

    def _courses(self, path: Path, rights: Rights, positions: Positions) -> None:
        for index, name in enumerate(rights.training):
            place = (*path, "training", index)
            self.need(place, name, frozenset(positions.courses), "course", "positions.yml")

    def _rights(self, path: Path, rights: Rights) -> None:
        if rights.phone is not None:
            self.need(
                (*path, "phone", "dialling_class"), rights.phone.dialling_class,
                self.names.dialling_classes, "dialling class", "telephony.yml",
            )  # fmt: skip
        for index, room in enumerate(rights.chat.rooms if rights.chat else ()):
            place = (*path, "chat", "rooms", index)
            self.need(place, room, self.names.rooms, "room", "messaging.yml")

    def telephony(self, telephony: Telephony) -> None:
        """Check names in telephony.yml; its numbers are checked in `numbering`."""
        for site in telephony.sites:
            self.site(("telephony", "sites", site), site)
        for key, rule in telephony.dialling_classes.items():
            path = ("telephony", "dialling_classes", key, "allow")
            for index, name in enumerate(rule.allow):
                self._destination((*path, index), name)
                if name in telephony.always_barred:
                    self.fault(
                        (*path, index), f"{quoted(name)} is in always_barred: nobody may dial it"
                    )
        for index, name in enumerate(telephony.always_barred):
            self._destination(("telephony", "always_barred", index), name)
        for key, room in telephony.conference_rooms.items():
            self.department(("telephony", "conference_rooms", key, "host"), room.host)
        for key, group in telephony.hunt_groups.items():
            self._hunt_group(("telephony", "hunt_groups", key), group)
        for key, trunk in telephony.trunks.items():
            line: Path = ("telephony", "trunks", key)
            self.site((*line, "site"), trunk.site)
            for index, name in enumerate(trunk.destinations):
                self._destination((*line, "destinations", index), name)

    def _destination(self, path: Path, name: str) -> None:
        self.need(path, name, self.names.destinations, "destination", "telephony.yml")

    def _hunt_group(self, path: Path, group: HuntGroupRule) -> None:
        self.department((*path, "department"), group.department)
        for index, member in enumerate(group.members):
            self.person((*path, "members", index), member)
        # Of the file, not of the model: that one lacks what was faulty.
        keys = self.trees["telephony"].names(*map(str, path[1:]))
        if ("department" in keys) == ("members" in keys):
            self.fault(path, "a hunt group rings either a `department` or the `members` listed")
        if group.fallback == "manager" and "department" not in keys:
            self.fault(
                (*path, "fallback"), "`manager` needs a department", "name a person, or none"
            )
        elif group.fallback not in {"manager", "none"}:
            self.person((*path, "fallback"), group.fallback)

    def mail(self, mail: MailRules) -> None:
        """Check mail.yml: names, and that no two things have one address."""
        for key, rule in mail.lists.items():
            self.audience(("mail", "lists", key, "members"), rule.members)
        for key, box in mail.contact_mailboxes.items():
            path = ("mail", "contact_mailboxes", key)
            self.person((*path, "custodian"), box.custodian)
            for person in box.grants:
                self.person((*path, "grants", person), person)
            if key in mail.lists:
                self.fault(path, f"{key} is the address of a list too", "rename one")
        archive = mail.archive.mailbox if mail.archive else ""
        if archive in mail.lists or archive in mail.contact_mailboxes:
            path = ("mail", "archive", "mailbox")
            self.fault(
                path, f"{archive} is the address of a list or contact mailbox too", "rename one"
            )
        if 0 < mail.message_size < (least := mail.attachment_size * 4 // 3):
            self.fault(
                ("mail", "message_size"),
                f"attachments of the size allowed would not fit: they need {-(-least // 2**20)} MiB",
                "base64 makes an attachment 4/3 as large",
            )

    def messaging(self, messaging: Messaging) -> None:
        """Check messaging.yml."""
        for key, room in messaging.rooms.items():
            for role in ("members", "admins", "owners"):
                self.audience(("messaging", "rooms", key, role), getattr(room, role))
        for key, group in messaging.file_sharing.groups.items():
            path = ("messaging", "file_sharing", "groups", key, "members")
            self.audience(path, group.members)

    def security(self, security: Security) -> None:
        """Check security.yml: whom secrets are personal to, and lengths that would be guessed."""
        for name in type(security.secrets).model_fields:
            if name == "clause":
                continue
            rule = getattr(security.secrets, name)
            path = ("security", "secrets", name)
            self.audience((*path, "personal_for"), rule.personal_for)
            least = 4 if name.endswith("_pin") else 12
            if rule.length < least:
                self.fault((*path, "length"), f"{rule.length} is too short, at least {least}")

    def drift(self, drift: Drift) -> None:
        """Check drift.yml: fields that no rule of fixing looks at, spans of no length."""
        for index, rule in enumerate(drift.fix):
            if rule.fields and "drift" not in rule.kinds:
                path = ("drift", "fix", index, "fields")
                self.fault(path, "`fields` is about `drift` only", "add it to `kinds`")
        for index, window in enumerate(drift.windows):
            if window.opens in {window.closes, "24:00"}:
                self.fault(("drift", "windows", index, "from"), "the window never opens")

    def exceptions(self, exceptions: Exceptions) -> None:
        """Check exceptions.yml: who answers, and that none ends before it begins."""
        for index, item in enumerate(exceptions.exceptions):
            path = ("exceptions", "exceptions", index)
            self.person((*path, "owner"), item.owner)
            if item.since is not None and item.until < item.since:
                self.fault((*path, "until"), f"it ends before it begins, {item.since}")

    def inspection(self, inspection: Inspection) -> None:
        """Check inspection.yml: people whose accounts are used, and ranges of ports."""
        for index, person in enumerate(inspection.probes.people):
            self.person(("inspection", "probes", "people", index), person)
        for system, ports in inspection.security.ports.items():
            for index, allowed in enumerate(ports):
                if allowed.last is not None and allowed.last < allowed.port:
                    path = ("inspection", "security", "ports", system, index, "last")
                    self.fault(path, f"the range ends before it begins: {allowed.port}")

    def equipment(self, equipment: Equipment) -> None:
        """Check equipment.yml: where places are, and that none is called like a person."""
        for key, place in equipment.places.items():
            self.site(("equipment", "places", key, "site"), place.site)
            if key in (self.names.people or ()):
                text = (
                    f"{quoted(key)} is a person of the roster too: nobody could tell who holds what"
                )
                self.fault(("equipment", "places", key), text, "rename the place")

    def phones(self, phones: Phones) -> None:
        """Check phones.yml: that whoever is in the canary ring exists."""
        self.audience(("phones", "canary"), phones.canary)

    def network(self, network: Network) -> None:
        """Check network.yml: sites, and that voice is apart from data."""
        for key, site in network.sites.items():
            self.site(("network", "sites", key), key)
            if site.data.id == site.voice.id:
                self.fault(
                    ("network", "sites", key, "voice", "id"),
                    f"VLAN {site.voice.id} is the data VLAN too",
                    "phones would share it with computers: give voice one of its own",
                )
            elif site.data.name == site.voice.name:
                self.fault(
                    ("network", "sites", key, "voice", "name"),
                    f"VLAN {site.data.id} is called {site.voice.name} too",
                    "a switch takes each name once",
                )

    def notify(self, notify: Notify) -> None:
        """Check notify.yml: who is told, and that nobody else has a sender's name."""
        mail, chat = notify.mail, notify.chat
        for name, part in (("mail", mail), ("chat", chat)):
            for index, person in enumerate(part.people if part else ()):
                self.person(("notify", name, "people", index), person)
        if mail is not None and mail.sender in self.trees["mail"].names("lists") | self.trees[
            "mail"
        ].names("contact_mailboxes"):
            text = f"{mail.sender} is the address of a list or contact mailbox too"
            self.fault(("notify", "mail", "sender"), text, "a sender is a mailbox of its own")
        for index, room in enumerate(chat.rooms if chat else ()):
            path = ("notify", "chat", "rooms", index)
            self.need(path, room, self.trees["messaging"].names("rooms"), "room", "messaging.yml")

    def regulation(self, regulation: Regulation) -> None:
        """Check regulation.yml: evidence that can never be there, and who confirms."""
        for key, clause in regulation.clauses.items():
            for index, item in enumerate(clause.evidence):
                self._evidence(("regulation", "clauses", key, "evidence", index), item)

    def _evidence(self, path: Path, item: Evidence) -> None:
        for index, glob in enumerate(item.policy or ()):
            if glob != OWN:
                place = (*path, "policy", index)
                self._kind(place, glob.partition(":")[2].partition("/")[0], glob)
        for index, glob in enumerate(item.proof or ()):
            self._kind((*path, "proof", index), glob.partition(" ")[0], glob)
        for index, glob in enumerate(item.inspection or ()):
            if not any(fnmatchcase(name, glob) for name in CHECKS):
                place = (*path, "inspection", index)
                self.fault(
                    place, f"no inspection checks {quoted(glob)}", did_you_mean(glob, CHECKS)
                )
        if item.manual is not None:
            place = (*path, "manual")
            self.person((*place, "owner"), item.manual.owner)
            if item.manual.until < item.manual.confirmed:
                text = f"it ends before it was confirmed, {item.manual.confirmed}"
                self.fault((*place, "until"), text)

    def _kind(self, path: Path, kind: str, glob: str) -> None:
        if not any(fnmatchcase(name, kind) for name in KINDS):
            remedy = did_you_mean(kind, KINDS) if kind else f"write SYSTEM:KIND/KEY, or `{OWN}`"
            self.fault(path, f"{quoted(glob)} names no kind of object", remedy)

    def clauses(self, tree: Tree) -> None:
        """Refuse a clause that regulation.yml does not have."""
        for path, clause in tree.clauses().items():
            place = (*path, "clause")
            self.need(place, clause, self.names.clauses, "clause", "regulation.yml")


#: What looks through each subject's model.
_LOOKS: Final[Mapping[type, Callable[[References, Any], None]]] = {
    Company: References.company,
    Positions: References.positions,
    Telephony: References.telephony,
    MailRules: References.mail,
    Messaging: References.messaging,
    Security: References.security,
    Drift: References.drift,
    Exceptions: References.exceptions,
    Inspection: References.inspection,
    Notify: References.notify,
    Equipment: References.equipment,
    Phones: References.phones,
    Network: References.network,
    Regulation: References.regulation,
}


def with_people(names: Names, people: AbstractSet[str] | None) -> Names:
    """Return the names with those of the roster added."""
    return replace(names, people=people)


def check(trees: Mapping[str, Tree], names: Names, models: Iterable[object]) -> References:
    """Look for every dangling reference in the models that could be built."""
    references = References(trees, names)
    for model in models:
        if look := _LOOKS.get(type(model)):
            look(references, model)
    for tree in trees.values():
        references.clauses(tree)
    return references
