"""Requests for approval as text and JSON: what is asked, who has signed, what to type."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, Any, Final, Protocol

from commsroom.estate.approval import SIGNATURES, Request, Standing
from commsroom.estate.retiring import chain
from commsroom.reports.lines import Line, Span, Style, count, line, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

_STYLE: Final = {
    Standing.ASKED: Style.DOUBT,
    Standing.APPROVED: Style.GOOD,
    Standing.USED: Style.QUIET,
    Standing.EXPIRED: Style.QUIET,
    Standing.WITHDRAWN: Style.QUIET,
    Standing.OVERTAKEN: Style.QUIET,
}
#: What to type once a request of a purpose is approved.
_AFTER: Final = {chain.PURPOSE: "commsroom decommission", "plan": "commsroom apply"}
#: Lines of what is asked that a list shows; who signs is shown all of them.
_SHOWN: Final = 12
#: Text that is told as it is: nothing in it can be taken for the next name or value.
_PLAIN: Final = re.compile(r"[^\W]+([./:@+-]+[^\W]+)*|/[\w./-]+")
#: What a thing is called stands before what it is.
_NAMES: Final = ("tag", "serial")


class Signed(Protocol):
    """Whose signatures count, as far as a report needs it."""

    @property
    def approvers(self) -> Sequence[str]: ...
    @property
    def since(self) -> date | None: ...


class Asked(Protocol):
    """A request with the signatures that count, as far as a report needs it."""

    @property
    def request(self) -> Request: ...
    @property
    def signed(self) -> Signed: ...
    @property
    def standing(self) -> Standing: ...
    @property
    def open(self) -> bool: ...
    @property
    def missing(self) -> int: ...


def request_lines(found: Iterable[Asked]) -> Iterator[Line]:
    """Yield each request: what for, what exactly, who signed it, and the next step where one is left."""
    number = 0
    for item in found:
        number += 1
        yield from _head(item)
        subject = [*subject_lines(item.request.subject)]
        yield from subject[:_SHOWN]
        if len(subject) > _SHOWN:
            left = count(len(subject) - _SHOWN, "line")
            yield line(Span(f"    and {left} more; --json has them", Style.QUIET))
        yield from _signatures(item)
    if not number:
        yield line("nothing is asked for")


def to_sign(item: Asked) -> Iterator[Line]:
    """Yield all that somebody is about to sign: what for, exactly what, who asks, until when."""
    yield from _head(item)
    yield from subject_lines(item.request.subject)
    yield line(f"    signatures count until {item.request.expires}")
    if item.signed.approvers:
        yield line("    signed by ", ", ".join(item.signed.approvers))


def signed_lines(item: Asked, given: str) -> Iterator[Line]:
    """Yield what a request has become by a signature; all of it was shown before. `given`: its name, or a plan's file."""
    yield from standing_lines(item)
    if item.standing is Standing.APPROVED and (command := _AFTER.get(item.request.purpose)):
        # A plan is applied from its file: who gave its name knows where that is.
        name = item.request.name
        what = name if item.request.purpose == chain.PURPOSE else given if given != name else "PLAN"
        yield line("next: ", Span(f"{command} {shlex.quote(printable(what))}", Style.COMMAND))
    if item.standing is Standing.USED:
        yield line("    it counts from now on")


def standing_lines(item: Asked) -> Iterator[Line]:
    """Yield what for, who asks, who has signed and who is to, without what exactly is asked."""
    yield from _head(item)
    yield from _signatures(item)


def _signatures(item: Asked) -> Iterator[Line]:
    if item.signed.approvers:
        yield line("    signed by ", ", ".join(item.signed.approvers))
    if item.open and item.missing:
        yield line(
            f"    {count(item.missing, 'signature')} to come until {item.request.expires}: ",
            Span(_command(item.request.name), Style.COMMAND),
        )


def _head(item: Asked) -> Iterator[Line]:
    request = item.request
    whom = f", asked for by {request.requester}" if request.requester else ", proposed"
    yield line(
        Span(request.name, Style.STRONG),
        "  ",
        Span(item.standing, _STYLE[item.standing]),
        f"  {printable(request.purpose)}{whom} on {request.asked}",
    )


def subject_lines(subject: Mapping[str, Any]) -> Iterator[Line]:
    """Yield what is asked, a line a value: nothing of what is signed may stay unseen."""
    width = max(map(len, subject), default=0)
    for name, given in sorted(subject.items()):
        values = given if isinstance(given, list) else [given]
        rows = [row for one in values for row in _rows(one)] or ["-"]
        for row in rows:
            yield line(f"    {name:<{width}}  {printable(row)}")
            name = ""  # noqa: PLW2901 - told once


def _rows(given: Any) -> list[str]:
    """Write a value down: a thing with parts as its names and values, each list of things below it."""
    if isinstance(given, str):
        return given.removesuffix("\n").split("\n") if given else []
    if not isinstance(given, dict):
        return [_word(given)]
    names = [*filter(given.__contains__, _NAMES), *sorted(given.keys() - {*_NAMES})]
    below = [name for name in names if _has_parts(given[name])]
    rows = [", ".join(f"{name} {_word(given[name])}" for name in names if name not in below)]
    for name in below:
        for part in given[name]:
            first, *more = _rows(part)
            rows += [f"  {name}: {first}", *(f"  {row}" for row in more)]
    return rows


def _has_parts(given: Any) -> bool:
    return isinstance(given, list) and bool(given) and all(isinstance(one, dict) for one in given)


def _word(given: Any) -> str:
    """Write a value so that it cannot be taken for the next name: text that could be is quoted."""
    if given in ("", [], {}):
        return "-"
    if isinstance(given, str) and _PLAIN.fullmatch(given):
        return given
    return json.dumps(given, ensure_ascii=False, sort_keys=True)


def request_document(item: Asked) -> dict[str, Any]:
    """Return a request as JSON."""
    return {
        "request": item.request.name,
        "standing": str(item.standing),
        "approvers": list(item.signed.approvers),
        "approved": item.signed.since.isoformat() if item.signed.since else None,
        **item.request.to_json(),
    }


def needed(request: Request, plan: str) -> Line:
    """Return the line that a saved plan ends with: it has to be approved, and how."""
    return line(
        Span(f"needs {count(SIGNATURES, 'approval')} until {request.expires}: ", Style.DOUBT),
        Span(_command(shlex.quote(plan)), Style.COMMAND),
    )


def needed_document(request: Request) -> dict[str, Any]:
    """Return the same as JSON."""
    return {
        "request": request.name,
        "requester": request.requester,
        "expires": request.expires.isoformat(),
    }


def _command(what: str) -> str:
    return f"commsroom approve {what} --by ID --key FILE"
