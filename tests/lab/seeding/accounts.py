"""Every field of every kind on every system of an estate, and the ways in which each is changed there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from seeding import asterisk, phone, postfix_dovecot, prosody
from seeding.disturbance import Disturbance, Named
from seeding.ways import GONE, STRANGE, Way

Resource = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One field of one kind on one system. Without ways, `reason` says why it cannot be tested."""

    system: str
    backend: str
    kind: str
    field: str
    ways: tuple[Way, ...]
    reason: str = ""

    @property
    def name(self) -> str:
        """Name it as the documentation does."""
        return f"{self.backend} {self.kind}.{self.field}"


_MODULES = {
    "asterisk": asterisk, "phone": phone, "postfix_dovecot": postfix_dovecot, "prosody": prosody,
}  # fmt: skip


def rows(backends: Mapping[str, Any]) -> Iterator[Row]:
    """Yield every row, from what the back ends say they hold: `backends` maps system → Backend."""
    for system, backend in backends.items():
        module = _MODULES.get(backend.name)
        for kind, fields in sorted(backend.supports.items()):
            slots = sorted(f"secret:{slot}" for slot in backend.slots.get(kind, ()))
            for field in (*sorted(fields), *slots, GONE, STRANGE):
                ways = getattr(module, "WAYS", {}).get((kind, field), ())
                reason = getattr(module, "UNTESTABLE", {}).get((kind, field), "")
                if module is None:  # no such system in the lab: tests/switches has its own
                    reason = "the lab has no such system"
                yield Row(
                    system=system, backend=backend.name, kind=kind, field=field, ways=tuple(ways),
                    reason=reason,
                )  # fmt: skip


def disturbances(row: Row, resources: list[Resource], random: Random) -> Iterator[Disturbance]:
    """Yield every way for every object of a row, the objects in the order of `random`."""
    own = [item for item in resources if item["address"].startswith(f"{row.system}:")]
    # A personal password is its owner's to change: another one is no drift.
    objects = [i for i in own if i["kind"] == row.kind and row.field not in i["personal"]]
    random.shuffle(objects)
    for way in row.ways:
        for item in objects[: 1 if row.field == STRANGE else None]:
            script = way.make(item, own, random)
            if script is None:
                continue
            address = item["address"]
            if way.names is not None:
                names = way.names(item)
            elif row.field == GONE:
                names = (Named(address=address, kind="missing"),)
            else:
                names = (Named(address=address, field=row.field, kind="drift"),)
            yield Disturbance(
                host=row.system, row=row.name, way=way.name,
                place=names[0].address if names else address, script=script, names=names,
                after=way.after, locks=frozenset({_lock(row, address), *way.locks(item)}),
                follows=way.follows(item), undo=way.undo(item),
            )  # fmt: skip


def _lock(row: Row, address: str) -> str:
    """Leave the other fields of the same object to others; the object as a whole to nobody."""
    return address if row.field in {GONE, STRANGE} else f"{address}#{row.field}"
