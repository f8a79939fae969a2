"""What every connection of a proof has in common: where to, verified how, and what a failure is called.

Certificates are verified by name against the estate's authority while connecting to an address, so
that no DNS is needed. Every phase has a time limit.
"""

from __future__ import annotations

import imaplib
import smtplib
import ssl
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Final

from commsroom.backends.postfix_dovecot.wire import Unanswered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from commsroom.estate.backend import Deadlines, Target

_LEAST_SECONDS: Final = 15.0


class Door:
    """One server's address, the name its certificate must have, and seconds for each step."""

    def __init__(self, target: Target, deadlines: Deadlines) -> None:
        """Keep where the server is; the authority is read when first needed."""
        self.host = target.host
        self.name = target.tls_name
        self.timeout = max(deadlines.connect, _LEAST_SECONDS)
        self._ca = target.ca

    @cached_property
    def tls(self) -> ssl.SSLContext:
        """Return what verifies the server: TLS 1.2 at least, the estate's authority."""
        context = ssl.create_default_context(cafile=self._ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn every way a connection can fail into `Unanswered`, without a server's words in it."""
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise Unanswered(f"{what}: its certificate is not good: {error.verify_message}") from error
    except TimeoutError as error:
        raise Unanswered(f"{what}: no answer within the time limit") from error
    except (OSError, imaplib.IMAP4.error, smtplib.SMTPException) as error:
        raise Unanswered(f"{what}: {type(error).__name__}") from error
