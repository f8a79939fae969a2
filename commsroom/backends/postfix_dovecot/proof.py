"""Mail as its owners use it: IMAPS, submission with STARTTLS, and port 25 as a stranger sees it.

Certificates are verified by name against the estate's authority while connecting to an address, so
that no DNS is needed. Every phase has a time limit. RFC 9051 (IMAP), RFC 5321 and 6409 (SMTP,
submission), RFC 1870 (SIZE).
"""

from __future__ import annotations

import imaplib
import smtplib
import socket
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import format_datetime, localtime
from typing import TYPE_CHECKING, Final

from commsroom.backends.postfix_dovecot.wire import NoEntry, Reply, Unanswered

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from commsroom.backends.postfix_dovecot.settings import Settings
    from commsroom.backends.postfix_dovecot.wire import Login
    from commsroom.estate.backend import Deadlines, Target

#: Ports on which mail was once read or sent in clear; none may answer, save 4190 with STARTTLS.
_CLEAR_PORTS: Final = (110, 143)
_CLEAR_TIMEOUT: Final = 3.0
_FIRST_LOOK: Final = 0.05
_LONGEST_PAUSE: Final = 0.5
_HELO: Final = "proof.commsroom.invalid"


class _Imap(imaplib.IMAP4_SSL):
    """IMAP over TLS to an address, verified by a name."""

    def __init__(
        self, address: tuple[str, int], name: str, context: ssl.SSLContext, timeout: float
    ) -> None:
        self._tls = (name, context)
        super().__init__(*address, ssl_context=context, timeout=timeout)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        name, context = self._tls
        plain = socket.create_connection((self.host, self.port), timeout)
        try:
            return context.wrap_socket(plain, server_hostname=name)
        except BaseException:
            plain.close()
            raise


class _Smtp(smtplib.SMTP):
    """SMTP to an address, whose STARTTLS is verified by a name."""

    def __init__(self, address: tuple[str, int], name: str, timeout: float) -> None:
        self._address = address
        super().__init__(name, address[1], local_hostname=_HELO, timeout=timeout)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return socket.create_connection(self._address, timeout)


class Post:
    """Uses one mail server; every call opens its own connection and closes it."""

    def __init__(self, target: Target, settings: Settings, deadlines: Deadlines) -> None:
        """Keep where the server is; the authority is read when first needed."""
        self._target = target
        self._settings = settings
        self._timeout = max(deadlines.connect, 15.0)
        self._context: ssl.SSLContext | None = None

    def login(self, login: Login) -> bool:
        """Log in over IMAPS; False when it is refused."""
        with self._imap() as link:
            return _authenticate(link, login)

    def open(self, login: Login, folder: str) -> bool:
        """Open a folder read-only; False when the server says no."""
        with self._imap() as link:
            _insist(link, login)
            return link.select(f'"{folder}"', readonly=True)[0] == "OK"

    def arrived(self, login: Login, message_id: str, within: float, *, keep: bool = False) -> bool:
        """Wait until a message is in the inbox, fetch its text, and unless `keep` expunge it."""
        with self._imap() as link:
            numbers = _await(link, login, message_id, time.monotonic() + within)
            if not numbers:
                return False
            status, _ = link.fetch(numbers[-1].decode(), "(BODY.PEEK[TEXT])")
            if not keep:
                for number in numbers:
                    link.store(number.decode(), "+FLAGS.SILENT", r"(\Deleted)")
                link.expunge()
            return status == "OK"

    def copies(self, login: Login, message_ids: Sequence[str], within: float) -> int:
        """Count messages as they come into the inbox, in one session; all are left there."""
        deadline = time.monotonic() + within
        with self._imap() as link:
            return sum(bool(_await(link, login, one, deadline)) for one in message_ids)

    def submit(self, login: Login, sender: str, to: Sequence[str], message_id: str) -> Reply:
        """Submit a small message; the answer is that of the step at which it was decided."""
        message = EmailMessage()
        message["From"], message["To"] = sender, ", ".join(to)
        message["Subject"] = "commsroom proof: please ignore"
        message["Date"], message["Message-ID"] = format_datetime(localtime()), message_id
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's auto-reply answers it
        message["X-Commsroom-Proof"] = self._target.system
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
            socket.create_connection((self._target.host, port), _CLEAR_TIMEOUT).close()
        except OSError:
            return False
        return True

    def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            context = ssl.create_default_context(cafile=self._target.ca)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            self._context = context
        return self._context

    @contextmanager
    def _imap(self) -> Iterator[imaplib.IMAP4]:
        address = (self._target.host, self._settings.imaps_port)
        with _translated("IMAPS"):
            link = _Imap(address, self._target.tls_name, self._tls(), self._timeout)
            try:
                yield link
            finally:
                _leave(link)

    @contextmanager
    def _smtp(self, port: int) -> Iterator[_Smtp]:
        with _translated(f"SMTP on port {port}"):
            link = _Smtp((self._target.host, port), self._target.tls_name, self._timeout)
            try:
                yield link
            finally:
                link.close()

    @contextmanager
    def _submission(self, login: Login) -> Iterator[_Smtp]:
        with self._smtp(self._settings.submission_port) as link:
            link.ehlo()
            link.starttls(context=self._tls())
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


@contextmanager
def _translated(what: str) -> Iterator[None]:
    """Turn every way a connection can fail into `Unanswered`, without a server's words in it."""
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise Unanswered(f"{what}: its certificate is not good: {error.verify_message}") from error
    except TimeoutError as error:
        raise Unanswered(f"{what}: no answer within the time limit") from error
    except (OSError, imaplib.IMAP4.error, smtplib.SMTPException) as error:
        raise Unanswered(f"{what}: {type(error).__name__}") from error


def _authenticate(link: imaplib.IMAP4, login: Login) -> bool:
    """Log in; only a plain no counts as refusal, "try again later" does not (RFC 5530)."""
    try:
        link.login(login.name, login.password.reveal())
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as error:
        if any(word in str(error) for word in ("[AUTHENTICATIONFAILED]", "[AUTHORIZATIONFAILED]")):
            return False
        raise Unanswered("IMAPS: the login was neither accepted nor refused") from None
    return True


def _insist(link: imaplib.IMAP4, login: Login) -> None:
    if not _authenticate(link, login):
        raise Unanswered("IMAPS: a login that was accepted before is refused now")


def _find(link: imaplib.IMAP4, message_id: str) -> list[bytes]:
    _, data = link.search(None, "HEADER", "Message-ID", f'"{message_id}"')
    return data[0].split() if data and data[0] else []


def _await(link: imaplib.IMAP4, login: Login, message_id: str, deadline: float) -> list[bytes]:
    """Log in if need be, and wait for a message in the inbox; return its numbers, none if too late."""
    if link.state != "SELECTED":
        _insist(link, login)
        link.select("INBOX")
    pause = _FIRST_LOOK
    while not (numbers := _find(link, message_id)):
        if time.monotonic() + pause > deadline:
            break
        time.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)
        link.noop()
    return numbers


def _leave(link: imaplib.IMAP4) -> None:
    try:
        link.logout()
    except (OSError, imaplib.IMAP4.error):
        link.shutdown()
