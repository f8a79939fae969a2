"""Training as text and JSON: who owes which course, and who took which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from commsroom.reports.lines import Line, Span, Style, count, line, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from commsroom.estate.training import Owed, Taken


def due_lines(found: Sequence[Owed], day: date) -> Iterator[Line]:
    """Yield who owes which course, the overdue first."""
    late = sum(item.overdue(day) for item in found)
    rows = [
        (
            Span(str(item.due), Style.BAD if item.overdue(day) else Style.PLAIN),
            item.person.id,
            item.person.name,
            item.name,
            item.course.title,
            str(item.last or "never"),
        )
        for item in found
    ]
    if rows:
        yield from table(("DUE", "ID", "NAME", "COURSE", "TITLE", "LAST TAKEN"), rows)
    style = Style.BAD if late else Style.GOOD
    yield line(Span(f"{count(len(found), 'course')} owed, {late} overdue", style))


def taken_lines(found: Sequence[Taken]) -> Iterator[Line]:
    """Yield who took which course, and who says so."""
    for item in found:
        by = f", {item.by}" if item.by else ""
        yield line(
            Span(item.person, Style.STRONG),
            f"  {item.course}  {item.day}{by}",
            Span(f"  {item.actor}", Style.QUIET),
        )
    yield line(f"{count(len(found), 'course')} taken")


def withdrawn_lines(found: Sequence[Taken]) -> Iterator[Line]:
    """Yield whose record was taken back."""
    for item in found:
        yield line(
            Span(item.person, Style.STRONG), f"  {item.course}  {item.day} is not taken any more"
        )


def owed_document(item: Owed, day: date) -> dict[str, Any]:
    """Return one course that somebody owes."""
    return {
        "person": item.person.id,
        "course": item.name,
        "title": item.course.title,
        "due": item.due.isoformat(),
        "overdue": item.overdue(day),
        "last": item.last.isoformat() if item.last else None,
    }


def taken_document(item: Taken) -> dict[str, Any]:
    """Return one course that somebody took."""
    return {
        "person": item.person,
        "course": item.course,
        "day": item.day.isoformat(),
        "by": item.by,
        "actor": item.actor,
    }
