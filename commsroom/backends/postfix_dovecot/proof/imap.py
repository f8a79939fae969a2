"""Mailboxes as their owners open them: IMAP (RFC 9051) over TLS."""

from __future__ import annotations

import imaplib
import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from commsroom.backends.postfix_dovecot.proof.connecting import Door, translated
from commsroom.backends.postfix_dovecot.wire import Unanswered

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from commsroom.backends.postfix_dovecot.wire import Login

_FIRST_LOOK: Final = 0.05
_LONGEST_PAUSE: Final = 0.5
#: Sessions that wait for their account's next use; further ones are closed after each.
_MOST_KEPT: Final = 100


class _Imap(imaplib.IMAP4_SSL):
    """IMAP over TLS to an address, verified by a name."""

    def __init__(self, door: Door, port: int) -> None:
        self._door = door
        super().__init__(door.host, port, ssl_context=door.tls, timeout=door.timeout)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        plain = socket.create_connection((self.host, self.port), timeout)
        try:
            return self._door.tls.wrap_socket(plain, server_hostname=self._door.name)
        except BaseException:
            plain.close()
            raise


class Inboxes:
    """Opens mailboxes of one server: a session for each use, or within `kept` one for all of an account's."""

    def __init__(self, door: Door, port: int) -> None:
        """Keep where the server is."""
        self._door = door
        self._port = port
        self._lock = threading.Lock()
        self._idle: list[tuple[str, imaplib.IMAP4]] | None = None

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Leave sessions open for the same account's next use, as a mail program does."""
        with self._lock:
            self._idle = []
        try:
            yield
        finally:
            with self._lock:
                idle, self._idle = self._idle or [], None
            for _, link in idle:
                _leave(link)

    def login(self, login: Login) -> bool:
        """Log in anew; False when it is refused."""
        with translated("IMAPS"):
            link, accepted = self._entered(login)
            if accepted:
                self._put(login, link)
            else:
                _leave(link)
            return accepted

    def open(self, login: Login, folder: str) -> bool:
        """Open a folder read-only; False when the server says no."""
        with self._session(login) as link:
            return link.select(f'"{folder}"', readonly=True)[0] == "OK"

    def arrived(self, login: Login, message_id: str, within: float, *, keep: bool = False) -> bool:
        """Wait until a message is in the inbox, fetch its text, and unless `keep` expunge it."""
        deadline = time.monotonic() + within
        with self._session(login) as link:
            link.select("INBOX")
            numbers = _await(link, message_id, deadline)
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
        with self._session(login) as link:
            link.select("INBOX")
            return sum(bool(_await(link, one, deadline)) for one in message_ids)

    def _entered(self, login: Login) -> tuple[imaplib.IMAP4, bool]:
        """Connect and try a login; return the session and whether it was let in."""
        link = _Imap(self._door, self._port)
        try:
            return link, _authenticate(link, login)
        except BaseException:
            _leave(link)
            raise

    @contextmanager
    def _session(self, login: Login) -> Iterator[imaplib.IMAP4]:
        """Log in, or go on with a session of this login that waits; raises Unanswered."""
        with translated("IMAPS"):
            link = self._take(login)
            if link is None:
                link, accepted = self._entered(login)
                if not accepted:
                    _leave(link)
                    raise Unanswered("IMAPS: a login that was accepted before is refused now")
            try:
                yield link
            except BaseException:
                _leave(link)
                raise
            self._put(login, link)

    def _take(self, login: Login) -> imaplib.IMAP4 | None:
        """Return a session of this login that waits and is still alive, None where there is none."""
        with self._lock:
            idle = self._idle or []
            place = next((n for n, (name, _) in enumerate(idle) if name == login.name), None)
            link = None if place is None else idle.pop(place)[1]
        if link is None:
            return None
        try:
            link.noop()
        except (OSError, imaplib.IMAP4.error):  # the server ended it: it waited for too long
            _leave(link)
            return None
        return link

    def _put(self, login: Login, link: imaplib.IMAP4) -> None:
        """Let a session wait, or end it where none is kept or enough are."""
        with self._lock:
            if self._idle is not None and len(self._idle) < _MOST_KEPT:
                self._idle.append((login.name, link))
                return
        _leave(link)


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


def _await(link: imaplib.IMAP4, message_id: str, deadline: float) -> list[bytes]:
    """Wait for a message in the folder that is open; return its numbers, none where it is too late."""
    pause = _FIRST_LOOK
    while not (numbers := _find(link, message_id)):
        if time.monotonic() + pause > deadline:
            break
        time.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)
        link.noop()
    return numbers


def _find(link: imaplib.IMAP4, message_id: str) -> list[bytes]:
    _, data = link.search(None, "HEADER", "Message-ID", f'"{message_id}"')
    return data[0].split() if data and data[0] else []


def _leave(link: imaplib.IMAP4) -> None:
    try:
        link.logout()
    except (OSError, imaplib.IMAP4.error):
        link.shutdown()
