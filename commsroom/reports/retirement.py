"""Decommissionings as text and JSON: how far each device is, and the next step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from commsroom.estate.approval import Standing
from commsroom.estate.retiring.checklists import STEPS
from commsroom.estate.retiring.methods import By
from commsroom.estate.retiring.verdict import Result
from commsroom.reports.approvals import request_document, standing_lines
from commsroom.reports.lines import Line, Span, Style, count, label, line, note

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from commsroom.estate.approval import Request
    from commsroom.estate.retiring.chain import Item, Run
    from commsroom.reports.approvals import Asked

#: Devices that a list shows whole; of more only those are shown that need somebody.
_SHOWN: Final = 20
_STYLE: Final = {Result.PASS: Style.GOOD, Result.FAIL: Style.BAD, Result.UNKNOWN: Style.DOUBT}


class Decommissioning(Protocol):
    """A request and how far its devices are, as far as a report needs it."""

    @property
    def asked(self) -> Asked: ...
    @property
    def request(self) -> Request: ...
    @property
    def runs(self) -> Mapping[str, Run]: ...
    @property
    def lost(self) -> Mapping[str, str]: ...
    @property
    def unclosed(self) -> str: ...
    @property
    def refused(self) -> Mapping[str, tuple[str, ...]]: ...
    @property
    def simulated(self) -> frozenset[str]: ...
    @property
    def certificates(self) -> Sequence[str]: ...
    @property
    def done(self) -> bool: ...


def all_lines(found: Iterable[Decommissioning]) -> Iterator[Line]:
    """Yield a line for each decommissioning."""
    number = 0
    for one in found:
        number += 1
        ready = sum(run.retired for run in one.runs.values())
        yield line(
            Span(one.request.name, Style.STRONG),
            f"  {ready} of {count(len(one.runs), 'device')} retired, asked for by {one.request.requester}"
            f" on {one.request.asked}: {_how_far(one)}{note(one.simulated)}",
        )
    if not number:
        yield line("nothing was ever decommissioned")


def _how_far(one: Decommissioning) -> str:
    """Return its standing; its signatures are *used* from the first deed on, which says nothing of the last."""
    if one.asked.standing is not Standing.USED:
        return one.asked.standing
    return "done" if one.done else "under way"


def lines(one: Decommissioning) -> Iterator[Line]:
    """Yield how far a decommissioning is, and what to do next."""
    yield from standing_lines(one.asked)  # what exactly is asked is each device's lines
    runs = list(one.runs.values())
    shown = runs if len(runs) <= _SHOWN else [run for run in runs if _needs_somebody(run)]
    for run in shown[:_SHOWN]:
        yield from _run_lines(run, one.simulated)
    if left := len(runs) - len(shown[:_SHOWN]):
        more = f"and {count(left, 'device')} more; --json has them"
        yield line(Span(more if left < len(runs) else "each by itself: --json", Style.QUIET))
    yield from _refusal_lines(one.refused)
    if one.unclosed:
        yield line(Span(f"not closed: {one.unclosed}", Style.DOUBT))
    for station, why in one.lost.items():
        yield line(Span(f"{station}: {why}", Style.DOUBT))
    yield from _tally(runs, one.simulated)
    yield from _certificate_lines(one)
    yield from _next(one)


def _certificate_lines(one: Decommissioning) -> Iterator[Line]:
    """Yield where the certificates are that were just signed: of many the folder, and how many files."""
    if len(one.runs) == 1:
        yield from (line(f"certificate: {file}") for file in one.certificates)
    elif one.certificates:
        folder, _, _ = one.certificates[0].rpartition("/")
        yield line(f"certificates: {count(len(one.certificates), 'file')} in {folder}/")


def _refusal_lines(refused: Mapping[str, tuple[str, ...]]) -> Iterator[Line]:
    """Yield what stations would refuse as it is now: it can be mended while two people sign."""
    for tag, reasons in list(refused.items())[:_SHOWN]:
        for reason in reasons:
            yield line(Span(f"{tag}: would be refused now: {reason}", Style.DOUBT))
    if len(refused) > _SHOWN:
        left = count(len(refused) - _SHOWN, "device")
        yield line(Span(f"and {left} more would be refused now; --json has them", Style.DOUBT))


def _needs_somebody(run: Run) -> bool:
    return bool(run.next) and any(it.name in run.wiped for it in run.open_media())


def _run_lines(run: Run, simulated: frozenset[str]) -> Iterator[Line]:
    target = run.target
    yield line(
        Span(target.tag, Style.STRONG),
        f"  {target.product}  {target.category}, {target.fate}",
        f"  {run.next or ('retired by another request' if run.replaced else 'retired')}",
    )
    for item in target.media:
        yield from _item_lines(run, item, simulated)
    for task in target.by_hand:
        yield line(f"    by hand: {task}")


def _item_lines(run: Run, item: Item, simulated: frozenset[str]) -> Iterator[Line]:
    where = f" at {':'.join(filter(None, (item.station, item.path)))}" if item.station else ""
    yield line(
        f"    {item.name}  {item.how.strength} by {item.method} ({item.need} needed){where}",
    )
    for told in item.notes:
        yield line(Span(f"      {told}", Style.QUIET))
    wiped = run.wiped.get(item.name)
    if wiped is None:
        return
    verdict = wiped.verdict
    yield line(
        "      ",
        Span(verdict.result, _STYLE[verdict.result]),
        f"  {verdict.reason}",
        *(() if wiped.how(item).by is By.PERSON else label(item.station, simulated)),
    )
    for text in (verdict.evidence, *wiped.notes):
        if text:
            yield line(Span(f"      {text}", Style.QUIET))


def _tally(runs: list[Run], simulated: frozenset[str]) -> Iterator[Line]:
    closed = sum(run.closed for run in runs)
    passed = sum(run.closed and not run.open_media() for run in runs)
    certified = sum(bool(run.certificate) for run in runs)
    retired = sum(run.retired for run in runs)
    yield line(
        f"{count(len(runs), 'device')}: {closed} closed, {passed} wiped, {certified} certified,"
        f" {retired} retired{note(simulated)}"
    )


def _next(one: Decommissioning) -> Iterator[Line]:
    """Yield the one thing to do next."""
    runs = [run for run in one.runs.values() if run.next]
    name = one.request.name
    if not runs:
        return
    if one.asked.standing is Standing.ASKED:
        return  # the request's own line says it
    hands = [
        (run, item)
        for run in runs
        if run.closed
        for item in run.open_media()
        if item.by is By.PERSON
    ]
    if any(not run.closed for run in runs) or one.lost:
        command = f"commsroom decommission {name}"
    elif any(_needs_somebody(run) for run in runs):
        command = f"commsroom decommission {name} --again"
        if any(run.closed and not run.open_media() for run in runs):
            yield line("what passed: ", Span(_validate(name), Style.COMMAND))
        yield from _instead(name, runs)
    elif hands:
        run, item = hands[0]
        yield line("by hand, before a witness:")
        for step in STEPS.get(item.method, ()):
            yield line(f"    - {step}")
        command = f"commsroom decommission {name} --witnessed {run.target.tag} --by ID --witness ID"
    elif all(not run.open_media() for run in runs):
        command = _validate(name)
    else:
        command = f"commsroom decommission {name}"
    yield line("next: ", Span(command, Style.COMMAND))


def _validate(name: str) -> str:
    return f"commsroom decommission {name} --validate --by ID --key FILE"


def _instead(name: str, runs: list[Run]) -> Iterator[Line]:
    """Say what two people may do where a system came to no end."""
    for run in runs:
        for item in run.open_media():
            if item.name in run.wiped and item.how.by_hand:
                words = f"commsroom decommission {name} --witnessed {run.target.tag} --by ID --witness ID"
                yield line(
                    f"or {item.hands} by hand, before a witness: ", Span(words, Style.COMMAND)
                )
                yield from (line(f"    - {step}") for step in STEPS[item.hands])
                return


def document(one: Decommissioning) -> dict[str, Any]:
    """Return a decommissioning as JSON."""
    return {
        "request": request_document(one.asked),
        "devices": [_run_document(run) for run in one.runs.values()],
        "unknown": dict(one.lost),
        "unclosed": one.unclosed,
        "refused": {tag: list(reasons) for tag, reasons in one.refused.items()},
        "done": one.done,
        "simulated": sorted(one.simulated),
        "certificates": list(one.certificates),
    }


def _run_document(run: Run) -> dict[str, Any]:
    target = run.target
    return {
        "tag": target.tag,
        "product": target.product,
        "serial": target.serial,
        "category": str(target.category),
        "fate": str(target.fate),
        "closes": list(target.closes),
        "by_hand": list(target.by_hand),
        "closed": run.closed,
        "media": [_item_document(run, item) for item in target.media],
        "certificate": run.certificate,
        "retired": run.retired,
        "next": run.next,
    }


def _item_document(run: Run, item: Item) -> dict[str, Any]:
    wiped = run.wiped.get(item.name)
    return {
        "medium": item.name,
        **item.to_json(),
        "wiped": None if wiped is None else wiped.to_json(),
    }
