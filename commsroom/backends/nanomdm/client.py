"""The only place that talks to a real NanoMDM: its HTTP API, and the file its webhook's receiver writes."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import quote, urlsplit

from commsroom.errors import SystemUnknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from commsroom.backends.nanomdm.settings import Settings
    from commsroom.estate.backend import Deadlines, Target

Json = dict[str, Any]

#: The name that goes with the API key (operations guide, `-api`).
_NAME: Final = "nanomdm"
#: An answer about one enrolment is far smaller.
_MOST: Final = 2**20
_NO_RIGHT: Final = frozenset({401, 403})


class Client(Protocol):
    """What the provider needs of an MDM server."""

    def enqueue(self, enrolment: str, command: bytes) -> Json:
        """Have it keep a command, a plist, and call the device; return its answer. Raises SystemUnknown."""
        ...

    def push(self, enrolment: str) -> Json:
        """Have it call the device; return its answer. Raises SystemUnknown."""
        ...

    def events(self) -> Iterator[Json]:
        """Yield what the webhook told, oldest first; lines that are none are passed over."""
        ...


@dataclass(frozen=True, slots=True)
class RealClient:
    """A server in the inventory."""

    target: Target
    settings: Settings
    deadlines: Deadlines

    def enqueue(self, enrolment: str, command: bytes) -> Json:
        """Put a command into the queue of one enrolment."""
        return self._call("PUT", f"/v1/enqueue/{quote(enrolment, safe='')}", command)

    def push(self, enrolment: str) -> Json:
        """Send one push notification."""
        return self._call("GET", f"/v1/push/{quote(enrolment, safe='')}")

    def events(self) -> Iterator[Json]:
        """Read the receipts' file; one that is not there yet has none."""
        file = self.settings.nanomdm_receipts
        if not file:
            return
        try:
            with Path(file).expanduser().open("rb") as lines:
                for line in lines:
                    try:
                        event = json.loads(line)
                    except ValueError:
                        continue  # it may be the last, and not be whole yet
                    if isinstance(event, dict):
                        yield event
        except FileNotFoundError:
            return
        except OSError as error:
            reason = f"nanomdm_receipts cannot be read: {error.strerror}"
            raise SystemUnknown(self.target.system, "receipts", reason) from error

    def _call(self, method: str, path: str, body: bytes | None = None) -> Json:
        parts = urlsplit(self.settings.nanomdm_url)
        word = f"{_NAME}:{self.settings.api_key(self.target.system)}".encode()
        headers = {"Authorization": f"Basic {base64.b64encode(word).decode('ascii')}"}
        line = self._line(parts.scheme, parts.hostname or "", parts.port)
        try:
            line.request(method, f"{parts.path}{path}", body, headers)
            answer = line.getresponse()
            status, content = answer.status, answer.read(_MOST)
        except (OSError, http.client.HTTPException) as error:
            reason = type(error).__name__  # its text may quote the request
            raise SystemUnknown(self.target.system, "mdm", reason) from error
        finally:
            line.close()
        if status in _NO_RIGHT:
            raise SystemUnknown(self.target.system, "mdm", "it refuses our API key")
        try:
            found = json.loads(content)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            reason = f"it answered {status}, and nothing that makes sense"
            raise SystemUnknown(self.target.system, "mdm", reason)
        return found

    def _line(self, scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
        limit = self.deadlines.connect
        if scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=limit)
        ca = self.target.ca
        context = ssl.create_default_context(cafile=str(ca) if ca else None)
        return http.client.HTTPSConnection(host, port, timeout=limit, context=context)
