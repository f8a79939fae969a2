"""What policy makes of a report: what each finding weighs, who answers for it, what may be repaired alone."""

from __future__ import annotations

import re
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from commsroom.estate.kinds import kinds
from commsroom.estate.resource import Action, Provenance
from commsroom.estate.weighing import Acknowledged, Severity
from commsroom.reports import model
from commsroom.reports.languages import N_
from commsroom.reports.model import Finding, FindingKind, Report

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from commsroom.estate.inspection import Check
    from commsroom.estate.plan import Known
    from commsroom.estate.resource import Change
    from commsroom.policy import Policy
    from commsroom.policy.exceptions import AcknowledgedException
    from commsroom.reports.difference import Difference

#: The parts of what is looked at; a run may look at some of them only.
ACCOUNTS: Final = "accounts"
SERVERS: Final = "servers"
INSPECTION: Final = "inspection"
#: How rules of severity name a failed check.
CHECK: Final = "check"

_FIXED: Final = {
    Action.UPDATE: FindingKind.DRIFT,
    Action.CREATE: FindingKind.MISSING,
    Action.DELETE: FindingKind.EXTRA,
}


def judge(
    report: Report,
    policy: Policy,
    day: date,
    *,
    fixable: frozenset[str] = frozenset(),
    looked_at: frozenset[str] | None = None,
) -> Report:
    """Give every finding and check its weight, and the exception that holds for it.

    A finding of which an exception covers some fields becomes two: what is covered, and what is not.
    What is unknown is never covered, and always weighs as it does.

    Args:
        report: What was found.
        policy: The estate's.
        day: Today, at the company.
        fixable: Addresses of which `may_fix` says yes.
        looked_at: The parts of the whole estate that were looked at, None where the run was narrowed:
            an exception that nothing needs can then not be told.
    """
    judging = _Judge(policy, day, fixable)
    findings = [part for item in report.findings for part in judging.finding(item)]
    checks = tuple(judging.check(item) for item in report.checks)
    unread = {item.system for item in report.findings if item.kind is FindingKind.UNKNOWN}
    unread |= {item.system for item in checks if item.ok is None}
    findings += judging.exceptions(looked_at, unread)
    return replace(report, findings=model.ordered(findings), checks=checks)


def may_fix(change: Change, policy: Policy, known: Known, day: date) -> bool:
    """Tell whether `drift --fix` may make a change without people.

    Never what is not ours, is protected, or takes away more than a right; and only where rules name
    every difference and no exception names any.
    """
    kind = _FIXED.get(change.action)
    if kind is None or _protected(change, known):
        return False
    if kind is FindingKind.EXTRA and not kinds()[change.address.kind].is_right:
        return False
    address, fields = str(change.address), change.fields if kind is FindingKind.DRIFT else ("",)
    held = [item for item in policy.exceptions.exceptions if item.holds(day)]
    if any(item.covers(address, field) for item in held for field in fields):
        return False
    rules = policy.drift.fix
    return all(any(rule.names(address, kind, field) for rule in rules) for field in fields)


def _protected(change: Change, known: Known) -> bool:
    sides = (change.before, change.after)
    return change.address in known.protected or any(side and side.protected for side in sides)


