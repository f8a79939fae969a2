"""The contract every back end fulfils: read in bulk, apply a whole batch, prove by real use.

A back end is one folder under `commsroom/backends/` (or an entry point of group
`commsroom.backends`) whose package has a module-level `BACKEND`. Nothing outside the folder
changes when one is added; inventory names it by string (`commsroom_backend: prosody`).
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pydantic import BaseModel

    from commsroom.estate.inspection import Check, Facts, Service, Standard
    from commsroom.estate.resource import Address, Change, Resource
    from commsroom.estate.rotation import Evidence
    from commsroom.estate.secret import Secret, SecretRef


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Time limits in seconds for each phase on one system; exceeding one makes it *unknown*."""

    connect: float = 10.0
    read: float = 60.0
    apply: float = 600.0
    prove: float = 120.0
    inspect: float = 60.0
    notify: float = 60.0


@dataclass(frozen=True, slots=True)
class Target:
    """Where one system is and how it is reached, as the inventory says.

    `host` is the address its services answer on, `tls_name` the name their certificates carry.
    `ssh_arguments` are handed to the OpenSSH client (the inventory's `ansible_ssh_common_args`,
    user, port, key …); `become` runs the remote program through `sudo -n`. `variables` are all host
    variables; the back end's `Settings` model picks its own (those starting with its name or as
    its README says) from them. `ca` is the file with the CA that signs the services' certificates.
    """

    system: str
    host: str
    tls_name: str
    estate: Path
    ssh_arguments: tuple[str, ...] = ()
    become: bool = False
    variables: Mapping[str, Any] = field(default_factory=dict)
    ca: Path | None = None


@dataclass(frozen=True, slots=True)
class Entrance:
    """The object of a system by whose secret we ourselves log in to it, and where the store keeps that."""

    address: Address
    slot: str
    path: str


@dataclass(frozen=True, slots=True)
class Keys:
    """What we hold of our own login: `words` in the order to try, the likeliest first.

    `told` says that the system was seen to have one of them: what the inventory says is out of date then.
    """

    words: Sequence[Secret] = ()
    told: bool = False


