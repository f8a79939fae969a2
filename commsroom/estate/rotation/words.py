"""What the machine hears, and what it asks for. Every observation says when it was made."""

from __future__ import annotations

from dataclasses import dataclass

from commsroom.estate.rotation.state import Answer, Login, Place

# ── observations ─────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Resumed:
    """A run begins with what the ledger says; how an act ended that was under way is unknown."""

    now: float


@dataclass(frozen=True, slots=True)
class Elapsed:
    """Time has passed."""

    now: float


@dataclass(frozen=True, slots=True)
class Stored:
    """The new generation is durably in the store."""

    now: float


@dataclass(frozen=True, slots=True)
class Wrote:
    """A push or a revocation ended, as far as its system says."""

    now: float
    place: Place
    answer: Answer
    message: str = ""
    fingerprint: str | None = None
    beside: str | None = None


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A real login was tried; `fingerprint` is of the verifier read after it, where none was known."""

    now: float
    place: Place
    generation: int
    login: Login
    fingerprint: str | None = None


@dataclass(frozen=True, slots=True)
class Hastened:
    """The old generation is known to be in wrong hands: no grace from now on."""

    now: float


Observation = Resumed | Elapsed | Stored | Wrote | LoggedIn | Hastened

# ── intents ──────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Store:
    """Make the new generation and store it durably, unless it is there."""


@dataclass(frozen=True, slots=True)
class Push:
    """Make a holder let `generation` in, and `keep` too where it takes two (0: nothing else).

    `using` is a generation known to be let in, for a holder that can only be changed by login.
    """

    place: Place
    generation: int
    keep: int = 0
    using: int = 0


@dataclass(frozen=True, slots=True)
class Probe:
    """Log in, really, with one generation."""

    place: Place
    generation: int


@dataclass(frozen=True, slots=True)
class Revoke:
    """Make a holder refuse `generation`; `keep` stays."""

    place: Place
    generation: int
    keep: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing before `until`."""

    until: float


Intent = Store | Push | Probe | Revoke | Wait
