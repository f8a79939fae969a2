"""Text for people about what `drift --fix` did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commsroom.estate.backend import Status
from commsroom.reports.lines import Line, Span, Style, count, label, line, note

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from commsroom.estate.backend import Outcome


def fix_lines(
    outcomes: Sequence[Outcome], simulated: frozenset[str], *, declined: bool = False
) -> Iterator[Line]:
    """Yield how each repair ended, and the sum; the report that follows says what is left."""
    marked = note(simulated)
    if declined:
        yield line(Span(f"Nothing was repaired.{marked}", Style.STRONG))
    elif not outcomes:
        yield line(Span(f"Nothing here may be repaired without people.{marked}", Style.QUIET))
    for item in outcomes:
        done = item.status is Status.DONE
        sign = Span("✓ repaired" if done else f"✗ {item.status}", Style.GOOD if done else Style.BAD)
        why = f": {item.message}" if item.message and not done else ""
        yield line("  ", sign, f" {item.address}{why}", *label(item.address.system, simulated))
    if outcomes:
        good = sum(item.status is Status.DONE for item in outcomes)
        text = f"Repaired {good:,} of {count(len(outcomes), 'object')}; read again:{marked}"
        yield line(Span(text, Style.STRONG))
    yield ()
