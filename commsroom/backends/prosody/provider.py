"""The provider: the same over a real Prosody and over the fake one."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from commsroom.backends.prosody import wire
from commsroom.backends.prosody.proof import steps
from commsroom.backends.prosody.proof.chat import Refused, Undecided
from commsroom.estate.backend import Applied, Outcome, Snapshot, Status
from commsroom.estate.notice import Delivery

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from commsroom.backends.prosody.client import Client, Json
    from commsroom.backends.prosody.proof.chat import Chat
    from commsroom.backends.prosody.settings import Settings
    from commsroom.estate.backend import Batch, Credential, Proof, ProofRequest, Tools
    from commsroom.estate.inspection import Facts, Seen
    from commsroom.estate.notice import Notice, Sender
    from commsroom.estate.resource import Change

#: Seconds to each answer of the server in a proof; the whole has the deadline of the phase.
_ANSWER_SECONDS = 10.0
_LOGINS_AT_ONCE = 16
#: By these words the credential was refused; by others (`temporary-auth-failure`) nothing is said of it
#: (RFC 6120 section 6.5).
_NO = frozenset({"not-authorized", "account-disabled", "credentials-expired"})


@dataclass(frozen=True, slots=True)
class ProsodyProvider:
    """One connected system (nothing stays open between calls)."""

    system: str
    settings: Settings
    tools: Tools
    client: Client

    def read(self) -> Snapshot:
        """Read everything in one round trip."""
        return self._snapshot(self.client.read())

    def _snapshot(self, answer: Json) -> Snapshot:
        state = answer["state"]
        return Snapshot(
            resources=wire.resources(self.system, self.settings.im_domain, state),
            verifiers=wire.verifiers(self.system, state, self.tools.fingerprint),
            token=answer["token"],
            version=f"Prosody {state['version']}",
        )

    def apply(self, batch: Batch) -> Applied:
        """Make all changes in one round trip and judge each by what is there afterwards."""
        ops = [(change, wire.operation(change, batch.secret)) for change in batch.changes]
        sent = [op for _, op in ops if op is not None]
        answer = self.client.apply(
            sent, token=batch.token, estate_id=batch.estate_id, fence=batch.fence
        )
        results = iter(answer["results"])
        left = self._snapshot(answer)
        after = _After(answer, left)
        outcomes = [
            after.outcome(change, next(results) if op is not None else {"ok": True})
            for change, op in ops
        ]
        return Applied(tuple(outcomes), left.token, left)

    def prove(self, requests: Sequence[ProofRequest]) -> Iterator[Proof]:
        """Log in as everybody, one wrong password each; share, enter, write and read."""
        chat = self.client.chat(_ANSWER_SECONDS)
        yield from asyncio.run(steps.prove(chat, requests, within=self.tools.deadlines.prove))

    def log_in(self, credentials: Sequence[Credential]) -> Sequence[bool | None]:
        """Log in to each account and out again."""
        return asyncio.run(
            _tried(self.client.chat(_ANSWER_SECONDS), credentials, self.tools.deadlines.prove)
        )

    def notify(self, sender: Sender, notices: Sequence[Notice]) -> Sequence[Delivery]:
        """Log in once and write to each."""
        return asyncio.run(_write(self.client.chat(_ANSWER_SECONDS), sender, notices))

    def inspect(self, wanted: Facts) -> Seen:
        """Look at machine and server in one round trip."""
        return self.client.inspect(wanted)

    def close(self) -> None:
        """Nothing to let go of."""


async def _tried(chat: Chat, credentials: Sequence[Credential], within: float) -> list[bool | None]:
    found: list[bool | None] = [None] * len(credentials)
    limit = asyncio.Semaphore(_LOGINS_AT_ONCE)

    async def one(place: int, it: Credential) -> None:
        async with limit:
            found[place] = await _let_in(chat, it.resource.address.key, it.secret.reveal())

    try:
        async with asyncio.timeout(within):
            await asyncio.gather(*(one(*pair) for pair in enumerate(credentials)))
    except TimeoutError:
        pass  # the rest stays untold
    return found


async def _let_in(chat: Chat, login: str, password: str) -> bool | None:
    try:
        person = await chat.login(login, password)
    except Refused as refusal:
        return False if str(refusal) in _NO else None
    except Undecided:
        return None
    await person.leave()
    return True


async def _write(chat: Chat, sender: Sender, notices: Sequence[Notice]) -> list[Delivery]:
    try:
        person = await chat.login(sender.key, sender.password.reveal())
    except (Refused, Undecided) as why:
        return [Delivery(notice, f"{sender.key} cannot log in: {why}") for notice in notices]
    told = []
    try:
        for notice in notices:
            try:
                await person.write(
                    notice.to, f"{notice.subject}\n\n{notice.text}", room=notice.room
                )
            except (Refused, Undecided) as why:
                told.append(Delivery(notice, str(why)))
            else:
                told.append(Delivery(notice))
    finally:
        await person.leave()
    return told


class _After:
    """What the server holds after a batch."""

    def __init__(self, answer: Json, left: Snapshot) -> None:
        self._before: Mapping[str, str] = answer["verifiers"]
        self._now = {item["login"]: item["verifier"] for item in answer["state"]["accounts"]}
        self._left = left

    def outcome(self, change: Change, result: Json) -> Outcome:
        """Judge one change: the server's word counts when it is a no, never when it is a yes."""
        address = change.address
        if not result["ok"]:
            return Outcome(address, Status.FAILED, result["error"])
        fault = wire.shortfall(change, self._left.resources.get(address)) or self._password_fault(
            change
        )
        if fault:
            return Outcome(address, Status.FAILED, fault)
        return Outcome(address, Status.DONE, verifiers=self._verifiers(change))

    def _password_fault(self, change: Change) -> str:
        login = change.address.key
        if not _sets_password(change) or self._now.get(login) != self._before.get(login):
            return ""
        return "the password is still the old one"

    def _verifiers(self, change: Change) -> dict[str, str]:
        if not _sets_password(change):
            return {}
        return dict(self._left.verifiers[change.address])


def _sets_password(change: Change) -> bool:
    return change.after is not None and "secret:password" in change.fields
