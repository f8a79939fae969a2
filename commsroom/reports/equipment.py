"""Equipment as text and JSON: single devices with their history, what is due, needed or old."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final, Protocol

from commsroom.estate.register import life
from commsroom.estate.register.orders import lots
from commsroom.policy.devices import DeviceState
from commsroom.reports.lines import Line, Span, Style, count, line, money, some, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from commsroom.estate.register import Entry
    from commsroom.estate.register.life import Disagreement
    from commsroom.estate.register.supply import Aging, Need, Renewing
    from commsroom.estate.register.upkeep import Task
    from commsroom.policy.devices import Device

Document = dict[str, Any]
_STATE: Final = {
    DeviceState.STOCK: Style.QUIET,
    DeviceState.ISSUED: Style.PLAIN,
    DeviceState.REPAIR: Style.DOUBT,
    DeviceState.LOST: Style.BAD,
    DeviceState.RETIRED: Style.QUIET,
}


class File(Protocol):
    """A maintenance file, as far as a report needs it."""

    @property
    def device(self) -> Device: ...
    @property
    def entries(self) -> Sequence[Entry]: ...
    @property
    def tasks(self) -> Sequence[Task]: ...
    @property
    def disagreements(self) -> Sequence[Disagreement]: ...
    @property
    def replaced_by(self) -> str: ...


# ── text ────────────────────────────────────────────────────────────────────────────────────


def list_lines(devices: Sequence[Device]) -> Iterator[Line]:
    """Yield a table of devices, and how many are in which state."""
    rows = [
        (
            item.asset_tag,
            item.kind,
            item.product,
            Span(item.state, _STATE[item.state]),
            item.holder or "-",
            item.site,
            item.port or "-",
        )
        for item in devices
    ]
    yield from table(("TAG", "KIND", "MODEL", "STATE", "HOLDER", "SITE", "PORT"), rows)
    states = Counter(item.state for item in devices)
    told = ", ".join(f"{states[state]} {state}" for state in DeviceState if states[state])
    yield line(Span(f"{count(len(devices), 'device')}{': ' if told else ''}{told}", Style.STRONG))


def file_lines(file: File, day: date, currency: str) -> Iterator[Line]:
    """Yield one device's maintenance file as of a day, with prices in a currency ("": none is named)."""
    device = file.device
    yield line(Span(device.asset_tag, Style.STRONG), f"  {device.kind}, {device.product}")
    facts = {
        "serial": device.serial,
        "MAC": device.mac,
        "bought": str(device.purchased or ""),
        "warranty": _warranty(device, day),
        "price": "" if device.price is None else money(device.price, currency),
    }
    for name, text in facts.items():
        if text:
            yield line(f"  {name:<10}{text}")
    yield line(f"  {'now':<10}", Span(life.told(life.Standing.of(device)), _STATE[device.state]))
    if file.replaced_by:
        yield line(f"  {'replaced':<10}by {file.replaced_by}")
    for item in file.disagreements:
        told = f"its row says {item.name} {item.row or 'nothing'}; the ledger has the last word"
        yield line(f"  {'row':<10}", Span(told, Style.BAD))
    for task in file.tasks:
        late = task.overdue(day)
        style = Style.BAD if late else Style.PLAIN
        word = "overdue since" if late else "due"
        when = str(task.due) if task.due.year > 1 else "ever"
        yield line(f"  {'task':<10}", Span(f"{task.name} {word} {when}", style))
    for entry in file.entries:
        yield line(f"  {entry.day}  ", *_entry_spans(entry), Span(f"  {entry.actor}", Style.QUIET))
    if not file.entries:
        yield line(Span("  nothing is recorded of it yet", Style.QUIET))


def _warranty(device: Device, day: date) -> str:
    end = device.warranty_end
    if end is None:
        return ""
    return f"until {end}" if day <= end else f"over since {end}"


