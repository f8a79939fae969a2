"""Resources ⇄ what travels to and from the server; what this back end can and cannot hold."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from commsroom.estate.kinds import Grant, Mailbox, MailList, SharedMailbox
from commsroom.estate.resource import Action, Address, Change, Resource
from commsroom.estate.secret import Custody

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from email.message import EmailMessage

    from commsroom.estate.inspection import Facts, Seen
    from commsroom.estate.resource import Kind
    from commsroom.estate.secret import Secret, SecretRef

Json = dict[str, Any]

KINDS: Final[tuple[type[Kind], ...]] = (Mailbox, SharedMailbox, MailList, Grant)
BODIES: Final = {body.kind: body for body in KINDS}
ACCOUNTS: Final = (Mailbox.kind, SharedMailbox.kind)
POSTERS: Final = ("anyone", "internal", "members")
RIGHTS: Final = frozenset({"read", "receive", "send"})
#: An account's address is its login too: what Dovecot lets into a user name by default.
_ACCOUNT: Final = re.compile(r"[a-z0-9._-]+@[a-z0-9.-]+")
#: What a Postfix table can hold as a key or a member without any quoting.
_ADDRESS: Final = re.compile(r"[^\s,:;#\"'<>()\[\]\\|]+@[A-Za-z0-9.-]+")
_LOGIN: Final = re.compile(r"[a-z0-9._-]*(@[a-z0-9.-]+)?")
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
_SALT_BYTES: Final = 16
#: RFC 5321: first digit of a no that will stay one.
_NO: Final = 5


@dataclass(frozen=True, slots=True)
class Login:
    """A name and password to log in with. A delegated one is a master's, acting for the account."""

    name: str
    password: Secret
    delegated: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """What an SMTP server answered to the step that decided."""

    code: int
    text: str

    @property
    def accepted(self) -> bool:
        """Tell whether it agreed."""
        return self.code // 100 in (2, 3)

    @property
    def refused(self) -> bool:
        """Tell whether it said no for good (a 4xx is no answer)."""
        return self.code // 100 == _NO

    def __str__(self) -> str:
        """Give code and text, as a postmaster would quote it."""
        return f"{self.code} {self.text}"[:160]


class Client(Protocol):
    """All that is ever done to a mail server, by the real client and by the simulated one.

    The methods of proof raise `Unanswered` where a server gave no answer that decides, and
    `NoEntry` where the submission port refused the login itself.
    """

    def read(self) -> Json:
        """Return `objects`, `token` and `version`."""
        ...

    def inspect(self, wanted: Facts) -> Seen:
        """Return what is seen of the machine and of the servers on it; raises SystemUnknown."""
        ...

    def apply(self, data: Json) -> Json:
        """Make a batch of changes; return `outcomes` and `token`."""
        ...

    def masters(self) -> AbstractContextManager[Callable[[str], Login]]:
        """Lend one-time logins that act for any account, for as long as the context lasts."""
        ...

    def kept(self) -> AbstractContextManager[None]:
        """Leave mailboxes open for the same account's next use, for as long as the context lasts."""
        ...

    def login(self, login: Login) -> bool:
        """Log in over IMAPS anew; whether that was accepted."""
        ...

    def open(self, login: Login, folder: str) -> bool:
        """Log in and open a folder; whether the folder opened."""
        ...

    def submit(self, login: Login, sender: str, to: Sequence[str], message_id: str) -> Reply:
        """Hand in a small test message on the submission port."""
        ...

    def deliver(
        self, login: Login, letters: Sequence[EmailMessage], to: Sequence[str]
    ) -> Iterator[Reply]:
        """Submit letters, the n-th to the n-th address, in one session; what became of each."""
        ...

    def arrived(self, login: Login, message_id: str, within: float, *, keep: bool = False) -> bool:
        """Wait for a message in the inbox, read it, and unless `keep` expunge it."""
        ...

    def copies(self, login: Login, message_ids: Sequence[str], within: float) -> int:
        """Wait for messages in the inbox, in one session, and count them; all are left there."""
        ...

    def stranger(self, sender: str, recipient: str) -> Reply:
        """Offer mail on port 25 as an unknown server would, up to RCPT; nothing is sent."""
        ...

    def too_large(self, login: Login, sender: str) -> Reply:
        """Announce a message larger than the server's own limit."""
        ...

    def cleartext(self) -> list[str]:
        """Return every way found to log in without TLS (there should be none)."""
        ...


