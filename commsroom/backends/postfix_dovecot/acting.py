"""Who acts in a run of proofs, with which login, and the two acts everything is made of.

The using itself is the client's; this keeps what was seen to work.
"""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

from commsroom.backends.postfix_dovecot.judging import judge, judge_reply
from commsroom.backends.postfix_dovecot.on_target_table import full
from commsroom.backends.postfix_dovecot.wire import Unanswered
from commsroom.estate.kinds import Grant, Mailbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from contextlib import ExitStack

    from commsroom.backends.postfix_dovecot.settings import Settings
    from commsroom.backends.postfix_dovecot.wire import Client, Login
    from commsroom.estate.backend import Proof, ProofRequest, Tools
    from commsroom.estate.resource import Address

T = TypeVar("T")

WORKERS: Final = 8


@dataclass(slots=True)
class Actors:
    """Everybody in one run over one server.

    `logins` are those that were seen to work, `lent` makes a one-time login for any account, and
    `archived` are the messages of which the archive must have a copy.
    """

    client: Client
    settings: Settings
    tools: Tools
    requests: Sequence[ProofRequest]
    stack: ExitStack
    logins: dict[str, Login] = field(default_factory=dict)
    lent: Callable[[str], Login] | None = None
    archived: list[str] = field(default_factory=list)

    def of_kind(self, kind: str, items: Iterable[ProofRequest]) -> list[ProofRequest]:
        """Return those requests that are about one kind."""
        return [one for one in items if one.resource.address.kind == kind]

    def each(
        self, title: str, work: Callable[[T], list[Proof]], items: Sequence[T]
    ) -> Iterator[Proof]:
        """Do the same for each item, several at a time; yields proofs in order."""
        if not items:
            return
        self.tools.progress(f"{len(items)} {title}")
        with ThreadPoolExecutor(WORKERS, "proof") as pool:
            for proofs in pool.map(work, items):
                yield from proofs

    def lend(self) -> None:
        """Have the server lend a master name for this run, once."""
        if self.lent is None:
            self.lent = self.stack.enter_context(self.client.masters())

    def act(self, address: str) -> Login:
        """Return a login that acts for an account: its own where that works, else a lent one."""
        if address in self.logins:
            return self.logins[address]
        if self.lent is None:
            raise Unanswered("no login for it is held here")
        return self.lent(address)

    def kind_of(self, address: str) -> str:
        """Return the kind of the requested account of this address."""
        found = (
            one.resource.address for one in self.requests if one.resource.address.key == address
        )
        return next((item.kind for item in found), Mailbox.kind)

    def submitted(  # noqa: PLR0917 - who, as whom, to whom
        self, address: Address, use: str, who: str, sender: str, to: str, message: str
    ) -> Proof:
        """Have `who` hand in a message with `sender` as its sender."""
        return judge_reply(
            address,
            use,
            lambda: self.client.submit(self.act(who), sender, [to], message),
            note=self.note(who),
        )

    def read(self, address: Address, use: str, message: str, reader: str = "") -> Proof:
        """Have somebody wait for a message and read it."""
        who = reader or address.key
        keep = who == self.settings.archive_address
        return judge(
            address, use,
            lambda: self.client.arrived(self.act(who), message, self.settings.proof_seconds, keep=keep),
            words=("read", "did not arrive"), note=self.note(who),
        )  # fmt: skip

    def note(self, address: str) -> str:
        """Say `delegated` where an account does not act with its own password."""
        own = self.logins.get(address)
        return "" if own and not own.delegated else "delegated"

    def place(self, key: str) -> Address:
        """Return the requested address that a proof about the whole server is filed under."""
        addresses = [one.resource.address for one in self.requests]
        return next((one for one in addresses if one.key == key), addresses[0])


def is_shut(request: ProofRequest) -> bool:
    """Tell whether an account must refuse its owner."""
    return request.refused or getattr(request.resource.body, "suspended", None) is True


def box_of(request: ProofRequest) -> str:
    """Return the mailbox a grant is about."""
    return request.resource.address.key.partition("/")[0]


def grantee_of(request: ProofRequest) -> str:
    """Return the address of the person a grant is for."""
    box, _, login = request.resource.address.key.partition("/")
    return full(login, box)


def rights_of(request: ProofRequest) -> tuple[str, ...]:
    """Return what a grant gives."""
    body = request.resource.body
    return body.rights or () if isinstance(body, Grant) else ()


def message_id() -> str:
    """Return a Message-ID that no other message has."""
    return f"<{secrets.token_hex(12)}@proof.commsroom.invalid>"
