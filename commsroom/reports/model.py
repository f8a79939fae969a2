"""The report: one frozen structure that every form (text, JSON, Markdown, HTML …) is made from."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from glob import escape
from statistics import median
from typing import TYPE_CHECKING, Final

from commsroom.errors import Exit
from commsroom.estate.resource import Action
from commsroom.estate.weighing import Acknowledged as Acknowledged  # noqa: PLC0414 - is a report's
from commsroom.estate.weighing import Severity as Severity  # noqa: PLC0414 - likewise
from commsroom.reports.difference import Difference, differences
from commsroom.reports.languages import N_

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from commsroom.estate.backend import Proof
    from commsroom.estate.inspection import Check
    from commsroom.estate.plan import Plan
    from commsroom.estate.resource import Change, Provenance


#: What the report of an inspection is called, and what it says where nobody could be used.
INSPECTION: Final = N_("Inspection")
NOBODY: Final = N_("no probe account exists yet, so nothing could be used")


class FindingKind(StrEnum):
    """What is wrong at a place."""

    DRIFT = "drift"  #: ours, and differs from policy
    MISSING = "missing"  #: policy asks for it, and it is not there
    EXTRA = "extra"  #: ours, and policy no longer asks for it
    UNOWNED = "unowned"  #: policy asks for it, and it is there, but we did not make it
    SEALED = "sealed"  #: as `unowned`, in a file that is not ours to write
    FOREIGN = "foreign"  #: not ours, not in policy
    UNSUPPORTED = "unsupported"  #: policy asks for something that its system cannot hold
    UNKNOWN = "unknown"  #: could not be read
    SERVER = "server"  #: the server itself is not what its role says
    OVERDUE = "overdue"  #: a secret of ours is older than policy lets it become
    EXCEPTION = "exception"  #: an exception of policy that no longer holds, or that nothing needs


_SEVERITY: Mapping[FindingKind, Severity] = {
    FindingKind.FOREIGN: Severity.WARNING,
    FindingKind.UNSUPPORTED: Severity.NOTE,
    FindingKind.EXCEPTION: Severity.WARNING,
}

_KIND_OF_CHANGE: Mapping[Action, FindingKind] = {
    Action.CREATE: FindingKind.MISSING,
    Action.UPDATE: FindingKind.DRIFT,
    Action.DELETE: FindingKind.EXTRA,
    Action.ADOPT: FindingKind.UNOWNED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not as policy says, and what to do about it.

    `address` is that of an object, a system's name, or what names the place on a server. `since`
    is the UTC time of the first run that saw it, "" where that is not remembered. `remedy` is a
    command where there is one. `weight` is what policy gives it, None for its kind's own.
    `acknowledged` is the exception that holds for it: it is told, and is no difference. `fixable` says
    that policy lets `drift --fix` repair it.
    """

    kind: FindingKind
    address: str
    system: str
    text: str = ""
    differences: tuple[Difference, ...] = ()
    provenance: Provenance | None = None
    remedy: str = ""
    since: str = ""
    simulated: bool = False
    weight: Severity | None = None
    acknowledged: Acknowledged | None = None
    fixable: bool = False

    @property
    def severity(self) -> Severity:
        """Give the weight policy or its kind gives it; what is acknowledged is only noted."""
        if self.acknowledged is not None:
            return Severity.NOTE
        return self.weight or weight_of(self.kind)

    @property
    def is_command(self) -> bool:
        """Tell whether the remedy is a command to paste, not advice."""
        return self.remedy.startswith(("commsroom ", "ansible-playbook "))


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a named piece of work took, in seconds of wall time."""

    name: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Use:
    """All proofs of one use on one system, summed up; `ms` is the median of their times."""

    system: str
    name: str
    good: int
    total: int
    ms: float


@dataclass(frozen=True, slots=True)
class Point:
    """One earlier run in the trend: when (UTC, ISO 8601) and how many findings it had, by weight."""

    when: str
    errors: int
    warnings: int
    unknown: int


@dataclass(frozen=True, slots=True)
class History:
    """How findings came and went: the trend (oldest first), repairs, and what keeps coming back.

    `seconds_to_repair` is the mean from first seen to first not seen, None without a repair;
    `flapping` names addresses and how often each came back.
    """

    points: tuple[Point, ...] = ()
    repaired: int = 0
    seconds_to_repair: float | None = None
    flapping: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was looked at, what was found, and what that amounts to.

    `when` is UTC, ISO 8601. `summary` counts the changes that would repair it, by action.
    `simulated` names the systems a fake stood in for: all they say is labelled so. `older` counts the
    findings and failed checks that stand, and were left out because only what is new was asked for.
    """

    title: str
    estate: str
    when: str
    findings: tuple[Finding, ...] = ()
    proofs: tuple[Proof, ...] = ()
    checks: tuple[Check, ...] = ()
    history: History | None = None
    summary: Mapping[str, int] = field(default_factory=dict)
    timings: tuple[Timing, ...] = ()
    simulated: frozenset[str] = frozenset()
    older: int = 0
    #: Only a part of the estate was looked at.
    narrowed: bool = False

    @property
    def exit_code(self) -> Exit:
        """Give the exit code: what is unknown beats a difference."""
        if any(item.kind is FindingKind.UNKNOWN for item in self.findings):
            return Exit.INCOMPLETE
        seen = [*(proof.ok for proof in self.proofs), *(check.ok for check in self.checks)]
        if None in seen:
            return Exit.INCOMPLETE
        weights = {item.severity for item in self.findings}
        weights |= {item.severity for item in self.checks}
        wrong = Severity.ERROR in weights or any(proof.ok is False for proof in self.proofs)
        return Exit.DIFFERENCE if wrong else Exit.DONE

    def plus(
        self,
        findings: Iterable[Finding] = (),
        proofs: Iterable[Proof] = (),
        timings: Iterable[Timing] = (),
        checks: Iterable[Check] = (),
    ) -> Report:
        """Return the report with more in it, in order."""
        return replace(
            self,
            findings=ordered((*self.findings, *findings)),
            proofs=(*self.proofs, *proofs),
            checks=(*self.checks, *checks),
            timings=(*self.timings, *timings),
        )

    def count(self, kind: FindingKind) -> int:
        """Count the findings of one kind."""
        return sum(item.kind is kind for item in self.findings)


