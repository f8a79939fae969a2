"""The only place that talks to an `example` server: files over SSH, logins over HTTPS."""

from __future__ import annotations

import base64
import http.client
import ssl
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol, cast

from commsroom.backends import host, ssh
from commsroom.backends.example.settings import Settings
from commsroom.errors import SystemUnknown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from commsroom.estate.backend import Deadlines, Target
    from commsroom.estate.inspection import Facts, Seen

_ON_TARGET = "commsroom.backends.example.on_target"


class Client(Protocol):
    """What the provider needs of a server; `fake.py` has the same four methods."""

    def read(self) -> dict[str, Any]:
        """Return `ours` and `local` (login → values, with `password` a hash) and `token`."""
        ...

    def apply(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """Make the `edits` of `job`; return `ours` as read back, `token`, and `failed` (or "")."""
        ...

    def inspect(self, wanted: Facts) -> Seen:
        """Return what is seen of the machine; raises SystemUnknown."""
        ...

    def login(self, login: str, password: str) -> bool:
        """Tell whether the server accepts the password; raises SystemUnknown when undecided."""
        ...


class SshClient:
    """The real server: one SSH round trip a call, HTTPS for logins."""

    def __init__(self, target: Target, deadlines: Deadlines) -> None:
        """Keep where to go; nothing is connected yet."""
        self._target = target
        self._deadlines = deadlines
        self._settings = Settings.of(target.variables)
        self._session = ssh.Session(target, deadlines.connect)

    def read(self) -> dict[str, Any]:
        """Read everything in one round trip."""
        return self._call("read", {}, "read", self._deadlines.read)

    def apply(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """Hand the whole batch over in one round trip."""
        return self._call("apply", job, "apply", self._deadlines.apply)

    def inspect(self, wanted: Facts) -> Seen:
        """Look at the machine in one round trip; a part of one's own goes with it as `host.Own`."""
        return host.inspect(self._target, self._deadlines, wanted)

    def login(self, login: str, password: str) -> bool:
        """Ask for the login page with the credential (RFC 7617): 200 accepted, 401 or 403 refused."""
        target, settings = self._target, self._settings
        context = ssl.create_default_context(cafile=str(target.ca) if target.ca else None)
        # The certificate is checked for `tls_name` while the address is `host`.
        connection = _NamedHttps(
            target.host, settings.https_port, target.tls_name, context, self._deadlines.connect
        )
        word = base64.b64encode(f"{login}:{password}".encode()).decode("ascii")
        try:
            connection.request(
                "GET", settings.login_path, headers={"Authorization": f"Basic {word}"}
            )
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            reason = type(error).__name__  # its text may quote the request
            raise SystemUnknown(target.system, "prove", reason) from error
        finally:
            connection.close()
        if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            return False
        if status == HTTPStatus.OK:
            return True
        raise SystemUnknown(target.system, "prove", f"it answered a login with {status}")

    def _call(
        self, function: str, job: Mapping[str, Any], phase: str, timeout: float
    ) -> dict[str, Any]:
        place = {"folder": self._settings.folder, "reload": self._settings.reload}
        answer = self._session.call(
            _ON_TARGET, function, {**place, **job}, phase=phase, timeout=timeout
        )
        return cast("dict[str, Any]", answer)


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
