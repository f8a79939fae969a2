"""The only place that talks to a real wipe station: one program over SSH per operation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from commsroom.backends import ssh

if TYPE_CHECKING:
    from commsroom.estate.backend import Deadlines, Target

_HERE: Final = "commsroom.backends.wipe_station"
_MODULE: Final = f"{_HERE}.on_target_job"
#: What the job's module imports, in the order to load it.
_ALSO: Final = tuple(
    f"{_HERE}.on_target_{name}"
    for name in ("blocks", "media", "refusal", "verify", "commands", "luks")
)

Json = dict[str, Any]


class Client(Protocol):
    """What the provider needs of a station. Every call is one round trip; raises SystemUnknown."""

    def call(self, function: str, data: Json) -> Json:
        """Call `look`, `refusals`, `start` or `status` of `on_target_job`."""
        ...


@dataclass(frozen=True, slots=True)
class RealClient:
    """A station in the inventory."""

    target: Target
    deadlines: Deadlines

    def call(self, function: str, data: Json) -> Json:
        """Run one function there."""
        session = ssh.Session(self.target, self.deadlines.connect)
        timeout = self.deadlines.read
        answer: Json = session.call(
            _MODULE, function, data, phase="wipe", timeout=timeout, also=_ALSO
        )
        return answer
