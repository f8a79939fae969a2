"""inspect: look at every system's machine, services and network face, and use probe accounts.

Clauses 3.2.2 and 5.2.2. Writes nothing to any system, save for what a proof by use leaves (a call, a
message that is fetched and deleted again).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from commsroom.app import (
    certificate_book,
    evidence,
    handover,
    judging,
    losses,
    ordering,
    planning,
    proving,
    remembering,
    signers,
    training,
)
from commsroom.app.scope import Scope
from commsroom.backends import outside
from commsroom.errors import CommsroomError, UsageError
from commsroom.estate import handover as passwords
from commsroom.estate import training as courses
from commsroom.estate.checks import approvers, host_checks, outside_checks, wanted
from commsroom.estate.checks.network import WELL_KNOWN
from commsroom.estate.inspection import Seen, Standard
from commsroom.estate.kinds import SharedMailbox, kind_named
from commsroom.estate.register import checks as register_checks
from commsroom.estate.register import supply
from commsroom.estate.register.life import REGISTER, Step
from commsroom.estate.training import PEOPLE
from commsroom.policy import keys
from commsroom.policy.approvers import FILE
from commsroom.policy.people import PersonKind
from commsroom.policy.sources import DEVICES
from commsroom.reports import model
from commsroom.reports.model import Finding, FindingKind, Report, Timing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import date

    from commsroom.app.estate import Estate
    from commsroom.app.progress import Progress
    from commsroom.estate.backend import Deadlines, Provider
    from commsroom.estate.inspection import Check, Facts
    from commsroom.estate.register.life import Entry
    from commsroom.ledger import Ledger
    from commsroom.runs.inventory import System

#: Seconds for all that is looked at from outside one system.
_OUTSIDE_SECONDS: Final = 45.0
#: What the deadline of a system leaves for ending in order.
_MARGIN_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Wish:
    """What to inspect: the checks that any of the globs names, all when there is none.

    `security` adds the checks of clause 5.2.2, `use` the proofs with probe accounts.
    """

    only: tuple[str, ...] = ()
    security: bool = True
    use: bool = True
    as_of: date | None = None

    @property
    def whole(self) -> bool:
        """Tell whether every check of every system is made."""
        return self.security and not self.only

    def names(self, address: str) -> bool:
        """Tell whether a check or an object is meant."""
        return not self.only or any(fnmatchcase(address, glob) for glob in self.only)

    def concerns(self, system: str) -> bool:
        """Tell whether anything on a system can be meant."""
        return not self.only or any(
            fnmatchcase(system, glob.partition(":")[0]) for glob in self.only
        )


@dataclass(frozen=True, slots=True)
class _Looked:
    """All that came of one system; `lost` says why its machine could not be asked."""

    seen: Seen
    outside: Facts
    lost: str = ""


def inspect(estate: Estate, wish: Wish, progress: Progress) -> Report:
    """Inspect, and return everything that was looked at, good or not.

    A system that cannot be reached, hangs or talks nonsense is *unknown*; the others are complete,
    and what its services look like from outside is told all the same.

    Args:
        estate: The estate.
        wish: What to inspect.
        progress: Told of each system.

    Raises:
        UsageError: a glob names no system.
        CommsroomError: policy or inventory cannot be used.
    """
    chosen = {name: system for name, system in estate.systems.items() if wish.concerns(name)}
    equipment = wish.concerns(REGISTER) and _has_register(estate, wish.as_of)
    # A baseline carries no record of courses: nothing is told rather than that nobody took any.
    taught = wish.concerns(PEOPLE) and bool(estate.policy.positions.courses)
    taught = taught and estate.baseline is None
    people = [check for check in _signers(estate, wish) if wish.names(check.address)]
    if not chosen and not equipment and not taught and not people:
        raise UsageError(
            "no system of the inventory is named",
            remedy="write --only 'SYSTEM:CHECK/*', as in 'mail1:disk/*'",
        )
    at, started = remembering.now(), time.monotonic()
    day = wish.as_of or _today(estate)
    results = _look(estate, chosen, wish, progress) if chosen else {}
    checks: list[Check] = []
    findings: list[Finding] = []
    for name, result in results.items():
        simulated = chosen[name].simulated
        if isinstance(result, CommsroomError):
            findings.append(_unknown(name, str(result), simulated=simulated))
            continue
        if result.lost:
            findings.append(_unknown(name, result.lost, simulated=simulated))
        standard = Standard(estate.policy, name, day)
        checks += [
            replace(check, simulated=simulated)
            for check in _judge(chosen[name], result, standard, wish)
            if wish.names(check.address)
        ]
    if equipment:
        checks += [check for check in _equipment(estate, day) if wish.names(check.address)]
    checks += [check for check in _handed(estate, chosen, wish, day) if wish.names(check.address)]
    if taught:
        found = courses.checks(estate.policy, training.taken(estate), day)
        checks += [check for check in found if wish.names(check.address)]
    checks += people
    report = Report(
        title=model.INSPECTION,
        estate=estate.policy.company.name,
        when=remembering.shown(at),
        simulated=estate.simulated & set(chosen),
        timings=(Timing("inspect", time.monotonic() - started),),
    ).plus(findings=findings, checks=sorted(checks, key=lambda check: check.address))
    if wish.use and chosen:
        report = _with_use(report, estate, wish, progress)
    return _remembered(report, estate, wish, progress, at)


def _handed(estate: Estate, chosen: Mapping[str, System], wish: Wish, day: date) -> Iterator[Check]:
    """Yield whether custodians have the passwords that are theirs to keep; a baseline does not know it."""
    if not estate.policy.mail.contact_mailboxes or estate.baseline is not None:
        return
    owned = estate.ledger.known().owned
    desired = planning.compile_policy(estate, Scope(as_of=wish.as_of)).desired
    boxes = [
        item for item in desired if item.address in owned and item.body.kind == SharedMailbox.kind
    ]
    yield from passwords.checks(
        {name: Standard(estate.policy, name, day) for name in chosen},
        planning.pinned(estate, tuple(boxes)),
        handover.given(estate),
        handover.ids(estate),
        keys.read(estate.path, estate.policy.by_id).held,
    )


def _signers(estate: Estate, wish: Wish) -> Iterator[Check]:
    """Yield whether who may sign is who two people approved; a baseline does not know it."""
    if estate.baseline is not None or not wish.concerns(PEOPLE):
        return
    standing = signers.established(estate)
    by = "" if standing is None else " and ".join(standing.by)
    yield from approvers.checks(
        estate.policy,
        wish.as_of or _today(estate),
        stands="" if standing is None else f"{by} approved it on {standing.since}",
        differs=signers.differing(estate, standing),
        exists=(estate.path / FILE).exists(),
        command=signers.COMMAND,
    )


def _has_register(estate: Estate, as_of: date | None) -> bool:
    """Tell whether there is equipment, was, or should be: a register that is gone is not a clean one."""
    policy = estate.policy
    if policy.devices or estate.ledger.lives():
        return True
    day = as_of or _today(estate)
    return (estate.path / DEVICES).exists() and any(supply.wants(policy, day, day))


def _equipment(estate: Estate, day: date) -> Iterator[Check]:
    """Yield what there is to say of the company's equipment: from policy and the ledger alone.

    A baseline stands for the ledger here too: it carries just what is asked.
    """
    ledger = estate.ledger
    entries = (
        ledger.entries(steps=(Step.FAULT, Step.MAINTAINED))
        if estate.baseline is None
        else estate.accepted.upkeep()
    )
    awaited = (
        ordering.awaited(estate, as_of=day)
        if estate.baseline is None
        else estate.accepted.awaited()
    )
    retired = _retired(estate.ledger) if estate.baseline is None else None
    lost = (
        tuple(losses.recorded(estate).values())
        if estate.baseline is None
        else estate.accepted.lost()
    )
    return register_checks.checks(
        register_checks.Inspected(
            estate.policy, ledger.lives(), entries, day, awaited, retired, lost
        )
    )


def _retired(ledger: Ledger) -> tuple[Entry, ...]:
    """Return what was retired; a certificate that was withdrawn is none."""
    book = certificate_book.Book.of(ledger)
    return tuple(
        replace(entry, details={**entry.details, "certificate": book.certified_now(entry.tag, own)})
        if (own := entry.details.get("certificate"))
        else entry
        for entry in ledger.entries(steps=(Step.RETIRED,))
    )


def _remembered(report: Report, estate: Estate, wish: Wish, progress: Progress, at: str) -> Report:
    """Weigh what was found by policy, and add since when it has been so.

    Only a whole inspection on today's policy is recorded: a narrowed one sees neither what is gone nor
    what is there.
    """
    parts = frozenset({judging.INSPECTION})
    day = wish.as_of or _today(estate)
    judged = judging.judge(report, estate.policy, day, looked_at=parts if wish.whole else None)
    if not wish.whole or wish.as_of is not None:
        return remembering.recalled(estate, judged, parts)
    shown = {judging.INSPECTION: evidence.of_checks(judged.checks)}
    return remembering.remember(
        estate, judged, progress, at=at, parts=parts, record=True, evidence=shown
    )


def _today(estate: Estate) -> date:
    return datetime.now(UTC).astimezone(ZoneInfo(estate.policy.company.time_zone)).date()


def _look(
    estate: Estate, chosen: Mapping[str, System], wish: Wish, progress: Progress
) -> dict[str, _Looked | CommsroomError]:
    rules = estate.policy.inspection
    request = wanted(rules)
    seconds = _limit(estate.deadlines)
    progress.begin("Inspecting", len(chosen))

    def work(name: str, provider: Provider) -> _Looked:
        system = chosen[name]
        inspected = getattr(provider, "inspect", None)
        jobs: dict[str, Callable[[], Any]] = {}
        if not system.simulated:
            jobs["outside"] = lambda: _outside(system, wish, estate)
        if inspected is not None:
            jobs["seen"] = lambda: _seen(inspected, request)
        found = outside.side_by_side(jobs, workers=2, seconds=seconds)
        seen = found.get("seen", (Seen(), ""))
        if isinstance(seen, dict):  # it hung, or was no inspection at all
            seen = (Seen(), f"{name}: inspect: {seen['unknown']}")
        return _Looked(seen[0], found.get("outside") or seen[0].outside or {}, seen[1])

    results = estate.fleet.each(
        work,
        on=list(chosen),
        deadline=seconds + _MARGIN_SECONDS,
        done=lambda name, _: progress.advance(name),
    )
    progress.end()
    return results


def _limit(deadlines: Deadlines) -> float:
    """Return the seconds one system gets; the machine and its network face are looked at together."""
    return max(_OUTSIDE_SECONDS, deadlines.connect + deadlines.inspect) + 1


def _seen(inspected: object, request: Facts) -> tuple[Seen, str]:
    """Ask the machine; what cannot be reached is told beside what could."""
    assert callable(inspected)  # noqa: S101 - a provider's `inspect` is a method
    try:
        seen = inspected(request)
    except CommsroomError as error:
        return Seen(), str(error)
    return (seen, "") if isinstance(seen, Seen) else (Seen(), "the answer made no sense")


def _outside(system: System, wish: Wish, estate: Estate) -> Facts:
    return outside.look(
        system.target,
        system.backend.services(system.target),
        ports=WELL_KNOWN,
        forbidden=estate.policy.inspection.security.forbidden_ciphers if wish.security else (),
        seconds=_OUTSIDE_SECONDS,
    )


def _judge(system: System, looked: _Looked, standard: Standard, wish: Wish) -> Iterator[Check]:
    services = system.backend.services(system.target)
    yield from host_checks(looked.seen, services, standard, security=wish.security)
    if looked.seen.own:
        for check in system.backend.judge(looked.seen.own, standard):
            if wish.security or check.name != "password":
                yield check
    if looked.outside:  # a twin that does not answer has no face either
        yield from outside_checks(looked.outside, services, standard, security=wish.security)


def _unknown(system: str, reason: str, *, simulated: bool) -> Finding:
    return Finding(
        kind=FindingKind.UNKNOWN,
        address=system,
        system=system,
        text=reason,
        remedy=f"make {system} reachable and run the command again",
        simulated=simulated,
    )


# ── by use ──────────────────────────────────────────────────────────────────────────────────


def _with_use(report: Report, estate: Estate, wish: Wish, progress: Progress) -> Report:
    """Add what calls, logins and deliveries with the probe accounts showed."""
    people = probes(estate, wish.as_of or _today(estate))
    started = time.monotonic()
    try:
        done = proving.prove(estate, Scope(people, (), wish.as_of), progress)
    except UsageError:
        if not any(_has_accounts(system) for system in estate.systems.values()):
            return report  # switches alone: there is nothing a probe could log in to
        # Nobody has an account yet: said, since a report without a single use would look like one with.
        finding = Finding(
            kind=FindingKind.UNKNOWN, address="probes", system="probes",
            text=model.NOBODY,
            remedy="commsroom apply",
        )  # fmt: skip
        return report.plus(findings=[finding])
    proofs = [proof for proof in done.proofs if wish.names(str(proof.address))]
    told = {finding.system for finding in report.findings}
    findings = [
        _unknown(name, reason, simulated=name in done.simulated)
        for name, reason in done.unknown.items()
        if wish.concerns(name) and name not in told
    ]
    timing = Timing("use", time.monotonic() - started)
    return report.plus(findings=findings, proofs=proofs, timings=[timing])


def _has_accounts(system: System) -> bool:
    """Tell whether people can have accounts on a system: of a kind that can be closed for its owner."""
    return any(kind_named(name).closes for name in system.backend.supports)


def probes(estate: Estate, day: date) -> tuple[str, ...]:
    """Return the people whose accounts are used: those policy names, else always the same few."""
    rules = estate.policy.inspection.probes
    if rules.people:
        return rules.people
    staff = [
        person
        for person in estate.policy.people
        if person.kind is PersonKind.STAFF
        and person.start <= day
        and (person.end is None or day <= person.end)
    ]
    return tuple(person.id for person in sorted(staff, key=lambda person: person.id))[
        : rules.sample
    ]
