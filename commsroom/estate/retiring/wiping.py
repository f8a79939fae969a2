"""What a wipe station does for us: tells what is attached to it, wipes in jobs of its own, and verifies."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

from commsroom.estate.retiring.media import MediaKind, Medium
from commsroom.estate.retiring.verdict import Result, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


#: Characters of a text: a reason and its evidence are one field of a certificate, which has 2000.
_LONGEST: Final = 900
#: Characters between two notes.
_BETWEEN: Final = 2
#: The end of the year 9999, which is the last that a certificate can say.
_LAST_SECOND: Final = 253_402_300_799
_STATES: Final = frozenset({"unknown", "running", "interrupted", "ended"})
#: What is told of one job or disk where what the station says of it is no answer.
SENSELESS: Final = "the station's answer about it makes no sense"
#: What the words of a station about one thing may raise when they are read.
UNREADABLE: Final = (AttributeError, KeyError, OverflowError, TypeError, ValueError)


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
            serial=line(data["serial"]),
            model=line(data["model"]),
            path=line(data["path"]),
            bytes=int(data["bytes"]),
            can=frozenset(data["can"]),
            hidden_bytes=data["hidden_bytes"],
            remapped=data["remapped"],
            encrypted=bool(data["encrypted"]),
        )
        return cls(medium, line(data["device"]))


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
    said, why it was refused, what nobody can read of it, which method it was, which version the tool was, and when (seconds since 1970, UTC).
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
    tool: str = ""
    method: str = ""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what a station tells; raises one of `UNREADABLE` for what is none."""
        verdict = None
        if data["state"] not in _STATES:
            raise ValueError("is no state")
        if data["state"] == "ended":
            reason, evidence = line(data["reason"]), line(data["evidence"])
            verdict = Verdict(Result(data["result"]), reason, evidence)
        return cls(
            state=line(data["state"]),
            step=line(data.get("step", "")),
            done=int(data.get("done", 0)),
            verdict=verdict,
            serial=line(data.get("serial", "")),
            said=line(data.get("said", "")),
            refused=lines(data.get("refused", [])),
            notes=_within(lines(data.get("notes", []))),
            began=_moment(data.get("began", 0)),
            ended=_moment(data.get("ended", 0)),
            tool=line(data.get("tool", "")),
            method=line(data.get("method", "")),
        )

    @classmethod
    def told(cls, data: Mapping[str, Any]) -> Self:
        """Read the same; of what makes no sense nobody knows what became of the disk, and that is a verdict."""
        try:
            return cls.from_json(data)
        except UNREADABLE:
            return cls(state="ended", verdict=Verdict(Result.UNKNOWN, SENSELESS))


def line(text: Any) -> str:
    """Return what a station says as one line that a certificate can hold: it is somebody else's text.

    Raises:
        ValueError: it is no text.
    """
    if not isinstance(text, str):
        raise ValueError("is no text")  # noqa: TRY004 - as of all else that is no answer
    return "".join(char if char.isprintable() else " " for char in text[:_LONGEST])


def lines(texts: Any) -> tuple[str, ...]:
    """Return a list of texts, each as one line; raises ValueError for what is none."""
    if not isinstance(texts, list):
        raise ValueError("is no list")  # noqa: TRY004 - as of all else that is no answer
    return tuple(line(text) for text in texts)


def _within(notes: tuple[str, ...]) -> tuple[str, ...]:
    """Return as many notes as fit with others into one field of a certificate, and how many did not."""
    # A station that says very much is not gone through again for each note.
    ends = accumulate(len(text) + _BETWEEN for text in notes)
    kept = tuple(text for text, end in zip(notes, ends, strict=True) if end - _BETWEEN <= _LONGEST)
    left = len(notes) - len(kept)
    return (*kept, f"and {left} more that the station says") if left else kept


def _moment(value: Any) -> int:
    """Return seconds since 1970; raises ValueError for a time that no calendar has."""
    seconds = int(value)
    if not 0 <= seconds <= _LAST_SECOND:
        raise ValueError("is no time")
    return seconds


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
