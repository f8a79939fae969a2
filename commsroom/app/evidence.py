"""What a recorded run says of all it looked at, small and free of values, so that it can be shown later.

Of what was *wrong* the ledger's history tells; here is what was looked at and found right.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from commsroom.estate.inspection import Check
    from commsroom.estate.resource import Resource

#: Hex digits of a digest: enough to tell an accident, and the chain seals the event itself.
_DIGITS: Final = 16


def of_policy(desired: Iterable[Resource]) -> dict[str, Any]:
    """Return, by clause, how many objects policy asked for and a digest of what it asked.

    Policy that moved since a run was not what the run looked at; the digest tells.
    """
    found: dict[str, list[Any]] = {}
    for item in desired:
        clause = item.provenance.clause if item.provenance else ""
        # Secrets by their slots: a generation moves on with each rotation and is no policy.
        told = [str(item.address), item.body.values(), sorted(ref.slot for ref in item.secrets)]
        found.setdefault(clause, []).append(told)
    return {
        clause: [len(items), _digest(sorted(items, key=lambda told: str(told[0])))]
        for clause, items in sorted(found.items())
    }


def of_checks(checks: Iterable[Check]) -> dict[str, Any]:
    """Return, by a check's name, how many were good, wrong, wrong but accepted, and undecided."""
    found: dict[str, list[int]] = {}
    for item in checks:
        counts = found.setdefault(item.name, [0, 0, 0, 0])
        if item.ok is None:
            counts[3] += 1
        elif item.ok:
            counts[0] += 1
        else:
            counts[1 if item.acknowledged is None else 2] += 1
    return dict(sorted(found.items()))


def _digest(content: list[Any]) -> str:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
