"""Propose logins and numbers: pure, deterministic, and never anything that belongs to another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Final

from commsroom.errors import PolicyErrors, Problem
from commsroom.policy import logins, numbering
from commsroom.policy.allotted import FILE, Allocation, Allocations
from commsroom.policy.calendar import State, later, state_of
from commsroom.policy.people import Person
from commsroom.policy.words import did_you_mean, quoted

if TYPE_CHECKING:
    from commsroom.policy.loading import Policy

#: Local parts that mail and other standards give a meaning (RFC 2142), and accounts of servers.
RESERVED: Final = frozenset(
    "abuse admin administrator daemon hostmaster info mail mailer-daemon marketing news noc nobody "  # noqa: SIM905 - a list of words is easier to read so
    "postmaster root sales security support system usenet uucp webmaster www".split()
)
_NAMED: Final = 3


def propose(people: Iterable[Person], held: Allocations, policy: Policy, day: date) -> Allocations:
    """Return the allocations as they should be on `day`.

    Whoever has a login or number keeps it. New people get the login their name gives (namesakes a
    number behind it) and the lowest free number of their site; who moves to another site gets one
    there. A number given back rests for the quarantine, but its own last holder may have it again.
    A login is never given to a second person. Who is gone from the roster without a last day gives
    back when the retention has passed: until then the accounts are kept (see `Allocations.departed`).

    Raises:
        PolicyErrors: a range is exhausted, no login can be made from a name, or one asked for is
            another person's.
    """
    return _Allotting(policy, held, day).all(people)


@dataclass(slots=True)
class _Allotting:
    policy: Policy
    held: Allocations
    day: date
    current: dict[str, Allocation] = field(default_factory=dict)
    history: dict[tuple[str, str], Allocation] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    _owners: dict[str, str] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)
    _former: dict[str, str] = field(default_factory=dict)

    def all(self, people: Iterable[Person]) -> Allocations:
        self.history.update(self.held.history)
        roster = sorted(people, key=lambda person: (person.start, person.id))
        waiting = [person for person in roster if self._settle(person)]
        present = {person.id for person in roster}
        for entry in self.held:
            if entry.id not in present:
                self._release(entry, later(self.day, self.policy.security.retention))
        self._reserve(roster)
        self._give(waiting)
        self._check_services(roster)
        if self.problems:
            raise PolicyErrors(self.problems)
        return Allocations(
            {key: self.current[key] for key in sorted(self.current)},
            {key: self.history[key] for key in sorted(self.history)},
        )

    def _settle(self, person: Person) -> bool:
        """Keep what a person holds and may keep; tell whether something is still to be given."""
        entry = self.held.get(person.id)
        security = self.policy.security
        state = state_of(person, security, self.day)
        if state is State.PURGED:
            if entry is not None and person.end is not None:
                self._release(entry, later(person.end, security.retention))
            return False
        if state is State.ABSENT:
            if entry is not None:
                self.current[person.id] = entry
            return False
        wants = self._wants_number(person)
        if entry is None:
            return True
        if state is not State.CLOSED:
            self._check_site(entry)
        if entry.number and (not wants or entry.site != person.site):
            self._release(entry, self.day)
            entry = replace(entry, number="")
        self.current[person.id] = replace(entry, site=person.site)
        return wants and not entry.number

    def _check_site(self, entry: Allocation) -> None:
        """Refuse a site nobody knows: its people would silently get new numbers elsewhere."""
        sites = self.policy.company.sites
        if entry.site not in sites and entry.line:
            message = f"there is no site {quoted(entry.site)} in company.yml, where {entry.id} is"
            remedy = did_you_mean(entry.site, sites)
            move = "a site goes after its people: move them, apply, then remove it"
            self.problems.append(Problem(FILE, entry.line, 1, message, f"{remedy} {move}".strip()))

    def _wants_number(self, person: Person) -> bool:
        # On its first day for joiners: a right that begins later is not there yet.
        day = max(self.day, person.start)
        if person.end is not None:
            day = min(day, person.end)
        return self.policy.entitlement(person, day).phone is not None

    def _release(self, entry: Allocation, when: date) -> None:
        # A line without a number stays too: it keeps the login from being given away.
        self.history[entry.id, entry.number] = replace(entry, released=when)

    def _reserve(self, roster: Iterable[Person]) -> None:
        tasks = self._tasks()
        owners = dict.fromkeys([*RESERVED, *tasks], "")
        owners.update((entry.login, entry.id) for entry in self.history.values())
        owners.update((entry.login, entry.id) for entry in self.held)
        for person in roster:
            if person.login:
                owners.setdefault(person.login, person.id)
            if person.email:
                local, _, domain = person.email.partition("@")
                owner = owners.setdefault(local, person.id)
                ours = domain == self.policy.mail.domain
                if ours and (local in tasks or owner not in {"", person.id}):
                    whose = f"{owner}'s" if owner else "a list's or a task's"
                    self._fault(
                        person, f"the address {person.email!r} is {whose} already", "choose another"
                    )
        self._owners = owners
        self._former = {entry.id: entry.login for entry in self.history.values()}

    def _tasks(self) -> frozenset[str]:
        mail = self.policy.mail
        archive = [] if mail.archive is None else [mail.archive.mailbox]
        parts = (self.policy.notify.mail, self.policy.notify.chat)
        senders = [part.sender for part in parts if part is not None]
        return frozenset([*mail.lists, *mail.contact_mailboxes, *archive, *senders])

    def _give(self, waiting: Iterable[Person]) -> None:
        free = self._free_numbers()
        last = self._last_numbers()
        short: dict[str, list[Person]] = {}
        for person in waiting:
            entry = self.current.get(person.id)
            login = entry.login if entry else self._login(person)
            number = ""
            if self._wants_number(person):
                number = next(free(person, last.get(person.id, "")), "")
                if not number:
                    short.setdefault(person.site, []).append(person)
            since = entry.allotted if entry and not number else self.day
            self.current[person.id] = Allocation(person.id, login, number, person.site, since)
        for site, unserved in short.items():
            self._exhausted(site, unserved)

    def _check_services(self, roster: Iterable[Person]) -> None:
        """Refuse a person's number that would not ring: policy or the outside world has it too."""
        telephony = self.policy.telephony
        services = set(numbering.services(telephony))
        for person in roster:
            entry = self.current.get(person.id)
            if entry is None or not entry.number:
                continue
            why = numbering.outward(telephony, entry.number, entry.number)
            if entry.number in services:
                what = f"{person.id} has the number {entry.number}, and so has a room or a group"
                remedy = "give that another number (telephony.yml), or correct allocations.lock"
                self._fault(person, what, remedy)
            elif why:
                what = f"{person.id} has the number {entry.number}: such numbers {why}"
                self._fault(person, what, "correct allocations.lock")

    def _free_numbers(self) -> _Numbers:
        rest = self.policy.security.quarantine
        resting = {
            entry.number
            for entry in self.history.values()
            if entry.released is not None and later(entry.released, rest) > self.day
        }
        used = {entry.number for entry in self.current.values()}
        used |= set(numbering.services(self.policy.telephony))
        return _Numbers(self.policy, used, resting)

    def _last_numbers(self) -> dict[str, str]:
        """Return the number each person gave back last."""
        last: dict[str, Allocation] = {}
        for entry in self.history.values():
            known = last.get(entry.id)
            newer = known is None or (entry.released or date.min) >= (known.released or date.min)
            if entry.number and newer:
                last[entry.id] = entry
        return {key: entry.number for key, entry in last.items()}

    def _login(self, person: Person) -> str:
        if person.id in self._former:
            return self._former[person.id]
        if person.login:
            owner = self._owners[person.login]
            if owner != person.id:
                who = f"is {owner}'s already" if owner else "is reserved or an address of a task"
                self._fault(person, f"the login {person.login!r} {who}", "choose another")
            return person.login
        base = logins.from_name(person.name, person.language)
        if not base:
            self._fault(
                person, f"no login can be made from the name {person.name!r}",
                "give one in the `login` column",
            )  # fmt: skip
            return ""
        count = self._counts.get(base, 0) + 1
        # What somebody's own address says is kept for nobody but them.
        while self._owners.get(login := logins.numbered(base, count), person.id) != person.id:
            count += 1
        self._counts[base] = count
        self._owners[login] = person.id
        return login

    def _exhausted(self, site: str, unserved: list[Person]) -> None:
        place = self.policy.sources.of("telephony", "sites", site, "extensions")
        plan = self.policy.telephony.sites[site]
        ranges = ", ".join(str(item) for item in plan.extensions)
        names = ", ".join(f"{person.name} ({person.id})" for person in unserved[:_NAMED])
        more = f" and {len(unserved) - _NAMED} more" if len(unserved) > _NAMED else ""
        self.problems.append(
            Problem(
                place.file,
                place.line,
                place.column,
                f"the number range {ranges} is exhausted at site {site!r}: none left for {names}{more}",
                "widen the range; numbers given back rest for the quarantine",
            )
        )

    def _fault(self, person: Person, message: str, remedy: str) -> None:
        file = self.policy.sources.of("people", person.id).file
        self.problems.append(Problem(file, person.line, 1, message, remedy))


class _Numbers:
    """Hands out the numbers of each site upwards, each once."""

    def __init__(self, policy: Policy, used: set[str], resting: set[str]) -> None:
        self._policy = policy
        self._used = used
        self._resting = resting
        self._next: dict[str, Iterator[str]] = {}

    def __call__(self, person: Person, own: str) -> Iterator[str]:
        plan = self._policy.telephony.sites[person.site]
        if own and own not in self._used and any(own in item for item in plan.extensions):
            self._used.add(own)
            yield own
        if person.site not in self._next:
            self._next[person.site] = (number for item in plan.extensions for number in item)
        for number in self._next[person.site]:
            if number not in self._used and number not in self._resting:
                self._used.add(number)
                yield number
