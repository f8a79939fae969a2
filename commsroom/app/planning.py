"""plan: read everything, compile policy, compare. Drift is the same plan; apply begins with it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from commsroom.app import reading as systems
from commsroom.app.scope import Scope
from commsroom.errors import CommsroomError, GuardRefused, SystemUnknown, UsageError
from commsroom.estate import departed, guards
from commsroom.estate import plan as plans
from commsroom.estate.plan import Known, Plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from commsroom.app.estate import Estate
    from commsroom.app.progress import Progress
    from commsroom.app.reading import Reading
    from commsroom.estate.due import Due
    from commsroom.estate.resource import Address, Resource
    from commsroom.estate.rotation import Rotation
    from commsroom.policy import Policy


@dataclass(frozen=True, slots=True)
class Compiled:
    """What policy asks for on a date, and the numbers and logins proposed for it."""

    desired: tuple[Resource, ...]
    as_of: date
    allocations: Any
    #: The date at sites where it is another one just now.
    at_sites: Mapping[str, date] = field(default_factory=dict)
    #: Ports of telephones that no system can hold, with why.
    unplugged: Mapping[Address, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan with all it was made from."""

    plan: Plan
    compiled: Compiled
    reading: Reading
    known: Known
    due: Due | None = None


def plan(estate: Estate, scope: Scope, progress: Progress) -> Plan:
    """Say what apply would do. Touches nothing: numbers are only proposed.

    Raises:
        PolicyErrors: policy or roster cannot be used.
        UsageError: the scope names nothing.
        CommsroomError: inventory, ledger or key cannot be used.
    """
    return prepare(estate, scope, progress).plan


def prepare(estate: Estate, scope: Scope, progress: Progress) -> Planned:
    """Read, compile and compare; the full result behind `plan`."""
    resolved(estate, scope)  # who is not in the roster is said before any system is asked
    pending = systems.begin(estate, progress, scope.reaches)
    compiled = compile_policy(estate, scope)
    return compare(estate, scope, compiled, pending.result())


def compare(
    estate: Estate,
    scope: Scope,
    compiled: Compiled,
    reading: Reading,
    due: Due | None = None,
    *,
    again: bool = False,
) -> Planned:
    """Build the plan for `scope` from what is wanted, what is there and what the ledger remembers.

    With `due`, only what the calendar made due is in it. `again` is after an apply, which may have left
    nothing that the scope names.
    """
    known = estate.ledger.known()
    if known.secrets and not estate.read_only:
        estate.custody.require_store()
    _require_allocations(estate, known)
    wanted = pinned(estate, compiled.desired)
    addresses = {item.address for item in wanted}
    roster = {person.id for person in estate.policy.people}
    gone = compiled.allocations.departed(compiled.as_of, roster)
    wanted += departed.retained(gone, addresses, reading.snapshots, known)
    wanted, reading = resting(wanted, reading, estate.ledger.rotations().values())
    narrowed, mine = resolved(estate, scope).narrow(wanted, reading.snapshots, known)
    if not again and not scope.whole and not narrowed and not mine.owned:
        raise UsageError(
            f"nothing in policy or in what we own matches {scope.words}",
            remedy="commsroom show lists all addresses",
        )
    if due is not None:
        narrowed, mine = due.narrow(narrowed, reading.snapshots, mine)
    kinds = {name: system.backend for name, system in estate.systems.items()}
    unknown = {**reading.unknown, **missing(estate, mine)}
    built = plans.build(narrowed, reading.snapshots, mine, kinds, unknown)
    if not scope.whole or due is not None:
        others = frozenset(item.address for item in compiled.desired) | known.owned
        built = replace(built, foreign=tuple(a for a in built.foreign if a not in others))
        built = replace(built, owned=plans.count(known.owned))
    built = replace(built, simulated=estate.simulated, narrowed=not scope.whole)
    if due is None and not scope.people:
        astray = {it: why for it, why in compiled.unplugged.items() if scope.names(it)}
        built = replace(built, unsupported={**built.unsupported, **astray})
    return Planned(built, compiled, reading, known, due)


