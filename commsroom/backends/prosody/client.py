"""The only place that talks to a real Prosody: its admin socket over SSH, and XMPP for proofs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from commsroom.backends import host, ssh

if TYPE_CHECKING:
    from collections.abc import Sequence

    from commsroom.backends.prosody.proof.chat import Chat
    from commsroom.backends.prosody.settings import Settings
    from commsroom.estate.backend import Deadlines, Target
    from commsroom.estate.inspection import Facts, Seen

_MODULE = "commsroom.backends.prosody.on_target"

Json = dict[str, Any]


class Client(Protocol):
    """What the provider needs of a server. Every call is one round trip."""

    def read(self) -> Json:
        """Return `{"state": …, "token": …}`; raises SystemUnknown."""
        ...

    def apply(self, ops: Sequence[Json], *, token: str, estate_id: str, fence: int) -> Json:
        """Carry out the operations if the state is still `token`'s.

        Returns `results` (one each: `ok`, `error`), `verifiers` (of the accounts concerned, before),
        and `state` and `token` read afterwards. Raises TargetMoved, FenceRefused, SystemUnknown.
        """
        ...

    def inspect(self, wanted: Facts) -> Seen:
        """Return what is seen of the machine and of the server on it; raises SystemUnknown."""
        ...

    def chat(self, timeout: float) -> Chat:
        """Return the server as its users meet it; `timeout` is seconds to each of its answers."""
        ...


@dataclass(frozen=True, slots=True)
class RealClient:
    """A Prosody in the inventory."""

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
        data = {"federation": self.settings.im_federation}
        own = host.Own("commsroom.backends.prosody.on_target_inspection", data)
        return host.inspect(self.target, self.deadlines, wanted, own)

    def chat(self, timeout: float) -> Chat:
        """Log in from here, to the server's address, by the domain's name."""
        from commsroom.backends.prosody.proof.xmpp import Server

        return Server(
            address=self.target.host,
            port=self.settings.im_direct_tls_port,
            domain=self.settings.im_domain,
            rooms=self.settings.rooms_host,
            ca=self.target.ca,
            timeout=timeout,
        )

    def _call(self, function: str, more: Json, timeout: float) -> Json:
        data = {
            "socket": self.settings.im_admin_socket,
            "host": self.settings.im_domain,
            "rooms": self.settings.rooms_host,
            "timeout": timeout,
            **more,
        }
        session = ssh.Session(self.target, self.deadlines.connect)
        answer: Json = session.call(_MODULE, function, data, phase=function, timeout=timeout)
        return answer
