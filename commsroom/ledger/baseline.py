"""What a drift check needs of a ledger, as a value that can travel: a baseline.

What is ours, what is protected, which generation of each secret was written last and the keyed
fingerprint of its verifier; of each device where it stands, its open fault, and what was last done
to it; which orders are still to come, and which losses are still open. No chain of events, no report,
no secret. Read back, it is a ledger that only remembers this: whoever reads the ledger cannot tell the
two apart, and cannot write to either.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date, datetime
from typing import TYPE_CHECKING, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import delete, insert, select

from commsroom.estate.register import life
from commsroom.estate.register.life import Standing, Step
from commsroom.estate.register.orders import Awaited
from commsroom.estate.resource import Address
from commsroom.ledger import baseline_losses, equipment, reading, tables
from commsroom.ledger.baseline_losses import Lost
from commsroom.ledger.database import Database
from commsroom.ledger.effects import Hold
from commsroom.ledger.ledger import Ledger
from commsroom.policy.devices import DeviceState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from typing import Any

    from sqlalchemy import Connection, Table

    from commsroom.estate.loss import Loss
    from commsroom.estate.plan import Known

#: Counts up when what is written here changes its meaning; only this one is read.
FORMAT: Final = 1
#: Rows of one INSERT.
_AT_ONCE: Final = 5000


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Origin(_Part):
    """Which estate this is of."""

    id: str = Field(description="The random name its ledger was given when it was made")
    name: str = Field(description="The company's name, for people")


class Link(_Part):
    """Where the ledger's chain of events ended; `commsroom ledger show` of then says the same."""

    seq: int = Field(ge=0, description="Number of the last event")
    hash: str = Field(description="Its hash, which seals all before it")


class Slot(_Part):
    """The last secret known to be in one slot of an object."""

    slot: str = Field(description="Where the object holds it, as `password` or `pin`")
    path: str = Field(default="", description="The secret's name in the sealed store")
    generation: int = Field(ge=0, description="Which one was written; 0: none is known to be there")
    fingerprint: str | None = Field(
        default=None,
        description="Keyed digest (HMAC-SHA256) of what its system shows of it; null: it shows nothing",
    )


class Entry(_Part):
    """What is remembered of one object."""

    address: str = Field(pattern=r"^[^:/\s]+:[a-z_]+/.+", description="system:kind/key")
    ours: bool = Field(default=True, description="We made it, took it over, or were about to")
    person: str = Field(default="", description="Id of the person it was made for")
    protected: bool = Field(default=False, description="Was marked so when last applied")
    secrets: tuple[Slot, ...] = Field(default=(), description="One per slot that was written")


class Upkeep(_Part):
    """The last time that a task of a maintenance plan was done on a device."""

    task: str = Field(description="A plan of `maintenance` in equipment.yml")
    day: date = Field(description="The day it was done")


class Fault(_Part):
    """The fault for which a device is in repair."""

    day: date = Field(description="The day it was reported for")
    reason: str = Field(default="", description="What is wrong")


class Kept(_Part):
    """What is remembered of one device: where it stands, whatever its row says."""

    tag: str = Field(description="Asset tag")
    step: Step = Field(description="The last thing recorded of it")
    day: date = Field(description="The day that happened")
    state: DeviceState = Field(description="Where it is in its life")
    holder: str = Field(default="", description="Id of a person or place that holds it")
    site: str = Field(description="Site of company.yml it is at")
    port: str = Field(default="", description="Where it is plugged in, SWITCH:PORT")
    event: int = Field(ge=1, description="Number of the event that says so")
    fault: Fault | None = Field(default=None, description="Open: it is in repair for this")
    done: tuple[Upkeep, ...] = Field(default=(), description="One per task that was ever done")


class Order(_Part):
    """An approved order of which something is still to come; its signatures held when this was made."""

    name: str = Field(description="What it is called")
    approved: date = Field(description="The day of the second signature")
    promised: tuple[date, ...] = Field(
        default=(), description="Days it was promised for, the last one last"
    )
    whole: int = Field(ge=1, description="Devices it is to bring")
    left: int = Field(ge=1, description="Those of them that are still to come")


