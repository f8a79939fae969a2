"""A simulated mail server: the same files in memory, and what Dovecot and Postfix would make of them.

Reading and applying run the very program that runs on a real server (`on_target`), over files that
are a dictionary here. Logins, deliveries and refusals are worked out from those files as strictly as
the servers do: wrong passwords, closed accounts, missing rights and unknown recipients are refused.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import secrets
import threading
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from commsroom.backends import simulated
from commsroom.backends.on_target import TargetError
from commsroom.backends.postfix_dovecot import on_target, wire
from commsroom.backends.postfix_dovecot import on_target_state as state
from commsroom.backends.postfix_dovecot.inspecting import SIMULATED
from commsroom.backends.postfix_dovecot.on_target_table import Table, acl_of, split
from commsroom.backends.postfix_dovecot.services import services
from commsroom.errors import FenceRefused, SystemUnknown, TargetMoved
from commsroom.estate.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from email.message import EmailMessage
    from pathlib import Path

    from commsroom.backends.postfix_dovecot.settings import Settings
    from commsroom.backends.postfix_dovecot.wire import Json, Login
    from commsroom.estate.inspection import Facts, Seen

P = ParamSpec("P")
R = TypeVar("R")

_OK = wire.Reply(250, "2.0.0 Ok: queued (simulated)")
#: The password databases in the order in which Dovecot asks them: the next where one does not let in.
_PASSWORDS = (state.USERS, state.PREVIOUS, state.LOCAL_USERS)
_MESSAGE_LIMIT = 10_240_000


class MemoryServer(on_target.Server):
    """What `on_target` may touch, as a dictionary of files; may live on in a JSON file."""

    def __init__(self, path: Path | None) -> None:
        """Start empty, or with what an earlier process left in `path`."""
        self.path = path
        self._seen = (0, 0)
        self.files: dict[str, str] = {}
        self.mail: dict[str, list[str]] = {}
        self.fences: dict[str, int] = {}
        #: Letters delivered to people, whole, oldest first.
        self.letters: list[str] = []
        self.told: list[str] = []
        self.load()

    def load(self) -> None:
        """Take over what another process may have written."""
        if self.path and self.path.exists() and self._stamp() != self._seen:
            self._seen = self._stamp()
            kept = json.loads(self.path.read_text("utf-8"))
            self.files, self.mail, self.fences = kept["files"], kept["mail"], kept["fences"]
            self.letters = kept.get("letters", [])

    def save(self) -> None:
        """Keep everything, as a whole or not at all."""
        if self.path:
            kept = {
                "files": self.files,
                "mail": self.mail,
                "fences": self.fences,
                "letters": self.letters,
            }
            beside = self.path.with_name(f".{self.path.name}.{os.getpid()}")
            beside.write_text(json.dumps(kept, ensure_ascii=False), "utf-8")
            beside.replace(self.path)
            self._seen = self._stamp()

    def _stamp(self) -> tuple[int, int]:
        found = self.path.stat() if self.path else None
        return (found.st_mtime_ns, found.st_ino) if found else (0, 0)

    @contextlib.contextmanager
    def locked(self, fence: int, estate: str) -> Iterator[None]:
        """Refuse an older apply, as the real lock does."""
        seen = self.fences.get(estate, 0)
        if fence < seen:
            raise TargetError("fenced", f"apply number {seen} was here already, ours is {fence}")
        self.fences[estate] = fence
        yield

    def version(self) -> str:
        """Say what this is."""
        return "simulated Dovecot and Postfix"

    def text(self, path: str) -> str:
        """Return a file's text, "" when there is none."""
        return self.files.get(path, "")

    def dump(self, path: str) -> dict[str, str]:
        """Return a map's rows; text and map never differ here."""
        table = Table(self.text(path))
        return {key: table.value(key) for key in table.keys()}  # noqa: SIM118 - our own method

    def accounts(self, names: Sequence[str] = ()) -> dict[str, dict[str, str]]:
        """Return what Dovecot would know of each account."""
        found: dict[str, dict[str, str]] = {}
        for path in (state.USERS, state.LOCAL_USERS):
            table = Table(self.text(path))
            for address in table.keys():  # noqa: SIM118 - our own method
                extra = table.fields(address)[6].split()
                pairs = (item.removeprefix("userdb_").partition("=") for item in extra)
                found.setdefault(address, {key: value for key, _, value in pairs})
        return found

    def acls(self) -> dict[str, str]:
        """Return the access lists of inboxes."""
        found = {}
        for path, text in self.files.items():
            if path.endswith("/Maildir/dovecot-acl"):
                _, _, _, domain, login, *_ = path.split("/")
                found[f"{login}@{domain}"] = text
        return found

    def write(self, files: dict[str, str]) -> None:
        """Put all files in force at once."""
        self.files = {**self.files, **files}
        self.save()

    def settle(self) -> None:
        """Nothing is ever stale here."""

    def kick(self, addresses: Sequence[str]) -> None:
        """Note whose sessions end; there are none here."""
        self.told += [f"kick {address}" for address in addresses]

    def bury(self, address: str) -> None:
        """Take the mail out of sight, as the trash folder does, and the access list with it."""
        self.mail.pop(address, None)
        self.files.pop(acl_of(address), None)
        self.save()


