"""The text of a notification: what is new since the last one, what was repaired, what became unknown.

Plain text in the company's language, for mail and for chat. What a system says is made printable.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from commsroom.reports import html, languages
from commsroom.reports.languages import N_
from commsroom.reports.lines import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from commsroom.reports.model import Finding, Report

#: So many objects of a sort are named, then only counted: the report has them all.
NAMED: Final = 20


@dataclass(frozen=True, slots=True, order=True)
class Item:
    """One object of which something is not as policy says: `fields` differ, none is the object whole."""

    system: str
    address: str
    kind: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class News:
    """What changed since somebody was told last. `standing` counts what stood before and still does.

    `settled` counts no more, by an exception or another weight, and is there all the same. `reminder`
    says that nothing changed, and what stands is told again.
    """

    new: tuple[Item, ...] = ()
    unknown: tuple[Item, ...] = ()
    repaired: tuple[Item, ...] = ()
    known_again: tuple[Item, ...] = ()
    settled: tuple[Item, ...] = ()
    standing: tuple[Item, ...] = ()
    reminder: bool = False

    @property
    def empty(self) -> bool:
        """Tell whether there is nothing to tell."""
        changed = (self.new, self.unknown, self.repaired, self.known_again, self.settled)
        return not any(changed) and not self.reminder


_PARTS: Final[tuple[tuple[str, str, str], ...]] = (
    ("new", N_("New"), N_("new: %(count)s")),
    ("unknown", N_("Became unknown"), N_("unknown: %(count)s")),
    ("repaired", N_("Repaired"), N_("repaired: %(count)s")),
    ("known_again", N_("Can be read again"), N_("readable again: %(count)s")),
    ("settled", N_("No longer counted"), N_("no longer counted: %(count)s")),
)


def subject(news: News, company: str, language: str) -> str:
    """Return one line: the company, and how many of each."""
    say = languages.load(language).gettext
    counts = [
        say(text) % {"count": len(getattr(news, name))}
        for name, _, text in _PARTS
        if getattr(news, name)
    ]
    if news.reminder and not counts:
        counts = [say(N_("still standing: %(count)s")) % {"count": len(news.standing)}]
    return f"[{printable(company)}] {say(N_('Drift'))}: {', '.join(counts)}"


def body(news: News, report: Report, language: str, *, attached: bool) -> str:
    """Return the text. `report` gives the repairs; `attached` says whether it goes along."""
    say = languages.load(language).gettext
    repairs = {(item.address, str(item.kind)): item for item in report.findings}
    lines = [f"{printable(report.estate)}, {report.when}"]
    if report.simulated:
        systems = ", ".join(sorted(report.simulated))
        lines.append(f"{say(N_('Simulated'))}: {systems}")
    parts = [*((name, title) for name, title, _ in _PARTS)]
    if news.reminder:
        parts.append(("standing", N_("Still standing")))
    for name, title in parts:
        items = getattr(news, name)
        if not items:
            continue
        lines += ["", f"{say(title)} ({len(items)})"]
        for item in items[:NAMED]:
            lines += _item(item, repairs if name in {"new", "unknown", "standing"} else {}, say)
        if len(items) > NAMED:
            lines.append(say(N_("and %(count)s more")) % {"count": len(items) - NAMED})
    lines.append("")
    if news.standing and not news.reminder:
        lines.append(
            say(N_("Told before and still standing: %(count)s")) % {"count": len(news.standing)}
        )
    if attached:
        lines.append(say(N_("The whole report is attached.")))
    lines.append(say(N_("You are told when something changes, not every night.")))
    return "\n".join(lines) + "\n"


def _item(
    item: Item, findings: Mapping[tuple[str, str], Finding], say: Callable[[str], str]
) -> Iterator[str]:
    """Yield the line of one object, and where it is known the reason and the repair."""
    word = say(html.WORDS.get(item.kind, item.kind))
    fields = f": {', '.join(item.fields)}" if item.fields else ""
    yield f"- {printable(item.address)} ({word}{printable(fields)})"
    found = findings.get((item.address, item.kind))
    if found is None:
        return
    if found.text:
        yield f"    {printable(say(found.text))}"
    if found.remedy:
        yield f"    {say(N_('Repair'))}: {printable(say(found.remedy))}"


def group(sightings: Iterable[tuple[str, str, str, str]]) -> tuple[Item, ...]:
    """Put (system, address, kind, field) together, one item an object and kind, sorted."""
    found: dict[tuple[str, str, str], set[str]] = {}
    for system, address, kind, aspect in sightings:
        found.setdefault((system, address, kind), set()).update({aspect} - {""})
    return tuple(sorted(Item(*key, tuple(sorted(fields))) for key, fields in found.items()))