class Baseline(_Part):
    """A baseline of format 1. Times are UTC, ISO 8601."""

    format: Literal[1] = Field(description="1; another one is another form, and is refused")
    estate: Origin
    exported: AwareDatetime = Field(description="When; what was made later is not in here")
    by: str = Field(description="Who exported it, user@host")
    expires: AwareDatetime | None = Field(default=None, description="From then on it is refused")
    simulated: bool = Field(
        default=False, description="What is in it only exists on fakes (--simulate)"
    )
    ledger: Link
    key_check: str = Field(
        description="A fingerprint by which another estate's key is told; empty: none was used yet"
    )
    objects: tuple[Entry, ...] = Field(description="Sorted by address")
    generations: dict[str, int] = Field(
        description="Current generation of each secret that is past its first, by name"
    )
    devices: tuple[Kept, ...] = Field(
        default=(), description="Equipment of which anything was recorded, sorted by asset tag"
    )
    orders: tuple[Order, ...] | None = Field(
        default=None, description="Oldest first; null: made before there were any in here"
    )
    losses: tuple[Lost, ...] | None = Field(
        default=None,
        description="Devices that are lost or not cleared, sorted by asset tag; null: made before there were any in here",
    )

    def lost(self) -> tuple[Loss, ...] | None:
        """Return the losses that are open, as the ledger tells them; None where it is not said."""
        return None if self.losses is None else tuple(one.loss() for one in self.losses)

    def awaited(self) -> tuple[Awaited, ...] | None:
        """Return the orders that are to come, as the ledger tells them; None where it is not said."""
        if self.orders is None:
            return None
        return tuple(
            Awaited(it.name, it.approved, it.promised, it.whole, it.left) for it in self.orders
        )

    def upkeep(self) -> tuple[life.Entry, ...]:
        """Return open faults and the last time of each task, as the ledger tells them."""
        return tuple(item for kept in self.devices for item in _steps(kept))


def taken(
    ledger: Ledger,
    *,
    name: str,
    by: str,
    at: datetime,
    expires: datetime | None,
    simulated: bool,
    awaited: Iterable[Awaited] = (),
    losses: Iterable[Loss] = (),
) -> Baseline:
    """Return what a ledger says at this moment, all of it seen in one transaction.

    Whether a signature holds is not the ledger's to say, so orders that are `awaited` are given; and what its
    events of `losses` mean neither.
    """
    with ledger._database.read() as connection:  # noqa: SLF001 - of the same room
        known = reading.known(connection)
        estate = connection.execute(select(tables.estate)).one()
        head = connection.execute(select(tables.head)).one()
        devices = tuple(_kept(connection))
        generations = {row.path: row.generation for row in _all(connection, tables.generations)}
    return Baseline(
        format=FORMAT,
        estate=Origin(id=estate.id, name=name),
        exported=at,
        by=by,
        expires=expires,
        simulated=simulated,
        ledger=Link(seq=head.seq, hash=head.hash),
        key_check=estate.key_check,
        objects=tuple(_entries(known)),
        generations=dict(sorted(generations.items())),
        devices=devices,
        orders=tuple(Order(**asdict(order)) for order in awaited),
        losses=baseline_losses.open_ones(losses),
    )


def _all(connection: Connection, table: Table) -> Iterator[Any]:
    yield from connection.execute(select(table))


def _entries(known: Known) -> Iterator[Entry]:
    for address in sorted({*known.owned, *known.protected, *known.secrets}):
        yield Entry(
            address=str(address),
            ours=address in known.owned,
            person=known.persons.get(address, ""),
            protected=address in known.protected,
            secrets=tuple(
                Slot(slot=slot, path=it.path, generation=it.generation, fingerprint=it.fingerprint)
                for slot, it in sorted(known.secrets.get(address, {}).items())
            ),
        )