def _alone(
    method: Callable[Concatenate[SimulatedMail, P], R],
) -> Callable[Concatenate[SimulatedMail, P], R]:
    """Have a method run for one thread at a time."""

    @functools.wraps(method)
    def guarded(self: SimulatedMail, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self.one:
            return method(self, *args, **kwargs)

    return guarded


class SimulatedMail:
    """The simulated client (see `wire.Client`); `told` lists what it was asked, without values."""

    def __init__(self, system: str, path: Path | None, settings: Settings) -> None:
        """Start empty, or with what an earlier process left in `path`."""
        self._system = system
        self._settings = settings
        self.server = MemoryServer(path)
        self._masters: dict[str, Secret] = {}
        #: Proofs use it from several threads; a server, too, does one thing to a file at a time.
        self.one = threading.RLock()

    @property
    def told(self) -> list[str]:
        """Return what it was asked to do, oldest first."""
        return self.server.told

    def read(self) -> Json:
        """Return everything."""
        return self._do(on_target.read, {}, "read")

    def apply(self, data: Json) -> Json:
        """Make a batch of changes."""
        answer = self._do(on_target.apply, data, "apply")
        for change in data["changes"]:
            fields = [*change["fields"], *(["password"] if change.get("hash") else [])]
            fields += ["previous"] if "previous" in change else []
            listed = f" [{' '.join(fields)}]" if fields else ""
            if change["action"] == "delete" or fields:
                self.told.append(f"{change['action']} {change['kind']}/{change['key']}{listed}")
        return answer

    def _do(
        self, program: Callable[[Json, on_target.Server], Json], data: Json, phase: str
    ) -> Json:
        self.server.load()
        try:
            return program(json.loads(json.dumps(data)), self.server)
        except TargetError as error:
            text = f"{self._system}: {error.message}"
            if error.kind == "moved":
                raise TargetMoved(text, remedy="plan again") from error
            if error.kind == "fenced":
                raise FenceRefused(text, remedy="another run took over; plan again") from error
            raise SystemUnknown(self._system, phase, error.message) from error

    def inspect(self, wanted: Facts) -> Seen:
        """Find everything as it should be, save for what `simulated` is told otherwise."""
        return simulated.seen(services(self._settings), SIMULATED, wanted, self.server.path)

    # ── use, as its owners and strangers would ─────────────────────────────────────────────────

    @contextlib.contextmanager
    def masters(self) -> Iterator[Callable[[str], Login]]:
        """Lend a one-time master name."""
        name, password = f"proof-{secrets.token_hex(8)}", Secret(secrets.token_urlsafe(32))
        self._masters[name] = password
        try:
            yield lambda address: wire.Login(f"{address}*{name}", password, delegated=True)
        finally:
            del self._masters[name]

    def kept(self) -> contextlib.AbstractContextManager[None]:
        """Keep nothing: there are no sessions."""
        return contextlib.nullcontext()

    @_alone
    def login(self, login: Login) -> bool:
        """Accept or refuse as Dovecot would."""
        self.server.load()
        address, _, master = login.name.partition("*")
        if address in self.server.dump(state.SUSPENDED) or address not in self.server.accounts():
            return False
        if master:
            lent = self._masters.get(master)
            return lent is not None and lent.reveal() == login.password.reveal()
        databases = (Table(self.server.text(path)) for path in _PASSWORDS)
        return any(wire.matches(login.password, each.fields(address)[0]) for each in databases)

    @_alone
    def open(self, login: Login, folder: str) -> bool:
        """Open a folder of a shared mailbox, or one's own."""
        self._enter(login)
        if not folder.startswith("shared/"):
            return True
        acl = Table(self.server.text(acl_of(folder.split("/")[1])))
        return "r" in acl.value(f"user={_who(login)}")

    @_alone
    def submit(self, login: Login, sender: str, to: Sequence[str], message_id: str) -> wire.Reply:
        """Take a message from somebody who may send it, and deliver it."""
        if not self.login(login):
            raise wire.NoEntry(wire.Reply(535, "5.7.8 authentication failed (simulated)"))
        who = _who(login)
        owners = self.server.dump(state.SENDERS).get(sender, "")
        if who not in split(owners):
            return wire.Reply(553, f"5.7.1 {sender} is not owned by user {who} (simulated)")
        for address in to:
            answer = self._recipient(address, who)
            if not answer.accepted:
                return answer
        for address in {one for first in to for one in self._expand(first)}:
            self.server.mail.setdefault(address, []).append(message_id)
        archive = self._settings.archive_address
        if archive and message_id not in self.server.mail.get(archive, []):
            self.server.mail.setdefault(archive, []).append(message_id)
        self.server.save()
        return _OK

    def deliver(
        self, login: wire.Login, letters: Sequence[EmailMessage], to: Sequence[str]
    ) -> Iterator[wire.Reply]:
        """Take each as `submit` does, and keep it whole."""
        for message, address in zip(letters, to, strict=True):
            reply = self.submit(login, login.name, [address], str(message["Message-ID"]))
            if reply.accepted:
                self.server.letters.append(message.as_string())
                self.server.save()
            yield reply

    @_alone
    def arrived(self, login: Login, message_id: str, within: float, *, keep: bool = False) -> bool:
        """Look for a message; nothing is ever on its way here."""
        self._enter(login)
        inbox = self.server.mail.get(_who(login), [])
        found = message_id in inbox
        if found and not keep:
            inbox.remove(message_id)
            self.server.save()
        return found

    @_alone
    def copies(self, login: Login, message_ids: Sequence[str], within: float) -> int:
        """Count messages; nothing is ever on its way here."""
        self._enter(login)
        return len({*message_ids} & {*self.server.mail.get(_who(login), [])})

    @_alone
    def stranger(self, sender: str, recipient: str) -> wire.Reply:
        """Answer another server's offer."""
        self.server.load()
        domains = {address.partition("@")[2] for address in self.server.accounts()}
        if sender.partition("@")[2] in domains:
            return wire.Reply(550, "5.7.1 handed in on the wrong port (simulated)")
        if recipient.partition("@")[2] not in domains:
            return wire.Reply(554, "5.7.1 Relay access denied (simulated)")
        return self._recipient(recipient, "")

    @_alone
    def too_large(self, login: Login, sender: str) -> wire.Reply:
        """Refuse one byte more than the limit."""
        self._enter(login)
        limit = self._settings.message_size or _MESSAGE_LIMIT
        return wire.Reply(552, f"5.3.4 more than {limit} bytes (simulated)")

    def cleartext(self) -> list[str]:
        """Find none: there are no ports."""
        return []

    def _enter(self, login: Login) -> None:
        if not self.login(login):
            raise wire.Unanswered("IMAPS: a login that was accepted before is refused now")

    def _recipient(self, address: str, login: str) -> wire.Reply:
        server = self.server
        if address in server.dump(state.CLOSED):
            return wire.Reply(550, "5.2.1 this mailbox takes no more mail (simulated)")
        rule = server.dump(state.POSTERS).get(address, "")
        members = split(server.dump(state.LISTS).get(address, ""))
        if (rule == "internal" and not login) or (rule == "members" and login not in members):
            return wire.Reply(550, "5.7.1 not allowed to write to this list (simulated)")
        if self._expand(address) == {address} and address not in server.dump(state.MAILBOXES):
            return wire.Reply(550, "5.1.1 User unknown (simulated)")
        return wire.Reply(250, "2.1.5 Ok (simulated)")

    def _expand(self, address: str, seen: frozenset[str] = frozenset()) -> set[str]:
        """Follow aliases, lists and receivers as Postfix's virtual_alias_maps do."""
        for path in (state.ALIASES, state.LISTS, state.RECEIVERS, state.LOCAL_ALIASES):
            targets = split(self.server.dump(path).get(address, ""))
            if targets and address not in seen:
                found: set[Any] = set()
                for target in targets:
                    found |= self._expand(target, seen | {address})
                return found
        return {address}


def _who(login: Login) -> str:
    return login.name.partition("*")[0]
