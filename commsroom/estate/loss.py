"""A lost device: what is done at once, what people do, how it comes back, and the record of all that (4.4.2).

What was done is in the ledger's events of kind `loss`, each about one device; nothing counts that no event
says. `Loss` reads them, and says what is still to do. A device may be lost again: its last report counts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Self

from commsroom.policy.devices import DeviceKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from commsroom.estate.resource import Resource

#: The ledger's event; its row is the device, its action the step.
EVENT: Final = "loss"
#: How soon a breach of personal data is reported: 72 hours (GDPR, article 33).
REPORT_WITHIN: Final = timedelta(hours=72)
#: Kinds that know more of their holder than their own profile: mail, chat, a softphone.
KNOWS_ALL: Final = frozenset({DeviceKind.MOBILE, DeviceKind.COMPUTER})


class Step(StrEnum):
    """What happens to a lost device; after the report in whatever order it can be done."""

    REPORTED = "reported"
    WITHDRAWN = "withdrawn"  #: what lived on it alone is gone from the systems
    RENEWED = "renewed"  #: what it knew is good for nothing any more
    ORDERED = "ordered"  #: its MDM server has a command for it
    ANSWERED = "answered"  #: the device said what became of a command
    TICKED = "ticked"  #: somebody did what only people can do
    FOUND = "found"
    CLEARED = "cleared"  #: a named person answers for it that it may be issued again


class Duty(StrEnum):
    """What only people can do."""

    CARRIER = "carrier"
    POLICE = "police"
    INSURER = "insurer"
    AUTHORITY = "authority"
    HOLDER = "holder"


#: What each is, in the words of those who do it.
DUTIES: Final[Mapping[Duty, str]] = {
    Duty.CARRIER: "have the carrier block its SIM and its IMEI; note the number of the call",
    Duty.POLICE: "report it to the police where it may be stolen; note the number of the report",
    Duty.INSURER: "tell the insurer, or note that it is not insured",
    Duty.AUTHORITY: "personal data on it? report to the authority within 72 h (GDPR art. 33), tell those concerned"
    " (GDPR art. 34; Taiwan PDPA art. 12); else note why not",
    Duty.HOLDER: "tell its holder what was changed, and how they get their new passwords",
}


def duties(kind: DeviceKind) -> tuple[Duty, ...]:
    """Return what people have to do for a device of a kind."""
    return tuple(duty for duty in Duty if duty is not Duty.CARRIER or kind is DeviceKind.MOBILE)


def knew(
    desired: Iterable[Resource], closes: Iterable[str]
) -> tuple[frozenset[str], frozenset[str]]:
    """Return the paths of secrets that go with what is closed: those it had alone, and those others hold too."""
    gone = frozenset(closes)
    mine: set[str] = set()
    others: set[str] = set()
    for item in desired:
        paths = mine if str(item.address) in gone else others
        paths.update(ref.path for ref in item.secrets)
    return frozenset(mine - others), frozenset(mine & others)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was known when a device was reported lost. Secrets are named by their paths, never by more.

    `closes` are addresses that were there for it alone, `own` the secrets that went with them, `shared` those
    that it knew and others need on. `by` is who reported it, "" where nobody said.
    """

    tag: str
    product: str
    kind: DeviceKind
    holder: str
    reason: str
    by: str = ""
    personal: bool = False
    mdm: str = ""
    closes: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    commands: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return it as the ledger keeps it."""
        return {
            "product": self.product,
            "kind": str(self.kind),
            "holder": self.holder,
            "reason": self.reason,
            "by": self.by,
            "personal": self.personal,
            "mdm": self.mdm,
            "closes": list(self.closes),
            "own": list(self.own),
            "shared": list(self.shared),
            "people": list(self.people),
            "commands": dict(self.commands),
        }

    @classmethod
    def from_json(cls, tag: str, data: Mapping[str, Any]) -> Self:
        """Read it back; raises KeyError or ValueError for what is none."""
        return cls(
            tag=tag,
            product=data["product"],
            kind=DeviceKind(data["kind"]),
            holder=data["holder"],
            reason=data["reason"],
            by=data["by"],
            personal=bool(data["personal"]),
            mdm=data["mdm"],
            closes=tuple(data["closes"]),
            own=tuple(data["own"]),
            shared=tuple(data["shared"]),
            people=tuple(data["people"]),
            # Locked first: what erases itself forgets what else it was told.
            commands=dict(sorted(data["commands"].items(), key=lambda one: one[0] != "lock")),
        )


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the record: what happened, who did it, and when (UTC). `actor` ran the command."""

    step: Step
    at: datetime
    actor: str
    by: str
    data: Mapping[str, Any]


