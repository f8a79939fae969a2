"""The real mail server: one SSH round trip to read or apply, IMAPS and SMTP to prove."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from commsroom.backends import host
from commsroom.backends.postfix_dovecot import wire
from commsroom.backends.ssh import Session
from commsroom.estate.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from email.message import EmailMessage

    from commsroom.backends.postfix_dovecot.proof.connecting import Door
    from commsroom.backends.postfix_dovecot.proof.imap import Inboxes
    from commsroom.backends.postfix_dovecot.proof.smtp import Post
    from commsroom.backends.postfix_dovecot.settings import Settings
    from commsroom.backends.postfix_dovecot.wire import Json, Login, Reply
    from commsroom.estate.backend import Target, Tools
    from commsroom.estate.inspection import Facts, Seen

_PROGRAM: Final = "commsroom.backends.postfix_dovecot.on_target"
_PARTS: Final = (
    "commsroom.backends.postfix_dovecot.on_target_table",
    "commsroom.backends.postfix_dovecot.on_target_state",
    "commsroom.backends.postfix_dovecot.on_target_objects",
    "commsroom.backends.postfix_dovecot.on_target_waiting",
)
#: A loan of a master name ends by itself after this many seconds more than a proof may take.
_LOAN_MARGIN: Final = 30


class MailServer:
    """A client (see `wire.Client`); holds no connection between calls."""

    def __init__(self, target: Target, tools: Tools, settings: Settings) -> None:
        """Keep where the server is and what limits apply."""
        self._target = target
        self._system = target.system
        self._deadlines = tools.deadlines
        self._session = Session(target, tools.deadlines.connect)
        self._settings = settings

    # What proves is loaded when something is proven: it costs a plan 50 ms.
    @cached_property
    def _door(self) -> Door:
        from commsroom.backends.postfix_dovecot.proof.connecting import Door

        return Door(self._target, self._deadlines)

    @cached_property
    def _post(self) -> Post:
        from commsroom.backends.postfix_dovecot.proof.smtp import Post

        return Post(self._door, self._system, self._settings)

    @cached_property
    def _inboxes(self) -> Inboxes:
        from commsroom.backends.postfix_dovecot.proof.imap import Inboxes

        return Inboxes(self._door, self._settings.imaps_port)

    def read(self) -> Json:
        """Read everything in one round trip."""
        answer: Json = self._call("read", {}, "read", self._deadlines.read)
        return answer

    def inspect(self, wanted: Facts) -> Seen:
        """Look at machine and server in one round trip."""
        own = host.Own("commsroom.backends.postfix_dovecot.on_target_inspection")
        return host.inspect(self._target, self._deadlines, wanted, own)

    def apply(self, data: Json) -> Json:
        """Make a batch in one round trip."""
        answer: Json = self._call("apply", data, "apply", self._deadlines.apply)
        return answer

    def _call(self, function: str, data: Json, phase: str, timeout: float) -> Any:
        return self._session.call(
            _PROGRAM, function, data, phase=phase, timeout=timeout, also=_PARTS
        )

    @contextmanager
    def masters(self) -> Iterator[Callable[[str], Login]]:
        """Lend a one-time master name; the server forgets it when the context ends, or in time."""
        name, password = f"proof-{secrets.token_hex(8)}", Secret(secrets.token_urlsafe(32))
        limit = self._deadlines.prove
        loan = {"name": name, "hash": wire.hashed(password), "seconds": limit + _LOAN_MARGIN}
        self._call("lend", loan, "prove", limit)
        try:
            yield lambda address: wire.Login(f"{address}*{name}", password, delegated=True)
        finally:
            self._call("take_back", {"name": name}, "prove", limit)

    def kept(self) -> AbstractContextManager[None]:
        """Leave IMAP sessions open for the same account's next use."""
        return self._inboxes.kept()

    def login(self, login: Login) -> bool:
        """Log in over IMAPS."""
        return self._inboxes.login(login)

    def open(self, login: Login, folder: str) -> bool:
        """Open a folder over IMAPS."""
        return self._inboxes.open(login, folder)

    def submit(self, login: Login, sender: str, to: Sequence[str], message_id: str) -> Reply:
        """Submit a test message."""
        return self._post.submit(login, sender, to, message_id)

    def deliver(
        self, login: Login, letters: Sequence[EmailMessage], to: Sequence[str]
    ) -> Iterator[Reply]:
        """Submit letters to people."""
        return self._post.deliver(login, letters, to)

    def arrived(self, login: Login, message_id: str, within: float, *, keep: bool = False) -> bool:
        """Wait for a test message over IMAPS."""
        return self._inboxes.arrived(login, message_id, within, keep=keep)

    def copies(self, login: Login, message_ids: Sequence[str], within: float) -> int:
        """Count test messages over IMAPS."""
        return self._inboxes.copies(login, message_ids, within)

    def stranger(self, sender: str, recipient: str) -> Reply:
        """Offer mail on port 25."""
        return self._post.stranger(sender, recipient)

    def too_large(self, login: Login, sender: str) -> Reply:
        """Announce too large a message."""
        return self._post.too_large(login, sender)

    def cleartext(self) -> list[str]:
        """Look for a way in without TLS."""
        return self._post.cleartext()
