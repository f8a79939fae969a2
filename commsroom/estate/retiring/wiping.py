"""What a wipe station does for us: tells what is attached to it, wipes in jobs of its own, and verifies."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, Self

from commsroom.estate.retiring.media import MediaKind, Medium
from commsroom.estate.retiring.verdict import Result, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Attached:
    """A disk of a station: the medium, and the kernel's name of it, which its path may lead away from."""

    medium: Medium
    device: str

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what a station tells; raises KeyError or ValueError for what is none."""
        medium = Medium(
            kind=MediaKind[data["kind"]],
            serial=data["serial"],
            model=data["model"],
            path=data["path"],
            bytes=int(data["bytes"]),
            can=frozenset(data["can"]),
            hidden_bytes=data["hidden_bytes"],
            remapped=data["remapped"],
            encrypted=bool(data["encrypted"]),
        )
        return cls(medium, data["device"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One disk to be wiped, as it was approved. `name` is the job's own, the same however often it is sent.

    `members` are types of volume (`LVM2_member`) whose part the disk may be, `header_backups` files on the
    station with backups of its LUKS header. `sampled`: not all of it is read back.
    """

    name: str
    path: str
    device: str
    serial: str
    bytes: int
    method: str
    members: tuple[str, ...] = ()
    header_backups: tuple[str, ...] = ()
    sampled: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return it as the station takes it."""
        return {
            "job": self.name,
            "path": self.path,
            "device": self.device,
            "serial": self.serial,
            "bytes": self.bytes,
            "method": self.method,
            "members": list(self.members),
            "header_backups": list(self.header_backups),
            "sampled": self.sampled,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStanding:
    """How a job stands: `state` is `unknown`, `running`, `interrupted` or `ended`; `done` is bytes or percent.

    Of one that ended: the verdict, the serial number the disk gave at the moment of wiping, what the device
    said, why it was refused, what nobody can read of it, and when (seconds since 1970, UTC).
    """

    state: str
    step: str = ""
    done: int = 0
    verdict: Verdict | None = None
    serial: str = ""
    said: str = ""
    refused: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())
    began: int = 0
    ended: int = 0

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what a station tells; what is no verdict is none."""
        verdict = None
        if data["state"] == "ended":
            verdict = Verdict(Result(data["result"]), data["reason"], data["evidence"])
        return cls(
            state=data["state"],
            step=data.get("step", ""),
            done=int(data.get("done", 0)),
            verdict=verdict,
            serial=data.get("serial", ""),
            said=data.get("said", ""),
            refused=tuple(data.get("refused", ())),
            notes=tuple(data.get("notes", ())),
            began=int(data.get("began", 0)),
            ended=int(data.get("ended", 0)),
        )


class Wipes(Protocol):
    """A provider that wipes. Each call is one round trip, for however many disks."""

    def look(self, paths: Sequence[str]) -> Sequence[Attached | str]:
        """Return what is at each path, or why nothing can be wiped there; of no paths, all that is attached."""
        ...

    def refusals(self, jobs: Sequence[Job]) -> Sequence[Sequence[str]]:
        """Return for each job why it would be refused now."""
        ...

    def start(self, jobs: Sequence[Job]) -> Mapping[str, JobStanding]:
        """Begin those that are neither under way nor over; return how all stand."""
        ...

    def status(self, names: Sequence[str]) -> Mapping[str, JobStanding]:
        """Return how jobs stand."""
        ...
