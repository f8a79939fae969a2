"""Text about plans, in the manner of Terraform, and about what an apply did.

Every line that speaks of a simulated system says so.
"""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING, Final

from commsroom.estate.backend import NOT_TRIED, Status
from commsroom.estate.resource import Action
from commsroom.reports.difference import Difference, differences
from commsroom.reports.lines import (
    Line,
    Span,
    Style,
    because,
    count,
    label,
    line,
    note,
    plain,
    seconds,
    value,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from commsroom.estate.backend import Outcome
    from commsroom.estate.due import Due
    from commsroom.estate.plan import Plan
    from commsroom.estate.resource import Address, Change

#: Above this many changes a plan is summed up by kind, unless asked for in full.
LONG: Final = 200
#: Above this many addresses of one sort a list is cut short, unless asked for in full.
MANY: Final = 20

#: More objects than this that share a system and a reason are counted, not listed.
_FEW: Final = 3

SIGN: Final[Mapping[Action, str]] = {
    Action.CREATE: "+",
    Action.UPDATE: "~",
    Action.DELETE: "-",
    Action.ADOPT: ">",
}
STYLE: Final[Mapping[Action, Style]] = {
    Action.CREATE: Style.CREATE,
    Action.UPDATE: Style.UPDATE,
    Action.DELETE: Style.DELETE,
    Action.ADOPT: Style.ADOPT,
}
_PAST: Final[Mapping[Action, str]] = {
    Action.CREATE: "created",
    Action.UPDATE: "updated",
    Action.DELETE: "deleted",
    Action.ADOPT: "adopted",
}


# ── plan ────────────────────────────────────────────────────────────────────────────────────


def plan_lines(plan: Plan, *, full: bool = False, objection: str = "") -> Iterator[Line]:
    """Yield a plan: changes by system, what was not planned and why, and the sum as the last line.

    `objection` is what a guard has against it, said before the sum.
    """
    short = len(plan.changes) > LONG and not full
    for system, group in groupby(plan.changes, key=lambda change: change.address.system):
        yield line(Span(system, Style.STRONG), *label(system, plan.simulated))
        changes = list(group)
        yield from _summed(changes, plan.simulated) if short else _each(changes, plan.simulated)
        yield ()
    if short:
        yield line(
            Span(
                f"{count(len(plan.changes), 'change')} in all; --full lists every one", Style.QUIET
            )
        )
        yield ()
    yield from _aside(plan, full=full)
    if objection:
        yield line(Span(f"apply will refuse this: {objection}", Style.BAD))
        yield ()
    yield summary(plan)


def summary(plan: Plan) -> Line:
    """Return the last line of a plan."""
    marked = note(plan.simulated)
    if plan.changes:
        total = plan.summary
        text = ", ".join(f"{total[action]} to {action}" for action in Action)
        return line(Span(f"Plan: {text}.{marked}", Style.STRONG))
    if plan.handovers:
        return line(Span(f"No changes, but not everything is its owner's.{marked}", Style.BAD))
    if plan.unknown or plan.sealed:
        return line(
            Span(f"No changes where the estate could be read and written.{marked}", Style.DOUBT)
        )
    if plan.unsupported:
        lost = count(len(plan.unsupported), "thing")
        return line(
            Span(
                f"No changes. {lost} that policy asks for cannot be had (above).{marked}",
                Style.DOUBT,
            )
        )
    what = "What was asked for" if plan.narrowed else "The estate"
    return line(Span(f"No changes. {what} matches policy.{marked}", Style.GOOD))


def _each(changes: Iterable[Change], simulated: frozenset[str]) -> Iterator[Line]:
    for change in changes:
        sign = Span(f"{SIGN[change.action]} {change.action}", STYLE[change.action])
        simulation = label(change.address.system, simulated)
        yield line("  ", sign, f" {change.address}", *because(change.provenance), *simulation)
        yield from _moves(change)


def _moves(change: Change) -> Iterator[Line]:
    found = differences(change)
    width = max((len(item.name) for item in found), default=0)
    for item in found:
        text = _new(item) if change.before is None else _moved(item)
        yield line("      ", f"{item.name:<{width}}  ", text)
    for name in change.unsupported:
        yield line("      ", Span(f"{name}: unsupported by {change.address.system}", Style.DOUBT))


def _new(item: Difference) -> str:
    return "new" if item.secret else value(item.expected)


def _moved(item: Difference) -> str:
    """Show a move; of a list that gained or lost members only those."""
    if item.unasked:
        return "will be taken away: policy does not ask for it"
    if item.secret:
        return "will be written again"
    old, new = item.actual, item.expected
    if isinstance(old, tuple) and isinstance(new, tuple) and set(old) != set(new):
        come = [f"+ {name}" for name in new if name not in old]
        gone = [f"- {name}" for name in old if name not in new]
        return ", ".join(come + gone)
    return f"{value(old)} → {value(new)}"


def _summed(changes: list[Change], simulated: frozenset[str]) -> Iterator[Line]:
    """Sum a long plan up: how many of each kind, and for how many people."""
    by_sort: dict[tuple[Action, str], list[Change]] = {}
    for change in changes:
        by_sort.setdefault((change.action, change.address.kind), []).append(change)
    order = list(Action)
    for (action, kind), members in sorted(
        by_sort.items(), key=lambda item: (order.index(item[0][0]), item[0][1])
    ):
        people = {_person(change) for change in members} - {""}
        whom = f"  for {count(len(people), 'person', 'people')}" if people else ""
        example = f"  ({members[0].address.key}{' …' if len(members) > 1 else ''})"
        sign = Span(f"{SIGN[action]} {action}", STYLE[action])
        simulation = label(members[0].address.system, simulated)
        yield line(
            "  ", sign, f" {len(members):,} {kind}{whom}", Span(example, Style.QUIET), *simulation
        )


def _person(change: Change) -> str:
    resource = change.after or change.before
    return resource.person if resource else ""


def _aside(plan: Plan, *, full: bool) -> Iterator[Line]:
    """Yield the sections of what is not planned."""
    limit = 0 if full else MANY
    foreign = [(address, "") for address in plan.foreign]
    yield from _section(
        "Foreign: not made by commsroom, not in policy, never touched", foreign, plan, limit
    )
    sealed = [(address, "") for address in plan.sealed]
    yield from _section(
        "Sealed: in policy, but in a file that is not ours to write", sealed, plan, limit
    )
    handed = [
        (address, f"{holder}'s, would become {heir}'s")
        for address, (holder, heir) in plan.handovers.items()
    ]
    yield from _section(
        "Another person's: with all that is in it, and never handed on", handed, plan, limit
    )
    unsupported = list(plan.unsupported.items())
    yield from _section(
        "Unsupported: in policy, but its system cannot hold it", unsupported, plan, limit
    )
    waiting, remarks = list(plan.waiting.items()), list(plan.remarks.items())
    yield from _section("Waiting: others go first, by policy", waiting, plan, limit)
    yield from _section(
        "Not yet arrived: as policy says, and not taken up by who uses it", remarks, plan, limit
    )
    if plan.unknown:
        yield line(Span("Unknown: could not be read, nothing is planned there", Style.STRONG))
        for system, reason in sorted(plan.unknown.items()):
            yield line("  ", Span(f"! {reason}", Style.BAD), *label(system, plan.simulated))
        yield ()


def _section(
    title: str, entries: list[tuple[Address, str]], plan: Plan, limit: int
) -> Iterator[Line]:
    if not entries:
        return
    yield line(Span(title, Style.STRONG))
    shown = entries[:limit] if limit else entries
    for address, text in shown:
        why = f": {text}" if text else ""
        yield line(
            "  ",
            Span("? ", Style.DOUBT),
            f"{address}{why}",
            *label(address.system, plan.simulated),
        )
    if len(entries) > len(shown):
        yield line(
            "  ", Span(f"and {len(entries) - len(shown):,} more; --full lists them", Style.QUIET)
        )
    yield ()


def summary_line(plan: Plan) -> str:
    """Return the sum of a plan as a plain string."""
    return plain(summary(plan))


def plan_text(plan: Plan) -> str:
    """Return a whole plan as plain text, a line break after each line."""
    return "".join(f"{plain(content)}\n" for content in plan_lines(plan))


def nothing_due(due: Due, plan: Plan) -> Line:
    """Return the one line of an `apply --due` that had nothing to do."""
    what = "Nothing is due" if not due.addresses else "All that was due is so already"
    return line(
        Span(f"{what}; counted from the apply for {due.since}.{note(plan.simulated)}", Style.GOOD)
    )


def apply_lines(
    plan: Plan, outcomes: Iterable[Outcome], remaining: Plan, took: float, *, due: bool = False
) -> Iterator[Line]:
    """Yield what an apply did: what went wrong, the sum, and what is left.

    With `due`, nothing is said of the rest of the estate: it was not looked at.
    """
    known = list(outcomes)
    yield from _failures(known, plan.simulated)
    done = {outcome.address for outcome in known if outcome.status is Status.DONE}
    counted = Counter(change.action for change in plan.changes if change.address in done)
    total = ", ".join(f"{counted[action]} {word}" for action, word in _PAST.items())
    marked = note(plan.simulated)
    yield line(Span(f"Applied: {total}, in {seconds(took)}.{marked}", Style.STRONG))
    if remaining.empty and not remaining.unknown:
        matching = "what was asked for" if remaining.narrowed else "the estate"
        what = "what was due is so" if due else f"{matching} matches policy"
        yield line(Span(f"Read again: {what}.{marked}", Style.GOOD))
        return
    yield line(Span("Read again: this is still to do.", Style.BAD))
    yield ()
    yield from plan_lines(remaining)


def _failures(outcomes: Iterable[Outcome], simulated: frozenset[str]) -> Iterator[Line]:
    """Yield what was not done: each change, but a reason that a whole system shares only once."""
    alike: dict[tuple[str, Status, str], list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.status is not Status.DONE:
            reason = outcome.message.removeprefix(NOT_TRIED)
            alike.setdefault((outcome.address.system, outcome.status, reason), []).append(outcome)
    for (system, status, reason), members in alike.items():
        mark = Span(f"✗ {status}", Style.BAD if status is Status.FAILED else Style.DOUBT)
        why = f": {reason}" if reason else ""
        simulation = label(system, simulated)
        if len(members) > _FEW:
            untried = sum(item.message.startswith(NOT_TRIED) for item in members)
            aside = f" ({untried:,} not tried)" if untried else ""
            what = f" {count(len(members), 'object')} on {system}{aside}{why}"
            yield line("  ", mark, what, *simulation)
            continue
        for item in members:
            said = f": {item.message}" if item.message else ""
            yield line("  ", mark, f" {item.address}{said}", *simulation)
