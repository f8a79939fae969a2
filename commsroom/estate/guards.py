"""Guards: when a plan is too large, or touches what is protected, it stops and says by how much."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from commsroom.errors import GuardRefused
from commsroom.estate.resource import Action

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from commsroom.estate.plan import Known, Plan
    from commsroom.estate.resource import Address, Change

#: Share of what we own, of one kind on one system or in total, above which removing needs a word.
REMOVAL_LIMIT: Final = 0.30
_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Allow:
    """What the operator allows by name, exactly.

    `removals` holds `system:kind` or `total`; `protected` holds addresses; `adopt` globs.
    """

    removals: frozenset[str] = frozenset()
    protected: frozenset[str] = frozenset()
    adopt: tuple[str, ...] = field(default=())
    #: How the operator says what may be removed, `{}` being several with commas; empty: by options.
    removals_said_by: str = field(default="", compare=False)


def check(plan: Plan, known: Known, allow: Allow, *, limit: float = REMOVAL_LIMIT) -> None:
    """Let the plan pass or raise GuardRefused naming the numbers and the option that allows it.

    Raises:
        GuardRefused: sealed or unowned objects in the way, one person's object going to another,
            something protected touched, or more than `limit` of what we own deleted or suspended.
            Small systems count too.
    """
    _check_strangers(plan, allow)
    _check_handover(plan)
    _check_protected(plan, known, allow)
    _check_size(plan, allow, limit)


def removes(change: Change) -> bool:
    """Tell whether a change deletes an object or suspends it."""
    return change.action is Action.DELETE or (change.before is not None and change.closes)


def _check_strangers(plan: Plan, allow: Allow) -> None:
    if plan.sealed:
        raise GuardRefused(
            f"{_some(plan.sealed)} exist in files that are not ours to write; remove them there first"
        )
    strangers = [
        change.address
        for change in plan.changes
        if change.action is Action.ADOPT
        and not any(change.address.matches(glob) for glob in allow.adopt)
    ]
    if strangers:
        raise GuardRefused(
            f"{_some(strangers)} exist already and were not made by commsroom",
            allow=f"{_adopting(strangers)}, or take over first with: commsroom adopt {strangers[0]}",
        )


def _check_handover(plan: Plan) -> None:
    """Stop where somebody would inherit another's object with all that is in it.

    Numbers and logins rest before they are given again, so this is a lost line of the allocations,
    or an address in the roster that somebody else still has.
    """
    for address, (holder, heir) in plan.handovers.items():
        raise GuardRefused(
            f"{address} is {holder}'s, with all that is in it, and would become {heir}'s;"
            f" restore {holder}'s line in policies/allocations.lock and people.csv, or, if it was"
            f" given up, take it away first with: commsroom apply --person {holder}"
        )


def touched(plan: Plan, known: Known) -> tuple[Change, ...]:
    """Return the changes of what is protected, whatever is allowed."""
    return tuple(
        change
        for change in plan.changes
        if change.before is not None
        and (change.address in known.protected or change.before.protected)
        and change.action is not Action.ADOPT
    )


def _check_protected(plan: Plan, known: Known, allow: Allow) -> None:
    for change in touched(plan, known):
        if str(change.address) not in allow.protected:
            raise GuardRefused(
                f"{change.address} is protected and the plan would {change.action} it",
                allow=f"--allow-protected {change.address}",
            )


def excess(plan: Plan, limit: float) -> tuple[tuple[str, str], ...]:
    """Return what a plan removes beyond the limit, whatever is allowed: in words, and as it is allowed."""
    gone = Counter(
        (item.address.system, item.address.kind) for item in plan.changes if removes(item)
    )
    found = []
    for (system, kind), count in sorted(gone.items()):
        owned = plan.owned.get((system, kind), 0)
        if owned and count > limit * owned:
            found.append(
                (f"{count} of {owned} {kind} on {system} ({count / owned:.0%})", f"{system}:{kind}")
            )
    total, owned_total = sum(gone.values()), sum(plan.owned.values())
    if owned_total and total > limit * owned_total:
        found.append((f"{total} of all {owned_total} objects ({total / owned_total:.0%})", "total"))
    return tuple(found)


def _check_size(plan: Plan, allow: Allow, limit: float) -> None:
    beyond = [(text, name) for text, name in excess(plan, limit) if name not in allow.removals]
    if beyond:
        raise GuardRefused(
            f"the plan deletes or suspends {', '.join(text for text, _ in beyond)}; the limit is {limit:.0%}",
            allow=_removing([name for _, name in beyond], allow),
        )


def _removing(names: Sequence[str], allow: Allow) -> str:
    """Return the words that allow these removals, where they are typed: a terminal or a playbook."""
    if allow.removals_said_by:
        return allow.removals_said_by.format(",".join([*sorted(allow.removals), *names]))
    return " ".join(f"--allow-removal {name}" for name in names)


def _adopting(strangers: Sequence[Address]) -> str:
    """Return the words that allow all of them: each by name, or by kind where they are many."""
    globs = [str(address) for address in strangers]
    if len(globs) > _NAMED:
        globs = sorted({f"{address.system}:{address.kind}/*" for address in strangers})
    return " ".join(f"--allow-adopt '{glob}'" for glob in globs)


def _some(addresses: Iterable[Address]) -> str:
    listed = [str(address) for address in addresses]
    rest = len(listed) - _NAMED
    return ", ".join(listed[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")