@dataclass(frozen=True, slots=True)
class Tools:
    """What the core lends a back end.

    `fingerprint` turns a verifier (a hash the system shows, or a clear secret it insists on
    showing) into a keyed HMAC, so that neither leaves the client. `progress` may be told a short
    line during long work. `keys` gives what we hold of our own login, asked anew for each session: a
    rotation may be changing it.
    """

    fingerprint: Callable[[str], str]
    deadlines: Deadlines = Deadlines()
    progress: Callable[[str], None] = field(default=lambda _line: None)
    keys: Callable[[Entrance], Keys] = field(default=lambda _entrance: Keys())


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that a system holds of the kinds the back end supports, ours or not.

    `verifiers` maps address → slot → fingerprint wherever the system shows a verifier.
    `token` names this very state: `apply` refuses with TargetMoved when it is no longer so.
    `sealed` are addresses that live where we must not write (another's file): they can be
    reported and refused, never adopted. `version` is the running server's, for reports. `remarks`
    say by address what is as it should be here and yet has not reached who uses it (a telephone that
    fetched an older profile): a difference that no change of ours repairs. `away` are those whose user is
    not there to take a change (a telephone that is switched off), with why.
    """

    resources: Mapping[Address, Resource]
    verifiers: Mapping[Address, Mapping[str, str]] = field(default_factory=dict)
    token: str = ""
    sealed: frozenset[Address] = frozenset()
    version: str = ""
    remarks: Mapping[Address, str] = field(default_factory=dict)
    away: Mapping[Address, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Batch:
    """Changes for one system, in the order to make them.

    `secret` gives the value behind a reference, and is only asked for slots that a change names in
    its `fields` as `secret:<slot>` or that a create needs. `fence` grows with every apply of
    the estate: the target remembers the highest it has seen and refuses a lower one (FenceRefused).
    """

    changes: Sequence[Change]
    token: str
    secret: Callable[[SecretRef], Secret]
    estate_id: str
    fence: int


class Status(StrEnum):
    """How a change ended. `unknown` means: it may or may not have happened; read again."""

    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"


#: How the message of a change begins that was given up because its system was lost before.
NOT_TRIED: Final = "not tried: "


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of one change, read back from the system. `message` is free of secrets.

    `verifiers` maps slot → fingerprint as read after the write, for what was written.
    """

    address: Address
    status: Status
    message: str = ""
    verifiers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a batch: one outcome per change, and the token of the state it left.

    `left` is that state, where the back end judges by all of it: read from the system after the last write,
    under the target's lock, and the very thing `read` would return. An apply need not read it twice then.
    """

    outcomes: Sequence[Outcome]
    token: str
    left: Snapshot | None = None


@dataclass(frozen=True, slots=True)
class ProofRequest:
    """One resource to be proven by use.

    `secret` gives the value behind a reference, None where we do not hold it any more. With
    `refused` true the promise is the opposite: its owner must be refused (a leaver), which only
    counts if `accepted_before` says that the same credential was accepted earlier in the run, and a
    control account is accepted after. With `helping` true it is there so that others can be
    proven (somebody to call, a control account): it is used for that, and owes no proof of its own.
    """

    resource: Resource
    secret: Callable[[SecretRef], Secret | None]
    refused: bool = False
    accepted_before: bool = False
    helping: bool = False


@dataclass(frozen=True, slots=True)
class Proof:
    """One use of one object, as its owner would: what was expected and what happened.

    `use` is a short verb phrase (`register`, `call 2101`, `imap login`, `wrong password`).
    `ok` None means unknown (could not be decided); `note` says why, or how it was proven
    (`delegated`). `ms` is milliseconds it took. `login` marks the proof that the owner's own
    credential was accepted: it is remembered, and makes a later refusal of it count.
    """

    address: Address
    use: str
    expected: str
    got: str
    ok: bool | None
    ms: float = 0.0
    note: str = ""
    login: bool = False


@dataclass(frozen=True, slots=True)
class Credential:
    """A login to be tried: at a resource, with a secret that one of its slots may hold."""

    resource: Resource
    slot: str
    secret: Secret


class Provider(Protocol):
    """A connected system. Errors that concern the whole system are SystemUnknown and its kin."""

    def read(self) -> Snapshot:
        """Read everything in a constant number of round trips, from the running server."""
        ...

    def apply(self, batch: Batch) -> Applied:
        """Make the changes under a lock on the target; one failure does not hide the others.

        Raises TargetMoved or FenceRefused (nothing was written), SystemUnknown (anything may have).
        """
        ...

    def prove(self, requests: Sequence[ProofRequest]) -> Iterator[Proof]:
        """Use the objects as their owners would; several proofs per request are usual."""
        ...

    def close(self) -> None:
        """Let go of connections; safe to call twice."""
        ...


class LogsIn(Protocol):
    """A provider that can try credentials by themselves, and use nothing else of what they open."""

    def log_in(self, credentials: Sequence[Credential]) -> Sequence[bool | None]:
        """Log in with each once, really, and out again; leaves no trace at who is logged in already.

        Returns:
            In the same order, whether it was let in; None where nobody said so or refused it: a time-out,
            a server in trouble, a kind that nobody logs in to.
        """
        ...


@dataclass(frozen=True, slots=True)
class Access:
    """How its owner uses an object: the login name they type, and by which of the system's services.

    `login` "" means that none is typed (a telephone's own voicemail asks for its PIN alone).
    """

    login: str
    services: Sequence[Service] = ()


@dataclass(frozen=True, slots=True)
class PortNames:
    """How a kind of switch calls its ports.

    `named` returns the one short name of a port, however it is written (`gigabitethernet1/0/01` is
    `Gi1/0/1`), "" where no port of it can be meant. `example` is such a name.
    """

    named: Callable[[str], str]
    example: str


@dataclass(frozen=True, slots=True)
class Backend:
    """A kind of system. `supports` maps kind → fields it can hold; the rest is *unsupported*.

    `slots` maps kind → slots of secrets it can hold, `logins` those of them that the provider can log in
    with (`LogsIn`): a secret without is not rotated, since nobody could tell whether it works. `evidence` maps
    kind → slot for those of them that are not tried by us, but looked for at whoever uses them.

    `entrance` names what we ourselves log in with, where that is such a secret; it is changed by login. `tries` are the
    failed logins after which such systems do not yet lock an account, whatever policy thinks of its own.

    `connect` raises SystemUnknown when the system cannot be reached. `fake` builds the same provider over an in-memory twin of the client; with a
    `state` file its contents outlive the process. `refusals` lets a back end say by address why it
    cannot hold a desired resource at all (a comma it cannot quote): reported as *unsupported*.

    `services` names what a system offers on the network, from its variables. Where the provider can be
    inspected (`estate.inspection.Inspectable`), `judge` says what the facts of its own part mean. Where it
    delivers messages (`estate.notice.Notifying`), `channel` says how: `mail` or `chat`.

    `staged` may hold some of what is wanted back, or settle what policy left open, by what the system
    shows now (a new template reaches some telephones first): it returns what is to be compared, and by
    address why it is not yet what policy wants.

    `access` says how the owner of an object logs in to it, for what is handed over to people.

    `ports` is there for a switch: the register may name each of its ports in one way only. `erases` says that
    the provider can erase the very system it talks to (`estate.retiring.erasing.Erases`).
    """

    name: str
    settings: type[BaseModel]
    supports: Mapping[str, frozenset[str]]
    connect: Callable[[Target, Tools], Provider]
    fake: Callable[[Target, Tools, Path | None], Provider]
    slots: Mapping[str, frozenset[str]] = field(default_factory=dict)
    logins: Mapping[str, frozenset[str]] = field(default_factory=dict)
    evidence: Mapping[str, Mapping[str, Evidence]] = field(default_factory=dict)
    entrance: Callable[[Target], Entrance | None] = field(default=lambda _target: None)
    tries: int = sys.maxsize
    refusals: Callable[[Iterable[Resource]], Mapping[Address, str]] = field(
        default=lambda _resources: {}
    )
    services: Callable[[Target], Sequence[Service]] = field(default=lambda _target: ())
    judge: Callable[[Facts, Standard], Iterable[Check]] = field(
        default=lambda _facts, _standard: ()
    )
    channel: str = ""
    access: Callable[[Target, Resource], Access] = field(
        default=lambda _target, resource: Access(resource.address.key)
    )
    ports: PortNames | None = None
    erases: bool = False
    staged: (
        Callable[
            [Sequence[Resource], Mapping[Address, Resource]],
            tuple[Sequence[Resource], Mapping[Address, str]],
        ]
        | None
    ) = None
