"""Checks of the numbering plan: no number means two things, and there are enough for everybody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from commsroom.policy.calendar import later
from commsroom.policy.entitlements import entitlement
from commsroom.policy.people import Person, PersonKind
from commsroom.policy.positions import Positions
from commsroom.policy.references import References
from commsroom.policy.scalars import NumberRange
from commsroom.policy.security import Security
from commsroom.policy.sources import Path
from commsroom.policy.telephony import Telephony


def check(telephony: Telephony, references: References) -> None:
    """Add what is wrong with the numbers of telephony.yml to the problems of `references`."""
    taken: list[tuple[NumberRange, Path]] = []
    for mine, path in _ranges(telephony):
        for other, _ in taken:
            if len(other.first) == len(mine.first) and max(other.first, mine.first) <= min(
                other.last, mine.last
            ):
                references.fault(
                    path, f"the range {mine} overlaps {other}", "a number has one owner"
                )
        taken.append((mine, path))
        _check_dialling(telephony, mine.first, mine.last, path, references)
    _check_services(telephony, taken, references)
    _check_destinations(telephony, references)
    _check_trunks(telephony, [item for item, _ in taken], references)


def _ranges(telephony: Telephony) -> Iterator[tuple[NumberRange, Path]]:
    for site, plan in telephony.sites.items():
        for index, item in enumerate(plan.extensions):
            yield item, ("telephony", "sites", site, "extensions", index)


def services(telephony: Telephony) -> Mapping[str, Path]:
    """Return the numbers of rooms and groups with their place; a number used twice is there once."""
    return dict(reversed(list(_services(telephony))))


def _services(telephony: Telephony) -> Iterator[tuple[str, Path]]:
    for key, room in telephony.conference_rooms.items():
        yield room.number, ("telephony", "conference_rooms", key, "number")
    for key, group in telephony.hunt_groups.items():
        yield group.number, ("telephony", "hunt_groups", key, "number")


def _check_services(
    telephony: Telephony, taken: Iterable[tuple[NumberRange, Path]], references: References
) -> None:
    seen: dict[str, Path] = {}
    for number, path in _services(telephony):
        if number in seen:
            references.fault(path, f"{number} is the number of {seen[number][2]} too", "change one")
        seen.setdefault(number, path)
        for item, _ in taken:
            if number in item:
                references.fault(
                    path, f"{number} lies in the range {item} that people's numbers are taken from",
                    "take a number outside it",
                )  # fmt: skip
        _check_dialling(telephony, number, number, path, references)


def _check_dialling(
    telephony: Telephony, first: str, last: str, path: Path, references: References
) -> None:
    why = outward(telephony, first, last)
    if why:
        references.fault(path, f"numbers from {first} {why}", "choose numbers no prefix begins")


def outward(telephony: Telephony, first: str, last: str) -> str:
    """Say why a telephone could not tell these inside numbers from outside ones; "" where it can."""

    def meets(dialled: str) -> bool:
        head = dialled[: len(first)]
        return first[: len(head)] <= head <= last[: len(head)]

    for key, destination in telephony.destinations.items():
        for prefix in filter(meets, destination.prefixes):
            return f"begin like outside numbers ({key}: {prefix})"
    for number in filter(meets, telephony.emergency):
        return f"collide with the emergency number {number}"
    return ""


def _check_destinations(telephony: Telephony, references: References) -> None:
    owners: dict[str, str] = {}
    for key, destination in telephony.destinations.items():
        path: Path = ("telephony", "destinations", key)
        for index, prefix in enumerate(destination.prefixes):
            if owners.setdefault(prefix, key) != key:
                place = (*path, "prefixes", index)
                references.fault(place, f"{prefix} belongs to {owners[prefix]!r} too", "keep one")
    for key, destination in telephony.destinations.items():
        number = destination.example
        if number is None:
            continue
        own = max((p for p in owners if number.startswith(p)), key=len, default="")
        if owners.get(own) != key:
            belongs = f"belongs to {owners[own]!r}" if own else "begins with none of its prefixes"
            place = ("telephony", "destinations", key, "example")
            references.fault(place, f"the example {number} {belongs}", "give a number of this sort")


def _check_trunks(
    telephony: Telephony, ranges: Iterable[NumberRange], references: References
) -> None:
    """Refuse lines whose calls would ring nobody, or two at once."""
    owners: dict[str, str] = {}
    inside = [*ranges]
    groups = {group.number for group in telephony.hunt_groups.values()}
    if telephony.trunks and "emergency" in telephony.destinations:
        references.fault(
            ("telephony", "destinations", "emergency"), "the route of emergency numbers is called so",
            "rename this destination",
        )  # fmt: skip
    for key, trunk in telephony.trunks.items():
        path: Path = ("telephony", "trunks", key)
        first = owners.setdefault(trunk.main_number, key)
        if first != key:
            references.fault(
                (*path, "main_number"), f"{trunk.main_number} is the number of {first} too",
                "give the number the telephone company gave for this line",
            )  # fmt: skip
        number = trunk.answered_by
        if number and number not in groups and not any(number in item for item in inside):
            references.fault(
                (*path, "answered_by"), f"{number} is neither a hunt group nor an extension",
                "name a number of hunt_groups, or of a site's extensions",
            )  # fmt: skip
        for index, site in enumerate(trunk.direct_numbers):
            plan = telephony.sites.get(site)
            if plan is None or not plan.direct_prefix:
                references.fault(
                    (*path, "direct_numbers", index), f"site {site!r} has no direct_prefix here",
                    f"add it to sites, or leave {site} out: its main number is all there is",
                )  # fmt: skip


def check_capacity(
    telephony: Telephony,
    positions: Positions,
    security: Security,
    people: Iterable[Person],
    references: References,
) -> None:
    """Refuse a site that will have more telephones at one time than numbers.

    A number is in use from `lead_days` before the first day until the accounts are purged. The
    quarantine after that depends on the date and is looked at when numbers are allotted.
    """
    phones: dict[str, list[Person]] = {}
    for person in people:
        day = person.start
        named = person.id in positions.named
        if person.kind is PersonKind.PARTNER and not named:
            continue
        if entitlement(positions, person, day).phone is not None:
            phones.setdefault(person.site, []).append(person)
    for site, holders in phones.items():
        plan = telephony.sites.get(site)
        if plan is None:
            name = holders[0].name
            references.fault(
                ("telephony", "sites"),
                f"site {site!r} has no numbers, but {len(holders)} people there need a telephone "
                f"({name}{', …' if len(holders) > 1 else ''})",
                f"add sites: {site}: with extensions",
            )
            continue
        capacity = sum(len(item) for item in plan.extensions)
        if len(holders) > capacity and (most := _most(holders, security)) > capacity:
            ranges = ", ".join(str(item) for item in plan.extensions)
            references.fault(
                ("telephony", "sites", site, "extensions"),
                f"the number range {ranges} is exhausted: {capacity} numbers for {most} people at "
                f"site {site!r}",
                "widen the range, or give fewer posts a telephone",
            )


def _most(people: Iterable[Person], security: Security) -> int:
    """Return the largest number of people who hold a number on one and the same day."""
    moves: Counter[date] = Counter()
    for person in people:
        moves[person.start - security.lead] += 1
        if person.end is not None:
            moves[later(person.end, security.retention)] -= 1
    most = held = 0
    for day in sorted(moves):
        held += moves[day]
        most = max(most, held)
    return most
