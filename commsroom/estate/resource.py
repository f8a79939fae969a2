"""The estate's vocabulary: an Address names an object, a Resource is its state, a Change moves it.

`None` is absence, of a resource (there is none) and of an attribute (policy does not speak of it,
so it is not compared). Suspended is an attribute, not absence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cache
from typing import TYPE_CHECKING, ClassVar, Final

from commsroom.errors import UsageError
from commsroom.estate.secret import Custody

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Self

    from commsroom.estate.secret import SecretRef

Value = str | int | bool | tuple[str, ...] | None

_ADDRESS: Final = re.compile(r"(?P<system>[^:/\s]+):(?P<kind>[a-z_]+)/(?P<key>.+)", re.DOTALL)


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """Where an object lives: `system:kind/key`, e.g. `pbx1:extension/2107`. Keys may hold slashes."""

    system: str
    kind: str
    key: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `system:kind/key`; raises UsageError naming the text."""
        match = _ADDRESS.fullmatch(text)
        if match is None:
            raise UsageError(
                f"{text!r} is not an address",
                remedy="write system:kind/key, as in pbx1:extension/2107",
            )
        return cls(match["system"], match["kind"], match["key"])

    def matches(self, glob: str) -> bool:
        """Tell whether a shell-style glob (`pbx1:extension/21*`) names this address."""
        return fnmatchcase(str(self), glob)

    def __str__(self) -> str:
        """Give the canonical form."""
        return f"{self.system}:{self.kind}/{self.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """State of one object; subclasses in `estate.kinds` add typed fields, all defaulting to None.

    A field's value is a string, integer, boolean or a sorted tuple of strings: what JSON can carry
    and a human can read in a plan.
    """

    kind: ClassVar[str] = ""
    #: Deleting one takes a right away from somebody, so it happens before anything is created.
    is_right: ClassVar[bool] = False
    #: Boolean fields whose turning true closes the account for its owner (applied first of all).
    closes: ClassVar[tuple[str, ...]] = ()
    #: Holds what belongs to a person or was written to one: closed, and kept for policy's retention, when
    #: the person is gone from the roster without a last day.
    retained: ClassVar[bool] = False
    #: Holds what people wrote or what was sent to them, and takes it along: deleting one for good needs
    #: approvals. A number, a list or a right can be made anew from policy and holds nothing.
    holds_data: ClassVar[bool] = False
    #: Only used by way of others that need it: with none of those, there is nothing to prove.
    proven_through_users: ClassVar[bool] = False
    #: Slots of secrets an object of this kind may hold.
    slots: ClassVar[tuple[str, ...]] = ()
    #: Those of them that hold a second credential, for the grace time of a rotation; what is in one and is
    #: not asked for is taken away.
    spare: ClassVar[tuple[str, ...]] = ()

    @classmethod
    @cache
    def names(cls) -> tuple[str, ...]:
        """Return the names of the fields, in their declared order."""
        return tuple(item.name for item in fields(cls))

    def values(self) -> dict[str, Value]:
        """Return the fields that say something (not None), in declared order."""
        pairs = ((name, getattr(self, name)) for name in self.names())
        return {name: value for name, value in pairs if value is not None}


@dataclass(frozen=True, slots=True)
class Provenance:
    """The line of policy that asked for a resource, and the regulation's clause behind it."""

    file: str
    line: int
    clause: str = ""

    def __str__(self) -> str:
        """Render as `policies/telephony.yml:12 (clause 4.1.2)`."""
        return f"{self.file}:{self.line}" + (f" (clause {self.clause})" if self.clause else "")


@dataclass(frozen=True, slots=True)
class Resource:
    """One object at an address. Only `body` and `secrets` are state; the rest explains it."""

    address: Address
    body: Kind
    secrets: tuple[SecretRef, ...] = ()
    needs: frozenset[Address] = frozenset()
    provenance: Provenance | None = field(default=None, compare=False)
    #: Identifier of the person this exists for, "" when it serves nobody in particular.
    person: str = field(default="", compare=False)
    protected: bool = field(default=False, compare=False)

    def secret(self, slot: str) -> SecretRef | None:
        """Return the reference held in `slot`, or None."""
        return next((ref for ref in self.secrets if ref.slot == slot), None)

    def beside(self, slot: str) -> str:
        """Return the slot in which the secret before that of `slot` may still be let in, "" for none.

        None beside a personal one: its owner may have changed it, and the one we remember would let
        in whoever has that.
        """
        ref = self.secret(slot)
        managed = ref is not None and ref.custody is Custody.MANAGED
        return self.body.spare[0] if managed and self.body.spare else ""


