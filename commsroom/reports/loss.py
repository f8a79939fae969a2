"""A lost device as text and JSON: how far it is, and what people have to do. Its record is in `incident`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from commsroom.estate.loss import DUTIES, Duty, Loss, Step
from commsroom.estate.retiring.managing import place
from commsroom.reports import incident
from commsroom.reports.lines import Line, Span, Style, count, label, line, note

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from commsroom.estate.loss import Moment

_WHEN: Final = "%Y-%m-%d %H:%M:%S"


class Losing(Protocol):
    """A loss as a run left it."""

    @property
    def loss(self) -> Loss: ...
    @property
    def left(self) -> Mapping[str, str]: ...
    @property
    def simulated(self) -> frozenset[str]: ...


def lines(one: Losing) -> Iterator[Line]:
    """Yield how far it is, what is left, and what to do next."""
    loss = one.loss
    report = loss.report
    yield line(
        Span(report.tag, Style.STRONG), f"  {report.product}, lost by {report.holder or 'nobody'}: ",
        report.reason, note(one.simulated),
    )  # fmt: skip
    for moment in loss.timeline[1:]:
        yield line(f"  done  {incident.said(moment)}", *_label(loss, moment, one.simulated))
    for text in loss.open_steps:
        yield line(Span(f"  open  {text}", Style.DOUBT))
    for what, why in one.left.items():
        yield line(Span(f"  {what}: {why}", Style.DOUBT))
    if loss.open_duties:
        yield line(f"for people to do, {count(len(loss.open_duties), 'thing')}:")
    for duty in loss.open_duties:
        yield line(f"    {duty:<10}{DUTIES[duty]}")
    if Duty.AUTHORITY in loss.open_duties:
        yield line(f"    personal data: to be reported by {loss.due:{_WHEN}} UTC")
    if command := _next(loss):
        yield line("next: ", Span(command, Style.COMMAND))


def _label(loss: Loss, moment: Moment, simulated: frozenset[str]) -> tuple[Span, ...]:
    """Mark what a fake said it did: what was found out of secrets and people no system said."""
    match moment.step:
        case Step.ORDERED | Step.ANSWERED:
            return label(place(loss.mdm)[0], simulated)
        case Step.WITHDRAWN:
            systems = {address.partition(":")[0] for address in moment.data["gone"]}
            return label(next(iter(systems & simulated), ""), simulated)
        case _:
            return ()


def _next(loss: Loss) -> str:
    tag = loss.report.tag
    if loss.open_steps and not loss.found:
        return f"commsroom device lost {tag}"
    if loss.open_duties:
        return f"commsroom device lost {tag} --ticked {loss.open_duties[0]} --by ID --note TEXT"
    if loss.found and not loss.cleared:
        return f"commsroom device found {tag} --by ID --wiped --witness ID"
    return ""


def document(one: Losing) -> dict[str, Any]:
    """Return a loss as JSON, what could not be done beside."""
    return {
        **incident.document(one),
        "left": dict(one.left),
    }
