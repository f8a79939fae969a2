"""Who may sign: that `policies/approvers` is what two people approved, and that they ever did (clause 3.3.3)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from commsroom.estate.inspection import Standard
from commsroom.estate.resource import Provenance
from commsroom.estate.training import PEOPLE
from commsroom.estate.weighing import Severity
from commsroom.policy.approvers import FILE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from commsroom.estate.inspection import Check
    from commsroom.policy import Policy

#: The clause that wants sensitive data removed, and nothing else with it.
_CLAUSE: Final = "3.3.3"


def checks(
    policy: Policy, day: date, *, stands: str, differs: str, exists: bool, command: str
) -> Iterator[Check]:
    """Yield whether the list is as it was approved; only noted where nobody has approved any yet.

    Args:
        policy: The policy.
        day: The day of the inspection.
        stands: Who approved which list when, in words; "" where nobody did.
        differs: What is wrong with the file, "" for nothing.
        exists: Whether there is such a file.
        command: What lets the file's text stand.
    """
    standard = Standard(policy, PEOPLE, day)
    clause = policy.regulation.clauses.get(_CLAUSE)
    because = Provenance(FILE, 0, _CLAUSE if clause else "")
    if stands:
        yield standard.check(
            "approvers",
            FILE,
            expected=f"as {stands}",
            got=differs or "the same",
            ok=not differs,
            because=because,
            remedy=command,
        )
    elif exists or (clause is not None and clause.evidence):
        found = standard.check(
            "approvers",
            FILE,
            expected="two people have approved who may sign",
            got="nobody has: what people wrote is deleted for good without approvals",
            ok=False,
            because=because,
            remedy=command,
        )
        yield replace(found, weight=Severity.NOTE)