@dataclass
class Loss:
    """One report and what came of it, by the events since."""

    report: Report
    at: datetime
    timeline: list[Moment] = field(default_factory=list)

    def take(self, moment: Moment) -> None:
        """Add one event."""
        self.timeline.append(moment)

    def of(self, step: Step) -> Iterator[Moment]:
        """Yield the events of a step."""
        return (moment for moment in self.timeline if moment.step is step)

    def seen(self, step: Step) -> bool:
        """Tell whether a step was done."""
        return any(True for _ in self.of(step))

    @property
    def found(self) -> bool:
        """Tell whether the device is back."""
        return self.seen(Step.FOUND)

    @property
    def cleared(self) -> bool:
        """Tell whether it may be issued again."""
        return self.seen(Step.CLEARED)

    @property
    def renewed(self) -> frozenset[str]:
        """Return the paths of secrets that are renewed, or of which it is told why they cannot be."""
        moments = tuple(self.of(Step.RENEWED))
        told = {path for moment in moments for path in moment.data["left"]}
        return frozenset(told).union(*(moment.data["renewed"] for moment in moments))

    @property
    def ordered(self) -> frozenset[str]:
        """Return the commands that its MDM server has."""
        return frozenset(str(moment.data["command"]) for moment in self.of(Step.ORDERED))

    @property
    def mdm(self) -> str:
        """Return where it was told what to do; before that, where its row said when it was lost."""
        told = [moment.data.get("mdm", "") for moment in self.of(Step.ORDERED)]
        return str(told[-1]) if told and told[-1] else self.report.mdm

    @property
    def answered(self) -> Mapping[str, Mapping[str, Any]]:
        """Return by command what the device said of it."""
        return {str(moment.data["command"]): moment.data for moment in self.of(Step.ANSWERED)}

    @property
    def ticked(self) -> Mapping[Duty, Moment]:
        """Return what people have done; the last word on each counts."""
        return {Duty(moment.data["duty"]): moment for moment in self.of(Step.TICKED)}

    @property
    def open_duties(self) -> tuple[Duty, ...]:
        """Return what people have yet to do."""
        return tuple(duty for duty in duties(self.report.kind) if duty not in self.ticked)

    @property
    def due(self) -> datetime:
        """Return until when personal data on it would have to be reported."""
        return self.at + REPORT_WITHIN

    @property
    def open_steps(self) -> tuple[str, ...]:
        """Say what no system was seen to have done yet."""
        report, missing = self.report, []
        if report.closes and not self.seen(Step.WITHDRAWN):
            missing.append("what lived on it is to be withdrawn")
        if {*report.own, *report.shared} - self.renewed:
            missing.append("what it knew is to be renewed")
        for command in report.commands:
            if command in self.answered:
                continue
            if command in self.ordered:
                missing.append(f"{command}: no answer yet")
            elif not self.found:  # nobody locks or erases what is back
                missing.append(f"{command}: to be queued")
        return tuple(missing)


@dataclass(frozen=True, slots=True)
class Record:
    """A loss with what its reader has to know beside: which company, who is meant by an id, what is simulated."""

    loss: Loss
    company: str
    names: Mapping[str, str] = field(default_factory=dict)
    simulated: frozenset[str] = frozenset()

    def who(self, moment: Moment) -> str:
        """Name who did it, else who ran the command."""
        return self.named(moment.by) if moment.by else moment.actor

    def named(self, one: str) -> str:
        """Return a person's name with their id; an id that the roster does not know alone."""
        return f"{self.names[one]} ({one})" if one in self.names else one
