"""What is known of one credential's rotation: all of it is in the ledger, nothing in a process.

Times are seconds since the epoch. Generations count from 1; 0 is "none".
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Self

from commsroom.estate.resource import Address
from commsroom.estate.secret import Shape

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


class Phase(StrEnum):
    """Where a rotation stands."""

    STAGED = "staged"  #: a generation has its number; it is being stored, and nothing was sent
    PUSHED = "pushed"  #: it is stored, and on its way to the holders, one after another
    VERIFIED = "verified"  #: every holder let it in
    PROMOTED = "promoted"  #: it is the current generation
    GRACE = "grace"  #: the old one is still let in where a holder takes two
    REVOKING = "revoking"  #: the grace time is over; the old one is being withdrawn
    REVOKED = "revoked"  #: every holder lets the new one in and refuses the old one
    ROLLING_BACK = "rolling-back"  #: it cannot be had everywhere: all go back to the old one
    ROLLED_BACK = "rolled-back"  #: every holder lets the old one in, as before
    QUARANTINED = "quarantined"  #: a person must look: `Rotation.why` says at what


#: Nothing more happens by itself.
ENDED: Final = frozenset({Phase.REVOKED, Phase.ROLLED_BACK, Phase.QUARANTINED})


class Login(StrEnum):
    """What a real login said, or other `Evidence`: the only thing that decides. A time-out says nothing."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Evidence(StrEnum):
    """What shows that a credential is in force where it is held."""

    LOGIN = "login"  #: we log in with it ourselves; one that is refused counts for a lockout
    USE = "use"  #: whoever has it was seen to log in with it, a telephone at its exchange
    FETCH = "fetch"  #: what has it was seen to fetch it; that it works is nowhere to be tried


class Answer(StrEnum):
    """What a system answered to a write. A time-out is `unknown`: it may have happened, or will."""

    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a credential is held: a slot of the object at an address."""

    address: Address
    slot: str

    def __str__(self) -> str:
        """Render as `pbx1:extension/2107 password`."""
        return f"{self.address} {self.slot}"


@dataclass(frozen=True, slots=True)
class Traits:
    """What a holder can do with one credential.

    Attributes:
        two: It lets two generations in at once, so that grace is real. Else a push changes it.
        beside: The slot in which the second one then is (`Kind.spare`), if it has a slot of its own.
        by_login: It can only be changed by somebody who logs in with what it lets in now.
        evidence: What decides whether a generation is let in there.
        late: Seconds within which a write may still take effect (again), whatever was answered.
        fenced: It refuses a write that was made on an older state, or by a run whose lock was lost: one that
            was answered is over, and so is every earlier one. `late` then counts for writes without an
            answer only.
        tries: Failed logins that it may see from us within `window` seconds, below its lockout; what is only
            looked for is never counted.
        window: See `tries`.
    """

    two: bool = False
    beside: str = ""
    by_login: bool = False
    evidence: Evidence = Evidence.LOGIN
    late: float = 120.0
    fenced: bool = False
    tries: int = 3
    window: float = 900.0


@dataclass(frozen=True, slots=True)
class Terms:
    """How one rotation is to be done.

    Attributes:
        grace: Seconds for which the old generation stays valid where two can be held.
        retry: Seconds to wait after an unknown answer, or a login refused in spite of a push.
        attempts: Writes refused or without effect until a holder is given up.
        patience: Seconds of silence of one holder after which the others are taken back.
        compromised: The old generation is in wrong hands: no grace, and never back to it.
    """

    grace: float = 86_400.0
    retry: float = 30.0
    attempts: int = 3
    patience: float = 3_600.0
    compromised: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """What is known of the credential at one holder.

    Attributes:
        place: Where it is.
        traits: What its holder can.
        logins: What the last real login with each generation said, since the last write.
        doing: The act that was recorded and has no end yet: `push`, `probe` or `revoke`.
        answered: What was answered and no login has judged yet: `push` or `revoke`.
        vain: How often, in this phase, a write was refused, or answered and a login showed no effect.
        revoked: Withdrawing was tried in this phase.
        barred: Why it cannot be written, as its system said last.
        touched: The new one was or may have been sent here, and nothing was answered since on the way back.
        moving: Until then a push of this rotation's `new` may still take effect.
        quiet: Until then any write may: the next rotation waits for it.
        rest: Nothing is done here before.
        silent: Since when it has answered nothing, 0 if it has.
        gone: It was silent for so long that the others are not kept waiting (`Terms.patience`).
        failed: When logins were refused, or may have been: what a lockout counts.
        fingerprint: Of the verifier, as read back after the last push, if the system shows one.
        beside: The same of the one that was kept beside it.
    """

    place: Place
    traits: Traits = Traits()
    logins: Mapping[int, Login] = field(default_factory=dict)
    doing: str = ""
    answered: str = ""
    vain: int = 0
    revoked: bool = False
    barred: str = ""
    touched: bool = False
    moving: float = 0.0
    quiet: float = 0.0
    rest: float = 0.0
    silent: float = 0.0
    gone: bool = False
    failed: tuple[float, ...] = ()
    fingerprint: str | None = None
    beside: str | None = None

    def lets_in(self, generation: int) -> bool:
        """Tell whether a login with this generation was accepted."""
        return self.logins.get(generation) is Login.ACCEPTED

    def refuses(self, generation: int) -> bool:
        """Tell whether a login with this generation was refused."""
        return self.logins.get(generation) is Login.REFUSED

    def may_fail_from(self, now: float) -> float:
        """Return the first moment at which one more failed login stays below the lockout."""
        recent = [at for at in self.failed if at > now - self.traits.window]
        if self.traits.evidence is not Evidence.LOGIN:
            return now
        if len(recent) < self.traits.tries:
            return now
        return sorted(recent)[-self.traits.tries] + self.traits.window


@dataclass(frozen=True, slots=True)
class Rotation:
    """One credential on its way from generation `old` to `new`, at all its holders.

    Attributes:
        path: Of the secret, `wei.wang/sip`.
        shape: How a new one is made.
        old: The generation in force when it began; 0 where there was none.
        new: The generation to come. Its number is never used for another value.
        spare: Older generations that a holder might still have.
        holders: In the order in which they are changed.
        terms: How it is to be done.
        phase: Where it stands.
        since: When it came there.
        why: What made it turn back, or what a person must look at.
    """

    path: str
    shape: Shape
    old: int
    new: int
    holders: tuple[Held, ...]
    spare: tuple[int, ...] = ()
    terms: Terms = Terms()
    phase: Phase = Phase.STAGED
    since: float = 0.0
    why: str = ""

    @property
    def ended(self) -> bool:
        """Tell whether nothing more happens by itself."""
        return self.phase in ENDED

    @property
    def unsent(self) -> bool:
        """Tell whether the new generation has not left the store, so that nobody can know it."""
        return self.phase is Phase.STAGED

    @property
    def undecided(self) -> bool:
        """Tell whether a holder may have either generation, and nobody knows which."""
        return self.phase in {Phase.PUSHED, Phase.VERIFIED, Phase.ROLLING_BACK}

    @property
    def wanted(self) -> int:
        """Return the generation that every holder is to let in."""
        back = self.phase in {Phase.ROLLING_BACK, Phase.ROLLED_BACK}
        return self.old if back else self.new

    @property
    def known(self) -> tuple[int, ...]:
        """Return all generations that a holder may have: pending, current, previous."""
        return tuple(one for one in dict.fromkeys((self.new, self.old, *self.spare)) if one)

    @property
    def coupled(self) -> bool:
        """Tell whether several holders must have the same."""
        return len(self.holders) > 1

    def rests_until(self, now: float) -> float:
        """Return until when failed logins, or the last write, keep it waiting; `now` where nothing does."""
        return max(max(held.rest, held.may_fail_from(now)) for held in self.holders)

    def counting(self, now: float) -> bool:
        """Tell whether one more failed login might lock the account at one of its holders."""
        return any(held.may_fail_from(now) > now for held in self.holders)

    @property
    def silent(self) -> tuple[str, ...]:
        """Return the systems that answered nothing when asked last."""
        return tuple(sorted({one.place.address.system for one in self.holders if one.silent}))

    def with_(self, held: Held) -> Self:
        """Return it with one holder's part replaced."""
        same = (held if one.place == held.place else one for one in self.holders)
        return replace(self, holders=tuple(same))

    def at(self, place: Place) -> Held:
        """Return one holder's part."""
        return next(one for one in self.holders if one.place == place)