class _Judge:
    """Judges one report, and remembers which exceptions were of use."""

    def __init__(self, policy: Policy, day: date, fixable: frozenset[str]) -> None:
        self._policy = policy
        self._day = day
        self._fixable = fixable
        self._all = list(enumerate(policy.exceptions.exceptions))
        self._met: set[int] = set()

    def finding(self, item: Finding) -> Iterator[Finding]:
        """Yield the finding judged; in two or more parts where exceptions cover some of its fields."""
        if item.kind is FindingKind.UNKNOWN:
            yield item
            return
        if not item.differences:
            yield self._weighed(item, self._exception(item.address, ""))
            return
        parts: dict[AcknowledgedException | None, list[Difference]] = {}
        for found in item.differences:
            exception = self._exception(item.address, found.name)
            parts.setdefault(exception, []).append(found)
        for exception, differences in parts.items():
            yield self._weighed(replace(item, differences=tuple(differences)), exception)

    def check(self, item: Check) -> Check:
        """Return the check judged; what is as it should be stays as it is."""
        if item.ok is not False:
            return item
        exception = self._exception(item.address, "")
        own = item.weight or Severity.ERROR
        weight = self._weight(item.address, CHECK, (), own) or item.weight
        return replace(item, weight=weight, acknowledged=_acknowledged(exception))

    def exceptions(
        self, looked_at: frozenset[str] | None, unread: Iterable[str]
    ) -> Iterator[Finding]:
        """Yield the exceptions that need a look: those that are over, and those nothing needs."""
        systems = list(unread)
        for index, item in self._all:
            if item.expired(self._day) and (looked_at is not None or index in self._met):
                yield Finding(
                    kind=FindingKind.EXCEPTION,
                    address=item.address,
                    system=item.address.partition(":")[0],
                    text=N_("its end date has passed; what it covered counts again"),
                    provenance=self._place(index),
                    remedy=N_("renew it there with a new end date, or remove it"),
                )
            idle = item.holds(self._day) and index not in self._met
            if idle and looked_at is not None and _could_tell(item.address, looked_at, systems):
                yield Finding(
                    kind=FindingKind.EXCEPTION,
                    address=item.address,
                    system=item.address.partition(":")[0],
                    text=N_("nothing needs this exception any more"),
                    provenance=self._place(index),
                    remedy=N_("remove it there"),
                    weight=Severity.NOTE,
                )

    def _exception(self, address: str, field: str) -> AcknowledgedException | None:
        """Return the first exception that holds for a field, and note all that name it."""
        about = [(index, item) for index, item in self._all if item.covers(address, field)]
        self._met.update(index for index, _ in about)
        return next((item for _, item in about if item.holds(self._day)), None)

    def _weighed(self, item: Finding, exception: AcknowledgedException | None) -> Finding:
        names = tuple(found.name for found in item.differences)
        weight = self._weight(item.address, item.kind, names, model.weight_of(item.kind))
        return replace(
            item,
            weight=weight,
            acknowledged=_acknowledged(exception),
            # Somebody decided that it stays so: no command is put before the reader to undo that.
            remedy=item.remedy if exception is None else "",
            fixable=exception is None
            and item.kind in _FIXED.values()
            and item.address in self._fixable,
        )

    def _weight(
        self, address: str, kind: str, fields: tuple[str, ...], own: Severity
    ) -> Severity | None:
        """Return the heaviest weight that rules give to any of the fields, None where none speaks."""
        rules = self._policy.drift.severity
        found = [
            next((rule.severity for rule in rules if rule.names(address, kind, field)), None)
            for field in fields or ("",)
        ]
        if not any(found):
            return None
        weights = {Severity(item) if item else own for item in found}
        return next(severity for severity in Severity if severity in weights)

    def _place(self, index: int) -> Provenance:
        source = self._policy.sources.of("exceptions", "exceptions", index)
        return Provenance(source.file, source.line, source.clause)


def _acknowledged(item: AcknowledgedException | None) -> Acknowledged | None:
    return Acknowledged(item.owner, item.reason, item.until.isoformat()) if item else None


def _could_tell(glob: str, looked_at: frozenset[str], unread: Iterable[str]) -> bool:
    """Tell whether a run would have met what a glob is about: its part and its systems were read."""
    system, colon, rest = glob.partition(":")
    if any(not colon or fnmatchcase(name, system) or name == system for name in unread):
        return False
    return _parts_of(rest) <= looked_at


def _parts_of(rest: str) -> frozenset[str]:
    """Return the parts in which a glob's address may lie; what follows its system tells most of them."""
    name = re.match(r"[^/*?\[\s]+(?=/)", rest)
    if name is not None:
        return frozenset({ACCOUNTS if name[0] in kinds() else INSPECTION})
    return frozenset({SERVERS} if rest.startswith(" ") else {ACCOUNTS, SERVERS, INSPECTION})
