"""A lost device as text and JSON: how far it is, what people have to do, and the incident's record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from commsroom.estate.loss import DUTIES, Loss, Step, duties
from commsroom.reports.lines import Line, Span, Style, count, duration, line, table

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


def lines(one: Losing) -> Iterator[Line]:
    """Yield how far it is, what is left, and what to do next."""
    loss = one.loss
    report = loss.report
    yield line(
        Span(report.tag, Style.STRONG), f"  {report.product}, lost by {report.holder or 'nobody'}: ",
        report.reason,
    )  # fmt: skip
    for moment in loss.timeline[1:]:
        yield line(f"  done  {said(moment)}")
    for text in loss.open_steps:
        yield line(Span(f"  open  {text}", Style.DOUBT))
    for what, why in one.left.items():
        yield line(Span(f"  {what}: {why}", Style.DOUBT))
    if loss.open_duties:
        yield line(f"for people to do, {count(len(loss.open_duties), 'thing')}:")
    for duty in loss.open_duties:
        yield line(f"    {duty:<10}{DUTIES[duty]}")
    if loss.open_duties:
        yield line(f"    personal data: to be reported by {loss.due:{_WHEN}} UTC")
    if command := _next(loss):
        yield line("next: ", Span(command, Style.COMMAND))


def _next(loss: Loss) -> str:
    tag = loss.report.tag
    if loss.open_steps and not loss.found:
        return f"commsroom device lost {tag}"
    if loss.open_duties:
        return f"commsroom device lost {tag} --ticked {loss.open_duties[0]} --by ID --note TEXT"
    if loss.found and not loss.cleared:
        return f"commsroom device found {tag} --by ID --wiped --witness ID"
    return ""


def said(moment: Moment) -> str:
    """Say in a few words what happened."""
    data = moment.data
    text = ""
    match moment.step:
        case Step.REPORTED:
            text = f"reported lost: {data['reason']}"
        case Step.WITHDRAWN:
            text = f"withdrawn: {', '.join(data['gone'])}"
        case Step.RENEWED:
            left = "".join(f"; left {path}: {why}" for path, why in data["left"].items())
            text = f"renewed: {', '.join(data['renewed']) or 'nothing'}{left}"
        case Step.ORDERED:
            text = f"{data['command']}: queued at its MDM server as {data['uuid']}"
        case Step.ANSWERED:
            words = f" ({data['said']})" if data["said"] else ""
            text = f"{data['command']}: {data['reply']}{words}"
        case Step.TICKED:
            text = f"{data['duty']}: {data['note']}"
        case Step.FOUND:
            text = "found"
        case Step.CLEARED:
            text = f"may be issued again: {data['how']}"
    return text


def incident_lines(loss: Loss) -> Iterator[Line]:
    """Yield the record for an auditor: what, who, when, and how long after the report."""
    report = loss.report
    yield line(Span(f"Incident: {report.tag}, {report.product}, lost", Style.STRONG))
    yield line(f"  holder    {report.holder or 'nobody'}")
    yield line(f"  owner     {'its holder' if report.personal else 'the company'}")
    yield line(f"  reported  {loss.at:{_WHEN}} UTC{f' by {report.by}' if report.by else ''}")
    yield line(f"  due       {loss.due:{_WHEN}} UTC, a report of personal data on it")
    rows = [
        (
            f"{moment.at:{_WHEN}}",
            f"+{duration((moment.at - loss.at).total_seconds())}",
            moment.by or moment.actor,
            said(moment),
        )
        for moment in loss.timeline
    ]
    yield from table(("WHEN (UTC)", "AFTER", "WHO", "WHAT"), rows)
    for text in loss.open_steps:
        yield line(Span(f"open: {text}", Style.DOUBT))
    for duty in loss.open_duties:
        yield line(Span(f"open: {duty}, {DUTIES[duty]}", Style.DOUBT))


def document(one: Losing) -> dict[str, Any]:
    """Return a loss as JSON, what could not be done beside."""
    return {**incident_document(one.loss), "left": dict(one.left)}


def incident_document(loss: Loss) -> dict[str, Any]:
    """Return the record as JSON."""
    report, ticked = loss.report, loss.ticked
    return {
        "device": report.tag,
        "product": report.product,
        "holder": report.holder,
        "personal": report.personal,
        "reason": report.reason,
        "reported": loss.at.isoformat(),
        "reported_by": report.by,
        "report_due": loss.due.isoformat(),
        "timeline": [
            {
                "at": moment.at.isoformat(),
                "seconds_after": round((moment.at - loss.at).total_seconds(), 3),
                "step": str(moment.step),
                "what": said(moment),
                "by": moment.by,
                "actor": moment.actor,
            }
            for moment in loss.timeline
        ],
        "duties": [
            {
                "duty": str(duty),
                "what": DUTIES[duty],
                "done": None
                if duty not in ticked
                else {
                    "at": ticked[duty].at.isoformat(),
                    "by": ticked[duty].by,
                    "note": ticked[duty].data["note"],
                },
            }
            for duty in duties(report.kind)
        ],
        "open": list(loss.open_steps),
        "found": loss.found,
        "cleared": loss.cleared,
    }
