"""apply: plan under the lock, make the changes stage by stage, read again and expect an empty plan."""

from __future__ import annotations

import os
import time
import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from commsroom.app import allowing, bookkeeping, calendaring, countersigning, planning
from commsroom.app.estate import actor
from commsroom.app.reading import Reading, comparable, read
from commsroom.errors import CommsroomError, Exit, FenceRefused, PlanOutdated, TargetMoved
from commsroom.estate import guards, order
from commsroom.estate.backend import NOT_TRIED, Applied, Batch, Outcome, Status
from commsroom.estate.secret import Shape
from commsroom.reports.lines import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from commsroom.app.estate import Estate
    from commsroom.app.planning import Planned
    from commsroom.app.progress import Progress
    from commsroom.app.saved import SavedPlan
    from commsroom.app.scope import Scope
    from commsroom.estate.backend import Provider, Snapshot
    from commsroom.estate.due import Due
    from commsroom.estate.plan import Known, Plan
    from commsroom.estate.resource import Address, Change
    from commsroom.estate.secret import Secret, SecretRef
    from commsroom.ledger import Journal, Lease
    from commsroom.policy.people import Person


#: How many people a warning names.
_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class ApplyResult:
    """What an apply did. `remaining` is the plan read after it: empty when all went well."""

    plan: Plan
    outcomes: tuple[Outcome, ...]
    remaining: Plan
    seconds: float
    declined: bool = False
    #: With `due`: what the calendar made due.
    due: Due | None = None
    #: What would have been deleted for good, and was not: nobody approved it.
    left: tuple[Address, ...] = ()

    @property
    def ok(self) -> bool:
        """Tell whether everything planned is now so, and everything is known."""
        return self.exit_code is Exit.DONE

    @property
    def exit_code(self) -> Exit:
        """Give the exit code: incomplete beats error."""
        if self.declined:
            return Exit.ERROR
        doubtful = any(outcome.status is Status.UNKNOWN for outcome in self.outcomes)
        if self.plan.unknown or self.remaining.unknown or doubtful:
            return Exit.INCOMPLETE
        return Exit.DONE if self.remaining.empty else Exit.ERROR


def apply(
    estate: Estate,
    scope: Scope,
    *,
    saved: SavedPlan | None = None,
    allow: guards.Allow | None = None,
    confirm: Callable[[Plan], bool],
    progress: Progress,
    journal: Journal | None = None,
    select: Callable[[Change, Known], bool] | None = None,
    due: bool = False,
    without_purges: bool = False,
    command: str = "apply",
) -> ApplyResult:
    """Make reality what policy says, for the scope.

    Args:
        estate: The estate.
        scope: What to apply; with a saved plan, its scope is used.
        saved: A plan made earlier: refused when it would be another one now.
        allow: What the operator allows by name beyond the guards.
        confirm: Shown the plan; nothing happens when it says no.
        progress: Told of each stage.
        journal: Stands in for the ledger's journal, in tests.
        select: Makes only the changes of which it says yes; of the rest nothing is checked or touched.
        due: Makes only what the calendar made due since the last whole apply (see `calendaring`).
        without_purges: Leaves out what would be deleted for good and needs approvals, as `due` does: the
            result names it, and the calendar keeps it due.
        command: What the lock says its holder runs.

    Raises:
        GuardRefused: the plan is too large, touches what is protected, or deletes for good what two people
            have not approved; nothing was touched.
        PlanOutdated: reality moved since `saved` was made; nothing was touched.
        LockHeld: another apply is running.
        UsageError: a word of `allow` can name nothing.
    """
    started = time.monotonic()
    permitted = allow or guards.Allow()
    if saved is not None:
        scope = saved.scope
    allowing.check(estate, permitted)
    with estate.ledger.lock(actor(), command=command) as lease:
        bookkeeping.write_off(estate, permitted, progress)
        planned = _selected(_prepare(estate, scope, progress, due=due), select)
        if saved is not None and saved.hash != planned.plan.hash:
            raise PlanOutdated(
                "reality or policy moved since this plan was made", remedy="plan again"
            )
        left = countersigning.held_back(
            estate, planned, saved, progress, leave=due or without_purges
        )
        planned = replace(planned, plan=countersigning.without(planned.plan, left))
        for glob in allowing.idle(planned.plan, permitted):
            progress.say(f"warning: --allow-adopt {printable(glob)}: there is nothing to take over")
        guards.check(
            planned.plan, planned.known, permitted, limit=estate.policy.security.removal_limit
        )
        if planned.plan.changes and not confirm(planned.plan):
            return ApplyResult(
                planned.plan, (), planned.plan, time.monotonic() - started, True, planned.due, left
            )
        bookkeeping.tidy(estate, planned, progress)
        run = _Run(estate, planned, lease, journal or estate.ledger, progress)
        outcomes = run.all()
        touched = {outcome.address.system for outcome in outcomes}
        after = {name: run.left.get(name) for name in sorted(touched)}
        remaining = _after(estate, scope, planned, after, progress, select=select)
        remaining = countersigning.without(remaining, left)
        seconds = time.monotonic() - started
        result = ApplyResult(planned.plan, outcomes, remaining, seconds, due=planned.due, left=left)
        if result.ok:
            countersigning.use(estate, planned, saved)
        if result.ok and scope.whole and select is None and not left:
            lease.check()
            calendaring.remember(estate, planned)
        if due:
            _tell_left_open(calendaring.left_open(estate, scope, planned.compiled), progress)
    return result