def resting(
    wanted: list[Resource], reading: Reading, turns: Iterable[Rotation]
) -> tuple[list[Resource], Reading]:
    """Leave passwords alone that are being rotated: what they are to be is for `rotate` to say.

    Two may be taken there for a while, neither of them drift. An object that is gone is made again, password
    and all.
    """
    slots: dict[Address, set[str]] = {}
    for turn in turns:
        for held in turn.holders:
            slots.setdefault(held.place.address, set()).add(held.place.slot)
    there = {address for item in reading.snapshots.values() for address in item.resources}
    if not slots.keys() & there:
        return wanted, reading
    left = []
    for item in wanted:
        if item.address in slots and item.address in there:
            slots[item.address].update(item.body.spare)
            others = tuple(one for one in item.secrets if one.slot not in slots[item.address])
            item = replace(item, secrets=others)  # noqa: PLW2901 - the same object, said with less
        left.append(item)
    quiet = {
        name: replace(snapshot, verifiers=_without(snapshot.verifiers, slots))
        for name, snapshot in reading.snapshots.items()
    }
    return left, replace(reading, snapshots=quiet)


def _without(
    verifiers: Mapping[Address, Mapping[str, str]], slots: Mapping[Address, set[str]]
) -> dict[Address, Mapping[str, str]]:
    return {
        address: {slot: seen for slot, seen in held.items() if slot not in slots.get(address, ())}
        for address, held in verifiers.items()
    }


def _require_allocations(estate: Estate, known: Known) -> None:
    """Refuse to go on without the record of whose login and number is whose, once there was one."""
    from commsroom.policy import allocations as numbers

    if any(known.persons.values()) and not (estate.home / numbers.FILE).exists():
        raise CommsroomError(
            f"{numbers.FILE} is gone, though people have accounts: it says whose login and number is"
            " whose, and what rests",
            remedy="restore it from Git; it is committed with the roster",
        )


def missing(estate: Estate, known: Known) -> dict[str, str]:
    """Tell of systems that hold something of ours and are not in the inventory: they are unknown."""
    held = Counter(item.system for item in known.owned if item.system not in estate.systems)
    return {
        name: str(
            SystemUnknown(
                name,
                "inventory",
                f"{number:,} of our objects are there, but no such system is in the inventory",
                remedy="put it back; where the server is gone for good: commsroom apply"
                f" --allow-removal '{name}:*' forgets them",
            )
        )
        for name, number in sorted(held.items())
    }


def uncompared(estate: Estate, scope: Scope, planned: Planned) -> dict[str, str]:
    """Tell by system of how many secrets nobody looked whether they are still the ones we wrote.

    Empty, save where a baseline is used without the key that fingerprints are made with. Systems that
    could not be read at all are left out.
    """
    if estate.compares_secrets:
        return {}
    owned = resolved(estate, scope).narrow((), {}, planned.known)[1].owned
    counted: Counter[str] = Counter()
    for address, slots in planned.known.secrets.items():
        if address in owned and address.system in planned.reading.snapshots:
            counted[address.system] += sum(slot.fingerprint is not None for slot in slots.values())
    return {
        name: f"{number:,} of its secrets not compared: this checkout has no key to make fingerprints with"
        for name, number in sorted(counted.items())
        if number
    }


def objection(estate: Estate, planned: Planned) -> str:
    """Say which guard would stop this plan and how to allow it; empty when none would."""
    try:
        guards.check(
            planned.plan,
            planned.known,
            guards.Allow(),
            limit=estate.policy.security.removal_limit,
        )
    except GuardRefused as refusal:
        return str(refusal)
    return ""


