"""What is proven on a mail server and how each answer is judged; the using itself is the client's.

Every judgement is three-valued: a server that gives no decisive answer proves nothing, and a
refusal only counts where something comparable was accepted.
"""

from __future__ import annotations

import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Final

from commsroom.backends.postfix_dovecot.acting import (
    WORKERS,
    Actors,
    box_of,
    grantee_of,
    is_shut,
    message_id,
    rights_of,
)
from commsroom.backends.postfix_dovecot.judging import judge, judge_reply, since
from commsroom.backends.postfix_dovecot.on_target_table import full
from commsroom.backends.postfix_dovecot.wire import ACCOUNTS, Login, Unanswered
from commsroom.estate.backend import Proof
from commsroom.estate.kinds import Grant, Mailbox, MailList
from commsroom.estate.resource import Address
from commsroom.estate.secret import Custody, Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from commsroom.backends.postfix_dovecot.settings import Settings
    from commsroom.backends.postfix_dovecot.wire import Client
    from commsroom.estate.backend import ProofRequest, Tools

#: Seconds to look for a message that must not come, after it has come where it must.
_ABSENT: Final = 0.3
#: RFC 2606: names that are nobody's.
_STRANGER: Final = "stranger@example.net"
_ELSEWHERE: Final = "somebody@example.org"


def prove(
    client: Client, settings: Settings, tools: Tools, requests: Sequence[ProofRequest]
) -> Iterator[Proof]:
    """Prove accounts, lists, grants and the server's own limits; yields as each stage ends."""
    if not requests:
        return
    with ExitStack() as stack:
        yield from _Run(client, settings, tools, requests, stack).stages()


