"""Text about certificates of sanitization that somebody wants to rely on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from commsroom.reports.lines import Line, Span, Style, line, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def withdrawn_lines(name: str, request: str) -> Iterator[Line]:
    """Yield that a certificate does not count any more, and how another is issued."""
    yield line(f"{printable(name)} does not count any more.")
    if request:
        command = f"commsroom decommission {request} --validate --by ID --key FILE"
        yield line("to issue another: ", Span(command, Style.COMMAND))


def verified_lines(document: Mapping[str, Any]) -> Iterator[Line]:
    """Yield a line a file that holds, and one a fault of those that do not; last what was not looked at."""
    for item in document["files"]:
        name = printable(item["file"])
        if not item["faults"]:
            what = f": holds, {item['kind']}, validated by {printable(item['validator'])}"
            proves_nothing = Span("  [simulated: proves nothing]", Style.DOUBT)
            yield line(Span(name, Style.STRONG), what, *[proves_nothing] * item["simulated"])
        for fault in item["faults"]:
            yield line(Span(f"{name}: {printable(fault)}", Style.BAD))
    yield line(Span("Not to be seen: " + "; ".join(document["unseen"]), Style.QUIET))
