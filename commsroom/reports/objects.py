"""Text about single objects: what policy asks for, and everything known of one address."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from commsroom.reports.lines import Line, Span, Style, because, label, line, value
from commsroom.reports.text import SIGN, STYLE

#: How many rows of an event are listed.
SHOWN: Final = 10

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from commsroom.estate.resource import Resource
    from commsroom.reports.documents import Explained, Recorded


def show_lines(resources: Iterable[Resource]) -> Iterator[Line]:
    """Yield what policy asks for: address, attributes, and the line that asked for it."""
    for item in resources:
        yield line(Span(str(item.address), Style.STRONG), *because(item.provenance))
        for name, content in item.body.values().items():
            yield line(f"    {name}: {value(content)}")
        for ref in item.secrets:
            yield line(f"    secret:{ref.slot} ", Span(f"({ref.custody})", Style.QUIET))
        if item.needs:
            yield line("    needs: ", ", ".join(sorted(map(str, item.needs))))


def explain_lines(items: Iterable[Explained], simulated: frozenset[str]) -> Iterator[Line]:
    """Yield everything about each address: why it should be, what it is, what was done to it."""
    for item in items:
        yield line(Span(str(item.address), Style.STRONG), *label(item.address.system, simulated))
        yield from _states(item)
        yield from _history(item.history, str(item.address))
        yield ()


def _states(item: Explained) -> Iterator[Line]:
    if item.desired is None:
        yield line("  policy    does not ask for it")
    else:
        yield line("  policy    ", f"{item.desired.provenance or 'asks for it'}")
        if item.desired.person:
            yield line("  for       ", item.desired.person)
        if item.desired.needs:
            yield line("  needs     ", ", ".join(sorted(map(str, item.desired.needs))))
    yield line("  owner     ", "commsroom" if item.owned else "not commsroom")
    if item.unknown:
        yield line("  state     ", Span(f"unknown: {item.unknown}", Style.BAD))
    elif item.actual is None:
        yield line("  state     does not exist")
    if item.unsupported:
        yield line("  lacks     ", Span(f"unsupported: {item.unsupported}", Style.DOUBT))
    if item.change is not None:
        action = item.change.action
        yield line("  plan      ", Span(f"{SIGN[action]} {action}", STYLE[action]))
    yield from _attributes(item)


def _attributes(item: Explained) -> Iterator[Line]:
    """Yield each attribute: as it is, and as it should be where that differs."""
    want = item.desired.body.values() if item.desired else {}
    have = item.actual.body.values() if item.actual else {}
    moved = frozenset(item.change.fields) if item.change else frozenset()
    for name in dict.fromkeys([*want, *have]):
        if name in moved and item.actual is not None:
            yield line(f"    {name}: {value(have.get(name))} → {value(want.get(name))}")
        else:
            yield line(f"    {name}: {value(have[name] if name in have else want.get(name))}")
    for ref in item.desired.secrets if item.desired else ():
        stale = ", to be written" if f"secret:{ref.slot}" in moved else ""
        yield line(f"    secret:{ref.slot} ", Span(f"({ref.custody}{stale})", Style.QUIET))


def _history(events: Iterable[Recorded], address: str) -> Iterator[Line]:
    for number, event in enumerate(events):
        actions = {row.action for row in event.rows if str(row.address) == address}
        what = f"{event.at[:19]}Z  {event.kind} {', '.join(sorted(actions))}"
        head = "  history   " if number == 0 else "            "
        yield line(head, what.rstrip(), Span(f"  {event.actor}", Style.QUIET))


def event_lines(events: Iterable[Recorded], *, at: str = "") -> Iterator[Line]:
    """Yield events of the ledger with what each did, to one address or (the first few of) all."""
    for event in events:
        yield line(f"{event.seq:>6}  ", *_event(event))
        rows = [row for row in event.rows if not at or str(row.address) == at]
        for row in rows[:SHOWN]:
            yield line(f"          {row.action} {row.address}")
        if len(rows) > SHOWN:
            yield line(
                Span(f"          and {len(rows) - SHOWN:,} more; --json has them", Style.QUIET)
            )


def lab_lines(document: Mapping[str, Any]) -> Iterator[Line]:
    """Yield the lab's hosts and services from their document."""
    for name, host in document["hosts"].items():
        login = (
            f"ssh {host['ssh_user']}@{host['address']} -p {host['ssh_port']} -i {host['ssh_key']}"
        )
        yield line(Span(name, Style.STRONG), f"  {login}")
    for name, place in document["services"].items():
        yield line(f"  {name}  {':'.join(map(str, place))}")
    if document.get("ca"):
        yield line(f"  ca  {document['ca']}")
    if not document["hosts"]:
        yield line("The lab is down.")


def _event(event: Recorded) -> tuple[Span | str, ...]:
    counted = Counter(row.action for row in event.rows)
    what = ", ".join(f"{number} {action}" for action, number in counted.items())
    if event.kind == "drift":
        named = {"opened": "new", "closed": "gone", "standing": "standing"}
        what = ", ".join(f"{event.data[key]} {word}" for key, word in named.items())
    if order := event.data.get("order") or event.data.get("request"):
        what = " ".join(str(item) for item in (order, event.data.get("purpose")) if item)
    if order and (signer := event.data.get("approver")):  # one event a signature; two approve
        before = event.data.get("with")
        what += f", signed by {signer}" + (f" after {', '.join(before)}" if before else "")
    whom = f"  {event.actor}" + (f" for {event.requester}" if event.requester else "")
    return (f"{event.at[:19]}Z  {event.kind} {what}".rstrip(), Span(whom, Style.QUIET))