def _kept(connection: Connection) -> Iterator[Kept]:
    faults: dict[str, Fault] = {}
    done: dict[str, dict[str, date]] = {}
    for item in equipment.entries(connection, steps=[Step.FAULT, Step.MAINTAINED]):
        if item.step is Step.FAULT:
            faults[item.tag] = Fault(day=item.day, reason=item.details.get("reason", ""))
        else:
            last = done.setdefault(item.tag, {})
            task = item.details.get("task", "")
            last[task] = max(last.get(task, item.day), item.day)
    for tag, last_step in sorted(equipment.lives(connection).items()):
        at = last_step.standing
        yield Kept(
            tag=tag,
            step=last_step.step,
            day=last_step.day,
            state=at.state,
            holder=at.holder,
            site=at.site,
            port=at.port,
            event=last_step.event,
            fault=faults.get(tag) if at.state is DeviceState.REPAIR else None,
            done=tuple(
                Upkeep(task=task, day=day) for task, day in sorted(done.get(tag, {}).items())
            ),
        )


def _steps(kept: Kept) -> Iterator[life.Entry]:
    at = Standing(kept.state, kept.holder, kept.site, kept.port)
    if kept.fault is not None:
        told = {"reason": kept.fault.reason} if kept.fault.reason else {}
        yield _entry(kept.tag, Step.FAULT, kept.fault.day, at, told)
    for item in kept.done:
        yield _entry(kept.tag, Step.MAINTAINED, item.day, at, {"task": item.task})


def _entry(tag: str, step: Step, day: date, at: Standing, told: dict[str, str]) -> life.Entry:
    return life.Entry(tag=tag, step=step, day=day, before=at, after=at, details=told)


def written(baseline: Baseline) -> bytes:
    """Return the file: JSON, an object or device a line, so that Git shows what came and went."""
    content = baseline.model_dump(mode="json", exclude_defaults=True)
    listed = {name: content.pop(name, []) for name in ("devices", "objects")}
    head = json.dumps(content, ensure_ascii=False, indent=1)
    parts = []
    for name, items in listed.items():
        lines = ",\n".join(f"  {json.dumps(item, ensure_ascii=False)}" for item in items)
        if items or name == "objects":
            parts.append(f' "{name}": ' + (f"[\n{lines}\n ]" if items else "[]"))
    return (head[:-2] + "".join(f",\n{part}" for part in parts) + "\n}\n").encode()


def remembered(baseline: Baseline, file: Path) -> Ledger:
    """Return a ledger, made in `file`, that remembers just this and may only be read."""
    objects = [(Address.parse(item.address), item) for item in baseline.objects]
    database = Database.open(str(file), read_only=False)
    try:
        with database.write() as connection:
            connection.execute(delete(tables.estate))
            identity = {"id": baseline.estate.id, "key_check": baseline.key_check}
            connection.execute(insert(tables.estate).values(**identity))
            _fill(connection, tables.owned, _owned(objects))
            _fill(connection, tables.protected, (_key(at) for at, it in objects if it.protected))
            _fill(connection, tables.secrets, _secrets(objects))
            _fill(connection, tables.devices, (_stood(item) for item in baseline.devices))
            _fill(
                connection,
                tables.generations,
                ({"path": path, "generation": n} for path, n in baseline.generations.items()),
            )
    finally:
        database.close()
    return Ledger.open(str(file), read_only=True)


def _owned(objects: list[tuple[Address, Entry]]) -> Iterator[dict[str, Any]]:
    for address, item in objects:
        if item.ours:
            yield {**_key(address), "hold": str(Hold.OWNED), "person": item.person}


def _secrets(objects: list[tuple[Address, Entry]]) -> Iterator[dict[str, Any]]:
    for address, item in objects:
        for slot in item.secrets:
            yield {**_key(address), **slot.model_dump()}


def _stood(item: Kept) -> dict[str, Any]:
    return {**item.model_dump(mode="json", exclude={"fault", "done"})}


def _key(address: Address) -> dict[str, Any]:
    return {"system": address.system, "kind": address.kind, "key": address.key}


def _fill(connection: Connection, table: Table, rows: Iterator[dict[str, Any]]) -> None:
    waiting = list(rows)
    for start in range(0, len(waiting), _AT_ONCE):
        connection.execute(insert(table), waiting[start : start + _AT_ONCE])