class Unanswered(Exception):
    """A server gave no answer from which anything follows; the message is free of secrets."""


class NoEntry(Exception):
    """The submission port answered a login: no."""

    def __init__(self, reply: Reply) -> None:
        """Keep the reply."""
        super().__init__(f"submission login: {reply}")
        self.reply = reply


def hashed(secret: Secret) -> str:
    """Return Dovecot's {SSHA512} of a secret: SHA-512 over secret and 16 random bytes.

    One round is enough because we hash only what our generator made; it takes microseconds, so a
    thousand people do not wait. What people choose themselves is hashed by the tool that sets it.
    """
    salt = os.urandom(_SALT_BYTES)
    digest = hashlib.sha512(secret.reveal().encode() + salt).digest()
    return "{SSHA512}" + base64.b64encode(digest + salt).decode("ascii")


def matches(secret: Secret, stored: str) -> bool:
    """Tell whether a secret fits an {SSHA512} hash."""
    try:
        raw = base64.b64decode(stored.removeprefix("{SSHA512}"), validate=True)
    except ValueError:
        return False
    return hashlib.sha512(secret.reveal().encode() + raw[64:]).digest() == raw[:64]


def resources(system: str, found: Iterable[Json]) -> Iterator[tuple[Resource, Json]]:
    """Yield each object as a resource, beside its raw entry."""
    for item in found:
        values = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in item["fields"].items()
        }
        address = Address(system, item["kind"], item["key"])
        yield Resource(address, BODIES[item["kind"]](**values)), item


def wire_change(change: Change, secret: Callable[[SecretRef], Secret]) -> Json:
    """Return a change as the server gets it; a password travels as its hash."""
    entry: Json = {
        "action": str(change.action),
        "kind": change.address.kind,
        "key": change.address.key,
        "fields": {},
    }
    if change.after is None:
        return entry
    values = change.after.body.values()
    entry["fields"] = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in values.items()
        if name in change.fields or change.action is Action.CREATE
    }
    if "secret:previous" in change.fields:
        second = change.after.secret("previous")
        entry["previous"] = hashed(secret(second)) if second else ""
    ref = change.after.secret("password")
    if ref is not None and "secret:password" in change.fields:
        entry["hash"] = hashed(secret(ref))
        entry["personal"] = ref.custody is Custody.PERSONAL
    return entry


def verifiers(item: Json, fingerprint: Callable[[str], str]) -> dict[str, str]:
    """Return the fingerprint of the hash in each slot of an account, of those that hold one."""
    held = {"password": item.get("hash"), "previous": item.get("previous")}
    return {slot: fingerprint(value) for slot, value in held.items() if value}


def refusals(wanted: Iterable[Resource]) -> Mapping[Address, str]:
    """Say which desired resources this back end cannot hold, and why."""
    return {item.address: reason for item in wanted if (reason := _refusal(item))}


def _refusal(item: Resource) -> str:
    body, key = item.body, item.address.key
    name = getattr(body, "display_name", None) or getattr(body, "title", None) or ""
    reason = ""
    if _UNPRINTABLE.search(name):
        reason = "a name must not hold line breaks or control characters"
    elif item.address.kind in ACCOUNTS and not _ACCOUNT.fullmatch(key):
        reason = "an address may hold a-z, 0-9, dot, underscore, hyphen (Dovecot user names)"
    match body:
        case Mailbox(aliases=aliases) if bad := _malformed(aliases):
            reason = f"alias {bad!r} is not an address Postfix tables can hold"
        case SharedMailbox(custodian=login) if not _LOGIN.fullmatch(login or ""):
            reason = "the custodian is not a login"
        case MailList(members=members) if bad := _malformed([key, *(members or ())]):
            reason = f"{bad!r} is not an address Postfix tables can hold"
        case MailList(posters=posters) if posters not in (None, *POSTERS):
            reason = "posters is one of " + ", ".join(POSTERS)
        case Grant(rights=rights) if not RIGHTS.issuperset(rights or ()) or not _grant_key(key):
            reason = "a grant is <mailbox address>/<login> with read, receive, send"
    return reason


def _malformed(addresses: Iterable[str] | None) -> str:
    return next((one for one in addresses or () if not _ADDRESS.fullmatch(one)), "")


def _grant_key(key: str) -> bool:
    box, slash, login = key.partition("/")
    return bool(slash and login and _ACCOUNT.fullmatch(box) and _LOGIN.fullmatch(login))
