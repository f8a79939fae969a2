"""In which order a plan is applied: close first, revoke, create what others need, delete last."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from commsroom.errors import CommsroomError
from commsroom.estate.resource import Action, Address, Change

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Stage(StrEnum):
    """Stages of an apply; each ends on every system before the next begins on any."""

    CLOSE = "close"
    REVOKE = "revoke"
    GRANT = "grant"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Step:
    """One stage (or one wave of it): the changes of each system, which may run side by side."""

    stage: Stage
    batches: Mapping[str, Sequence[Change]]


def stage_of(change: Change) -> Stage:
    """Return the stage a change belongs to.

    Whoever is shut out is shut out everywhere before anything else happens to him; rights
    go next; what is created or granted follows; objects disappear last.
    """
    if change.closes and change.before is not None:
        return Stage.CLOSE
    if change.revokes:
        return Stage.REVOKE
    if change.action is Action.DELETE:
        return Stage.DELETE
    return Stage.GRANT


def steps(changes: Sequence[Change]) -> list[Step]:
    """Group and order changes; raises CommsroomError explaining a circle of needs in words.

    Within a system the order follows `needs`; a need across systems starts a new wave, so that
    each system still gets one batch per wave.
    """
    coming = {change.address for change in changes if change.before is None}
    staged: dict[Stage, list[Change]] = {stage: [] for stage in Stage}
    for change in changes:
        stage = stage_of(change)
        if stage is Stage.REVOKE and change.after is not None and coming & change.after.needs:
            stage = Stage.GRANT  # it also takes in somebody who must exist first
        staged[stage].append(change)
    found: list[Step] = []
    for stage, members in staged.items():
        found += [Step(stage, batch) for batch in _waves(members, backwards=stage is Stage.DELETE)]
    return found


def _waves(changes: Sequence[Change], *, backwards: bool) -> list[dict[str, list[Change]]]:
    by_address = {change.address: change for change in changes}
    needs = {address: _needs(change, by_address) for address, change in by_address.items()}
    try:
        ordered = list(TopologicalSorter(needs).static_order())
    except CycleError as error:
        circle = " needs ".join(str(address) for address in error.args[1])
        raise CommsroomError(f"these need each other in a circle: {circle}") from None
    level: dict[Address, int] = {}
    for address in ordered:
        level[address] = max(
            (level[need] + (need.system != address.system) for need in needs[address]), default=0
        )
    waves: list[dict[str, list[Change]]] = [{} for _ in range(max(level.values(), default=-1) + 1)]
    for address in ordered:
        waves[level[address]].setdefault(address.system, []).append(by_address[address])
    if not backwards:
        return waves
    return [{system: batch[::-1] for system, batch in wave.items()} for wave in reversed(waves)]


def _needs(change: Change, among: Mapping[Address, Change]) -> list[Address]:
    resource = change.after or change.before
    return sorted(need for need in resource.needs if need in among) if resource else []
