"""How far each device of a decommissioning is: steps in one order, each of which somebody or something saw.

What is to be done stands in the request that two people sign; what was done, in the ledger's events. Nothing
follows from a step that was not seen to happen: `Run` reads the events, and says what may come next.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Self

from commsroom.estate.retiring.media import MediaKind, Strength
from commsroom.estate.retiring.methods import BY_NAME, By, Method
from commsroom.estate.retiring.verdict import Result, Verdict, together
from commsroom.policy.retirement import Category, Fate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

#: The ledger's event, and the kind of its rows' addresses: `equipment:decommission/LH-C003`, the action the step.
EVENT: Final = "decommission"
#: What a request for approval is for.
PURPOSE: Final = "decommission"


class Step(StrEnum):
    """What happens to a device, in this order."""

    CLOSED = "closed"  #: accounts that lived on it, its port and its credentials are gone
    WIPED = "wiped"  #: one medium: the verdict on it
    CERTIFIED = "certified"  #: a named person has signed what was done
    RETIRED = "retired"  #: the register says so


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One medium of a device as it is to be wiped. `station` is the system it is attached to, "" for none."""

    kind: MediaKind
    serial: str
    method: str
    need: Strength
    model: str = ""
    station: str = ""
    path: str = ""
    device: str = ""
    bytes: int = 0
    notes: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    header_backups: tuple[str, ...] = ()
    sampled: bool = False

    @property
    def by(self) -> By:
        """Tell who carries its method out."""
        return self.how.by

    @property
    def how(self) -> Method:
        """Return its method."""
        return BY_NAME[self.method]

    @property
    def hands(self) -> str:
        """Return the method that two people may carry out for it, "" for none."""
        return self.method if self.by is By.PERSON else self.how.by_hand

    @property
    def name(self) -> str:
        """Return what it is called within its device: its serial number, or what it is."""
        return self.serial or str(self.kind)

    def to_json(self) -> dict[str, Any]:
        """Return it as it is signed: what is empty left out."""
        told = {
            "kind": str(self.kind),
            "serial": self.serial,
            "model": self.model,
            "method": self.method,
            "strength": str(self.how.strength),
            "needed": str(self.need),
            "station": self.station,
            "path": self.path,
            "device": self.device,
            "bytes": self.bytes,
            "notes": list(self.notes),
            "members": list(self.members),
            "header_backups": list(self.header_backups),
            "sampled": self.sampled,
        }
        return {name: value for name, value in told.items() if value}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read it back; raises KeyError or ValueError for what is none."""
        return cls(
            kind=MediaKind(data["kind"]),
            serial=data.get("serial", ""),
            model=data.get("model", ""),
            method=BY_NAME[data["method"]].name,
            need=Strength[data["needed"].upper()],
            station=data.get("station", ""),
            path=data.get("path", ""),
            device=data.get("device", ""),
            bytes=int(data.get("bytes", 0)),
            notes=tuple(data.get("notes", ())),
            members=tuple(data.get("members", ())),
            header_backups=tuple(data.get("header_backups", ())),
            sampled=bool(data.get("sampled", False)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One device as it is to be decommissioned. `closes` are addresses that are there for it alone."""

    tag: str
    product: str
    serial: str
    category: Category
    fate: Fate
    holder: str = ""
    closes: tuple[str, ...] = ()
    by_hand: tuple[str, ...] = ()
    media: tuple[Item, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as it is signed."""
        return {
            "tag": self.tag,
            "product": self.product,
            "serial": self.serial,
            "category": str(self.category),
            "fate": str(self.fate),
            "holder": self.holder,
            "closes": list(self.closes),
            "by_hand": list(self.by_hand),
            "media": [item.to_json() for item in self.media],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read it back; raises KeyError or ValueError for what is none."""
        return cls(
            tag=data["tag"],
            product=data["product"],
            serial=data["serial"],
            category=Category(data["category"]),
            fate=Fate(data["fate"]),
            holder=data["holder"],
            closes=tuple(data["closes"]),
            by_hand=tuple(data["by_hand"]),
            media=tuple(Item.from_json(item) for item in data["media"]),
        )


@dataclass(frozen=True, slots=True)
class Wiped:
    """What became of one medium, and who answers for it. `attempt` counts from 1.

    `method` is what was really done where it is not what was signed: by hand, and as strong. `tool` is what the tool
    called its version.
    """

    verdict: Verdict
    attempt: int
    by: tuple[str, ...] = ()
    said: str = ""
    notes: tuple[str, ...] = ()
    began: int = 0
    ended: int = 0
    method: str = ""
    tool: str = ""

    def how(self, item: Item) -> Method:
        """Return the method by which an item was wiped."""
        return BY_NAME[self.method] if self.method else item.how

    def to_json(self) -> dict[str, Any]:
        """Return it as the ledger keeps it."""
        return {
            "result": str(self.verdict.result),
            "reason": self.verdict.reason,
            "evidence": self.verdict.evidence,
            "attempt": self.attempt,
            "by": list(self.by),
            "said": self.said,
            "notes": list(self.notes),
            "began": self.began,
            "ended": self.ended,
            **({"instead": self.method} if self.method else {}),
            **({"tool": self.tool} if self.tool else {}),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read it back."""
        return cls(
            verdict=Verdict(Result(data["result"]), data["reason"], data["evidence"]),
            attempt=int(data["attempt"]),
            by=tuple(data["by"]),
            said=data["said"],
            notes=tuple(data["notes"]),
            began=int(data["began"]),
            ended=int(data["ended"]),
            method=data.get("instead", ""),
            tool=data.get("tool", ""),
        )


@dataclass
class Run:
    """How far one device is, by the events of its request.

    `withdrawn` is why its certificate does not count any more, "" while it does. `replaced`: another request
    brought the device to its end, and nothing more is done by this one.
    """

    target: Target
    closed: bool = False
    wiped: dict[str, Wiped] = field(default_factory=dict)
    certificate: str = ""
    withdrawn: str = ""
    retired: bool = False
    replaced: bool = False

    def take(self, step: str, data: Mapping[str, Any]) -> None:
        """Add one event's row; raises KeyError or ValueError for what is none."""
        match Step(step):
            case Step.CLOSED:
                self.closed = True
            case Step.WIPED:
                self.wiped[data["medium"]] = Wiped.from_json(data)
            case Step.CERTIFIED:
                self.certificate, self.withdrawn = data["sha256"], ""
            case Step.RETIRED:
                self.retired = True

    @property
    def verdict(self) -> Verdict:
        """Return the worst verdict of its media; one that has none yet is unknown."""
        missing = Verdict(Result.UNKNOWN, "not wiped yet")
        found = [
            self.wiped[item.name].verdict if item.name in self.wiped else missing
            for item in self.target.media
        ]
        return together(found) if found else Verdict(Result.PASS, "it holds no data", "by policy")

    def open_media(self) -> tuple[Item, ...]:
        """Return the media that were not seen to be wiped."""
        return tuple(
            item
            for item in self.target.media
            if item.name not in self.wiped
            or self.wiped[item.name].verdict.result is not Result.PASS
        )

    def judge(self, withdrawn: Mapping[str, str]) -> None:
        """Take a certificate back that was withdrawn; `withdrawn` is by hash, with why."""
        self.withdrawn = withdrawn.get(self.certificate, "")
        if self.withdrawn:
            self.certificate = ""

    @property
    def ended(self) -> bool:
        """Tell whether nothing is to come: it is retired, and what certified it counts; or another request's it is."""
        return self.replaced or (self.retired and not self.withdrawn)

    @property
    def next(self) -> str:
        """Say what is to come, "" when all is done."""
        if self.ended:
            return ""
        if not self.closed:
            return "to be closed"
        if left := self.open_media():
            return self._next_of(left)
        if self.target.media and not self.certificate:
            why = f"certificate withdrawn ({self.withdrawn}): " if self.withdrawn else ""
            return f"{why}to be validated by a named person"
        return "to be entered in the register"

    def _next_of(self, left: tuple[Item, ...]) -> str:
        failed = [item for item in left if item.name in self.wiped]
        if failed:
            verdict = self.wiped[failed[0].name].verdict
            return f"{failed[0].name}: {verdict.result}, {verdict.reason}"
        if all(item.by is By.PERSON for item in left):
            return f"{left[0].name}: {left[0].how.technique}, before a witness"
        return f"{left[0].name}: to be wiped"


def end_replaced(requests: Sequence[Mapping[str, Run]]) -> None:
    """Take as retired, in each request that was begun, what another one brought to its end."""
    retired = {tag for runs in requests for tag, run in runs.items() if run.retired}
    for runs in requests:
        for tag in runs.keys() & retired:
            runs[tag].replaced = not runs[tag].retired
            runs[tag].retired = True


def wiped_by(method: Method, names: Iterable[str]) -> Verdict:
    """Return the verdict on what two people have seen."""
    return Verdict(Result.PASS, f"{method.technique}, witnessed", f"seen by {' and '.join(names)}")