def _tell_left_open(people: Sequence[Person], progress: Progress) -> None:
    """Warn of leavers whom no calendar closes: their last day was entered when it was over."""
    if not people:
        return
    names = ", ".join(f"{item.id} ({printable(item.name)})" for item in people[:_NAMED])
    more = f" and {len(people) - _NAMED} more" if len(people) > _NAMED else ""
    progress.say(
        f"warning: {names}{more}: the last day is over and accounts are open;"
        " commsroom apply closes them"
    )


def _selected(planned: Planned, select: Callable[[Change, Known], bool] | None) -> Planned:
    """Leave in the plan only the changes chosen, and nothing that stands in the way of others."""
    if select is None:
        return planned
    changes = tuple(item for item in planned.plan.changes if select(item, planned.known))
    return replace(planned, plan=replace(planned.plan, changes=changes, sealed=()))


def _prepare(estate: Estate, scope: Scope, progress: Progress, *, due: bool) -> Planned:
    """Plan under the lock, after settling what a killed run left open."""
    prepare = calendaring.prepare if due else planning.prepare
    planned = prepare(estate, scope, progress)
    if not bookkeeping.settle(estate, planned):
        return planned
    return planning.compare(estate, scope, planned.compiled, planned.reading, planned.due)


def _after(
    estate: Estate,
    scope: Scope,
    planned: Planned,
    left: Mapping[str, Snapshot | None],
    progress: Progress,
    *,
    select: Callable[[Change, Known], bool] | None,
) -> Plan:
    """Plan again; each system in `left` is read again, unless that was done after the last write to it."""
    if not planned.plan.changes:
        return planned.plan
    known = {name: item for name, item in left.items() if item is not None}
    fresh = read(estate, progress, only=tuple(sorted(left.keys() - known.keys())))
    snapshots = {**planned.reading.snapshots, **known, **fresh.snapshots}
    for name in fresh.unknown:
        snapshots.pop(name, None)
    reading = Reading(snapshots, {**planned.reading.unknown, **fresh.unknown})
    again = planning.compare(estate, scope, planned.compiled, reading, planned.due, again=True)
    return _selected(again, select).plan


