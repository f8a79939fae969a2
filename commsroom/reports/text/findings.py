"""Text about findings: what is wrong where, since when, who answers for it, and the repair."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from commsroom.reports.lines import Line, Span, Style, because, label, line, plain, value
from commsroom.reports.model import Difference, FindingKind, Severity
from commsroom.reports.text.plans import LONG, MANY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from commsroom.reports.model import Finding

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
}
_WEIGHT: Final[Mapping[Severity, Style]] = {
    Severity.ERROR: Style.BAD,
    Severity.WARNING: Style.DOUBT,
    Severity.NOTE: Style.QUIET,
}


def finding_lines(findings: Sequence[Finding], *, full: bool) -> Iterator[Line]:
    """Yield findings in order; those that differ only in their address share what is said."""
    groups = [list(group) for _, group in groupby(findings, key=_alike)]
    shown = groups if full else groups[:LONG]
    for group in shown:
        yield from _together(group, full=full)
    if len(groups) > len(shown):
        hidden = sum(map(len, groups[len(shown) :]))
        yield line(Span(f"and {hidden:,} more; --full lists them", Style.QUIET))


def finding_text(item: Finding) -> str:
    """Return one finding as plain text."""
    lines = (_head(item, Style.PLAIN), *_details(item))
    return "\n".join(plain(content) for content in lines)


def _alike(item: Finding) -> tuple[object, ...]:
    """Return what findings have in common that differ only in their address."""
    sort = item.severity, item.kind, item.system
    return (*sort, item.address) if item.differences else (*sort, item.text, item.remedy)


def _together(items: list[Finding], *, full: bool) -> Iterator[Line]:
    """Yield findings that are alike: each address, and what is true of all of them once."""
    shown = items if full else items[:MANY]
    for item in shown:
        yield _head(item, _WEIGHT[item.severity])
    if len(items) > len(shown):
        yield line(
            Span(f"    and {len(items) - len(shown):,} more; --full lists them", Style.QUIET)
        )
    yield from _details(items[0])


def _head(item: Finding, style: Style) -> Line:
    return line(
        Span(f"{item.severity}: ", style),
        f"{item.address} {TITLE[item.kind]}",
        *because(item.provenance),
        *label(item.system, {item.system} if item.simulated else ()),
    )


def _details(item: Finding) -> Iterator[Line]:
    if item.text:
        yield line("    ", item.text)
    width = max((len(found.name) for found in item.differences), default=0)
    for found in item.differences:
        yield line("    ", f"{found.name:<{width}}  ", _found(found))
    if item.since:
        yield line("    since ", item.since)
    if item.remedy:
        yield line("    ", Span("repair: ", Style.QUIET), item.remedy)


def _found(item: Difference) -> str:
    if item.secret:
        return "is not the one we wrote"
    old, new = item.actual, item.expected
    if isinstance(old, tuple) and isinstance(new, tuple) and set(old) != set(new):
        lacks = [f"lacks {name}" for name in new if name not in old]
        extra = [f"has {name} too much" for name in old if name not in new]
        return ", ".join(lacks + extra)
    return f"is {value(old)}, should be {value(new)}"
