"""Evidence for a clause: what the ledger must say, and of which age, before it may read *met*.

The words below are the contract of names that other rooms keep (kinds of object, checks of an
inspection, events of the ledger); tests hold each table to what those rooms really have.
"""

from __future__ import annotations

from datetime import date
from typing import Final, Literal

from pydantic import Field, model_validator

from commsroom.policy.base import Model
from commsroom.policy.scalars import Duration, Glob, PersonId, Text

#: Among globs of `policy:`, stands for every object whose line of policy names the clause.
OWN: Final = "clause"

#: Kinds of object, as in addresses.
KINDS: Final = frozenset(
    {
        "account", "conference", "dialling_class", "extension", "grant", "hunt_group", "list",
        "mailbox", "member", "phone_profile", "room", "route", "shared_mailbox", "switch_login", "switch_port",
        "switch_services", "switch_vlan", "trunk", "voicemail",
    }
)  # fmt: skip
#: What an inspection looks at: the NAME of a check's address, see docs/howto/inspect.md.
CHECKS: Final = frozenset(
    {
        "approvers", "certificate", "channels", "clear-login", "clock", "disk", "entitlement", "fault", "file-mode",
        "handover", "inodes", "leaver", "lifetime", "listener", "lost", "maintenance", "masters", "open-port", "order", "password", "retirement",
        "plaintext", "purchase", "queue", "reboot", "register", "server", "service", "ssh", "time-sync",
        "tls-cipher", "tls-old", "tls-version", "training", "trunks", "unit", "updates",
    }
)  # fmt: skip
#: What may have happened, as `commsroom ledger show` names it.
EventKind = Literal[
    "abandoned", "accepted", "adopted", "applied", "approval asked", "approval given", "approval used", "approval withdrawn",
    "certificate made", "checkpoint", "decommission", "device corrected", "device delivered", "device fault", "device issued",
    "device found", "device lost", "device maintained", "device moved", "device repaired", "device retired", "device returned", "drift",
    "forgotten", "generation", "handed over", "handover begun", "handover withheld", "intent", "loss", "notified", "order approved", "order cancelled", "order promised", "order proposed",
    "outcome", "rotation", "sanitization certified", "sanitization withdrawn",
    "proof", "protected", "recovered", "root certificate", "secret entered", "secret shown", "training done",
    "training withdrawn", "unprotected",
]  # fmt: skip


class Confirmation(Model):
    """People answer for a rule: it reads *manual*, never *met*, and *unknown* once `until` is over."""

    owner: PersonId = Field(description="Roster id of who answers for it")
    confirmed: date = Field(description="When they last confirmed that it holds")
    until: date = Field(description="Last day that counts, e.g. 2027-05-31")
    how: Text | None = Field(default=None, description="How they know, for the auditor")


class Evidence(Model):
    """One piece of evidence: exactly one of policy, proof, inspection, ledger and manual."""

    policy: tuple[Glob, ...] | None = Field(
        default=None,
        min_length=1,
        description="Objects policy asks for, which the last whole `drift` saw as policy says: globs"
        " over addresses, or `clause` for all whose line names this clause",
    )
    proof: tuple[Glob, ...] | None = Field(
        default=None,
        min_length=1,
        description="Uses that the last whole `prove` saw to go as promised: globs over `KIND USE`,"
        " e.g. `extension call *`",
    )
    inspection: tuple[Glob, ...] | None = Field(
        default=None,
        min_length=1,
        description="Checks that the last whole `inspect` found good: globs over their names, e.g."
        " `tls-*`",
    )
    ledger: tuple[EventKind, ...] | None = Field(
        default=None, min_length=1, description="Events, each of which must have happened"
    )
    manual: Confirmation | None = Field(default=None, description="Somebody confirms it")
    within: Duration | None = Field(
        default=None, description="How old it may be; left out: the file's `within`"
    )

    @model_validator(mode="after")
    def _one(self) -> Evidence:
        if len(self.kinds) != 1:
            raise ValueError(f"exactly one of {', '.join(TYPES)} makes a piece of evidence")
        if self.manual is not None and self.within is not None:
            raise ValueError("`within` says nothing about `manual`: that has its `until`")
        return self

    @property
    def kinds(self) -> tuple[str, ...]:
        """Name what is given: exactly one of TYPES in a valid piece."""
        return tuple(name for name in TYPES if getattr(self, name) is not None)


TYPES: Final = ("policy", "proof", "inspection", "ledger", "manual")
