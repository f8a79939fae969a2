"""device deliver --from: a delivery note takes many devices in at once, all of them or none.

What the note says of a device that has no row of devices.csv yet becomes its row (clause 3.2.1); of one
that has, it must say the same. All that is wrong is told at once, each at its line, and changes nothing.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

from commsroom.app import delivering, ordering, registering
from commsroom.app.delivering import Delivery
from commsroom.app.registering import Recorded, Rows
from commsroom.errors import (
    CommsroomError,
    Exit,
    GuardRefused,
    PolicyErrors,
    Problem,
    UsageError,
)
from commsroom.policy import delivery_note
from commsroom.policy.device_rows import DeviceRows, mac_address
from commsroom.policy.devices import COLUMNS
from commsroom.policy.references import Names
from commsroom.policy.sources import DEVICES
from commsroom.policy.words import did_you_mean, quoted

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from commsroom.app.estate import Estate
    from commsroom.app.registering import Register
    from commsroom.estate.register.arrival import Free
    from commsroom.policy.delivery_note import Line, Note
    from commsroom.policy.devices import Device

#: What a note may say of a device that its row does not know yet.
_LATER: Final = ("serial", "mac", "purchased", "warranty_end", "price")
_GLOB: Final = frozenset("*?[")
#: The kind that stands for one nobody could tell, which was said already.
_UNTOLD: Final = "other"


def deliver(estate: Estate, file: Path, *, day: date | None = None) -> Recorded:
    """Record what a delivery note says has come: all of it, or nothing and every reason.

    Args:
        estate: The estate.
        file: The note, as `policy.delivery_note` reads it.
        day: When it arrived; today when None.

    Raises:
        PolicyErrors: lines of the note cannot be; it ends as a refusal where all they lack is an
            order that two people have signed.
        CommsroomError: devices.csv or the ledger cannot be written; nothing is recorded.
    """
    seen, _ = estate.ledger.head()
    problems: list[Problem] = []
    note = delivery_note.read(file, problems)
    taking = _Taking(estate, note, problems, day or registering.today(estate.policy))
    for line in note:
        taking.take(line)
    taking.tell()
    if taking.already and not problems and len(taking.already) == len(note.lines):
        # The command was killed after it had recorded, or somebody ran it twice.
        told = f"{len(note.lines)} of {len(note.lines)} devices are recorded already: nothing was left to do"
        return Recorded(entries=(), notes=(told,))
    for line in taking.already:
        message = f"{line.values['asset_tag']} came for order {line.values['order']} already"
        note.problem(
            line, "asset_tag", message, "take the line out, for others of the note have not come"
        )
    if problems:
        error = PolicyErrors(problems)
        if taking.refused == len(problems):
            error.exit_code = Exit.REFUSED
        raise error
    return delivering.record(estate, taking.delivery, day, seen, taking.rows())


class _Taking:
    """A note on its way into the register."""

    def __init__(self, estate: Estate, note: Note, problems: list[Problem], day: date) -> None:
        self._note = note
        self._problems = problems
        self._day = day
        self._now: Register = registering.read(estate, may_be_empty=True)
        self._orders = {placed.order.name: placed for placed in ordering.listed(estate)}
        self._values = _Known(self._now)
        self.delivery = Delivery(self._now, day)
        self.refused = 0
        #: Lines whose device came for their order before.
        self.already: list[Line] = []
        #: What is wrong with an order, and the lines that name it: said once.
        self._wrong: dict[str, tuple[CommsroomError, list[Line]]] = {}
        policy = estate.policy
        names = Names(
            sites=frozenset(policy.company.sites), departments=None, positions=None,
            dialling_classes=None, destinations=None, rooms=None, clauses=None,
            people=frozenset(policy.by_id),
        )  # fmt: skip
        self._rows = DeviceRows(note.shown, names, problems)
        self._rows.columns(note.header, note.raw)
        here = {line.values["asset_tag"] for line in note}
        self._rows.know((it for it in self._now.devices if it.asset_tag not in here), DEVICES)

    def take(self, line: Line) -> None:
        """Take one line, or tell all that is wrong with it."""
        before = len(self._problems)
        name = line.values["order"]
        placed = self._orders.get(name)
        if name in self._wrong:
            self._wrong[name][1].append(line)
            return
        if placed is None:
            message = f"there is no order {quoted(name)}" if name else "`order` is empty"
            remedy = did_you_mean(name, self._orders) or "commsroom device orders"
            self._wrong[name] = (UsageError(message, remedy=remedy), [line])
            return
        if line.values["replaces"] and line.values["replaces"] == line.values["asset_tag"]:
            message = f"{quoted(line.values['replaces'])} cannot replace itself"
            self._note.problem(line, "replaces", message, "name the old device")
            return
        row = self._now.by_tag.get(line.values["asset_tag"])
        if line.values["asset_tag"] in placed.delivered.values():
            if row is not None:
                self._of_row(line, row)
            self.already.append(line)
            return
        try:
            free = self.delivery.expect(placed)
        except CommsroomError as error:
            self._wrong[name] = (error, [line])
            return
        values = self._of_row(line, row) if row is not None else self._of_new(line, free)
        count = len(self._rows.devices)
        self._rows.take([values[name] for name in COLUMNS], line.number)
        if len(self._problems) > before or len(self._rows.devices) == count:
            return
        device = self._rows.devices[-1]
        if row is None and device.purchased is not None and device.purchased > self._day:
            message = f"bought on {device.purchased}, after it came on {self._day}"
            self._note.problem(line, "purchased", message, "name an earlier day, or none")
        else:
            try:
                self.delivery.add(name, device, line.values["replaces"])
            except CommsroomError as error:
                self._note.problem(line, "asset_tag", error.message, error.remedy)

    def tell(self) -> None:
        """Tell what is wrong with orders, each at the first line that names it."""
        for error, lines in self._wrong.values():
            self.refused += isinstance(error, GuardRefused)
            more = f"; {len(lines) - 1} more lines name it" if len(lines) > 1 else ""
            self._note.problem(lines[0], "order", f"{error.message}{more}", error.remedy)

    def rows(self) -> Rows:
        """Return what devices.csv is to have of it."""
        new, completed = [], []
        for device in self._rows.devices:
            row = self._now.by_tag.get(device.asset_tag)
            if row is None:
                new.append(device)
            elif (known := replace(device, line=row.line)) != row:
                completed.append(known)
        return Rows(tuple(new), tuple(completed))

    def _of_row(self, line: Line, row: Device) -> dict[str, str]:
        """Return the values of a row, with what the note adds to it; what it says otherwise is told."""
        values = {name: _text(getattr(row, name)) for name in COLUMNS}
        for name, said in line.values.items():
            if not said or name not in values:
                continue
            if not values[name] and name in _LATER:
                values[name] = said
            elif not _same(name, said, values[name]):
                self._note.problem(
                    line,
                    name,
                    f"{name} {quoted(said)}, and its row says {quoted(values[name])}"
                    f" ({DEVICES}:{row.line})",
                    "mend one of the two",
                )
        return values

    def _of_new(self, line: Line, free: Free) -> dict[str, str]:
        """Return the values of a new row: what the note says, and what follows from its order."""
        values = {**dict.fromkeys(COLUMNS, ""), **line.values, "state": "stock"}
        values["purchased"] = values["purchased"] or str(self._day)
        if not values["vendor"] and not values["model"]:
            values["vendor"], values["model"] = self._values.model(free)
        if not values["vendor"] and not values["model"]:
            self._note.problem(
                line,
                "asset_tag",
                f"{quoted(values['asset_tag'])} has no row, and the note does not say which model it is",
                f"add the columns vendor and model, or a row to {DEVICES}",
            )
            values["vendor"] = values["model"] = "?"  # told already
        product = f"{values['vendor']} {values['model']}"
        if not values["kind"]:
            values["kind"] = self._values.kind(product, free)
        if not values["kind"]:
            self._note.problem(
                line,
                "asset_tag",
                f"{product} may be of any kind the order is for",
                "add the column kind",
            )
            values["kind"] = _UNTOLD
        if not values["site"]:
            place = values["replaces"] or free.nearest(values["kind"], product, "")
            values["site"] = self._values.site(place, free)
            sites = self._values.sites(values["order"], values["kind"], product, free)
            if not values["replaces"] and len(sites) > 1:
                self._note.problem(
                    line,
                    "asset_tag",
                    f"{quoted(values['asset_tag'])} may be for {' or '.join(sites)}",
                    "add the column site, or replaces",
                )
            if not place and values["kind"] != _UNTOLD:
                tag, kind = values["asset_tag"], values["kind"]
                error = delivering.unasked(values["order"], free, tag, kind, product)
                self._note.problem(line, "asset_tag", error.message, error.remedy)
            if not place:
                values["site"] = next(iter(self._now.policy.company.sites))
        return values


class _Known:
    """What the register tells of models, kinds and sites that a note leaves out."""

    def __init__(self, now: Register) -> None:
        self._now = now
        self._models: dict[str, set[tuple[str, str]]] = {}
        self._kinds: dict[str, set[str]] = {}
        self._sites: dict[tuple[str, str, str], tuple[str, ...]] = {}
        for device in now.devices:
            self._models.setdefault(device.product, set()).add((device.vendor, device.model))
            self._kinds.setdefault(device.product, set()).add(str(device.kind))

    def model(self, free: Free) -> tuple[str, str]:
        """Return vendor and model where an order is for one only, and the register has met it."""
        globs = {glob for sort in free.left for glob in sort.models or ("*",)}
        if len(globs) == 1 and not _GLOB & set(product := next(iter(globs))):
            known = self._models.get(product, set())
            if len(known) == 1:
                return next(iter(known))
        return "", ""

    def kind(self, product: str, free: Free) -> str:
        """Return the kind of a product: as the register knows it, or the only one of the order."""
        known = self._kinds.get(product) or {sort.kind for sort in free.sorts.values()}
        return next(iter(known)) if len(known) == 1 else ""

    def site(self, place: str, free: Free) -> str:
        """Return the site something was ordered for, or where what it replaces is; else the only one."""
        if (sort := free.sorts.get(place)) is not None and sort.site:
            return sort.site
        if (old := self._now.by_tag.get(place)) is not None:
            return old.site
        sites = list(self._now.policy.company.sites)
        return sites[0] if len(sites) == 1 else ""

    def sites(self, order: str, kind: str, product: str, free: Free) -> tuple[str, ...]:
        """Return the sites that an order may bring such a device to, as the note began."""
        key = (order, kind, product)
        if key not in self._sites:
            found = {self.site(place, free) for place in free.fitting(kind, product)}
            self._sites[key] = tuple(sorted(found))
        return self._sites[key]


def _same(name: str, said: str, known: str) -> bool:
    """Tell whether a note and a row mean the same."""
    try:
        if name == "mac":
            return mac_address(said) == known
        if name == "price":
            return Decimal(said) == Decimal(known)
    except (ValueError, InvalidOperation):
        return False
    return said.upper() == known.upper() if name == "serial" else said == known


def _text(value: object) -> str:
    return "" if value is None else str(value)