# ── as JSON, in the ledger ───────────────────────────────────────────────────────────────────


_USUAL: Final = Rotation("", Shape.PASSWORD, 0, 0, ())
_USUALLY_HELD: Final = Held(Place(Address("", "", ""), ""))


def to_json(rotation: Rotation) -> dict[str, Any]:
    """Write all of it; what is as usual is left out. No value of a secret is in it, nor ever was."""
    said = _differing(rotation, _USUAL, {"holders", "terms"})
    if rotation.terms != _USUAL.terms:
        said["terms"] = _differing(rotation.terms, _USUAL.terms)
    return {**said, "holders": [_held_to_json(held) for held in rotation.holders]}


def from_json(said: Mapping[str, Any]) -> Rotation:
    """Read back what `to_json` wrote."""
    parts = dict(said)
    parts["shape"] = Shape(parts.get("shape", Shape.PASSWORD))
    parts["phase"] = Phase(parts.get("phase", Phase.STAGED))
    parts["spare"] = tuple(parts.get("spare", ()))
    parts["terms"] = Terms(**parts.get("terms", {}))
    parts["holders"] = tuple(_held_from_json(one) for one in parts["holders"])
    return Rotation(**{"old": 0, **parts})


def _held_to_json(held: Held) -> dict[str, Any]:
    said = _differing(held, _USUALLY_HELD, {"place", "traits", "logins"})
    if held.logins:
        said["logins"] = {str(number): str(login) for number, login in held.logins.items()}
    if held.traits != _USUALLY_HELD.traits:
        said["traits"] = _differing(held.traits, _USUALLY_HELD.traits)
    return {"at": str(held.place.address), "slot": held.place.slot, **said}


def _held_from_json(said: Mapping[str, Any]) -> Held:
    parts = dict(said)
    place = Place(Address.parse(parts.pop("at")), parts.pop("slot"))
    logins = {int(number): Login(login) for number, login in parts.pop("logins", {}).items()}
    traits = dict(parts.pop("traits", {}))
    traits["evidence"] = Evidence(traits.get("evidence", Evidence.LOGIN))
    failed = tuple(parts.pop("failed", ()))
    return Held(place, Traits(**traits), logins, failed=failed, **parts)


def _differing(
    item: Rotation | Held | Terms | Traits, usual: object, leave: Collection[str] = ()
) -> dict[str, Any]:
    return {
        name: value
        for name in item.__slots__
        if name not in leave and (value := getattr(item, name)) != getattr(usual, name)
    }
