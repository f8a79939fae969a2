"""Everything commsroom may say went wrong, and the exit code each one ends with.

The hierarchy is our own so that libraries stay replaceable: each is translated where it is
used, with the original chained as the cause. Messages are written for the operator, one line,
naming the place and the remedy; they never carry a secret.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Exit(IntEnum):
    """Exit codes of every command: a contract with scripts and pipelines."""

    DONE = 0
    ERROR = 1
    DIFFERENCE = 2
    REFUSED = 3
    INCOMPLETE = 4


class CommsroomError(Exception):
    """Base of every error a user is meant to read: one line, and what to do about it."""

    exit_code: Exit = Exit.ERROR

    def __init__(self, message: str, *, remedy: str = "") -> None:
        """Keep `message` (what is wrong, and where) apart from `remedy` (what to do)."""
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        """Give the one line a terminal shows."""
        return f"{self.message} ({self.remedy})" if self.remedy else self.message


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong with the input, at its place. Lines and columns count from 1, 0 is "no place"."""

    file: str
    line: int
    column: int
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        """Render as `file:line:column: message (remedy)`, the form editors jump to."""
        place = ":".join([self.file, *(str(n) for n in (self.line, self.column) if n)])
        return f"{place}: {self.message}" + (f" ({self.remedy})" if self.remedy else "")


class PolicyErrors(CommsroomError):
    """The input cannot be used; carries every problem found, not only the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep the problems sorted by file and place."""
        self.problems: Sequence[Problem] = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class UsageError(CommsroomError):
    """The request itself makes no sense: a glob that names nothing, two options that exclude each other."""


class GuardRefused(CommsroomError):
    """A guard stopped the plan; nothing was touched. `allow` is the option that would let it pass."""

    exit_code = Exit.REFUSED

    def __init__(self, message: str, *, allow: str = "") -> None:
        """Say by how much the plan is too large and which option names exactly that."""
        super().__init__(message, remedy=f"allow exactly this with {allow}" if allow else "")
        self.allow = allow


class PlanOutdated(CommsroomError):
    """Reality moved since the plan was made; a new plan is needed."""

    exit_code = Exit.REFUSED


class LockHeld(CommsroomError):
    """Another apply holds the estate's lock; the message names its holder."""

    exit_code = Exit.REFUSED


class SystemUnknown(CommsroomError):
    """What a system holds cannot be known now: down, hung, refused us, or talked nonsense.

    `phase` is where it failed: connect, authenticate, read, apply, prove. `answered` says that the
    server itself was reached and told the reason: what is on it beside the service can be looked at.
    """

    exit_code = Exit.INCOMPLETE

    def __init__(
        self, system: str, phase: str, reason: str, *, remedy: str = "", answered: bool = False
    ) -> None:
        """Name the system and the phase; `reason` must be free of secrets."""
        super().__init__(f"{system}: {phase}: {reason}", remedy=remedy)
        self.system = system
        self.phase = phase
        self.reason = reason
        self.answered = answered


class TargetMoved(CommsroomError):
    """The target changed between our read and our write; nothing was written there."""

    exit_code = Exit.INCOMPLETE


class FenceRefused(CommsroomError):
    """The target has seen a newer apply than ours: our lock was broken; nothing was written."""

    exit_code = Exit.REFUSED


class SecretMissing(CommsroomError):
    """A secret reference points at nothing in the store."""
