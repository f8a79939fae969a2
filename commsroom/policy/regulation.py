"""regulation.yml: the company's own rules, clause by clause, and the evidence that each holds.

Whether a clause is met is computed by `commsroom comply` from evidence, never stated.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from commsroom.policy.base import Model
from commsroom.policy.evidence import Evidence
from commsroom.policy.scalars import ClauseRef, Duration, Text

Sentence = Annotated[str, StringConstraints(min_length=1, max_length=1000)]


class Clause(Model):
    """One clause: its rule, and what shows that it holds. Without evidence it is *missing*."""

    rule: Sentence
    by: Sentence | None = Field(default=None, description="What serves it, in words")
    evidence: tuple[Evidence, ...] = Field(
        default=(), description="All of it must be there, fresh and good"
    )
    lacks: Sentence | None = Field(
        default=None,
        description="What of the rule nothing serves yet; as long as it stands, the clause is never"
        " *met*",
    )
    control: Literal["met", "manual", "missing"] | None = Field(
        default=None,
        description="Of older files; says nothing any more, since it is computed",
    )


class Regulation(Model):
    """regulation.yml."""

    title: Text
    within: Duration = Field(
        default=timedelta(days=8),
        description="How old evidence may be that says nothing itself; a week and a day",
    )
    clauses: Mapping[ClauseRef, Clause]
