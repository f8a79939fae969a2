"""Mail as it is handed in: submission with STARTTLS, and port 25 as a stranger sees it.

RFC 5321 and 6409 (SMTP, submission), RFC 1870 (SIZE).
"""

from __future__ import annotations

import smtplib
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import format_datetime, localtime
from typing import TYPE_CHECKING, Final

from commsroom.backends.postfix_dovecot.proof.connecting import Door, translated
from commsroom.backends.postfix_dovecot.wire import NoEntry, Reply, Unanswered

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from commsroom.backends.postfix_dovecot.settings import Settings
    from commsroom.backends.postfix_dovecot.wire import Login

#: Ports on which mail was once read or sent in clear; none may answer, save 4190 with STARTTLS.
_CLEAR_PORTS: Final = (110, 143)
_CLEAR_TIMEOUT: Final = 3.0
_HELO: Final = "proof.commsroom.invalid"


class _Smtp(smtplib.SMTP):
    """SMTP to an address, whose STARTTLS is verified by a name."""

    def __init__(self, address: tuple[str, int], name: str, timeout: float) -> None:
        self._address = address
        super().__init__(name, address[1], local_hostname=_HELO, timeout=timeout)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return socket.create_connection(self._address, timeout)


class Post:
    """Uses one mail server; every call opens its own connection and closes it."""

    def __init__(self, door: Door, system: str, settings: Settings) -> None:
        """Keep where the server is; `system` is what its test messages say they come from."""
        self._door = door
        self._system = system
        self._settings = settings

    def submit(self, login: Login, sender: str, to: Sequence[str], message_id: str) -> Reply:
        """Submit a small message; the answer is that of the step at which it was decided."""
        message = EmailMessage()
        message["From"], message["To"] = sender, ", ".join(to)
        message["Subject"] = "commsroom proof: please ignore"
        message["Date"], message["Message-ID"] = format_datetime(localtime()), message_id
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's auto-reply answers it
        message["X-Commsroom-Proof"] = self._system
        message.set_content("commsroom sent this to prove that mail arrives.\n")
        with self._submission(login) as link:
            for step, value in (("MAIL FROM:", sender), *(("RCPT TO:", one) for one in to)):
                code, text = link.docmd(step + f"<{value}>")
                if code >= 400:  # noqa: PLR2004 - RFC 5321: from 400 on it is no
                    return _reply(code, text)
            return _reply(*link.data(message.as_bytes()))

    def deliver(
        self, login: Login, letters: Sequence[EmailMessage], to: Sequence[str]
    ) -> Iterator[Reply]:
        """Submit letters, the n-th to the n-th address, in one session; yield what became of each."""
        with self._submission(login) as link:
            for message, address in zip(letters, to, strict=True):
                reply = _reply(*link.docmd(f"MAIL FROM:<{login.name}>"))
                if reply.accepted:
                    reply = _reply(*link.docmd(f"RCPT TO:<{address}>"))
                if reply.accepted:
                    reply = _reply(*link.data(message.as_bytes()))
                else:
                    link.docmd("RSET")
                yield reply

    def too_large(self, login: Login, sender: str) -> Reply:
        """Announce one byte more than the server says it takes (or than it was told to take)."""
        with self._submission(login) as link:
            limit = self._settings.message_size or int(link.esmtp_features.get("size") or 0)
            if not limit:
                raise Unanswered("the server states no limit")
            return _reply(*link.docmd(f"MAIL FROM:<{sender}> SIZE={limit + 1}"))

    def stranger(self, sender: str, recipient: str) -> Reply:
        """Offer mail on port 25, up to RCPT; nothing is sent."""
        with self._smtp(self._settings.smtp_port) as link:
            link.ehlo()
            code, text = link.docmd(f"MAIL FROM:<{sender}>")
            if code < 400:  # noqa: PLR2004 - RFC 5321: below 400 it is yes
                code, text = link.docmd(f"RCPT TO:<{recipient}>")
            return _reply(code, text)

    def cleartext(self) -> list[str]:
        """Return each port that lets one log in without TLS."""
        with ThreadPoolExecutor(len(_CLEAR_PORTS), "clear") as pool:
            answers = list(pool.map(self._answers, _CLEAR_PORTS))
        found = [
            f"port {port} is open"
            for port, open_ in zip(_CLEAR_PORTS, answers, strict=True)
            if open_
        ]
        for port in (self._settings.smtp_port, self._settings.submission_port):
            with self._smtp(port) as link:
                link.ehlo()
                if "auth" in link.esmtp_features:
                    found.append(f"port {port} offers AUTH before STARTTLS")
        return found

    def _answers(self, port: int) -> bool:
        try:
            socket.create_connection((self._door.host, port), _CLEAR_TIMEOUT).close()
        except OSError:
            return False
        return True

    @contextmanager
    def _smtp(self, port: int) -> Iterator[_Smtp]:
        with translated(f"SMTP on port {port}"):
            link = _Smtp((self._door.host, port), self._door.name, self._door.timeout)
            try:
                yield link
            finally:
                link.close()

    @contextmanager
    def _submission(self, login: Login) -> Iterator[_Smtp]:
        with self._smtp(self._settings.submission_port) as link:
            link.ehlo()
            link.starttls(context=self._door.tls)
            link.ehlo()
            try:
                link.user, link.password = login.name, login.password.reveal()
                link.auth("PLAIN", link.auth_plain)
            except smtplib.SMTPAuthenticationError as refused:
                raise NoEntry(_reply(refused.smtp_code, refused.smtp_error)) from None
            yield link


def _reply(code: int, text: bytes | str) -> Reply:
    words = text.decode(errors="replace") if isinstance(text, bytes) else text
    return Reply(code, " ".join(words.split()))