def weight_of(kind: FindingKind) -> Severity:
    """Return what a kind of finding weighs where policy says nothing."""
    return _SEVERITY.get(kind, Severity.ERROR)


def now() -> str:
    """Return the present time as reports write it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sort what matters most first, then by system and address."""
    kinds, weights = list(FindingKind), list(Severity)
    return tuple(
        sorted(
            findings,
            key=lambda item: (
                weights.index(item.severity), item.system, kinds.index(item.kind), item.address
            ),
        )
    )  # fmt: skip


def from_plan(
    plan: Plan,
    *,
    estate: str,
    title: str = N_("Drift"),
    when: str = "",
    timings: Sequence[Timing] = (),
) -> Report:
    """Tell a plan as findings: what differs, what is missing, what is there and should not be."""
    findings = [*map(_changed, plan.changes), *_standing(plan)]
    findings = [replace(item, simulated=item.system in plan.simulated) for item in findings]
    return Report(
        title=title,
        estate=estate,
        when=when or now(),
        findings=ordered(findings),
        summary=plan.summary,
        timings=tuple(timings),
        simulated=plan.simulated,
        narrowed=plan.narrowed,
    )


def from_proofs(
    proofs: Iterable[Proof],
    unknown: Mapping[str, str],
    simulated: frozenset[str],
    *,
    estate: str,
    title: str = N_("Proof by use"),
    when: str = "",
    timings: Sequence[Timing] = (),
) -> Report:
    """Tell what was proven; a system that could not be asked is a finding."""
    findings = [replace(item, simulated=item.system in simulated) for item in _unknown(unknown)]
    return Report(
        title=title,
        estate=estate,
        when=when or now(),
        findings=ordered(findings),
        proofs=tuple(proofs),
        timings=tuple(timings),
        simulated=simulated,
    )


