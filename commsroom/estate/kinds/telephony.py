"""Telephone objects: what a PBX holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from commsroom.estate.resource import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class DiallingClass(Kind):
    """A class of service: which outside numbers its members may dial. Key: its name.

    Prefixes are digit strings as dialled after the outside-line rules; the longest matching prefix
    decides and on a tie `barred` wins. Internal numbers are always allowed. `hours` limits outside
    calls to Asterisk-style day and time ranges, `mon-fri 08:00-19:00`; absent is always.
    """

    kind: ClassVar[str] = "dialling_class"
    proven_through_users: ClassVar[bool] = True

    title: str | None = None
    allowed: tuple[str, ...] | None = None
    barred: tuple[str, ...] | None = None
    hours: tuple[str, ...] | None = None
    #: Numbers anybody may dial at any hour (emergency services).
    emergency: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension(Kind):
    """A telephone number inside the company with its SIP account. Key: the number.

    `caller_id` is the number shown to outsiders (E.164 or the extension). After `ring_seconds`
    a call goes to voicemail when `voicemail` is true, else ends. `transport` is `tls` (with SRTP)
    or `udp`, a stated exception of a site. During a rotation `previous` is taken as well as `sip`.
    """

    kind: ClassVar[str] = "extension"
    retained: ClassVar[bool] = True
    closes: ClassVar[tuple[str, ...]] = ("suspended",)
    slots: ClassVar[tuple[str, ...]] = ("sip", "previous")
    spare: ClassVar[tuple[str, ...]] = ("previous",)

    display_name: str | None = None
    caller_id: str | None = None
    dialling_class: str | None = None
    transport: str | None = None
    ring_seconds: int | None = None
    voicemail: bool | None = None
    suspended: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Voicemail(Kind):
    """A voicemail box. Key: its number. Its PIN is personal: the owner changes it at the phone."""

    kind: ClassVar[str] = "voicemail"
    holds_data: ClassVar[bool] = True
    retained: ClassVar[bool] = True
    slots: ClassVar[tuple[str, ...]] = ("pin",)

    display_name: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conference(Kind):
    """A conference room anybody inside may call. Key: its number. An optional PIN guards it."""

    kind: ClassVar[str] = "conference"
    slots: ClassVar[tuple[str, ...]] = ("pin",)

    title: str | None = None
    max_members: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk(Kind):
    """A line to a telephone company: a SIP account the exchange registers with. Key: its name.

    Calls from it reach `answered_by` (for the digits `main_number`) and the extensions behind
    `direct_prefixes`, and nothing else. `transport` is `tls` (with SRTP) or `udp`.
    """

    kind: ClassVar[str] = "trunk"
    slots: ClassVar[tuple[str, ...]] = ("password",)

    title: str | None = None
    provider: str | None = None
    port: int | None = None
    transport: str | None = None
    username: str | None = None
    max_calls: int | None = None
    main_number: str | None = None
    answered_by: str | None = None
    direct_prefixes: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Route(Kind):
    """By which trunks numbers go out, the first that takes the call. Key: a destination's name.

    `prefixes` are as dialled; the longest of all routes decides. `exact` numbers are whole ones:
    those of emergency services, whose route is called `emergency`.
    """

    kind: ClassVar[str] = "route"
    proven_through_users: ClassVar[bool] = True

    prefixes: tuple[str, ...] | None = None
    exact: tuple[str, ...] | None = None
    trunks: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HuntGroup(Kind):
    """A number that rings a group. Key: the number.

    `members` are extension numbers; `strategy` is `ringall` or `linear` (one after another, in
    the order of `members`); after `ring_seconds` the call goes to the voicemail box `fallback`,
    or ends when that is the empty string.
    """

    kind: ClassVar[str] = "hunt_group"

    title: str | None = None
    members: tuple[str, ...] | None = None
    strategy: str | None = None
    ring_seconds: int | None = None
    fallback: str | None = None
