"""telephony.yml: numbers, who may dial what, ringing, voicemail, conference rooms, hunt groups."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal

from pydantic import Field

from commsroom.policy.base import Section
from commsroom.policy.scalars import (
    E164,
    Count,
    Digits,
    Domain,
    Duration,
    E164Prefix,
    Hours,
    Id,
    Number,
    PersonId,
    Range,
    ServiceCode,
    SipUser,
    Text,
)


class NumberPlan(Section):
    """The numbers of one site."""

    extensions: tuple[Range, ...] = Field(
        min_length=1, description='People\'s numbers are taken from here: ["2100-2199"]'
    )
    main_number: E164 = Field(description="Shown to outsiders when there is no direct number")
    direct_prefix: E164Prefix | None = Field(
        default=None, description="With an extension behind it: the direct number from outside"
    )

    def caller_id(self, number: str) -> str:
        """Return the E.164 number outsiders see for an extension of this site."""
        return f"{self.direct_prefix}{number}" if self.direct_prefix else self.main_number


class Destination(Section):
    """A sort of outside numbers, told by how they begin."""

    title: Text
    prefixes: tuple[Digits, ...] = Field(min_length=1, description='As dialled: ["002", "009"]')
    example: Digits | None = Field(default=None, description="A number dialled to prove the rule")


class DiallingRule(Section):
    """A dialling class: internal numbers always, outside numbers of the destinations in `allow`."""

    title: Text
    allow: tuple[Id, ...] = Field(default=(), description="Destinations that may be dialled")
    barred_prefixes: tuple[Digits, ...] = Field(
        default=(), description="Refused though a destination allows them"
    )
    hours: tuple[Hours, ...] = Field(
        default=(),
        description="When outside calls are possible: mon-fri 08:00-19:00; default always",
    )


class Ringing(Section):
    """How long a call rings before it goes elsewhere (clause 4.1.1)."""

    rings: int = Field(default=3, ge=1, le=20)
    seconds_per_ring: int = Field(default=5, ge=1, le=10, description="Ring and pause together")

    @property
    def ring_seconds(self) -> int:
        """Return the time in seconds."""
        return self.rings * self.seconds_per_ring


class VoicemailRules(Section):
    """Voicemail for those whose post has it (clause 4.4.1)."""

    access_number: ServiceCode = Field(default="*97", description="Dialled to hear one's messages")
    max_message: Duration = Field(default=timedelta(minutes=3), description="Longest message")
    by_mail: bool = Field(
        default=True, description="Tell the owner by mail (without the recording)"
    )


class ConferenceRoom(Section):
    """A number several people call to talk together (clause 2.2.1)."""

    number: Number
    title: Text
    pin: bool = Field(default=True, description="Ask for a PIN; the host department hands it out")
    max_members: Count = 10
    host: Id | None = Field(default=None, description="Department that keeps the PIN")


class HuntGroupRule(Section):
    """A number that rings a group: a department, or the people listed."""

    number: Number
    title: Text
    department: Id | None = None
    members: tuple[PersonId, ...] = Field(default=(), description="In the order they are rung")
    strategy: Literal["ringall", "linear"] = "ringall"
    rings: int | None = Field(default=None, ge=1, le=20, description="Default: ringing.rings")
    fallback: PersonId = Field(
        default="none",
        description="Voicemail of `manager` (the department's), a roster id, or none",
    )


class TrunkRule(Section):
    """A line to a telephone company: a SIP account that registers (SIPconnect 2.0, registration mode)."""

    title: Text
    provider: Domain = Field(description="The telephone company's SIP server")
    port: int = Field(default=5061, ge=1, le=65535)
    transport: Literal["tls", "udp"] = Field(
        default="tls",
        description="tls with SRTP, or udp in clear where the company offers no other",
    )
    username: SipUser = Field(
        description="Login the company gave; its password: `commsroom secret enter`"
    )
    site: Id | None = Field(
        default=None, description="On the exchanges of this site only; default: on every one"
    )
    destinations: tuple[Id, ...] = Field(
        default=(), description="Calls it carries; emergency numbers, always"
    )
    max_calls: Count = Field(default=10, description="At one time, in and out; as contracted")
    main_number: E164 = Field(description="Called from outside, it rings `answered_by`")
    answered_by: Number | None = Field(
        default=None, description="Number of a hunt group or extension that the main number rings"
    )
    direct_numbers: tuple[Id, ...] = Field(
        default=(), description="Sites whose direct numbers ring here (`direct_prefix`)"
    )


class Telephony(Section):
    """telephony.yml."""

    sites: Mapping[Id, NumberPlan] = Field(min_length=1)
    emergency: tuple[Digits, ...] = Field(
        min_length=1, description="Anybody may dial these, from any telephone, at any hour"
    )
    destinations: Mapping[Id, Destination] = Field(min_length=1)
    always_barred: tuple[Id, ...] = Field(default=(), description="Destinations nobody may dial")
    dialling_classes: Mapping[Id, DiallingRule] = Field(min_length=1)
    ringing: Ringing = Ringing()
    voicemail: VoicemailRules = VoicemailRules()
    conference_rooms: Mapping[Id, ConferenceRoom] = Field(default_factory=dict)
    hunt_groups: Mapping[Id, HuntGroupRule] = Field(default_factory=dict)
    trunks: Mapping[Id, TrunkRule] = Field(
        default_factory=dict, description="Lines to the outside; each call tries them in this order"
    )

    def allowed_prefixes(self, dialling_class: str) -> tuple[str, ...]:
        """Return the prefixes a class may dial, sorted."""
        allow = self.dialling_classes[dialling_class].allow
        return tuple(sorted({p for name in allow for p in self.destinations[name].prefixes}))

    def barred_prefixes(self, dialling_class: str) -> tuple[str, ...]:
        """Return the prefixes refused to a class, sorted.

        The longest matching prefix decides and barred wins a tie, so a destination that is not
        allowed is barred by name: `002` stays shut for a class that may dial `0`. Destinations
        barred for everybody are always among them.
        """
        rule = self.dialling_classes[dialling_class]
        refused = set(self.destinations) - set(rule.allow) | set(self.always_barred)
        barred = {p for name in refused for p in self.destinations[name].prefixes}
        return tuple(sorted(barred | set(rule.barred_prefixes)))

    def may_dial(self, dialling_class: str, number: str) -> bool:
        """Tell whether a class may dial an outside number (hours left aside)."""
        if number in self.emergency:
            return True
        allowed = _longest(self.allowed_prefixes(dialling_class), number)
        return allowed > _longest(self.barred_prefixes(dialling_class), number)

    def ring_seconds(self, group: str) -> int:
        """Return how long a hunt group rings, in seconds."""
        rings = self.hunt_groups[group].rings or self.ringing.rings
        return rings * self.ringing.seconds_per_ring


def _longest(prefixes: tuple[str, ...], number: str) -> int:
    return max((len(prefix) for prefix in prefixes if number.startswith(prefix)), default=0)
