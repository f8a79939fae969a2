"""What may be said of a wipe: it passed, it failed, or nobody knows; never that data are unrecoverable."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from math import ceil, log
from typing import Final


class Result(StrEnum):
    """PASS needs evidence for all of it; what was not seen is UNKNOWN."""

    PASS = "PASS"  # noqa: S105 - a result, no password
    FAIL = "FAIL"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One result, why, and what it rests on."""

    result: Result
    reason: str
    evidence: str = ""


_ORDER: Final = (Result.FAIL, Result.UNKNOWN, Result.PASS)


def together(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst of several; of none, UNKNOWN."""
    found = sorted(verdicts, key=lambda one: _ORDER.index(one.result))
    return found[0] if found else Verdict(Result.UNKNOWN, "nothing was verified")


def blocks_for(residue: float, confidence: float) -> int:
    """Return how many random blocks find residue of such a share with such a confidence.

    One block misses with 1 - `residue`; n of them all miss with its n-th power. For 1 % and 95 % it is 299.
    """
    return ceil(log(1 - confidence) / log(1 - residue))
