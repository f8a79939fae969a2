"""Instant-messaging objects: what an XMPP server (or its like) holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from commsroom.estate.resource import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Account(Kind):
    """A chat account. Key: its login (the local part of the JID).

    `suspended` refuses login and ends sessions, keeping roster and history. `file_sharing` grants
    upload.
    """

    kind: ClassVar[str] = "account"
    holds_data: ClassVar[bool] = True
    retained: ClassVar[bool] = True
    closes: ClassVar[tuple[str, ...]] = ("suspended",)
    slots: ClassVar[tuple[str, ...]] = ("password",)

    display_name: str | None = None
    file_sharing: bool | None = None
    suspended: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Room(Kind):
    """A persistent group chat. Key: its name (the local part of the room's JID)."""

    kind: ClassVar[str] = "room"
    holds_data: ClassVar[bool] = True

    title: str | None = None
    members_only: bool | None = None
    #: Only members with voice may speak (XEP-0045 moderated room).
    moderated: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Member(Kind):
    """A login's place in a room. Key: `<room>/<login>`.

    `affiliation` is `member`, `admin` or `owner` (XEP-0045 affiliations).
    """

    kind: ClassVar[str] = "member"
    is_right: ClassVar[bool] = True

    affiliation: str | None = None
