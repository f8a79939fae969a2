"""What a system offers a rotation: write in bulk, log in for real, withdraw in bulk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from commsroom.estate.rotation.state import Answer, Login, Place, Traits
    from commsroom.estate.secret import Secret


@dataclass(frozen=True, slots=True)
class Valid:
    """What one place is to let in: `secret`, and `keep` beside it where its holder takes two.

    `using` is a secret that it lets in now, where it can only be changed by login.
    """

    place: Place
    secret: Secret
    keep: Secret | None = None
    using: Secret | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """The end of one write. `message` is why it was refused, free of secrets.

    `fingerprint` is that of the verifier read back, `beside` that of the one kept beside it.
    """

    answer: Answer
    message: str = ""
    fingerprint: str | None = None
    beside: str | None = None


class Holder(Protocol):
    """One system and all credentials of ours that it holds.

    Each method takes any number of places and uses a constant number of round trips: a system writes
    the whole batch at once. A place of which the result says nothing has an unknown end, and so have
    all of them when SystemUnknown is raised. What is written is a *set*: doing it twice is the same as
    once. `fence` goes to the target, which refuses one lower than it has seen (FenceRefused).
    """

    def traits(self, place: Place) -> Traits:
        """Say what this system can do with the credential there."""
        ...

    def push(self, wanted: Sequence[Valid], *, fence: int) -> Mapping[Place, Written]:
        """Make each place let in its secret, and keep the other one if given; nothing else."""
        ...

    def probe(self, logins: Sequence[Valid]) -> Mapping[Place, Login]:
        """Log in at each place with its secret, as its owner would, once: never again on refusal.

        Where `Traits.evidence` is another, look for that instead: it is unknown until it is seen.
        """
        ...

    def shown(self, places: Collection[Place]) -> Mapping[Place, str]:
        """Return the fingerprint of the verifier at each place, where the system shows one."""
        ...

    def revoke(self, wanted: Sequence[Valid], *, fence: int) -> Mapping[Place, Written]:
        """Make each place let in its secret and nothing else; end what others opened, if it can."""
        ...
