"""Text about certificates of sanitization that somebody wants to rely on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from commsroom.reports.lines import Line, Span, Style, line, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def verified_lines(document: Mapping[str, Any]) -> Iterator[Line]:
    """Yield a line a file that holds, and one a fault of those that do not; last what was not looked at."""
    for item in document["files"]:
        name = printable(item["file"])
        if not item["faults"]:
            what = f": holds, {item['kind']}, validated by {printable(item['validator'])}"
            yield line(Span(name, Style.STRONG), what)
        for fault in item["faults"]:
            yield line(Span(f"{name}: {printable(fault)}", Style.BAD))
    yield line(Span("Not to be seen: " + "; ".join(document["unseen"]), Style.QUIET))
