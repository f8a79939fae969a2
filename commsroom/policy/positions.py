"""positions.yml: what a post entitles to, and what single people are granted by name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from pydantic import Field

from commsroom.policy.base import Model, Section
from commsroom.policy.devices import DeviceKind
from commsroom.policy.equipment import Right
from commsroom.policy.scalars import Duration, Id, PersonId, Size, Text


class Phone(Model):
    """An extension with its SIP account."""

    dialling_class: Id = Field(description="Which outside numbers may be dialled (telephony.yml)")
    voicemail: bool = Field(default=True, description="Calls not answered go to a voicemail box")


class MailboxRight(Model):
    """A mailbox."""

    quota: Size = Field(description="e.g. 10 GiB, or unlimited")


class Chat(Model):
    """A chat account."""

    file_sharing: bool = Field(default=False, description="May send files to people and rooms")
    rooms: tuple[Id, ...] = Field(default=(), description="Rooms of messaging.yml to be member of")


class Rights(Section):
    """What somebody has; what is left out they have not."""

    phone: Phone | None = None
    mailbox: MailboxRight | None = None
    chat: Chat | None = None
    equipment: Mapping[DeviceKind, Right] = Field(
        default={}, description="Devices to be issued, one of each kind named (equipment.yml)"
    )
    training: tuple[Id, ...] = Field(default=(), description="Courses of `courses` to be taken")


class Course(Section):
    """Something that people of a post are to be taught (clauses 3.1.3 and 7.1).

    It is owed `within` so long after somebody joined or the course began, whichever is later, and
    `again` so long after it was last taken.
    """

    title: Text
    within: Duration = Field(
        default=timedelta(days=30), description="How soon after joining it is taken, e.g. 14d"
    )
    again: Duration | None = Field(
        default=None, description="How long it holds, e.g. 2y; without it, for good"
    )
    since: date | None = Field(
        default=None,
        description="The day the course began: who was here before is not late at once",
    )


class Position(Rights):
    """A post and what everybody in it gets (clause 3.1.3)."""

    title: Text


class NamedRights(Rights):
    """What one person gets beside their post; for a partner, all they get (clause 1.2)."""

    reason: Text = Field(description="Why, for the auditor")
    until: date | None = Field(
        default=None, description="Last day; default: as long as in the roster"
    )


class Positions(Section):
    """positions.yml."""

    positions: Mapping[Id, Position] = Field(min_length=1)
    courses: Mapping[Id, Course] = Field(
        default={}, description="What posts are taught, by a name of its own"
    )
    named: Mapping[PersonId, NamedRights] = Field(
        default_factory=dict, description="Rights of single people, by roster id"
    )
