"""Inspection: what was looked at on a system besides its objects, and whether it is as policy asks.

Clauses 3.2.2 (regular inspection) and 5.2.2 (regular security checks) of the regulation.

A back end declares the services its systems offer (`Service`) and may have its provider `inspect`,
which brings back facts (`Seen`) and judges nothing. What the facts mean is decided by pure functions
against policy (`Standard`): in `estate.checks` for what every host has, in the back end's folder for
its own. A fact that could not be had is `{"unknown": reason}` in its place, never left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Protocol

from commsroom.estate.resource import Provenance
from commsroom.estate.weighing import Severity

if TYPE_CHECKING:
    from datetime import date

    from commsroom.estate.weighing import Acknowledged
    from commsroom.policy import Policy
    from commsroom.policy.inspection import Inspection

Facts = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing looked at. That it is as it should be is worth keeping too: it is evidence.

    `name` says what was looked at and never changes its meaning (`certificate`, `queue`, `disk`);
    `place` where on the system (`imaps 993`, `/var`). `expected` and `got` are for people, free of
    secrets. `ok` None means it could not be told. `since` is the UTC time of the first run that found it
    wrong, "" where that is not remembered; `weight` and `acknowledged` are as a finding's.
    """

    system: str
    name: str
    place: str
    expected: str
    got: str
    ok: bool | None
    provenance: Provenance | None = None
    remedy: str = ""
    simulated: bool = False
    since: str = ""
    weight: Severity | None = None
    acknowledged: Acknowledged | None = None

    @property
    def severity(self) -> Severity:
        """Give what it weighs: what is as it should be, or acknowledged, is only noted."""
        if self.ok is not False or self.acknowledged is not None:
            return Severity.NOTE
        return self.weight or Severity.ERROR

    @property
    def address(self) -> str:
        """Name it as objects are named, so that globs and exceptions hold for both."""
        return f"{self.system}:{self.name}/{self.place}"

    def matches(self, glob: str) -> bool:
        """Tell whether a shell-style glob (`mail1:certificate/*`) names this check."""
        return fnmatchcase(self.address, glob)


class Encryption(StrEnum):
    """How a service is protected."""

    TLS = "tls"  #: from the first byte
    STARTTLS = "starttls"  #: begun in clear, upgraded before anything confidential is said
    OPTIONAL = "optional"  #: STARTTLS is offered and not required (SMTP between companies)
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Something a system offers on the network. The firewall opens exactly these.

    Args:
        name: What people call it: `imaps`, `xmpp`.
        port: Where it listens; with `last`, the first port of a range.
        last: The last port of a range, else 0.
        transport: `tcp` or `udp`.
        encryption: How it is protected.
        dialogue: Protocol spoken before TLS starts: `smtp`, `imap`, `sieve`, `xmpp`.
        tls_name: The name its certificate must carry, where it is not the system's own.
        on_demand: Whether it listens only while it is used (media of a call).
    """

    name: str
    port: int
    last: int = 0
    transport: str = "tcp"
    encryption: Encryption = Encryption.NONE
    dialogue: str = ""
    tls_name: str = ""
    on_demand: bool = False

    @property
    def encrypted(self) -> bool:
        """Tell whether it has a certificate to show."""
        return self.encryption is not Encryption.NONE

    @property
    def place(self) -> str:
        """Name it in a report: `imaps 993`."""
        return f"{self.name} {self.port}" + (f"-{self.last}" if self.last else "")

    def covers(self, transport: str, port: int) -> bool:
        """Tell whether a port is its own."""
        return self.transport == transport and self.port <= port <= max(self.port, self.last)


@dataclass(frozen=True, slots=True)
class Seen:
    """What an inspection brought back of one system.

    `host` are facts of the machine (empty where it is no host one can log in to), `own` those of the
    back end. `outside` are what its services looked like from the network; None: not looked at yet.
    """

    host: Facts = field(default_factory=dict)
    own: Facts = field(default_factory=dict)
    outside: Facts | None = None


class Inspectable(Protocol):
    """A provider that can be inspected."""

    def inspect(self, wanted: Facts) -> Seen:
        """Look at everything in one round trip; raises SystemUnknown.

        `wanted` says what to look for on the host; see `estate.checks.wanted`.
        """
        ...


@dataclass(frozen=True, slots=True)
class Standard:
    """What policy asks of one system, on a day, and the line and clause behind each rule."""

    policy: Policy
    system: str
    day: date

    @property
    def rules(self) -> Inspection:
        """The limits."""
        return self.policy.inspection

    def because(self, *path: str, clause: str = "3.2.2") -> Provenance:
        """Return where policy says so: `because("thresholds", "disk_free")`.

        Of a rule that no file states, the clause is that which inspections serve, if the regulation
        has it, and the line is 0.
        """
        return self.stated("inspection", *path, clause=clause)

    def stated(self, subject: str, *path: str, clause: str) -> Provenance:
        """Return the same for any file of policy."""
        source = self.policy.sources.of(subject, *path)
        known = clause if clause in self.policy.regulation.clauses else ""
        stated = (subject,) in self.policy.sources.places or subject == "devices"
        line = source.line if stated else 0
        return Provenance(source.file, line, source.clause or known)

    def check(
        self,
        name: str,
        place: str,
        *,
        expected: str,
        got: str,
        ok: bool | None,
        because: Provenance,
        remedy: str = "",
    ) -> Check:
        """Make a check of this system; what repairs it is only told where something is wrong."""
        return Check(
            system=self.system,
            name=name,
            place=place,
            expected=expected,
            got=got,
            ok=ok,
            provenance=because,
            remedy="" if ok else remedy,
        )


def unknown(fact: Any) -> str:
    """Return why a fact could not be had, "" where it could; what is no fact at all is unknown too."""
    if isinstance(fact, dict) and isinstance(fact.get("unknown"), str):
        return fact["unknown"] or "no reason given"
    return "" if isinstance(fact, (dict, list)) else "the answer made no sense"