def compile_policy(estate: Estate, scope: Scope) -> Compiled:
    """Compile policy and roster for the scope's date."""
    from commsroom.app import plugging, registering
    from commsroom.policy import allocations as numbers

    _check_sites(estate)
    policy = registering.present(estate)
    day, sites = scope.as_of or today(estate), _at_sites(estate, scope)
    held = numbers.load(estate.home)
    proposed = numbers.propose(policy.people, held, policy, day)
    wanted = desired(estate, proposed, day, sites, policy)
    return Compiled(wanted, day, proposed, sites, plugging.left_out(policy, estate.systems))


def desired(
    estate: Estate,
    allocations: Any,
    day: date,
    at_sites: Mapping[str, date],
    present: Policy | None = None,
) -> tuple[Resource, ...]:
    """Return what policy asks for on a day, with given numbers and logins.

    `present` is the policy with devices where they stand, for whoever has looked already.
    """
    # Here, not above: the systems are asked while all of this is loaded.
    from commsroom.app import registering
    from commsroom.estate import compile as compiling

    found = [
        compiling.SystemInfo(name, frozenset(system.backend.supports), system.sites)
        for name, system in estate.systems.items()
    ]
    policy = present or registering.present(estate)
    return tuple(compiling.compile_estate(policy, allocations, day, found, at_sites=at_sites))


def _check_sites(estate: Estate) -> None:
    from commsroom.app import foreseeing

    for problem in foreseeing.sites(estate.policy, estate.systems):
        raise CommsroomError(f"{problem.file}: {problem.message}", remedy=problem.remedy)


def _at_sites(estate: Estate, scope: Scope) -> dict[str, date]:
    """Return today's date at each site; a date asked for by name is the same everywhere."""
    if scope.as_of is not None:
        return {}
    company, now = estate.policy.company, datetime.now(UTC)
    return {
        site: now.astimezone(ZoneInfo(company.time_zone_of(site))).date() for site in company.sites
    }


def day_at(estate: Estate, scope: Scope, site: str) -> date:
    """Return the date a scope has at a site: the one asked for, or today's there."""
    return scope.as_of or _at_sites(estate, scope).get(site) or today(estate)


def today(estate: Estate) -> date:
    """Return today's date where the company is."""
    return datetime.now(ZoneInfo(estate.policy.company.time_zone)).date()


def pinned(estate: Estate, wanted: tuple[Resource, ...]) -> list[Resource]:
    """Pin every secret reference to the generation the ledger says is current."""
    paths = {ref.path for item in wanted for ref in item.secrets}
    current = estate.ledger.generation_of(paths)
    return [
        replace(item, secrets=tuple(ref.pinned(current[ref.path]) for ref in item.secrets))
        if item.secrets
        else item
        for item in wanted
    ]


def resolved(estate: Estate, scope: Scope) -> Scope:
    """Return the scope with logins replaced by ids of the roster.

    Raises:
        UsageError: somebody is not in the roster.
    """
    if not scope.people:
        return scope
    from commsroom.policy import allocations as numbers

    held = numbers.load(estate.home)
    entries = [*held.history.values(), *held]  # who left the roster may still have accounts
    ids = {person.id for person in estate.policy.people} | {entry.id for entry in entries}
    logins = {entry.login: entry.id for entry in entries}
    found = []
    for text in scope.people:
        name = text if text in ids else logins.get(text, "")
        if not name:
            from commsroom.policy.words import did_you_mean

            near = did_you_mean(text, [*ids, *logins])
            raise UsageError(
                f"nobody in the roster is called {text!r}",
                remedy=near or "by id or login, as policies/people.csv has them",
            )
        found.append(name)
    return replace(scope, people=tuple(found))


def addresses_of(estate: Estate, text: str) -> str:
    """Say where addresses are to be found, for who typed something else: a person has several."""
    try:
        resolved(estate, Scope(people=(text,)))
    except UsageError:
        return "commsroom show lists all addresses"
    return f"commsroom show --person {text} lists theirs"