def uses(proofs: Iterable[Proof]) -> tuple[Use, ...]:
    """Sum proofs up by system and use, sorted; uses of different objects count together."""
    known = tuple(proofs)
    objects = {part for proof in known for part in re.split("[/@]", proof.address.key)}
    found: dict[tuple[str, str], list[Proof]] = {}
    for proof in known:
        found.setdefault((proof.address.system, _general(proof.use, objects)), []).append(proof)
    return tuple(
        Use(
            system,
            name,
            sum(item.ok is True for item in same),
            len(same),
            median(item.ms for item in same),
        )
        for (system, name), same in sorted(found.items())
    )


def kinds_of_use(proofs: Iterable[Proof]) -> dict[str, tuple[int, int, int]]:
    """Count proofs by `KIND USE`, objects left out: as promised, otherwise, undecided."""
    known = tuple(proofs)
    objects = {part for proof in known for part in re.split("[/@]", proof.address.key)}
    found: dict[str, list[bool | None]] = {}
    for proof in known:
        name = f"{proof.address.kind} {_general(proof.use, objects)}"
        found.setdefault(name, []).append(proof.ok)
    return {
        name: (oks.count(True), oks.count(False), oks.count(None))
        for name, oks in sorted(found.items())
    }


def _general(use: str, objects: set[str]) -> str:
    """Return a use with its objects left out: `call 2101` and `call 2102` are `call …`."""
    verb, *rest = use.split()
    return " ".join([verb, *("…" if _is_object(word, objects) else word for word in rest)])


def _is_object(word: str, objects: set[str]) -> bool:
    return word.strip(",;:") in objects or any(char in "@." or char.isdigit() for char in word)


def _changed(change: Change) -> Finding:
    address = str(change.address)
    kind = _KIND_OF_CHANGE[change.action]
    command = "adopt" if kind is FindingKind.UNOWNED else "apply --only"
    glob = shlex.quote(escape(address))
    return Finding(
        kind=kind,
        address=address,
        system=change.address.system,
        differences=differences(change) if change.before else (),
        provenance=change.provenance,
        remedy=f"commsroom {command} {glob}",
    )


def _standing(plan: Plan) -> Iterator[Finding]:
    """Yield what no apply would change."""
    for address in plan.sealed:
        yield Finding(
            kind=FindingKind.SEALED,
            address=str(address),
            system=address.system,
            text=N_("exists in a file that is not ours to write"),
            remedy=N_("remove it there, then run commsroom apply"),
        )
    for address, (holder, heir) in plan.handovers.items():
        yield Finding(
            kind=FindingKind.DRIFT,
            address=str(address),
            system=address.system,
            text=f"made for {holder}, and policy gives it to {heir}",
            remedy=N_("restore the lines of both in policies/allocations.lock and the roster"),
        )
    for address in plan.foreign:
        yield Finding(
            kind=FindingKind.FOREIGN,
            address=str(address),
            system=address.system,
            text=N_("not made by commsroom and not in policy; it is never touched"),
            remedy=N_("remove it by hand, or put it into policy and adopt it"),
        )
    late = N_("find out why it has not; a telephone fetches when it is started")
    told = [
        *((FindingKind.UNSUPPORTED, a, f"{a.system} cannot hold: {t}") for a, t in plan.unsupported.items()),
        *((FindingKind.UNSUPPORTED, a, t) for a, t in plan.waiting.items()),
        *((FindingKind.DRIFT, a, t) for a, t in plan.remarks.items()),
    ]  # fmt: skip
    for kind, at, text in told:
        remedy = late if kind is FindingKind.DRIFT else ""
        yield Finding(kind=kind, address=str(at), system=at.system, text=text, remedy=remedy)
    yield from _unknown(plan.unknown)


def _unknown(systems: Mapping[str, str]) -> Iterator[Finding]:
    for system, reason in systems.items():
        yield Finding(
            kind=FindingKind.UNKNOWN,
            address=system,
            system=system,
            text=reason,
            remedy=f"make {system} reachable and run the command again",
        )
