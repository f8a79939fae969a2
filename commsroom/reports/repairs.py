"""What repairs cost and how long devices were away, as text and JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from commsroom.estate.register.repairs import By
from commsroom.reports.lines import Line, Span, Style, count, line, money, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from commsroom.estate.register import repairs
    from commsroom.estate.register.repairs import Away, Total


class Repairs(Protocol):
    """All of it, as far as a report needs it."""

    @property
    def span(self) -> repairs.Span: ...
    @property
    def whole(self) -> Total: ...
    @property
    def parts(self) -> Mapping[By, Mapping[str, Total]]: ...
    @property
    def away(self) -> Sequence[Away]: ...
    @property
    def unknown(self) -> Sequence[str]: ...


def repair_lines(found: Repairs, currency: str) -> Iterator[Line]:
    """Yield a table for each thing totals are by, who is away now, and the total."""
    for by, groups in found.parts.items():
        if groups:
            heads = (by.upper(), "FAULTS", "REPAIRS", "COST", "DAYS AWAY")
            yield from table(
                heads, [_row(name, groups[name], currency) for name in _order(found, by)]
            )
            yield line()
    for away in found.away:
        yield line(
            Span(f"{away.tag} is away since {away.begun}", Style.DOUBT),
            ": ",
            Span(f"commsroom device repair {away.tag}", Style.COMMAND),
        )
    for tag in found.unknown:
        told = f"{tag} is in repair since a day nobody recorded: its time is in no figure"
        yield line(Span(told, Style.BAD))
    whole, span = found.whole, found.span
    cost = _cost(whole, currency)
    yield line(
        Span(
            f"{count(whole.faults, 'fault')}, {count(whole.repairs, 'repair')}"
            f"{f' for {cost}' if whole.repairs else ''}, {count(whole.days, 'day')} away"
            f" from {span.since} to {span.until}",
            Style.STRONG,
        )
    )


def repairs_document(found: Repairs, currency: str) -> dict[str, Any]:
    """Return it as JSON."""
    return {
        "since": found.span.since.isoformat(),
        "until": found.span.until.isoformat(),
        "currency": currency or None,
        "whole": _total(found.whole),
        "by": {
            str(by): [{"name": name, **_total(groups[name])} for name in _order(found, by)]
            for by, groups in found.parts.items()
        },
        "away": [
            {"asset_tag": away.tag, "since": away.begun.isoformat() if away.begun else None}
            for away in found.away
        ],
        "unknown": list(found.unknown),
    }


def _order(found: Repairs, by: By) -> list[str]:
    """Put periods in their sequence, and of all else first what cost most, then what was away longest."""
    groups = found.parts[by]
    if by in {By.MONTH, By.YEAR}:
        return sorted(groups)
    return sorted(groups, key=lambda name: (-groups[name].cost, -groups[name].days, name))


def _row(name: str, total: Total, currency: str) -> tuple[str, ...]:
    cost = _cost(total, currency)
    return (name, str(total.faults), str(total.repairs), cost, f"{total.days:,}")


def _cost(total: Total, currency: str) -> str:
    """Say what repairs cost, and how many of them nobody said it of; `-` where there were none."""
    said = [money(total.cost, currency)] if total.repairs > total.unpriced else []
    unsaid = [f"{total.unpriced} unsaid"] if total.unpriced else []
    return " and ".join((*said, *unsaid)) or "-"


def _total(total: Total) -> dict[str, Any]:
    return {
        "faults": total.faults,
        "repairs": total.repairs,
        "unpriced": total.unpriced,
        "cost": str(total.cost),
        "days_away": total.days,
    }
