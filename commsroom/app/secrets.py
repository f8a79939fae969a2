"""secret show: give a secret to somebody entitled to the estate's key, and write down that it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commsroom.app import planning
from commsroom.app.estate import actor
from commsroom.app.scope import Scope
from commsroom.errors import SecretMissing, UsageError

if TYPE_CHECKING:
    from datetime import date

    from commsroom.app.estate import Estate
    from commsroom.estate.resource import Address
    from commsroom.estate.secret import Secret


def reveal(
    estate: Estate, glob: str, *, as_of: date | None = None
) -> tuple[tuple[Address, str, Secret], ...]:
    """Return (address, slot, secret) for every secret at the addresses a glob names.

    Raises:
        UsageError: nothing in policy matches.
        SecretMissing: it was never made (apply makes it).
    """
    desired = planning.compile_policy(estate, Scope(as_of=as_of)).desired
    chosen = [item for item in planning.pinned(estate, desired) if item.address.matches(glob)]
    if not chosen:
        raise UsageError(
            f"nothing in policy is at {glob!r}", remedy="commsroom show lists all addresses"
        )
    held = estate.secrets.get_many(
        {(ref.path, ref.generation) for item in chosen for ref in item.secrets}
    )
    found = [
        (item.address, ref.slot, held[ref.path, ref.generation])
        for item in chosen
        for ref in item.secrets
        if (ref.path, ref.generation) in held
    ]
    if not found:
        written = estate.ledger.known().secrets
        lost = any(item.address in written for item in chosen)
        remedy = (
            "restore .commsroom/secrets.db from a backup" if lost else "commsroom apply makes it"
        )
        raise SecretMissing(f"no secret is kept for {glob}", remedy=remedy)
    names = [f"{address} {slot}" for address, slot, _ in found]
    estate.ledger.record("secret shown", {"secrets": names}, actor=actor())
    return tuple(found)
