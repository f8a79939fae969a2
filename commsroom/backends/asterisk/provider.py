"""The provider: the same over a real Asterisk and over the fake one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from commsroom.backends.asterisk import wire
from commsroom.estate.backend import Applied, Outcome, Snapshot, Status
from commsroom.estate.resource import Address

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from commsroom.backends.asterisk.client import Client
    from commsroom.backends.asterisk.settings import Settings
    from commsroom.estate.backend import Batch, Credential, Proof, ProofRequest, Tools
    from commsroom.estate.inspection import Facts, Seen
    from commsroom.estate.resource import Change


@dataclass(frozen=True, slots=True)
class AsteriskProvider:
    """One connected system (nothing stays open between calls)."""

    system: str
    settings: Settings
    tools: Tools
    client: Client

    def read(self) -> Snapshot:
        """Read everything in one round trip."""
        answer = self.client.read()
        objects = answer["objects"]
        return Snapshot(
            resources=wire.resources(self.system, objects),
            verifiers=wire.verifiers(self.system, objects, self.tools.fingerprint),
            token=answer["token"],
            sealed=frozenset(Address(self.system, kind, key) for kind, key in answer["sealed"]),
            version=answer["version"],
        )

    def apply(self, batch: Batch) -> Applied:
        """Make all changes in one round trip; the server judges each by what then runs."""
        ops = [(change, wire.operation(change, batch.secret)) for change in batch.changes]
        answer = self.client.apply(
            [op for _, op in ops if op is not None],
            token=batch.token,
            estate_id=batch.estate_id,
            fence=batch.fence,
        )
        results = iter(answer["results"])
        shown = wire.verifiers(self.system, answer["objects"], self.tools.fingerprint)
        outcomes = [
            _outcome(change, next(results) if op is not None else "", shown) for change, op in ops
        ]
        return Applied(tuple(outcomes), answer["token"])

    def prove(self, requests: Sequence[ProofRequest]) -> Iterator[Proof]:
        """Register and call as everybody would; see proof/steps.py."""
        from commsroom.backends.asterisk.proof.steps import prove

        within = self.tools.deadlines.prove
        yield from prove(self.client.exchange(), requests, self.settings, within)

    def log_in(self, credentials: Sequence[Credential]) -> Sequence[bool | None]:
        """Ask as each telephone who is registered in its place: that needs its password, and changes nothing."""
        from commsroom.backends.asterisk.proof.logins import tried

        return tried(self.client.exchange(), credentials, self.tools.deadlines.prove)

    def inspect(self, wanted: Facts) -> Seen:
        """Look at machine and server in one round trip."""
        return self.client.inspect(wanted)

    def close(self) -> None:
        """Nothing to let go of."""


def _outcome(change: Change, fault: str, shown: dict[Address, dict[str, str]]) -> Outcome:
    if fault:
        return Outcome(change.address, Status.FAILED, fault)
    slots = wire.slots(wire.written(change))
    held = shown.get(change.address, {})
    return Outcome(
        change.address,
        Status.DONE,
        verifiers={slot: held[slot] for slot in slots if slot in held and change.after},
    )