class _Run(Actors):
    """One run over one server."""

    def stages(self) -> Iterator[Proof]:
        """Prove in stages; each uses what the one before established."""
        accounts = [one for one in self.requests if one.resource.address.kind in ACCOUNTS]
        open_ = [one for one in accounts if not is_shut(one)]
        shut = [one for one in accounts if is_shut(one)]
        self.stack.enter_context(self.client.kept())
        pool = self.stack.enter_context(ThreadPoolExecutor(WORKERS, "wrong"))
        # A firewall that drops what comes to a closed port does not answer at all.
        clear = pool.submit(self._without_tls)
        if shut or any(self._needs_loan(one) for one in self.requests):
            self.lend()
        grants = self.of_kind(Grant.kind, self.requests)
        # A server answers a wrong password late, on purpose: let that pass beside the rest.
        wrong = pool.map(self._wrong, open_)
        yield from self.each("logins", self._login, open_)
        closed = pool.map(self._closed, shut)
        yield from self.each("messages", self._message, open_)
        yield from self.each(
            "shared mailboxes", self._shared, self.of_kind("shared_mailbox", open_)
        )
        yield from self.each("grants", self._grant, grants)
        boxes = {
            box_of(one): [other for other in grants if box_of(other) == box_of(one)]
            for one in grants
        }
        yield from self.each("copies", self._copies, list(boxes.values()))
        yield from self.each("lists", self._list, self.of_kind(MailList.kind, self.requests))
        yield from wrong
        for proofs in closed:
            yield from proofs
        yield from self._archive()
        yield from self._server()
        yield clear.result()

    # ── logins ─────────────────────────────────────────────────────────────────────────────────

    def _needs_loan(self, request: ProofRequest) -> bool:
        ref = request.resource.secret("password")
        return request.resource.address.kind not in ACCOUNTS or (
            ref is not None and ref.custody is Custody.PERSONAL
        )

    def _login(self, request: ProofRequest) -> list[Proof]:
        address = request.resource.address
        ref = request.resource.secret("password")
        secret = request.secret(ref) if ref else None
        own = Login(address.key, secret) if secret else None
        proof = Proof(
            address, "imap login", "accepted", "not tried", None, note="no password is held"
        )
        if own:
            proof = judge(address, "imap login", lambda: self.client.login(own), login=True)
            if proof.ok:
                self.logins[address.key] = own
        if ref and ref.custody is Custody.PERSONAL and not proof.ok and self.lent:
            lent = self.lent(address.key)
            proof = judge(address, "imap login", lambda: self.client.login(lent), note="delegated")
            if proof.ok:
                self.logins[address.key] = lent
        return [proof]

    def _wrong(self, request: ProofRequest) -> Proof:
        address = request.resource.address
        wrong = Login(address.key, Secret(secrets.token_urlsafe(16)))
        return judge(address, "wrong password", lambda: self.client.login(wrong), want=False)

    # ── messages ───────────────────────────────────────────────────────────────────────────────

    def _message(self, request: ProofRequest) -> list[Proof]:
        """Have one account write to the next in the alphabet, which reads it."""
        sender = request.resource.address
        if sender.key not in self.logins:
            return []
        ring = sorted(one for one in self.logins if self.kind_of(one) == Mailbox.kind)
        after = [one for one in ring if one > sender.key]
        reader = next(iter(after or ring), sender.key)
        message = message_id()
        sent = self.submitted(
            sender, f"submit to {reader}", sender.key, sender.key, reader, message
        )
        if not sent.ok:
            return [sent]
        self.archived.append(message)
        kind = self.kind_of(reader)
        return [
            sent,
            self.read(Address(sender.system, kind, reader), f"mail from {sender.key}", message),
        ]

    # ── shared mailboxes and grants ────────────────────────────────────────────────────────────

    def _shared(self, request: ProofRequest) -> list[Proof]:
        """Have somebody without any right try to send as the mailbox and to open it."""
        box = request.resource.address
        grants = [one for one in self.of_kind(Grant.kind, self.requests) if box_of(one) == box.key]
        proofs = [] if grants else self._own_mail(box)
        granted = {grantee_of(one) for one in grants}
        others = (one for one in sorted(self.logins) if one not in granted and one != box.key)
        stranger = next(others, "")
        if not stranger:
            return proofs
        message, note = message_id(), self.note(stranger)
        return [
            *proofs,
            judge_reply(
                box, f"send as it by {stranger}",
                lambda: self.client.submit(self.act(stranger), box.key, [stranger], message),
                want=False, note=note,
            ),
            judge(
                box, f"open by {stranger}",
                lambda: self.client.open(self.act(stranger), f"shared/{box.key}"),
                want=False, note=note,
            ),
        ]  # fmt: skip

    def _own_mail(self, box: Address) -> list[Proof]:
        """Have a mailbox write to itself, when nobody with a right to it is being proven."""
        message = message_id()
        sent = self.submitted(box, "submit to itself", box.key, box.key, box.key, message)
        if not sent.ok:
            return [sent]
        arrived = self.read(box, "mail to itself", message)
        self._tidy(box.key, message, set())
        return [sent, arrived]

    def _grant(self, request: ProofRequest) -> list[Proof]:
        """Use each right that is granted, and be refused each that is not."""
        address, box, person = request.resource.address, box_of(request), grantee_of(request)
        rights = rights_of(request)
        opened = judge(
            address, f"open shared/{box}",
            lambda: self.client.open(self.act(person), f"shared/{box}"),
            want="read" in rights, note=self.note(person),
        )  # fmt: skip
        return [opened, *self._send_right(address, box, person, allowed="send" in rights)]

    def _send_right(self, address: Address, box: str, person: str, *, allowed: bool) -> list[Proof]:
        message = message_id()
        sent = judge_reply(
            address, f"send as {box}", lambda: self.client.submit(self.act(person), box, [person], message),
            want=allowed, note=self.note(person),
        )  # fmt: skip
        if not (sent.ok and allowed):
            return [sent]
        return [sent, self.read(address, f"mail from {box}", message, person)]

    def _copies(self, grants: Sequence[ProofRequest]) -> list[Proof]:
        """Write one message to a mailbox: it arrives there and with those who may receive."""
        box, message = box_of(grants[0]), message_id()
        address, sender = grants[0].resource.address, grantee_of(grants[0])
        sent = self.submitted(address, f"write to {box}", sender, sender, box, message)
        if not sent.ok:
            return [sent]
        proofs = [sent, self.read(address, f"mail to {box} arrives there", message, box)]
        proofs += [self._copy(one, box, message) for one in grants]
        self._tidy(box, message, {grantee_of(one) for one in grants})
        return proofs

    def _copy(self, request: ProofRequest, box: str, message: str) -> Proof:
        person, address = grantee_of(request), request.resource.address
        if "receive" in rights_of(request):
            return self.read(address, f"mail to {box} arrives here", message, person)
        return judge(
            address, f"mail to {box} stays away",
            lambda: self.client.arrived(self.act(person), message, _ABSENT),
            want=False, words=("arrived", "did not arrive"), note=self.note(person),
        )  # fmt: skip

    def _tidy(self, box: str, message: str, proven: set[str]) -> None:
        """Expunge the copies of those who receive too, but are not among what is being proven."""
        for item in self.client.read()["objects"]:
            mailbox, _, login = item["key"].partition("/")
            person = full(login, box) if login else ""
            if (
                mailbox == box
                and person not in proven
                and "receive" in item["fields"].get("rights", ())
            ):
                with suppress(Unanswered):
                    self.client.arrived(self.act(person), message, _ABSENT)

    # ── lists ──────────────────────────────────────────────────────────────────────────────────

    def _list(self, request: ProofRequest) -> list[Proof]:
        address, body = request.resource.address, request.resource.body
        if not isinstance(body, MailList):
            return []
        members = body.members or ()
        proofs = [
            judge_reply(
                address,
                "post by a stranger",
                lambda: self.client.stranger(_STRANGER, address.key),
                want=body.posters == "anyone" and bool(members),
            )
        ]
        if body.posters == "members":
            proofs += self._outsider(address, members)
        domain = address.key.partition("@")[2]
        inside = [one for one in members if one.partition("@")[2] == domain]
        poster = next((one for one in inside if one in self.logins), inside[0] if inside else "")
        if not poster:
            return proofs
        message = message_id()
        sent = self.submitted(address, f"post by {poster}", poster, poster, address.key, message)
        proofs.append(sent)
        if sent.ok:
            self.archived.append(message)
            proofs += [self.read(address, f"reaches {one}", message, one) for one in inside]
        return proofs

    def _outsider(self, address: Address, members: Sequence[str]) -> list[Proof]:
        who = next((one for one in sorted(self.logins) if one not in members), "")
        if not who:
            return []
        return [judge_reply(
            address, f"post by {who}, no member",
            lambda: self.client.submit(self.act(who), who, [address.key], message_id()), want=False,
        )]  # fmt: skip

    # ── closed accounts ────────────────────────────────────────────────────────────────────────

    def _closed(self, request: ProofRequest) -> list[Proof]:
        """Try a closed account's last password and a lent one; both must be refused."""
        address = request.resource.address
        ref = request.resource.secret("password")
        secret = request.secret(ref) if ref else None
        tries: list[Callable[[], Proof]] = []
        if self.lent:
            lent = self.lent(address.key)
            tries.append(lambda: judge(
                address, "imap login", lambda: self.client.login(lent), want=False,
                note="delegated: closed whatever its password",
            ))  # fmt: skip
        if secret:
            own = Login(address.key, secret)
            tries += [
                lambda: judge(address, "imap login", lambda: self.client.login(own), want=False),
                lambda: judge_reply(
                    address, "submit",
                    lambda: self.client.submit(own, own.name, [own.name], message_id()), want=False,
                ),
            ]  # fmt: skip
        # Side by side, as each refusal is a second late on purpose.
        with ThreadPoolExecutor(len(tries) or 1, "closed") as pool:
            proofs = list(pool.map(lambda one: one(), tries))
        decisive = self._control() and (request.accepted_before or self.lent is not None)
        return [proof if decisive or not proof.ok else _undecided(proof) for proof in proofs]

    def _control(self) -> bool:
        """Tell whether an account that is open is let in, right now."""
        try:
            login = next(iter(self.logins.values()), None) or self._somebody()
            return login is not None and self.client.login(login)
        except Unanswered:
            return False

    def _somebody(self) -> Login | None:
        """Return a lent login for any open account of the server, when none is being proven."""
        found = (
            item["key"]
            for item in self.client.read()["objects"]
            if item["kind"] in ACCOUNTS and not item["fields"]["suspended"]
        )
        address = next(found, None)
        return self.lent(address) if address and self.lent else None

    # ── the server ─────────────────────────────────────────────────────────────────────────────

    def _archive(self) -> Iterator[Proof]:
        archive = self.settings.archive_address
        if not archive or not self.archived:
            return
        address = self.place(archive)
        started = time.perf_counter()
        try:
            if archive not in self.logins:
                self.lend()
            found = self.client.copies(
                self.act(archive), self.archived, self.settings.proof_seconds
            )
        except Unanswered as silent:
            yield Proof(address, "archive copies", "all", "no answer", None, note=str(silent))
            return
        total = len(self.archived)
        yield Proof(
            address, "archive copies", f"{total} of {total}", f"{found} of {total}", found == total,
            since(started), self.note(archive),
        )  # fmt: skip

    def _server(self) -> Iterator[Proof]:
        address = self.place("")
        yield judge_reply(
            address,
            "relay for a stranger",
            lambda: self.client.stranger(_STRANGER, _ELSEWHERE),
            want=False,
        )
        who = next(iter(sorted(self.logins)), "")
        if who:
            yield judge_reply(
                address,
                "write as one of us from outside",
                lambda: self.client.stranger(who, who),
                want=False,
            )
            yield judge_reply(
                address,
                "too large a message",
                lambda: self.client.too_large(self.logins[who], who),
                want=False,
            )

    def _without_tls(self) -> Proof:
        address, use, no = self.place(""), "login without TLS", "impossible"
        started = time.perf_counter()
        try:
            ways = self.client.cleartext()
        except Unanswered as silent:
            return Proof(address, use, no, "no answer", None, note=str(silent))
        return Proof(address, use, no, "; ".join(ways) or no, not ways, since(started))


def _undecided(proof: Proof) -> Proof:
    note = "nothing shows that this credential ever worked, or that the server lets anybody in"
    return Proof(proof.address, proof.use, proof.expected, proof.got, None, proof.ms, note)
