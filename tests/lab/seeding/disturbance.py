"""One change made behind commsroom's back, and what a report must say of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class Named:
    """What one finding of the report must say: where, and which field, file or word.

    `address` is the finding's, as a glob; `field` one of its differences; `text` stands in what it says.
    """

    address: str
    field: str = ""
    kind: str = ""
    text: str = ""

    def fits(self, finding: Mapping[str, Any]) -> bool:
        """Tell whether a finding of `drift --json` is the one."""
        fields = {item["name"] for item in finding["differences"]}
        return (
            fnmatchcase(finding["address"], self.address)
            and (not self.field or self.field in fields)
            and (not self.kind or finding["kind"] == self.kind)
            and self.text in finding["text"]
        )


@dataclass(frozen=True, kw_only=True)
class Disturbance:
    """A change on one server.

    `row` is its row in the universe (`asterisk extension.caller_id`), `way` how it is made. `script` is
    run by the server's root, then, once for all of a batch, the `after` commands. Nothing that shares
    one of its `locks` with another goes into the same batch. `names` must all be told; `follows` are
    globs over further addresses that are its consequence. `undo` takes back what no apply may.
    `blind`: the system's accounts cannot be read while it lasts. `first`: it needs the server whole, so
    it is made before the others of its batch.
    """

    host: str
    row: str
    way: str
    place: str
    script: str
    names: tuple[Named, ...]
    after: tuple[str, ...] = ()
    locks: frozenset[str] = field(default_factory=frozenset)
    follows: tuple[str, ...] = ()
    undo: str = ""
    blind: bool = False
    first: bool = False

    @property
    def label(self) -> str:
        """Name it for people, and for a replay."""
        return f"{self.host}: {self.row} [{self.way}] at {self.place}"


@dataclass(frozen=True)
class Verdict:
    """What a report made of a batch: what it did not name, and what it named that nobody did."""

    missed: tuple[Disturbance, ...]
    false: tuple[Mapping[str, Any], ...]


def judged(batch: tuple[Disturbance, ...], findings: list[Mapping[str, Any]]) -> Verdict:
    """Hold a report against the changes that were made."""
    missed = tuple(
        item
        for item in batch
        if not all(any(named.fits(one) for one in findings) for named in item.names)
    )
    return Verdict(missed, tuple(one for one in findings if not _explained(one, batch)))


def _explained(finding: Mapping[str, Any], batch: tuple[Disturbance, ...]) -> bool:
    """Tell whether somebody did what a finding says, field by field."""
    if any(fnmatchcase(finding["address"], glob) for item in batch for glob in item.follows):
        return True
    fitting = [named for item in batch for named in item.names if named.fits(finding)]
    told = {item["name"] for item in finding["differences"]}
    return bool(fitting) and told <= {named.field for named in fitting}


def clash(one: Disturbance, other: Disturbance) -> bool:
    """Tell whether two may not be made at once: the same thing, or a part of it (`thing#part`)."""
    return any(
        a == b or a.startswith(f"{b}#") or b.startswith(f"{a}#")
        for a in one.locks
        for b in other.locks
    )
