"""Puts a file where the server said and gets it back, over HTTPS to the server's own address."""

from __future__ import annotations

import http.client
import socket
import ssl
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from commsroom.backends.prosody.proof.chat import Refused, Undecided

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Where:
    """The server's address, whatever names its URLs carry; those names must be in its certificate."""

    address: str
    tls: ssl.SSLContext
    timeout: float


class _Connection(http.client.HTTPSConnection):
    """An HTTPS connection to a fixed address that still checks the certificate by the URL's name."""

    def __init__(self, where: Where, name: str, port: int) -> None:
        super().__init__(name, port, timeout=where.timeout, context=where.tls)
        self._where = where

    def connect(self) -> None:
        plain = socket.create_connection((self._where.address, self.port), self._where.timeout)
        self.sock = self._where.tls.wrap_socket(plain, server_hostname=self.host)


def there_and_back(
    where: Where, put: str, get: str, headers: Mapping[str, str], data: bytes
) -> None:
    """PUT `data`, GET it and compare; raises Refused, Undecided."""
    _ask(where, "PUT", put, {"Content-Type": "text/plain", **headers}, data)
    if _ask(where, "GET", get, {}, None) != data:
        raise Undecided("another file came back than the one that was sent")


def _ask(
    where: Where, method: str, url: str, headers: Mapping[str, str], data: bytes | None
) -> bytes:
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise Undecided("the server names an upload address that is not HTTPS")
    connection = _Connection(where, parts.hostname, parts.port or 443)
    try:
        connection.request(method, parts.path, data, dict(headers))
        answer = connection.getresponse()
        body = answer.read()
    except http.client.HTTPException as error:
        raise Undecided(f"{method} broke off: {type(error).__name__}") from error
    except ssl.SSLCertVerificationError as error:
        raise Undecided(f"its certificate is not accepted: {error.verify_message}") from error
    except OSError as error:
        raise Undecided(f"{method}: {error.strerror or error}") from error
    finally:
        connection.close()
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise Undecided(f"{method} ended with status {answer.status}")
    if answer.status >= HTTPStatus.BAD_REQUEST:
        raise Refused(f"{method} ended with status {answer.status}")
    return body
