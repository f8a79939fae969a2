"""The only place that talks to a real Asterisk: its manager interface over SSH, and SIP for proofs."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from commsroom.backends import host, ssh
from commsroom.errors import CommsroomError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from commsroom.backends.asterisk.proof.line import Exchange
    from commsroom.backends.asterisk.settings import Settings
    from commsroom.estate.backend import Deadlines, Target
    from commsroom.estate.inspection import Facts, Seen

_HERE: Final = "commsroom.backends.asterisk"
_ALSO: Final = tuple(
    f"{_HERE}.on_target_{part}"
    for part in ("ami", "conf", "dialplan", "trunk", "objects", "written")
)

Json = dict[str, Any]


class Client(Protocol):
    """What the provider needs of a server. `read` and `apply` are one round trip each."""

    def read(self) -> Json:
        """Return `objects`, `sealed`, `token`, `version`; raises SystemUnknown."""
        ...

    def apply(self, ops: Sequence[Json], *, token: str, estate_id: str, fence: int) -> Json:
        """Carry out the operations if the state is still `token`'s.

        Returns `results` ("" or why not, one each), and, read afterwards, the `objects` concerned
        and the `token`.
        Raises TargetMoved, FenceRefused, SystemUnknown.
        """
        ...

    def inspect(self, wanted: Facts) -> Seen:
        """Return what is seen of the machine and of the server on it; raises SystemUnknown."""
        ...

    def exchange(self) -> Exchange:
        """Return the server as a telephone meets it."""
        ...


@dataclass(frozen=True, slots=True)
class RealClient:
    """An Asterisk in the inventory."""

    target: Target
    settings: Settings
    deadlines: Deadlines

    def read(self) -> Json:
        """Ask for everything."""
        return self._call("read", {}, self.deadlines.read)

    def apply(self, ops: Sequence[Json], *, token: str, estate_id: str, fence: int) -> Json:
        """Send the whole batch."""
        more = {"ops": list(ops), "token": token, "estate_id": estate_id, "fence": fence}
        return self._call("apply", more, self.deadlines.apply)

    def inspect(self, wanted: Facts) -> Seen:
        """Look at everything in one round trip."""
        data = {**self._places, "timeout": self.deadlines.inspect}
        own = host.Own(f"{_HERE}.on_target_inspection", data, also=_ALSO[:1])
        return host.inspect(self.target, self.deadlines, wanted, own)

    def exchange(self) -> Exchange:
        """Call from here, to the server's address, verified by its name."""
        from commsroom.backends.asterisk.proof.sip_line import RealExchange

        ports = {"tls": self.settings.pbx_sips_port, "udp": self.settings.pbx_udp_port}
        target = self.target
        return RealExchange(
            target.host, target.tls_name, target.ca, ports, self._clock, self._lines
        )

    async def _clock(self) -> tuple[str, str]:
        from commsroom.backends.asterisk.proof.line import Undecided

        try:
            found = await asyncio.to_thread(self._call, "clock", {}, self.deadlines.connect)
        except CommsroomError as error:
            raise Undecided(error.message) from error
        return found["day"], found["time"]

    async def _lines(self) -> dict[str, str]:
        from commsroom.backends.asterisk.proof.line import Undecided

        try:
            found = await asyncio.to_thread(self._call, "lines", {}, self.deadlines.connect)
        except CommsroomError as error:
            raise Undecided(error.message) from error
        return dict(found)

    @property
    def _places(self) -> Json:
        return {
            "folder": self.settings.pbx_folder,
            "spool": self.settings.pbx_voicemail_spool,
            "manager_port": self.settings.pbx_manager_port,
            "manager_secret": self.settings.pbx_manager_secret,
        }

    def _call(self, function: str, more: Json, timeout: float) -> Json:
        data = {**self._places, "timeout": timeout, **more}
        session = ssh.Session(self.target, self.deadlines.connect)
        answer: Json = session.call(
            f"{_HERE}.on_target", function, data, phase=function, timeout=timeout, also=_ALSO
        )
        return answer
