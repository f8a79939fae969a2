"""Text about findings: what is wrong where, since when, who answers for it, and the repair."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from commsroom.reports.difference import Difference
from commsroom.reports.lines import Line, Span, Style, because, label, line, plain, value
from commsroom.reports.model import FindingKind
from commsroom.reports.tally import Standing, day, days, standing
from commsroom.reports.text.plans import LONG, MANY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from commsroom.reports.model import Acknowledged, Finding

TITLE: Final[Mapping[FindingKind, str]] = {
    FindingKind.DRIFT: "differs",
    FindingKind.MISSING: "is missing",
    FindingKind.EXTRA: "is no longer in policy",
    FindingKind.UNOWNED: "exists, but was not made by commsroom",
    FindingKind.SEALED: "exists where commsroom must not write",
    FindingKind.FOREIGN: "is foreign",
    FindingKind.UNSUPPORTED: "is not supported",
    FindingKind.UNKNOWN: "is unknown",
    FindingKind.SERVER: "is not what its role says",
    FindingKind.OVERDUE: "is overdue",
    FindingKind.EXCEPTION: "is an exception that needs a look",
}
_STYLE: Final[Mapping[Standing, Style]] = {
    Standing.UNKNOWN: Style.BAD,
    Standing.ERROR: Style.BAD,
    Standing.WARNING: Style.DOUBT,
    Standing.NOTE: Style.QUIET,
    Standing.ACKNOWLEDGED: Style.QUIET,
}


def finding_lines(findings: Sequence[Finding], *, full: bool, when: str = "") -> Iterator[Line]:
    """Yield findings in order; those that differ only in their address share what is said."""
    groups = [list(group) for _, group in groupby(findings, key=_alike)]
    shown = groups if full else groups[:LONG]
    for group in shown:
        yield from _together(group, full=full, when=when)
    if len(groups) > len(shown):
        hidden = sum(map(len, groups[len(shown) :]))
        yield line(Span(f"and {hidden:,} more; --full lists them", Style.QUIET))


def finding_text(item: Finding, *, when: str = "") -> str:
    """Return one finding as plain text; with the report's `when` its age is said too."""
    return "\n".join(plain(content) for content in (_head(item), *_details([item], when)))


def since_text(since: str, when: str) -> str:
    """Say how long: `since 2026-11-20, 4 days`; what this run is the first to see is new."""
    if not when or since == when:
        return f"since {day(since)}, new" if when else f"since {day(since)}"
    age = days(since, when)
    told = {None: "", 0: ", today", 1: ", 1 day"}.get(age, f", {age} days")
    return f"since {day(since)}{told}"


def acknowledged_text(item: Acknowledged) -> str:
    """Say who answers for an exception, until when, and why."""
    return f"{item.owner} answers for it until {item.until}: {item.reason}"


def _alike(item: Finding) -> tuple[object, ...]:
    """Return what findings have in common that differ only in their address."""
    sort = item.severity, item.kind, item.system, item.acknowledged, item.fixable
    return (*sort, item.address) if item.differences else (*sort, item.text, item.remedy)


def _together(items: list[Finding], *, full: bool, when: str) -> Iterator[Line]:
    """Yield findings that are alike: each address, and what is true of all of them once."""
    shown = items if full else items[:MANY]
    for item in shown:
        yield _head(item)
    if len(items) > len(shown):
        yield line(
            Span(f"    and {len(items) - len(shown):,} more; --full lists them", Style.QUIET)
        )
    yield from _details(items, when)


def _head(item: Finding) -> Line:
    return line(
        Span(f"{item.severity}: ", _STYLE[standing(item)]),
        f"{item.address} {TITLE[item.kind]}",
        *because(item.provenance),
        *label(item.system, {item.system} if item.simulated else ()),
    )


def _details(items: Sequence[Finding], when: str) -> Iterator[Line]:
    item = items[0]
    if item.text:
        yield line("    ", item.text)
    width = max((len(found.name) for found in item.differences), default=0)
    for found in item.differences:
        yield line("    ", f"{found.name:<{width}}  ", _found(found))
    seen = {found.since for found in items} - {""}
    if seen:
        first = since_text(min(seen), when)
        more = f"; the latest {since_text(max(seen), when)}" if len(seen) > 1 else ""
        yield line("    ", first, more)
    if item.acknowledged is not None:
        yield line("    ", Span("exception: ", Style.QUIET), acknowledged_text(item.acknowledged))
    if item.remedy:
        style = Style.COMMAND if item.is_command else Style.PLAIN
        yield line("    ", Span("repair: ", Style.QUIET), Span(item.remedy, style))
    if item.fixable and item.acknowledged is None:
        yield line("    ", Span("commsroom drift --fix may repair it", Style.QUIET))


def _found(item: Difference) -> str:
    if item.unasked:
        return "is taken too, and policy does not ask for it"
    if item.secret:
        return "is not the one we wrote"
    old, new = item.actual, item.expected
    if isinstance(old, tuple) and isinstance(new, tuple) and set(old) != set(new):
        lacks = [f"lacks {name}" for name in new if name not in old]
        extra = [f"has {name} too much" for name in old if name not in new]
        return ", ".join(lacks + extra)
    return f"is {value(old)}, should be {value(new)}"