def recorded_lines(entries: Sequence[Entry], notes: Iterable[str]) -> Iterator[Line]:
    """Yield what was recorded, and what is worth knowing beside it."""
    for item in entries:
        yield line(Span(item.tag, Style.STRONG), "  ", *_entry_spans(item))
    for note in notes:
        yield line(Span(f"note: {note}", Style.DOUBT))


def due_lines(tasks: Sequence[Task], day: date) -> Iterator[Line]:
    """Yield the tasks that are due, the overdue ones first, and what they use up."""
    late = [task for task in tasks if task.overdue(day)]
    rows = [
        (
            Span(str(task.due) if task.due.year > 1 else "ever", _due_style(task, day)),
            task.device.asset_tag,
            task.name,
            task.plan.task,
            task.device.holder,
            task.device.site,
            str(task.last or "never"),
        )
        for task in tasks
    ]
    if rows:
        yield from table(("DUE", "TAG", "TASK", "WHAT", "HOLDER", "SITE", "LAST DONE"), rows)
    used = Counter(task.plan.consumable for task in tasks if task.plan.consumable)
    for name, number in sorted(used.items()):
        yield line(f"to order: {number} x {name}")
    style = Style.BAD if late else Style.GOOD
    yield line(Span(f"{count(len(tasks), 'task')} due, {len(late)} overdue", style))


def procurement_lines(needs: Sequence[Need], until: date, currency: str) -> Iterator[Line]:
    """Yield what is to be had of each kind, what is there, and what is to be bought for whom."""
    rows = [
        (
            need.kind,
            " or ".join(need.models) or "any",
            str(need.wanted),
            str(need.issued),
            str(len(need.from_stock)),
            str(len(need.on_order)),
            Span(str(len(need.missing)), Style.BAD if need.missing else Style.GOOD),
            money(need.cost, currency) if need.missing else "-",
        )
        for need in needs
    ]
    heads = ("KIND", "MODEL", "WANTED", "ISSUED", "FROM STOCK", "ON ORDER", "TO BUY", "COST ABOUT")
    yield from table(heads, rows)
    for need in needs:
        for holder, device in need.from_stock:
            command = f"commsroom device issue {device.asset_tag} {holder}"
            yield line(f"in stock for {holder}: ", Span(command, Style.COMMAND))
        for order, holders in _by_order(need).items():
            yield line(f"on order {order}: {len(holders)} {need.kind} for {some(holders)}")
    for lot in lots(needs):
        models = f" ({' or '.join(lot.models)})" if lot.models else ""
        told = f"{len(lot.holders)} {lot.kind}{models} for {some(lot.holders)}, at {lot.site}"
        yield line(f"to buy: {told}")
    buy = sum(len(need.missing) for need in needs)
    yield line(Span(f"{count(buy, 'device')} to buy until {until}", Style.STRONG))
    if buy:
        yield line(
            "ask for it: ", Span("commsroom device order --procurement --by ID", Style.COMMAND)
        )


def _by_order(need: Need) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for holder, order in need.on_order:
        found.setdefault(order, []).append(holder)
    return found


def renewal_lines(
    aging: Sequence[Aging], renewing: Sequence[Renewing], currency: str
) -> Iterator[Line]:
    """Yield the devices proposed for renewal, each with its reasons, and those that are on order."""
    rows = [
        (
            item.device.asset_tag,
            item.device.product,
            item.device.holder or "-",
            money(item.device.price, currency),
            "; ".join(item.reasons),
        )
        for item in aging
    ]
    if rows:
        yield from table(("TAG", "MODEL", "HOLDER", "PRICE", "WHY"), rows)
    ordered: dict[str, list[str]] = {}
    for one in renewing:
        came = f" (replaced by {one.replaced_by})" if one.replaced_by else ""
        ordered.setdefault(one.order, []).append(one.tag + came)
    for name, tags in ordered.items():
        yield line(f"on order {name}: {some(tags)}")
    yield line(Span(f"{count(len(aging), 'device')} proposed for renewal", Style.STRONG))