class Action(StrEnum):
    """What a change does. `adopt` takes over an object that exists already and was not ours."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    ADOPT = "adopt"


@dataclass(frozen=True, slots=True)
class Change:
    """Before → after of one resource; `fields` are those that differ (`secret:<slot>` for secrets)."""

    action: Action
    address: Address
    before: Resource | None
    after: Resource | None
    fields: tuple[str, ...] = ()
    #: Fields of `after` that this system cannot hold; said in the plan, never sent.
    unsupported: tuple[str, ...] = ()

    @property
    def closes(self) -> bool:
        """Tell whether this change shuts somebody out (so that it is applied first)."""
        if self.action is Action.DELETE or self.after is None:
            return False
        body = self.after.body
        return any(name in self.fields and getattr(body, name) is True for name in body.closes)

    @property
    def purges(self) -> bool:
        """Tell whether this change deletes for good what people wrote or were sent."""
        return self.after is None and self.before is not None and self.before.body.holds_data

    @property
    def revokes(self) -> bool:
        """Tell whether this change deletes a right or makes a set of members smaller."""
        if self.before is None:
            return False
        if self.after is None:
            return self.before.body.is_right
        for name in self.fields:
            old, new = getattr(self.before.body, name, None), getattr(self.after.body, name, None)
            if isinstance(old, tuple) and isinstance(new, tuple) and set(old) - set(new):
                return True
        return False

    @property
    def provenance(self) -> Provenance | None:
        """Return the policy line behind the change, or None for what policy no longer asks for."""
        return (
            self.after.provenance if self.after else self.before.provenance if self.before else None
        )


@dataclass(frozen=True, slots=True)
class Recorded:
    """What we remember of the last secret we wrote to a slot: generation and verifier fingerprint.

    `fingerprint` is None where the system shows no verifier or the write's outcome is unknown.
    `path` is whose secret it was, "" where that was not written down.
    """

    generation: int
    fingerprint: str | None = None
    path: str = field(default="", compare=False)


def differing_fields(desired: Kind, actual: Kind, supported: Iterable[str]) -> tuple[str, ...]:
    """Name the supported fields on which `desired` speaks and `actual` says otherwise."""
    allowed = frozenset(supported)
    return tuple(
        name
        for name in desired.names()
        if name in allowed
        and (want := getattr(desired, name)) is not None
        and want != getattr(actual, name)
    )


def stale_secrets(
    desired: Resource,
    recorded: Mapping[str, Recorded],
    verifiers: Mapping[str, str],
) -> tuple[str, ...]:
    """Name the slots (`secret:<slot>`) whose secret must be written (again), or taken away.

    A slot is stale when we never wrote it, when it holds another owner's secret, when its generation
    moved on, or, for managed secrets, when the verifier on the system is not the one recorded after our last write. `verifiers` maps
    slot to the fingerprint read now; a slot missing from it cannot be read and is trusted. A spare slot that
    holds something nobody asks for is stale as well: a second password, which may be a stranger's.
    """
    spare = (slot for slot in desired.body.spare if slot in verifiers)
    return tuple(
        f"secret:{ref.slot}"
        for ref in desired.secrets
        if _is_stale(ref, recorded.get(ref.slot), verifiers)
    ) + tuple(f"secret:{slot}" for slot in spare if desired.secret(slot) is None)


def _is_stale(ref: SecretRef, known: Recorded | None, verifiers: Mapping[str, str]) -> bool:
    if known is None or known.generation < ref.generation or known.path not in {"", ref.path}:
        return True
    if ref.custody == "personal" or ref.slot not in verifiers:
        return False
    return verifiers[ref.slot] != known.fingerprint
