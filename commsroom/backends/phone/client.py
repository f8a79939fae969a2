"""The only place that talks to a real provisioning server: files over SSH, and HTTPS as a telephone does."""

from __future__ import annotations

import base64
import http.client
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from commsroom.backends import ssh
from commsroom.errors import SystemUnknown
from commsroom.estate.inspection import Seen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from commsroom.backends.phone.settings import Settings
    from commsroom.estate.backend import Deadlines, Target
    from commsroom.estate.inspection import Facts

_HERE: Final = "commsroom.backends.phone"
_ALSO: Final = (f"{_HERE}.on_target_fetches", f"{_HERE}.on_target_exchange")
#: The log's word for our own look (see on_target_fetches).
_AGENT: Final = "commsroom"
_MOST: Final = 4 * 1024 * 1024

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Credential:
    """How a telephone shows who it is: by name and password, or by what is in its URL."""

    name: str
    secret: str
    by_url: bool

    def __repr__(self) -> str:
        """Never show the secret."""
        return f"Credential({self.name!r})"


class Client(Protocol):
    """What the provider needs of a server. `read` and `apply` are one round trip each."""

    def read(self) -> Json:
        """Return `profiles`, `sealed`, `token`, `version`; raises SystemUnknown."""
        ...

    def apply(self, ops: Sequence[Json], *, token: str, estate_id: str, fence: int) -> Json:
        """Carry out the operations if the state is still `token`'s.

        Returns `results` ("" or why not, one each), `notes` by key, and `profiles` and `token` read after.
        Raises TargetMoved, FenceRefused, SystemUnknown.
        """
        ...

    def inspect(self, wanted: Facts) -> Seen:
        """Return what is seen of the server; raises SystemUnknown."""
        ...

    def fetch(self, who: Credential, file: str) -> tuple[int, bytes]:
        """Ask for a file as a telephone would; return status and content. Raises SystemUnknown."""
        ...


@dataclass(frozen=True, slots=True)
class RealClient:
    """A provisioning server in the inventory."""

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
        """Look at the server's part of its machine."""
        return Seen(own=self._call("inspect", {}, self.deadlines.inspect))

    def fetch(self, who: Credential, file: str) -> tuple[int, bytes]:
        """Ask over HTTPS (RFC 7617 for name and password), the certificate checked for the server's name."""
        target = self.target
        context = ssl.create_default_context(cafile=str(target.ca) if target.ca else None)
        port, limit = self.settings.provisioning_port, self.deadlines.connect
        line = _NamedHttps(target.host, port, target.tls_name, context, limit)
        word = base64.b64encode(f"{who.name}:{who.secret}".encode()).decode("ascii")
        headers = {"User-Agent": _AGENT} | (
            {} if who.by_url else {"Authorization": f"Basic {word}"}
        )
        try:
            line.request(
                "GET", f"/t/{who.secret}/{file}" if who.by_url else f"/{file}", headers=headers
            )
            answer = line.getresponse()
            return answer.status, answer.read(_MOST)
        except (OSError, http.client.HTTPException) as error:
            reason = type(error).__name__  # its text may quote the request
            raise SystemUnknown(target.system, "prove", reason) from error
        finally:
            line.close()

    def _call(self, function: str, more: Json, timeout: float) -> Json:
        settings = self.settings
        data = {
            "folder": settings.provisioning_folder, "log": settings.provisioning_log,
            "manager_port": settings.pbx_manager_port, "manager_secret": settings.pbx_manager_secret,
            "seconds": settings.phone_resync_seconds, **more,
        }  # fmt: skip
        session = ssh.Session(self.target, self.deadlines.connect)
        answer: Json = session.call(
            f"{_HERE}.on_target", function, data, phase=function, timeout=timeout, also=_ALSO
        )
        return answer


class _NamedHttps(http.client.HTTPSConnection):
    """HTTPS to an address, verified by a name that need not resolve."""

    def __init__(
        self, host: str, port: int, name: str, context: ssl.SSLContext, timeout: float
    ) -> None:
        super().__init__(host, port, timeout=timeout, context=context)
        self._name = name
        self._tls = context

    def connect(self) -> None:
        """Connect to the address, then insist on the name."""
        http.client.HTTPConnection.connect(self)
        self.sock = self._tls.wrap_socket(self.sock, server_hostname=self._name)