def _entry_spans(entry: Entry) -> Iterator[Span | str]:
    yield Span(f"{entry.step:<11}", Style.STRONG)
    stays = entry.step in {life.Step.MAINTAINED, life.Step.FAULT}
    told = "" if stays else life.told(entry.after)
    details = "; ".join(
        text if key in {"reason", "task", "note"} else f"{key} {text}"
        for key, text in entry.details.items()
    )
    yield "; ".join(part for part in (told, details) if part)


def _due_style(task: Task, day: date) -> Style:
    return Style.BAD if task.overdue(day) else Style.PLAIN


# ── JSON ────────────────────────────────────────────────────────────────────────────────────


def device_document(item: Device) -> Document:
    """Return a device as it stands."""
    return {
        "asset_tag": item.asset_tag,
        "kind": str(item.kind),
        "vendor": item.vendor,
        "model": item.model,
        "serial": item.serial,
        "mac": item.mac,
        "purchased": _iso(item.purchased),
        "warranty_end": _iso(item.warranty_end),
        "price": None if item.price is None else str(item.price),
        "site": item.site,
        "holder": item.holder or None,
        "state": str(item.state),
        "port": item.port or None,
    }


def entry_document(item: Entry) -> Document:
    """Return one step of a device's life."""
    return {
        "asset_tag": item.tag,
        "step": str(item.step),
        "day": item.day.isoformat(),
        "before": _standing(item.before),
        "after": _standing(item.after),
        "details": dict(item.details),
        "actor": item.actor,
        "at": item.at,
    }


def recorded_document(entries: Sequence[Entry], notes: Iterable[str]) -> Document:
    """Return what was recorded, and what is worth knowing beside it."""
    return {"recorded": [entry_document(item) for item in entries], "notes": list(notes)}


def file_document(file: File, day: date) -> Document:
    """Return one device's maintenance file."""
    return {
        "device": device_document(file.device),
        "replaced_by": file.replaced_by or None,
        "history": [entry_document(item) for item in file.entries],
        "tasks": [task_document(item, day) for item in file.tasks],
        "disagreements": [
            {"field": item.name, "row": item.row or None, "ledger": item.ledger or None}
            for item in file.disagreements
        ],
    }


def task_document(item: Task, day: date) -> Document:
    """Return one task on one device."""
    return {
        "asset_tag": item.device.asset_tag,
        "task": item.name,
        "what": item.plan.task,
        "due": item.due.isoformat() if item.due.year > 1 else None,
        "overdue": item.overdue(day),
        "last": _iso(item.last),
        "holder": item.device.holder or None,
        "site": item.device.site,
        "consumable": item.plan.consumable,
    }


def need_document(item: Need) -> Document:
    """Return one line of the procurement report."""
    return {
        "kind": str(item.kind),
        "models": list(item.models),
        "wanted": item.wanted,
        "issued": item.issued,
        "in_repair": item.in_repair,
        "from_stock": [
            {"holder": holder, "asset_tag": device.asset_tag} for holder, device in item.from_stock
        ],
        "on_order": [{"holder": holder, "order": order} for holder, order in item.on_order],
        "to_buy": [want.holder for want in item.missing],
        "cost": None if item.cost is None else str(item.cost),
    }


def aging_document(item: Aging) -> Document:
    """Return one device proposed for renewal."""
    return {
        **device_document(item.device),
        "reasons": list(item.reasons),
        "faults": item.faults,
        "repair_cost": str(item.repair_cost),
    }


def renewing_document(item: Renewing) -> Document:
    """Return one device that an order is to renew."""
    return {
        "asset_tag": item.tag,
        "order": item.order,
        "replaced_by": item.replaced_by or None,
    }


def _standing(item: life.Standing) -> Document:
    return {
        "state": str(item.state),
        "holder": item.holder or None,
        "site": item.site,
        "port": item.port or None,
    }


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
