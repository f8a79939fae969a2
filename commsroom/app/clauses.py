"""How one clause stands: its evidence judged from what is remembered. Pure; nobody is asked.

Evidence that is too old, incomplete or not there yet is *unknown*, never good.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from commsroom.app import evidence, remembering
from commsroom.app.judging import ACCOUNTS, INSPECTION
from commsroom.estate.resource import Provenance
from commsroom.policy.evidence import OWN
from commsroom.policy.globs import named
from commsroom.reports.compliance import Answer, Row, Sentence, State
from commsroom.reports.languages import N_

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from commsroom.app.recalling import Memory
    from commsroom.estate.resource import Resource
    from commsroom.policy import Policy
    from commsroom.policy.evidence import Confirmation, Evidence

#: Names listed behind a piece of evidence.
_NAMED: Final = 5
#: A clock of another controller may be so much ahead.
_AHEAD: Final = timedelta(minutes=5)
#: What an inspection says nobody could look at, when nobody has an account to use: no system.
_PROBES: Final = "probes"
_HOURS: Final = 24


@dataclass(frozen=True, kw_only=True)
class Judging:
    """All that clauses are judged by; nothing here asks anybody."""

    policy: Policy
    desired: tuple[Resource, ...]
    memory: Memory
    now: datetime
    day: date

    def answer(self, key: str) -> Answer:
        """Judge one clause."""
        clause = self.policy.regulation.clauses[key]
        source = self.policy.sources.of("regulation", "clauses", key)
        return Answer(
            clause=key,
            rule=clause.rule,
            by=clause.by or "",
            lacks=clause.lacks or "",
            provenance=Provenance(source.file, source.line, key),
            rows=tuple(self._row(key, item) for item in clause.evidence),
        )

    def _row(self, key: str, item: Evidence) -> Row:
        within = item.within or self.policy.regulation.within
        if item.policy is not None:
            return self._policy(key, item.policy, within)
        if item.proof is not None:
            return self._proof(item.proof, within)
        if item.inspection is not None:
            return self._inspection(item.inspection, within)
        if item.ledger is not None:
            return self._ledger(item.ledger, within)
        assert item.manual is not None  # noqa: S101 - the model says that one of them is there
        return self._manual(item.manual)

    # ── one method a type of evidence ────────────────────────────────────────────────────────

    def _policy(self, key: str, globs: Sequence[str], within: timedelta) -> Row:
        told = _Told("policy", globs, "commsroom drift")
        mine = [item for item in self.desired if _is_meant(item, key, globs)]
        if not mine:
            return told.row(State.BAD, N_("policy asks for no such object"))
        run = self.memory.drift
        if run is None:
            late = Sentence(N_("no whole drift run is recorded yet"))
        else:
            told, late = told.of(run.at), self._late(run.at, within)
        if run is None or late:
            return told.row(State.UNKNOWN, late)
        addresses = {str(item.address) for item in mine}
        places = {(item.address.system, item.address.kind) for item in mine}
        about = [
            item
            for item in self.memory.findings
            if item.part == ACCOUNTS
            and item.kind != "unknown"
            and (
                item.address in addresses
                or (item.kind == "extra" and _place(item.address) in places)
            )
        ]
        wrong = sorted({item.address for item in about if item.severity != "note"})
        if wrong:
            return told.row(
                State.BAD,
                N_("objects not as policy says: %(wrong)s of %(count)s"),
                named=wrong,
                wrong=len(wrong),
                count=len(mine),
            )
        unread = self.memory.unread(ACCOUNTS) & {system for system, _ in places}
        if unread:
            return told.row(State.UNKNOWN, N_("could not be read"), named=sorted(unread))
        clauses = {item.provenance.clause if item.provenance else "" for item in mine}
        today = evidence.of_policy(
            item
            for item in self.desired
            if (item.provenance.clause if item.provenance else "") in clauses
        )
        if any(run.told.get(name) != said for name, said in today.items()):
            return told.row(State.UNKNOWN, N_("policy has changed since that run"))
        accepted = len({item.address for item in about})
        text = N_("objects as policy says: %(count)s")
        if accepted:
            text = N_("objects as policy says: %(count)s, with accepted exceptions: %(accepted)s")
        return told.row(State.GOOD, text, count=len(mine), accepted=accepted)

    def _proof(self, globs: Sequence[str], within: timedelta) -> Row:
        told = _Told("proof", globs, "commsroom prove")
        run = self.memory.proofs
        if run is None:
            late = Sentence(N_("no whole run of prove is recorded yet"))
        else:
            told, late = told.of(run.at), self._late(run.at, within)
        if run is None or late:
            return told.row(State.UNKNOWN, late)
        uses = {name: counts for name, counts in run.uses.items() if _any(name, globs)}
        count = sum(sum(counts) for counts in uses.values())
        wrong = sum(counts[1] for counts in uses.values())
        wrong += sum(number for name, number in run.later.items() if _any(name, globs))
        if wrong:
            failed = [text for text in run.failed if _any(_kind_and_use(text), globs)]
            text = N_("uses that did not go as promised: %(wrong)s of %(count)s")
            return told.row(State.BAD, text, named=failed, wrong=wrong, count=count)
        undecided = sum(counts[2] for counts in uses.values())
        if run.unknown:
            return told.row(State.UNKNOWN, N_("could not be asked"), named=run.unknown)
        if undecided:
            return told.row(State.UNKNOWN, N_("undecided: %(count)s"), count=undecided)
        if never := _unmatched(globs, (name for name, counts in uses.items() if counts[0])):
            return told.row(State.UNKNOWN, N_("that run made no such use"), named=never)
        return told.row(State.GOOD, N_("uses gone as promised: %(count)s"), count=count)

    def _inspection(self, globs: Sequence[str], within: timedelta) -> Row:
        told = _Told("inspection", globs, "commsroom inspect")
        run = self.memory.inspection
        if run is None:
            late = Sentence(N_("no whole inspection is recorded yet"))
        else:
            told, late = told.of(run.at), self._late(run.at, within)
        if run is None or late:
            return told.row(State.UNKNOWN, late)
        made = [counts for name, counts in run.told.items() if _any(name, globs)]
        good, wrong, accepted, undecided = (
            sum(counts[sort] for counts in made) for sort in range(4)
        )
        count = good + wrong + accepted + undecided
        if wrong:
            failed = sorted(
                item.address
                for item in self.memory.findings
                if item.part == INSPECTION
                and item.kind == "check"
                and item.severity != "note"
                and _any(_check(item.address), globs)
            )
            text = N_("checks not as policy asks: %(wrong)s of %(count)s")
            return told.row(State.BAD, text, named=failed, wrong=wrong, count=count)
        if lost := self.memory.unread(INSPECTION) - {_PROBES}:
            return told.row(State.UNKNOWN, N_("could not be inspected"), named=sorted(lost))
        if undecided:
            return told.row(State.UNKNOWN, N_("undecided: %(count)s"), count=undecided)
        seen = (name for name, counts in run.told.items() if counts[0] + counts[2])
        if never := _unmatched(globs, seen):
            return told.row(State.UNKNOWN, N_("that inspection made no such check"), named=never)
        text = N_("checks as policy asks: %(count)s")
        if accepted:
            text = N_("checks as policy asks: %(count)s, with accepted exceptions: %(accepted)s")
        return told.row(State.GOOD, text, count=count, accepted=accepted)

    def _ledger(self, kinds: Sequence[str], within: timedelta) -> Row:
        told = _Told("ledger", kinds, "commsroom ledger show")
        happened = self.memory.events
        if never := [kind for kind in kinds if kind not in happened]:
            return told.row(State.UNKNOWN, N_("has not happened yet"), named=never)
        oldest = min(happened[kind] for kind in kinds)
        told = told.of(oldest)
        if late := self._late(oldest, within) or self._late(
            max(happened[kind] for kind in kinds), within
        ):
            return told.row(State.UNKNOWN, late)
        return told.row(State.GOOD, N_("has happened"))

    def _manual(self, item: Confirmation) -> Row:
        told = _Told("manual", (item.owner, *([item.how] if item.how else [])), "")
        person = self.policy.person(item.owner)
        state = State.UNKNOWN
        if item.confirmed > self.day:
            text = N_("%(name)s will confirm it on %(confirmed)s")
        elif item.until < self.day:
            text = N_("overdue: what %(name)s confirmed on %(confirmed)s held until %(until)s")
        elif person.end is not None and person.end < self.day:
            text = N_("%(name)s confirmed it on %(confirmed)s and has left")
        else:
            state, text = (
                State.MANUAL,
                N_("%(name)s confirmed it on %(confirmed)s, until %(until)s"),
            )
        return told.row(state, text, name=person.name, confirmed=item.confirmed, until=item.until)

    def _late(self, at: str, within: timedelta) -> Sentence:
        """Say why a time is no time of fresh evidence; nothing where it is."""
        age = self.now - datetime.fromisoformat(at)
        if age < -_AHEAD:
            return Sentence(N_("recorded in the future: a clock is wrong"))
        if age > within:
            return Sentence(
                N_("too old: %(age)s, at most %(within)s"),
                {"age": _span(age), "within": _span(within)},
            )
        return Sentence("")


@dataclass(frozen=True, slots=True)
class _Told:
    """What rows about one piece of evidence have in common."""

    type: str
    globs: Sequence[str]
    remedy: str
    at: str = ""

    def of(self, at: str) -> _Told:
        """Return the same, of a time."""
        return replace(self, at=remembering.shown(at))

    def row(
        self, state: State, text: str | Sentence, named: Sequence[str] = (), **values: object
    ) -> Row:
        shown = [*named[:_NAMED], *([f"+{len(named) - _NAMED}"] if len(named) > _NAMED else [])]
        return Row(
            type=self.type,
            subject=", ".join(self.globs),
            state=state,
            reason=text if isinstance(text, Sentence) else Sentence(text, values),
            at=self.at,
            named=tuple(shown),
            remedy="" if state in {State.GOOD, State.MANUAL} else self.remedy,
        )


def _is_meant(item: Resource, clause: str, globs: Sequence[str]) -> bool:
    address = str(item.address)
    return any(
        (item.provenance is not None and item.provenance.clause == clause)
        if glob == OWN
        else named(address, glob)
        for glob in globs
    )


def _any(name: str, globs: Iterable[str]) -> bool:
    return any(fnmatchcase(name, glob) for glob in globs)


def _unmatched(globs: Sequence[str], names: Iterable[str]) -> list[str]:
    known = list(names)
    return [glob for glob in globs if not any(fnmatchcase(name, glob) for name in known)]


def _place(address: str) -> tuple[str, str]:
    system, _, rest = address.partition(":")
    return system, rest.partition("/")[0]


def _check(address: str) -> str:
    return _place(address)[1]


def _kind_and_use(failed: str) -> str:
    """Return `KIND USE` of a failed proof, which the ledger keeps as `ADDRESS USE`."""
    address, _, use = failed.partition(" ")
    return f"{_place(address)[1]} {use}"


def _span(length: timedelta) -> str:
    """Write a time as policy does, in whole days or hours."""
    hours = int(length.total_seconds() // 3600)
    whole_days = hours >= 2 * _HOURS or (hours and hours % _HOURS == 0)
    return f"{hours // _HOURS}d" if whole_days else f"{hours}h"
