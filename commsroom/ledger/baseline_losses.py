"""Losses of devices in a baseline: those of which nobody has said yet that the device may be issued again.

All travels that says what is still to do, and no more: what people noted, and what a device said, stays in
the ledger. No secret is in it, only the names of those that are to be renewed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from commsroom.estate import loss
from commsroom.estate.loss import Report, Step
from commsroom.policy.devices import DeviceKind

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Words of an event that are somebody's own, and decide nothing.
_TOLD: Final = frozenset({"note", "said"})
#: Words that a step cannot be read without, and what they are.
_NEEDED: Final[Mapping[Step, Mapping[str, type]]] = {
    Step.RENEWED: {"renewed": list, "left": dict},
    Step.ORDERED: {"command": str},
    Step.ANSWERED: {"command": str, "reply": str},
    Step.TICKED: {"duty": str},
}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Reported(_Part):
    """What was known when a device was reported lost. Secrets are named by their paths."""

    product: str = Field(description="Maker and model")
    kind: DeviceKind = Field(description="As in devices.csv")
    holder: str = Field(description="Id of who had it, empty: nobody")
    reason: str = Field(description="How it was lost")
    by: str = Field(default="", description="Id of who reported it")
    personal: bool = Field(default=False, description="It is its holder's own")
    mdm: str = Field(default="", description="SERVER:ENROLMENT that manages it")
    closes: tuple[str, ...] = Field(
        default=(), description="Addresses that were there for it alone"
    )
    own: tuple[str, ...] = Field(default=(), description="Secrets that it had alone, by name")
    shared: tuple[str, ...] = Field(default=(), description="Secrets that others have too, by name")
    people: tuple[str, ...] = Field(default=(), description="Ids of whose secrets it knew")
    commands: dict[str, str] = Field(
        default_factory=dict, description="What its MDM server keeps for it, each with its name"
    )


class Moment(_Part):
    """One thing that was done about it."""

    step: Step = Field(description="What")
    at: AwareDatetime = Field(description="When the ledger recorded it")
    actor: str = Field(description="Who ran the command, user@host")
    by: str = Field(default="", description="Id of who did it")
    told: dict[str, Any] = Field(
        default_factory=dict, description="What the event says of it, without what people noted"
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        for word, kind in _NEEDED.get(self.step, {}).items():
            if not isinstance(self.told.get(word), kind):
                raise ValueError(f"{self.step} does not say {word}")  # noqa: TRY004 - as of all else that is no baseline
        if self.step is Step.RENEWED and not all(
            isinstance(it, str) for it in self.told["renewed"]
        ):
            raise ValueError(f"{self.step} names what is no secret")
        if self.step is Step.TICKED:
            loss.Duty(self.told["duty"])
        return self


class Lost(_Part):
    """A device that is lost, or is back and not cleared."""

    tag: str = Field(description="Asset tag")
    report: Reported
    moments: tuple[Moment, ...] = Field(
        min_length=1, description="Oldest first; the first is the report"
    )

    @classmethod
    def of(cls, one: loss.Loss) -> Self:
        """Take what travels of a loss."""
        moments = tuple(
            Moment(step=it.step, at=it.at, actor=it.actor, by=it.by, told=_told(it))
            for it in one.timeline
        )
        report = Reported.model_validate(one.report.to_json())
        return cls(tag=one.report.tag, report=report, moments=moments)

    def loss(self) -> loss.Loss:
        """Return it as the ledger tells it."""
        report = Report.from_json(self.tag, self.report.model_dump(mode="json"))
        found = loss.Loss(report, self.moments[0].at)
        for it in self.moments:
            # What people noted is not known here, and is asked for by whoever shows a record.
            empty = {"note": ""} if it.step is Step.TICKED else {}
            found.take(loss.Moment(it.step, it.at, it.actor, it.by, {**empty, **it.told}))
        return found


def open_ones(losses: Iterable[loss.Loss]) -> tuple[Lost, ...]:
    """Return what travels: of each loss that is not cleared, sorted by asset tag."""
    left = (one for one in losses if not one.cleared)
    return tuple(Lost.of(one) for one in sorted(left, key=lambda one: one.report.tag))


def _told(moment: loss.Moment) -> dict[str, Any]:
    """Return an event's words; of a report all of them are in `Reported`."""
    if moment.step is Step.REPORTED:
        return {}
    return {
        word: value
        for word, value in moment.data.items()
        if word not in _TOLD and word not in {"device", "step"}
    }
