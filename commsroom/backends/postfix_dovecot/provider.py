"""Reads, changes and proves one mail server, over the real client or the simulated one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from commsroom.backends.postfix_dovecot import proving, wire
from commsroom.backends.postfix_dovecot.acting import WORKERS
from commsroom.backends.postfix_dovecot.letter import letter
from commsroom.estate.backend import Applied, Batch, Outcome, Snapshot, Status
from commsroom.estate.notice import Delivery
from commsroom.estate.resource import Address

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from commsroom.backends.postfix_dovecot.settings import Settings
    from commsroom.backends.postfix_dovecot.wire import Client, Json
    from commsroom.estate.backend import Credential, Proof, ProofRequest, Tools
    from commsroom.estate.inspection import Facts, Seen
    from commsroom.estate.notice import Notice, Sender


@dataclass(frozen=True, slots=True)
class Mail:
    """A connected mail server (see `commsroom.estate.backend.Provider` for the promises)."""

    system: str
    client: Client
    settings: Settings
    tools: Tools

    def read(self) -> Snapshot:
        """Read everything in one round trip."""
        answer = self.client.read()
        found = list(wire.resources(self.system, answer["objects"]))
        return Snapshot(
            resources={resource.address: resource for resource, _ in found},
            verifiers={
                resource.address: shown
                for resource, item in found
                if (shown := wire.verifiers(item, self.tools.fingerprint))
            },
            token=answer["token"],
            sealed=frozenset(resource.address for resource, item in found if item["sealed"]),
            version=answer["version"],
        )

    def apply(self, batch: Batch) -> Applied:
        """Make a batch in one round trip; outcomes are what was read back."""
        answer = self.client.apply(
            {
                "token": batch.token,
                "fence": batch.fence,
                "estate": batch.estate_id,
                "changes": [wire.wire_change(one, batch.secret) for one in batch.changes],
            }
        )
        outcomes = tuple(self._outcome(item) for item in answer["outcomes"])
        return Applied(outcomes, answer["token"])

    def _outcome(self, item: Json) -> Outcome:
        return Outcome(
            Address(self.system, item["kind"], item["key"]),
            Status.DONE if item["ok"] else Status.FAILED,
            item["message"],
            wire.verifiers(item, self.tools.fingerprint),
        )

    def prove(self, requests: Sequence[ProofRequest]) -> Iterator[Proof]:
        """Use mailboxes, lists and grants as their owners would."""
        return proving.prove(self.client, self.settings, self.tools, requests)

    def log_in(self, credentials: Sequence[Credential]) -> Sequence[bool | None]:
        """Log in to each mailbox over IMAPS."""

        def tried(one: Credential) -> bool | None:
            if one.slot != "password":  # what else is let in is for a rotation to know
                return None
            try:
                return self.client.login(wire.Login(one.resource.address.key, one.secret))
            except wire.Unanswered:
                return None

        with ThreadPoolExecutor(WORKERS, "login") as pool:
            return list(pool.map(tried, credentials))

    def notify(self, sender: Sender, notices: Sequence[Notice]) -> Sequence[Delivery]:
        """Submit each as a letter of its own, in one authenticated session."""
        login = wire.Login(sender.key, sender.password)
        letters = [letter(sender.key, notice) for notice in notices]
        replies: list[wire.Reply] = []
        silence = "the session ended before"
        try:
            for reply in self.client.deliver(login, letters, [notice.to for notice in notices]):
                replies.append(reply)  # noqa: PERF402 - those before a failure count
        except wire.NoEntry as refused:
            silence = f"{sender.key} may not submit: {refused}"
        except wire.Unanswered as silent:
            silence = str(silent)
        told = ["" if reply.accepted else str(reply) for reply in replies]
        told += [silence] * (len(notices) - len(told))
        return [Delivery(*pair) for pair in zip(notices, told, strict=True)]

    def inspect(self, wanted: Facts) -> Seen:
        """Look at machine and server in one round trip."""
        return self.client.inspect(wanted)

    def close(self) -> None:
        """Nothing stays open between operations."""
