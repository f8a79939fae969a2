"""A wipe station to the rest of commsroom: it holds nothing that policy plans, and wipes when it is told."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from commsroom.errors import SystemUnknown
from commsroom.estate.backend import Applied, Outcome, Snapshot, Status
from commsroom.estate.retiring.wiping import (
    SENSELESS,
    UNREADABLE,
    Attached,
    JobStanding,
    line,
    lines,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from commsroom.backends.wipe_station.client import Client, Json
    from commsroom.estate.backend import Batch, Proof, ProofRequest
    from commsroom.estate.retiring.wiping import Job


class WipeStation:
    """One station, by its client."""

    def __init__(self, system: str, client: Client) -> None:
        """Keep both; nothing is asked yet."""
        self._system = system
        self._client = client

    def look(self, paths: Sequence[str]) -> Sequence[Attached | str]:
        """Ask what is attached."""
        answer = self._call("look", {"paths": list(paths)})
        with self._understood():
            told = answer["disks"]
            if not isinstance(told, list) or (paths and len(told) != len(paths)):
                raise ValueError("of other disks")
        return [_attached(one) for one in told]

    def refusals(self, jobs: Sequence[Job]) -> Sequence[Sequence[str]]:
        """Ask why jobs would be refused."""
        answer = self._call("refusals", {"jobs": [job.to_json() for job in jobs]})
        with self._understood():
            told = answer["refused"]
            if not isinstance(told, list) or len(told) != len(jobs):
                raise ValueError("of other jobs")
        return [_reasons(one) for one in told]

    def start(self, jobs: Sequence[Job]) -> Mapping[str, JobStanding]:
        """Begin jobs."""
        return self._standings(self._call("start", {"jobs": [job.to_json() for job in jobs]}))

    def status(self, names: Sequence[str]) -> Mapping[str, JobStanding]:
        """Ask after jobs."""
        return self._standings(self._call("status", {"jobs": list(names)}))

    def read(self) -> Snapshot:
        """Return nothing: no object of policy is here."""
        return Snapshot({})

    def apply(self, batch: Batch) -> Applied:
        """Refuse whatever it is: none of it can be meant for a station."""
        said = "a wipe station holds no objects"
        return Applied(
            [Outcome(change.address, Status.FAILED, said) for change in batch.changes], ""
        )

    def prove(self, requests: Sequence[ProofRequest]) -> Iterator[Proof]:
        """Prove nothing."""
        return iter(())

    def close(self) -> None:
        """Do nothing: no connection is kept."""

    def _call(self, function: str, data: Json) -> Json:
        return self._client.call(function, data)

    def _standings(self, answer: Json) -> Mapping[str, JobStanding]:
        with self._understood():
            told = answer["jobs"].items()
        return {name: JobStanding.told(one) for name, one in told}

    @contextmanager
    def _understood(self) -> Iterator[None]:
        """Turn what is wrong with an answer into the one error that is told: its text is somebody else's."""
        try:
            yield
        except UNREADABLE:
            raise SystemUnknown(self._system, "wipe", "its answer makes no sense") from None


def _attached(told: Any) -> Attached | str:
    """Return one disk; an answer that makes no sense is why nothing can be wiped there, and holds no other disk."""
    try:
        return line(told["error"]) if "error" in told else Attached.from_json(told)
    except UNREADABLE:
        return SENSELESS


def _reasons(told: Any) -> tuple[str, ...]:
    """Return why one job would be refused; an answer that makes no sense is a reason, and holds no other job."""
    try:
        return lines(told)
    except UNREADABLE:
        return (SENSELESS,)
