"""One trial: do something as its owner would, and hold what happened against what was expected."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from commsroom.backends.asterisk.proof.line import Refused, Undecided
from commsroom.estate.backend import Proof

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from commsroom.estate.resource import Address

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Trial(Generic[T]):
    """A proof, and what the action gave if it succeeded."""

    proof: Proof
    result: T | None = None


async def attempt(
    address: Address,
    use: str,
    action: Awaitable[T],
    *,
    works: str = "accepted",
    fails: str = "refused",
    allowed: bool = True,
    login: bool = False,
) -> Trial[T]:
    """Await `action` and judge it: with `allowed` it must work, without it must be refused.

    An action that ends in neither (Undecided) proves nothing either way. `login` marks an accepted
    credential of the owner's own.
    """
    start = time.monotonic()
    expected = works if allowed else fails
    result: T | None = None
    try:
        result = await action
    except Refused as no:
        got, ok, note = fails, not allowed, str(no)
    except Undecided as unclear:
        got, ok, note = "no clear answer", None, str(unclear)
    else:
        got, ok, note = works, allowed, ""
    ms = (time.monotonic() - start) * 1000
    proof = Proof(address, use, expected, got, ok, ms=ms, note=note, login=login and bool(ok))
    return Trial(proof, result)


def untried(address: Address, use: str, expected: str, why: str) -> Proof:
    """Say that something was not even tried, and why."""
    return Proof(address, use, expected, "not tried", None, note=why)
