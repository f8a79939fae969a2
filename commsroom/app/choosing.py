"""Which secrets a rotation is to renew: what is asked for, in wrong hands or due, and why others are left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from commsroom.app import handover, planning, renewal
from commsroom.app.scope import Scope
from commsroom.errors import UsageError
from commsroom.estate.rotation import Phase
from commsroom.policy import drift as windows
from commsroom.policy.words import did_you_mean, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from commsroom.app.estate import Estate
    from commsroom.app.renewal import Renewable
    from commsroom.estate.resource import Resource
    from commsroom.estate.rotation import Rotation

#: Seconds that a run waits by itself for what is silent or has to rest.
PATIENCE: Final = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What to rotate: `addresses` are globs, `compromised` people (id or login) or systems.

    `exposed` are paths of secrets that are in wrong hands: at once and without grace, like the compromised.
    """

    addresses: tuple[str, ...] = ()
    compromised: tuple[str, ...] = ()
    exposed: frozenset[str] = frozenset()
    due: bool = False
    #: Seconds to wait for what is not decided at once.
    wait: float = PATIENCE


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a wish comes to: `begin` are the paths to rotate, `left` says of the others asked for why not."""

    found: Mapping[str, Renewable]
    begin: tuple[str, ...]
    left: Mapping[str, str]
    compromised: frozenset[str] = frozenset()
    #: What policy asks for, of which it was chosen.
    desired: tuple[Resource, ...] = ()
    #: Paths in wrong hands that no login can show: they are written, and nobody tries them (`unproven`).
    blind: frozenset[str] = frozenset()

    @property
    def renewed(self) -> tuple[str, ...]:
        """Return all paths that get a new one, whether a login shows it or not."""
        return tuple(sorted({*self.begin, *self.blind}))

    def grace(self, path: str) -> bool:
        """Tell whether the old one stays good for a while."""
        return self.found[path].takes_two and path not in self.compromised


def choose(estate: Estate, wish: Wish, now: datetime | None = None) -> Chosen:
    """Say what would be rotated; touches nothing.

    Raises:
        UsageError: an address or a name means nothing here.
    """
    compiled = planning.compile_policy(estate, Scope())
    found = renewal.renewables(estate, compiled.desired, estate.ledger.known().owned)
    hurt = _compromised(estate, found, wish.compromised) | (wish.exposed & found.keys())
    asked = hurt | _addressed(estate, found, wish.addresses)
    blind = frozenset(path for path in hurt if found[path].blind)
    left = {path: found[path].why_not for path in asked - blind if found[path].why_not}
    begin = asked - left.keys() - blind
    if wish.due:
        begin |= _due(estate, found, now or datetime.now(UTC), left) - left.keys()
    begin -= _later(estate, found, begin - hurt, left)
    turns = estate.ledger.rotations(begin)
    open_ = {path: turn for path, turn in turns.items() if not turn.ended}
    resting = {path for path, turn in open_.items() if path not in hurt or turn.unsent}
    zone = ZoneInfo(estate.policy.company.time_zone)
    left.update({path: _going_on(open_[path], zone) for path in asked & resting})
    return Chosen(found, tuple(sorted(begin - resting)), left, hurt, compiled.desired, blind)


def _going_on(turn: Rotation, zone: ZoneInfo) -> str:
    """Say why another new one is not begun: what was wished for is done, or being done."""
    if turn.phase is not Phase.GRACE:
        return f"it is being renewed already ({turn.phase}); this run goes on with it"
    made, until = (
        datetime.fromtimestamp(one, zone) for one in (turn.since, turn.since + turn.terms.grace)
    )
    return (
        f"it was renewed {made:%Y-%m-%d %H:%M} already; the old one is good until"
        f" {until:%Y-%m-%d %H:%M}, and a new one can follow then"
    )


def _addressed(estate: Estate, found: Mapping[str, Renewable], globs: Iterable[str]) -> set[str]:
    chosen: set[str] = set()
    for glob in globs:
        matching = {
            path
            for path, one in found.items()
            if any(place.address.matches(glob) for place in one.places)
        }
        if not matching:
            raise UsageError(
                f"nothing that has a secret is at {quoted(glob)}",
                remedy=planning.addresses_of(estate, glob),
            )
        chosen |= matching
    return chosen


def _compromised(
    estate: Estate, found: Mapping[str, Renewable], names: Iterable[str]
) -> frozenset[str]:
    chosen: set[str] = set()
    logins = {person: login for login, person in handover.ids(estate).items()} if names else {}
    for name in names:
        if name in estate.systems:
            chosen |= {path for path, one in found.items() if name in one.systems}
            continue
        try:
            person = planning.resolved(estate, Scope(people=(name,))).people[0]
        except UsageError:
            raise UsageError(
                f"neither a person nor a system is called {quoted(name)}",
                remedy=did_you_mean(name, [*estate.systems, *estate.policy.by_id])
                or "people by id or login, systems as the inventory names them",
            ) from None
        login = logins.get(person, "")
        chosen |= {path for path, one in found.items() if one.known_to(person, login)}
    return frozenset(chosen)


def _due(
    estate: Estate, found: Mapping[str, Renewable], now: datetime, left: dict[str, str]
) -> set[str]:
    rules = estate.policy.security.rotation
    zone = ZoneInfo(estate.policy.company.time_zone)
    dated = {path: one for path, one in found.items() if one.ref.every}
    made = renewal.since(estate, dated)
    chosen = set()
    for path, moment in made.items():
        when = renewal.due(dated[path], moment, rules.jitter)
        if when is None or when > now or renewal.excluded(dated[path], rules.exclude):
            continue
        if dated[path].why_not:
            left[path] = dated[path].why_not
        else:
            chosen.add(path)
    if chosen and not windows.is_open(rules.windows, now, zone):
        opens = windows.next_opening(rules.windows, now, zone).astimezone(zone)
        left.update(dict.fromkeys(chosen, f"it waits for the next window, {opens:%Y-%m-%d %H:%M}"))
        return set()
    return chosen


def _later(
    estate: Estate, found: Mapping[str, Renewable], begin: Iterable[str], left: dict[str, str]
) -> set[str]:
    """Put off what stands on the second of two systems that stand in for each other."""
    rules = estate.policy.security.rotation
    systems = sorted({name for path in begin for name in found[path].systems})
    waiting = rules.kept_apart(systems)
    later = {path for path in begin if found[path].systems & waiting}
    left.update(dict.fromkeys(later, "its system's twin is rotated first; the next run takes it"))
    return later
