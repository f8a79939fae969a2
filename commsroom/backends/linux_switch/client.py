"""The only place that talks to a real Linux switch: one program over SSH per operation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from commsroom.backends import host, ssh

if TYPE_CHECKING:
    from collections.abc import Sequence

    from commsroom.backends.linux_switch.settings import Settings
    from commsroom.estate.backend import Deadlines, Target
    from commsroom.estate.inspection import Facts, Seen

_MODULE = "commsroom.backends.linux_switch.on_target"

Json = dict[str, Any]


class Client(Protocol):
    """What the provider needs of a switch. Every call is one round trip."""

    def read(self) -> Json:
        """Return `{"ports": …, "token": …}`; raises SystemUnknown."""
        ...

    def apply(self, ops: Sequence[Json], *, token: str, estate_id: str, fence: int) -> Json:
        """Carry out the operations if the state is still `token`'s.

        Returns `results` (one each: `ok`, `error`), `ports` and `token` read afterwards. Raises
        TargetMoved, FenceRefused, SystemUnknown.
        """
        ...

    def inspect(self, wanted: Facts) -> Seen:
        """Return what is seen of the machine and of the switch it is; raises SystemUnknown."""
        ...


@dataclass(frozen=True, slots=True)
class RealClient:
    """A Linux switch in the inventory."""

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
        own = host.Own("commsroom.backends.linux_switch.on_target_inspection", self._place())
        return host.inspect(self.target, self.deadlines, wanted, own)

    def _place(self) -> Json:
        return {
            "bridge": self.settings.linux_switch_bridge,
            "ovs_db": self.settings.linux_switch_ovs_db,
            "lldp_socket": self.settings.linux_switch_lldp_socket,
            "lldp_file": self.settings.linux_switch_lldp_file,
        }

    def _call(self, function: str, more: Json, timeout: float) -> Json:
        data = {**self._place(), **more}
        session = ssh.Session(self.target, self.deadlines.connect)
        answer: Json = session.call(_MODULE, function, data, phase=function, timeout=timeout)
        return answer
