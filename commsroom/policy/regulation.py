"""regulation.yml: the clauses that policy refers to, and who shows that each is met."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from commsroom.policy.base import Model
from commsroom.policy.scalars import ClauseRef, Text

Sentence = Annotated[str, StringConstraints(min_length=1, max_length=1000)]


class Clause(Model):
    """One clause: met (a machine shows evidence), manual (people do), missing (nothing serves it)."""

    rule: Sentence
    control: Literal["met", "manual", "missing"]
    by: Sentence | None = Field(default=None, description="What serves it, or who answers for it")


class Regulation(Model):
    """regulation.yml."""

    title: Text
    clauses: Mapping[ClauseRef, Clause]
