"""How much of the roster is gone: a file that arrived half empty is not many small mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from commsroom.policy import allocations, references, roster, tree
from commsroom.policy.loading import SUBJECTS

if TYPE_CHECKING:
    from commsroom.errors import Problem


def lost(estate: Path) -> tuple[int, int]:
    """Return how many of those who ever got an account are gone from the roster, and of how many.

    Gives (0, 0) when the roster or the allocations cannot be read: then nothing can be said.
    """
    ignored: list[Problem] = []
    problems: list[Problem] = []
    folder = estate / "policies"
    trees = {
        subject: tree.read(folder / f"{subject}.yml", f"policies/{subject}.yml", subject, ignored)
        for subject in SUBJECTS
    }
    names = references.Names.of(trees, SUBJECTS)
    people, _ = roster.read(roster.find(folder, problems), names, (), problems)
    held = [entry.id for entry in allocations.read(estate, problems)]
    if problems:
        return 0, 0
    there = {person.id for person in people}
    return sum(key not in there for key in held), len(held)
