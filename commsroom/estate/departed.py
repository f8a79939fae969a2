"""People whose roster line is gone: their accounts close at once and stay for policy's retention.

A line that is deleted says nothing of a last day, and may be a slip: what the person has is not
destroyed for it. The numbers' record tells until when (see `policy.allotting`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from commsroom.estate.resource import Resource

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping

    from commsroom.estate.backend import Snapshot
    from commsroom.estate.plan import Known
    from commsroom.estate.resource import Address


def retained(
    departed: Container[str],
    desired: Container[Address],
    snapshots: Mapping[str, Snapshot],
    known: Known,
) -> Iterator[Resource]:
    """Yield what departed people still have, closed and otherwise as it is.

    Rights, memberships and whatever else is not theirs to keep is left out, and so goes.

    Args:
        departed: Ids of people gone from the roster whose retention has not passed.
        desired: What policy asks for anyway.
        snapshots: What the systems hold.
        known: What the ledger remembers: ours, and for whom it was made.
    """
    for address in known.owned:
        person = known.persons.get(address, "")
        if not person or person not in departed or address in desired:
            continue
        snapshot = snapshots.get(address.system)
        actual = snapshot.resources.get(address) if snapshot else None
        if actual is not None and actual.body.retained:
            body = replace(actual.body, **dict.fromkeys(actual.body.closes, True))
            yield Resource(address, body, person=person)