class _Run:
    """One apply under way: its identity, and the token each system was left with."""

    def __init__(
        self, estate: Estate, planned: Planned, lease: Lease, journal: Journal, progress: Progress
    ) -> None:
        self._estate = estate
        self._planned = planned
        self._lease = lease
        self._journal = journal
        self._progress = progress
        self._id = (
            f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{uuid.uuid4().hex[:8]}-{os.getpid()}"
        )
        self._tokens = dict(planned.plan.tokens)
        self._lost: dict[str, CommsroomError] = {}
        self._fenced: FenceRefused | None = None
        self._secrets: dict[tuple[str, int], Secret] = {}
        self._held: set[Address] = set()
        #: What systems held after the last batch they were sent, where that was read.
        self.left: dict[str, Snapshot] = {}

    def all(self) -> tuple[Outcome, ...]:
        """Make every change; one system's failure does not stop the others."""
        changes = self._planned.plan.changes
        if not changes:
            return ()
        self._allot(changes)
        self._provide(changes)
        outcomes: list[Outcome] = []
        self._progress.begin("Applying", len(changes))
        for step in order.steps(changes):
            self._lease.check()
            outcomes += self._step(step)
            if self._fenced is not None:
                raise self._fenced
        self._progress.end()
        return tuple(outcomes)

    def _allot(self, changes: Sequence[Change]) -> None:
        """Make the proposed numbers and logins of everybody concerned permanent."""
        from commsroom.policy import allocations as numbers

        people = {change.after.person for change in changes if change.after is not None}
        numbers.keep(self._estate.home, self._planned.compiled.allocations, people - {""})

    def _provide(self, changes: Sequence[Change]) -> None:
        """Make sure that every secret to be sent is durably in the store first."""
        from commsroom.secrets import generate

        owners = {ref: change.address.key for change in changes for ref in _refs(change)}

        def make(ref: SecretRef) -> Secret:
            # A PIN must not be the number it guards.
            return generate.secret(
                ref.shape, generate.Rules.of(ref.length, frozenset({owners[ref]}))
            )

        refs = list(owners)
        self._estate.secrets.ensure([ref for ref in refs if ref.shape is not Shape.GIVEN], make)
        self._secrets = self._estate.secrets.get_many({(ref.path, ref.generation) for ref in refs})

    def _ready(self, planned: Sequence[Change]) -> tuple[list[Change], list[Outcome]]:
        """Tell what can be sent from what has to wait, which comes in an order that follows `needs`."""
        ready, waiting = [], []
        for change in planned:
            if why := self._held_up(change):
                self._held.add(change.address)
                waiting.append(Outcome(change.address, Status.FAILED, why))
            else:
                ready.append(change)
        return ready, waiting

    def _held_up(self, change: Change) -> str:
        """Say why a change cannot be sent yet: nobody entered its secret, or that of all it stands on."""
        if any((ref.path, ref.generation) not in self._secrets for ref in _refs(change)):
            return f"its password was not entered yet: commsroom secret enter {change.address}"
        needs = change.after.needs if change.after is not None else frozenset()
        if needs and needs <= self._held:
            return f"waits for {', '.join(str(need) for need in sorted(needs))}"
        return ""

    def _secret(self, ref: SecretRef) -> Secret:
        return self._secrets[ref.path, ref.generation]

    def _step(self, step: order.Step) -> list[Outcome]:
        outcomes: list[Outcome] = []
        batches: dict[str, tuple[int, Sequence[Change]]] = {}
        for system, planned in step.batches.items():
            changes, waiting = self._ready(planned)
            outcomes += waiting
            if not changes:
                continue
            if system in self._lost:
                outcomes += _all(changes, Status.UNKNOWN, f"{NOT_TRIED}{self._lost[system]}")
                continue
            batch = self._journal.begin(
                self._id, system, step.stage, changes, actor=actor(), fence=self._lease.fence
            )
            batches[system] = (batch, changes)

        def done(system: str, result: Any) -> None:
            batch, changes = batches[system]
            ended = self._ended(system, result, changes)
            self._write_down(batch, result, ended, changes)
            self._progress.advance(f"{system}: {step.stage}", len(ended))
            outcomes.extend(ended)

        if batches:
            self._send({system: changes for system, (_, changes) in batches.items()}, done)
        return outcomes

    def _write_down(
        self, batch: int, result: Any, ended: Sequence[Outcome], changes: Sequence[Change]
    ) -> None:
        """Close the batch; if somebody settled it meanwhile, end the run once all outcomes are in."""
        try:
            if isinstance(result, (TargetMoved, FenceRefused)):
                self._journal.abandon(batch, str(result))
            else:
                self._journal.finish(batch, ended, changes)
        except FenceRefused as error:
            self._fenced = error

    def _send(
        self, batches: Mapping[str, Sequence[Change]], done: Callable[[str, Any], None]
    ) -> None:
        def work(system: str, provider: Provider) -> Applied:
            batch = Batch(
                changes=batches[system],
                token=self._tokens.get(system, ""),
                secret=self._secret,
                estate_id=self._estate.ledger.estate_id,
                fence=self._lease.fence,
            )
            return provider.apply(batch)

        limits = self._estate.deadlines
        self._estate.fleet.each(
            work, on=list(batches), deadline=limits.connect + limits.apply + 5, done=done
        )

    def _ended(self, system: str, result: Any, changes: Sequence[Change]) -> Sequence[Outcome]:
        self.left.pop(system, None)
        if isinstance(result, Applied):
            self._tokens[system] = result.token
            if result.left is not None:
                self.left[system] = comparable(self._estate, result.left)
            return result.outcomes
        error: CommsroomError = result
        self._lost[system] = error
        untouched = isinstance(error, (TargetMoved, FenceRefused))
        return _all(changes, Status.FAILED if untouched else Status.UNKNOWN, str(error))


def _refs(change: Change) -> list[SecretRef]:
    if change.after is None:
        return []
    return [ref for ref in change.after.secrets if f"secret:{ref.slot}" in change.fields]


def _all(changes: Sequence[Change], status: Status, message: str) -> list[Outcome]:
    return [Outcome(change.address, status, message) for change in changes]
